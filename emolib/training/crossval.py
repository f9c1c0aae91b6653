"""Out-of-fold predictions, kept on disk a run at a time: a killed chapter continues where it was.

Used by every chapter that fits.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

from emolib.errors import BadInput
from emolib.features import cache
from emolib.training.several import several

Fold = tuple[np.ndarray, np.ndarray]
Fit = Callable[[], np.ndarray]
FitsOf = Callable[[np.ndarray, int], Sequence[Fit]]


def out_of_fold(
    name: str,
    fits_of: FitsOf,
    folds: Sequence[Fold],
    n: int,
    seed: int,
    key: Iterable[object] = (),
    *,
    device: torch.device | str,
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of every picture by a model that never saw it; the folds are fitted side by side.

    Args:
        name: for people and for the file.
        fits_of: from (training rows, seed) to the fits of a fold, such as one a target. A fit is called without
            arguments, where `several` says, and gives predictions for all pictures, (n,) or (n, d).
        folds: (training rows, test rows) of each.
        n: pictures in all.
        seed: handed to `fits_of`.
        key: whatever else the result depends on; arrays enter with their content, functions with their source.
        device: that of the fits, see `several`.

    Returns:
        Predictions (n, columns) of all fits side by side, and those of the training pictures in every fold, (folds, n,
        columns), nan for the others.

    Raises:
        BadInput: predictions of another length than there are pictures.
    """

    def compute() -> dict[str, np.ndarray]:
        fits = [fits_of(train_rows, seed) for train_rows, _ in folds]
        found = iter(several([fit for fold in fits for fit in fold], device=device))
        test = train = None
        for i, (train_rows, test_rows) in enumerate(folds):
            columns = [np.asarray(next(found)) for _ in fits[i]]
            for column in columns:
                if len(column) != n:
                    raise BadInput(f"{name}: {len(column)} predictions for {n} pictures")
            predicted = np.column_stack(columns)
            if test is None:
                test = np.full(predicted.shape, np.nan)
                train = np.full((len(folds), *test.shape), np.nan)
            test[test_rows], train[i, train_rows] = predicted[test_rows], predicted[train_rows]
        return {"test": test, "train": train}

    parts = [identity(part) for part in (fits_of, *key, *(rows for fold in folds for rows in fold))]
    stored = cache.cached_arrays(name.replace("/", "-"), [name, n, seed, *parts], compute)
    return stored["test"], stored["train"]


def identity(part: object) -> str:
    """What stands for a thing in a key of the cache: an array's content, a function's or module's source, else repr."""
    if isinstance(part, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() + str((part.shape, part.dtype))
    return inspect.getsource(part) if inspect.isfunction(part) or inspect.ismodule(part) else repr(part)
