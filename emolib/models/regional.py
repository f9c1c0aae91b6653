"""A classifier that looks at the whole picture and at regions of it. Used by chapter 4.

Rao et al. 2019, section 4.3, Eq. 5: X = [X_global, X_1 ... X_K], then fully connected layers and a softmax. The trunk
stays as it is and the last two layers are trained, as in the paper's second step (Sec. 5.2).

Unstated there and chosen here: a region is described by the mean, over its box, of the trunk's maps at the strides 8,
16 and 32 (RoI-align), which for ResNet101 have 512, 1024 and 2048 channels and for `lite0` 40, 112 and 320; regions
stand in the order of their scores; all numbers are standardised on the training pictures, a region's by what regions
have in common, whatever their place; a place for which there is no region holds zeros, the mean of regions, so that a
picture without any is judged by the whole of it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torchvision.ops import roi_align

from emolib.errors import BadInput
from emolib.features.levels import Levels, unpack

READ = (1, 2, 3)
"""The levels that describe a region: the finest, of edges, says little of what a thing is."""

PARTS = ("global", "local", "both")


@torch.inference_mode()
def region_features(
    levels: Levels, boxes: np.ndarray, *, read: tuple[int, ...] = READ, rows: np.ndarray | None = None, batch: int = 64
) -> np.ndarray:
    """What the trunk sees in regions.

    Args:
        levels: maps of n pictures.
        boxes: float (n, k, 4), left, top, right, bottom in pixels of the squashed pictures; without area where a
            picture has fewer than k regions.
        read: numbers of the levels.
        rows: of `levels`, one for each row of `boxes`; all by default.
        batch: pictures at a time.

    Returns:
        float32 (n, k, channels of the levels); nan for boxes without area.

    Raises:
        BadInput: boxes of another number of pictures, or outside them.
    """
    rows = np.arange(len(levels)) if rows is None else np.asarray(rows)
    if boxes.ndim != 3 or boxes.shape[2] != 4 or len(boxes) != len(rows):
        raise BadInput(f"region_features: boxes {boxes.shape} for {len(rows)} pictures; expected (n, k, 4)")
    if boxes.size and not (boxes.min() >= -0.5 and boxes.max() <= levels.size + 0.5):
        raise BadInput(f"region_features: boxes run from {boxes.min():g} to {boxes.max():g}, pictures to {levels.size}")
    width = sum(levels.shapes[level][0] for level in read)
    found = np.full((*boxes.shape[:2], width), np.nan, np.float32)
    for at in np.array_split(np.arange(len(rows)), max(1, -(-len(rows) // batch))):
        maps = unpack(torch.from_numpy(np.ascontiguousarray(levels.rows[rows[at]])), levels.shapes)
        own = torch.from_numpy(np.ascontiguousarray(boxes[at], np.float32))
        there = (own[..., 2:] > own[..., :2]).all(-1)
        picture = there.nonzero()[:, :1]
        regions = torch.cat([picture.float(), own[there]], 1)
        # Two by two bins, then their mean: boxes of a stride or less are read between places, not at one.
        read_off = [
            roi_align(maps[level], regions, 2, maps[level].shape[2] / levels.size, 2, aligned=True).mean((2, 3))
            for level in read
        ]
        found[at[picture[:, 0].numpy()], there.nonzero()[:, 1].numpy()] = torch.cat(read_off, 1).numpy()
    return found


def joined(whole: np.ndarray, regions: np.ndarray | None, train: np.ndarray, part: str = "both") -> np.ndarray:
    """The input of the classifier (Eq. 5), standardised: float32 (n, dim + k d), or one of its parts.

    Args:
        whole: float (n, dim), the embedding of each picture.
        regions: float (n, k, d) of `region_features`; not read for "global".
        train: rows on which means and spreads are taken.
        part: "global", "local" or "both".

    Raises:
        BadInput: an unknown part, regions of another number of pictures, training pictures without any region.
    """
    if part not in PARTS:
        raise BadInput(f"joined: part {part!r}; use global, local or both")
    pieces = []
    if part != "local":
        mean, spread = whole[train].mean(0), whole[train].std(0)
        pieces.append((whole - mean) / np.where(spread > 1e-6, spread, 1))
    if part != "global":
        if regions is None or regions.ndim != 3 or len(regions) != len(whole):
            raise BadInput(f"joined: regions {None if regions is None else regions.shape} for {len(whole)} pictures")
        own = regions[train].reshape(-1, regions.shape[2])
        own = own[np.isfinite(own[:, 0])]
        if len(own) == 0:
            raise BadInput("joined: no training picture has a region; use part 'global'")
        mean, spread = own.mean(0), own.std(0)
        pieces.append(np.nan_to_num((regions - mean) / np.where(spread > 1e-6, spread, 1)).reshape(len(regions), -1))
    return np.concatenate(pieces, 1).astype(np.float32)


class RegionalClassifier(nn.Module):
    """Two fully connected layers over what `joined` gives; logits (n, classes).

    Args:
        inputs: length of a row.
        classes: how many emotions.
        hidden: units between the two layers (our choice).
        dropout: of the inputs' units and the hidden ones (our choice).
    """

    def __init__(self, inputs: int, classes: int = 8, hidden: int = 128, dropout: float = 0.5) -> None:
        super().__init__()
        if inputs < 1 or classes < 2 or hidden < 1 or not 0 <= dropout < 1:
            raise BadInput(
                f"RegionalClassifier: inputs {inputs}, classes {classes}, hidden {hidden}, dropout {dropout}"
            )
        self.body = nn.Sequential(nn.Dropout(dropout), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(hidden, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, classes) of rows (n, inputs)."""
        return self.head(self.body(x))
