"""Abstract: paintings without things in them, and how many people saw which emotion in each. Chapter 1, a small set.

Machajdik & Hanbury 2010. `ABSTRACT_groundTruth.csv` has a row a painting and a column of votes an emotion; its header
and its file names stand in single quotes. As in You et al. 2016, a painting's emotion is the one with most votes.
"""

from __future__ import annotations

from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import Present, assemble, label, names_in, read_cells, relative_path, whole
from emolib.corpora.firstuse import check_sums, fetch_archive
from emolib.corpora.tables import Row
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable

NAME = "abstract"
URL = "https://www.imageemotion.org/testImages_abstract.zip"
FILE = "ABSTRACT_groundTruth.csv"
FOLDERS = ("abstract", "Abstract", "testImages_abstract")
PER_CLASS = dict(zip(MIKELS, (25, 3, 15, 63, 18, 36, 36, 32), strict=True))
PAINTINGS = 280
MAX_BYTES, MAX_FILES, MAX_VOTES = 1 << 30, 5_000, 10_000

CARD = Card(
    name=NAME,
    title="Abstract, paintings of colour and form alone with votes of viewers",
    kind="images",
    source=URL,
    licence="none stated; the paintings belong to their makers",
    citation="machajdik2010",
    description=(
        "Abstract paintings for which viewers chose one of Mikels' eight emotions each. Nothing in them can be "
        "recognised, so what they evoke comes from colour, texture and composition."
    ),
    raters="about 230 people online, about 14 votes a painting",
    labels={
        "group": "emotion and file name of the first picture with the same bytes",
        "emotion": "one of Mikels' eight: the one with most votes",
        ", ".join(f"votes_{emotion}" for emotion in MIKELS): "how many viewers chose the emotion, 0 or more",
    },
    faults=(
        f"The table has {PAINTINGS} paintings. Where the most votes are tied no emotion wins: such rows are left out, "
        "which leaves 228; `attrs` counts them as `dropped`.",
        "The counts that remain: " + ", ".join(f"{name} {count}" for name, count in PER_CLASS.items()) + ".",
        "Three paintings of anger cannot be in five folds: a result for that class is not to be had.",
        "Header and file names stand in single quotes, and the header says 'Content' and 'Sad'.",
        "No split is published, so `split` is empty: use cross-validation.",
        "Nobody published a checksum: a download is recorded in SHA256SUMS and checked against that afterwards.",
    ),
    terms="research; cite the paper",
    count=228,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (or in `testImages_abstract/` within); a row for each painting with one winning emotion.

    In the order of the table on disk. `table.attrs` counts the rows with a tie as `dropped` and the pictures without a
    row as `unlisted`; `missing` names the paintings with an emotion whose picture is not here.

    Raises Unavailable when the table or all pictures are absent, BadInput when the table is not what it has to be or
    bytes differ from those that `fetch` recorded.
    """
    check_sums(folder)
    inner = find_child(folder, "testImages_abstract")
    place = inner if inner is not None and inner.is_dir() else folder
    file = find_child(place, FILE)
    if file is None:
        raise Unavailable(f"{place} has no {FILE}")
    present, seen = Present(place), {}
    images, emotions, votes, missing, dropped = [], [], [], [], 0
    for row, name in _rows(file):
        if name in seen:
            raise row.wrong("name", f"stands in line {seen[name]} already")
        seen[name] = row.line
        counts = [whole(row, emotion, MAX_VOTES) for emotion in MIKELS]
        if counts.count(max(counts)) > 1:
            dropped += 1
        elif name not in present:
            missing.append(name)
        else:
            images.append(name)
            emotions.append(MIKELS[counts.index(max(counts))])
            votes.append(counts)
    if not images:
        raise Unavailable(f"{place} has none of the {len(missing)} paintings with an emotion that {FILE} lists")
    columns = {"image": images, "split": [""] * len(images), "emotion": emotions}
    columns |= {f"votes_{emotion}": [counts[k] for counts in votes] for k, emotion in enumerate(MIKELS)}
    unlisted = len(set(names_in(place)[0]) - seen.keys())
    rated = len(images) + len(missing)
    return assemble(CARD, place, columns, missing, rated, dropped=dropped, unlisted=unlisted)


def fetch(folder: Path, *, progress: bool = True, url: str = URL) -> Path:
    """Download the paintings and their votes into `folder`, unless they are there; returns `folder`.

    No checksum is published: see `firstuse.fetch_archive` for what is recorded and for the errors.
    """
    return fetch_archive(url, folder, load, MAX_BYTES, MAX_FILES, progress=progress)


def _rows(file: Path):  # noqa: ANN202 - pairs of Row and file name
    """Each row, its votes under the names of the emotions, and its file name without quotes."""
    emotions: list[str] = []
    for line, cells in read_cells(file, 10_000_000):
        if not emotions:
            emotions = [label(cell, f"{file}, line {line}, column {k}") for k, cell in enumerate(cells[1:], start=2)]
            if sorted(emotions) != sorted(MIKELS):
                raise BadInput(
                    f"{file}, line {line}: the header has to name a picture and the eight emotions, each once; it has "
                    f"{', '.join(emotions) or 'no emotion'}"
                )
            continue
        if len(cells) != 1 + len(emotions):
            raise BadInput(f"{file}, line {line}: {len(cells)} cells, the header has {1 + len(emotions)}")
        row = Row(file, line, dict(zip(["name", *emotions], cells, strict=True)))
        name = relative_path(cells[0].strip().strip("'").strip())
        if name is None or "/" in name:
            raise row.wrong("name", "is not the name of a picture")
        yield row, name
    if not emotions:
        raise BadInput(f"{file} is empty; fetch it again")
