"""Near hashes: all that a comparison of every pair finds, nothing else, and not by comparing every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.curation.duplicates import duplicate_groups
from emolib.curation.matching import HashIndex, near_duplicates
from emolib.errors import BadInput


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (np.unpackbits(a, axis=1)[:, None, :] != np.unpackbits(b, axis=1)[None, :, :]).sum(axis=2)


def planted(seed: int, count: int, width: int, most: int, bits: int | None = None) -> np.ndarray:
    """Hashes of which many are copies of others with up to `most` bits changed, only the first `bits` of them used."""
    chance = np.random.default_rng(seed)
    bits = 8 * width if bits is None else bits
    values = np.zeros((count, 8 * width), np.uint8)
    values[:, :bits] = chance.integers(0, 2, (count, bits))
    for row in range(count // 2, count):
        values[row] = values[chance.integers(0, max(row, 1))]
        values[row, chance.permutation(bits)[: chance.integers(0, most + 1)]] ^= 1
    return np.packbits(values[chance.permutation(count)], axis=1)


def expected(hashes: np.ndarray, limit: int) -> list[tuple[int, int]]:
    """What the docstring promises, from all distances: near pairs of first records, later ones with their first."""
    apart = distances(hashes, hashes)
    first = (apart == 0).argmax(axis=1)
    pairs = set()
    for i in range(len(hashes)):
        if first[i] != i:
            pairs.add((int(first[i]), i))
        else:
            pairs |= {(i, j) for j in range(i + 1, len(hashes)) if first[j] == j and apart[i, j] <= limit}
    return sorted(pairs)


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([1, 2, 3, 8, 9, 16, 32]), st.integers(0, 40))
@settings(max_examples=150)
def test_all_near_pairs_are_found(seed, count, width, limit):
    limit = min(limit, 8 * width)
    hashes = planted(seed, count, width, limit + 2)
    found = near_duplicates(hashes, limit)
    assert found.dtype == np.int64 and found.shape[1:] == (2,)
    assert [tuple(pair) for pair in found.tolist()] == expected(hashes, limit)


@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([1, 8, 9, 16]), st.integers(0, 12), st.data())
@settings(max_examples=150)
def test_an_index_finds_each_match_once_however_the_bits_are_cut(seed, count, width, limit, data):
    limit = min(limit, 8 * width)
    bands = data.draw(st.none() | st.integers(-(-8 * width // 22), min(8 * width, 14)))
    hashes = planted(seed, count, width, limit + 2, bits=data.draw(st.sampled_from([8 * width, 8 * width // 2])))
    queries = np.concatenate([hashes[::2], planted(seed + 1, 5, width, 3)])
    found = HashIndex(hashes, limit, bands).search(queries)
    apart = distances(queries, hashes)
    np.testing.assert_array_equal(np.stack([found.query, found.record], axis=1), np.argwhere(apart <= limit))
    np.testing.assert_array_equal(found.distance, apart[found.query, found.record])


def test_groups_are_those_of_all_pairs_at_a_size_that_uses_the_tables():
    hashes = planted(3, 3000, 8, 6)
    assert HashIndex(hashes, 4).probes < 3000
    groups = duplicate_groups(3000, near_duplicates(hashes, 4))
    np.testing.assert_array_equal(groups, duplicate_groups(3000, np.argwhere(distances(hashes, hashes) <= 4)))
    assert 1 < len(np.unique(groups)) < 2500


def test_equal_hashes_do_not_multiply():
    hashes = np.concatenate([np.zeros((40_000, 8), np.uint8), np.full((40_000, 8), 255, np.uint8)])
    hashes[7, 0] = 1  # a bit away from the first half
    pairs = near_duplicates(hashes, 4)
    assert len(pairs) == len(hashes) - 2  # a tree over each half, not 40,000 x 40,000 / 2 pairs
    assert len(np.unique(duplicate_groups(len(hashes), pairs))) == 2


def test_the_work_grows_with_the_records_not_with_the_pairs():
    work = []
    for count in (4_000, 40_000):
        hashes = np.random.default_rng(0).integers(0, 256, (count, 8), dtype=np.uint8)
        index = HashIndex(hashes, 4)
        work.append(count * index.probes + 8 * index.search(hashes).compared)
    assert work[1] / work[0] < 10**1.1


def test_the_number_of_threads_and_the_order_of_records_change_nothing():
    hashes = planted(5, 70_000, 8, 5)
    index, some = HashIndex(hashes, 3), hashes[:40_000]
    for one, other in zip(index.search(some, workers=1), index.search(some, workers=4), strict=True):
        np.testing.assert_array_equal(one, other)
    turned = len(hashes) - 1 - near_duplicates(hashes[::-1], 3, workers=3)
    there = duplicate_groups(len(hashes), near_duplicates(hashes, 3, workers=1))
    np.testing.assert_array_equal(there, duplicate_groups(len(hashes), turned))


@pytest.mark.parametrize(
    "hashes",
    [[[1, 2]], np.zeros((3, 8), np.int64), np.zeros(8, np.uint8), np.zeros((3, 0), np.uint8), np.zeros((2, 8), bool)],
)
def test_what_is_no_hashes_is_refused(hashes):
    with pytest.raises(BadInput, match="packbits"):
        near_duplicates(hashes, 1)


@pytest.mark.parametrize("limit", [-1, 65, 1.5, True, None])
def test_a_distance_that_makes_no_sense_is_refused(limit):
    with pytest.raises(BadInput, match="max_distance"):
        near_duplicates(np.zeros((3, 8), np.uint8), limit)


def test_other_bad_parameters_are_refused():
    hashes = planted(0, 10, 8, 2)
    with pytest.raises(BadInput, match="bands"):
        HashIndex(hashes, 3, bands=2)
    with pytest.raises(BadInput, match="bits"):
        HashIndex(hashes, 3).search(np.zeros((2, 4), np.uint8))
    with pytest.raises(BadInput, match="workers"):
        near_duplicates(hashes, 3, workers=0)


def test_nothing_gives_nothing():
    assert near_duplicates(np.empty((0, 8), np.uint8), 4).shape == (0, 2)
    assert near_duplicates(np.zeros((1, 8), np.uint8), 4).shape == (0, 2)
    found = HashIndex(np.empty((0, 8), np.uint8), 4).search(np.zeros((3, 8), np.uint8))
    assert len(found.query) == 0 and found.compared == 0
    found = HashIndex(np.zeros((3, 8), np.uint8), 4).search(np.empty((0, 8), np.uint8))
    assert len(found.record) == 0
