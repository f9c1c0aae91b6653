"""All hashes within a Hamming distance of one another, without comparing every one with every other. Chapters 1 and 5.

Multi-index hashing (Norouzi, Punjani & Fleet 2012, "Fast search in Hamming space with multi-index hashing"). The bits
are cut into m bands. When two hashes differ in d bits or fewer, at least one band k differs in no more than r_k bits,
where the r_k + 1 add up to d + 1: otherwise all bands together would differ in more than d. So every hash is looked up
in a table for each band, under its own key and under all keys within r_k bits of it, and what is found is compared in
full. Nothing is missed, and nothing is found twice.

A band is at most WIDEST bits wide, so that a table of one bit a key stays in the processor's cache; most look-ups end
there. As long as there are fewer hashes than keys, the work for one hash hardly depends on how many others there are.
That holds for small distances (4 of 64 bits); the greater the distance, the more keys, and the steeper the growth.

Bit p goes to band p mod m. Neighbouring bits of a perceptual hash tell nearly the same; spread over the bands they
leave no band that is alike for half of all pictures.

Equal hashes are put together before anything else: a thousand white pictures count as one. What remains quadratic is a
collection of *different* hashes that all agree in one band; no picture collection that we know does.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit

from emolib.curation.bands import WIDEST, bands_of, cheapest, masks_within
from emolib.errors import BadInput
from emolib.features.batch import cores

CHUNK = 1 << 15  # queries a thread takes at once
ROWS = 512  # and rows, where everything is compared


class Matches(NamedTuple):
    """Which query is close to which hash: `query` and `record` (m,) int64 positions, `distance` (m,) int64 in bits.

    Ordered by query, then record; `compared` says how many pairs were compared in full.
    """

    query: np.ndarray
    record: np.ndarray
    distance: np.ndarray
    compared: int


class HashIndex:
    """Hashes made ready to be searched for all that lie within `max_distance` bits.

    Args:
        hashes: uint8 (n, bytes), bits packed as np.packbits does; as many bytes as one likes.
        max_distance: in bits, 0 to the number of bits.
        bands: how many bands; None for the number with the least expected work.

    Raises:
        BadInput: an array of another kind, a distance that makes no sense, fewer bands than WIDEST allows.
    """

    def __init__(self, hashes: np.ndarray, max_distance: int, bands: int | None = None) -> None:
        self.hashes = check_hashes(hashes)
        bits = 8 * self.hashes.shape[1]
        self.max_distance = _whole("max_distance", max_distance, 0, bits)
        least = -(-bits // WIDEST)
        bands = cheapest(bits, max_distance, len(hashes)) if bands is None else _whole("bands", bands, least, bits)
        widths, radii = bands_of(bits, bands, max_distance)
        used = [k for k in range(bands) if radii[k] >= 0]
        self._positions = np.zeros((len(used), WIDEST), np.int64)
        for row, k in enumerate(used):
            self._positions[row, : widths[k]] = np.arange(k, bits, bands)
        self._widths = np.array([widths[k] for k in used], np.int64)
        self._radii = np.array([radii[k] for k in used], np.int64)
        masks = [masks_within(widths[k], radii[k]) for k in used]
        self._mask_starts = np.cumsum([0, *(len(mask) for mask in masks)])
        self._masks = np.concatenate(masks)
        self._words = _words(self.hashes)
        self._keys = _all_keys(self.hashes, self._positions, self._widths)  # (n, bands)
        self._order = np.argsort(self._keys, axis=0).T.astype(np.int32)
        self._sorted = np.take_along_axis(self._keys, self._order.T, axis=0).T.copy()
        # The hashes themselves once more in the order of each band: what is compared in turn lies side by side.
        self._banks = self._words[self._order]
        # A directory of a few entries a hash tells where to look.
        self._shifts = np.maximum(self._widths - max(len(hashes) - 1, 1).bit_length() - 2, 0)
        self._starts = _starts(self._sorted, self._widths, self._shifts)
        self._present = _present(self._keys, self._widths)

    @property
    def probes(self) -> int:
        """How many keys one query is looked up under."""
        return len(self._masks)

    def search(self, queries: np.ndarray, workers: int | None = None) -> Matches:
        """Every (query, hash) within the distance, each once; on `workers` threads (None: one a core).

        The result does not depend on `workers`. Raises BadInput for queries of another width.
        """
        queries = check_hashes(queries)
        if queries.shape[1] != self.hashes.shape[1]:
            raise BadInput(
                f"The queries have {8 * queries.shape[1]} bits, the hashes {8 * self.hashes.shape[1]}: use one kind."
            )
        blocks = [(at, queries[at : at + CHUNK]) for at in range(0, len(queries), CHUNK)]
        parts = threaded(self._search, blocks, workers)
        found = np.concatenate([np.empty((0, 3), np.int64), *(part[0] for part in parts)])
        return Matches(found[:, 0], found[:, 1], found[:, 2], sum(part[1] for part in parts))

    def _search(self, block: tuple[int, np.ndarray]) -> tuple[np.ndarray, int]:
        start, queries = block
        own = _all_keys(queries, self._positions, self._widths)
        # Queries with similar keys in turn: then what one has brought into the processor's cache serves the next.
        turns = np.argsort(own, axis=0).T.copy()
        found, compared = _search(
            _words(queries), own, turns, self._keys, self._sorted, self._order, self._banks, self._shifts, self._starts,
            self._present, self._radii, self._masks, self._mask_starts, self.max_distance,
        )  # fmt: skip
        found[:, 0] += start
        return found[np.lexsort((found[:, 1], found[:, 0]))], compared


def near_duplicates(hashes: np.ndarray, max_distance: int, workers: int | None = None) -> np.ndarray:
    """Pairs of records whose hashes differ in at most `max_distance` bits: int64 (m, 2), i < j, in order.

    Exact: no pair is missed. So that a thousand equal hashes do not make half a million pairs, each record is
    represented by the first one with its hash: a later one is paired with that one only, and only first ones are paired
    with each other. The groups that all pairs connect and those that these connect are the same.

    `hashes` is uint8 (n, bytes). Raises BadInput as :class:`HashIndex` does.
    """
    hashes = check_hashes(hashes)
    first, inverse = _distinct(hashes)
    distinct = hashes[first]
    records = np.arange(len(hashes))
    again = records[first[inverse] != records]
    repeated = np.stack([first[inverse[again]], again], axis=1)
    if max_distance == 0 or len(first) < 2:
        _whole("max_distance", max_distance, 0, 8 * hashes.shape[1])
        return repeated[np.lexsort(repeated.T[::-1])]
    index = HashIndex(distinct, max_distance)
    if index.probes < len(distinct):
        found = index.search(distinct, workers)
        pairs = np.stack([found.query, found.record], axis=1)
    else:  # at such a distance there are more keys to look under than hashes to compare with
        words = _words(distinct)
        parts = threaded(
            lambda start: _compare_all(words, start, min(start + ROWS, len(words)), max_distance),
            range(0, len(words), ROWS),
            workers,
        )
        pairs = np.concatenate(parts)
    pairs = np.sort(first[pairs[pairs[:, 0] < pairs[:, 1]]], axis=1)
    pairs = np.concatenate([pairs, repeated])
    return pairs[np.lexsort(pairs.T[::-1])]


def check_hashes(hashes: np.ndarray) -> np.ndarray:
    """`hashes` when they are uint8 (n, bytes) with one byte or more, in one piece. Raises BadInput for others."""
    if not isinstance(hashes, np.ndarray) or hashes.dtype != np.uint8 or hashes.ndim != 2 or hashes.shape[1] == 0:
        shape = f"{hashes.dtype} {hashes.shape}" if isinstance(hashes, np.ndarray) else type(hashes).__name__
        raise BadInput(f"Hashes are a uint8 array (n, bytes), not {shape}: use np.packbits(bits, axis=1).")
    return np.ascontiguousarray(hashes)


def _distinct(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position of the first record of each different hash, and for each record which of them it has.

    Different hashes come in the order of their bits, so that the search finds its tables' entries side by side.
    """
    width = hashes.shape[1]  # whole numbers sort much faster than rows of bytes
    rows = hashes.view(">u8").astype(np.uint64) if width == 8 else hashes.view(np.dtype((np.void, width)))
    _, first, inverse = np.unique(rows[:, 0], return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise BadInput(f"{name} is a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def threaded(function, items: Sequence, workers: int | None) -> list:  # noqa: ANN001
    """``function`` of every item, in order; the compiled loops let go of the interpreter."""
    if workers is not None:
        _whole("workers", workers, 1, 1024)
    threads = min(len(items), workers or cores())
    if threads < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def _words(hashes: np.ndarray) -> np.ndarray:
    """The same bits in words of 64, zeros behind them: uint64 (n, words)."""
    padded = np.zeros((len(hashes), -(-hashes.shape[1] // 8) * 8), np.uint8)
    padded[:, : hashes.shape[1]] = hashes
    return padded.view(np.uint64)


# -------------------------------------------------------------------------------------------------- compiled, no checks


@njit(nogil=True, cache=True)
def _ones(value: int) -> int:
    """How many of the 64 bits are set."""
    value = np.uint64(value)
    value -= (value >> np.uint64(1)) & np.uint64(0x5555555555555555)
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(nogil=True, cache=True)
def _distance(a: np.ndarray, b: np.ndarray) -> int:
    """Bits in which two rows of words differ."""
    total = 0
    for k in range(len(a)):
        total += _ones(a[k] ^ b[k])
    return total


@njit(nogil=True, cache=True)
def _key(row: np.ndarray, positions: np.ndarray, width: int) -> int:
    """The bits of a hash at the given positions, as one number."""
    key = np.uint32(0)
    for k in range(width):
        p = positions[k]
        key = (key << np.uint32(1)) | np.uint32((row[p >> 3] >> (7 - (p & 7))) & 1)
    return key


@njit(nogil=True, cache=True)
def _all_keys(hashes: np.ndarray, positions: np.ndarray, widths: np.ndarray) -> np.ndarray:
    keys = np.empty((len(hashes), len(widths)), np.uint32)
    for i in range(len(hashes)):
        for k in range(len(widths)):
            keys[i, k] = _key(hashes[i], positions[k], widths[k])
    return keys


@njit(nogil=True, cache=True)
def _present(keys: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """A bit for every key of every band that occurs: uint8 (bands, keys / 8)."""
    present = np.zeros((len(widths), max(1, (1 << widths.max()) >> 3)), np.uint8)
    for i in range(len(keys)):
        for k in range(len(widths)):
            key = np.int64(keys[i, k])
            present[k, key >> 3] |= np.uint8(1 << (key & 7))
    return present


@njit(nogil=True, cache=True)
def _starts(ordered: np.ndarray, widths: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Where in the sorted keys of a band those begin whose upper bits are 0, 1, ...; a few entries a key."""
    starts = np.zeros((len(widths), (1 << (widths - shifts).max()) + 1), np.int32)
    for k in range(len(widths)):
        for key in ordered[k]:
            starts[k, (np.int64(key) >> shifts[k]) + 1] += 1
        for entry in range(1, starts.shape[1]):
            starts[k, entry] += starts[k, entry - 1]
    return starts


@njit(nogil=True, cache=True)
def _search(
    queries, own, turns, keys, ordered, order, banks, shifts, starts, present, radii, masks, mask_starts, limit
):  # noqa: ANN001, ANN202 - the arrays of a HashIndex
    room = 1024
    found = np.empty((room, 3), np.int64)
    count = compared = 0
    for k in range(len(radii)):  # band after band, so that one table at a time fills the cache
        there, first, bank, shift = present[k], starts[k], banks[k], np.uint32(shifts[k])
        for i in turns[k]:
            mine = own[i, k]
            for m in range(mask_starts[k], mask_starts[k + 1]):
                key = mine ^ masks[m]
                if not (there[key >> np.uint32(3)] >> (key & np.uint32(7))) & 1:
                    continue
                bucket = key >> shift
                for at in range(first[bucket], first[bucket + np.uint32(1)]):
                    compared += 1
                    distance = _distance(queries[i], bank[at])
                    if distance > limit or ordered[k, at] != key:
                        continue
                    record = order[k, at]
                    if _led_before(own[i], keys[record], radii, k):
                        continue
                    if count == room:
                        room *= 2
                        larger = np.empty((room, 3), np.int64)
                        larger[:count] = found
                        found = larger
                    found[count, 0], found[count, 1], found[count, 2] = i, record, distance
                    count += 1
    return found[:count], compared


@njit(nogil=True, cache=True)
def _led_before(own: np.ndarray, other: np.ndarray, radii: np.ndarray, band: int) -> bool:
    """Whether a band before this one has led from the one hash to the other already."""
    for k in range(band):
        if _ones(own[k] ^ other[k]) <= radii[k]:
            return True
    return False


@njit(nogil=True, cache=True)
def _compare_all(hashes, start, stop, limit):  # noqa: ANN001, ANN202
    room = 1024
    found = np.empty((room, 2), np.int64)
    count = 0
    for i in range(start, stop):
        for j in range(i + 1, len(hashes)):
            if _distance(hashes[i], hashes[j]) <= limit:
                if count == room:
                    room *= 2
                    larger = np.empty((room, 2), np.int64)
                    larger[:count] = found
                    found = larger
                found[count, 0], found[count, 1] = i, j
                count += 1
    return found[:count].copy()
