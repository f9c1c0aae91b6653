"""Checks of chapter 0's exercises: distances between votes, raters and ceilings, an effect turned off."""

from __future__ import annotations

import itertools
import math

import numpy as np

from emolib import emotions
from emolib.exercises.answers import Names, close, expect


def steps_between_votes(names: Names) -> None:
    """`steps_apart` on votes made here, against every pair of votes counted one by one."""
    given = names.function("steps_apart")
    random = np.random.default_rng(31)
    steps = emotions.distance_matrix(order=emotions.MIKELS)
    alike = np.eye(8, dtype=int)[[2, 5, 5]] * 4
    close(given(alike, steps)[0], 0, "Votes that all name one emotion lie no step apart, whatever other pictures say.")
    votes = random.multinomial(5, random.dirichlet(np.ones(8)), size=9)
    people = [list(np.repeat(np.arange(8), row)) for row in votes]
    same = [steps[a, b] for row in people for a, b in itertools.permutations(row, 2)]
    drawn = list(itertools.chain(*people))
    anyhow = [steps[a, b] for a in drawn for b in drawn]
    found = given(votes, steps)
    expect(len(found) == 2, "`steps_apart` has to return two numbers.")
    close(
        found[0], np.mean(same), "Two votes on one picture: take each pair of different workers, no one with himself."
    )
    close(found[1], np.mean(anyhow), "Shuffled votes: each of the two is drawn from all votes on all pictures.")


def raters(names: Names) -> None:
    """`raters_needed` gives the smallest panel whose mean lets a perfect model reach the wanted correlation."""
    given = names.function("raters_needed")
    for one, wanted in ((0.5, 0.95), (0.7, 0.9), (0.31, 0.8), (0.62, 0.99)):
        n = given(one, wanted)
        expect(float(n) == int(n) and n >= 1, "A number of people is whole, and at least one.")
        signal = one**2
        reached = [math.sqrt(signal / (signal + (1 - signal) / people)) for people in (int(n), max(int(n) - 1, 1e-9))]
        expect(reached[0] >= wanted - 1e-12, f"With a ceiling of {one} for one person, your panel misses {wanted}.")
        expect(reached[1] < wanted, f"With a ceiling of {one} for one person, fewer people than yours reach {wanted}.")


def objects_off(names: Names) -> None:
    """Where objects mean nothing, colours know all there is to know, and who knows the objects can only guess."""
    given, blind = names.answer("without"), names.answer("blind")
    values = {what: getattr(given, what, None) for what in ("bayes", "object_only", "colour_only", "majority")}
    expect(None not in values.values(), "`without` has to be what `bounds` returns.")
    hint = "These are not the bounds of a laboratory without the effect of objects."
    close(values["colour_only"], values["bayes"], hint)
    close(values["object_only"], values["majority"], hint)
    expect(blind in values, "`blind` is the name of one of the bounds.")
    expect(blind != "majority", "`blind` is one of the two oracles with a handicap.")
    close(values[blind], values["majority"], "Compare this oracle's bound in `without` with the majority's.")


CHECKS = (steps_between_votes, raters, objects_off)
