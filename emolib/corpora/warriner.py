"""Word norms: how pleasant, exciting and controlling 13,915 English words feel to people. Chapter 2.

Warriner, Kuperman & Brysbaert 2013. A corpus of words: no pictures.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child, hash_file
from emolib.corpora.fetching import download
from emolib.corpora.tables import read_csv
from emolib.errors import BadInput, Unavailable

NAME = "warriner"
FILE = "Ratings_Warriner_et_al.csv"
REPOSITORY, COMMIT = "JULIELab/XANEW", "87a6d970161accd70f8856ae3d8795d54c89938e"
URL = f"https://raw.githubusercontent.com/{REPOSITORY}/{COMMIT}/{FILE}"
SHA256 = "78ac8107c78e116bb96538fae4faa47281a155f5f8fe39f30bbc6ea3db05b446"
FOLDERS = ("norms", "warriner", "XANEW", f"XANEW-{COMMIT}")

LOW, HIGH = 1.0, 9.0
MAX_SD = (HIGH - LOW) / 2 * 2**0.5  # two raters at the two ends
_LETTERS = {"valence": "V", "arousal": "A", "dominance": "D"}

CARD = Card(
    name=NAME,
    title="Norms of valence, arousal and dominance for English words",
    kind="words",
    source=f"https://github.com/{REPOSITORY}/tree/{COMMIT}",
    licence="CC BY-NC-ND 3.0",
    citation="warriner2013",
    description="Mean ratings of English lemmas on three dimensions, given to the written word.",
    raters="adults recruited online; mostly about 20 ratings for each word and dimension, 14 at least",
    labels={
        "word": "the lemma, as in the file",
        "valence": "mean rating, 1 (unhappy) to 9 (happy)",
        "arousal": "mean rating, 1 (calm) to 9 (excited)",
        "dominance": "mean rating, 1 (controlled) to 9 (in control)",
        "valence_sd, arousal_sd, dominance_sd": "standard deviation over raters, in points of the same scale",
        "valence_n, arousal_n, dominance_n": "number of raters",
    },
    faults=(
        "Ten words stand there twice, with a capital and without, as 'AIDS' and 'aids', each with its own ratings.",
        "'TRUE' and 'FALSE' are in capitals, as a spreadsheet writes them; 'null' is a word and no empty cell.",
        "People rated the word, not a picture of what it names.",
    ),
    terms="use verbatim and not for profit; neither the file nor anything derived from it is part of this book",
    count=13_915,
)


def load(folder: Path) -> Corpus:
    """The norms in `folder`; a row a word, in the order of the file, all means on 1 to 9.

    Raises Unavailable when the file is absent, BadInput when it is not what it has to be.
    """
    file = find_child(folder, FILE)
    if file is None:
        raise Unavailable(f"{folder} has no {FILE}")
    parts = {"": "Mean", "_sd": "SD", "_n": "Rat"}
    names = {label + end: f"{letter}.{part}.Sum" for end, part in parts.items() for label, letter in _LETTERS.items()}
    entries, seen = [], {}
    for row in read_csv(file, ["Word", *names.values()]):
        word = row.text("Word")
        if word in seen:
            raise row.wrong("Word", f"stands in line {seen[word]} already")
        seen[word] = row.line
        entry = {"word": word}
        for column, name in names.items():
            if column.endswith("_n"):
                entry[column] = row.count(name)
            else:
                entry[column] = row.number(name, 0, MAX_SD) if column.endswith("_sd") else row.number(name, LOW, HIGH)
        entries.append(entry)
    if not entries:
        raise BadInput(f"{file} lists no words; delete it and fetch it again")
    table = pd.DataFrame(entries)
    table.attrs.update(expected=CARD.count, rated=len(entries), found=len(entries), missing=[])
    return Corpus(NAME, table, CARD, folder)


def fetch(folder: Path, *, progress: bool = True, url: str = URL, sha256: str = SHA256) -> Path:
    """Download the norms (3.7 MB) into `folder` unless they are there; returns `folder`.

    Raises Unavailable when the source cannot be reached, BadInput when the file there is another one.
    """
    file = folder / FILE
    if file.exists() and hash_file(file) != sha256:
        raise BadInput(f"{file} is not the published file; move it away, then fetch again")
    download(url, file, sha256, progress=progress, max_bytes=20_000_000)
    return folder
