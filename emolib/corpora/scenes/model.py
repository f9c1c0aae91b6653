"""The planted model: from what is in a scene to the distribution of emotions. Every label follows from here.

Picture i has a background b, a palette p and m different objects o_1 ... o_m, all drawn without regard to emotion
(b and p uniform, m = 1, 2, 3 with the probabilities `numbers`, the objects uniform). The logit of emotion e is

    z_e = object x mean_j W_o[o_j, e] + background x W_b[b, e] + palette x W_p[p, e]

with the strengths `object`, `background`, `palette` of :class:`Parameters`, and the distribution of emotions is
P(e) = exp(z_e) / sum_f exp(z_f). W_o is in `objects`, W_b and W_p are in `kinds`; each has a root mean square of 1, so
that strengths compare. Of a share `neutral` of the objects W_o is 0: they evoke nothing, and only stand there. The
emotion of the picture is drawn from P; `records` says what is recorded of it.

A share `duplicates` of the pictures are near-duplicates of an earlier one. Picture i > 0 is one when u_1 < duplicates;
it then points to picture i - 1 - floor(u_2 min(i, 64)), and follows on when that one is a near-duplicate too, down to
an original: its `group`. It has the scene and the emotion of the original; only the copying differs (`compose`).
Nothing of this depends on how many pictures are asked for.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emolib.corpora.scenes.chance import draw, uniform
from emolib.corpora.scenes.kinds import BACKGROUND_NAMES, PALETTE_NAMES, background_weights, palette_weights
from emolib.corpora.scenes.objects import objects
from emolib.errors import BadInput

SHARES = (0.6, 0.3, 0.1)
"""Probabilities of one, two and three objects, unless others are asked for."""

MOST = len(SHARES)
REACH = 64
STREAMS = {
    name: number
    for number, name in enumerate(
        ("copy", "scene", "place", "emotion", "workers", "raters", "query", "keywords", "split", "paint", "change")
    )
}
"""What random numbers are for; each use has its own, so that one can grow without changing another."""


@dataclass(frozen=True)
class Parameters:
    """What decides a laboratory. `count` pictures of `size` x `size` pixels; the strengths are those of the model.

    `label_noise` is the probability that the recorded emotion is replaced by one of the eight at random; `reliability`
    that a worker answers by what the picture evokes and not at random; `query_noise` that a search word brings a
    picture of another emotion; `duplicates` the share of near-duplicates; `wrong_keywords` the probability of each of
    two wrong keywords and `missing_keywords` that of losing a right one. `backgrounds` and `palettes` restrict the
    scenes to some kinds, by name; None takes all. `sizes` are the least and the largest side of a thing, as a share of
    the picture's, each octave between them as likely; None makes near things larger than far ones, as they are.
    `numbers` are the probabilities of one, two and three objects, and `neutral` the share that evokes nothing.

    Raises BadInput for values that make no sense.
    """

    count: int = 2000
    size: int = 160
    seed: int = 0
    object: float = 4.0
    background: float = 1.6
    palette: float = 1.0
    label_noise: float = 0.02
    reliability: float = 0.8
    query_noise: float = 0.3
    duplicates: float = 0.06
    wrong_keywords: float = 0.1
    missing_keywords: float = 0.2
    backgrounds: tuple[str, ...] | None = None
    palettes: tuple[str, ...] | None = None
    sizes: tuple[float, float] | None = None
    numbers: tuple[float, float, float] = SHARES
    neutral: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (("count", 1, 2**40), ("size", 32, 1024), ("seed", 0, 2**32 - 1)):
            object.__setattr__(self, name, _whole(name, getattr(self, name), low, high))
        for name in ("object", "background", "palette"):
            object.__setattr__(self, name, _number(name, getattr(self, name), 100.0))
        for name in (
            "label_noise",
            "reliability",
            "query_noise",
            "duplicates",
            "wrong_keywords",
            "missing_keywords",
            "neutral",
        ):
            object.__setattr__(self, name, _number(name, getattr(self, name), 1.0))
        object.__setattr__(self, "backgrounds", _choice("background", self.backgrounds, BACKGROUND_NAMES))
        object.__setattr__(self, "palettes", _choice("palette", self.palettes, PALETTE_NAMES))
        object.__setattr__(self, "sizes", _range(self.sizes))
        object.__setattr__(self, "numbers", _shares(self.numbers))

    def switched_off(self, *effects: str) -> Parameters:
        """The same laboratory with the strengths of `effects` at zero; all of object, background, palette by default.

        Raises BadInput for an effect that is none of the three.
        """
        for effect in effects:
            if effect not in ("object", "background", "palette"):
                raise BadInput(f"scenes: there is no effect {effect!r}; use object, background or palette")
        return replace(self, **dict.fromkeys(effects or ("object", "background", "palette"), 0.0))

    @property
    def background_numbers(self) -> np.ndarray:
        """Positions in `kinds.BACKGROUNDS` of the backgrounds that occur."""
        return np.array([BACKGROUND_NAMES.index(name) for name in self.backgrounds or BACKGROUND_NAMES])

    @property
    def palette_numbers(self) -> np.ndarray:
        """Positions in `kinds.PALETTES` of the palettes that occur."""
        return np.array([PALETTE_NAMES.index(name) for name in self.palettes or PALETTE_NAMES])


@dataclass(frozen=True, eq=False)
class Latents:
    """What is in n pictures. `index` and `original` (n,) int64: the picture and the first of its near-duplicates;
    `background` and `palette` (n,): positions in `kinds`; `number` (n,): of objects, 1 to 3; `objects` (n, 3):
    positions in `objects.objects()`, of which the first `number` count; `logits` and `probabilities` (n, 8); `emotion`
    (n,): 0 to 7, drawn, before any label noise."""

    index: np.ndarray
    original: np.ndarray
    background: np.ndarray
    palette: np.ndarray
    number: np.ndarray
    objects: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    emotion: np.ndarray


def latents(parameters: Parameters, index: np.ndarray) -> Latents:
    """What is in the pictures with these numbers, whatever else is asked for. Raises BadInput for a number below 0."""
    index = np.asarray(index)
    if index.ndim != 1 or not np.issubdtype(index.dtype, np.integer) or (index.size and index.min() < 0):
        raise BadInput("scenes: pictures are asked for by a list of whole numbers from 0 on")
    index = index.astype(np.int64)
    original = originals(parameters, index)
    u = uniform(parameters.seed, original, STREAMS["scene"], 3 + MOST)
    kinds, palettes = parameters.background_numbers, parameters.palette_numbers
    background = kinds[(u[:, 0] * len(kinds)).astype(np.int64)]
    palette = palettes[(u[:, 1] * len(palettes)).astype(np.int64)]
    number = 1 + (u[:, 2:3] >= np.cumsum(parameters.numbers)[:-1]).sum(axis=1)
    chosen = _different(u[:, 3:], len(objects()))
    z = logits(parameters, background, palette, number, chosen)
    p = softmax(z)
    emotion = draw(p, uniform(parameters.seed, original, STREAMS["emotion"], 1))[:, 0]
    return Latents(index, original, background, palette, number, chosen, z, p, emotion)


def originals(parameters: Parameters, index: np.ndarray) -> np.ndarray:
    """The picture that each of `index` is a near-duplicate of, itself when it is none; int64 of the same shape."""
    current = np.array(index, dtype=np.int64)
    open_ = np.arange(len(current))
    while open_.size:  # every step goes to a smaller number, and 0 is an original
        at = current[open_]
        u = uniform(parameters.seed, at, STREAMS["copy"], 2)
        copies = (u[:, 0] < parameters.duplicates) & (at > 0)
        open_, at, u = open_[copies], at[copies], u[copies]
        current[open_] = at - 1 - (u[:, 1] * np.minimum(at, REACH)).astype(np.int64)
    return current


def logits(
    parameters: Parameters, background: np.ndarray, palette: np.ndarray, number: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """The logits z of the model, float64 (n, 8), columns like `emotions.MIKELS`."""
    counts = np.arange(MOST) < number[:, None]
    mean = (object_weights(parameters)[chosen] * counts[:, :, None]).sum(axis=1) / number[:, None]
    return (
        parameters.object * mean
        + parameters.background * background_weights()[background]
        + parameters.palette * palette_weights()[palette]
    )


def object_weights(parameters: Parameters) -> np.ndarray:
    """W_o, float64 (objects, 8), with rows of 0 for the objects that evoke nothing.

    Which ones they are is decided by steps of the golden ratio, so that they lie evenly among the objects, and those of
    a smaller share are among those of a larger one.
    """
    weights = objects().weights
    silent = (np.arange(1, len(weights) + 1) * 0.6180339887498949) % 1 < parameters.neutral
    return np.where(silent[:, None], 0.0, weights)


def softmax(z: np.ndarray) -> np.ndarray:
    """exp(z) over its sum along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _different(u: np.ndarray, number: int) -> np.ndarray:
    """Columns of different whole numbers below `number`, uniform over all choices; int64 of the shape of `u`."""
    chosen = np.empty(u.shape, dtype=np.int64)
    for column in range(u.shape[1]):
        value = (u[:, column] * (number - column)).astype(np.int64)
        for smaller in np.sort(chosen[:, :column], axis=1).T:  # step over those that are taken, the smallest first
            value += value >= smaller
        chosen[:, column] = value
    return chosen


def _whole(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise BadInput(f"scenes: {name} has to be a whole number from {low} to {high}, not {value!r}")
    return number


def _number(name: str, value: Any, high: float) -> float:
    fits = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not 0 <= value <= high:
        raise BadInput(f"scenes: {name} has to be a number from 0 to {high:g}, not {value!r}")
    return float(value)


def _choice(what: str, names: Any, known: tuple[str, ...]) -> tuple[str, ...] | None:
    if names is None:
        return None
    names = (names,) if isinstance(names, str) else _listed(names)
    for name in names:
        if name not in known:
            raise BadInput(f"scenes: there is no {what} {name!r}; known are {', '.join(known)}")
    if not names:
        raise BadInput(f"scenes: at least one {what} is needed; known are {', '.join(known)}")
    return tuple(name for name in known if name in names)


def _range(sizes: Any) -> tuple[float, float] | None:
    if sizes is None:
        return None
    try:
        low, high = (float(side) for side in sizes)
    except (TypeError, ValueError):
        low = high = math.nan
    if not 0.05 <= low <= high <= 0.8:
        raise BadInput(f"scenes: sizes have to be two shares from 0.05 to 0.8, the smaller first, not {sizes!r}")
    return low, high


def _shares(numbers: Any) -> tuple[float, float, float]:
    try:
        shares = tuple(float(share) for share in numbers)
    except (TypeError, ValueError):
        shares = ()
    if len(shares) != MOST or not all(0 <= share <= 1 for share in shares) or not math.isclose(sum(shares), 1):
        raise BadInput(f"scenes: numbers have to be the probabilities of one, two and three objects, not {numbers!r}")
    return shares


def _listed(names: Any) -> tuple:
    return tuple(names) if isinstance(names, Iterable) else (names,)
