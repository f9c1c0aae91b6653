"""OASIS: 900 photographs with the valence and arousal that people saw in them. The default corpus of chapter 2.

Kurdi, Lozano & Banaji 2017. Each photograph belongs to a numbered series ("Beach 1" to "Beach 8") whose members look
alike: the series is the `group`, and a split that ignores it measures memory.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child, hash_files
from emolib.corpora.fetching import download, extract
from emolib.corpora.places import downloads
from emolib.corpora.tables import read_csv
from emolib.errors import BadInput, Unavailable

NAME = "oasis"
REPOSITORY, COMMIT = "bkurdi/shiny-server", "1a3bcada01115bbe651bf0e69f7410c8ef63cc94"
URL = f"https://codeload.github.com/{REPOSITORY}/zip/{COMMIT}"
FOLDERS = ("oasis", "OASIS", "OASIS_database_2016", f"shiny-server-{COMMIT}")

# SHA-256 over the lines "<sha256>  <name>" of OASIS.csv and the 900 photographs, sorted by name. The bytes of the
# archive that the host packs may change from year to year; those of the files in it do not.
MANIFEST = "b20a6968708196296339c5c97d169065ac8cd76c2ca27f6571f9ad4fd047cb00"

LOW, HIGH = 1.0, 7.0
MAX_SD = (HIGH - LOW) / 2 * 2**0.5  # two raters at the two ends
_COLUMNS = {
    "valence": ("Valence_mean", "Valence_SD", "Valence_N"),
    "arousal": ("Arousal_mean", "Arousal_SD", "Arousal_N"),
}

CARD = Card(
    name=NAME,
    title="OASIS, the Open Affective Standardized Image Set",
    kind="images",
    source=f"https://github.com/{REPOSITORY}/tree/{COMMIT}",
    licence="free for research; the photographs were chosen among those labelled for reuse with modification",
    citation="kurdi2017",
    description=(
        "Colour photographs of 500 x 400 pixels, of people, animals, objects and scenes, in numbered series of one "
        "theme, rated for valence and for arousal."
    ),
    raters="adults recruited online; 100 to 108 ratings for each photograph and dimension",
    labels={
        "group": "the theme's series in small letters, as 'beach'; never split a group between training and test",
        "theme": "name of the photograph, as 'Beach 1'",
        "category": "Animal, Object, Person or Scenery",
        "source": "where the photograph comes from; keep it as attribution",
        "valence": "mean rating, 1 (very negative) to 7 (very positive)",
        "arousal": "mean rating, 1 (very low) to 7 (very high)",
        "valence_sd": "standard deviation over raters, in points of the same scale",
        "arousal_sd": "standard deviation over raters, in points of the same scale",
        "valence_n": "number of raters",
        "arousal_n": "number of raters",
    },
    faults=(
        "OASIS.csv ends its lines with a carriage return alone.",
        "Two themes, 'Crosswalk 1' and 'War 2', end in a space.",
        "'Monkey 3.jpg' is a PNG with transparency.",
        "The members of a series look alike; folds that ignore the 248 series give correlations that are too high.",
        "'Gorrila' is spelt so.",
    ),
    terms="cite the paper; some series show nudity, injury or death",
    count=900,
    showable=True,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`, which holds `OASIS.csv` and `images/`; a row for each photograph that is there.

    Valence and arousal stay on the scale of the raters, 1 to 7. `table.attrs["missing"]` lists the themes that have a
    rating but no photograph here. Raises Unavailable when the ratings or all photographs are absent, BadInput when the
    ratings are not what they have to be.
    """
    table_file = find_child(folder, "OASIS.csv")
    images = find_child(folder, "images")
    if table_file is None or images is None:
        lacking = "OASIS.csv" if table_file is None else "images/"
        raise Unavailable(f"{folder} has no {lacking}")
    pictures = _pictures(images)
    entries, missing, seen = [], [], {}
    columns = ["Theme", "Category", "Source", *(name for names in _COLUMNS.values() for name in names)]
    for row in read_csv(table_file, columns):
        theme = row.text("Theme")
        key = _key(theme)
        if key in seen:
            raise row.wrong("Theme", f"stands in line {seen[key]} already")
        seen[key] = row.line
        entry = {
            "image": "",
            "group": re.sub(r"\s*\d+$", "", theme).casefold(),
            "split": "",
            "theme": theme,
            "category": row.text("Category"),
            "source": row.text("Source"),
        }
        for label, (mean, _, _) in _COLUMNS.items():
            entry[label] = row.number(mean, LOW, HIGH)
        for label, (_, sd, _) in _COLUMNS.items():
            entry[f"{label}_sd"] = row.number(sd, 0, MAX_SD)
        for label, (_, _, n) in _COLUMNS.items():
            entry[f"{label}_n"] = row.count(n)
        if key not in pictures:
            missing.append(theme)
            continue
        entry["image"] = f"{images.name}/{pictures[key]}"
        entries.append(entry)
    if not entries:
        raise Unavailable(f"{images} has none of the {len(seen)} photographs that {table_file.name} lists")
    table = pd.DataFrame(entries)
    table.attrs.update(expected=CARD.count, rated=len(seen), found=len(entries), missing=missing)
    return Corpus(NAME, table, CARD, folder)


def fetch(folder: Path, *, progress: bool = True, url: str = URL, manifest: str = MANIFEST) -> Path:
    """Download all photographs and ratings (about 85 MB) into `folder`, unless they are there; returns `folder`.

    Whatever is there or arrives has to be, byte for byte, what the book was written with (`manifest`). Raises
    Unavailable when the source cannot be reached, BadInput when the files are others or `folder` holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if fault := difference(folder, manifest):
            raise BadInput(f"{folder} {fault}; move it away, then fetch again")
        return folder

    def check(unpacked: Path) -> None:
        if fault := difference(unpacked, manifest):
            raise BadInput(f"what {url} gave is not the published corpus: it {fault}. It was thrown away; try again")

    archive = downloads() / f"oasis-{COMMIT[:12]}.zip"
    download(url, archive, progress=progress, max_bytes=400_000_000)
    try:
        extract(archive, folder, 400_000_000, 2_000, keep=_wanted, check=check)
    except BadInput:
        _discard(archive)
        raise
    _discard(archive)
    return folder


def difference(folder: Path, manifest: str = MANIFEST) -> str:
    """How `folder` differs from the published ratings and photographs, as the rest of a sentence; "" if in no byte."""
    table_file, images = find_child(folder, "OASIS.csv"), find_child(folder, "images")
    names = {} if images is None else _pictures(images)
    files = {f"images/{_tidy(Path(name).stem)}.jpg": images / name for name in names.values()}
    if table_file is None:
        return "has no OASIS.csv"
    if manifest_of({"OASIS.csv": table_file, **files}) == manifest:
        return ""
    listed = {_key(row.text("Theme")) for row in read_csv(table_file, ["Theme"])}
    present = len(listed & names.keys())
    counted = f"has {present} of the {len(listed)} photographs that OASIS.csv lists"
    if present < len(listed):
        return counted
    return f"{counted}, but the bytes of at least one file are not the published ones"


def manifest_of(files: dict[str, Path]) -> str:
    """SHA-256 (hex) over the lines "<sha256>  <name>", sorted by name: one number for a whole tree of files."""
    names = sorted(files)
    digests = hash_files([files[name] for name in names])
    return hashlib.sha256("".join(f"{d}  {n}\n" for d, n in zip(digests, names, strict=True)).encode()).hexdigest()


def _discard(archive: Path) -> None:
    """Remove the archive and its recorded checksum, for the host may pack the same files into other bytes next time."""
    archive.unlink(missing_ok=True)
    archive.with_name(archive.name + ".sha256").unlink(missing_ok=True)


def _wanted(member: PurePosixPath) -> PurePosixPath | None:
    """Where a member of the archive goes: only the ratings and the photographs are taken out of its top folder."""
    parts = member.parts[1:]
    if parts == ("OASIS.csv",) or (len(parts) == 2 and parts[0] == "images" and parts[1].lower().endswith(".jpg")):
        return PurePosixPath(*parts)
    return None


def _pictures(images: Path) -> dict[str, str]:
    """File names in `images` by key of their theme, so that case and stray spaces do not matter."""
    found: dict[str, list[str]] = {}
    for entry in sorted(images.iterdir()):
        if entry.suffix.strip().lower() in (".jpg", ".jpeg", ".png") and not entry.name.startswith("."):
            found.setdefault(_key(entry.stem), []).append(entry.name)
    for names in found.values():
        if len(names) > 1:
            raise BadInput(f"{images} has more than one file for the same photograph: {', '.join(map(repr, names))}")
    return {key: names[0] for key, names in found.items()}


def _tidy(theme: str) -> str:
    return " ".join(theme.split())


def _key(theme: str) -> str:
    return _tidy(theme).casefold()
