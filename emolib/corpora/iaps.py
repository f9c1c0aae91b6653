"""IAPS: the International Affective Picture System with valence and arousal. Chapter 2, and IAPSsubset's ratings.

Lang, Bradley & Cuthbert 2008. `AllSubjects_1-20.txt` has, below some lines about itself, a row a picture and set with
tabs between its cells; pictures are called `<number>.jpg`. Nobody may pass them on, so everyone has them in folders of
his own making.
"""

from __future__ import annotations

import filecmp
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import names_in, read_cells
from emolib.corpora.labelled import assemble, pictures_below
from emolib.corpora.tables import Row
from emolib.errors import BadInput, Unavailable

NAME = "iaps"
FOLDERS = ("iaps", "IAPS_1-20", "IAPS 1-20", "IAPS")
RATINGS = "AllSubjects_1-20.txt"
LOW, HIGH = 1.0, 9.0
MAX_SD = (HIGH - LOW) / 2 * 2**0.5  # two raters at the two ends
MAX_TEXT = 10_000_000
_MEANS = {"valence": "valmn", "arousal": "aromn"}
_SDS = {"valence_sd": "valsd", "arousal_sd": "arosd"}
_PREAMBLE = 50

CARD = Card(
    name=NAME,
    title="IAPS, the International Affective Picture System",
    kind="images",
    source="https://csea.phhp.ufl.edu/media.html",
    licence="given on request for research without profit; not to be shown in public or passed on",
    citation="lang2008",
    description=(
        "Photographs of people, animals, things and scenes, from babies to mutilated bodies, rated in twenty sets: the "
        "standard in the psychology of emotion to which later sets are compared."
    ),
    raters="about 100 students a picture, with the Self-Assessment Manikin",
    labels={
        "group": "number of the first picture with the same bytes",
        "picture": "number of the picture, as text, for some have a decimal: '2055.1'",
        "description": "what the table calls the picture, as 'Snake'; empty where it does not",
        "valence": "mean rating, 1 (unhappy) to 9 (happy)",
        "arousal": "mean rating, 1 (calm) to 9 (excited)",
        "valence_sd": "standard deviation over raters, in points of the same scale; NaN where the table has none",
        "arousal_sd": "standard deviation over raters, in points of the same scale; NaN where the table has none",
        "ratings": "how many different rows of the table were averaged: 1, for some 2",
    },
    faults=(
        f"{RATINGS} begins with lines about the file, and lists some pictures twice, rated in two sets of pictures. "
        "Here they get the mean of the two (of the variances for a standard deviation), which is our choice; `attrs` "
        "counts them as `averaged`. The subset of Mikels et al. takes the first, as a public loader does.",
        "1,182 is the number that papers give for the edition of 2008; older editions have fewer.",
        "Dominance is left out: its two pairs of columns come from two forms of the scale.",
        "Numbers are not names: 1050 and 1051 may show the same thing, and nothing tells which pictures look alike.",
        "No split is published, so `split` is empty: use cross-validation.",
    ),
    terms="do not pass on, do not show in public, cite the manual",
    count=1_182,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`; a row for each rated picture that is there, by number.

    Ratings and pictures are looked for anywhere inside `folder`, three levels deep. `table.attrs` counts rows that say
    what another said as `repeated`, pictures with several different ratings as `averaged`, pictures without a rating,
    and pictures not called by a number, as `unlisted`, and further files of one picture with the same bytes as
    `copies`; `missing` names rated pictures that are not here.

    Raises Unavailable when the ratings or all pictures are absent; BadInput for ratings that are not what they have to
    be, two ratings of a picture in one set, and two files of a picture with different bytes.
    """
    file = _ratings_file(folder) if folder.is_dir() else None
    if file is None:
        raise Unavailable(f"{folder} has no {RATINGS}")
    rated, repeated = _ratings(file)
    pictures, unlisted, copies = _pictures(folder)
    here = sorted(rated.keys() & pictures.keys(), key=_order)
    missing = sorted(rated.keys() - pictures.keys(), key=_order)
    if not here:
        raise Unavailable(f"{folder} has none of the {len(rated):,} pictures that {RATINGS} lists, as <number>.jpg")
    entries = [_mean(rated[number]) for number in here]
    columns: dict[str, list] = {"image": [pictures[number] for number in here], "split": [""] * len(here)}
    columns |= {"picture": here} | {name: [entry[name] for entry in entries] for name in entries[0]}
    return assemble(
        CARD, folder, here, columns, missing, len(rated), classes={},
        repeated=repeated, averaged=sum(len(rows) > 1 for rows in rated.values()), copies=copies,
        unlisted=unlisted + len(pictures.keys() - rated.keys()),
    )  # fmt: skip


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do, for nobody may pass it on."""
    return by_hand(
        folder,
        load,
        f"The IAPS cannot be downloaded: ask for it at {CARD.source}, then put the pictures, <number>.jpg, and "
        f"{RATINGS} into {folder}",
    )


def picture_number(text: str) -> str | None:
    """The number of a picture as one writes it, `2055.1` for `2055.10`; None when it is none."""
    match = re.fullmatch(r"([0-9]{3,5})(?:\.([0-9])0*)?", text.strip())
    return None if match is None else match[1] + (f".{match[2]}" if match[2] not in (None, "0") else "")


def rating_rows(file: Path, needed: Sequence[str] = tuple(_MEANS.values())) -> Iterator[tuple[str, Row]]:
    """Number of the picture and cells, by the names of the header in small letters, of each row of ratings.

    The header is the first line that names IAPS and all of `needed`, once each. Raises BadInput when none of the first
    lines is one, for a row of another length, and for what is no number of a picture.
    """
    header: list[str] = []
    for line, cells in read_cells(file, MAX_TEXT, "\t"):
        cells = [cell.strip() for cell in cells]
        if not header:
            lower = [cell.lower() for cell in cells]
            if all(lower.count(name) == 1 for name in ("iaps", *needed)):
                header = lower
            elif line > _PREAMBLE:
                break
            continue
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise BadInput(f"{file}, line {line}: {len(cells)} cells, the header has {len(header)}")
        row = Row(file, line, dict(zip(header, cells, strict=True)))
        number = picture_number(row.text("iaps"))
        if number is None:
            raise row.wrong("iaps", "is not the number of a picture")
        yield number, row
    if not header:
        raise BadInput(
            f"{file}: none of the first {_PREAMBLE} lines is the header, with IAPS, {' and '.join(needed)} between tabs"
        )


def _ratings(file: Path) -> tuple[dict[str, list[dict]], int]:
    """The different ratings of each picture in the order of the file, and how many rows said the same again."""
    rated: dict[str, list[dict]] = {}
    sets: dict[tuple[str, str], int] = {}
    repeated = 0
    for number, row in rating_rows(file):
        entry: dict = {"description": row.cells.get("desc", "")}
        entry |= {name: row.number(column, LOW, HIGH) for name, column in _MEANS.items()}
        for name, column in _SDS.items():
            absent = row.cells.get(column, ".") == "."
            entry[name] = math.nan if absent else row.number(column, 0, MAX_SD)
        known = rated.setdefault(number, [])
        if any(list(entry.values())[1:] == list(other.values())[1:] for other in known):
            repeated += 1
            continue
        if "set" in row.cells:
            first = sets.setdefault((number, row.cells["set"]), row.line)
            if first != row.line:
                raise row.wrong("iaps", f"has another rating in the same set in line {first}; keep one")
        known.append(entry)
    return rated, repeated


def _mean(rows: list[dict]) -> dict:
    """One entry of the table: what the only row says, or the means of several."""
    entry = dict(rows[0])
    if len(rows) > 1:
        entry |= {name: math.fsum(row[name] for row in rows) / len(rows) for name in _MEANS}
        entry |= {name: math.sqrt(math.fsum(row[name] ** 2 for row in rows) / len(rows)) for name in _SDS}
    return entry | {"ratings": len(rows)}


def _ratings_file(folder: Path, depth: int = 3) -> Path | None:
    """The table of ratings in `folder` or below. Raises BadInput for two that differ."""
    found = [file] if (file := find_child(folder, RATINGS)) is not None else []
    if depth:
        inner = [_ratings_file(folder / name, depth - 1) for name in names_in(folder)[1]]
        found += [file for file in inner if file is not None]
    for other in found[1:]:
        if not filecmp.cmp(found[0], other, shallow=False):
            raise BadInput(f"{found[0]} and {other} differ; keep one")
    return found[0] if found else None


def _pictures(folder: Path) -> tuple[dict[str, str], int, int]:
    """Path of each picture by number, how many are not called by a number, and how many are copies of another."""
    found: dict[str, str] = {}
    unnumbered = copies = 0
    for path in pictures_below(folder):
        name = path.rpartition("/")[2]
        number = picture_number(name.rpartition(".")[0])
        if number is None:
            unnumbered += 1
        elif number not in found:
            found[number] = path
        elif filecmp.cmp(folder / found[number], folder / path, shallow=False):
            copies += 1
        else:
            raise BadInput(f"{folder / path} and {found[number]} are two different files of picture {number}; keep one")
    return found, unnumbered, copies


def _order(number: str) -> tuple[float, str]:
    return float(number), number
