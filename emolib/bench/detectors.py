"""What the benchmarks of the detector share: its pictures, and torchvision's detector on the same trunk (chapter 4)."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from emolib import backbones
from emolib.corpora.scenes import Parameters, Scenes, records
from emolib.models.detector import SAMPLES, Detector
from emolib.training import detecting

SIDE, ANCHORS, WIDTH, HIDDEN, BINS = 160, (16, 32, 64, 128), 32, 128, 5
"""Those of chapter 4 on a laptop."""

KEEP = 10


def pictures(count: int, side: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pictures of the laboratory, uint8 (n, side, side, 3), and the boxes of their things."""
    parameters = Parameters(count, side, sizes=(0.12, 0.6), numbers=(0.2, 0.4, 0.4), duplicates=0)
    painted = Scenes(parameters, np.arange(count))
    boxes = [np.array(own, float) for own in records(parameters)["boxes"]]
    return np.stack([painted.picture(k) for k in range(count)]), boxes


def ours(side: int, anchors: tuple[int, ...], *, along: bool) -> Detector:
    """An untrained detector on lite0: with the trunk inside, to train it along, or on rows of its maps."""
    trunk = backbones.load("lite0")
    with torch.inference_mode():
        maps = trunk.levels(torch.zeros(1, side, side, 3, dtype=torch.uint8))
    shapes = tuple(tuple(level.shape[1:]) for level in maps)
    torch.manual_seed(0)
    return Detector(shapes, side, anchors, width=WIDTH, hidden=HIDDEN, bins=BINS, trunk=trunk if along else None)


class Pyramid(nn.Module):
    """lite0 with torchvision's pyramid on its four levels, in the form that torchvision's detectors take."""

    def __init__(self, trunk: backbones.Network, channels: list[int]) -> None:
        super().__init__()
        self.out_channels = WIDTH
        self.layers, self.taps = nn.ModuleList([*trunk.lower, *trunk.upper]), backbones._TAPS[trunk.info.name]
        self.pyramid = FeaturePyramidNetwork(channels, WIDTH)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The pyramid, name to (n, WIDTH, h, w), of pictures (n, 3, h, w) that are normalised."""
        found = OrderedDict()
        for number, layer in enumerate(self.layers[: self.taps[-1] + 1]):
            x = layer(x)
            if number in self.taps:
                found[str(len(found))] = x
        return self.pyramid(found)

    def train(self, mode: bool = True) -> Pyramid:
        """The trunk's batch norms keep what they were pretrained with, as in ours."""
        super().train(mode)
        self.layers.eval()
        return self


def torchvisions(side: int, anchors: tuple[int, ...], channels: list[int]) -> FasterRCNN:
    """torchvision's Faster R-CNN of the same trunk, widths, anchors and numbers of proposals and samples.

    It skips the resizing of pictures that have their size already; its proposals are the best 256 of each level where
    ours are the best 256 of all.
    """
    trunk = backbones.load("lite0")
    torch.manual_seed(0)
    align = MultiScaleRoIAlign(["0", "1", "2", "3"], BINS, SAMPLES, canonical_scale=anchors[2], canonical_level=4)
    return FasterRCNN(
        Pyramid(trunk, channels), min_size=side, max_size=side, _skip_resize=True, image_mean=list(trunk.info.mean),
        image_std=list(trunk.info.std),
        rpn_anchor_generator=AnchorGenerator(tuple((own,) for own in anchors), ((1.0,),) * 4),
        rpn_pre_nms_top_n_train=256, rpn_pre_nms_top_n_test=256, rpn_post_nms_top_n_train=detecting.PROPOSED,
        rpn_post_nms_top_n_test=detecting.PROPOSED, rpn_batch_size_per_image=detecting.ANCHORS,
        box_roi_pool=align, box_head=TwoMLPHead(WIDTH * BINS**2, HIDDEN), box_predictor=FastRCNNPredictor(HIDDEN, 2),
        box_batch_size_per_image=detecting.REGIONS, box_positive_fraction=detecting.SHARE, box_detections_per_img=KEEP,
    )  # fmt: skip


def as_torchvision_takes_them(pixels: np.ndarray) -> list[torch.Tensor]:
    """uint8 pictures (n, h, w, 3) as a list of float (3, h, w) from 0 to 1."""
    return list((torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255).contiguous(memory_format=torch.channels_last))
