"""How well boxes find true regions: average precision and recall, with intervals. Used by chapter 4.

Boxes are matched once (`emolib.evaluation.matching`, after COCO); then a picture is a few scores with hits, and
thousands of draws of pictures cost no more than sums over them.

Average precision takes every recall that is reached into account, as PASCAL VOC does since 2010, under the envelope of
the curve (the best precision at that recall or a higher one); COCO's grid of 101 recalls can be had. Boxes of equal
score, of whatever pictures, come in together, so that the order of the pictures does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from emolib.errors import BadInput
from emolib.evaluation import DRAWS, Estimate, _estimate
from emolib.evaluation.drawing import draw_groups, over_seeds, pieces
from emolib.evaluation.matching import Matches, match

__all__ = [
    "COCO", "Matches", "ap_difference", "ap_score", "average_precision", "curve", "match", "recall",
    "recall_difference", "recall_score",
]  # fmt: skip

COCO = 101
"""Points of COCO's grid of recalls, for `points`."""


def average_precision(
    matches: Matches, rows: np.ndarray | Sequence[int] | None = None, *, points: int | None = None
) -> float:
    """Average precision over pictures, in [0, 1]; nan where none of them has a true box.

    Args:
        matches: of `match`.
        rows: numbers of the pictures, as often as they count; each once by default. So `emolib.evaluation.bootstrap`
            can call this.
        points: mean of the envelope at so many recalls, evenly from 0 to 1 (`COCO`: 101); by default the whole area.
            Whether a recall reaches a point is decided without rounding, which COCO's own code does not.

    Raises:
        BadInput: a number of no picture, points below 2.
    """
    _check_points(points)
    return float(_precisions(matches, matches.picture, _weights(matches, rows)[None], matches.truths, points)[0])


def recall(matches: Matches, k: int = 10, rows: np.ndarray | Sequence[int] | None = None) -> float:
    """The share of the true boxes that are found by the k best boxes of their picture; nan where there is none.

    Boxes choose in the order of their scores, so that a hit among the k best is the same whatever comes after them.

    Raises:
        BadInput: a number of no picture, k below 1.
    """
    weights, found = _weights(matches, rows), _found(matches, k)
    total = int(weights @ matches.truths)
    return float(weights @ found / total) if total else float("nan")


def curve(matches: Matches) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision at each score from the highest down, both (thresholds,), for a figure.

    Raises BadInput where no picture has a true box: there is no recall.
    """
    total = int(matches.truths.sum())
    if total == 0:
        raise BadInput("curve: no picture has a true box, so that there is no recall")
    found = np.cumsum(matches.hits)[matches.ends]
    return found / total, found / (matches.ends + 1)


# ------------------------------------------------------------------------------------------------------------ intervals
def ap_score(
    matches_by_seed: Matches | Sequence[Matches],
    groups: Sequence[object],
    seed: int = 0,
    *,
    draws: int = DRAWS,
    points: int | None = None,
) -> Estimate:
    """Average precision, averaged over seeds, with an interval over groups of pictures and over seeds.

    Args:
        matches_by_seed: of `match`, one for each run of the system, of the same pictures.
        groups: (n,) which pictures are drawn together.
        seed: of the draws.
        draws: how many.
        points: as in `average_precision`.

    Raises:
        BadInput: pictures and groups that do not fit together, no matches, points below 2.
    """
    return _score(matches_by_seed, groups, seed, draws, _of_groups(points))


def ap_difference(
    first: Matches | Sequence[Matches],
    second: Matches | Sequence[Matches],
    groups: Sequence[object],
    seed: int = 0,
    *,
    draws: int = DRAWS,
    points: int | None = None,
) -> Estimate:
    """By how much the second system's average precision is the higher one, paired: both see the same draws.

    Arguments and errors as in `ap_score`.
    """
    return _difference(first, second, groups, seed, draws, _of_groups(points))


def recall_score(
    matches_by_seed: Matches | Sequence[Matches],
    groups: Sequence[object],
    seed: int = 0,
    *,
    k: int = 10,
    draws: int = DRAWS,
) -> Estimate:
    """`recall` at k boxes a picture with its interval; arguments and errors as in `ap_score`."""
    return _score(matches_by_seed, groups, seed, draws, _recalls(k))


def recall_difference(
    first: Matches | Sequence[Matches],
    second: Matches | Sequence[Matches],
    groups: Sequence[object],
    seed: int = 0,
    *,
    k: int = 10,
    draws: int = DRAWS,
) -> Estimate:
    """By how much the second system's recall at k boxes is the higher one, paired; arguments as in `ap_score`."""
    return _difference(first, second, groups, seed, draws, _recalls(k))


def _score(runs, groups, seed, draws, measure) -> Estimate:  # noqa: ANN001
    (value,), (drawn,) = _drawn([runs], groups, seed, draws, measure)
    return _estimate(value, drawn, groups)


def _difference(first, second, groups, seed, draws, measure) -> Estimate:  # noqa: ANN001
    (a, b), (drawn_a, drawn_b) = _drawn([first, second], groups, seed, draws, measure)
    return _estimate(b - a, drawn_b - drawn_a, groups)


def _drawn(systems, groups, seed, draws, measure) -> tuple[list[float], list[np.ndarray]]:  # noqa: ANN001
    """Of each system the measure of all pictures, mean over its runs, and of each draw of groups and runs."""
    index, counts = draw_groups(groups, draws, seed)
    systems = [[runs] if isinstance(runs, Matches) else list(runs) for runs in systems]
    for runs in systems:
        if not runs:
            raise BadInput("there are no matches: give those of one seed or more")
        for matches in runs:
            if len(matches.truths) != len(index):
                raise BadInput(f"matches of {len(matches.truths)} pictures and {len(index)} groups do not fit together")
    values = [
        [np.stack([measure(matches, index, some) for matches in runs], axis=1) for runs in systems]
        for some in pieces(counts, np.int64, sample=True)
    ]
    found = [np.concatenate(some) for some in zip(*values, strict=True)]
    return [float(rows[0].mean()) for rows in found], [over_seeds(rows[1:], seed) for rows in found]


def _of_groups(points: int | None):  # noqa: ANN202
    _check_points(points)

    def measure(matches: Matches, index: np.ndarray, counts: np.ndarray) -> np.ndarray:
        truths = _sums(matches.truths, index, counts)
        return _precisions(matches, index[matches.picture], counts, truths, points)

    return measure


def _precisions(
    matches: Matches, owner: np.ndarray, counts: np.ndarray, truths: np.ndarray, points: int | None
) -> np.ndarray:
    # A threshold that adds no hit leaves recall as it is and lowers precision: it lies under the envelope.
    stops, hit_stops = matches.steps
    return _areas(counts, truths, owner, stops, owner[matches.hits], hit_stops, points or 0)


def _recalls(k: int):  # noqa: ANN202
    def measure(matches: Matches, index: np.ndarray, counts: np.ndarray) -> np.ndarray:
        found, there = (counts @ _sums(sums, index, counts) for sums in (_found(matches, k), matches.truths))
        return np.divide(found, there, out=np.full(len(counts), np.nan), where=there > 0)

    return measure


def _sums(values: np.ndarray, index: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sums by group of whole numbers a picture."""
    return np.bincount(index, values, minlength=counts.shape[1]).astype(np.int64)


def _found(matches: Matches, k: int) -> np.ndarray:
    """How many true boxes of each picture its k best boxes found."""
    if k < 1:
        raise BadInput(f"recall at {k} boxes: at least 1")
    return np.bincount(matches.picture[matches.hits & (matches.rank < k)], minlength=len(matches.truths))


def _weights(matches: Matches, rows: np.ndarray | Sequence[int] | None) -> np.ndarray:
    n = len(matches.truths)
    if rows is None:
        return np.ones(n, np.int64)
    rows = np.asarray(rows)
    if rows.shape == (0,):
        return np.zeros(n, np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not 0 <= rows.min() <= rows.max() < n:
        raise BadInput(f"rows {rows.dtype} {rows.shape} have to be numbers of pictures from 0 to {n - 1}")
    return np.bincount(rows, minlength=n)


def _check_points(points: int | None) -> None:
    if points is not None and points < 2:
        raise BadInput(f"average precision at {points} recalls: at least 2, or None for all")


@njit(nogil=True, cache=True)
def _areas(
    counts: np.ndarray,
    truths: np.ndarray,
    owner: np.ndarray,
    stops: np.ndarray,
    hitter: np.ndarray,
    hit_stops: np.ndarray,
    points: int,
) -> np.ndarray:
    """Average precision of each row of `counts` (draws, owners), how often an owner (picture, group) counts.

    truths: (owners,). owner: of each box, the highest score first; hitter: of those that hit. stops, hit_stops: how
    many of either are at each threshold or above. points: 0 for the whole area.
    """
    areas = np.empty(len(counts))
    found, precision = np.zeros(len(stops) + 1, np.int64), np.empty(len(stops))
    for draw in range(len(counts)):
        weights = counts[draw]
        total = 0
        for g in range(len(truths)):
            total += weights[g] * truths[g]
        if total == 0:
            areas[draw] = np.nan
            continue
        seen, right, box, hit = 0, 0, 0, 0
        for step in range(len(stops)):
            for k in range(box, stops[step]):
                seen += weights[owner[k]]
            for k in range(hit, hit_stops[step]):
                right += weights[hitter[k]]
            box, hit = stops[step], hit_stops[step]
            found[step + 1] = right
            precision[step] = right / seen if seen else 0.0
        # Back from the highest recall, where the envelope begins.
        area, best, point = 0.0, 0.0, points - 1
        while points and point * total > right * (points - 1):
            point -= 1  # a recall that is never reached has precision 0
        for step in range(len(stops) - 1, -1, -1):
            best = max(best, precision[step])
            if points:
                while point >= 0 and (step == 0 or point * total > found[step] * (points - 1)):
                    area += best / points
                    point -= 1
            else:
                area += best * (found[step + 1] - found[step]) / total
        areas[draw] = area
    return areas
