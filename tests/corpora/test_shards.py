"""Shards hold what the corpus held, in any reader; an epoch is exact and resumes; what strangers wrote is refused."""

from __future__ import annotations

import hashlib
import io
import json
import math
import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import artphoto, shardcheck, shards
from emolib.corpora.base import Corpus
from emolib.corpora.pictures import read_picture
from emolib.corpora.sharded import Sharded, decode
from emolib.errors import BadInput, Unavailable
from tests.fixtures.corpora import picture, write_cgna10766, write_oasis

COUNT = 17
PLAIN = [("image", "str"), ("n", "int64")]


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A column of every type, missing values, odd names, kinds of pictures, a picture of two rows."""
    root = tmp_path / "pictures"
    (root / "a folder").mkdir(parents=True)
    endings = ["jpg", "JPG", "png", "webp", "gif", "bmp", "jpeg", "tiff", "ppm"]
    images = [f"a folder/é {k}.{endings[k % len(endings)]}" for k in range(COUNT - 1)]
    for k, image in enumerate(images):
        picture(np.random.default_rng(k), 0.5, k / COUNT, (40, 30)).save(root / image)
    images.append(images[2])
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image": images, "group": [str(k // 2) for k in range(COUNT)], "split": "train"})
    table["words"] = [["sea", "a \u2028 b"], [], None, {"k": [1, None]}, *range(COUNT - 4)]
    table["note"] = pd.Series([None, "", "\u0000", "😀", *["x"] * (COUNT - 4)], dtype="str")
    table["valence"] = [math.nan, -0.0, 1e-308, *rng.normal(size=COUNT - 3)]
    table["small"] = rng.normal(size=COUNT).astype(np.float32)
    table["votes"] = [2**62, -(2**63), *range(COUNT - 2)]
    table["few"] = np.arange(COUNT, dtype=np.int32)
    table["accepted"] = [k % 3 == 0 for k in range(COUNT)]
    table.attrs.update(missing=["é.jpg"], found=COUNT, per_class={"awe": np.int64(3)}, layout="c")
    return Corpus("odd", table, artphoto.CARD, root)


@pytest.fixture
def sharded(corpus: Corpus, tmp_path: Path) -> Sharded:
    return shards.open(shards.write(corpus, tmp_path / "shards", max_bytes=30_000, progress=False), progress=False)


# The same corpus


def test_every_row_and_picture_is_that_of_the_files(corpus: Corpus, sharded: Sharded) -> None:
    assert len(sharded.files) > 2
    pd.testing.assert_frame_equal(sharded.table, corpus.table)
    assert sharded.table.attrs == corpus.table.attrs
    assert (sharded.name, sharded.card) == ("odd", artphoto.CARD)
    for row, path in enumerate(corpus.paths):
        assert sharded.read(row) == path.read_bytes()
        assert sharded.picture(row).tobytes() == read_picture(path).tobytes()
    assert sharded.picture_hashes == corpus.picture_hashes


def test_the_hash_is_that_of_the_files(tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=3)
    write_cgna10766(tmp_path, n=7)
    for name in ("oasis", "cgna10766"):
        before = corpora.load(name, tmp_path)
        after = shards.open(shards.write(before, tmp_path / f"{name}-shards", progress=False), progress=False)
        assert after.content_hash == before.content_hash
        assert after.card is corpora.card(name) and after.counts == before.counts
        pd.testing.assert_frame_equal(after.table, before.table)


def test_the_library_reads_them(corpus: Corpus, sharded: Sharded) -> None:
    import webdataset

    seen = list(webdataset.WebDataset([str(path) for path in sharded.files], shardshuffle=False))
    assert [sample["__key__"] for sample in seen] == [f"{row:09d}" for row in range(COUNT)]
    kinds = {"JPG": "jpg", "jpeg": "jpg", "tiff": "tif"}
    for row, sample in enumerate(seen):
        kind = corpus.paths[row].suffix[1:]
        assert sample[kinds.get(kind, kind)] == corpus.paths[row].read_bytes()
        labels = json.loads(sample["json"])
        assert list(labels) == list(corpus.table.columns)
        for name in ("image", "votes", "accepted", "words"):
            assert labels[name] == corpus.table[name].tolist()[row]


def test_the_same_corpus_gives_the_same_bytes(corpus: Corpus, sharded: Sharded, tmp_path: Path) -> None:
    again = shards.write(corpus, tmp_path / "again", max_bytes=30_000, progress=False)
    rewritten = shards.write(sharded, tmp_path / "rewritten", max_bytes=30_000, progress=False)
    for folder in (again, rewritten):
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
            p.name: p.read_bytes() for p in sharded.root.iterdir()
        }


@pytest.mark.parametrize("max_bytes", [1, 30_000, 60_000, 1 << 30])
def test_shards_are_no_larger_than_asked(corpus: Corpus, tmp_path: Path, max_bytes: int) -> None:
    folder = shards.write(corpus, tmp_path / "out", max_bytes=max_bytes, progress=False)
    index = json.loads((folder / "index.json").read_text("utf-8"))
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", *(e["file"] for e in index["shards"])]
    assert sum(entry["samples"] for entry in index["shards"]) == index["samples"] == COUNT
    for entry in index["shards"]:
        content = (folder / entry["file"]).read_bytes()
        assert len(content) == entry["bytes"] and hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["bytes"] <= max_bytes or entry["samples"] == 1
    assert len(index["shards"]) == (COUNT if max_bytes == 1 else 1 if max_bytes == 1 << 30 else len(index["shards"]))
    assert len(shards.open(folder, progress=False)) == COUNT


def test_an_empty_corpus(corpus: Corpus, tmp_path: Path) -> None:
    empty = shards.open(shards.write(corpus.subset([]), tmp_path / "none", progress=False), progress=False)
    pd.testing.assert_frame_equal(empty.table, corpus.subset([]).table)
    assert list(empty.epoch(0, 0)) == [] and empty.picture_hashes == []


def test_a_subset_keeps_its_pictures(corpus: Corpus, sharded: Sharded) -> None:
    for which in ([5, 0, 16], corpus.table["accepted"], []):
        some, same = sharded.subset(which), corpus.subset(which)
        pd.testing.assert_frame_equal(some.table, same.table)
        assert [some.read(row) for row in range(len(some))] == [path.read_bytes() for path in same.paths]
        assert sorted(sample.row for sample in some.epoch(1, 1)) == list(range(len(some)))
    with pytest.raises(BadInput, match="odd: positions run from 0 to 16"):
        sharded.subset([17])


def test_pictures_in_shards_have_no_paths(sharded: Sharded) -> None:
    with pytest.raises(BadInput, match="use its `read`, `picture` or `epoch`"):
        _ = sharded.paths
    for row in (-1, COUNT):
        with pytest.raises(BadInput, match="rows run from 0 to 16"):
            sharded.read(row)


# Epochs


@pytest.mark.parametrize("window", [1, 3, 2048])
@pytest.mark.parametrize("parts", [1, 2, 5, 20])
def test_an_epoch_has_every_row_once(corpus: Corpus, sharded: Sharded, parts: int, window: int) -> None:
    order = sharded.order(7, 2, window)
    assert sorted(order) == list(range(COUNT))
    seen = {}
    for part in range(parts):
        samples = list(sharded.epoch(7, 2, part=part, parts=parts, window=window))
        assert [sample.position for sample in samples] == list(range(len(samples)))
        for k, sample in enumerate(samples):
            assert sample.content == corpus.paths[sample.row].read_bytes()
            seen[part + k * parts] = sample.row
    assert [seen[k] for k in range(COUNT)] == order.tolist()


def test_order_follows_seed_and_epoch(sharded: Sharded) -> None:
    orders = {tuple(sharded.order(seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert sharded.order(1, 2).tolist() == sharded.order(1, 2).tolist()
    first = [sharded.places[sharded.order(0, epoch, 1)[0], 0] for epoch in range(40)]
    assert set(first) == set(range(len(sharded.files)))  # shards are shuffled


@pytest.mark.parametrize("window", [1, 4, 2048])
def test_an_epoch_resumes_anywhere(sharded: Sharded, window: int) -> None:
    whole = list(sharded.epoch(3, 1, window=window))
    for start in range(COUNT + 2):
        assert list(sharded.epoch(3, 1, start=start, window=window)) == whole[start:]
    second = list(sharded.epoch(3, 1, part=1, parts=2, window=window))
    assert list(sharded.epoch(3, 1, part=1, parts=2, start=4, window=window)) == second[4:]


def test_resuming_reads_no_picture_that_came_before(sharded: Sharded, monkeypatch: pytest.MonkeyPatch) -> None:
    read, rows = Sharded.read, []
    monkeypatch.setattr(Sharded, "read", lambda self, row: rows.append(row) or read(self, row))
    rest = [sample.row for sample in sharded.epoch(3, 1, start=9)]
    assert sorted(rows) == sorted(rest) and len(rest) == COUNT - 9


def test_shards_are_read_from_front_to_back(sharded: Sharded, monkeypatch: pytest.MonkeyPatch) -> None:
    read, rows = Sharded.read, []
    monkeypatch.setattr(Sharded, "read", lambda self, row: rows.append(row) or read(self, row))
    held = 0
    for k, _ in enumerate(sharded.epoch(5, 0, window=4)):
        held = max(held, len(rows) - k - 1)
    assert 0 < held <= 4
    places = sharded.places[rows]
    assert len({*map(tuple, places)}) == COUNT
    runs = [k for k in range(1, COUNT) if places[k, 0] != places[k - 1, 0]]
    assert len(runs) == len(sharded.files) - 1  # no shard is gone back to
    assert all(places[k, 1] > places[k - 1, 1] for k in range(1, COUNT) if k not in runs)


@given(st.integers(1, 300), st.integers(1, 400), st.integers(0, 2**40), st.integers(1, 9))
def test_no_row_moves_further_than_the_window(count: int, window: int, seed: int, files: int) -> None:
    places = np.stack([np.arange(count) * files // count, np.arange(count) * 10, np.ones(count)], 1).astype(np.int64)
    table = pd.DataFrame({"image": [str(k) for k in range(count)]})
    made = Sharded("x", table, artphoto.CARD, Path(), (Path("s"),) * files, ((0, 0),) * files, places)
    shuffled = made._shuffle(seed, 1, window)
    assert sorted(shuffled) == list(range(count))
    assert (np.abs(shuffled - np.arange(count)) <= window).all()


def test_one_window_over_all_shuffles_evenly(sharded: Sharded) -> None:
    """Over many epochs every row comes at every place about as often; with the window as wide as many corpora."""
    where = np.zeros((COUNT, COUNT))
    for epoch in range(600):
        where[sharded.order(0, epoch, 10**9), np.arange(COUNT)] += 1
    assert np.abs(where - 600 / COUNT).max() < 6 * math.sqrt(600 / COUNT)


@pytest.mark.parametrize(
    "how", [{"start": -1}, {"part": 1}, {"part": -1, "parts": 2}, {"parts": 0}, {"start": 1.0}, {"window": 0},
            {"seed": -1}, {"epoch": True}, {"seed": 0.5}],
)  # fmt: skip
def test_numbers_that_make_no_sense(sharded: Sharded, how: dict) -> None:
    with pytest.raises(BadInput):
        list(sharded.epoch(**{"seed": 0, "epoch": 0, **how}))


# Writing


def test_nothing_half_written_stays(corpus: Corpus, tmp_path: Path) -> None:
    corpus.paths[9].unlink()
    with pytest.raises(BadInput, match=r"é 9\.jpg cannot be read"):
        shards.write(corpus, tmp_path / "out" / "shards", max_bytes=20_000, progress=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="already exists"):
        shards.write(corpus, tmp_path / "out", progress=False)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(when=pd.Timestamp("2020-01-01")), "column 'when' is of the type datetime64"),
        (lambda t: t.assign(kind=pd.Categorical(["a"] * COUNT)), "column 'kind' is of the type category"),
        (lambda t: t.assign(**{"x": math.inf}), "column 'x': inf is no number"),
        (lambda t: t.assign(x=[{1, 2}] * COUNT), "column 'x': a set is nothing"),
        (lambda t: t.assign(x=[{1: 2}] * COUNT), "column 'x': a dict is nothing"),
        (lambda t: t.rename(columns={"note": 3}), "the column 3 has no text for a name"),
        (lambda t: t.assign(image="../secret.jpg"), "is no path below its folder"),
        (lambda t: t.assign(image="/etc/passwd"), "is no path below its folder"),
        (lambda t: t.drop(columns="image"), "odd has no pictures"),
        (lambda t: t.assign(note="x" * (shardcheck.MAX_LABELS + 1)), "its labels have"),
    ],
)
def test_tables_that_shards_cannot_hold(corpus: Corpus, tmp_path: Path, change: Callable, message: str) -> None:
    other = Corpus("odd", change(corpus.table), corpus.card, corpus.root)
    with pytest.raises(BadInput, match=message):
        shards.write(other, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("max_bytes", [0, -5, True, 1e6, "1"])
def test_sizes_that_make_no_sense(corpus: Corpus, tmp_path: Path, max_bytes: object) -> None:
    with pytest.raises(BadInput, match="max_bytes is a whole number"):
        shards.write(corpus, tmp_path / "out", max_bytes=max_bytes, progress=False)


def test_a_huge_picture_is_refused(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MAX_PICTURE", 100)
    with pytest.raises(BadInput, match="has more than 100 bytes"):
        shards.write(corpus, tmp_path / "out", progress=False)


# What strangers wrote


def forge(folder: Path, members: list[tuple[tarfile.TarInfo, bytes]], columns: list = PLAIN) -> Path:
    """A folder with one shard of the given members and an index that is right about its size and SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shard-000000.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return reindex(folder, columns=columns)


def reindex(folder: Path, **changes: object) -> Path:
    content = (folder / "shard-000000.tar").read_bytes()
    entry = {"file": "shard-000000.tar", "samples": 1, "bytes": len(content)}
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    index = {"schema": 1, "name": "odd", "card": "artphoto", "samples": 1, "columns": PLAIN, "attrs": {}}
    (folder / "index.json").write_text(json.dumps({**index, "shards": [entry], **changes}), "utf-8")
    return folder


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: object) -> tuple:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(content), kind
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


LABELS = b'{"image": "a.jpg", "n": 1}'
GOOD = [member("000000000.jpg", b"bytes"), member("000000000.json", LABELS)]


def refused(folder: Path, message: str, where: str = "shard-000000.tar") -> None:
    before = {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()}
    with pytest.raises(BadInput, match=message) as caught:
        shards.open(folder, progress=False)
    assert str(folder / where) in str(caught.value)
    assert {path: path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()} == before


def test_a_forged_shard_that_is_right_is_read(tmp_path: Path) -> None:
    found = shards.open(forge(tmp_path / "x", GOOD), progress=False)
    assert found.table.to_dict("list") == {"image": ["a.jpg"], "n": [1]} and found.read(0) == b"bytes"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("../000000000.jpg", b"x"), GOOD[1]], r"'../000000000.jpg' is no name of a sample"),
        ([member("/000000000.jpg", b"x"), GOOD[1]], "is no name of a sample"),
        ([member("a/000000000.jpg", b"x"), GOOD[1]], "is no name of a sample"),
        ([member("000000000.exe", b"x"), GOOD[1]], "is no name of a sample"),
        ([member("٠٠٠٠٠٠٠٠٠.jpg", b"x"), GOOD[1]], "is no name of a sample"),
        ([member("000000000.jpg", kind=tarfile.SYMTYPE, linkname="/etc/passwd"), GOOD[1]], "is a link or a special"),
        ([member("000000000.jpg", kind=tarfile.LNKTYPE, linkname="../x"), GOOD[1]], "is a link or a special"),
        ([member("000000000.jpg", kind=tarfile.CHRTYPE), GOOD[1]], "is a link or a special"),
        ([member("000000000.jpg", kind=tarfile.DIRTYPE), GOOD[1]], "is a link or a special"),
        ([member("000000000.jpg", kind=tarfile.GNUTYPE_SPARSE), GOOD[1]], "is a link or a special"),
        ([member("000000000.jpg", b"9 x=y\n", kind=tarfile.XHDTYPE), *GOOD], "is a link or a special"),
        ([GOOD[0]], "ends before its last sample"),
        ([], "ends before its last sample"),
        ([GOOD[0], GOOD[0], GOOD[1]], "stands where a part of 000000000 has to be"),
        ([GOOD[1], GOOD[1]], "stands where a part of 000000000 has to be"),
        ([member("000000001.jpg", b"x"), member("000000001.json", LABELS)], "stands where a part of 000000000"),
        ([*GOOD, member("000000001.jpg", b"x")], "goes on behind its 1 samples"),
        ([GOOD[0], member("000000000.json", b" " * (1 << 20) + LABELS)], "at most 1,048,576 are read"),
    ],
)
def test_members_that_no_shard_has(tmp_path: Path, members: list, message: str) -> None:
    refused(forge(tmp_path / "x", members), message)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"[1]", "a JSON list where the columns image, n have to be"),
        (b'{"image": "a.jpg"}', "image where the columns image, n"),
        (b'{"image": "a.jpg", "n": 1, "more": 2}', "image, n, more where the columns"),
        (b'{"n": 1, "image": "a.jpg"}', "n, image where the columns"),
        (b'{"image": "a.jpg", "n": 1.5}', "n is '1.5', nothing for a column of the type int64"),
        (b'{"image": "a.jpg", "n": "1"}', "nothing for a column of the type int64"),
        (b'{"image": "a.jpg", "n": true}', "nothing for a column of the type int64"),
        (b'{"image": "a.jpg", "n": null}', "nothing for a column of the type int64"),
        (b'{"image": "a.jpg", "n": 9223372036854775808}', "nothing for a column of the type int64"),
        (b'{"image": "a.jpg", "n": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
        (b'{"image": "../a.jpg", "n": 1}', "image is '../a.jpg'"),
        (b'{"image": "/a.jpg", "n": 1}', "image is '/a.jpg'"),
        (b'{"image": null, "n": 1}', "image is 'None'"),
        (b'{"image": "a.jpg", "n": NaN}', "NaN is no JSON"),
        (b'{"image": "a.jpg", "n": 1', "not JSON that can be read"),
        (b"\xff", "not JSON that can be read"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b"", "not JSON that can be read"),
    ],
)
def test_labels_that_are_not_the_columns(tmp_path: Path, labels: bytes, message: str) -> None:
    refused(forge(tmp_path / "x", [GOOD[0], member("000000000.json", labels)]), message)


@pytest.mark.parametrize(("value", "dtype"), [("1e999", "float64"), ("1e39", "float32"), ("1" + "0" * 400, "float64"),
                                              ("1", "bool"), ("1", "str"), ("2147483648", "int32")])  # fmt: skip
def test_values_that_the_type_of_a_column_cannot_hold(tmp_path: Path, value: str, dtype: str) -> None:
    labels = member("000000000.json", f'{{"image": "a.jpg", "n": {value}}}'.encode())
    refused(forge(tmp_path / "x", [GOOD[0], labels], [("image", "str"), ("n", dtype)]), f"the type {dtype}")


def test_a_member_that_claims_to_be_huge(tmp_path: Path) -> None:
    folder = forge(tmp_path / "x", GOOD)
    path = folder / "shard-000000.tar"
    for size, message in ((shardcheck.MAX_PICTURE + 1, "at most 268,435,456 are read"), (1 << 20, "ends inside '0000")):
        head = member("000000000.jpg", b"")[0]
        head.size = size
        path.write_bytes(head.tobuf(tarfile.USTAR_FORMAT) + bytes(10_240 - 512))
        refused(reindex(folder), message)
    head = bytearray(member("000000000.jpg", b"")[0].tobuf(tarfile.USTAR_FORMAT))
    head[124:136] = b"\xff" * 12  # a size below zero, as GNU tar writes numbers
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + 8 * 32 + sum(head[156:]))
    path.write_bytes(bytes(head) + bytes(10_240 - 512))
    refused(reindex(folder), "has -1 bytes")


def test_a_shard_that_was_cut_short_or_changed(sharded: Sharded, tmp_path: Path) -> None:
    path = sharded.files[1]
    content = path.read_bytes()
    for changed, message in (
        (content[:-1], "its index says"),
        (content[: len(content) // 2], "its index says"),
        (b"", "its index says"),
        (content[:600] + bytes([content[600] ^ 1]) + content[601:], "has the SHA-256"),
    ):
        path.write_bytes(changed)
        with pytest.raises(BadInput, match=message) as caught:
            shards.open(sharded.root, progress=False)
        assert str(path) in str(caught.value)
        with pytest.raises(BadInput, match="changed since it was opened"):
            list(sharded.epoch(0, 0))
    path.unlink()
    with pytest.raises(BadInput, match=f"{path.name} cannot be read"):
        shards.open(sharded.root, progress=False)


@pytest.mark.parametrize("cut", [0, 300, 512, 700, 1024, 1200, 1600, 2000, 2100])
def test_a_truncated_tar_with_an_index_to_match(tmp_path: Path, cut: int) -> None:
    folder = forge(tmp_path / "x", GOOD)
    path = folder / "shard-000000.tar"
    path.write_bytes(path.read_bytes()[:cut] or b"\0")
    refused(reindex(folder), "ends before|ends inside|goes on behind|damaged")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "no index of shards of schema 1"),
        ({"samples": 2}, "2 samples are not the sum"),
        ({"samples": True}, "'samples' is no int"),
        ({"name": 3}, "'name' is no str"),
        ({"columns": [["n", "int64"]]}, "need one of text called image"),
        ({"columns": [["image", "str"], ["image", "str"]]}, "every name once"),
        ({"columns": [["image", "str"], ["n", "datetime64[ns]"]]}, "is no column and its type"),
        ({"columns": [["image", "str"], "n"]}, "is no column and its type"),
        ({"shards": [{}]}, "shard 0 needs the file"),
        ({"shards": [3]}, "shard 0 needs the file"),
        ({"shards": {}}, "'shards' is no list"),
        ({"attrs": []}, "'attrs' is no dict"),
    ],
)
def test_an_index_that_is_none(tmp_path: Path, changes: dict, message: str) -> None:
    refused(reindex(forge(tmp_path / "x", GOOD), **changes), message, "index.json")


@pytest.mark.parametrize("file", ["../shard-000000.tar", "/etc/passwd", "shard-000001.tar", None])
def test_an_index_that_names_another_file(tmp_path: Path, file: object) -> None:
    folder = forge(tmp_path / "x", GOOD)
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0]["file"] = file
    (folder / "index.json").write_text(json.dumps(index))
    refused(folder, "shard 0 needs the file shard-000000.tar", "index.json")


def test_no_index_and_an_unknown_card(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="is no folder of shards"):
        shards.open(tmp_path)
    folder = reindex(forge(tmp_path / "x", GOOD), card="nosuch")
    with pytest.raises(BadInput, match="no corpus called 'nosuch'"):
        shards.open(folder)
    assert shards.open(folder, card=artphoto.CARD, progress=False).card is artphoto.CARD


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_changes_nothing(sharded: Sharded, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever bytes of headers and labels become, with an index to match: BadInput, or a table of the same types."""
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    forge(folder, GOOD)
    path = folder / "shard-000000.tar"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 2559))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # a checksum to match
        for start in (0, 1024):
            head = content[start : start + 512]
            content[start + 148 : start + 156] = b"%06o\0 " % (sum(head[:148]) + 8 * 32 + sum(head[156:]))
    path.write_bytes(bytes(content))
    reindex(folder)
    try:
        found = shards.open(folder, progress=False)
    except BadInput as error:
        assert str(path) in str(error)
    else:
        assert [str(dtype) for dtype in found.table.dtypes] == ["str", "int64"] and len(found.read(0)) >= 0


# Receipts


def test_a_shard_is_checked_again_only_when_it_changed(sharded: Sharded, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    hash_file = shardcheck.hash_file
    monkeypatch.setattr(shardcheck, "hash_file", lambda path: hashed.append(path.name) or hash_file(path))
    again = shards.open(sharded.root, progress=False)
    assert hashed == []
    pd.testing.assert_frame_equal(again.table, sharded.table)
    np.testing.assert_array_equal(again.places, sharded.places)
    sharded.files[1].write_bytes(sharded.files[1].read_bytes())
    assert shards.open(sharded.root, progress=False).read(0) == sharded.read(0)
    assert hashed == [sharded.files[1].name]


def test_a_damaged_receipt_is_not_believed(sharded: Sharded, own_places: Path) -> None:
    receipts = list((own_places / "cache" / "shards").iterdir())
    assert len(receipts) == len(sharded.files)
    for receipt, content in zip(receipts, [b"", b"[]", b'{"places": [], "labels": []}', b"\xff"], strict=False):
        receipt.write_bytes(content)
    pd.testing.assert_frame_equal(shards.open(sharded.root, progress=False).table, sharded.table)


# Decoding from memory


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_damaged_pictures_are_refused_by_name(corpus: Corpus, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(chance.choice(corpus.paths).read_bytes())
    for _ in range(chance.randrange(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    content = bytes(content[: chance.randrange(len(content) + 1)])
    try:
        image = decode(content, "shard: picture")
    except BadInput as error:
        assert str(error).startswith("shard: picture ")
    else:
        assert image.mode == "RGB"
