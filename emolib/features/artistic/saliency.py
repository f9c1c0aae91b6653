"""Where a picture draws the eye: the spectral residual, and the path of fixations over it (Zhao's emphasis, movement).

Hou & Zhang, "Saliency detection: a spectral residual approach" (CVPR 2007): what the logarithm of the amplitude
spectrum has beyond its own local mean, with the phase as it was, is transformed back; its squared magnitude, smoothed,
is the saliency. As in the paper it is computed on a picture of about 64 pixels a side. Zhao et al. do not bind
themselves to one saliency; this one is our choice, for it needs nothing learned.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

SIDE = 64
SMOOTHING = 2.5  # pixels of the small picture; the paper's own value depends on its size
FIXATIONS = 8
INHIBITION = 0.125  # of the shorter side: the radius within which the eye does not return

# Added to amplitudes, so that the logarithm of a frequency that is not there does not hang on rounding.
_FLOOR = 1e-3
_FLAT = 1e-4


def saliency(grey: np.ndarray) -> np.ndarray:
    """Saliency of a small grey picture (h, w) in [0, 1]: float64 (h, w) that adds up to 1; even for one grey."""
    grey = grey.astype(np.float64)
    even = np.full(grey.shape, 1 / grey.size)
    if np.ptp(grey) < _FLAT:
        return even
    spectrum = fft.fft2(grey)
    size = np.abs(spectrum)
    logs = np.log(size + _FLOOR)
    residual = np.exp(logs - ndimage.uniform_filter(logs, 3, mode="wrap"))
    phase = spectrum / (size + _FLOOR)
    found = ndimage.gaussian_filter(np.abs(fft.ifft2(residual * phase)) ** 2, SMOOTHING)
    total = found.sum()
    return found / total if total > 1e-12 else even


def fixations(saliency: np.ndarray, count: int = FIXATIONS) -> np.ndarray:
    """Where the eye rests, in order: (count, 2) of y and x as fractions of the sides, from 0 to 1.

    The most salient point wins, then its surroundings are inhibited, and so on (Itti, Koch & Niebur, IEEE TPAMI 20,
    1998). Of equally salient points the first, row by row, wins. A saliency without any peak has no path: all points
    are then the centre.
    """
    if np.ptp(saliency) <= 1e-6 * saliency.max():
        return np.full((count, 2), 0.5)
    height, width = saliency.shape
    left = saliency.copy()
    y, x = np.ogrid[:height, :width]
    radius = INHIBITION * min(height, width)
    path = np.empty((count, 2))
    for i in range(count):
        row, column = np.unravel_index(left.argmax(), left.shape)
        path[i] = (row + 0.5) / height, (column + 0.5) / width
        left[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = -1
    return path
