"""What is read of regions, beside maps whose means are known; and the rows that the classifier learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import roi_align

from emolib.errors import BadInput
from emolib.features.levels import Levels
from emolib.models.regional import PARTS, READ, RegionalClassifier, joined, region_features

SIZE = 64
SHAPES = ((2, 16, 16), (3, 8, 8), (4, 4, 4), (5, 2, 2))


def packed(maps: list[np.ndarray]) -> Levels:
    rows = np.concatenate([level.reshape(len(level), -1) for level in maps], 1)
    return Levels(rows.astype(np.float16), tuple(level.shape[1:] for level in maps), SIZE, "made up")


def noise(n: int = 4, seed: int = 0) -> Levels:
    random = np.random.default_rng(seed)
    return packed([random.standard_normal((n, *shape)) for shape in SHAPES])


def test_constant_maps_have_their_constant_everywhere() -> None:
    maps = [np.broadcast_to(np.arange(1, c + 1)[None, :, None, None] * 2.0**k, (2, c, h, w))
            for k, (c, h, w) in enumerate(SHAPES)]  # fmt: skip
    boxes = np.array(
        [[[0, 0, 64, 64], [3, 5, 9, 60], [10, 10, 10.5, 10.5]], [[60, 60, 64, 64], [0, 0, 1, 64], [0, 0, 0, 0]]]
    )
    found = region_features(packed(maps), boxes)
    assert found.shape == (2, 3, 12) and found.dtype == np.float32
    wanted = [2, 4, 6, 4, 8, 12, 16, 8, 16, 24, 32, 40]
    for i, j in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)):
        np.testing.assert_allclose(found[i, j], wanted, rtol=1e-6)
    assert np.isnan(found[1, 2]).all()


def test_on_a_slope_a_region_has_the_value_of_its_middle() -> None:
    # A place of level k covers 2^(k + 2) pixels; its value is where its middle lies, so that every level tells pixels.
    maps = []
    for k, (_, h, w) in enumerate(SHAPES):
        x = (np.arange(w) + 0.5) * 2 ** (k + 2)
        maps.append(np.stack([np.broadcast_to(x, (h, w)), np.broadcast_to(x[:, None], (h, w))])[None])
    boxes = np.array([[[16.0, 20, 32, 44], [22, 18, 24, 40], [17, 17, 47, 47], [20, 30, 21, 31]]])
    found = region_features(packed(maps), boxes, read=(0, 1, 2, 3))[0].reshape(4, 4, 2)
    middles = (boxes[0, :, :2] + boxes[0, :, 2:]) / 2
    np.testing.assert_allclose(found, np.broadcast_to(middles[:, None], (4, 4, 2)), atol=0.05)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_regions_are_read_as_torchvision_reads_them_one_by_one(seed: int, k: int) -> None:
    levels, random = noise(), np.random.default_rng(seed)
    ends = np.sort(random.uniform(0, SIZE, (4, k, 2, 2)), 2)
    boxes = np.concatenate([ends[:, :, 0], ends[:, :, 1]], 2)
    missing = random.random((4, k)) < 0.3
    boxes[missing] = 0
    found = region_features(levels, boxes)
    starts = np.cumsum([0, *(int(np.prod(shape)) for shape in SHAPES)])
    for i in range(4):
        for j in range(k):
            if missing[i, j]:
                assert np.isnan(found[i, j]).all()
                continue
            own = []
            for level in READ:
                maps = torch.from_numpy(levels.rows[i, starts[level] : starts[level + 1]].astype(np.float32))
                # Four points of each quarter.
                points = roi_align(
                    maps.reshape(1, *SHAPES[level]), [torch.from_numpy(boxes[i, j : j + 1]).float()], 4,
                    SHAPES[level][1] / SIZE, 1, aligned=True,
                )  # fmt: skip
                own.append(points.mean((0, 2, 3)))
            np.testing.assert_allclose(found[i, j], torch.cat(own).numpy(), rtol=1e-4, atol=1e-5)


def test_rows_batches_and_levels_are_as_asked() -> None:
    levels = noise()
    boxes = np.tile([[[4.0, 8, 40, 60]]], (4, 2, 1))
    whole = region_features(levels, boxes)
    some = region_features(levels, boxes[:2], rows=np.array([3, 1]), batch=1)
    np.testing.assert_array_equal(some, whole[[3, 1]])
    np.testing.assert_array_equal(region_features(levels, boxes, read=(3,)), whole[:, :, 7:])
    assert region_features(levels, boxes[:, :0]).shape == (4, 0, 12)
    assert region_features(levels, boxes[:0], rows=np.array([], int)).shape == (0, 2, 12)
    assert np.isnan(region_features(levels, np.zeros((4, 3, 4)))).all()


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        (np.zeros((3, 1, 4)), "for 4 pictures"),
        (np.zeros((4, 4)), "expected \\(n, k, 4\\)"),
        (np.zeros((4, 1, 5)), "expected"),
        (np.full((4, 1, 4), np.nan), "nan"),
        (np.full((4, 1, 4), -3.0), "from -3"),
        (np.tile([0, 0, 10, 70.0], (4, 1, 1)), "to 70"),
        (np.tile([0, 0, np.inf, 9], (4, 1, 1)), "inf"),
    ],
)
def test_boxes_that_lie_in_no_picture_are_refused(boxes: np.ndarray, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        region_features(noise(), boxes)


def some_rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    whole, regions = random.normal(5, 3, (30, 4)), random.normal(-2, 7, (30, 3, 2))
    regions[random.random((30, 3)) < 0.4] = np.nan
    regions[5] = np.nan
    return whole, regions, np.arange(20)


def test_rows_are_standardised_on_training_pictures_alone() -> None:
    whole, regions, train = some_rows()
    x = joined(whole, regions, train)
    assert x.shape == (30, 4 + 3 * 2) and x.dtype == np.float32
    np.testing.assert_allclose(x[train, :4].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(x[train, :4].std(0), 1, rtol=1e-5)
    # A region's numbers by what regions have in common, whatever their place.
    there = np.isfinite(regions[..., 0])
    local = x[:, 4:].reshape(30, 3, 2)
    own = local[train][there[train]]
    np.testing.assert_allclose(own.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(own.std(0), 1, rtol=1e-5)
    assert not local[~there].any() and not x[5, 4:].any() and local[there].all()
    # Pictures that are not trained on change nothing in those that are.
    other_whole, other_regions = whole.copy(), regions.copy()
    other_whole[20:] *= 100
    other_regions[20:] = 1e3
    np.testing.assert_array_equal(joined(other_whole, other_regions, train)[train], x[train])


def test_parts_are_columns_of_the_whole() -> None:
    whole, regions, train = some_rows()
    both = joined(whole, regions, train)
    np.testing.assert_array_equal(joined(whole, None, train, "global"), both[:, :4])
    np.testing.assert_array_equal(joined(whole, regions, train, "local"), both[:, 4:])
    assert PARTS == ("global", "local", "both")


def test_a_number_that_never_varies_stays_finite() -> None:
    whole, regions, train = some_rows()
    whole[:, 1] = 3
    regions[..., 0] = np.where(np.isfinite(regions[..., 0]), 3, np.nan)
    x = joined(whole, regions, train)
    assert np.isfinite(x).all() and not x[:, 1].any() and not x[:, 4::2].any()


def test_what_can_not_be_joined_is_refused() -> None:
    whole, regions, train = some_rows()
    none = np.full_like(regions, np.nan)
    for arguments, said in (
        ((whole, regions, train, "regions"), "part 'regions'"),
        ((whole, None, train), "regions None for 30"),
        ((whole, regions[:20], train), "for 30 pictures"),
        ((whole, regions[:, 0], train, "local"), "for 30 pictures"),
        ((whole, none, train), "no training picture has a region"),
    ):
        with pytest.raises(BadInput, match=said):
            joined(*arguments)
    assert joined(whole, none, train, "global").shape == (30, 4)


def test_the_classifier_gives_logits_and_learns_from_a_region() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 12)).astype(np.float32)
    y = torch.from_numpy((x[:, 7] > 0).astype(np.int64))
    torch.manual_seed(0)
    model = RegionalClassifier(12, 2, hidden=16, dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model.train()(torch.from_numpy(x)), y).backward()
        optimizer.step()
    logits = model.eval()(torch.from_numpy(x))
    assert logits.shape == (200, 2) and float((logits.argmax(1) == y).float().mean()) > 0.95
    assert RegionalClassifier(12)(torch.zeros(3, 12)).shape == (3, 8)
    assert torch.equal(model(torch.from_numpy(x)), logits)


@pytest.mark.parametrize("fault", [{"inputs": 0}, {"classes": 1}, {"hidden": 0}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_classifiers_that_make_no_sense_are_refused(fault: dict) -> None:
    with pytest.raises(BadInput, match="RegionalClassifier"):
        RegionalClassifier(**{"inputs": 3} | fault)
