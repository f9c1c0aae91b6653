"""The same picture more than once: groups of duplicates, which one stays, and how well they were found. Chapters 1, 5.

    groups = find_duplicates(corpus.paths)
    drop = found_under_several(corpus.table["query"], groups)      # You et al. 2016
    table = corpus.table[keep(groups) & ~drop]

You et al. searched a picture for each word of emotion, dropped those that came up under several emotions, and removed
duplicates; Wei et al. compared perceptual hashes. Hash, distance and threshold here are our choices (`views`), and so
is the rule that the first of a group stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emolib.corpora.base import exact_duplicates
from emolib.curation.hashing import thumbnails
from emolib.curation.views import DISTANCE, LEAST, same_pictures
from emolib.errors import BadInput


class Scores(NamedTuple):
    """How well pairs were found: `found` and `true` pairs, those that are both, and the two shares, each 0 to 1.

    `precision` is 1 when nothing was found and `recall` is 1 when there is nothing to find.
    """

    precision: float
    recall: float
    both: int
    found: int
    true: int


def find_duplicates(
    paths: Sequence[Path],
    *,
    max_distance: int = DISTANCE,
    least: float = LEAST,
    workers: int | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Groups of files that show the same picture: int64 (n,), as :func:`duplicate_groups` numbers them.

    Files with the same bytes (SHA-256) come together first; of each set one is looked at, by `views.same_pictures`
    with `max_distance` and `least`. Thumbnails are cached (`folder`). Raises BadInput for a file that cannot be read.
    """
    paths = list(paths)
    copies = exact_duplicates(paths)
    equal = np.array([(same[0], other) for same in copies for other in same[1:]], np.int64).reshape(-1, 2)
    seen = np.ones(len(paths), bool)
    seen[equal[:, 1]] = False
    looked = np.flatnonzero(seen)
    small = thumbnails([paths[k] for k in looked], workers=workers, folder=folder, progress=progress)
    alike, _ = same_pictures(small, max_distance, least, workers)
    return duplicate_groups(len(paths), equal, looked[alike])


def duplicate_groups(count: int, *pairs: np.ndarray) -> np.ndarray:
    """The groups that `pairs` connect among `count` records: int64 (count,), for each the first record of its group.

    Each of `pairs` is an array (m, 2) of positions. A pair connects also by way of others: when a is like b and b like
    c, all three are one group. Raises BadInput for positions outside 0 ... count - 1.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
        raise BadInput(f"count is a whole number from 0, not {count!r}.")
    edges = [np.empty((0, 2), np.int64)]
    for part in pairs:
        part = np.asarray(part)
        if part.ndim != 2 or part.shape[1] != 2 or not np.issubdtype(part.dtype, np.integer):
            raise BadInput(f"Pairs are whole numbers of shape (m, 2), not {part.dtype} {part.shape}.")
        if part.size and (part.min() < 0 or part.max() >= count):
            raise BadInput(f"Pairs hold positions from 0 to {count - 1}, not {part.min()} to {part.max()}.")
        edges.append(part.astype(np.int64))
    if not count:
        return np.empty(0, np.int64)
    rows, columns = np.concatenate(edges).T
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first[inverse]


def keep(groups: Sequence | np.ndarray) -> np.ndarray:
    """Which records stay when one of each group does: bool (n,). The first in order stays.

    Groups are any values; equal ones are one group. Raises BadInput for a missing value.
    """
    return ~pd.Series(_codes(groups, "groups")).duplicated().to_numpy()


def found_under_several(keywords: Sequence | np.ndarray, groups: Sequence | np.ndarray) -> np.ndarray:
    """Records whose picture was found under two or more search words: bool (n,). You et al. 2016 drop them all.

    Args:
        keywords: the search word of each record (the column `query` of `scenes`).
        groups: which records show the same picture, as :func:`find_duplicates` says.

    Raises BadInput for lists of different lengths or a missing value.
    """
    word, group = _codes(keywords, "keywords"), _codes(groups, "groups")
    _same_length(word, group, "keywords", "groups")
    number = pd.Series(word).groupby(group).transform("nunique")
    return (number > 1).to_numpy(bool)


def score_pairs(found: Sequence | np.ndarray, true: Sequence | np.ndarray) -> Scores:
    """Precision and recall of the pairs of records that share a group, from group labels of n records each.

    Counted from the sizes of groups and of their overlaps, not pair by pair. Raises BadInput for lists of different
    lengths or a missing value.
    """
    a, b = _codes(found, "found"), _codes(true, "true")
    _same_length(a, b, "found", "true")
    both = _pairs(np.unique(a * (b.max(initial=0) + 1) + b, return_counts=True)[1])
    ours, theirs = _pairs(np.bincount(a)), _pairs(np.bincount(b))
    return Scores(both / ours if ours else 1.0, both / theirs if theirs else 1.0, both, ours, theirs)


def score_removed(found: Sequence | np.ndarray, true: Sequence | np.ndarray) -> Scores:
    """Precision and recall of the records that :func:`keep` removes, from group labels of n records each.

    Counts records, not pairs. A record that is removed rightly, though another of its group should have stayed, counts
    as right only if the true groups remove it too. Raises BadInput as :func:`score_pairs` does.
    """
    ours, theirs = ~keep(found), ~keep(true)
    _same_length(ours, theirs, "found", "true")
    both, removed, planted = int((ours & theirs).sum()), int(ours.sum()), int(theirs.sum())
    return Scores(both / removed if removed else 1.0, both / planted if planted else 1.0, both, removed, planted)


def _pairs(sizes: np.ndarray) -> int:
    """How many pairs there are within groups of these sizes."""
    sizes = sizes.astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _codes(values: Sequence | np.ndarray, name: str) -> np.ndarray:
    codes, _ = pd.factorize(np.asarray(values, dtype=object) if not isinstance(values, np.ndarray) else values)
    if (codes < 0).any():
        raise BadInput(f"{name}: record {int(np.argmax(codes < 0))} has no value; every record needs one.")
    return codes


def _same_length(one: np.ndarray, other: np.ndarray, name: str, other_name: str) -> None:
    if len(one) != len(other):
        raise BadInput(f"{name} has {len(one)} values, {other_name} {len(other)}: one a record is needed.")
