"""What the corpora of pictures with one of Mikels' eight emotions have in common. Used by chapters 1, 3 and 4.

Their layouts differ, their traps do not: a folder whose name spells no emotion, a list that names a picture twice or in
two splits, a placeholder that stands in for hundreds of deleted photographs, a class that is simply not there. What
contradicts itself is refused; what is merely lacking is counted in `table.attrs` and, if a whole class, warned of.

`attrs`, beside what every corpus has: `per_class` (pictures of each of the eight, in the order of `MIKELS`), `empty`
(emotions without any picture), `straddling` (groups whose pictures lie in more than one split).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emolib.corpora.base import Card, Corpus, hash_files
from emolib.corpora.tables import Row
from emolib.emotions import MIKELS, normalise_label
from emolib.errors import BadInput

PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_HEAD = 4096


# ------------------------------------------------------------------------------------------------------ finding files
def names_in(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the pictures and of the folders in `folder`, sorted; hidden ones and what macOS adds are left out.

    A picture is told by its ending; nothing is opened. Raises BadInput when the folder cannot be read.
    """
    pictures, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name == "__MACOSX":
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif entry.name.lower().endswith(PICTURES):
                    pictures.append(entry.name)
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror or error}") from error
    return sorted(pictures), sorted(folders)


def emotion_folders(base: Path, ignore: Sequence[str] = (), *, strict: bool = True) -> dict[str, tuple[str, list[str]]]:
    """Each emotion that a folder in `base` is named after, with that folder's name and its sorted pictures.

    A folder may be empty. Names of other things are given as `ignore`, in small letters. Raises BadInput for two
    folders of one emotion and, when `strict`, for a folder with pictures whose name spells no emotion.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for name in names_in(base)[1]:
        if name.lower() in ignore:
            continue
        pictures, _ = names_in(base / name)
        try:
            emotion = normalise_label(name)
        except BadInput as error:
            if pictures and strict:
                raise BadInput(f"{base / name} holds pictures, but its name is no emotion: {error}") from error
            continue
        if emotion in found:
            raise BadInput(f"{base} has two folders of {emotion}, {found[emotion][0]!r} and {name!r}; keep one")
        found[emotion] = (name, pictures)
    return found


class Present:
    """Answers whether a path relative to `root` is a picture that is there, reading each folder once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names: dict[str, frozenset[str]] = {}

    def __contains__(self, image: str) -> bool:
        folder, _, name = image.rpartition("/")
        if folder not in self._names:
            place = self.root / folder
            self._names[folder] = (
                frozenset(names_in(place)[0]) if "\0" not in folder and place.is_dir() else frozenset()
            )
        return name in self._names[folder]


def relative_path(text: Any) -> str | None:
    """A path from a list with `/` between its parts, or None when it is no text, absolute, or leaves its folder."""
    if not isinstance(text, str):
        return None
    path = text.replace("\\", "/").removeprefix("./")
    parts = path.split("/")
    plain = {"", ".", ".."}.isdisjoint(parts) and ":" not in parts[0]
    return path if plain and path.isprintable() else None


# ---------------------------------------------------------------------------------------------------- reading labels
def read_text(path: Path, max_bytes: int) -> str:
    """A small UTF-8 file as text, its line ends as they are. Raises BadInput when it is too large or no such text."""
    try:
        with open(path, "rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > max_bytes:
        raise BadInput(f"{path} has more than {max_bytes:,} bytes, the most that a label file of this corpus has")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}, line {line}: not UTF-8 text ({error.reason})") from error


def read_cells(path: Path, max_bytes: int, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not empty. Raises BadInput for what is no delimited text.

    Between commas a cell may stand in double quotes; between tabs a quote is a character like any other.
    """
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    text = io.StringIO(read_text(path, max_bytes), newline="")
    reader = csv.reader(text, delimiter=delimiter, quoting=quoting, strict=True)
    line = 1
    try:
        for cells in reader:
            if reader.line_num != line:
                raise BadInput(f"{path}, line {line}: a cell runs on to line {reader.line_num}; a quote is misplaced")
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"{path}, line {line}: not delimited text ({error})") from error


def read_rows(path: Path, max_bytes: int, widths: Sequence[int]) -> list[list[Any]]:
    """The rows of a JSON file that is a list of lists of the given lengths. Raises BadInput otherwise."""
    try:
        rows = json.loads(read_text(path, max_bytes))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not JSON that can be read ({error})") from error
    if not isinstance(rows, list):
        raise BadInput(f"{path}: a JSON {type(rows).__name__} where a list of rows has to be")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) not in widths:
            size = f"a list of {len(row)}" if isinstance(row, list) else f"a JSON {type(row).__name__}"
            raise BadInput(f"{path}, row {number}: {size} where a list of {' or '.join(map(str, widths))} has to be")
    return rows


def label(text: Any, where: str) -> str:
    """The emotion that `text` spells; the BadInput of another begins with `where`."""
    try:
        return normalise_label(text)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error


def whole(row: Row, column: str, most: int) -> int:
    """The cell as a whole number from 0 to `most`; BadInput otherwise."""
    number = row.number(column, 0, most)
    if number != int(number):
        raise row.wrong(column, f"is not a whole number; it has to be one from 0 to {most}")
    return int(number)


class Once:
    """Remembers what lists said of a picture: the same again is counted, another thing is refused."""

    def __init__(self) -> None:
        self.repeated = 0
        self._said: dict[str, tuple[Any, str]] = {}

    def first(self, image: str, what: Any, where: str) -> bool:
        """Whether `image` is new. Raises BadInput when it stood elsewhere with something else than `what`."""
        known = self._said.setdefault(image, (what, where))
        if known[1] == where:
            return True
        if known[0] != what:
            raise BadInput(f"{where}: {image!r} is {_told(what)} here and {_told(known[0])} in {known[1]}; keep one")
        self.repeated += 1
        return False


def _told(what: Any) -> str:
    return ", ".join(map(str, what)) if isinstance(what, tuple) else str(what)


# --------------------------------------------------------------------------------------------------- groups and splits
def groups_by_bytes(root: Path, images: Sequence[str]) -> list[str]:
    """For each picture the first one with the same bytes, itself when there is no other.

    Only files of one size are read, first their beginnings and then, where these agree too, the rest: a corpus of
    twenty gigabytes takes seconds. Raises BadInput for a file that cannot be read.
    """
    paths = [os.path.join(root, image) for image in images]
    sizes = [_tried(path, lambda path: os.stat(path).st_size) for path in paths]
    shared = Counter(sizes)
    alike: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for position, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        if shared[size] > 1:
            alike[size, _tried(path, _head)].append(position)
    groups = list(images)
    for (size, _), positions in alike.items():
        if len(positions) == 1:
            continue
        long = size > _HEAD
        digests = hash_files([Path(paths[position]) for position in positions]) if long else [""] * len(positions)
        first: dict[str, int] = {}
        for position, digest in zip(positions, digests, strict=True):
            groups[position] = images[first.setdefault(digest, position)]
    return groups


def _named(groups: list[str], emotions: dict[str, str]) -> list[str]:
    """Groups by emotion and file name of their first picture; by its path where that would make one of two groups."""
    short = {image: f"{emotions[image]}/{image.rpartition('/')[2]}" for image in dict.fromkeys(groups)}
    times = Counter(short.values())
    return [short[image] if times[short[image]] == 1 else image for image in groups]


def _head(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return hashlib.sha256(file.read(_HEAD)).digest()


def _tried(path: str, action):  # noqa: ANN001, ANN202 - what `action` gives
    try:
        return action(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def split_by_name(groups: Sequence[str], emotions: Sequence[str]) -> list[str]:
    """A split of 80% "train", 5% "val", 15% "test" within each emotion, the same on every machine.

    The groups of an emotion (that of a group's first picture) are put in the order of the SHA-256 of their file names,
    so that neither the folders above nor the order of the rows matter; group i of n is "train" while i + 1/2 < 0.8 n,
    "val" while i + 1/2 < 0.85 n. A group is never divided, and one without company is for training. The shares are
    those of Rao et al. 2019 and of EmoSet; the order is our choice, since neither published a list for FI.
    """
    strata: dict[str, dict[str, str]] = defaultdict(dict)
    seen: set[str] = set()
    for group, emotion in zip(groups, emotions, strict=True):
        if group not in seen:
            seen.add(group)
            name = group.rpartition("/")[2]
            strata[emotion][group] = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    split = {}
    for members in strata.values():
        for i, group in enumerate(sorted(members, key=lambda group: (members[group], group))):
            share = 10 * (2 * i + 1)
            split[group] = "train" if share < 16 * len(members) else "val" if share < 17 * len(members) else "test"
    return [split[group] for group in groups]


# ----------------------------------------------------------------------------------------------------------- the table
def assemble(card: Card, root: Path, columns: dict[str, list], missing: list[str], rated: int, **attrs: Any) -> Corpus:
    """The corpus with the columns image, group, split, emotion and then the others of `columns`, in their order.

    Pictures with the same bytes share a group, called `<emotion>/<file>` after the first of them wherever that lies, so
    that the same pictures have the same groups however they were unpacked. A "split" of None becomes `split_by_name`.
    `rated` is how many have a label here, whether their picture is there or not. Warns of an emotion without a picture.
    """
    images, emotions = columns["image"], columns["emotion"]
    group = _named(groups_by_bytes(root, images), dict(zip(images, emotions, strict=True)))
    split = columns["split"] if columns["split"] is not None else split_by_name(group, emotions)
    first = {"image": images, "group": group, "split": split, "emotion": emotions}
    table = pd.DataFrame({**first, **{name: values for name, values in columns.items() if name not in first}})
    counts = Counter(emotions)
    places: dict[str, set[str]] = defaultdict(set)
    for name, part in zip(group, split, strict=True):
        places[name].add(part)
    empty = [emotion for emotion in MIKELS if not counts[emotion]]
    table.attrs.update(expected=card.count, rated=rated, found=len(images), missing=missing)
    table.attrs.update(per_class={emotion: counts[emotion] for emotion in MIKELS}, empty=empty)
    table.attrs.update(straddling=sum(len(parts) > 1 for parts in places.values()), **attrs)
    if empty:
        warnings.warn(f"{card.name}: no picture of {', '.join(empty)} in {root}", stacklevel=3)
    return Corpus(card.name, table, card, root)
