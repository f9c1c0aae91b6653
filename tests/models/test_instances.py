"""Multiple instances: values by hand, gradients by differences, and a planted truth that only one instance tells."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emolib.errors import BadInput
from emolib.models.instances import POOLS, InstanceClassifier, one_vs_rest_loss
from emolib.training import Recipe, fit, predict


def by_hand(pool: str) -> InstanceClassifier:
    """Two features that pass unchanged, classes that read one each."""
    model = InstanceClassifier(np.array([[[-1.0, -1.0], [1.0, 1.0]]]), 2, pool)
    with torch.no_grad():
        model.linear.weight.copy_(torch.eye(2))
        model.linear.bias.zero_()
    return model


def odds(p: float) -> float:
    return float(np.log(p / (1 - p)))


BAG = torch.tensor([[[odds(0.5), odds(0.1)], [odds(0.2), odds(0.9)], [np.nan, np.nan]]], dtype=torch.float32)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("noisy_or", [1 - 0.5 * 0.8, 1 - 0.9 * 0.1]),
        ("max", [0.5, 0.9]),
        # Mean log-odds: the root of the product of the odds, 1 and 1/4, 1/9 and 9.
        ("mean", [0.5 / 1.5, 0.5]),
    ],
)
def test_pooling_by_hand(pool, expected):
    found = torch.sigmoid(by_hand(pool)(BAG))
    np.testing.assert_allclose(found.detach().numpy()[0], expected, atol=1e-6)
    instances = by_hand(pool).instances(BAG)[0].numpy()
    np.testing.assert_allclose(instances[:2], [[0.5, 0.1], [0.2, 0.9]], atol=1e-6)
    assert np.isnan(instances[2]).all()


def test_loss_by_hand():
    found = torch.tensor([[odds(0.8), odds(0.4)], [odds(0.5), odds(0.5)]])
    expected = -(np.log(0.8) + np.log(0.6) + 2 * np.log(0.5)) / 2
    assert float(one_vs_rest_loss(found, torch.tensor([0, 1]))) == pytest.approx(expected, rel=1e-6)
    shares = torch.tensor([[1.0, 0.0], [0.25, 0.75]])
    assert float(one_vs_rest_loss(found, shares)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("pool", POOLS)
def test_gradients_are_those_of_differences(pool):
    random = np.random.default_rng(0)
    bags = random.normal(size=(4, 5, 3))
    bags[0, 2:] = np.nan
    model = InstanceClassifier(bags, 3, pool).double()
    labels = torch.tensor([0, 1, 2, 1])

    def value(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        parameters = {"linear.weight": weight, "linear.bias": bias}
        return one_vs_rest_loss(torch.func.functional_call(model, parameters, torch.from_numpy(bags)), labels)

    weight = torch.from_numpy(random.normal(size=(3, 3))).requires_grad_()
    assert torch.autograd.gradcheck(value, (weight, torch.zeros(3, dtype=torch.float64, requires_grad=True)))


@pytest.mark.parametrize("pool", POOLS)
def test_extreme_evidence_stays_finite_with_a_gradient(pool):
    model = by_hand(pool)
    for strength in (1e4, -1e4, -80.0):
        model.zero_grad()
        loss = one_vs_rest_loss(model(torch.full((2, 3, 2), strength)), torch.tensor([0, 1]))
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(model.linear.weight.grad).all()


@pytest.mark.parametrize("classes", [2, 8])
@pytest.mark.parametrize("pool", POOLS)
def test_every_class_begins_with_its_share(pool, classes):
    bags = np.random.default_rng(0).normal(size=(6, 21, 4)).astype(np.float32)
    start = torch.sigmoid(InstanceClassifier(bags, classes, pool)(torch.from_numpy(bags)))
    np.testing.assert_allclose(start.detach(), 1 / classes, rtol=1e-4)


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bags of up to 15 instances of noise; in one of them, anywhere, the column of the bag's class is high."""
    random = np.random.default_rng(seed)
    bags = random.normal(size=(n, 15, 10)).astype(np.float32)
    labels = random.integers(3, size=n)
    bags[np.arange(n), random.integers(15, size=n), labels] += 4
    empty = random.random((n, 15)) < 0.2
    empty &= ~(bags[..., :3].max(axis=2) > 3)
    bags[empty] = np.nan
    return bags, labels


def accuracy(pool: str) -> float:
    (bags, labels), (new, truth) = planted(500, 0), planted(500, 1)
    model = InstanceClassifier(bags, 3, pool)
    fit(model, bags, labels, Recipe(epochs=40, lr=0.05), loss=one_vs_rest_loss)
    return float((predict(model, new).argmax(axis=1) == truth).mean())


def test_where_one_instance_decides_multiple_instance_learning_beats_the_mean():
    found = {pool: accuracy(pool) for pool in POOLS}
    assert found["noisy_or"] > 0.85 and found["max"] > 0.85
    assert found["mean"] < min(found["noisy_or"], found["max"]) - 0.1


def test_the_instance_that_decides_is_pointed_at():
    bags, labels = planted(500, 0)
    model = InstanceClassifier(bags, 3)
    fit(model, bags, labels, Recipe(epochs=40, lr=0.05), loss=one_vs_rest_loss)
    new, truth = planted(300, 2)
    planted_at = np.nanargmax(new[np.arange(300), :, truth], axis=1)
    instances = model.instances(torch.from_numpy(new)).numpy()
    assert (np.nanargmax(instances[np.arange(300), :, truth], axis=1) == planted_at).mean() > 0.9


def test_order_and_empty_places_do_not_matter():
    bags, _ = planted(20, 3)
    for pool in POOLS:
        model = InstanceClassifier(bags, 3, pool)
        torch.nn.init.normal_(model.linear.weight, generator=torch.Generator().manual_seed(0))
        plain = predict(model, bags)
        wider = np.concatenate([np.full((20, 4, 10), np.nan, np.float32), bags[:, ::-1]], axis=1)
        np.testing.assert_allclose(predict(model, wider), plain, rtol=1e-4, atol=1e-5)


def test_a_bag_of_nothing_is_judged_as_the_average():
    bags, _ = planted(20, 3)
    for pool in POOLS:
        model = InstanceClassifier(bags, 3, pool)
        nothing = predict(model, np.full((1, 15, 10), np.nan, np.float32))
        average = predict(model, model.mean.numpy()[None, None])
        np.testing.assert_allclose(nothing, average, rtol=1e-5)


def test_a_column_that_never_changes_is_no_trouble():
    bags, _ = planted(20, 3)
    bags[..., 4] = np.where(np.isnan(bags[..., 4]), np.nan, 7)
    model = InstanceClassifier(bags, 3)
    assert np.isfinite(predict(model, bags)).all() and float(model.spread[4]) == 1


@pytest.mark.parametrize(
    ("bags", "classes", "pool", "message"),
    [
        (np.zeros((2, 3)), 3, "max", "shape|expected"),
        (np.zeros((2, 0, 3)), 3, "max", "expected"),
        (np.zeros((2, 3, 3)), 1, "max", "1 classes"),
        (np.zeros((2, 3, 3)), 3, "sum", "sum"),
        (np.full((2, 3, 3), np.nan), 3, "max", "without an instance"),
        (np.full((2, 3, 3), np.inf), 3, "max", "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(bags, classes, pool, message):
    with pytest.raises(BadInput, match=message):
        InstanceClassifier(bags, classes, pool)
