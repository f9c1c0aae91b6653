"""EmotionNet: its parts computed again, its start, and a planted rule that both losses have to find."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.emotionnet import PUBLISHED, Adapter, EmotionHead, EmotionNet, features, joint_vectors
from emolib.softtargets import EmotionLoss
from emolib.training import Recipe, fit, predict


def test_a_head_is_its_linear_layers_side_by_side():
    torch.manual_seed(0)
    head, v = EmotionHead(5, 4, (3, 2)), torch.randn(6, 5)
    found = head(v).detach().numpy()
    parts = [v.numpy() @ head.classify.weight.detach().numpy().T + head.classify.bias.detach().numpy()]
    parts += [v.numpy() @ space.weight.detach().numpy().T for space in head.joint]
    np.testing.assert_allclose(found, np.concatenate(parts, 1), rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in head.parameters()) == 5 * 4 + 4 + 5 * 3 + 5 * 2
    assert EmotionHead(5, 4)(v).shape == (6, 4)


@pytest.fixture(scope="module")
def network():
    return backbones.load("lite0")


@pytest.fixture(scope="module")
def pictures():
    return torch.randint(0, 256, (4, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("train", ["fc", "upper", "all"])
def test_before_any_step_its_features_are_imagenets(train, network, pictures):
    model = EmotionNet(network, 7, (3,), train).eval()
    with torch.no_grad():
        lower = network.lower(network.prepare(pictures))
        embedding = network.embed(pictures)
        inputs = {"fc": network.maps(pictures) if model.reads == "maps" else embedding, "upper": lower, "all": pictures}
    found = features(model, inputs[train].numpy())
    np.testing.assert_allclose(found, embedding.numpy(), rtol=1e-3, atol=1e-4)
    assert predict(model, inputs[train]).shape == (4, 10)
    np.testing.assert_allclose(joint_vectors(model, inputs[train].numpy()),
                               found @ model.head.joint[0].weight.detach().numpy().T, rtol=1e-3, atol=1e-4)  # fmt: skip
    with pytest.raises(BadInput, match="1 joint spaces, not one numbered 1"):
        joint_vectors(model, inputs[train].numpy(), 1)


def test_the_paper_s_recipe_moves_the_upper_stage_and_the_head_alone(network, pictures):
    model = EmotionNet(network, 3, (2,))
    with torch.no_grad():
        lower = network.lower(network.prepare(pictures)).numpy()
    before = {name: value.clone() for name, value in model.named_parameters()}
    texts = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    loss = EmotionLoss(np.eye(4, 3, dtype=np.float32) + 0.1, [texts])
    recipe = Recipe(**PUBLISHED | {"epochs": 2})
    fit(model, lower, np.arange(4), recipe, loss=loss)
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert {"head.classify.weight", "head.joint.0.weight"} <= moved and any(name.startswith("upper") for name in moved)
    assert model.lower is None


def test_an_adapter_starts_at_the_embedding_and_is_then_numpys():
    x = np.random.default_rng(0).normal(3, 2, size=(50, 6)).astype(np.float32)
    x[:, 2] = 5.0
    x.flags.writeable = False
    model = Adapter(x, 4, (3,), width=8)
    np.testing.assert_array_equal(features(model, x, batch=7), x)
    with torch.no_grad():
        for parameter in model.upper.parameters():
            parameter.normal_()
    a, b = ((layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in (model.lower, model.upper))
    spread = x.std(0) + 0.1 * x.std(0).mean()
    moved = np.maximum((x - x.mean(0)) / spread @ a[0].T + a[1], 0) @ b[0].T + b[1]
    np.testing.assert_allclose(features(model, x), x + spread * moved, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_what_is_planted_is_found(weight):
    """The keyword hangs on the signs of two numbers, by their product: no linear layer finds it without the adapter."""
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 4)).astype(np.float32)
    label = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int)
    words = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    torch.manual_seed(0)
    model = Adapter(x[:400], 2, (3,) if weight else (), width=32)
    texts = [words[label]] if weight else []
    loss = EmotionLoss(np.eye(2, dtype=np.float32)[label], texts, weight)
    fit(model, x, np.arange(600), Recipe(30, 50, 1e-2), loss=loss, rows=np.arange(400))
    logits = predict(model, x)[400:, :2]
    assert (logits.argmax(1) == label[400:]).mean() > 0.85
    if weight:
        # Which of the two words a picture points at, without the classifier.
        assert ((joint_vectors(model, x)[400:] @ words.T).argmax(1) == label[400:]).mean() > 0.85


@pytest.mark.parametrize(
    ("sizes", "options"), [((0, 4), {}), ((5, 0), {}), ((5, 4), {"joint": (0,)}), ((5, 4), {"dropout": 1.0})]
)
def test_heads_that_make_no_sense_are_refused(sizes, options):
    with pytest.raises(BadInput, match="EmotionHead"):
        EmotionHead(*sizes, **options)


def test_adapters_and_networks_that_make_no_sense_are_refused(network):
    for wrong in (np.ones(3), np.full((2, 2), np.nan), np.ones((0, 3)), np.ones((5, 3))):
        with pytest.raises(BadInput, match="Adapter"):
            Adapter(wrong, 4)
    with pytest.raises(BadInput, match="Adapter"):
        Adapter(np.eye(3, 2), 4, width=0)
    with pytest.raises(BadInput, match="'none' is unknown"):
        EmotionNet(network, 4, train="none")
