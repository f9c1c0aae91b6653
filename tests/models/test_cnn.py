"""A pretrained network with a new end: what it reads, what of it learns, and what stays as it was."""

from __future__ import annotations

import copy

import pytest
import torch

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.cnn import READS, TransferCnn


@pytest.fixture(scope="module")
def network():
    return backbones.load("lite0")


@pytest.fixture(scope="module")
def pictures():
    return torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def inputs_of(network, pictures) -> dict[str, torch.Tensor]:
    lower = network.lower(network.prepare(pictures))
    maps = network.upper(lower)
    return {"pictures": pictures, "lower": lower, "maps": maps, "embedding": network.neck(maps)}


def test_the_three_read_different_things_and_agree_before_training(network, pictures):
    inputs, found = inputs_of(network, pictures), []
    for train in ("fc", "upper", "all"):
        torch.manual_seed(5)
        model = TransferCnn(network, train, outputs=2).eval()
        with torch.no_grad():
            found.append(model(inputs[model.reads]))
            torch.testing.assert_close(model.embed(inputs[model.reads]), network.embed(pictures), rtol=1e-4, atol=1e-4)
    reads = {train: TransferCnn(network, train).reads for train in READS}
    # Nothing learns between the last maps and the head of this network, so its frozen part ends at the embedding.
    assert reads == {"fc": "embedding", "upper": "lower", "all": "pictures"}
    assert found[0].shape == (3, 2)
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-4, atol=1e-4)


def test_layers_behind_the_convolutions_are_trained_from_the_last_maps(network, pictures):
    classic = copy.deepcopy(network)
    classic.neck = torch.nn.Sequential(network.neck, torch.nn.Linear(1280, 16), torch.nn.ReLU())
    classic.head = torch.nn.Linear(16, 1000)
    model = TransferCnn(classic, "fc")
    assert model.reads == "maps"
    model(inputs_of(network, pictures)["maps"]).square().sum().backward()
    assert all(p.grad is not None for p in model.neck[1].parameters())


def test_stored_half_precision_inputs_are_read(network, pictures):
    inputs = inputs_of(network, pictures)
    model = TransferCnn(network, "upper").eval()
    with torch.no_grad():
        torch.testing.assert_close(model(inputs["lower"].half()), model(inputs["lower"]), rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    ("train", "below", "kept"),
    [("fc", (), ()), ("upper", ("upper",), ("lower",)), ("all", ("lower", "upper"), ())],
)
def test_exactly_the_trained_parts_get_gradients(train, below, kept, network, pictures):
    model = TransferCnn(network, train)
    model(inputs_of(network, pictures)[model.reads]).square().sum().backward()
    learning = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert learning == {"head", *below}
    # Every layer learns: no weight of a trained part is out of reach.
    assert all(p.grad is not None for p in model.parameters())
    assert not any(name.startswith(kept) for name, _ in model.named_parameters() if kept)


def test_training_changes_neither_the_given_network_nor_the_statistics_of_batch_norms(network, pictures):
    before = copy.deepcopy(network.state_dict())
    model = TransferCnn(network, "all").train()
    statistics = {name: b.clone() for name, b in model.named_buffers() if "running" in name}
    assert statistics
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (model(pictures) - 3).square().mean().backward()
        optimizer.step()
    for name, buffer in model.named_buffers():
        if "running" in name:
            assert torch.equal(buffer, statistics[name]), name
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not all(torch.equal(p, q) for p, q in zip(model.lower.parameters(), network.lower.parameters(), strict=True))


def test_in_training_mode_only_batch_norms_stay(network):
    model = TransferCnn(network, "all", dropout=0.5).train()
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and not any(m.training for m in norms)
    assert model.training and all(m.training for m in model.modules() if isinstance(m, torch.nn.Dropout))
    assert not any(m.training for m in model.eval().modules())


def test_an_unknown_part_is_refused(network):
    with pytest.raises(BadInput, match="'head' is unknown; use fc, upper, all"):
        TransferCnn(network, "head")
