"""Tuned linear models beside the paper's probe: what features hold when the classifier is not in the way. Chapter 5.

The paper's probe learns at one rate for all features and stops after 40 epochs; a difference between two kinds of
features may then be one of scale. Here features are standardised, and how strongly weights are held back is chosen on
the training rows alone, on inner folds that keep groups together, for every fold anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from emolib.errors import BadInput
from emolib.probes.linear import check_folds, check_table, one_hot
from emolib.training.crossval import Fold

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Values of logistic regression's C (scikit-learn's: of the sum of losses), on standardised features."""

PENALTIES = tuple(10.0**power for power in np.arange(0, 6.5, 0.5))
"""Penalties of the ridge, on standardised features."""

INNER = 3
"""Inner folds on which either is chosen; fewer when there are fewer groups."""

_NEVER = -30.0
"""Log odds of a class that no training row, or of "no" where every row, has."""


def logistic_probe(
    features: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[object],
    folds: Sequence[Fold],
    *,
    classes: int | None = None,
    strengths: Sequence[float] = STRENGTHS,
) -> np.ndarray:
    """Out-of-fold log probabilities of a logistic regression whose penalty is chosen on inner folds by log loss.

    Args:
        features: (n, d), finite.
        labels: (n,) class numbers, or bool (n, classes) for pictures with several classes: then a regression a class,
            all with the same C, and log odds in place of log probabilities.
        groups: (n,) what inner folds must not split.
        folds: (training rows, test rows) of each.
        classes: how many there are; by default one more than the largest class number.
        strengths: values of C to choose among.

    Returns:
        float32 (1, n, classes), an axis of one seed in front, since there is no chance in it; nan for a row that is in
        no test fold.

    Raises:
        BadInput: lengths that differ, labels out of range, features that are not finite, folds that overlap.
    """
    x = check_table(features, "logistic_probe")
    y = one_hot(labels, len(x), classes, "logistic_probe")
    strengths = _positive(strengths, "logistic_probe: strengths")
    several = np.ndim(labels) == 2
    groups = _groups(groups, folds, len(x), "logistic_probe")
    found = np.full((1, *y.shape), np.nan, np.float32)
    with threadpool_limits(1):
        for train, test in folds:
            losses = np.zeros(len(strengths))
            for fit, held in _inner(train, groups):
                losses += [_loss(scores, y[held], several) for scores in _logistic(x, y, fit, held, strengths, several)]
            found[0, test] = next(_logistic(x, y, train, test, (strengths[int(losses.argmin())],), several))
    return found


def ridge_probe(
    features: np.ndarray,
    targets: np.ndarray,
    groups: Sequence[object],
    folds: Sequence[Fold],
    *,
    penalties: Sequence[float] = PENALTIES,
) -> np.ndarray:
    """Out-of-fold predictions of numbers, such as valence, by ridge regression, its penalty chosen on inner folds.

    Args:
        features: (n, d), finite.
        targets: (n,) or (n, t) for several, each with a penalty of its own.
        groups: (n,) what inner folds must not split.
        folds: (training rows, test rows) of each.
        penalties: to choose among, by mean squared error.

    Returns:
        float32 (n,) or (n, t); nan for a row that is in no test fold.

    Raises:
        BadInput: lengths that differ, what is not finite, folds that overlap.
    """
    x = check_table(features, "ridge_probe")
    y = np.asarray(targets, float)
    if y.ndim not in (1, 2) or len(y) != len(x) or not np.isfinite(y).all():
        raise BadInput(f"ridge_probe: targets {y.shape} have to be finite numbers for each of {len(x)} rows")
    penalties = _positive(penalties, "ridge_probe: penalties")
    groups = _groups(groups, folds, len(x), "ridge_probe")
    table = y.reshape(len(y), -1)
    found = np.full(table.shape, np.nan, np.float32)
    with threadpool_limits(1):
        for train, test in folds:
            errors = np.zeros((len(penalties), table.shape[1]))
            for fit, held in _inner(train, groups):
                errors += ((_ridge(x, table, fit, held, penalties) - table[held]) ** 2).sum(1)
            best = _ridge(x, table, train, test, penalties)[errors.argmin(0), :, np.arange(table.shape[1])]
            found[test] = best.T
    return found.reshape(y.shape)


def _ridge(x: np.ndarray, y: np.ndarray, fit: np.ndarray, held: np.ndarray, penalties: Sequence[float]) -> np.ndarray:
    """Predictions of the held rows, (penalties, held, targets)."""
    there, new, squares = _coordinates(x, fit, held)
    level = y[fit].mean(0)
    product = there.T @ (y[fit] - level)
    return np.stack([new @ (product / (squares + penalty)[:, None]) + level for penalty in penalties])


def _logistic(x, y, fit, held, strengths, several):  # noqa: ANN001, ANN202
    """For each C, the scores of the held rows, (held, classes)."""
    there, new, _ = _coordinates(x, fit, held)
    columns = range(y.shape[1]) if several else (None,)
    # From the strongest penalty on, each solution being the start of the next.
    machines = [LogisticRegression(C=strengths[0], warm_start=True, max_iter=2000, tol=1e-4) for _ in columns]
    for strength in strengths:
        scores = np.full((len(held), y.shape[1]), _NEVER, np.float32)
        for column, machine in zip(columns, machines, strict=True):
            goal = y[fit].argmax(1) if column is None else y[fit, column].astype(int)
            there_are = np.unique(goal)
            if len(there_are) == 1:
                scores[:, there_are[0] if column is None else column] = (
                    0 if column is None else _NEVER * (1 - 2 * goal[0])
                )
                continue
            machine.set_params(C=strength).fit(there, goal)
            if column is None:
                scores[:, machine.classes_] = np.maximum(machine.predict_log_proba(new), _NEVER)
            else:
                scores[:, column] = machine.decision_function(new)
        yield scores


def _loss(scores: np.ndarray, y: np.ndarray, several: bool) -> float:
    if several:
        return float(np.logaddexp(0, np.where(y > 0, -scores, scores)).mean())
    shares = np.exp(scores.astype(float))
    return float(log_loss(y.argmax(1), shares / shares.sum(1, keepdims=True), labels=np.arange(y.shape[1])))


def _coordinates(x: np.ndarray, fit: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both parts on the principal axes of the fitting rows, standardised by them, and the squared lengths of the axes.

    A penalty on the length of the weights does not feel a rotation, so nothing is lost, and there are no more axes than
    rows: with 1280 features of 600 pictures that halves the work.
    """
    mean, std = x[fit].mean(0), x[fit].std(0)
    scale = np.where(std > 1e-6, std, 1)
    a, b = ((x[rows] - mean).astype(float) / scale for rows in (fit, held))
    if a.shape[1] <= a.shape[0]:
        squares, axes = np.linalg.eigh(a.T @ a)
    else:
        squares, left = np.linalg.eigh(a @ a.T)
        axes = None
    kept = squares > 1e-9 * max(squares[-1], 1e-12)
    if axes is None:
        axes = a.T @ (left[:, kept] / np.sqrt(squares[kept]))
    else:
        axes = axes[:, kept]
    return a @ axes, b @ axes, squares[kept]


def _inner(train: np.ndarray, groups: np.ndarray) -> list[Fold]:
    own = groups[train]
    k = min(INNER, len(np.unique(own)))
    if k < 2:
        raise BadInput("probe: the training rows of a fold are one group; nothing can be chosen on them")
    return [(train[a], train[b]) for a, b in GroupKFold(k).split(own, groups=own)]


def _groups(groups: Sequence[object], folds: Sequence[Fold], n: int, name: str) -> np.ndarray:
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise BadInput(f"{name}: {n} rows of features and groups {groups.shape}")
    check_folds(folds, n, name)
    return groups


def _positive(values: Sequence[float], name: str) -> tuple[float, ...]:
    found = tuple(sorted(float(value) for value in values))
    if not found or not 0 < found[0] or not found[-1] < np.inf:
        raise BadInput(f"{name}: {found} have to be numbers above 0")
    return found
