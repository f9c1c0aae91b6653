"""FractalNet: depth by a rule of expansion, without residual connections (Larsson, Maire and Shakhnarovich 2017).

Used by chapter 3, which reproduces how it fails (Jacobson 2019) and how it trains. A block of C columns is

    f_1(x) = conv(x),        f_{C+1}(x) = join(f_C(f_C(x)), conv(x))

and joins that meet are one join: the mean of everything that arrives. Column c (from 0) thus has 2^c convolutions in a
block. In training, *drop-path* leaves inputs of joins out, so that every column learns to work alone: any of them is a
plain network, shallow and quick or deep, cut out of the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emolib.errors import BadInput
from emolib.models.resnet import scaled


class FractalNet(nn.Module):
    """Fractal blocks with a 2x2 maximum between them, a mean over places, a linear layer.

    Args:
        outputs: classes.
        columns: C; the longest path through a block has 2^(C-1) convolutions.
        widths: channels of each block. The paper has five blocks, 64 to 512 channels, for CIFAR.
        stride: above 1, a first convolution makes pictures that much smaller, as the paper does with large ones (its
            section 4.2); with 1 there is none.
        drop_path: probability that an input of a join is left out in training; the paper has .15.
        global_share: share of the batches of which one column alone is trained (*global* drop-path); of the others each
            join draws for itself (*local*). The paper mixes half and half. It draws for each picture, we for each
            batch: what is left out then need not be computed.
        dropout: in front of every convolution of the last block, rising evenly from 0 in the first (section 4.1).
        norm: batch norm behind every convolution, as in the paper.
        gain: standard deviation of the first weights over that of He et al. 2015; 1 keeps the size of activations
            and gradients from layer to layer. The paper uses Xavier's, which with batch norm makes no difference.

    Raises:
        BadInput: a number out of range.
    """

    def __init__(
        self,
        outputs: int = 8,
        columns: int = 3,
        widths: Sequence[int] = (16, 32, 64),
        *,
        stride: int = 1,
        drop_path: float = 0.15,
        global_share: float = 0.5,
        dropout: float = 0.0,
        norm: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        shares = (drop_path, global_share, dropout)
        if outputs < 1 or columns < 1 or stride < 1 or not widths or min(widths) < 1:
            raise BadInput(
                f"FractalNet: outputs {outputs}, columns {columns}, stride {stride}, widths {tuple(widths)}; "
                "at least 1 each"
            )
        if not all(0 <= share <= 1 for share in shares) or drop_path == 1 or dropout == 1 or not gain > 0:
            raise BadInput(
                f"FractalNet: drop_path {drop_path}, global_share {global_share}, dropout {dropout}, gain {gain}; "
                "probabilities lie in [0, 1), global_share in [0, 1], gain above 0"
            )
        self.columns, self.drop_path, self.global_share = columns, drop_path, global_share
        self.blocks = nn.ModuleList()
        self.stem, below = None, 3
        if stride > 1:
            self.stem, below = _layer(3, widths[0], 0.0, norm, stride), widths[0]
        for number, width in enumerate(widths):
            share = dropout * number / max(1, len(widths) - 1)
            self.blocks.append(FractalBlock(below, width, columns, dropout=share, norm=norm))
            below = width
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Linear(below, outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                with torch.no_grad():
                    module.weight.mul_(gain)
        self.to(memory_format=torch.channels_last)

    @property
    def depth(self) -> int:
        """Convolutions on the longest path."""
        return len(self.blocks) * 2 ** (self.columns - 1)

    def maps(self, pictures: torch.Tensor, column: int | None = None) -> torch.Tensor:
        """The last feature maps, float (n, channels, h', w'), halved between blocks; arguments as in `forward`."""
        drop = 0.0
        if self.training and column is None and self.drop_path:
            if float(torch.rand(())) < self.global_share:
                column = int(torch.randint(self.columns, ()))
            else:
                drop = self.drop_path
        x = scaled(pictures)
        x = x if self.stem is None else self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(x if number == 0 else self.pool(x), column, drop)
        return x

    def forward(self, pictures: torch.Tensor, column: int | None = None) -> torch.Tensor:
        """Pictures, uint8 or float (n, h, w, 3) of values 0 to 255, to logits (n, outputs).

        Args:
            pictures: the batch.
            column: use this column alone, from 0 (a convolution a block) to C - 1 (the deepest); None for all of them.

        Raises:
            BadInput: a column that there is not.
        """
        if column is not None and not 0 <= column < self.columns:
            raise BadInput(f"FractalNet: there is no column {column}; use 0 to {self.columns - 1}")
        return self.head(self.maps(pictures, column).mean((2, 3)))


class FractalBlock(nn.Module):
    """C columns between one input and one output; section 2 of the paper.

    Args:
        inputs, outputs: channels.
        columns: C.
        dropout: in front of every convolution.
        norm: batch norm behind every convolution.
    """

    def __init__(self, inputs: int, outputs: int, columns: int, *, dropout: float = 0.0, norm: bool = True) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.ModuleList(_layer(inputs if i == 0 else outputs, outputs, dropout, norm) for i in range(2**c))
            for c in range(columns)
        )

    def forward(self, x: torch.Tensor, column: int | None = None, drop: float = 0.0) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w), by one column alone, or by all with inputs of joins left out."""
        if column is not None:
            for layer in self.convs[column]:
                x = layer(x)
            return x
        deepest = len(self.convs[-1])
        arriving = [x] * len(self.convs)
        for step in range(1, deepest + 1):
            # A convolution of column c spans as many of the deepest column's as that one has more.
            ending = [c for c, layers in enumerate(self.convs) if step % (deepest // len(layers)) == 0]
            kept = survivors(len(ending), drop)
            found = [
                self.convs[c][step * len(self.convs[c]) // deepest - 1](arriving[c])
                for c, keep in zip(ending, kept, strict=True)
                if keep
            ]
            joined = self.join(found)
            for c in ending:
                arriving[c] = joined
        return joined

    @staticmethod
    def join(found: list[torch.Tensor]) -> torch.Tensor:
        """The mean of what arrives: unlike a sum it has the same size whatever is left out."""
        return found[0] if len(found) == 1 else torch.stack(found).mean(0)


def survivors(inputs: int, drop: float) -> list[bool]:
    """Which inputs of a join stay when each is left out with probability `drop`; at least one always does."""
    if inputs == 1 or not drop:
        return [True] * inputs
    kept = torch.rand(inputs) >= drop
    if not kept.any():
        kept[int(torch.randint(inputs, ()))] = True
    return kept.tolist()


def _layer(inputs: int, outputs: int, dropout: float, norm: bool, stride: int = 1) -> nn.Sequential:
    """Dropout, convolution, norm, ReLU, those that are wanted."""
    parts: list[nn.Module] = [nn.Dropout(dropout)] if dropout else []
    parts.append(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=not norm))
    if norm:
        parts.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*parts, nn.ReLU(inplace=True))
