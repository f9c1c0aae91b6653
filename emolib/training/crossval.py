"""Out-of-fold predictions, kept on disk a run at a time: a killed chapter continues where it was.

Used by every chapter that fits.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from emolib.errors import BadInput
from emolib.features import cache

Fold = tuple[np.ndarray, np.ndarray]
FitOne = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def out_of_fold(
    name: str, fit_one: FitOne, folds: Sequence[Fold], n: int, seed: int, key: Iterable[object] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of every picture by a model that never saw it.

    Args:
        name: for people and for the file.
        fit_one: from (training rows, test rows, seed) to predictions for (test rows, training rows), (k,) or (k, d).
        folds: (training rows, test rows) of each.
        n: pictures in all.
        seed: handed to `fit_one`.
        key: whatever else the result depends on; arrays enter with their content, functions with their source.

    Returns:
        Predictions (n,) or (n, d), and the training predictions of every fold, (folds, n, ...), nan outside the fold.

    Raises:
        BadInput: predictions of another length than their rows.
    """

    def compute() -> dict[str, np.ndarray]:
        test = train = None
        for i, (train_rows, test_rows) in enumerate(folds):
            for_test, for_train = (np.asarray(p) for p in fit_one(train_rows, test_rows, seed))
            if len(for_test) != len(test_rows) or len(for_train) != len(train_rows):
                got, due = (len(for_test), len(for_train)), (len(test_rows), len(train_rows))
                raise BadInput(f"{name}: predictions for {got} test and training rows, {due} are needed")
            if test is None:
                test = np.full((n, *for_test.shape[1:]), np.nan)
                train = np.full((len(folds), *test.shape), np.nan)
            test[test_rows], train[i, train_rows] = for_test, for_train
        return {"test": test, "train": train}

    parts = [identity(part) for part in (fit_one, *key, *(rows for fold in folds for rows in fold))]
    stored = cache.cached_arrays(name.replace("/", "-"), [name, n, seed, *parts], compute)
    return stored["test"], stored["train"]


def identity(part: object) -> str:
    """What stands for a thing in a key of the cache: an array's content, a function's or module's source, else repr."""
    if isinstance(part, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() + str((part.shape, part.dtype))
    return inspect.getsource(part) if inspect.isfunction(part) or inspect.ismodule(part) else repr(part)
