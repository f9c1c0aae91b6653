"""What the corpora of eight emotions share: groups, splits, reading, and what every one of them owes its reader."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import abstract, artphoto, discrete, fi, iapssubset
from emolib.corpora.base import exact_duplicates
from emolib.emotions import MIKELS
from emolib.errors import BadInput
from tests.fixtures import discrete as writers

WRITERS = {
    "fi": lambda folder: writers.write_fi(folder, "c"),
    "emoset118k": writers.write_emoset118k,
    "artphoto": writers.write_artphoto,
    "abstract": writers.write_abstract,
    "iapssubset": writers.write_iapssubset,
}


# What every one of them owes


@pytest.mark.parametrize("name", WRITERS)
def test_table_and_card(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path)
    corpus = corpora.load(name, tmp_path)
    table, attrs = corpus.table, corpus.table.attrs
    assert list(table.columns[:4]) == ["image", "group", "split", "emotion"]
    explained = {part for key in corpus.card.labels for part in key.split(", ")}
    assert set(table.columns) - {"image", "split"} == explained - {"split"}
    assert set(table["emotion"]) == set(MIKELS)
    assert attrs["per_class"] == {emotion: (table["emotion"] == emotion).sum() for emotion in MIKELS}
    assert (attrs["expected"], attrs["found"], attrs["missing"], attrs["empty"]) == (
        corpus.card.count,
        len(table),
        [],
        [],
    )
    assert all(path.is_file() for path in corpus.paths)
    assert corpora.verify(name, tmp_path, progress=False).ok
    assert len(corpus.content_hash) == 64


@pytest.mark.parametrize("module", [fi, artphoto, abstract, iapssubset])
def test_published_counts_add_up(module) -> None:  # noqa: ANN001
    assert tuple(module.PER_CLASS) == MIKELS
    assert sum(module.PER_CLASS.values()) == module.CARD.count


@pytest.mark.parametrize("name", WRITERS)
def test_an_emotion_without_pictures_is_told(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path)
    before = corpora.load(name, tmp_path)
    for path, emotion in zip(before.paths, before.table["emotion"], strict=True):
        if emotion == "anger":
            path.unlink()
    with pytest.warns(UserWarning, match=f"{name}: no picture of anger in"):
        after = corpora.load(name, tmp_path).table
    assert after.attrs["empty"] == ["anger"]
    assert after.attrs["per_class"] == before.table.attrs["per_class"] | {"anger": 0}


@pytest.mark.parametrize("name", WRITERS)
def test_an_emotion_with_one_picture_stays(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path)
    before = corpora.load(name, tmp_path)
    angry = [path for path, emotion in zip(before.paths, before.table["emotion"], strict=True) if emotion == "anger"]
    for path in angry[1:]:
        path.unlink()
    after = corpora.load(name, tmp_path)
    assert after.table.attrs["per_class"]["anger"] == 1
    assert after.table["image"][after.table["emotion"] == "anger"].tolist() == [
        angry[0].relative_to(after.root).as_posix()
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_unreadable_pictures_are_found_by_verifying(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path)
    corpus = corpora.load(name, tmp_path)
    corpus.paths[2].write_bytes(corpus.paths[2].read_bytes()[:60])
    corpus.paths[5].write_bytes(b"")
    broken = corpora.verify(name, tmp_path, progress=False).broken
    assert sorted(image for image, _ in broken) == sorted(corpus.table["image"][[2, 5]])


@pytest.mark.parametrize("name", WRITERS)
def test_pictures_with_the_same_bytes_share_a_group(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path)
    corpus = corpora.load(name, tmp_path)
    corpus.paths[9].write_bytes(corpus.paths[1].read_bytes())
    groups = corpora.load(name, tmp_path).table["group"]
    assert groups[9] == groups[1] == corpus.table["group"][1]
    assert groups.nunique() == corpus.table["group"].nunique() - 1


# Groups


@pytest.mark.parametrize("size", [1, 4096, 4097, 20_000])
def test_groups_look_at_every_byte(tmp_path: Path, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    bodies = [body[:size], body[:size], body[: size - 1] + b"\x7f", b"other" * 3, body[:size] + b"\0"]
    for k, data in enumerate(bodies):
        (tmp_path / f"{k}.jpg").write_bytes(data)
    names = [f"{k}.jpg" for k in range(len(bodies))]
    assert discrete.groups_by_bytes(tmp_path, names) == ["0.jpg", "0.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert exact_duplicates([tmp_path / name for name in names]) == [[0, 1]]


def test_groups_of_a_file_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gone.jpg cannot be read"):
        discrete.groups_by_bytes(tmp_path, ["gone.jpg"])


# Splits


NAMES = st.lists(st.text("abcdef0123456789_", min_size=1, max_size=8), min_size=1, max_size=120, unique=True)


@given(names=NAMES, order=st.randoms(use_true_random=False))
def test_split_by_name(names: list[str], order) -> None:  # noqa: ANN001
    """Shares within one picture of 80%, 5% and 15%, and the same for the same names in any order and any folder."""
    split = discrete.split_by_name([f"here/{name}.jpg" for name in names], ["awe"] * len(names))
    counts = Counter(split)
    assert abs(counts["train"] - 0.8 * len(names)) <= 0.5
    assert abs(counts["train"] + counts["val"] - 0.85 * len(names)) <= 0.5
    shuffled = list(names)
    order.shuffle(shuffled)
    again = discrete.split_by_name([f"else/where/{name}.jpg" for name in shuffled], ["awe"] * len(names))
    assert dict(zip(shuffled, again, strict=True)) == dict(zip(names, split, strict=True))


def test_split_by_name_is_this_one_on_every_machine() -> None:
    """Worked out with the command sha256sum: by their hashes the names are in the order h e g a d b c j i f."""
    names = [f"{letter}.jpg" for letter in "abcdefghij"]
    split = dict(zip("abcdefghij", discrete.split_by_name(names, ["fear"] * 10), strict=True))
    assert {letter for letter, part in split.items() if part == "test"} == {"i", "f"}
    assert Counter(split.values()) == {"train": 8, "test": 2}


def test_split_keeps_groups_and_emotions_apart() -> None:
    groups = (
        ["x/0.jpg"] * 50 + [f"x/{n}.jpg" for n in range(1, 41)] + [f"y/{n}.jpg" for n in range(100, 120)] + ["z/z.jpg"]
    )
    emotions = ["awe"] * 25 + ["fear"] * 25 + ["awe"] * 40 + ["fear"] * 20 + ["anger"]
    split = discrete.split_by_name(groups, emotions)
    assert len(set(split[:50])) == 1
    assert Counter(split[50:90])["train"] in (32, 33)
    assert Counter(split[90:110]) == {"train": 16, "val": 1, "test": 3}
    assert split[-1] == "train"  # alone of its emotion


# Reading


@pytest.mark.parametrize(
    "path",
    ["/a.jpg", "../a.jpg", "a/../b.jpg", "a//b.jpg", "C:\\a.jpg", "", ".", "a/", "a\0.jpg", "a\n.jpg", 7, None, []],
)
def test_paths_that_leave_their_folder(path) -> None:  # noqa: ANN001
    assert discrete.relative_path(path) is None


def test_paths_as_lists_have_them() -> None:
    assert discrete.relative_path("image\\awe\\a b.jpg") == "image/awe/a b.jpg"
    assert discrete.relative_path("./é/a.jpg") == "é/a.jpg"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[1, 2, 3],\n [1, }", "line 2, column 6: not JSON"),
        ("{}", "a JSON dict where a list of rows"),
        ("[[1, 2, 3], [1]]", "row 2: a list of 1 where a list of 3 or 4"),
        ("[7]", "row 1: a JSON int"),
        ("[" * 100_000, "not JSON"),
        ("[[1, 2, " + "9" * 10_000 + "]]", "not JSON"),
        ("", "line 1, column 1"),
        (" " * 2000, "more than 1,000 bytes"),
    ],
    ids=range(8),
)
def test_json_that_is_no_list_of_rows(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(BadInput, match=fault):
        discrete.read_rows(tmp_path / "x.json", 1_000 if text.isspace() else 1_000_000, (3, 4))


@settings(max_examples=300)
@given(data=st.one_of(st.binary(max_size=200), st.text("[]{},:\"'0123 \n\\ud8anulltrue", max_size=60).map(str.encode)))
def test_hostile_json_and_tables_give_rows_or_bad_input(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "hostile"
    file.write_bytes(data)
    try:
        rows = discrete.read_rows(file, 1_000, (2,))
    except BadInput as error:
        assert str(file) in str(error)
    else:
        assert rows == json.loads(data.decode("utf-8-sig"))
    for delimiter in ",\t":
        try:
            lines = list(discrete.read_cells(file, 1_000, delimiter))
        except BadInput as error:
            assert re.search(r"hostile, line \d+: ", str(error))
        else:
            assert all(cells for _, cells in lines)


def test_a_folder_whose_name_is_no_emotion(tmp_path: Path) -> None:
    writers.write_picture(tmp_path / "awe" / "1.jpg", 0)
    (tmp_path / "notes").mkdir()
    assert discrete.emotion_folders(tmp_path) == {"awe": ("awe", ["1.jpg"])}
    writers.write_picture(tmp_path / "happy" / "1.jpg", 0)
    with pytest.raises(BadInput, match="happy holds pictures, but its name is no emotion.*does not say which"):
        discrete.emotion_folders(tmp_path)


def test_two_folders_of_one_emotion(tmp_path: Path) -> None:
    for name in ("content", "contentment"):
        (tmp_path / name).mkdir()
    with pytest.raises(BadInput, match="two folders of contentment, 'content' and 'contentment'"):
        discrete.emotion_folders(tmp_path)
