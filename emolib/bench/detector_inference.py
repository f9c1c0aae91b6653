"""Finding emotional regions, beside torchvision's detector and beside the trunk alone (chapter 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emolib import backbones
from emolib.bench import detectors, turns
from emolib.features import levels
from emolib.models.detector import Detector
from emolib.training import detecting

PICTURES, BATCH = 64, 32

Run = Callable[[torch.Tensor], torch.Tensor]


def run(paths: Sequence[Path] = (), rounds: int = 3) -> dict:  # noqa: ARG001 - looks at the laboratory's pictures
    """Pictures a second at 160 px, from uint8 pictures in memory to regions with p_obj and p_emo.

    ours: the frozen trunk, compiled by an earlier call as `level_maps` compiles it, then `detect` on its maps in half
    precision, both branches looking. peer: torchvision's Faster R-CNN on the same trunk in evaluation mode, which has
    one branch. limit: the compiled trunk and the pyramid of ours.

    All are untrained: every proposal is looked at, none is turned down for being unlikely.
    """
    pixels, _ = detectors.pictures(PICTURES, detectors.SIDE)
    own = detectors.ours(detectors.SIDE, detectors.ANCHORS, along=False).eval()
    peer = detectors.torchvisions(detectors.SIDE, detectors.ANCHORS, [shape[0] for shape in own.shapes]).eval()
    trunk = backbones.compiled(levels._Levels(backbones.load("lite0")), torch.from_numpy(pixels[:BATCH]))
    sides = {
        "ours": partial(_ours, trunk, own, pixels),
        "limit": partial(_bare, trunk, own, pixels),
        "peer": partial(_peer, peer, pixels),
    }
    return turns.row(
        "detector_inference",
        turns.take_turns(sides, rounds),
        PICTURES,
        "images/s",
        peer="torchvision's Faster R-CNN on the same trunk (same widths, anchors, proposals; one branch)",
        limit="the compiled trunk and the pyramid alone",
    )


def _maps(trunk: Run, pixels: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return torch.cat([trunk(part).half() for part in torch.from_numpy(pixels).split(BATCH)])


def _ours(trunk: Run, network: Detector, pixels: np.ndarray) -> detecting.Found:
    return detecting.detect(network, _maps(trunk, pixels).numpy(), "emotional", keep=detectors.KEEP, batch=BATCH)


def _bare(trunk: Run, network: Detector, pixels: np.ndarray) -> None:
    with torch.inference_mode():
        for rows in _maps(trunk, pixels).split(BATCH):
            network(rows)


@torch.inference_mode()
def _peer(network: nn.Module, pixels: np.ndarray) -> list[dict]:
    found = []
    for start in range(0, len(pixels), BATCH):
        found += network(detectors.as_torchvision_takes_them(pixels[start : start + BATCH]))
    return found
