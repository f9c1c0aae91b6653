"""The feeling of a word: norms looked up for the name of what a picture shows (Kim 2017, Fig. 8). Used by chapter 2."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from emolib.errors import BadInput


def match_norms(
    names: Iterable[str], norms: pd.DataFrame, columns: tuple[str, ...] = ("valence", "arousal")
) -> pd.DataFrame:
    """Norms of names such as "Acorns" or "Ferris wheel".

    The name is looked up as it is, then without a plural's ending. A name of several words that is not in the list is
    the mean of its words that are (each with or without its plural). No match gives nan: nothing is guessed.

    Args:
        names: any case; numbers at the end are dropped.
        norms: a row a word, with the columns `word` and `columns`.
        columns: of `norms` to look up.

    Returns:
        A row a name, in order: `columns`, and `matched`, the words that were found, joined by " + ".

    Raises:
        BadInput: a column is missing from the norms.
    """
    missing = [column for column in ("word", *columns) if column not in norms.columns]
    if missing:
        raise BadInput(f"norms: no column {', '.join(missing)}; there are {', '.join(map(str, norms.columns))}")
    table = norms.drop_duplicates("word").set_index("word")[list(columns)]
    rows = []
    for name in names:
        found = _words(str(name), table.index)
        values = table.loc[found].mean() if found else pd.Series(dict.fromkeys(columns, float("nan")))
        rows.append({**values.to_dict(), "matched": " + ".join(found)})
    return pd.DataFrame(rows, columns=[*columns, "matched"])


def _words(name: str, known: pd.Index) -> list[str]:
    name = re.sub(r"[\s\d]+$", "", name.lower()).strip()
    whole = _find(name, known) or _find(name.replace(" ", ""), known)
    if whole:
        return [whole]
    parts = re.split(r"[\s\-/]+", name)
    return [found for part in parts if (found := _find(part, known))] if len(parts) > 1 else []


def _find(word: str, known: pd.Index) -> str | None:
    forms = [word]
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    if word.endswith("ves"):
        forms += [word[:-3] + "f", word[:-3] + "fe"]
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("s"):
        forms.append(word[:-1])
    return next((form for form in forms if form in known), None)
