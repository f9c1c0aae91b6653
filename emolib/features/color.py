"""Colour of a picture in 22 numbers: means, fullest bin, names, and how it feels (chapter 2, Kim et al. 2017).

=====================  =======  =============================================================
columns                numbers  what
=====================  =======  =============================================================
mean_red ...           3        mean RGB
mean_hue ...           3        mean HSV
peak_label, peak_share 2        fullest bin of the HSV histogram, and how full it is
colour_black ...       11       shares of the eleven basic colours
pleasure ...           3        pleasure, arousal, dominance by Valdez & Mehrabian's equations
=====================  =======  =============================================================

All functions take a uint8 RGB batch (n, h, w, 3), return float64, and raise BadInput for anything else. HSV is the
usual hexcone of the RGB values as they are (no gamma correction), with hue, saturation and value between 0 and 1.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from numba import njit

from emolib.errors import BadInput
from emolib.features.batch import check_batch, each_picture
from emolib.features.focal import BASIC_COLOURS, CELLS, focal_table

PEAK_BINS = (8, 4, 4)
"""Bins of the HSV histogram along hue, saturation and value: hue gets most, since it tells colours apart."""

COLOR_NAMES = (
    *("mean_red", "mean_green", "mean_blue", "mean_hue", "mean_saturation", "mean_value", "peak_label", "peak_share"),
    *(f"colour_{name}" for name in BASIC_COLOURS),
    *("pleasure", "arousal", "dominance"),
)
"""Names of the 22 columns of :func:`color_features`."""

# Valdez & Mehrabian, "Effects of color on emotions" (J. Exp. Psychol. Gen. 123, 1994): rows P, A, D, columns brightness
# and saturation.
_PAD = np.array([[0.69, 0.22], [-0.31, 0.60], [-0.76, 0.32]])


def mean_rgb(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Mean red, green and blue in [0, 1], (n, 3)."""
    return each_picture(lambda picture: _measure(picture).rgb, check_batch(batch), workers)


def mean_hsv(batch: np.ndarray, hue: Literal["plain", "circular"] = "plain", workers: int | None = None) -> np.ndarray:
    """Mean hue, saturation and value, each in [0, 1], (n, 3).

    Hue is an angle, a fraction of the colour circle from red over green and blue back to red. Kim et al. take plain
    means of all three, and so does ``hue="plain"``: a picture that is half 0.02 and half 0.98, all of it red, gets the
    hue of cyan, and grey pixels count as 0, red. ``hue="circular"`` is the direction of the mean unit vector of those
    pixels that have a hue, and 0 where there is none.
    """
    if hue not in ("plain", "circular"):
        raise BadInput(f'hue is "plain" or "circular", not {hue!r}.')

    def one(picture: np.ndarray) -> np.ndarray:
        means = _measure(picture).hsv
        if hue == "circular":
            x, y = _hue_direction(np.ascontiguousarray(picture))
            means[0] = np.arctan2(y, x) / (2 * np.pi) % 1 if np.hypot(x, y) > 1e-9 else 0
        return means

    return each_picture(one, check_batch(batch), workers)


def hsv_peak(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Label and share of the fullest bin of the HSV histogram, both in [0, 1], (n, 2).

    The histogram has 8 x 4 x 4 equal bins of hue, saturation and value (the paper gives no number). Bin (i, j, k) has
    the number 16 i + 4 j + k; its label is that number divided by 127, so that labels stay on the scale of the other
    features, and its share is the fraction of pixels in it. Of equally full bins the one with the lowest number counts.
    """
    return each_picture(lambda picture: _peak(_measure(picture)), check_batch(batch), workers)


def colour_names(batch: np.ndarray, table: np.ndarray | None = None, workers: int | None = None) -> np.ndarray:
    """Share of each of the eleven BASIC_COLOURS in the picture, (n, 11), rows that add up to 1.

    ``table`` (32768, 11) holds the names of every RGB cell: None for :func:`~emolib.features.focal.focal_table`, where
    every cell has one name (hard assignment), or van de Weijer's own from
    :func:`~emolib.features.focal.load_colour_table`, where a pixel counts for every name by its probability (soft).
    """
    table = checked_table(table)
    return each_picture(lambda picture: _names(_measure(picture), table), check_batch(batch), workers)


def pad(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Pleasure, arousal and dominance from mean brightness B and saturation S, (n, 3).

    P = .69 B + .22 S in [0, .91], A = -.31 B + .60 S in [-.31, .60] and D = -.76 B + .32 S in [-.76, .32] (Valdez &
    Mehrabian 1994). Theirs are Munsell's value and chroma of single colour chips; as usual for pictures, B and S are
    here the means of HSV's value and saturation. The copy of Kim et al. at hand has lost the equations.
    """
    return each_picture(lambda picture: _PAD @ _measure(picture).hsv[[2, 1]], check_batch(batch), workers)


def color_features(batch: np.ndarray, table: np.ndarray | None = None, workers: int | None = None) -> np.ndarray:
    """All of the above in one pass, (n, 22), columns COLOR_NAMES; ``table`` as in :func:`colour_names`."""
    return each_picture(partial(picture_colour, table=checked_table(table)), check_batch(batch), workers)


def picture_colour(picture: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The 22 numbers of one picture (h, w, 3); the input is not checked."""
    found = _measure(picture)
    return np.concatenate([found.rgb, found.hsv, _peak(found), _names(found, table), _PAD @ found.hsv[[2, 1]]])


def checked_table(table: np.ndarray | None) -> np.ndarray:
    if table is None:
        return focal_table()
    if not isinstance(table, np.ndarray) or table.shape != (CELLS, len(BASIC_COLOURS)):
        shape = getattr(table, "shape", type(table).__name__)
        raise BadInput(f"A table of colour names has the shape {(CELLS, 11)}, not {shape}: see load_colour_table.")
    return table


class _Measured(NamedTuple):
    rgb: np.ndarray  # means, (3,)
    hsv: np.ndarray  # means, (3,)
    bins: np.ndarray  # pixels in each bin of the HSV histogram, (128,)
    cells: np.ndarray  # pixels in each cell of the colour table, (32768,)


def _measure(picture: np.ndarray) -> _Measured:
    bins, cells = np.zeros(np.prod(PEAK_BINS), np.int64), np.zeros(CELLS, np.int64)
    sums = _pass(np.ascontiguousarray(picture), bins, cells)
    return _Measured(*(sums / (picture.shape[0] * picture.shape[1])), bins, cells)


def _peak(found: _Measured) -> np.ndarray:
    fullest = found.bins.argmax()
    return np.array([fullest / (len(found.bins) - 1), found.bins[fullest] / found.bins.sum()])


def _names(found: _Measured, table: np.ndarray) -> np.ndarray:
    present = np.flatnonzero(found.cells)
    counts = found.cells[present]
    return (counts[:, None] * table[present]).sum(axis=0) / counts.sum()


@njit(nogil=True, cache=True, error_model="numpy")
def _hexcone(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """Hue in sixths of the circle times chroma (0 to 6 chroma), chroma, and value (0 to 255) of one pixel.

    Whole numbers, so that which histogram bin a pixel falls into is no matter of rounding.
    """
    value = max(red, green, blue)
    chroma = value - min(red, green, blue)
    if value == red:
        turns = green - blue
        if turns < 0:
            turns += 6 * chroma  # red's sector lies on both sides of the angle 0
    elif value == green:
        turns = blue - red + 2 * chroma
    else:
        turns = red - green + 4 * chroma
    return turns, chroma, value


@njit(nogil=True, cache=True, error_model="numpy")
def _pass(picture: np.ndarray, bins: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Count every pixel in ``bins`` and ``cells``; sums of R, G, B and of H, S, V, each from 0 to 1: (2, 3)."""
    hues, saturations, values = PEAK_BINS
    reds = greens = blues = levels = 0
    hue = saturation = 0.0
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            red, green, blue = np.int32(picture[y, x, 0]), np.int32(picture[y, x, 1]), np.int32(picture[y, x, 2])
            turns, chroma, value = _hexcone(red, green, blue)
            reds, greens, blues, levels = reds + red, greens + green, blues + blue, levels + value
            i = j = 0
            if chroma > 0:
                hue += turns / (6 * chroma)
                saturation += chroma / value
                i = hues * turns // (6 * chroma)
                j = min(saturations * chroma // value, saturations - 1)  # the last bin holds 1 too
            k = min(values * value // 255, values - 1)
            bins[(i * saturations + j) * values + k] += 1
            cells[(red >> 3) + ((green >> 3) << 5) + ((blue >> 3) << 10)] += 1
    return np.array([[reds / 255, greens / 255, blues / 255], [hue, saturation, levels / 255]])


@njit(nogil=True, cache=True, error_model="numpy")
def _hue_direction(picture: np.ndarray) -> tuple[float, float]:
    """Mean of the unit vectors along the hues of all pixels that have one, (0, 0) if none has."""
    along = across = 0.0
    count = 0
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            red, green, blue = np.int32(picture[y, x, 0]), np.int32(picture[y, x, 1]), np.int32(picture[y, x, 2])
            turns, chroma, _ = _hexcone(red, green, blue)
            if chroma > 0:
                angle = np.pi / 3 * turns / chroma
                along, across, count = along + np.cos(angle), across + np.sin(angle), count + 1
    return along / max(count, 1), across / max(count, 1)
