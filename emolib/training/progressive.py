"""Training twice on weak labels, the second time without the pictures that left doubts. Used by chapter 4.

You, Luo, Jin and Yang 2015 call it a progressive CNN (PCNN): train on all weak labels; let the network predict its own
training pictures; leave out each with a probability that falls with the distance between the two highest predictions;
go on training with the others. The paper has two classes; with more, the two highest are our reading of its formula.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from emolib.errors import BadInput
from emolib.training import loop
from emolib.training.kept import fitted
from emolib.training.loop import Recipe, predict

MARGINS = ("top", "label")


@dataclass(frozen=True)
class Progressive:
    """What progressive training gives.

    Attributes:
        model: after the second training.
        first: the network of the first training, on all rows: what the second one has to beat.
        rows: int64 (n,), the rows that the first training had.
        removal: float64 (n,), with which probability each of them was to be left out.
        kept: int64 (k,), the rows that the second training had, ascending.
    """

    model: nn.Module
    first: nn.Module
    rows: np.ndarray
    removal: np.ndarray
    kept: np.ndarray


def progressive(
    build: Callable[[], nn.Module],
    inputs: np.ndarray | torch.Tensor,
    labels: np.ndarray,
    recipe: Recipe,
    *,
    again: Recipe | None = None,
    anew: bool = False,
    margin: str = "top",
    least: int = 1,
    rows: np.ndarray | None = None,
    name: str = "progressive",
    key: Iterable[object] | None = None,
    **options: object,
) -> Progressive:
    """Train, leave out, train again. Everything random hangs on the seed of `recipe` (and of `again`).

    Args:
        build: makes an untrained network, from inputs to logits (n, classes); called once, after seeding.
        inputs: (n, ...), a row a picture; may be mapped from disk.
        labels: int (n,), weak class numbers from 0.
        recipe: of the first training.
        again: of the second, its seed included; the same by default.
        anew: begin the second training from the first weights, those of `build`; by default it goes on from the first
            training, as in the paper.
        margin: see `removal_probability`.
        least: pictures that every class keeps, or all it has where those are fewer; see `keep`.
        rows: train on these rows only.
        name, key: with a `key`, both trainings are kept on disk as `training.fitted` does it, and stand under the name
            and it; without, they run whenever they are called for.
        options: for `training.fit`: loss (cross-entropy by default), augment, progress.

    Raises:
        BadInput: labels that are no class numbers of the network's, an unknown margin, or what `fit` refuses.
        Diverged: one of the trainings did.
    """
    rows = np.arange(len(inputs)) if rows is None else np.unique(rows)
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer) or len(labels) != len(inputs) or not len(rows):
        raise BadInput(
            f"progressive: {len(rows)} rows of {len(inputs)} inputs, labels {labels.shape} of {labels.dtype}; "
            "every input needs one class number"
        )
    if margin not in MARGINS or least < 1:
        raise BadInput(f"progressive: margin {margin!r}, least {least}; use {' or '.join(MARGINS)}, and at least 1")
    labels = labels.astype(np.int64)
    options = {"loss": nn.functional.cross_entropy, **options}
    train = loop.fit if key is None else partial(fitted, name, key=list(key))
    torch.manual_seed(recipe.seed)
    model = build()
    _check_classes(model, inputs, labels, rows)
    untrained = copy.deepcopy(model)
    train(model, inputs, labels, recipe, rows=rows, **options)
    first = copy.deepcopy(model)
    removal = removal_probability(
        softmax(predict(model, inputs, rows=rows).astype(float), axis=1), labels[rows], margin
    )
    kept = rows[keep(removal, labels[rows], recipe.seed, least)]
    model = untrained if anew else model
    train(model, inputs, labels, again or recipe, rows=kept, **options)
    return Progressive(model, first, rows, removal, kept)


def removal_probability(predicted: np.ndarray, labels: np.ndarray, margin: str = "top") -> np.ndarray:
    """With which probability each picture is left out: max(0, 2 - exp(m)), at most 1, of its margin m.

    A picture without a margin (m = 0) goes in any case, one with m >= log 2 = .69 in none.

    Args:
        predicted: (n, classes), probabilities.
        labels: int (n,), weak class numbers.
        margin: "top" is the paper's |s_1 - s_2| for two classes, the distance between the two highest probabilities for
            more. It does not look at the label: a picture that the network is sure about stays, also under a label that
            it contradicts. "label" is ours: the label's probability less the highest other, negative where the network
            contradicts the label, and such a picture goes.

    Returns:
        float64 (n,), in [0, 1].

    Raises:
        BadInput: fewer than two classes, rows that are no probabilities, labels out of range, or an unknown margin.
    """
    p, labels = np.asarray(predicted, float), np.asarray(labels)
    if p.ndim != 2 or p.shape[1] < 2 or len(p) != len(labels):
        raise BadInput(f"removal: predictions {p.shape} for {len(labels)} labels; two classes or more, a row a label")
    if not np.allclose(p.sum(1), 1, atol=1e-4) or (p < 0).any():
        raise BadInput("removal: predictions have to be probabilities, not negative and with a sum of 1 a row")
    if len(labels) and not 0 <= labels.min() <= labels.max() < p.shape[1]:
        raise BadInput(f"removal: labels from {labels.min()} to {labels.max()}; there are {p.shape[1]} classes, from 0")
    if margin == "top":
        second, highest = np.partition(p, -2, axis=1)[:, -2:].T
        distance = highest - second
    elif margin == "label":
        own = np.take_along_axis(p, labels[:, None], 1)[:, 0]
        others = p.copy()
        np.put_along_axis(others, labels[:, None], -np.inf, 1)
        distance = own - others.max(1)
    else:
        raise BadInput(f"margin: {margin!r} is unknown; use {' or '.join(MARGINS)}")
    return np.clip(2 - np.exp(distance), 0, 1)


def keep(removal: np.ndarray, labels: np.ndarray, seed: int = 0, least: int = 1) -> np.ndarray:
    """Which pictures stay: one draw each, and no class goes empty.

    A class that would keep fewer than `least` pictures gets back as many as are missing, those with the lowest removal
    probability, the first ones where it is equal. The paper, with two large classes, has no such rule.

    Args:
        removal: (n,), probabilities.
        labels: int (n,).
        seed: of the draws.
        least: pictures that a class keeps, or all it has where those are fewer.

    Returns:
        int64, positions of those that stay, ascending.
    """
    removal, labels = np.asarray(removal, float), np.asarray(labels)
    stays = np.random.default_rng(seed).random(len(removal)) >= removal
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        missing = min(least, len(of_class)) - int(stays[of_class].sum())
        if missing > 0:
            gone = of_class[~stays[of_class]]
            stays[gone[np.argsort(removal[gone], kind="stable")[:missing]]] = True
    return np.flatnonzero(stays)


def _check_classes(model: nn.Module, inputs: np.ndarray | torch.Tensor, labels: np.ndarray, rows: np.ndarray) -> None:
    """Before hours of training, not after: the labels have to be classes that the network tells apart."""
    logits = predict(model, inputs, rows=rows[:1])
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise BadInput(f"progressive: the network gives {logits.shape[1:]} a picture; it has to give a logit a class")
    low, high = int(labels[rows].min()), int(labels[rows].max())
    if not 0 <= low <= high < logits.shape[1]:
        raise BadInput(f"progressive: labels from {low} to {high}; the network has {logits.shape[1]} classes, from 0")
