"""Residual networks for small pictures, the kind that CIFAR made known (Jacobson 2019). Used by chapter 3.

Pre-activation blocks as in He et al. 2016, "Identity Mappings in Deep Residual Networks", figure 1b: norm, ReLU,
convolution, twice, and what came in is added. Without the addition the same layers are a plain network, which is what
the poster's reason for residual networks has to be compared with.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emolib.errors import BadInput


class ResNet(nn.Module):
    """Three stages of residual blocks, each stage at half the resolution, a mean over places, a linear layer.

    Args:
        outputs: classes.
        blocks: residual blocks a stage; the network has 6 * blocks + 2 layers with weights (20 for 3).
        widths: channels of the three stages; He et al. have 16, 32, 64.
        stride: of the first convolution; He et al. have 1 for 32 pixels. 2 halves the picture at once: a quarter of the
            arithmetic, and the networks for large pictures do so too.
        skip: whether blocks add what came in; without, it is the plain network of the same layers.
        dropout: before the last layer; the poster names none.

    Raises:
        BadInput: no block, no stage, a width below 1, or a dropout outside [0, 1).
    """

    def __init__(
        self,
        outputs: int = 8,
        blocks: int = 3,
        widths: Sequence[int] = (16, 32, 64),
        *,
        stride: int = 1,
        skip: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if stride < 1 or outputs < 1 or blocks < 1 or not widths or min(widths) < 1 or not 0 <= dropout < 1:
            raise BadInput(
                f"ResNet: outputs {outputs}, blocks {blocks}, widths {tuple(widths)}, stride {stride} and dropout "
                f"{dropout}; every number has to be at least 1, dropout in [0, 1)"
            )
        self.stem = nn.Conv2d(3, widths[0], 3, stride, 1, bias=False)
        stages: list[nn.Module] = []
        below = widths[0]
        for number, width in enumerate(widths):
            for first in (True, *[False] * (blocks - 1)):
                stages.append(Block(below, width, 2 if first and number else 1, skip=skip))
                below = width
        self.stages = nn.Sequential(*stages)
        self.last = nn.Sequential(nn.BatchNorm2d(below), nn.ReLU(inplace=True))
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(below, outputs))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He et al. 2015, equation 10: keeps the variance of what a ReLU lets through.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        self.to(memory_format=torch.channels_last)

    def maps(self, pictures: torch.Tensor) -> torch.Tensor:
        """The last feature maps, float (n, channels, h / 4, w / 4) with three stages and no stride."""
        return self.last(self.stages(self.stem(scaled(pictures))))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Pictures, uint8 or float (n, h, w, 3) of values 0 to 255, to logits (n, outputs)."""
        return self.head(self.maps(pictures).mean((2, 3)))


class Block(nn.Module):
    """Norm, ReLU, convolution, twice; added to what came in, which a 1x1 convolution fits where shapes change."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, skip: bool = True) -> None:
        super().__init__()
        self.skip = skip
        self.before = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(inplace=False))
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        )
        fits = inputs == outputs and stride == 1
        self.shortcut = None if fits or not skip else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        active = self.before(x)
        if not self.skip:
            return self.body(active)
        # Where shapes change, the shortcut starts behind the first norm, as in He et al.'s own code.
        return self.body(active) + (x if self.shortcut is None else self.shortcut(active))


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (n, h, w, 3) of values 0 to 255 as float (n, 3, h, w) from -1 to 1, channels last in memory."""
    # Permuting moves nothing: pictures already lie with their channels last, which is what CPU and GPU want.
    return (pictures.to(torch.float32) / 127.5 - 1).permute(0, 3, 1, 2)
