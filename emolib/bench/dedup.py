"""How fast near-duplicates are found among hashes, beside comparing all pairs and beside sorting the hashes once.

The records are 64-bit hashes with even random bits, a tenth of them near-duplicates of another one that differ from it
in one to four bits. Hashes of pictures from `scenes` are less even, and a search among them takes a little longer, but
painting a hundred thousand takes a quarter of an hour.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emolib.bench import turns
from emolib.curation.matching import near_duplicates
from emolib.errors import BadInput, EmolibError

RECORDS = 2000
DISTANCE = 4
GROWTH = (10_000, 100_000)
WHAT = "random 64-bit hashes, a tenth of them planted near-duplicates, distance 4"


def run(paths: list[Path], repeats: int = 3, records: int = RECORDS, growth: tuple[int, int] = GROWTH) -> dict:
    """Measure on `records` hashes, and on `growth` records for the exponent; `paths`, photographs, are not needed.

    Returns name, unit, records a second of ours, of all pairs (``peer``) and of sorting (``limit``), the medians over
    the turns of ours / peer (``vs_peer``) and ours / limit (``vs_limit``), and ``growth``, the exponent b of a time
    that grows like n^b between the two sizes, each at its fastest of three times as many turns. One thread. Raises
    EmolibError when ours and all pairs connect other groups.
    """
    if repeats < 1 or records < 2 or not 1 < growth[0] < growth[1]:
        raise BadInput(f"The benchmark needs a repeat and two records, not {repeats} and {records}; growth {growth}.")
    hashes = planted(records, seed=0)
    objects = as_objects(hashes)
    near_duplicates(hashes, DISTANCE, workers=1)  # compiled code is loaded
    sides = {
        "ours": lambda: near_duplicates(hashes, DISTANCE, workers=1),
        "peer": lambda: all_pairs(objects),
        "limit": lambda: np.unique(hashes.view(np.uint64)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        found = {}
        for name, side in sides.items():
            elapsed, found[name] = turns.timed(side)
            seconds[name].append(elapsed)
        if not np.array_equal(_groups(records, found["ours"]), _groups(records, found["peer"])):
            raise EmolibError("The search for near-duplicates and the comparison of all pairs find other groups.")
    peer_is = f"a double loop over imagehash objects ({records:,} records: {WHAT})"
    limit_is = "np.unique of the same hashes as whole numbers, which finds equal ones alone"
    row = turns.row("dedup", seconds, records, "records/s", peer_is, limit_is)
    return row | {"growth": _exponent(growth, 3 * repeats)}


def planted(count: int, seed: int) -> np.ndarray:
    """Hashes uint8 (count, 8): the last tenth are copies of random others with one to four bits changed."""
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 256, (count, 8), dtype=np.uint8)
    copies = count // 10
    originals = chance.integers(0, count - copies, copies)
    bits = np.zeros((copies, 64), np.uint8)
    where = chance.permuted(np.tile(np.arange(64), (copies, 1)), axis=1)[:, :DISTANCE]
    changed = np.arange(DISTANCE) < chance.integers(1, DISTANCE + 1, (copies, 1))
    np.put_along_axis(bits, where, changed.astype(np.uint8), axis=1)
    hashes[count - copies :] = hashes[originals] ^ np.packbits(bits, axis=1)
    return hashes


def as_objects(hashes: np.ndarray) -> list:
    """The same hashes as objects of the package imagehash."""
    import imagehash

    return [imagehash.ImageHash(np.unpackbits(row).reshape(8, 8).astype(bool)) for row in hashes]


def all_pairs(objects: list) -> np.ndarray:
    """Every pair within the distance, by comparing every hash with every later one: int64 (m, 2)."""
    found = [
        (i, j) for i, one in enumerate(objects) for j in range(i + 1, len(objects)) if one - objects[j] <= DISTANCE
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def _groups(count: int, pairs: np.ndarray) -> np.ndarray:
    from emolib.curation.duplicates import duplicate_groups

    return duplicate_groups(count, pairs)


def _exponent(sizes: tuple[int, int], repeats: int) -> float:
    fastest = []
    for size in sizes:
        hashes, seconds = planted(size, seed=1), []
        for _ in range(repeats):
            seconds.append(turns.timed(near_duplicates, hashes, DISTANCE, 1)[0])
        fastest.append(min(seconds))
    return float(np.log(fastest[1] / fastest[0]) / np.log(sizes[1] / sizes[0]))
