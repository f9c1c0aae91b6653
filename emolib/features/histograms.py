"""Colour histograms of the whole picture and of its parts: GCH and LCH (chapter 4, Rao et al. 2019, Table 3).

Rao et al. take both from Siersdorfer et al., "Analyzing and predicting sentiment of images on the social web" (ACM
Multimedia 2010), and say no more of them than "64-bin color histogram features for global view (GCH) and local view
(LCH)". Our choices for the rest: 64 bins are 4 equal parts of red times 4 of green times 4 of blue, and the local view
is the same 64 bins in each cell of a 4 x 4 grid, 1024 numbers.

All functions take a uint8 RGB batch (n, h, w, 3) or picture files and return float32 shares. GCH + BoW and LCH + BoW
are these columns beside those of `bags.Codebook.histograms`: ``np.hstack([colours, words])``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from emolib.corpora.pictures import read_resized
from emolib.errors import BadInput
from emolib.features import batch as batches
from emolib.features import cache, reading
from emolib.features.batch import check_batch, each_picture

LEVELS = 4
"""Equal parts of each colour channel: 4 x 4 x 4 = 64 bins."""
BINS = LEVELS**3
GRID = 4
"""Cells of the local histograms along each side; our choice."""
SIDE = 256
"""Side in pixels to which files are squashed, as for the other hand-made features."""

GCH_NAMES = tuple(f"gch_r{r}g{g}b{b}" for r in range(LEVELS) for g in range(LEVELS) for b in range(LEVELS))
"""Names of the 64 columns: red slowest, blue fastest, 0 the darkest part of a channel."""


def lch_names(grid: int = GRID) -> tuple[str, ...]:
    """Names of the columns of :func:`lch`: cells row by row, 64 bins each."""
    colours = [name.removeprefix("gch_") for name in GCH_NAMES]
    return tuple(f"lch_row{i}_column{j}_{c}" for i in range(_grid(grid)) for j in range(grid) for c in colours)


def gch(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """Share of the picture's pixels in each of the 64 colour bins: float32 (n, 64), rows that add up to 1.

    Bin 16 i + 4 j + k holds the pixels with red in the i-th quarter of 0 to 255, green in the j-th, blue in the k-th.
    ``workers`` threads share the pictures (None: one a core) and do not change the result. Raises BadInput for what is
    no batch (see `batch.check_batch`).
    """
    return lch(batch, 1, workers)


def lch(batch: np.ndarray, grid: int = GRID, workers: int | None = None) -> np.ndarray:
    """:func:`gch` of each cell of a grid: float32 (n, 64 * grid**2), the 64 shares of a cell add up to 1.

    Cells run row by row; where the sides are no multiples of ``grid``, cell i runs from floor(i h / grid) to
    floor((i + 1) h / grid). Raises BadInput for what is no batch, or pictures with fewer pixels than cells a side.
    """
    check_batch(batch, smallest=_grid(grid))
    return each_picture(partial(_shares, grid=grid), batch, workers)


def histograms_from_files(
    paths: Sequence[Path], *, grid: int = GRID, folder: Path | None = None, progress: bool = True
) -> np.ndarray:
    """`lch` of picture files, cached: float32 (n, 64 * grid**2), mapped from its file; ``grid=1`` gives `gch`.

    The whole picture is squashed to 256 x 256 first. ``folder`` and ``progress`` as in `cache.cached_rows`.

    Raises BadInput for a file that is no picture (named) or a grid that is none.
    """
    shape = (BINS * _grid(grid) ** 2,)

    def compute(start: int) -> Iterator[np.ndarray]:
        for block in reading.read_blocks(paths[start:], partial(read_resized, size=SIDE, crop="squash"), block=64):
            yield lch(block, grid)

    key = [cache.files_digest(paths), cache.code_digest(batches, sys.modules[__name__]), grid]
    name = "gch" if grid == 1 else f"lch{grid}"
    return cache.cached_rows(name, key, len(paths), shape, np.float32, compute, folder=folder, progress=progress)


def _shares(picture: np.ndarray, grid: int) -> np.ndarray:
    levels = picture // (256 // LEVELS)
    bins = (levels[..., 0] * LEVELS + levels[..., 1]) * LEVELS + levels[..., 2]
    height, width = bins.shape
    rows, columns = ([i * side // grid for i in range(grid + 1)] for side in (height, width))
    cells = [bins[rows[i] : rows[i + 1], columns[j] : columns[j + 1]] for i in range(grid) for j in range(grid)]
    counts = [np.bincount(cell.ravel(), minlength=BINS) / cell.size for cell in cells]
    return np.concatenate(counts).astype(np.float32)


def _grid(grid: int) -> int:
    if isinstance(grid, bool) or not isinstance(grid, int) or not 1 <= grid <= SIDE:
        raise BadInput(f"grid: {grid!r} is no number of cells a side; use a whole number from 1 to {SIDE}")
    return grid
