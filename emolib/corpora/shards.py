"""A corpus as WebDataset shards: tar files that are read from front to back. For corpora beyond one disk's comfort.

    write(corpora.load("emoset118k"), "shards/emoset118k")
    corpus = open("shards/emoset118k")          # the same table, the same card, the same hashes
    for sample in corpus.epoch(seed=0, epoch=3, start=1000): ...

A sample is two members of a tar, `<row>.<kind>` with the bytes of the picture as they were and `<row>.json` with the
labels of its row; the library webdataset writes them, and reads them like any of its shards. Row is the number of the
row in the table, nine digits. `index.json` lists the shards with their sizes, samples and SHA-256, the columns of the
table with their types, and the name of the card. The same corpus gives the same bytes. Reading and its order are in
`sharded`, the checks of what strangers wrote in `shardcheck`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from emolib.corpora.archives import staging
from emolib.corpora.base import Card, Corpus, hash_file
from emolib.corpora.discrete import relative_path
from emolib.corpora.shardcheck import DTYPES, INDEX, MAX_LABELS, MAX_PICTURE, SCHEMA, scan
from emolib.corpora.shardcheck import read_index as _read_index
from emolib.corpora.sharded import Sharded
from emolib.errors import BadInput

__all__ = ["Sharded", "open", "write"]

KINDS = {"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "gif": "gif", "bmp": "bmp", "tif": "tif",
         "tiff": "tif", "ppm": "ppm"}  # fmt: skip
_END = 1024 + 10_239  # zeros with which a tar ends, at most


def write(corpus: Corpus, folder: Path | str, *, max_bytes: int = 1 << 30, progress: bool = True) -> Path:
    """Write a corpus of pictures into `folder`, which must be empty or absent, as shards; returns the folder.

    Args:
        corpus: its table may have columns of text, numbers, truth values, and of whatever JSON can hold.
        max_bytes: of a shard; a sample that is larger than this gets a shard to itself.
        progress: show a bar.

    Nothing is in `folder` until everything is. A missing value (NaN or None) becomes null.

    Raises BadInput for a corpus of words, a folder that holds something, a column of another type, a picture that
    cannot be read or has more than 256 MB; Unavailable when the folder cannot be written.
    """
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise BadInput(f"max_bytes is a whole number of bytes from 1, not {max_bytes!r}")
    if "image" not in corpus.table:
        raise BadInput(f"{corpus.name} has no pictures; shards are for corpora of pictures")
    columns = _columns(corpus)
    with staging(Path(folder)) as place:
        shards = []
        with tqdm(desc=f"writing {corpus.name}", total=len(corpus), unit=" pictures", disable=not progress) as bar:
            rows = _rows(corpus, columns)
            waiting = next(rows, None)
            while waiting is not None:
                path = place / f"shard-{len(shards):06d}.tar"
                count, waiting = _write_shard(path, waiting, rows, max_bytes, bar)
                shards.append(
                    {"file": path.name, "samples": count, "bytes": path.stat().st_size, "sha256": hash_file(path)}
                )
        index = {
            "schema": SCHEMA,
            "name": corpus.name,
            "card": corpus.card.name,
            "samples": len(corpus),
            "columns": columns,
            "attrs": _plain(dict(corpus.table.attrs), f"{corpus.name}: table.attrs"),
            "shards": shards,
        }
        (place / INDEX).write_text(json.dumps(index, indent=1, allow_nan=False) + "\n", encoding="utf-8", newline="\n")
    return Path(folder)


def open(folder: Path | str, *, card: Card | None = None, progress: bool = True) -> Sharded:  # noqa: A001
    """The corpus that `write` left in `folder`.

    Every shard is checked against its SHA-256, its members and its labels; what was found is kept in the cache, so that
    a shard is read again only when its size or its time of change is another.

    Args:
        card: by default the card that the registry has under the name that the index gives.
        progress: show a bar while shards are checked.

    Raises BadInput naming the shard (or the index) and what is wrong with it: a wrong checksum, a truncated file, a
    member that is no plain file, is too large, or is not called as described above, labels that are not the columns of
    the table. Raises Unavailable when there is no index.
    """
    folder = Path(folder)
    index = _read_index(folder)
    if card is None:
        from emolib import corpora  # the registry loads this package's modules, so it cannot be imported on top

        card = corpora.card(index.card)
    scans, first = [], 0
    with tqdm(desc=f"checking {index.name}", total=index.samples, unit=" pictures", disable=not progress) as bar:
        for entry in index.shards:
            scans.append(scan(folder, entry, index.columns, first))
            first += entry.samples
            bar.update(entry.samples)
    columns = {}
    for k, (name, dtype) in enumerate(index.columns):
        values = [row[k] for found in scans for row in found.labels]
        columns[name] = pd.Series(values, dtype=dtype, name=name)
    table = pd.DataFrame(columns)
    table.attrs.update(index.attrs)
    places = [np.column_stack([np.full(len(found.places), k), found.places]) for k, found in enumerate(scans)]
    return Sharded(
        index.name, table, card, folder,
        files=tuple(folder / entry.file for entry in index.shards),
        stamps=tuple(found.stamp for found in scans),
        places=np.concatenate([np.empty((0, 3), np.int64), *places]).astype(np.int64),
    )  # fmt: skip


def _write_shard(
    path: Path, waiting: tuple[str, str, bytes, bytes], rows: Iterator, max_bytes: int, bar: tqdm
) -> tuple[int, tuple[str, str, bytes, bytes] | None]:
    """Write samples until the shard is full; returns how many, and the first one that did not fit, None at the end."""
    from webdataset import TarWriter  # only those who use shards pay for its import

    count, size = 0, _END
    with path.open("wb") as file, TarWriter(file, encoder=False, mtime=0, user="emolib", group="emolib") as tar:
        while waiting is not None:
            key, kind, picture, labels = waiting
            more = sum(512 + math.ceil(len(part) / 512) * 512 for part in (picture, labels))
            if count and size + more > max_bytes:
                return count, waiting
            tar.write({"__key__": key, kind: picture, "json": labels})
            count, size = count + 1, size + more
            bar.update()
            waiting = next(rows, None)
    return count, None


def _rows(corpus: Corpus, columns: list[list[str]]) -> Iterator[tuple[str, str, bytes, bytes]]:
    """Key, kind of picture, its bytes and its labels as JSON, row by row."""
    names = [name for name, _ in columns]
    for row, values in enumerate(zip(*(corpus.table[name].tolist() for name in names), strict=True)):
        image = corpus.table["image"].iat[row]
        if relative_path(image) != image:
            raise BadInput(f"{corpus.name}: {str(image)[:60]!r} is no path below its folder; shards cannot name it")
        labels = {
            name: _plain(value, f"{corpus.name}, {image}, column {name!r}")
            for name, value in zip(names, values, strict=True)
        }
        packed = json.dumps(labels, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
        if len(packed) > MAX_LABELS:
            raise BadInput(f"{corpus.name}, {image}: its labels have {len(packed):,} bytes, at most {MAX_LABELS:,} go")
        kind = KINDS.get(Path(image).suffix.lower().removeprefix("."), "image")
        yield f"{row:09d}", kind, _content(corpus, row, image), packed


def _content(corpus: Corpus, row: int, image: str) -> bytes:
    if isinstance(corpus, Sharded):
        return corpus.read(row)
    path = corpus.root / image
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PICTURE + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_PICTURE:
        raise BadInput(f"{path} has more than {MAX_PICTURE:,} bytes, the most that a sample may have")
    return content


def _columns(corpus: Corpus) -> list[list[str]]:
    """Name and type of every column. Raises BadInput for one that JSON would not bring back as it was."""
    found = []
    for name, dtype in corpus.table.dtypes.items():
        if not isinstance(name, str):
            raise BadInput(f"{corpus.name}: the column {name!r} has no text for a name; rename it")
        if str(dtype) not in DTYPES:
            raise BadInput(
                f"{corpus.name}: the column {name!r} is of the type {dtype}; shards hold {', '.join(DTYPES)}"
            )
        found.append([name, str(dtype)])
    return found


def _plain(value: Any, what: str) -> Any:
    """The value in the types of JSON, NaN as None. Raises BadInput for what JSON cannot hold."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or value is pd.NA or isinstance(value, str | bool | int):
        return None if value is pd.NA else value
    if isinstance(value, float):
        if math.isinf(value):
            raise BadInput(f"{what}: {value} is no number that a shard can hold")
        return None if math.isnan(value) else value
    if isinstance(value, list | tuple):
        return [_plain(item, what) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, what) for key, item in value.items()}
    raise BadInput(f"{what}: a {type(value).__name__} is nothing that a shard can hold")
