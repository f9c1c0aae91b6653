"""How the detector of emotional regions learns, and how it finds. Used by chapter 4.

Rao et al. 2019, section 4.1, with the rules of Ren et al. 2015: an anchor is right when it overlaps a true region by
`RIGHT` (IoU) or more, or more than any other anchor does; wrong when it overlaps all by less than `WRONG`; else it does
not count. All pictures of a batch have one size, so that matching, sampling and losses are computed for the whole batch
at once, without a loop over pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from emolib import backbones
from emolib.errors import BadInput
from emolib.features import levels
from emolib.models import detector as network_module
from emolib.models.detector import BRANCHES, Detector, Maps, suppressed
from emolib.regions import as_boxes
from emolib.training.kept import fitted
from emolib.training.loop import Recipe

RIGHT, WRONG = 0.7, 0.3
REGION = 0.5
"""Overlap from which a proposed region counts as right for the classifier that looks into it (Ren et al.)."""

ANCHORS, REGIONS, PROPOSED = 128, 16, 64
"""Anchors and regions of a picture that a step learns from, and regions proposed to choose them from."""

SHARE = 0.25
"""Largest share of right ones among the regions of a step; half among anchors."""


@dataclass(frozen=True)
class Loss:
    """The loss of one branch of a detector: proposals, then regions (Eq. 1 for "object", Eq. 2 for "emotional").

    Attributes:
        network: the detector, whose anchors and branch are used.
        branch: "object" or "emotional".
    """

    network: Detector
    branch: str

    def __repr__(self) -> str:
        return f"Loss({self.branch}, {RIGHT}, {WRONG}, {REGION}, {ANCHORS}, {REGIONS}, {PROPOSED}, {SHARE})"

    def __call__(self, maps: Maps, truth: torch.Tensor) -> torch.Tensor:
        """Mean over a batch; `truth` (b, m, 5), as `padded` makes it."""
        net, boxes, kinds = self.network, truth[..., :4], truth[..., 4].long()
        logits, steps = net.proposal_scores(maps, self.branch)
        overlap = overlaps(net.anchors.expand(len(boxes), -1, -1), boxes)
        best, which = overlap.max(2)
        top = overlap.amax(1, keepdim=True)
        right = (best >= RIGHT) | ((overlap == top) & (top > 0)).any(2)
        # The best anchor of a small or narrow region may overlap it by less than `WRONG`: it is right all the same.
        at, sure = sampled(right, ~right & (best < WRONG), ANCHORS, 0.5)
        yes = right.gather(1, at)
        asked = functional.binary_cross_entropy_with_logits(logits.gather(1, at)[sure], yes[sure].float())
        wide = at[:, :, None].expand(-1, -1, 4)
        starts = net.anchors.expand(len(boxes), -1, -1).gather(1, wide)
        proposing = asked + _off(net, steps.gather(1, wide), starts, boxes, which.gather(1, at), sure, yes)
        found = net.propose(logits.detach(), steps.detach(), PROPOSED)
        # The true regions are among the candidates, as in Ren et al.: at first nothing else would be right.
        regions = torch.cat([found.boxes, boxes], 1)
        there = torch.cat([torch.isfinite(found.scores), area(boxes) > 0], 1)
        best, which = overlaps(regions, boxes).max(2)
        right = there & (best >= REGION)
        at, sure = sampled(right, there & ~right, REGIONS, SHARE)
        chosen = regions.gather(1, at[:, :, None].expand(-1, -1, 4))
        says, moves = net.look(maps, chosen, self.branch)
        which, yes = which.gather(1, at), right.gather(1, at)
        kind = torch.where(yes, kinds.gather(1, which), 0)
        named = functional.cross_entropy(says[sure], kind[sure], reduction="sum") / max(1, int(sure.sum()))
        return proposing + named + _off(net, moves, chosen, boxes, which, sure, yes)


def _off(net, steps, starts, boxes, which, sure, yes) -> torch.Tensor:  # noqa: ANN001
    """Smooth L1 between the steps (b, k, 4) of the right ones and those that lead to their boxes, over all sampled."""
    hit = sure & yes
    true = boxes.gather(1, which[:, :, None].expand(-1, -1, 4))[hit]
    step = net.coder.encode_single(true, starts[hit])
    return functional.smooth_l1_loss(steps[hit], step, beta=1 / 9, reduction="sum") / max(1, int(sure.sum()))


def overlaps(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Intersection over union (b, n, m) of boxes (b, n, 4) and (b, m, 4); 0 with a box of no area."""
    lower = torch.maximum(first[:, :, None, :2], second[:, None, :, :2])
    upper = torch.minimum(first[:, :, None, 2:], second[:, None, :, 2:])
    shared = (upper - lower).clamp(min=0).prod(3)
    union = area(first)[:, :, None] + area(second)[:, None] - shared
    return torch.where(shared > 0, shared / union.clamp(min=1e-6), 0.0)


def area(boxes: torch.Tensor) -> torch.Tensor:
    """Square pixels of boxes (..., 4)."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def sampled(right: torch.Tensor, wrong: torch.Tensor, number: int, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """At random, up to `number` of each row: right ones up to `share` of them, wrong ones for the rest.

    Args:
        right, wrong: bool (b, n).

    Returns:
        Positions (b, k) and whether each of them holds one that was drawn.
    """
    number = min(number, right.shape[1])
    chance = torch.rand(right.shape, device=right.device)
    rights = max(1, round(share * number))
    first, at = torch.where(right, chance, -1.0).topk(rights, 1)
    counts = (first >= 0).sum(1, keepdim=True)
    second, there = torch.where(wrong, chance, -1.0).topk(number, 1)
    fits = torch.arange(number, device=right.device)[None] < number - counts
    return torch.cat([at, there], 1), torch.cat([first >= 0, (second >= 0) & fits], 1)


def padded(
    boxes: Sequence[np.ndarray], scale: np.ndarray | float = 1.0, kinds: Sequence[Sequence[int]] | None = None
) -> np.ndarray:
    """Lists of boxes as one array, float32 (n, most, 5): left, top, right, bottom, class; what `train` learns from.

    Pictures with fewer boxes have some of no area and class 0, from which nothing is learned.

    Args:
        boxes: (k, 4) each.
        scale: what coordinates are multiplied with: one number, (x, y), or (x, y) of each picture.
        kinds: class numbers from 1 on of the boxes; 1 for all by default.

    Raises:
        BadInput: boxes that are no (k, 4), are not finite, or whose right edge lies left of the left one; scales that
            are not finite and above 0, or not one for each picture; kinds that are not one whole number from 1 on for
            each box.
    """
    boxes = [as_boxes(own, f"padded: picture {i}") for i, own in enumerate(boxes)]
    scale = np.asarray(scale, float)
    if scale.shape not in ((), (2,), (len(boxes), 2)) or not (np.isfinite(scale) & (scale > 0)).all():
        raise BadInput(f"padded: scale {scale.shape} for {len(boxes)} pictures; numbers above 0, (x, y)")
    if kinds is not None and [np.shape(own) for own in kinds] != [(len(own),) for own in boxes]:
        raise BadInput(f"padded: kinds for {len(kinds)} of {len(boxes)} pictures, or not one for each box")
    scale = np.broadcast_to(scale, (len(boxes), 2))
    found = np.zeros((len(boxes), max([1, *map(len, boxes)]), 5), np.float32)
    for i, own in enumerate(boxes):
        numbers = np.ones(len(own)) if kinds is None else np.asarray(kinds[i], float)
        if not ((numbers >= 1) & (numbers % 1 == 0)).all():
            raise BadInput(f"padded: picture {i} has kinds {list(kinds[i])}; they are whole numbers from 1 on")
        found[i, : len(own), :4] = own * np.tile(scale[i], 2)
        found[i, : len(own), 4] = numbers
    return found


def learnable(network: Detector, branch: str) -> None:
    """Let gradients reach what is trained in a step, and nothing else.

    The object branch is trained with the pyramid, and the trunk where there is one; the emotional branch alone.

    Raises:
        BadInput: an unknown branch.
    """
    _known(branch)
    network.requires_grad_(False)
    parts: list[nn.Module | None] = [getattr(network, branch)]
    if branch == "object":
        parts += [network.pyramid, network.trunk]
    for part in parts:
        if part is not None:
            part.requires_grad_(True)


def _known(branch: str) -> None:
    if branch not in BRANCHES:
        raise BadInput(f"detector: there is no branch {branch!r}; use object or emotional")


def train(
    name: str,
    network: Detector,
    inputs: np.ndarray,
    boxes: np.ndarray,
    recipe: Recipe,
    branch: str,
    *,
    key: Iterable[object],
    rows: np.ndarray | None = None,
    progress: bool = False,
) -> None:
    """Train one branch of a detector in place, as `learnable` says, or find what the same training left behind.

    Args:
        name: for people: the start of the cached file's name.
        inputs: rows of maps (n, total), or uint8 pictures (n, size, size, 3) with a trunk; may be mapped from disk.
        boxes: true regions, float32 (n, m, 5) in pixels of the network's input (`padded`).
        key: what stands for the content of `inputs`.
        rows: train on these rows only.

    Raises:
        BadInput: an unknown branch, boxes without any region to learn from, boxes outside the pictures, kinds of
            objects that the branch has no place for.
    """
    learnable(network, branch)
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    if boxes.ndim != 3 or boxes.shape[2] != 5 or len(boxes) != len(inputs):
        raise BadInput(f"train: boxes {boxes.shape} for {len(inputs)} pictures; expected (n, m, 5), as `padded` makes")
    own = boxes[rows]
    if not (own[..., 2:4] > own[..., :2]).all(-1).any():
        raise BadInput(f"train: none of {len(rows)} pictures has a region to learn from")
    low, high = own[..., :4].min(), own[..., :4].max()
    if not (low >= -0.5 and high <= network.size + 0.5):
        raise BadInput(f"train: boxes run from {low:g} to {high:g}, pictures to {network.size}; scale or clip them")
    classes = getattr(network, branch).says.out_features - 1
    if not own[..., 4].max() <= classes:
        raise BadInput(f"train: a box of kind {own[..., 4].max():g}; the {branch} branch tells {classes} apart")
    # What the maps are made by belongs to the key too: with a trunk they are made here.
    code = (network_module, levels, backbones, sys.modules[__name__])
    fitted(name, network, inputs, boxes, recipe, key=[*key, *code], rows=rows, loss=Loss(network, branch),
           progress=progress)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Found:
    """What a detector found in n pictures, best first.

    Attributes:
        boxes: float32 (n, k, 4), left, top, right, bottom in pixels of the network's input.
        scores: float32 (n, k); 0 where a picture has fewer than k regions.
        objectness: float32 (n, k), p_obj.
        emotion: float32 (n, k), p_emo; of the object branch's regions too.
    """

    boxes: np.ndarray
    scores: np.ndarray
    objectness: np.ndarray
    emotion: np.ndarray

    def lists(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Boxes and scores of each picture, without the places that hold none."""
        there = [own > 0 for own in self.scores]
        return (
            [b[t] for b, t in zip(self.boxes, there, strict=True)],
            [s[t] for s, t in zip(self.scores, there, strict=True)],
        )


@torch.inference_mode()
def detect(
    network: Detector,
    inputs: np.ndarray,
    branch: str,
    *,
    rows: np.ndarray | None = None,
    keep: int = 10,
    least: float = 0.05,
    overlap: float = 0.5,
    batch: int = 32,
) -> Found:
    """The regions with the highest score of each picture.

    A region of the object branch is scored by p_obj, one of the emotional branch by sqrt(p_emo^2 + p_obj^2) (Eq. 3).

    Args:
        network: a trained detector.
        inputs: as in `train`.
        branch: "object" or "emotional".
        rows: of `inputs`; all by default.
        keep: regions a picture at most (K; the paper's 10).
        least: probability, of an object or of emotion, below which a region is none.
        overlap: of regions of one picture, at most (IoU).
        batch: pictures at a time.

    Returns:
        At most `keep` regions a picture; all scores are 0 in one without any.

    Raises:
        BadInput: an unknown branch, or less than one region or picture asked for.
    """
    _known(branch)
    if keep < 1 or batch < 1:
        raise BadInput(f"detect: keep {keep}, batch {batch}; both have to be at least 1")
    network.eval()
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    device = network.anchors.device
    none = np.zeros((0, keep), np.float32)
    parts = [] if len(rows) else [[np.zeros((0, keep, 4), np.float32), none, none, none]]
    for at in [] if len(rows) == 0 else np.array_split(rows, max(1, -(-len(rows) // batch))):
        maps = network(torch.from_numpy(np.ascontiguousarray(inputs[at])).to(device))
        found = network.propose(*network.proposal_scores(maps, branch), PROPOSED)
        says, moves = network.look(maps, found.boxes, branch)
        boxes = network.moved(found.boxes, moves)
        other, _ = network.look(maps, boxes, "object" if branch == "emotional" else "emotional")
        objects, emotions = (other, says) if branch == "emotional" else (says, other)
        objects, emotions = (1 - logits.softmax(2)[..., 0] for logits in (objects, emotions))
        own = emotions if branch == "emotional" else objects
        score = (objects**2 + emotions**2).sqrt() if branch == "emotional" else objects
        score = torch.where(torch.isfinite(found.scores) & (own >= least), score, -torch.inf)
        best = suppressed(boxes, score, keep, overlap)
        there = torch.isfinite(best.scores)
        values = (
            torch.where(there, best.scores, 0.0),
            *(torch.where(there, p.gather(1, best.at), 0.0) for p in (objects, emotions)),
        )
        parts.append(
            [torch.where(there[:, :, None], best.boxes, 0.0).cpu().numpy(), *(v.cpu().numpy() for v in values)]
        )
    return Found(*(np.concatenate(column) for column in zip(*parts, strict=True)))
