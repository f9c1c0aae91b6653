"""Training the detector with its trunk, beside torchvision's detector and beside the trunk alone (chapter 4)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emolib.bench import detectors, turns
from emolib.models.detector import Detector
from emolib.training import Recipe, detecting, fit

PICTURES, BATCH, RATE = 16, 8, 2e-3


def run(paths: Sequence[Path] = (), rounds: int = 3) -> dict:  # noqa: ARG001 - trains on the laboratory's pictures
    """Pictures a second of whole steps at 160 px, from uint8 pictures in memory to changed weights, eight a step.

    ours: a pass of the object branch, with pyramid and trunk trained along. peer: torchvision's Faster R-CNN on the
    same trunk, in the loop that one writes first. limit: forward and backward of trunk and pyramid, of ours, on batches
    that are ready, without proposals, regions, losses or a step.
    """
    pixels, boxes = detectors.pictures(PICTURES, detectors.SIDE)
    truth = detecting.padded(boxes)
    own = detectors.ours(detectors.SIDE, detectors.ANCHORS, along=True)
    detecting.learnable(own, "object")
    peer = detectors.torchvisions(detectors.SIDE, detectors.ANCHORS, [shape[0] for shape in own.shapes]).train()
    ready = torch.from_numpy(pixels).split(BATCH)
    sides = {
        "ours": partial(_ours, own, pixels, truth),
        "limit": partial(_bare, own, ready),
        "peer": partial(_peer, peer, pixels, boxes),
    }
    return turns.row(
        "detector_training",
        turns.take_turns(sides, rounds),
        PICTURES,
        "images/s",
        peer="torchvision's Faster R-CNN on the same trunk (same widths, anchors, samples)",
        limit="forward and backward of trunk and pyramid alone",
    )


def _ours(network: Detector, pixels: np.ndarray, truth: np.ndarray) -> None:
    fit(network, pixels, truth, Recipe(1, BATCH, RATE, schedule="constant"), loss=detecting.Loss(network, "object"))


def _bare(network: Detector, ready: Sequence[torch.Tensor]) -> None:
    network.train()
    for batch in ready:
        network.zero_grad()
        sum(level.mean() for level in network(batch).pyramid.values()).backward()


def _peer(network: nn.Module, pixels: np.ndarray, boxes: Sequence[np.ndarray]) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, fused=True)
    for rows in np.random.default_rng(0).permutation(len(pixels)).reshape(-1, BATCH):
        targets = [
            {"boxes": torch.from_numpy(boxes[i]).float(), "labels": torch.ones(len(boxes[i]), dtype=torch.int64)}
            for i in rows
        ]
        losses = network(detectors.as_torchvision_takes_them(pixels[rows]), targets)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
