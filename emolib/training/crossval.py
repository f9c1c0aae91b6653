"""Out-of-fold predictions, kept on disk a run at a time: a killed chapter continues where it was.

Used by chapter 2; its `identity` stands in the keys of every fit that is kept.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
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
    """What stands for a thing in a key of the cache.

    The content of arrays, tensors, and columns of a table; the source of functions and modules, of functions also what
    they hold of the function around them; all of these also inside lists, tuples and dictionaries; else `repr`.
    """
    if isinstance(part, torch.Tensor):
        part = part.detach().cpu().numpy()
    if isinstance(part, (pd.Series, pd.Index)):
        part = part.to_numpy()
    if isinstance(part, np.ndarray):
        if part.dtype.hasobject:
            return identity(part.tolist()) + str((part.shape, part.dtype))
        return hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() + str((part.shape, part.dtype))
    if isinstance(part, (list, tuple)):
        return f"{type(part).__name__}({', '.join(map(identity, part))})"
    if isinstance(part, functools.partial):
        return f"partial{identity((part.func, part.args, part.keywords))}"
    if isinstance(part, Mapping):
        return f"{{{', '.join(f'{identity(key)}: {identity(value)}' for key, value in part.items())}}}"
    if inspect.isfunction(part):
        held = {name: value for name, value in inspect.getclosurevars(part).nonlocals.items() if _has_content(value)}
        return inspect.getsource(part) + (identity(held) if held else "")
    return inspect.getsource(part) if inspect.ismodule(part) else repr(part)


def _has_content(value: object) -> bool:
    """Whether `identity` of a thing is the same in another process: that of any object would hold its address."""
    plain = (str, bytes, int, float, bool, type(None), np.ndarray, torch.Tensor, pd.Series, pd.Index, np.generic)
    if isinstance(value, (list, tuple)):
        return all(map(_has_content, value))
    if isinstance(value, Mapping):
        return all(map(_has_content, value.values()))
    return isinstance(value, plain)
