"""The tuned references against scikit-learn with its own grid search."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emolib import evaluation
from emolib.errors import BadInput
from emolib.probes import logistic_probe, ridge_probe


def case(n: int, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list]:
    random = np.random.default_rng(0)
    groups = random.integers(25, size=n)
    x = random.normal(size=(n, d)) * random.uniform(0.1, 10, d) + 3
    z = (x - 3) / x.std(0)
    ratings = np.stack([z[:, 0] + z[:, 1] + random.normal(size=n), random.normal(size=n)], 1)
    labels = np.digitize(ratings[:, 0], [-0.7, 0.7])
    return x.astype(np.float32), labels, ratings, groups, evaluation.folds(groups, 4)


def searched(machine, grid, scoring, x, y, groups, train, test, method):  # noqa: ANN001, ANN201
    search = GridSearchCV(make_pipeline(StandardScaler(), machine), grid, scoring=scoring, cv=GroupKFold(3))
    return getattr(search.fit(x[train], y[train], groups=groups[train]), method)(x[test])


@pytest.mark.parametrize("shape", [(90, 8), (60, 120)])
def test_ridge_is_scikit_learns(shape):
    x, _, ratings, groups, folds = case(*shape)
    penalties = (1.0, 10.0, 100.0, 1000.0)
    found = ridge_probe(x, ratings, groups, folds, penalties=penalties)
    for train, test in folds:
        for t in range(2):
            grid = {"ridge__alpha": penalties}
            # Pooled over the inner folds here, mean over them there: equal folds make it the same choice.
            expected = searched(
                Ridge(), grid, "neg_mean_squared_error", x, ratings[:, t], groups, train, test, "predict"
            )
            np.testing.assert_allclose(found[test, t], expected, rtol=1e-3, atol=2e-3)
    np.testing.assert_array_equal(ridge_probe(x, ratings[:, 0], groups, folds, penalties=penalties), found[:, 0])


@pytest.mark.parametrize("shape", [(90, 8), (60, 120)])
def test_logistic_regression_is_scikit_learns(shape):
    x, labels, _, groups, folds = case(*shape)
    strengths = (1e-3, 1e-2, 1e-1)
    found = logistic_probe(x, labels, groups, folds, strengths=strengths)
    assert found.shape == (1, shape[0], 3)
    for train, test in folds:
        grid = {"logisticregression__C": strengths}
        machine = LogisticRegression(max_iter=2000)
        expected = searched(machine, grid, "neg_log_loss", x, labels, groups, train, test, "predict_log_proba")
        np.testing.assert_allclose(found[0, test], expected, rtol=2e-2, atol=5e-3)


def test_several_classes_at_once_are_regressions_of_their_own():
    x, labels, _, groups, folds = case(90, 8)
    y = np.stack([labels == 0, labels >= 1, np.zeros(90, bool)], 1)
    found = logistic_probe(x, y, groups, folds, strengths=(0.1,))
    for train, test in folds:
        scaler = StandardScaler().fit(x[train])
        peer = LogisticRegression(C=0.1, max_iter=2000).fit(scaler.transform(x[train]), y[train, 0])
        np.testing.assert_allclose(
            found[0, test, 0], peer.decision_function(scaler.transform(x[test])), rtol=2e-2, atol=5e-3
        )
    # A class that no picture has is never the answer.
    assert (found[0, :, 2] < -10).all()


def test_a_class_that_a_fold_does_not_train_on_is_never_its_answer():
    x, labels, _, groups, _ = case(90, 8)
    rare = np.where(groups == groups[0], 3, labels)
    train, test = np.flatnonzero(groups != groups[0]), np.flatnonzero(groups == groups[0])
    found = logistic_probe(x, rare, groups, [(train, test)], classes=4)
    assert np.isfinite(found[0, test]).all() and (found[0, test].argmax(1) != 3).all()
    assert np.isnan(found[0, train]).all()


def test_the_penalty_is_not_chosen_on_rows_that_are_tested_on():
    """Other answers in the test fold leave its predictions as they are."""
    x, labels, ratings, groups, folds = case(90, 8)
    train, test = folds[0]
    other, moved = labels.copy(), ratings.copy()
    other[test], moved[test] = (other[test] + 1) % 3, -99
    for first, second in (
        (logistic_probe(x, labels, groups, folds[:1]), logistic_probe(x, other, groups, folds[:1])),
        (ridge_probe(x, ratings, groups, folds[:1])[None], ridge_probe(x, moved, groups, folds[:1])[None]),
    ):
        np.testing.assert_array_equal(first[0, test], second[0, test])


def test_what_cannot_be_fitted_is_refused():
    x, labels, ratings, groups, folds = case(40, 4)
    with pytest.raises(BadInput, match="groups"):
        logistic_probe(x, labels, groups[:-1], folds)
    with pytest.raises(BadInput, match="one group"):
        logistic_probe(x, labels, np.zeros(40), folds)
    with pytest.raises(BadInput, match="targets"):
        ridge_probe(x, np.where(ratings > 0, np.nan, ratings), groups, folds)
    for wrong in ((), (0.0,), (-1.0, 1.0), (np.inf,)):
        with pytest.raises(BadInput, match="above 0"):
            ridge_probe(x, ratings, groups, folds, penalties=wrong)
