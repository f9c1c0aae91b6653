"""Wang, Yu & Jiang's fuzzy histograms of light and colour, 19 numbers (chapter 1, You et al.'s comparison).

W. Wang, Y. Yu & S. Jiang, "Image retrieval by emotional semantics: a study of emotional space and feature extraction"
(IEEE SMC 2006), design one block of numbers for each of three emotional factors: a histogram of lightness by warm and
cool hues, one of saturation by warm and cool hues joined with colour contrast, and luminance contrast joined with the
sharpness of edges. All are computed in CIELAB's lightness L, chroma C and hue h.

A pixel belongs to a bin by the product of its memberships, and a bin holds the mean over all pixels:

=============  ===================================================================================================
set            membership
=============  ===================================================================================================
very dark ...  five triangles over L with tops at 10, 30, 50, 70, 90, flat beyond the outer tops; they add up to 1
low C          1 to C = 10, falling to 0 at 27
middle C       rising from 10 to 27, falling to 0 at 51
high C         rising from 27 to 51, 1 beyond; the three add up to 1
warm           (1 + t) / 2 with the warmth t = cos(h - 50 degrees), for C < 10 times C / 10
cool           (1 - t) / 2
=============  ===================================================================================================

That warmth is a cosine about 50 degrees, an orange, follows Wang et al. We could not check their other constants, and
chose the triangles and the three corners of C. The raised cosine is our choice too: warm and cool add up to 1, and a
grey, which is neither, counts half and half, so that every histogram adds up to 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from emolib.features.artistic.itten import FULL_CHROMA, WARMEST
from emolib.features.artistic.shared import SMALLEST, Picture, kept
from emolib.features.batch import check_batch, each_picture

_LIGHTNESS = ("very_dark", "dark", "middle", "light", "very_light")
_CHROMA = ("low", "middle", "high")

NAMES = (
    *(f"wang_{light}_{warmth}" for light in _LIGHTNESS for warmth in ("warm", "cool")),
    *(f"wang_saturation_{chroma}_{warmth}" for chroma in _CHROMA for warmth in ("warm", "cool")),
    *("wang_colour_contrast", "wang_luminance_contrast", "wang_sharpness"),
)
"""Names of the 19 columns."""

GROUPS = {"lightness": slice(0, 10), "saturation": slice(10, 17), "contrast": slice(17, 19)}
"""The three blocks of the paper."""

CHROMA_CORNERS = (10.0, 27.0, 51.0)


def wang_features(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """The 19 numbers of every picture: float32 (n, 19), columns NAMES, all finite.

    ``batch`` is uint8 RGB (n, h, w, 3), 64 x 64 pixels or more. The first ten add up to 1, and so do the next six.
    ``wang_colour_contrast`` and ``wang_luminance_contrast`` are the standard deviations of C and L over the picture,
    ``wang_sharpness`` is the mean length of the gradient of L (central differences, per pixel); each divided by 100.

    Raises BadInput for what is no such batch.
    """
    return each_picture(_one, check_batch(batch, smallest=SMALLEST), workers)


def _one(rgb: np.ndarray) -> np.ndarray:
    return picture_wang(Picture(rgb)).astype(np.float32)


@kept
def picture_wang(picture: Picture) -> np.ndarray:
    """The 19 numbers of one picture, float64."""
    bins = _histograms(picture.lab, picture.chroma, *CHROMA_CORNERS, np.cos(WARMEST), np.sin(WARMEST), FULL_CHROMA)
    lightness = picture.lab[0]
    spreads = [plane.std(dtype=np.float64) / 100 for plane in (picture.chroma, lightness)]
    return np.concatenate([bins, spreads, [_sharpness(lightness) / 100]])


@njit(nogil=True, cache=True)
def _histograms(
    lab: np.ndarray, chroma: np.ndarray, low: float, middle: float, high: float, cos: float, sin: float, full: float
) -> np.ndarray:
    """The ten bins over lightness and the six over chroma, warm before cool."""
    _, height, width = lab.shape
    bins = np.zeros(16)
    for y in range(height):
        for x in range(width):
            c = chroma[y, x]
            warm = 0.5 + 0.5 * (lab[1, y, x] * cos + lab[2, y, x] * sin) / max(c, full)
            place = min(max((lab[0, y, x] - 10) / 20, 0.0), 4.0)
            left = min(int(place), 3)
            part = place - left
            bins[2 * left] += (1 - part) * warm
            bins[2 * left + 1] += (1 - part) * (1 - warm)
            bins[2 * left + 2] += part * warm
            bins[2 * left + 3] += part * (1 - warm)
            if c < middle:
                left, part = 10, max((c - low) / (middle - low), 0.0)
            else:
                left, part = 12, min((c - middle) / (high - middle), 1.0)
            bins[left] += (1 - part) * warm
            bins[left + 1] += (1 - part) * (1 - warm)
            bins[left + 2] += part * warm
            bins[left + 3] += part * (1 - warm)
    return bins / (height * width)


@njit(nogil=True, cache=True)
def _sharpness(plane: np.ndarray) -> float:
    """Mean length of the gradient over all pixels but the outermost."""
    height, width = plane.shape
    total = 0.0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            across = (plane[y, x + 1] - plane[y, x - 1]) / 2
            down = (plane[y + 1, x] - plane[y - 1, x]) / 2
            total += np.sqrt(across * across + down * down)
    return total / ((height - 2) * (width - 2))
