"""ArtPhoto from its file names."""

from __future__ import annotations

from pathlib import Path

import pytest

from emolib.corpora import artphoto, load
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable
from tests.fixtures.discrete import write_artphoto, write_picture


def test_the_name_says_the_emotion(tmp_path: Path) -> None:
    root = write_artphoto(tmp_path)
    corpus = load("artphoto", tmp_path)
    assert list(corpus.table.columns) == ["image", "group", "split", "emotion"]
    expected = [(f"{'sad' if e == 'sadness' else e}_{n:04d}.jpg", e) for e in MIKELS for n in (1, 2, 3)]
    assert sorted(zip(corpus.table["image"], corpus.table["emotion"], strict=True)) == sorted(expected)
    assert corpus.root == root / "testImages_artphoto"
    assert set(corpus.table["split"]) == {""}


def test_however_it_was_unpacked_the_content_is_the_same(tmp_path: Path) -> None:
    before = artphoto.load(write_artphoto(tmp_path / "a")).content_hash
    assert artphoto.load(write_artphoto(tmp_path / "b", nested=False)).content_hash == before
    write_artphoto(tmp_path / "c", nested=False).rename(tmp_path / "testImages_artphoto")
    assert load("artphoto", tmp_path).content_hash == before


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("joy_0001.jpg", "joy_0001.jpg: label 'joy' is not one of mikels"),
        ("3_0001.jpg", "unknown mikels label '3'.*numbers mean different"),
        ("awe.jpg", "is not <emotion>_<number>.jpg"),
        ("awe_x.png", "is not <emotion>_<number>.jpg"),
    ],
)
def test_names_without_an_emotion(tmp_path: Path, name: str, fault: str) -> None:
    write_picture(write_artphoto(tmp_path) / "testImages_artphoto" / name, 0)
    with pytest.raises(BadInput, match=fault):
        load("artphoto", tmp_path)


def test_pictures_in_two_places(tmp_path: Path) -> None:
    write_picture(write_artphoto(tmp_path) / "awe_0009.jpg", 0)
    with pytest.raises(BadInput, match="pictures beside testImages_artphoto/, as 'awe_0009.jpg'"):
        load("artphoto", tmp_path)


def test_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "artphoto").mkdir()
    with pytest.raises(Unavailable, match="no pictures called <emotion>_<number>.jpg"):
        artphoto.load(tmp_path / "artphoto")
