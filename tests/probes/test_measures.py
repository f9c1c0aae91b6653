"""Average precision: hand-worked cases fix the convention."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score

from emolib.errors import BadInput
from emolib.probes import Resampled, any_keyword, mean_average_precision, picture_average_precision


def test_the_convention_by_hand():
    # Class 0, ranked: yes, no, yes, no. Recall rises by 1/2 at rank 1 (precision 1) and at rank 3 (2/3): AP = 5/6.
    # Interpolated it would be the same here, so class 1 tells them apart: no, yes, yes -> 1/2 x 1/2 + 1/2 x 2/3 = 7/12
    # (with the largest precision from each rank on: 2/3).
    scores = np.array([[0.9, 0.9], [0.8, 0.8], [0.7, 0.7], [0.1, 0.1]])
    truth = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], bool)
    assert mean_average_precision(scores, truth) == pytest.approx((5 / 6 + 7 / 12) / 2)


def test_equal_scores_share_a_rank():
    # One rank with two of three right: recall rises by 1 at precision 2/3, whatever the order.
    assert mean_average_precision(np.zeros((3, 1)), np.array([[1], [0], [1]])) == pytest.approx(2 / 3)


def test_a_class_without_pictures_is_left_out():
    scores, truth = np.array([[0.9, 0.5], [0.1, 0.6]]), np.array([[1, 0], [0, 0]])
    assert mean_average_precision(scores, truth) == 1
    assert np.isnan(mean_average_precision(scores, np.zeros((2, 2), bool)))


@given(hnp.arrays(float, (12, 4), elements=st.floats(-5, 5)), hnp.arrays(int, 12, elements=st.integers(0, 3)))
def test_it_is_scikit_learns_macro_average(scores, labels):
    there = np.unique(labels)
    truth = labels[:, None] == np.arange(4)
    expected = average_precision_score(truth[:, there], scores[:, there], average="macro")
    assert mean_average_precision(scores, labels) == pytest.approx(expected)
    assert mean_average_precision(scores, truth) == pytest.approx(expected)


def test_pictures_by_hand_and_by_another_function():
    scores = np.array([[0.9, 0.8, 0.7], [0.9, 0.8, 0.7], [0.9, 0.8, 0.7]])
    truth = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]])
    found = picture_average_precision(scores, csr_array(truth))
    np.testing.assert_allclose(found[:2], [5 / 6, 1 / 2])
    assert np.isnan(found[2])
    random = np.random.default_rng(0)
    scores, truth = random.normal(size=(20, 6)), random.random((20, 6)) < 0.4
    truth[:, 0] |= ~truth.any(1)
    assert picture_average_precision(scores, truth).mean() == pytest.approx(
        label_ranking_average_precision_score(truth, scores)
    )


def test_any_of_the_keywords_counts():
    scores = np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.3]])
    assert any_keyword(scores, np.array([[1, 1], [0, 1], [0, 0]])).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("scores", "truth"),
    [(np.ones(3), np.ones(3, int)), (np.ones((3, 2)), np.ones((2, 2), int)), (np.full((2, 2), np.nan), np.eye(2)),
     (np.ones((2, 2)), np.array([0, 2])), (np.ones((2, 2)), np.full((2, 2), 0.5))],
)  # fmt: skip
def test_what_cannot_be_ranked_is_refused(scores, truth):
    for measure in (mean_average_precision, picture_average_precision, any_keyword):
        with pytest.raises(BadInput, match=measure.__name__):
            measure(scores, truth)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 4), st.booleans())
def test_a_resampling_gives_what_the_drawn_rows_give(seed, n, k, ties):
    random = np.random.default_rng(seed)
    rankings = [random.integers(0, 3, (n, k)) if ties else random.normal(size=(n, k)) for _ in range(2)]
    truth = random.random((n, k)) < 0.4
    rows = random.integers(0, n, random.integers(1, 2 * n + 1))
    expected = np.mean([mean_average_precision(own[rows], truth[rows]) for own in rankings])
    assert Resampled(rankings, truth)(rows) == pytest.approx(expected, nan_ok=True)
