"""How a hash is cut into bands, and under which keys a band is looked up. Used by ``matching`` (chapters 1 and 5).

With m bands and radii r_k whose r_k + 1 add up to d + 1, two hashes that differ in d bits or fewer agree within r_k
bits in some band k. More bands mean smaller radii, so fewer keys to look under, but narrower keys, so more strangers
under each.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

WIDEST = 22
"""Bits of the widest band: a table with one bit a key then has half a megabyte."""

LEAST = 1 << 17
"""Bands are chosen for at least so many hashes: for fewer it hardly matters, and the time then grows evenly."""


def bands_of(bits: int, bands: int, max_distance: int) -> tuple[list[int], list[int]]:
    """Width of each band in bits, and the distance to search in it; -1 where it need not be searched."""
    widths = [len(range(k, bits, bands)) for k in range(bands)]
    radius, more = divmod(max_distance, bands)
    # r_k + 1 add up to d + 1. The narrower bands come last and get the larger distances: they have fewer such keys.
    radii = [radius if k >= bands - more - 1 else radius - 1 for k in range(bands)]
    return widths, radii


def cheapest(bits: int, max_distance: int, count: int) -> int:
    """The number of bands with the least expected work for `count` hashes of independent, even bits."""

    def work(bands: int) -> float:
        found = max(count, LEAST)
        each = zip(*bands_of(bits, bands, max_distance), strict=True)
        # A look-up that finds nothing costs one unit, a full comparison about eight.
        return sum(_keys_within(width, radius) * (1 + 8 * found / 2**width) for width, radius in each if radius >= 0)

    least = -(-bits // WIDEST)
    return min(range(least, max(least, min(max_distance + 1, bits)) + 1), key=work)


def _keys_within(width: int, radius: int) -> int:
    return sum(comb(width, k) for k in range(min(radius, width) + 1))


@lru_cache(maxsize=16)
def masks_within(width: int, radius: int) -> np.ndarray:
    """All numbers of `width` bits with at most `radius` ones, few ones first; uint32."""
    numbers = np.arange(1 << width, dtype=np.uint32)
    ones = np.bitwise_count(numbers)
    numbers, ones = numbers[ones <= radius], ones[ones <= radius]
    masks = numbers[np.argsort(ones, kind="stable")]
    masks.setflags(write=False)  # everybody shares it
    return masks
