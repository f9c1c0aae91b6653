"""Duplicates at full scale: `python -m emolib.curation --count 100000`.

Paints so many pictures of `scenes` in a temporary folder, looks for the near-duplicates planted among a tenth of them
and among all of them, and prints how long that took, how it grows, and how much was found. Painting takes longest.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
import unittest.mock
from collections.abc import Callable
from typing import Any

import click

from emolib import corpora
from emolib.curation import duplicates, hashing
from emolib.curation.views import same_pictures


@click.command(help=__doc__)
@click.option("--count", default=100_000, show_default=True, type=click.IntRange(100), help="Pictures.")
@click.option("--size", default=64, show_default=True, type=click.IntRange(32), help="Side of a picture in pixels.")
@click.option("--seed", default=4, show_default=True, type=click.IntRange(0), help="Of the laboratory.")
def main(count: int, size: int, seed: int) -> None:
    """Paint, search, report."""
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.dict(os.environ, EMOLIB_CACHE=folder):
        lab = _timed("painting", lambda: corpora.load("scenes", count=count, size=size, seed=seed))
        thumbnails = _timed("thumbnails", lambda: hashing.thumbnails(lab.paths))
        same_pictures(thumbnails[:200])  # compiled code is loaded
        seconds = []
        for part in (count // 10, count):
            begin = time.perf_counter()
            pairs, _ = same_pictures(thumbnails[:part])
            seconds.append(time.perf_counter() - begin)
            found = duplicates.duplicate_groups(part, pairs)
            truth = lab.table.group[:part]
            scores, removed = duplicates.score_pairs(found, truth), duplicates.score_removed(found, truth)
            click.echo(
                f"{part:,} pictures: searched in {seconds[-1]:.1f} s; pairs: precision {scores.precision:.3f}, recall "
                f"{scores.recall:.3f} of {scores.true:,}; removed pictures: precision {removed.precision:.3f}, recall "
                f"{removed.recall:.3f}"
            )
        click.echo(f"time grows like n^{math.log10(seconds[1] / seconds[0]):.2f}")


def _timed(what: str, make: Callable[[], Any]) -> Any:
    begin = time.perf_counter()
    made = make()
    click.echo(f"{what}: {time.perf_counter() - begin:.1f} s")
    return made


if __name__ == "__main__":
    main()
