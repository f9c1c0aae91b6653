"""Draws in pieces are the draws that numpy makes at once, and no number shows how large the pieces were."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from emolib.errors import BadInput
from emolib.evaluation import difference, drawing, score
from emolib.evaluation.calibration import calibration_score
from emolib.evaluation.detection import ap_difference, recall_score
from emolib.evaluation.drawing import draw_groups, pieces
from emolib.evaluation.matching import match
from emolib.evaluation.means import mean_score


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch):
    """Called with a number of bytes, makes pieces as small, and forgets what was drawn in others."""

    def shrink(size: int) -> None:
        monkeypatch.setattr(drawing, "BYTES", size)
        drawing._counts.cache_clear()

    yield shrink
    drawing._counts.cache_clear()


@pytest.mark.parametrize("size", [1, 8 * 300 * 7, 2**26])
@pytest.mark.parametrize("n", [1, 2, 300])
def test_draws_in_pieces_are_those_of_one_call(small, size, n):
    small(size)
    groups = np.arange(2 * n) % n
    whole = np.random.default_rng(4).multinomial(n, np.full(n, 1 / n), size=50)
    index, counts = draw_groups(groups, 50, 4)
    np.testing.assert_array_equal(counts, whole)
    assert index.tolist() == groups.tolist() and counts.dtype == np.uint8
    for dtype in (float, np.int64):
        parts, longer = list(pieces(counts, dtype)), list(pieces(counts, dtype, sample=True))
        assert {part.dtype for part in parts + longer} == {np.dtype(dtype)}
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        np.testing.assert_array_equal(np.concatenate(longer), [np.ones(n), *whole])
    assert max(part.nbytes for part in parts) <= max(size, 8 * n)


def test_the_same_draws_are_made_once_and_nobody_can_change_them(small):
    small(2**26)
    counts = draw_groups(["b", "a", "a"], 20, 1)[1]
    assert draw_groups([7, 7, 9, 9], 20, 1)[1] is counts
    for groups, draws, seed in (([1, 2, 3], 20, 1), ([1, 2], 21, 1), ([1, 2], 20, 2)):
        other = draw_groups(groups, draws, seed)[1]
        assert other.shape == (draws, len(groups)) and other is not counts
    assert not np.array_equal(other, counts)
    with pytest.raises(ValueError, match="read-only"):
        counts[0] = 0


def estimates() -> list[float]:
    """An estimate of each kind, of three seeds and groups of unequal size."""
    random = np.random.default_rng(0)
    groups = np.concatenate([np.arange(40), random.integers(12, size=40)])
    truth, labels = random.normal(5, 1, 80), random.integers(3, size=80)
    first, second = truth + random.normal(0, 1, (2, 3, 80))
    shares = random.dirichlet(np.ones(3), (3, 80))
    corners = random.uniform(0, 50, (80, 3, 2))
    boxes = np.concatenate([corners, corners + 20], axis=2)
    runs = [match(boxes + random.normal(0, 4, boxes.shape), random.random((80, 3)), boxes[:, :2]) for _ in range(2)]
    found = [
        *(score(first, truth, groups, measure, draws=200) for measure in ("r", "mse")),
        difference(shares.argmax(-1), shares[0].argmax(-1), labels, groups, "recall", draws=200),
        mean_score(np.where(first < 4, np.nan, first), groups, draws=200),
        calibration_score(shares, labels, groups, 5, draws=200),
        ap_difference(runs[0], runs[1], groups, draws=200),
        recall_score(runs, groups, k=2, draws=200),
    ]
    return [number for one in found for number in (one.value, one.low, one.high)]


@pytest.mark.parametrize("size", [1, 8 * 40 * 7, 8 * 40 * 120])
def test_no_number_depends_on_the_size_of_the_pieces(small, size):
    small(2**26)
    whole = estimates()
    small(size)
    assert np.isfinite(whole).all() and estimates() == pytest.approx(whole, rel=1e-12)


def test_many_groups_take_little_memory(small):
    small(2**20)
    random = np.random.default_rng(0)
    tracemalloc.start()
    try:
        score(random.normal(size=2000), random.normal(size=2000), np.arange(2000), "mse", draws=1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # As numbers of eight bytes the draws alone would be 16 MB; they are 2 MB and a piece or two of 1 MB.
    assert peak < 8e6


def test_nothing_to_draw_is_refused():
    for groups, draws in (([], 10), ([0], 0), ([[0]], 10)):
        with pytest.raises(BadInput, match="a group for each picture"):
            draw_groups(groups, draws, 0)
