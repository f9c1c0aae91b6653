"""Bags of visual words: which small patterns a picture consists of, and how often each (chapter 4, Rao 2019, Table 3).

Four of the hand-made systems in that table describe small windows of the grey picture by SIFT (Lowe, IJCV 60, 2004),
learn a codebook of typical windows, and count for each picture how many windows are nearest to each of its words.

    windows = descriptors(paths)                           # every picture, nothing learned
    codebook = Codebook.fit(windows, rows=train)           # from the training pictures alone
    features = codebook.histograms(windows)                # every picture

The paper names neither the points nor the size of the codebook. Our choices: Lowe's keypoints, the usual ones of its
time, which lie on things rather than on plain ground, with a dense grid at two scales as an option for pictures that
have few, such as some abstract paintings, or for blocks that have none; 500 words by k-means; every window counts for
one word; counts as square roots of shares (Hellinger's), so that a linear machine compares distributions and not the
few commonest words.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from emolib.corpora import pictures
from emolib.errors import BadInput
from emolib.features import cache, reading

SIDE = 256
"""Longer side in pixels that larger pictures are shrunk to; aspect stays, smaller ones stay as they are."""
SMALLEST = 32
"""Sides in pixels below which a picture is enlarged: SIFT has no room in it."""
GRID = 16
"""Points of the dense grid along the longer side."""
WINDOWS = (2, 4)
"""Width of the two dense windows, in steps of the grid: 1/8 and 1/4 of the longer side."""
MOST = GRID * GRID * len(WINDOWS)
"""Descriptors kept of a picture, 512: 72 kB each on disk, 1.4 GB for 20,000 pictures, none of it held in memory."""
LENGTH = 128

DESCRIPTOR = np.dtype([("values", np.uint8, LENGTH), ("x", "<f4"), ("y", "<f4"), ("size", "<f4")])
"""One window: SIFT as OpenCV rounds it, centre as fractions of width and height, width as one of the longer side.

``size`` is 0 in the places that a picture with fewer windows leaves empty.
"""


def descriptors(
    paths: Sequence[Path],
    *,
    points: str = "keypoints",
    most: int = MOST,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """SIFT descriptors of picture files, cached: (n, most) of the type DESCRIPTOR, mapped from their file.

    Args:
        paths: the picture files. Pictures are turned grey; the longer side is at most 256 pixels.
        points: "keypoints", Lowe's extrema of the scale space with their own size and direction, highest contrast
            first, none in a flat picture; or "dense", upright windows around a grid of at most 16 x 16 points at two
            scales.
        most: descriptors a picture; keypoints beyond it are dropped. The grid needs all of its 512 places.
        folder: of the cache entry, see `cache.cached_rows`.
        progress: show a bar.

    Returns:
        A row a picture, the places behind its last descriptor with ``size`` 0.

    Raises:
        BadInput: unknown points, a ``most`` below 1 or below the 512 of the grid, a file that is no picture (named).
    """
    if points not in ("dense", "keypoints"):
        raise BadInput(f"points: {points!r} is unknown; use dense or keypoints")
    least = MOST if points == "dense" else 1
    if isinstance(most, bool) or not isinstance(most, int) or most < least:
        raise BadInput(f"most: {most!r} descriptors a picture; {points} needs a whole number from {least}")
    key = [cache.files_digest(paths), cache.code_digest(pictures, sys.modules[__name__]), cv2.__version__, points, most]
    read = partial(_described, points=points, most=most)
    return cache.cached_rows(
        f"sift-{points}", key, len(paths), (most,), DESCRIPTOR, lambda start: reading.read_blocks(paths[start:], read),
        folder=folder, progress=progress,
    )  # fmt: skip


def described(grey: np.ndarray, points: str = "keypoints", most: int = MOST) -> np.ndarray:
    """Descriptors of one grey picture, uint8 (h, w) and 32 pixels a side or more: (most,) of the type DESCRIPTOR."""
    height, width = grey.shape
    longer = max(height, width)
    sift = cv2.SIFT_create(nfeatures=0 if points == "dense" else most)
    if points == "dense":
        found = _grid(height, width)
    else:
        # OpenCV keeps all that tie for the last place, and says nothing of the order: both are settled here.
        found = sorted(sift.detect(grey, None), key=lambda p: (-p.response, p.pt, p.size, p.angle))[:most]
    rows = np.zeros(most, DESCRIPTOR)
    if found:
        found, values = sift.compute(grey, found)
        part = rows[: len(found)]
        part["values"] = values
        part["x"] = [(p.pt[0] + 0.5) / width for p in found]
        part["y"] = [(p.pt[1] + 0.5) / height for p in found]
        part["size"] = [_WINDOW * p.size / longer for p in found]
    return rows


# A SIFT window has 4 x 4 cells, each as wide as 1.5 times what OpenCV calls the size of its point.
_WINDOW = 6.0


def _grid(height: int, width: int) -> list[cv2.KeyPoint]:
    step = max(height, width) / GRID
    rows, columns = max(1, round(height / step)), max(1, round(width / step))
    ys, xs = ((np.arange(n) + 0.5) * side / n - 0.5 for n, side in ((rows, height), (columns, width)))
    # Octave 0 is the picture itself, octave 1 half of it: both scales sample about as many pixels a window.
    return [
        cv2.KeyPoint(float(x), float(y), window * step / _WINDOW, 0.0, 0.0, octave)
        for octave, window in enumerate(WINDOWS)
        for y in ys
        for x in xs
    ]


def _described(path: Path, points: str, most: int) -> np.ndarray:
    return described(_grey(path), points, most)


def _grey(path: Path) -> np.ndarray:
    image = pictures.read_picture(path).convert("L")
    scale = min(1.0, SIDE / max(image.size))
    size = tuple(max(SMALLEST, round(scale * side)) for side in image.size)
    return np.array(image.resize(size, Image.Resampling.BICUBIC) if size != image.size else image)


@dataclass(frozen=True, eq=False)
class Codebook:
    """The visual words.

    Attributes:
        centres: uint8 (words, 128). Whole numbers on purpose: descriptors are whole numbers too, and all sums of their
            products stay below 2**24, where single precision is exact. Which word is nearest is then no matter of
            rounding, the same on every machine and number of threads.
    """

    centres: np.ndarray

    def __post_init__(self) -> None:
        centres = self.centres
        if not isinstance(centres, np.ndarray) or centres.dtype != np.uint8 or centres.shape[1:] != (LENGTH,):
            shape = getattr(centres, "shape", type(centres).__name__)
            raise BadInput(f"Codebook: centres are uint8 of shape (words, {LENGTH}), not {shape}")
        if not 1 <= len(centres) <= np.iinfo(np.int16).max:
            raise BadInput(f"Codebook: {len(centres)} words; from 1 to {np.iinfo(np.int16).max} can be told apart")

    @classmethod
    def fit(
        cls, windows: np.ndarray, rows: np.ndarray, *, words: int = 500, sample: int = 50_000, seed: int = 0
    ) -> Codebook:
        """Learn the words by k-means (mini-batches, k-means++) on descriptors of the given pictures.

        Args:
            windows: of :func:`descriptors`.
            rows: the training pictures, row numbers or a mask; no other is read.
            words: size of the codebook.
            sample: descriptors drawn at most, the same number from each picture, so that none counts more than others.
            seed: of the draw and of k-means. The same seed gives the same words on any number of threads.

        Raises:
            BadInput: no such array, no rows, or fewer descriptors than words.
        """
        _check(windows)
        rows = np.arange(len(windows))[rows]
        if len(rows) == 0:
            raise BadInput("Codebook: no training pictures; give their row numbers")
        if isinstance(words, bool) or not isinstance(words, int) or words < 1 or sample < words:
            raise BadInput(f"Codebook: {words!r} words from {sample} descriptors; sample has to hold the words")
        random = np.random.default_rng(seed)
        if len(rows) > sample:
            rows = np.sort(random.choice(rows, sample, replace=False))
        each = math.ceil(sample / len(rows))
        drawn = []
        for row in rows:
            own = windows[row]
            own = own["values"][own["size"] > 0]
            drawn.append(own if len(own) <= each else own[np.sort(random.choice(len(own), each, replace=False))])
        values = np.concatenate(drawn).astype(np.float32)
        if len(values) < words:
            raise BadInput(f"Codebook: {len(values)} descriptors of {len(rows)} pictures do not make {words} words")
        means = MiniBatchKMeans(words, batch_size=4096, n_init=1, random_state=seed, compute_labels=False)
        with threadpool_limits(1):  # sums in another order would end in other words
            means.fit(values)
        return cls(np.rint(np.clip(means.cluster_centers_, 0, 255)).astype(np.uint8))

    def words(self, windows: np.ndarray, block: int = 64) -> np.ndarray:
        """The nearest word of every descriptor: int16 (n, most), -1 in empty places; of equally near ones the first."""
        _check(windows)
        centres = self.centres.astype(np.float32)
        squares = (centres**2).sum(axis=1)
        nearest = np.full(windows.shape, -1, np.int16)
        for start in range(0, len(windows), block):
            part = windows[start : start + block]
            there = part["size"] > 0
            distances = part["values"][there].astype(np.float32) @ centres.T
            distances *= -2
            distances += squares
            nearest[start : start + block][there] = distances.argmin(axis=1)
        return nearest

    def histograms(self, windows: np.ndarray) -> np.ndarray:
        """Square roots of the shares of the words: float32 (n, words), rows of length 1, or 0 without descriptors."""
        return hellinger(word_counts(self.words(windows), len(self.centres)))


def word_counts(words: np.ndarray, vocabulary: int) -> np.ndarray:
    """How often each word is in each picture: int32 (n, vocabulary), from `Codebook.words`."""
    counts = np.zeros((len(words), vocabulary), np.int32)
    for row, own in zip(counts, words, strict=True):
        row += np.bincount(own[own >= 0], minlength=vocabulary).astype(np.int32)
    return counts


def hellinger(counts: np.ndarray) -> np.ndarray:
    """Square roots of the shares in each row, float32; the dot product of two rows is Bhattacharyya's coefficient."""
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.sqrt(counts / totals).astype(np.float32)


def _check(windows: np.ndarray) -> None:
    if not isinstance(windows, np.ndarray) or windows.ndim != 2 or windows.dtype != DESCRIPTOR:
        raise BadInput(f"windows: expected the array of bags.descriptors, not {getattr(windows, 'dtype', windows)!r}")
