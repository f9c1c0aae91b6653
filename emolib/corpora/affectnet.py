"""AffectNet: faces from the web with one of eight expressions, and with valence and arousal. Chapter 5.

Mollahosseini, Hasani & Mahoor 2019. `Manually_Annotated_file_lists/{training,validation}.csv`, a face a row; the
pictures lie in `Manually_Annotated_Images/<folder>/<file>`. The list for validation is also handed on without header.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import Once, Present, relative_path, whole
from emolib.corpora.tables import Row
from emolib.emotions import VOCABULARIES
from emolib.errors import BadInput, Unavailable

NAME = "affectnet"
PAGE = "http://mohammadmahoor.com/affectnet/"
FOLDERS = ("affectnet", "AffectNet")
EMOTIONS = tuple(VOCABULARIES["affectnet"])
#: The numbers of the column `expression`; the authors call 1 and 2 Happy and Sad.
NUMBERS = dict(enumerate(EMOTIONS))
#: Rows with these numbers have no emotion and are left out.
DROPPED = {8: "none", 9: "uncertain", 10: "non-face"}
#: Faces of each emotion in the lists, as papers that use AffectNet report them.
PER_CLASS = {
    "train": dict(zip(EMOTIONS, (74_874, 134_415, 25_459, 14_090, 6_378, 3_803, 24_882, 3_750), strict=True)),
    "val": dict.fromkeys(EMOTIONS, 500),
}
LISTS = {"train": ("training", "train"), "val": ("validation", "val")}
HEADER = (
    "subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression",
    "valence", "arousal",
)  # fmt: skip
BOX = HEADER[1:5]
MAX_BYTES = 4 << 30
NOT_GIVEN = -2.0
ADVICE = f"Ask its authors ({PAGE}); they give it to researchers who sign an agreement"
_MOST_PIXELS = 100_000

CARD = Card(
    name=NAME,
    title="AffectNet, faces from the web with expressions",
    kind="images",
    source=PAGE,
    licence="an agreement with the authors, for research; the pictures belong to third parties",
    citation="mollahosseini2019",
    description=(
        "Pictures found on the web with emotion words in six languages, cut to faces, with an expression and with "
        "valence and arousal. What is judged is the face, not what the picture evokes."
    ),
    raters="one trained annotator a face, of twelve; two saw a sample and agreed on 60.7% of its expressions",
    labels={
        "group": "file name of the picture, a hash: the same name in two folders is the same picture (assumed)",
        "split": "train (training.csv) or val (validation.csv)",
        "emotion": "one of " + ", ".join(EMOTIONS) + "; by number in the file",
        "valence": "-1 (negative) to 1 (positive), NaN where not given (-2 in the file)",
        "arousal": "-1 (calm) to 1 (excited), NaN where not given (-2 in the file)",
        ", ".join(BOX): "the face in pixels: left, top, width, height; NaN where the list has none",
    },
    faults=(
        "Faces of each emotion for training, as papers report them: "
        + ", ".join(f"{name} {count:,}" for name, count in PER_CLASS["train"].items())
        + "; 500 each for validation, and 499 of contempt in some copies.",
        "Rows of the classes 8 (none), 9 (uncertain) and 10 (no face) have no emotion; they are left out and counted.",
        "The list for validation is also handed on without a header.",
        "A part of the boxes is missing or negative; such a box is NaN here and counted.",
        "The 68 landmarks are not read.",
        "The classes are very unequal: happiness and neutral make 73% of the training part, contempt 1.3%; compare an "
        "accuracy with the share of the largest class.",
        "There is no published test part; papers test on validation.",
    ),
    terms="research after signing; faces of real people: no publishing beyond the agreement",
    count=sum(sum(counts.values()) for counts in PER_CLASS.values()),
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`; a row for each face with one of eight emotions whose picture is there, in list order.

    `table.attrs` names the absent pictures as `missing` and counts `dropped` rows by class, `repeated` rows, faces
    `unboxed`, `per_class` for each split; `differences` says in words where a list differs from the published counts.

    Raises Unavailable when both lists or all pictures are absent; BadInput naming file and line for what is not what it
    has to be, and for a face with two labels.
    """
    files = _lists(folder)
    present, above = Present(folder), _pictures(folder)
    once, counted, dropped = Once(), {split: Counter() for split in files}, dict.fromkeys(DROPPED.values(), 0)
    rows, missing, unboxed, rated = [], [], 0, 0
    for split, file in files.items():
        for row in _rows(file):
            path = relative_path(row.text(HEADER[0]))
            if path is None:
                raise row.wrong(HEADER[0], "is not the path of a picture below the list")
            number = whole(row, "expression", max(DROPPED))
            affect = [_affect(row, name) for name in ("valence", "arousal")]
            if number in DROPPED:
                dropped[DROPPED[number]] += 1
                continue
            box = _box(row)
            labels = (NUMBERS[number], split, *("none" if math.isnan(x) else f"{x:g}" for x in affect))
            if not once.first(f"{path} at {box}", labels, f"{file}, line {row.line}"):
                continue
            rated += 1
            counted[split][NUMBERS[number]] += 1
            image = next((name for name in (above + path, path) if name in present), None)
            if image is None:
                missing.append(path)
                continue
            unboxed += box is None
            rows.append((image, path.rpartition("/")[2], split, NUMBERS[number], *affect, *(box or (math.nan,) * 4)))
    if not rows:
        raise Unavailable(f"{folder} has none of the {len(missing):,} pictures that its lists name")
    table = pd.DataFrame(rows, columns=["image", "group", "split", "emotion", "valence", "arousal", *BOX])
    table.attrs.update(
        expected=CARD.count,
        rated=rated,
        found=len(table),
        missing=missing,
        dropped=dropped,
        repeated=once.repeated,
        unboxed=unboxed,
        per_class={split: {name: counts[name] for name in EMOTIONS} for split, counts in counted.items()},
        differences=[
            f"{split}: {counted[split][name]:,} rows of {name} in the list, {PER_CLASS[split][name]:,} are reported"
            for split in files
            for name in EMOTIONS
            if counted[split][name] != PER_CLASS[split][name]
        ],
    )
    return Corpus(NAME, table, CARD, folder)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do."""
    return by_hand(folder, load, f"AffectNet cannot be downloaded by a program. {ADVICE}. Put it into {folder}")


def _lists(folder: Path) -> dict[str, Path]:
    """The lists that are there, by split. Raises Unavailable when there is none."""
    inner = find_child(folder, "Manually_Annotated_file_lists")
    places = [place for place in (inner, folder) if place is not None and place.is_dir()]
    tries = {split: [find_child(p, f"{name}.csv") for p in places for name in names] for split, names in LISTS.items()}
    files = {split: file for split, found in tries.items() if (file := next(filter(None, found), None)) is not None}
    if not files:
        raise Unavailable(f"{folder} has no Manually_Annotated_file_lists/training.csv or validation.csv. {ADVICE}")
    return files


def _pictures(folder: Path) -> str:
    """What stands before the paths of the lists, below the folder: "" or the folder of pictures with a slash."""
    outer = find_child(folder, "Manually_Annotated")
    for place in (folder, outer):
        images = find_child(place, "Manually_Annotated_Images") if place is not None else None
        if images is not None and images.is_dir():
            return f"{images.relative_to(folder).as_posix()}/"
    return f"{outer.name}/" if outer is not None and outer.is_dir() else ""


def _rows(file: Path) -> Iterator[Row]:
    """The rows, one after the other (a list has hundreds of megabytes); a header is not needed, but must be right."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise BadInput(f"{file} has more than {MAX_BYTES:,} bytes; a list of this corpus has fewer")
        opened = open(file, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}") from error
    line = 1
    with opened:
        reader = csv.reader(opened, strict=True)
        try:
            for cells in reader:
                if reader.line_num != line:
                    raise BadInput(
                        f"{file}, line {line}: a cell runs on to line {reader.line_num}; a quote is misplaced"
                    )
                header = line == 1 and cells and cells[0].strip().casefold() == HEADER[0].casefold()
                if header and tuple(cell.strip() for cell in cells) != HEADER:
                    raise BadInput(f"{file}, line 1: the header has to read {','.join(HEADER)}")
                if cells and not header:
                    if len(cells) != len(HEADER):
                        raise BadInput(f"{file}, line {line}: {len(cells)} cells; a row is {', '.join(HEADER)}")
                    yield Row(file, line, dict(zip(HEADER, cells, strict=True)))
                line = reader.line_num + 1
        except csv.Error as error:
            raise BadInput(f"{file}, line {line}: not comma-separated text ({error})") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{file}, after line {line - 1}: not UTF-8 text ({error.reason})") from error


def _affect(row: Row, column: str) -> float:
    """Valence or arousal, NaN for the -2 that stands for none. BadInput for what is neither."""
    value = row.number(column, NOT_GIVEN, 1)
    if value == NOT_GIVEN:
        return math.nan
    if value < -1:
        raise row.wrong(column, "is outside the range; it has to be from -1 to 1, or -2 for none")
    return value


def _box(row: Row) -> tuple[float, ...] | None:
    """Left, top, width and height of the face; None when the list has no box, which it says in several ways."""
    cells = [row.cells[name].strip() for name in BOX]
    if all(cell.casefold() in ("", "null", "nan") for cell in cells):
        return None
    box = tuple(row.number(name, -_MOST_PIXELS, _MOST_PIXELS) for name in BOX)
    return None if box[2] <= 0 or box[3] <= 0 else box
