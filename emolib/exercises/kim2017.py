"""Checks of chapter 2's exercises: two lengths of a description, views of probabilities, a series left out."""

from __future__ import annotations

import numpy as np

from emolib.exercises.answers import Names, close, expect, finite

#: What an honest prediction does not reach: above it the test pictures were in the training set.
_TOO_GOOD = 0.99


def _correlated(names: Names, predicted: str, stated: str, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The predictions, after what is stated of each was computed anew."""
    ratings = np.asarray(names["Y"], float)
    given, told = names.table(predicted, keys), names.table(stated, keys)
    arrays = {}
    for key in keys:
        arrays[key] = finite(f"{predicted}[{key!r}]", given[key], ratings.shape)
        centred = [a - a.mean(0) for a in (arrays[key], ratings)]
        spread = np.sqrt((centred[0] ** 2).sum(0) * (centred[1] ** 2).sum(0))
        r = np.divide((centred[0] * centred[1]).sum(0), spread, out=np.full(len(spread), np.nan), where=spread > 0)
        close(
            told[key], r, f"{stated}[{key!r}] are not the correlations of {predicted}[{key!r}] with the ratings.", 1e-4
        )
        expect(
            len(ratings) < 50 or not (r > _TOO_GOOD).any(),
            f"{key!r} is too good: predict only what was not trained on.",
        )
    return arrays


def two_lengths(names: Names) -> None:
    """Predictions from both descriptions, where the folds allow the second one."""
    smallest = min(len(train) for train, _ in names["folds"][names["seed"]])
    squeezed = "438" in names.answer("predicted")
    expect(squeezed or smallest < 438, "Every fold has more pictures than components: the 438 numbers can be had.")
    arrays = _correlated(names, "predicted", "correlations", ("593", "438") if squeezed else ("593",))
    expect(
        not squeezed or not np.array_equal(*arrays.values()),
        "Both descriptions predict the same numbers: are they two?",
    )


def views(names: Names) -> None:
    """Three views of the same probabilities, three different predictions."""
    keys = ("probability", "square root", "logarithm")
    arrays = list(_correlated(names, "by_view", "view_correlations", keys).values())
    expect(
        not any(
            np.array_equal(a, b) for a, b in ((arrays[0], arrays[1]), (arrays[1], arrays[2]), (arrays[0], arrays[2]))
        ),
        "Two of the views predict exactly the same: are they different?",
    )


def series_out(names: Names) -> None:
    """`leave_series_out` on planted ratings: a line through all series but one, which lies far above it."""
    given = names.function("leave_series_out")
    random = np.random.default_rng(33)
    X, series = random.normal(size=(120, 4)), np.repeat(["a", "b", "c", "d"], 30)
    line = 5 + X @ np.array([1.0, -0.5, 0.3, 0.0])
    y = line + np.where(series == "c", 4.0, 0.0)
    found = given(X, y, series, "c")
    expect(len(found) == 3, "Return three numbers: rated, predicted by the ridge, mean of the others.")
    out = series == "c"
    close(found[0], y[out].mean(), "The first number is the mean rating of the series that is left out.")
    close(found[2], y[~out].mean(), "The third number is the mean over all *other* pictures.")
    expect(
        abs(found[1] - line[out].mean()) < 0.5, "The ridge has seen the series that it predicts, or sees too little."
    )


CHECKS = (two_lengths, views, series_out)
