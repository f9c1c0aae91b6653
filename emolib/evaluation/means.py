"""Means of what each picture scored, with 95% intervals: what detection, pointing and calibration share. Chapter 4.

As in `emolib.evaluation.score` whole groups and whole seeds are drawn, by the same generators, so that a mean of
squared errors has here the very interval that `score` gives it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emolib.errors import BadInput
from emolib.evaluation import DRAWS, Estimate, _estimate
from emolib.evaluation.drawing import draw_groups, over_seeds, pieces


def mean_score(values: np.ndarray, groups: Sequence[object], *, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """The mean over pictures, averaged over seeds, with its interval.

    Args:
        values: (n,) or (seeds, n), a number a picture; nan where a picture has none (a hit without a region to hit),
            which leaves it out. A seed whose values are all nan makes the mean nan.
        groups: (n,) what is drawn together.
        seed: of the draws.
        draws: how many.

    Raises:
        BadInput: shapes that do not fit, infinite values.
    """
    found, drawn = _means(values, groups, seed, draws)
    return _estimate(found, drawn, groups)


def mean_difference(
    first: np.ndarray, second: np.ndarray, groups: Sequence[object], *, seed: int = 0, draws: int = DRAWS
) -> Estimate:
    """mean(first) - mean(second), paired: both see the same draws. Arguments and errors as in `mean_score`.

    The order is that of losses, positive when the second is better; exchange them for what is better when higher.
    """
    (a, drawn_a), (b, drawn_b) = _means(first, groups, seed, draws), _means(second, groups, seed, draws)
    return _estimate(a - b, drawn_a - drawn_b, groups)


def _means(values: np.ndarray, groups: Sequence[object], seed: int, draws: int) -> tuple[float, np.ndarray]:
    values = np.atleast_2d(np.asarray(values, float))
    index, counts = draw_groups(groups, draws, seed)
    if values.ndim != 2 or values.shape[1] != len(index):
        raise BadInput(f"values {values.shape} and {len(index)} groups do not fit together: (seeds, n) and (n,)")
    if np.isinf(values).any():
        raise BadInput("values: some are infinite; a mean of them says nothing")
    there = ~np.isnan(values)
    # Two sums a group decide every draw: of the values and of how many there are.
    sums = np.zeros((2, len(values), counts.shape[1]))
    for s in range(len(values)):
        for part, numbers in zip(sums, (np.where(there[s], values[s], 0), there[s]), strict=True):
            part[s] = np.bincount(index, numbers, minlength=counts.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        totals = (np.einsum("dg,psg->pds", some, sums, optimize=True) for some in pieces(counts))
        drawn = np.concatenate([total / number for total, number in totals])
        found = np.where(there, values, 0).sum(1) / there.sum(1)
        return float(found.mean()), over_seeds(drawn, seed)
