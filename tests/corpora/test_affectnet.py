"""AffectNet: faces by the number of their expression, the rows that have none, and rows that are wrong."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import affectnet, load
from emolib.errors import BadInput, Unavailable
from tests.fixtures.web_sets import AFFECTNET_HEADER, FACES, affectnet_row, write_affectnet

#: The eight in the order of FACTS: 0 Neutral 1 Happy 2 Sad 3 Surprise 4 Fear 5 Disgust 6 Anger 7 Contempt.
ORDER = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]


def write_list(root: Path, name: str, rows: list[list[str]], *, header: bool = True) -> None:
    with open(root / "Manually_Annotated_file_lists" / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*([AFFECTNET_HEADER] if header else []), *rows])


def test_faces(tmp_path: Path) -> None:
    write_affectnet(tmp_path)
    corpus = load("affectnet", tmp_path)
    table, attrs = corpus.table, corpus.table.attrs
    kept = [(split, face) for split, name in (("train", "training"), ("val", "validation")) for face in FACES[name]]
    kept = [(split, face) for split, face in kept if face[2] < 8 and "gone" not in face[0]]
    assert len(table) == len(kept) == 7
    for row, (split, (path, box, number, valence, arousal)) in zip(table.to_dict("records"), kept, strict=True):
        assert row["image"] == f"Manually_Annotated_Images/{path}"
        assert row["group"] == path.split("/")[1]
        assert (row["split"], row["emotion"]) == (split, ORDER[number])
        for found, given_value in ((row["valence"], valence), (row["arousal"], arousal)):
            assert math.isnan(found) if given_value == "-2" else found == float(given_value)
        assert math.isnan(row["face_x"]) if box[0] == "-1" else row["face_x"] == 10
    assert attrs["dropped"] == {"none": 1, "uncertain": 1, "non-face": 1}
    assert (attrs["repeated"], attrs["unboxed"], attrs["missing"]) == (1, 1, ["3/gone.jpg"])
    assert (attrs["rated"], attrs["found"]) == (8, 7)
    assert attrs["per_class"]["train"] == dict.fromkeys(ORDER, 1) | {"fear": 0, "disgust": 0}
    assert attrs["per_class"]["val"] == dict.fromkeys(ORDER, 0) | {"fear": 1, "disgust": 1}
    assert "train: 1 rows of neutral in the list, 74,874 are reported" in attrs["differences"]
    assert len(attrs["differences"]) == 16
    assert all(path.is_file() for path in corpus.paths)
    assert len(corpus.content_hash) == 64


def test_the_order_of_the_numbers() -> None:
    assert list(affectnet.NUMBERS.items()) == list(enumerate(ORDER))


def test_reported_counts() -> None:
    assert sum(affectnet.PER_CLASS["train"].values()) == 287_651
    assert affectnet.CARD.count == 287_651 + 4_000
    train = affectnet.PER_CLASS["train"]
    assert round(100 * (train["happiness"] + train["neutral"]) / 287_651) == 73  # as the card says
    assert round(100 * train["contempt"] / 287_651, 1) == 1.3


def test_the_card_explains_every_column(tmp_path: Path) -> None:
    write_affectnet(tmp_path)
    corpus = load("affectnet", tmp_path)
    explained = {part for key in corpus.card.labels for part in key.split(", ")}
    assert set(corpus.table.columns) - {"image", "split"} == explained - {"split"}


@pytest.mark.parametrize("place", ["Manually_Annotated_Images", "manually_annotated_images", "Manually_Annotated", "."])
def test_where_the_pictures_lie(tmp_path: Path, place: str) -> None:
    root = write_affectnet(tmp_path)
    images = root / "Manually_Annotated_Images"
    if place == ".":
        for folder in list(images.iterdir()):
            folder.rename(root / folder.name)
    else:
        images.rename(root / place)
    assert len(affectnet.load(root)) == 7


def test_pictures_two_folders_deep_and_lists_beside(tmp_path: Path) -> None:
    root = write_affectnet(tmp_path)
    (root / "Manually_Annotated").mkdir()
    (root / "Manually_Annotated_Images").rename(root / "Manually_Annotated/Manually_Annotated_Images")
    for file in list((root / "Manually_Annotated_file_lists").iterdir()):
        file.rename(root / file.name)
    assert len(affectnet.load(root)) == 7


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        (0, "../../etc/x.jpg", "is not the path of a picture"),
        (0, "/1/a0.jpg", "is not the path of a picture"),
        (0, "C:/a0.jpg", "is not the path of a picture"),
        (0, "", "is empty"),
        (1, "ten", "is not a number"),
        (3, "NULL", "is not a number"),
        (6, "11", "is outside the range; it has to be from 0 to 10"),
        (6, "-1", "is outside the range"),
        (6, "1.5", "is not a whole number"),
        (6, "Happy", "is not a number"),
        (6, "", "is not a number"),
        (7, "1.01", "is outside the range"),
        (7, "-1.5", "from -1 to 1, or -2 for none"),
        (7, "-3", "is outside the range"),
        (8, "nan", "is not a number"),
        (8, "0,5", "is not a number"),
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_wrong_cells(tmp_path: Path, column: int, cell: str, fault: str, header: bool) -> None:
    root = write_affectnet(tmp_path)
    row = affectnet_row(FACES["training"][1])
    row[column] = cell
    write_list(root, "training", [affectnet_row(FACES["training"][0]), row], header=header)
    line, name = 3 if header else 2, AFFECTNET_HEADER[column]
    with pytest.raises(BadInput, match=rf"training.csv, line {line}, column '{name}': .*{fault}"):
        affectnet.load(root)


def test_wrong_files(tmp_path: Path) -> None:
    root = write_affectnet(tmp_path)
    file = root / "Manually_Annotated_file_lists/training.csv"
    good = ",".join(affectnet_row(FACES["training"][0]))
    for data, fault in (
        (good.encode() + b"\n1/a1.JPG,1,2\n", "line 2: 3 cells"),
        (",".join(AFFECTNET_HEADER[::-1]).encode(), "line 1: 9|line 1, column"),
        (",".join(AFFECTNET_HEADER[:8]).encode(), "line 1: the header has to read subDirectory_filePath,face_x"),
        (good.encode() + b'\n"1/a1.JPG\n\n', "line 2: not comma-separated text|line 2: a cell runs on"),
        (good.encode() + b"\n" + good.replace("a0", "a\xff").encode("latin-1"), "not UTF-8 text"),
    ):
        file.write_bytes(data)
        with pytest.raises(BadInput, match=rf"training.csv.*({fault})"):
            affectnet.load(root)


def test_a_face_with_two_labels(tmp_path: Path) -> None:
    root = write_affectnet(tmp_path)
    first, other = affectnet_row(FACES["training"][0]), affectnet_row(FACES["training"][0])
    other[6] = "4"
    write_list(root, "training", [first, first, other])
    with pytest.raises(BadInput, match="training.csv, line 4: .*fear, train, 0, 0 here and neutral, train, 0, 0 in"):
        affectnet.load(root)
    other[1] = "99"  # another face in the same picture
    write_list(root, "training", [first, first, other])
    table = affectnet.load(root).table
    assert table["emotion"].tolist()[:2] == ["neutral", "fear"]
    assert table["group"][0] == table["group"][1]


@pytest.mark.parametrize(
    "box", [("NULL",) * 4, ("", "", "", ""), ("10", "12", "0", "80"), ("10", "12", "80", "-5"), ("nan",) * 4]
)
def test_a_face_without_a_box(tmp_path: Path, box: tuple[str, ...]) -> None:
    root = write_affectnet(tmp_path)
    row = affectnet_row(FACES["training"][1])
    row[1:5] = box
    write_list(root, "training", [affectnet_row(FACES["training"][0]), row])
    table = affectnet.load(root).table
    assert table["emotion"].tolist()[:2] == ["neutral", "happiness"]
    assert table[list(affectnet.BOX)].isna().all(axis=1).tolist() == [False, True, False, False]
    assert table.attrs["unboxed"] == 1


def test_one_list_alone(tmp_path: Path) -> None:
    root = write_affectnet(tmp_path)
    (root / "Manually_Annotated_file_lists/training.csv").unlink()
    table = affectnet.load(root).table
    assert set(table["split"]) == {"val"}
    assert not any(text.startswith("train") for text in table.attrs["differences"])


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="training.csv or validation.csv. Ask its authors"):
        affectnet.load(tmp_path)
    with pytest.raises(Unavailable, match="cannot be downloaded by a program"):
        affectnet.fetch(tmp_path / "new")
    root = write_affectnet(tmp_path)
    assert affectnet.fetch(root) == root
    (root / "Manually_Annotated_Images").rename(root / "pictures")
    with pytest.raises(Unavailable, match="none of the 8 pictures"):
        affectnet.load(root)


# Random rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield write_affectnet(tmp_path_factory.mktemp("hostile-affectnet"))


cells = st.text(max_size=8) | st.sampled_from([str(n) for n in range(-3, 13)]) | st.floats(-3, 3).map(str)


@settings(max_examples=300)
@given(column=st.integers(0, 8), cell=cells)
def test_random_cells_give_an_error_or_the_label(hostile: Path, column: int, cell: str) -> None:
    row = affectnet_row(FACES["training"][1])
    row[column] = cell
    write_list(hostile, "training", [affectnet_row(FACES["training"][0]), row])
    try:
        table = affectnet.load(hostile).table
    except BadInput as error:
        assert "training.csv, line 3" in str(error)
        return
    assert table["emotion"][0] == "neutral"
    found = table[(table["split"] == "train")].to_dict("records")[1:]
    said = Counter(face["emotion"] for face in found)
    if column == 6 and float(cell) != 1:
        number = float(cell)
        assert number == int(number)
        assert said == (Counter([ORDER[int(number)]]) if number < 8 else Counter())
    elif column == 0:
        assert said in (Counter(), Counter(["happiness"]))  # another path is another picture, mostly none
    else:
        assert said == Counter(["happiness"])
        for name, place, usual in (("valence", 7, 0.8), ("arousal", 8, 0.25)):
            meant = float(cell) if column == place else usual
            assert math.isnan(found[0][name]) if meant == -2 else found[0][name] == meant
