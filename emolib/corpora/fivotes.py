"""The votes of FI's workers, `agg/<emotion>_<k>.csv`, and how they are joined to pictures. Used by `fi`.

A file has no header; a row is emotion, url, disagree, agree. The emotion is the search word by which the picture was
found; it is the question that the workers answered with yes or no. All candidates are there, also those turned down.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd

from emolib.corpora.base import find_child
from emolib.corpora.discrete import Once, label, read_cells, whole
from emolib.corpora.tables import Row
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable

ASKED = 5
PAGE = "https://qzyou.github.io"
ADVICE = (
    f"Ask its authors ({PAGE}), or use `emoset118k`, which has the same eight emotions and is to be had by everyone."
)
_COLUMNS = ("emotion", "url", "disagree", "agree")
_MAX_BYTES = 50_000_000
_MORE = "If the file is right, name the most that a row has: fi.load(folder, asked=...)"


def votes(folder: Path, *, asked: int = ASKED) -> pd.DataFrame:
    """The votes of `agg/<emotion>_<k>.csv` in `folder`, a row a candidate picture, accepted or not.

    Columns: `query` (one of Mikels' eight, the search word and the question), `url`, `disagree` and `agree` (0 to
    `asked`, one vote or more together). `attrs["files"]` counts the files of each emotion, of which the published votes
    have seven, `attrs["repeated"]` the rows that say the same again; one of them is kept.

    Raises Unavailable when there are no such files, BadInput naming file and line for a row that has not four cells, an
    emotion other than the file's, more than `asked` votes or none, and two counts for one address.
    """
    agg = files_of_votes(folder)
    if agg is None:
        raise Unavailable(f"{folder} has no agg/<emotion>_<k>.csv with the votes. {ADVICE}")
    once, rows = Once(), []
    files = dict.fromkeys(MIKELS, 0)
    for emotion, file in agg:
        files[emotion] += 1
        for line, cells in read_cells(file, _MAX_BYTES):
            if len(cells) != len(_COLUMNS):
                raise BadInput(f"{file}, line {line}: {len(cells)} cells; a row is {', '.join(_COLUMNS)}")
            row = Row(file, line, dict(zip(_COLUMNS, cells, strict=True)))
            word = row.text("emotion")  # mostly the very word, ninety thousand times
            if word != emotion and label(word, f"{file}, line {line}, column 'emotion'") != emotion:
                raise row.wrong("emotion", f"is not {emotion}, as the name of the file says")
            url = row.text("url")
            if not _file_name(url) or not url.isprintable():
                raise row.wrong("url", "does not end in the name of a file")
            no, yes = whole(row, "disagree", asked), whole(row, "agree", asked)
            if not 1 <= no + yes <= asked:
                raise row.wrong("agree", f"and {no} against make {no + yes} votes; {asked} were asked. {_MORE}")
            if once.first(f"{emotion} {url}", (no, yes), f"{file}, line {line}"):
                rows.append((emotion, url, no, yes))
    table = pd.DataFrame(rows, columns=["query", *_COLUMNS[1:]])
    table.attrs.update(files=files, repeated=once.repeated)
    return table


def files_of_votes(folder: Path) -> list[tuple[str, Path]] | None:
    """Emotion and path of each file of votes, by emotion and number; None when there is none."""
    places = [folder, *(folder / name for name in ("FI", "emotion_dataset"))]
    agg = next((child for place in places if (child := find_child(place, "agg")) is not None), None)
    if agg is None or not agg.is_dir():
        return None
    found = []
    for file in agg.iterdir():
        if file.suffix.lower() != ".csv" or file.name.startswith("."):
            continue
        match = re.fullmatch(r"(.+)_([0-9]{1,4})", file.stem)
        if match is None:
            raise BadInput(f"{file}: the name is not <emotion>_<number>.csv; move the file away")
        found.append((MIKELS.index(label(match[1], str(file))), int(match[2]), file))
    return [(MIKELS[emotion], file) for emotion, _, file in sorted(found)] or None


def _file_name(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].rpartition("/")[2]


def join(table: pd.DataFrame, columns: dict[str, list], listed: set[str]) -> tuple[dict, list[str], dict]:
    """The columns that the votes add, accepted pictures that are neither here nor `listed`, and what was counted.

    A picture has the votes about its own emotion for an address that ends in its file name; where two such addresses
    have different votes it has none.
    """
    found: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    about: dict[str, set[str]] = defaultdict(set)
    for query, url, no, yes in zip(*(table[name].tolist() for name in table), strict=True):
        name = _file_name(url)
        found[query, name].add((no, yes))
        about[name].add(query)
    added: dict[str, list] = {"agree": [], "disagree": [], "query": [], "accepted": []}
    elsewhere, here = 0, set()
    for image, emotion in zip(columns["image"], columns["emotion"], strict=True):
        name = image.rpartition("/")[2]
        own = found.get((emotion, name), set())
        here.add((emotion, name))
        no, yes = next(iter(own)) if len(own) == 1 else (math.nan, math.nan)
        elsewhere += not own and bool(about.get(name))
        added["agree"].append(float(yes))
        added["disagree"].append(float(no))
        added["query"].append(emotion if len(own) == 1 else "")
        added["accepted"].append(not yes <= no)  # True where nothing is known: somebody kept the picture
    kept = {key for key, own in found.items() if any(yes > no for no, yes in own)}
    missing = sorted(f"{emotion}/{name}" for emotion, name in kept - here if name not in listed)
    counted = {"unvoted": added["query"].count(""), "elsewhere": elsewhere, "files": table.attrs["files"]}
    return added, missing, counted
