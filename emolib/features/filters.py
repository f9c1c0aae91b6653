"""The filters of GIST: everything about the descriptor that depends only on the size of the pictures (chapter 2).

`texture` explains what GIST is and applies these filters. A plan is made once for a size of pictures and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from emolib.errors import BadInput

BORDER = 32  # mirrored pixels around the picture before the filters
CONTRAST_BORDER = 5  # and before the contrast normalisation
_CONTRAST_CYCLES = 4.0  # structure that repeats less often over the picture than this is taken away as lighting
# Gains below this share of a filter's peak are left out. On photographs that moves no feature by more than a part in
# ten thousand, as much as single precision does.
_NEGLIGIBLE = 1e-6

# Responses from the third scale on are smooth, and their means are taken from 3/4 and 1/2 of the samples an axis.
# That saves a quarter of the time and moves no feature of a photograph of 256 x 256 by more than one part in a thousand
# (0.0006 at most in OASIS). With fewer than 4 directions responses are less smooth, and small pictures are quick,
# so neither is thinned out.
_SHARES = (1.0, 1.0, 0.75, 0.5)
_FEWEST_DIRECTIONS = 4
_SMALLEST_THINNED = 256


@dataclass(frozen=True)
class Bank:
    """Transfer functions of one scale that take about the same part of the spectrum, frequency 0 in its middle."""

    # (filters, rows, columns), that part, outside which they are negligible. Real, but complex64: NumPy multiplies a
    # spectrum by complex numbers three times as fast as by real ones, which it has to convert first.
    gains: np.ndarray
    rows: slice
    columns: slice
    columns_first: bool  # transform along the columns first: there are fewer of them to go through
    places: tuple[int, ...]  # of the filters among all
    grid: tuple[int, int]  # rows and columns of the responses, border and all
    kept: slice  # what is left of the lines after the first transform: those that a mean needs
    row_weights: np.ndarray  # float32 (cells, rows of the response): a cell's mean is the weighted sum
    column_weights: np.ndarray


@dataclass(frozen=True)
class GistPlan:
    """Filters, mirrored borders and cells for pictures of one size."""

    contrast_gain: np.ndarray
    contrast_mirror: tuple[np.ndarray, np.ndarray]
    border_mirror: tuple[np.ndarray, np.ndarray]
    banks: tuple[Bank, ...]
    filters: int
    cells: int


def gist_plan(height: int, width: int, orientations: Sequence[int], cells: int, exact: bool = False) -> GistPlan:
    """Filters for pictures of one size; parameters as in `texture.gist`. The last eight plans are kept."""
    numbers = (*orientations, cells)
    if len(numbers) < 2 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in numbers):
        raise BadInput(
            f"GIST takes one or more directions at each of one or more scales and one or more cells, not "
            f"orientations={orientations!r}, cells={cells!r}."
        )
    if cells > min(height, width):
        raise BadInput(f"{cells} x {cells} cells do not fit into {height} x {width} pixels.")
    return _cached_plan(height, width, tuple(map(int, orientations)), int(cells), bool(exact))


@lru_cache(maxsize=8)
def _cached_plan(height: int, width: int, orientations: tuple[int, ...], cells: int, exact: bool) -> GistPlan:
    # The contrast normalisation works on a square with an even side.
    side = max(height, width) + 2 * CONTRAST_BORDER
    side += side % 2
    down, along = fft.fftfreq(side, 1 / side)[:, None], fft.rfftfreq(side, 1 / side)
    contrast = np.exp(-(down**2 + along**2) * np.log(2) / _CONTRAST_CYCLES**2)  # 1/2 at that many cycles
    contrast = contrast[:, contrast[0] > 1e-9].astype(np.float32)

    def mirror(size: int, total: int | None = None) -> np.ndarray:
        if total is None:
            return np.pad(np.arange(size), BORDER, mode="symmetric")
        inner = np.pad(np.arange(size), CONTRAST_BORDER, mode="symmetric")
        return np.pad(inner, (0, total - len(inner)), mode="symmetric")

    return GistPlan(
        contrast,
        (mirror(height, side), mirror(width, side)),
        (mirror(height), mirror(width)),
        _banks(height, width, orientations, cells, exact),
        sum(orientations),
        cells,
    )


def _banks(height: int, width: int, orientations: tuple[int, ...], cells: int, exact: bool) -> tuple[Bank, ...]:
    rows, columns = height + 2 * BORDER, width + 2 * BORDER
    fy, fx = fft.fftshift(fft.fftfreq(rows))[:, None], fft.fftshift(fft.fftfreq(columns))
    radius, angle = np.hypot(fy, fx), np.arctan2(fy, fx)
    alike: dict[tuple, list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for scale, directions in enumerate(orientations):
        tuned = 0.3 / 1.85**scale
        thinned = not exact and directions >= _FEWEST_DIRECTIONS and min(height, width) >= _SMALLEST_THINNED
        share = _SHARES[min(scale, len(_SHARES) - 1)] if thinned else 1.0
        for direction in range(directions):
            towards = -np.pi * direction / directions
            turn = (angle - towards + np.pi) % (2 * np.pi) - np.pi
            gain = np.exp(-3.5 * (radius / tuned - 1) ** 2 - np.pi / 32 * (directions * turn) ** 2) / radius.size
            kept = gain > _NEGLIGIBLE * gain.max()
            columns_first = abs(np.cos(towards)) > abs(np.sin(towards))
            lines = kept.any(axis=0).sum() if columns_first else kept.any(axis=1).sum()
            key = scale, share, columns_first, np.cos(towards) > 0 or not columns_first, -(-lines // 64)
            alike.setdefault(key, []).append((sum(orientations[:scale]) + direction, gain, kept))
    banks = []
    for (_, share, columns_first, *_), members in alike.items():
        places, gains, kept = zip(*members, strict=True)
        used = np.any(kept, axis=0)
        r, c = (slice(i[0], i[-1] + 1) for i in (np.flatnonzero(used.any(axis=1 - axis)) for axis in (0, 1)))
        gains = np.array(gains)[:, r, c].astype(np.complex64)
        grid = tuple(n if share == 1 else fft.next_fast_len(-int(-n * share // 1)) for n in (rows, columns))
        weights = [_mean_weights(n, m, cells) for n, m in zip((rows, columns), grid, strict=True)]
        # Where all samples are there, those of the border have no weight and need no second transform.
        inner = slice(BORDER, -BORDER) if share == 1 else slice(None)
        weights[0 if columns_first else 1] = weights[0 if columns_first else 1][:, inner].copy()
        banks.append(Bank(gains, r, c, columns_first, places, grid, inner, *weights))
    return tuple(banks)


def _mean_weights(size: int, samples: int, cells: int) -> np.ndarray:
    """Weights (cells, samples) that give the mean over a cell from samples at every (size / samples)-th pixel.

    A cell reaches from pixel floor(i n / cells) to floor((i + 1) n / cells) inside the border. From all samples,
    the mean takes those in the cell alike. From fewer, it is the mean of the smoothest curve through them (the one
    without frequencies that they cannot show), which is a sum with weights, too.
    """
    inner = size - 2 * BORDER
    edges = BORDER + np.arange(cells + 1) * inner // cells
    pixel = np.arange(size)
    inside = (pixel >= edges[:-1, None]) & (pixel < edges[1:, None])
    weights = inside / inside.sum(axis=1, keepdims=True)
    if samples < size:
        weights = fft.irfft(fft.rfft(weights, axis=1)[:, : (samples + 1) // 2], samples, axis=1)
    return weights.astype(np.float32)
