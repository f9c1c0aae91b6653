"""Emotion6: shares told by the names of the columns, pictures found whatever their case, rows that contradict."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import emotion6
from emolib.corpora.labelled import picture_key
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.corpora.test_firstuse import packed
from tests.fixtures.emotion_sets import (
    EKMAN6,
    EMOTION6_HEADER,
    SEVEN,
    emotion6_rows,
    emotion6_text,
    write_emotion6,
    write_picture,
)  # fmt: skip

SHARES = [f"p_{emotion}" for emotion in SEVEN]
GONE = "surprise/4.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_emotion6(tmp_path)


def table_file(folder: Path) -> Path:
    return next(folder.rglob("ground_truth.txt"))


def change(folder: Path, old: str, new: str) -> None:
    file = table_file(folder)
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())


# What is read


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = corpora.load("emotion6", tmp_path)
    table, rows = corpus.table, emotion6_rows()
    assert list(table.columns) == [
        "image", "group", "split", "emotion", "strongest", *SHARES, "valence", "arousal",
    ]  # fmt: skip
    del rows[GONE]
    keys = [name.removesuffix(".jpg") for name in rows]
    assert table["group"].tolist() == keys
    assert table["emotion"].tolist() == [key.split("/")[0] for key in keys]
    np.testing.assert_array_equal(table[["valence", "arousal", *SHARES]], np.array(list(rows.values()), dtype=float))
    for row, key in zip(table.itertuples(), keys, strict=True):
        k, n = EKMAN6.index(row.emotion), int(key.split("/")[1]) - 1
        assert row.strongest == ("" if key == "sadness/4" else SEVEN[(k + n) % 7])
    assert all(path.is_file() for path in corpus.paths)
    assert corpus.root == folder / "Emotion6"


def test_what_is_counted(folder: Path) -> None:
    attrs = emotion6.load(folder).table.attrs
    assert attrs["expected"] == 1980
    assert (attrs["rated"], attrs["found"], attrs["missing"]) == (24, 23, [GONE])
    assert (attrs["repeated"], attrs["unlisted"], attrs["tied"]) == (1, 1, 1)
    assert attrs["per_class"] == dict.fromkeys(EKMAN6, 4) | {"surprise": 3}
    assert attrs["difference"] == {emotion: count - 330 for emotion, count in attrs["per_class"].items()}
    assert (attrs["empty"], attrs["straddling"], attrs["conflicting"]) == ([], 0, 0)


def test_published_counts() -> None:
    assert sum(emotion6.PER_CLASS.values()) == emotion6.CARD.count == 1980


def test_the_card_explains_every_column(folder: Path) -> None:
    explained = {part for key in emotion6.CARD.labels for part in key.split(", ")}
    assert explained == set(emotion6.load(folder).table.columns) - {"image", "split"}


def test_however_it_was_unpacked_the_content_is_the_same(tmp_path: Path) -> None:
    before = emotion6.load(write_emotion6(tmp_path / "a", faults=False)).content_hash
    assert emotion6.load(write_emotion6(tmp_path / "b", nested=False, faults=False)).content_hash == before
    write_emotion6(tmp_path / "c", nested=False, faults=False).rename(tmp_path / "Emotion6")
    assert corpora.load("emotion6", tmp_path).content_hash == before


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_columns_are_told_by_name(folder: Path, line_end: str) -> None:
    before = emotion6.load(folder).table
    rows = emotion6_rows()
    order = (3, 9, 0, 2, 8, 4, 1, 7, 6, 5)
    plain = ("image", "Valence", "AROUSAL", *(f"prob. {emotion}" for emotion in SEVEN))
    for header in (EMOTION6_HEADER, plain, ("[filename]", " [valence] ", "[arousal]", *SEVEN)):
        text = emotion6_text(rows, header, order, line_end)
        for written in (text, text + line_end, text.replace(line_end, f"\t{line_end}")):
            table_file(folder).write_bytes(written.encode())
            assert emotion6.load(folder).table.equals(before)


def test_spaces_between_cells(folder: Path) -> None:
    before = emotion6.load(folder).table
    table_file(folder).write_text(emotion6_text(emotion6_rows(), line_end="\n").replace("\t", " "))
    assert emotion6.load(folder).table.equals(before)


def test_pictures_with_the_same_bytes_share_a_group_and_are_told_when_they_conflict(folder: Path) -> None:
    corpus = emotion6.load(folder)
    corpus.paths[9].write_bytes(corpus.paths[1].read_bytes())
    table = emotion6.load(folder).table
    assert table["group"][9] == table["group"][1] == "anger/2"
    assert table.attrs["conflicting"] == 1


def test_verifying(folder: Path, tmp_path: Path) -> None:
    assert corpora.verify("emotion6", tmp_path, progress=False).ok
    broken = emotion6.load(folder).paths[3]
    broken.write_bytes(broken.read_bytes()[:60])
    assert [image for image, _ in corpora.verify("emotion6", tmp_path, progress=False).broken] == ["images/anger/4.jpg"]


def test_an_emotion_without_pictures_is_told(folder: Path) -> None:
    for picture in (folder / "Emotion6" / "images" / "fear").iterdir():
        picture.unlink()
    with pytest.warns(UserWarning, match="emotion6: no picture of fear in"):
        attrs = emotion6.load(folder).table.attrs
    assert (attrs["empty"], attrs["difference"]["fear"], len(attrs["missing"])) == (["fear"], -330, 5)


# What is refused


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[valence]", "[neutral]", "line 1: the header has to name image, valence, .* each once"),
        ("[valence]", "[mood]", "line 1, column 2: unknown emotion6 label"),
        ("[prob. joy]", "[prob. fear]", "line 1: the header has to name"),
        ("disgust/1.jpg\t2.5", "disgust/1.jpg\t0.5", "line 6, column 'valence': '0.5' is outside the range"),
        ("disgust/1.jpg\t2.5", "disgust/1.jpg\t", "line 6, column 'valence': '' is not a number"),
        ("disgust/1.jpg\t2.5", "disgust/1.jpg\t2,5", "line 6, column 'valence': '2,5' is not a number"),
        ("disgust/1.jpg\t2.5", "disgust/1.jpg", "line 6: 9 cells, the header has 10"),
        ("disgust/1.jpg\t2.5", "disgust/1.jpg\t1\t2.5", "line 6: 11 cells, the header has 10"),
        (
            "disgust/1.jpg\t2.5\t7.5\t0",
            "disgust/1.jpg\t2.5\t7.5\t0.1",
            "line 6: the seven .* add up to 1.1;",
        ),
        ("disgust/1.jpg\t2.5\t7.5\t0\t0.53", "disgust/1.jpg\t2.5\t7.5\t0\t0.43", "line 6: .* add up to 0.9;"),
        ("disgust/1.jpg\t2.5\t7.5\t0", "disgust/1.jpg\t2.5\t7.5\t-0.1", "line 6, column 'p_anger': '-0.1' is outside"),
        ("disgust/1.jpg", "neutral/1.jpg", "line 6: 'neutral/1.jpg' names no emotion of this corpus"),
        ("disgust/1.jpg", "awe/1.jpg", "line 6: unknown emotion6 label 'awe'"),
        ("disgust/1.jpg", "../disgust/1.jpg", "line 6: .* is not the name of a picture"),
        ("disgust/1.jpg", "1.jpg", "line 6: '1.jpg' is not the name of a picture"),
        ("disgust/1.jpg", "disgust/1", "line 6: 'disgust/1' is not the name of a picture"),
        ("disgust/1.jpg", "", "line 6: '' is not the name of a picture"),
        ("disgust/2.jpg", "disgust/1.jpg", "line 8: 'disgust/1' is .* here and .* in .*, line 6; keep one"),
    ],
)
def test_wrong_rows(folder: Path, old: str, new: str, fault: str) -> None:
    change(folder, old, new)
    with pytest.raises(BadInput, match=rf"ground_truth\.txt, {fault}"):
        emotion6.load(folder)


def test_shares_within_the_tolerance_stay_as_they_are(folder: Path) -> None:
    change(folder, "disgust/1.jpg\t2.5\t7.5\t0\t", "disgust/1.jpg\t2.5\t7.5\t0.04\t")
    row = emotion6.load(folder).table.set_index("group").loc["disgust/1"]
    assert row["p_anger"] == 0.04
    assert sum(row[SHARES]) == pytest.approx(1.04, abs=1e-5)


def test_wrong_folders(folder: Path) -> None:
    images = folder / "Emotion6" / "images"
    (images / "notes").mkdir()
    emotion6.load(folder)
    write_picture(images / "notes" / "a.jpg", 1)
    with pytest.raises(BadInput, match="notes holds pictures, but its name is no emotion of this corpus"):
        emotion6.load(folder)
    (images / "notes").rename(images / "neutral")
    with pytest.raises(BadInput, match="neutral holds pictures, but its name is no emotion of this corpus"):
        emotion6.load(folder)
    (images / "neutral").rename(images / "happy")
    with pytest.raises(BadInput, match="two folders of joy, 'Joy' and 'happy'; keep one"):
        emotion6.load(folder)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("1.jpg", "fear/1"), ("IMG  7 .JPG", "fear/img 7"), (" a.b.png ", "fear/a.b"), ("2055.1", "fear/2055.1"),
        ("Note.txt", "fear/note.txt"),
    ],
)  # fmt: skip
def test_a_picture_is_known_by_its_bare_name(name: str, key: str) -> None:
    assert picture_key("fear", name) == key


def test_two_files_of_one_picture(folder: Path) -> None:
    write_picture(folder / "Emotion6" / "images" / "fear" / "1.png", 1)
    with pytest.raises(BadInput, match="two files of picture fear/1; keep one"):
        emotion6.load(folder)


def test_absent_parts(folder: Path, tmp_path: Path) -> None:
    for picture in folder.rglob("*.*g"):
        picture.unlink()
    for picture in folder.rglob("*.JPG"):
        picture.unlink()
    with pytest.raises(Unavailable, match="none of the 24 pictures that ground_truth.txt lists"):
        emotion6.load(folder)
    table_file(folder).write_text("")
    with pytest.raises(BadInput, match="is empty"):
        emotion6.load(folder)
    table_file(folder).unlink()
    for place in (folder, tmp_path / "new"):
        with pytest.raises(Unavailable, match="has no ground_truth.txt"):
            emotion6.load(place)


def test_fetch(tmp_path: Path, server: Server) -> None:
    original = write_emotion6(tmp_path / "source")
    url = server.add("/a.zip", packed(original), etag='"1"')
    target = tmp_path / "data" / "emotion6"
    assert emotion6.fetch(target, progress=False, url=url) == target
    corpus = corpora.load("emotion6", tmp_path / "data")
    assert corpus.content_hash == emotion6.load(original).content_hash
    assert not (target / "__MACOSX").exists()
    corpus.paths[0].write_bytes(b"changed")
    with pytest.raises(BadInput, match="1.jpg has other bytes than when it was downloaded"):
        corpora.load("emotion6", tmp_path / "data")


# Hostile rows

CELLS = st.one_of(
    st.text(max_size=8), st.text("0123456789.,-+eE\t \r\n", max_size=6), st.sampled_from(list(emotion6_rows())),
    st.floats(-1, 10).map(str), st.sampled_from(["nan", "inf", "1e-1", "١", "anger/2.jpg", "0.5 ", "[prob. joy]"]),
)  # fmt: skip


@settings(max_examples=300)
@given(position=st.integers(0, 9), value=CELLS)
def test_no_damaged_cell_gives_a_wrong_label(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: str
) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-emotion6"
    root = base / "emotion6" if base.exists() else write_emotion6(base, 3, faults=False)
    rows, damaged = emotion6_rows(3), "fear/2.jpg"
    cells = [damaged, *rows[damaged]]
    cells[position] = "@@"
    text = emotion6_text(
        {name: tuple(cells[1:]) if name == damaged else row for name, row in rows.items()}, line_end="\n"
    )
    text = text.replace(f"{damaged}\t", f"{cells[0]}\t", 1)
    table_file(root).write_bytes(text.encode().replace(b"@@", value.encode("utf-8", "surrogatepass")))
    try:
        table = emotion6.load(root).table.set_index("group")
    except BadInput as error:
        assert re.search(r"ground_truth\.txt, line \d+", str(error))
        return
    columns = ["valence", "arousal", *SHARES]
    for name, row in table.iterrows():
        truth = [float(cell) for cell in rows[f"{name}.jpg"]]
        if f"{name}.jpg" == damaged and position:
            truth[position - 1] = float(value)
        assert row[columns].tolist() == truth
        assert row["emotion"] == name.split("/")[0]
    if position == 0:  # a name is the row's own, however it is written, or the row's picture is not here
        assert damaged.removesuffix(".jpg") in table.index or len(table) == len(rows) - 1
