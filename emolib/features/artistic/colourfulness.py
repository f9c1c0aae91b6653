"""Colourfulness as the distance of a picture's colours from all colours alike, and circular statistics of hue.

Both belong to Machajdik's colour block.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.optimize import linear_sum_assignment

HUE_NAMES = tuple(
    f"hue_{weight}_{what}" for weight in ("plain", "weighted") for what in ("cos", "sin", "length", "deviation")
)
UNITS = 128
"""Equal parts that the colours of a picture are rounded to."""
_SIDE = 4  # cells of each of R, G, B


def colourfulness(rgb: np.ndarray) -> float:
    """Earth mover's distance between the colours of a uint8 picture (h, w, 3) and an even spread, in CIELUV units.

    Datta et al. (ECCV 2006, f2): the RGB cube is cut into 64 cells, and the histogram over them is moved to the even
    one, at the cost of the distance of the cells' centres in CIELUV. The larger, the less colourful. The histogram is
    first rounded to 128ths of the picture (largest remainders first; ours), which makes the distance an assignment
    problem that is solved exactly.
    """
    cells = rgb >> 6
    numbers = (cells[..., 0] << 4) | (cells[..., 1] << 2) | cells[..., 2]
    held = round_shares(np.bincount(numbers.ravel(), minlength=_SIDE**3))
    surplus = held - UNITS // _SIDE**3
    # What is where it has to go may stay there, since distances obey the triangle inequality.
    sources = np.repeat(np.arange(_SIDE**3), np.maximum(surplus, 0))
    targets = np.repeat(np.arange(_SIDE**3), np.maximum(-surplus, 0))
    costs = _distances()[sources][:, targets]
    return float(costs[linear_sum_assignment(costs)].sum() / UNITS)


def round_shares(counts: np.ndarray) -> np.ndarray:
    """Whole numbers that add up to UNITS, in proportion to counts (cells,), by largest remainders."""
    total = counts.sum()
    whole, rest = np.divmod(counts * UNITS, total)
    first = np.argsort(-rest, kind="stable")[: UNITS - whole.sum()]
    whole[first] += 1
    return whole


@lru_cache(maxsize=1)
def _distances() -> np.ndarray:
    from skimage.color import rgb2luv

    steps = (np.arange(_SIDE) + 0.5) / _SIDE
    centres = rgb2luv(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3))
    return np.linalg.norm(centres[:, None] - centres, axis=-1)


def hue_statistics(hsv: np.ndarray) -> np.ndarray:
    """Circular statistics of the hue of HSV planes (3, h, w) in [0, 1]: HUE_NAMES, float64 (8,).

    Of the pixels that have a hue, all alike (plain) and by their saturation (weighted): cosine and sine of the mean
    direction, the length R of the mean vector, and the circular standard deviation sqrt(-2 ln R) in radians, with R no
    less than .001. Machajdik & Hanbury give the mean as an angle, which jumps at red; its cosine and sine do not. All 8
    are 0 for a picture without hue.
    """
    saturation = hsv[1].ravel()
    coloured = saturation > 0
    result = np.zeros(8)
    if not coloured.any():
        return result
    angles = 2 * np.pi * hsv[0].ravel()[coloured]
    along, across, weights = np.cos(angles), np.sin(angles), saturation[coloured]
    plain = along.mean(dtype=np.float64), across.mean(dtype=np.float64)
    total = weights.sum(dtype=np.float64)
    weighted = (along * weights).sum(dtype=np.float64) / total, (across * weights).sum(dtype=np.float64) / total
    for start, (x, y) in ((0, plain), (4, weighted)):
        length = min(float(np.hypot(x, y)), 1.0)
        direction = (x / length, y / length) if length > 1e-6 else (0.0, 0.0)
        result[start : start + 4] = *direction, length, np.sqrt(-2 * np.log(max(length, 1e-3)))
    return result
