"""Checks of chapter 4's exercises: how many regions, how strict an overlap, a wheel that means nothing."""

from __future__ import annotations

import numpy as np

from emolib import emotions
from emolib.exercises.answers import Names, close, expect, finite


def how_many_regions(names: Names) -> None:
    """Probabilities for each number of regions, and the accuracy on the test pictures that follows from them."""
    labels, test = np.asarray(names["labels"]), np.asarray(names["test"])
    numbers = (1, 3, names["settings"]["regions"])
    given, told = names.table("by_regions", numbers), names.table("region_accuracy", numbers)
    for k in numbers:
        p = finite(f"by_regions[{k}]", given[k], (len(labels), 8))
        expect((p >= 0).all(), "Probabilities are not below 0.")
        close(p.sum(1), np.ones(len(p)), "Probabilities of a picture add up to 1.", 1e-3)
        close(told[k], np.mean(p.argmax(1)[test] == labels[test]), f"With {k} regions the accuracy is another one.")
    expect(not np.array_equal(given[1], given[numbers[-1]]), "One region and all of them give the same probabilities.")


def stricter_overlap(names: Names) -> None:
    """Average precisions that fall as the overlap gets stricter, and are the chapter's at one half."""
    keys = tuple((overlap, levels) for overlap in (0.3, 0.5, 0.7) for levels in ("single", "multi"))
    given = names.table("strictness", keys)
    for levels in ("single", "multi"):
        values = finite("strictness", [given[overlap, levels] for overlap in (0.3, 0.5, 0.7)], (3,))
        expect(((values >= 0) & (values <= 1)).all(), "An average precision lies between 0 and 1.")
        expect((np.diff(values) <= 1e-9).all(), f"{levels}: a stricter overlap cannot find more.")
        own = [
            m
            for name, m in names["run"].metrics.items()
            if f"/detection/{levels}_emotional/" in name and name.endswith("/ap")
        ]
        for metric in own:
            close(values[1], metric.value, f"{levels}: at one half this is not the chapter's average precision.", 1e-6)


def another_wheel(names: Names) -> None:
    """Targets of a shuffled wheel: distances between places on it, worked out emotion by emotion."""
    order, labels = np.asarray(names.answer("shuffled")), np.asarray(names["safe"])
    agreed = np.asarray(names["p_star"], float)
    expect(sorted(order.tolist()) == list(range(8)), "`shuffled` has to hold each of the eight emotions once.")
    expect(not np.array_equal(order, np.arange(8)), "This is the real wheel: nothing has changed its place.")
    given = finite("f_shuffled", names.answer("f_shuffled"), (len(labels), 8))
    place = [emotions.MIKELS[k] for k in order]
    own = np.asarray(names["wheel_f"], float)
    for i in range(min(len(labels), 20)):
        close(given[i, labels[i]], own[i, labels[i]], "The share of a picture's own label stays what it was.", 1e-5)
        others = [k for k in range(8) if k != labels[i]]
        steps = np.array([emotions.wheel_distance(place[labels[i]], place[k]) for k in others], float)
        # Neighbours may count as one step or as two: both conventions are in use.
        offers = [(1 - agreed[i]) * (1 / d) / (1 / d).sum() for d in (steps, steps + 1)]
        near = min(np.abs(given[i, others] - offer).max() for offer in offers)
        expect(near < 1e-4, "The rest is not shared out by the distances on the shuffled wheel.")


CHECKS = (how_many_regions, stricter_overlap, another_wheel)
