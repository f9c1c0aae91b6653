"""The nearest vectors by the cosine, found by comparing with all of them. Used by `emolib.retrieval`, chapter 5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emolib.errors import BadInput

BLOCK = 8192
_ROUNDING = 1e-5  # far above the error of a product of unit vectors in single precision
_AT_ONCE = 1024  # queries whose products with a block are held at once


@dataclass(frozen=True)
class Neighbours:
    """The nearest vectors of each query, nearest first, ties by row.

    Attributes:
        rows: int64 (q, k), their rows in the base; -1 where an index found fewer.
        cosines: float32 (q, k), from -1 to 1, never increasing along a row; nan where `rows` is -1.
        compared: vectors that were compared with a query to find them, on average.
    """

    rows: np.ndarray
    cosines: np.ndarray
    compared: float

    def __len__(self) -> int:
        return len(self.rows)


def exact(queries: np.ndarray, base: np.ndarray, k: int, *, block: int = BLOCK) -> Neighbours:
    """The k vectors of largest cosine, found by comparing with all of them.

    Products in single precision choose the candidates; their cosines are then taken again in double precision, each by
    itself, so that neither `block` nor the number of threads changes a digit.

    Args:
        queries: (q, d) numbers.
        base: (n, d) numbers of any floating type, float16 too; read block by block, so it may be mapped from a file.
        k: how many, 1 to n.
        block: rows of the base taken at once; it bounds memory.

    Raises:
        BadInput: shapes that do not fit, k out of range, a vector that is not finite or has no direction (all zero),
            named by its row.
    """
    queries, base = tables(queries, base)
    check_k(k, len(base), block)
    parts = [_exact(queries[i : i + _AT_ONCE], base, k, block, i) for i in range(0, len(queries), _AT_ONCE)]
    if not parts:
        return Neighbours(np.empty((0, k), np.int64), np.empty((0, k), np.float32), len(base))
    rows, cosines = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Neighbours(rows, cosines, len(base))


def _exact(queries: np.ndarray, base: np.ndarray, k: int, block: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    asked = units(queries, first, "query")
    best = np.full((len(asked), k), -np.inf, np.float32)  # the k largest products so far, in no order
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for begin in range(0, len(base), block):
        products = asked @ units(base[begin : begin + block], begin, "base").T
        candidates = products >= best.min(axis=1)[:, None] - _ROUNDING
        changed = np.flatnonzero(candidates.any(axis=1))
        together = np.concatenate([best[changed], products[changed]], axis=1)
        best[changed] = np.partition(together, -k, axis=1)[:, -k:]
        # Against the best of this block too: else the first block would keep all of itself.
        which, rows = np.nonzero(candidates & (products >= best.min(axis=1)[:, None] - _ROUNDING))
        found.append((which, rows + begin, products[which, rows]))
    which, rows, products = (np.concatenate(column) for column in zip(*found, strict=True))
    kept = products >= best.min(axis=1)[which] - _ROUNDING
    which, rows = which[kept], rows[kept]
    cosines = np.empty(len(rows))
    for i in range(0, len(rows), block):
        part = slice(i, i + block)
        cosines[part] = _cosines(asked[which[part]], np.asarray(base[rows[part]]))
    # Rounded first: equal in what the caller sees has to mean ordered by row.
    cosines = cosines.astype(np.float32)
    order = np.lexsort((rows, -cosines, which))
    starts = np.searchsorted(which[order], np.arange(len(asked)))
    chosen = order[starts[:, None] + np.arange(k)]
    return rows[chosen].astype(np.int64), cosines[chosen]


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines of rows with rows, in double precision and in an order that no library of matrices chooses."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    dots = np.einsum("ij,ij->i", a, b)
    return np.clip(dots / np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b)), -1, 1)


# -------------------------------------------------------------------------------------------------------------- checks
def table(vectors: np.ndarray, name: str) -> np.ndarray:
    """`vectors` when it is a table of floats, mapped or not; else BadInput, calling it `name`."""
    vectors = np.asanyarray(vectors)  # a mapped array stays mapped
    if vectors.ndim != 2 or vectors.dtype.kind != "f" or not vectors.shape[1]:
        raise BadInput(f"{name} {vectors.shape} of {vectors.dtype}: it has to be a table of floats, a row a vector")
    return vectors


def tables(queries: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both when they are tables of floats with as many columns; else BadInput."""
    queries, base = table(queries, "queries"), table(base, "base")
    if queries.shape[1] != base.shape[1]:
        raise BadInput(f"queries {queries.shape} and base {base.shape} have to have as many columns")
    return queries, base


def check_k(k: int, n: int, block: int) -> None:
    """BadInput when k is not 1 to n, or `block` below 1."""
    if not 1 <= k <= n:
        raise BadInput(f"k is {k}; of {n:,} vectors one can ask for 1 to {n:,}")
    if block < 1:
        raise BadInput(f"block is {block}; it has to be 1 or more")


def units(vectors: np.ndarray, first: int, name: str) -> np.ndarray:
    """The vectors as float32 of length 1."""
    wide = np.asarray(vectors, np.float32)
    # By the largest entry first: squares of large or tiny entries would leave single precision.
    largest = np.abs(wide).max(axis=1, initial=0)
    wrong = np.flatnonzero(~((largest > 0) & np.isfinite(largest)))
    if len(wrong):
        row = wrong[0]
        fault = "is all zero and has no direction" if largest[row] == 0 else "holds values that are not finite"
        raise BadInput(f"{name} {row + first} {fault}; leave it out")
    wide = wide / largest[:, None]
    return wide / np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
