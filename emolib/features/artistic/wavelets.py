"""Wavelet transform with Daubechies' filter of four taps (the texture and depth-of-field numbers of Machajdik).

Datta et al. ("Studying aesthetics in photographic images", ECCV 2006) name Daubechies' wavelets without their length;
four taps, the shortest after Haar's two, are our choice (I. Daubechies, "Ten lectures on wavelets", 1992, table 6.1,
N = 2). The transform is orthonormal: it keeps the sum of squares. Planes go on periodically.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ROOT = np.sqrt(3)
DAUBECHIES_4 = np.array([1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT]) / (4 * np.sqrt(2))
HAAR = np.array([1, 1]) / np.sqrt(2)


def details(planes: np.ndarray, levels: int, low: np.ndarray = DAUBECHIES_4) -> list[np.ndarray]:
    """Detail coefficients of planes (n, h, w), finest level first: float32 (n, 3, rows, columns) each.

    The three are what changes along x, along y, and along both. Planes whose sides are no multiple of 2**levels go on
    with their last row and column. ``low`` is the low-pass filter, an even number of taps.
    """
    step = 2**levels
    height, width = planes.shape[1:]
    if height % step or width % step:
        planes = np.pad(planes, ((0, 0), (0, -height % step), (0, -width % step)), mode="edge")
    low = low.astype(np.float32)
    high = (low[::-1] * (-1) ** np.arange(len(low))).astype(np.float32)
    found = []
    for _ in range(levels):
        bands = _level(np.ascontiguousarray(planes), low, high)
        planes, detail = bands[:, 0], bands[:, 1:]
        found.append(detail)
    return found


@njit(nogil=True, cache=True)
def _level(planes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """One level: means of both axes, and the three details, (n, 4, h / 2, w / 2)."""
    count, height, width = planes.shape
    rows, columns = height // 2, width // 2
    bands = np.zeros((count, 4, rows, columns), np.float32)
    smooth, rough = np.zeros((height, columns), np.float32), np.zeros((height, columns), np.float32)
    for i in range(count):
        smooth[:] = 0
        rough[:] = 0
        for y in range(height):
            for x in range(columns):
                a = b = np.float32(0)
                for k in range(len(low)):
                    value = planes[i, y, (2 * x + k) % width]
                    a += low[k] * value
                    b += high[k] * value
                smooth[y, x], rough[y, x] = a, b
        for y in range(rows):
            for k in range(len(low)):
                place = (2 * y + k) % height
                for x in range(columns):
                    bands[i, 0, y, x] += low[k] * smooth[place, x]
                    bands[i, 1, y, x] += low[k] * rough[place, x]
                    bands[i, 2, y, x] += high[k] * smooth[place, x]
                    bands[i, 3, y, x] += high[k] * rough[place, x]
    return bands
