"""A corpus that lies in shards, read in an order that a seed decides and that can be resumed. Used through `shards`.

An epoch has every row once. Its order comes from the numbers of rows alone: the shards are shuffled, and within that
stream no row moves further than `WINDOW` places. So whoever reads holds at most `WINDOW` pictures and goes through each
shard from front to back, and a reader that was stopped after k pictures goes on at k without reading those again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from PIL import Image

from emolib.corpora import pictures
from emolib.corpora.base import Corpus
from emolib.errors import BadInput

WINDOW = 2048


class Sample(NamedTuple):
    """One picture of an epoch: its place in the epoch, its row in the table, the bytes of its file."""

    position: int
    row: int
    content: bytes


@dataclass(frozen=True, eq=False)
class Sharded(Corpus):
    """A corpus whose pictures lie in tar files.

    `files` are the shards, `stamps` their sizes and times of change when they were checked, `places` int64 (n, 3) for
    each row its shard, where its picture begins there, and its bytes. Pictures have no path of their own: `read` and
    `picture` take their place, and `picture_hashes` and `content_hash` are those of the corpus that was written.
    """

    files: tuple[Path, ...]
    stamps: tuple[tuple[int, int], ...]
    places: np.ndarray

    @property
    def paths(self) -> list[Path]:
        raise BadInput(
            f"{self.name} lies in shards, its pictures have no paths; use its `read`, `picture` or `epoch`, or the "
            "corpus that the shards were written from"
        )

    @cached_property
    def picture_hashes(self) -> list[str]:
        """SHA-256 (hex) of the bytes of each picture, in the order of the table."""
        return [hashlib.sha256(self.read(row)).hexdigest() for row in range(len(self))]

    def read(self, row: int) -> bytes:
        """The bytes of a picture. Raises BadInput for a row that is not there and for a shard that was cut short."""
        if not 0 <= row < len(self):
            raise BadInput(f"{self.name}: rows run from 0 to {len(self) - 1}, not {row}")
        shard, offset, size = self.places[row].tolist()
        try:
            with self.files[shard].open("rb", buffering=0) as file:
                file.seek(offset)
                content = file.read(size)
        except OSError as error:
            raise BadInput(f"{self.files[shard]} cannot be read: {error.strerror or error}") from error
        if len(content) != size:
            raise BadInput(f"{self.files[shard]} ends inside a picture; it changed since it was opened")
        return content

    def picture(self, row: int) -> Image.Image:
        """A picture as upright RGB, as `pictures.read_picture` gives it. Raises BadInput naming shard and picture."""
        return decode(self.read(row), self.label(row))

    def label(self, row: int) -> str:
        """What an error calls a picture: the shard and the picture's name in the table."""
        return f"{self.files[self.places[row, 0]]}: {self.table['image'].iat[row]}"

    def order(self, seed: int, epoch: int, window: int = WINDOW) -> np.ndarray:
        """The rows of an epoch in its order, int64 (n,), every row once.

        `window` is how far a row may move within the stream of shuffled shards; 1 keeps each shard's own order.
        """
        return self._stream(seed, epoch)[self._shuffle(seed, epoch, window)]

    def epoch(
        self,
        seed: int,
        epoch: int,
        *,
        start: int = 0,
        part: int = 0,
        parts: int = 1,
        window: int = WINDOW,
    ) -> Iterator[Sample]:
        """The pictures of an epoch, in the order of `order(seed, epoch, window)`.

        Args:
            seed, epoch: decide the order.
            start: how many pictures of this part came before; with `epoch` all that has to be kept to go on.
            part, parts: which of how many readers this is; reader k has the places k, k + parts, ... of the order, so
                that all readers together have every row once and none has more than one more than another.
            window: see `order`; the reader holds about so many pictures / `parts`.

        Raises BadInput for numbers that make no sense and for a shard that changed since it was opened.
        """
        check_part(start, part, parts)
        stream = self._stream(seed, epoch)
        wanted = self._shuffle(seed, epoch, window)[part::parts][start:]
        self._check_unchanged()
        ahead = iter(np.sort(wanted).tolist())  # the order in which they lie in the shards
        held: dict[int, bytes] = {}
        for k, place in enumerate(wanted.tolist()):
            while place not in held:
                at = next(ahead)
                held[at] = self.read(int(stream[at]))
            yield Sample(start + k, int(stream[place]), held.pop(place))

    def subset(self, which: Sequence[bool] | Sequence[int] | np.ndarray | pd.Series) -> Sharded:
        """The rows that a boolean mask or a list of positions selects, as `Corpus.subset` does."""
        places = pd.DataFrame({"place": np.arange(len(self))})
        chosen = Corpus(self.name, places, self.card, self.root).subset(which).table["place"].to_numpy()
        return replace(self, table=self.table.iloc[chosen].reset_index(drop=True), places=self.places[chosen])

    def _stream(self, seed: int, epoch: int) -> np.ndarray:
        """Rows in the order in which they lie in the shards, the shards shuffled."""
        turn = _chance(seed, epoch, 0).permutation(len(self.files))
        when = np.empty(len(self.files), np.int64)
        when[turn] = np.arange(len(self.files))
        return np.lexsort((self.places[:, 1], when[self.places[:, 0]]))

    def _shuffle(self, seed: int, epoch: int, window: int) -> np.ndarray:
        """Places in the stream, int64 (n,), none of them further than `window` from where it stood."""
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise BadInput(f"window is a whole number from 1, not {window!r}")
        moved = np.arange(len(self)) + _chance(seed, epoch, 1).uniform(0, window, len(self))
        return np.argsort(moved, kind="stable") if window > 1 else np.arange(len(self))

    def _check_unchanged(self) -> None:
        for path, stamp in zip(self.files, self.stamps, strict=True):
            try:
                found = path.stat()
            except OSError as error:
                raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
            if (found.st_size, found.st_mtime_ns) != stamp:
                raise BadInput(f"{path} changed since it was opened; open the shards again")


def decode(content: bytes, name: str) -> Image.Image:
    """The picture in `content` as upright RGB, as `pictures.read_picture` gives a file's.

    Raises BadInput that begins with `name` for what is no picture, truncated, or too large.
    """
    try:
        with Image.open(io.BytesIO(content), formats=pictures.FORMATS) as image:
            if image.width * image.height > pictures.MAX_PIXELS:
                raise BadInput(
                    f"{name} has {image.width} x {image.height} pixels; at most {pictures.MAX_PIXELS:,} are read"
                )
            image.load()
            return pictures._to_rgb(pictures._upright(image), name)
    except BadInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(f"{name} has far more pixels than a photograph: {error}") from error
    except pictures._UNREADABLE as error:
        raise BadInput(f"{name} cannot be read as a picture: {error or type(error).__name__}") from error


def check_part(start: int, part: int, parts: int) -> None:
    """Raise BadInput unless start >= 0 and 0 <= part < parts."""
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (start, part, parts))
    if not whole or start < 0 or not 0 <= part < parts:
        raise BadInput(f"start counts from 0 and part from 0 to parts - 1, not {start!r}, {part!r} of {parts!r}")


def _chance(seed: int, epoch: int, stream: int) -> np.random.Generator:
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (seed, epoch)):
        raise BadInput(f"seed and epoch are whole numbers from 0, not {seed!r} and {epoch!r}")
    return np.random.default_rng([seed, epoch, stream])
