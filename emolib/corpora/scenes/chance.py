"""Chance that depends on nothing but a number: what picture 17 is made of is the same however many pictures there are.

A usual generator hands out its numbers one after the other, so the thousandth depends on the 999 before it. This one is
a function of (seed, index, stream, position): the counter-based generator Philox4x32-10 of Salmon, Moraes, Dror & Shaw
2011 ("Parallel random numbers: as easy as 1, 2, 3"). It uses whole-number arithmetic alone, so every machine, process
and version of NumPy gives the same bits. Used by every module of `emolib.corpora.scenes`.
"""

from __future__ import annotations

import numpy as np

VERSION = 1
"""Version of the whole generator. It is half of the key: raise it, and every picture and every label changes."""

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10


def philox(counter: tuple[np.ndarray, ...], key: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Four words of 32 random bits for each counter, as four uint64 arrays.

    `counter` is four arrays of one shape (or that broadcast together) and `key` two whole numbers, all below 2**32.
    """
    c0, c1, c2, c3 = (np.asarray(word, dtype=np.uint64) for word in counter)
    k0, k1 = key
    for _ in range(_ROUNDS):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (second >> _HALF) ^ c1 ^ np.uint64(k0),
            second & _MASK,
            (first >> _HALF) ^ c3 ^ np.uint64(k1),
            first & _MASK,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def uniform(seed: int, index: np.ndarray, stream: int, number: int) -> np.ndarray:
    """Uniform numbers in [0, 1), float64 of shape (n, number), a row for each of the n whole numbers in `index`.

    `seed` is below 2**32, an index below 2**63; `stream` (below 2**32) tells apart what the numbers are for. A row is
    a prefix of the longer row that a larger `number` gives.
    """
    index = np.asarray(index, dtype=np.uint64)[:, None]
    block = np.arange(-(-number // 4), dtype=np.uint64)[None, :]
    words = philox((index & _MASK, index >> _HALF, np.full_like(index, stream), block), (seed, VERSION))
    values = np.stack(np.broadcast_arrays(*words), axis=-1).reshape(len(index), 4 * block.size)[:, :number]
    return values * 2.0**-32


def normal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Standard normal numbers from two arrays of uniform ones, by Box and Muller's transform; float64."""
    return np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)


def draw(probabilities: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Positions drawn with the given probabilities (n, k) by uniform `values` (n, m): int64 (n, m), 0 to k - 1."""
    edges = np.cumsum(probabilities, axis=1)[:, :-1]
    return (values[:, :, None] >= edges[:, None, :]).sum(axis=2)


class Stream:
    """The uniform numbers of one picture, handed out in turn; asking for more never changes those before."""

    def __init__(self, seed: int, index: int, stream: int, number: int = 512) -> None:
        self._make = lambda count: uniform(seed, np.array([index]), stream, count)[0]
        self._values, self._next = self._make(number), 0

    def take(self, number: int) -> np.ndarray:
        """The next `number` uniform numbers in [0, 1)."""
        end = self._next + number
        if end > len(self._values):
            self._values = self._make(2 * end)
        values = self._values[self._next : end]
        self._next = end
        return values

    def between(self, low: float, high: float) -> float:
        """One number in [low, high)."""
        return low + (high - low) * float(self.take(1)[0])

    def spread(self, number: int, low: float, high: float) -> np.ndarray:
        """Numbers in [low, high)."""
        return low + (high - low) * self.take(number)

    def whole(self, number: int) -> int:
        """A whole number from 0 to `number` - 1."""
        return int(self.take(1)[0] * number)
