"""Whether one thumbnail shows a part of another: the window is moved while that helps, then colours are compared.

Used by ``views`` (chapters 1 and 5), which says where to begin. Compiled, without checks of the input.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SIDE = 32
"""Pixels along a thumbnail: what pHash looks at."""

STEP = 0.025
"""Distance between the windows that `views` hashes, in parts of the picture; the first move is half of it."""

LIGHT = 1.2
"""Factor by which all colours of a picture may be lighter or darker than those of the other."""


@njit(nogil=True, cache=True)
def grey_of(picture: np.ndarray) -> np.ndarray:
    grey = np.empty((SIDE, SIDE))
    for y in range(SIDE):
        for x in range(SIDE):
            grey[y, x] = 0.299 * picture[y, x, 0] + 0.587 * picture[y, x, 1] + 0.114 * picture[y, x, 2]
    return grey


@njit(nogil=True, cache=True)
def verify(thumbnails, one, other, view, windows, least):  # noqa: ANN001, ANN202
    pairs, agreement = np.empty((len(one), 2), np.int64), np.empty(len(one))
    count = 0
    for k in range(len(one)):
        whole, part, mirrored = thumbnails[one[k]], thumbnails[other[k]], view[k] % 2 == 1
        left, top, side = windows[view[k] // 2]
        left, top, side = _aligned(grey_of(whole), grey_of(part), left, top, side, mirrored)
        explained = _explained(whole, part, left, top, side, mirrored)
        if explained >= least:
            pairs[count, 0], pairs[count, 1] = min(one[k], other[k]), max(one[k], other[k])
            agreement[count] = explained
            count += 1
    return pairs[:count].copy(), agreement[:count].copy()


@njit(nogil=True, cache=True)
def _aligned(whole, part, left, top, side, mirrored):  # noqa: ANN001, ANN202
    """The best window near one: each of six small moves is kept when it helps, then the step is halved."""
    best = _correlation(whole, part, left, top, side, mirrored)
    step = STEP / 2
    for _ in range(3):
        for _ in range(3):
            before = best
            for move in range(6):
                by = step if move % 2 == 0 else -step
                l, t, s = left, top, side  # noqa: E741
                if move < 2:
                    l += by  # noqa: E741
                elif move < 4:
                    t += by
                else:
                    s, l, t = s + by, l - by / 2, t - by / 2  # noqa: E741 - about its middle
                s = min(s, 1.0)
                l, t = min(max(l, 0.0), 1 - s), min(max(t, 0.0), 1 - s)  # noqa: E741
                now = _correlation(whole, part, l, t, s, mirrored)
                if now > best:
                    best, left, top, side = now, l, t, s
            if best == before:
                break
        step /= 2
    return left, top, side


@njit(nogil=True, cache=True)
def _place(at: int, start: float, side: float) -> tuple[int, float]:
    """Where pixel `at` of a window lies between two pixels of the whole: the first of them and how far along."""
    place = min(max(start * SIDE + (at + 0.5) * side - 0.5, 0.0), SIDE - 1.0)
    first = min(int(place), SIDE - 2)
    return first, place - first


@njit(nogil=True, cache=True)
def _correlation(whole, part, left, top, side, mirrored):  # noqa: ANN001, ANN202
    """Pearson's correlation of a grey thumbnail with a window of another, 0 when either is of one grey."""
    a = b = aa = bb = ab = 0.0
    for y in range(SIDE):
        i, v = _place(y, top, side)
        for x in range(SIDE):
            j, u = _place(x, left, side)
            above = (1 - u) * whole[i, j] + u * whole[i, j + 1]
            below = (1 - u) * whole[i + 1, j] + u * whole[i + 1, j + 1]
            p = (1 - v) * above + v * below
            q = part[y, SIDE - 1 - x] if mirrored else part[y, x]
            a, b, aa, bb, ab = a + p, b + q, aa + p * p, bb + q * q, ab + p * q
    n = SIDE * SIDE
    spread = (aa - a * a / n) * (bb - b * b / n)
    return (ab - a * b / n) / np.sqrt(spread) if spread > 1e-6 else 0.0


@njit(nogil=True, cache=True)
def _explained(whole, part, left, top, side, mirrored):  # noqa: ANN001, ANN202
    """Share of the variance of a picture's colours that a window of another explains when only its light may change."""
    b = aa = bb = ab = 0.0
    for y in range(SIDE):
        i, v = _place(y, top, side)
        for x in range(SIDE):
            j, u = _place(x, left, side)
            for c in range(3):
                above = (1 - u) * whole[i, j, c] + u * whole[i, j + 1, c]
                below = (1 - u) * whole[i + 1, j, c] + u * whole[i + 1, j + 1, c]
                p = (1 - v) * above + v * below
                q = float(part[y, SIDE - 1 - x, c] if mirrored else part[y, x, c])
                b, aa, bb, ab = b + q, aa + p * p, bb + q * q, ab + p * q
    gain = min(max(ab / aa, 1 / LIGHT), LIGHT) if aa > 0 else 1.0
    spread = bb - b * b / (3 * SIDE * SIDE)
    return 1 - (gain * gain * aa - 2 * gain * ab + bb) / spread if spread > 1e-6 else 0.0
