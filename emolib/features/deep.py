"""What a pretrained network sees in pictures: embeddings, object probabilities, low feature maps.

From files to cached arrays: pictures are decoded in threads, run through the compiled network in batches, and written
row by row. Used by chapters 0 to 2 (object and scene features, frozen and tuned networks) and by chapter 3, which asks
what a network still sees in a picture of 32 pixels.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from emolib import backbones
from emolib.corpora import pictures
from emolib.errors import BadInput
from emolib.features import cache, reading

# Pictures a step of the network. On a CPU they are shared out to the cores one by one, see `backbones.compiled`.
BATCH = {"cpu": 32, "mps": 64, "cuda": 256}


def deep_features(
    paths: Sequence[Path],
    backbone: str = "lite0",
    *,
    output: str = "embedding",
    size: int | None = None,
    flip: bool = False,
    through: int | None = None,
    device: torch.device | str = "cpu",
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Features of pictures from a pretrained network, cached.

    Args:
        paths: the picture files.
        backbone: a name of `emolib.backbones.BACKBONES`.
        output: "embedding", float32 (n, dim), what the last linear layer reads; "maps", float16 (n, c, h, w), the last
            feature maps; or "lower", float16 (n, c, h, w), the maps below `backbones.Network.upper`, from which the
            upper part can be trained.
        size: side of the input in pixels; the backbone's own by default. The picture's shorter side is resized to
            size / 0.875, then the centre is cut out: the published recipe.
        flip: mirror the pictures left to right.
        through: first squash every picture to this side, then enlarge it again: what a network sees of pictures that
            were stored so small.
        device: where the network runs.
        folder: of the cache entry, see `cache.cached_rows`.
        progress: show a bar.

    Returns:
        The array, mapped from its file, read-only.

    Raises:
        BadInput: unknown backbone or output, or a file that is no picture (named).
        Unavailable: the weights are out of reach.
    """
    if output not in ("embedding", "maps", "lower"):
        raise BadInput(f"output: {output!r} is unknown; use embedding, maps or lower")
    info = backbones.info(backbone)
    size = info.size if size is None else size
    if size < 32:
        raise BadInput(f"size: {size} is below 32 pixels, where the network's last maps vanish")
    if through is not None and through < 1:
        raise BadInput(f"through: a picture cannot be squashed to {through} pixels")
    device = torch.device(device)
    dtype = np.float32 if output == "embedding" else np.float16
    weights = backbones.weights_file(backbone)
    key = [
        cache.files_digest(paths),
        cache.files_digest([weights]) if weights else backbone,
        cache.code_digest(backbones, pictures, sys.modules[__name__]),
        [backbone, output, size, flip, through, device.type, torch.__version__, metadata.version("onnxruntime")],
    ]
    row = _row_shape(backbone, output, size)
    compute = partial(_compute, paths, backbone, output, size, flip, through, device)
    return cache.cached_rows(
        f"{backbone}-{output}", key, len(paths), row, dtype, compute, folder=folder, progress=progress
    )


def probabilities(embedding: np.ndarray, backbone: str = "lite0") -> np.ndarray:
    """Probabilities of the 1000 ImageNet classes, float32 (n, 1000), from embeddings (n, dim). Kim 2017, IV-C."""
    head = backbones.load(backbone).head
    with torch.inference_mode():
        return torch.softmax(head(torch.from_numpy(np.array(embedding))), dim=1).numpy()


class _Piece(torch.nn.Module):
    """A network as far up as one output needs."""

    def __init__(self, network: backbones.Network, output: str) -> None:
        super().__init__()
        self.network, self.output = network, output

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.output == "embedding":
            return self.network.embed(pixels)
        return self.network.maps(pixels) if self.output == "maps" else self.network.lower(self.network.prepare(pixels))


def _network(backbone: str, output: str, device: torch.device) -> torch.nn.Module:
    return _Piece(backbones.load(backbone), output).eval().to(device)


def _row_shape(backbone: str, output: str, size: int) -> tuple[int, ...]:
    if output == "embedding":
        return (backbones.info(backbone).dim,)
    with torch.inference_mode():
        maps = _network(backbone, output, torch.device("cpu"))(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    return tuple(maps.shape[1:])


@lru_cache(maxsize=1)
def _ready(backbone: str, output: str, size: int, device: str, weights: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network, ready to run; the last one is kept, since loading and compiling cost as much as dozens of pictures.

    `weights` tells one state of the weights' file from another.
    """
    where = torch.device(device)
    example = torch.zeros(BATCH[where.type], size, size, 3, dtype=torch.uint8, device=where)
    return backbones.compiled(_network(backbone, output, where), example)


def _compute(
    paths: Sequence[Path],
    backbone: str,
    output: str,
    size: int,
    flip: bool,
    through: int | None,
    device: torch.device,
    start: int,
) -> Iterator[np.ndarray]:
    info, batch = backbones.info(backbone), BATCH[device.type]
    read = partial(pictures.read_resized, size=size, interpolation=info.interpolation)
    if through is not None:
        read = partial(_read_through, size=size, through=through)
    weights = backbones.weights_file(backbone)
    run = _ready(backbone, output, size, str(device), cache.files_digest([weights]) if weights else "")
    for pixels in reading.read_blocks(paths[start:], read, ahead=device.type != "cpu"):
        if flip:
            pixels = np.ascontiguousarray(pixels[:, :, ::-1])
        with torch.inference_mode():
            for part in torch.from_numpy(pixels).split(batch):
                k = len(part)
                if k < batch and device.type != "cpu":
                    # One batch size for all: the compiled network is specialised to it, and rows come out the same.
                    part = torch.cat([part, part.new_zeros(batch - k, *part.shape[1:])])
                yield run(part.to(device, non_blocking=True))[:k].float().cpu().numpy()


def _read_through(path: Path, size: int, through: int) -> np.ndarray:
    """What the published recipe cuts out of a copy of `through` pixels, uint8 (size, size, 3)."""
    small = Image.fromarray(pictures.read_resized(path, through, crop="squash"))
    side = math.floor(size / 0.875)
    edge = round((side - size) / 2)
    large = small.resize((side, side), Image.Resampling.BICUBIC)
    return np.array(large.crop((edge, edge, edge + size, edge + size)))
