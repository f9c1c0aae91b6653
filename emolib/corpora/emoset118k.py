"""EmoSet-118K: 118,102 pictures with one of Mikels' eight emotions, in FI's place in the profile `open`.

Yang et al. 2023. `train.json`, `val.json` and `test.json` are lists of rows, `[emotion, image, annotation]` in the
released archive and `[emotion, id, image, annotation]` as its description has them; image and annotation are paths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import Once, Present, assemble, label, read_rows, read_text, relative_path
from emolib.corpora.firstuse import fetch_archive
from emolib.emotions import normalise_label
from emolib.errors import BadInput, Unavailable

NAME = "emoset118k"
PAGE = "https://vcc.tech/EmoSet"
# The address that the authors' page names, with dl=1 for the file instead of a page about it.
URL = "https://www.dropbox.com/scl/fi/myue506itjfc06m7svdw6/EmoSet-118K.zip?rlkey=7f3oyjkr6zyndf0gau7t140rv&dl=1"
FOLDERS = ("emoset118k", "EmoSet-118K", "EmoSet118K", "EmoSet")
SPLITS = {"train": 94_481, "val": 5_905, "test": 17_716}
MAX_BYTES, MAX_FILES, MAX_JSON = 40 << 30, 300_000, 100_000_000
_DEGREES = ("brightness", "colorfulness")
_WORDS = ("scene", "facial_expression", "human_action")

CARD = Card(
    name=NAME,
    title="EmoSet-118K, pictures from the web with an emotion and what is in them",
    kind="images",
    source=PAGE,
    licence="see its page; the pictures belong to third parties",
    citation="yang2023",
    description=(
        "Pictures found on the web with 810 emotion words, whose emotion people checked, each with attributes: "
        "brightness, colourfulness, scene, objects, facial expression and human action."
    ),
    raters="10 annotators a picture said whether the emotion of its search word fits; only the result is published",
    labels={
        "group": "emotion and file name of the first picture with the same bytes",
        "split": "train, val or test, as published (80%, 5%, 15%)",
        "emotion": "one of Mikels' eight",
        "annotation": "path of the JSON file with the picture's attributes; `emoset118k.attributes` reads them",
    },
    faults=(
        "Its description shows rows of four cells; those in the released archive have three, without the id.",
        "The archive has 19 GB and needs as much again while it is unpacked.",
        "Nobody published a checksum: a download is recorded in SHA256SUMS; fetching again compares with that.",
        "The votes of the annotators are not published: there is no distribution, only one emotion.",
        "Its numbers for emotions follow neither FI's order nor the alphabet; only the names are used here.",
    ),
    terms="research; cite the paper",
    count=sum(SPLITS.values()),
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (or in `EmoSet-118K/` within); a row for each listed picture that is there.

    In the order train, val, test and of the lists. `table.attrs` has the listed pictures that are not here as
    `missing`, and repeated rows, of which one is kept, as the number `repeated`.

    Raises Unavailable when a list or all pictures are absent, BadInput when a list is not what it has to be, when a
    picture is in two splits or has two emotions.
    """
    inner = find_child(folder, "EmoSet-118K")
    place = inner if inner is not None and inner.is_dir() else folder
    present, once = Present(place), Once()
    columns: dict[str, list] = {name: [] for name in ("image", "split", "emotion", "annotation")}
    missing: list[str] = []
    for split in SPLITS:
        file = find_child(place, f"{split}.json")
        if file is None:
            raise Unavailable(f"{place} has no {split}.json")
        for where, emotion, image, annotation in _rows(file):
            if not once.first(image, (emotion, split, annotation), where):
                continue
            if image not in present:
                missing.append(image)
                continue
            for column, value in zip(columns, (image, split, emotion, annotation), strict=True):
                columns[column].append(value)
    if not columns["image"]:
        raise Unavailable(f"{place} has none of the {len(missing):,} pictures that its lists name")
    rated = len(columns["image"]) + len(missing)
    return assemble(CARD, place, columns, missing, rated, repeated=once.repeated)


def fetch(folder: Path, *, progress: bool = True, url: str = URL) -> Path:
    """Download the corpus (19 GB) into `folder`, unless it is there; returns `folder`.

    No checksum is published: see `firstuse.fetch_archive` for what is recorded and for the errors. All files are read
    once more to record them; loading does not compare them again, calling this again does.
    """
    return fetch_archive(url, folder, load, MAX_BYTES, MAX_FILES, progress=progress)


def attributes(corpus: Corpus, *, progress: bool = True) -> pd.DataFrame:
    """The attributes of each picture, a row a picture in the order of the table; a file a picture is read.

    Columns: `brightness` and `colorfulness`, 0 to 1 in steps of 0.1, NaN where absent; `scene`, `facial_expression` and
    `human_action`, a word, "" where absent; `object`, words joined by "|". Keys and values as in the authors' own
    reader. Raises BadInput for a file that is absent or holds something else.
    """
    files = [corpus.root / name for name in corpus.table["annotation"]]
    bar = tqdm(files, desc="reading attributes", unit=" files", disable=not progress)
    columns = (*_DEGREES, *_WORDS, "object")
    return pd.DataFrame([_attributes(file) for file in bar], columns=columns)


def _attributes(file: Path) -> dict[str, Any]:
    text = read_text(file, 1_000_000)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}: not JSON that can be read ({error})") from error
    if not isinstance(found, dict):
        raise BadInput(f"{file}: a JSON {type(found).__name__} where an object has to be")
    entry: dict[str, Any] = {}
    for name in _DEGREES:
        value = found.get(name)
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        if value is not None and not number:
            raise BadInput(f"{file}: {name} is {str(value)[:40]!r}; it has to be a number from 0 to 1")
        entry[name] = float("nan") if value is None else float(value)
    for name in _WORDS:
        value = found.get(name, "")
        if not isinstance(value, str):
            raise BadInput(f"{file}: {name} is {str(value)[:40]!r}; it has to be a word")
        entry[name] = value
    words = found.get("object", [])
    if not isinstance(words, list) or not all(isinstance(word, str) and "|" not in word for word in words):
        raise BadInput(f"{file}: object is {str(words)[:40]!r}; it has to be a list of words")
    entry["object"] = "|".join(words)
    return entry


def _rows(file: Path) -> Iterator[tuple[str, str, str, str]]:
    """Where a row stands, its emotion and the paths of its picture and of its annotation."""
    spelt: dict[str, str] = {}  # few names in a hundred thousand rows
    folders: dict[str, str] = {}
    for number, row in enumerate(read_rows(file, MAX_JSON, (3, 4)), start=1):
        where = f"{file}, row {number}"
        word, image, annotation = row[0], relative_path(row[-2]), relative_path(row[-1])
        if image is None or annotation is None:
            shown = row[-2] if image is None else row[-1]
            raise BadInput(f"{where}: {str(shown)[:60]!r} is not the path of a file below the list")
        emotion = spelt.get(word) if isinstance(word, str) else None
        if emotion is None:
            emotion = spelt[word] = label(word, where)
        folder = image.rpartition("/")[0].rpartition("/")[2]
        if folder not in folders:
            folders[folder] = _spelt(folder)
        if folders[folder] not in ("", emotion):
            raise BadInput(f"{where}: the emotion is {emotion}, but the picture lies in {folder}/")
        yield where, emotion, image, annotation


def _spelt(folder: str) -> str:
    """The emotion that the name of a folder spells, "" when it spells none: it may be called anything."""
    try:
        return normalise_label(folder)
    except BadInput:
        return ""
