"""Abstract: quoted headers and names, votes, ties."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import abstract, load
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable
from tests.fixtures.discrete import ABSTRACT_HEADER, abstract_csv, abstract_rows, write_abstract, write_picture


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_abstract(tmp_path) / "testImages_abstract"


def test_the_emotion_with_most_votes_and_no_ties(place: Path, tmp_path: Path) -> None:
    corpus = load("abstract", tmp_path)
    rows = abstract_rows()
    assert corpus.table["image"].tolist() == list(rows)[5:]  # the first five have two emotions with six votes
    assert corpus.table["emotion"].tolist() == [MIKELS[i % 8] for i in range(5, 24)]
    for row in corpus.table.to_dict("records"):
        assert tuple(row[f"votes_{emotion}"] for emotion in MIKELS) == rows[row["image"]]
    assert (corpus.table.attrs["dropped"], corpus.table.attrs["unlisted"]) == (5, 0)
    assert corpus.root == place


def test_columns_are_read_by_name(place: Path, tmp_path: Path) -> None:
    before = load("abstract", tmp_path).table
    order = (7, 2, 0, 1, 6, 5, 3, 4)
    rows = {name: tuple(votes[k] for k in order) for name, votes in abstract_rows().items()}
    text = abstract_csv(rows, tuple(ABSTRACT_HEADER[k] for k in order))
    for written in (text, text.replace("'", ""), text.replace("'", '"'), text.replace("\n", "\r\n"), text + "\n\n"):
        (place / "ABSTRACT_groundTruth.csv").write_text(written, newline="")
        assert load("abstract", tmp_path).table.equals(before)


def test_nobody_chose_anything(place: Path, tmp_path: Path) -> None:
    rows = abstract_rows()
    rows["abstract_0010.jpg"] = (0,) * 8
    (place / "ABSTRACT_groundTruth.csv").write_text(abstract_csv(rows))
    assert load("abstract", tmp_path).table.attrs["dropped"] == 6


def test_pictures_without_a_row_and_rows_without_a_picture(place: Path, tmp_path: Path) -> None:
    (place / "abstract_0001.jpg").unlink()  # a tie: not missed
    (place / "abstract_0009.jpg").unlink()
    write_picture(place / "more.jpg", 0)
    attrs = load("abstract", tmp_path).table.attrs
    assert (attrs["missing"], attrs["unlisted"], attrs["dropped"]) == (["abstract_0009.jpg"], 1, 5)
    assert (attrs["rated"], attrs["found"]) == (19, 18)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("'Awe'", "'Joy'", "line 1, column 4: label .'Joy'. is not one of mikels"),
        ("'Awe'", "'Fear'", "line 1: the header has to name a picture and the eight emotions, each once"),
        (",'Awe'", "", "line 1: the header has to name"),
        ("'abstract_0003.jpg'", "'abstract_0002.jpg'", "line 5, column 'name': .* stands in line 4 already"),
        ("'abstract_0003.jpg'", "'../a.jpg'", "line 5, column 'name': .* is not the name of a picture"),
        ("'abstract_0003.jpg'", "''", "line 5, column 'name': .* is not the name of a picture"),
        ("'abstract_0003.jpg',1", "'abstract_0003.jpg',-1", "line 5, column 'amusement': '-1' is outside the range"),
        ("'abstract_0003.jpg',1", "'abstract_0003.jpg',1.5", "line 5, column 'amusement': '1.5' is not a whole number"),
        ("'abstract_0003.jpg',1", "'abstract_0003.jpg',", "line 5, column 'amusement': '' is not a number"),
        ("'abstract_0003.jpg',1", "'abstract_0003.jpg'", "line 5: 8 cells, the header has 9"),
    ],
)
def test_wrong_tables(place: Path, tmp_path: Path, old: str, new: str, fault: str) -> None:
    file = place / "ABSTRACT_groundTruth.csv"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(BadInput, match=rf"ABSTRACT_groundTruth\.csv, {fault}"):
        load("abstract", tmp_path)


def test_absent_parts(place: Path) -> None:
    for picture in place.glob("*.jpg"):
        picture.unlink()
    with pytest.raises(Unavailable, match="none of the 19 paintings"):
        abstract.load(place)
    (place / "ABSTRACT_groundTruth.csv").write_text("")
    with pytest.raises(BadInput, match="is empty"):
        abstract.load(place)
    (place / "ABSTRACT_groundTruth.csv").unlink()
    with pytest.raises(Unavailable, match="no ABSTRACT_groundTruth.csv"):
        abstract.load(place)


CELLS = st.one_of(st.text(max_size=8), st.text("0123456789.,-+e\"' \r\n", max_size=6), st.integers(-2, 99).map(str))


@pytest.mark.filterwarnings("ignore:abstract. no picture of")  # of the damaged row's emotion
@settings(max_examples=200)
@given(position=st.integers(0, 7), value=CELLS)
def test_no_damaged_cell_gives_a_silently_wrong_count(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: str
) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-abstract"
    place = (base / "abstract" if base.exists() else write_abstract(base, 12, 0)) / "testImages_abstract"
    rows = abstract_rows(12, 0)
    votes = [*rows["abstract_0005.jpg"]]
    votes[position] = "@@"
    text = abstract_csv(rows | {"abstract_0005.jpg": tuple(votes)}).encode()
    (place / "ABSTRACT_groundTruth.csv").write_bytes(text.replace(b"@@", value.encode("utf-8", "surrogatepass")))
    try:
        table = abstract.load(place).table.set_index("image")
    except BadInput as error:
        assert re.search(r"ABSTRACT_groundTruth\.csv, line \d+", str(error))
        return
    for name, row in table.iterrows():
        for k, emotion in enumerate(MIKELS):
            damaged = (name, k) == ("abstract_0005.jpg", position)
            assert row[f"votes_{emotion}"] == (float(value) if damaged else rows[name][k])
