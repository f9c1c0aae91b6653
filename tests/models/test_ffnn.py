"""The feed-forward network: counted by hand, and computed again in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emolib.errors import BadInput
from emolib.models.ffnn import FFNN, WIDTHS


def test_parameters_by_hand():
    # 7 x 5 + 5, 5 x 4 + 4, 4 x 3 + 3, 3 x 1 + 1
    assert sum(p.numel() for p in FFNN(7, (5, 4, 3)).parameters()) == 40 + 24 + 15 + 4


def test_the_papers_networks_have_three_hidden_layers_of_the_papers_widths():
    # Kim 2017, Table III, with 593 low-level features: 593 x 900 + 900, 900 x 300 + 300, 300 x 150 + 150, 151.
    assert sum(p.numel() for p in FFNN(593, WIDTHS["low"]).parameters()) == 534600 + 270300 + 45150 + 151
    assert {name: tuple(widths) for name, widths in WIDTHS.items()} == {
        "low": (900, 300, 150), "object": (2000, 700, 350), "scene": (300, 100, 50), "all": (3000, 1000, 500),
    }  # fmt: skip


@pytest.mark.parametrize(("widths", "dropout"), [((5, 4, 3), 0.0), ((6,), 0.0), ((), 0.0), ((5, 4, 3), 0.5)])
def test_predictions_are_those_of_numpy(widths, dropout):
    torch.manual_seed(0)
    model = FFNN(7, widths, dropout).eval()
    x = np.random.default_rng(0).normal(size=(11, 7))
    values = [p.detach().double().numpy() for p in model.parameters()]
    y = x
    for i in range(0, len(values), 2):
        y = y @ values[i].T + values[i + 1]
        if i < len(values) - 2:
            y = np.maximum(y, 0)
    with torch.inference_mode():
        found = model(torch.from_numpy(x).float())
    assert found.shape == (11,)
    np.testing.assert_allclose(found.numpy(), y[:, 0], rtol=1e-4, atol=1e-5)


def test_dropout_drops_in_training_only():
    torch.manual_seed(0)
    model, x = FFNN(7, (200,), 0.5), torch.ones(1, 7)
    with torch.no_grad():
        assert len({float(model(x)) for _ in range(5)}) > 1
        model.eval()
        assert len({float(model(x)) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("inputs", "widths", "dropout"),
    [(0, (3,), 0.0), (-1, (3,), 0.0), (3, (3, 0), 0.0), (3, (-2,), 0.0), (3, (3,), 1.0), (3, (3,), -0.1),
     (3, (3,), float("nan"))],
)  # fmt: skip
def test_what_makes_no_network_is_refused(inputs, widths, dropout):
    with pytest.raises(BadInput, match="FFNN"):
        FFNN(inputs, widths, dropout)
