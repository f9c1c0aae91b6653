"""StockEmotion: its vocabulary in each form, its lists, and what contradicts itself."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import load, stockemotion
from emolib.corpora.scenes.export import export
from emolib.corpora.scenes.model import Parameters
from emolib.errors import BadInput, Unavailable
from tests.fixtures.web_sets import EMOTION_TAGS, TAGS, stock_path, write_stockemotion, write_value


@pytest.mark.parametrize("keep", [True, False])
def test_vocabulary_and_preview(tmp_path: Path, keep: bool) -> None:
    root = write_stockemotion(tmp_path, keep=keep)
    words = stockemotion.vocabulary(root)
    assert list(words.tags) == TAGS and list(words.tags.values()) == list(range(6))
    assert words.emotion_tags == {"scared": 0, "joyful": 1}
    assert words.emotion_to_tag == {"scared": TAGS.index("scared"), "joyful": TAGS.index("joyful")}
    assert words.differences == ["6 tags here, 36,534 published", "2 emotion tags here, 690 published"]
    assert stockemotion.preview(root)[stock_path(4)] == "https://stock.invalid/4%20a.jpg"
    corpus = load("stockemotion", tmp_path)
    attrs = corpus.table.attrs
    assert corpus.table["image"].tolist() == [f"images/{stock_path(k)}" for k in (0, 1, 3, 4, 5)]
    assert corpus.table["url"].tolist()[1] == "https://stock.invalid/1%20a.jpg"
    assert (attrs["missing"], attrs["repeated"], attrs["untagged"]) == ([stock_path(2)], 1, 5)
    assert all(path.is_file() for path in corpus.paths)
    assert len(corpus.content_hash) == 64


def test_the_card_explains_every_column(tmp_path: Path) -> None:
    write_stockemotion(tmp_path)
    corpus = load("stockemotion", tmp_path)
    assert set(corpus.table.columns) - {"image", "split"} == set(corpus.card.labels) - {"split"}


@pytest.mark.parametrize(
    "value",
    [
        {"scared": 0, "joyful": 1},
        {"joyful": 1, "scared": 0},
        {0: "scared", 1: "joyful"},
        {"key2idx": {"scared": 0, "joyful": 1}},
        {"etag2idx": {"scared": 0, " joyful": 1}, "idx2etag": ["scared", "joyful"]},
    ],
)
@pytest.mark.parametrize("keep", [True, False])
def test_forms_of_a_dictionary(tmp_path: Path, value: dict, keep: bool) -> None:
    root = write_stockemotion(tmp_path, keep=keep)
    write_value(root / "idx2name/etag2idx", value, keep=keep)
    assert stockemotion.vocabulary(root).emotion_tags == {"scared": 0, "joyful": 1}


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("tag2idx", [1], "a list where a dict of tags"),
        ("tag2idx", {}, "0 tags"),
        ("tag2idx", {"a": 0, "b": 2}, "0 to 1, each once"),
        ("tag2idx", {"a": 1, "b": 2}, "0 to 1, each once"),
        ("tag2idx", {"a": 0, "b": True}, "entry 'b': True is not the number"),
        ("tag2idx", {"a": 0, "b": [1]}, r"entry 'b': \[1\] is not the number"),
        ("tag2idx", {"a": 0, " a": 1}, "stands there twice"),
        ("tag2idx", {"a": 0, " ": 1}, "is empty"),
        ("etag2idx", {"key2idx": {"a": 0, "b": 1}, "idx2key": ["b", "a"]}, "idx2key does not say the same"),
        ("etag2idx", {"key2idx": {"a": 0}, "idx2key": 7}, "idx2key does not say the same"),
        ("etag2tagidx", {0: 3}, "1 of the 2 emotion tags have a place"),
        ("etag2tagidx", {0: 3, 1: 99}, "99 is not the number of one of 6 tags"),
        ("etag2tagidx", {0: 3, 7: 1}, "entry 7: not an emotion tag"),
        ("etag2tagidx", {0: 3, "scared": 3, "joyful": 1}, "'scared' stands there twice"),
        ("etag2tagidx", 3, "a int where a dict"),
    ],
)
def test_wrong_dictionaries(tmp_path: Path, name: str, value: Any, fault: str) -> None:
    root = write_stockemotion(tmp_path)
    write_value(root / "idx2name" / name, value)
    with pytest.raises(BadInput, match=rf"{name}.pkl.keep.*{fault}"):
        stockemotion.load(root)


def test_a_tag_with_another_spelling_is_told(tmp_path: Path) -> None:
    root = write_stockemotion(tmp_path)
    write_value(root / "idx2name/etag2tagidx", {0: 0, 1: 1})
    assert stockemotion.vocabulary(root).differences[-1] == "1 emotion tags have another spelling among the tags"


def test_a_hostile_dictionary(tmp_path: Path) -> None:
    root = write_stockemotion(tmp_path)
    mark = tmp_path / "run"

    class Evil:
        def __reduce__(self) -> tuple:
            return (os.system, (f"touch '{mark}'",))

    (root / "idx2name/tag2idx.pkl.keep").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInput, match="tag2idx.pkl.keep, byte"):
        stockemotion.load(root)
    assert not mark.exists()


# Lists with tags


@pytest.mark.parametrize("form", ["numbers", "words", "dicts"])
def test_tags_of_pictures(tmp_path: Path, form: str) -> None:
    root = write_stockemotion(tmp_path)
    rows: dict[str, list] = {
        "numbers": [[stock_path(0), [1], [0, 4, 1]], [stock_path(1), [0, 1], [5]]],
        "words": [
            [stock_path(0), ["joyful"], ["beach", "sea", "joyful"]],
            [stock_path(1), ["scared", "joyful"], [" New  York"]],
        ],
        "dicts": [
            {"image": stock_path(0), "emotion_tags": ["joyful"], "tags": ["beach", "sea", "joyful"]},
            {"re_path": stock_path(1), "emotion_tags": ["scared", 1], "tags": ["New York"]},
        ],
    }
    write_value(root / "train", rows[form][:1])
    write_value(root / "test", rows[form][1:])
    table = stockemotion.load(root).table
    assert table["emotion_tags"].tolist() == ["joyful", "scared|joyful", "", "", ""]
    assert table["tags"].tolist() == ["beach|sea|joyful", "New York|scared|joyful", "", "", ""]
    assert table["split"].tolist() == ["train", "test", "", "", ""]
    assert table["url"].tolist()[0] == "https://stock.invalid/0%20a.jpg"
    assert table.attrs["untagged"] == 3


def test_words_that_are_not_in_the_vocabulary(tmp_path: Path) -> None:
    root = write_stockemotion(tmp_path)
    write_value(root / "annotations", [[stock_path(0), ["joyful"], ["beach", "zebra"]]])
    assert stockemotion.load(root).table.attrs["unknown_tags"] == 1
    write_value(root / "annotations", [[stock_path(0), ["happy"], ["beach"]]])
    with pytest.raises(BadInput, match="annotations.pkl.keep, row 1: 'happy' is not one of the 2 emotion tags"):
        stockemotion.load(root)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (["../x.jpg", "u"], "'../x.jpg' is not the path"),
        (["/etc/x.jpg", "u"], "'/etc/x.jpg' is not the path"),
        ([3, "u"], "3 is not the path"),
        (["a.jpg"], "is no row"),
        (["a.jpg", [0], [0], [0]], "is no row"),
        (["a.jpg", [2]], "2 is not the number of one of 2 tags"),
        (["a.jpg", [0], [-1]], "-1 is not the number of one of 6 tags"),
        (["a.jpg", [True]], "True is not a tag"),
        (["a.jpg", 7], "7 where a list of tags"),
        ({"image": "a.jpg", "image_url": 3}, "3 is not the address"),
        (None, "None is no row"),
    ],
)
def test_wrong_rows(tmp_path: Path, row: Any, fault: str) -> None:
    root = write_stockemotion(tmp_path)
    write_value(root / "annotations", [[stock_path(0), [0]], row])
    with pytest.raises(BadInput, match=rf"annotations.pkl.keep, row 2.*{fault}"):
        stockemotion.load(root)


def test_lists_that_contradict_each_other(tmp_path: Path) -> None:
    root = write_stockemotion(tmp_path)
    write_value(root / "train", [[stock_path(0), [0]]])
    write_value(root / "val", [[stock_path(0), [0]]])
    with pytest.raises(BadInput, match="val.pkl.keep, row 1: split of '000000/0.jpg' is 'val' here, 'train'"):
        stockemotion.load(root)
    write_value(root / "val", [])
    write_value(root / "annotations", [[stock_path(0), [1]]])
    with pytest.raises(BadInput, match="train.pkl.keep, row 1: emotion_tags of"):
        stockemotion.load(root)


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no idx2name/tag2idx.pkl.keep. Its authors give it"):
        stockemotion.load(tmp_path)
    with pytest.raises(Unavailable, match="cannot be downloaded by a program"):
        stockemotion.fetch(tmp_path / "new")
    root = write_stockemotion(tmp_path)
    assert stockemotion.fetch(root) == root
    (root / "images").rename(root / "pictures")
    with pytest.raises(Unavailable, match="none of the 6 pictures"):
        stockemotion.load(root)
    (root / "preview.pkl.keep").unlink()
    with pytest.raises(Unavailable, match="no list of pictures"):
        stockemotion.load(root)
    with pytest.raises(Unavailable, match="no preview list"):
        stockemotion.preview(root)


def test_the_laboratory_writes_what_this_reads(tmp_path: Path) -> None:
    root = export(Parameters(count=12), tmp_path / "lab", "stockemotion", progress=False)
    table = stockemotion.load(root).table
    written = [json.loads(line) for line in (root / "annotations.jsonl").read_text().splitlines()]
    assert table["emotion_tags"].tolist() == ["|".join(entry["emotion_tags"]) for entry in written]
    assert table["image"].tolist() == [f"images/{entry['image']}" for entry in written]
    assert table.attrs["unknown_tags"] == 0
    for file in (root / "idx2name").glob("*.json"):
        file.unlink()
    assert stockemotion.load(root).table.equals(table)  # from the pickles


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=6) | st.sampled_from([*TAGS, *EMOTION_TAGS]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=200)
@given(tags=junk)
def test_random_labels_give_their_tags_or_an_error(tmp_path_factory: pytest.TempPathFactory, tags: Any) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-stock"
    root = base / "StockEmotion" if base.exists() else write_stockemotion(base, 2)
    write_value(root / "annotations", [[stock_path(0), [1]], [stock_path(1), tags, []]])
    names = dict(enumerate(EMOTION_TAGS)) | {tag: tag for tag in EMOTION_TAGS}
    meant = None
    if isinstance(tags, list):
        words = [" ".join(tag.split()) if isinstance(tag, str) else tag for tag in tags]
        words = [word for word in words if word != ""]
        if all(type(word) in (str, int) and word in names for word in words):
            meant = list(dict.fromkeys(names[word] for word in words))
    try:
        table = stockemotion.load(root).table
    except BadInput as error:
        assert "annotations.pkl.keep, row 2" in str(error)
        assert meant is None
        return
    assert table["emotion_tags"].tolist() == ["joyful", "|".join(meant or ["an error was due"]) if meant != [] else ""]
