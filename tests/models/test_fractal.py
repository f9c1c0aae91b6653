"""FractalNet against its definition: paths, depths, joins, and the plain networks inside it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from emolib.errors import BadInput
from emolib.models.fractal import FractalBlock, FractalNet, survivors
from emolib.models.resnet import scaled

PICTURES = torch.randint(0, 256, (3, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


class Step(nn.Module):
    """Stands for a convolution: one longer."""

    def forward(self, x):
        return x + 1


def skeleton(columns: int, layer: type[nn.Module], join) -> FractalBlock:
    """A block in which only its structure is left."""
    block = FractalBlock(1, 1, columns)
    block.convs = nn.ModuleList(nn.ModuleList(layer() for _ in column) for column in block.convs)
    block.join = join
    return block


def by_definition(columns: int) -> tuple[int, int, int]:
    """Paths, longest and shortest of f_C by the rule of expansion: f_1 = conv, f_{C+1} = join(f_C f_C, conv)."""
    if columns == 1:
        return 1, 1, 1
    paths, longest, _ = by_definition(columns - 1)
    return paths * paths + 1, 2 * longest, 1


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5])
def test_paths_and_depths_are_those_of_the_rule_of_expansion(columns):
    paths, longest, shortest = by_definition(columns)
    one = torch.ones(1)
    assert skeleton(columns, nn.Identity, lambda found: torch.stack(found).sum(0))(one) == paths
    assert skeleton(columns, Step, lambda found: torch.stack(found).amax(0))(one * 0) == longest == 2 ** (columns - 1)
    assert skeleton(columns, Step, lambda found: torch.stack(found).amin(0))(one * 0) == shortest == 1


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_a_block_has_as_many_convolutions_as_the_rule_gives(columns):
    network = FractalNet(8, columns, (8, 16))
    convolutions = sum(isinstance(m, nn.Conv2d) for m in network.modules())
    assert convolutions == 2 * (2**columns - 1)
    assert network.depth == 2 * 2 ** (columns - 1)


def test_two_columns_are_the_mean_of_two_and_one():
    block = FractalBlock(3, 4, 2).eval()
    x = torch.randn(2, 3, 8, 8)
    (one,), (first, second) = block.convs
    torch.testing.assert_close(block(x), (one(x) + second(first(x))) / 2)


def test_three_columns_worked_out_by_hand():
    block = FractalBlock(3, 4, 3).eval()
    x = torch.randn(2, 3, 8, 8)
    (a,), (b1, b2), (c1, c2, c3, c4) = block.convs
    middle = (b1(x) + c2(c1(x))) / 2
    # Joins that meet are one: three arrive at the end, each with a third.
    torch.testing.assert_close(block(x), (a(x) + b2(middle) + c4(c3(middle))) / 3)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_column_alone_is_a_plain_network_of_its_weights(column):
    network = FractalNet(8, 3, (8, 16)).eval()
    first, second = (nn.Sequential(*block.convs[column]) for block in network.blocks)
    plain = nn.Sequential(first, nn.MaxPool2d(2), second)
    assert sum(isinstance(m, nn.Conv2d) for m in plain.modules()) == 2 * 2**column
    torch.testing.assert_close(network.maps(PICTURES, column), plain(scaled(PICTURES)))
    torch.testing.assert_close(network(PICTURES, column), network.head(plain(scaled(PICTURES)).mean((2, 3))))


def test_a_stride_puts_one_convolution_in_front():
    network = FractalNet(8, 2, (8, 16), stride=2).eval()
    first = network.blocks[0](network.stem(scaled(PICTURES)))
    assert first.shape == (3, 8, 16, 16)
    torch.testing.assert_close(network.maps(PICTURES), network.blocks[1](network.pool(first)))
    assert sum(isinstance(m, nn.Conv2d) for m in network.modules()) == 2 * 3 + 1


def test_in_evaluation_nothing_is_left_out():
    network = FractalNet(8, 3, (8, 16), drop_path=0.5).eval()
    assert torch.equal(network(PICTURES), network(PICTURES))
    x = scaled(PICTURES)
    whole = network.blocks[1](network.pool(network.blocks[0](x)))
    torch.testing.assert_close(network.maps(PICTURES), whole)


@given(st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_drop_path_leaves_at_least_one(inputs, drop, seed):
    torch.manual_seed(seed)
    kept = survivors(inputs, drop)
    assert len(kept) == inputs and any(kept)
    if drop == 0 or inputs == 1:
        assert all(kept)


def test_each_input_is_left_out_as_often_as_asked():
    torch.manual_seed(0)
    kept = torch.tensor([survivors(3, 0.15) for _ in range(20000)], dtype=torch.float64)
    # All three are left out with .15^3; one of them then stays.
    expected = 0.85 + 0.15**3 / 3
    spread = (expected * (1 - expected) / 20000) ** 0.5
    assert ((kept.mean(0) - expected).abs() < 4.5 * spread).all()


def test_local_drop_path_leaves_a_way_through_every_block():
    block = skeleton(4, nn.Identity, FractalBlock.join)
    torch.manual_seed(0)
    # Every way is a mean of ways: were one block ever without any, the number would not come out as it went in.
    assert all(block(torch.ones(1), None, 0.9) == 1 for _ in range(300))


def test_global_drop_path_trains_one_column_at_a_time():
    network = FractalNet(8, 3, (4, 4), drop_path=0.15, global_share=1.0).train()
    torch.manual_seed(1)
    seen = set()
    for _ in range(40):
        network.zero_grad(set_to_none=True)
        network(PICTURES).sum().backward()
        used = {
            tuple(c for c, column in enumerate(block.convs) if any(p.grad is not None for p in column.parameters()))
            for block in network.blocks
        }
        assert len(used) == 1 and len(next(iter(used))) == 1
        seen |= used
    assert seen == {(0,), (1,), (2,)}


def test_gain_scales_the_first_weights():
    torch.manual_seed(0)
    right = FractalNet(8, 3, (32, 64))
    torch.manual_seed(0)
    twice = FractalNet(8, 3, (32, 64), gain=2.0)
    for a, b in zip(right.modules(), twice.modules(), strict=True):
        if isinstance(a, nn.Conv2d):
            torch.testing.assert_close(b.weight, 2 * a.weight)
            fan_in = a.weight[0].numel()
            assert float(a.weight.detach().std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.15)


@pytest.mark.parametrize(
    "wrong",
    [{"outputs": 0}, {"columns": 0}, {"stride": 0}, {"widths": ()}, {"widths": (0,)}, {"drop_path": 1.0},
     {"drop_path": -0.1}, {"global_share": 1.5}, {"dropout": 1.0}, {"gain": 0.0}, {"gain": float("nan")}],
)  # fmt: skip
def test_numbers_that_make_no_network_are_refused(wrong):
    with pytest.raises(BadInput, match="FractalNet"):
        FractalNet(**wrong)


def test_a_column_that_there_is_not_is_refused():
    with pytest.raises(BadInput, match="no column 3; use 0 to 2"):
        FractalNet()(PICTURES, 3)
