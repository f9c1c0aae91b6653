"""Blocks of a picture at several scales, each described by visual topics (chapter 4, Rao et al. 2019, Table 3).

Their Rao(a) is Rao et al., "Multi-scale blocks based image emotion classification using multiple instance learning"
(ICIP 2016): blocks from a spatial pyramid and from superpixels (SLIC), visual words in each, probabilistic latent
semantic analysis (pLSA) to turn words into topics, multiple-instance learning over the blocks. The classifier is
`emolib.models.instances`; this module makes its input:

    words = codebook.words(windows)                         # `bags`
    members = pyramid(windows)                              # or segments(paths, windows)
    counts = block_counts(words, members, len(codebook.centres), PYRAMID_BLOCKS)
    topics = Topics.fit(block_rows(counts, PYRAMID_BLOCKS, train))
    bags = topics.bags(counts, PYRAMID_BLOCKS)              # (n, 21, topics), nan where a block is empty

:func:`histogram_bags` leaves the topics out, to see what they do.
Both kinds of blocks together are ``np.concatenate([pyramid(windows), superpixels], axis=2)`` with ``superpixels =
segments(paths, windows, first=PYRAMID_BLOCKS)`` and ``PYRAMID_BLOCKS + SEGMENT_BLOCKS`` blocks. Scales, numbers of
segments and of topics are our choice. A window belongs to the block that its centre lies in.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import skimage
from numba import njit
from scipy import sparse
from skimage.segmentation import slic

from emolib.corpora import pictures
from emolib.errors import BadInput
from emolib.features import cache, reading
from emolib.features.bags import DESCRIPTOR, hellinger

LEVELS = (1, 2, 4)
"""Cells a side at each level of the pyramid: the whole picture, its quarters, its sixteenths."""
PYRAMID_BLOCKS = sum(n * n for n in LEVELS)
SEGMENTS = (4, 16)
"""Superpixels asked for at each scale."""
SEGMENT_BLOCKS = sum(SEGMENTS)
SIDE = 128
"""Side in pixels to which pictures are squashed before they are cut into superpixels."""


def pyramid(windows: np.ndarray, levels: Sequence[int] = LEVELS) -> np.ndarray:
    """Which block of each level every descriptor lies in.

    Args:
        windows: (n, most) of `bags.descriptors`.
        levels: cells a side of each level.

    Returns:
        int16 (n, most, levels): blocks are numbered through all levels in turn, row by row, from 0 to
        sum(cells**2) - 1; -1 in empty places.

    Raises:
        BadInput: no such windows, or a level without cells.
    """
    if windows.dtype != DESCRIPTOR:
        raise BadInput(f"windows: expected the array of bags.descriptors, not {windows.dtype}")
    if not levels or any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 64 for n in levels):
        raise BadInput(f"levels: {levels!r}; give cells a side from 1 to 64, such as {LEVELS}")
    there = windows["size"] > 0
    members = np.full((*windows.shape, len(levels)), -1, np.int16)
    first = 0
    for level, cells in enumerate(levels):
        # A centre on the very border belongs to the last cell.
        column, row = (np.clip((windows[axis] * cells).astype(np.int16), 0, cells - 1) for axis in ("x", "y"))
        members[..., level] = np.where(there, first + row * cells + column, -1)
        first += cells * cells
    return members


def segments(
    paths: Sequence[Path],
    windows: np.ndarray,
    counts: Sequence[int] = SEGMENTS,
    *,
    first: int = 0,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Which superpixel of each scale every descriptor lies in.

    Superpixels are scikit-image's SLIC (compactness 10, in CIELAB) of the picture squashed to 128 x 128, cached.

    Args:
        paths: the picture files, those of the windows.
        windows: (n, most) of `bags.descriptors`.
        counts: superpixels at each scale.
        first: number of the first block, so that others can come before it.
        folder: of the cache entry, see `cache.cached_rows`.
        progress: show a bar.

    Returns:
        int16 (n, most, scales), numbered through all scales from `first` to first + sum(counts) - 1; -1 in empty
        places. SLIC often makes fewer superpixels than it is asked for: the last numbers of a scale then stay empty.

    Raises:
        BadInput: windows of other pictures, a scale without superpixels, a file that is no picture (named).
    """
    if windows.dtype != DESCRIPTOR or len(windows) != len(paths):
        raise BadInput(f"windows: {len(windows)} rows of {windows.dtype.kind!r} for {len(paths)} pictures")
    if not counts or any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 255 for n in counts):
        raise BadInput(f"counts: {counts!r}; give superpixels a scale from 1 to 255, such as {SEGMENTS}")
    read = partial(_segmented, counts=tuple(counts))
    key = [
        cache.files_digest(paths),
        cache.code_digest(pictures, sys.modules[__name__]),
        skimage.__version__,
        list(counts),
    ]
    maps = cache.cached_rows(
        "slic", key, len(paths), (len(counts), SIDE, SIDE), np.uint8,
        lambda start: reading.read_blocks(paths[start:], read), folder=folder, progress=progress,
    )  # fmt: skip
    starts = first + np.cumsum([0, *counts[:-1]])
    members = np.full((*windows.shape, len(counts)), -1, np.int16)
    for i, (own, labels) in enumerate(zip(windows, maps, strict=True)):
        there = own["size"] > 0
        x, y = (np.clip((own[axis][there] * SIDE).astype(int), 0, SIDE - 1) for axis in ("x", "y"))
        members[i, there] = labels[:, y, x].T + starts
    return members


def _segmented(path: Path, counts: tuple[int, ...]) -> np.ndarray:
    picture = pictures.read_resized(path, SIDE, crop="squash")
    found = [slic(picture, n_segments=n, compactness=10, start_label=0, channel_axis=-1) for n in counts]
    # SLIC makes about n of them; should there be more, the surplus is joined to the last, so that each scale has n.
    return np.stack([np.minimum(labels, n - 1) for labels, n in zip(found, counts, strict=True)]).astype(np.uint8)


def block_counts(words: np.ndarray, members: np.ndarray, vocabulary: int, blocks: int) -> sparse.csr_array:
    """How often each word is in each block.

    Args:
        words: int16 (n, most) of `bags.Codebook.words`.
        members: (n, most, scales) of :func:`pyramid` or :func:`segments`.
        vocabulary: number of words.
        blocks: number of blocks a picture.

    Returns:
        Sparse float64 (n * blocks, vocabulary); block b of picture i is row i * blocks + b.

    Raises:
        BadInput: shapes that do not fit, words or blocks out of range.
    """
    if words.ndim != 2 or members.ndim != 3 or members.shape[:2] != words.shape:
        raise BadInput(f"block_counts: words {words.shape} and members {members.shape} are not of the same windows")
    if words.max(initial=-1) >= vocabulary or members.max(initial=-1) >= blocks:
        raise BadInput(
            f"block_counts: word {words.max(initial=-1)} of {vocabulary}, block {members.max(initial=-1)} of {blocks}; "
            "they are counted from 0"
        )
    parts = [sparse.csr_array((0, vocabulary))]
    step = 1024  # pictures at a time, so that the long lists of pairs stay short
    for start in range(0, len(words), step):
        own, block = words[start : start + step], members[start : start + step]
        there = (own[..., None] >= 0) & (block >= 0)
        row = np.arange(len(own))[:, None, None] * blocks + block
        column = np.broadcast_to(own[..., None], block.shape)
        pairs = (row[there], column[there])
        part = sparse.coo_array((np.ones(there.sum()), pairs), (len(own) * blocks, vocabulary)).tocsr()
        part.sort_indices()
        parts.append(part)
    return sparse.vstack(parts, format="csr")


def block_rows(counts: sparse.csr_array, blocks: int, rows: np.ndarray) -> sparse.csr_array:
    """The rows of `block_counts` that belong to the given pictures (numbers or a mask), empty blocks left out."""
    rows = np.arange(_pictures(counts, blocks))[rows]
    chosen = counts[(rows[:, None] * blocks + np.arange(blocks)).ravel()]
    return chosen[np.diff(chosen.indptr) > 0]


def histogram_bags(counts: sparse.csr_array, blocks: int) -> np.ndarray:
    """`bags.hellinger` of each block: float32 (n, blocks, vocabulary), nan where a block has no words.

    In memory, 42 kB a picture with 21 blocks and 500 words. Raises BadInput for rows that are no whole pictures.
    """
    found = np.empty((_pictures(counts, blocks) * blocks, counts.shape[1]), np.float32)
    for start in range(0, len(found), 4096):
        found[start : start + 4096] = hellinger(counts[start : start + 4096].toarray())
    found[np.diff(counts.indptr) == 0] = np.nan
    return found.reshape(-1, blocks, counts.shape[1])


def _pictures(counts: sparse.csr_array, blocks: int) -> int:
    if blocks < 1 or counts.shape[0] % blocks:
        raise BadInput(f"blocks: {counts.shape[0]} rows are no whole number of pictures with {blocks} blocks")
    return counts.shape[0] // blocks


@dataclass(frozen=True, eq=False)
class Topics:
    """Probabilistic latent semantic analysis (Hofmann, "Probabilistic latent semantic indexing", SIGIR 1999).

    The words of a document d come from a mixture of topics: P(w | d) = sum over z of P(w | z) P(z | d).

    Attributes:
        words: P(w | z), float64 (topics, vocabulary), rows that add up to 1.
    """

    words: np.ndarray

    @classmethod
    def fit(
        cls,
        counts: sparse.csr_array,
        *,
        topics: int = 30,
        steps: int = 50,
        sample: int = 20_000,
        seed: int = 0,
    ) -> Topics:
        """Fit by expectation and maximisation, from random topics.

        Args:
            counts: (documents, vocabulary), of training pictures alone, see :func:`block_rows`.
            topics: how many.
            steps: of expectation and maximisation; a fixed number, so that the result is the same everywhere.
            sample: documents drawn at most.
            seed: of the draw and of the first topics.

        Raises:
            BadInput: no topics, no steps, or fewer documents with words than topics.
        """
        counts = _documents(counts)
        counts = counts[np.diff(counts.indptr) > 0]
        if topics < 1 or steps < 1:
            raise BadInput(f"Topics: {topics} topics in {steps} steps; there has to be one of each at least")
        if counts.shape[0] < topics:
            raise BadInput(f"Topics: {counts.shape[0]} blocks with words do not make {topics} topics; ask for fewer")
        random = np.random.default_rng(seed)
        if counts.shape[0] > sample:
            counts = counts[np.sort(random.choice(counts.shape[0], sample, replace=False))]
        words = random.dirichlet(np.ones(counts.shape[1]), topics).T.copy()
        mixes = np.full((counts.shape[0], topics), 1 / topics)
        for _ in range(steps):
            found = np.zeros_like(words)
            _step(counts.indptr, counts.indices, counts.data, words, mixes, found)
            totals = found.sum(axis=0)
            # A topic that nothing is left of stays as it was; it takes no part any more.
            words = np.where(totals > 0, found / np.where(totals > 0, totals, 1), words)
        return cls(words.T.copy())

    def mixes(self, counts: sparse.csr_array, steps: int = 50) -> np.ndarray:
        """P(z | d) of each document with the topics held fixed: float64 (documents, topics), nan without words.

        A row depends on its own document alone. Words that no topic knows are passed over; where all are, every topic
        is as likely.
        """
        counts = _documents(counts)
        if counts.shape[1] != self.words.shape[1]:
            raise BadInput(f"Topics: documents over {counts.shape[1]} words, topics over {self.words.shape[1]}")
        mixes = np.full((counts.shape[0], len(self.words)), 1 / len(self.words))
        words, none = np.ascontiguousarray(self.words.T), np.zeros((0, 0))
        for _ in range(steps):
            _step(counts.indptr, counts.indices, counts.data, words, mixes, none)
        mixes[np.diff(counts.indptr) == 0] = np.nan
        return mixes

    def bags(self, counts: sparse.csr_array, blocks: int, steps: int = 50) -> np.ndarray:
        """`mixes` of all blocks of each picture: float32 (n, blocks, topics), nan where a block has no words."""
        n = _pictures(counts, blocks)
        return self.mixes(counts, steps).astype(np.float32).reshape(n, blocks, len(self.words))


def _documents(counts: sparse.csr_array) -> sparse.csr_array:
    counts = sparse.csr_array(counts, dtype=np.float64)
    if counts.data.min(initial=0) < 0 or not np.isfinite(counts.data).all():
        raise BadInput("Topics: counts of words cannot be negative or infinite")
    if not counts.data.all():
        counts = counts.copy()
        counts.eliminate_zeros()
    return counts


@njit(nogil=True, cache=True)
def _step(
    starts: np.ndarray, columns: np.ndarray, values: np.ndarray, words: np.ndarray, mixes: np.ndarray, found: np.ndarray
) -> None:
    """One step: `mixes` (documents, topics) in place, expected counts added to `found` (vocabulary, topics) if any.

    `words`, P(w | z), is (vocabulary, topics) here, so that what is read together lies together.
    """
    topics = words.shape[1]
    mix, share = np.empty(topics), np.empty(topics)
    for d in range(len(starts) - 1):
        mix[:] = 0
        for at in range(starts[d], starts[d + 1]):
            w = columns[at]
            total = 0.0
            for z in range(topics):
                share[z] = mixes[d, z] * words[w, z]
                total += share[z]
            if total > 0:
                scale = values[at] / total
                for z in range(topics):
                    mix[z] += scale * share[z]
                if len(found):
                    for z in range(topics):
                        found[w, z] += scale * share[z]
        total = 0.0
        for z in range(topics):
            total += mix[z]
        if total > 0:
            for z in range(topics):
                mixes[d, z] = mix[z] / total
