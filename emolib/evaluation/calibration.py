"""How far predicted distributions are from the truth: divergence, Brier score, calibration error. Used by chapter 4.

Accuracy sees the likeliest class alone. A network that is 99% sure and one that is 51% sure are equally accurate;
whether the numbers can be believed is asked here. Divergence and Brier score are proper: they are best for the true
probabilities and nothing else. Calibration error is not: predicting the shares of the classes for every picture has
none. Read it beside one of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emolib.errors import BadInput
from emolib.evaluation import DRAWS, Estimate, _estimate
from emolib.evaluation.drawing import draw_groups, over_seeds, pieces

SLACK = 1e-4
"""How far from 1 the sum of a distribution may be, as in `emolib.distributions`."""

FLOOR = 1e-6
"""The least probability that a prediction is taken to give: an impossible thing that happens costs 13.8 nats."""

BINS = 15
"""Of confidence, as in Guo et al. 2017."""


# -------------------------------------------------------------------------------------------------- picture by picture
def divergences(predictions: np.ndarray, truth: np.ndarray, *, floor: float = FLOOR) -> np.ndarray:
    """KL(truth || prediction) of each picture in nats, from 0 on; `means.mean_score` gives the mean with an interval.

    A prediction of 0 where the truth is not would make it infinite, and single precision makes zeros of what is merely
    small. So predictions are raised to `floor` and then scaled to sum to 1 again: still distributions, so that the
    divergence is never negative and at most log(1 / floor + classes). Where the truth is 0 nothing is added.

    Args:
        predictions: (n, classes) or (seeds, n, classes), rows summing to 1.
        truth: (n, classes) distributions, or (n,) class numbers, with which it is the cross-entropy.
        floor: in (0, 1 / classes].

    Returns:
        (n,) or (seeds, n).

    Raises:
        BadInput: rows that are no distributions, shapes that do not fit, class numbers or floor out of range.
    """
    from scipy.special import rel_entr

    p, t = _checked(predictions, truth)
    if not 0 < floor <= 1 / p.shape[-1]:
        raise BadInput(f"floor is {floor}; it has to lie in (0, 1 / {p.shape[-1]}]")
    raised = np.maximum(p, floor)
    # Rounding may leave the least bit below 0.
    return np.maximum(rel_entr(t, raised / raised.sum(-1, keepdims=True)).sum(-1), 0)


def brier_scores(predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Brier's score of each picture: the sum over classes of (prediction - truth)^2, 0 to 2 (Brier 1950).

    With class numbers, truth is 1 for that class and 0 for the others. With distributions it is the expected score
    less what nobody could avoid, 1 - sum of their squares.

    Arguments, result and errors as in `divergences`.
    """
    p, t = _checked(predictions, truth)
    return ((p - t) ** 2).sum(-1)


# --------------------------------------------------------------------------------------------------- calibration error
@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of confidence, for a diagram: a calibrated prediction has `right` on `confidence`.

    Attributes:
        edges: (bins + 1,) of the bins; one includes its upper edge.
        confidence: (bins,) mean of the highest probability; nan in an empty bin.
        right: (bins,) share of predictions that are right; nan in an empty bin.
        count: (bins,) how many predictions.
    """

    edges: np.ndarray
    confidence: np.ndarray
    right: np.ndarray
    count: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error."""
        there = self.count > 0
        gaps = np.abs(self.confidence[there] - self.right[there])
        return float(gaps @ self.count[there] / self.count.sum())


def reliability(predictions: np.ndarray, truth: np.ndarray, bins: int = BINS, *, adaptive: bool = False) -> Reliability:
    """Confidence and accuracy in bins of confidence, of the likeliest class (of several the first).

    Args:
        predictions: (n, classes), rows summing to 1.
        truth: (n,) class numbers, or (n, classes) distributions, of which the true probability of the predicted class
            is taken: the same on average, with less chance in it.
        bins: how many, of equal width from 0 to 1.
        adaptive: bins of equal numbers of pictures instead (Nguyen & O'Connor 2015). Equal confidences stay together,
            so that there may be fewer.

    Raises:
        BadInput: as `divergences`; no bins.
    """
    p, t = _checked(predictions, truth)
    if p.ndim != 2:
        raise BadInput(f"predictions {p.shape}: a diagram is of one run, (n, classes)")
    confidence, right = _confidence(p, t)
    edges = _edges(confidence, bins, adaptive)
    index, known = np.searchsorted(edges[1:-1], confidence), len(edges) - 1
    count = np.bincount(index, minlength=known)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(index, values, minlength=known) / count for values in (confidence, right)]
    return Reliability(edges, *means, count)


def calibration_error(predictions: np.ndarray, truth: np.ndarray, bins: int = BINS, *, adaptive: bool = False) -> float:
    """Expected calibration error, in [0, 1]: the mean over predictions of |confidence - accuracy| of their bin.

    As Guo et al. 2017, Eq. 3, for the likeliest class. It is above 0 by chance alone, the more the fewer pictures and
    the more bins: see `calibration_floor`, and compare only what has the same of both. Of several seeds the mean.

    Arguments and errors as in `reliability`; predictions may be (seeds, n, classes).
    """
    p, t = _checked(predictions, truth)
    return float(np.mean([reliability(run, t, bins, adaptive=adaptive).error for run in p.reshape(-1, *p.shape[-2:])]))


def calibration_floor(
    predictions: np.ndarray, bins: int = BINS, *, adaptive: bool = False, seed: int = 0, draws: int = 200
) -> float:
    """The calibration error that these predictions would have on average if every one of their numbers were true.

    Whether each is right is drawn with its own confidence, `draws` times. Arguments and errors as in `reliability`, of
    truths that are class numbers.
    """
    p = _distributions(predictions, "predictions")
    runs = p.reshape(-1, *p.shape[-2:])
    random, found = np.random.default_rng(seed), []
    for run in runs:
        confidence = run.max(-1)
        edges = _edges(confidence, bins, adaptive)
        index = np.searchsorted(edges[1:-1], confidence)
        member = (index[:, None] == np.arange(len(edges) - 1)).astype(float)
        right = random.random((draws, len(run))) < confidence
        found.append(np.abs((right - confidence) @ member).sum(1).mean() / len(run))
    return float(np.mean(found))


def calibration_score(
    predictions: np.ndarray,
    truth: np.ndarray,
    groups: Sequence[object],
    bins: int = BINS,
    *,
    adaptive: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> Estimate:
    """`calibration_error` with an interval over groups and seeds.

    The bins stay those of the whole sample. A draw repeats pictures, and its error is above that of the sample for the
    same reason for which the sample's is above the truth; so the interval lies high, and may even leave out the value.
    `calibration_floor` tells how much of both is chance.

    Arguments as in `reliability`, with predictions (n, classes) or (seeds, n, classes), and as in
    `emolib.evaluation.score`.
    """
    found, drawn = _errors(predictions, truth, groups, bins, adaptive, seed, draws)
    return _estimate(found, drawn, groups)


def _errors(predictions, truth, groups, bins, adaptive, seed, draws) -> tuple[float, np.ndarray]:  # noqa: ANN001
    p, t = _checked(predictions, truth)
    index, counts = draw_groups(groups, draws, seed)
    if len(index) != p.shape[-2]:
        raise BadInput(f"predictions {p.shape} and {len(index)} groups do not fit together")
    sizes, gaps = np.bincount(index), []
    for run in p.reshape(-1, *p.shape[-2:]):
        confidence, right = _confidence(run, t)
        edges = _edges(confidence, bins, adaptive)
        # The gap of a bin is a sum over pictures, and so over groups: all draws at once.
        gaps.append(np.zeros((counts.shape[1], len(edges) - 1)))
        np.add.at(gaps[-1], (index, np.searchsorted(edges[1:-1], confidence)), confidence - right)
    values = np.concatenate(
        [
            np.stack([np.abs(some @ run).sum(1) / (some @ sizes) for run in gaps], axis=1)
            for some in pieces(counts, sample=True)
        ]
    )
    return float(values[0].mean()), over_seeds(values[1:], seed)


def _confidence(p: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    said = p.argmax(-1)
    rows = np.arange(len(said))
    return p[rows, said], t[rows, said]


def _edges(confidence: np.ndarray, bins: int, adaptive: bool) -> np.ndarray:
    """Of bins that include their upper edge."""
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise BadInput(f"bins: {bins!r}; a whole number from 1 on")
    if not adaptive:
        return np.linspace(0, 1, bins + 1)
    # Observed confidences, not values between them, so that equal ones are never parted by rounding.
    inner = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
    inner = np.unique(inner)
    return np.concatenate([[0.0], inner[inner < confidence.max()], [1.0]])


def _checked(predictions: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions, and the truth as distributions (n, classes)."""
    p, t = _distributions(predictions, "predictions"), np.asarray(truth)
    n, classes = p.shape[-2:]
    if t.ndim == 1 and t.dtype.kind in "iu":
        if t.shape != (n,) or not 0 <= t.min() <= t.max() < classes:
            raise BadInput(f"truth {t.shape}: there have to be {n} class numbers from 0 to {classes - 1}")
        return p, np.eye(classes)[t]
    t = _distributions(t, "truth")
    if t.shape != (n, classes):
        raise BadInput(f"predictions {p.shape} and truth {t.shape} do not fit together")
    return p, t


def _distributions(rows: np.ndarray, name: str) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.dtype.kind not in "fiu" or rows.ndim not in (2, 3) or rows.size == 0:
        raise BadInput(
            f"{name} {rows.dtype} {rows.shape} have to be distributions, (n, classes) or (seeds, n, classes)"
        )
    rows = rows.astype(np.float64)
    # Written so that nan is refused too.
    wrong = np.argwhere(~((rows >= 0).all(-1) & (np.abs(rows.sum(-1) - 1) <= SLACK)))
    if len(wrong):
        where = tuple(wrong[0].tolist())
        raise BadInput(
            f"{name}: row {where[-1]} is no distribution (its sum is {rows[where].sum():.6g}); shares from 0 on "
            "that sum to 1, as softmax gives them"
        )
    return rows
