"""The levels as a sequence: the recurrent part computed again in NumPy, and what reading order and direction change."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from emolib.errors import BadInput
from emolib.models.recurrent import LevelGru

SHAPES = ((3, 6, 6), (4, 4, 4), (5, 3, 3), (6, 2, 2))
TOTAL = 3 * 36 + 4 * 16 + 5 * 9 + 6 * 4


def rows(n=5) -> torch.Tensor:
    return torch.randn(n, TOTAL, generator=torch.Generator().manual_seed(0)).half()


def network(**options) -> LevelGru:
    torch.manual_seed(0)
    return LevelGru(SHAPES, 3, **{"width": 4, "state": 6, **options}).eval()


def states(gru: torch.nn.GRU, x: np.ndarray, backwards: bool) -> np.ndarray:
    """Cho et al. 2014's unit over x (n, steps, d), with the gates in torch's order: reset, update, new."""
    end = "_l0_reverse" if backwards else "_l0"
    get = lambda name: getattr(gru, name + end).detach().double().numpy()  # noqa: E731
    w, u, b, c = (get(name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    h, found = np.zeros((len(x), u.shape[1])), np.zeros((*x.shape[:2], u.shape[1]))
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        (ri, zi, ni), (rh, zh, nh) = np.split(x[:, t] @ w.T + b, 3, 1), np.split(h @ u.T + c, 3, 1)
        update = sigmoid(zi + zh)
        h = (1 - update) * np.tanh(ni + sigmoid(ri + rh) * nh) + update * h
        found[:, t] = h
    return found


@pytest.mark.parametrize("both", [True, False])
def test_states_at_every_level_are_those_of_numpy(both):
    model, x = network(both=both), rows()
    with torch.inference_mode():
        vectors, found = model.vectors(x).double().numpy(), model.embed(x).numpy()
    parts = [states(model.gru, vectors, False)] + ([states(model.gru, vectors, True)] if both else [])
    expected = np.concatenate(parts, 2)
    np.testing.assert_allclose(found, expected.reshape(5, -1), rtol=1e-4, atol=1e-5)
    weight, bias = (p.detach().double().numpy() for p in model.head[1].parameters())
    with torch.inference_mode():
        np.testing.assert_allclose(
            model(x).numpy(), expected.reshape(5, -1) @ weight.T + bias, rtol=1e-4, atol=1e-5
        )  # fmt: skip


def test_parameters_by_hand():
    # Branches; per direction three gates that read 4 numbers and 6 states, with two biases; 4 levels x 2 x 6 to 3.
    branches = sum(9 * c * 4 + 4 for c in (3, 4, 5, 6))
    gru = 2 * 3 * (4 * 6 + 6 * 6 + 6 + 6)
    assert sum(p.numel() for p in network().parameters()) == branches + gru + 48 * 3 + 3


def test_up_and_down_are_the_orders_that_they_name():
    x = rows()
    for name, order in (("up", (0, 1, 2, 3)), ("down", (3, 2, 1, 0))):
        with torch.inference_mode():
            assert torch.equal(network(order=name)(x), network(order=order)(x))
    with torch.inference_mode():
        assert not torch.allclose(network(order="up")(x), network(order="down")(x))


def test_read_both_ways_an_order_and_its_reverse_are_one_family_of_networks():
    # Exchange the two directions and turn the levels round: the same states, in reversed order.
    up = network(order="up")
    down = network(order="down")
    down.vectors.branches = torch.nn.ModuleList(copy.deepcopy(branch) for branch in list(up.vectors.branches)[::-1])
    for name, value in up.gru.named_parameters():
        other = name.removesuffix("_reverse") if name.endswith("_reverse") else name + "_reverse"
        getattr(down.gru, other).data.copy_(value)
    x = rows()
    with torch.inference_mode():
        a, b = (model.embed(x).unflatten(1, (4, 2, 6)) for model in (up, down))
    torch.testing.assert_close(a, b.flip(1).flip(2))


def test_read_one_way_a_state_knows_nothing_of_the_levels_that_come_later():
    starts = np.cumsum([0] + [int(np.prod(shape)) for shape in SHAPES])
    for order in ("up", "down"):
        model, x = network(order=order, both=False), rows()
        for position, level in enumerate(model.vectors.levels):
            other = x.clone()
            other[:, starts[level] : starts[level + 1]] += 1
            with torch.inference_mode():
                a, b = (model.embed(rows).unflatten(1, (4, 6)) for rows in (x, other))
            assert [torch.equal(a[:, t], b[:, t]) for t in range(4)] == [t < position for t in range(4)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "sideways"}, "'sideways' is unknown; use up, down"),
        ({"order": ()}, "at least one level"),
        ({"order": (1, 1)}, "none twice"),
        ({"order": (0, 7)}, "from 0 to 3"),
        ({"state": 0}, "state 0"),
        ({"dropout": -0.1}, "dropout -0.1"),
        ({"outputs": 0}, "outputs 0"),
    ],
)
def test_what_makes_no_network_is_refused(options, message):
    with pytest.raises(BadInput, match=message):
        LevelGru(SHAPES, **options)
