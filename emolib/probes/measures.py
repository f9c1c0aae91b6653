"""Measures of ranked answers. Used by chapter 5; accuracy, recall and correlations are in `emolib.evaluation`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.metrics import average_precision_score

from emolib.errors import BadInput


def mean_average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the classes of `sklearn.metrics.average_precision_score`: its macro average.

    The convention: of a class, pictures are ranked by their score; AP is the sum over the ranks of the rise in recall
    times the precision there, without interpolation, and pictures of equal score share one rank. (Other conventions
    take the largest precision from a rank on, or average at eleven levels of recall; both give more.) The paper does
    not say which it follows. scikit-learn gives a class without any picture an AP of 0; here it is left out of the
    mean, since no ranking could do better.

    Args:
        scores: (n, k), the higher the likelier, finite.
        truth: bool (n, k), or class numbers (n,).

    Returns:
        A share in (0, 1]; nan when no class has a picture. Scores that say nothing give the mean share of a class.

    Raises:
        BadInput: shapes that do not fit, scores that are not finite.
    """
    scores, truth = _ranked(scores, truth, "mean_average_precision")
    there = truth.any(0)
    return float(average_precision_score(truth[:, there], scores[:, there], average="macro")) if there.any() else np.nan


class Resampled:
    """Mean average precision over several rankings of the same pictures, of any resampling of them, quickly.

    For a bootstrap: `Resampled(scores, truth)(rows)` is the mean over rankings of `mean_average_precision(own[rows],
    truth[rows])`, where a picture may be drawn several times. Pictures are put in order once, not for every draw; a
    picture that was drawn thrice counts as three of equal score.

    Args:
        scores: (n, k) each, of one system from several seeds.
        truth: as in `mean_average_precision`; its errors too.
    """

    def __init__(self, scores: Sequence[np.ndarray], truth: np.ndarray) -> None:
        self._rankings = []
        for own in scores:
            own, yes = _ranked(own, truth, "Resampled")
            order = np.argsort(-own, axis=0, kind="stable")
            falling = np.take_along_axis(own, order, 0)
            # Where the next picture has another score: pictures of equal score share one rank.
            last = np.vstack([falling[1:] != falling[:-1], np.ones((1, own.shape[1]), bool)])
            self._rankings.append((order, np.take_along_axis(yes, order, 0), last))

    def __call__(self, rows: np.ndarray) -> float:
        """Of the pictures with these numbers, int (m,); nan when they have no class."""
        return float(np.mean([self._one(np.asarray(rows), *ranking) for ranking in self._rankings]))

    @staticmethod
    def _one(rows: np.ndarray, order: np.ndarray, yes: np.ndarray, last: np.ndarray) -> float:
        counts = np.bincount(rows, minlength=len(order))[order]
        right, drawn = np.cumsum(counts * yes, 0), np.cumsum(counts, 0)
        total = right[-1]
        precision = np.where(last, right / np.maximum(drawn, 1), 0.0)
        # What was right up to the rank before; ranks in between take that of the last one.
        before = np.maximum.accumulate(np.where(last, right, 0), 0)
        rise = np.diff(before, axis=0, prepend=0)
        there = total > 0
        return float(((precision * rise).sum(0)[there] / total[there]).mean()) if there.any() else np.nan


def picture_average_precision(scores: np.ndarray, truth: np.ndarray | csr_array) -> np.ndarray:
    """Average precision of each picture's ranking of the classes, float (n,); nan for a picture without any.

    For text models, which rank keywords. Convention, arguments and errors as in `mean_average_precision`; truth may be
    sparse.
    """
    scores, truth = _ranked(scores, truth, "picture_average_precision")
    return np.array(
        [average_precision_score(row, s) if row.any() else np.nan for row, s in zip(truth, scores, strict=True)], float
    )


def any_keyword(scores: np.ndarray, truth: np.ndarray | csr_array) -> np.ndarray:
    """Whether the first answer is any of a picture's keywords, bool (n,): "top-1" of Wei et al. (Sec. 5.1).

    So the published code counts; with seven keywords a picture that is far easier than naming one. Arguments and errors
    as in `mean_average_precision`.
    """
    scores, truth = _ranked(scores, truth, "any_keyword")
    return truth[np.arange(len(truth)), scores.argmax(1)]


def _ranked(scores: np.ndarray, truth: np.ndarray | csr_array, name: str) -> tuple[np.ndarray, np.ndarray]:
    scores = np.asarray(scores)
    truth = truth.toarray() if issparse(truth) else np.asarray(truth)
    if scores.ndim != 2 or not scores.size or scores.dtype.kind not in "fiu" or not np.isfinite(scores).all():
        raise BadInput(f"{name}: scores {scores.shape} have to be a table of finite numbers, a column a class")
    if truth.ndim == 1 and truth.dtype.kind in "iu" and len(truth) == len(scores):
        if truth.min() < 0 or truth.max() >= scores.shape[1]:
            raise BadInput(
                f"{name}: truth runs from {truth.min()} to {truth.max()}, scores have {scores.shape[1]} columns"
            )
        truth = truth[:, None] == np.arange(scores.shape[1])
    if truth.shape != scores.shape or not np.isin(truth, (0, 1)).all():
        raise BadInput(
            f"{name}: scores {scores.shape} for truth {truth.shape}, which has to be yes and no or class numbers"
        )
    return scores, truth.astype(bool)
