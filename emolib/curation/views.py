"""Pictures that show the same thing, one of them cut, mirrored, lighter or compressed again. Chapters 1 and 5.

A perceptual hash forgives compression and light, hardly a cut border: of the near-duplicates in `scenes`, which lose up
to a tenth of each side, fewer than half keep their 64-bit hash within 6 bits, and from 8 bits on there are more
strangers than copies. So the picture is compared as it would be cut. Each one is hashed as a whole, and once more
through WINDOWS (the whole among them), mirrored or not; two pictures are candidates when a window of one hashes close
to the whole of the other. Cutting out, resizing and the cosine transform of pHash are all linear: for each window they
are one small matrix, made once.

A candidate is then looked at. The window is shifted and scaled as long as the correlation of grey values grows. The
two are the same picture when the window, made lighter or darker as a whole, explains a share `least` or more of the
variance of the other's colours: correlation of grey alone would join the same thing in the same room in another light.

Windows, distance and threshold are our choices, made on `scenes` of seed 1 (3,000 pictures) and on the first 31,623 of
seed 2; the tests judge on another seed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit
from scipy.fft import dct

from emolib.curation.alignment import SIDE, STEP, grey_of, verify
from emolib.curation.matching import HashIndex, Matches, threaded
from emolib.errors import BadInput

LOW = 8  # frequencies along each axis, so that a hash has 64 bits
DISTANCE = 4
LEAST = 0.89
SIDES = (1.0, 0.9875, 0.9625, 0.9375, 0.9125)
FLAT = 2.0
"""Standard deviation in grey levels below which a thumbnail shows nothing that could be recognised."""

MOST = 64
BLOCK = 1024


def _windows() -> np.ndarray:
    """Left, top and side, in parts of the picture, of the parts that are hashed: float64 (52, 3)."""
    found = []
    for side in SIDES:
        steps = int(np.ceil((1 - side) / STEP - 1e-9))
        places = np.linspace(0, 1 - side, steps + 1) if steps > 1 else [(1 - side) / 2]
        found += [(left, top, side) for top in places for left in places]
    return np.array(found)


WINDOWS = _windows()


def check_thumbnails(thumbnails: np.ndarray) -> np.ndarray:
    """`thumbnails` when they are uint8 (n, 32, 32, 3). Raises BadInput for others."""
    fits = isinstance(thumbnails, np.ndarray) and thumbnails.dtype == np.uint8
    if not fits or thumbnails.shape[1:] != (SIDE, SIDE, 3):
        shape = f"{thumbnails.dtype} {thumbnails.shape}" if isinstance(thumbnails, np.ndarray) else type(thumbnails)
        raise BadInput(f"Thumbnails are a uint8 array (n, {SIDE}, {SIDE}, 3), not {shape}: use hashing.thumbnails.")
    return thumbnails


def phash(thumbnails: np.ndarray) -> np.ndarray:
    """The 64-bit pHash of the grey of thumbnails (n, 32, 32, 3): uint8 (n, 8), the bits that `imagehash.phash` gives.

    A bit is 1 where a cosine coefficient is above the median of the 64 lowest. Coefficients below a millionth of a grey
    level are taken for 0, so that pictures of one grey, which have no others, all have one hash.
    """
    whole = np.array([[0.0, 0.0, 1.0]])
    return _hash(check_thumbnails(thumbnails), *_matrices(whole.tobytes()), False)[:, 0]


def view_hashes(thumbnails: np.ndarray) -> np.ndarray:
    """The hash of what every window shows, uint8 (n, 104, 8): window k at 2 k, mirrored at 2 k + 1."""
    return _hash(check_thumbnails(thumbnails), *_matrices(WINDOWS.tobytes()), True)


def same_pictures(
    thumbnails: np.ndarray, max_distance: int = DISTANCE, least: float = LEAST, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of pictures of which one shows the other, or a part of it down to nine tenths, perhaps mirrored.

    Args:
        thumbnails: uint8 (n, 32, 32, 3), see `hashing.thumbnails`.
        max_distance: bits in which the hash of a window may differ from that of the other picture.
        least: share of the variance of colours, at most 1, that has to be explained.
        workers: threads, None for one a core; the result does not depend on them.

    Returns:
        Pairs int64 (m, 2), i < j, in order, and the share that is explained in each, float64 (m,).

    Flat pictures (standard deviation below FLAT) are left out: they look alike without being the same. Where more than
    MOST pictures share one hash, a picture is compared with the MOST next to it in order; groups still connect.
    """
    thumbnails = check_thumbnails(thumbnails)
    if not isinstance(least, int | float) or not least <= 1:
        raise BadInput(f"least is a share of variance, at most 1, not {least!r}.")
    kept = np.concatenate(
        [np.empty(0, np.int64)]
        + [at + np.flatnonzero(thumbnails[at : at + BLOCK].std(axis=(1, 2, 3)) >= FLAT) for at in _starts(thumbnails)]
    )
    if len(kept) < 2:
        return np.empty((0, 2), np.int64), np.empty(0)
    hashes = np.concatenate([phash(thumbnails[kept[at : at + BLOCK]]) for at in _starts(kept)])
    distinct, owner = np.unique(hashes.view(np.uint64)[:, 0], return_inverse=True)
    members = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[members], np.arange(len(distinct) + 1))
    index = HashIndex(distinct.view(np.uint8).reshape(-1, 8), max_distance)

    def block(start: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.arange(start, min(start + BLOCK, len(kept)))
        views = view_hashes(thumbnails[kept[rows]])
        query, value, view = _best(index.search(views.reshape(-1, 8), workers=1), views.shape[1])
        one, other, view = _expand(query + start, value, view, members, first)
        return verify(thumbnails, kept[one], kept[other], view, WINDOWS, least)

    parts = threaded(block, range(0, len(kept), BLOCK), workers)
    pairs, agreement = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    order = np.lexsort((-agreement, pairs[:, 1], pairs[:, 0]))  # a pair may be found from both sides: the better counts
    pairs, agreement = pairs[order], agreement[order]
    new = np.ones(len(pairs), bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[new], agreement[new]


def _starts(rows: np.ndarray) -> range:
    return range(0, len(rows), BLOCK)


def _best(found: Matches, views: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each (picture, hash value) found the view that came closest; of equally close ones the first."""
    picture, view = np.divmod(found.query, views)
    order = np.lexsort((view, found.distance, found.record, picture))
    picture, record, view = picture[order], found.record[order], view[order]
    new = np.ones(len(picture), bool)
    new[1:] = (picture[1:] != picture[:-1]) | (record[1:] != record[:-1])
    return picture[new], record[new], view[new]


@lru_cache(maxsize=2)
def _matrices(windows: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For windows (k, 3) as bytes: the matrices (m, 8, 32) that cut out, resize and transform along one axis, and for
    each window the number of the one for rows and of the one for columns."""
    cut = np.frombuffer(windows).reshape(-1, 3)
    parts, which = np.unique(np.concatenate([cut[:, [1, 2]], cut[:, [0, 2]]]), axis=0, return_inverse=True)
    which = which.reshape(2, -1)
    cosines = dct(np.eye(SIDE), axis=0)[:LOW]
    return np.stack([cosines @ _resize(start, side) for start, side in parts]), which[0].copy(), which[1].copy()


def _resize(start: float, side: float) -> np.ndarray:
    """The matrix (32, 32) that resizes a part of a row of pixels to 32, bilinearly."""
    place = np.clip(start * SIDE + (np.arange(SIDE) + 0.5) * side - 0.5, 0, SIDE - 1)
    left = np.minimum(place.astype(int), SIDE - 2)
    matrix = np.zeros((SIDE, SIDE))
    matrix[np.arange(SIDE), left] = 1 - (place - left)
    matrix[np.arange(SIDE), left + 1] += place - left
    return matrix


# -------------------------------------------------------------------------------------------------- compiled, no checks


@njit(nogil=True, cache=True)
def _hash(thumbnails, matrices, rows, columns, mirrored):  # noqa: ANN001, ANN202
    times = 2 if mirrored else 1
    hashes = np.zeros((len(thumbnails), times * len(rows), LOW), np.uint8)
    half, c = np.empty((len(matrices), LOW, SIDE)), np.empty((LOW, LOW))
    across = np.ascontiguousarray(matrices.transpose(0, 2, 1))
    for n in range(len(thumbnails)):
        grey = grey_of(thumbnails[n])
        half[:] = 0
        for m in range(len(matrices)):
            for i in range(LOW):
                line = half[m, i]
                for y in range(SIDE):
                    factor, source = matrices[m, i, y], grey[y]
                    for x in range(SIDE):
                        line[x] += factor * source[x]
        for k in range(len(rows)):
            c[:] = 0
            matrix = across[columns[k]]
            for i in range(LOW):
                line, target = half[rows[k], i], c[i]
                for x in range(SIDE):
                    factor, source = line[x], matrix[x]
                    for j in range(LOW):
                        target[j] += factor * source[j]
            for i in range(LOW):
                for j in range(LOW):
                    if abs(c[i, j]) < 1e-6:
                        c[i, j] = 0
            _upper_half(c.ravel(), hashes[n, times * k])
            if mirrored:  # the same cosines, every second one along x with the other sign
                c[:, 1::2] *= -1
                _upper_half(c.ravel(), hashes[n, times * k + 1])
    return hashes


@njit(nogil=True, cache=True)
def _upper_half(values: np.ndarray, packed: np.ndarray) -> None:
    """Set the bits of the values above the median of all: those that half of all values or more are smaller than."""
    for p in range(len(values)):
        value, smaller = values[p], np.int32(0)
        for q in range(len(values)):  # faster than sorting: no branches
            smaller += np.int32(1) if values[q] < value else np.int32(0)
        if 2 * smaller >= len(values):
            packed[p >> 3] |= np.uint8(128 >> (p & 7))


@njit(nogil=True, cache=True)
def _expand(query, value, view, members, first):  # noqa: ANN001, ANN202
    """From hash values to the pictures that have them, at most MOST of each, those next to the query in order."""
    count = 0
    for k in range(len(query)):
        count += min(MOST + 1, first[value[k] + 1] - first[value[k]])
    one, other, seen = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    count = 0
    for k in range(len(query)):
        low, high = first[value[k]], first[value[k] + 1]
        if high - low > MOST + 1:
            here = low + np.searchsorted(members[low:high], query[k])
            low = min(max(low, here - MOST // 2), high - MOST - 1)
            high = low + MOST + 1
        for at in range(low, high):
            if members[at] != query[k]:
                one[count], other[count], seen[count] = query[k], members[at], view[k]
                count += 1
    return one[:count], other[:count], seen[:count]
