"""Batches of pictures that are cut out anew in every epoch, for corpora that do not fit into memory.

The chapters' corpora fit; this is for whoever trains on StockEmotion or on shards, and `bench` measures it.

    for batch in batches(corpus, 64, epoch=3):
        x, y = torch.from_numpy(batch.pixels), targets[batch.rows]

Pictures are read, decoded and cut in threads while the caller works on an earlier batch; from a folder or from shards
(`corpora.shards`), with the same result. Threads pay because Pillow lets go of the interpreter while it decodes and
resizes; nothing is copied between processes.

It stands here and not in `corpora`: what a corpus holds does not depend on how a network is trained on it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from PIL import Image

from emolib.corpora.base import Corpus
from emolib.corpora.pictures import read_picture
from emolib.corpora.sharded import Sharded, check_part, decode
from emolib.errors import BadInput
from emolib.features.batch import cores

SCALE = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
_TRIES = 10


class Batch(NamedTuple):
    """Pictures of an epoch: their rows in the table, int64 (k,); pixels, uint8 (k, size, size, 3), RGB.

    `position` is how many pictures of this part of the epoch have come, these included: `start` to go on from here.
    """

    position: int
    rows: np.ndarray
    pixels: np.ndarray


def batches(
    corpus: Corpus,
    batch: int,
    *,
    size: int = 224,
    seed: int = 0,
    epoch: int = 0,
    start: int = 0,
    part: int = 0,
    parts: int = 1,
    workers: int | None = None,
    ahead: int = 2,
) -> Iterator[Batch]:
    """The pictures of an epoch, every one once, in an order and with cuts that seed and epoch decide.

    Args:
        corpus: of pictures in a folder, or a `Sharded` one; of the latter shards are read from front to back.
        batch: pictures at a time; the last batch has what is left.
        size: side of a cut in pixels.
        seed, epoch: decide order and cuts. The cut of a picture depends on them and its row, on nothing else.
        start: pictures of this part that came before, `position` of an earlier batch.
        part, parts: which of how many readers this is; together they have every picture once.
        workers: threads, None for one a core; the result does not depend on them.
        ahead: batches that are prepared while the caller works on one.

    Raises BadInput for numbers that make no sense and, when its turn comes, for a picture that cannot be read.
    """
    for name, value, least in (("batch", batch, 1), ("size", size, 1), ("ahead", ahead, 0), ("workers", workers, 1)):
        if value is None and name == "workers":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BadInput(f"{name} is a whole number from {least}, not {value!r}")
    check_part(start, part, parts)
    items = _items(corpus, seed, epoch, start, part, parts)

    def one(row: int, read: partial, target: np.ndarray) -> None:
        target[:] = random_view(read(), size, np.random.default_rng([seed, epoch, row]))

    with ThreadPoolExecutor(workers or cores()) as pool:
        waiting: deque[tuple[Batch, list[Future]]] = deque()
        position = start
        try:
            while True:
                while len(waiting) <= ahead and (taken := list(islice(items, batch))):
                    pixels = np.empty((len(taken), size, size, 3), np.uint8)
                    position += len(taken)
                    rows = np.array([row for row, _ in taken], np.int64)
                    work = [pool.submit(one, row, read, pixels[k]) for k, (row, read) in enumerate(taken)]
                    waiting.append((Batch(position, rows, pixels), work))
                if not waiting:
                    return
                ready, work = waiting.popleft()
                for future in work:
                    future.result()
                yield ready
        finally:  # a caller that stops early does not wait for what it will not see
            for _, work in waiting:
                for future in work:
                    future.cancel()


def random_view(image: Image.Image, size: int, chance: np.random.Generator) -> np.ndarray:
    """A random part of a picture, resized to (size, size, 3), uint8, mirrored every second time.

    The part has 8% to 100% of the area and sides as 3:4 to 4:3, evenly spread on a logarithmic scale, as Szegedy et al.
    2015 ("Going deeper with convolutions", section 6) cut their pictures; where ten tries do not fit, the largest part
    in the middle with such sides. Resized bilinearly with antialiasing: for the same part, the pixels of torchvision's
    `resized_crop` on the same picture.
    """
    left, top, width, height = _part(image.width, image.height, chance)
    view = image.crop((left, top, left + width, top + height)).resize((size, size), Image.Resampling.BILINEAR)
    if chance.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(view)


def _part(width: int, height: int, chance: np.random.Generator) -> tuple[int, int, int, int]:
    """Left, top, width and height of a random part."""
    for _ in range(_TRIES):
        area = width * height * chance.uniform(*SCALE)
        ratio = math.exp(chance.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
        across, down = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < across <= width and 0 < down <= height:
            return int(chance.integers(width - across + 1)), int(chance.integers(height - down + 1)), across, down
    across = min(width, max(1, round(height * RATIO[1])))
    down = min(height, max(1, round(width / RATIO[0])))
    return (width - across) // 2, (height - down) // 2, across, down


def _items(
    corpus: Corpus, seed: int, epoch: int, start: int, part: int, parts: int
) -> Iterator[tuple[int, partial[Image.Image]]]:
    """Row, and what gives its picture, in the order of the epoch."""
    if isinstance(corpus, Sharded):
        for sample in corpus.epoch(seed, epoch, start=start, part=part, parts=parts):
            yield sample.row, partial(decode, sample.content, corpus.label(sample.row))
        return
    images = corpus.table["image"]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (seed, epoch)):
        raise BadInput(f"seed and epoch are whole numbers from 0, not {seed!r} and {epoch!r}")
    order = np.random.default_rng([seed, epoch]).permutation(len(images))
    for row in order[part::parts][start:].tolist():
        yield row, partial(read_picture, corpus.root / images.iat[row])
