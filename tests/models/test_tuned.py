"""The tuned network starts where scikit-learn's ridge ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import FunctionTransformer

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.tuned import FineTuned

PENALTIES = (1.0, 30.0, 1000.0)


@pytest.fixture(scope="module")
def network():
    return backbones.load("lite0")


@pytest.fixture(scope="module")
def case(network):
    """Thirty pictures, their embeddings and lower maps from the untouched network, and two targets."""
    pictures = torch.randint(0, 256, (30, 40, 40, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    pictures[::2] //= 3
    with torch.no_grad():
        lower = network.lower(network.prepare(pictures))
        embedding = network.embed(pictures).numpy()
    targets = np.random.default_rng(0).normal(size=(30, 2))
    targets[::2] += 2
    return pictures, lower, embedding, targets


@pytest.mark.parametrize("train", ["upper", "all"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_before_any_step_it_predicts_what_ridge_predicts(train, outputs, network, case):
    pictures, lower, embedding, targets = case
    targets = targets[:, :outputs]
    model = FineTuned(network, embedding, targets, train, penalties=PENALTIES).eval()
    roots = FunctionTransformer(lambda e: np.sqrt(np.maximum(e, 1e-4))).transform(embedding.astype(float))
    # Spread of a root that never moves must not blow up noise; hence the floor of .05 below every spread.
    x = (roots - roots.mean(0)) / (roots.std(0) + 0.05)
    ridge = RidgeCV(alphas=PENALTIES).fit(x, targets)
    with torch.inference_mode():
        found = model(lower if train == "upper" else pictures).numpy()
    assert found.shape == (30, outputs)
    np.testing.assert_allclose(found, ridge.predict(x).reshape(30, outputs), rtol=1e-3, atol=2e-3)


def test_its_embedding_is_standardised(network, case):
    _, lower, embedding, targets = case
    model = FineTuned(network, embedding, targets).eval()
    with torch.inference_mode():
        roots = model.embed(lower)
    np.testing.assert_allclose(roots.mean(0), 0, atol=5e-3)
    assert (roots.std(0) <= 1.05).all()


def test_the_start_travels_with_the_weights(network, case):
    _, lower, embedding, targets = case
    first = FineTuned(network, embedding, targets).eval()
    second = FineTuned(network, np.ones_like(embedding), -targets).eval()
    second.load_state_dict(first.state_dict())
    with torch.inference_mode():
        torch.testing.assert_close(second(lower), first(lower))


def test_what_does_not_fit_is_refused(network, case):
    _, _, embedding, targets = case
    with pytest.raises(BadInput, match="do not fit together"):
        FineTuned(network, embedding[:-1], targets)
    with pytest.raises(BadInput, match="do not fit together"):
        FineTuned(network, embedding, targets[:, 0])
    with pytest.raises(BadInput, match="below -1"):
        FineTuned(network, embedding - 5, targets)
    with pytest.raises(BadInput, match="'none' is unknown"):
        FineTuned(network, embedding, targets, "none")
