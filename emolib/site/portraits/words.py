"""What a corpus on this machine looks like, in words and tables: the part of a data card that needs the data.

Used by the card of every corpus. Each function takes a loaded corpus and returns Markdown, "" where it has nothing to
say. Words that come out of the data (tags, classes, names) may hold anything, so they pass through :func:`escaped`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from emolib.corpora import Card, Corpus
from emolib.emotions import MIKELS
from emolib.site.markdown import table

#: Columns that divide a corpus into classes; the first one that is there is meant.
_CLASSES = ("emotion", "kind", "category")
#: Columns that every corpus has and that say nothing about what is in a picture.
_PLUMBING = ("image", "group", "split")
_SCALE = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?)( \([^)]*\))? to (-?\d+(?:\.\d+)?)( \([^)]*\))?")
_ANSWERS = re.compile(r"(p|votes)_(.+)")
_TOP = 10
_HARMLESS = ".,;:'()/?%-+=!@"

#: What `table.attrs` counts, in words; an entry that is not here is told by its name.
_COUNTED = {
    "labelled": "Labelled with one emotion",
    "dropped": "Rows without one clear emotion, left out",
    "repeated": "Entries that say the same as another",
    "unlisted": "Pictures that no list names, left out",
    "straddling": "Groups with the same bytes in more than one split",
    "conflicting": "Groups with the same bytes and two labels",
    "unvoted": "Pictures without votes",
    "elsewhere": "Among them, with votes about another emotion",
    "files": "Files of votes for each emotion",
    "rated_again": "Further ratings of one picture, not used",
    "unrated": "Pictures without a rating",
    "averaged": "Pictures whose different ratings were averaged",
    "copies": "Further files of one picture",
    "tied": "Pictures whose highest probability is shared",
    "ties": "Pictures whose most votes are tied",
    "several": "Answers with more than one emotion",
    "without_map": "Pictures without a map of regions",
    "without_table": "Kinds without a table of ratings",
    "without_object": "Pictures without an object",
    "deeper": "Pictures in deeper folders",
    "untagged": "Pictures without tags",
    "unknown_tags": "Tags that are not in the vocabulary",
    "vocabulary": "Words in the vocabulary",
    "annotated": "Labels of what people saw are here",
    "people": "People that the labels name",
    "twice": "People with two different rows",
    "cut": "Boxes cut at the edge of the picture",
    "unannotated": "People without labels, left out",
    "unboxed": "Faces without a box",
    "layout": "Layout of the files",
    "release": "Published release with these numbers",
    "source": "Labels read from",
    "emotion_words": "Words of emotion from the list of",
    "parameters": "Made with",
    "ingredients": "Made from",
    "version": "Version of the generator",
}
#: Told elsewhere on the card, or of no use to its reader (`size` is that of the pictures that were not drawn).
_TOLD = {"expected", "rated", "found", "missing", "per_class", "per_split", "difference", "differences", "empty"}
_TOLD |= {"published", "concepts", "concepts_strict", "size"}


def escaped(text: object) -> str:
    """``text`` in one line that Markdown shows letter by letter, in a table too; entities stand for what it would read.

    Entities and not backslashes, for a table takes a backslash before its bar away.
    """
    line = " ".join(str(text).split())
    plain = "".join(f"&#{ord(c)};" if c in string.punctuation and c not in _HARMLESS else c for c in line)
    # A mark at the beginning of a line may start a list, a comment, a target, a fence; so may one behind a number.
    return re.sub(r"^(\d*)([^\w\s&])", lambda found: f"{found[1]}&#{ord(found[2])};", plain)


def unit(corpus: Corpus) -> str:
    """What a row of the corpus is: pictures, words, or people in pictures."""
    if corpus.card.kind == "words":
        return "words"
    return "people" if "people" in corpus.table.attrs else "pictures"


def meanings(corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Column and meaning of all columns that the card explains and the table has; `x_<emotion>` stands for eight."""
    for key, meaning in corpus.card.labels.items():
        for name in key.split(", "):
            names = [name.replace("<emotion>", emotion) for emotion in MIKELS] if "<emotion>" in name else [name]
            yield from ((column, meaning) for column in names if column in corpus.table)


def ratings(corpus: Corpus) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of the scale of each rated column, as the card says them.

    Scales with words at both ends come first. Columns of answers (`p_*`, `votes_*`) are not among them, see `answers`.
    """
    named, bare = {}, {}
    for column, meaning in meanings(corpus):
        values = corpus.table[column]
        if column in _PLUMBING or _ANSWERS.fullmatch(column) or not is_numeric_dtype(values) or is_bool_dtype(values):
            continue
        if (found := _SCALE.search(meaning)) and values.notna().any():
            (named if found[2] and found[4] else bare)[column] = (float(found[1]), float(found[3]))
    return named | bare


def answers(corpus: Corpus) -> dict[str, dict[str, str]]:
    """Prefix (p, votes) -> emotion -> column, of the columns that say how many people chose each emotion."""
    found: dict[str, dict[str, str]] = {}
    for column, _ in meanings(corpus):
        if match := _ANSWERS.fullmatch(column):
            found.setdefault(match[1], {})[match[2]] = column
    return found


def class_column(corpus: Corpus) -> str | None:
    """The column that divides the corpus into classes, or None."""
    return next((name for name in _CLASSES if name in corpus.table), None)


def class_names(corpus: Corpus, column: str) -> list[str]:
    """The classes that have a picture, in the order of the corpus's own counts, else of the alphabet; "" is none."""
    found = set(corpus.table[column]) - {""}
    listed = [name for name in corpus.table.attrs.get("per_class", {}) if name in found]
    return listed + sorted(found - set(listed))


def statistics_allowed(card: Card) -> bool:
    """Whether numbers worked out from the data may stand in a book: not where the licence forbids derivatives."""
    return re.search(r"\bBY(-NC)?-ND\b", card.licence) is None


# ---- counts ----------------------------------------------------------------------------------------------------------


def short_count(corpus: Corpus) -> str:
    """For a list of corpora: ``814 of 900 pictures``."""
    expected = corpus.table.attrs.get("expected")
    of = f" of {expected:,}" if expected not in (None, len(corpus)) else ""
    return f"{len(corpus):,}{of} {unit(corpus)}"


def counts(corpus: Corpus) -> str:
    """How many there are, how that differs from what is published, and what the loader counted on its way."""
    attrs, kind = corpus.table.attrs, unit(corpus)
    rows = [(f"{kind.capitalize()} here", f"{len(corpus):,}")]
    if attrs.get("expected") is not None:
        rows.append(("Published", f"{attrs['expected']:,}"))
    if attrs.get("missing"):
        rows.append(("Listed, but not here", f"{len(attrs['missing']):,}"))
    if "group" in corpus.table and 1 < (groups := corpus.table["group"].nunique()) < len(corpus):
        rows.append(("Groups, each for one side of a split", f"{groups:,}"))
        rows.append(("Largest group", f"{int(corpus.table['group'].value_counts().iloc[0]):,}"))
    named = [(_COUNTED.get(key, key.replace("_", " ").capitalize()), text) for key, text in _counted(corpus)]
    rows += [(name, text) for name, text in named if _is_number(text)]
    parts = [table(["Counted", "Number"], rows, numbers=True)]
    parts.append("\n".join(f"- {name}: {text}." for name, text in named if not _is_number(text)))
    if differences := attrs.get("differences"):
        shown = [f"- {escaped(text)}" for text in differences[:_TOP]]
        if len(differences) > _TOP:
            shown.append(f"- and {len(differences) - _TOP} more")
        parts.append("It differs from what is published:\n\n" + "\n".join(shown))
    if attrs.get("empty"):
        parts.append(f"There is no picture of {escaped(', '.join(attrs['empty']))}.")
    return "\n\n".join(filter(None, parts))


def _counted(corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Key and value, as a cell, of what the loader counted; zeros only where they are good news."""
    attrs = corpus.table.attrs
    # A zero is told only where it is good news.
    splits = corpus.table["split"].nunique() if "split" in corpus.table else 0
    telling = {"straddling": splits > 1, "conflicting": bool(attrs.get("per_class"))}
    for key, value in attrs.items():
        if key in _TOLD or (key == "people" and value == len(corpus)):
            continue
        if isinstance(value, bool):
            yield key, "yes" if value else "no"
        elif isinstance(value, (int, np.integer)):
            if value or telling.get(key, False):
                yield key, f"{value:,}"
        elif text := _told(value):
            yield key, text


def _told(value: Any) -> str:
    """A value of `attrs` that is no number, as a cell: names of a few things, the number of many."""
    if isinstance(value, Mapping):
        value = [f"{name.replace('_', ' ')} {_plain(own)}" for name, own in value.items() if own is not None]
        return escaped(", ".join(value))
    if isinstance(value, (list, tuple, set)):
        return f"{len(value):,}" if len(value) > 5 else escaped(", ".join(map(str, value)))
    return escaped(value) if value is not None else ""


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").isdigit()
