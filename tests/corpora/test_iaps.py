"""IAPS: ratings below a preamble, pictures that are rated in two sets, files in whatever folder."""

from __future__ import annotations

import math
import re
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import iaps
from emolib.errors import BadInput, Unavailable
from tests.fixtures.emotion_sets import IAPS_HEADER, iaps_rows, iaps_text, write_iaps, write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_iaps(tmp_path)


def rewrite(folder: Path, rows: list[tuple[str, ...]], **how: object) -> None:
    next(folder.rglob("AllSubjects_1-20.txt")).write_bytes(iaps_text(rows, **how).encode())


def changed(row: int, column: str, value: str) -> list[tuple[str, ...]]:
    rows = [list(cells) for cells in iaps_rows()]
    rows[row][IAPS_HEADER.index(column)] = value
    return [tuple(cells) for cells in rows]


# What is read


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = corpora.load("iaps", tmp_path)
    table = corpus.table
    assert list(table.columns) == [
        "image", "group", "split", "picture", "description", "valence", "arousal", "valence_sd", "arousal_sd",
        "ratings",
    ]  # fmt: skip
    assert table["picture"].tolist() == table["group"].tolist() == ["1050", "1201", "2000", "2055.1"]
    assert table["image"].tolist() == [
        "IAPS 1-20 Images/1050.jpg", "IAPS 1-20 Images/1201.JPG", "IAPS 1-20 Images/2000.jpg",
        "IAPS 1-20 Images/2055.1.jpg",
    ]  # fmt: skip
    assert table["description"].tolist() == ["Snake", "Spider", "Adult", "Baby"]
    # 1050 is rated 3 and 4, 6 and 7, with deviations of 2 and 1; the two ratings of 2000 are the same
    assert table["valence"].tolist() == [3.5, 3.55, 6.51, 6.76]
    assert table["arousal"].tolist() == [6.5, 6.36, 3.32, 4.0]
    assert table["valence_sd"].tolist() == [math.sqrt(2.5), 1.88, 1.83, 1.55]
    assert table["ratings"].tolist() == [2, 1, 1, 1]
    assert all(path.is_file() for path in corpus.paths)


def test_what_is_counted(folder: Path) -> None:
    attrs = iaps.load(folder).table.attrs
    assert (attrs["expected"], attrs["rated"], attrs["found"], attrs["missing"]) == (1182, 5, 4, ["9999"])
    assert (attrs["averaged"], attrs["repeated"], attrs["copies"], attrs["unlisted"]) == (1, 1, 1, 2)
    assert attrs["per_class"] == {}


def test_the_card_explains_every_column(folder: Path) -> None:
    explained = {part for key in iaps.CARD.labels for part in key.split(", ")}
    assert explained == set(iaps.load(folder).table.columns) - {"image", "split"}


def test_wherever_the_files_lie_the_content_is_the_same(folder: Path, tmp_path: Path) -> None:
    before = corpora.load("iaps", tmp_path).content_hash
    other = tmp_path / "other" / "IAPS"
    other.mkdir(parents=True)
    for file in [*folder.glob("IAPS 1-20 Images/*"), *folder.glob("IAPS Tech Report/*")]:
        file.rename(other / file.name)
    assert corpora.load("iaps", tmp_path / "other").content_hash == before


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_columns_are_told_by_name(folder: Path, line_end: str) -> None:
    before = iaps.load(folder).table
    order = (10, 5, 4, 1, 0, 6, 7, 8, 9, 3, 2)
    header = tuple(IAPS_HEADER[k].upper() for k in order)
    rewrite(folder, [tuple(row[k] for k in order) for row in iaps_rows()], header=header, line_end=line_end)
    assert iaps.load(folder).table.equals(before)


def test_only_the_means(folder: Path) -> None:
    rewrite(folder, [(row[1], row[2], row[4]) for row in iaps_rows()], header=("IAPS", "valmn", "aromn"))
    table = iaps.load(folder).table
    assert table["valence"].tolist() == [3.5, 3.55, 6.51, 6.76]
    assert table["valence_sd"].isna().all() and set(table["description"]) == {""}
    assert table.attrs["repeated"] == 1  # two rows without deviations can say the same


def test_a_deviation_that_is_not_given(folder: Path) -> None:
    rewrite(folder, changed(1, "valsd", "."))
    row = iaps.load(folder).table.iloc[1]
    assert math.isnan(row["valence_sd"]) and row["arousal_sd"] == 2.11


def test_a_copy_of_a_row_does_not_weigh_twice(folder: Path) -> None:
    rows = iaps_rows()
    rewrite(folder, [*rows, rows[0], rows[0]])
    table = iaps.load(folder).table
    assert (table["valence"][0], table["ratings"][0], table.attrs["repeated"]) == (3.5, 2, 3)


def test_pictures_with_the_same_bytes_share_a_group(folder: Path, tmp_path: Path) -> None:
    assert corpora.verify("iaps", tmp_path, progress=False).ok
    paths = iaps.load(folder).paths
    paths[3].write_bytes(paths[1].read_bytes())
    assert iaps.load(folder).table["group"].tolist() == ["1050", "1201", "2000", "1201"]


# What is refused


@pytest.mark.parametrize(
    ("row", "column", "value", "fault"),
    [
        (1, "valmn", "9.5", "line 8, column 'valmn': '9.5' is outside the range; it has to be from 1 to 9"),
        (1, "aromn", ".", "line 8, column 'aromn': '.' is not a number"),
        (1, "valsd", "6", "line 8, column 'valsd': '6' is outside the range"),
        (1, "arosd", "", "line 8, column 'arosd': '' is not a number"),
        (1, "IAPS", "", "line 8, column 'iaps': '' is empty"),
        (1, "IAPS", "12", "line 8, column 'iaps': '12' is not the number of a picture"),
        (1, "IAPS", "2055.12", "line 8, column 'iaps': '2055.12' is not the number of a picture"),
        (4, "set", "1", "line 11, column 'iaps': '1050' has another rating in the same set in line 7; keep one"),
        (1, "desc", "Spi\tder", "line 8: 12 cells, the header has 11"),
    ],
)
def test_wrong_rows(folder: Path, row: int, column: str, value: str, fault: str) -> None:
    rewrite(folder, changed(row, column, value))
    with pytest.raises(BadInput, match=rf"AllSubjects_1-20\.txt, {fault}"):
        iaps.load(folder)


@pytest.mark.parametrize(("old", "new"), [("valmn", "valence"), ("aromn", "valmn"), ("IAPS", "number")])
def test_no_header(folder: Path, old: str, new: str) -> None:
    rewrite(folder, iaps_rows(), header=tuple(new if name == old else name for name in IAPS_HEADER))
    with pytest.raises(BadInput, match="none of the first 50 lines is the header, with IAPS, valmn and aromn"):
        iaps.load(folder)


def test_files_that_differ(folder: Path) -> None:
    write_picture(folder / "Negative" / "1050.jpg", 77)
    with pytest.raises(BadInput, match="Negative/1050.jpg and .* are two different files of picture 1050; keep one"):
        iaps.load(folder)
    (folder / "Negative" / "1050.jpg").unlink()
    (folder / "AllSubjects_1-20.txt").write_text("other")
    with pytest.raises(BadInput, match="AllSubjects_1-20.txt and .* differ; keep one"):
        iaps.load(folder)


def test_absent_parts(folder: Path, tmp_path: Path) -> None:
    (folder / "IAPS 1-20 Images").rename(tmp_path / "elsewhere")
    (folder / "Negative" / "1050.jpg").unlink()
    with pytest.raises(Unavailable, match="none of the 5 pictures that AllSubjects_1-20.txt lists"):
        iaps.load(folder)
    next(folder.rglob("AllSubjects_1-20.txt")).unlink()
    for place in (folder, tmp_path / "new"):
        with pytest.raises(Unavailable, match="has no AllSubjects_1-20.txt"):
            iaps.load(place)


def test_fetch_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    assert iaps.fetch(folder) == folder
    with pytest.raises(Unavailable, match="cannot be downloaded: ask for it at https://csea"):
        iaps.fetch(tmp_path / "new")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1050", "1050"), (" 2055.1 ", "2055.1"), ("2055.10", "2055.1"), ("1050.0", "1050"), ("1050.", None),
        ("12", None), ("1050a", None), ("2055.12", None), ("\u0661\u0660\u0665\u0660", None), ("", None),
    ],
)  # fmt: skip
def test_picture_number(text: str, number: str | None) -> None:
    assert iaps.picture_number(text) == number


# Hostile rows

CELLS = st.one_of(
    st.text(max_size=8), st.text("0123456789.,-+eE\t \r\n", max_size=6), st.floats(0, 10).map(str),
    st.sampled_from(["1050", "1201.0", "2055.1", "3000", ".", "nan", "1", "17"]),
)  # fmt: skip


@settings(max_examples=300)
@given(row=st.integers(0, 6), column=st.sampled_from(IAPS_HEADER), value=CELLS)
def test_no_damaged_cell_gives_a_wrong_label(
    tmp_path_factory: pytest.TempPathFactory, row: int, column: str, value: str
) -> None:
    """What is read is the mean of what the rows, read by hand, say of a picture; or the file and the line are named."""
    base = tmp_path_factory.getbasetemp() / "hostile-iaps"
    root = base / "iaps" if base.exists() else write_iaps(base, faults=False)
    text = iaps_text(changed(row, column, "@@"), line_end="\n").encode()
    next(root.rglob("AllSubjects_1-20.txt")).write_bytes(text.replace(b"@@", value.encode("utf-8", "surrogatepass")))
    try:
        table = iaps.load(root).table.set_index("picture")
    except BadInput as error:
        assert re.search(r"AllSubjects_1-20\.txt, line \d+", str(error))
        return
    rows = [dict(zip(IAPS_HEADER, cells, strict=True)) for cells in changed(row, column, value)]
    for number, entry in table.iterrows():
        zeros = "0*" if "." in number else r"(\.0+)?"
        mine = [cells for cells in rows if re.fullmatch(re.escape(number) + zeros, cells["IAPS"].strip())]
        different = {
            tuple(number_or_dot(cells[name]) for name in ("valmn", "aromn", "valsd", "arosd")) for cells in mine
        }
        assert entry["ratings"] == len(different)
        assert entry["valence"] == pytest.approx(statistics.fmean(ratings[0] for ratings in different))
        assert entry["arousal"] == pytest.approx(statistics.fmean(ratings[1] for ratings in different))


def number_or_dot(cell: str) -> float | str:
    return "." if cell.strip() == "." else float(cell)
