"""Itten's contrasts between the areas of a picture, in seven numbers (Machajdik's colour, Zhao's emphasis).

Itten ("The art of color", 1961) describes seven contrasts. Machajdik & Hanbury (2010) and Zhao et al. (2014) measure
them between the segments of a picture; their formulas differ and neither is complete in the text, so these are ours.
Every region i counts by its share of the area s_i, and for what concerns hue by s_i times its chroma.

===================  ==========================================================================================
number               what, over regions
===================  ==========================================================================================
itten_light_dark     standard deviation of lightness / 50: 1 for half black and half white
itten_saturation     standard deviation of chroma / 50
itten_hue            1 - length of the mean hue vector: 0 for one hue, 1 for hues that cancel out
itten_complement     2 sum over pairs p_i p_j max(0, -cos(h_i - h_j)), twice over: 1 for two equal opposite hues
itten_warm_cold      standard deviation of warmth: 1 for half warm and half cold
itten_warmth         mean warmth: cos(h - 50 degrees), from -1 (cold) to 1 (warm), 0 for grey
itten_extension      how far the areas of six hues are from Goethe's proportions, 0 (balanced) to 1
===================  ==========================================================================================

Simultaneous contrast, a hue that the eye adds to a grey beside a vivid colour, is in no pixel, and is not measured.
"""

from __future__ import annotations

import numpy as np

from emolib.features.artistic.segments import Regions

ITTEN_NAMES = tuple(
    f"itten_{name}" for name in ("light_dark", "saturation", "hue", "complement", "warm_cold", "warmth", "extension")
)

WARMEST = np.deg2rad(50)
"""CIELAB hue angle that is warmest, an orange; the coldest is the opposite, 230 degrees."""
FULL_CHROMA = 10.0
"""CIELAB chroma from which a colour counts as fully warm or cold; below it less, in proportion."""

# CIELAB hue angles of red, orange, yellow, green, blue and violet paint-box colours in sRGB (ff0000, ff8000, ffff00,
# 00a000, 0000ff, 8000c0), and the areas that balance them: Goethe's light values 6, 8, 9, 6, 4, 3 turned upside down.
_SIX_HUES = np.deg2rad([40.0, 62.0, 102.9, 136.0, 306.3, 317.6])
_BALANCED = 1 / np.array([6, 8, 9, 6, 4, 3])
_BALANCED = _BALANCED / _BALANCED.sum()


def warmth(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Warmth of CIELAB colours, -1 to 1: cos(h - 50 degrees), weaker below the chroma FULL_CHROMA."""
    chroma = np.hypot(a, b)
    along = a * np.cos(WARMEST) + b * np.sin(WARMEST)
    return along / np.maximum(chroma, FULL_CHROMA)


def itten(regions: Regions) -> np.ndarray:
    """The seven numbers of ITTEN_NAMES, float64, all finite; hue numbers are 0 for a picture without hue."""
    lightness, a, b = regions.lab.T
    shares, chroma = regions.shares, np.hypot(a, b)
    warm = warmth(a, b)
    result = np.zeros(len(ITTEN_NAMES))
    result[0], result[1] = _spread(lightness, shares) / 50, _spread(chroma, shares) / 50
    result[4], result[5] = _spread(warm, shares), shares @ warm
    coloured = chroma >= 1
    weight = (shares * chroma)[coloured]
    if weight.sum() > 0:
        weight /= weight.sum()
        hue = np.arctan2(b, a)[coloured]
        result[2] = max(0.0, 1 - np.hypot(weight @ np.cos(hue), weight @ np.sin(hue)))
        opposite = np.maximum(0, -np.cos(hue[:, None] - hue))
        result[3] = 2 * weight @ opposite @ weight
        apart = np.abs(np.angle(np.exp(1j * (hue[:, None] - _SIX_HUES))))
        held = np.bincount(apart.argmin(axis=1), weight, 6)
        result[6] = np.abs(held - _BALANCED).sum() / 2
    return result


def _spread(values: np.ndarray, shares: np.ndarray) -> float:
    return float(np.sqrt(max(0.0, shares @ (values - shares @ values) ** 2)))
