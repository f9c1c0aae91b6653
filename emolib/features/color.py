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
from typing import Literal

import numpy as np

from emolib.errors import BadInput
from emolib.features.batch import check_batch, each_picture
from emolib.features.focal import BASIC_COLOURS, CELLS, cell_index, focal_table

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
    return each_picture(lambda picture: _mean_rgb(_planes(picture)), check_batch(batch), workers)


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
        cone = _hexcone(_planes(picture))
        means = _mean_hsv(*cone)
        if hue == "circular":
            sixths = cone[0][cone[1] > 0].astype(np.float64)
            direction = np.exp(1j * np.pi / 3 * sixths).sum()
            means[0] = np.angle(direction) / (2 * np.pi) % 1 if abs(direction) > 1e-9 * sixths.size else 0
        return means

    return each_picture(one, check_batch(batch), workers)


def hsv_peak(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Label and share of the fullest bin of the HSV histogram, both in [0, 1], (n, 2).

    The histogram has 8 x 4 x 4 equal bins of hue, saturation and value (the paper gives no number). Bin (i, j, k) has
    the number 16 i + 4 j + k; its label is that number divided by 127, so that labels stay on the scale of the other
    features, and its share is the fraction of pixels in it. Of equally full bins the one with the lowest number counts.
    """
    return each_picture(lambda picture: _peak(*_hexcone(_planes(picture))), check_batch(batch), workers)


def colour_names(batch: np.ndarray, table: np.ndarray | None = None, workers: int | None = None) -> np.ndarray:
    """Share of each of the eleven BASIC_COLOURS in the picture, (n, 11), rows that add up to 1.

    ``table`` (32768, 11) holds the names of every RGB cell: None for :func:`~emolib.features.focal.focal_table`, where
    every cell has one name (hard assignment), or van de Weijer's own from
    :func:`~emolib.features.focal.load_colour_table`, where a pixel counts for every name by its probability (soft).
    """
    table = checked_table(table)
    return each_picture(lambda picture: _names(_planes(picture), table), check_batch(batch), workers)


def pad(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Pleasure, arousal and dominance from mean brightness B and saturation S, (n, 3).

    P = .69 B + .22 S in [0, .91], A = -.31 B + .60 S in [-.31, .60] and D = -.76 B + .32 S in [-.76, .32] (Valdez &
    Mehrabian 1994). Theirs are Munsell's value and chroma of single colour chips; as usual for pictures, B and S are
    here the means of HSV's value and saturation. The equations are missing from the text of Kim et al.
    """
    means = mean_hsv(batch, workers=workers)
    return means[:, [2, 1]] @ _PAD.T


def color_features(batch: np.ndarray, table: np.ndarray | None = None, workers: int | None = None) -> np.ndarray:
    """All of the above in one pass, (n, 22), columns COLOR_NAMES; ``table`` as in :func:`colour_names`."""
    return each_picture(partial(picture_colour, table=checked_table(table)), check_batch(batch), workers)


def picture_colour(picture: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The 22 numbers of one picture (h, w, 3); the input is not checked."""
    planes = _planes(picture)
    cone = _hexcone(planes)
    hsv = _mean_hsv(*cone)
    return np.concatenate([_mean_rgb(planes), hsv, _peak(*cone), _names(planes, table), _PAD @ hsv[[2, 1]]])


def checked_table(table: np.ndarray | None) -> np.ndarray:
    if table is None:
        return focal_table()
    if not isinstance(table, np.ndarray) or table.shape != (CELLS, len(BASIC_COLOURS)):
        shape = getattr(table, "shape", type(table).__name__)
        raise BadInput(f"A table of colour names has the shape {(CELLS, 11)}, not {shape}: see load_colour_table.")
    return table


def _planes(picture: np.ndarray) -> np.ndarray:
    """Red, green and blue each in one piece of memory: loops over them are several times faster."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def _mean_rgb(planes: np.ndarray) -> np.ndarray:
    return planes.reshape(3, -1).sum(axis=1, dtype=np.uint64) / (255 * planes[0].size)


def _hexcone(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hue in sixths of the circle [0, 6) and saturation [0, 1], both float32, and value 0 to 255, uint8."""
    red, green, blue = planes
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    r, g, b, c = (x.astype(np.int16) for x in (red, green, blue, chroma))
    turns = np.where(value == red, g - b, np.where(value == green, b - r + 2 * c, r - g + 4 * c))
    turns += (turns < 0) * (6 * c)  # red's sector lies on both sides of the angle 0
    # Whole numbers up to here: equal colours get equal quotients, and those that are multiples of 1/4 are exact.
    return (
        turns.astype(np.float32) / np.maximum(chroma, 1).astype(np.float32),
        chroma.astype(np.float32) / np.maximum(value, 1).astype(np.float32),
        value,
    )


def _mean_hsv(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    sums = hue.sum(dtype=np.float64) / 6, saturation.sum(dtype=np.float64), value.sum(dtype=np.uint64) / 255
    return np.array(sums) / value.size


def _peak(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    hues, saturations, values = PEAK_BINS
    # Limits of bins are multiples of 3/4 of a sixth of the circle and of 1/4 of saturation: exact, see _hexcone.
    bins = (hue * np.float32(hues / 6)).astype(np.uint8) * np.uint8(saturations * values)
    # The last bins hold 1 too; the limits of value, 255 k / 4, lie just below 64 k.
    bins += np.minimum((saturation * np.float32(saturations)).astype(np.uint8), saturations - 1) * np.uint8(values)
    bins += value >> 6
    count = hues * saturations * values
    filled = np.bincount(bins.ravel(), minlength=count)
    fullest = filled.argmax()
    return np.array([fullest / (count - 1), filled[fullest] / value.size])


def _names(planes: np.ndarray, table: np.ndarray) -> np.ndarray:
    cells = np.bincount(cell_index(planes.transpose(1, 2, 0)).ravel(), minlength=CELLS)
    present = np.flatnonzero(cells)
    return (cells[present, None] * table[present]).sum(axis=0) / planes[0].size
