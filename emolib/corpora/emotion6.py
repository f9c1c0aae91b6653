"""Emotion6: 1,980 photographs with shares of seven emotions, valence and arousal. In the profile `open`.

Peng et al. 2015. `ground_truth.txt` has a row a picture and, between tabs, its name and the means of its viewers; the
folder of a picture is the word that it was found with.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import Once, read_cells
from emolib.corpora.firstuse import check_sums, fetch_archive
from emolib.corpora.labelled import assemble, candidates, label, listed_picture, pictures_by_key
from emolib.corpora.tables import Row
from emolib.errors import BadInput, Unavailable

NAME = "emotion6"
URL = "http://chenlab.ece.cornell.edu/people/kuanchuan/publications/Emotion6.zip"
FILE = "ground_truth.txt"
FOLDERS = ("emotion6", "Emotion6")
VOCABULARY = "emotion6"
EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
FELT = (*EMOTIONS, "neutral")
PER_CLASS = dict.fromkeys(EMOTIONS, 330)
LOW, HIGH = 1.0, 9.0
TOLERANCE = 0.05
MAX_BYTES, MAX_FILES, MAX_TEXT = 4 << 30, 10_000, 10_000_000

_IMAGE = {"image_filename", "image filename", "image_name", "image", "filename", "file"}
_COLUMNS = ("image", "valence", "arousal", *(f"p_{emotion}" for emotion in FELT))

CARD = Card(
    name=NAME,
    title="Emotion6, photographs with a distribution over seven emotions",
    kind="images",
    source=URL,
    licence="academic research only; the photographs belong to their makers",
    citation="peng2015",
    description=(
        "Photographs from Flickr, 330 found with each of six emotion words or their synonyms. Viewers said which "
        "emotions each evokes, and rated valence and arousal."
    ),
    raters="paid workers online, 15 a picture by the paper; only their means are published",
    labels={
        "group": "emotion and number of the first picture with the same bytes",
        "emotion": "the word that the picture was found with, as its folder says: one of Ekman's six, with 'joy'",
        "strongest": "the one of seven (the six and neutral) with the highest probability; empty where it is tied",
        ", ".join(f"p_{emotion}" for emotion in FELT): (
            "share of the viewers' answers that chose the emotion, 0 to 1, as published and not made to add up to 1"
        ),
        "valence": "mean rating, 1 (negative) to 9 (positive)",
        "arousal": "mean rating, 1 (calm) to 9 (excited)",
    },
    faults=(
        "The folder is a search word, not an answer: in many pictures another emotion is the strongest. Say which of "
        "the two a model was trained on.",
        "The published counts: 330 of each of six emotions. There is no folder of neutral pictures, though viewers "
        "could answer so.",
        f"The probabilities are rounded; a row whose seven do not add up to 1 within {TOLERANCE} is refused. That "
        "allows for two decimals each (.035) and is less than one of 15 votes (.067); the limit is our choice.",
        "EmotionROI has the same pictures: never train on one and test on the other.",
        "No split is published, so `split` is empty: use cross-validation.",
        "Nobody published a checksum: a download is recorded in SHA256SUMS and checked against that afterwards.",
    ),
    terms="academic research; cite the paper",
    count=1_980,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (or in `Emotion6/` within); a row for each listed picture that is there.

    In the order of `ground_truth.txt`, whose columns are told by their names in the first line. We assume what the
    archive's own description says: one line a picture with tabs between its cells; spaces are taken too when the first
    line has no tab. `table.attrs` counts repeated rows as `repeated`, pictures without a row as `unlisted`, rows whose
    highest probability is shared as `tied`; `missing` names listed pictures that are not here.

    Raises Unavailable when the table or all pictures are absent, BadInput when a row is not what it has to be or bytes
    differ from those that `fetch` recorded.
    """
    place = next((place for place in candidates(folder, ("Emotion6",)) if find_child(place, FILE)), None)
    if place is None:
        raise Unavailable(f"{folder} has no {FILE}")
    check_sums(folder)
    file, base = find_child(place, FILE), find_child(place, "images")
    pictures = pictures_by_key(base, EMOTIONS, VOCABULARY) if base is not None and base.is_dir() else {}
    once, listed, missing, keys = Once(), set(), [], []
    columns: dict[str, list] = {name: [] for name in ("image", "split", "emotion", "strongest", *_COLUMNS[3:])}
    columns |= {"valence": [], "arousal": []}
    for row in _rows(file):
        where = f"{file}, line {row.line}"
        emotion, key, name = listed_picture(row.cells["image"], EMOTIONS, VOCABULARY, where)
        entry = {"split": "", "emotion": emotion} | _answers(row, where)
        if not once.first(key, tuple(entry.values())[1:], where):
            continue
        listed.add(key)
        if key not in pictures:
            missing.append(name)
            continue
        keys.append(key)
        for column, value in ({"image": pictures[key]} | entry).items():
            columns[column].append(value)
    if not keys:
        raise Unavailable(f"{place} has none of the {len(missing):,} pictures that {FILE} lists, in images/<emotion>/")
    return assemble(
        CARD, place, keys, columns, missing, len(keys) + len(missing),
        classes=PER_CLASS, repeated=once.repeated, unlisted=len(pictures.keys() - listed),
        tied=columns["strongest"].count(""),
    )  # fmt: skip


def fetch(folder: Path, *, progress: bool = True, url: str = URL) -> Path:
    """Download the photographs and their ratings into `folder`, unless they are there; returns `folder`.

    No checksum is published: see `firstuse.fetch_archive` for what is recorded and for the errors.
    """
    return fetch_archive(url, folder, load, MAX_BYTES, MAX_FILES, progress=progress)


def _answers(row: Row, where: str) -> dict[str, str | float]:
    """The labels of a row by column. Raises BadInput for a number out of range and probabilities that miss 1."""
    probabilities = [row.number(f"p_{emotion}", 0, 1) for emotion in FELT]
    total = math.fsum(probabilities)
    if abs(total - 1) > TOLERANCE:
        raise BadInput(f"{where}: the seven probabilities add up to {total:.4g}; it has to be 1 within {TOLERANCE}")
    most = max(probabilities)
    strongest = FELT[probabilities.index(most)] if probabilities.count(most) == 1 else ""
    return (
        {"strongest": strongest}
        | {f"p_{emotion}": value for emotion, value in zip(FELT, probabilities, strict=True)}
        | {name: row.number(name, LOW, HIGH) for name in ("valence", "arousal")}
    )


def _rows(file: Path) -> Iterator[Row]:
    """The rows below the header, their cells by `_COLUMNS`."""
    header: list[str] = []
    spaced = False
    for line, cells in read_cells(file, MAX_TEXT, "\t"):
        if not any(cell.strip() for cell in cells):
            continue
        least = len(header)
        spaced = spaced or (not header and len(cells) == 1)
        if spaced:  # "[prob. anger]" is one name though it has a space in it
            cells = re.findall(r"\[[^\]]*\]|\S+", " ".join(cells))
        while len(cells) > least and not cells[-1].strip():  # tabs at the end of a line
            cells = cells[:-1]
        if not header:
            header = [_column(name, f"{file}, line {line}, column {k}") for k, name in enumerate(cells, start=1)]
            if sorted(header) != sorted(_COLUMNS):
                raise BadInput(
                    f"{file}, line {line}: the header has to name {', '.join(_COLUMNS)}, each once; it has "
                    f"{', '.join(header)}"
                )
            continue
        if len(cells) != len(header):
            raise BadInput(f"{file}, line {line}: {len(cells)} cells, the header has {len(header)}")
        yield Row(file, line, dict(zip(header, cells, strict=True)))
    if not header:
        raise BadInput(f"{file} is empty; fetch it again")


def _column(name: str, where: str) -> str:
    """The column that a cell of the header names, as `[prob. anger]` names p_anger."""
    bare = name.strip().strip("[]").strip().casefold()
    if bare in _IMAGE:
        return "image"
    return bare if bare in ("valence", "arousal") else f"p_{label(name, VOCABULARY, where)}"
