"""Regions of like colour, for the level of detail and for Itten's contrasts between areas.

Felzenszwalb & Huttenlocher, "Efficient graph-based image segmentation" (IJCV 59, 2004): neighbours join, the most alike
first, as long as their difference is no larger than the largest within either region plus SCALE / its size. Machajdik &
Hanbury use a waterfall segmentation of which there is no free implementation; this one is our choice, and so are its
fixed settings. It works on CIELAB, with eight neighbours a pixel. Differences are rounded to 1/16, which lets them be
sorted by counting.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

SCALE = 100.0
SMALLEST_SHARE = 1 / 800  # of the picture; smaller regions join their most alike neighbour
_STEPS = 16  # a unit of CIELAB's difference
_LARGEST = 512 * _STEPS


class Regions(NamedTuple):
    """The regions of a picture, in the order of their first pixel."""

    labels: np.ndarray  # (h, w), from 0
    shares: np.ndarray  # of the picture, (regions,)
    lab: np.ndarray  # mean CIELAB, (regions, 3)


def regions(lab: np.ndarray) -> Regions:
    """Regions of a small picture in CIELAB, float32 (3, h, w)."""
    labels, count = segment(lab, SCALE, max(1, round(SMALLEST_SHARE * lab[0].size)))
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count)
    means = np.stack([np.bincount(flat, plane.ravel(), count) / sizes for plane in lab], axis=1)
    return Regions(labels, sizes / flat.size, means)


def segment(lab: np.ndarray, scale: float, smallest: int) -> tuple[np.ndarray, int]:
    """Labels (h, w) from 0, and how many there are; regions have ``smallest`` pixels or more."""
    return _segment(np.ascontiguousarray(lab, np.float32), scale, smallest)


@njit(nogil=True, cache=True)
def _segment(lab: np.ndarray, scale: float, smallest: int) -> tuple[np.ndarray, int]:
    _, height, width = lab.shape
    # Every pair of neighbours once, as the first pixel's place and one of four steps, sorted by difference.
    weights = np.empty(4 * height * width, np.int32)
    starts = np.zeros(_LARGEST + 2, np.int64)
    for y in range(height):
        for x in range(width):
            for k in range(4):
                v, u = y + (k > 0), x + (k == 0 or k == 2) - (k == 3)
                edge = 4 * (y * width + x) + k
                weights[edge] = -1
                if v < height and 0 <= u < width:
                    total = np.float32(0)
                    for c in range(3):
                        total += (lab[c, y, x] - lab[c, v, u]) ** 2
                    weights[edge] = min(int(_STEPS * np.sqrt(total) + 0.5), _LARGEST)
                    starts[weights[edge] + 1] += 1
    for i in range(1, len(starts)):
        starts[i] += starts[i - 1]
    order = np.empty(starts[-1], np.int32)
    for edge in range(len(weights)):
        if weights[edge] >= 0:
            order[starts[weights[edge]]] = edge
            starts[weights[edge]] += 1

    parent = np.arange(height * width)
    size = np.ones(height * width, np.int64)
    allowed = np.full(height * width, scale)  # largest difference within, plus scale / size
    for merge_small in (False, True):
        for edge in order:
            place, k = edge // 4, edge % 4
            other = place + (1, width, width + 1, width - 1)[k]
            a, b = _root(parent, place), _root(parent, other)
            if a == b:
                continue
            difference = weights[edge] / _STEPS
            join = difference <= min(allowed[a], allowed[b])
            if merge_small:
                join = min(size[a], size[b]) < smallest
            if join:
                if size[a] < size[b]:
                    a, b = b, a
                parent[b] = a
                size[a] += size[b]
                allowed[a] = difference + scale / size[a]
    labels = np.empty((height, width), np.int64)
    number = np.full(height * width, -1)
    count = 0
    for y in range(height):
        for x in range(width):
            root = _root(parent, y * width + x)
            if number[root] < 0:
                number[root] = count
                count += 1
            labels[y, x] = number[root]
    return labels, count


@njit(nogil=True, cache=True)
def _root(parent: np.ndarray, place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place
