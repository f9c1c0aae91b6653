"""Batches of random cuts: exact, the same from files and shards, resumable, and cut as torchvision would."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from emolib.corpora import artphoto, shards
from emolib.corpora.base import Corpus
from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput
from emolib.training import batches as module
from emolib.training.batches import Batch, batches, random_view
from tests.fixtures.corpora import picture

COUNT = 23


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    images = [f"{k}.png" for k in range(COUNT)]
    for k, image in enumerate(images):
        picture(np.random.default_rng(k), 0.5, k / COUNT, (60, 40)).save(tmp_path / "pictures" / image)
    table = pd.DataFrame({"image": images, "group": images, "split": ""})
    return Corpus("some", table, artphoto.CARD, tmp_path / "pictures")


@pytest.fixture
def sharded(corpus: Corpus, tmp_path: Path) -> shards.Sharded:
    return shards.open(shards.write(corpus, tmp_path / "shards", max_bytes=50_000, progress=False), progress=False)


def by_row(found: list[Batch]) -> dict[int, bytes]:
    return {int(row): pixels.tobytes() for batch in found for row, pixels in zip(batch.rows, batch.pixels, strict=True)}


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        a.position == b.position and np.array_equal(a.rows, b.rows) and np.array_equal(a.pixels, b.pixels)
        for a, b in zip(one, other, strict=True)
    )


def test_every_picture_comes_once(corpus: Corpus, sharded: shards.Sharded) -> None:
    for source in (corpus, sharded):
        found = list(batches(source, 5, size=16, seed=3, epoch=1))
        assert [batch.position for batch in found] == [5, 10, 15, 20, 23]
        assert all(b.pixels.shape == (len(b.rows), 16, 16, 3) and b.pixels.dtype == np.uint8 for b in found)
        assert sorted(np.concatenate([batch.rows for batch in found])) == list(range(COUNT))
    assert list(batches(corpus.subset([]), 5)) == []


def test_a_picture_is_cut_as_seed_epoch_and_row_say(corpus: Corpus, sharded: shards.Sharded) -> None:
    found = by_row(list(batches(corpus, 4, size=16, seed=3, epoch=1)))
    assert by_row(list(batches(sharded, 7, size=16, seed=3, epoch=1))) == found
    for row, path in enumerate(corpus.paths):
        chance = np.random.default_rng([3, 1, row])
        assert random_view(read_picture(path), 16, chance).tobytes() == found[row]
    for other in ({"seed": 4, "epoch": 1}, {"seed": 3, "epoch": 2}):
        others = by_row(list(batches(corpus, 4, size=16, **other)))
        assert not any(others[row] == found[row] for row in found)


@pytest.mark.parametrize("how", [{"workers": 1}, {"workers": 7}, {"ahead": 0}, {"ahead": 9}])
def test_threads_and_prefetching_change_nothing(corpus: Corpus, sharded: shards.Sharded, how: dict) -> None:
    for source in (corpus, sharded):
        assert same(list(batches(source, 5, size=8, **how)), list(batches(source, 5, size=8)))


def test_an_epoch_resumes_behind_any_batch(corpus: Corpus, sharded: shards.Sharded) -> None:
    for source in (corpus, sharded):
        for parts in (1, 2):
            whole = list(batches(source, 4, size=8, part=parts - 1, parts=parts))
            for k, batch in enumerate(whole):
                rest = batches(source, 4, size=8, part=parts - 1, parts=parts, start=batch.position)
                assert same(list(rest), whole[k + 1 :])


def test_parts_share_an_epoch(corpus: Corpus, sharded: shards.Sharded) -> None:
    for source in (corpus, sharded):
        rows = [r for part in range(3) for b in batches(source, 4, size=8, part=part, parts=3) for r in b.rows]
        assert sorted(rows) == list(range(COUNT))


def test_a_broken_picture_is_named_and_no_thread_stays(corpus: Corpus) -> None:
    before = threading.active_count()
    path = corpus.root / "7.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(BadInput, match=r"7\.png cannot be read as a picture"):
        list(batches(corpus, 4, size=8))
    assert threading.active_count() == before


def test_a_broken_picture_in_a_shard_is_named(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.root / "7.png").write_bytes(b"no picture")
    broken = shards.open(shards.write(corpus, tmp_path / "broken", progress=False), progress=False)
    with pytest.raises(BadInput, match=r"shard-000000\.tar: 7\.png cannot be read as a picture"):
        list(batches(broken, 4, size=8))


def test_who_stops_early_leaves_no_work_behind(corpus: Corpus) -> None:
    before = threading.active_count()
    epoch = batches(corpus, 2, size=8)
    next(epoch)
    epoch.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "how", [{"batch": 0}, {"batch": True}, {"size": 0}, {"ahead": -1}, {"workers": 0}, {"start": -1}, {"part": 1},
            {"seed": -1}, {"epoch": 1.5}],
)  # fmt: skip
def test_numbers_that_make_no_sense(corpus: Corpus, sharded: shards.Sharded, how: dict) -> None:
    for source in (corpus, sharded):
        with pytest.raises(BadInput):
            list(batches(source, **{"batch": 4, **how}))


# Cuts


@settings(max_examples=60)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(0, 2**32))
def test_the_pixels_are_torchvisions(width: int, height: int, size: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    left, top, across, down = module._part(width, height, np.random.default_rng(seed))
    assert 0 <= left <= left + across <= width and 0 <= top <= top + down <= height and across and down
    expected = v2.functional.resized_crop(image, top, left, down, across, [size, size], antialias=True)
    found = random_view(image, size, np.random.default_rng(seed))
    assert found.tobytes() in (expected.tobytes(), v2.functional.horizontal_flip(expected).tobytes())


def test_parts_are_spread_as_torchvisions() -> None:
    """Shares of the area, sides and places of many cuts beside those of an independent implementation."""
    chance, cut = np.random.default_rng(0), v2.RandomResizedCrop(8, scale=module.SCALE, ratio=module.RATIO)
    import torch

    torch.manual_seed(0)
    image, ours, theirs = Image.new("RGB", (500, 400)), [], []
    for _ in range(4000):
        left, top, width, height = module._part(500, 400, chance)
        ours.append((left, top, width, height, width * height, width / height))
        found = cut.make_params([image])
        values = (found["left"], found["top"], found["width"], found["height"])
        theirs.append((*values, values[2] * values[3], values[2] / values[3]))
    ours, theirs = np.array(ours, float), np.array(theirs, float)
    error = np.sqrt((ours.var(0) + theirs.var(0)) / 4000)
    assert (np.abs(ours.mean(0) - theirs.mean(0)) < 4.5 * error).all()
    np.testing.assert_allclose(ours.std(0), theirs.std(0), rtol=0.08)


@pytest.mark.parametrize(("width", "height"), [(1000, 10), (10, 1000), (1, 50), (50, 1)])
def test_a_picture_too_narrow_for_any_cut_gives_its_middle(width: int, height: int) -> None:
    theirs = v2.RandomResizedCrop(8, scale=module.SCALE, ratio=module.RATIO)
    found = theirs.make_params([Image.new("RGB", (width, height))])
    middle = (found["left"], found["top"], found["width"], found["height"])
    assert module._part(width, height, np.random.default_rng(0)) == middle


def test_half_of_the_cuts_are_mirrored() -> None:
    image = Image.linear_gradient("L").rotate(90).convert("RGB")
    rising = [np.diff(random_view(image, 8, np.random.default_rng(seed))[0, :, 0].astype(int)).mean() > 0
              for seed in range(400)]  # fmt: skip
    assert 150 < sum(rising) < 250
