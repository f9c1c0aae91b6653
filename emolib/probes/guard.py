"""The proof that nothing is tested on that was trained on. Used by chapter 5.

A network learns from one set of pictures and is probed on another. The same picture in both (a copy, a near-duplicate,
another skin tone of the same emoji) would be remembered and not recognised. Folds keep groups together within one
corpus; this keeps them apart between two.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from emolib.corpora import openmoji
from emolib.corpora.base import Corpus
from emolib.curation.duplicates import duplicate_groups
from emolib.errors import BadInput

Keys = Sequence[Hashable | Iterable[Hashable]]


def check_separate(
    training: Keys,
    probe: Keys,
    *,
    training_names: Sequence[object] | None = None,
    probe_names: Sequence[object] | None = None,
) -> int:
    """Proves that no training picture is of a group of the probe; returns how many groups were compared.

    Args:
        training: for each picture that a network learned from, its group, or several keys as a tuple, list or set.
        probe: the same of each picture that it is tested on (probe's training rows included: features remember).
        training_names, probe_names: what pictures are called in the message; their rows by default.

    Groups of one corpus are those of its column `group`; of two corpora, and of near-duplicates, `joined_groups`; of
    emoji and of scenes painted with them, `emoji_keys`. Keys of two kinds must not be equal by accident: a number of
    one corpus is not that of another.

    Raises:
        BadInput: a shared group, naming the first training picture that has one; pictures without a group.
    """
    there = [_keys(entry, "training", row) for row, entry in enumerate(training)]
    tested: dict[Hashable, int] = {}
    for row, entry in enumerate(probe):
        for key in _keys(entry, "probe", row):
            tested.setdefault(key, row)
    if not there or not tested:
        raise BadInput(
            f"check_separate: {len(there)} training pictures and {len(probe)} of the probe; nothing is proved"
        )
    for names, rows, side in ((training_names, there, "training"), (probe_names, probe, "probe")):
        if names is not None and len(names) != len(rows):
            raise BadInput(f"check_separate: {len(names)} names for {len(rows)} {side} pictures")
    for row, keys in enumerate(there):
        for key in keys:
            if key in tested:
                other = tested[key]
                first = row if training_names is None else training_names[row]
                second = other if probe_names is None else probe_names[other]
                raise BadInput(
                    f"leak: training picture {first} and probe picture {second} are both of group {key!r}; "
                    "leave such training pictures out (`crossing` finds them)"
                )
    return len(set().union(*there)) + len(tested)


def crossing(training: Keys, probe: Keys) -> np.ndarray:
    """Which training pictures share a group with the probe, bool (n,): those to leave out. As in `check_separate`."""
    tested = set().union(*(_keys(entry, "probe", row) for row, entry in enumerate(probe)))
    return np.array([not tested.isdisjoint(_keys(entry, "training", row)) for row, entry in enumerate(training)], bool)


def joined_groups(*groups: Sequence[object] | np.ndarray) -> np.ndarray:
    """Groups of the same pictures by several rules as one: what any rule puts together is together, int64 (n,).

    For two corpora, give rules over the pictures of both, one behind the other: `duplicates.find_duplicates` of all
    their files, and groups made different by the corpus' name. Each result is the row of the group's first picture.

    Raises:
        BadInput: rules of different lengths, none, or a missing group.
    """
    if not groups:
        raise BadInput("joined_groups: there are no groups")
    n = len(groups[0])
    pairs = []
    for number, rule in enumerate(groups):
        if len(rule) != n:
            raise BadInput(f"joined_groups: {n} pictures by the first rule, {len(rule)} by rule {number + 1}")
        first: dict[Hashable, int] = {}
        for row, key in enumerate(rule):
            (key,) = _keys(key, f"rule {number + 1}", row)
            pairs.append((first.setdefault(key, row), row))
    return duplicate_groups(n, np.array(pairs, np.int64).reshape(-1, 2))


def emoji_keys(corpus: Corpus) -> list[frozenset[str]]:
    """Which emoji are to be seen in each picture, as groups of OpenMoji's variants: of `openmoji` one, of `scenes` all.

    A network that learned from scenes has seen the emoji that they were painted with.

    Raises:
        BadInput: a corpus that is not made of emoji.
        Unavailable: OpenMoji is not installed.
    """
    column = {"openmoji": "code", "scenes": "objects"}.get(corpus.name)
    if column is None:
        raise BadInput(f"emoji_keys: {corpus.name} is not made of emoji; use openmoji or scenes")
    of = openmoji.groups()
    cells = corpus.table[column]
    return [frozenset(f"emoji {of[code]}" for code in cell.split(openmoji.SEPARATOR) if code) for cell in cells]


def _keys(entry: Hashable | Iterable[Hashable], side: str, row: int) -> frozenset[Hashable]:
    keys = frozenset(entry) if isinstance(entry, tuple | list | set | frozenset) else frozenset([entry])
    # nan is not equal to itself: two pictures without a group would count as apart.
    if not keys or any(key is None or key == "" or key != key for key in keys):
        raise BadInput(f"{side}: picture {row} has no group; every picture needs one")
    return keys
