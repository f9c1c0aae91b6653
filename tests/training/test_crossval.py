"""Out-of-fold predictions: never from a model that saw the picture, and never computed twice."""

from __future__ import annotations

import functools
import importlib.util
import os

import numpy as np
import pandas as pd
import pytest
import torch

from emolib.errors import BadInput
from emolib.evaluation import folds
from emolib.features import cache
from emolib.training import out_of_fold
from emolib.training.crossval import identity

N = 23
FOLDS = folds(np.arange(N) // 2, 4, 0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EMOLIB_REFIT", raising=False)


def memorise(train, seed):
    """A model that knows exactly what it was trained on: 1 for what it saw, 0 for what it did not."""
    return [functools.partial(np.isin, np.arange(N), train)]


def numbers(train, seed):
    """Two fits, of one column and of two."""
    n = np.arange(N)
    return [functools.partial(np.multiply, n, 1), functools.partial(np.column_stack, [n * seed, n + len(train)])]


def test_every_picture_is_predicted_by_a_model_that_never_saw_it():
    test, train = out_of_fold("memory", memorise, FOLDS, N, 0, device="cpu")
    np.testing.assert_array_equal(test, np.zeros((N, 1)))
    assert train.shape == (4, N, 1)
    for i, (train_rows, test_rows) in enumerate(FOLDS):
        assert (train[i, train_rows] == 1).all() and np.isnan(train[i, test_rows]).all()


def test_predictions_come_back_to_their_pictures_with_the_columns_of_every_fit():
    test, train = out_of_fold("numbers", numbers, FOLDS, N, 3, device="cpu")
    np.testing.assert_array_equal(test[:, :2], np.stack([np.arange(N), 3 * np.arange(N)], 1))
    assert train.shape == (4, N, 3)
    for i, (rows, out) in enumerate(FOLDS):
        np.testing.assert_array_equal(train[i, rows, 1], 3 * rows)
        np.testing.assert_array_equal(train[i, rows, 2], rows + len(rows))
        np.testing.assert_array_equal(test[out, 2], out + len(rows))


def test_on_a_gpu_the_fits_run_here_one_after_the_other():
    places = []

    def here(train, seed):
        return [lambda: places.append(os.getpid()) or np.zeros(N)]

    out_of_fold("here", here, FOLDS, N, 0, device="cuda")
    assert places == [os.getpid()] * 4


def test_a_second_call_does_not_fit_again_and_anything_new_does(monkeypatch):
    calls = []

    def fits_of(train, seed):
        calls.append(seed)
        return [functools.partial(np.zeros, N)]

    def called(*args):
        calls.clear()
        out_of_fold(*args, device="cpu")
        return len(calls)

    x = np.arange(6.0)
    assert called("a", fits_of, FOLDS, N, 0, [x, "ridge"]) == 4
    assert called("a", fits_of, FOLDS, N, 0, [x.copy(), "ridge"]) == 0
    assert called("b", fits_of, FOLDS, N, 0, [x, "ridge"]) == 4
    assert called("a", fits_of, FOLDS, N, 1, [x, "ridge"]) == 4
    assert called("a", fits_of, FOLDS, N, 0, [x, "lasso"]) == 4
    assert called("a", fits_of, FOLDS, N, 0, [x + 1, "ridge"]) == 4
    assert called("a", fits_of, FOLDS, N, 0, [x.reshape(2, 3), "ridge"]) == 4
    assert called("a", fits_of, FOLDS[::-1], N, 0, [x, "ridge"]) == 4
    assert called("a", fits_of, FOLDS, N, 0, [x, "ridge"]) == 0
    monkeypatch.setenv("EMOLIB_REFIT", "1")
    assert called("a", fits_of, FOLDS, N, 0, [x, "ridge"]) == 4


def middle(value: float) -> np.ndarray:
    """Too long to be printed whole: `repr` leaves out the middle."""
    x = np.zeros(5000)
    x[2500] = value
    return x


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x: x, lambda x: [x], lambda x: {"x": (x, 1)}, torch.from_numpy, pd.Series,
        lambda x: functools.partial(np.add, x), lambda x: lambda: x, lambda x: x.astype(object),
    ],
)  # fmt: skip
def test_things_that_differ_in_the_middle_are_not_taken_for_one(wrap):
    assert identity(wrap(middle(1))) == identity(wrap(middle(1))) != identity(wrap(middle(2)))


def test_an_array_is_no_key_of_json():
    with pytest.raises(TypeError, match="digest of its content"):
        cache.digest([middle(1)])


def test_a_function_whose_source_changed_fits_again(tmp_path):
    def written(value, name):
        file = tmp_path / f"{name}.py"
        file.write_text(
            f"import numpy as np\n\ndef fits_of(train, seed):\n    return [lambda: np.full({N}, {value}.0)]\n"
        )
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.fits_of

    for value, name in ((1, "first"), (2, "second")):
        assert (out_of_fold("x", written(value, name), FOLDS, N, 0, device="cuda")[0] == value).all()
    # The same source in another file is the same fit.
    assert (out_of_fold("x", written(1, "third"), FOLDS, N, 0, device="cuda")[0] == 1).all()


def test_predictions_of_another_number_are_refused_and_not_kept(tmp_path):
    def short(train, seed):
        return [functools.partial(np.zeros, N), functools.partial(np.zeros, N - 1)]

    with pytest.raises(BadInput, match=f"kim/x: {N - 1} predictions for {N} pictures"):
        out_of_fold("kim/x", short, FOLDS, N, 0, device="cpu")
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
