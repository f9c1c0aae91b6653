"""A detector started from torchvision's file says what torchvision's detector says."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torchvision import models
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import concat_box_prediction_layers

from emolib import backbones
from emolib.errors import BadInput, Unavailable
from emolib.models.cocostart import start_from_coco
from emolib.models.detector import Detector

SIZE = 64
SHAPES = tuple((c, SIZE // s, SIZE // s) for c, s in zip((256, 512, 1024, 2048), (4, 8, 16, 32), strict=True))
FILE = "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth"
SUITED = {"width": 256, "hidden": 1024, "bins": 7, "classes": 90}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where weights lie."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True)
    return folder


class Plants:
    """An object whose unpickling would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def detector(**options) -> Detector:
    torch.manual_seed(1)
    return Detector(SHAPES, SIZE, (8, 16, 32, 48), **SUITED | options).eval()


def test_what_is_taken_over_says_what_torchvisions_detector_says(hub: Path) -> None:
    torch.manual_seed(0)
    given = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None).eval()
    # Random layers of this size say next to nothing: louder ones tell whether each is in its place.
    with torch.no_grad():
        for layer in (given.roi_heads.box_predictor.cls_score, given.rpn.head.cls_logits, given.rpn.head.bbox_pred):
            layer.weight.normal_(std=0.1)
            layer.bias.normal_(std=0.5)
    torch.save(given.state_dict(), hub / FILE)
    net = detector()
    untouched = {name: value.clone() for name, value in net.emotional.state_dict().items()}
    start_from_coco(net)
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(2, *shape, generator=generator) for shape in SHAPES]
    with torch.inference_mode():
        own = net(torch.cat([level.flatten(1) for level in maps], 1))
        theirs = given.backbone.fpn({str(k): level for k, level in enumerate(maps)})
        for name, level in own.pyramid.items():
            torch.testing.assert_close(level, theirs[name], rtol=1e-5, atol=1e-5)
        # Proposals: of their three anchors at a place, the one that is a square.
        levels = [theirs[str(k)] for k in range(4)]
        given.rpn.anchor_generator.sizes = given.rpn.anchor_generator.sizes[:4]
        given.rpn.anchor_generator.cell_anchors = given.rpn.anchor_generator.cell_anchors[:4]
        anchors = given.rpn.anchor_generator(ImageList(torch.zeros(2, 3, SIZE, SIZE), [(SIZE, SIZE)] * 2), levels)[0]
        square = (anchors[:, 2] - anchors[:, 0]) == (anchors[:, 3] - anchors[:, 1])
        assert int(square.sum()) == len(net.anchors) == len(anchors) / 3
        said, moved = concat_box_prediction_layers(*given.rpn.head(levels))
        logits, steps = net.proposal_scores(own, "object")
        torch.testing.assert_close(logits, said.reshape(2, -1)[:, square], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(steps, moved.reshape(2, -1, 4)[:, square], rtol=1e-4, atol=1e-4)
        assert logits.std() > 0.1 and steps.std() > 0.01
        # Their box head on the same maps of regions.
        boxes = torch.tensor([[[0.0, 0, 30, 40], [10, 12, 20, 20], [1, 1, 63, 63]]] * 2)
        regions = net.align(own.pyramid, list(boxes), [(SIZE, SIZE)] * 2)
        wanted = given.roi_heads.box_predictor(given.roi_heads.box_head(regions))[0].reshape(2, 3, 91)
        found, moves = net.look(own, boxes, "object")
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    p_obj = 1 - found.softmax(2)[..., 0]
    torch.testing.assert_close(p_obj, wanted.softmax(2)[..., 1:].sum(2), rtol=1e-4, atol=1e-5)
    assert p_obj.std() > 1e-4 and not moves.any()
    assert all(torch.equal(value, untouched[name]) for name, value in net.emotional.state_dict().items())
    # Nothing is left as it was drawn, and gradients reach what started at zero.
    net.object.requires_grad_(True)
    net.train()
    logits, moves = net.look(net(torch.cat([level.flatten(1) for level in maps], 1)), boxes, "object")
    (logits.logsumexp(2).sum() + moves.sum()).backward()
    assert net.object.look.fc6.weight.grad[:, 256 * 49 :].any() and net.object.moves.weight.grad.any()


def test_names_of_the_published_file_are_understood(hub: Path) -> None:
    # It is older than torchvision's present names of these layers, and its batch norms count no batches.
    torch.manual_seed(0)
    given = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None)
    state = given.state_dict()
    old = {}
    for name, value in state.items():
        if "num_batches_tracked" not in name:
            for part in ("backbone.fpn.inner_blocks.", "backbone.fpn.layer_blocks."):
                name = name.replace(".0.weight", ".weight").replace(".0.bias", ".bias") if part in name else name
            old[name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")] = value
    assert "rpn.head.conv.weight" in old and "backbone.fpn.inner_blocks.3.bias" in old
    torch.save(old, hub / FILE)
    net = detector()
    start_from_coco(net)
    assert torch.equal(net.object.look.fc7.weight, given.roi_heads.box_head.fc7.weight)
    assert torch.equal(net.object.proposer.conv[0][0].weight, given.rpn.head.conv[0][0].weight)
    assert torch.equal(net.pyramid.inner_blocks[3][0].bias, given.backbone.fpn.inner_blocks[3][0].bias)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": "single"}, "levels='multi'"),
        ({"width": 64}, "width 64; the weights need 256"),
        ({"hidden": 128}, "hidden 128"),
        ({"bins": 5}, "bins 5"),
        ({"classes": 1}, "classes 1; the weights need 90"),
        ({"classes": 80}, "classes 80"),
    ],
)
def test_detectors_of_another_form_are_refused(options: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        start_from_coco(detector(**options))


def test_other_trunks_and_files_are_refused(hub: Path) -> None:
    lite = ((24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2))
    with pytest.raises(BadInput, match="channels of the trunk's levels \\(24, 40, 112, 320\\)"):
        start_from_coco(Detector(lite, SIZE, (8, 16, 32, 48), **SUITED))
    net = detector()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(Unavailable, match="backbones.load\\('resnet50_coco'\\)"):
        start_from_coco(net)
    assert backbones.weights_file("resnet50_coco") is None
    planted = hub / "planted"
    for content in (pickle.dumps({"rpn.head.conv.weight": Plants(planted)}, 2), b"", b"some text"):
        (hub / FILE).write_bytes(content)
        with pytest.raises(BadInput, match=FILE):
            start_from_coco(net)
    torch.save({"rpn.head.conv.weight": torch.zeros(1)}, hub / FILE)
    with pytest.raises(BadInput, match=f"{FILE}.*not the weights"):
        start_from_coco(net)
    assert not planted.exists()
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
