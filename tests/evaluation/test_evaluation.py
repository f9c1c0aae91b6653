"""Folds, measures and intervals: other libraries agree, and planted truth is covered as often as promised."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import mean_squared_error

from emolib.errors import BadInput
from emolib.evaluation import Estimate, bootstrap, difference, folds, mse, pearson, score


def case(n=200, noise=0.7, seed=0, seeds=1):
    rng = np.random.default_rng(seed)
    truth = rng.normal(5, 1.2, n)
    return truth + rng.normal(0, noise, (seeds, n)), truth


values = hnp.arrays(float, 12, elements=st.floats(-1000, 1000, allow_subnormal=False))


@given(values, values)
def test_measures_are_those_of_scipy_and_scikit_learn(p, y):
    assert mse(p, y) == pytest.approx(mean_squared_error(y, p), rel=1e-9, abs=1e-9)
    if min(p.std(), y.std()) > 1e-3:
        assert pearson(p, y) == pytest.approx(scipy.stats.pearsonr(p, y).statistic, abs=1e-6)


@pytest.mark.parametrize("offset", [0, 5, 1e6])
def test_the_level_of_the_numbers_does_not_disturb_the_correlation(offset):
    p, y = case()
    assert pearson(p[0] * 0.01 + offset, y) == pytest.approx(scipy.stats.pearsonr(p[0], y).statistic, abs=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.1, 5.3, -1e6])
def test_a_constant_has_no_correlation(constant):
    flat, (p, y) = np.full(200, constant), case()
    assert math.isnan(pearson(flat, y)) and math.isnan(pearson(y, flat))
    for predictions, truth in ((flat, y), (p, flat)):
        estimate = score(predictions, truth, np.arange(200), "r", draws=50)
        assert math.isnan(estimate.value) and estimate.low is None and estimate.high is None
        assert estimate.as_dict()["value"] is None
    assert math.isfinite(score(flat, y, np.arange(200), "mse", draws=50).high)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=60), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_folds_cover_everything_once_and_never_split_a_group(groups, k, seed):
    groups = np.array(groups)
    if len(np.unique(groups)) < k:
        with pytest.raises(BadInput, match="groups do not make"):
            folds(groups, k, seed)
        return
    made = folds(groups, k, seed)
    assert len(made) == k
    assert sorted(np.concatenate([test for _, test in made])) == list(range(len(groups)))
    for train, test in made:
        assert len(test) and sorted([*train, *test]) == list(range(len(groups)))
        assert not set(groups[train]) & set(groups[test])
    for (train, test), (again, also) in zip(made, folds(groups, k, seed), strict=True):
        np.testing.assert_array_equal(train, again)
        np.testing.assert_array_equal(test, also)


def test_another_seed_makes_other_folds():
    def of(seed):
        return [test.tolist() for _, test in folds(np.arange(60), 5, seed)]

    assert of(0) != of(1)


@pytest.mark.parametrize("k", [0, 1, -3])
def test_one_fold_is_none(k):
    with pytest.raises(BadInput, match="folds"):
        folds(np.arange(10), k)


@pytest.mark.parametrize("measure", ["mse", "r"])
def test_the_interval_on_independent_rows_is_scipys(measure):
    p, y = case(150)
    statistic = {"mse": lambda a, b: np.mean((a - b) ** 2), "r": lambda a, b: scipy.stats.pearsonr(a, b).statistic}
    wanted = scipy.stats.bootstrap(
        (p[0], y), statistic[measure], paired=True, vectorized=False, method="percentile", n_resamples=1500,
        random_state=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    found = score(p, y, np.arange(150), measure)
    width = wanted.high - wanted.low
    assert found.value == pytest.approx(statistic[measure](p[0], y))
    assert found.low == pytest.approx(wanted.low, abs=0.08 * width)
    assert found.high == pytest.approx(wanted.high, abs=0.08 * width)
    assert (found.n, found.unit) == (150, "groups")


@pytest.mark.parametrize(("measure", "truth"), [("mse", 0.49), ("r", 1.2 / math.hypot(1.2, 0.7))])
def test_the_planted_truth_is_covered_about_as_often_as_promised(measure, truth):
    inside = 0
    for seed in range(400):
        found = score(*case(120, seed=1000 + seed), np.arange(120), measure, draws=300)
        inside += found.low <= truth <= found.high
    # 95% of 400 are 380 with a spread of 4.4; a percentile interval of 120 rows is a little short.
    assert 358 <= inside <= 393


def test_copies_inside_a_group_count_once():
    p, y = case(60)
    copies = np.repeat(np.arange(60), 5)
    honest = score(p[:, copies], y[copies], copies, "mse")
    naive = score(p[:, copies], y[copies], np.arange(300), "mse")
    once = score(p, y, np.arange(60), "mse")
    assert (honest.low, honest.high) == pytest.approx((once.low, once.high))
    # Five copies of each picture look like five times the evidence: narrower by the root of five.
    assert 1.8 < (honest.high - honest.low) / (naive.high - naive.low) < 2.7
    assert honest.n == 60 and naive.n == 300


@pytest.mark.parametrize("groups", [np.arange(200) // 4, np.array([f"theme {i % 30}" for i in range(200)])])
def test_groups_are_drawn_as_by_the_slow_way(groups):
    p, y = case()
    found = score(p, y, groups, "mse")
    slow = bootstrap(lambda rows: mse(p[0, rows], y[rows]), groups, seed=5, draws=1500, unit="series")
    width = slow.high - slow.low
    assert found.value == pytest.approx(slow.value)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.1 * width)
    assert slow.unit == "series" and slow.n == found.n == len(set(groups.tolist()))


def test_the_spread_between_seeds_widens_the_interval():
    rng = np.random.default_rng(0)
    p, y = case(300)
    alike = score(np.repeat(p, 5, 0), y, np.arange(300), "mse")
    levels = np.array([0, 0.3, 0.6, 0.9, 1.2])[rng.permutation(5), None]
    apart = score(p + levels, y, np.arange(300), "mse")
    assert apart.value == pytest.approx(np.mean([mse(p[0] + level, y) for level in levels]))
    assert apart.high - apart.low > 3 * (alike.high - alike.low)


@pytest.mark.parametrize("measure", ["mse", "r"])
@pytest.mark.parametrize("seeds", [1, 4])
def test_a_system_is_not_better_than_itself(measure, seeds):
    p, y = case(seeds=seeds)
    found = difference(p, p, y, np.arange(200) // 2, measure, draws=300)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("measure", ["mse", "r"])
def test_positive_means_that_the_second_is_better(measure):
    good, y = case(noise=0.4)
    bad, _ = case(noise=1.2)
    found = difference(bad, good, y, np.arange(200), measure)
    other = difference(good, bad, y, np.arange(200), measure)
    assert found.low > 0 and (other.value, other.low, other.high) == pytest.approx(
        (-found.value, -found.high, -found.low)
    )
    wanted = mse(bad[0], y) - mse(good[0], y) if measure == "mse" else pearson(good[0], y) - pearson(bad[0], y)
    assert found.value == pytest.approx(wanted)


def test_a_comparison_is_paired():
    p, y = case()
    slightly = p + 0.05
    paired = difference(slightly, p, y, np.arange(200), "mse")
    single = score(p, y, np.arange(200), "mse")
    assert (paired.high - paired.low) < 0.3 * (single.high - single.low)


@pytest.mark.parametrize("measure", ["mse", "r"])
def test_a_planted_difference_is_covered_about_as_often_as_promised(measure):
    # Both systems share most of their error; the second has a little less of its own.
    inside, r = 0, [1.2 / math.sqrt(1.44 + 0.25 + own**2) for own in (0.5, 0.3)]
    truth = 0.25 - 0.09 if measure == "mse" else r[1] - r[0]
    for seed in range(400):
        rng = np.random.default_rng([1, seed])
        y = rng.normal(5, 1.2, 150)
        shared = y + rng.normal(0, 0.5, 150)
        first, second = (shared + rng.normal(0, own, 150) for own in (0.5, 0.3))
        found = difference(first, second, y, np.arange(150), measure, draws=300)
        inside += found.low <= truth <= found.high
    # 95% of 400 are 380 with a spread of 4.4.
    assert 362 <= inside <= 393


def test_systems_of_different_numbers_of_seeds_are_compared():
    p, y = case(seeds=3)
    found = difference(p, p.mean(0), y, np.arange(200), "mse")
    assert found.value == pytest.approx(np.mean([mse(row, y) for row in p]) - mse(p.mean(0), y)) and found.low > 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_no_numbers_are_refused(wrong):
    p, y = case(20)
    p[0, 3] = wrong
    with pytest.raises(BadInput, match="not finite"):
        score(p, y, np.arange(20), "mse")
    with pytest.raises(BadInput, match="not finite"):
        difference(y, p, y, np.arange(20), "r")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_truth_that_is_no_number_is_refused_by_its_row(wrong):
    p, y = case(20)
    y[3] = wrong
    for measure in ("r", "mse", "accuracy", "recall"):
        with pytest.raises(BadInput, match=f"truth: row 3 is {wrong}"):
            score(p.round(), y, np.arange(20), measure, draws=10)
    with pytest.raises(BadInput, match="truth: row 3"):
        score(np.ones((20, 2)), y, np.arange(20), "one_vs_all_tpr", draws=10)
    p[0, 3] = 0
    with pytest.raises(BadInput, match="truth: row 3"):
        difference(p, p, y, np.arange(20), "mse", draws=10)


def test_nothing_is_not_scored():
    for measure in ("mse", "accuracy"):
        for predictions in ([], np.empty((2, 0))):
            with pytest.raises(BadInput, match="0 groups"):
                score(predictions, [], [], measure)
    with pytest.raises(BadInput, match="do not fit together"):
        score(np.empty((0, 5)), np.ones(5), np.arange(5), "mse")
    for groups, draws in (([], 10), ([1, 2], 0)):
        with pytest.raises(BadInput, match="a group for each picture"):
            bootstrap(lambda rows: float(len(rows)), groups, draws=draws)


def test_what_does_not_fit_together_is_refused():
    p, y = case(20)
    for predictions, n in ((p[:, 1:], 20), (p, 19), (p[0, 0], 20)):
        with pytest.raises(BadInput, match="do not fit together"):
            score(predictions, y, np.arange(n), "mse")
    with pytest.raises(BadInput, match="'rmse' is unknown; use r, mse, accuracy"):
        score(p, y, np.arange(20), "rmse")


def test_the_same_seed_gives_the_same_interval():
    p, y = case()
    a, b, c = (score(p, y, np.arange(200), "r", seed=s) for s in (1, 1, 2))
    assert a == b and a.value == c.value and (a.low, a.high) != (c.low, c.high)


def test_an_estimate_in_words_and_in_json():
    assert str(Estimate(1.234, 1.0, 1.5, 7, "groups")) == "1.23 [1.00, 1.50]"
    assert str(Estimate(1.234, None, None, 7, "groups")) == "1.23"
    as_dict = Estimate(float("inf"), float("nan"), 1.5, 7, "words").as_dict()
    assert as_dict == {"value": None, "low": None, "high": 1.5, "n": 7, "unit": "words"}


def labelled(n: int = 90, classes: int = 4, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """True classes, unequal in size, and two seeds' guesses that are right about every second time."""
    random = np.random.default_rng(seed)
    truth = random.choice(classes, n, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    guesses = np.where(random.random((2, n)) < 0.5, truth, random.integers(classes, size=(2, n)))
    return truth, guesses


def test_class_measures_agree_with_scikit_learn():
    from sklearn.metrics import accuracy_score, balanced_accuracy_score

    truth, guesses = labelled()
    groups = np.arange(len(truth)) // 3
    right = np.mean([accuracy_score(truth, g) for g in guesses])
    assert score(guesses, truth, groups, "accuracy").value == pytest.approx(right)
    found = np.mean([balanced_accuracy_score(truth, g) for g in guesses])
    assert score(guesses, truth, groups, "recall").value == pytest.approx(found)
    said = guesses[..., None] == np.arange(4)
    binary = [[(truth == k, s[:, k]) for k in range(4)] for s in said]
    for measure, judge in (("one_vs_all_accuracy", accuracy_score), ("one_vs_all_tpr", balanced_accuracy_score)):
        expected = np.mean([judge(t, s) for seed in binary for t, s in seed])
        assert score(said.astype(float), truth, groups, measure).value == pytest.approx(expected)


def test_a_class_that_was_not_judged_is_left_out_and_one_that_was_half_judged_is_refused():
    from sklearn.metrics import balanced_accuracy_score

    truth, guesses = labelled()
    said = (guesses[0][:, None] == np.arange(4)).astype(float)
    said[:, 1] = np.nan
    expected = np.mean([balanced_accuracy_score(truth == k, said[:, k]) for k in (0, 2, 3)])
    assert score(said, truth, np.arange(len(truth)), "one_vs_all_tpr").value == pytest.approx(expected)
    said[:5, 1] = 0
    with pytest.raises(BadInput, match="not finite"):
        score(said, truth, np.arange(len(truth)), "one_vs_all_tpr")


@pytest.mark.parametrize(("measure", "gain"), [("one_vs_all_accuracy", 1 / 6), ("one_vs_all_tpr", 1 / 4)])
def test_systems_are_compared_on_the_classes_that_both_judged(measure, gain):
    # Of class 0 the second finds every second picture, the first none: of six answers one more is right. Class 1 only
    # the first has judged, all wrongly, and class 2 only the second.
    truth, groups = np.tile([0, 0, 1, 1, 2, 2], 20), np.arange(120)
    yes = (truth[:, None] == np.arange(3)).astype(float)
    first, second = yes.copy(), yes.copy()
    first[:, 0], second[:, 0] = np.tile([0, 0, 0, 0, 1, 1], 20), np.tile([1, 0, 0, 0, 1, 1], 20)
    first[:, 1], second[:, 1] = 1 - yes[:, 1], np.nan
    first[:, 2] = np.nan
    alone = [score(said, truth, groups, measure, draws=50).value for said in (first, second)]
    assert alone[1] - alone[0] > 2 * gain
    found = difference(first, second, truth, groups, measure, draws=50)
    back = difference(second, first, truth, groups, measure, draws=50)
    assert found.value == pytest.approx(gain) and back.value == pytest.approx(-gain)
    # The interval is of class 0 too: to its gain and no further than the scores of the classes alone lie apart.
    assert 0 < found.low < gain < found.high < alone[1] - alone[0]


def test_systems_that_share_no_class_or_not_their_number_are_not_compared():
    truth = np.array([0, 1, 0, 1])
    yes = (truth[:, None] == np.arange(2)).astype(float)
    first, second = np.where([True, False], np.nan, yes), np.where([False, True], np.nan, yes)
    found = difference(first, second, truth, np.arange(4), "one_vs_all_tpr", draws=20)
    assert math.isnan(found.value) and found.low is None and found.as_dict()["value"] is None
    with pytest.raises(BadInput, match="do not fit together"):
        difference(yes, np.ones((4, 3)), truth, np.arange(4), "one_vs_all_tpr")


def test_one_vs_all_without_any_class_that_could_be_judged_is_undefined_and_not_a_number():
    truth, _ = labelled()
    result = score(np.full((len(truth), 4), np.nan), truth, np.arange(len(truth)), "one_vs_all_tpr")
    assert math.isnan(result.value) and result.low is None and result.as_dict()["value"] is None


def test_the_interval_of_an_accuracy_is_the_binomial_one_when_every_picture_stands_alone():
    from scipy.stats import norm

    truth, guesses = labelled(n=2000)
    found = score(guesses[0], truth, np.arange(2000), "accuracy")
    half = norm.ppf(0.975) * math.sqrt(found.value * (1 - found.value) / 2000)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)


def test_a_better_classifier_has_a_positive_difference():
    truth, guesses = labelled(n=600)
    assert difference(guesses, np.stack([truth, truth]), truth, np.arange(600), "accuracy").low > 0
    assert difference(np.stack([truth, truth]), guesses, truth, np.arange(600), "recall").high < 0
