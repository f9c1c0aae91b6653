"""EmoSet-118K from both forms of its rows, and its attributes."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import emoset118k, load
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable
from tests.fixtures.discrete import write_emoset118k


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_emoset118k(tmp_path)


def change_row(folder: Path, split: str, number: int, change) -> None:  # noqa: ANN001
    file = folder / f"{split}.json"
    rows = json.loads(file.read_text())
    rows[number - 1] = change(list(rows[number - 1]))
    file.write_text(json.dumps(rows))


@pytest.mark.parametrize("cells", [3, 4])
def test_both_forms_of_rows(tmp_path: Path, cells: int) -> None:
    root = write_emoset118k(tmp_path, cells=cells)
    corpus = load("emoset118k", tmp_path)
    assert list(corpus.table.columns) == ["image", "group", "split", "emotion", "annotation"]
    for row in corpus.table.itertuples():
        stem = Path(row.image).stem
        emotion, n = stem.split("_")
        assert row.emotion == emotion
        assert row.split == ("train" if int(n) < 16 else "val" if int(n) == 16 else "test")
        assert row.annotation == f"annotation/{emotion}/{stem}.json"
        assert row.group == f"{emotion}/{stem}.jpg"
    assert Counter(corpus.table["split"]) == {"train": 128, "val": 8, "test": 24}
    assert corpus.root == root


def test_the_form_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    first = emoset118k.load(write_emoset118k(tmp_path / "a", cells=3)).content_hash
    write_emoset118k(tmp_path / "b" / "emoset118k", cells=4)  # unpacked into a folder of its own
    assert load("emoset118k", tmp_path / "b").content_hash == first


def test_published_sizes() -> None:
    assert emoset118k.CARD.count == 118_102 == 94_481 + 5_905 + 17_716


def test_pictures_that_are_not_there(folder: Path) -> None:
    (folder / "image/awe/awe_00003.jpg").unlink()
    (folder / "image/awe/awe_00018.jpg").unlink()
    corpus = emoset118k.load(folder)
    assert corpus.table.attrs["missing"] == ["image/awe/awe_00003.jpg", "image/awe/awe_00018.jpg"]
    assert (corpus.table.attrs["rated"], corpus.table.attrs["found"]) == (160, 158)
    assert corpus.counts == "emoset118k: 158 of 118,102 pictures; 2 have a rating but no picture here"


def test_absent_parts(folder: Path) -> None:
    (folder / "image").rename(folder / "images")
    with pytest.raises(Unavailable, match="none of the 160 pictures"):
        emoset118k.load(folder)
    (folder / "val.json").unlink()
    with pytest.raises(Unavailable, match="no val.json"):
        emoset118k.load(folder)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda row: ["joy", *row[1:]], "label 'joy' is not one of mikels"),
        (lambda row: [0, *row[1:]], "a label has to be text, not int"),
        (lambda row: [["awe"], *row[1:]], "a label has to be text, not list"),
        (lambda row: ["fear", *row[1:]], "the emotion is fear, but the picture lies in amusement/"),
        (lambda row: [row[0], "../x.jpg", row[2]], "'../x.jpg' is not the path"),
        (lambda row: [row[0], row[1], None], "'None' is not the path"),
        (lambda row: [row[0], "/etc/x.jpg", row[2]], "'/etc/x.jpg' is not the path"),
        (lambda row: row[:2], "a list of 2 where a list of 3 or 4"),
        (lambda row: {"emotion": row[0]}, "a JSON dict where a list of 3 or 4"),
    ],
)
def test_wrong_rows(folder: Path, change, fault: str) -> None:  # noqa: ANN001
    change_row(folder, "test", 2, change)
    with pytest.raises(BadInput, match=f"test.json, row 2: {fault}"):
        emoset118k.load(folder)


def test_rows_that_are_there_twice(folder: Path) -> None:
    rows = json.loads((folder / "train.json").read_text())
    (folder / "train.json").write_text(json.dumps([*rows, rows[5]]))
    corpus = emoset118k.load(folder)
    assert (len(corpus), corpus.table.attrs["repeated"]) == (160, 1)
    val = json.loads((folder / "val.json").read_text())
    (folder / "val.json").write_text(json.dumps([*val, rows[5]]))
    with pytest.raises(BadInput, match=r"val.json, row 9: .*amusement, val, .* here and amusement, train, .*row 6"):
        emoset118k.load(folder)


def test_the_same_bytes_in_two_splits_are_counted(folder: Path) -> None:
    (folder / "image/fear/fear_00019.jpg").write_bytes((folder / "image/fear/fear_00000.jpg").read_bytes())
    table = emoset118k.load(folder).table
    assert table.attrs["straddling"] == 1


@settings(max_examples=150)
@given(row=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=6))
def test_hostile_rows(tmp_path_factory: pytest.TempPathFactory, row) -> None:  # noqa: ANN001
    base = tmp_path_factory.getbasetemp() / "hostile-emoset"
    folder = base / "EmoSet-118K" if base.exists() else write_emoset118k(base, 1)
    (folder / "val.json").write_text(json.dumps([row]))
    with pytest.raises(BadInput, match=r"val.json, row 1: "):
        emoset118k.load(folder)


# Attributes


def test_attributes(folder: Path) -> None:
    corpus = emoset118k.load(folder)
    found = emoset118k.attributes(corpus, progress=False)
    assert list(found.columns) == ["brightness", "colorfulness", "scene", "facial_expression", "human_action", "object"]
    for image, row in zip(corpus.table["image"], found.itertuples(), strict=True):
        n = int(Path(image).stem.rpartition("_")[2])
        assert row.brightness == n % 11 / 10
        assert (row.scene, row.facial_expression, row.human_action, row.object) == (
            ("beach", "happy", "", "Tree|Person") if n % 2 else ("", "", "", "")
        )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON list"),
        ('{"brightness": 2}', "brightness is '2'; it has to be a number from 0 to 1"),
        ('{"brightness": true}', "brightness"),
        ('{"colorfulness": NaN}', "colorfulness"),
        ('{"scene": 3}', "scene is '3'; it has to be a word"),
        ('{"object": "Tree"}', "object is 'Tree'; it has to be a list of words"),
        ('{"object": [1]}', r"object is '\[1\]'; it has to be a list of words"),
    ],
)
def test_wrong_attributes(folder: Path, text: str, fault: str) -> None:
    (folder / "annotation/awe/awe_00001.json").write_text(text)
    with pytest.raises(BadInput, match=f"awe_00001.json: {fault}"):
        emoset118k.attributes(emoset118k.load(folder), progress=False)


def test_absent_attributes(folder: Path) -> None:
    file = folder / "annotation/awe/awe_00001.json"
    file.write_text("{}")
    corpus = emoset118k.load(folder)
    row = emoset118k.attributes(corpus, progress=False).iloc[
        corpus.table["annotation"].tolist().index("annotation/awe/awe_00001.json")
    ]
    assert math.isnan(row["brightness"]) and row["scene"] == row["object"] == ""
    file.unlink()
    with pytest.raises(BadInput, match="awe_00001.json cannot be read"):
        emoset118k.attributes(corpus, progress=False)


def test_every_emotion_is_there(folder: Path) -> None:
    assert emoset118k.load(folder).table.attrs["per_class"] == dict.fromkeys(MIKELS, 20)
