"""Checks of chapter 1's exercises: votes wanted, hashes near one another, the weight of classes."""

from __future__ import annotations

import numpy as np

from emolib.exercises.answers import Names, close, expect, finite


def votes_wanted(names: Names) -> None:
    """`kept_by` on votes made here, against a count by hand."""
    given = names.function("kept_by")
    random = np.random.default_rng(32)
    yes, right = random.integers(0, 6, 60), random.random(60) < 0.6
    asked = np.full(60, 5)
    for least in (1, 2, 4, 5):
        rows = [i for i in range(60) if yes[i] >= least]
        found = given(yes, asked, right, least)
        expect(len(found) == 2, "`kept_by` has to return two numbers: how many are kept, and which share is right.")
        expect(found[0] == len(rows), f"With {least} of five wanted, the number of kept pictures is another one.")
        close(found[1], np.mean([right[i] for i in rows]), "The share is over the kept pictures, not over all.")


def near_hashes(names: Names) -> None:
    """`judge_distance` on hashes whose distances are planted: a chain, a copy, two strangers."""
    given = names.function("judge_distance")
    bits = np.zeros((6, 64), np.uint8)
    # 0, 1, 2: a chain, three bits a link; 3 and 4 differ in one bit and are far from the rest; 5 is far from all.
    bits[1, :3] = bits[2, :6] = 1
    bits[3:5, 20:50] = 1
    bits[4, 60] = 1
    bits[5, 8:64:2] = 1
    hashes = np.packbits(bits, axis=1)
    planted = np.array([0, 0, 2, 3, 3, 5])
    for distance, truth in ((0, (1.0, 0.0, 1)), (1, (1.0, 0.5, 2)), (3, (0.5, 1.0, 3))):
        found = given(hashes, planted, distance)
        expect(len(found) == 3, "`judge_distance` has to return precision, recall and the size of the largest group.")
        for value, true, what in zip(found, truth, ("precision", "recall", "size of the largest group"), strict=True):
            close(value, true, f"On planted hashes within {distance} bits the {what} is another one. Do groups chain?")


def class_weights(names: Names) -> None:
    """`by_weight` and `measured` tell of the same predictions, and the weighted machine is the chapter's own."""
    rows, classes = np.asarray(names["test"]), np.asarray(names["labels"])
    truth, own = classes[rows], np.asarray(names["predictions"]["imagenet"])[0]
    given = names.table("by_weight", ("balanced", "none"))
    measured = names.table("measured", ("balanced", "none"))
    guesses = {key: finite(f"by_weight[{key!r}]", given[key], (len(rows),)) for key in ("balanced", "none")}
    expect(
        np.array_equal(guesses["balanced"], own), "The weighted machine has to be the chapter's: same rows and size."
    )
    # With few test pictures two different machines may well say the same.
    expect(
        len(rows) < 50 or not np.array_equal(*guesses.values()), "Both machines say the same: is one without weight?"
    )
    for key, guess in guesses.items():
        hit = guess == truth
        recalls = [hit[truth == k].mean() for k in np.unique(truth)]
        expect(len(measured[key]) == 2, "`measured` holds two numbers a machine: accuracy and mean recall.")
        close(measured[key][0], hit.mean(), f"The accuracy of {key!r} is another one.")
        close(measured[key][1], np.mean(recalls), f"The mean recall of {key!r} is another one: average over emotions.")


CHECKS = (votes_wanted, near_hashes, class_weights)
