"""The protocol of the small emotion sets: one classifier an emotion, told apart from all others (You 2016, chapter 1).

Machajdik & Hanbury (2010) set it up and the later papers kept it: principal components that hold 90% of the variance,
a linear support vector machine that weighs the few positive pictures as much as the many negative ones, five folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from emolib.errors import BadInput
from emolib.training.crossval import Fold

VARIANCE = 0.9
"""Share of the variance that the principal components keep (You et al. 2016, section "Public data sets")."""

PENALTIES = (1e-4, 1e-3, 1e-2)
"""Values of the machine's C; the papers name none. Chosen on training pictures, for every fold anew."""


def stratified_folds(labels: np.ndarray, groups: Sequence[object], k: int = 5, seed: int = 0) -> list[Fold]:
    """k folds that never split a group and share out the classes as evenly as the groups allow.

    Raises:
        BadInput: fewer groups than folds, or no class with a picture for every fold.
    """
    groups = np.asarray(groups)
    if k < 2 or len(np.unique(groups)) < k:
        raise BadInput(f"folds: {len(np.unique(groups))} groups do not make {k} folds")
    if np.unique(labels, return_counts=True)[1].max() < k:
        raise BadInput(f"folds: no class has a picture for each of {k} folds; nothing could be judged")
    split = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of classes with fewer pictures than folds, for which `one_vs_all` gives NA.
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(split.split(groups, labels, groups=groups))


def judged(labels: np.ndarray, folds: Sequence[Fold], classes: int) -> np.ndarray:
    """Which classes can be judged, bool (classes,).

    A class can't when it has fewer pictures than there are folds (the paper leaves anger out of IAPSsubset and Abstract
    for that), when it has all of them, or when the training pictures of a fold hold fewer than two of it or of the
    rest, since C is then chosen on nothing.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels, minlength=classes)
    possible = (counts >= len(folds)) & (counts < len(labels))
    for train, _ in folds:
        inside = np.bincount(labels[train], minlength=classes)
        possible &= (inside >= 2) & (len(train) - inside >= 2)
    return possible


def one_vs_all(
    features: np.ndarray, labels: np.ndarray, groups: Sequence[object], folds: Sequence[Fold], classes: int
) -> np.ndarray:
    """Out-of-fold yes or no for every picture and class.

    In each fold the features are standardised and reduced on the training pictures. C is the one of `PENALTIES` with
    the best mean one-vs-all true-positive rate on an inner split of the training pictures by group, the same for all
    classes.

    Args:
        features: (n, d), finite.
        labels: (n,) class numbers from 0.
        groups: (n,) what must not be split.
        folds: of `stratified_folds`.
        classes: how many classes there are, empty ones included.

    Returns:
        float (n, classes): 1 for yes, 0 for no; a whole column of nan where the class can't be `judged`.

    Raises:
        BadInput: lengths that differ, labels out of range, or features that are not finite.
    """
    # Single precision: the decomposition takes half the time, and features are no more exact than that.
    features, labels, groups = np.asarray(features, np.float32), np.asarray(labels), np.asarray(groups)
    if features.ndim != 2 or not len(features) == len(labels) == len(groups):
        raise BadInput(f"one_vs_all: features {features.shape}, {len(labels)} labels and {len(groups)} groups")
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise BadInput(f"one_vs_all: feature {column} of picture {row} is not finite")
    if labels.min() < 0 or labels.max() >= classes:
        raise BadInput(f"one_vs_all: labels run from {labels.min()} to {labels.max()}, classes from 0 to {classes - 1}")
    possible = np.flatnonzero(judged(labels, folds, classes))
    answers = np.full((len(features), classes), np.nan)
    for train, test in folds:
        scaler = StandardScaler().fit(features[train])
        reduce = PCA(VARIANCE, svd_solver="full").fit(scaler.transform(features[train]))
        reduced = reduce.transform(scaler.transform(features))
        # One scale for all components: machines see the leading ones as the papers' do, C means the same everywhere.
        reduced /= max(float(np.sqrt(reduce.explained_variance_.mean())), 1e-12)
        penalty = _choose(reduced[train], labels[train], groups[train], possible)
        for k in possible:
            machine = _machine(penalty).fit(reduced[train], labels[train] == k)
            answers[test, k] = machine.predict(reduced[test])
    return answers


def _machine(penalty: float) -> LinearSVC:
    return LinearSVC(C=penalty, class_weight="balanced", dual=False, tol=1e-3)


def _choose(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, possible: np.ndarray) -> float:
    """The penalty that does best on a third of the training pictures; the middle one where that can't be said."""
    if len(np.unique(groups)) < 3 or np.bincount(labels).max() < 3:
        return PENALTIES[1]
    fit, held = stratified_folds(labels, groups, 3, seed=0)[0]
    usable = [k for k in possible if len(np.unique(labels[fit] == k)) == len(np.unique(labels[held] == k)) == 2]
    if not usable:
        return PENALTIES[1]

    def value(penalty: float) -> float:
        return float(
            np.mean(
                [
                    balanced_accuracy_score(
                        labels[held] == k,
                        _machine(penalty).fit(features[fit], labels[fit] == k).predict(features[held]),
                    )
                    for k in usable
                ]
            )
        )

    return max(PENALTIES, key=value)
