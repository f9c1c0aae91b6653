"""UnBiasedEmotion: labels from folders, objects however they are written, bytes that have two emotions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import ube
from emolib.errors import BadInput, Unavailable
from tests.fixtures.emotion_sets import LOVE6, write_picture, write_ube


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_ube(tmp_path)


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = corpora.load("ube", tmp_path)
    table = corpus.table
    assert list(table.columns) == ["image", "group", "split", "emotion", "object"]
    assert corpus.root == folder / "UnBiasedEmo" / "images"
    assert table["emotion"].tolist() == sorted(table["emotion"])
    assert set(table["split"]) == {""}
    told = dict(zip(table["image"], zip(table["emotion"], table["object"], strict=True), strict=True))
    expected = {
        f"{emotion}/{thing}/{thing} {n}.jpg": (emotion, thing)
        for emotion in LOVE6
        for thing in ("dog", "baby shower", "car")
        for n in range(2)
    }
    moved = {
        "joy/": "Joy/", "anger/baby shower/": "anger/Baby_Shower/", "fear/dog/dog 0.jpg": "fear/dog/DOG  0.JPG",
    }  # fmt: skip
    for old, new in moved.items():
        expected = {
            (new + image.removeprefix(old) if image.startswith(old) else image): labels
            for image, labels in expected.items()
        }
    expected |= {"love/car/old/car 9.png": ("love", "car"), "love/stray.jpg": ("love", "")}
    assert told == expected
    assert all(path.is_file() for path in corpus.paths)


def test_what_is_counted(folder: Path) -> None:
    table = ube.load(folder).table
    attrs = table.attrs
    assert (attrs["expected"], attrs["rated"], attrs["found"], attrs["missing"]) == (3045, 38, 38, [])
    assert attrs["per_class"] == dict.fromkeys(LOVE6, 6) | {"love": 8}
    assert (attrs["without_object"], attrs["deeper"], attrs["difference"]) == (1, 1, {})
    assert attrs["conflicting"] == 1
    same = table.set_index("image").loc[["love/car/car 0.jpg", "sadness/car/car 0.jpg"], "group"]
    assert same.tolist() == ["love/car/car 0.jpg"] * 2
    assert table["group"].nunique() == 37


def test_the_card_explains_every_column(folder: Path) -> None:
    explained = {part for key in ube.CARD.labels for part in key.split(", ")}
    assert explained == set(ube.load(folder).table.columns) - {"image", "split"}


def test_however_it_was_unpacked_the_content_is_the_same(tmp_path: Path) -> None:
    before = ube.load(write_ube(tmp_path / "a", faults=False)).content_hash
    flat = write_ube(tmp_path / "b", nested=False, faults=False)
    assert ube.load(flat).content_hash == before
    assert ube.load(flat / "images").content_hash == before
    write_ube(tmp_path / "c", nested=False, faults=False).rename(tmp_path / "UnBiasedEmotion")
    assert corpora.load("ube", tmp_path).content_hash == before


def test_verifying(folder: Path, tmp_path: Path) -> None:
    report = corpora.verify("ube", tmp_path, progress=False)
    assert report.ok
    assert report.exact_duplicates == [["love/car/car 0.jpg", "sadness/car/car 0.jpg"]]


def test_an_emotion_without_pictures_is_told(folder: Path) -> None:
    (folder / "UnBiasedEmo" / "images" / "anger").rename(folder / "elsewhere")
    with pytest.warns(UserWarning, match="ube: no picture of anger in"):
        assert ube.load(folder).table.attrs["empty"] == ["anger"]


@pytest.mark.parametrize("name", ["disgust", "4", "sadness2", "dogs"])
def test_folders_that_are_no_emotion(folder: Path, name: str) -> None:
    write_picture(folder / "UnBiasedEmo" / "images" / name / "dog" / "1.jpg", 1)
    with pytest.raises(BadInput, match=f"{name} holds pictures, but its name is no emotion of this corpus"):
        ube.load(folder)


def test_two_folders_of_one_emotion(folder: Path) -> None:
    write_picture(folder / "UnBiasedEmo" / "images" / "Sad" / "dog" / "1.jpg", 1)
    with pytest.raises(BadInput, match="two folders of sadness, 'Sad' and 'sadness'; keep one"):
        ube.load(folder)


def test_what_is_not_unpacked(folder: Path, tmp_path: Path) -> None:
    (folder / "UnBiasedEmo" / "images").rename(tmp_path / "elsewhere")
    (folder / "UnBiasedEmo" / "images.zip").write_bytes(b"PK\3\4")
    with pytest.raises(Unavailable, match=r"no pictures in folders called anger.*; unpack .*images\.zip where it lies"):
        ube.load(folder)
    with pytest.raises(Unavailable, match="no pictures in folders called anger, fear, joy, love, ...$"):
        ube.load(tmp_path / "new")


def test_fetch_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    assert ube.fetch(folder) == folder
    with pytest.raises(Unavailable, match="by hand: follow the link on https://rpand002"):
        ube.fetch(tmp_path / "new")


SPELT = {
    "Fear": "fear", " fear ": "fear", "FEARFUL": "fear", "angry": "anger", "Surprised": "surprise", "'joy'": "joy",
    "[love]": "love", "Sad": "sadness", "fear2": None, "fe\u0430r": None, "disgust": None, "1": None,
}  # fmt: skip
NAMES = st.one_of(
    st.text(st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=8),
    st.sampled_from(list(SPELT)),
)


@pytest.mark.filterwarnings("ignore:ube. no picture of")
@settings(max_examples=150)
@given(name=NAMES.filter(lambda name: name not in (".", "..", *LOVE6)))
def test_no_folder_gives_a_wrong_emotion(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Beside the folders of four emotions is one that may be called anything."""
    base = tmp_path_factory.mktemp("hostile-ube")
    for seed, emotion in enumerate(("joy", "love", "sadness", "surprise")):
        write_picture(base / emotion / "dog" / "1.jpg", seed)
    write_picture(base / name / "dog" / "1.jpg", 99)
    try:
        table = ube.load(base).table
    except BadInput as error:
        assert "holds pictures, but its name" in str(error) or "two folders of" in str(error)
        assert SPELT.get(name) not in ("fear", "anger")
        return
    told = {image.split("/")[0]: emotion for image, emotion in zip(table["image"], table["emotion"], strict=True)}
    assert told.pop(name, None) == SPELT.get(name)
    assert told == {emotion: emotion for emotion in ("joy", "love", "sadness", "surprise")}
