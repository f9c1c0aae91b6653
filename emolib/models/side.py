"""Branches at several levels of a frozen trunk, fused into one prediction (Rao, Xu and Xu 2016). Used by chapter 4.

The network reads what `features.levels` keeps: the maps of a trunk at four strides, flattened one after another, a row
a picture. Each level has a branch of its own, so that colour and texture, which early layers still hold, reach the
classifier without having to survive the late ones. With one level it is the control: the same branch, the same
classifier, one stride.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emolib.errors import BadInput
from emolib.features import levels as packed

FUSIONS = ("concat", "mean")

Shape = tuple[int, int, int]


class Branch(nn.Module):
    """Maps of one level to one vector: standardise, convolve 3x3, ReLU, mean over places.

    Args:
        channels: of the maps.
        width: length of the vector.
        size: (h, w) of the maps.
        grid: maps with a longer side are first averaged down to this many cells a side; None leaves them as they are.
            On photographs of OASIS 5 cells did as well as 10 in half the time.
    """

    def __init__(self, channels: int, width: int, size: tuple[int, int], grid: int | None) -> None:
        super().__init__()
        fits = grid is None or max(size) <= grid
        self.pool = nn.Identity() if fits else nn.AdaptiveAvgPool2d(tuple(min(side, grid) for side in size))
        # Frozen maps differ in scale by channel and level; without this the loudest level alone would learn.
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) to (n, width), not negative."""
        x = self.pool(maps)
        if self.norm.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            # The last batch of an epoch may hold one picture: a single value has no spread, what was seen before has.
            x = nn.functional.batch_norm(x, self.norm.running_mean, self.norm.running_var, eps=self.norm.eps)
        else:
            x = self.norm(x)
        return self.conv(x).relu().mean((2, 3))


class LevelVectors(nn.Module):
    """One vector a level, from rows of flattened maps: what `SideBranches` fuses and `recurrent.LevelGru` reads on.

    Args:
        shapes: (c, h, w) of every level that a row holds, in the order in which they lie there.
        levels: positions in `shapes` of the levels to use, in the order of the vectors; None for all as they lie.
        width: length of each vector.
        grid: see `Branch`.

    Raises:
        BadInput: no level, one that does not exist or comes twice, or a number below 1.
    """

    def __init__(
        self, shapes: Sequence[Shape], levels: Sequence[int] | None = None, width: int = 64, grid: int | None = 5
    ) -> None:
        super().__init__()
        self.shapes = tuple(tuple(int(side) for side in shape) for shape in shapes)
        self.levels = tuple(range(len(self.shapes)) if levels is None else levels)
        if not self.shapes or any(len(shape) != 3 or min(shape) < 1 for shape in self.shapes):
            raise BadInput(f"levels: shapes {self.shapes}; every level has (channels, height, width), at least 1 each")
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise BadInput(f"levels: {self.levels}; name at least one level, and none twice")
        if not set(self.levels) <= set(range(len(self.shapes))):
            raise BadInput(f"levels: {self.levels}; there are {len(self.shapes)}, from 0 to {len(self.shapes) - 1}")
        if width < 1 or (grid is not None and grid < 1):
            raise BadInput(f"levels: width {width}, grid {grid}; both have to be at least 1")
        self.branches = nn.ModuleList(
            Branch(self.shapes[level][0], width, self.shapes[level][1:], grid) for level in self.levels
        )

    def extra_repr(self) -> str:
        """What tells two networks of the same weights apart, for people and for keys of the cache."""
        return f"shapes={self.shapes}, levels={self.levels}"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, total), of any floating type, to float32 (n, levels, width).

        Raises:
            BadInput: rows of another length than the shapes add up to.
        """
        maps = packed.unpack(x, self.shapes)
        return torch.stack([branch(maps[k]) for branch, k in zip(self.branches, self.levels, strict=True)], 1)


class SideBranches(nn.Module):
    """A branch a level, fused, dropout, a linear layer.

    The paper hangs its branches on an AlexNet; ours read the maps of a frozen trunk, and their sizes are our choice:
    moderate, so that a laptop trains them in seconds. A wider one, 512 numbers a level say, is `width=512, grid=None`.

    Args:
        shapes: (c, h, w) of the levels that a row holds, `Levels.shapes`.
        outputs: classes.
        levels: positions of the levels to use; None for all. One alone is the single-level control.
        fusion: "concat" puts the vectors side by side, "mean" averages them; with one level they are the same.
        width: of each branch.
        grid: see `Branch`.
        dropout: before the last layer.

    Raises:
        BadInput: an unknown fusion, no such level, or a number out of range.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        outputs: int = 8,
        *,
        levels: Sequence[int] | None = None,
        fusion: str = "concat",
        width: int = 64,
        grid: int | None = 5,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if fusion not in FUSIONS:
            raise BadInput(f"fusion: {fusion!r} is unknown; use {', '.join(FUSIONS)}")
        if outputs < 1 or not 0 <= dropout < 1:
            raise BadInput(f"SideBranches: outputs {outputs}, dropout {dropout}; at least 1, and in [0, 1)")
        self.fusion = fusion
        self.vectors = LevelVectors(shapes, levels, width, grid)
        fused = width * (len(self.vectors.levels) if fusion == "concat" else 1)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(fused, outputs))

    def extra_repr(self) -> str:
        """What tells two networks of the same weights apart, for people and for keys of the cache."""
        return f"fusion={self.fusion}"

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """The fused vector of rows (n, total): (n, levels * width) by "concat", (n, width) by "mean"."""
        vectors = self.vectors(x)
        return vectors.flatten(1) if self.fusion == "concat" else vectors.mean(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, total) to logits (n, outputs)."""
        return self.head(self.embed(x))
