"""Means with intervals: the same as `score` where both can tell, and pictures without a value are left out."""

from __future__ import annotations

import numpy as np
import pytest

from emolib.errors import BadInput
from emolib.evaluation import bootstrap, difference, score
from emolib.evaluation.means import mean_difference, mean_score


def errors(seeds: int, seed: int = 0):
    random = np.random.default_rng(seed)
    truth = random.normal(5, 1, 120)
    return truth + random.normal(0, [[0.4]] + [[0.9]] * (seeds - 1), (seeds, 120)), truth


@pytest.mark.parametrize("seeds", [1, 4])
def test_a_mean_of_squared_errors_is_the_mean_squared_error(seeds):
    first, truth = errors(seeds)
    second, _ = errors(seeds, 1)
    groups = np.arange(120) // 3
    own, other = (first - truth) ** 2, (second - truth) ** 2
    for ours, theirs in (
        (mean_score(own, groups, seed=3), score(first, truth, groups, "mse", seed=3)),
        (mean_difference(own, other, groups, seed=3), difference(first, second, truth, groups, "mse", seed=3)),
    ):
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), rel=1e-9)
        assert (ours.n, ours.unit) == (40, "groups")


def test_a_picture_without_a_value_is_left_out():
    values = np.random.default_rng(0).normal(3, 1, 100)
    values[::5] = np.nan
    groups = np.arange(100)
    found = mean_score(values, groups)
    slow = bootstrap(lambda rows: np.nanmean(values[rows]), groups, draws=3000, seed=4)
    assert found.value == pytest.approx(np.nanmean(values))
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.08 * (slow.high - slow.low))
    nothing = mean_score(np.full(100, np.nan), groups)
    assert np.isnan(nothing.value) and nothing.low is None


def test_a_difference_may_leave_out_other_pictures_of_either():
    first, second = np.array([1.0, 2.0, np.nan]), np.array([[np.nan, 4.0, 6.0], [0.0, 0.0, 0.0]])
    assert mean_difference(first, second, [0, 1, 2], draws=50).value == pytest.approx(1.5 - (5 + 0) / 2)


def test_a_planted_mean_is_covered_about_as_often_as_promised():
    inside = 0
    for seed in range(200):
        random = np.random.default_rng([5, seed])
        found = mean_score(random.exponential(2, (1, 150)), np.arange(150), draws=200)
        inside += found.low <= 2 <= found.high
    # 95% of 200 are 190 with a spread of 3.1; a percentile interval of a skewed mean is a little short.
    assert 174 <= inside <= 199


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 5)), np.zeros((1, 2, 4)), 1.0])
def test_values_and_groups_have_to_fit(values):
    with pytest.raises(BadInput, match="do not fit together"):
        mean_score(values, np.arange(4))


def test_infinite_values_and_missing_groups_are_refused():
    with pytest.raises(BadInput, match="infinite"):
        mean_score([1.0, np.inf], [0, 1])
    for groups, draws in (([], 10), ([0], 0), ([[0]], 10)):
        with pytest.raises(BadInput, match="a group for each picture"):
            mean_score([1.0][: len(groups)], groups, draws=draws)
