"""Frontal faces, found with the cascade of local binary patterns that scikit-image ships (Machajdik's content).

Machajdik & Hanbury (2010) use the detector of Viola & Jones. scikit-image has the same idea with local binary patterns
(Liao et al., "Learning multi-scale block local binary patterns for face recognition", ICB 2007) and brings the trained
cascade, but walks through the windows of one picture for 60 milliseconds, in an order that hangs on the number of
threads. Here the same cascade runs in a few; windows, sizes and the grouping of neighbours are ours.

A window of 24 x 24 is laid over the picture at every size from a sixth of the shorter side, a fifth larger each time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numba import njit

WINDOW = 24
SMALLEST = 1 / 6  # of the shorter side
GROWTH = 1.2
NEIGHBOURS = 4
"""Windows that have to agree on a face."""
_OVERLAP = 0.5  # intersection over union at which two windows show the same face


class Cascade(NamedTuple):
    """Stages of weak classifiers, each a table over 256 patterns of one 3 x 3 grid of blocks."""

    stages: np.ndarray  # first classifier of each stage, and the end: (stages + 1,)
    thresholds: np.ndarray  # of each stage, (stages,)
    blocks: np.ndarray  # x, y, width, height of the upper left block of each classifier, (classifiers, 4)
    votes: np.ndarray  # of each classifier for each pattern, (classifiers, 256)


@lru_cache(maxsize=1)
def load_cascade() -> Cascade:
    """The cascade for frontal faces from scikit-image's data."""
    from skimage.data import lbp_frontal_face_cascade_filename

    root = ElementTree.parse(lbp_frontal_face_cascade_filename()).getroot().find("cascade")
    rectangles = np.array([[int(n) for n in r.text.split()] for r in root.find("features").iter("rect")])
    stages, thresholds, blocks, votes = [0], [], [], []
    for stage in root.find("stages"):
        if stage.find("stageThreshold") is None:
            continue
        thresholds.append(float(stage.find("stageThreshold").text))
        for weak in stage.find("weakClassifiers"):
            if weak.find("internalNodes") is None:
                continue
            node = [int(n) for n in weak.find("internalNodes").text.split()]
            leaves = [float(n) for n in weak.find("leafValues").text.split()]
            # Eight words of 32 bits: a pattern whose bit is set goes to the left leaf.
            words = np.array(node[3:11], np.int64) & 0xFFFFFFFF
            set_bits = words[np.arange(256) >> 5] >> (np.arange(256) & 31) & 1
            blocks.append(rectangles[node[2]])
            votes.append(np.where(set_bits == 1, leaves[0], leaves[1]))
        stages.append(len(blocks))
    arrays = np.array(stages), np.array(thresholds), np.array(blocks), np.array(votes)
    for array in arrays:
        array.flags.writeable = False
    return Cascade(*arrays)


def find_faces(grey: np.ndarray) -> np.ndarray:
    """Frontal faces of a uint8 grey picture (h, w): y, x and side in pixels, float64 (faces, 3), the surest first."""
    height, width = grey.shape
    sums = np.zeros((height + 1, width + 1), np.int32)
    np.cumsum(grey, axis=0, dtype=np.int32, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    shorter = min(height, width)
    scales, scale = [], max(1.0, SMALLEST * shorter / WINDOW)
    while WINDOW * scale <= shorter:
        scales.append(scale)
        scale *= GROWTH
    return _group(_windows(sums, np.array(scales), *load_cascade()))


@njit(nogil=True, cache=True)
def _windows(
    sums: np.ndarray,
    scales: np.ndarray,
    stages: np.ndarray,
    thresholds: np.ndarray,
    blocks: np.ndarray,
    votes: np.ndarray,
) -> np.ndarray:
    """Windows that pass all stages: y, x, side, (windows, 3)."""
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    stride = sums.shape[1]
    flat = sums.ravel()
    found = np.empty((64, 3))
    count = 0
    places = np.empty((len(blocks), 16), np.int64)
    for scale in scales:
        side = int(WINDOW * scale)
        for i in range(len(blocks)):
            wide, tall = int(blocks[i, 2] * scale), int(blocks[i, 3] * scale)
            top, left = int(blocks[i, 1] * scale), int(blocks[i, 0] * scale)
            for row in range(4):
                for column in range(4):
                    places[i, 4 * row + column] = (top + row * tall) * stride + left + column * wide
        step = scale
        for j in range(int((height - side) / step) + 1):
            y = int(j * step)
            for k in range(int((width - side) / step) + 1):
                x = int(k * step)
                start = y * stride + x
                stage = 0
                while stage < len(thresholds):
                    total = 0.0
                    for i in range(stages[stage], stages[stage + 1]):
                        total += votes[i, _pattern(flat, start, places[i])]
                    if total < thresholds[stage]:
                        break
                    stage += 1
                if stage == len(thresholds):
                    if count == len(found):
                        more = np.empty((2 * count, 3))
                        more[:count] = found
                        found = more
                    found[count, 0], found[count, 1], found[count, 2] = y, x, side
                    count += 1
    return found[:count]


@njit(nogil=True, cache=True, inline="always")
def _pattern(flat: np.ndarray, start: int, places: np.ndarray) -> int:
    """Which of the eight outer blocks are at least as bright as the middle one, from the upper left clockwise."""
    p = places
    s = start
    a0, a1, a2, a3 = flat[s + p[0]], flat[s + p[1]], flat[s + p[2]], flat[s + p[3]]
    b0, b1, b2, b3 = flat[s + p[4]], flat[s + p[5]], flat[s + p[6]], flat[s + p[7]]
    c0, c1, c2, c3 = flat[s + p[8]], flat[s + p[9]], flat[s + p[10]], flat[s + p[11]]
    d0, d1, d2, d3 = flat[s + p[12]], flat[s + p[13]], flat[s + p[14]], flat[s + p[15]]
    middle = b1 + c2 - b2 - c1
    return (
        (a0 + b1 - a1 - b0 >= middle) << 7
        | (a1 + b2 - a2 - b1 >= middle) << 6
        | (a2 + b3 - a3 - b2 >= middle) << 5
        | (b2 + c3 - b3 - c2 >= middle) << 4
        | (c2 + d3 - c3 - d2 >= middle) << 3
        | (c1 + d2 - c2 - d1 >= middle) << 2
        | (c0 + d1 - c1 - d0 >= middle) << 1
        | (b0 + c1 - b1 - c0 >= middle)
    )


def _group(windows: np.ndarray) -> np.ndarray:
    """Windows that overlap by half with a group's first one, averaged; groups of NEIGHBOURS and more, largest first."""
    groups: list[list[np.ndarray]] = []
    for window in windows:
        for group in groups:
            if _overlap(group[0], window) >= _OVERLAP:
                group.append(window)
                break
        else:
            groups.append([window])
    sure = sorted((g for g in groups if len(g) >= NEIGHBOURS), key=len, reverse=True)
    faces: list[np.ndarray] = []
    for group in sure:
        mean = np.mean(group, axis=0)
        # Windows around one face may form two groups whose means overlap.
        if all(_overlap(mean, face) < _OVERLAP / 2 for face in faces):
            faces.append(mean)
    return np.array(faces).reshape(-1, 3)


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    sides = [min(one[i] + one[2], other[i] + other[2]) - max(one[i], other[i]) for i in (0, 1)]
    shared = max(0.0, sides[0]) * max(0.0, sides[1])
    return shared / (one[2] ** 2 + other[2] ** 2 - shared)
