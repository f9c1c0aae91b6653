"""Checks of chapter 6's exercises: verdicts that survive a correction, what would settle a question, ranks."""

from __future__ import annotations

import numpy as np

from emolib.exercises.answers import Names, close, expect


def verdicts_by_chance(names: Names) -> None:
    """`survivors` on p-values made here, beside SciPy's adjusted ones."""
    from scipy.stats import false_discovery_control

    given = names.function("survivors")
    random = np.random.default_rng(61)
    for level in (0.05, 0.2):
        p = np.concatenate([random.uniform(0, 0.02, 12), random.uniform(0, 1, 40)])
        kept = np.asarray(given(p.copy(), level))
        expect(kept.shape == p.shape, "One answer a p-value, in the order in which they are given.")
        expect(
            (kept.astype(bool) == (false_discovery_control(p) <= level)).all(),
            "Of made-up p-values others survive. All up to the *largest* below its line, those between too?",
        )
    expect(not np.any(given(np.array([0.9, 0.8, 0.7]), 0.05)), "Where no p-value lies below its line, none is kept.")


def what_would_settle_it(names: Names) -> None:
    """`groups_needed` and `settled` on intervals made here."""
    groups, settled = names.function("groups_needed"), names.function("settled")
    for value, half in ((0.1, 0.2), (-0.02, 0.05), (0.3, 0.1)):
        # With so many times the groups the nearer end of the interval just reaches zero.
        needed = float(groups(value, value - half, value + half))
        expect(needed > 0, "A number of groups is above zero, whatever the sign of the effect.")
        close(half / np.sqrt(needed), abs(value), "With that many groups the interval does not just reach zero.")
    for low, high, matters, right in (
        (-0.01, 0.02, 0.05, True),
        (-0.08, 0.02, 0.05, False),
        (-0.01, 0.09, 0.05, False),
        (-0.3, 0.3, 0.05, False),
        (0.01, 0.04, 0.05, True),
    ):
        expect(
            bool(settled(low, high, matters)) == right, "An interval made here is settled, or isn't: look at both ends."
        )


def large_and_large(names: Names) -> None:
    """`rank_correlation` on numbers with ties, beside SciPy's Spearman."""
    from scipy.stats import spearmanr

    given = names.function("rank_correlation")
    random = np.random.default_rng(63)
    for _ in range(3):
        a = random.integers(0, 6, 25).astype(float)
        b = a + random.normal(0, 3, 25)
        close(given(a, b), spearmanr(a, b).statistic, "On made-up numbers it is another one: ranks? equal values?")


CHECKS = (verdicts_by_chance, what_would_settle_it, large_and_large)
