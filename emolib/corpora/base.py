"""What a corpus is: a table, a card that says where it comes from, and a folder. Used by every chapter.

A module of a corpus that is found on disk (`oasis`, `cgna10766`, ...) gives `NAME`, `CARD`, `FOLDERS`, `load(folder)`
and `fetch(folder)`; one of a corpus that is made on the reader's machine (`openmoji`, ...) gives `NAME`, `CARD`,
`FOLDERS = ()`, `make(...)` and `ingredients()`. The registry in `emolib.corpora` does the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from emolib.errors import BadInput


@dataclass(frozen=True)
class Card:
    """What a reader has to know before believing a number that was measured on the corpus.

    `labels` maps a column of the table to its meaning, range and unit; `faults` are known faults of the data; `terms`
    say what one may do with it; `count` is how many pictures (or words) the published corpus has; `simulated` marks a
    laboratory whose labels nobody gave; `showable` tells whether licence and terms allow showing pictures of it, any of
    them, in a book.
    """

    name: str
    title: str
    kind: Literal["images", "words"]
    source: str
    licence: str
    citation: str
    description: str
    raters: str
    labels: dict[str, str]
    faults: tuple[str, ...]
    terms: str
    simulated: bool = False
    count: int | None = None
    showable: bool = False

    def markdown(self) -> str:
        """The card as Markdown: a heading, what it is, a table of facts, its columns and its known faults."""
        unit = "pictures" if self.kind == "images" else "words"
        facts = [
            ("Name in this book", f"`{self.name}`"),
            ("Size", f"{self.count:,} {unit}" if self.count is not None else f"not fixed ({unit})"),
            ("Source", f"<{self.source}>"),
            ("Reference", f"`{self.citation}`"),
            ("Licence", self.licence),
            ("Terms", self.terms),
            ("Who rated", self.raters),
            ("Labels", "simulated: nobody gave them" if self.simulated else "given by people"),
        ]
        lines = [f"# {self.title}", "", self.description, "", "| | |", "|---|---|"]
        lines += [f"| {key} | {_cell(value)} |" for key, value in facts]
        lines += ["", "| column | meaning |", "|---|---|"]
        lines += [f"| `{column}` | {_cell(meaning)} |" for column, meaning in self.labels.items()]
        if self.faults:
            lines += ["", "Known faults:", "", *(f"- {fault}" for fault in self.faults)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, eq=False)
class Corpus:
    """A table with a row a picture (or word), its card, and the folder that the pictures are relative to.

    For pictures the table always has the columns `image` (path relative to `root`, with `/`), `group` (pictures of one
    group must never be split between training and test) and `split` ("" when the corpus has none), then the labels.
    `table.attrs` carries `expected` (size of the published corpus), `rated` (how many have a rating here), `found` (how
    many rows there are) and `missing` (names that are rated but whose picture is absent).
    """

    name: str
    table: pd.DataFrame
    card: Card
    root: Path

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def paths(self) -> list[Path]:
        """Absolute path of each picture, in the order of the table; empty for a corpus of words."""
        if "image" not in self.table:
            return []
        return [self.root / image for image in self.table["image"]]

    @cached_property
    def picture_hashes(self) -> list[str]:
        """SHA-256 (hex) of the bytes of each picture, in the order of the table."""
        return hash_files(self.paths)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hex) over the labels and the bytes of every picture: the same data have the same hash anywhere."""
        labels = self.table.drop(columns="image", errors="ignore")
        digest = hashlib.sha256(json.dumps([self.name, list(labels.columns)]).encode())
        for row in zip(*(labels[column].tolist() for column in labels), strict=True):
            digest.update(json.dumps(row).encode())
        for value in self.picture_hashes:
            digest.update(value.encode())
        return digest.hexdigest()

    @property
    def counts(self) -> str:
        """One line for notebooks and reports: how many there are, and how that differs from the published corpus."""
        unit = "pictures" if self.card.kind == "images" else "words"
        expected, missing = self.card.count, self.table.attrs.get("missing", [])
        whole = len(self) if expected is None else expected
        text = f"{self.name}: {len(self):,} of {whole:,} {unit}"
        if missing:
            text += f"; {len(missing):,} have a rating but no picture here"
        return text

    def subset(self, which: Sequence[bool] | Sequence[int] | np.ndarray | pd.Series) -> Corpus:
        """The rows that a boolean mask (one value a row) or a list of positions selects, in that order.

        Raises BadInput when the mask has another length than the table or a position lies outside it.
        """
        which = np.asarray(which)
        if which.ndim != 1:
            raise BadInput(
                f"{self.name}: a subset needs a list of positions or a mask, not an array of {which.ndim} axes"
            )
        if which.dtype == bool:
            if len(which) != len(self):
                raise BadInput(f"{self.name}: the mask has {len(which)} values, the table {len(self)} rows")
            which = np.flatnonzero(which)
        elif which.size == 0:
            which = which.astype(int)
        elif not np.issubdtype(which.dtype, np.integer):
            raise BadInput(f"{self.name}: a subset needs booleans or whole positions, not {which.dtype}")
        if which.size and (which.min() < 0 or which.max() >= len(self)):
            raise BadInput(f"{self.name}: positions run from 0 to {len(self) - 1}, not {which.min()} to {which.max()}")
        return Corpus(self.name, self.table.iloc[which].reset_index(drop=True), self.card, self.root)


class CorpusModule(Protocol):
    """What the registry expects of the module of a corpus that is found on disk.

    `FOLDERS` are names of its folder in a data root, the usual one first.
    """

    NAME: str
    CARD: Card
    FOLDERS: tuple[str, ...]

    def load(self, folder: Path) -> Corpus: ...

    def fetch(self, folder: Path, *, progress: bool = True) -> Path: ...


class MadeModule(Protocol):
    """What the registry expects of the module of a corpus that is made: no folder is looked for, `FOLDERS` is empty.

    `make` takes its options by keyword, each with a default, and reuses what it made before. `ingredients` gives the
    versions of the packages that it is made from, at once, and raises Unavailable when one of them is missing.
    """

    NAME: str
    CARD: Card
    FOLDERS: tuple[()]

    def make(self, data_root: Path | str | None = None, *, progress: bool = True, **options: Any) -> Corpus: ...

    def ingredients(self) -> dict[str, str]: ...


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises BadInput naming it when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def hash_files(paths: Iterable[Path]) -> list[str]:
    """SHA-256 (hex) of each file, in order; hashing releases the GIL, so a few threads share it."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(hash_file, paths))


def exact_duplicates(paths: Sequence[Path]) -> list[list[int]]:
    """Positions of files with the same bytes, a list a set of two or more, in order.

    Only files of one size are compared, so that a corpus without duplicates is hardly read at all.
    """
    by_size: dict[int, list[int]] = defaultdict(list)
    for position, path in enumerate(paths):
        try:
            by_size[path.stat().st_size].append(position)
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    candidates = sorted(position for same in by_size.values() if len(same) > 1 for position in same)
    by_hash: dict[str, list[int]] = defaultdict(list)
    for position, digest in zip(candidates, hash_files([paths[p] for p in candidates]), strict=True):
        by_hash[digest].append(position)
    return sorted(same for same in by_hash.values() if len(same) > 1)


def find_child(folder: Path, name: str) -> Path | None:
    """The entry of `folder` called `name`, else the only one that differs from it in case alone, else None."""
    if (folder / name).exists():
        return folder / name
    if not folder.is_dir():
        return None
    alike = [entry for entry in folder.iterdir() if entry.name.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _cell(text: str) -> str:
    """Text that fits into a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
