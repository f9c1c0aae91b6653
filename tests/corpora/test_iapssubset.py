"""IAPSsubset: folders of emotions, and the ratings with their preamble and their pictures that are rated twice."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from emolib.corpora import iapssubset, load
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable
from tests.fixtures.discrete import write_iapssubset, write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_iapssubset(tmp_path)


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "AllSubjects_1-20.txt"
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())


def test_folders_and_ratings(folder: Path, tmp_path: Path) -> None:
    table = load("iapssubset", tmp_path).table
    assert table["emotion"].tolist() == [emotion for emotion in MIKELS for _ in range(2)]
    assert table["image"].tolist()[:6] == [
        "Amusement/1000.jpg", "Amusement/1001.jpg", "Anger/1100.jpg", "Anger/1101.jpg", "Awe/1200.1.jpg",
        "Awe/1201.jpg",
    ]  # fmt: skip
    for i, row in enumerate(table.itertuples()):
        if i < 15:  # the first of two ratings of picture 1000, too
            assert (row.valence, row.arousal) == (1.5 + 0.25 * i, 8 - 0.25 * i)
    assert math.isnan(table["valence"][15]) and math.isnan(table["arousal"][15])
    assert (table.attrs["rated_again"], table.attrs["unrated"]) == (1, 1)


def test_without_ratings(folder: Path, tmp_path: Path) -> None:
    (folder / "AllSubjects_1-20.txt").unlink()
    table = load("iapssubset", tmp_path).table
    assert list(table.columns) == ["image", "group", "split", "emotion"]
    assert "unrated" not in table.attrs


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "\t1001\t1.75",
            "\t1001\t9.75",
            "line 6, column 'valmn': '9.75' is outside the range; it has to be from 1 to 9",
        ),
        ("\t1001\t1.75", "\t1001\t.", "line 6, column 'valmn': '.' is not a number"),
        ("\t1001\t1.75", "\tx\t1.75", "line 6, column 'iaps': 'x' is not the number of a picture"),
        ("\t1001\t1.75", "\t\t1.75", "line 6, column 'iaps': '' is empty"),
        ("\t1001\t1.75", "\t1001", "line 6: 10 cells, the header has 11"),
        ("valmn", "valence", "none of the first 50 lines is the header"),
        ("arosd", "aromn", "none of the first 50 lines is the header"),
    ],
)
def test_wrong_ratings(folder: Path, tmp_path: Path, old: str, new: str, fault: str) -> None:
    change(folder, old, new)
    with pytest.raises(BadInput, match=rf"AllSubjects_1-20\.txt(, |: ){fault}"):
        load("iapssubset", tmp_path)


def test_a_number_with_a_trailing_nought(folder: Path, tmp_path: Path) -> None:
    before = load("iapssubset", tmp_path).table
    change(folder, "\t1200.1\t", "\t1200.10\t")
    change(folder, "\t1001\t", "\t1001.0\t")
    assert load("iapssubset", tmp_path).table.equals(before)


@pytest.mark.parametrize("name", ["12.jpg", "beach.jpg", "1000 copy.jpg", "1000.12.jpg"])
def test_names_that_are_no_number(folder: Path, tmp_path: Path, name: str) -> None:
    write_picture(folder / "Fear" / name, 0)
    with pytest.raises(BadInput, match="the name is not the number of a picture"):
        load("iapssubset", tmp_path)


def test_one_picture_in_two_folders(folder: Path, tmp_path: Path) -> None:
    write_picture(folder / "Fear" / "1000.png", 0)
    with pytest.raises(BadInput, match="Fear/1000.png: picture 1000 also lies in .*Amusement; keep one"):
        load("iapssubset", tmp_path)


def test_unknown_folder(folder: Path, tmp_path: Path) -> None:
    write_picture(folder / "neutral" / "7000.jpg", 0)
    with pytest.raises(BadInput, match="neutral holds pictures, but its name is no emotion"):
        load("iapssubset", tmp_path)


def test_fetch_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    assert iapssubset.fetch(folder) == folder
    with pytest.raises(Unavailable, match="cannot be downloaded: ask for it at"):
        iapssubset.fetch(tmp_path / "new")
    with pytest.raises(Unavailable, match="no pictures in folders"):
        iapssubset.load(tmp_path / "new")
