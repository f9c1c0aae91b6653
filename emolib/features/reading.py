"""From picture files to blocks of pixels: decoded in threads, in order, with flat memory.

Used by every feature that reads files, and by chapters that train on pixels (chapter 2, Table IV).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from emolib.corpora import pictures
from emolib.features import cache

# Pictures decoded at a time: few enough that memory stays flat, enough that threads rarely wait for the last one.
BLOCK = 128


def read_blocks(
    paths: Sequence[Path], read: Callable[[Path], np.ndarray], *, ahead: bool = False, block: int = BLOCK
) -> Iterator[np.ndarray]:
    """Pictures decoded in threads (Pillow lets go of Python's lock), in order, `block` at a time.

    Args:
        paths: the picture files.
        read: one file to one array; all of one shape.
        ahead: decode the next block while the caller works on this one. Right when the caller waits for a GPU; on a
            CPU both would fight for the same cores, and taking turns is faster.
        block: pictures at a time.

    Yields:
        Arrays (k, ...), k <= block.
    """
    blocks = [paths[i : i + block] for i in range(0, len(paths), block)]
    with ThreadPoolExecutor() as pool:
        waiting = None
        for i, part in enumerate(blocks):
            waiting = waiting or [pool.submit(read, path) for path in part]
            pixels = np.stack([future.result() for future in waiting])
            waiting = [pool.submit(read, path) for path in blocks[i + 1]] if ahead and i + 1 < len(blocks) else None
            yield pixels


def pixels(
    paths: Sequence[Path], size: int, *, crop: str = "center", folder: Path | None = None, progress: bool = True
) -> np.ndarray:
    """Resized pictures, cached: uint8 (n, size, size, 3), mapped from their file.

    Args:
        paths: the picture files.
        size: side in pixels.
        crop: "center" keeps the aspect and cuts out the middle, "squash" keeps the whole picture and not its aspect.
        folder: of the cache entry, see `cache.cached_rows`.
        progress: show a bar.

    Raises:
        BadInput: a file is no picture (named).
    """
    shorter = size if crop == "center" else None
    read = partial(pictures.read_resized, size=size, crop=crop, shorter=shorter)
    key = [cache.files_digest(paths), cache.code_digest(pictures), size, crop]
    return cache.cached_rows(
        f"pixels{size}", key, len(paths), (size, size, 3), np.uint8, lambda start: read_blocks(paths[start:], read),
        folder=folder, progress=progress,
    )  # fmt: skip
