"""From files to batches of random cuts: beside ImageFolder and DataLoader, and beside bare decoding and cutting."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from PIL import Image
from torchvision import datasets
from torchvision.transforms import v2

from emolib.bench import turns
from emolib.corpora.base import Card, Corpus
from emolib.errors import BadInput
from emolib.features.batch import cores
from emolib.training.batches import RATIO, SCALE, batches

SIZE, BATCH = 224, 32
LIMIT = "1/(1/d + 1/t), d bare decoding, t bare torchvision transforms on decoded pictures, each in a thread a core"


def run(paths: Sequence[Path], rounds: int = 9, size: int = SIZE) -> dict:
    """Pictures a second of an epoch; all sides in turn, `rounds` times, ratios inside a round.

    ours: `training.batches` on the files. peer: torchvision's ImageFolder in torch's DataLoader with a process a core,
    which start before the first turn and stay. limit: see LIMIT. All end in uint8 and the same random cuts and mirrors.
    """
    if not paths or rounds < 1:
        raise BadInput(f"The benchmark needs a picture and a round, not {len(paths)} and {rounds}.")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "pictures" / "all"
        place.mkdir(parents=True)
        for number, path in enumerate(paths):
            (place / f"{number:06d}{Path(path).suffix or '.jpg'}").symlink_to(Path(path).absolute())
        loader = torch.utils.data.DataLoader(
            datasets.ImageFolder(place.parent, transform=transforms(size)),
            batch_size=BATCH, shuffle=True, num_workers=cores(), persistent_workers=True,
        )  # fmt: skip
        ours = partial(consume, lambda: batches(corpus_of(paths), BATCH, size=size))
        what = "torchvision's ImageFolder and v2 transforms in torch's DataLoader, a process a core"
        return measure("read_decode_augment", paths, ours, partial(consume, lambda: loader), rounds, size, what)


def measure(
    name: str,
    paths: Sequence[Path],
    ours: Callable[[], object],
    peer: Callable[[], object],
    rounds: int,
    size: int,
    what_peer_is: str,
) -> dict:
    """The row of a benchmark whose sides read every one of `paths` once a turn."""
    decoded = [bare_decode(path) for path in paths]
    change = transforms(size)
    with ThreadPoolExecutor(cores()) as pool:
        seconds = turns.take_turns(
            {
                "ours": ours,
                "decode": lambda: _each(pool, bare_decode, paths),
                "transform": lambda: _each(pool, change, decoded),
                "peer": peer,
            },
            rounds,
        )
    # Doing one after the other takes the sum of both times: 1/(1/d + 1/t) pictures a second.
    seconds["limit"] = [a + b for a, b in zip(seconds.pop("decode"), seconds.pop("transform"), strict=True)]
    return turns.row(name, seconds, len(paths), "images/s", what_peer_is, LIMIT)


def transforms(size: int) -> v2.Compose:
    """The same random cut and mirroring by torchvision; a uint8 tensor (3, size, size) of an RGB picture."""
    cut = v2.RandomResizedCrop(size, scale=SCALE, ratio=RATIO, antialias=True)
    return v2.Compose([cut, v2.RandomHorizontalFlip(), v2.PILToTensor()])


def bare_decode(path: Path) -> Image.Image:
    """A file decoded to RGB, and nothing else."""
    with Image.open(path) as picture:
        return picture.convert("RGB")


def corpus_of(paths: Sequence[Path]) -> Corpus:
    """The files as a corpus without labels."""
    table = pd.DataFrame({"image": [str(Path(path).absolute()).lstrip("/") for path in paths]})
    root = Path(Path(paths[0]).absolute().anchor)
    return Corpus("photographs", table.assign(group="", split=""), card(), root)


def card() -> Card:
    """The card of the photographs of a benchmark."""
    return Card(
        name="photographs", title="Photographs of a benchmark", kind="images", source="", licence="", citation="",
        description="", raters="", labels={}, faults=(), terms="",
    )  # fmt: skip


def consume(epoch: Callable[[], object]) -> None:
    """Take every batch of an epoch."""
    for _ in epoch():
        pass


def _each(pool: ThreadPoolExecutor, action: Callable, items: Sequence) -> None:
    for _ in pool.map(action, items):
        pass
