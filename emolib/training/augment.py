"""Changes to a batch of pictures that keep its emotion, for `fit(augment=...)`. Used by chapters 1 and 3.

A whole batch at a time and without leaving uint8: at 32 pixels the arithmetic of a small network takes microseconds a
picture, and changing pictures one by one would take longer than learning from them.
"""

from __future__ import annotations

import torch


def mirror(pictures: torch.Tensor, rows: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Half of the pictures (n, h, w, c), mirrored left to right."""
    turn = torch.rand(len(rows), generator=generator) < 0.5
    return torch.where(turn.to(pictures.device).view(-1, 1, 1, 1), pictures.flip(2), pictures)


def shift_and_mirror(pictures: torch.Tensor, rows: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture (n, h, w, c) moved by up to an eighth of its side in both directions, half of them mirrored.

    What moves in from outside repeats the edge. The usual recipe for small pictures (He et al. 2016: 4 of 32 pixels,
    with zeros moving in).
    """
    n, height, width, _ = pictures.shape
    down, across = (_moved(n, side, side // 8, generator) for side in (height, width))
    turn = (torch.rand(n, generator=generator) < 0.5).view(-1, 1)
    across = torch.where(turn, across.flip(1), across)
    picture = torch.arange(n).view(-1, 1, 1)
    index = (picture * height + down.view(n, height, 1)) * width + across.view(n, 1, width)
    flat = pictures.reshape(n * height * width, -1)
    return flat.index_select(0, index.view(-1).to(flat.device)).view_as(pictures)


def _moved(n: int, side: int, most: int, generator: torch.Generator) -> torch.Tensor:
    """For each of n pictures, which row (or column) comes to stand at each place, (n, side)."""
    by = torch.randint(-most, most + 1, (n, 1), generator=generator)
    return (torch.arange(side) + by).clamp(0, side - 1)
