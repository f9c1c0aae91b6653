"""Out-of-fold predictions: never from a model that saw the picture, and never computed twice."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from emolib.errors import BadInput
from emolib.evaluation import folds
from emolib.training import out_of_fold

N = 23
FOLDS = folds(np.arange(N) // 2, 4, 0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EMOLIB_REFIT", raising=False)


def memorise(train, test, seed):
    """A model that knows exactly what it was trained on: 1 for what it saw, 0 for what it did not."""
    return np.isin(test, train) * 1.0, np.isin(train, train) * 1.0


def numbers(train, test, seed):
    return np.stack([test, test * seed], 1), np.stack([train, train * seed], 1)


def test_every_picture_is_predicted_by_a_model_that_never_saw_it():
    test, train = out_of_fold("memory", memorise, FOLDS, N, 0)
    np.testing.assert_array_equal(test, np.zeros(N))
    assert train.shape == (4, N)
    for i, (train_rows, test_rows) in enumerate(FOLDS):
        assert (train[i, train_rows] == 1).all() and np.isnan(train[i, test_rows]).all()


def test_predictions_come_back_to_their_pictures_with_all_their_columns():
    test, train = out_of_fold("numbers", numbers, FOLDS, N, 3)
    np.testing.assert_array_equal(test, np.stack([np.arange(N), 3 * np.arange(N)], 1))
    assert train.shape == (4, N, 2)
    for i, (rows, _) in enumerate(FOLDS):
        np.testing.assert_array_equal(train[i, rows, 1], 3 * rows)


def test_a_second_call_does_not_fit_again_and_anything_new_does(monkeypatch):
    calls = []

    def fit_one(train, test, seed):
        calls.append(seed)
        return np.zeros(len(test)), np.zeros(len(train))

    def called(*args, **kwargs):
        calls.clear()
        out_of_fold(*args, **kwargs)
        return len(calls)

    x = np.arange(6.0)
    assert called("a", fit_one, FOLDS, N, 0, [x, "ridge"]) == 4
    assert called("a", fit_one, FOLDS, N, 0, [x.copy(), "ridge"]) == 0
    assert called("b", fit_one, FOLDS, N, 0, [x, "ridge"]) == 4
    assert called("a", fit_one, FOLDS, N, 1, [x, "ridge"]) == 4
    assert called("a", fit_one, FOLDS, N, 0, [x, "lasso"]) == 4
    assert called("a", fit_one, FOLDS, N, 0, [x + 1, "ridge"]) == 4
    assert called("a", fit_one, FOLDS, N, 0, [x.reshape(2, 3), "ridge"]) == 4
    assert called("a", fit_one, FOLDS[::-1], N, 0, [x, "ridge"]) == 4
    assert called("a", fit_one, FOLDS, N, 0, [x, "ridge"]) == 0
    monkeypatch.setenv("EMOLIB_REFIT", "1")
    assert called("a", fit_one, FOLDS, N, 0, [x, "ridge"]) == 4


def test_a_function_whose_source_changed_fits_again(tmp_path):
    def written(value, name):
        file = tmp_path / f"{name}.py"
        file.write_text(
            f"import numpy as np\n\ndef fit_one(train, test, seed):\n"
            f"    return np.full(len(test), {value}.0), np.full(len(train), {value}.0)\n"
        )
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.fit_one

    for value, name in ((1, "first"), (2, "second")):
        assert (out_of_fold("x", written(value, name), FOLDS, N, 0)[0] == value).all()
    # The same source in another file is the same fit.
    assert (out_of_fold("x", written(1, "third"), FOLDS, N, 0)[0] == 1).all()


def test_predictions_of_another_number_are_refused_and_not_kept(tmp_path):
    def short(train, test, seed):
        return np.zeros(len(test) - 1), np.zeros(len(train))

    with pytest.raises(BadInput, match="kim/x: predictions for .* are needed"):
        out_of_fold("kim/x", short, FOLDS, N, 0)
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
