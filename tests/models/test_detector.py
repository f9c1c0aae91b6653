"""The detector's parts, beside torchvision's own and beside boxes worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models.detection.rpn import concat_box_prediction_layers
from torchvision.ops import box_iou, nms, roi_align

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.detector import BRANCHES, DIRECT, LARGEST_STEP, SINGLE, Detector, suppressed
from emolib.training.detecting import overlaps

SIZE = 64
SHAPES = ((3, 16, 16), (4, 8, 8), (5, 4, 4), (6, 2, 2))
TOTAL = sum(c * h * w for c, h, w in SHAPES)


def network(levels: str = "multi", seed: int = 0, **options) -> Detector:
    torch.manual_seed(seed)
    return Detector(SHAPES, SIZE, **{"anchors": (8, 16, 32, 48), "levels": levels, "width": 8, "hidden": 12} | options)


def rows(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, TOTAL, generator=torch.Generator().manual_seed(seed))


def boxes_of(n: int, k: int, seed: int = 0, size: float = SIZE) -> torch.Tensor:
    """Boxes (n, k, 4) with an area, somewhere in the picture."""
    ends = torch.rand(n, k, 2, 2, generator=torch.Generator().manual_seed(seed)).sort(2).values * (size - 2)
    return torch.cat([ends[:, :, 0], ends[:, :, 1] + 2], 2)


@pytest.mark.parametrize("levels", ["multi", "single"])
def test_anchors_are_squares_of_the_sides_asked_for_at_every_place(levels: str) -> None:
    found = network(levels).anchors
    sides, grid = (8, 16, 32, 48), [(4, 16), (8, 8), (16, 4), (32, 2)]
    wanted = []
    for level, (stride, places) in enumerate(grid if levels == "multi" else grid[SINGLE : SINGLE + 1]):
        for y in range(places):
            for x in range(places):
                for side in [sides[level]] if levels == "multi" else sides:
                    half = side / 2
                    wanted.append([x * stride - half, y * stride - half, x * stride + half, y * stride + half])
    assert found.tolist() == wanted


@pytest.mark.parametrize("levels", ["multi", "single"])
def test_what_is_said_of_an_anchor_stands_in_its_place(levels: str) -> None:
    # torchvision's proposal network flattens the same head's answers by functions of its own.
    net = network(levels).eval()
    maps = net(rows(3))
    logits, steps = net.proposal_scores(maps, "emotional")
    assert logits.shape == (3, len(net.anchors)) and steps.shape == (3, len(net.anchors), 4)
    said = net.emotional.proposer(list(maps.pyramid.values()))
    wanted_logits, wanted_steps = concat_box_prediction_layers(*said)
    torch.testing.assert_close(logits.reshape(-1, 1), wanted_logits, rtol=0, atol=0)
    torch.testing.assert_close(steps.reshape(-1, 4), wanted_steps, rtol=0, atol=0)


def coordinates(limit: int = SIZE):
    return st.lists(st.tuples(*[st.floats(-0.25 * limit, 1.25 * limit, width=32)] * 4), min_size=1, max_size=12).map(
        lambda own: torch.tensor([[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in own])
    )


@settings(max_examples=60)
@given(coordinates(), coordinates())
def test_overlaps_are_torchvisions(first: torch.Tensor, second: torch.Tensor) -> None:
    found = overlaps(first[None], second[None])[0]
    wanted = torch.nan_to_num(box_iou(first, second))  # of two boxes without area it is 0 / 0
    assert ((found >= 0) & (found <= 1 + 1e-5)).all()
    # A sliver's area is below what is divided by: it overlaps nothing that an anchor or a region is.
    wide = (second[:, 2:] - second[:, :2] > 0.01).all(1)[None] | (first[:, 2:] - first[:, :2] > 0.01).all(1)[:, None]
    torch.testing.assert_close(found[wide], wanted[wide], rtol=1e-4, atol=1e-4)


def test_overlaps_by_hand() -> None:
    # A quarter of one square in another: 4 of 16 + 16 - 4.
    first = torch.tensor([[[0.0, 0, 4, 4], [1, 1, 1, 5]]])
    second = torch.tensor([[[2.0, 2, 6, 6], [0, 0, 4, 4], [4, 0, 8, 4], [0, 0, 0, 0]]])
    torch.testing.assert_close(overlaps(first, second)[0], torch.tensor([[1 / 7, 1, 0, 0], [0, 0, 0, 0]]))


@settings(max_examples=40)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 30), st.integers(1, 40), st.sampled_from([0.0, 0.3, 0.7])
)
def test_suppression_is_torchvisions_picture_by_picture(seed: int, b: int, k: int, keep: int, overlap: float) -> None:
    boxes = boxes_of(b, k, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    scores = torch.randn(b, k, generator=generator)
    scores[torch.rand(b, k, generator=generator) < 0.2] = -torch.inf
    found = suppressed(boxes, scores, keep, overlap)
    assert found.boxes.shape == (b, min(keep, k), 4) and found.scores.shape == found.at.shape == (b, min(keep, k))
    for i in range(b):
        there = torch.isfinite(scores[i]).nonzero()[:, 0]
        wanted = there[nms(boxes[i, there], scores[i, there], overlap)][:keep]
        kept = torch.isfinite(found.scores[i])
        assert found.at[i, kept].tolist() == wanted.tolist()
        torch.testing.assert_close(found.boxes[i, kept], boxes[i, wanted], rtol=0, atol=0)
        torch.testing.assert_close(found.scores[i, kept], scores[i, wanted], rtol=0, atol=0)


def test_boxes_below_a_pixel_are_none() -> None:
    boxes = torch.tensor([[[0.0, 0, 9, 0.5], [4, 4, 4, 4], [20, 20, 30, 30]]])
    found = suppressed(boxes, torch.tensor([[3.0, 2, 1]]), 3, 0.5)
    assert torch.isfinite(found.scores).tolist() == [[True, False, False]] and found.at[0, 0] == 2
    assert not torch.isfinite(suppressed(boxes[:, :2], torch.ones(1, 2), 2, 0.5).scores).any()


def test_proposals_are_the_best_anchors_moved_by_their_steps() -> None:
    net = network()
    logits, steps = torch.full((2, len(net.anchors)), -5.0), torch.zeros(2, len(net.anchors), 4)
    first, second = 16 * 5 + 5, 256 + 8 * 3 + 4  # at (20, 20) on the finest level, at (32, 24) on the next
    logits[0, first], logits[1, second] = 2.0, 3.0
    # A quarter of its side to the right, half up, twice as wide, half as high.
    steps[1, second] = torch.tensor([0.25, -0.5, np.log(2), -np.log(2)])
    found = net.propose(logits, steps, 5)
    assert found.boxes.shape == (2, 5, 4)
    assert found.boxes[0, 0].tolist() == [16, 16, 24, 24] and found.scores[:, 0].tolist() == [2, 3]
    torch.testing.assert_close(found.boxes[1, 0], torch.tensor([20.0, 12, 52, 20]))
    assert (box_iou(found.boxes[0], found.boxes[0]) - torch.eye(5) <= 0.7).all()
    # None leaves the picture, however far it is told to go, and none grows without end.
    wild = net.moved(net.anchors[None], torch.full((1, len(net.anchors), 4), 50.0))
    assert torch.isfinite(wild).all() and wild.min() >= 0 and wild.max() <= SIZE
    grown = net.moved(torch.tensor([[31.9, 31.9, 32.1, 32.1]]), torch.tensor([[0.0, 0, 99, 99]]))
    assert (grown[0, 2] - grown[0, 0]).item() == pytest.approx(0.2 * np.exp(LARGEST_STEP), rel=1e-4)


@pytest.mark.parametrize("levels", ["multi", "single"])
def test_looking_reads_each_region_at_its_place_in_its_picture(levels: str) -> None:
    net = network(levels).eval()
    maps, boxes = net(rows(3)), boxes_of(3, 7)
    for branch in BRANCHES:
        logits, steps = net.look(maps, boxes, branch)
        assert logits.shape == (3, 7, 2) and steps.shape == (3, 7, 4)
        for i in range(3):
            alone = net(rows(3)[i : i + 1])
            for j in range(7):
                said, moved = net.look(alone, boxes[i : i + 1, j : j + 1], branch)
                torch.testing.assert_close(said[0, 0], logits[i, j], rtol=1e-4, atol=1e-5)
                torch.testing.assert_close(moved[0, 0], steps[i, j], rtol=1e-4, atol=1e-5)


def test_a_region_is_read_at_the_level_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network().eval()
    maps = net(rows(1))
    # Each level's maps hold its number.
    told = {name: torch.full_like(level, float(number)) for number, (name, level) in enumerate(maps.pyramid.items())}
    seen = []
    monkeypatch.setattr(net.object, "forward", lambda regions, means: seen.append(regions) or (means, means[:, :4]))
    boxes = torch.tensor([[[0.0, 0, side, side] for side in (4, 8, 15, 17, 31, 32, 33, 63, 64)]])
    net.look(maps._replace(pyramid=told), boxes, "object")
    # Anchors of 8, 16, 32, 48: the third level holds what is 32 and more, and each level what is half as large.
    assert seen[0][:, 0, 3, 3].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3]


def test_what_the_trunk_says_of_a_region_is_its_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network().eval()
    maps, boxes = net(rows(2)), boxes_of(2, 3)
    seen = []
    monkeypatch.setattr(net.object, "forward", lambda regions, means: seen.append(means) or (means, means[:, :4]))
    net.look(maps, boxes, "object")
    wanted = []
    for level in DIRECT:
        per_picture = [
            roi_align(maps.trunk[level][i : i + 1], [boxes[i]], 1, SHAPES[level][1] / SIZE, 2, aligned=True)
            for i in range(2)
        ]
        wanted.append(torch.cat(per_picture)[:, :, 0, 0])
    torch.testing.assert_close(seen[0], torch.cat(wanted, 1))


def test_the_two_variants_start_from_the_same_sizes_and_differ_in_what_they_read() -> None:
    multi, single = network("multi"), network("single")
    side = lambda net: sorted(set((net.anchors[:, 2] - net.anchors[:, 0]).tolist()))  # noqa: E731
    assert side(multi) == side(single) == [8, 16, 32, 48]
    x, changed = rows(1), rows(1)
    finest = SHAPES[0][0] * SHAPES[0][1] * SHAPES[0][2]
    changed[:, :finest] += 1
    for net, differs in ((multi, True), (single, False)):
        before, after = (net.eval()(rows_).pyramid for rows_ in (x, changed))
        assert list(before) == (["0", "1", "2", "3"] if differs else ["2"])
        assert any(not torch.equal(before[name], after[name]) for name in before) == differs


def test_a_detector_with_a_trunk_takes_pictures() -> None:
    trunk = backbones.load("lite0")
    pictures = torch.randint(0, 256, (2, SIZE, SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        maps = trunk.levels(pictures)
    shapes = tuple(tuple(level.shape[1:]) for level in maps)
    torch.manual_seed(0)
    along = Detector(shapes, SIZE, (8, 16, 32, 48), width=8, hidden=12, trunk=trunk).eval()
    torch.manual_seed(0)
    apart = Detector(shapes, SIZE, (8, 16, 32, 48), width=8, hidden=12).eval()
    with torch.inference_mode():
        own, cached = along(pictures), apart(torch.cat([level.flatten(1) for level in maps], 1))
    for a, b in zip((*own.pyramid.values(), *own.trunk), (*cached.pyramid.values(), *cached.trunk), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    # In training its batch norms keep what they were pretrained with; everything else is in training mode.
    along.train()
    assert along.training and along.object.norm.training and along.emotional.norm.training
    norms = [module for module in along.trunk.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) > 40 and not any(module.training for module in norms)
    before = {name: value.clone() for name, value in along.trunk.state_dict().items()}
    along(pictures)
    assert all(torch.equal(value, before[name]) for name, value in along.trunk.state_dict().items())
    for wrong in (pictures[:, :32], pictures[..., :1], torch.zeros(2, TOTAL)):
        with pytest.raises(BadInput, match="expected \\(b, 64, 64, 3\\)"):
            along(wrong)


def test_the_repr_tells_apart_what_weights_do_not() -> None:
    # A kept training is looked for under first weights and repr; the anchors are in neither layer nor weight.
    first, second = network(), network(anchors=(4, 8, 16, 32))
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert repr(first) != repr(second) and repr(first) == repr(network())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"levels": "all"}, "levels 'all'"),
        ({"anchors": (8, 16, 32)}, "anchors"),
        ({"anchors": (16, 8, 32, 48)}, "rising"),
        ({"anchors": (0, 8, 32, 48)}, "anchors"),
        ({"anchors": ()}, "anchors"),
        ({"size": 60}, "multiple of 32"),
        ({"size": 96}, "strides"),
        ({"size": 0}, "multiple of 32"),
        ({"shapes": SHAPES[:3]}, "strides"),
        ({"shapes": (*SHAPES[:3], (6, 2, 3))}, "strides"),
    ],
)
def test_what_makes_no_sense_is_refused(fault: dict, said: str) -> None:
    options = {"shapes": SHAPES, "size": SIZE, "anchors": (8, 16, 32, 48), "width": 8, "hidden": 12} | fault
    with pytest.raises(BadInput, match=said):
        Detector(**options)


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(BadInput, match="do not hold maps"):
        network()(torch.zeros(2, TOTAL + 1))
