"""EMOTIC: people from the CSV form and from the MATLAB file, the pictures they make, and rows that are wrong."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from emolib.corpora import emotic, load
from emolib.errors import BadInput, Unavailable
from tests.fixtures.web_sets import EMOTIC_HEADER, PEOPLE, SIZE, emotic_row, write_emotic, write_emotic_mat

CATEGORIES = [
    "Affection", "Anger", "Annoyance", "Anticipation", "Aversion", "Confidence", "Disapproval", "Disconnection",
    "Disquietment", "Doubt/Confusion", "Embarrassment", "Engagement", "Esteem", "Excitement", "Fatigue", "Fear",
    "Happiness", "Pain", "Peace", "Pleasure", "Sadness", "Sensitivity", "Suffering", "Surprise", "Sympathy", "Yearning",
]  # fmt: skip


def write_rows(root: Path, split: str, rows: list[list[str]]) -> None:
    with open(root / "emotic_pre" / f"{split}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([EMOTIC_HEADER, *rows])


@pytest.mark.parametrize("write", [write_emotic, write_emotic_mat])
def test_people(tmp_path: Path, write) -> None:  # noqa: ANN001
    write(tmp_path)
    corpus = load("emotic", tmp_path)
    table, attrs = corpus.table, corpus.table.attrs
    here = PEOPLE[:5]
    assert len(table) == 5
    for row, (split, image, box, categories, scores, gender, age) in zip(table.to_dict("records"), here, strict=True):
        assert (row["image"], row["split"]) == (f"emotic/{image}", split)
        assert (row["x1"], row["y1"], row["x2"], row["y2"]) == box
        assert (row["width"], row["height"]) == SIZE
        assert {name for name in CATEGORIES if row[name.lower()]} == set(categories)
        assert (row["valence"], row["arousal"], row["dominance"]) == scores
        assert (row["gender"], row["age"]) == (gender.lower(), age.lower())
    assert attrs["missing"] == ["framesdb/images/gone.jpg"]
    assert (attrs["rated"], attrs["found"], attrs["pictures"]) == (6, 5, 4)
    assert attrs["repeated"] == (1 if write is write_emotic else 0)
    assert attrs["unannotated"] == (0 if write is write_emotic else 1)
    assert attrs["source"] == ("csv" if write is write_emotic else "mat")
    assert attrs["per_class"]["peace"] == 2
    assert attrs["release"] == "" and "5 pictures and 6 people are those of no release" in attrs["differences"]
    assert all(path.is_file() for path in corpus.paths)
    assert len(corpus.content_hash) == 64


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    first = emotic.load(write_emotic(tmp_path / "a"))
    second = emotic.load(write_emotic_mat(tmp_path / "b"))
    assert first.content_hash == second.content_hash


def test_the_card_explains_every_column(tmp_path: Path) -> None:
    write_emotic(tmp_path)
    corpus = load("emotic", tmp_path)
    explained = {part for key in corpus.card.labels for part in key.split(", ")}
    assert set(corpus.table.columns) - {"image", "split"} == explained - {"split"}


def test_pictures(tmp_path: Path) -> None:
    pictures = emotic.images(emotic.load(write_emotic(tmp_path)))
    table = pictures.table
    assert table["image"].tolist() == list(dict.fromkeys(f"emotic/{person[1]}" for person in PEOPLE[:5]))
    assert table["people"].tolist() == [2, 1, 1, 1]
    first = {name for name in CATEGORIES if table[name.lower()][0]}
    assert first == {"Peace", "Doubt/Confusion", "Happiness"}
    assert (table["valence"][0], table["arousal"][0], table["dominance"][0]) == (6.5, 4.5, 8.0)
    assert table["split"].tolist() == ["train", "train", "val", "test"]
    assert len(pictures.paths) == table.attrs["found"] == 4


def test_a_picture_in_two_splits(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    moved = ("val", PEOPLE[0][1], (0, 0, 5, 5), *PEOPLE[0][3:])
    write_rows(root, "val", [emotic_row(0, moved)])
    corpus = emotic.load(root)
    with pytest.raises(BadInput, match="'emotic/mscoco/images/a 1.jpg' are in train and val"):
        emotic.images(corpus)


def test_multi_hot_is_what_average_precision_takes(tmp_path: Path) -> None:
    corpus = emotic.load(write_emotic(tmp_path))
    target = emotic.multi_hot(corpus)
    assert target.shape == (5, 26) and target.dtype == bool
    rows, columns = np.nonzero(target)
    assert {(row, CATEGORIES[column]) for row, column in zip(rows, columns, strict=True)} == {
        (row, name) for row, person in enumerate(PEOPLE[:5]) for name in person[3]
    }
    peace = CATEGORIES.index("Peace")
    assert average_precision_score(target[:, peace], [0.9, 0.1, 0.2, 0.3, 0.8]) == 1


def test_people_of_one_picture_are_one_group(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    b, c = root / "emotic/ade20k/images/b.jpg", root / "emotic/emodb_small/images/c.jpg"
    c.write_bytes(b.read_bytes())
    table = emotic.load(root).table
    assert table["group"][0] == table["group"][1]
    assert table["group"][2] == table["group"][3] == "emotic/ade20k/images/b.jpg"
    assert table["group"].nunique() == 3


@pytest.mark.parametrize("place", ["emotic_pre", "Annotations", "."])
def test_where_the_lists_lie(tmp_path: Path, place: str) -> None:
    root = write_emotic(tmp_path)
    (root / place).mkdir(exist_ok=True)
    for file in list((root / "emotic_pre").iterdir()):
        file.rename(root / place / file.name.upper().replace(".CSV", ".csv"))
    assert len(emotic.load(root)) == 5


def test_boxes_beyond_the_picture_are_cut(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    row = emotic_row(0, PEOPLE[3])
    row[4] = "[-3.0, 5.75, 100, 41]"
    write_rows(root, "val", [row])
    table = emotic.load(root).table
    assert table.loc[3, ["x1", "y1", "x2", "y2"]].tolist() == [0, 5, 60, 40]
    assert table.attrs["cut"] == 1


def test_a_person_with_two_different_rows(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    other = emotic_row(1, PEOPLE[3])
    other[5] = "['Pain']"
    write_rows(root, "val", [emotic_row(0, PEOPLE[3]), other])
    table = emotic.load(root).table
    assert (len(table), table.attrs["twice"], table.attrs["repeated"]) == (6, 1, 1)


def test_scores_that_nobody_gave(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    row = emotic_row(0, PEOPLE[3])
    row[6] = "[nan, 5.0, nan]"
    write_rows(root, "val", [row])
    table = emotic.load(root).table
    assert math.isnan(table["valence"][3]) and table["arousal"][3] == 5 and math.isnan(table["dominance"][3])


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("Folder", "../mscoco", "'../mscoco' is not the path"),
        ("Filename", "/etc/x.jpg", "'/etc/x.jpg' is not the path"),
        ("Filename", "", "is empty"),
        ("Image Size", "[60]", "is not .width, height."),
        ("Image Size", "60, 40", "is not a list of numbers"),
        ("Image Size", "[60, 40.5]", "is not .width, height."),
        ("Image Size", "[0, 40]", "is not .width, height."),
        ("BBox", "[1, 2, 3]", "is not .x1, y1, x2, y2."),
        ("BBox", "[1, 2, nan, 4]", "is not .x1, y1, x2, y2."),
        ("BBox", "[1, 2, __import__('os'), 4]", "is not a list of numbers"),
        ("BBox", "[30, 2, 20, 9]", "holds nothing of a picture of 60 x 40"),
        ("BBox", "[70, 2, 80, 9]", "holds nothing"),
        ("Categorical_Labels", "['Joy']", "has 'Joy', which is none of the 26"),
        ("Categorical_Labels", "[]", "names no category"),
        ("Categorical_Labels", "[Peace]", "is not a list of quoted words"),
        ("Categorical_Labels", "['Peace' 'Pain']", "is not a list of quoted words"),
        ("Categorical_Labels", "'Peace'", "is not a list of quoted words"),
        ("Continuous_Labels", "[5.0, 3.0]", "is not .valence, arousal, dominance."),
        ("Continuous_Labels", "[5.0, 3.0, 11.0]", "is not .valence, arousal, dominance."),
        ("Continuous_Labels", "[5,0, 3,0, 9,0]", "is not .valence, arousal, dominance."),
        ("Continuous_Labels", "[0.5, 3.0, 9.0]", "is not .valence, arousal, dominance."),
        ("Gender", "M", "is not male or female"),
        ("Age", "Old", "is not kid or teenager or adult"),
    ],
)
def test_wrong_cells(tmp_path: Path, column: str, cell: str, fault: str) -> None:
    root = write_emotic(tmp_path)
    row = emotic_row(1, PEOPLE[3])
    row[EMOTIC_HEADER.index(column)] = cell
    write_rows(root, "val", [emotic_row(0, PEOPLE[3]), row])
    with pytest.raises(BadInput, match=rf"val.csv, line 3.*{column}.*{fault}"):
        emotic.load(root)


def test_a_wrong_header(tmp_path: Path) -> None:
    root = write_emotic(tmp_path)
    (root / "emotic_pre/val.csv").write_text("Index,Folder\n")
    with pytest.raises(BadInput, match="val.csv, line 1: the column 'Filename' is missing"):
        emotic.load(root)


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no train.csv, val.csv or test.csv and no Annotations.mat. Ask its authors"):
        emotic.load(tmp_path)
    with pytest.raises(Unavailable, match="cannot be downloaded by a program"):
        emotic.fetch(tmp_path / "new")
    root = write_emotic(tmp_path)
    assert emotic.fetch(root) == root
    (root / "emotic").rename(root / "pictures")
    with pytest.raises(Unavailable, match="none of the 5 pictures"):
        emotic.load(root)


# The MATLAB file


def test_a_damaged_matlab_file(tmp_path: Path) -> None:
    root = write_emotic_mat(tmp_path)
    file = root / "Annotations/Annotations.mat"
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(BadInput, match="Annotations.mat cannot be read as a MATLAB file"):
        emotic.load(root)
    scipy.io.savemat(file, {"train": np.zeros(3)})
    with pytest.raises(BadInput, match=r"Annotations.mat, train\(1\): 0.0 where a picture"):
        emotic.load(root)


def test_a_wrong_label_in_the_matlab_file(tmp_path: Path) -> None:
    wrong = (*PEOPLE[:2], (*PEOPLE[2][:3], ("Disquietment", "Joy"), *PEOPLE[2][4:]), *PEOPLE[3:])
    root = write_emotic_mat(tmp_path, wrong)
    with pytest.raises(BadInput, match=r"Annotations.mat, train\(2\).person\(1\), 'Categorical_Labels': .*'Joy'"):
        emotic.load(root)


# Random cells


cells = st.text(max_size=12) | st.sampled_from(["[", "]", "['Peace']", "[1, 2]", "[5.0, 5.0, 5.0]", "Male", "60"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield write_emotic(tmp_path_factory.mktemp("hostile-emotic"))


@settings(max_examples=200)
@given(column=st.integers(1, 8), cell=cells)
def test_random_cells_give_an_error_or_the_label(hostile: Path, column: int, cell: str) -> None:
    row = emotic_row(0, PEOPLE[3])
    row[column] = cell
    write_rows(hostile, "val", [row])
    try:
        table = emotic.load(hostile).table
    except BadInput as error:
        assert "val.csv, line " in str(error) or "val.csv, after line" in str(error)
        return
    found: dict[str, Any] = table[table["split"] == "val"].to_dict("records")[0] if "val" in set(table["split"]) else {}
    if not found:
        assert column in (1, 2)  # another path is another picture, which is not here
        return
    assert {name for name in CATEGORIES if found[name.lower()]} == {"Peace" if column == 5 else "Yearning"}
    assert (found["valence"], found["arousal"], found["dominance"]) == ((5, 5, 5) if column == 6 else (4.5, 5.25, 5))
    assert found["gender"] == "male"
