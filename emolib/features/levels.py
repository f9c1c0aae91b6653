"""Maps of a frozen network at four resolutions, cached: what a feature pyramid is built on. Used by chapter 4.

The pyramid, the detector and the networks that read several levels all start from the same maps, so that they are
computed once. A row holds the maps of a picture one level after another, from fine to coarse, in half precision:
144 kB for `lite0` at 160 pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

from emolib import backbones
from emolib.corpora import pictures
from emolib.errors import BadInput
from emolib.features import cache, deep, reading

Shapes = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class Levels:
    """Maps of n pictures.

    Attributes:
        rows: float16 (n, total), mapped from disk; a picture's maps, flattened one after another.
        shapes: (c, h, w) of each level, from fine to coarse.
        size: side of the pictures, in pixels; they were squashed to it.
        backbone: name of the network.
    """

    rows: np.ndarray
    shapes: Shapes
    size: int
    backbone: str

    def __len__(self) -> int:
        return len(self.rows)

    def means(self, level: int) -> np.ndarray:
        """The mean of each map of a level (0 is the finest) over its places, float32 (n, c)."""
        start = sum(int(np.prod(shape)) for shape in self.shapes[:level])
        c, h, w = self.shapes[level]
        blocks = np.array_split(np.arange(len(self)), max(1, len(self) // 256))
        parts = (self.rows[b, start : start + c * h * w].astype(np.float32).reshape(-1, c, h * w) for b in blocks)
        return np.concatenate([part.mean(2) for part in parts])


def unpack(x: torch.Tensor, shapes: Shapes) -> list[torch.Tensor]:
    """Rows (n, total) as the maps of each level, float32 (n, c, h, w).

    Raises:
        BadInput: rows of another length than the shapes make.
    """
    lengths = [c * h * w for c, h, w in shapes]
    if x.ndim != 2 or x.shape[1] != sum(lengths):
        raise BadInput(f"levels: rows {tuple(x.shape)} do not hold maps of {shapes}")
    return [part.float().reshape(-1, *shape) for part, shape in zip(x.split(lengths, 1), shapes, strict=True)]


def level_maps(
    paths: Sequence[Path],
    backbone: str = "lite0",
    *,
    size: int = 160,
    device: torch.device | str = "cpu",
    folder: Path | None = None,
    progress: bool = True,
) -> Levels:
    """The maps of pictures at strides 4, 8, 16 and 32, cached.

    Args:
        paths: the picture files; each is squashed to a square, so that no region is cut off.
        backbone: a name of `emolib.backbones.BACKBONES` that has such maps.
        size: side in pixels, a multiple of 32.
        device: where the network runs.
        folder: of the cache entry, see `cache.cached_rows`.
        progress: show a bar.

    Raises:
        BadInput: an unknown backbone, one without such maps, a size that does not divide, a file that is no picture.
        Unavailable: the weights are out of reach.
    """
    if size < 64 or size % backbones.STRIDES[-1]:
        raise BadInput(f"levels: a side of {size} pixels; use a multiple of {backbones.STRIDES[-1]} from 64 on")
    device = torch.device(device)
    weights = backbones.weights_file(backbone)
    network = _Levels(backbones.load(backbone)).to(device)
    with torch.inference_mode():
        shapes = tuple(tuple(level.shape[1:]) for level in network.network.levels(_blank(1, size, device)))
    key = [
        cache.files_digest(paths),
        cache.files_digest([weights]) if weights else backbone,
        cache.code_digest(backbones, pictures, sys.modules[__name__]),
        [backbone, size, device.type, torch.__version__, metadata.version("onnxruntime")],
    ]
    rows = cache.cached_rows(
        f"{backbone}-levels{size}", key, len(paths), (sum(int(np.prod(shape)) for shape in shapes),), np.float16,
        partial(_compute, paths, network, backbone, size, device), folder=folder, progress=progress,
    )  # fmt: skip
    return Levels(rows, shapes, size, backbone)


class _Levels(torch.nn.Module):
    """All levels in one row."""

    def __init__(self, network: backbones.Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([level.flatten(1) for level in self.network.levels(x)], 1)


def _blank(n: int, size: int, device: torch.device) -> torch.Tensor:
    return torch.zeros(n, size, size, 3, dtype=torch.uint8, device=device)


def _compute(
    paths: Sequence[Path], network: _Levels, backbone: str, size: int, device: torch.device, start: int
) -> Iterator[np.ndarray]:
    info, batch = backbones.info(backbone), deep.BATCH[device.type]
    read = partial(pictures.read_resized, size=size, crop="squash", interpolation=info.interpolation)
    run = backbones.compiled(network.eval(), _blank(batch, size, device))
    for pixels in reading.read_blocks(paths[start:], read, ahead=device.type != "cpu"):
        with torch.inference_mode():
            for part in torch.from_numpy(pixels).split(batch):
                k = len(part)
                if k < batch and device.type != "cpu":
                    # One batch size for all: the compiled network is specialised to it, and rows come out the same.
                    part = torch.cat([part, part.new_zeros(batch - k, *part.shape[1:])])
                # Maps of rectified layers stay far below the largest half, but for none that a picture could bring.
                yield run(part.to(device))[:k].clamp(-6e4, 6e4).half().cpu().numpy()
