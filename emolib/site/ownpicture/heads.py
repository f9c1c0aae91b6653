"""Linear heads on frozen embeddings, and how often they are wrong. Used by the page *Your own picture*.

A head is linear on the average of the network's last feature maps, so that what each place of the picture adds to its
answer is exact: the places add up to the answer (class-activation mapping, Zhou et al. 2016, with no constant dropped).
The penalty is chosen by an inner validation that never splits a group, the measures are of outer folds that never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emolib import evaluation
from emolib.emotions import MIKELS, POLARITY
from emolib.errors import BadInput
from emolib.evaluation import Estimate

#: Strengths of the penalty that are tried (our choice): C of the logistic regression, alpha of the ridge regression, on
#: embeddings as they are. Standardised ones do no better, and give large weights to what the training pictures hardly
#: have: a reader's picture may be full of it.
PENALTIES = {"emotions": (0.01, 0.03, 0.1), "plane": (100.0, 300.0, 1000.0)}
PLANE = ("valence", "arousal")


@dataclass(frozen=True, eq=False)
class Head:
    """A linear layer on an embedding.

    Attributes:
        names: (k,) of its outputs.
        weight: float64 (k, dim).
        bias: float64 (k,).
        penalty: the one that the inner validation chose.
        average: float64 (k,), its answer to the average training picture.
    """

    names: tuple[str, ...]
    weight: np.ndarray
    bias: np.ndarray
    penalty: float
    average: np.ndarray

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        """Its answers, float64 (n, k), to embeddings (n, dim)."""
        return np.asarray(embeddings, float) @ self.weight.T + self.bias


def emotion_head(
    embeddings: np.ndarray, labels: Sequence[str], groups: Sequence[object], *, folds: int = 5, seed: int = 0
) -> tuple[Head, dict[str, Estimate]]:
    """Mikels' eight emotions by logistic regression, and how often that is wrong.

    Args:
        embeddings: (n, dim).
        labels: (n,) words of `MIKELS`, each of which has to occur.
        groups: (n,) pictures of a group stay together.
        folds: outer folds; the inner validation has three.
        seed: of both.

    Returns:
        The head, whose answers are logits in the order of `MIKELS`; and, measured on pictures of other groups,
        "accuracy", "majority" (the accuracy of always naming the commonest emotion) and "recall/<emotion>".

    Raises:
        BadInput: an emotion has fewer groups than there are folds.
    """
    X, groups = np.asarray(embeddings, float), np.asarray(groups)
    # Moving the origin changes no solution, since the constant is not penalised, and finds it five times as fast.
    middle = X.mean(0)
    X = X - middle
    y = np.array([MIKELS.index(label) for label in labels])
    for k, name in enumerate(MIKELS):
        there = len(np.unique(groups[y == k]))
        if there < folds:
            raise BadInput(f"emotion head: {name} has {there} groups of pictures; {folds} folds need as many of each")
    guess, commonest = np.empty(len(y)), np.empty(len(y))
    for train, test in evaluation.folds(groups, folds, seed):
        model = _chosen(_logistic(), "C", "emotions", X[train], y[train], groups[train], seed)
        guess[test] = model.predict(X[test])
        commonest[test] = np.bincount(y[train]).argmax()
    measured = {
        "accuracy": evaluation.score(guess, y, groups, "accuracy", seed=seed),
        "majority": evaluation.score(commonest, y, groups, "accuracy", seed=seed),
    }
    for k, name in enumerate(MIKELS):
        own = y == k
        measured[f"recall/{name}"] = evaluation.score(guess[own], y[own], groups[own], "accuracy", seed=seed)
    head = _head(_chosen(_logistic(), "C", "emotions", X, y, groups, seed), MIKELS, "C", X)
    return replace(head, bias=head.bias - head.weight @ middle), measured


def plane_head(
    embeddings: np.ndarray, ratings: np.ndarray, groups: Sequence[object], *, folds: int = 5, seed: int = 0
) -> tuple[Head, dict[str, Estimate]]:
    """Valence and arousal by ridge regression, and how far that is off.

    Args:
        embeddings: (n, dim).
        ratings: (n, 2) valence and arousal; the head answers on their scale.
        groups, folds, seed: as in `emotion_head`.

    Returns:
        The head; and for each dimension, measured on pictures of other groups, "<dimension>/r" (Pearson),
        "<dimension>/mse" and "<dimension>/mse_of_mean" (of always answering the mean of the training ratings).
    """
    X, Y, groups = np.asarray(embeddings, float), np.asarray(ratings, float), np.asarray(groups)
    guess, mean = np.empty_like(Y), np.empty_like(Y)
    for train, test in evaluation.folds(groups, folds, seed):
        guess[test] = _chosen(_ridge(), "alpha", "plane", X[train], Y[train], groups[train], seed).predict(X[test])
        mean[test] = Y[train].mean(0)
    measured = {}
    for k, name in enumerate(PLANE):
        measured[f"{name}/r"] = evaluation.score(guess[:, k], Y[:, k], groups, "r", seed=seed)
        measured[f"{name}/mse"] = evaluation.score(guess[:, k], Y[:, k], groups, "mse", seed=seed)
        measured[f"{name}/mse_of_mean"] = evaluation.score(mean[:, k], Y[:, k], groups, "mse", seed=seed)
    return _head(_chosen(_ridge(), "alpha", "plane", X, Y, groups, seed), PLANE, "alpha", X), measured


def polarity_agreement(
    head: Head, embeddings: np.ndarray, valence: np.ndarray, groups: Sequence[object], *, seed: int = 0
) -> Estimate:
    """How well the probability of the four positive emotions goes with people's valence: Pearson's r.

    A check of an emotion head on pictures of another kind than those that it learnt from.
    """
    p = softmax(head(embeddings))
    positive = p[:, [POLARITY[name] == "positive" for name in head.names]].sum(1)
    return evaluation.score(positive, np.asarray(valence, float), groups, "r", seed=seed)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    from scipy.special import softmax as over

    return over(logits, axis=-1)


def _logistic():  # noqa: ANN202 - scikit-learn's own estimator
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000)


def _ridge():  # noqa: ANN202
    from sklearn.linear_model import Ridge

    return Ridge()


def _chosen(model, parameter: str, head: str, X, y, groups, seed: int):  # noqa: ANN001, ANN202
    """The model fitted to all rows, with the penalty that did best on inner folds of whole groups."""
    from sklearn.model_selection import GridSearchCV

    grid = {parameter: list(PENALTIES[head])}
    scoring = _log_likelihood if head == "emotions" else "neg_mean_squared_error"
    inner = evaluation.folds(groups, 3, seed)
    return GridSearchCV(model, grid, scoring=scoring, cv=inner, error_score="raise").fit(X, y).best_estimator_


def _log_likelihood(model, X: np.ndarray, y: np.ndarray) -> float:  # noqa: ANN001
    """Mean log-probability of the right class; a class that no training row had counts as one in a thousand."""
    p = model.predict_proba(X)
    place = np.minimum(np.searchsorted(model.classes_, y), len(model.classes_) - 1)
    right = np.where(model.classes_[place] == y, p[np.arange(len(y)), place], 1e-3)
    return float(np.log(np.maximum(right, 1e-12)).mean())


def _head(model, names: tuple[str, ...], parameter: str, X: np.ndarray) -> Head:  # noqa: ANN001
    weight, bias = np.atleast_2d(model.coef_), np.asarray(model.intercept_, float)
    return Head(names, weight, bias, float(getattr(model, parameter)), weight @ X.mean(0) + bias)
