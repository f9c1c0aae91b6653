"""Balance, gradation and harmony of a picture: three of Zhao's six principles, on planes of colour (chapter 1)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from emolib.features.artistic.planes import COLOURLESS

# ------------------------------------------------------------------------------------------------------------- balance

SYMMETRIES = ("left_right", "top_bottom", "half_turn", "quarter_turn", "radial")
_FLAT = 1e-6  # variance below which a plane counts as one value


def symmetries(plane: np.ndarray) -> np.ndarray:
    """How like a plane (h, w) is to itself mirrored or turned about its centre: SYMMETRIES, float64 (5,).

    The first four are correlations, -1 to 1: with the plane mirrored left to right, mirrored top to bottom, turned by
    180 degrees, and turned by 90 degrees (of the middle square). ``radial`` is the share of the variance that the
    distance from the centre explains, 0 to 1, within the largest circle and by rings one pixel wide. A plane of one
    value is symmetric in every way: 1.
    """
    plane = plane.astype(np.float64)
    height, width = plane.shape
    side = min(height, width)
    square = plane[(height - side) // 2 :, (width - side) // 2 :][:side, :side]
    return np.array(
        [
            _alike(plane, plane[:, ::-1]),
            _alike(plane, plane[::-1]),
            _alike(plane, plane[::-1, ::-1]),
            _alike(square, np.rot90(square)),
            _radial(square),
        ]
    )


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two planes with the same values in other places, so with one mean and one variance."""
    one, other = one - one.mean(), other - one.mean()
    variance = (one * one).mean()
    return float(np.clip((one * other).mean() / variance, -1, 1)) if variance > _FLAT else 1.0


def _radial(square: np.ndarray) -> float:
    ring, inside = _rings(len(square))
    values = square[inside]
    variance = values.var()
    if variance <= _FLAT:
        return 1.0
    counts = np.bincount(ring)
    means = np.bincount(ring, values) / np.maximum(counts, 1)
    return float(np.clip((counts * (means - values.mean()) ** 2).sum() / len(values) / variance, 0, 1))


@lru_cache(maxsize=4)
def _rings(side: int) -> tuple[np.ndarray, np.ndarray]:
    offset = np.arange(side) - (side - 1) / 2
    distance = np.hypot(offset[:, None], offset)
    inside = distance <= side / 2
    return distance[inside].astype(int), inside


def best_axis(plane: np.ndarray) -> tuple[float, float]:
    """The vertical axis about which a plane (h, w) is most symmetric: correlation, and distance from the middle.

    Axes lie in the middle half of the picture; what has no partner on the other side does not count. The distance is a
    share of the width, 0 to 1/4, and of equally good axes the one nearest to the middle counts.
    """
    width = plane.shape[1]
    likes = _axis_correlations(plane.astype(np.float64))
    away = np.abs(np.arange(len(likes)) - len(likes) // 2)  # half pixels
    like, near = max(zip(np.round(likes, 9), -away, strict=True))
    return float(like), float(-near / 2 / width)


@njit(nogil=True, cache=True, error_model="numpy")
def _axis_correlations(plane: np.ndarray) -> np.ndarray:
    """As `_alike` for each vertical axis of the middle half, from left to right, on what it can mirror."""
    height, width = plane.shape
    half = width // 2
    likes = np.empty(2 * half + 1)
    for shift in range(-half, half + 1):
        first, last = max(0, shift), width + min(0, shift) - 1
        total = square = product = 0.0
        for y in range(height):
            for x in range(first, last + 1):
                total += plane[y, x]
        mean = total / (height * (last - first + 1))
        for y in range(height):
            for x in range(first, last + 1):
                square += (plane[y, x] - mean) ** 2
                product += (plane[y, x] - mean) * (plane[y, first + last - x] - mean)
        flat = square <= _FLAT * height * (last - first + 1)
        likes[shift + half] = 1.0 if flat else min(1.0, max(-1.0, product / square))
    return likes


# ----------------------------------------------------------------------------------------------------------- gradation

WINDOW = 8


def gradation(lab: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Steps of lightness, chroma and hue over windows of 8 x 8 pixels: float64 (3, 4).

    For each, the mean over windows of the absolute gradation along x and y (mean size of the step from pixel to pixel,
    in CIELAB units, for hue in half turns) and of the relative one (size of the summed steps / sum of their sizes): 1
    for a ramp, about 0 for texture, 0 for a flat window. Zhao et al. take these two sums from Xu et al.'s relative
    total variation ("Structure extraction from texture via relative total variation", SIGGRAPH Asia 2012), with the
    quotient upside down, where flat windows make it grow without bound. A step of hue between two pixels one of which
    has none (chroma below 1) is 0.
    """
    hue = np.arctan2(lab[2], lab[1]) / np.float32(np.pi)
    known = chroma >= COLOURLESS
    result = np.zeros((3, 4))
    for row, plane, turns in ((0, lab[0], False), (1, chroma, False), (2, hue, True)):
        result[row] = _windows(plane, known, turns)
    return result


@njit(nogil=True, cache=True)
def _windows(plane: np.ndarray, known: np.ndarray, turns: bool) -> np.ndarray:
    rows, columns = (plane.shape[0] - 1) // WINDOW, (plane.shape[1] - 1) // WINDOW
    sums = np.zeros(4)
    for row in range(rows):
        for column in range(columns):
            along_x = along_y = size_x = size_y = 0.0
            for y in range(row * WINDOW, (row + 1) * WINDOW):
                for x in range(column * WINDOW, (column + 1) * WINDOW):
                    here = plane[y, x]
                    across, down = plane[y, x + 1] - here, plane[y + 1, x] - here
                    if turns:
                        across = across - 2 * np.rint(across / 2) if known[y, x] and known[y, x + 1] else 0.0
                        down = down - 2 * np.rint(down / 2) if known[y, x] and known[y + 1, x] else 0.0
                    along_x += across
                    along_y += down
                    size_x += abs(across)
                    size_y += abs(down)
            sums[0] += size_x / WINDOW**2
            sums[1] += size_y / WINDOW**2
            # Steps below this are rounding.
            sums[2] += abs(along_x) / size_x if size_x > 1e-3 else 0.0
            sums[3] += abs(along_y) / size_y if size_y > 1e-3 else 0.0
    return sums / (rows * columns)


# ------------------------------------------------------------------------------------------------------------- harmony

TEMPLATES = {
    "i": ((0, 18.0),),
    "V": ((0, 93.6),),
    "L": ((0, 18.0), (90, 79.2)),
    "I": ((0, 18.0), (180, 18.0)),
    "T": ((0, 180.0),),
    "Y": ((0, 93.6), (180, 18.0)),
    "X": ((0, 93.6), (180, 93.6)),
}
"""Middle and width in degrees of the sectors of Matsuda's hue templates, as in Cohen-Or et al. (2006)."""

_HUES = 72


@lru_cache(maxsize=1)
def _template_distances() -> np.ndarray:
    """Distance in half turns from each hue to each template, turned to each hue: (templates, rotations, hues)."""
    hues = np.arange(_HUES) * 360 / _HUES
    table = []
    for sectors in TEMPLATES.values():
        for turn in hues:
            away = [np.abs((hues - turn - middle + 180) % 360 - 180) - width / 2 for middle, width in sectors]
            table.append(np.maximum(0, np.min(away, axis=0)) / 180)
    return np.array(table).reshape(len(TEMPLATES), _HUES, _HUES)


def template_distances(hsv: np.ndarray) -> np.ndarray:
    """How far the hues of HSV planes (3, h, w) lie outside each of TEMPLATES, turned to fit best: float64 (7,).

    Cohen-Or et al., "Color harmonization" (SIGGRAPH 2006, equation 1): the mean angle from a pixel's hue to the nearest
    sector, weighted by saturation; here in half turns, 0 (harmonic) to 1, and over 72 hues. 0 for a
    picture without hue.
    """
    number = np.rint(hsv[0] * _HUES).astype(np.int64) % _HUES
    held = np.bincount(number.ravel(), hsv[1].ravel(), _HUES)
    if held.sum() <= 0:
        return np.zeros(len(TEMPLATES))
    return (_template_distances() @ (held / held.sum())).min(axis=1)


def local_agreement(lab: np.ndarray) -> tuple[float, float]:
    """Agreement of hues and of edge directions within 8 x 8 windows of a small CIELAB picture (3, h, w), 0 to 1.

    Hue: length of the mean colour vector (a, b) over the mean chroma, windows weighted by their chroma; 1 without
    colour. Directions: coherence of the structure tensor of lightness, windows weighted by its trace; 0 without edges.
    Zhao et al. compare hues and gradient directions among neighbours too, by a formula that the text leaves partly
    open; these two are ours.
    """
    _, height, width = lab.shape
    rows, columns = height // WINDOW * WINDOW, width // WINDOW * WINDOW
    lightness, a, b = lab.astype(np.float64)
    chroma = _window_sums(np.hypot(a, b), rows, columns)
    vector = np.hypot(_window_sums(a, rows, columns), _window_sums(b, rows, columns))
    hue = vector.sum() / chroma.sum() if chroma.mean() > COLOURLESS else 1.0
    down, across = np.gradient(lightness)
    xx, yy, xy = (_window_sums(p, rows, columns) for p in (across * across, down * down, across * down))
    trace = (xx + yy).sum()
    direction = np.hypot(xx - yy, 2 * xy).sum() / trace if trace > 1e-3 else 0.0
    return float(min(hue, 1)), float(min(direction, 1))


def _window_sums(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return plane[:rows, :columns].reshape(rows // WINDOW, WINDOW, columns // WINDOW, WINDOW).sum(axis=(1, 3))
