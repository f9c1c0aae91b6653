"""How good a list of neighbours is. Used by `emolib.retrieval`, chapter 5.

Values are given query by query; the interval of their mean is `emolib.evaluation.bootstrap`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emolib.errors import BadInput
from emolib.retrieval.brute import Neighbours


def apart(neighbours: Neighbours, query_groups: Sequence[object], base_groups: Sequence[object], k: int) -> Neighbours:
    """The first k neighbours that are not of the query's own group: not itself, no near-duplicate, no other view of it.

    Ask for k and as many more as the largest group has.

    Args:
        neighbours: as found.
        query_groups, base_groups: (q,) and (n,), which vectors belong together.
        k: how many stay.

    Raises:
        BadInput: groups that do not fit; fewer than k are left of a query (named).
    """
    mine, theirs = np.asarray(query_groups), np.asarray(base_groups)
    _check_labels(neighbours.rows, mine, theirs, 1, "apart")
    if k < 1:
        raise BadInput(f"apart: k is {k}; it has to be 1 or more")
    other = (theirs[neighbours.rows] != mine[:, None]) & (neighbours.rows >= 0)
    few = np.flatnonzero(other.sum(axis=1) < k)
    if len(few):
        raise BadInput(
            f"apart: query {few[0]} has {other[few[0]].sum()} neighbours outside its group, not {k}; search for more"
        )
    places = np.argsort(~other, axis=1, kind="stable")[:, :k]
    rows, cosines = (np.take_along_axis(a, places, axis=1) for a in (neighbours.rows, neighbours.cosines))
    return Neighbours(rows, cosines, neighbours.compared)


def precision(rows: np.ndarray, query_labels: np.ndarray, base_labels: np.ndarray) -> np.ndarray:
    """Precision@k of each query: the share of its k neighbours with its label, float64 (q,) in [0, 1].

    Args:
        rows: int (q, k), as in `Neighbours`; -1 counts as a wrong neighbour.
        query_labels, base_labels: (q,) and (n,), one label each; or bool (q, c) and (n, c), where a neighbour is right
            when it has at least one label in common with the query.

    Raises:
        BadInput: shapes that do not fit.
    """
    mine, theirs = np.asarray(query_labels), np.asarray(base_labels)
    rows = np.asarray(rows)
    _check_labels(rows, mine, theirs, mine.ndim, "precision")
    if mine.ndim == 2:
        right = np.stack([(theirs[row] & one).any(axis=1) for row, one in zip(rows, mine, strict=True)])
    else:
        right = theirs[rows] == mine[:, None]
    return (right & (rows >= 0)).mean(axis=1)


def recall(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Recall@k of each query: the share of the true k nearest rows that were found, float64 (q,) in [0, 1].

    `found` (q, m) and `truth` (q, k) are rows as in `Neighbours`. Raises BadInput for shapes that do not fit.
    """
    found, truth = np.asarray(found), np.asarray(truth)
    if found.ndim != 2 or truth.ndim != 2 or len(found) != len(truth) or not truth.shape[1]:
        raise BadInput(f"recall: found {found.shape} and truth {truth.shape} have to be tables with a row a query")
    return np.array([np.isin(true, one).mean() for one, true in zip(found, truth, strict=True)])


def _check_labels(rows: np.ndarray, mine: np.ndarray, theirs: np.ndarray, axes: int, name: str) -> None:
    fits = rows.ndim == 2 and len(mine) == len(rows) and mine.ndim == theirs.ndim == axes and axes in (1, 2)
    if not fits or mine.shape[1:] != theirs.shape[1:] or (axes == 2 and (mine.dtype != bool or theirs.dtype != bool)):
        raise BadInput(f"{name}: {mine.shape} and {theirs.shape} do not fit neighbours {rows.shape}: a row a vector")
    if rows.size and not -1 <= rows.min() <= rows.max() < len(theirs):
        raise BadInput(f"{name}: neighbours go up to row {rows.max()} of {len(theirs)}")
