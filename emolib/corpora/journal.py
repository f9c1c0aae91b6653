"""What was found in each picture of a corpus, kept on disk while the corpus is walked. Used by `verifying`.

A record a picture, all of one size, in the order of the pictures: picture i has record i. So a walk that was killed
goes on where it stopped, and memory does not grow with the corpus. A record holds a checksum of itself; one that was
half written when the machine went down counts as not written.

Beside the records lie, when the caller wants them, rows of bytes of one shape: whatever else is to be kept of each
picture (a thumbnail). A row is written before its record, so that a whole record has a whole row.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FAULT = 400
"""Bytes of a reason that are kept."""

RECORD = np.dtype(
    [("name", "u1", 16), ("size", "<i8"), ("changed", "<i8"), ("sha256", "u1", 32), ("fault", f"S{FAULT}"),
     ("check", "<u4")]
)  # fmt: skip
BLOCK = 4096


class Journal:
    """Records of `images` in `folder`, which is made when it is not there.

    Args:
        images: names of the pictures, each once; they decide which record is whose.
        row: shape of what is kept beside each record, () for nothing.

    When `folder` holds the records of other names (pictures were added to the corpus, or taken away), those of the
    names that stayed are taken over. One process at a time may use a folder.
    """

    def __init__(self, folder: Path, images: Sequence[str], row: tuple[int, ...] = ()) -> None:
        self.folder, self.row, self.count = folder, row, len(images)
        self._bytes = int(np.prod(row)) if row else 0
        self.names = np.zeros((self.count, 16), np.uint8)
        whole = hashlib.sha256(json.dumps(row).encode())
        for start in range(0, self.count, BLOCK):
            block = b"".join(
                hashlib.blake2b(_bytes(image), digest_size=16).digest() for image in images[start : start + BLOCK]
            )
            whole.update(block)
            self.names[start : start + BLOCK] = np.frombuffer(block, np.uint8).reshape(-1, 16)
        mark = whole.hexdigest()[:16]
        self.records_file, self.rows_file = folder / f"records-{mark}.bin", folder / f"rows-{mark}.bin"
        folder.mkdir(parents=True, exist_ok=True)
        if not self.records_file.is_file():
            self._take_over()
        for path in folder.glob("*-*.bin*"):
            if path not in (self.records_file, self.rows_file):
                path.unlink()

    def read(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Records from `start` to `stop` - 1, (k,) of RECORD, and which of them are whole, bool (k,)."""
        records = np.zeros(stop - start, RECORD)
        there = _slice(self.records_file, start, stop, RECORD)
        records[: len(there)] = there
        mine = (records["name"] == self.names[start:stop]).all(axis=1)
        whole = [
            bool(good) and int(record["check"]) == _check(record) for good, record in zip(mine, records, strict=True)
        ]
        return records, np.array(whole, bool)

    def write(self, start: int, records: np.ndarray, new: np.ndarray, rows: dict[int, np.ndarray]) -> None:
        """Put `records` (k,) from `start` on; those that are `new`, bool (k,), are marked whole, with their `rows`.

        `rows` are by place among the k; a record without one keeps zeros.
        """
        if self._bytes:
            with _opened(self.rows_file) as file:
                for k in np.flatnonzero(new).tolist():
                    file.seek((start + k) * self._bytes)
                    row = rows.get(k)
                    file.write(bytes(self._bytes) if row is None else np.ascontiguousarray(row, np.uint8).tobytes())
        for k in np.flatnonzero(new).tolist():
            records[k]["name"] = self.names[start + k]
            records[k]["check"] = _check(records[k])
        with _opened(self.records_file) as file:
            file.seek(start * RECORD.itemsize)
            file.write(records.tobytes())

    @property
    def records(self) -> np.ndarray:
        """All records (count,), mapped from their file. Only when every one has been written."""
        return _mapped(self.records_file, RECORD, (self.count,))

    @property
    def rows(self) -> np.ndarray:
        """What is kept of every picture, uint8 (count, *row), mapped from its file; after a whole walk only."""
        return _mapped(self.rows_file, np.uint8, (self.count, *self.row))

    def _take_over(self) -> None:
        """Copy the records and rows of names that another journal in the folder has, block by block."""
        others = sorted(self.folder.glob("records-*.bin"), key=lambda path: path.stat().st_size)
        if not others or not self.count:
            return
        old = others[-1]
        had = _mapped(old, RECORD, (old.stat().st_size // RECORD.itemsize,))
        if not len(had):
            return
        known = np.ascontiguousarray(had["name"]).view("S16")[:, 0]
        order = np.argsort(known, kind="stable")
        wanted = self.names.view("S16")[:, 0]
        at = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(order) - 1)]
        found = known[at] == wanted
        old_rows = self.folder / old.name.replace("records-", "rows-")
        if self._bytes:
            if not old_rows.is_file():
                return
            kept = _mapped(old_rows, np.uint8, (old_rows.stat().st_size // self._bytes, self._bytes))
            found &= at < len(kept)
            _copied(self.rows_file, kept, at, found)
        _copied(self.records_file, had, at, found)


def _copied(path: Path, source: np.ndarray, at: np.ndarray, found: np.ndarray) -> None:
    """Write source[at] where `found`, else zeros; under the final name only when all of it is there."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        for start in range(0, len(at), BLOCK):
            rows = np.zeros((len(at[start : start + BLOCK]), *source.shape[1:]), source.dtype)
            here = found[start : start + BLOCK]
            rows[here] = source[at[start : start + BLOCK][here]]
            file.write(rows.tobytes())
    os.replace(part, path)


def _check(record: np.void) -> int:
    return zlib.crc32(record.tobytes()[: -RECORD["check"].itemsize])


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _opened(path: Path):  # noqa: ANN202 - a file to change in place
    return open(path, "r+b" if path.is_file() else "w+b")


def _slice(path: Path, start: int, stop: int, kind: np.dtype) -> np.ndarray:
    """Whole items of a file from `start` on, fewer than asked where it ends."""
    if not path.is_file():
        return np.empty(0, kind)
    with open(path, "rb") as file:
        file.seek(start * kind.itemsize)
        data = file.read((stop - start) * kind.itemsize)
    return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)


def _mapped(path: Path, kind: np.dtype | type, shape: tuple[int, ...]) -> np.ndarray:
    """The file as an array; an empty array when there is nothing to map, which mmap refuses."""
    if not np.prod(shape) or not path.is_file():
        return np.empty((0, *shape[1:]), kind)
    return np.memmap(path, kind, "r", shape=shape)
