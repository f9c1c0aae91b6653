"""What the corpora with other words than Mikels' have in common: pictures found by name, and the table.

Used by Emotion6, EmotionROI, UnBiasedEmotion, GAPED and the IAPS; `discrete` is the same for Mikels' eight. A list and
the files on disk rarely agree to the letter: `anger/1.jpg` lies there as `Anger/1.JPG`, or with a space too many. A
picture is therefore known by its emotion and its bare name in small letters, its key.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import PICTURES, groups_by_bytes, names_in, read_text, relative_path
from emolib.emotions import normalise_label
from emolib.errors import BadInput

_DEPTH = 3


# ------------------------------------------------------------------------------------------------------ finding files
def candidates(folder: Path, nested: Sequence[str]) -> Iterator[Path]:
    """`folder` and, two levels deep, the folders in it that have one of the names `nested`, in any case.

    So a corpus is found whether its archive was unpacked beside, into, or into a folder within its own name.
    """
    level = [folder] if folder.is_dir() else []
    for _ in range(_DEPTH):
        yield from level
        inner = [find_child(place, name) for place in level for name in nested]
        level = list(dict.fromkeys(place for place in inner if place is not None and place.is_dir()))


def pictures_below(base: Path, depth: int = _DEPTH) -> list[str]:
    """Paths of all pictures in `base` relative to it, those of a folder before those of its folders, sorted by name."""
    pictures, folders = names_in(base)
    if depth:
        for name in folders:
            pictures += [f"{name}/{inner}" for inner in pictures_below(base / name, depth - 1)]
    return pictures


def spells_an_emotion(place: Path, vocabulary: str) -> bool:
    """Whether any folder in `place` is called after an emotion of `vocabulary`."""
    for name in names_in(place)[1]:
        try:
            normalise_label(name, vocabulary)
        except BadInput:
            continue
        return True
    return False


def lines_of(file: Path, max_bytes: int) -> Iterator[tuple[int, str]]:
    """Number and text of each line of a text file that is not empty; line ends may be LF, CR LF or CR alone."""
    for line, text in enumerate(re.split(r"\r\n|\r|\n", read_text(file, max_bytes)), start=1):
        if text.strip():
            yield line, text


def label(text: Any, vocabulary: str, where: str) -> str:
    """The emotion of `vocabulary` that `text` spells; the BadInput of another begins with `where`."""
    try:
        return normalise_label(text, vocabulary)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error


def emotion_folders(base: Path, emotions: Sequence[str], vocabulary: str) -> dict[str, str]:
    """Name of the folder in `base` for each of `emotions` that has one, in the order of the folders.

    Raises BadInput for two folders of one emotion and for a folder that holds pictures, at any depth, and whose name is
    none of `emotions`.
    """
    found: dict[str, str] = {}
    for name in names_in(base)[1]:
        try:
            emotion = normalise_label(name, vocabulary)
            if emotion not in emotions:
                raise BadInput(f"{emotion} is not one of {', '.join(emotions)}")
        except BadInput as error:
            if pictures_below(base / name):
                raise BadInput(
                    f"{base / name} holds pictures, but its name is no emotion of this corpus: {error}"
                ) from error
            continue
        if emotion in found:
            raise BadInput(f"{base} has two folders of {emotion}, {found[emotion]!r} and {name!r}; keep one")
        found[emotion] = name
    return found


def picture_key(emotion: str, name: str) -> str:
    """`<emotion>/<name>` without the ending of a picture, in small letters, with single spaces."""
    stem, dot, ending = name.strip().rpartition(".")
    bare = stem if f".{ending.lower()}" in PICTURES and dot else name
    return f"{emotion}/{' '.join(bare.split()).casefold()}"


def pictures_by_key(base: Path, emotions: Sequence[str], vocabulary: str) -> dict[str, str]:
    """Path of each picture, with the name of `base` before it, by key; `base` has a folder an emotion.

    Raises BadInput for two files of one key and for what `emotion_folders` refuses.
    """
    found: dict[str, str] = {}
    for emotion, folder in emotion_folders(base, emotions, vocabulary).items():
        for name in names_in(base / folder)[0]:
            key, path = picture_key(emotion, name), f"{base.name}/{folder}/{name}"
            if key in found:
                raise BadInput(f"{base.parent / path} and {found[key]} are two files of picture {key}; keep one")
            found[key] = path
    return found


def listed_picture(text: str, emotions: Sequence[str], vocabulary: str, where: str) -> tuple[str, str, str]:
    """Emotion, key and tidy path of a picture that a list calls `[images/]<emotion>/<name>.<ending>`.

    Raises BadInput that begins with `where` when `text` is something else.
    """
    path = relative_path(text.strip())
    parts = path.split("/") if path is not None else []
    if len(parts) == 3 and parts[0].casefold() == "images":
        parts = parts[1:]
    if len(parts) != 2 or not parts[1].lower().endswith(PICTURES) or parts[1].startswith("."):
        raise BadInput(f"{where}: {text[:60]!r} is not the name of a picture, <emotion>/<number>.jpg")
    emotion = label(parts[0], vocabulary, where)
    if emotion not in emotions:
        raise BadInput(f"{where}: {text[:60]!r} names no emotion of this corpus; known: {', '.join(emotions)}")
    return emotion, picture_key(emotion, parts[1]), f"{emotion}/{parts[1]}"


# ----------------------------------------------------------------------------------------------------------- the table
def assemble(
    card: Card,
    root: Path,
    keys: Sequence[str],
    columns: dict[str, list],
    missing: list[str],
    rated: int,
    *,
    classes: Mapping[str, int | None],
    by: str = "emotion",
    **attrs: Any,
) -> Corpus:
    """The corpus with the columns image, group, split and then the others of `columns`, in their order.

    Pictures with the same bytes share a group, called after the key of the first of them. `classes` gives the published
    number of pictures of each value of the column `by`, None where none is known. `table.attrs`, beside what every
    corpus has: `per_class` (pictures of each class), `difference` (found less published, where that is not zero),
    `empty` (classes without any picture, which a warning names too), `straddling` (groups in more than one split) and
    `conflicting` (groups in more than one class: the same bytes with two labels).
    """
    images = columns["image"]
    key_of = dict(zip(images, keys, strict=True))
    group = [key_of[first] for first in groups_by_bytes(root, images)]
    table = pd.DataFrame(
        {"image": images, "group": group, **{name: values for name, values in columns.items() if name != "image"}}
    )
    counts = Counter(columns[by]) if classes else Counter()
    empty = [name for name in classes if not counts[name]]
    table.attrs.update(expected=card.count, rated=rated, found=len(images), missing=missing)
    table.attrs.update(per_class={name: counts[name] for name in classes}, empty=empty)
    table.attrs["difference"] = {
        name: counts[name] - published
        for name, published in classes.items()
        if published is not None and counts[name] != published
    }
    table.attrs["straddling"] = _divided(group, columns["split"])
    table.attrs["conflicting"] = _divided(group, columns[by]) if classes else 0
    table.attrs.update(attrs)
    if empty:
        warnings.warn(f"{card.name}: no picture of {', '.join(empty)} in {root}", stacklevel=3)
    return Corpus(card.name, table, card, root)


def _divided(groups: Sequence[str], values: Sequence[str]) -> int:
    """How many groups have more than one value."""
    seen: dict[str, set[str]] = defaultdict(set)
    for group, value in zip(groups, values, strict=True):
        seen[group].add(value)
    return sum(len(found) > 1 for found in seen.values())
