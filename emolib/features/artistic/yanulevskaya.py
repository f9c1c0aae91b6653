"""Yanulevskaya et al.'s Gabor and Wiccest numbers, 324 in all (chapter 1, You et al.'s comparison).

V. Yanulevskaya, J. van Gemert et al., "Emotional valence categorization using holistic image features" (ICIP 2008),
describe the regions of a picture by two things and compare both with the regions of annotated "proto-concepts" such as
sky or vegetation; the similarities are their features. Those annotated regions are not to be had, so we keep what they
would be compared by: the parameters themselves.

``gabor``    mean and standard deviation of the magnitude of each of 18 Gabor filters (3 wavelengths, 6 directions) on
             each plane of the Gaussian colour model, over the picture: 108 numbers on the planes' scale (see ``gabor``)
``wiccest``  beta and gamma of the Weibull distribution of |response|, for Gaussian derivatives along x and y at the
             scales of 1 and 3 pixels on each plane, in each cell of a 3 x 3 grid: 216 numbers (see ``weibull``)

The paper names directions, planes and derivatives; the scales, the grid of nine cells and the mean and spread in place
of a histogram of Gabor responses are our choice.
"""

from __future__ import annotations

import numpy as np

from emolib.features.artistic.gabor import FILTERS
from emolib.features.artistic.gaussian import derivatives
from emolib.features.artistic.shared import SMALLEST, Picture
from emolib.features.artistic.weibull import fit_cells
from emolib.features.batch import check_batch, each_picture

PLANES = ("intensity", "blue_yellow", "red_green")
SCALES = (1, 3)
"""Standard deviations of the Gaussian derivatives in pixels."""
CELLS = 3

_GABOR_NAMES = tuple(
    f"gabor_{plane}_wavelength{wavelength}_direction{direction}_{what}"
    for plane in PLANES
    for wavelength, direction in FILTERS
    for what in ("mean", "spread")
)
_WICCEST_NAMES = tuple(
    f"wiccest_{plane}_scale{scale}_{axis}_row{row}_column{column}_{what}"
    for plane in PLANES
    for scale in SCALES
    for axis in "xy"
    for row in range(CELLS)
    for column in range(CELLS)
    for what in ("beta", "gamma")
)
NAMES = _GABOR_NAMES + _WICCEST_NAMES
"""Names of the 324 columns."""

GROUPS = {"gabor": slice(0, len(_GABOR_NAMES)), "wiccest": slice(len(_GABOR_NAMES), len(NAMES))}


def yanulevskaya_features(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """The 324 numbers of every picture: float32 (n, 324), columns NAMES, all finite.

    ``batch`` is uint8 RGB (n, h, w, 3), 64 x 64 pixels or more. Raises BadInput for what is no such batch.
    """
    return each_picture(_one, check_batch(batch, smallest=SMALLEST), workers)


def _one(rgb: np.ndarray) -> np.ndarray:
    return picture_yanulevskaya(Picture(rgb)).astype(np.float32)


def picture_yanulevskaya(picture: Picture) -> np.ndarray:
    """The 324 numbers of one picture, float64."""
    parts = [picture.gabor.ravel()]
    for plane in picture.opponent:
        for scale in SCALES:
            parts += [fit_cells(response, CELLS).ravel() for response in derivatives(plane, scale)]
    return np.concatenate(parts)
