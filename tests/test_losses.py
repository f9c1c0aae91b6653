"""Losses that know distances, against hand-worked values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emolib import emotions
from emolib.errors import BadInput
from emolib.losses import WheelLoss, polarity_distances, vote_targets

NAMES = emotions.MIKELS


def surely(name: str) -> torch.Tensor:
    """Logits of a network that is nearly sure of an emotion."""
    logits = torch.zeros(1, 8)
    logits[0, NAMES.index(name)] = 12.0
    return logits


def test_without_weight_it_is_cross_entropy():
    logits, labels = torch.randn(5, 8), torch.tensor([0, 1, 2, 3, 7])
    torch.testing.assert_close(WheelLoss(0.0)(logits, labels), torch.nn.functional.cross_entropy(logits, labels))


def test_of_a_network_that_knows_nothing():
    # Mean distance on a wheel of eight: (0 + 2 (1 + 2 + 3) + 4) / 8 = 2, half of the largest.
    labels = torch.arange(8)
    expected = np.log(8) + 0.7 * 0.5
    assert float(WheelLoss(0.7)(torch.zeros(8, 8), labels)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("said", "steps"), [("anger", 1), ("contentment", 1), ("sadness", 3), ("fear", 4)])
def test_being_surely_wrong_costs_by_the_steps_on_the_wheel(said, steps):
    label = torch.tensor([NAMES.index("amusement")])
    plain = torch.nn.functional.cross_entropy(surely(said), label)
    assert float(WheelLoss(2.0)(surely(said), label) - plain) == pytest.approx(2.0 * steps / 4, abs=1e-3)


def test_the_wrong_polarity_alone():
    d = polarity_distances()
    assert d.sum() == 32 and not np.diag(d).any() and (d == d.T).all()
    loss, label = WheelLoss(1.0, d), torch.tensor([NAMES.index("amusement")])
    for said, cost in (("awe", 0.0), ("fear", 1.0)):
        plain = torch.nn.functional.cross_entropy(surely(said), label)
        assert float(loss(surely(said), label) - plain) == pytest.approx(cost, abs=1e-3)


def test_its_gradient_is_that_of_differences():
    loss, labels = WheelLoss(1.5).double(), torch.tensor([3, 6])
    logits = torch.randn(2, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: loss(z, labels), (logits,))


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 3)), np.ones((3, 3)), -polarity_distances(), np.ones((2, 3)), np.full((2, 2), np.nan)]
)
def test_distances_that_are_none_are_refused(wrong):
    with pytest.raises(BadInput, match="distances"):
        WheelLoss(1.0, wrong)
    with pytest.raises(BadInput, match="weight"):
        WheelLoss(-1.0)


def test_votes_become_shares():
    np.testing.assert_allclose(vote_targets([[5, 0, 0], [1, 2, 2]]), [[1, 0, 0], [0.2, 0.4, 0.4]])
    # What torch makes of a distribution that is sure is what it makes of the class number.
    logits = torch.randn(2, 3)
    targets = torch.from_numpy(vote_targets([[0, 4, 0], [3, 0, 0]]))
    torch.testing.assert_close(
        torch.nn.functional.cross_entropy(logits, targets),
        torch.nn.functional.cross_entropy(logits, torch.tensor([1, 0])),
    )


@given(hnp.arrays(float, (4, 8), elements=st.floats(-1, 5) | st.just(float("nan")) | st.just(0.0)))
def test_votes_are_shares_or_refused(votes):
    fine = np.isfinite(votes).all() and (votes >= 0).all() and (votes.sum(1) > 0).all()
    if fine:
        targets = vote_targets(votes)
        assert (targets >= 0).all()
        np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-5)
    else:
        with pytest.raises(BadInput, match="vote"):
            vote_targets(votes)


def test_a_picture_without_votes_is_named():
    with pytest.raises(BadInput, match="picture 1 has no vote"):
        vote_targets([[1, 0], [0, 0]])
