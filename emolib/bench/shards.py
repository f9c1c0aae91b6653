"""From tar shards to batches of random cuts: beside webdataset's own loader, and beside decoding and cutting bare."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from emolib.bench import read_decode_augment as files
from emolib.corpora import shards
from emolib.errors import BadInput
from emolib.features.batch import cores
from emolib.training.batches import batches

SHARDS_A_CORE = 4


def run(paths: Sequence[Path], rounds: int = 9, size: int = files.SIZE) -> dict:
    """Pictures a second of an epoch; all sides in turn, `rounds` times, ratios inside a round.

    ours: `training.batches` on the opened shards, the check of the shards not timed. peer: webdataset's reader with the
    same shards, buffer, transforms and batches in torch's DataLoader with a process a core, which start before the
    first turn and stay. limit: that of `read_decode_augment`, without reading shards.
    """
    if not paths or rounds < 1:
        raise BadInput(f"The benchmark needs a picture and a round, not {len(paths)} and {rounds}.")
    with tempfile.TemporaryDirectory() as folder:
        total = sum(Path(path).stat().st_size + 2048 for path in paths)
        place = Path(folder) / "shards"
        most = max(1, total // (SHARDS_A_CORE * cores()))
        shards.write(files.corpus_of(paths), place, max_bytes=most, progress=False)
        corpus = shards.open(place, card=files.card(), progress=False)
        ours = partial(files.consume, lambda: batches(corpus, files.BATCH, size=size))
        loader = _peer(corpus, size)
        what = "webdataset's reader and v2 transforms in torch's DataLoader, a process a core"
        return files.measure("shards", paths, ours, partial(files.consume, lambda: loader), rounds, size, what)


def _peer(corpus: shards.Sharded, size: int) -> torch.utils.data.DataLoader:
    import webdataset

    # Every shard goes to one of the processes; a process without one would be an error.
    workers = min(cores(), len(corpus.files))
    data = (
        webdataset.WebDataset([str(path) for path in corpus.files], shardshuffle=len(corpus.files), empty_check=False)
        .shuffle(1000)
        .decode("pilrgb")
        .to_tuple("jpg;png;webp;gif;bmp;tif;ppm;image")
        .map_tuple(files.transforms(size))
        .batched(files.BATCH)
    )
    return torch.utils.data.DataLoader(data, batch_size=None, num_workers=workers, persistent_workers=True)
