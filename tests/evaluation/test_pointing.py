"""The pointing game: worked by hand, a blind map at its chance, and a map that knows at one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emolib.errors import BadInput
from emolib.evaluation.pointing import chances, energy_shares, peak_hits, point_hits, pointing_score

# Importing and compiling make first calls slow.
relaxed = settings(max_examples=60)

SHAPE = (6, 9)
TRUTH = np.array([[2.0, 1.0, 5.0, 4.0]])  # columns 2 to 4, rows 1 to 3
MASK = np.zeros(SHAPE, bool)
MASK[1:4, 2:5] = True

grids = hnp.arrays(float, SHAPE, elements=st.floats(-5, 5, allow_subnormal=False) | st.sampled_from([0.0, 2.0]))
masks = hnp.arrays(bool, SHAPE)


def peak(row: int, column: int) -> np.ndarray:
    grid = np.random.default_rng(0).random(SHAPE)
    grid[row, column] = 2
    return grid


# ------------------------------------------------------------------------------------------------------------ the game
@pytest.mark.parametrize("truth", [TRUTH, MASK, TRUTH.tolist()])
def test_a_peak_hits_within_and_misses_outside(truth):
    places = {(1, 2): 1, (3, 4): 1, (0, 2): 0, (4, 4): 0, (1, 1): 0, (3, 5): 0}
    found = peak_hits([peak(*place) for place in places], [truth] * 6)
    assert found.tolist() == list(places.values())
    points = np.array([[column + 0.5, row + 0.5] for row, column in places])
    np.testing.assert_array_equal(point_hits(points, [truth] * 6, [(9, 6)] * 6), found)


@pytest.mark.parametrize("truth", [TRUTH, MASK])
def test_a_tolerance_reaches_as_far_as_it_says(truth):
    for (row, column), distance in {(3, 6): 2, (5, 6): np.sqrt(8), (0, 0): np.sqrt(5), (2, 3): 0}.items():
        for tolerance, hit in ((distance + 1e-9, 1), (distance - 1e-9, 0)):
            if tolerance >= 0:
                assert peak_hits([peak(row, column)], [truth], tolerance) == [hit]
                assert point_hits([[column, row]], [truth], [(9, 6)], tolerance) == [hit]


@relaxed
@given(grids, masks, st.sampled_from([0, 1, 2.5]))
def test_ties_score_what_drawing_one_of_them_would(grid, mask, tolerance):
    found, wide = peak_hits([grid], [mask], tolerance)[0], point_mask(mask, tolerance)
    if not mask.any():
        assert np.isnan(found)
        return
    tied = np.argwhere(grid == grid.max())
    assert found == pytest.approx(np.mean([wide[row, column] for row, column in tied]))
    assert chances([mask], [(9, 6)], tolerance)[0] == pytest.approx(wide.mean())


def point_mask(mask, tolerance):
    """By the distance of every pixel from every pixel of the region."""
    rows, columns = np.nonzero(mask)
    wide = np.zeros(SHAPE, bool)
    for row, column in np.ndindex(*SHAPE):
        wide[row, column] = (np.hypot(rows - row, columns - column) <= tolerance).any()
    return wide


@pytest.mark.parametrize("level", [0.0, -3.0, 7.0])
def test_a_map_without_preference_scores_its_chance(level):
    flat = np.full(SHAPE, level)
    for truth in (TRUTH, MASK):
        for tolerance in (0, 1.5):
            assert peak_hits([flat], [truth], tolerance) == pytest.approx(chances([truth], [(9, 6)], tolerance))
        assert energy_shares([flat], [truth]) == pytest.approx(chances([truth], [(9, 6)]))
    assert chances([TRUTH], [(9, 6)])[0] == 9 / 54


def test_points_on_the_edges_and_missing_ones():
    whole = np.array([[0.0, 0.0, 9.0, 6.0]])
    corners = [[0, 0], [9, 6], [0, 6], [9, 0]]
    assert point_hits(corners, [whole] * 4, [(9, 6)] * 4).tolist() == [1, 1, 1, 1]
    assert point_hits([[np.nan, np.nan]], [whole], [(9, 6)]).tolist() == [0]
    with pytest.raises(BadInput, match=r"picture 1: the point \[9.5, 1.0\] is outside"):
        point_hits([[1, 1], [9.5, 1]], [whole] * 2, [(9, 6)] * 2)


def test_pictures_without_regions_have_no_score():
    for nothing in (np.zeros((0, 4)), np.zeros(SHAPE, bool), []):
        for tolerance in (0, 3):
            assert np.isnan(peak_hits([peak(0, 0)], [nothing], tolerance)[0])
            assert np.isnan(chances([nothing], [(9, 6)], tolerance)[0])
            assert np.isnan(point_hits([[1, 1]], [nothing], [(9, 6)], tolerance)[0])
        assert np.isnan(energy_shares([peak(0, 0)], [nothing])[0])


# --------------------------------------------------------------------------------------------------------------- energy
def test_energy_worked_out_by_hand():
    grid = np.zeros(SHAPE)
    grid[1, 2], grid[3, 4], grid[0, 0], grid[5, 8] = 2, 1, 3, -50
    assert energy_shares([grid], [TRUTH]) == pytest.approx([3 / 6])
    for factor in (1e-300, 1e300):
        assert energy_shares([grid * factor], [MASK]) == pytest.approx([3 / 6])
    assert energy_shares([(grid > 0).astype(np.uint8) * 200], [MASK]) == pytest.approx([2 / 3])


@relaxed
@given(grids, masks)
def test_energy_within_and_without_add_up(grid, mask):
    if mask.any() and not mask.all():
        inside, outside = energy_shares([grid, grid], [mask, ~mask])
        assert 0 <= inside <= 1 and inside + outside == pytest.approx(1)


# ------------------------------------------------------------------------------------------------------------ intervals
def test_a_blind_map_gains_nothing_and_one_that_knows_gains_all_there_is():
    random = np.random.default_rng(1)
    corners = random.integers(0, 20, (300, 2))
    truths = [np.array([[x, y, x + 10, y + 8]], float) for x, y in corners]
    truths[::10] = [np.zeros((0, 4))] * 30
    sizes = [(30, 28)] * 300
    chance = chances(truths, sizes)
    blind = np.stack([peak_hits(random.random((300, 28, 30)), truths) for _ in range(3)])
    found = pointing_score(blind, chance, np.arange(300) // 2)
    assert found.chance.value == pytest.approx(80 / 840)
    assert found.gain.low < 0 < found.gain.high and found.gain.value == pytest.approx(found.score.value - 80 / 840)
    assert found.score.n == 150
    knows = pointing_score(point_hits(corners + 3.0, truths, sizes), chance, np.arange(300))
    assert knows.score.value == knows.score.low == 1 and knows.gain.value == pytest.approx(1 - 80 / 840)


# ------------------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("maps", "truths", "message"),
    [
        ([peak(0, 0)], [TRUTH, TRUTH], "do not fit together"),
        ([peak(0, 0), np.full(SHAPE, np.nan)], [TRUTH, TRUTH], "picture 1: a map is finite|picture 1: a map has"),
        ([np.zeros((0, 4))], [TRUTH], "picture 0: a map"),
        ([np.zeros((3, 4, 5))], [TRUTH], "picture 0: a map"),
        ([peak(0, 0)], [MASK.T], "picture 0: the mask has the shape"),
        ([peak(0, 0)], [MASK.astype(np.uint8)], "picture 0 .*mask of dtype bool"),
        ([peak(0, 0)], [[[3, 0, 1, 2]]], "picture 0"),
        ([peak(0, 0)], [[[20, 0, 21, 2]]], "no area"),
    ],
)
def test_maps_and_truths_that_do_not_fit_are_refused(maps, truths, message):
    for call in (peak_hits, energy_shares):
        with pytest.raises(BadInput, match=message):
            call(maps, truths)


def test_other_bad_input_is_refused():
    for tolerance in (-1, np.nan, np.inf):
        with pytest.raises(BadInput, match="tolerance"):
            peak_hits([peak(0, 0)], [TRUTH], tolerance)
    with pytest.raises(BadInput, match="do not fit"):
        point_hits([[1, 1]], [TRUTH, TRUTH], [(9, 6)])
    with pytest.raises(BadInput, match="do not fit"):
        chances([TRUTH], [])
    for hits, chance in (([1.0, np.nan], [0.2, 0.3]), ([1.0], [0.2, 0.3]), ([1.0, 1.0], [np.nan, 0.3])):
        with pytest.raises(BadInput, match="same pictures"):
            pointing_score(hits, chance, [0, 1])
