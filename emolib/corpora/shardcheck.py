"""Reading shards that strangers may have written: the index, the members of a tar, the labels. Used by `shards`.

Nothing here follows a name: a shard is read in place, a member is found by where its bytes lie. Only members that are
plain files with the names that `shards` describes pass, so that there is nothing to escape from and nothing to expand.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tarfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from emolib.corpora.base import hash_file
from emolib.corpora.discrete import relative_path
from emolib.corpora.fetching import write_text
from emolib.corpora.places import cache_root
from emolib.errors import BadInput, Unavailable

SCHEMA = 1
INDEX = "index.json"
MAX_PICTURE, MAX_LABELS, MAX_INDEX = 256 << 20, 1 << 20, 256 << 20
MAX_SHARDS, MAX_SAMPLES = 1_000_000, 999_999_999
DTYPES = ("str", "object", "bool", "int64", "int32", "float64", "float32")
"""Types that a column may have."""

_MEMBER = re.compile(r"([0-9]{9})\.(jpg|png|webp|gif|bmp|tif|ppm|image|json)")
_ZEROS = bytes(512)
_WHOLE = {"int64": 2**63, "int32": 2**31}


class Entry(NamedTuple):
    """What the index says of a shard."""

    file: str
    samples: int
    bytes: int
    sha256: str


class Index(NamedTuple):
    """The index: columns are pairs of a name and a type of DTYPES."""

    name: str
    card: str
    samples: int
    columns: list[tuple[str, str]]
    attrs: dict[str, Any]
    shards: list[Entry]


class Scan(NamedTuple):
    """What is in a shard: where each picture begins and how long it is, int64 (n, 2); its labels; size and time."""

    places: np.ndarray
    labels: list[list[Any]]
    stamp: tuple[int, int]


def read_index(folder: Path) -> Index:
    """The index of a folder of shards. Raises BadInput naming it when it is not what it has to be."""
    path = folder / INDEX
    try:
        with path.open("rb") as file:
            text = file.read(MAX_INDEX + 1)
    except FileNotFoundError as error:
        raise Unavailable(f"{folder} has no {INDEX}; it is no folder of shards") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    if len(text) > MAX_INDEX:
        raise BadInput(f"{path} has more than {MAX_INDEX:,} bytes; it is no index of shards")
    found = _json(text, str(path))
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise BadInput(f"{path} is no index of shards of schema {SCHEMA}; write the shards anew")
    names = [_member(found, key, str, path) for key in ("name", "card")]
    columns = [_column(pair, path) for pair in _member(found, "columns", list, path)]
    if len({name for name, _ in columns}) != len(columns) or not {("image", "str"), ("image", "object")} & set(columns):
        raise BadInput(f"{path}: the columns need one of text called image, and every name once")
    shards = [_entry(entry, k, path) for k, entry in enumerate(_member(found, "shards", list, path))]
    samples = _member(found, "samples", int, path)
    if samples != sum(entry.samples for entry in shards) or samples > MAX_SAMPLES:
        raise BadInput(f"{path}: {samples} samples are not the sum of those of its shards")
    return Index(names[0], names[1], samples, columns, _member(found, "attrs", dict, path), shards)


def scan(folder: Path, entry: Entry, columns: list[tuple[str, str]], first: int) -> Scan:
    """Check a shard whose first row is `first`, or take what an earlier check of the same file left in the cache.

    Raises BadInput naming the shard.
    """
    path = folder / entry.file
    try:
        found = path.stat()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    if not path.is_file() or found.st_size != entry.bytes:
        raise BadInput(f"{path} has {found.st_size:,} bytes, its index says {entry.bytes:,}; copy it again")
    stamp = (found.st_size, found.st_mtime_ns)
    key = json.dumps([SCHEMA, os.fspath(path.absolute()), stamp, entry, columns, first])
    receipt = (
        cache_root() / "shards" / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"
    )
    known = _remembered(receipt, entry.samples)
    if known is not None:
        return Scan(known[0], known[1], stamp)
    digest = hash_file(path)
    if digest != entry.sha256:
        raise BadInput(f"{path} has the SHA-256 {digest}, its index says {entry.sha256}; copy it again")
    places, labels = _samples(path, entry, columns, first)
    try:
        receipt.parent.mkdir(parents=True, exist_ok=True)
        write_text(receipt, json.dumps({"places": places, "labels": labels}, ensure_ascii=True))
    except OSError as error:
        raise Unavailable(
            f"{receipt} cannot be written: {error.strerror or error}. Set EMOLIB_CACHE to a folder with room"
        ) from error
    return Scan(np.array(places, np.int64).reshape(-1, 2), labels, stamp)


def _samples(
    path: Path, entry: Entry, columns: list[tuple[str, str]], first: int
) -> tuple[list[tuple[int, int]], list[list[Any]]]:
    places, labels = [], []
    with path.open("rb") as file:
        for row in range(first, first + entry.samples):
            parts = {}
            for _ in range(2):
                key, kind, offset, size = _next_member(file, path, entry.bytes)
                if key != f"{row:09d}" or ("json" if kind == "json" else "picture") in parts:
                    raise BadInput(f"{path}: the member {key}.{kind} stands where a part of {row:09d} has to be")
                if kind == "json":
                    parts["json"] = _labels(file.read(size), f"{path}, {key}.json", columns)
                else:
                    parts["picture"] = (offset, size)
                file.seek(offset + math.ceil(size / 512) * 512)
            places.append(parts["picture"])
            labels.append(parts["json"])
        if file.read(512) != _ZEROS:
            raise BadInput(f"{path} goes on behind its {entry.samples:,} samples, or is cut off there")
    return places, labels


def _next_member(file: BinaryIO, path: Path, total: int) -> tuple[str, str, int, int]:
    """Key, kind, place and size of the member whose header comes next. Raises BadInput for any but a plain file."""
    head = file.read(512)
    if len(head) < 512 or head == _ZEROS:
        raise BadInput(f"{path} ends before its last sample")
    try:
        member = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise BadInput(f"{path} is damaged: {error}") from error
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise BadInput(f"{path}: {member.name!r} is a link or a special file; such a shard is not read")
    match = _MEMBER.fullmatch(member.name)
    if not match:
        raise BadInput(f"{path}: {member.name[:120]!r} is no name of a sample, such as 000000012.jpg")
    most, offset = MAX_LABELS if match[2] == "json" else MAX_PICTURE, file.tell()
    if not 0 <= member.size <= most:
        raise BadInput(f"{path}: {member.name!r} has {member.size:,} bytes; at most {most:,} are read")
    if offset + member.size > total:
        raise BadInput(f"{path} ends inside {member.name!r}")
    return match[1], match[2], offset, member.size


def _labels(text: bytes, where: str, columns: list[tuple[str, str]]) -> list[Any]:
    """The values of a row in the order of the columns."""
    found = _json(text, where)
    if not isinstance(found, dict) or list(found) != [name for name, _ in columns]:
        names = ", ".join(map(str, found))[:200] if isinstance(found, dict) else f"a JSON {type(found).__name__}"
        raise BadInput(f"{where}: {names} where the columns {', '.join(name for name, _ in columns)} have to be")
    for name, dtype in columns:
        if not _fits(found[name], dtype) or (name == "image" and not _is_inside(found[name])):
            raise BadInput(f"{where}: {name} is {str(found[name])[:60]!r}, nothing for a column of the type {dtype}")
    return list(found.values())


def _is_inside(image: Any) -> bool:
    return isinstance(image, str) and relative_path(image) == image


def _fits(value: Any, dtype: str) -> bool:
    if dtype == "object":
        return True
    if dtype == "bool":
        return isinstance(value, bool)
    if dtype == "str":
        return value is None or isinstance(value, str)
    if isinstance(value, bool):
        return False
    if dtype in _WHOLE:
        return isinstance(value, int) and -_WHOLE[dtype] <= value < _WHOLE[dtype]
    return value is None or (isinstance(value, int | float) and abs(value) <= float(np.finfo(dtype).max))


def _json(text: bytes, where: str) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    try:
        return json.loads(text.decode("utf-8", "surrogatepass"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON that can be read ({str(error)[:200]})") from error


def _member(found: dict, key: str, kind: type, path: Path) -> Any:
    value = found.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadInput(f"{path}: {key!r} is no {kind.__name__}")
    return value


def _column(pair: Any, path: Path) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str) or pair[1] not in DTYPES:
        raise BadInput(f"{path}: {str(pair)[:60]!r} is no column and its type, one of {', '.join(DTYPES)}")
    return pair[0], pair[1]


def _entry(found: Any, number: int, path: Path) -> Entry:
    if isinstance(found, dict) and number < MAX_SHARDS:
        entry = Entry(*(found.get(key) for key in Entry._fields))
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in (entry.samples, entry.bytes))
        named = entry.file == f"shard-{number:06d}.tar"
        if whole and named and isinstance(entry.sha256, str) and re.fullmatch("[0-9a-f]{64}", entry.sha256):
            return entry
    raise BadInput(f"{path}: shard {number} needs the file shard-{number:06d}.tar, its samples, bytes and sha256")


def _remembered(receipt: Path, samples: int) -> tuple[np.ndarray, list[list[Any]]] | None:
    """What an earlier check found; None when there was none or its receipt is damaged."""
    try:
        found = json.loads(receipt.read_text(encoding="utf-8"))
        places, labels = np.array(found["places"], np.int64).reshape(-1, 2), found["labels"]
        return (places, labels) if len(places) == len(labels) == samples else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
