"""The benchmarks of the detector give whole rows, and their sides do comparable work; how fast, no test says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from emolib import backbones, bench
from emolib.bench import detector_inference, detector_training, detectors
from emolib.training import detecting
from tests.bench.test_bench import check_row

SIDE, ANCHORS = 64, (8, 16, 32, 48)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "SIDE", SIDE)
    monkeypatch.setattr(detectors, "ANCHORS", ANCHORS)
    for module in (detector_training, detector_inference):
        monkeypatch.setattr(module, "PICTURES", 4)
        monkeypatch.setattr(module, "BATCH", 2)


@pytest.mark.parametrize("module", [detector_training, detector_inference])
def test_the_row_is_whole(module) -> None:
    name = module.__name__.rsplit(".", 1)[1]
    assert name in bench.NAMES
    check_row(module.run(rounds=1), name)


def test_no_photographs_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "photographs", lambda: pytest.fail("photographs were looked for"))
    for module in (detector_training, detector_inference):
        monkeypatch.setattr(module, "run", lambda paths: {"paths": paths})
    assert bench.run(["detector_training", "detector_inference"]) == [{"paths": []}] * 2


def test_both_detectors_stand_on_the_same_pyramid_and_anchors() -> None:
    own = detectors.ours(SIDE, ANCHORS, along=True).eval()
    peer = detectors.torchvisions(SIDE, ANCHORS, [shape[0] for shape in own.shapes]).eval()
    peer.backbone.pyramid.load_state_dict(own.pyramid.state_dict())
    pixels, _ = detectors.pictures(2, SIDE)
    with torch.inference_mode():
        maps = own(torch.from_numpy(pixels))
        given, _ = peer.transform(detectors.as_torchvision_takes_them(pixels))
        theirs = peer.backbone(given.tensors)
        assert given.image_sizes == [(SIDE, SIDE)] * 2 and list(theirs) == list(maps.pyramid)
        for name, level in maps.pyramid.items():
            torch.testing.assert_close(theirs[name], level, rtol=1e-4, atol=1e-4)
        anchors = peer.rpn.anchor_generator(given, list(theirs.values()))[0]
    assert torch.equal(anchors, own.anchors)
    # The canonical level of their alignment is that of the third level, as in ours.
    assert peer.roi_heads.box_roi_pool.canonical_level == own.align.canonical_level == 4


def test_both_train_the_trunk_and_keep_its_batch_norms() -> None:
    own = detectors.ours(SIDE, ANCHORS, along=True)
    detecting.learnable(own, "object")
    peer = detectors.torchvisions(SIDE, ANCHORS, [shape[0] for shape in own.shapes]).train()
    pixels, boxes = detectors.pictures(4, SIDE)
    before = backbones.load("lite0").lower.state_dict()
    detector_training._ours(own, pixels, detecting.padded(boxes))
    detector_training._peer(peer, pixels, boxes)
    for trunk in (own.trunk.lower, peer.backbone.layers[: len(own.trunk.lower)]):
        found = dict(zip(before, trunk.state_dict().values(), strict=True))
        changed = {name for name in before if not torch.equal(found[name], before[name])}
        assert "0.weight" in changed and not any("running" in name for name in changed)
    for network in (own.train(), peer.train()):
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        assert norms and not any(module.training for module in norms)


def test_both_find_regions() -> None:
    own = detectors.ours(SIDE, ANCHORS, along=False).eval()
    peer = detectors.torchvisions(SIDE, ANCHORS, [shape[0] for shape in own.shapes]).eval()
    pixels, boxes = detectors.pictures(3, SIDE)
    assert pixels.shape == (3, SIDE, SIDE, 3) and pixels.dtype == np.uint8 and all(len(own) for own in boxes)
    trunk = backbones.compiled(detector_inference.levels._Levels(backbones.load("lite0")), torch.from_numpy(pixels[:2]))
    found = detector_inference._ours(trunk, own, pixels)
    assert found.boxes.shape == (3, detectors.KEEP, 4) and (found.scores[:, 0] > 0).all() and found.emotion.any()
    theirs = detector_inference._peer(peer, pixels)
    assert len(theirs) == 3 and all(0 < len(one["boxes"]) <= detectors.KEEP for one in theirs)
