"""The words and the geometry of emotion: categories, the wheel, opposites, polarity, the valence-arousal plane.

Chapters 0 to 6 use this module; chapter 2 (kim2017) uses the circumplex, the quadrants and :func:`rescale`. It holds
no colours: how an emotion is drawn is decided in :mod:`emolib.figures`.

Sources: Mikels et al. 2005 (eight categories); Ekman 1992 (six); Plutchik 1980 (eight, three intensities each);
Russell 1980 (circumplex); Zhao et al. 2016 (distance on the wheel).
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from emolib.errors import BadInput

# ---------------------------------------------------------------------------------------------------- categories
#: Mikels' eight, alphabetical: the column order of every table and confusion matrix of the book.
MIKELS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")

#: The same eight around the wheel. The last one is a neighbour of the first.
WHEEL = ("amusement", "contentment", "awe", "excitement", "fear", "sadness", "disgust", "anger")

#: The numbers that stand for emotions in the split files of the FI corpus (`TrainImages.txt`: lines `<1-8>/<file>`).
#: A bare number means nothing elsewhere, so :func:`normalise_label` refuses numbers and a loader asks this table.
FI_NUMBERS = {
    1: "amusement", 2: "contentment", 3: "awe", 4: "excitement",
    5: "fear", 6: "sadness", 7: "disgust", 8: "anger",
}  # fmt: skip

#: Ekman's six basic emotions, alphabetical.
EKMAN = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")

#: Plutchik's eight primary emotions around his circle; each faces its opposite.
PLUTCHIK = ("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")

#: Each of Plutchik's primaries from mild to intense; the middle word is the primary itself.
PLUTCHIK_INTENSITIES = {
    "joy": ("serenity", "joy", "ecstasy"),
    "trust": ("acceptance", "trust", "admiration"),
    "fear": ("apprehension", "fear", "terror"),
    "surprise": ("distraction", "surprise", "amazement"),
    "sadness": ("pensiveness", "sadness", "grief"),
    "disgust": ("boredom", "disgust", "loathing"),
    "anger": ("annoyance", "anger", "rage"),
    "anticipation": ("interest", "anticipation", "vigilance"),
}

_POSITIVE = "amusement awe contentment excitement joy happiness love trust surprise(positive)".split()
_NEGATIVE = "anger disgust fear sadness contempt surprise(negative)".split()

#: "positive", "negative", "neutral", or "ambiguous" where the word alone does not say (a surprise can be either).
POLARITY = {
    **dict.fromkeys(_POSITIVE, "positive"),
    **dict.fromkeys(_NEGATIVE, "negative"),
    **dict.fromkeys(("surprise", "anticipation"), "ambiguous"),
    "neutral": "neutral",
}

# The words that the corpora write for an emotion, beside its own name. Only words of the same emotion: a looser match
# ("happy" for amusement) would be a guess, and a guess changes labels.
_ANGER, _DISGUST, _FEAR = ("angry",), ("disgusted",), ("fearful",)
_JOY, _SADNESS, _SURPRISE = ("happy", "happiness", "joy", "joyful"), ("sad",), ("surprised",)

#: For every vocabulary: each emotion and the other spellings that :func:`normalise_label` takes for it.
VOCABULARIES: dict[str, dict[str, tuple[str, ...]]] = {
    "mikels": {
        "amusement": ("amuse", "amused"), "anger": _ANGER, "awe": (), "contentment": ("content", "contented"),
        "disgust": _DISGUST, "excitement": ("excit", "excite", "excited"), "fear": _FEAR, "sadness": _SADNESS,
    },
    "ekman": {
        "anger": _ANGER, "disgust": _DISGUST, "fear": _FEAR, "happiness": _JOY, "sadness": _SADNESS,
        "surprise": _SURPRISE,
    },
    "plutchik": {
        "joy": _JOY, "trust": (), "fear": _FEAR, "surprise": _SURPRISE, "sadness": _SADNESS, "disgust": _DISGUST,
        "anger": _ANGER, "anticipation": (),
    },
    "emotion6": {
        "anger": _ANGER, "disgust": _DISGUST, "fear": _FEAR, "joy": _JOY, "sadness": _SADNESS,
        "surprise": _SURPRISE, "neutral": (),
    },
    "unbiased": {
        "anger": _ANGER, "fear": _FEAR, "joy": _JOY, "love": (), "sadness": _SADNESS, "surprise": _SURPRISE,
    },
    "affectnet": {
        "neutral": (), "happiness": _JOY, "sadness": _SADNESS, "surprise": _SURPRISE, "fear": _FEAR,
        "disgust": _DISGUST, "anger": _ANGER, "contempt": (),
    },
    "se30k8": {
        "anger": _ANGER, "disgust": _DISGUST, "fear": _FEAR, "happiness": _JOY, "neutral": (), "sadness": _SADNESS,
        "surprise(negative)": ("surprise (negative)", "negative surprise"),
        "surprise(positive)": ("surprise (positive)", "positive surprise"),
    },
}  # fmt: skip

_FOUR = "the set has four positive emotions (amusement, awe, contentment, excitement) and this word does not say which"
_HINTS: dict[str, dict[str, str]] = {
    "mikels": {
        **dict.fromkeys((*_JOY, "positive"), _FOUR),
        "negative": "the set has four negative emotions and this word does not say which",
        "surprise": "the set has no surprise",
    },
    "se30k8": dict.fromkeys(("surprise", "surprised"), "the set tells a positive from a negative surprise"),
    "affectnet": dict.fromkeys(("none", "uncertain", "non-face"), "it marks a picture without an emotion label"),
}
_NUMBERS = "; numbers mean different emotions in different corpora: map them first, FI's with FI_NUMBERS"
_WRAPPING = " \t\r\n\f\v\ufeff'\"`\u2018\u2019\u201c\u201d[]"


def _clean(text: str) -> str:
    """Lower case, one space between words, without the quotes and brackets that some label files put around words."""
    cleaned = unicodedata.normalize("NFKC", text).casefold().strip(_WRAPPING)
    cleaned = cleaned.removeprefix("prob.").strip(_WRAPPING)  # Emotion6 heads a column with "[prob. anger]"
    return " ".join(cleaned.split())


_LOOKUP = {
    vocabulary: {spelling: name for name, others in words.items() for spelling in (name, *others)}
    for vocabulary, words in VOCABULARIES.items()
}


def normalise_label(text: str, vocabulary: str = "mikels") -> str:
    """The emotion of `vocabulary` that `text` spells, for example ``"'Content'"`` -> ``"contentment"``.

    Case, surrounding space, quotes and brackets do not matter. Numbers are refused: what they stand for differs from
    corpus to corpus (see :data:`FI_NUMBERS`). Words that could mean several emotions are refused too.

    Raises BadInput for an unknown vocabulary or label; the message names the label and the nearest known ones.
    """
    if vocabulary not in _LOOKUP:
        raise BadInput(f"unknown vocabulary {vocabulary!r}; known: {', '.join(_LOOKUP)}")
    if not isinstance(text, str):
        raise BadInput(f"a label has to be text, not {type(text).__name__} ({str(text)[:40]}){_NUMBERS}")
    known = _LOOKUP[vocabulary]
    word = _clean(text)
    if word in known:
        return known[word]
    shown = repr(text if len(text) <= 40 else text[:40] + "...")
    if word in _HINTS.get(vocabulary, {}):
        raise BadInput(f"label {shown} is not one of {vocabulary}: {_HINTS[vocabulary][word]}")
    nearest = list(dict.fromkeys(known[near] for near in difflib.get_close_matches(word[:40], known, n=3, cutoff=0.5)))
    hint = f"nearest: {', '.join(nearest)}; " if nearest else ""
    fix = _NUMBERS if word.lstrip("+-").isdecimal() else ""
    raise BadInput(f"unknown {vocabulary} label {shown}; {hint}known: {', '.join(VOCABULARIES[vocabulary])}{fix}")


def polarity(label: str, vocabulary: str = "mikels") -> str:
    """One of "positive", "negative", "neutral", "ambiguous" for any spelling that :func:`normalise_label` knows."""
    return POLARITY[normalise_label(label, vocabulary)]


def opposite(label: str) -> str:
    """The primary emotion that Plutchik puts opposite `label` (joy - sadness, trust - disgust, fear - anger, ...)."""
    place = PLUTCHIK.index(normalise_label(label, "plutchik"))
    return PLUTCHIK[(place + len(PLUTCHIK) // 2) % len(PLUTCHIK)]


# -------------------------------------------------------------------------------------------------------- wheel
def wheel_distance(a: str, b: str, convention: str = "steps") -> int:
    """How far two of Mikels' emotions lie apart on :data:`WHEEL`.

    `convention` is "steps", the number of steps the shorter way round (0 to 4), or "one_plus", one more than that
    (1 to 5), which is how Zhao et al. 2016 are reported to count. Under "one_plus" an emotion is at distance 1 from
    itself, by the same formula; so it is symmetric and keeps the triangle inequality, but it is no metric. Weights
    such as 1/distance need "one_plus", or "steps" without the diagonal.

    Raises BadInput for an unknown emotion or convention.
    """
    if convention not in ("steps", "one_plus"):
        raise BadInput(f"unknown distance convention {convention!r}; known: steps, one_plus")
    apart = abs(WHEEL.index(normalise_label(a)) - WHEEL.index(normalise_label(b)))
    return min(apart, len(WHEEL) - apart) + (convention == "one_plus")


def distance_matrix(convention: str = "steps", order: Sequence[str] = MIKELS) -> np.ndarray:
    """Integer matrix (n, n) of :func:`wheel_distance` between the emotions of `order` (n = 8 by default).

    Raises BadInput for an unknown or repeated emotion and for an unknown convention.
    """
    names = [normalise_label(name) for name in order]
    if len(set(names)) != len(names):
        raise BadInput(f"an emotion appears twice in the order: {', '.join(names)}")
    return np.array([[wheel_distance(a, b, convention) for b in names] for a in names], dtype=np.int64)


# --------------------------------------------------------------------------------------------- valence and arousal
#: Russell's 28 words of affect, in degrees counter-clockwise from pleasure (arousal is 90, displeasure 180, sleep 270):
#: the solution of his circular ordering (Russell 1980, Fig. 2). His other scalings put the words elsewhere on the
#: circle ("happy" nearer to 30 degrees, for instance); the order around it is what they share. Angles in whole degrees
#: are UNVERIFIED: no second source was found for them.
CIRCUMPLEX = {
    "happy": 7.8, "delighted": 24.9, "excited": 48.6, "astonished": 69.8, "aroused": 73.8, "tense": 92.8,
    "alarmed": 96.5, "angry": 99.0, "afraid": 116.0, "annoyed": 123.0, "distressed": 138.0, "frustrated": 141.0,
    "miserable": 188.7, "sad": 207.5, "gloomy": 209.0, "depressed": 210.0, "bored": 242.0, "droopy": 256.6,
    "tired": 267.7, "sleepy": 271.9, "calm": 316.2, "relaxed": 318.0, "satisfied": 319.0, "at ease": 321.0,
    "content": 323.0, "serene": 328.6, "glad": 349.0, "pleased": 353.2,
}  # fmt: skip

#: The 22 of Russell's words by which Kim et al. 2017 searched for photographs, in the paper's order (Sec. III).
KIM_KEYWORDS = (
    "afraid", "alarmed", "angry", "annoyed", "distressed", "frustrated", "tense", "aroused", "delighted", "excited",
    "glad", "happy", "astonished", "at ease", "content", "satisfied", "serene", "pleased", "depressed", "bored",
    "tired", "gloomy",
)  # fmt: skip

#: The quadrants of the plane, counter-clockwise from the upper right.
QUADRANTS = ("positive-exciting", "negative-exciting", "negative-calm", "positive-calm")


def circumplex_point(word: str) -> tuple[float, float]:
    """(valence, arousal) of one of Russell's 28 words on the unit circle, both in [-1, 1].

    Raises BadInput for a word that Russell did not place.
    """
    cleaned = _clean(word) if isinstance(word, str) else ""
    if cleaned not in CIRCUMPLEX:
        near = difflib.get_close_matches(cleaned[:40], CIRCUMPLEX, n=3, cutoff=0.5)
        raise BadInput(
            f"Russell 1980 places no word {str(word)[:40]!r}; "
            + (f"nearest: {', '.join(near)}" if near else f"known: {', '.join(CIRCUMPLEX)}")
        )
    angle = math.radians(CIRCUMPLEX[cleaned])
    return math.cos(angle), math.sin(angle)


def quadrant(valence: Any, arousal: Any, midpoint: float = 5.0) -> Any:
    """The quadrant of :data:`QUADRANTS` in which (valence, arousal) lies, or "axis" on a line between quadrants.

    Numbers give a str, arrays that broadcast together give an array of str. `midpoint` is the neutral value of both
    scales: 5 on 1-9, 4 on 1-7, 0 on a scale around zero. Raises BadInput for values that are no finite numbers.
    """
    v, a = np.broadcast_arrays(_finite(valence, "valence"), _finite(arousal, "arousal"))
    right, up = np.sign(v - midpoint), np.sign(a - midpoint)
    names = np.select(
        [(right > 0) & (up > 0), (right < 0) & (up > 0), (right < 0) & (up < 0), (right > 0) & (up < 0)],
        list(QUADRANTS),
        default="axis",
    )
    return str(names) if names.ndim == 0 else names


def rescale(x: Any, old: tuple[float, float] = (1, 7), new: tuple[float, float] = (1, 9)) -> Any:
    """Put ratings from the scale `old` on the scale `new` by the straight line that maps end to end.

    A number gives a float, a sequence or array a float64 array of its shape, a pandas Series a Series with its index.
    The default takes OASIS ratings (1-7) to 1-9: ``1 + (x - 1) * 8 / 6``. `new` may run downwards, which turns the
    scale round.

    Raises BadInput for a value outside `old` or not finite, and for a scale without extent.
    """
    (low, high), (new_low, new_high) = (_scale(old, "old"), _scale(new, "new"))
    if low > high:
        raise BadInput(f"the old scale has to run upwards, not from {low:g} to {high:g}")
    values = _finite(x, "rating")
    slack = 1e-9 * (high - low)
    outside = (values < low - slack) | (values > high + slack)
    if outside.any():
        first = np.flatnonzero(outside)[0]
        raise BadInput(
            f"rating {values.ravel()[first]:g} (position {first}) is outside the scale {low:g} to {high:g}; "
            f"{int(outside.sum())} of {values.size} are"
        )
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    # This form gives both ends exactly, which `new_low + share * extent` does not for every pair of floats.
    result = (1 - share) * new_low + share * new_high
    if isinstance(x, pd.Series):
        return pd.Series(result, index=x.index, name=x.name)
    return float(result) if result.ndim == 0 else result


def _scale(ends: tuple[float, float], name: str) -> tuple[float, float]:
    values = _finite(ends, f"end of the {name} scale")
    if values.shape != (2,) or values[0] == values[1]:
        raise BadInput(f"the {name} scale has to be two different numbers, not {ends!r}")
    return float(values[0]), float(values[1])


def _finite(values: Any, what: str) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{what}: expected numbers, got {str(values)[:60]!r}") from error
    if not np.isfinite(array).all():
        first = np.flatnonzero(~np.isfinite(array))[0]
        raise BadInput(f"{what} at position {first} is not a finite number ({array.ravel()[first]})")
    return array
