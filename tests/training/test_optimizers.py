"""The optimisers of a recipe, against steps worked out with NumPy: momentum that can be set, and AdaGrad."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolib.errors import BadInput
from emolib.training import Recipe, fit

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = (X @ np.array([1.0, -2.0, 0.5], np.float32) + 1)[:, None]


def line() -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 1)


def start() -> np.ndarray:
    """Weights and bias before training, float64 (4,)."""
    model = line()
    return np.append(model.weight.detach().numpy()[0], model.bias.detach().numpy()).astype(float)


def gradient(w: np.ndarray) -> np.ndarray:
    """Of the mean squared error over all rows, by weights and bias."""
    table = np.column_stack([X, np.ones(len(X))]).astype(float)
    return 2 * table.T @ (table @ w - Y[:, 0]) / len(X)


def fitted(epochs: int, **options: object) -> np.ndarray:
    model = line()
    fit(model, X, Y, Recipe(epochs, len(X), schedule="constant", **options))
    return np.append(model.weight.detach().numpy()[0], model.bias.detach().numpy())


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_sgd_moves_with_the_momentum_that_it_is_told(momentum):
    w, speed = start(), np.zeros(4)
    for _ in range(4):
        speed = momentum * speed + gradient(w) + 0.1 * w
        w = w - 0.05 * speed
    np.testing.assert_allclose(
        fitted(4, lr=0.05, optimizer="sgd", momentum=momentum, decay=0.1), w, rtol=1e-4, atol=1e-5
    )


def test_without_a_word_on_it_the_momentum_is_that_of_the_papers():
    np.testing.assert_array_equal(
        fitted(3, lr=0.05, optimizer="sgd"), fitted(3, lr=0.05, optimizer="sgd", momentum=0.9)
    )


def test_adagrad_divides_by_the_root_of_all_squares_so_far():
    w, squares = start(), np.zeros(4)
    for _ in range(4):
        g = gradient(w)
        squares = squares + g**2
        w = w - 0.3 * g / (np.sqrt(squares) + 1e-10)
    np.testing.assert_allclose(fitted(4, lr=0.3, optimizer="adagrad", decay=0.0), w, rtol=1e-4, atol=1e-5)


def test_adagrads_first_step_is_the_learning_rate_whatever_the_gradient():
    moved = fitted(1, lr=1.0, optimizer="adagrad", decay=0.0) - start()
    np.testing.assert_allclose(np.abs(moved), 1, rtol=1e-5)


@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
def test_a_killed_training_goes_on_where_it_stopped(optimizer: str, tmp_path: Path):
    class Killed(Exception):
        pass

    def kill(epoch: int, _: torch.nn.Module) -> None:
        if epoch == 2:
            raise Killed

    recipe = Recipe(5, 7, 0.05, optimizer=optimizer, momentum=0.3)
    whole, parts = line(), line()
    fit(whole, X, Y, recipe)
    with pytest.raises(Killed):
        fit(parts, X, Y, recipe, checkpoint=tmp_path / "run.pt", after_epoch=kill)
    fit(parts, X, Y, recipe, checkpoint=tmp_path / "run.pt")
    for a, b in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    # Another momentum is another training.
    with pytest.raises(BadInput, match="another recipe"):
        fit(line(), X, Y, Recipe(**asdict(recipe) | {"momentum": 0.4}), checkpoint=tmp_path / "run.pt")


@given(st.floats().filter(lambda m: not 0 <= m < 1))
def test_a_momentum_that_is_none_is_refused(momentum: float):
    with pytest.raises(BadInput, match="momentum"):
        Recipe(1, momentum=momentum)


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(BadInput, match="adamw, sgd or adagrad"):
        Recipe(1, optimizer="adam")
