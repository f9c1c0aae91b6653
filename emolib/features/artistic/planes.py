"""Colour planes of one picture for the four artistic systems, and smaller versions of them (chapter 1, You et al.).

Planes are float32 arrays (h, w), one a coordinate, so that the loops behind them run along memory.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# IEC 61966-2-1: from an sRGB value of 0 to 255 to linear light.
_VALUES = np.arange(256) / 255
_LINEAR = np.where(_VALUES <= 0.04045, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4)

# Geusebroek et al. ("Color invariance", IEEE TPAMI 23, 2001, equation for RGB cameras): intensity, blue-yellow and
# red-green from R, G, B.
_OPPONENT = np.array([[0.06, 0.63, 0.27], [0.30, 0.04, -0.35], [0.34, -0.60, 0.17]], np.float32)

# CIELAB's root between 0 and a little over 1, read with interpolation: a fifth of the time of a cube root, and less
# than .001 off in L, a and b.
_ROOT_STEPS = 8192
_AT = np.arange(int(1.01 * _ROOT_STEPS) + 2) / _ROOT_STEPS
_ROOTS = np.where(_AT > 0.008856, np.cbrt(_AT), 7.787 * _AT + 16 / 116)

COLOURLESS = 1.0
"""CIELAB chroma below which a pixel counts as having no hue: under half the smallest difference that people see."""


def hsv_and_lab(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HSV and CIELAB of a uint8 picture (h, w, 3), each float32 (3, h, w).

    HSV is the usual hexcone, all three in [0, 1]; CIELAB is under D65, L in [0, 100]. White is
    what the matrix from RGB makes of it, so that a grey has no chroma at all.
    """
    return _hsv_and_lab(np.ascontiguousarray(picture), _LINEAR, _ROOTS)


def opponent(picture: np.ndarray) -> np.ndarray:
    """Intensity, blue-yellow and red-green of the Gaussian colour model, float32 (3, h, w), scale 0 to 255."""
    return _opponent(np.ascontiguousarray(picture), _OPPONENT)


def block_means(plane: np.ndarray, factor: int) -> np.ndarray:
    """Means of blocks of ``factor`` x ``factor`` pixels of (..., h, w), the remainder cut off on both sides alike."""
    if factor == 1:
        return plane
    *lead, height, width = plane.shape
    rows, columns = height // factor, width // factor
    top, left = (height - rows * factor) // 2, (width - columns * factor) // 2
    inner = plane[..., top : top + rows * factor, left : left + columns * factor]
    # Added line by line, so that the sum's order is the same whatever the memory layout.
    tall = sum(inner[..., i::factor, :] for i in range(factor))
    wide = sum(tall[..., i::factor] for i in range(factor))
    return np.ascontiguousarray(wide / np.float32(factor * factor))


def reduction(height: int, width: int, side: int) -> int:
    """Whole factor that brings the shorter side of a picture to ``side`` or a little more, 1 if it is shorter."""
    return max(1, min(height, width) // side)


@njit(nogil=True, cache=True, error_model="numpy")
def _hsv_and_lab(picture: np.ndarray, linear: np.ndarray, roots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width, _ = picture.shape
    hsv, lab = np.empty((3, height, width), np.float32), np.empty((3, height, width), np.float32)
    for y in range(height):
        for x in range(width):
            red, green, blue = np.int32(picture[y, x, 0]), np.int32(picture[y, x, 1]), np.int32(picture[y, x, 2])
            value = max(red, green, blue)
            chroma = value - min(red, green, blue)
            hue = 0.0
            if chroma > 0:
                if value == red:
                    hue = (green - blue) / chroma
                    if hue < 0:
                        hue += 6
                elif value == green:
                    hue = 2 + (blue - red) / chroma
                else:
                    hue = 4 + (red - green) / chroma
            hsv[0, y, x] = hue / 6
            hsv[1, y, x] = chroma / value if value > 0 else 0
            hsv[2, y, x] = value / 255
            r, g, b = linear[red], linear[green], linear[blue]
            fx = _lab_root((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.950456, roots)
            fy = _lab_root(0.212671 * r + 0.715160 * g + 0.072169 * b, roots)
            fz = _lab_root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754, roots)
            lab[0, y, x] = 116 * fy - 16
            # A grey is exactly colourless, whatever the rounding of the matrix.
            lab[1, y, x] = 500 * (fx - fy) if chroma > 0 else 0
            lab[2, y, x] = 200 * (fy - fz) if chroma > 0 else 0
    return hsv, lab


@njit(nogil=True, cache=True)
def _lab_root(t: float, roots: np.ndarray) -> float:
    place = t * _ROOT_STEPS
    left = int(place)
    return roots[left] + (place - left) * (roots[left + 1] - roots[left])


@njit(nogil=True, cache=True)
def _opponent(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    planes = np.empty((3, height, width), np.float32)
    for y in range(height):
        for x in range(width):
            red, green, blue = (
                np.float32(picture[y, x, 0]),
                np.float32(picture[y, x, 1]),
                np.float32(picture[y, x, 2]),
            )
            for c in range(3):
                planes[c, y, x] = matrix[c, 0] * red + matrix[c, 1] * green + matrix[c, 2] * blue
    return planes
