"""The residual network against its definition and against torch's own operations."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from emolib.errors import BadInput
from emolib.models.resnet import Block, ResNet, scaled

PICTURES = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def layers(network: nn.Module) -> int:
    """Layers with weights on the long way: shortcuts run beside it."""
    ways = [m for name, m in network.named_modules() if not name.endswith("shortcut")]
    return sum(isinstance(m, nn.Conv2d | nn.Linear) for m in ways)


@pytest.mark.parametrize(("blocks", "depth"), [(1, 8), (3, 20), (9, 56)])
def test_depth_is_six_n_plus_two(blocks, depth):
    assert layers(ResNet(8, blocks)) == layers(ResNet(8, blocks, skip=False)) == depth


def test_parameters_are_those_of_resnet_20_but_for_the_1x1_shortcuts():
    # He et al. 2016 (CVPR), table 6: 0.27 million for 20 layers and ten classes, shortcuts without parameters.
    weights = sum(p.numel() for name, p in ResNet(10, 3).named_parameters() if "shortcut" not in name)
    assert round(weights / 1e6, 2) == 0.27


@pytest.mark.parametrize("side", [16, 32, 64])
def test_any_side_goes_in_and_three_stages_divide_it_by_four(side):
    network = ResNet(8, 1).eval()
    x = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    assert network.maps(x).shape == (2, 64, side // 4, side // 4)
    assert network(x).shape == (2, 8)


def test_bytes_become_numbers_from_minus_one_to_one():
    found = scaled(torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 3, 1))
    torch.testing.assert_close(found.flatten(), torch.tensor([-1.0, -0.6, 1.0]))


def test_a_block_whose_body_is_silent_hands_on_what_came_in():
    block = Block(16, 16).eval()
    nn.init.zeros_(block.body[3].weight)
    x = torch.randn(2, 16, 8, 8)
    torch.testing.assert_close(block(x), x)
    plain = Block(16, 16, skip=False).eval()
    nn.init.zeros_(plain.body[3].weight)
    assert not plain(x).any()


def test_a_block_is_norm_relu_convolution_twice_and_a_sum():
    block = Block(3, 5, 2).eval()
    for norm in (block.before[0], block.body[1]):
        nn.init.uniform_(norm.weight)
        nn.init.uniform_(norm.bias)
        nn.init.uniform_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)

    def normed(x, norm):
        shape = (1, -1, 1, 1)
        standard = (x - norm.running_mean.view(shape)) / (norm.running_var.view(shape) + norm.eps).sqrt()
        return standard * norm.weight.view(shape) + norm.bias.view(shape)

    x = torch.randn(2, 3, 8, 8)
    active = normed(x, block.before[0]).clamp(min=0)
    inside = torch.conv2d(active, block.body[0].weight, stride=2, padding=1)
    by_hand = torch.conv2d(normed(inside, block.body[1]).clamp(min=0), block.body[3].weight, padding=1)
    torch.testing.assert_close(block(x), by_hand + torch.conv2d(active, block.shortcut.weight, stride=2))


def test_skip_connections_carry_gradients_through_layers_that_shrink_them():
    def first_gradient(skip):
        torch.manual_seed(0)
        network = ResNet(8, 9, skip=skip).eval()  # norms that have learned nothing leave everything as it is
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data.mul_(0.5)
        nn.functional.cross_entropy(network(PICTURES), torch.arange(4)).backward()
        return float(network.stem.weight.grad.norm())

    # 54 layers, each of which halves what comes through.
    assert first_gradient(skip=False) < 1e-8 < 1e-3 < first_gradient(skip=True)


@pytest.mark.parametrize("wrong", [{"outputs": 0}, {"blocks": 0}, {"widths": ()}, {"widths": (8, 0)}, {"dropout": 1.0}])
def test_numbers_that_make_no_network_are_refused(wrong):
    with pytest.raises(BadInput, match="ResNet"):
        ResNet(**wrong)
