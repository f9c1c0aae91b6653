"""A corpus at its full size, once through: `python -m emolib.bench.fullsize --pictures 23308`.

Paints the laboratory `scenes` in FI's layout until so many pictures are accepted as FI accepts them, loads it as `fi`,
verifies it, reads it once from files and once from shards, and prints how long each step took and the most memory that
this process had needed by its end. All of it happens in a temporary folder; painting takes longest.
"""

from __future__ import annotations

import os
import tempfile
import unittest.mock
import warnings
from itertools import count
from pathlib import Path

import click
import numpy as np

from emolib import corpora
from emolib.corpora import scenes, shards
from emolib.corpora.fi import CARD
from emolib.curation.verify import verify
from emolib.emotions import MIKELS
from emolib.training.batches import batches
from emolib.usage import peak, step

BATCH = 64
_BLOCK = 4000


@click.command(help=__doc__)
@click.option("--pictures", default=CARD.count, show_default=True, type=click.IntRange(1), help="Accepted pictures.")
@click.option("--size", default=160, show_default=True, type=click.IntRange(32), help="Side of a picture in pixels.")
@click.option("--seed", default=6, show_default=True, type=click.IntRange(0), help="Of the laboratory.")
@click.option("--folder", default=None, help="Where the temporary folder is made; about 4 x the pictures' size.")
def main(pictures: int, size: int, seed: int, folder: str | None) -> None:
    """Export, load, verify, read, report."""
    with tempfile.TemporaryDirectory(dir=folder) as place, unittest.mock.patch.dict(os.environ, EMOLIB_CACHE=place):
        root = Path(place) / "data"
        click.echo(f"begin: {peak():.0f} MB")
        needed = step("counting", lambda: painted(pictures, size, seed))
        lab = scenes.Parameters(count=needed, size=size, seed=seed)
        step(
            f"painting and exporting {needed:,} pictures", lambda: scenes.export(lab, root / "fi", "fi", progress=False)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # few pictures may leave an emotion without any
            corpus = step("loading", lambda: corpora.load("fi", root))
            found, _ = step("verifying", lambda: verify("fi", root, progress=False))
            step("verifying again", lambda: verify("fi", root, progress=False))
        click.echo(
            f"{corpus.counts}; {len(found.broken)} broken, {len(found.exact_duplicates)} sets of the same bytes, "
            f"{len(found.near_duplicates)} of nearly the same picture, {len(found.across_splits)} across splits"
        )
        step("reading once, decoded and cut to 224 px", lambda: read(corpus))
        step("writing shards", lambda: shards.write(corpus, root / "shards", max_bytes=1 << 28, progress=False))
        packed = step("opening shards", lambda: shards.open(root / "shards", progress=False))
        step("reading once from shards", lambda: read(packed))


def painted(pictures: int, size: int, seed: int) -> int:
    """How many scenes have to be painted until so many are accepted: most workers agree with the search word."""
    before = 0
    for blocks in count(1):
        # A picture depends on its number alone: more of them leave those before as they are.
        lab = scenes.Parameters(count=blocks * _BLOCK, size=size, seed=seed)
        table = scenes.records(lab, (blocks - 1) * _BLOCK)
        votes = table[[f"votes_{name}" for name in MIKELS]].to_numpy()
        agree = votes[np.arange(len(table)), [MIKELS.index(word) for word in table["query"]]]
        accepted = np.flatnonzero(2 * agree > votes.sum(axis=1))
        if before + len(accepted) >= pictures:
            return (blocks - 1) * _BLOCK + int(accepted[pictures - before - 1]) + 1
        before += len(accepted)
    raise AssertionError("there is always another block")


def read(corpus: corpora.Corpus) -> int:
    """How many pictures an epoch gives."""
    return sum(len(batch.rows) for batch in batches(corpus, BATCH))


if __name__ == "__main__":
    main()
