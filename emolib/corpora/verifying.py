"""Is a corpus sound? Every picture of it is decoded once, in threads, and what was found is kept in a `journal`.

Used by `corpora.verify`, and by `emolib.curation.verify`, which adds the search for near-duplicates: that lies further
to the right in the library, since it looks at pictures. A walk that was killed goes on where it stopped, and a second
one looks only at files whose size or time of change is another; both give the report of a first, undisturbed walk.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import PIL
from filelock import FileLock
from PIL import Image
from tqdm import tqdm

from emolib.corpora import pictures
from emolib.corpora.base import Corpus, hash_file
from emolib.corpora.fetching import write_text
from emolib.corpora.journal import FAULT, Journal
from emolib.corpora.pictures import read_picture
from emolib.corpora.places import cache_root
from emolib.errors import BadInput, Unavailable

CHUNK = 512
"""Pictures after which the journal is written: a killed walk loses no more."""

LISTED = 200
"""Entries a section of the Markdown has at most; the JSON has all of them."""


@dataclass(frozen=True)
class Kept:
    """What a walk keeps of every picture besides: `make` gives a uint8 array of `shape` for an upright RGB picture."""

    name: str
    shape: tuple[int, ...]
    make: Callable[[Image.Image], np.ndarray]


@dataclass(frozen=True)
class Report:
    """What a walk found. `ok` means that every picture that is here decodes completely.

    Pictures are named as in the table's column `image`. `broken` has each with the reason; `exact_duplicates` sets of
    pictures with the same bytes; `near_duplicates` sets that show the same, not all with the same bytes, None when
    nobody looked for them; `across_splits` sets of either kind that lie in more than one split, each picture with its
    split; `missing` those that have a rating but no picture.
    """

    name: str
    pictures: int
    broken: list[tuple[str, str]] = field(default_factory=list)
    exact_duplicates: list[list[str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    counts: str = ""
    near_duplicates: list[list[str]] | None = None
    across_splits: list[list[tuple[str, str]]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.broken

    def markdown(self) -> str:
        """The report as Markdown; of each kind of finding the first `LISTED`."""
        lines = [f"# {self.name}: {'sound' if self.ok else 'NOT sound'}", "", self.counts]
        across = [" = ".join(f"{image} ({split})" for image, split in same) for same in self.across_splits]
        for title, entries in (
            ("Broken", [f"{path}: {reason}" for path, reason in self.broken]),
            ("The same bytes more than once", [" = ".join(same) for same in self.exact_duplicates]),
            ("Nearly the same picture more than once", [" = ".join(same) for same in self.near_duplicates or []]),
            ("The same or nearly the same picture in more than one split", across),
            ("Rated but absent", self.missing),
        ):
            if entries:
                lines += ["", f"{title} ({len(entries):,}):", "", *(f"- {entry}" for entry in entries[:LISTED])]
                if len(entries) > LISTED:
                    lines += [f"- and {len(entries) - LISTED:,} more, which the report as JSON lists"]
        if self.near_duplicates is None:
            lines += ["", "Nobody looked for near-duplicates."]
        return "\n".join(lines) + "\n"

    def json(self) -> str:
        """The whole report as JSON, the same bytes for the same findings."""
        return json.dumps({"schema": 1, "ok": self.ok, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def verify(corpus: Corpus, *, progress: bool = True) -> Report:
    """Decode every picture, look for pictures with the same bytes; broken ones are in the report, nothing raises."""
    return report(corpus, walk(corpus, progress=progress))


def walk(
    corpus: Corpus,
    *,
    kept: Kept | None = None,
    fresh: bool = False,
    workers: int | None = None,
    progress: bool = True,
) -> Journal:
    """Look at every picture that the journal does not know or that changed since; returns the journal, which is whole.

    Args:
        kept: what else to keep of each picture.
        fresh: forget the journal and look at everything again, also at files that seem unchanged.
        workers: threads, None for one a core and one more; the result does not depend on them.
        progress: show a bar.

    Raises BadInput for another number of workers, Unavailable when the cache cannot be written.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise BadInput(f"workers is a whole number from 1, or None for one a core, not {workers!r}.")
    images = images_of(corpus)
    folder = _journal_folder(corpus, kept)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            for other in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*/"):
                if fresh or other != folder:  # of another Pillow or another way to read: never of use again
                    shutil.rmtree(other)
            journal = Journal(folder, images, () if kept is None else kept.shape)
            with (
                ThreadPoolExecutor(workers or _cores() + 1) as pool,
                tqdm(desc=f"decoding {corpus.name}", total=len(images), unit=" pictures", disable=not progress) as bar,
            ):
                for start in range(0, len(images), CHUNK):
                    paths = [corpus.root / image for image in images[start : start + CHUNK]]
                    _look_at(journal, start, paths, kept, pool)
                    bar.update(len(paths))
    except OSError as error:
        raise Unavailable(
            f"{error.filename or folder} cannot be written: {error.strerror or error}. Set EMOLIB_CACHE to a folder "
            "with room"
        ) from error
    return journal


def report(corpus: Corpus, journal: Journal, groups: np.ndarray | None = None) -> Report:
    """What a whole journal says of a corpus.

    `groups`, int64, has for each of `images_of(corpus)` the first picture that shows the same; None when nobody looked
    for near-duplicates. Pictures with the same bytes have to be in one group.
    """
    images = images_of(corpus)
    records = journal.records
    faults = [
        (images[k], records[k]["fault"].decode("utf-8")) for k in np.flatnonzero(records["fault"] != b"").tolist()
    ]
    digests = same_bytes(journal)
    exact = sets(digests)
    near = None if groups is None else [same for same in sets(groups) if len(set(digests[same].tolist())) > 1]
    splits = corpus.table.drop_duplicates("image")["split"].tolist() if images else []
    across = []
    for same in exact if groups is None else sets(groups):
        if len({splits[k] for k in same if splits[k]}) > 1:
            across.append([(images[k], splits[k]) for k in same])
    return Report(
        name=corpus.name,
        pictures=len(images),
        broken=faults,
        exact_duplicates=[[images[k] for k in same] for same in exact],
        missing=list(corpus.table.attrs.get("missing", [])),
        counts=corpus.counts,
        near_duplicates=None if near is None else [[images[k] for k in same] for same in near],
        across_splits=across,
    )


def leave(found: Report, folder: Path) -> Path:
    """Write `report.json` and `report.md` into `folder`, each whole or not at all; returns `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "report.json", found.json())
        write_text(folder / "report.md", found.markdown())
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror or error}; name another folder") from error
    return folder


def images_of(corpus: Corpus) -> list[str]:
    """The pictures of a corpus, each once, in the order of the table: a picture may have several rows."""
    return list(dict.fromkeys(corpus.table["image"])) if "image" in corpus.table else []


def same_bytes(journal: Journal) -> np.ndarray:
    """For each picture the first one with the same bytes, int64 (n,); a file that could not be read is its own."""
    digests = np.ascontiguousarray(journal.records["sha256"]).view("S32")[:, 0]
    if not len(digests):
        return np.empty(0, np.int64)
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    return np.where(digests == b"", np.arange(len(digests)), first[inverse])


def sets(groups: np.ndarray) -> list[list[int]]:
    """Positions that share a value, a list a value that two or more have, in the order of their first members."""
    _, inverse, count = np.unique(groups, return_inverse=True, return_counts=True)
    found: dict[int, list[int]] = {}
    for position in np.flatnonzero(count[inverse] > 1).tolist():
        found.setdefault(int(inverse[position]), []).append(position)
    return list(found.values())


def report_folder(corpus: Corpus) -> Path:
    """Where the report and the journals of a corpus lie in the cache, a folder for each place that a corpus is in."""
    place = hashlib.sha256(os.fsencode(corpus.root.absolute())).hexdigest()[:12]
    return cache_root() / "verify" / f"{corpus.name}-{place}"


def _journal_folder(corpus: Corpus, kept: Kept | None) -> Path:
    source = Path(pictures.__file__).read_bytes()
    reader = hashlib.sha256(json.dumps([PIL.__version__, FAULT]).encode() + source).hexdigest()[:12]
    return report_folder(corpus) / f"{'decoded' if kept is None else kept.name}-{reader}"


def _look_at(journal: Journal, start: int, paths: list[Path], kept: Kept | None, pool: ThreadPoolExecutor) -> None:
    """Bring the records of some pictures up to date."""
    records, whole = journal.read(start, start + len(paths))
    stamps = np.array(list(pool.map(_stamp, paths)), np.int64).reshape(-1, 2)
    new = ~(whole & (records["size"] == stamps[:, 0]) & (records["changed"] == stamps[:, 1]))
    if not new.any():
        return
    places = np.flatnonzero(new).tolist()
    rows = {}
    for k, (digest, fault, row) in zip(
        places, pool.map(partial(_look, kept=kept), [paths[k] for k in places]), strict=True
    ):
        records[k]["size"], records[k]["changed"] = stamps[k]
        records[k]["sha256"] = np.frombuffer(digest, np.uint8)
        records[k]["fault"] = fault.encode("utf-8", "replace")[:FAULT].decode("utf-8", "ignore").encode()
        if row is not None:
            rows[k] = row
    journal.write(start, records, new, rows)


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change in nanoseconds; -1 and -1 when there is no such file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return -1, -1
    return found.st_size, found.st_mtime_ns


def _look(path: Path, kept: Kept | None) -> tuple[bytes, str, np.ndarray | None]:
    """SHA-256 of the file, why it cannot be read ("" when it can), and what is kept of the picture."""
    digest = bytes(32)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise BadInput(f"{path} is no file")  # opening a pipe would wait for ever
        digest = bytes.fromhex(hash_file(path))
        picture = read_picture(path)
    except BadInput as error:
        return digest, str(error), None
    except ValueError as error:  # a name that no file can have
        return digest, f"{path!r} cannot be read: {error}", None
    return digest, "", None if kept is None else kept.make(picture)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
