"""GAPED: 730 pictures of six kinds with valence and arousal from 0 to 100. Chapter 2, a set to test on.

Dan-Glauser & Scherer 2011. `<kind>_with SD.txt` has a row a picture of one kind (A, H, N, P, Sn, Sp): its file name,
the mean valence and arousal, and after each its standard deviation, in brackets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import Once, names_in
from emolib.corpora.labelled import assemble, candidates, lines_of
from emolib.corpora.tables import Row
from emolib.emotions import rescale
from emolib.errors import BadInput, Unavailable

NAME = "gaped"
PAGE = "https://www.unige.ch/cisa/research/materials-and-online-research/research-material/"
FOLDERS = ("gaped", "GAPED")
KINDS = {
    "A": "animal mistreatment", "H": "human rights violation", "N": "neutral", "P": "positive", "Sn": "snake",
    "Sp": "spider",
}  # fmt: skip
LOW, HIGH = 0.0, 100.0
MAX_SD = (HIGH - LOW) / 2 * 2**0.5  # two raters at the two ends
MAX_TEXT = 1_000_000
DIMENSIONS = ("valence", "arousal")

_CODES = {code.casefold(): code for code in KINDS}
_TABLE = re.compile(r"(a|h|n|p|sn|sp)[ _-]+with[ _-]+sd\.txt", re.IGNORECASE)
_PICTURE = re.compile(r"(a|h|n|p|sn|sp)([0-9]{1,4})(\.[a-z]{3,4})?", re.IGNORECASE)
_SD = re.compile(r"(?<![a-z])(sd|s\.d\.|std|standard[ _]deviation)(?![a-z])")
_TOKEN = re.compile(r"\([^()]*\)|[^\s()]+")
_NAMES = {"name", "file", "filename", "file name", "picture", "image", "item", "id", "stimulus"}
_BEFORE = 20  # lines that may come before the header

CARD = Card(
    name=NAME,
    title="GAPED, the Geneva affective picture database",
    kind="images",
    source=PAGE,
    licence="free for research; the pictures belong to their makers",
    citation="danglauser2011",
    description=(
        "Pictures chosen by theme to be negative (spiders, snakes, people whose rights are violated, mistreated "
        "animals), positive (mostly babies, young animals and nature) or neutral (mostly things)."
    ),
    raters="adults who moved a slider from 0 to 100; how many rated each picture is not in the files",
    labels={
        "group": "kind and number of the first picture with the same bytes, as A/1",
        "picture": "name of the picture without its ending, as A001",
        "kind": f"the theme: {', '.join(KINDS.values())}",
        "valence": "mean rating, 0 (very negative) to 100 (very positive)",
        "arousal": "mean rating, 0 (calm) to 100 (excited)",
        "valence_sd": "standard deviation over raters, in points of the same scale; NaN where the file has none",
        "arousal_sd": "standard deviation over raters, in points of the same scale; NaN where the file has none",
        "valence_1to9": "valence on the scale of the other corpora, 1 + 8 v / 100",
        "arousal_1to9": "arousal on the scale of the other corpora, 1 + 8 a / 100",
    },
    faults=(
        "Its scale is 0 to 100, not 1 to 9. The straight line between the two is a convention: raters who move a "
        "slider do not spread as those who tick one of nine figures.",
        "The theme nearly tells valence: all pictures of four of the six kinds were chosen to be negative.",
        "The pictures are BMP files, while copies of the tables call some of them .jpg; the ending is not compared.",
        "The numbers of the pictures have gaps. How many of each kind there are is not checked, only the sum.",
        "No split is published, so `split` is empty: use cross-validation.",
    ),
    terms="research; cite the paper; many pictures are distressing",
    count=730,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (or in `GAPED/` within); a row for each rated picture that is there.

    In the order of kinds and of their tables. Pictures lie in a folder a kind, or beside the tables. No description of
    the tables is public, so their columns are told by the names in the header, in any order: a file name (its header
    may be empty, it is then the first), `valence` and `arousal`, and SD for the dimension before it or named with it. A
    header without SD is taken too when each number of a row has one in brackets after it. Other columns are left out.

    `table.attrs` lists kinds without a table as `without_table` (a warning names those without pictures), counts
    repeated rows as `repeated` and pictures without a row as `unlisted`; `missing` names rated pictures that are not
    here. Raises Unavailable when all tables or all pictures are absent, BadInput when a row is not what it has to be.
    """
    place, tables = next(
        ((place, found) for place in candidates(folder, ("GAPED",)) if (found := _tables(place))), (folder, {})
    )
    if not tables:
        raise Unavailable(f"{folder} has no table called 'A_with SD.txt', 'H_with SD.txt', ...")
    pictures = _pictures(place)
    once, listed, missing, keys = Once(), set(), [], []
    columns: dict[str, list] = {name: [] for name in ("image", "split", "picture", "kind")}
    columns |= {name: [] for name in (*DIMENSIONS, "valence_sd", "arousal_sd", "valence_1to9", "arousal_1to9")}
    for code, file in tables.items():
        for row in _rows(file):
            key, name = _named(row, code)
            ratings = _ratings(row)
            if not once.first(key, tuple(ratings.values()), f"{file}, line {row.line}"):
                continue
            listed.add(key)
            if key not in pictures:
                missing.append(name)
                continue
            keys.append(key)
            entry = {"image": pictures[key], "split": "", "picture": name, "kind": KINDS[code]} | ratings
            for column, value in entry.items():
                columns[column].append(value)
    if not keys:
        raise Unavailable(f"{place} has none of the {len(missing):,} pictures that its tables list")
    return assemble(
        CARD, place, keys, columns, missing, len(keys) + len(missing), classes=dict.fromkeys(KINDS.values()), by="kind",
        without_table=[code for code in KINDS if code not in tables], repeated=once.repeated,
        unlisted=len(pictures.keys() - listed),
    )  # fmt: skip


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with the page that offers it."""
    return by_hand(
        folder,
        load,
        f"GAPED has to be downloaded by hand, for its address has changed more than once: see {PAGE} (the Geneva "
        f"Affective PicturE Database) and unpack what comes into {folder}",
    )


def _tables(place: Path) -> dict[str, Path]:
    """The table of each kind that has one in `place`, in the order of KINDS. Raises BadInput for two of one kind."""
    found: dict[str, Path] = {}
    for entry in sorted(place.iterdir()):
        if match := _TABLE.fullmatch(entry.name.strip()):
            code = _CODES[match[1].casefold()]
            if code in found:
                raise BadInput(f"{entry} and {found[code].name} are two tables of one kind; keep one")
            found[code] = entry
    return {code: found[code] for code in KINDS if code in found}


def _pictures(place: Path) -> dict[str, str]:
    """Path of each picture by key. Raises BadInput for two files of one picture."""
    found: dict[str, str] = {}
    folders = [folder for code in KINDS if (folder := find_child(place, code)) is not None and folder.is_dir()]
    for base in (place, *folders):
        for name in names_in(base)[0]:
            match = _PICTURE.fullmatch("".join(name.split()))
            if match is None:
                continue
            key, path = _key(match), name if base == place else f"{base.name}/{name}"
            if key in found:
                raise BadInput(f"{place / path} and {found[key]} are two files of picture {key}; keep one")
            found[key] = path
    return found


def _key(match: re.Match[str]) -> str:
    """Kind and number: `A001.bmp` and `a1.jpg` are the same picture."""
    return f"{_CODES[match[1].casefold()]}/{int(match[2])}"


def _named(row: Row, code: str) -> tuple[str, str]:
    """Key and name, as A001, of the picture that a row of the table of `code` rates."""
    match = _PICTURE.fullmatch(row.text("name"))
    if match is None or _CODES[match[1].casefold()] != code:
        raise row.wrong("name", f"is not a picture of this table; it has to be {code} and a number")
    return _key(match), f"{code}{int(match[2]):03d}"


def _ratings(row: Row) -> dict[str, float]:
    """The columns of numbers of a row, in the order of the card."""
    means = {name: row.number(name, LOW, HIGH) for name in DIMENSIONS}
    sds = {
        f"{name}_sd": row.number(f"{name}_sd", 0, MAX_SD) if f"{name}_sd" in row.cells else math.nan
        for name in DIMENSIONS
    }
    return means | sds | {f"{name}_1to9": rescale(value, (LOW, HIGH), (1, 9)) for name, value in means.items()}


def _rows(file: Path) -> Iterator[Row]:
    """The rows below the header, by column; brackets around a standard deviation are taken off."""
    header: list[str] = []
    for line, text in lines_of(file, MAX_TEXT):
        where = f"{file}, line {line}"
        if not header:
            header = _header(text, where)
            if not header and (line > _BEFORE or _PICTURE.fullmatch(text.split()[0])):
                break
            continue
        cells = _TOKEN.findall(text)
        names = header
        if len(cells) != len(header) and not any(name.endswith("_sd") for name in header):
            names = [part for name in header for part in ((name,) if name == "name" else (name, f"{name}_sd"))]
        if len(cells) != len(names):
            raise BadInput(f"{where}: {len(cells)} cells, the header has {len(names)}")
        bracketed = [name for name, cell in zip(names, cells, strict=True) if cell.startswith("(")]
        deviations = [name for name in names if name.endswith("_sd")]
        if bracketed != deviations and (bracketed or names is not header):
            raise BadInput(f"{where}: numbers in brackets have to be the standard deviations, here they are not")
        yield Row(file, line, {name: cell.strip("()") for name, cell in zip(names, cells, strict=True)})
    if not header:
        raise BadInput(f"{file}: no line before the first picture is a header that names valence and arousal")


def _header(text: str, where: str) -> list[str]:
    """A name for each number or word that a row has, [] when `text` names not both dimensions.

    Dimensions and deviations are called as in the table, others `other1`, ...; "valence (sd)" stands for two numbers.
    Raises BadInput for a dimension that is named twice.
    """
    names: list[str] = []
    last = ""
    for k, cell in enumerate((text.split("\t") if "\t" in text else text.split()), start=1):
        low = cell.strip().casefold()
        if not low:
            continue
        named = [dimension for dimension in DIMENSIONS if dimension in low]
        deviation = _SD.search(low)
        if len(named) > 1:
            return []
        if named or not deviation:
            last = named[0] if named else "name" if low in _NAMES else f"other{k}"
        if deviation and re.search(r"\S\s*\(\s*" + _SD.pattern, low):
            names += [last, f"{last}_sd"]
        else:
            names.append(f"{last}_sd" if deviation else last)
    if not set(DIMENSIONS) <= set(names):
        return []
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"{where}: the header names {twice!r} more than once")
    return names if "name" in names else ["name", *names]
