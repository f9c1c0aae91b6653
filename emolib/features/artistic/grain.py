"""Grain of a picture: Tamura's coarseness, contrast and directionality, and co-occurrence matrices (Machajdik)."""

from __future__ import annotations

import numpy as np
from numba import njit

TAMURA_NAMES = ("tamura_coarseness", "tamura_contrast", "tamura_directionality")
GLCM_MEASURES = ("contrast", "correlation", "energy", "homogeneity")
GLCM_LEVELS = 32

_WINDOWS = 5  # 2, 4, ... 32 pixels
_DIRECTIONS = 16
_WEAKEST = 12  # Tamura's threshold on the gradient's size, for greys of 0 to 255


def tamura(grey: np.ndarray) -> np.ndarray:
    """Coarseness, contrast and directionality of a uint8 grey picture (h, w): TAMURA_NAMES, float64.

    Tamura, Mori & Yamawaki, "Textural features corresponding to visual perception" (IEEE SMC 8, 1978).

    Coarseness is the mean over pixels of the window size 2**k, k = 1 to 5, whose means on the two sides of the pixel,
    along x or along y, differ most; of equal differences the smallest window counts. Pixels without room for the
    largest windows are left out. From 2 to 32 pixels.

    Contrast is the standard deviation of the greys divided by the fourth root of their kurtosis; 0 for one grey, at
    most 127.5.

    Directionality is 1 - r sum (phi - phi_p)**2 H(phi): how narrow the histogram H of edge directions (16 bins, edges
    of 12 and more by Prewitt's masks) is about its fullest bin phi_p. Tamura leaves open the constant r, and sums over
    several peaks; here there is one peak and r makes an even histogram 0 and a single direction 1. Pictures without
    edges get 0.
    """
    values = grey.astype(np.float64)
    squares = (values - values.mean()) ** 2
    variance = squares.mean()
    # The kurtosis is the fourth moment over the squared variance.
    contrast = variance / (squares * squares).mean() ** 0.25 if variance > 1e-9 else 0.0
    counts = _edge_directions(np.ascontiguousarray(grey))
    return np.array([_coarseness(_summed(grey)), contrast, _narrowness(counts)])


def _summed(grey: np.ndarray) -> np.ndarray:
    sums = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1), np.int64)
    np.cumsum(grey, axis=0, dtype=np.int64, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    return sums


def _narrowness(counts: np.ndarray) -> float:
    total = counts.sum()
    if total == 0:
        return 0.0
    n = len(counts)
    away = np.abs((np.arange(n) - counts.argmax() + n // 2) % n - n // 2)
    return float(1 - (counts @ away**2 / total) / (away**2).mean())


@njit(nogil=True, cache=True)
def _coarseness(sums: np.ndarray) -> float:
    height, width = sums.shape[0] - 1, sums.shape[1] - 1
    margin = 1 << _WINDOWS
    total = 0.0
    for y in range(margin, height - margin + 1):
        for x in range(margin, width - margin + 1):
            best, size = np.int64(-1), 0
            for k in range(1, _WINDOWS + 1):
                half, full = 1 << (k - 1), 1 << k
                a = sums[y - half, x - full] + sums[y + half, x + full] - sums[y - half, x + full]
                a = a - sums[y + half, x - full]
                left = sums[y - half, x - full] + sums[y + half, x] - sums[y - half, x] - sums[y + half, x - full]
                b = sums[y - full, x - half] + sums[y + full, x + half] - sums[y - full, x + half]
                b = b - sums[y + full, x - half]
                upper = sums[y - full, x - half] + sums[y, x + half] - sums[y - full, x + half] - sums[y, x - half]
                # Sums over windows of 4**k pixels, put on the scale of the largest: whole numbers compare exactly.
                apart = max(abs(a - 2 * left), abs(b - 2 * upper)) << (2 * (_WINDOWS - k))
                if apart > best:
                    best, size = apart, full
            total += size
    return total / ((height - 2 * margin + 1) * (width - 2 * margin + 1))


@njit(nogil=True, cache=True)
def _edge_directions(grey: np.ndarray) -> np.ndarray:
    """How many edges run in each of 16 directions, bins about 0, 11.25 ... degrees."""
    height, width = grey.shape
    counts = np.zeros(_DIRECTIONS, np.int64)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            across = down = np.int32(0)
            for i in range(-1, 2):
                across += np.int32(grey[y + i, x + 1]) - np.int32(grey[y + i, x - 1])
                down += np.int32(grey[y + 1, x + i]) - np.int32(grey[y - 1, x + i])
            if abs(across) + abs(down) >= 2 * _WEAKEST:
                turn = np.arctan2(down, across) / np.pi * _DIRECTIONS
                counts[int(np.floor(turn + 0.5)) % _DIRECTIONS] += 1
    return counts


def cooccurrence(plane: np.ndarray) -> np.ndarray:
    """Contrast, correlation, energy and homogeneity of a plane (h, w) of values in [0, 1]: GLCM_MEASURES, float64.

    Haralick, Shanmugam & Dinstein, "Textural features for image classification" (IEEE SMC 3, 1973), as scikit-image's
    ``graycoprops`` has them, of one matrix: neighbours at distance 1 in all eight directions together, 32 grey levels.
    The correlation of a single level is 1.
    """
    # Many hues lie exactly between two levels; which one they get is no matter of rounding.
    levels = np.minimum(plane * np.float32(GLCM_LEVELS) + np.float32(1e-3), GLCM_LEVELS - 1).astype(np.uint8)
    matrix = _pairs(levels).astype(np.float64)
    matrix += matrix.T
    matrix /= matrix.sum()
    i, j = np.ogrid[:GLCM_LEVELS, :GLCM_LEVELS]
    squares = (i - j) ** 2
    shares = matrix.sum(axis=1)
    away = np.arange(GLCM_LEVELS) - shares @ np.arange(GLCM_LEVELS)
    variance = shares @ away**2
    correlation = away @ matrix @ away / variance if variance > 1e-12 else 1.0
    energy, homogeneity = np.sqrt((matrix**2).sum()), (matrix / (1 + squares)).sum()
    return np.array([(matrix * squares).sum(), correlation, energy, homogeneity])


@njit(nogil=True, cache=True)
def _pairs(levels: np.ndarray) -> np.ndarray:
    height, width = levels.shape
    counts = np.zeros((GLCM_LEVELS, GLCM_LEVELS), np.int64)
    for y in range(height):
        for x in range(width):
            row = counts[levels[y, x]]
            if x + 1 < width:
                row[levels[y, x + 1]] += 1
            if y + 1 < height:
                row[levels[y + 1, x]] += 1
                if x + 1 < width:
                    row[levels[y + 1, x + 1]] += 1
                if x > 0:
                    row[levels[y + 1, x - 1]] += 1
    return counts
