"""Checks of chapter 3's exercises: columns that agree, labels to judge by, the cost of a mistake."""

from __future__ import annotations

import numpy as np

from emolib import emotions
from emolib.exercises.answers import Names, close, expect, finite


def columns_alike(names: Names) -> None:
    """`agreement` on answers made here, and one row of answers a column of the chapter's network."""
    given = names.function("agreement")
    random = np.random.default_rng(34)
    made = random.integers(0, 3, (3, 40))
    true = [[sum(x == y for x, y in zip(a, b, strict=True)) / 40 for b in made] for a in made]
    close(
        given(made), true, "`agreement` of made-up answers is another table: the share of pictures with equal answers."
    )
    answers = finite("column_answers", names.answer("column_answers"), (names["columns"], len(names["test"])))
    expect(set(np.unique(answers)) <= set(range(8)), "Answers are class numbers, from 0 to 7.")
    expect(
        len(names["test"]) < 50 or len(np.unique(answers, axis=0)) > 1, "All columns say the same: ask each one alone."
    )


def whose_mistake(names: Names) -> None:
    """The same networks judged twice: on verified pictures they must say what they said in the chapter."""
    rows, test = np.asarray(names["raw"]["test"]), np.asarray(names["test"])
    systems = ("poster/resnet", "repaired/resnet", "repaired/embedding")
    given, judged = names.table("all_guesses", systems), names.table("judged_twice", systems)
    words, labels = np.asarray(names["words"]), np.asarray(names["labels"])
    place = {row: i for i, row in enumerate(rows)}
    there = np.array([row in place for row in test])
    for system in systems:
        own = np.atleast_2d(names["predictions"][system])
        g = finite(f"all_guesses[{system!r}]", given[system], (len(own), len(rows)))
        again = g[:, [place[row] for row in test[there]]]
        # Batches of another size may round differently, and tip an answer in a thousand.
        expect(np.mean(again == own[:, there]) > 0.97, f"{system}: on the verified pictures these are other answers.")
        expect(len(judged[system]) == 2, "Two accuracies a system: by search words, by verified labels.")
        close(judged[system][0], np.mean(g == words[rows]), f"{system}: the accuracy by search words is another one.")
        close(
            judged[system][1],
            np.mean(own == labels[test]),
            f"{system}: the accuracy by verified labels is another one.",
        )


def cheaper_mistakes(names: Names) -> None:
    """Accuracy and mean steps recomputed from the answers, picture by picture."""
    truth = np.asarray(names["labels"])[names["test"]]
    guesses = names.answer("by_wheel_weight")
    expect(isinstance(guesses, dict) and len(guesses) > 1, "`by_wheel_weight` holds the answers for several weights.")
    expect(0.0 in guesses, "One of the weights has to be 0: the loss that does not know the wheel.")
    told = names.table("costs", tuple(guesses))
    for weight, guess in guesses.items():
        guess = finite(f"by_wheel_weight[{weight}]", guess, (len(truth),)).astype(int)
        words = [(emotions.MIKELS[a], emotions.MIKELS[b]) for a, b in zip(guess, truth, strict=True)]
        apart = [emotions.wheel_distance(a, b) for a, b in words]
        close(told[weight][0], np.mean(guess == truth), f"Weight {weight}: the accuracy is another one.")
        close(told[weight][1], np.mean(apart), f"Weight {weight}: the mean number of steps is another one.")


CHECKS = (columns_alike, whose_mistake, cheaper_mistakes)
