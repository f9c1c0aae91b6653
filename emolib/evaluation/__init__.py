"""Folds that keep series together, measures, and 95% intervals. Used by every chapter.

Pictures of one series are not independent, and neither are two runs on the same folds. So every interval comes from a
bootstrap that draws whole groups and whole seeds, and every comparison is paired: both systems see the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from emolib.errors import BadInput
from emolib.evaluation.drawing import draw_groups, numbered, over_seeds, pieces

DRAWS = 4000

CLASS_MEASURES = ("accuracy", "recall", "one_vs_all_accuracy", "one_vs_all_tpr")
"""Of class numbers: the share that is right, and the mean over the true classes of the share found (recall, also called
true-positive rate). Of yes or no for each class, (n, classes): the mean over classes of the share that is right, and
of the mean of the shares found among the class and among the rest (Machajdik & Hanbury 2010, section 4.2), .5 by
chance. One-vs-all leaves out classes whose column is nan."""

ONE_VS_ALL = CLASS_MEASURES[2:]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval.

    Attributes:
        value: the estimate.
        low, high: bounds of the interval; None where there is none.
        n: how many units it rests on.
        unit: what those units are ("groups", "pictures", "words", "folds").
    """

    value: float
    low: float | None
    high: float | None
    n: int
    unit: str

    def as_dict(self) -> dict[str, float | int | str | None]:
        """As `metrics.json` has it; what is not finite becomes None."""
        return {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in asdict(self).items()}

    def __str__(self) -> str:
        bounds = "" if self.low is None or self.high is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.value:.2f}{bounds}"


def folds(groups: Sequence[object], k: int = 5, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """k folds that never split a group: (training rows, test rows) of each.

    Raises:
        BadInput: fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    groups = np.asarray(groups)
    if k < 2 or len(np.unique(groups)) < k:
        raise BadInput(
            f"folds: {len(np.unique(groups))} groups do not make {k} folds; at least 2, at most a group each"
        )
    return list(GroupKFold(k, shuffle=True, random_state=seed).split(groups, groups=groups))


def mse(predictions: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((np.asarray(predictions, float) - np.asarray(truth, float)) ** 2))


def pearson(predictions: np.ndarray, truth: np.ndarray) -> float:
    """Pearson's r; nan where either side is constant."""
    p, y = np.asarray(predictions, float), np.asarray(truth, float)
    # Each about its own mean: a common shift would leave the digits of one of them to rounding.
    return _mean_score((p - p.mean())[None], y - y.mean(), "r")


def score(
    predictions: np.ndarray,
    truth: np.ndarray,
    groups: Sequence[object],
    measure: str,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Estimate:
    """A measure of out-of-fold predictions, averaged over seeds, with its interval.

    Args:
        predictions: (seeds, n), or (n,) of a system without chance; with a last axis of classes for one-vs-all.
        truth: (n,).
        groups: (n,) what is drawn together.
        measure: "r" (Pearson, over all pictures of a run), "mse", or one of `CLASS_MEASURES`, for which truth is class
            numbers.
        seed: of the draws.
        draws: how many.

    Raises:
        BadInput: shapes that do not fit together, an unknown measure, numbers that are not finite (but see
            `CLASS_MEASURES`), nothing to draw.
    """
    predictions = _by_seed(predictions, measure)
    values = _draw([predictions], truth, groups, measure, seed, draws)[0]
    return _estimate(_mean_score(predictions, truth, measure), values, groups)


def difference(
    first: np.ndarray,
    second: np.ndarray,
    truth: np.ndarray,
    groups: Sequence[object],
    measure: str,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Estimate:
    """How much better the second system is than the first, paired: positive means better, whatever the measure.

    MSE(first) - MSE(second), or of any other measure second - first, each averaged over its seeds. In one-vs-all of the
    classes that both systems judged. Arguments and errors as in `score`.
    """
    first, second = _by_seed(first, measure), _by_seed(second, measure)
    if measure in ONE_VS_ALL:
        first, second = _of_common_classes(first, second)
    a, b = _draw([first, second], truth, groups, measure, seed, draws)
    sign = 1 if measure == "mse" else -1
    value = _mean_score(first, truth, measure) - _mean_score(second, truth, measure)
    return _estimate(sign * value, sign * (a - b), groups)


def bootstrap(
    statistic, groups: Sequence[object], *, seed: int = 0, draws: int = 1000, unit: str = "groups"
) -> Estimate:  # noqa: ANN001
    """Any statistic of rows, with an interval from drawing whole groups.

    Args:
        statistic: called with row numbers (some of them repeated), gives a number.
        groups: (n,) what is drawn together.
        seed: of the draws.
        draws: how many.
        unit: what a group is called.

    Raises:
        BadInput: no groups or no draws.
    """
    index, n = numbered(groups, draws)
    random = np.random.default_rng(seed)
    # The rows of a group lie side by side in `order`, from `starts` on.
    order, sizes = np.argsort(index, kind="stable"), np.bincount(index)
    starts = np.cumsum(sizes) - sizes

    def drawn() -> np.ndarray:
        chosen = random.integers(n, size=n)
        long = sizes[chosen]
        before = np.cumsum(long) - long
        return order[np.repeat(starts[chosen] - before, long) + np.arange(long.sum())]

    values = np.array([statistic(drawn()) for _ in range(draws)])
    return _estimate(statistic(np.arange(len(index))), values, groups, unit)


def _by_seed(predictions: np.ndarray, measure: str) -> np.ndarray:
    """The predictions with an axis of seeds in front."""
    predictions = np.asarray(predictions)
    axes = 3 if measure in ONE_VS_ALL else 2
    return predictions[None] if predictions.ndim == axes - 1 else predictions


def _of_common_classes(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both of one-vs-all, nan for every class that one of them could not judge: else the means are of other classes."""
    if first.ndim != 3 or second.ndim != 3 or first.shape[1:] != second.shape[1:]:
        raise BadInput(f"predictions {first.shape} and {second.shape} do not fit together: (seeds, n, classes)")
    lost = np.isnan(first).all((0, 1)) | np.isnan(second).all((0, 1))
    return (np.where(lost, np.nan, first), np.where(lost, np.nan, second)) if lost.any() else (first, second)


def _sums(predictions: np.ndarray, truth: np.ndarray, measure: str) -> np.ndarray:
    """Per seed and row, numbers whose sums over rows determine the measure: (seeds, n, numbers)."""
    if measure in ("r", "mse"):
        # Centred, since differences of large sums lose digits.
        p, y = np.broadcast_arrays(predictions - truth.mean(), truth - truth.mean())
        return np.stack([np.ones_like(p), p, y, p * p, y * y, p * y], axis=-1)
    if measure == "accuracy":
        right = (predictions == truth).astype(float)
        return np.stack([np.ones_like(right), right], axis=-1)
    classes = np.arange(predictions.shape[-1]) if measure in ONE_VS_ALL else np.unique(truth)
    member = np.broadcast_to(truth[:, None] == classes, (len(predictions), len(truth), len(classes)))
    if measure == "recall":
        return np.concatenate([member, member & (predictions == truth)[..., None]], axis=-1).astype(float)
    known = ~np.isnan(predictions).any(axis=(0, 1))
    member, said = member[..., known], predictions[..., known] > 0.5
    return np.concatenate([member, member & said, ~member, ~member & ~said], axis=-1).astype(float)


def _from_sums(sums: np.ndarray, measure: str) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        if measure == "accuracy":
            return sums[..., 1] / sums[..., 0]
        if measure == "recall":
            there, found = np.split(sums, 2, axis=-1)
            return _mean(found / there)
        if measure in ONE_VS_ALL:
            positive, hit, negative, rejected = np.split(sums, 4, axis=-1)
            if measure == "one_vs_all_accuracy":
                return _mean((hit + rejected) / (positive + negative))
            return _mean((hit / positive + rejected / negative) / 2)
        n, p, y, pp, yy, py = np.moveaxis(sums, -1, 0)
        if measure == "mse":
            return (pp - 2 * py + yy) / n
        spread_p, spread_y = pp - p * p / n, yy - y * y / n
        # A constant has no correlation; rounding would otherwise make one up.
        varied = (spread_p > 1e-9 * pp) & (spread_y > 1e-9 * yy)
        return np.where(varied, (py - p * y / n) / np.sqrt(spread_p * spread_y), np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is defined: a class that no draw has says nothing; nan if none is defined."""
    there = np.isfinite(values)
    return np.where(there, values, 0).sum(-1) / there.sum(-1)


def _mean_score(predictions: np.ndarray, truth: np.ndarray, measure: str) -> float:
    return float(np.mean(_from_sums(_sums(predictions, np.asarray(truth, float), measure).sum(1), measure)))


def _draw(
    systems: list[np.ndarray], truth: np.ndarray, groups: Sequence[object], measure: str, seed: int, draws: int
) -> list[np.ndarray]:
    if measure not in ("r", "mse", *CLASS_MEASURES):
        raise BadInput(f"measure: {measure!r} is unknown; use r, mse, {', '.join(CLASS_MEASURES)}")
    truth = np.asarray(truth, float)
    index, counts = draw_groups(groups, draws, seed)
    for predictions in systems:
        axes = 3 if measure in ONE_VS_ALL else 2
        fits = predictions.ndim == axes and len(predictions) and predictions.shape[1:2] == truth.shape == index.shape
        if not fits:
            raise BadInput(
                f"predictions {predictions.shape}, truth {truth.shape} and groups {index.shape} do not fit together"
            )
        # In one-vs-all a class that could not be judged is nan for every picture, never for some.
        lost = ~np.isfinite(predictions)
        if lost.any() and not (measure in ONE_VS_ALL and (lost.all((0, 1)) | ~lost.any((0, 1))).all()):
            raise BadInput("predictions: some are not finite; a picture was never in a test fold, or training diverged")
    if not np.isfinite(truth).all():
        row = int(np.argmin(np.isfinite(truth)))
        raise BadInput(f"truth: row {row} is {truth[row]}; leave out pictures whose truth is not known")
    sums = []
    for predictions in systems:
        rows = _sums(predictions, truth, measure)
        by_group = np.zeros((len(predictions), counts.shape[1], rows.shape[-1]))
        for s in range(len(predictions)):
            np.add.at(by_group[s], index, rows[s])
        sums.append(by_group)
    scores = [
        [_from_sums(np.einsum("dg,sgk->dsk", some, by_group, optimize=True), measure) for by_group in sums]
        for some in pieces(counts)
    ]
    return [over_seeds(np.concatenate(found), seed) for found in zip(*scores, strict=True)]


def _estimate(value: float, values: np.ndarray, groups: Sequence[object], unit: str = "groups") -> Estimate:
    n = len(np.unique(np.asarray(groups)))
    if not np.isfinite(values).all():
        return Estimate(float(value), None, None, n, unit)
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), n, unit)
