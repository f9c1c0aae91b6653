"""Unpacking archives that strangers made, so that they can write nothing outside their folder. Used by all downloads.

Everything goes into a temporary folder beside the final one, which is renamed when all of it is there and right; a
refused archive leaves nothing behind.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from emolib.errors import BadInput, Unavailable

_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, gzip.BadGzipFile,
    EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError,
)  # fmt: skip
_COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))


def extract(
    archive: Path,
    folder: Path,
    max_bytes: int,
    max_files: int,
    *,
    keep: Callable[[PurePosixPath], PurePosixPath | None] | None = None,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Unpack a zip or tar (plain, .gz, .bz2, .xz) into `folder`, which must not hold anything yet; returns `folder`.

    `keep` maps a member's path to where it goes inside `folder`, None to leave it out; without it everything is kept.
    `check` sees the unpacked folder before it gets its name and raises when something is wrong with it.

    Raises BadInput for: a path that is absolute, holds `..`, a drive letter or control characters; a link, a device or
    any other kept member that is no plain file; two members for one file; more than `max_files` members kept or
    `max_bytes` bytes written (counted while writing, whatever the archive says); a damaged or encrypted archive.
    """
    with staging(folder) as inner:
        writer = _Writer(archive, inner, max_bytes, max_files, keep)
        try:
            if _magic(archive).startswith(b"PK\x03\x04"):
                _unzip(archive, writer)
            else:
                _untar(archive, writer, limit=max_bytes + max_files * 8192 + (1 << 20))
        except _BROKEN as error:
            raise BadInput(f"{archive} is damaged or cannot be unpacked: {error}") from error
        except OSError as error:
            if error.errno in (None, errno.EINVAL):  # what bz2 and gzip raise for data that are no such stream
                raise BadInput(f"{archive} is damaged or cannot be unpacked: {error}") from error
            raise
        if not writer.taken:
            raise BadInput(f"{archive} holds none of the files that are looked for")
        if check is not None:
            check(inner)
    return folder


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A new empty folder that becomes `folder` when the block ends well, and is removed when it does not.

    Raises BadInput when `folder` already holds something, Unavailable when the disk is full or cannot be written to.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} already exists; move it away or delete it, then try again")
    outer = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        outer = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        inner = outer / folder.name  # mkdtemp's own folder is private to the user; this one has usual permissions
        inner.mkdir()
        yield inner
        if folder.exists():
            folder.rmdir()
        os.replace(inner, folder)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror or error}; nothing was changed") from error
    finally:
        if outer is not None:
            shutil.rmtree(outer, ignore_errors=True)


class _Writer:
    """Checks the members of one archive and writes those that are kept, counting files and bytes."""

    def __init__(self, archive: Path, folder: Path, max_bytes: int, max_files: int, keep) -> None:  # noqa: ANN001
        self.archive, self.folder, self.keep = archive, folder, keep
        self.max_bytes, self.max_files = max_bytes, max_files
        self.bytes = 0
        self.taken: set[tuple[str, ...]] = set()  # case is folded: some file systems do not tell A from a
        self.folders: set[tuple[str, ...]] = set()

    def place(self, name: str, *, plain: bool) -> Path | None:
        """Where the member goes, or None when it is left out. Raises BadInput when it must not be written."""
        inside = self._checked(name)
        target = inside if self.keep is None else self.keep(inside)
        if target is None:
            return None
        if not plain:
            raise BadInput(f"{self.archive}: {name!r} is a link or a special file; such an archive is not unpacked")
        key = tuple(part.casefold() for part in target.parts)
        above = {key[:depth] for depth in range(1, len(key))}
        if key in self.taken or key in self.folders or above & self.taken:
            raise BadInput(f"{self.archive}: {name!r} is there twice; such an archive is not unpacked")
        self.taken.add(key)
        self.folders |= above
        if len(self.taken) > self.max_files:
            raise BadInput(f"{self.archive} holds more than {self.max_files:,} files; such an archive is not unpacked")
        path = self.folder.joinpath(*target.parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, source: BinaryIO, path: Path) -> None:
        with open(path, "xb") as out:
            while block := source.read(1 << 18):
                self.bytes += len(block)
                if self.bytes > self.max_bytes:
                    raise BadInput(f"{self.archive} unpacks to more than {self.max_bytes:,} bytes; it is not unpacked")
                out.write(block)

    def _checked(self, name: str) -> PurePosixPath:
        inside = PurePosixPath(name.replace("\\", "/"))
        bad = (
            not inside.parts
            or inside.is_absolute()
            or ".." in inside.parts
            or re.match(r"[A-Za-z]:", name) is not None
            or any(ord(character) < 32 for character in name)
            or any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in inside.parts)
        )
        if bad:
            raise BadInput(
                f"{self.archive}: the member {name!r} would leave its folder; such an archive is not unpacked"
            )
        return inside


def _unzip(archive: Path, writer: _Writer) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if member.is_dir():
                continue
            kind = stat.S_IFMT(member.external_attr >> 16)
            path = writer.place(member.filename, plain=kind in (0, stat.S_IFREG))
            if path is None:
                continue
            if member.flag_bits & 1:
                raise BadInput(f"{archive}: {member.filename!r} is encrypted; unpack it by hand")
            with file.open(member) as source:
                writer.write(source, path)


def _untar(archive: Path, writer: _Writer, limit: int) -> None:
    magic = _magic(archive)
    opener = next((opener for start, opener in _COMPRESSED if magic.startswith(start)), None)
    if opener is None and magic[257:262] != b"ustar":
        raise BadInput(f"{archive} is neither a zip nor a tar archive; it begins with {magic[:16]!r}")
    with (
        (opener or open)(archive, "rb") as stream,
        tarfile.open(fileobj=_Bounded(archive, stream, limit), mode="r|") as file,
    ):
        for member in file:
            if member.isdir():
                continue
            path = writer.place(member.name, plain=member.isreg())
            if path is not None:
                writer.write(file.extractfile(member), path)


class _Bounded:
    """A stream that refuses to give more than `limit` bytes: a tar must be decompressed even to skip a member."""

    def __init__(self, archive: Path, stream: BinaryIO, limit: int) -> None:
        self.archive, self.stream, self.limit, self.given = archive, stream, limit, 0

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.given += len(block)
        if self.given > self.limit:
            raise BadInput(f"{self.archive} decompresses to more than {self.limit:,} bytes; it is not unpacked")
        return block


def _magic(archive: Path) -> bytes:
    try:
        with open(archive, "rb") as file:
            return file.read(262)
    except OSError as error:
        raise BadInput(f"{archive} cannot be read: {error.strerror or error}") from error
