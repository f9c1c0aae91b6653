"""Zhao et al.'s principles of art in six groups, 105 numbers (chapter 1, You et al.'s comparison).

S. Zhao, Y. Gao et al., "Exploring principles-of-art features for image emotion recognition" (ACM Multimedia 2014), turn
six of the principles that art is taught by into numbers:

=========  =======  ================================================================================================
group      numbers  what
=========  =======  ================================================================================================
balance    15       symmetry (mirrored twice, turned by 180 and 90 degrees, radial) of lightness, chroma, edges
           2        best vertical axis: symmetry of the lightness about it, its distance from the middle
           1        distance of the saliency's centre of mass from the picture's, in half diagonals
emphasis   7        Itten's contrasts (see ``itten``)
           3        rate of focused attention on the thirds' points, the golden section's points, the centre
harmony    7        distance of the hues from seven harmonic templates
           2        agreement of hues, and of edge directions, within windows
variety    2        how many basic colours hold 1% of the picture (in 11ths); entropy of their shares
           37       mean and spread of 18 Gabor responses of the intensity; entropy of the directions
gradation  12       absolute and relative gradation along x, y of lightness, chroma, hue
movement   17       path of eight fixations: lengths, directions, turns
=========  =======  ================================================================================================

Zhao et al. find symmetries by matching key points (Loy & Eklundh, ECCV 2006); correlations of the picture with itself
mirrored or turned measure the same without a choice of key points. The rate of focused attention is theirs (after Sun
et al., ICME 2009): the sum of saliency times mask over the sum of saliency. Masks, windows and numbers of fixations
are our choice; where another source stands behind a number, its function names it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from emolib.features.artistic.balance import (
    SYMMETRIES,
    TEMPLATES,
    best_axis,
    gradation,
    local_agreement,
    symmetries,
    template_distances,
)
from emolib.features.artistic.gabor import DIRECTIONS, FILTERS, WAVELENGTHS
from emolib.features.artistic.itten import ITTEN_NAMES
from emolib.features.artistic.saliency import FIXATIONS, fixations
from emolib.features.artistic.shared import SMALLEST, Picture
from emolib.features.batch import check_batch, each_picture
from emolib.features.focal import BASIC_COLOURS

MASKS = ("thirds", "golden", "centre")
HEADINGS = 8
PRESENT = 0.01
"""Share of the picture from which on a basic colour counts as one that it has."""

_PARTS = {
    "balance": (
        *(f"symmetry_{plane}_{kind}" for plane in ("lightness", "chroma", "edges") for kind in SYMMETRIES),
        *("best_axis_symmetry", "best_axis_distance", "saliency_off_centre"),
    ),
    "emphasis": (*ITTEN_NAMES, *(f"attention_{mask}" for mask in MASKS)),
    "harmony": (*(f"template_{name}" for name in TEMPLATES), "hue_agreement", "direction_agreement"),
    "variety": (
        *("colours", "colour_entropy"),
        *(f"stripes_wavelength{w}_direction{d}_{what}" for w, d in FILTERS for what in ("mean", "spread")),
        "direction_entropy",
    ),
    "gradation": tuple(
        f"gradation_{plane}_{kind}_{axis}"
        for plane in ("lightness", "chroma", "hue")
        for kind in ("absolute", "relative")
        for axis in "xy"
    ),
    "movement": (
        *(f"path_length{i}" for i in range(1, FIXATIONS)),
        *(f"path_heading{i}" for i in range(HEADINGS)),
        *("path_turn_mean", "path_turn_spread"),
    ),
}

NAMES = tuple(name for names in _PARTS.values() for name in names)
"""Names of the columns."""

_ENDS = np.cumsum([len(names) for names in _PARTS.values()]).tolist()
GROUPS = {name: slice(end - len(_PARTS[name]), end) for name, end in zip(_PARTS, _ENDS, strict=True)}
"""The six principles."""


def zhao_features(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """All numbers of every picture: float32 (n, len(NAMES)), columns NAMES, all finite.

    ``batch`` is uint8 RGB (n, h, w, 3), 64 x 64 pixels or more. Raises BadInput for what is no such batch.
    """
    return each_picture(_one, check_batch(batch, smallest=SMALLEST), workers)


def _one(rgb: np.ndarray) -> np.ndarray:
    return picture_zhao(Picture(rgb)).astype(np.float32)


def picture_zhao(picture: Picture) -> np.ndarray:
    """The numbers of one picture, float64."""
    return np.concatenate(
        [
            _balance(picture),
            picture.itten,
            attention(picture.saliency),
            template_distances(picture.hsv),
            local_agreement(picture.small_lab),
            _variety(picture),
            gradation(picture.lab, picture.chroma).ravel(),
            movement(fixations(picture.saliency)),
        ]
    )


def _balance(picture: Picture) -> np.ndarray:
    lightness, a, b = picture.tiny_lab
    down, across = np.gradient(lightness)
    found = [symmetries(plane) for plane in (lightness, np.hypot(a, b), np.hypot(down, across))]
    return np.concatenate([*found, best_axis(lightness), [off_centre(picture.saliency)]])


def off_centre(saliency: np.ndarray) -> float:
    """Distance of the centre of mass of a saliency (h, w), which adds up to 1, from the middle; 1 in a corner."""
    height, width = saliency.shape
    y = saliency.sum(axis=1) @ (np.arange(height) + 0.5) - height / 2
    x = saliency.sum(axis=0) @ (np.arange(width) + 0.5) - width / 2
    return float(np.hypot(y, x) / (np.hypot(height, width) / 2))


def attention(saliency: np.ndarray) -> np.ndarray:
    """Rate of focused attention, the sum of saliency times mask over the sum of saliency, for MASKS: float64 (3,).

    A mask is 1 at its points and falls as a Gaussian with a standard deviation of a tenth of either side: the four
    points at thirds of the sides, the four at golden sections (.382 and .618), or the centre; of several points the
    nearest counts.
    """
    return (_masks(*saliency.shape) * saliency).sum(axis=(1, 2)) / saliency.sum()


@lru_cache(maxsize=4)
def _masks(height: int, width: int) -> np.ndarray:
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    masks = []
    for places in ((1 / 3, 2 / 3), ((3 - 5**0.5) / 2, (5**0.5 - 1) / 2), (0.5,)):
        near_y, near_x = (np.min([(side - place) ** 2 for place in places], axis=0) for side in (y, x))
        masks.append(np.exp(-(near_y[:, None] + near_x) / (2 * 0.1**2)))
    return np.array(masks)


def _variety(picture: Picture) -> np.ndarray:
    shares = np.array([picture.colour[f"colour_{name}"] for name in BASIC_COLOURS])
    responses = picture.gabor[0]
    directions = responses[:, 0].reshape(len(WAVELENGTHS), DIRECTIONS).sum(axis=0)
    return np.concatenate(
        [
            [(shares >= PRESENT).mean(), _entropy(shares)],
            responses.ravel(),
            [_entropy(directions / directions.sum()) if directions.sum() > 1e-3 else 0.0],
        ]
    )


def _entropy(shares: np.ndarray) -> float:
    """Entropy of shares (n,) that add up to 1, from 0 (all in one) to 1 (all alike)."""
    some = shares[shares > 0]
    return float(max(0.0, -(some * np.log(some)).sum() / np.log(len(shares))))


def movement(path: np.ndarray) -> np.ndarray:
    """The path through fixations (n, 2), y and x as fractions of the sides, in order: float64 (n - 1 + 8 + 2,).

    Lengths of the steps; what share of the whole length runs along each of eight headings (0 to the right, 2 down, each
    45 degrees wide); mean and standard deviation of the angle between one step and the next, in half turns. All 0 for a
    path that stays where it is.
    """
    steps = np.diff(path, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    headings, turns = np.zeros(HEADINGS), np.zeros(2)
    if lengths.sum() > 0:
        angles = np.arctan2(steps[:, 0], steps[:, 1])
        sector = np.floor(angles / (2 * np.pi) * HEADINGS + 0.5).astype(int) % HEADINGS
        headings = np.bincount(sector, lengths, HEADINGS) / lengths.sum()
        turned = np.abs(np.angle(np.exp(1j * np.diff(angles)))) / np.pi
        turns = np.array([turned.mean(), turned.std()])
    return np.concatenate([lengths, headings, turns])
