"""The files of MIRFLICKR: where pictures, tags and licences lie, and how they are read by several threads.

Used by `mirflickr`, hence by chapter 5. Two layouts are known; case does not matter in names of files and folders:

    25k      [mirflickr/]im<n>.jpg, n from 1; [mirflickr/]meta/tags/tags<n>.txt; [mirflickr/]meta/license/license<n>.txt
    million  [images/]<k>/<n>.jpg or images<i>/[images/]<k>/<n>.jpg, n from 0, k = n // 10,000 (as public loaders have
             it); tags/<k>/<n>.txt and license/<k>/<n>.txt (also with the kind before n, or below meta/: assumed)

A file of tags has one a line, UTF-8, with any line ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from emolib.corpora.base import find_child
from emolib.corpora.discrete import read_text
from emolib.corpora.listings import LINE_ENDS, join_tags, tidy
from emolib.errors import BadInput, Unavailable

FOLDER_SIZE = 10_000
_BLOCK, _THREADS = 250, 4
_MAX_TAGS = 1_000_000
_RANGES = {"25k": (1, 25_000), "million": (0, 999_999)}
_LICENCE = re.compile(r"\s*(?:[a-z]+ )?licen[cs]e(?: [a-z]+)?\s*[:=]\s*(\S.*)", re.IGNORECASE)
_ADDRESS = re.compile(r"creativecommons\.org/(licenses|publicdomain)/([a-z0-9-]+)(?:/([0-9.]+))?", re.IGNORECASE)
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Layout:
    """What lies where: `images` are paths relative to the corpus' folder by the number of the picture."""

    name: str
    base: Path
    images: dict[int, str]
    kinds: dict[str, Path] = field(default_factory=dict)  # "tags" and, if it is there, "license": their folders

    @property
    def numbers(self) -> list[int]:
        """The numbers of all pictures that are here, sorted."""
        return sorted(self.images)

    @property
    def first(self) -> int:
        return _RANGES[self.name][0]

    @property
    def last(self) -> int:
        return _RANGES[self.name][1]

    def known(self, number: int) -> bool:
        """Whether the published corpus has a picture of this number."""
        return self.first <= number <= self.last

    def picture(self, number: int) -> str:
        """What the picture is called in the published corpus."""
        return f"im{number}.jpg" if self.name == "25k" else f"images/{number // FOLDER_SIZE}/{number}.jpg"

    def with_tags(self) -> set[int]:
        """The numbers that have a file of tags; of the million, in folders of which a picture is here."""
        found = (_files(self.kinds["tags"], "tags", key)[1] for key, _ in self.parts(self.numbers))
        return {number for names in found for number in names}

    def parts(self, numbers: list[int]) -> Iterator[tuple[str, list[int]]]:
        """Sorted numbers by the folder that their texts lie in, "" for the 25,000, which have one folder."""
        if self.name == "25k":
            yield "", numbers
            return
        of: dict[int, list[int]] = {}
        for number in numbers:
            of.setdefault(number // FOLDER_SIZE, []).append(number)
        for key, members in of.items():
            yield str(key), members


def find_layout(folder: Path) -> Layout:
    """What lies in `folder`. Raises Unavailable when there are no pictures or no tags, BadInput when one is twice."""
    inner = find_child(folder, "mirflickr")
    bases = [folder, *([inner] if inner is not None and inner.is_dir() else [])]
    for base in bases if folder.is_dir() else []:
        found = _numbered(base, r"im([0-9]{1,7})\.jpe?g")
        if found:
            prefix = _inside(folder, base)
            return _with_kinds("25k", base, {number: prefix + name for number, name in found.items()})
    for base in bases if folder.is_dir() else []:
        images = dict(_million(folder, base))
        if images:
            return _with_kinds("million", base, images)
    raise Unavailable(f"{folder} has neither im<n>.jpg nor images/<k>/<n>.jpg")


def _with_kinds(name: str, base: Path, images: dict[int, str]) -> Layout:
    meta = find_child(base, "meta")
    kinds = {}
    for kind, spellings in (("tags", ("tags",)), ("license", ("license", "licence", "licenses"))):
        tries = (find_child(place, word) for place in (meta, base) if place is not None for word in spellings)
        place = next((place for place in tries if place is not None and place.is_dir()), None)
        if place is not None:
            kinds[kind] = place
    if "tags" not in kinds:
        raise Unavailable(f"{base} has pictures, but no {'meta/' if name == '25k' else ''}tags/ with their tags")
    return Layout(name, base, images, kinds)


def _million(folder: Path, base: Path) -> Iterator[tuple[int, str]]:
    """Number and path of each picture; a number is refused in a folder that is not its own, and in two folders."""
    places = [base]
    for entry in sorted(base.iterdir()):
        if re.fullmatch(r"images[0-9]*", entry.name, re.IGNORECASE) and entry.is_dir():
            within = find_child(entry, "images")
            places += [entry, *([within] if within is not None and within.is_dir() else [])]
    seen: dict[int, Path] = {}
    for place in places:
        keys = [entry for entry in place.iterdir() if re.fullmatch("[0-9]{1,3}", entry.name) and entry.is_dir()]
        for part in sorted(keys, key=lambda entry: int(entry.name)):
            prefix = _inside(folder, part)
            for number, name in _numbered(part, r"(?:im)?([0-9]{1,7})\.jpe?g").items():
                if number // FOLDER_SIZE != int(part.name):
                    raise BadInput(
                        f"{part / name}: picture {number} belongs into a folder {number // FOLDER_SIZE}/; move it there"
                    )
                if number in seen:
                    raise BadInput(f"{part / name} and {seen[number]} are the same picture; keep one")
                seen[number] = part / name
                yield number, prefix + name


def _numbered(place: Path, pattern: str) -> dict[int, str]:
    """Names of the files in `place` that the pattern matches, by their number. BadInput for two of one number."""
    found: dict[int, str] = {}
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        raise BadInput(f"{place} cannot be read: {error.strerror or error}") from error
    matcher = re.compile(pattern, re.IGNORECASE)
    for name in names:
        match = matcher.fullmatch(name)
        if match is None:
            continue
        if int(match[1]) in found:
            raise BadInput(f"{place} has {found[int(match[1])]!r} and {name!r} for the same picture; keep one")
        found[int(match[1])] = name
    return found


def _files(place: Path, kind: str, key: str) -> tuple[Path, dict[int, str]]:
    """One folder with texts of a kind, and their names by number; no names when the folder is absent."""
    inner = place / key if key else place
    return inner, _numbered(inner, rf"(?:{kind}|licen[cs]e)?([0-9]{{1,7}})\.txt") if inner.is_dir() else {}


def _inside(folder: Path, place: Path) -> str:
    path = place.relative_to(folder).as_posix()
    return "" if path == "." else f"{path}/"


# ------------------------------------------------------------------------------------------------------------ the texts
def tags(layout: Layout, numbers: list[int]) -> tuple[list[str], int]:
    """The tags of each number in one cell, and how many stood twice in their file. BadInput names file and line."""
    found = list(_texts(layout, numbers, "tags", _tags, ("", 0)))
    return [cell for cell, _ in found], sum(repeated for _, repeated in found)


def licences(layout: Layout, numbers: list[int]) -> list[str]:
    """The licence of each number, "" where there is none; as "CC BY-NC-SA 2.0" where an address is given."""
    if "license" not in layout.kinds:
        return [""] * len(numbers)
    return list(_texts(layout, numbers, "license", _licence, ""))


def _texts(
    layout: Layout, numbers: list[int], kind: str, read: Callable[[Path], _Read], absent: _Read
) -> Iterator[_Read]:
    """`read` of the text of each number, in order, `absent` where there is none.

    Threads take a block of files at a time and one folder is listed at a time, so that neither a million paths nor a
    million tasks are held.
    """

    def block(place: Path, names: dict[int, str], part: list[int]) -> list[_Read]:
        return [read(place / names[number]) if number in names else absent for number in part]

    many = len(numbers) > _RANGES["25k"][1]
    with (
        ThreadPoolExecutor(_THREADS) as pool,
        tqdm(desc=f"reading {kind}", total=len(numbers), unit=" files", disable=not many) as bar,
    ):
        for key, members in layout.parts(numbers):
            place, names = _files(layout.kinds[kind], kind, key)
            blocks = [members[at : at + _BLOCK] for at in range(0, len(members), _BLOCK)]
            yield from chain.from_iterable(pool.map(partial(block, place, names), blocks))
            bar.update(len(members))


def _tags(file: Path) -> tuple[str, int]:
    lines = LINE_ENDS.split(read_text(file, _MAX_TAGS))
    words = [tidy(line, f"{file}, line {number}") for number, line in enumerate(lines, start=1)]
    words = [word for word in words if word]
    once = list(dict.fromkeys(words))
    return join_tags(once), len(words) - len(once)


def _licence(file: Path) -> str:
    """The licence that a text names; see the card for how."""
    lines = [tidy(line, f"{file}, line {n}") for n, line in enumerate(LINE_ENDS.split(read_text(file, 100_000)), 1)]
    named = next((match[1] for line in lines if (match := _LICENCE.fullmatch(line))), "")
    for line in (named, *lines):
        if address := _ADDRESS.search(line):
            version = f" {address[3].rstrip('.')}" if address[3] else ""
            return f"CC {address[2].upper()}{version}"
    return (named or next((line for line in lines if line), ""))[:200]
