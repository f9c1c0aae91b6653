"""Gaussian derivatives of planes by separable filters (the Wiccest numbers, edges).

The numbers are those of ``scipy.ndimage.gaussian_filter`` with ``mode="reflect"`` and ``truncate=3``; both derivatives
come from one smoothing along each axis, in single precision.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit


@lru_cache(maxsize=8)
def kernels(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian and first derivative for a sum of products with neighbours: float32 (2 r + 1,), r = 3 sigma rounded."""
    radius = int(3 * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    smooth = np.exp(-(x**2) / (2 * sigma**2))
    smooth /= smooth.sum()
    pair = smooth.astype(np.float32), (x / sigma**2 * smooth).astype(np.float32)
    for kernel in pair:
        kernel.flags.writeable = False
    return pair


def derivatives(plane: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian derivatives along x and along y of a float32 plane (h, w), positive where it rises; per pixel."""
    smooth, slope = kernels(sigma)
    return along_y(along_x(plane, slope), smooth), along_y(along_x(plane, smooth), slope)


def smoothed(plane: np.ndarray, sigma: float) -> np.ndarray:
    """The plane under a Gaussian of ``sigma`` pixels."""
    smooth, _ = kernels(sigma)
    return along_y(along_x(plane, smooth), smooth)


@njit(nogil=True, cache=True)
def along_x(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sum of ``kernel`` times neighbours along x; pictures go on mirrored beyond their border."""
    height, width = plane.shape
    radius = len(kernel) // 2
    out = np.zeros((height, width), np.float32)
    line = np.empty(width + 2 * radius, np.float32)
    for y in range(height):
        line[radius : radius + width] = plane[y]
        for x in range(radius):
            line[x] = plane[y, _mirror(x - radius, width)]
            line[radius + width + x] = plane[y, _mirror(width + x, width)]
        for k in range(len(kernel)):
            weight = kernel[k]
            for x in range(width):
                out[y, x] += weight * line[x + k]
    return out


@njit(nogil=True, cache=True)
def along_y(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sum of ``kernel`` times neighbours along y; pictures go on mirrored beyond their border."""
    height, width = plane.shape
    radius = len(kernel) // 2
    out = np.zeros((height, width), np.float32)
    for y in range(height):
        for k in range(len(kernel)):
            weight = kernel[k]
            from_y = _mirror(y + k - radius, height)
            for x in range(width):
                out[y, x] += weight * plane[from_y, x]
    return out


@njit(nogil=True, cache=True)
def _mirror(i: int, n: int) -> int:
    i %= 2 * n
    return i if i < n else 2 * n - 1 - i
