"""From picture files to thumbnails and perceptual hashes, in threads, kept on disk, with flat memory. Chapters 1 and 5.

A perceptual hash is a few bits of what a picture looks like. Those of the library ImageHash are at hand by name; the
search for duplicates (`views`) starts from thumbnails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

from emolib.corpora import pictures
from emolib.corpora.pictures import read_picture
from emolib.curation.alignment import SIDE
from emolib.errors import BadInput
from emolib.features import cache
from emolib.features.batch import cores

KINDS = {"phash": "phash", "dhash": "dhash", "whash": "whash", "ahash": "average_hash"}
"""Perceptual hashes by name: what each is called in the package imagehash."""

LENGTHS = (64, 256, 1024)
BLOCK = 256


def perceptual_hashes(
    paths: Sequence[Path],
    kind: str = "phash",
    bits: int = 64,
    *,
    workers: int | None = None,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """One hash a picture, uint8 (n, bits / 8), packed as np.packbits does; mapped from its file in the cache.

    Args:
        kind: "phash" (signs of low cosine coefficients about their median), "dhash" (which neighbour is lighter),
            "whash" (Haar wavelets) or "ahash" (lighter than the mean).
        bits: 64, 256 or 1024.
        workers: threads, None for one a core; the result does not depend on them.
        folder: of the cache entry, see `cache.cached_rows`.

    Raises BadInput for a picture that cannot be read (named), another kind or another length.
    """
    if kind not in KINDS:
        raise BadInput(f"kind: {kind!r} is unknown; use {', '.join(KINDS)}")
    if bits not in LENGTHS:
        raise BadInput(f"bits: a hash has {', '.join(map(str, LENGTHS))} bits, not {bits!r}")
    key = [kind, bits, *(metadata.version(package) for package in ("imagehash", "pillow", "numpy", "scipy"))]
    one = partial(_hash, name=KINDS[kind], side=int(bits**0.5))
    return _cached(f"{kind}{bits}", paths, key, (bits // 8,), one, workers, folder, progress)


def thumbnails(
    paths: Sequence[Path], *, workers: int | None = None, folder: Path | None = None, progress: bool = True
) -> np.ndarray:
    """Pictures squashed to 32 x 32 with Lanczos' filter: uint8 (n, 32, 32, 3), red, green, blue; cached.

    Arguments and errors as for :func:`perceptual_hashes`.
    """
    key = [metadata.version("pillow")]
    return _cached(f"thumbnails{SIDE}", paths, key, (SIDE, SIDE, 3), _thumbnail, workers, folder, progress)


def _thumbnail(path: Path) -> np.ndarray:
    return np.asarray(read_picture(path).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _hash(path: Path, name: str, side: int) -> np.ndarray:
    import imagehash  # brings wavelets along, which nothing else needs

    return np.packbits(getattr(imagehash, name)(read_picture(path), hash_size=side).hash.ravel())


def _cached(
    name: str,
    paths: Sequence[Path],
    key: list,
    row: tuple[int, ...],
    one: Callable[[Path], np.ndarray],
    workers: int | None,
    folder: Path | None,
    progress: bool,
) -> np.ndarray:
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise BadInput(f"workers is a whole number from 1, or None for one a core, not {workers!r}.")

    def compute(start: int) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(workers or cores()) as pool:  # Pillow lets go of the interpreter
            for at in range(start, len(paths), BLOCK):
                yield np.stack(list(pool.map(one, paths[at : at + BLOCK])))

    key = [cache.files_digest(paths), cache.code_digest(pictures, sys.modules[__name__]), *key]
    return cache.cached_rows(name, key, len(paths), row, np.uint8, compute, folder=folder, progress=progress)
