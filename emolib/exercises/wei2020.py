"""Checks of chapter 5's exercises: a cosine with words, words that belong to others, the chance of a measure."""

from __future__ import annotations

import numpy as np

from emolib.exercises.answers import Names, close, expect


def cosine_with_words(names: Names) -> None:
    """`mean_cosine` on planted vectors; pictures without words (NaN) don't count."""
    given = names.function("mean_cosine")
    pictures = np.array([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0], [5.0, 5.0]])
    words = np.array([[1.0, 0.0], [0.0, -4.0], [1.0, 0.0], [np.nan, np.nan]])
    truth = (1 - 1 + np.cos(np.pi / 4)) / 3
    close(
        given(pictures, words), truth, "On planted vectors the mean cosine is another one: length? rows without words?"
    )
    told = names.table("cosines", (0.0, 0.3, 1.0, 3.0))
    expect(all(-1 <= float(value) <= 1 for value in told.values()), "A cosine lies between -1 and 1.")


def anybodys_words(names: Names) -> None:
    """The same lists of words, at other pictures, and only where the network learns."""
    given, own, rows = names.answer("swapped"), names["pictures"].emotional, np.asarray(names["learn_words"])
    expect(len(given) == len(own), "`swapped` has to hold one list of words a picture.")
    as_text = lambda words: " ".join(sorted(map(str, words)))  # noqa: E731
    before, after = [as_text(own[i]) for i in rows], [as_text(given[i]) for i in rows]
    expect(sorted(before) == sorted(after), "Shuffling makes no list and loses none: these are other lists.")
    expect(len(set(before)) < 3 or before != after, "Every picture still has its own words.")
    kept = sorted(set(range(len(own))) - set(rows.tolist()))
    expect(
        all(as_text(own[i]) == as_text(given[i]) for i in kept), "Pictures outside the training set keep their words."
    )


def chance_of_map(names: Names) -> None:
    """`chance` at shares that the exercise doesn't name; what random scores reach is known from theory."""
    given = names.function("chance")
    for share in (0.1, 0.35, 0.6):
        expect(abs(float(given(share)) - share) < 0.04, "For classes of another share, chance is another number.")


CHECKS = (cosine_with_words, anybodys_words, chance_of_map)
