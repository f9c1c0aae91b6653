"""Gabor responses of the three opponent planes: which stripes a picture has (Yanulevskaya's and Zhao's numbers).

A filter answers to stripes of one wavelength and one direction; its gain over frequency is a Gaussian around that one,
with a bandwidth of about one octave (sigma = .56 wavelengths in the picture), cut off at three standard deviations.
Yanulevskaya et al. (ICIP 2008) take Gabor filters of the opponent planes as Hoang et al. ("Color texture measurement
and segmentation", Signal Processing 85, 2005); that there are three wavelengths of 4, 8 and 16 pixels and six
directions is our choice, and so is the octave.

What is left of a spectrum behind a filter covers a small piece of it, so that the response is a smooth wave whose
magnitude may be computed at few points without loss: the inverse transform runs over the piece alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy import fft

WAVELENGTHS = (4, 8, 16)
DIRECTIONS = 6
FILTERS = tuple((wavelength, direction) for wavelength in WAVELENGTHS for direction in range(DIRECTIONS))
BORDER = 32  # pixels; twice the longest wavelength
_SPREAD = 0.56  # of a wavelength


class _Filter(NamedTuple):
    rows: np.ndarray  # of the spectrum
    columns: np.ndarray
    gain: np.ndarray  # float32 (rows, columns)
    grid: tuple[int, int]  # points of the response
    inside: tuple[slice, slice]  # points whose surroundings reach into the picture, not only its border
    weights: tuple[np.ndarray, np.ndarray]  # how many of the picture's pixels each of these stands for, float64


class GaborPlan(NamedTuple):
    """Everything about the filters that depends on the size of the pictures alone."""

    mirror: tuple[np.ndarray, np.ndarray]
    size: tuple[int, int]
    filters: tuple[_Filter, ...]


def gabor_plan(height: int, width: int) -> GaborPlan:
    """Filters for pictures of height x width pixels, in the order of FILTERS."""
    return _plan(height, width)


@lru_cache(maxsize=4)
def _plan(height: int, width: int) -> GaborPlan:
    sides = (height, width)
    size = tuple(fft.next_fast_len(side + 2 * BORDER) for side in sides)
    mirror = tuple(_mirrored(side, full) for side, full in zip(sides, size, strict=True))
    filters = []
    for wavelength, direction in FILTERS:
        angle = np.pi * direction / DIRECTIONS
        centre = np.sin(angle) / wavelength, np.cos(angle) / wavelength  # cycles a pixel along y and x
        spread = 1 / (2 * np.pi * _SPREAD * wavelength)
        lines, gains, grid, inside, weights = [], [], [], [], []
        for side, full, middle in zip(sides, size, centre, strict=True):
            near, far = np.ceil((middle - 3 * spread) * full), np.floor((middle + 3 * spread) * full)
            line = np.arange(near, far + 1).astype(int)
            points = min(fft.next_fast_len(len(line)), full) if len(line) < full else full
            step = full / points
            lines.append(line % full)
            gains.append(np.exp(-((line / full - middle) ** 2) / (2 * spread**2)))
            grid.append(points)
            place = np.arange(points) * step
            reach = np.minimum(place + step / 2, BORDER + side - 0.5) - np.maximum(place - step / 2, BORDER - 0.5)
            used = np.flatnonzero(reach > 1e-9)
            inside.append(slice(int(used[0]), int(used[-1]) + 1))
            weights.append(reach[used])
        # 2: a cosine of amplitude 1 has half of it at each of two frequencies, and the filter sees one.
        gain = (2 * gains[0][:, None] * gains[1] / (size[0] * size[1])).astype(np.float32)
        filters.append(_Filter(*lines, gain, tuple(grid), tuple(inside), tuple(weights)))
    return GaborPlan(mirror, size, tuple(filters))


def _mirrored(side: int, full: int) -> np.ndarray:
    """Which pixel stands at each place of a side that is mirrored beyond its border; the padding goes behind."""
    place = (np.arange(full) - BORDER) % (2 * side)
    return np.where(place < side, place, 2 * side - 1 - place)


def gabor_statistics(planes: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each response's magnitude over the picture: (planes, FILTERS, 2), float64.

    ``planes`` is float32 (planes, h, w). A cosine grating of a filter's wavelength and direction and of amplitude A has
    the mean magnitude A away from the border, beyond which the picture goes on mirrored. Direction d of six is stripes
    that change along the angle 30 d degrees (y points down).
    """
    plan = gabor_plan(*planes.shape[1:])
    result = np.empty((len(planes), len(FILTERS), 2))
    for plane, rows in zip(planes, result, strict=True):
        # The mean has no stripes; without it, single precision is enough.
        level = plane.mean(dtype=np.float64)
        bordered = (plane - np.float32(level)).take(plan.mirror[0], axis=0).take(plan.mirror[1], axis=1)
        spectrum = fft.fft2(bordered)
        for row, one in zip(rows, plan.filters, strict=True):
            piece = _piece(spectrum, one.rows, one.columns, one.gain)
            wave = fft.ifft(piece, one.grid[0], axis=0, norm="forward")[one.inside[0]]
            wave = fft.ifft(wave, one.grid[1], axis=1, norm="forward")[:, one.inside[1]]
            row[:] = _magnitudes(np.ascontiguousarray(wave), *one.weights)
    return result


@njit(nogil=True, cache=True)
def _piece(spectrum: np.ndarray, rows: np.ndarray, columns: np.ndarray, gain: np.ndarray) -> np.ndarray:
    piece = np.empty((len(rows), len(columns)), np.complex64)
    for i in range(len(rows)):
        line = spectrum[rows[i]]
        for j in range(len(columns)):
            piece[i, j] = line[columns[j]] * gain[i, j]
    return piece


@njit(nogil=True, cache=True)
def _magnitudes(wave: np.ndarray, tall: np.ndarray, wide: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of |z|, each point by its weights along y and x."""
    total = squares = 0.0
    height, width = wave.shape
    line = np.empty(width, np.float32)
    for y in range(height):
        for x in range(width):
            z = wave[y, x]
            line[x] = z.real * z.real + z.imag * z.imag
        roots = np.sqrt(line)
        row = row_squares = 0.0
        for x in range(width):
            row += wide[x] * roots[x]
            row_squares += wide[x] * line[x]
        total += tall[y] * row
        squares += tall[y] * row_squares
    whole = tall.sum() * wide.sum()
    mean = total / whole
    return mean, np.sqrt(max(0.0, squares / whole - mean * mean))
