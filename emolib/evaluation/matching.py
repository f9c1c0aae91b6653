"""Boxes found in pictures, matched with the true ones: which hit a region. Used by chapter 4.

Regions have no classes here: a box either finds a region that evokes emotions or does not. Matching is that of COCO
(Lin et al. 2014): in each picture the boxes choose in the order of their scores, and each takes the free true box that
it overlaps most, if by the threshold or more. `emolib.evaluation.detection` measures what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from emolib.errors import BadInput
from emolib.regions import as_boxes, paired_overlaps


@dataclass(frozen=True, eq=False)
class Matches:
    """All boxes of n pictures, the highest score first, and which of them found a region.

    Attributes:
        scores: float64 (m,), falling.
        hits: bool (m,).
        picture: int64 (m,), number of the picture.
        rank: int64 (m,), place within the picture, 0 is its best box.
        truths: int64 (n,), how many true boxes each picture has.
        iou: the overlap from which a box hits.
    """

    scores: np.ndarray
    hits: np.ndarray
    picture: np.ndarray
    rank: np.ndarray
    truths: np.ndarray
    iou: float

    @cached_property
    def ends(self) -> np.ndarray:
        """(thresholds,) places of the last box of each score: only there a threshold can lie."""
        return np.flatnonzero(np.append(self.scores[:-1] != self.scores[1:], True)[: len(self.scores)])

    @cached_property
    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """How many boxes, and how many hits, are at a threshold or above, of those thresholds that add a hit."""
        hits = np.cumsum(self.hits)
        kept = self.ends[np.diff(hits[self.ends], prepend=0) > 0]
        return kept + 1, hits[kept]


def match(
    found_boxes: Sequence[np.ndarray],
    scores: Sequence[np.ndarray],
    true_boxes: Sequence[np.ndarray],
    iou: float = 0.5,
    *,
    most: int | None = None,
) -> Matches:
    """Match the boxes found in each picture with its true ones.

    Of equal scores within a picture the box that is listed first chooses first; of equal overlaps the true box that is
    listed first is taken. Pictures without true boxes count: every box found there is wrong. So do pictures in which
    nothing was found.

    Args:
        found_boxes: for each picture (k, 4) as in `emolib.regions`.
        scores: for each picture (k,), higher is surer.
        true_boxes: for each picture (j, 4).
        iou: in (0, 1], intersection over union from which a box hits.
        most: count only so many boxes a picture, those of the highest scores; all by default.

    Raises:
        BadInput: lists of different lengths, no picture, bad boxes or scores (with the picture's number), a bad
            threshold or `most`.
    """
    if not (len(found_boxes) == len(scores) == len(true_boxes)) or len(scores) == 0:
        raise BadInput(
            f"match: boxes of {len(found_boxes)} pictures, scores of {len(scores)}, true boxes of {len(true_boxes)}; "
            "there has to be one entry a picture in each, an empty one where nothing is"
        )
    if not 0 < iou <= 1 or (most is not None and most < 1):
        raise BadInput(f"match: iou is {iou} and most is {most}; iou has to lie in (0, 1], most is at least 1")
    found = [as_boxes(boxes, f"picture {k}, found") for k, boxes in enumerate(found_boxes)]
    true = [as_boxes(boxes, f"picture {k}, true") for k, boxes in enumerate(true_boxes)]
    scores = [np.asarray(own, np.float64) for own in scores]
    for k, (boxes, own) in enumerate(zip(found, scores, strict=True)):
        if own.shape != (len(boxes),) or not np.isfinite(own).all():
            raise BadInput(f"match: picture {k} has {len(boxes)} boxes and scores {own.shape}; a finite one for each")

    # All boxes in one list, picture after picture, the surest of each first.
    counts, truths = (np.array([len(boxes) for boxes in side], np.int64) for side in (found, true))
    picture, rank = _places(counts)
    joined = np.concatenate(scores)
    order = np.lexsort((-joined, picture))
    order = order[rank < (most or counts.max())]
    joined, boxes = joined[order], np.concatenate(found)[order]
    picture, rank = _places(np.minimum(counts, most or counts.max()))

    # Each box beside each true box of its picture.
    beside, choice = _places(truths[picture])
    first = np.cumsum(truths) - truths
    shared = paired_overlaps(boxes[beside], np.concatenate(true)[first[picture[beside]] + choice])
    hits = _greedy(shared, picture, truths, float(iou))
    order = np.argsort(-joined, kind="stable")
    return Matches(joined[order], hits[order], picture[order], rank[order], truths, float(iou))


def _places(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of lists so long, one after the other: the number of each entry's list, and its place in that list."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]


@njit(nogil=True, cache=True)
def _greedy(shared: np.ndarray, picture: np.ndarray, truths: np.ndarray, iou: float) -> np.ndarray:
    """Which boxes, in their order, take a free true box of their picture, each the one that it overlaps most.

    shared: the overlaps with all true boxes of the picture, box after box; picture: of each box, rising.
    """
    hits = np.zeros(len(picture), np.bool_)
    free = np.ones(truths.max(), np.bool_)
    start = 0
    for box in range(len(picture)):
        if box == 0 or picture[box] != picture[box - 1]:
            free[:] = True
        best = -1
        for k in range(truths[picture[box]]):
            if free[k] and shared[start + k] >= iou and (best < 0 or shared[start + k] > shared[start + best]):
                best = k
        if best >= 0:
            free[best] = False
            hits[box] = True
        start += truths[picture[box]]
    return hits
