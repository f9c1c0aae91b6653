"""Which groups and which seeds a bootstrap draws, in little memory: what all intervals share. Used by every chapter.

Two measures of the same pictures see the same draws, and a chapter asks for dozens of them. So the last draws are kept,
a byte for each group, and are turned into numbers to multiply with a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike

from emolib.errors import BadInput

BYTES = 2**25
"""What a piece of draws may weigh in memory."""


def numbered(groups: Sequence[object], draws: int) -> tuple[np.ndarray, int]:
    """(n,) number of each picture's group from 0 on, and how many groups there are.

    Raises:
        BadInput: no groups or no draws.
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) == 0 or np.ndim(groups) != 1 or draws < 1:
        raise BadInput(f"{len(names)} groups, {draws} draws: there has to be a group for each picture, and one draw")
    return index, len(names)


def draw_groups(groups: Sequence[object], draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole groups drawn with replacement, as many as there are.

    Returns:
        (n,) number of each picture's group; uint8 (draws, groups), how often each group was drawn: read-only, since the
        next call may return the same array, and to be multiplied by way of `pieces`.

    Raises:
        BadInput: no groups or no draws.
    """
    index, n = numbered(groups, draws)
    return index, _counts(n, draws, seed)


def pieces(counts: np.ndarray, dtype: DTypeLike = float, *, sample: bool = False) -> Iterator[np.ndarray]:
    """The draws of `draw_groups` in order, as numbers of eight bytes, some draws at a time: (some, groups).

    With `sample`, the sample itself, each group once, stands in front of the first draw.
    """
    # Of nearly equal size: for a very small product BLAS may add in another order than for the others.
    number = -(-8 * counts.size // BYTES)
    for k, some in enumerate(np.array_split(counts, min(number, len(counts)))):
        yield (np.concatenate([np.ones_like(some[:1]), some]) if sample and k == 0 else some).astype(dtype)


def over_seeds(values: np.ndarray, seed: int) -> np.ndarray:
    """(draws, seeds) of a measure to (draws,): in each draw the mean over seeds that are drawn too.

    Two systems of as many seeds draw the same ones.
    """
    draws, seeds = values.shape
    weights = np.random.default_rng([seed, 1]).multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
    return (values * weights).sum(1) / seeds


# Two, since chapters go to and fro between two sets of pictures.
@lru_cache(maxsize=2)
def _counts(groups: int, draws: int, seed: int) -> np.ndarray:
    random, shares = np.random.default_rng(seed), np.full(groups, 1 / groups)
    # A byte is enough: that any of a million groups is drawn 256 times has a chance below 1e-500.
    counts = np.empty((draws, groups), np.uint8)
    step = max(1, BYTES // (8 * groups))
    for start in range(0, draws, step):
        some = counts[start : start + step]
        some[:] = random.multinomial(groups, shares, size=len(some))
    counts.flags.writeable = False
    return counts
