"""Kim et al.'s low-level features of a picture: colour, GIST and local binary patterns in one row (chapter 2).

The parts that the paper describes, 22 numbers for colour, 512 for GIST and 59 for local binary patterns, make 593
columns. Its Table III says 438 instead, and nothing that contains both GIST and the patterns has so few: they alone
are 571. :func:`low_features` computes the full row; :func:`low_438` is one reading of the smaller number.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA

from emolib.corpora.pictures import read_resized
from emolib.errors import BadInput
from emolib.features import batch, cache, color, filters, focal, reading, texture
from emolib.features.batch import check_batch, each_picture
from emolib.features.color import COLOR_NAMES, checked_table, picture_colour
from emolib.features.filters import GistPlan, gist_plan
from emolib.features.texture import CELLS, GIST_NAMES, LBP_NAMES, ORIENTATIONS, SMALLEST, picture_gist, picture_lbp

LOW_NAMES = COLOR_NAMES + GIST_NAMES + LBP_NAMES
"""Names of the 593 columns."""

LOW_GROUPS = {
    "color": slice(0, len(COLOR_NAMES)),
    "gist": slice(len(COLOR_NAMES), len(COLOR_NAMES) + len(GIST_NAMES)),
    "lbp": slice(len(COLOR_NAMES) + len(GIST_NAMES), len(LOW_NAMES)),
}
"""Which columns belong to which descriptor."""

SIDE = 256
"""Side in pixels to which pictures are squashed before they are described."""

COMPONENTS_438 = 438 - len(COLOR_NAMES) - len(LBP_NAMES)
"""Principal components of GIST in the 438-number reading: 357."""


def low_features(batch: np.ndarray, table: np.ndarray | None = None, workers: int | None = None) -> np.ndarray:
    """Colour (22), GIST (512) and local binary patterns (59) of every picture: float32 (n, 593), columns LOW_NAMES.

    ``batch`` is uint8 RGB (n, h, w, 3), 32 x 32 pixels or more, commonly squares of 256; ``table`` names the colours as
    in ``color.colour_names``; ``workers`` threads share the pictures (None: one a core) and do not change the result.
    The columns have different scales: standardise them on the training pictures before a model sees them.

    Raises BadInput for what is no such batch or table.
    """
    check_batch(batch, smallest=SMALLEST)
    one = partial(_one, table=checked_table(table), plan=gist_plan(*batch.shape[1:3], ORIENTATIONS, CELLS))
    return each_picture(one, batch, workers)


def low_from_files(
    paths: Sequence[Path], *, table: np.ndarray | None = None, folder: Path | None = None, progress: bool = True
) -> np.ndarray:
    """`low_features` of picture files, cached: float32 (n, 593), mapped from its file.

    The whole picture is squashed to 256 x 256 first, the size that GIST is commonly computed at: nothing is cut off,
    and every picture counts alike. ``folder`` and ``progress`` as in `cache.cached_rows`.

    Raises BadInput for a file that is no picture (named) or a table that is none.
    """
    read = partial(read_resized, size=SIDE, crop="squash")

    def compute(start: int) -> Iterator[np.ndarray]:
        for block in reading.read_blocks(paths[start:], read, block=64):
            yield low_features(block, table)

    key = [cache.files_digest(paths), cache.code_digest(color, texture, filters, batch, focal, sys.modules[__name__])]
    if table is not None:
        key.append(hashlib.sha256(np.ascontiguousarray(table).tobytes()).hexdigest())
    shape = (len(LOW_NAMES),)
    return cache.cached_rows("low", key, len(paths), shape, np.float32, compute, folder=folder, progress=progress)


def _one(picture: np.ndarray, table: np.ndarray, plan: GistPlan) -> np.ndarray:
    parts = picture_colour(picture, table), picture_gist(picture, plan), picture_lbp(picture)
    return np.concatenate(parts, dtype=np.float32, casting="same_kind")


def low_438() -> ColumnTransformer:
    """Transformer from the 593 columns to 438: colour and patterns as they are, GIST as its 357 principal components.

    22 + 357 + 59 = 438 is our reading of the number in Table III of Kim et al., who do not say how they came to it. Fit
    it on the training pictures only, as any scikit-learn transformer. Components are neither scaled nor whitened; the
    columns keep the order colour, GIST, patterns. Its ``fit`` raises BadInput for fewer than 357 pictures, which have
    no 357 components, and for rows that are not 593 long.
    """
    return ColumnTransformer(
        [
            ("color", "passthrough", LOW_GROUPS["color"]),
            ("gist", GistComponents(COMPONENTS_438, svd_solver="full"), LOW_GROUPS["gist"]),
            ("lbp", "passthrough", LOW_GROUPS["lbp"]),
        ]
    )


class GistComponents(PCA):
    """Principal components that say, in the reader's terms, when there are too few pictures or columns for them."""

    def fit(self, X: np.ndarray, y: None = None) -> GistComponents:
        """Fit on the GIST columns (n, 512) of the training pictures."""
        self._check(X)
        return super().fit(X, y)

    def fit_transform(self, X: np.ndarray, y: None = None) -> np.ndarray:
        """Fit, and return the components (n, n_components) of the same pictures."""
        self._check(X)
        return super().fit_transform(X, y)

    def _check(self, gist: np.ndarray) -> None:
        if gist.shape[1] != len(GIST_NAMES):
            raise BadInput(f"{gist.shape[1]} GIST columns, expected {len(GIST_NAMES)}: give rows of low_features.")
        if len(gist) < self.n_components:
            raise BadInput(
                f"{len(gist)} training pictures have no {self.n_components} principal components: "
                f"use {self.n_components} or more, or the full {len(LOW_NAMES)} columns without low_438."
            )
