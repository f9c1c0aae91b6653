"""A detector that starts from COCO: torchvision's published Faster R-CNN in the layers that ours shares. Chapter 4.

Rao et al. 2019, section 5.2, start their detector from one that was trained on COCO (Lin et al. 2014). torchvision
publishes such a network on a ResNet-50 with a pyramid; `emolib.backbones` knows its file, and its trunk, by the name
"resnet50_coco". Here the rest of it is taken over: pyramid, proposals, and the layers that look into a region.

What is alike is copied, and gives the same numbers. What is not, and our choices:

- Theirs has anchors of three forms at each place, ours squares: the filters of the squares are taken, for "could there
  be something" and for the step towards it, which both networks measure alike.
- Theirs moves a region by a box for each class and in other units; ours has one box for all. `moves` starts at zero: at
  first a region stays where it was proposed.
- Theirs does not see the mean of the trunk's own maps (`detector.DIRECT`): their weights start at zero.
- Theirs has a fifth, coarser level with anchors of 512 pixels and reads four points a bin of a region where ours reads
  one: its numbers are the same on the same maps of a region, but not those maps.
"""

from __future__ import annotations

from pickle import UnpicklingError

import torch
from torch import nn
from torchvision import models

from emolib import backbones
from emolib.errors import BadInput, Unavailable
from emolib.models.detector import Detector

NAME = "resnet50_coco"

CHANNELS = (256, 512, 1024, 2048)
WIDTH, HIDDEN, BINS = 256, 1024, 7

CLASSES = 90
"""Numbers of COCO's kinds of things, of which it uses 80."""

SQUARE = 1
"""Of the ratios of height to width, 1/2, 1 and 2, the place of the square."""


def start_from_coco(detector: Detector) -> None:
    """Fill pyramid and object branch from the published weights, in place; the emotional branch stays as it is.

    Args:
        detector: of several levels on the maps of "resnet50_coco", with width=256, hidden=1024, bins=7, classes=90.

    Raises:
        BadInput: a detector of another form, or a file that holds something else.
        Unavailable: the weights are not on this machine. Nothing is fetched here.
    """
    _check(detector)
    given = _published()
    fpn, head, roi = given.backbone.fpn, given.rpn.head, given.roi_heads
    own = detector.object
    with torch.no_grad():
        detector.pyramid.load_state_dict(fpn.state_dict())
        own.proposer.conv.load_state_dict(head.conv.state_dict())
        _copy(own.proposer.cls_logits, head.cls_logits, slice(SQUARE, SQUARE + 1))
        _copy(own.proposer.bbox_pred, head.bbox_pred, slice(4 * SQUARE, 4 * SQUARE + 4))
        read = WIDTH * BINS**2
        # What the batch norm makes of the trunk's means is multiplied by zero until training moves it.
        own.look.fc6.weight.zero_()
        own.look.fc6.weight[:, :read] = roi.box_head.fc6.weight
        own.look.fc6.bias.copy_(roi.box_head.fc6.bias)
        _copy(own.look.fc7, roi.box_head.fc7)
        _copy(own.says, roi.box_predictor.cls_score)
        own.moves.weight.zero_()
        own.moves.bias.zero_()


def _check(detector: Detector) -> None:
    if detector.levels != "multi":
        raise BadInput("start_from_coco: a detector of a single level has no pyramid; use levels='multi'")
    own = detector.object
    wanted = {
        "channels of the trunk's levels": (CHANNELS, tuple(shape[0] for shape in detector.shapes)),
        "width": (WIDTH, own.proposer.cls_logits.in_channels),
        "anchors at a place": (1, own.proposer.cls_logits.out_channels),
        "hidden": (HIDDEN, own.says.in_features),
        "bins": (BINS, detector.align.output_size[0]),
        "classes": (CLASSES, own.says.out_features - 1),
    }
    for name, (needed, found) in wanted.items():
        if found != needed:
            raise BadInput(f"start_from_coco: {name} {found}; the weights need {needed}")


def _published() -> nn.Module:
    """torchvision's detector with the weights of the file."""
    path = backbones.weights_file(NAME)
    if path is None:
        raise Unavailable(
            f"{NAME}: its weights are not on this machine; emolib.backbones.load({NAME!r}) fetches them, or tells from "
            "where"
        )
    with torch.device("meta"):
        network = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None)
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), assign=True)
    except UnpicklingError as error:
        raise BadInput(f"{path}: refused, it holds more than tensors; delete it to fetch it anew") from error
    except (RuntimeError, ValueError, TypeError, EOFError, LookupError, AttributeError, OSError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"{path}: not the weights of {NAME} ({why}); delete it to fetch it anew") from error
    return network


def _copy(own: nn.Module, given: nn.Module, rows: slice = slice(None)) -> None:
    """Weight and bias of some of the outputs of a layer."""
    own.weight.copy_(given.weight[rows])
    own.bias.copy_(given.bias[rows])
