"""Straight lines of a picture, and which of them are static (Machajdik's dynamics).

Edges are Canny's, lines those of the probabilistic Hough transform, both scikit-image's. Machajdik & Hanbury (2010)
count lines within 15 degrees of the horizontal or the vertical as static, all others as dynamic, and give numbers and
lengths; thresholds are our choice. The transform draws edge points at random, always the same draws here; other draws
would move the numbers of a photograph a little, its numbers and lengths of lines least and mean lengths most.
"""

from __future__ import annotations

import numpy as np
from skimage.feature import canny
from skimage.transform import probabilistic_hough_line

LINE_NAMES = tuple(f"{kind}_lines_{what}" for kind in ("static", "dynamic") for what in ("count", "length", "mean"))
STATIC = np.deg2rad(15)
_SHORTEST = 0.15  # of the shorter side
_MAGNITUDES = 0.04, 0.1  # Canny's thresholds for greys of 0 to 1
_THETA = np.deg2rad(np.arange(-90, 90, 2.0))


def line_features(grey: np.ndarray) -> np.ndarray:
    """Six numbers of a small grey picture (h, w) in [0, 1]: LINE_NAMES, float64.

    For static and for dynamic lines: log(1 + number), total length and mean length, the lengths in diagonals of the
    picture; 0 where there is no line.
    """
    result = np.zeros(6)
    edges = canny(grey, 1.0, *_MAGNITUDES)
    if not edges.any():
        return result
    shortest = max(8, round(_SHORTEST * min(grey.shape)))
    # The transform draws edge points at random; with the same seed it draws the same ones.
    found = probabilistic_hough_line(edges, 10, shortest, 2, _THETA, rng=0)
    if not found:
        return result
    steps = np.diff(np.array(found), axis=1)[:, 0]
    lengths = np.hypot(steps[:, 0], steps[:, 1]) / np.hypot(*grey.shape)
    slope = np.arctan2(np.abs(steps[:, 1]), np.abs(steps[:, 0]))
    static = np.minimum(slope, np.pi / 2 - slope) <= STATIC
    for start, chosen in ((0, static), (3, ~static)):
        if chosen.any():
            result[start : start + 3] = np.log1p(chosen.sum()), lengths[chosen].sum(), lengths[chosen].mean()
    return result
