"""Divergence, Brier score, calibration error: other libraries agree, and planted overconfidence is measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from emolib.errors import BadInput
from emolib.evaluation import bootstrap
from emolib.evaluation.calibration import (
    brier_scores,
    calibration_error,
    calibration_floor,
    calibration_score,
    divergences,
    reliability,
)  # fmt: skip
from emolib.evaluation.means import mean_difference, mean_score

# Importing and compiling make first calls slow.
relaxed = settings(max_examples=60)


def drawn(n: int = 200, classes: int = 5, seed: int = 0, sharper: float = 1.0):
    """Predictions that say the true probabilities, or sharper ones, and labels drawn from the true ones."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (n, classes))
    truth = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    said = np.exp(sharper * logits) / np.exp(sharper * logits).sum(1, keepdims=True)
    labels = (random.random((n, 1)) > truth.cumsum(1)).sum(1).clip(0, classes - 1)
    return said, truth, labels


# -------------------------------------------------------------------------------------------------- picture by picture
@relaxed
@given(st.integers(0, 100), st.integers(2, 9), st.floats(0.2, 2))
def test_divergences_are_those_of_scipy_and_torch(seed, classes, sharper):
    said, truth, labels = drawn(20, classes, seed, sharper)
    found = divergences(said, truth, floor=1e-15)
    np.testing.assert_allclose(found, entropy(truth, said, axis=1), rtol=1e-6, atol=1e-9)
    kl = torch.nn.functional.kl_div(torch.tensor(said).log(), torch.tensor(truth), reduction="none").sum(1)
    np.testing.assert_allclose(found, kl.numpy(), rtol=1e-6, atol=1e-9)
    wanted = log_loss(labels, said, labels=np.arange(classes))
    assert divergences(said, labels, floor=1e-15).mean() == pytest.approx(wanted, rel=1e-6)


def test_divergences_worked_out_by_hand():
    said = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    truth = np.array([[0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    found = divergences(said, truth, floor=0.01)
    raised = [np.array([0.5, 0.25, 0.25]), np.array([1, 0.01, 0.01]) / 1.02, np.array([0.01, 0.5, 0.5]) / 1.01]
    assert found == pytest.approx([0.25 * np.log(0.5) + 0.5 * np.log(2), -np.log(raised[1][0]), -np.log(raised[2][0])])
    assert found[2] <= np.log(1 / 0.01 + 3)


@relaxed
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_divergence_is_never_negative_nor_infinite(p, q):
    if min(sum(p), sum(q)) > 0.1:
        found = divergences(np.array([p]) / sum(p), np.array([q]) / sum(q))[0]
        assert 0 <= found <= np.log(1e6 + 3)
        assert divergences(np.array([q]) / sum(q), np.array([q]) / sum(q))[0] == pytest.approx(0, abs=1e-4)


@relaxed
@given(st.integers(0, 100), st.integers(2, 9))
def test_brier_scores_are_those_of_scikit_learn_added_over_the_classes(seed, classes):
    said, _, labels = drawn(30, classes, seed, 2)
    wanted = sum(brier_score_loss(labels == k, said[:, k], pos_label=True) for k in range(classes))
    assert brier_scores(said, labels).mean() == pytest.approx(wanted)


def test_a_brier_score_against_a_distribution_is_what_is_expected_less_what_nobody_can_avoid():
    said, truth, _ = drawn(50, 4, sharper=2)
    expected = sum(truth[:, k] * brier_scores(said, np.full(50, k)) for k in range(4))
    np.testing.assert_allclose(brier_scores(said, truth), expected - (1 - (truth**2).sum(1)))
    assert brier_scores(np.array([[1.0, 0.0]]), np.array([1])) == [2]


def test_the_true_probabilities_are_the_best_prediction():
    said, truth, labels = drawn(2000, sharper=2)
    for score in (divergences, brier_scores):
        for against in (truth, labels):
            gap = mean_difference(score(said, against), score(truth, against), np.arange(2000), draws=200)
            assert gap.low > 0
    assert not divergences(truth, truth).any() or divergences(truth, truth).max() < 1e-4


def test_seeds_are_kept_apart():
    said, truth, _ = drawn(40)
    runs = np.stack([said, drawn(40, sharper=3)[0]])
    for score in (divergences, brier_scores):
        found = score(runs, truth)
        assert found.shape == (2, 40)
        np.testing.assert_allclose(found[1], score(runs[1], truth))
    assert mean_score(brier_scores(runs, truth), np.arange(40), draws=50).value == pytest.approx(
        brier_scores(runs, truth).mean()
    )


# ---------------------------------------------------------------------------------------------------- calibration error
def test_calibration_error_worked_out_by_hand():
    # Confidences .6 .7 (one of two right), .9 .95 1 (two of three right), in bins (.5, .75] and (.75, 1].
    said = np.array([[0.6, 0.4], [0.3, 0.7], [0.9, 0.1], [0.05, 0.95], [1.0, 0.0]])
    labels = np.array([0, 0, 0, 1, 1])
    wanted = (2 * abs(0.65 - 1 / 2) + 3 * abs(2.85 / 3 - 2 / 3)) / 5
    assert calibration_error(said, labels, 4) == pytest.approx(wanted)
    bins = reliability(said, labels, 4)
    assert bins.count.tolist() == [0, 0, 2, 3] and bins.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert bins.confidence[2:].tolist() == pytest.approx([0.65, 0.95]) and np.isnan(bins.confidence[:2]).all()
    assert bins.right[2:].tolist() == pytest.approx([1 / 2, 2 / 3]) and bins.error == pytest.approx(wanted)
    # A confidence on an edge belongs below it.
    assert reliability(np.array([[0.75, 0.25]]), [0], 4).count.tolist() == [0, 0, 1, 0]
    assert reliability(np.array([[0.25] * 4]), [0], 4).count.tolist() == [1, 0, 0, 0]
    # Two bins of equal numbers: {.6, .7, .9} and {.95, 1}.
    adaptive = reliability(said, labels, 2, adaptive=True)
    assert adaptive.count.tolist() == [3, 2]
    assert adaptive.error == pytest.approx((abs(2.2 - 2) + abs(1.95 - 1)) / 5)


@pytest.mark.parametrize(("adaptive", "strategy"), [(False, "uniform"), (True, "quantile")])
def test_the_diagram_is_that_of_scikit_learn(adaptive, strategy):
    said, _, labels = drawn(2000, sharper=2)
    right = (said.argmax(1) == labels).astype(int)
    wanted_right, wanted_confidence = calibration_curve(right, said.max(1), n_bins=10, strategy=strategy)
    found = reliability(said, labels, 10, adaptive=adaptive)
    there = found.count > 0
    # Its quantiles lie between two confidences, ours on one of them: at most one picture changes its bin.
    tolerance = 0.01 if adaptive else 1e-12
    np.testing.assert_allclose(found.right[there], wanted_right, atol=tolerance)
    np.testing.assert_allclose(found.confidence[there], wanted_confidence, atol=tolerance)
    if adaptive:
        assert set(found.count.tolist()) == {200}


@relaxed
@given(st.integers(0, 1000), st.integers(1, 40), st.booleans(), st.integers(1, 50))
def test_calibration_error_lies_between_the_overall_gap_and_one(seed, bins, adaptive, n):
    said, truth, labels = drawn(n, 4, seed, 2)
    said = np.round(said, 1) if seed % 2 else said  # ties
    said = said / said.sum(1, keepdims=True)
    for against in (labels, truth):
        found = calibration_error(said, against, bins, adaptive=adaptive)
        one = calibration_error(said, against, 1, adaptive=adaptive)
        assert one - 1e-12 <= found <= 1
        assert reliability(said, against, bins, adaptive=adaptive).count.sum() == n


def test_what_is_always_equally_sure_is_calibrated_when_it_is_right_as_often():
    said = np.tile([0.75, 0.25], (400, 1))
    labels = np.repeat([0, 1], [300, 100])
    for adaptive in (False, True):
        assert calibration_error(said, labels, adaptive=adaptive) == pytest.approx(0)
        assert calibration_error(said, 1 - labels, adaptive=adaptive) == pytest.approx(0.5)
    assert len(reliability(said, labels, adaptive=True).count) == 1


@pytest.mark.parametrize("adaptive", [False, True])
def test_planted_overconfidence_is_measured(adaptive):
    said, truth, labels = drawn(20_000, sharper=2)
    # Every bin is overconfident, so that the error is the mean gap.
    gap = (said.max(1) - truth[np.arange(20_000), said.argmax(1)]).mean()
    found = calibration_score(said, labels, np.arange(20_000), adaptive=adaptive, draws=200)
    assert gap > 0.1 and found.low < gap < found.high
    assert calibration_error(said, truth, adaptive=adaptive) == pytest.approx(gap, abs=1e-9)


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_floor_is_what_true_predictions_reach_by_chance(adaptive):
    found, floor = [], []
    for seed in range(40):
        said, _, labels = drawn(150, seed=seed)
        found.append(calibration_error(said, labels, adaptive=adaptive))
        floor.append(calibration_floor(said, adaptive=adaptive, seed=seed))
    assert np.mean(floor) == pytest.approx(np.mean(found), abs=4 * np.std(found) / np.sqrt(40))
    assert np.mean(floor) > 0.03
    sharper, _, labels = drawn(2000, sharper=3)
    assert calibration_error(sharper, labels) > 3 * calibration_floor(sharper)
    both = np.stack([said, said])
    assert calibration_floor(both, seed=1) == pytest.approx(calibration_floor(said, seed=1), abs=0.01)


def test_the_interval_is_that_of_the_slow_way():
    said, _, labels = drawn(150, sharper=2)
    # Three large groups and many small ones: the number of pictures differs from draw to draw.
    groups = np.concatenate([np.arange(90) // 30, np.arange(3, 63)])
    found = calibration_score(said, labels, groups, 10)
    slow = bootstrap(lambda rows: calibration_error(said[rows], labels[rows], 10), groups, draws=1500, seed=3)
    assert found.value == pytest.approx(slow.value) and found.n == 63
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=0.1 * (slow.high - slow.low))


def test_of_several_seeds_the_mean_is_told():
    sharp, truth, labels = drawn(600, sharper=2)
    runs = np.stack([sharp, truth])
    assert calibration_error(runs, labels) == pytest.approx(
        (calibration_error(sharp, labels) + calibration_error(truth, labels)) / 2
    )
    assert calibration_score(runs, labels, np.arange(600), draws=50).value == pytest.approx(
        calibration_error(runs, labels)
    )


# ------------------------------------------------------------------------------------------------------------ bad input
SCORES = (divergences, brier_scores, reliability, calibration_error)


@pytest.mark.parametrize(
    ("row", "total"), [([0.5, 0.6], "1.1"), ([1.5, -0.5], "1"), ([np.nan, 1.0], "nan"), ([0.0, 0.0], "0")]
)
def test_rows_that_are_no_distributions_are_refused_by_number(row, total):
    fine = [0.5, 0.5]
    for score in SCORES:
        with pytest.raises(BadInput, match=rf"predictions: row 1 is no distribution \(its sum is {total}\)"):
            score(np.array([fine, row]), np.array([0, 1]))
        with pytest.raises(BadInput, match="truth: row 1 is no distribution"):
            score(np.array([fine, fine]), np.array([fine, row]))


@pytest.mark.parametrize("truth", [[0], [0, 2], [-1, 0], [0.0, 1.0], [["a", "b"]], [[0.2, 0.3, 0.5]] * 2, [[0.5, 0.5]]])
def test_truths_that_do_not_fit_are_refused(truth):
    for score in SCORES:
        with pytest.raises(BadInput, match="truth"):
            score(np.full((2, 2), 0.5), np.array(truth))


def test_other_bad_input_is_refused():
    said, _, labels = drawn(10)
    for wrong in (np.zeros((0, 3)), np.zeros(3), said > 0.5):
        with pytest.raises(BadInput, match="predictions"):
            brier_scores(wrong, labels)
    for floor in (0, -1, 0.3, np.nan):
        with pytest.raises(BadInput, match="floor"):
            divergences(said, labels, floor=floor)
    for bins in (0, 2.5, True, "ten"):
        with pytest.raises(BadInput, match="bins"):
            calibration_error(said, labels, bins)
    with pytest.raises(BadInput, match="one run"):
        reliability(np.stack([said, said]), labels)
    with pytest.raises(BadInput, match="do not fit together"):
        calibration_score(said, labels, np.arange(9))


def test_single_precision_is_enough():
    said, _, labels = drawn(50)
    for score in (divergences, brier_scores):
        np.testing.assert_allclose(score(said.astype(np.float32), labels), score(said, labels), rtol=1e-4, atol=1e-6)
