"""Weibull distributions fitted to the sizes of many filter responses at once (the Wiccest numbers).

The density is w(r) = (gamma / beta) (r / beta)^(gamma - 1) exp(-(r / beta)^gamma). Its scale beta grows with contrast,
its shape gamma with the grain of a texture (Geusebroek & Smeulders, "A six-stimulus theory for stochastic texture",
IJCV 62, 2005). Both are the values of maximum likelihood.

Responses are first counted in bins of the exponent and the first four bits of their fraction, sixteen bins an octave.
That leaves nothing to do per pixel but shift bits, and puts a response off by at most 1/32 of itself. What is
above 2048, which no derivative of values up to 255 reaches, counts as 2048.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FLOOR = 2.0**-5
"""Sizes below this count as this: an eighth-bit step of 1 leaves responses of this order in a flat picture."""
SHAPES = (0.1, 10.0)
"""Limits of gamma; a flat piece, where every size is FLOOR, gets the upper one and beta = FLOOR."""

_BITS = 4
_OCTAVES = 16  # from FLOOR to FLOOR * 2**16
BINS = _OCTAVES << _BITS
_FIRST = (127 - 5) << _BITS  # number of the bin that begins at FLOOR


def _log_centres() -> np.ndarray:
    edges = [2.0**octave * (1 + i / 2**_BITS) for octave in range(-5, _OCTAVES - 5) for i in range(2**_BITS)]
    edges.append(2.0 ** (_OCTAVES - 5))
    return np.log((np.array(edges[:-1]) + edges[1:]) / 2)


_CENTRES = _log_centres()
# The first bin holds everything at the floor too.
_CENTRES[0] = np.log(FLOOR)


def fit_weibull(sizes: np.ndarray) -> tuple[float, float]:
    """beta and gamma of the absolute values of an array of any shape, as fitted here to every cell of a response."""
    counts = count_cells(np.ascontiguousarray(sizes, np.float32).reshape(1, -1), 1)
    beta, gamma = fit_counts(counts.reshape(1, BINS))[0]
    return float(beta), float(gamma)


def fit_cells(response: np.ndarray, cells: int) -> np.ndarray:
    """beta and gamma of |response| (h, w) in each cell of a cells x cells grid: (cells**2, 2), row by row."""
    return fit_counts(count_cells(response, cells))


@njit(nogil=True, cache=True)
def count_cells(response: np.ndarray, cells: int) -> np.ndarray:
    """Sizes of a float32 response (h, w) counted in bins, a row a cell of the grid: (cells**2, BINS)."""
    height, width = response.shape
    counts = np.zeros((cells * cells, BINS), np.int64)
    for y in range(height):
        bits = response[y].view(np.int32)
        row = y * cells // height * cells
        for column in range(cells):
            cell = counts[row + column]
            # The columns x with x * cells // width == column.
            for x in range(-(-column * width // cells), -(-(column + 1) * width // cells)):
                number = ((bits[x] & 0x7FFFFFFF) >> (23 - _BITS)) - _FIRST
                cell[min(max(number, 0), BINS - 1)] += 1
    return counts


def fit_counts(counts: np.ndarray) -> np.ndarray:
    """beta and gamma of every row of counts (n, BINS): (n, 2)."""
    return _fit_counts(counts, _CENTRES)


@njit(nogil=True, cache=True, error_model="numpy")
def _fit_counts(counts: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Newton's method, kept between limits, on d(log likelihood) / d gamma, which falls wherever it is 0."""
    fits = np.empty((len(counts), 2))
    weights, logs = np.empty(counts.shape[1]), np.empty(counts.shape[1])
    for i in range(len(counts)):
        used, total = 0, 0.0
        for b in range(counts.shape[1]):
            if counts[i, b] > 0:
                weights[used], logs[used] = counts[i, b], centres[b]
                total += counts[i, b]
                used += 1
        top = logs[used - 1]
        mean = square = 0.0
        for j in range(used):
            logs[j] -= top  # so that powers stay at 1 or below
            mean += weights[j] * logs[j] / total
        for j in range(used):
            square += weights[j] * (logs[j] - mean) ** 2 / total
        low, high = SHAPES
        # The logarithms of a Weibull's draws have the standard deviation pi / (sqrt(6) gamma).
        gamma = min(max(1.2825 / np.sqrt(square), low), high) if square > 0 else high
        power = 0.0
        for _ in range(60):
            power = first = second = 0.0
            for j in range(used):
                part = weights[j] * np.exp(gamma * logs[j])
                power += part
                first += part * logs[j]
                second += part * logs[j] * logs[j]
            rate = first / power
            miss = rate - 1 / gamma - mean
            if miss > 0:
                high = gamma
            else:
                low = gamma
            step = gamma - miss / (second / power - rate * rate + 1 / gamma**2)
            if not low <= step <= high:
                step = (low + high) / 2
            if abs(step - gamma) < 1e-9:
                break
            gamma = step
        fits[i, 0], fits[i, 1] = np.exp(top + np.log(power / total) / gamma), gamma
    return fits
