"""The network and its heads as one ONNX file that a browser can run. Used by the page *Your own picture*.

One file, one input, a picture of 224 x 224 pixels as bytes; out come the probabilities of the emotions, the point on
the valence-arousal plane, and for each answer a map of what every place of the picture adds to it.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from emolib import backbones
from emolib.errors import BadInput, EmolibError
from emolib.site.ownpicture.heads import Head

#: How far an output may be from PyTorch's.
TOLERANCE = 1e-3
#: Weights with at least so many values are stored in 16 bits. The small ones save little, and most of them come first,
#: where every later layer passes an error on: with all of them in 16 bits too, answers are off by three times as much.
_WORTH_IT = 30_000


class OwnPicture(nn.Module):
    """A backbone whose embedding is the mean of its last maps, with linear heads on it.

    Args:
        network: a backbone with average pooling in front of its last layer ("lite0", the ResNets).
        emotions: a head whose answers are logits, or None.
        plane: a head whose answers are numbers, or None.

    Raises:
        BadInput: neither of the two.
    """

    def __init__(self, network: backbones.Network, emotions: Head | None, plane: Head | None) -> None:
        super().__init__()
        heads = [head for head in (emotions, plane) if head is not None]
        if not heads:
            raise BadInput("own picture: a network without a head has nothing to say; give emotions, plane or both")
        self.network = network
        self.outputs = [*(["emotions"] if emotions else []), *(["plane"] if plane else []), "maps"]
        self.k = len(emotions.names) if emotions else 0
        weight, bias = (np.concatenate([getattr(head, part) for head in heads]) for part in ("weight", "bias"))
        with torch.inference_mode():
            side = network.info.size
            one = network.maps(torch.zeros(1, side, side, 3, dtype=torch.uint8))
        self.cells = one.shape[-1]
        places = self.cells**2
        # A linear layer on the mean of the maps is a 1 x 1 convolution of them, shared out to the places and summed.
        self.head = nn.Conv2d(weight.shape[1], len(weight), 1)
        self.head.weight.data = torch.tensor(weight / places, dtype=torch.float32)[:, :, None, None]
        self.head.bias.data = torch.tensor(bias / places, dtype=torch.float32)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """uint8 (n, 224, 224, 3) to probabilities (n, 8), plane (n, 2) and maps (n, 8 + 2, 7, 7), of what there is.

        A map holds what each place adds: an emotion's sums to its logit, a dimension's to its value.
        """
        maps = self.head(self.network.maps(picture))
        answers = maps.sum((2, 3))
        out = [torch.softmax(answers[:, : self.k], 1)] if self.k else []
        if answers.shape[1] > self.k:
            out.append(answers[:, self.k :])
        return (*out, maps)


def to_onnx(model: OwnPicture) -> bytes:
    """The model for a single picture in ONNX, large weights in 16 bits; the same model gives the same bytes."""
    size = model.network.info.size
    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    buffer = io.BytesIO()
    with torch.inference_mode(), warnings.catch_warnings():
        # The export warns of being the older of two, tracing of paddings that become constants; both are meant.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), (example,), buffer, dynamo=False, input_names=["picture"], output_names=model.outputs
        )
    return in_16_bits(buffer.getvalue())


def in_16_bits(onnx_model: bytes) -> bytes:
    """The model with its large weights as 16-bit integers and a scale for each output channel.

    Half the download. Rounding to an integer of 16 bits moves a weight by at most 1/65,534 of the largest in its
    channel, to a float of 16 bits by up to 1/2,048 of itself: measured on photographs, answers are nearer to the full
    model's by an order of magnitude. The runtime multiplies once, when it loads the file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load_from_string(onnx_model)
    graph, restored = model.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims, dtype=np.int64) < _WORTH_IT:
            continue
        weights = numpy_helper.to_array(tensor)
        largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
        scale = np.where(largest > 0, largest / 32767, 1).astype(np.float32)
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.extend(
            [
                numpy_helper.from_array(np.round(weights / scale).astype(np.int16), f"{name}.integers"),
                numpy_helper.from_array(scale, f"{name}.scale"),
            ]
        )
        restored += [
            helper.make_node("Cast", [f"{name}.integers"], [f"{name}.floats"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.floats", f"{name}.scale"], [name]),
        ]
    nodes = [*restored, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def run_onnx(onnx_model: bytes, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of the ONNX model by name, for uint8 pictures (n, 224, 224, 3), one after the other."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    rows = [session.run(None, {"picture": picture[None]}) for picture in pictures]
    return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(names)}


def run_torch(model: OwnPicture, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """The same of the PyTorch model."""
    with torch.inference_mode():
        rows = [model(torch.from_numpy(picture[None])) for picture in pictures]
    return {name: np.concatenate([row[i].numpy() for row in rows]) for i, name in enumerate(model.outputs)}


def largest_difference(model: OwnPicture, onnx_model: bytes, pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Output -> the largest absolute difference between the ONNX model and PyTorch on the pictures.

    Raises:
        EmolibError: one is above `TOLERANCE`; such a file is not to be published.
    """
    ours, theirs = run_onnx(onnx_model, np.stack(pictures)), run_torch(model, np.stack(pictures))
    found = {name: float(np.abs(ours[name] - theirs[name]).max()) for name in theirs}
    beyond = {name: value for name, value in found.items() if not value <= TOLERANCE}
    if beyond:
        told = ", ".join(f"{name} by {value:.2g}" for name, value in beyond.items())
        raise EmolibError(f"own picture: the exported model differs from PyTorch's ({told}; at most {TOLERANCE:g})")
    return found
