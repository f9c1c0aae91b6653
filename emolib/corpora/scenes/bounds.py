"""What the best possible method could reach on the laboratory, computed from the planted model itself.

All bounds are expected accuracies of guessing the column `emotion` (one of eight, label noise included) of a picture
that has nothing to do with those seen before: under a split by `group`. They are exact sums over every set of one, two
or three objects, every background and every palette, each with its planted probability:

    bayes        knows objects, background and palette: mean of max_e P(e | o, b, p)
    object_only  knows the objects alone: mean of max_e mean_bp P(e | o, b, p)
    colour_only  knows background and palette alone, the most that the colours of surroundings and light tell:
                 mean of max_e mean_o P(e | o, b, p)
    majority     knows nothing: max_e of the mean of P(e)

A label that noise replaced is right by chance once in eight: with noise n every bound a becomes (1 - n) a + n / 8. A
guesser who sees the colours of the objects themselves is not held back by `colour_only`, for they tell objects apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

import numpy as np

from emolib.corpora.scenes.kinds import background_weights, palette_weights
from emolib.corpora.scenes.model import MOST, Parameters, object_weights
from emolib.emotions import MIKELS


@dataclass(frozen=True)
class Bounds:
    """Expected accuracies in [0, 1] on the column `emotion`; the top of the module says what each guesser knows."""

    bayes: float
    object_only: float
    colour_only: float
    majority: float


def bounds(parameters: Parameters | None = None) -> Bounds:
    """The bounds of a laboratory, the default one when no parameters are given; exact, about two seconds."""
    parameters = parameters or Parameters()
    # Only the strengths and the kinds matter: without the rest, the cache serves more often.
    clean = replace(Parameters(), **{name: getattr(parameters, name) for name in _DECISIVE})
    noise = parameters.label_noise
    return Bounds(*((1 - noise) * value + noise / len(MIKELS) for value in _noiseless(clean)))


_DECISIVE = ("object", "background", "palette", "backgrounds", "palettes", "numbers", "neutral")


@lru_cache(maxsize=32)
def _noiseless(parameters: Parameters) -> tuple[float, float, float, float]:
    colours = (
        parameters.background * background_weights()[parameters.background_numbers][:, None]
        + parameters.palette * palette_weights()[parameters.palette_numbers][None, :]
    ).reshape(-1, len(MIKELS))
    by_colour = np.exp(colours)  # (combinations of background and palette, 8)
    weights = parameters.object * object_weights(parameters)
    bayes = object_only = 0.0
    given_colour = np.zeros_like(by_colour)
    for number in range(1, MOST + 1):
        sets = np.array(list(combinations(range(len(weights)), number)))
        share = parameters.numbers[number - 1] / len(sets)
        for block in np.array_split(sets, -(-len(sets) // 4096)):
            z = weights[block].mean(axis=1)
            by_object = np.exp(z - z.max(axis=1, keepdims=True))
            # P(e | o, b, p) is a product over its sum, so that exponentials are taken of sets and colours alone.
            total = by_object @ by_colour.T  # (sets, colours)
            mean = by_object * ((1 / total) @ by_colour) / len(by_colour)
            object_only += share * mean.max(axis=1).sum()
            given_colour += share * by_colour * ((1 / total).T @ by_object)
            for colour, norm in zip(by_colour, total.T, strict=True):
                bayes += share * ((by_object * colour).max(axis=1) / norm).sum() / len(by_colour)
    return float(bayes), float(object_only), float(given_colour.max(axis=1).mean()), float(given_colour.mean(0).max())
