"""Tables of what the labels of a corpus say: classes by split, ratings, answers and tags. For every data card.

Like :mod:`emolib.site.portraits.words`: a loaded corpus in, Markdown out, "" where there is nothing to say.
"""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from emolib.corpora import Corpus
from emolib.site.markdown import table
from emolib.site.portraits.words import answers, class_column, class_names, escaped, meanings, ratings, unit

_CODE = re.compile(r"[0-9A-F]{4,6}(-[0-9A-F]{4,6})*")
_TOP = 10
_FEW = 12


def balance(corpus: Corpus) -> str:
    """Classes by split, the share of each, and the published number where it differs; or how many have each category.

    In words before it: how unlike the classes are in size, and what always naming the largest one would score.
    """
    column = class_column(corpus)
    if column is None:
        return _indicators(corpus)
    labels, names = corpus.table[column], class_names(corpus, column)
    tally = pd.crosstab(labels, corpus.table["split"])
    splits = _in_order(set(tally.columns))
    difference = corpus.table.attrs.get("difference") or {}
    shown = [*names, *(name for name in difference if name not in names), *([""] if (labels == "").any() else [])]
    tally = tally.reindex(index=shown, columns=splits, fill_value=0)
    header = [column.capitalize(), *(name or "no split" for name in splits), "all", "share", "published"]
    rows = []
    for name, own in tally.iterrows():
        whole = int(own.sum())
        published = whole - difference.get(name, 0) if name else ""
        rows.append([escaped(name) or "none", *own, whole, f"{100 * whole / len(corpus):.1f}%", published])
    rows.append(["all", *tally.sum(), len(corpus), "100.0%", ""])
    lines = [[f"{cell:,}" if not isinstance(cell, str) else cell for cell in row] for row in [header, *rows]]
    if not difference:
        lines = [line[:-1] for line in lines]
    if len(splits) == 1:
        lines = [[line[0], *line[2:]] for line in lines]
    sizes = tally.loc[names].sum(axis=1)
    told = _unlike(sizes) if column == "emotion" else ""
    return "\n\n".join(filter(None, [told, table(lines[0], lines[1:], numbers=True)]))


def _unlike(sizes: pd.Series) -> str:
    if len(sizes) < 2:
        return ""
    if sizes.min() == sizes.max():
        return "All classes that are here are equally large."
    most, least = escaped(sizes.idxmax()), escaped(sizes.idxmin())
    return (
        f"The largest class, {most}, has {sizes.max() / sizes.min():.1f} times as many as the smallest, {least}. "
        f"Always saying {most} is right for {100 * sizes.max() / sizes.sum():.1f}%: a system has to beat that."
    )


def _indicators(corpus: Corpus) -> str:
    """How many have each of the categories of which a row may have several: columns of 0 and 1."""
    names = [name for name, meaning in meanings(corpus) if meaning.startswith("1 when")]
    tally = sorted(((int(corpus.table[name].sum()), name) for name in names), key=lambda pair: (-pair[0], pair[1]))
    rows = [(escaped(name), f"{n:,}", f"{100 * n / len(corpus):.1f}%") for n, name in tally]
    return table(["Category", unit(corpus), "share"], rows, numbers=True) if rows else ""


def _in_order(splits: set[str]) -> list[str]:
    """Splits as people say them: train, val, test, then others."""
    usual = [name for name in ("train", "val", "test") if name in splits]
    return usual + sorted(splits - set(usual))


def rating_table(corpus: Corpus) -> str:
    """Scale, number, mean, standard deviation (n - 1) and range of each rated column, over pictures."""
    rows = []
    for column, (low, high) in ratings(corpus).items():
        values = corpus.table[column].dropna()
        spread = f"{values.std():.2f}" if len(values) > 1 else ""
        rows.append(
            (f"`{column}`", f"{low:g} to {high:g}", f"{len(values):,}", f"{values.mean():.2f}", spread)
            + (f"{values.min():.2f} to {values.max():.2f}",)
        )
    header = ["Column", "scale", unit(corpus), "mean", "SD", "found"]
    return table(header, rows, numbers=True) if rows else ""


def answer_table(corpus: Corpus) -> str:
    """The mean of each column of answers, `p_*` and `votes_*`, a row an emotion."""
    found = answers(corpus)
    if not found:
        return ""
    emotions = list(dict.fromkeys(emotion for columns in found.values() for emotion in columns))
    rows = []
    for emotion in emotions:
        means = [corpus.table[own[emotion]].mean() if emotion in own else None for own in found.values()]
        rows.append([escaped(emotion), *("" if mean is None else f"{mean:.3f}" for mean in means)])
    header = ["Emotion", *({"p": "mean of `p_*`", "votes": "mean of `votes_*`"}[prefix] for prefix in found)]
    return table(header, rows, numbers=True)


def tag_list(corpus: Corpus) -> str:
    """Of each column of tags: how many different ones there are, how many a picture has, and the ten most frequent."""
    lines = []
    for column, meaning in meanings(corpus):
        if "by '|'" not in meaning:
            continue
        # A bar in a tag is written %7C, for the bar divides the tags.
        lists = [[tag.replace("%7C", "|") for tag in cell.split("|") if cell] for cell in corpus.table[column]]
        tally = Counter(tag for tags in lists for tag in tags)
        if not tally:
            lines.append(f"- `{column}`: none.")
            continue
        # Equal counts in the order of the alphabet: the same list wherever the rows come from.
        top = sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]
        line = f"- `{column}`: {len(tally):,} different, on average {sum(tally.values()) / len(lists):.1f} each"
        if without := sum(not tags for tags in lists):
            line += f", none for {without:,} of the {len(lists):,} {unit(corpus)}"
        if not all(_CODE.fullmatch(tag) for tag, _ in top):
            line += f". Most frequent: {', '.join(f'{escaped(tag)} ({n:,})' for tag, n in top)}"
        lines.append(line + ".")
    return "\n".join(lines)


def other_list(corpus: Corpus) -> str:
    """Values of the remaining columns that have between two and twelve of them, with their shares."""
    used = {class_column(corpus), "group", "split", *ratings(corpus)}
    rows = []
    for column, meaning in meanings(corpus):
        values = corpus.table[column]
        if column in used or "by '|'" in meaning or not pd.api.types.is_string_dtype(values):
            continue
        tally = Counter(values)
        if 2 <= len(tally) <= _FEW and len(tally) <= len(values) / 2:
            ordered = sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))
            shares = (f"{escaped(value) or 'none'} {100 * n / len(values):.0f}%" for value, n in ordered)
            rows.append(f"- `{column}`: {', '.join(shares)}.")
    return "\n".join(rows)
