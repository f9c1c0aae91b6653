"""EmotionROI: the official split, maps beside pictures, lists with every line end, maps that do not fit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emolib import corpora
from emolib.corpora import emotionroi
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.corpora.test_firstuse import packed
from tests.fixtures.emotion_sets import EKMAN6, emotionroi_lists, write_emotionroi, write_picture

GONE = "surprise/4.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_emotionroi(tmp_path)


def change(folder: Path, name: str, old: str, new: str) -> None:
    file = next(folder.rglob(f"{name}.txt"))
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new, 1).encode())


# What is read


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = corpora.load("emotionroi", tmp_path)
    table, lists = corpus.table, emotionroi_lists()
    assert list(table.columns) == ["image", "group", "split", "emotion", "map"]
    expected = [(name, "train") for name in lists["training"]] + [(name, "test") for name in lists["testing"]]
    expected.remove((GONE, "test"))
    assert table["group"].tolist() == [name.removesuffix(".jpg") for name, _ in expected]
    assert table["split"].tolist() == [split for _, split in expected]
    assert table["emotion"].tolist() == [name.split("/")[0] for name, _ in expected]
    maps = dict(zip(table["group"], table["map"], strict=True))
    assert maps["disgust/1"] == "" and maps["disgust/2"] == "ground_truth/disgust/2.png"
    for key, name in maps.items():
        if not key.startswith("disgust/"):
            assert name == f"ground_truth/{key}.jpg"
            assert (corpus.root / name).is_file()
    assert all(path.is_file() for path in corpus.paths)
    assert dict(zip(table["group"], table["image"], strict=True))["fear/1"] == "images/fear/1.JPG"


def test_what_is_counted(folder: Path) -> None:
    attrs = emotionroi.load(folder).table.attrs
    assert (attrs["expected"], attrs["rated"], attrs["found"], attrs["missing"]) == (1980, 24, 23, [GONE])
    assert (attrs["repeated"], attrs["unlisted"], attrs["without_map"]) == (1, 1, ["disgust/1.jpg"])
    assert attrs["per_split"] == {"train": 18, "test": 5}
    assert attrs["per_class"] == dict.fromkeys(EKMAN6, 4) | {"surprise": 3}
    assert (attrs["straddling"], attrs["conflicting"]) == (0, 0)


def test_published_counts() -> None:
    assert sum(emotionroi.PER_CLASS.values()) == emotionroi.CARD.count == 1386 + 594


def test_the_card(folder: Path) -> None:
    explained = {part for key in emotionroi.CARD.labels for part in key.split(", ")}
    assert explained - {"split"} == set(emotionroi.load(folder).table.columns) - {"image", "split"}
    assert any("eight classes" in fault and "impossible" in fault for fault in emotionroi.CARD.faults)


def test_however_it_was_unpacked_the_content_is_the_same(tmp_path: Path) -> None:
    before = emotionroi.load(write_emotionroi(tmp_path / "a", faults=False)).content_hash
    assert emotionroi.load(write_emotionroi(tmp_path / "b", nested=False, faults=False)).content_hash == before
    write_emotionroi(tmp_path / "c", nested=False, faults=False).rename(tmp_path / "EmotionROI")
    assert corpora.load("emotionroi", tmp_path).content_hash == before


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_line_ends_spaces_and_case(folder: Path, line_end: str) -> None:
    before = emotionroi.load(folder).table
    for name, lines in emotionroi_lists().items():
        text = line_end.join(f" images/{line.title().replace('.Jpg', '.JPEG')} " for line in lines)
        (folder / "EmotionROI" / "training_testing_split" / f"{name}.txt").write_bytes(text.encode())
    assert emotionroi.load(folder).table.equals(before)


def test_a_picture_on_both_sides_is_told(folder: Path) -> None:
    images = folder / "EmotionROI" / "images"
    (images / "fear" / "4.jpg").write_bytes((images / "anger" / "1.jpg").read_bytes())
    table = emotionroi.load(folder).table
    assert (table.attrs["straddling"], table.attrs["conflicting"]) == (1, 1)
    assert table["group"].tolist().count("anger/1") == 2


# Maps


def test_maps_that_do_not_fit(folder: Path) -> None:
    corpus = emotionroi.load(folder)
    assert emotionroi.check_maps(corpus, progress=False) == [
        ("images/disgust/1.jpg", "there is no map"),
        ("images/disgust/2.jpg", "the map has 6 x 8 pixels, the picture 8 x 6"),
    ]
    (corpus.root / "ground_truth" / "fear" / "2.jpg").write_text("<html>")
    faults = dict(emotionroi.check_maps(corpus, progress=False))
    assert re.search("2.jpg cannot be read as a picture: it is a web page", faults["images/fear/2.jpg"])
    assert len(faults) == 3


def test_maps_of_a_sound_corpus(tmp_path: Path) -> None:
    corpus = emotionroi.load(write_emotionroi(tmp_path, faults=False))
    assert emotionroi.check_maps(corpus, progress=False) == []
    assert emotionroi.check_maps(corpus.subset([0, 5]), progress=False) == []


def test_a_picture_that_is_held_sideways(tmp_path: Path) -> None:
    corpus = emotionroi.load(write_emotionroi(tmp_path, faults=False))
    turned = Image.fromarray(np.zeros((6, 8, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(corpus.paths[0], exif=exif)
    assert emotionroi.check_maps(corpus, progress=False) == [
        ("images/anger/1.jpg", "the map has 8 x 6 pixels, the picture 6 x 8")
    ]


def test_verifying(folder: Path, tmp_path: Path) -> None:
    report = corpora.verify("emotionroi", tmp_path, progress=False)
    assert report.ok and report.missing == [GONE]


# What is refused


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        (
            "testing",
            "fear/4.jpg",
            "fear/3.jpg",
            "testing.txt, line 3: 'fear/3' is test here and train in .*ing.txt",
        ),
        ("training", "joy/2.jpg", "trust/2.jpg", "training.txt, line 11: unknown emotion6 label 'trust'"),
        ("training", "joy/2.jpg", "neutral/2.jpg", "training.txt, line 11: .* names no emotion of this corpus"),
        ("training", "joy/2.jpg", "joy2.jpg", "training.txt, line 11: 'joy2.jpg' is not the name of a picture"),
        ("training", "joy/2.jpg", "../joy/2.jpg", "training.txt, line 11: .* is not the name of a picture"),
        ("training", "joy/2.jpg", "joy/2.jpg 1", "training.txt, line 11: .* is not the name of a picture"),
    ],
)
def test_wrong_lines(folder: Path, name: str, old: str, new: str, fault: str) -> None:
    change(folder, name, old, new)
    with pytest.raises(BadInput, match=fault):
        emotionroi.load(folder)


def test_two_maps_of_one_picture(folder: Path) -> None:
    write_picture(folder / "EmotionROI" / "ground_truth" / "fear" / "1.png", 1)
    with pytest.raises(BadInput, match="ground_truth/fear/1.png and .* are two files of picture fear/1; keep one"):
        emotionroi.load(folder)


def test_absent_parts(folder: Path, tmp_path: Path) -> None:
    place = folder / "EmotionROI"
    (place / "ground_truth").rename(place / "maps")
    assert len(emotionroi.load(folder).table.attrs["without_map"]) == 23
    (place / "images").rename(place / "pictures")
    with pytest.raises(Unavailable, match="none of the 24 pictures that its lists name"):
        emotionroi.load(folder)
    (place / "training_testing_split" / "testing.txt").unlink()
    with pytest.raises(Unavailable, match="has no testing.txt"):
        emotionroi.load(folder)
    for absent in (tmp_path / "new", place / "pictures"):
        with pytest.raises(Unavailable, match="has no training_testing_split/"):
            emotionroi.load(absent)


def test_fetch(tmp_path: Path, server: Server) -> None:
    original = write_emotionroi(tmp_path / "source")
    target = tmp_path / "data" / "emotionroi"
    emotionroi.fetch(target, progress=False, url=server.add("/a.zip", packed(original), etag='"1"'))
    corpus = corpora.load("emotionroi", tmp_path / "data")
    assert corpus.content_hash == emotionroi.load(original).content_hash
    (corpus.root / corpus.table["map"][0]).write_bytes(b"changed")  # a map is checked as a picture is
    with pytest.raises(BadInput, match="1.jpg has other bytes than when it was downloaded"):
        corpora.load("emotionroi", tmp_path / "data")


# Hostile lines

LINES = st.one_of(
    st.text(max_size=10), st.text("fearjoy/.0123456789jpgJPG \t\r\n\\", max_size=12),
    st.sampled_from([name for lines in emotionroi_lists(3).values() for name in lines]),
    st.sampled_from(["FEAR/2.JPG", "images/fear/2.jpg", "fear\\2.jpg", "fear//2.jpg", "fear/2.jpg\x85", "\u2028"]),
)  # fmt: skip


@settings(max_examples=300)
@given(value=LINES)
def test_no_damaged_line_gives_a_wrong_split(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-emotionroi"
    root = base / "emotionroi" if base.exists() else write_emotionroi(base, 3, faults=False)
    lists, damaged = emotionroi_lists(3), "fear/2.jpg"
    file = next(root.rglob("training.txt"))
    text = "\n".join("@@" if name == damaged else name for name in lists["training"]) + "\n"
    file.write_bytes(text.encode().replace(b"@@", value.encode("utf-8", "surrogatepass")))
    try:
        table = emotionroi.load(root).table.set_index("group")
    except BadInput as error:
        assert re.search(r"training\.txt, line \d+|testing\.txt, line \d+: .* in .*training\.txt, line \d+", str(error))
        return
    known = {name.removesuffix(".jpg"): split for split in ("training", "testing") for name in lists[split]}
    assert set(table.index) | {"fear/2"} == set(known)
    for name, row in table.iterrows():
        assert row["split"] == {"training": "train", "testing": "test"}[known[name]]
        assert row["emotion"] == name.split("/")[0]
        assert row["map"] == f"ground_truth/{name}.jpg"
