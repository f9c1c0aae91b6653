"""The paper's measure of features: one new linear layer on them, by gradient descent (Wei et al. 2020, Sec. 5.2).

All folds and seeds are trained at a time, as one stack of weights: each step is two products of stacks, and five folds
by three seeds cost little more than the reading of their features. Used by chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, softmax
from threadpoolctl import threadpool_limits

from emolib.errors import BadInput
from emolib.training.crossval import Fold

LEARNING_RATE, WEIGHT_DECAY, MOMENTUM = 1e-3, 1e-5, 0.9
EPOCHS = (30, 40)
"""Of the published code, as its learning rate, weight decay and momentum are; the paper names none of them."""


def linear_probe(
    features: np.ndarray,
    labels: np.ndarray,
    folds: Sequence[Fold],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    classes: int | None = None,
    epochs: int = EPOCHS[1],
    lr: float = LEARNING_RATE,
    decay: float = WEIGHT_DECAY,
    momentum: float = MOMENTUM,
    batch: int = 32,
    standardise: bool = False,
) -> np.ndarray:
    """Out-of-fold logits of a linear layer on frozen features, a layer a fold and seed.

    Stochastic gradient descent with momentum and weight decay, as torch defines them, on the mean loss of a batch:
    cross-entropy for class numbers, binary cross-entropy (mean over classes, too) where a picture can have several. The
    layer starts as torch starts linear layers; a seed decides that and the order of the pictures. Neither paper nor
    code names the size of a batch or a schedule: 32 and a constant rate are our choice.

    Args:
        features: (n, d), finite.
        labels: (n,) class numbers from 0, or bool (n, classes) for pictures with several classes.
        folds: (training rows, test rows) of each, which keep groups together: `evaluation.folds`.
        seeds: a layer each.
        classes: how many there are; by default one more than the largest class number.
        epochs, lr, decay, momentum, batch: of the training.
        standardise: features to mean 0 and spread 1 on the training rows. The paper takes them as they are; then the
            rate of learning hangs on their scale, and features of a small scale are underrated.

    Returns:
        float32 (seeds, n, classes); nan for a row that is in no test fold. The predicted class is the largest.

    Raises:
        BadInput: lengths that differ, labels out of range, features that are not finite, numbers that make no sense.
    """
    x = check_table(features, "linear_probe")
    y = one_hot(labels, len(x), classes, "linear_probe")
    several = np.ndim(labels) == 2
    if min(epochs, batch) < 1 or not 0 < lr < np.inf or decay < 0 or not 0 <= momentum < 1 or not len(seeds):
        raise BadInput(f"linear_probe: {epochs} epochs, batch {batch}, lr {lr}, decay {decay}, momentum {momentum}")
    check_folds(folds, len(x), "linear_probe")
    found = np.full((len(seeds), len(x), y.shape[1]), np.nan, np.float32)
    runs = [(s, train, test) for s in range(len(seeds)) for train, test in folds]
    randoms = [np.random.default_rng(seeds[s]) for s, _, _ in runs]
    bound = 1 / np.sqrt(x.shape[1])
    weights = np.stack([r.uniform(-bound, bound, (x.shape[1] + 1, y.shape[1])) for r in randoms]).astype(np.float32)
    shift, scale = np.zeros((len(runs), 1, x.shape[1]), np.float32), np.ones((len(runs), 1, x.shape[1]), np.float32)
    if standardise:
        for run, (_, train, _) in enumerate(runs):
            std = x[train].std(0)
            shift[run, 0], scale[run, 0] = x[train].mean(0), np.where(std > 1e-6, std, 1)
    velocity = np.zeros_like(weights)
    steps = max(-(-len(train) // batch) for _, train, _ in runs)
    # Sums of products differ in their last digits with the number of threads that share them out.
    with threadpool_limits(1):
        for _ in range(epochs):
            order = np.full((len(runs), steps * batch), -1)
            for run, (_, train, _) in enumerate(runs):
                order[run, : len(train)] = randoms[run].permutation(train)
            for step in range(steps):
                rows = order[:, step * batch : (step + 1) * batch]
                # Folds of unequal size end their epochs at different steps; one that has ended waits for the others.
                there = (rows >= 0).astype(np.float32)
                size = there.sum(1)
                active = np.flatnonzero(size)
                rows, there, size = rows[active], there[active, :, None], size[active, None, None]
                some = (x[rows] - shift[active]) / scale[active] if standardise else x[rows]
                own = weights[active]
                logits = some @ own[:, :-1] + own[:, -1:]
                error = expit(logits) - y[rows] if several else softmax(logits, axis=2) - y[rows]
                error *= there / (size * (y.shape[1] if several else 1))
                gradient = np.concatenate([some.transpose(0, 2, 1) @ error, error.sum(1, keepdims=True)], 1)
                gradient += decay * own
                velocity[active] = momentum * velocity[active] + gradient
                weights[active] = own - lr * velocity[active]
        for run, (s, _, test) in enumerate(runs):
            found[s, test] = ((x[test] - shift[run]) / scale[run]) @ weights[run, :-1] + weights[run, -1]
    return found


def one_hot(labels: np.ndarray, n: int, classes: int | None, name: str) -> np.ndarray:
    """float32 (n, classes) of class numbers (n,) or of yes and no (n, classes). Raises BadInput for other labels."""
    labels = np.asarray(labels)
    if len(labels) != n:
        raise BadInput(f"{name}: {n} rows of features and {len(labels)} labels")
    if labels.ndim == 2:
        if labels.dtype != bool or classes not in (None, labels.shape[1]) or not labels.shape[1]:
            raise BadInput(f"{name}: labels {labels.dtype} {labels.shape} have to be bool, a column a class")
        return labels.astype(np.float32)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not n:
        raise BadInput(f"{name}: labels {labels.dtype} {labels.shape} have to be class numbers, or bool with classes")
    classes = int(labels.max()) + 1 if classes is None else classes
    if classes < 2 or labels.min() < 0 or labels.max() >= classes:
        raise BadInput(f"{name}: labels run from {labels.min()} to {labels.max()}, classes from 0 to {classes - 1}")
    return np.eye(classes, dtype=np.float32)[labels]


def check_folds(folds: Sequence[Fold], n: int, name: str) -> None:
    """Raises BadInput for folds that are empty, reach beyond n rows, test on what they train on, or test twice."""
    if not folds:
        raise BadInput(f"{name}: there is no fold")
    tested = np.zeros(n, bool)
    for number, (train, test) in enumerate(folds):
        train, test = np.asarray(train), np.asarray(test)
        if not len(train) or not len(test) or min(train.min(), test.min()) < 0 or max(train.max(), test.max()) >= n:
            raise BadInput(f"{name}: fold {number} is empty or reaches beyond the {n} rows")
        both = np.intersect1d(train, test)
        if len(both):
            raise BadInput(f"{name}: fold {number} tests on row {both[0]}, which it trains on")
        if tested[test].any() or len(np.unique(test)) < len(test):
            raise BadInput(f"{name}: fold {number} tests on a row that is tested on already")
        tested[test] = True


def check_table(features: np.ndarray, name: str) -> np.ndarray:
    """The features as float32 (n, d). Raises BadInput where they are no table or not finite (named by row)."""
    x = np.asarray(features)
    if x.ndim != 2 or not x.size or x.dtype.kind not in "fiu":
        raise BadInput(f"{name}: features {x.shape} have to be a table of numbers, a row a picture")
    x = x.astype(np.float32)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise BadInput(f"{name}: feature {column} of row {row} is not finite")
    return x
