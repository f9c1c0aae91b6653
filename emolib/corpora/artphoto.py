"""ArtPhoto: 806 artistic photographs with the emotion that their makers meant. Chapter 1, a small set of You et al.

Machajdik & Hanbury 2010. The emotion is the beginning of a file's name, `<token>_<n>.jpg`.
"""

from __future__ import annotations

import re
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import assemble, label, names_in
from emolib.corpora.firstuse import check_sums, fetch_archive
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable

NAME = "artphoto"
URL = "https://www.imageemotion.org/testImages_artphoto.zip"
FOLDERS = ("artphoto", "ArtPhoto", "testImages_artphoto")
PER_CLASS = dict(zip(MIKELS, (101, 77, 102, 70, 70, 105, 115, 166), strict=True))
MAX_BYTES, MAX_FILES = 2 << 30, 5_000

CARD = Card(
    name=NAME,
    title="ArtPhoto, artistic photographs by the emotion that they were meant to evoke",
    kind="images",
    source=URL,
    licence="none stated; the photographs belong to their makers",
    citation="machajdik2010",
    description=(
        "Photographs from an art sharing site, found with the names of Mikels' eight emotions, whose makers arranged "
        "colour, light and things to evoke one of them."
    ),
    raters="nobody: the emotion is the word that the maker gave, and no viewer was asked",
    labels={
        "group": "emotion and file name of the first picture with the same bytes",
        "emotion": "one of Mikels' eight, from the beginning of the file's name",
    },
    faults=(
        "The published counts: " + ", ".join(f"{name} {count}" for name, count in PER_CLASS.items()) + ".",
        "The emotion is what the maker meant, which is not what a viewer feels.",
        "No split is published, so `split` is empty: use cross-validation.",
        "Nobody published a checksum: a download is recorded in SHA256SUMS and checked against that afterwards.",
    ),
    terms="research; cite the paper",
    count=806,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`, which holds the pictures or `testImages_artphoto/` with them; a row a picture, by name.

    `table.attrs["missing"]` lists what `SHA256SUMS`, if `fetch` wrote one, records and what is not there. Raises
    Unavailable when there are no pictures, BadInput for a name that does not begin with an emotion and for bytes that
    differ from the recorded ones.
    """
    missing = check_sums(folder)
    inner = find_child(folder, "testImages_artphoto")
    nested = inner is not None and inner.is_dir()
    place = inner if nested else folder
    pictures = names_in(place)[0] if place.is_dir() else []
    if nested and (stray := names_in(folder)[0]):
        raise BadInput(f"{folder} has pictures beside {inner.name}/, as {stray[0]!r}; keep them in one folder")
    if not pictures:
        raise Unavailable(f"{folder} has no pictures called <emotion>_<number>.jpg")
    emotions = []
    for name in pictures:
        match = re.fullmatch(r"(.+)_[0-9]+\.[A-Za-z]+", name)
        if match is None:
            raise BadInput(f"{place / name}: the name is not <emotion>_<number>.jpg; move the file away")
        emotions.append(label(match[1], str(place / name)))
    columns = {"image": pictures, "split": [""] * len(pictures), "emotion": emotions}
    return assemble(CARD, place, columns, missing, len(pictures) + len(missing))


def fetch(folder: Path, *, progress: bool = True, url: str = URL) -> Path:
    """Download the photographs into `folder`, unless they are there; returns `folder`.

    No checksum is published: see `firstuse.fetch_archive` for what is recorded and for the errors.
    """
    return fetch_archive(url, folder, load, MAX_BYTES, MAX_FILES, progress=progress)
