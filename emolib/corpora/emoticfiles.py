"""The labels of EMOTIC as they are handed on, a CSV a split or `Annotations.mat`. Used by `emotic`, chapter 5.

The CSV form is that of public code: Index, Folder, Filename, Image Size `[width, height]`, BBox `[x1, y1, x2, y2]`,
Categorical_Labels `['Peace', ...]`, Continuous_Labels `[valence, arousal, dominance]`, Gender, Age; lists as Python
prints them. They are taken apart by their commas, never evaluated.

`Annotations.mat` has the structures train, val and test; a picture has filename, folder, image_size (n_col, n_row) and
person; a person has body_bbox, gender, age, and either annotations_categories.categories and annotations_continuous
(training: one worker) or combined_categories and combined_continuous (several). That is what public readers take; the
names of fields are accepted with or without `annotations_` before gender and age.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolib.corpora.base import find_child
from emolib.corpora.discrete import relative_path
from emolib.corpora.listings import shown
from emolib.corpora.tables import read_csv
from emolib.errors import BadInput

#: The 26 categories in the order of their authors, which is the alphabet's.
CATEGORIES = (
    "Affection", "Anger", "Annoyance", "Anticipation", "Aversion", "Confidence", "Disapproval", "Disconnection",
    "Disquietment", "Doubt/Confusion", "Embarrassment", "Engagement", "Esteem", "Excitement", "Fatigue", "Fear",
    "Happiness", "Pain", "Peace", "Pleasure", "Sadness", "Sensitivity", "Suffering", "Surprise", "Sympathy", "Yearning",
)  # fmt: skip
AFFECT = ("valence", "arousal", "dominance")
BOX = ("x1", "y1", "x2", "y2")
LOW, HIGH = 1, 10
SPLITS = ("train", "val", "test")
_SPELT = {name.casefold(): name for name in CATEGORIES} | {"disquitement": "Disquietment"}
_GENDERS, _AGES = ("male", "female"), ("kid", "teenager", "adult")
_COLUMNS = (
    "Folder", "Filename", "Image Size", "BBox", "Categorical_Labels", "Continuous_Labels", "Gender", "Age",
)  # fmt: skip
_MAX_BYTES, _MAX_PIXELS = 200_000_000, 100_000
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?|nan", re.IGNORECASE)
_QUOTED = re.compile(r"'([^'\"]*)'|\"([^'\"]*)\"")


@dataclass(frozen=True)
class Person:
    """A labelled person; `affect` has None where nobody gave a score."""

    image: str
    split: str
    size: tuple[int, int]
    box: tuple[int, int, int, int]
    categories: frozenset[str]
    affect: tuple[float | None, ...]
    gender: str
    age: str


def read_people(folder: Path) -> tuple[list[Person] | None, dict[str, Any]]:
    """The people of all splits, None without labels, and what was counted: source, repeated, twice, cut, unannotated.

    The CSV form counts first. Raises BadInput naming file and line (or file, split and person) for a wrong label.
    """
    inner = find_child(folder, "emotic")
    bases = [folder, *([inner] if inner is not None else [])]
    names = ("emotic_pre", "Annotations", "annotations_csv")
    places = [*bases, *(child for base in bases for name in names if (child := find_child(base, name)) is not None)]
    places = [place for place in places if place.is_dir()]
    counted: dict[str, Any] = {"source": "", "repeated": 0, "twice": 0, "cut": 0, "unannotated": 0}
    for place in places:
        files = {split: find_child(place, f"{split}.csv") for split in SPLITS}
        if any(files.values()):
            entries = ((split, *entry) for split, file in files.items() if file is not None for entry in _csv(file))
            return _people(entries, counted | {"source": "csv"})
    for place in places:
        mat = find_child(place, "Annotations.mat")
        if mat is not None:
            return _people(_mat(mat), counted | {"source": "mat"})
    return None, counted


def _people(entries: Iterator[tuple[str, str, dict[str, Any]]], counted: dict[str, Any]) -> tuple[list, dict]:
    people: dict[Person, None] = {}
    marked: set[tuple] = set()
    for split, where, values in entries:
        if not values:
            counted["unannotated"] += 1
            continue
        person, cut = _person(split, where, values)
        if person in people:
            counted["repeated"] += 1
            continue
        mark = (person.image, person.box)
        counted["twice"] += mark in marked
        counted["cut"] += cut
        marked.add(mark)
        people[person] = None
    return list(people), counted


# ----------------------------------------------------------------------------------------------------------- one person
def _person(split: str, where: str, values: dict[str, Any]) -> tuple[Person, bool]:
    """The checked person, and whether the box had to be cut. `values` are Python values under the names of the CSV."""

    def wrong(column: str, fault: str) -> BadInput:
        return BadInput(f"{where}, {column!r}: {shown(values[column])} {fault}")

    folder, name = relative_path(values["Folder"]), relative_path(values["Filename"])
    if folder is None or name is None or "/" in name:
        raise wrong("Filename" if folder is not None else "Folder", "is not the path of a picture below the labels")
    size = _whole(values["Image Size"], 2)
    if size is None or not all(1 <= side <= _MAX_PIXELS for side in size):
        raise wrong("Image Size", f"is not [width, height], whole numbers from 1 to {_MAX_PIXELS:,}")
    given = _whole(values["BBox"], 4, rounded=True)
    if given is None:
        raise wrong("BBox", "is not [x1, y1, x2, y2], four numbers")
    box = tuple(min(max(edge, 0), size[k % 2]) for k, edge in enumerate(given))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise wrong("BBox", f"holds nothing of a picture of {size[0]} x {size[1]} pixels")
    categories = []
    for word in values["Categorical_Labels"]:
        if not isinstance(word, str) or word.strip().casefold() not in _SPELT:
            raise wrong("Categorical_Labels", f"has {shown(word)}, which is none of the 26 categories")
        categories.append(_SPELT[word.strip().casefold()])
    if not categories:
        raise wrong("Categorical_Labels", "names no category")
    scores = values["Continuous_Labels"]
    fits = len(scores) == len(AFFECT) and all(isinstance(score, float) for score in scores)
    if not fits or not all(math.isnan(score) or LOW <= score <= HIGH for score in scores):
        raise wrong("Continuous_Labels", f"is not [valence, arousal, dominance], numbers from {LOW} to {HIGH}")
    words = {}
    for column, known in (("Gender", _GENDERS), ("Age", _AGES)):
        words[column] = str(values[column]).strip().casefold()
        if words[column] not in known:
            raise wrong(column, f"is not {' or '.join(known)}")
    affect = tuple(None if math.isnan(score) else score for score in scores)
    image = f"{folder}/{name}"
    person = Person(image, split, size, box, frozenset(categories), affect, words["Gender"], words["Age"])
    return person, box != given


def _whole(numbers: list[float], length: int, *, rounded: bool = False) -> tuple[int, ...] | None:
    """Whole numbers of a list of so many, None when they are none; `rounded` cuts fractions off, as others do."""
    if len(numbers) != length or not all(isinstance(number, float) and math.isfinite(number) for number in numbers):
        return None
    whole = tuple(int(number) for number in numbers)
    return whole if rounded or whole == tuple(numbers) else None


# ------------------------------------------------------------------------------------------------------------------ CSV
def _csv(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in read_csv(file, _COLUMNS, max_bytes=_MAX_BYTES):
        values: dict[str, Any] = {name: row.text(name) for name in _COLUMNS}
        for name in ("Image Size", "BBox", "Continuous_Labels"):
            numbers = _listed(values[name])
            if numbers is None or not all(_NUMBER.fullmatch(number) for number in numbers):
                raise row.wrong(name, "is not a list of numbers in square brackets")
            values[name] = [float(number) for number in numbers]
        inside = _listed(values["Categorical_Labels"])
        quoted = [_QUOTED.fullmatch(word) for word in inside or ()]
        if inside is None or not all(quoted):
            raise row.wrong("Categorical_Labels", "is not a list of quoted words in square brackets")
        values["Categorical_Labels"] = [match[1] or match[2] or "" for match in quoted]
        yield f"{file}, line {row.line}", values


def _listed(text: str) -> list[str] | None:
    """What stands between the commas of a list in square brackets; None for another text."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    inside = text[1:-1].strip()
    return [part.strip() for part in inside.split(",")] if inside else []


# ------------------------------------------------------------------------------------------------------------------ mat
def _mat(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    import scipy.io  # here, for it takes longer to import than all corpora together, and most readers have the CSV

    try:
        if file.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{file} has more than {_MAX_BYTES:,} bytes, the most that the labels of this corpus have")
        found = scipy.io.loadmat(file, simplify_cells=True, variable_names=list(SPLITS))
    except BadInput:
        raise
    except Exception as error:  # scipy promises no kind of error for a damaged file
        raise BadInput(f"{file} cannot be read as a MATLAB file: {type(error).__name__}: {error}") from error
    for split in SPLITS:
        for number, picture in enumerate(_items(found.get(split)), start=1):
            where = f"{file}, {split}({number})"
            if not isinstance(picture, dict):
                raise BadInput(f"{where}: {shown(picture)} where a picture with its people has to be")
            for k, person in enumerate(_items(picture.get("person")), start=1):
                yield split, f"{where}.person({k})", _from_mat(f"{where}.person({k})", picture, person)


def _from_mat(where: str, picture: dict[str, Any], person: Any) -> dict[str, Any]:
    """The values of a person under the names of the CSV form; {} for one whom nobody labelled."""
    if not isinstance(person, dict):
        raise BadInput(f"{where}: {shown(person)} where a person has to be")
    several = "combined_categories" in person
    words = person["combined_categories"] if several else _field(person.get("annotations_categories"), "categories")
    scores = person.get("combined_continuous" if several else "annotations_continuous")
    categories = [word for word in _items(words) if word != ""]
    if not categories:
        return {}
    size, scores = picture.get("image_size"), scores if isinstance(scores, dict) else {}
    size = size if isinstance(size, dict) else {}
    return {
        "Folder": picture.get("folder"),
        "Filename": picture.get("filename"),
        "Image Size": [_number(size.get(name)) for name in ("n_col", "n_row")],
        "BBox": [_number(edge) for edge in _items(person.get("body_bbox"))],
        "Categorical_Labels": categories,
        "Continuous_Labels": [_number(scores.get(name, math.nan)) for name in AFFECT],
        "Gender": person.get("gender", person.get("annotations_gender", "")),
        "Age": person.get("age", person.get("annotations_age", "")),
    }


def _field(value: Any, name: str) -> list[Any]:
    """The field of a structure, or of each of several, as one list."""
    return [item for part in _items(value) if isinstance(part, dict) for item in _items(part.get(name))]


def _items(value: Any) -> list[Any]:
    """What MATLAB holds as an array, which of one item is that item."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    return list(value) if isinstance(value, list | tuple) else [value]


def _number(value: Any) -> float | None:
    whole = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if whole else None
