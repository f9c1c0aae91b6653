"""How the detector learns and finds: torchvision's losses on the same answers, and regions that were planted."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_iou

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.detector import Detector
from emolib.training import Recipe, detecting, loop
from emolib.training.detecting import Loss, detect, padded, sampled, train

SIZE = 64
STRIDES = (4, 8, 16, 32)
SHAPES = tuple((3, SIZE // stride, SIZE // stride) for stride in STRIDES)


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path))


def network(levels: str = "multi", seed: int = 0, **options) -> Detector:
    torch.manual_seed(seed)
    options = {"anchors": (8, 16, 32, 48), "levels": levels, "width": 16, "hidden": 32, "bins": 5} | options
    return Detector(SHAPES, SIZE, **options)


@cache
def planted(n: int = 200, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Maps of n pictures with one or two bright squares, all squares, and those of the first colour.

    The maps are the picture itself, in two colours and noise, made smaller: what a trunk would see.
    """
    random = np.random.default_rng(seed)
    pixels = 0.1 * random.standard_normal((n, 3, SIZE, SIZE)).astype(np.float32)
    things, emotional = [], []
    for i in range(n):
        own: list[list[int]] = []
        colours: list[int] = []
        for _ in range(random.integers(1, 3)):
            side = int(random.integers(10, 34))
            left, top = random.integers(0, SIZE - side, 2)
            box = [int(left), int(top), int(left) + side, int(top) + side]
            if all(box[2] <= o[0] or o[2] <= box[0] or box[3] <= o[1] or o[3] <= box[1] for o in own):
                own.append(box)
                colours.append(int(random.integers(2)))
                pixels[i, colours[-1], box[1] : box[3], box[0] : box[2]] += 2
        things.append(np.array(own, float))
        emotional.append(np.array([b for b, c in zip(own, colours, strict=True) if c == 0], float).reshape(-1, 4))
    levels = [functional.avg_pool2d(torch.from_numpy(pixels), stride).flatten(1) for stride in STRIDES]
    return torch.cat(levels, 1).half().numpy(), things, emotional


def learn(net: Detector, epochs: tuple[int, int] = (8, 8), n: int = 160) -> Detector:
    maps, things, emotional = planted()
    for branch, truth, passes in zip(("object", "emotional"), (things, emotional), epochs, strict=True):
        recipe = Recipe(passes, 8, 4e-3)
        train("planted", net, maps, padded(truth), recipe, branch, key=["planted"], rows=np.arange(n))
    return net


def hit_share(found: detecting.Found, truth: list[np.ndarray], k: int) -> float:
    """Share of the true regions that one of the best k found ones overlaps by one half."""
    hits = [
        bool((box_iou(torch.from_numpy(box[None]).float(), torch.from_numpy(own[:k])) >= 0.5).any())
        for own, boxes in zip(found.lists()[0], truth, strict=True)
        for box in boxes
    ]
    return float(np.mean(hits))


def test_planted_regions_are_found_and_emotional_ones_told_apart() -> None:
    maps, things, emotional = planted()
    net, seek = learn(network()), np.arange(160, 200)
    objects, emotions = (detect(net, maps, branch, rows=seek, keep=3) for branch in ("object", "emotional"))
    own, mattering = [things[i] for i in seek], [emotional[i] for i in seek]
    assert hit_share(objects, own, 3) > 0.8
    assert hit_share(emotions, mattering, 3) > 0.8
    # Of pictures with both colours, the first emotional region is one of the colour that matters.
    both = [j for j in range(len(seek)) if 0 < len(mattering[j]) < len(own[j])]
    assert len(both) >= 5
    first = [emotions.boxes[j, :1] for j in both]
    right = [
        float(box_iou(torch.from_numpy(box), torch.from_numpy(mattering[j]).float()).max())
        for box, j in zip(first, both, strict=True)
    ]
    wrong = [
        float(box_iou(torch.from_numpy(box), torch.from_numpy(own[j]).float()).max())
        for box, j in zip(first, both, strict=True)
    ]
    assert np.mean(np.array(right) >= 0.5) > 0.8 * np.mean(np.array(wrong) >= 0.5) > 0.4
    # p_emo of true regions: high for the one colour, low for the other.
    with torch.inference_mode():
        rows = torch.from_numpy(maps[seek])
        p = [
            1
            - net.look(net(rows[j : j + 1]), torch.from_numpy(own[j]).float()[None], "emotional")[0].softmax(2)[0, :, 0]
            for j in range(len(seek))
        ]
    p = torch.cat(p).numpy()
    matters = np.array([any((box == m).all() for m in mattering[j]) for j in range(len(seek)) for box in own[j]])
    assert p[matters].mean() > p[~matters].mean() + 0.4


def test_a_single_level_learns_too_and_an_untrained_detector_finds_little() -> None:
    maps, things, _ = planted()
    net, seek = network("single"), np.arange(160, 200)
    share = lambda: hit_share(detect(net, maps, "object", rows=seek, keep=3), [things[i] for i in seek], 3)  # noqa: E731
    before = share()
    train("planted", net, maps, padded(things), Recipe(8, 8, 4e-3), "object", key=["planted"], rows=np.arange(160))
    assert before < 0.25 and share() > before + 0.2


def test_the_loss_is_torchvisions_where_all_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ANCHORS": 10**6, "REGIONS": 10**6, "SHARE": 1.0}.items():
        monkeypatch.setattr(detecting, name, value)
    net = network(classes=3, seed=3).eval()
    for layer in (net.object.says, net.object.moves, net.object.proposer.cls_logits, net.object.proposer.bbox_pred):
        nn.init.normal_(layer.weight, std=0.2)
    # A narrow region that no anchor overlaps by 0.3, one inside another, and a picture without any.
    truth = [
        np.array([[2.0, 3, 5, 40], [20, 20, 52, 50]]),
        np.array([[10.0, 10, 26, 26], [12, 12, 20, 20], [40, 4, 60, 30]]),
        np.zeros((0, 4)),
    ]
    kinds = [[2, 1], [3, 1, 2], []]
    maps = net(torch.from_numpy(planted()[0][:3]))
    found = Loss(net, "object")(maps, torch.from_numpy(padded(truth, kinds=kinds)))
    targets = [
        {"boxes": torch.from_numpy(b).float(), "labels": torch.tensor(k, dtype=torch.int64)}
        for b, k in zip(truth, kinds, strict=True)
    ]
    generator = AnchorGenerator(((8,), (16,), (32,), (48,)), ((1.0,),) * 4)
    many = {"training": 10**6, "testing": 10**6}
    rpn = RegionProposalNetwork(generator, net.object.proposer, 0.7, 0.3, 10**6, 0.5, many, many, 0.7)
    logits, steps = net.proposal_scores(maps, "object")
    labels, matched = rpn.assign_targets_to_anchors([net.anchors] * 3, targets)
    assert sum(int((own > 0).sum()) for own in labels) > 3
    aims = rpn.box_coder.encode(matched, [net.anchors] * 3)
    asked, placed = rpn.compute_loss(logits.reshape(-1, 1), steps.reshape(-1, 4), labels, aims)
    proposed = net.propose(logits, steps, detecting.PROPOSED)
    regions = [own[torch.isfinite(score)] for own, score in zip(proposed.boxes, proposed.scores, strict=True)]
    heads = RoIHeads(None, None, None, 0.5, 0.5, 10**6, 1.0, (1.0, 1.0, 1.0, 1.0), 0.05, 0.5, 10)
    heads.train()
    chosen, _, names, aims = heads.select_training_samples(regions, targets)
    assert {int(kind) for own in names for kind in own} == {0, 1, 2, 3}
    said, moved = [], []
    for i, own in enumerate(chosen):
        one = maps._replace(
            pyramid={name: level[i : i + 1] for name, level in maps.pyramid.items()},
            trunk=[level[i : i + 1] for level in maps.trunk],
        )
        a, b = net.look(one, own[None], "object")
        said.append(a[0]), moved.append(b[0])
    named, boxed = fastrcnn_loss(torch.cat(said), torch.cat(moved).repeat(1, 4), names, aims)
    torch.testing.assert_close(found, asked + placed + named + boxed, rtol=1e-4, atol=1e-5)


def test_each_anchor_is_drawn_once_and_the_best_of_a_narrow_region_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    keep = lambda right, wrong, *how: drawn.append((right, wrong)) or sampled(right, wrong, *how)  # noqa: E731
    monkeypatch.setattr(detecting, "sampled", keep)
    net = network().eval()
    narrow = np.array([[2.0, 3, 5, 40]])
    Loss(net, "object")(net(torch.from_numpy(planted()[0][:1])), torch.from_numpy(padded([narrow])))
    right, wrong = drawn[0]
    best = box_iou(net.anchors, torch.from_numpy(narrow).float())[:, 0]
    assert best.max() < 0.3 and right[0].tolist() == (best == best.max()).tolist()
    assert not (right & wrong).any() and (right | wrong).all()


def test_gradients_reach_what_a_step_trains_and_nothing_else() -> None:
    maps, things, _ = planted()
    x, truth = torch.from_numpy(maps[:4]), torch.from_numpy(padded(things[:4]))
    for branch in ("object", "emotional"):
        net = network()
        detecting.learnable(net, branch)
        Loss(net, branch)(net(x), truth).backward()
        reached = {name.split(".")[0] for name, p in net.named_parameters() if p.grad is not None and p.grad.any()}
        assert reached == ({"object", "pyramid"} if branch == "object" else {"emotional"})
    with pytest.raises(BadInput, match="branch 'objects'"):
        detecting.learnable(net, "objects")


def test_a_picture_without_regions_is_learned_from_and_alone_makes_no_loss_infinite() -> None:
    net = network()
    maps, things, _ = planted()
    none = torch.from_numpy(padded([np.zeros((0, 4))]))
    value = Loss(net, "object")(net(torch.from_numpy(maps[:1])), none)
    assert torch.isfinite(value) and value > 0
    # Nor where nothing at all is proposed: every box is told to shrink to nothing.
    nn.init.constant_(net.object.proposer.bbox_pred.bias, -20.0)
    assert torch.isfinite(Loss(net, "object")(net(torch.from_numpy(maps[:1])), none))
    train("some", network(), maps, padded([things[0], *[np.zeros((0, 4))] * 3] + things[4:]), Recipe(1, 2), "object",
          key=[0], rows=np.arange(4))  # fmt: skip


@settings(max_examples=60)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 60), st.integers(1, 40), st.floats(0, 1), st.floats(0, 1)
)
def test_what_is_drawn_keeps_the_shares(seed: int, b: int, n: int, number: int, share: float, rate: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    kind = torch.rand(b, n, generator=generator)
    right, wrong = kind < rate / 2, kind > 1 - rate / 2
    torch.manual_seed(seed)
    at, sure = sampled(right, wrong, number, share)
    assert at.shape == sure.shape
    number = min(number, n)
    for i in range(b):
        drawn = at[i, sure[i]].tolist()
        assert len(drawn) == len(set(drawn)) and all(right[i, j] or wrong[i, j] for j in drawn)
        rights = min(int(right[i].sum()), max(1, round(share * number)))
        assert sum(bool(right[i, j]) for j in drawn) == rights
        assert len(drawn) == min(number, rights + int(wrong[i].sum()))


def test_each_is_as_likely_to_be_drawn() -> None:
    right, wrong = torch.zeros(4000, 10, dtype=torch.bool), torch.zeros(4000, 10, dtype=torch.bool)
    right[:, :4], wrong[:, 4:] = True, True
    torch.manual_seed(0)
    at, sure = sampled(right, wrong, 4, 0.5)
    counts = np.bincount(at[sure].numpy(), minlength=10)
    # Two of four right ones and two of six wrong ones of each row: four standard errors.
    np.testing.assert_allclose(counts[:4], 2000, atol=4 * np.sqrt(1000))
    np.testing.assert_allclose(counts[4:], 8000 / 6, atol=4 * np.sqrt(8000 / 9))


def test_padded_boxes() -> None:
    found = padded([[[1, 2, 3, 4]], [], np.array([[0, 0, 8, 8], [2, 2, 2, 2.0]])], np.array([[2, 1], [1, 1], [1, 0.5]]))
    assert found.dtype == np.float32 and found.shape == (3, 2, 5)
    assert found[0].tolist() == [[2, 2, 6, 4, 1], [0, 0, 0, 0, 0]] and not found[1].any()
    assert found[2].tolist() == [[0, 0, 8, 4, 1], [2, 1, 2, 1, 1]]
    assert padded([], 2.0).shape == (0, 1, 5) and padded([[], []]).shape == (2, 1, 5)
    assert padded([[[0, 0, 4, 4]]] * 2, 0.5)[:, 0, 2].tolist() == [2, 2]
    assert padded([[[0, 0, 4, 4], [1, 1, 2, 2]], []], kinds=[[3, 7], []])[0, :, 4].tolist() == [3, 7]


@pytest.mark.parametrize(
    "boxes",
    [
        [[np.nan, 0, 4, 4]], [[0, 0, np.inf, 4]], [[5, 0, 4, 4]], [[0, 5, 4, 4]], [0, 0, 4, 4], [[0, 0, 4]],
        [[0, 0, 4, 4, 1]], np.zeros((2, 6)), [[[0, 0, 4, 4]]], ["here"],
    ],
    ids=str,
)  # fmt: skip
def test_boxes_that_are_none_are_refused_by_their_picture(boxes) -> None:
    with pytest.raises(BadInput, match="picture 1"):
        padded([[[0, 0, 4, 4]], boxes])


@pytest.mark.parametrize(
    "how",
    [
        {"scale": 0.0}, {"scale": -1.0}, {"scale": np.nan}, {"scale": np.ones((2, 2))}, {"scale": np.ones(3)},
        {"kinds": [[1, 1]]}, {"kinds": [[0]]}, {"kinds": [[1.5]]}, {"kinds": [[-2]]}, {"kinds": [1]}, {"kinds": []},
        {"kinds": [[np.nan]]},
    ],
    ids=str,
)  # fmt: skip
def test_scales_and_kinds_that_fit_no_box_are_refused(how: dict) -> None:
    with pytest.raises(BadInput, match="padded"):
        padded([[[0, 0, 4, 4]]], **how)


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(*[st.floats(-100, 200)] * 4), max_size=4), max_size=4))
def test_padded_takes_boxes_or_says_why_not(boxes) -> None:
    good = all(right >= left and bottom >= top for own in boxes for left, top, right, bottom in own)
    if not good:
        with pytest.raises(BadInput, match="padded"):
            padded(boxes)
        return
    found = padded(boxes)
    for own, kept in zip(boxes, found, strict=True):
        np.testing.assert_array_equal(kept[: len(own), :4], np.array(own, np.float32).reshape(-1, 4))
        assert not kept[len(own) :].any()


@pytest.mark.parametrize(
    ("boxes", "branch", "said"),
    [
        ([[0, 0, 20, 20]], "things", "branch 'things'"),
        ([[4, 4, 4, 9]], "object", "none of 4 pictures has a region"),
        ([[0, 0, 20, SIZE + 3]], "object", "pictures to 64"),
        ([[-9, 0, 20, 20]], "object", "from -9"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(boxes: list, branch: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        train("none", network(), planted()[0][:4], padded([boxes] * 4), Recipe(1, 2), branch, key=[0])


def test_kinds_and_shapes_that_the_branch_has_no_place_for_are_refused() -> None:
    maps, truth = planted()[0][:4], padded([[[0, 0, 20, 20]]] * 4, kinds=[[1], [2], [1], [3]])
    train("kinds", network(classes=3), maps, truth, Recipe(1, 2), "object", key=[0])
    for branch, classes, said in (("object", 2, "kind 3; the object branch tells 2"), ("emotional", 3, "tells 1")):
        with pytest.raises(BadInput, match=said):
            train("kinds", network(classes=classes), maps, truth, Recipe(1, 2), branch, key=[0])
    for wrong in (truth[:3], truth[..., :4], truth[0]):
        with pytest.raises(BadInput, match="expected \\(n, m, 5\\)"):
            train("kinds", network(classes=3), maps, wrong, Recipe(1, 2), "object", key=[0])


def test_the_emotional_step_leaves_objects_bit_for_bit_as_they_were() -> None:
    maps, things, emotional = planted()
    net = network()
    train("step", net, maps, padded(things), Recipe(1, 8), "object", key=[0], rows=np.arange(16))
    before, seen = detect(net, maps[:8], "object"), {k: v.clone() for k, v in net.state_dict().items()}
    train("step", net, maps, padded(emotional), Recipe(1, 8), "emotional", key=[0], rows=np.arange(16))
    after = detect(net, maps[:8], "object")
    for name in ("boxes", "scores", "objectness"):
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, seen[name])}
    assert changed == {"emotional"} and (before.emotion != after.emotion).any()


def test_the_same_seed_finds_the_same_boxes_and_nothing_is_trained_twice(monkeypatch, tmp_path) -> None:
    fits = []
    whole = loop.fit
    monkeypatch.setattr(loop, "fit", lambda *a, **k: fits.append(1) or whole(*a, **k))
    first = detect(learn(network(), (1, 1), 24), planted()[0][:6], "emotional")
    again = detect(learn(network(), (1, 1), 24), planted()[0][:6], "emotional")
    assert len(fits) == 2
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "another"))
    anew = detect(learn(network(), (1, 1), 24), planted()[0][:6], "emotional")
    assert len(fits) == 4
    for other in (again, anew):
        for name in ("boxes", "scores", "objectness", "emotion"):
            assert getattr(first, name).tobytes() == getattr(other, name).tobytes(), name
    different = detect(learn(network(seed=1), (1, 1), 24), planted()[0][:6], "emotional")
    assert (different.boxes != first.boxes).any()
    # Anchors are in no weight; a detector with others is another one.
    fits.clear()
    learn(network(anchors=(6, 12, 24, 48)), (1, 1), 24)
    assert len(fits) == 2


def test_a_trunk_is_trained_along_with_objects_and_left_alone_by_emotion() -> None:
    trunk = backbones.load("lite0")
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8)
    shapes = tuple(tuple(level.shape[1:]) for level in trunk.levels(torch.from_numpy(pictures[:1])))
    torch.manual_seed(0)
    net = Detector(shapes, SIZE, (8, 16, 32, 48), width=8, hidden=16, bins=3, trunk=trunk)
    truth = padded([[[8, 8, 40, 40]]] * 6)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    train("along", net, pictures, truth, Recipe(1, 3), "object", key=[0])
    after = {name: value.clone() for name, value in net.state_dict().items()}
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    # Weights of the trunk moved, down to its first layer; what its batch norms had counted did not.
    assert any(name.startswith("trunk.lower.0.") for name in changed)
    assert not any("running" in name or "tracked" in name for name in changed if name.startswith("trunk."))
    assert not any(name.startswith("emotional.") for name in changed)
    objects = detect(net, pictures, "object", least=0)
    train("along", net, pictures, truth, Recipe(1, 3), "emotional", key=[0])
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, after[name])}
    assert changed == {"emotional"}
    same = detect(net, pictures, "object", least=0)
    assert objects.boxes.tobytes() == same.boxes.tobytes() and objects.scores.tobytes() == same.scores.tobytes()
    assert objects.boxes.shape == (6, 10, 4) and not net.training


@pytest.mark.parametrize("branch", ["object", "emotional"])
def test_what_is_found_is_sorted_apart_and_scored_as_stated(branch: str) -> None:
    maps = planted()[0][:5]
    net = learn(network(), (1, 1), 24)
    found = detect(net, maps, branch, keep=6, least=0.0, overlap=0.3)
    assert found.boxes.shape == (5, 6, 4) and found.boxes.dtype == np.float32
    for values in (found.scores, found.objectness, found.emotion):
        assert values.shape == (5, 6) and values.dtype == np.float32
    score = np.hypot(found.objectness, found.emotion) if branch == "emotional" else found.objectness
    np.testing.assert_allclose(found.scores, np.where(found.scores > 0, score, 0), rtol=1e-5)
    assert (np.diff(found.scores, axis=1) <= 0).all() and (found.scores > 0).any()
    assert (found.boxes >= 0).all() and (found.boxes <= SIZE).all()
    for boxes, scores in zip(*found.lists(), strict=True):
        assert len(boxes) == len(scores) and (scores > 0).all()
        apart = box_iou(*[torch.from_numpy(boxes)] * 2) - torch.eye(len(boxes))
        assert len(boxes) < 2 or apart.max() <= 0.3 + 1e-6
    # The first is p_obj, or p_emo, of the branch that is asked; a lower limit on it leaves fewer.
    own = found.emotion if branch == "emotional" else found.objectness
    limit = float(np.median(own[found.scores > 0]))
    fewer = detect(net, maps, branch, keep=6, least=limit, overlap=0.3)
    kept = fewer.emotion if branch == "emotional" else fewer.objectness
    assert (kept[fewer.scores > 0] >= limit).all()
    # Pictures are judged one by one: in another order, or alone, they have the same regions.
    turned = detect(net, maps, branch, rows=np.arange(5)[::-1], keep=6, least=0.0, overlap=0.3, batch=2)
    np.testing.assert_allclose(turned.boxes[::-1], found.boxes, atol=1e-3)
    np.testing.assert_allclose(turned.scores[::-1], found.scores, atol=1e-5)


def test_boxes_that_coincide_keep_their_own_probabilities() -> None:
    net = network(seed=5)
    # Every region is told to grow without end: all boxes become the picture, while what is said of them differs.
    nn.init.normal_(net.emotional.says.weight, std=1.0)
    net.emotional.moves.bias.data = torch.tensor([0.0, 0, 99, 99])
    found = detect(net, planted()[0][:8], "emotional", least=0.0)
    boxes, _ = found.lists()
    assert all((own == [0, 0, SIZE, SIZE]).all() and len(own) == 1 for own in boxes)
    np.testing.assert_allclose(found.scores[:, 0], np.hypot(found.emotion, found.objectness)[:, 0], rtol=1e-5)


def test_pictures_without_a_region_and_no_pictures_at_all() -> None:
    net, maps = network(), planted()[0][:3]
    net.object.says.bias.data = torch.tensor([99.0, 0])  # nothing is an object
    found = detect(net, maps, "object", keep=4)
    assert found.boxes.shape == (3, 4, 4) and not found.boxes.any() and not found.scores.any()
    assert not found.objectness.any() and not found.emotion.any()
    assert [len(own) for own in found.lists()[0]] == [0, 0, 0]
    empty = detect(net, maps, "object", rows=np.array([], int), keep=4)
    assert empty.boxes.shape == (0, 4, 4) and empty.scores.shape == (0, 4) and empty.lists() == ([], [])
    for how in ({"branch": "things"}, {"keep": 0}, {"batch": 0}):
        with pytest.raises(BadInput):
            detect(net, maps, **{"branch": "object"} | how)
