"""Arrays with a row a picture, computed once, kept on disk, written row by row.

A cache entry is a plain `.npy` file whose name is the digest of everything that its content depends on: the pictures,
the recipe, the code. While it grows it is called `.part`; a killed run continues behind the last whole row. Memory does
not grow with the number of pictures, neither in writing (rows are appended) nor in reading (the file is mapped).

Used by every feature that is worth keeping.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from emolib.corpora.places import cache_root
from emolib.errors import BadInput


def digest(*parts: object) -> str:
    """A short SHA-256 over JSON-like values (paths as text); the same for the same values on every machine.

    Raises:
        TypeError: an array: as text it would lose its middle. Give the digest of its content.
    """
    text = json.dumps(parts, sort_keys=True, default=_as_text, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _as_text(part: object) -> str:
    if hasattr(part, "__array__") and getattr(part, "ndim", 0):
        raise TypeError(f"digest: an array of shape {part.shape} is no key; give the digest of its content")
    return str(part)


def files_digest(paths: Sequence[Path]) -> str:
    """A digest of files by place, size and time of change; their content is not read.

    Raises:
        BadInput: a file that is not there (named).
    """
    seen = hashlib.sha256()
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
        seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:20]


def code_digest(*modules: ModuleType) -> str:
    """A digest of the modules' source, so that a changed recipe never finds the old recipe's result."""
    seen = hashlib.sha256()
    for module in modules:
        seen.update(Path(module.__file__).read_bytes())
    return seen.hexdigest()[:20]


def cached_rows(
    name: str,
    key: Sequence[object] | Mapping[str, object],
    n: int,
    row: tuple[int, ...],
    dtype: np.dtype | type,
    compute: Callable[[int], Iterable[np.ndarray]],
    *,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """The array (n, *row) of the key, from disk or computed now.

    Args:
        name: what it is, for people: the start of the file's name and the progress bar's label.
        key: everything that the content depends on.
        n: number of rows.
        row: shape of a row.
        dtype: of the array.
        compute: given the first missing row, yields blocks (k, *row) from there on, in order.
        folder: where entries live; by default `features` in the cache folder.
        progress: show a bar while computing.

    Returns:
        A read-only array mapped from the file.

    Raises:
        ValueError: `compute` yields rows of another shape, too few or too many. Nothing wrong is kept.
    """
    folder = (cache_root() / "features") if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{digest(key, n, row, np.dtype(dtype).str)}.npy"
    part = path.with_suffix(".part")
    header = _header((n, *row), np.dtype(dtype))
    row_bytes = int(np.prod(row, dtype=np.int64)) * np.dtype(dtype).itemsize
    with FileLock(path.with_suffix(".lock")):
        if not (path.is_file() and path.stat().st_size == len(header) + n * row_bytes):
            _fill(part, header, n, row, np.dtype(dtype), row_bytes, compute, name, progress)
            os.replace(part, path)
    return np.load(path, mmap_mode="r", allow_pickle=False) if n else np.empty((0, *row), dtype)


def cached_arrays(
    name: str,
    key: Sequence[object] | Mapping[str, object],
    compute: Callable[[], Mapping[str, np.ndarray]],
    *,
    folder: Path | None = None,
) -> dict[str, np.ndarray]:
    """Named arrays of the key, from disk or computed now: what a fit leaves behind.

    Args:
        name: start of the file's name.
        key: everything that the arrays depend on.
        compute: gives them.
        folder: where entries live; by default `fits` in the cache folder.

    With `EMOLIB_REFIT` set in the environment (`run --force` does so) nothing is taken from disk.
    """
    folder = (cache_root() / "fits") if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{digest(key)}.npz"
    if not path.is_file() or os.environ.get("EMOLIB_REFIT"):
        arrays = compute()
        temporary = path.with_suffix(f".{os.getpid()}.part")
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
        os.replace(temporary, path)
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _fill(part, header, n, row, dtype, row_bytes, compute, name, progress) -> None:  # noqa: ANN001
    done = 0
    if part.is_file():
        with open(part, "rb") as file:
            if file.read(len(header)) == header:
                done = max(0, part.stat().st_size - len(header)) // row_bytes
    with open(part, "r+b" if done else "wb") as file:
        if done:
            # A kill can leave half a row behind the last whole one.
            file.truncate(len(header) + done * row_bytes)
            file.seek(0, os.SEEK_END)
        else:
            file.write(header)
        with tqdm(total=n, initial=done, desc=name, unit="picture", disable=None if progress else True) as bar:
            if done < n:
                for block in compute(done):
                    block = np.ascontiguousarray(block, dtype=dtype)
                    if block.shape[1:] != row or done + len(block) > n:
                        part.unlink()
                        raise ValueError(f"{name}: a block of shape {block.shape} after row {done} of {n} x {row}")
                    file.write(block.data)
                    done += len(block)
                    bar.update(len(block))
    if done != n:
        part.unlink()
        raise ValueError(f"{name}: {done} rows were computed, {n} are needed")


def _header(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
