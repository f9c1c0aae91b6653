"""Downloads of which nobody published a checksum: what came the first time is recorded, and believed from then on.

Used by ArtPhoto, Abstract and EmoSet. It guards against a file that changes later, on the way or on this disk; it
cannot tell whether the first download was the right one, and says so. `SHA256SUMS` beside the data is what the command
`sha256sum --check` reads.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from emolib.corpora.base import hash_files
from emolib.corpora.fetching import download, extract, write_text
from emolib.corpora.places import downloads
from emolib.errors import BadInput, Unavailable

SUMS = "SHA256SUMS"
_MAX_BYTES = 100_000_000


def fetch_archive(
    url: str,
    folder: Path,
    load: Callable[[Path], object],
    max_bytes: int,
    max_files: int,
    *,
    progress: bool = True,
) -> Path:
    """Download and unpack the archive at `url` into `folder`, unless it is there; returns `folder`.

    `max_bytes` bounds the archive and what it unpacks to, `max_files` the number of files. `load` raises when what came
    is not the corpus; it is not put into `folder` then. The checksum of the archive is recorded in the cache and those
    of all files in `SHA256SUMS`; a later download and a later call have to agree with them.

    Raises Unavailable when the source cannot be reached or the disk is full, BadInput when what is there or comes is
    not what it has to be.
    """
    if folder.is_dir() and any(folder.iterdir()):
        check_sums(folder)
        load(folder)
        return folder

    def keep(member: PurePosixPath) -> PurePosixPath | None:
        if "__MACOSX" in member.parts or member.name.startswith(".") or member.name.lower() == "thumbs.db":
            return None
        # The list of checksums is ours alone: one that an archive brings says nothing.
        return None if member.parts == (SUMS,) else member

    def check(unpacked: Path) -> None:
        try:
            load(unpacked)
        except (BadInput, Unavailable) as error:
            fault = str(error).replace(f"{unpacked}{os.sep}", "").replace(str(unpacked), "it")
            raise BadInput(
                f"what {url} offers is not as this book knows it: {fault}. It is kept in {archive}"
            ) from error
        write_sums(unpacked)

    archive = downloads() / f"{folder.name}.zip"
    download(url, archive, progress=progress, max_bytes=max_bytes)
    extract(archive, folder, max_bytes, max_files, keep=keep, check=check)
    archive.unlink()
    print(
        f"Nobody published a checksum of {url}. What came now is recorded in {folder / SUMS} and checked from now on; "
        "compare that file with a colleague's.",
        file=sys.stderr,
    )
    return folder


def write_sums(folder: Path) -> Path:
    """Record the SHA-256 of every file in `folder` in its `SHA256SUMS`; returns that file."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [name for name in names if name != SUMS]
    digests = hash_files([folder / name for name in names])
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for digest, name in zip(digests, names, strict=True)))
    return folder / SUMS


def check_sums(folder: Path) -> list[str]:
    """The files that `SHA256SUMS` in `folder` lists and that are not there; [] too when there is no such list.

    Raises BadInput for a file whose bytes are others than recorded and for a list that cannot be read.
    """
    record = folder / SUMS
    if not record.is_file():
        return []
    try:
        if record.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{record} has more than {_MAX_BYTES:,} bytes; it is no list of this book")
        lines = record.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{record} cannot be read: {error}") from error
    recorded = {}
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        inside = match is not None and not {"..", ""} & set(match[2].split("/")) and "\0" not in match[2]
        if not inside:
            raise BadInput(f"{record}, line {number}: not a checksum, two spaces and a file; delete it to begin anew")
        recorded[match[2]] = match[1]
    here = [name for name in recorded if (folder / name).is_file()]
    for name, digest in zip(here, hash_files([folder / name for name in here]), strict=True):
        if digest != recorded[name]:
            raise BadInput(
                f"{folder / name} has other bytes than when it was downloaded (recorded in {record}); "
                "move the folder away and fetch again"
            )
    return [name for name in recorded if not (folder / name).is_file()]
