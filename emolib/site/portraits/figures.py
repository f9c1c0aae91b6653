"""Figures of a data card: how ratings are distributed, and sample pictures where the licence allows to show them.

Used by the card of every corpus that is on the machine. A figure is the bytes of a PNG and its description; the same
corpus gives the same bytes. What is drawn is chosen by rules that read file names and labels, never by chance.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from emolib import figures
from emolib.corpora import Corpus, openmoji, rendering
from emolib.corpora.pictures import read_picture
from emolib.corpora.scenes import Parameters, Scenes
from emolib.errors import BadInput
from emolib.site.portraits.words import class_column, class_names, escaped, ratings, unit

MAX_BYTES = 200_000
SAMPLES = 8
_SIDE = 240
_BINS = 24
#: More rated columns than this are told by the table alone.
_MOST_HISTOGRAMS = 4
#: Columns that say what is to be seen in a picture, the best first.
_NAMES = ("theme", "description", "object", "keywords")
#: Series of photographs with nudity, injury, death, violence or hatred: nobody who looks a corpus up asked to see them.
_LEFT_OUT = {
    "oasis": frozenset({
        "animal carcass", "bdsm", "bloody knife", "dead bodies", "feces", "injury", "kkk rally", "neonazi",
        "nude couple", "nude man", "nude woman", "severed finger", "skinhead", "torture chamber", "tumor",
    })
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """The bytes of a PNG, what is to be seen in it for those who do not see it, and a caption in Markdown."""

    png: bytes = field(repr=False)
    alt: str
    caption: str


def histograms(corpus: Corpus) -> Drawing | None:
    """How the values of each rated column are distributed over its scale; None without one, or with too many."""
    scales = ratings(corpus)
    if not 1 <= len(scales) <= _MOST_HISTOGRAMS:
        return None
    across = min(len(scales), 2)
    down = -(-len(scales) // across)
    told = []
    # Narrow, two side by side at most: on a phone the page shows it at half its size, and the words must stay legible.
    with _book_style() as palette:
        figure = Figure(figsize=(2.5 * across, 2.0 * down))
        axes = figure.subplots(down, across, squeeze=False)
        for axis, (column, (low, high)) in zip(axes.flat, scales.items(), strict=False):
            values = corpus.table[column].dropna().to_numpy(dtype=float)
            edges = _edges(values, low, high)
            axis.hist(values, bins=edges, color=palette.get(column, palette["neutral"]))
            axis.axvline(values.mean(), color="#222222", linestyle="--", linewidth=1.2)
            axis.set_xlim(edges[0], edges[-1])
            axis.set_xlabel(column)
            axis.grid(axis="x", visible=False)
            axis.yaxis.get_major_locator().set_params(nbins=4, integer=True)
            lower, upper = np.quantile(values, [0.25, 0.75])
            told.append(
                f"{column}, on a scale from {low:g} to {high:g}, has its mean at {values.mean():.2f}, and the middle "
                f"half of the {len(values):,} {unit(corpus)} lies between {lower:.2f} and {upper:.2f}"
            )
        for axis in axes.flat[len(scales) :]:
            axis.axis("off")
        for row in axes:
            row[0].set_ylabel(unit(corpus))
        png = _png(figure)
    few = "A histogram" if len(scales) == 1 else f"{len(scales)} histograms"
    return Drawing(png, f"{few} of labels: {'; '.join(told)}.", "How the labels are distributed; dashed, the mean.")


def _edges(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Borders of the bins: one about each whole number where there are no others, else equal parts of the scale.

    A value outside its scale would be a fault of the data; it is shown and not cut off.
    """
    low, high = min(low, values.min()), max(high, values.max())
    if high - low <= _BINS and np.all(values == np.round(values)):
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1)
    return np.linspace(low, high, _BINS + 1)


def samples(corpus: Corpus) -> Drawing | None:
    """Up to eight pictures: one of each emotion, else spread evenly over valence, else over the table.

    A picture that cannot be read gives way to the next one that the rule would have taken; None when none can, when
    the corpus has no pictures, or when its card does not allow to show them.
    """
    if not corpus.card.showable or corpus.card.kind != "images":
        return None
    rule, queues = _queues(corpus)
    chosen = [found for queue in queues if (found := _first_readable(corpus, queue)) is not None]
    if not chosen:
        return None
    labels = [_label(corpus, position) for position, _ in chosen]
    names = [_name(corpus, position) for position, _ in chosen]
    across = 4
    down = -(-len(chosen) // across)
    with _book_style():
        figure = Figure(figsize=(1.25 * across, 1.5 * down))
        axes = figure.subplots(down, across, squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for axis, (_, picture), label in zip(axes.flat, chosen, labels, strict=False):
            axis.imshow(np.asarray(picture))
            axis.set_title(label, fontsize=11, fontweight="normal")
        png = _png(figure)
    shown = "; ".join(f"{label}: {name}" if name else label for label, name in zip(labels, names, strict=True))
    makers = corpus.table["source"].iloc[[position for position, _ in chosen]] if "source" in corpus.table else names
    said = [f"{name} ({maker})" if maker != name else name for name, maker in zip(names, makers, strict=True) if name]
    caption = f"{rule[:1].upper()}{rule[1:]}; chosen by a rule, not by hand."
    if said:
        caption += f" Row by row: {escaped('; '.join(said))}."
    caption += f" Licence: {escaped(corpus.card.licence)}."
    return Drawing(png, f"{len(chosen)} pictures, {rule}. {shown}.", caption)


def _first_readable(corpus: Corpus, queue: Sequence[int]) -> tuple[int, Image.Image] | None:
    for position in queue:
        try:
            return position, _picture(corpus, position)
        except BadInput:
            continue
    return None


def _queues(corpus: Corpus) -> tuple[str, list[list[int]]]:
    """The rule in words, and for each place in the figure the rows that may take it, the first choice first."""
    table = corpus.table.reset_index(drop=True)
    if corpus.name in _LEFT_OUT:
        table = table[~table["group"].isin(_LEFT_OUT[corpus.name])]
    # The order in a class is that of a hash: any order would do that says nothing about the picture and never changes.
    table = table.assign(
        order=[hashlib.sha256(f"{corpus.name}/{image}".encode()).hexdigest() for image in table["image"]],
        score=_scores(table),
    )
    if class_column(corpus) == "emotion":
        table = table.sort_values("order")
        names = class_names(corpus, "emotion")[:SAMPLES]
        return "one of each emotion", [list(table.index[table["emotion"] == name]) for name in names]
    rule = "spread evenly over the corpus"
    if table["score"].notna().any():
        sentiment = "sentiment (the share of positive judgements less that of negative ones)"
        rule = f"spread evenly over {'valence' if 'valence' in table else sentiment}"
        table = table[table["score"].notna()].sort_values(["score", "order"])
    parts = np.array_split(table.index.to_numpy(), min(SAMPLES, len(table)) or 1)
    return rule, [list(part[_from_the_middle(len(part))]) for part in parts]


def _scores(table: pd.DataFrame) -> pd.Series:
    """Valence, else the share of positive less that of negative judgements, else NaN."""
    if "valence" in table:
        return table["valence"]
    if {"positive", "negative"} <= set(table):
        return table["positive"] - table["negative"]
    return pd.Series(float("nan"), index=table.index)


def _from_the_middle(n: int) -> np.ndarray:
    """The positions 0 to n - 1, the middle one first, then its neighbours, then theirs."""
    return np.argsort(np.abs(np.arange(n) - n // 2), kind="stable")


def _picture(corpus: Corpus, position: int) -> Image.Image:
    """A picture of the corpus, at most `_SIDE` pixels wide and high; of corpora that are made it is drawn here."""
    if corpus.name == "scenes":
        parameters = Parameters(**corpus.table.attrs["parameters"])
        picture = Image.fromarray(Scenes(parameters, np.array([position])).picture(0))
    elif corpus.name == "openmoji":
        drawn = rendering.png(corpus.table["code"].iloc[position], _SIDE, "white")
        picture = Image.open(io.BytesIO(drawn)).convert("RGB")
    else:
        picture = read_picture(corpus.paths[position])
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return picture


def _label(corpus: Corpus, position: int) -> str:
    """The few words above a picture: its emotion, else its valence or sentiment, else its number in the corpus."""
    if class_column(corpus) == "emotion":
        return str(corpus.table["emotion"].iloc[position])
    score = _scores(corpus.table).iloc[position]
    if pd.notna(score):
        return f"valence {score:.1f}" if "valence" in corpus.table else f"{score:+.2f}"
    return f"no. {position + 1}"


def _name(corpus: Corpus, position: int) -> str:
    """What is to be seen in a picture, by the first column that says it; "" where none does."""
    row = corpus.table.iloc[position]
    if corpus.name == "scenes":
        known = openmoji.keywords()
        things = [known.get(code, ("a thing",))[0] for code in row["objects"].split("|")]
        return f"{', '.join(things)} before {row['background']}"
    return next((str(row[name]).split("|")[0] for name in _NAMES if name in row and row[name]), "")


@contextmanager
def _book_style() -> Iterator[dict[str, str]]:
    """The book's look, whatever the reader's own settings of matplotlib are; gives the palette."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figures.style()
        matplotlib.rcParams.update({"font.size": 11, "axes.labelsize": 11})
        yield figures.PALETTE


def _png(figure: Figure) -> bytes:
    """The figure as PNG below `MAX_BYTES`, with a palette of 256 colours where it needs one, and smaller if need be."""
    for dots in (160, 140, 120, 100, 80, 60):
        buffer = io.BytesIO()
        # Without the writer's version inside, the same figure is the same bytes.
        figure.savefig(buffer, format="png", dpi=dots, bbox_inches="tight", metadata={"Software": None})
        if buffer.tell() >= MAX_BYTES:
            picture = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
            buffer = io.BytesIO()
            picture.save(buffer, format="png", optimize=True)
        if buffer.tell() < MAX_BYTES:
            break
    return buffer.getvalue()


def figure_block(path: str, drawing: Drawing) -> str:
    """The figure as Markdown; `path` is relative to the page."""
    # Quoted, for a description may hold what would end an option: a colon, a number sign.
    alt = drawing.alt.replace("\\", " ").replace('"', "'")
    return f'```{{figure}} {path}\n:alt: "{" ".join(alt.split())}"\n:align: center\n\n{drawing.caption}\n```'


def drawings(corpus: Corpus) -> Sequence[tuple[str, Drawing]]:
    """Name and figure of all that can be drawn of the corpus."""
    found = (("labels", histograms(corpus)), ("samples", samples(corpus)))
    return [(name, drawing) for name, drawing in found if drawing is not None]
