"""From JPEG files to cached embeddings: beside the usual loop, and beside decoding and network run bare."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import torch

from emolib import backbones
from emolib.corpora.pictures import read_resized
from emolib.features import deep


def run(paths: Sequence[Path], backbone: str = "lite0", rounds: int = 5) -> dict:
    """Pictures a second; all sides in turn, `rounds` times, ratios inside a round.

    ours: `deep_features` into an empty cache, the network loaded and compiled by an earlier call, as both other sides
    find theirs. peer: the loop that one writes first.
    limit: 1 / (1/d + 1/f), d bare decoding and resizing in threads, f the bare compiled network on pixels in memory.
    """
    info = backbones.info(backbone)
    pixels = torch.randint(0, 256, (deep.BATCH["cpu"], info.size, info.size, 3), dtype=torch.uint8)
    network = backbones.compiled(deep._network(backbone, "embedding", torch.device("cpu")), pixels)
    usual = _usual_loop(backbone)
    sides: dict[str, Callable[[], int]] = {
        "ours": partial(_ours, paths, backbone),
        "decode": partial(_decode, paths, info),
        "forward": partial(_forward, network, pixels, len(paths)),
        "peer": partial(_each, usual, paths[: max(1, len(paths) // 4)]),
    }
    for side in sides.values():
        side()
    rates: dict[str, list[float]] = {name: [] for name in (*sides, "limit")}
    for _ in range(rounds):
        for name, side in sides.items():
            begin = time.perf_counter()
            done = side()
            rates[name].append(done / (time.perf_counter() - begin))
        rates["limit"].append(1 / (1 / rates["decode"][-1] + 1 / rates["forward"][-1]))
    ratio = lambda other: statistics.median(a / b for a, b in zip(rates["ours"], rates[other], strict=True))  # noqa: E731
    return {
        "name": "deep_features",
        "ours": statistics.median(rates["ours"]),
        "peer": statistics.median(rates["peer"]),
        "limit": statistics.median(rates["limit"]),
        "vs_peer": ratio("peer"),
        "vs_limit": ratio("limit"),
        "unit": "images/s",
        "what_peer_is": "the usual loop (timm's model and transform, one picture at a time, float32, default layout)",
        "what_limit_is": "1/(1/d + 1/f), d bare decoding and resizing, f the bare network (same batch, cores)",
    }


def _ours(paths: Sequence[Path], backbone: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return len(deep.deep_features(paths, backbone, folder=Path(folder), progress=False))


def _decode(paths: Sequence[Path], info: backbones.Info) -> int:
    with ThreadPoolExecutor() as pool:
        return sum(1 for _ in pool.map(partial(read_resized, size=info.size, interpolation=info.interpolation), paths))


def _forward(network: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor, n: int) -> int:
    with torch.inference_mode():
        for _ in range(-(-n // len(pixels))):
            network(pixels)
    return -(-n // len(pixels)) * len(pixels)


def _usual_loop(backbone: str) -> Callable[[Path], object]:
    import timm
    from PIL import Image

    if backbone != "lite0":
        raise ValueError(f"{backbone}: the usual loop is written for lite0")
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    state = torch.load(backbones.weights_file(backbone), map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    network.eval().reset_classifier(0)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network))

    def one(path: Path) -> object:
        with torch.no_grad(), Image.open(path) as picture:
            return network(transform(picture.convert("RGB")).unsqueeze(0))

    return one


def _each(one: Callable[[Path], object], paths: Sequence[Path]) -> int:
    for path in paths:
        one(path)
    return len(paths)
