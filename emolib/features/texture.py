"""Texture of a picture: GIST, which edges run in which part of it, and local binary patterns (chapter 2, Kim et al.).

GIST is the descriptor of Oliva & Torralba, "Modeling the shape of the scene" (IJCV 42, 2001), with the preprocessing
and the transfer functions of their published program: grey, logarithm, local contrast normalisation, mirrored borders,
then a bank of filters, each tuned to one scale and one direction, applied as products in the frequency domain. The mean
magnitude of every response in every cell of a 4 x 4 grid is a feature.

Local binary patterns are those of Ojala et al. (IEEE TPAMI 24, 2002) with 8 neighbours at distance 1, without rotation
invariance: which neighbours are at least as bright as the pixel, as one of 58 "uniform" patterns or the rest, counted
over the picture. Bins and values are those of scikit-image's ``nri_uniform``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
from numba import njit
from scipy import fft

from emolib.features.batch import check_batch, each_picture
from emolib.features.filters import CONTRAST_BORDER, GistPlan, gist_plan

ORIENTATIONS = (8, 8, 8, 8)
"""Directions at each scale, finest first: 4 x 8 filters x 16 cells = 512 numbers, as in Kim et al."""
CELLS = 4
LBP_BINS = 59


def gist_names(orientations: Sequence[int] = ORIENTATIONS, cells: int = CELLS) -> tuple[str, ...]:
    """Names of the columns of :func:`gist`, as in ``gist_scale0_direction3_row1_column2``."""
    scales = [(scale, direction) for scale, n in enumerate(orientations) for direction in range(n)]
    grid = [(row, column) for row in range(cells) for column in range(cells)]
    return tuple(f"gist_scale{s}_direction{d}_row{r}_column{c}" for s, d in scales for r, c in grid)


GIST_NAMES = gist_names()
LBP_NAMES = tuple(f"lbp_{i}" for i in range(LBP_BINS))

# ---------------------------------------------------------------------------------------------------------------- GIST

SMALLEST = 32  # pixels; a smaller picture has no room for the coarse filters


def gist(
    batch: np.ndarray,
    orientations: Sequence[int] = ORIENTATIONS,
    cells: int = CELLS,
    exact: bool = False,
    workers: int | None = None,
) -> np.ndarray:
    """GIST of every picture: float32 (n, sum(orientations) * cells**2), values from 0 to about 1.

    ``orientations`` holds the number of directions at each scale, finest scale first: (8, 8, 8, 8) gives 512 numbers,
    Torralba's default (8, 8, 4) gives 320. Scale s is tuned to .3 / 1.85**s cycles a pixel, direction d of n to what
    changes along the angle -180 d / n degrees from the x axis (y points down): direction 0 answers to vertical stripes.
    Columns run over scales, directions, rows and columns of cells, see :func:`gist_names`.

    In pictures of 256 x 256 and more the smooth responses from the third scale on are computed at fewer points, which
    takes a quarter off the time and moves no feature of a photograph by more than one part in a thousand;
    ``exact=True`` computes them everywhere.

    The published program first crops and resizes every picture to a square, commonly of 256 pixels; here pictures stay
    as they are, 32 x 32 or larger, and frequencies are in cycles a pixel along both axes.

    Raises BadInput for what is no batch (see ``check_batch``), for no orientations and for less than one cell.
    """
    check_batch(batch, smallest=SMALLEST)
    plan = gist_plan(*batch.shape[1:3], orientations, cells, exact)
    return each_picture(partial(picture_gist, plan=plan), batch, workers)


def picture_gist(picture: np.ndarray, plan: GistPlan) -> np.ndarray:
    """GIST of one picture (h, w, 3) of the plan's size; the input is not checked."""
    bordered = _take(_even_contrast(picture, plan), plan.border_mirror)
    spectrum = fft.fftshift(fft.fft2(bordered))
    features = np.empty((plan.filters, plan.cells, plan.cells), np.float32)
    for bank in plan.banks:
        # The inverse transform, by columns and by rows, of only those lines that are not all 0, and in the second step
        # of only those that count. Where in the spectrum the piece came from does not matter: a shift there only turns
        # the phase of the response, and its magnitude is what counts.
        piece = spectrum[bank.rows, bank.columns] * bank.gains
        if bank.columns_first:
            piece = fft.ifft(piece, bank.grid[0], axis=1, norm="forward")[:, bank.kept]
            piece = fft.ifft(piece, bank.grid[1], axis=2, norm="forward", overwrite_x=True)
        else:
            piece = fft.ifft(piece, bank.grid[1], axis=2, norm="forward")[:, :, bank.kept]
            piece = fft.ifft(piece, bank.grid[0], axis=1, norm="forward", overwrite_x=True)
        features[list(bank.places)] = _mean_magnitudes(piece, bank.row_weights, bank.column_weights)
    return features.ravel()


@njit(nogil=True, cache=True)
def _mean_magnitudes(responses: np.ndarray, row_weights: np.ndarray, column_weights: np.ndarray) -> np.ndarray:
    """Magnitudes of complex responses (filters, h, w), summed with the weights (cells, h) and (cells, w)."""
    filters, height, width = responses.shape
    cells = len(row_weights)
    means = np.zeros((filters, cells, cells), np.float32)
    bands, line = np.empty((cells, width), np.float32), np.empty(width, np.float32)
    for i in range(filters):
        bands[:] = 0
        for y in range(height):
            if not np.any(row_weights[:, y]):
                continue
            for x in range(width):
                z = responses[i, y, x]
                line[x] = np.sqrt(z.real * z.real + z.imag * z.imag)
            for row in range(cells):
                weight = row_weights[row, y]
                if weight != 0:
                    for x in range(width):
                        bands[row, x] += weight * line[x]
        for row in range(cells):
            for column in range(cells):
                for x in range(width):
                    means[i, row, column] += column_weights[column, x] * bands[row, x]
    return means


def _even_contrast(picture: np.ndarray, plan: GistPlan) -> np.ndarray:
    """Logarithm of the grey values, less its local mean, divided by .2 + its local standard deviation (prefilter)."""
    grey = picture[..., 0].astype(np.float32)  # the program's grey is the mean of the channels; a scale does not matter
    grey += picture[..., 1]
    grey += picture[..., 2]
    grey -= grey.min()
    grey *= np.float32(255 / max(grey.max(), 1))
    grey += np.float32(1)
    np.log(grey, out=grey)
    log = _take(grey, plan.contrast_mirror)
    log -= _low_pass(log, plan.contrast_gain)
    spread = _low_pass(log * log, plan.contrast_gain)
    np.sqrt(np.abs(spread, out=spread), out=spread)
    spread += np.float32(0.2)
    log /= spread
    inner = (slice(CONTRAST_BORDER, CONTRAST_BORDER + size) for size in grey.shape)
    return log[tuple(inner)]


def _low_pass(square: np.ndarray, gain: np.ndarray) -> np.ndarray:
    spectrum = fft.fft(fft.rfft(square, axis=1)[:, : gain.shape[1]], axis=0) * gain
    return fft.irfft(fft.ifft(spectrum, axis=0), len(square), axis=1)


def _take(array: np.ndarray, indices: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return array.take(indices[0], axis=0).take(indices[1], axis=1)


# ----------------------------------------------------------------------------------------------- local binary patterns

_STEP = 0.70711  # sine and cosine of 45 degrees as scikit-image rounds them


def lbp(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Histogram of local binary patterns of the luma, float64 (n, 59), rows that add up to 1.

    Bin 0 counts pixels that are brighter than all 8 neighbours, bins 1 to 56 those with one run of 1 to 7 neighbours
    that are at least as bright, by length and then by place of the run, bin 57 those with all 8, bin 58 the rest.
    Neighbours lie on a circle, those on the diagonals are interpolated; beyond the border everything is 0. The counts
    are those of scikit-image's ``local_binary_pattern(grey(picture), 8, 1, "nri_uniform")``, not nearly but exactly;
    only where its compiler fuses products and sums, as on ARM, may single pixels of flat areas count differently.
    """
    return each_picture(picture_lbp, check_batch(batch), workers)


def picture_lbp(picture: np.ndarray) -> np.ndarray:
    """The 59 numbers of one picture (h, w, 3); the input is not checked."""
    patterns = _count_patterns(grey(picture))
    return np.bincount(_uniform_bins(), weights=patterns, minlength=LBP_BINS) / patterns.sum()


@lru_cache(maxsize=1)
def _uniform_bins() -> np.ndarray:
    """Bin of each of the 256 patterns, neighbour i being bit i."""
    bins = np.full(256, LBP_BINS - 1)
    bins[0], bins[255] = 0, LBP_BINS - 2
    for length in range(1, 8):
        for place in range(8):
            run = sum(1 << (i - place) % 8 for i in range(length))
            bins[run] = 1 + 8 * (length - 1) + place
    return bins


def grey(picture: np.ndarray) -> np.ndarray:
    """Luma .299 R + .587 G + .114 B of one uint8 picture (h, w, 3), rounded to uint8 just as Pillow's convert("L")."""
    return _luma(np.ascontiguousarray(picture))


@njit(nogil=True, cache=True)
def _luma(picture: np.ndarray) -> np.ndarray:
    height, width, _ = picture.shape
    luma = np.empty((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            red, green, blue = np.uint32(picture[y, x, 0]), np.uint32(picture[y, x, 1]), np.uint32(picture[y, x, 2])
            luma[y, x] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16  # in 65536ths
    return luma


@njit(nogil=True, cache=True)
def _count_patterns(image: np.ndarray) -> np.ndarray:
    """How many pixels of a grey picture have each of the 256 patterns.

    Bit i is set if neighbour i, at 45 i degrees, is at least as bright. On the diagonals it is interpolated between
    four pixels, one of which is the centre. The order of every operation is scikit-image's: in flat areas, which are
    common in photographs, the last bit of a sum decides.
    """
    height, width = image.shape
    padded = np.zeros((height + 2, width + 2))
    for y in range(height):
        for x in range(width):
            padded[y + 1, x + 1] = image[y, x]
    # How far a neighbour lies from the line of pixels above it, or left of it.
    forth, back = np.empty(width), np.empty(width)
    for x in range(width):
        forth[x], back[x] = (x + _STEP) - np.floor(x + _STEP), (x - _STEP) - np.floor(x - _STEP)
    patterns = np.empty(width, np.uint8)
    counts = np.zeros(256, np.int64)
    for y in range(height):
        down, up = (y + _STEP) - np.floor(y + _STEP), (y - _STEP) - np.floor(y - _STEP)
        above, here, below = padded[y], padded[y + 1], padded[y + 2]
        for x in range(width):
            f, b = forth[x], back[x]
            left, centre, right = here[x], here[x + 1], here[x + 2]
            right_of = (1 - f) * centre + f * right
            left_of = (1 - b) * left + b * centre
            right_above, left_above = (1 - f) * above[x + 1] + f * above[x + 2], (1 - b) * above[x] + b * above[x + 1]
            right_below, left_below = (1 - f) * below[x + 1] + f * below[x + 2], (1 - b) * below[x] + b * below[x + 1]
            patterns[x] = (
                np.uint8(right >= centre)
                | np.uint8((1 - up) * right_above + up * right_of >= centre) << 1
                | np.uint8(above[x + 1] >= centre) << 2
                | np.uint8((1 - up) * left_above + up * left_of >= centre) << 3
                | np.uint8(left >= centre) << 4
                | np.uint8((1 - down) * left_of + down * left_below >= centre) << 5
                | np.uint8(below[x + 1] >= centre) << 6
                | np.uint8((1 - down) * right_of + down * right_below >= centre) << 7
            )
        for x in range(width):
            counts[patterns[x]] += 1
    return counts
