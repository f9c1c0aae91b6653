"""A batch of decoded pictures: the input check of the hand-made features, and their loop over the cores (chapter 2).

Every function of ``color``, ``texture`` and ``low`` takes the same thing, a uint8 array of shape (n, h, w, 3) in RGB
order, and works on one picture at a time: a picture of 256 x 256 and its intermediate arrays stay in the processor's
cache, where the same arrays for the whole batch would not, and memory does not grow with the batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from emolib.errors import BadInput


def check_batch(batch: np.ndarray, *, smallest: int = 1) -> np.ndarray:
    """Return ``batch`` when it is a non-empty uint8 array (n, h, w, 3) whose sides are at least ``smallest`` pixels.

    Raises BadInput that names the shape or the type it was given, and the fix.
    """
    if not isinstance(batch, np.ndarray):
        raise BadInput(f"A batch of pictures is a NumPy array, not {type(batch).__name__}: use np.stack(pictures).")
    if batch.dtype != np.uint8:
        raise BadInput(
            f"A batch of pictures holds uint8 values from 0 to 255, not {batch.dtype}: "
            "for floats between 0 and 1 use np.rint(255 * batch).astype(np.uint8)."
        )
    if batch.ndim == 3 and batch.shape[-1] == 3:
        raise BadInput(f"A batch has four axes (n, h, w, 3), not {batch.shape}: for one picture use picture[None].")
    if batch.ndim != 4 or batch.shape[-1] != 3:
        raise BadInput(f"A batch of RGB pictures has the shape (n, h, w, 3), not {batch.shape}: convert to RGB first.")
    if batch.shape[0] == 0:
        raise BadInput("The batch is empty: it holds no picture.")
    if min(batch.shape[1:3]) < smallest:
        raise BadInput(
            f"The pictures are {batch.shape[1]} x {batch.shape[2]} pixels, these features need {smallest} x {smallest} "
            "or more: enlarge them first."
        )
    return batch


def cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container or a batch system may allow fewer than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each_picture(
    function: Callable[[np.ndarray], np.ndarray], batch: np.ndarray, workers: int | None = None
) -> np.ndarray:
    """Stack ``function(picture)`` over the pictures of a batch, on ``workers`` threads (None: one a core).

    Threads pay because NumPy and SciPy let go of the interpreter inside their loops. The result does not depend on
    ``workers``: a picture is always computed by one thread, in one order.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise BadInput(f"workers is a whole number from 1, or None for one a core, not {workers!r}.")
    threads = min(len(batch), workers or cores())
    if threads == 1:
        return np.stack([function(picture) for picture in batch])
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(function, batch)))
