"""Scenes: a laboratory of painted pictures whose emotions were planted. Chapters 0 to 6, where no real corpus is.

    corpus = load("scenes", count=2000, size=160, seed=0)
    blind = load("scenes", object=0)                       # the same pictures; objects no longer matter

What is planted and how each label follows: `model` (scene, distribution, emotion), `objects` and `kinds` (weights),
`records` (votes, ratings, keywords, regions). What could be reached at best: `bounds`. How it is painted: `compose`,
`canvas`, `landscapes`, `towns`. On disk: `generate`, `export`. A method that finds here what was planted works; that
says nothing about people.

Every picture depends on its number and the seed alone, so that any of them can be made without the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from emolib.corpora.base import Card, Corpus
from emolib.corpora.scenes.bounds import Bounds, bounds
from emolib.corpora.scenes.chance import VERSION
from emolib.corpora.scenes.compose import Scenes
from emolib.corpora.scenes.export import export
from emolib.corpora.scenes.generate import folder_of, ingredients, write_pictures
from emolib.corpora.scenes.model import Parameters
from emolib.corpora.scenes.records import blocks, records

__all__ = [
    "CARD", "FOLDERS", "NAME", "Bounds", "Parameters", "Scenes",
    "blocks", "bounds", "export", "folder_of", "ingredients", "make", "records", "write_pictures",
]  # fmt: skip

NAME = "scenes"
FOLDERS = ()

CARD = Card(
    name=NAME,
    title="Scenes, a laboratory of painted pictures",
    kind="images",
    source="https://openmoji.org",
    licence=(
        "Objects in the pictures: OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0. "
        "Backgrounds and labels are made by emolib; object weights use the words of NRC EmoLex, for research only"
    ),
    citation="openmoji2025, mohammad2013, valdez1994",
    description=(
        "One to three OpenMoji objects, chosen by a rule, before one of eleven painted backgrounds in one of six kinds "
        "of light. A documented model makes a distribution over Mikels' eight emotions of them, and every label is "
        "drawn from that. The strength of each effect can be set, also to zero. A method that finds what was planted "
        "works; it is never evidence about people."
    ),
    raters="nobody: workers and raters are simulated",
    labels={
        "group": "number of the original; near-duplicates share it; never split a group between training and test",
        "split": "'train' (80% of the groups), 'val' (5%), 'test' (15%)",
        "emotion": "one of Mikels' eight, drawn from p_*, after label noise; the bounds speak of this column",
        "p_<emotion>": "planted probability of each of Mikels' eight, 0 to 1, summing to 1; before label noise",
        "votes_<emotion>": "how many of five simulated workers chose it, 0 to 5, summing to 5",
        "query": "the emotion word by which the picture was 'found'; wrong with probability query_noise",
        "valence": "mean of 20 simulated raters, 1 (negative) to 9 (positive)",
        "arousal": "mean of 20 simulated raters, 1 (calm) to 9 (excited)",
        "valence_sd": "standard deviation over the raters, in points of the same scale",
        "arousal_sd": "standard deviation over the raters, in points of the same scale",
        "boxes": "list of [left, top, right, bottom] in pixels, right and bottom exclusive, far objects first",
        "regions": "those boxes whose object matters at least half as much as what matters most in the picture",
        "objects": "OpenMoji codes of the objects, in the order of boxes, joined by '|'",
        "weights": "list, in the order of boxes: what each adds to the likeliest emotion, 0 to 1; the most is 1",
        "background": "name of the painted background",
        "palette": "name of the light of the whole picture",
        "keywords": "words for what is to be seen, some wrong, some missing, half the time one of emotion; by '|'",
        "duplicate_of": "the original of a near-duplicate; '' for an original",
    },
    faults=(
        "Simulated: every regularity was put in by us, and there are no others.",
        "What an object does to the emotion comes from the words of its keywords, not from its looks: a pig disgusts.",
        "Objects are drawn with black outlines before soft backgrounds: far easier to find than things in photographs.",
        "Backgrounds act through their mean colours alone, objects regardless of size and place.",
        "Disgust, awe and amusement are not among Russell's words; the nearest ones stand for them.",
    ),
    terms="name OpenMoji and its licence wherever a picture is shown; share what you make of it alike",
    simulated=True,
    showable=True,
)

_DEFAULT = Parameters()


def make(
    data_root: Path | str | None = None,
    *,
    count: int = _DEFAULT.count,
    size: int = _DEFAULT.size,
    seed: int = _DEFAULT.seed,
    object: float = _DEFAULT.object,
    background: float = _DEFAULT.background,
    palette: float = _DEFAULT.palette,
    label_noise: float = _DEFAULT.label_noise,
    reliability: float = _DEFAULT.reliability,
    query_noise: float = _DEFAULT.query_noise,
    duplicates: float = _DEFAULT.duplicates,
    wrong_keywords: float = _DEFAULT.wrong_keywords,
    missing_keywords: float = _DEFAULT.missing_keywords,
    backgrounds: Iterable[str] | None = None,
    palettes: Iterable[str] | None = None,
    sizes: tuple[float, float] | None = None,
    numbers: tuple[float, float, float] = _DEFAULT.numbers,
    neutral: float = _DEFAULT.neutral,
    pictures: bool = True,
    workers: int | None = None,
    progress: bool = True,
) -> Corpus:
    """The laboratory with these parameters, its pictures painted into the cache where they are not there already.

    Args:
        data_root: not used: nothing is looked for, and pictures go to `places.cache_root()`.
        pictures: without them the table alone is made, at once.
        workers: processes for painting, by default one a processor.
        progress: show a bar while painting.
        Everything else: see `Parameters`.

    Returns:
        A row a picture; `card.labels` explains the columns. `table.attrs` also has `parameters` (a dict), `version` of
        the generator and `ingredients` (versions of the packages).

    Raises:
        BadInput: a parameter that makes no sense.
        Unavailable: a package is missing, or the cache cannot be written.
    """
    parameters = Parameters(
        count, size, seed, object, background, palette, label_noise, reliability, query_noise, duplicates,
        wrong_keywords, missing_keywords, backgrounds, palettes, sizes, numbers, neutral,
    )  # fmt: skip
    made_from = ingredients()
    table = records(parameters)
    folder = write_pictures(parameters, workers=workers, progress=progress) if pictures else folder_of(parameters)
    table.attrs.update(expected=None, rated=len(table), found=len(table), missing=[])
    table.attrs.update(parameters=asdict(parameters), version=VERSION, ingredients=made_from)
    return Corpus(NAME, table, replace(CARD, count=parameters.count), folder)
