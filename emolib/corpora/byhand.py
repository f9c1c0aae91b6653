"""Corpora that no program can download: one has to ask for them, or to answer a question on a page.

Used by those whose `fetch` can only look whether somebody has put them in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emolib.errors import Unavailable


def by_hand(folder: Path, load: Callable[[Path], object], advice: str) -> Path:
    """`folder` when there is something in it that `load` takes for the corpus.

    Raises Unavailable with `advice`, which says where to get it and where to put it, when there is nothing, and
    whatever `load` raises when there is something else.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        raise Unavailable(advice)
    load(folder)
    return folder
