"""A fit that is kept: found again when nothing changed, fitted anew when anything did."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emolib.features import cache
from emolib.losses import WheelLoss
from emolib.models.ffnn import FFNN
from emolib.training import Diverged, Recipe, fit, fitted, loop

random = np.random.default_rng(0)
X = random.standard_normal((40, 5), dtype=np.float32)
Y = X[:, 0].copy()


@pytest.fixture
def fits(monkeypatch, tmp_path):
    """Where fits are kept, and a count of those that were made."""
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path))
    made = []
    monkeypatch.setattr(loop, "fit", lambda *a, **k: made.append(1) or fit(*a, **k))
    return made


def network(seed=0, width=4):
    torch.manual_seed(seed)
    return FFNN(5, (width,))


def halve(x, rows, generator):
    return x / 2


def run(model=None, targets=Y, recipe=None, **options):
    model = model or network()
    curve = fitted("small", model, X, targets, recipe or Recipe(3, 8), key=["X"], **options)
    return model, curve


def test_what_is_kept_is_what_fit_gives(fits):
    by_hand = network()
    fit(by_hand, X, Y, Recipe(3, 8))
    for _ in range(2):
        model, _ = run()
        assert not model.training
        for a, b in zip(model.parameters(), by_hand.parameters(), strict=True):
            assert torch.equal(a, b)
    assert len(fits) == 1


def test_the_curve_is_kept_too(fits):
    seen = []

    def watch(model):
        seen.append(float(model.layers[0].weight.detach().sum()))
        return seen[-1], 2.0

    _, first = run(watch=watch)
    _, again = run(watch=watch)
    assert first.shape == (3, 2) and (first[:, 0] == seen).all() and (first == again).all()
    assert len(fits) == 1 and len(seen) == 3
    assert run()[1].shape == (3, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"model": 1}, {"model": (0, 5)}, {"targets": Y + 1}, {"recipe": Recipe(2, 8)}, {"recipe": Recipe(3, 8, seed=1)},
        {"rows": np.arange(20)}, {"augment": halve}, {"loss": torch.nn.functional.l1_loss},
    ],
)  # fmt: skip
def test_whatever_changes_the_result_is_fitted_anew(change, fits):
    first, _ = run()
    if "model" in change:
        given = change["model"]
        change = {"model": network(given) if isinstance(given, int) else network(*given)}
    other, _ = run(**change)
    assert len(fits) == 2
    same = all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=False))
    assert not same or "model" in change


def test_the_code_of_the_network_and_of_its_loss_stands_in_the_key(fits, monkeypatch):
    seen = []
    monkeypatch.setattr(cache, "code_digest", lambda *m: seen.append({each.__name__ for each in m}) or "code")
    run()
    labels = np.arange(40) % 8
    fitted("wheel", torch.nn.Linear(5, 8), X, labels, Recipe(1, 8), key=["X"], loss=WheelLoss(1.0))
    assert seen == [{"emolib.training.loop", name} for name in ("emolib.models.ffnn", "emolib.losses")]


def test_nothing_is_kept_of_a_fit_that_diverged(fits, tmp_path):
    with pytest.raises(Diverged):
        run(recipe=Recipe(50, 8, lr=1e9, optimizer="sgd", schedule="constant"))
    assert not list(tmp_path.rglob("*.npz"))
    assert cache.cache_root() == tmp_path
