"""A detector of emotional regions: Faster R-CNN on a feature pyramid, with a second classifier for emotion. Chapter 4.

T. Rao, X. Li, H. Zhang & M. Xu 2019, sections 3 and 4.1, after Ren et al. 2015 (Faster R-CNN) and Lin et al. 2017
(feature pyramid networks), of torchvision's parts::

    maps of a trunk -> pyramid -> region proposals -> RoI-align -> [object?  box]   the object branch
    (C2 to C5)         (P2 to P5)                              -> [emotional?  box] the emotional branch

It is trained in two steps, as in the paper: first to find objects (Eq. 1), then, with what knows objects held fast, to
tell which regions evoke the emotion (Eq. 2). A region's emotion score is sqrt(p_emo^2 + p_obj^2) (Eq. 3).

What the paper leaves open, and what is chosen here: the emotional branch has proposals, layers and boxes of its own
beside those of the object branch, on the pyramid that objects were learned with, so that p_obj stays what it was; boxes
are regressed for regions that overlap a true one (the mask that Eqs. 1 and 2 omit), with weight 1; maps come from a
frozen trunk (`emolib.features.levels`) or, through `Detector.trunk`, from one that is trained along. The single-level
variant proposes from the stride-16 maps alone, without a pyramid, and has anchors of all sizes at each place, so that
both variants have the same sizes to start from.

A laptop's pyramid has a few dozen channels where the paper's has 256, and forgets what a thing is. So whoever looks
into a region also sees the mean of the trunk's own maps in it (`DIRECT`), in both variants alike; what a pyramid adds
is where to look, and the finer maps for it.

Training and detecting: `emolib.training.detecting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, batched_nms, clip_boxes_to_image, roi_align

from emolib import backbones
from emolib.errors import BadInput
from emolib.features.levels import Shapes, unpack

BRANCHES = ("object", "emotional")
DIRECT = (1, 2, 3)
"""The trunk's levels of which the mean over a region is seen beside the pyramid: those that know what a thing is."""

SINGLE = 2
"""The level that the single-level detector reads: stride 16, as in the first Faster R-CNN."""

SAMPLES = 1
"""Points a side at which a bin of a region is read; torchvision's own detectors take 2, for four times the work."""
LARGEST_STEP = 4.135  # log(1000 / 16), as in torchvision: no box grows more than that in one step


class Proposals(NamedTuple):
    """Regions of b pictures: `boxes` (b, k, 4), `scores` (b, k), -inf where there are fewer than k, and `at` (b, k),
    which of the boxes given they are."""

    boxes: torch.Tensor
    scores: torch.Tensor
    at: torch.Tensor


class Maps(NamedTuple):
    """What a detector sees of b pictures: its `pyramid`, name to (b, width, h, w), and the maps of the `trunk`, each
    (b, c, h, w), from fine to coarse."""

    pyramid: dict[str, torch.Tensor]
    trunk: list[torch.Tensor]


class Branch(nn.Module):
    """Where could something be (proposals), is it there (a classifier), and where exactly (a box).

    Args:
        width: channels of the maps.
        anchors: at each place.
        direct: channels of the trunk's maps that are seen beside them.
        hidden: units of the two layers that look into a region.
        bins: a side, of a region.
        classes: of things that are told apart, beside "nothing".
    """

    def __init__(self, width: int, anchors: int, direct: int, hidden: int, bins: int, classes: int = 1) -> None:
        super().__init__()
        self.proposer = RPNHead(width, anchors)
        self.norm = nn.BatchNorm1d(direct)  # maps of a frozen trunk differ in scale from level to level
        self.look = TwoMLPHead(width * bins**2 + direct, hidden)
        self.says, self.moves = nn.Linear(hidden, 1 + classes), nn.Linear(hidden, 4)
        nn.init.normal_(self.says.weight, std=0.01)
        nn.init.normal_(self.moves.weight, std=0.001)
        for layer in (self.says, self.moves):
            nn.init.zeros_(layer.bias)

    def forward(self, regions: torch.Tensor, means: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (r, 1 + classes), "nothing" first, and steps (r, 4) of regions (r, width, bins, bins), (r, direct)."""
        seen = self.look(torch.cat([regions.flatten(1), self.norm(means)], 1))
        return self.says(seen), self.moves(seen)


class Detector(nn.Module):
    """The network; what it is trained by is in `emolib.training.detecting`.

    Args:
        shapes: (c, h, w) of the trunk's maps at strides 4, 8, 16, 32, as `Levels.shapes`.
        size: side of the pictures, in pixels; they are square.
        anchors: sides of the square anchors in pixels, one for each level (paper: 32, 64, 128, 256).
        levels: "multi", or "single" for the variant without a pyramid.
        width: channels of the pyramid (256 in Lin et al.).
        hidden: units of the layers that look into a region (1024 there).
        bins: a side, into which a region is cut (7 there).
        classes: of objects that the object branch tells apart, as COCO's 80 do; p_obj is the probability of any.
        trunk: a backbone to compute the maps with, trained along; without one the network takes rows of maps.

    Raises:
        BadInput: shapes, anchors or levels that make no sense.
    """

    def __init__(
        self,
        shapes: Shapes,
        size: int,
        anchors: Sequence[int] = (32, 64, 128, 256),
        levels: str = "multi",
        width: int = 64,
        hidden: int = 128,
        bins: int = 7,
        classes: int = 1,
        trunk: backbones.Network | None = None,
    ) -> None:
        super().__init__()
        if levels not in ("multi", "single"):
            raise BadInput(f"Detector: levels {levels!r}; use multi or single")
        grid = [(size // stride,) * 2 for stride in backbones.STRIDES]
        if size < 1 or size % backbones.STRIDES[-1] or [tuple(shape[1:]) for shape in shapes] != grid:
            raise BadInput(
                f"Detector: maps {tuple(shapes)} of pictures of {size} pixels; the side has to be a multiple of "
                f"{backbones.STRIDES[-1]}, and the maps those at strides {backbones.STRIDES}"
            )
        if len(shapes) != len(anchors) or sorted(anchors) != list(anchors) or min(anchors, default=0) < 1:
            raise BadInput(f"Detector: {len(shapes)} levels and anchors {tuple(anchors)}; one side a level, rising")
        self.shapes, self.size, self.levels, self.trunk = shapes, size, levels, trunk
        self.sides = tuple(anchors)
        self.names = [str(level) for level in (range(len(shapes)) if levels == "multi" else [SINGLE])]
        channels = [shapes[int(name)][0] for name in self.names]
        if levels == "multi":
            self.pyramid = FeaturePyramidNetwork(channels, width)
            sides = [(side,) for side in anchors]
        else:
            # The same two layers as at a level of the pyramid, without what comes from above.
            self.pyramid = nn.Sequential(nn.Conv2d(channels[0], width, 1), nn.Conv2d(width, width, 3, padding=1))
            sides = [tuple(anchors)]
        direct = sum(shapes[level][0] for level in DIRECT)
        self.object = Branch(width, len(sides[0]), direct, hidden, bins, classes)
        self.emotional = Branch(width, len(sides[0]), direct, hidden, bins)
        generator = AnchorGenerator(tuple(sides), ((1.0,),) * len(sides))
        grids = [shapes[int(name)][1:] for name in self.names]
        strides = [[torch.tensor(size // h), torch.tensor(size // w)] for h, w in grids]
        self.register_buffer("anchors", torch.cat(generator.grid_anchors(grids, strides)), persistent=False)
        # A region is read at the level whose anchors are of its size: the third level holds those from its own side on.
        self.align = MultiScaleRoIAlign(
            self.names, bins, SAMPLES, canonical_scale=anchors[SINGLE], canonical_level=_level(size, shapes[SINGLE])
        )
        self.coder = BoxCoder((1.0, 1.0, 1.0, 1.0), LARGEST_STEP)

    def extra_repr(self) -> str:
        """What decides the boxes and is in no layer: a kept training is looked for under the network's repr."""
        return f"size={self.size}, anchors={self.sides}, levels={self.levels}, shapes={self.shapes}"

    def train(self, mode: bool = True) -> Detector:
        """As every module's, but for the trunk, which stays in evaluation mode also where it is trained along.

        Its batch norms keep the means and spreads that it was pretrained with, as detectors usually do: the few
        pictures of a step make poor ones, and what knows objects has to stay the same in the emotional step.
        """
        super().train(mode)
        if self.trunk is not None:
            self.trunk.eval()
        return self

    def forward(self, x: torch.Tensor) -> Maps:
        """The pyramid and the trunk's maps, of rows of maps (b, total) or, with a trunk, of uint8 pictures.

        Raises:
            BadInput: rows of another length, or pictures of another size than the detector's.
        """
        if self.trunk is not None and tuple(x.shape[1:]) != (self.size, self.size, 3):
            raise BadInput(f"Detector: pictures {tuple(x.shape)}; expected (b, {self.size}, {self.size}, 3)")
        maps = unpack(x, self.shapes) if self.trunk is None else self.trunk.levels(x)
        if self.levels == "single":
            pyramid = {self.names[0]: self.pyramid(maps[SINGLE])}
        else:
            pyramid = self.pyramid(dict(zip(self.names, maps, strict=True)))
        return Maps(pyramid, maps)

    def proposal_scores(self, maps: Maps, branch: str) -> tuple[torch.Tensor, torch.Tensor]:
        """For every anchor a logit (b, a) and a step (b, a, 4)."""
        logits, steps = getattr(self, branch).proposer(list(maps.pyramid.values()))
        b = len(logits[0])
        flat = [level.permute(0, 2, 3, 1).reshape(b, -1) for level in logits]
        moved = [level.reshape(b, -1, 4, *level.shape[2:]).permute(0, 3, 4, 1, 2).reshape(b, -1, 4) for level in steps]
        return torch.cat(flat, 1), torch.cat(moved, 1)

    @torch.no_grad()
    def propose(
        self, logits: torch.Tensor, steps: torch.Tensor, keep: int, overlap: float = 0.7, first: int = 256
    ) -> Proposals:
        """The `keep` best regions of each picture that do not overlap one another by more than `overlap` (IoU)."""
        first = min(first, logits.shape[1])
        scores, at = logits.topk(first, 1)
        boxes = self.moved(self.anchors[at], steps.gather(1, at[:, :, None].expand(-1, -1, 4)))
        return suppressed(boxes, scores, keep, overlap)

    def moved(self, boxes: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """Boxes (..., 4) after a step (..., 4) each, clipped to the picture."""
        found = self.coder.decode_single(steps.reshape(-1, 4), boxes.reshape(-1, 4))
        return clip_boxes_to_image(found, (self.size, self.size)).reshape(boxes.shape)

    def look(self, maps: Maps, boxes: torch.Tensor, branch: str) -> tuple[torch.Tensor, torch.Tensor]:
        """What a branch says of regions (b, k, 4): logits (b, k, 1 + classes) and steps (b, k, 4)."""
        b, k = boxes.shape[:2]
        regions = self.align(maps.pyramid, list(boxes), [(self.size, self.size)] * b)
        means = [
            roi_align(maps.trunk[level], list(boxes), 1, maps.trunk[level].shape[2] / self.size, 2, aligned=True)
            for level in DIRECT
        ]
        logits, steps = getattr(self, branch)(regions, torch.cat(means, 1).flatten(1))
        return logits.reshape(b, k, -1), steps.reshape(b, k, 4)


def suppressed(boxes: torch.Tensor, scores: torch.Tensor, keep: int, overlap: float) -> Proposals:
    """The `keep` highest-scored boxes of each picture, without those that overlap a higher one by more than `overlap`.

    Boxes (b, k, 4) and scores (b, k), -inf for boxes that are not there; narrow ones, below a pixel, go too. With fewer
    than `keep` boxes there are fewer columns.
    """
    b, k = scores.shape
    wide = ((boxes[..., 2:] - boxes[..., :2]) >= 1).all(-1)
    scores = torch.where(wide, scores, -torch.inf)
    picture = torch.arange(b, device=boxes.device).repeat_interleave(k)
    there = torch.isfinite(scores).reshape(-1)
    kept = there.nonzero()[:, 0]
    kept = kept[batched_nms(boxes.reshape(-1, 4)[kept], scores.reshape(-1)[kept], picture[kept], overlap)]
    left = torch.full_like(scores, -torch.inf).reshape(-1)
    left[kept] = scores.reshape(-1)[kept]
    best, at = left.reshape(b, k).topk(min(keep, k), 1)
    return Proposals(boxes.gather(1, at[:, :, None].expand(-1, -1, 4)), best, at)


def _level(size: int, shape: tuple[int, int, int]) -> int:
    """log2 of the stride: torchvision counts levels so."""
    return (size // shape[1]).bit_length() - 1
