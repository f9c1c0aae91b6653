"""Regions: whatever the map, boxes are valid; where boxes were planted, they are found; geometry as others have it."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from torchvision.ops import box_iou

from emolib.errors import BadInput
from emolib.regions import (
    MapRule,
    areas,
    as_boxes,
    boxes_from_map,
    check_boxes,
    coverage,
    fit_map,
    mask_from_map,
    mask_of,
    overlaps,
    read_map,
    scale_boxes,
)  # fmt: skip

# Importing and compiling make first calls slow.
relaxed = settings(max_examples=60)

# Few grey levels make regions and ties, all levels make noise.
maps = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 90, 200, 255]) | st.integers(0, 255))
)
numbers = st.floats(-50, 150, allow_subnormal=False)


@st.composite
def boxes_in(draw, limit=30, whole=True, most=6):
    coordinate = st.integers(0, limit) if whole else st.floats(0, limit, allow_subnormal=False)
    corners = draw(st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), max_size=most))
    return [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]


# --------------------------------------------------------------------------------------------------------------- checks
@relaxed
@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=6), st.integers(1, 100), st.integers(1, 100))
def test_clipped_boxes_lie_within_the_picture_and_keep_their_rows(corners, width, height):
    boxes = [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in corners]
    found = check_boxes(boxes, (width, height), empty="drop")
    assert found.boxes.shape == (len(found.rows), 4) and found.dropped == len(boxes) - len(found.rows)
    for box, row in zip(found.boxes, found.rows, strict=True):
        left, top, right, bottom = boxes[row]
        assert box.tolist() == [max(left, 0), max(top, 0), min(right, width), min(bottom, height)]
        assert box[0] < box[2] and box[1] < box[3]
    for row in set(range(len(boxes))) - set(found.rows.tolist()):
        assert areas(np.clip(boxes[row], 0, [width, height] * 2)[None], (width, height)) == 0


def test_boxes_outside_or_without_area_are_refused_by_name():
    inside, outside, point = [1, 1, 5, 5], [5, 5, 11, 8], [3, 3, 3, 6]
    with pytest.raises(BadInput, match=r"a\.jpg: box 1 is .*not within the picture of 10 x 8"):
        check_boxes([inside, outside], (10, 8), outside="refuse", where="a.jpg")
    with pytest.raises(BadInput, match=r"a\.jpg: box 1 is .*no area"):
        check_boxes([inside, point], (10, 8), where="a.jpg")
    with pytest.raises(BadInput, match="no area"):  # wholly outside
        check_boxes([[20, 0, 30, 5]], (10, 8))
    kept = check_boxes([point, inside, [20, 0, 30, 5]], (10, 8), empty="drop")
    assert kept.boxes.tolist() == [inside] and kept.rows.tolist() == [1] and kept.dropped == 2
    whole = [0, 0, 10, 8]
    assert check_boxes([whole], (10, 8), outside="refuse").boxes.tolist() == [whole]
    with pytest.raises(BadInput, match="clip or refuse"):
        check_boxes([inside], (10, 8), outside="ignore")


@pytest.mark.parametrize(
    "wrong",
    [[[1, 2, 3]], [1, 2, 3, 4], [[5, 1, 4, 3]], [[1, 5, 3, 4]], [[0, 0, 1, np.nan]], [[0, 0, np.inf, 1]], "box", None,
     [[1, 2, 3, 4], [1, 2]], [[]], np.zeros((0, 5)), {"left": 1}],
)  # fmt: skip
def test_what_is_no_list_of_boxes_is_refused(wrong):
    with pytest.raises(BadInput, match="scene 7: box"):
        as_boxes(wrong, "scene 7")


@pytest.mark.parametrize("empty", [[], np.zeros((0, 4)), (), torch.zeros(0, 4).numpy()])
def test_no_boxes_are_boxes_too(empty):
    assert as_boxes(empty).shape == (0, 4) and as_boxes(empty).dtype == np.float64
    assert check_boxes(empty, (4, 4)).boxes.shape == scale_boxes(empty, (4, 4), (8, 8)).shape == (0, 4)
    assert coverage(empty, (4, 4)) == 0 and not mask_of(empty, (4, 4)).any()
    assert overlaps(empty, [[0, 0, 1, 1]]).shape == (0, 1) and areas(empty, (4, 4)).shape == (0,)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (2.5, 4), 5, (1, 2, 3), ("a", "b"), (float("nan"), 1), None])
def test_what_is_no_size_is_refused(size):
    for call in (coverage, areas, mask_of, check_boxes):
        with pytest.raises(BadInput, match="size"):
            call([[0, 0, 1, 1]], size)


# ------------------------------------------------------------------------------------------------------------ grey maps
@relaxed
@given(maps, st.integers(1, 3), st.sampled_from([0.0, 0.05, 0.3]), st.sampled_from([0.2, 0.5, 1.0]))
def test_any_map_gives_valid_boxes_around_its_mask(grey, most, smallest, top):
    rule = MapRule(top=top, smallest=smallest, most=most)
    boxes, mask = boxes_from_map(grey, rule), mask_from_map(grey, rule)
    height, width = grey.shape
    assert boxes.shape == (len(boxes), 4) and len(boxes) <= most and mask.shape == grey.shape
    assert check_boxes(boxes, (width, height), outside="refuse").dropped == 0
    np.testing.assert_array_equal(boxes, np.rint(boxes))
    assert mask.any() == (len(boxes) > 0)
    assert not (mask & ~mask_of(boxes, (width, height))).any()
    for left, up, right, down in boxes.astype(int):
        # Nothing smaller would do: the mask reaches all four sides.
        inside = mask[up:down, left:right]
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
        assert inside.sum() >= smallest * grey.size
    assert grey[mask].min(initial=255) > grey.mean() or not mask.any()


@relaxed
@given(maps)
def test_regions_are_the_connected_parts_that_scipy_finds(grey):
    rule = MapRule(smallest=0, flat=0, faintest=1, most=100)
    bright = (grey >= 0.5 * grey.max()) & (grey > grey.mean())
    numbered, _ = scipy.ndimage.label(bright, structure=np.ones((3, 3)))
    parts = scipy.ndimage.find_objects(numbered)
    wanted = sorted([columns.start, rows.start, columns.stop, rows.stop] for rows, columns in parts)
    found = boxes_from_map(grey, rule)
    assert sorted(found.astype(int).tolist()) == wanted
    np.testing.assert_array_equal(mask_from_map(grey, rule), bright)


@relaxed
@given(maps)
def test_a_map_of_twice_the_size_has_boxes_of_twice_the_size(grey):
    np.testing.assert_array_equal(boxes_from_map(np.kron(grey, np.ones((2, 2), np.uint8))), 2 * boxes_from_map(grey))


@relaxed
@given(maps)
def test_a_mirrored_map_has_mirrored_boxes(grey):
    rule = MapRule(most=1000)
    width = grey.shape[1]
    mirrored = boxes_from_map(grey[:, ::-1].copy(), rule)
    back = np.stack([width - mirrored[:, 2], mirrored[:, 1], width - mirrored[:, 0], mirrored[:, 3]], axis=1)
    assert sorted(back.tolist()) == sorted(boxes_from_map(grey, rule).tolist())


def painted(width=120, height=80, around=0):
    """Three rectangles, one of them faint; a speck; and a darker frame that belongs to the brightest."""
    grey = np.full((height, width), around, np.uint8)
    grey[5:25, 10:50] = 160
    grey[10:20, 20:40] = 255
    grey[40:70, 60:110] = 200
    grey[60:75, 10:30] = 90
    grey[2:4, 100:103] = 255
    return grey


def test_planted_rectangles_are_found_largest_first():
    assert boxes_from_map(painted()).tolist() == [[60, 40, 110, 70], [10, 5, 50, 25]]
    everything = boxes_from_map(painted(), MapRule(top=0.3, smallest=0))
    assert everything.tolist() == [[60, 40, 110, 70], [10, 5, 50, 25], [10, 60, 30, 75], [100, 2, 103, 4]]
    assert boxes_from_map(painted(), MapRule(most=1)).tolist() == [[60, 40, 110, 70]]
    assert boxes_from_map(painted(), MapRule(top=0.9)).tolist() == [[20, 10, 40, 20]]


def test_a_bright_surrounding_does_not_make_the_picture_a_region():
    # Above half of the maximum everywhere, but only the rectangles are above the mean.
    grey = np.where(painted() == 0, 140, painted()).astype(np.uint8)
    grey[60:75, 10:30] = 140
    assert boxes_from_map(grey).tolist() == [[60, 40, 110, 70], [10, 5, 50, 25]]


@pytest.mark.parametrize("quality", [60, 95])
def test_jpeg_does_not_move_boxes_nor_make_any(quality):
    def saved(grey):
        file = io.BytesIO()
        Image.fromarray(grey).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    found = boxes_from_map(saved(painted()))
    assert np.abs(found - [[60, 40, 110, 70], [10, 5, 50, 25]]).max() <= 1
    faint = np.random.default_rng(0).integers(0, 8, (80, 120)).astype(np.uint8)
    assert len(boxes_from_map(saved(faint))) == 0
    assert len(boxes_from_map(saved(np.full((80, 120), 130, np.uint8) + faint // 4))) == 0


@pytest.mark.parametrize("level", [0, 1, 15, 16, 128, 255])
def test_an_empty_or_flat_map_has_no_region_whatever_the_rule(level):
    flat = np.full((6, 9), level, np.uint8)
    for rule in (MapRule(), MapRule(top=0.01, flat=0, faintest=1, smallest=0)):
        assert boxes_from_map(flat, rule).shape == (0, 4) and not mask_from_map(flat, rule).any()


def test_equal_regions_come_from_top_and_left():
    grey = np.zeros((20, 20), np.uint8)
    for top, left in itertools.product((1, 12), (2, 13)):
        grey[top : top + 4, left : left + 4] = 200
    assert boxes_from_map(grey)[:, :2].tolist() == [[2, 1], [13, 1], [2, 12], [13, 12]]


def test_a_planted_region_of_the_laboratory_comes_back_from_its_map():
    from emolib.corpora import load
    from emolib.corpora.scenes import Parameters, Scenes

    parameters = dict(count=40, size=160, seed=3, background=0.0, palette=0.0)
    table = load("scenes", pictures=False, **parameters).table
    scenes = Scenes(Parameters(**parameters), np.arange(len(table)))
    alone, found = 0, []
    for k, (boxes, regions) in enumerate(zip(table["boxes"], table["regions"], strict=True)):
        # Two may melt together, or one hide the other.
        if len(boxes) == 1 and regions:
            parts = boxes_from_map(scenes.region_map(k))
            alone += 1
            # A drawing may be in several pieces, of which the smallest are dropped; and its box has a margin.
            if len(parts):
                whole = [*parts[:, :2].min(0), *parts[:, 2:].max(0)]
                found.append(overlaps([whole], regions)[0, 0])
    assert alone >= 20 and len(found) == alone and np.median(found) > 0.85
    # The drawings stand at different places: none is found by the box of another.
    assert np.mean(np.array(found) > 0.6) > 0.9


@pytest.mark.parametrize("wrong", [np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8), [[1]]])
def test_what_is_no_grey_map_is_refused_by_name(wrong):
    for call in (boxes_from_map, mask_from_map, lambda grey, where: fit_map(grey, (4, 4), where=where)):
        with pytest.raises(BadInput, match=r"joy/3\.jpg: a grey map"):
            call(wrong, where="joy/3.jpg")


@pytest.mark.parametrize(
    "settings",
    [{"top": 0}, {"top": 1.1}, {"flat": -1}, {"smallest": 2}, {"faintest": 0}, {"faintest": 256}, {"most": 0},
     {"top": float("nan")}],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(settings):
    with pytest.raises(BadInput, match="MapRule"):
        MapRule(**settings)


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_a_map_of_another_size_is_brought_to_its_picture(factor):
    size = (int(120 * factor), int(80 * factor))
    found = boxes_from_map(fit_map(painted(), size))
    assert np.abs(found / factor - [[60, 40, 110, 70], [10, 5, 50, 25]]).max() <= 1
    assert fit_map(painted(), (120, 80)) is not None and (fit_map(painted(), (120, 80)) == painted()).all()


@relaxed
@given(st.integers(20, 60), st.integers(20, 60), st.integers(1, 3))
def test_boxes_survive_the_doubling_of_a_map_up_to_rounding(left, top, seed):
    grey = np.zeros((100, 100), np.uint8)
    grey[top : top + 12 * seed, left : left + 10 * seed] = 255
    found = boxes_from_map(fit_map(grey, (200, 200)))
    assert found.shape == (1, 4) and np.abs(found - 2 * boxes_from_map(grey)).max() <= 2


def test_a_map_of_another_form_is_refused_by_its_file(tmp_path):
    file = tmp_path / "3.jpg"
    Image.fromarray(painted()).save(file, quality=95)
    assert np.abs(read_map(file).astype(int) - painted()).mean() < 3
    assert read_map(file, (60, 40)).shape == (40, 60)
    assert read_map(file, (400, 265)).shape == (265, 400)  # 1.509 : 1 for 1.5 : 1
    for size in ((80, 120), (120, 120), (120, 90)):
        with pytest.raises(BadInput, match=r"3\.jpg: the map has 120 x 80 pixels and its picture"):
            read_map(file, size)
    assert read_map(file, (120, 90), tolerance=0.2).shape == (90, 120)
    with pytest.raises(BadInput, match="none.jpg"):
        read_map(tmp_path / "none.jpg")


def test_a_map_lies_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    Image.fromarray(painted()).save(tmp_path / "map.png", exif=exif)
    np.testing.assert_array_equal(read_map(tmp_path / "map.png", (80, 120)), np.rot90(painted(), -1))


# ------------------------------------------------------------------------------------------------------------- geometry
@relaxed
@given(boxes_in(whole=False), *(st.integers(1, 500) for _ in range(4)))
def test_scaling_there_and_back_changes_nothing(boxes, a, b, c, d):
    there = scale_boxes(boxes, (a, b), (c, d))
    np.testing.assert_allclose(scale_boxes(there, (c, d), (a, b)), as_boxes(boxes), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(areas(there, (c, d)), areas(boxes, (a, b)), rtol=1e-9, atol=1e-12)
    assert scale_boxes([[0, 0, a, b]], (a, b), (c, d)) == pytest.approx(np.array([[0, 0, c, d]]))


@relaxed
@given(boxes_in(limit=30), st.integers(1, 25), st.integers(1, 25))
def test_coverage_counts_pixels_once(boxes, width, height):
    painted = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        painted[top:bottom, left:right] = True
    assert coverage(boxes, (width, height)) == pytest.approx(painted.mean(), abs=1e-12)


@relaxed
@given(boxes_in(limit=20))
def test_a_mask_of_whole_pixels_is_its_boxes(boxes):
    solid = [box for box in boxes if box[0] < box[2] and box[1] < box[3]]
    assert mask_of(solid, (20, 20)).mean() == pytest.approx(coverage(solid, (20, 20)))


@relaxed
@given(boxes_in(limit=10, whole=False))
def test_a_mask_has_the_pixels_whose_middle_lies_in_a_box(boxes):
    large = [box for box in boxes if box[2] - box[0] >= 1 and box[3] - box[1] >= 1]
    wanted = np.zeros((10, 10), bool)
    for left, top, right, bottom in large:
        for row, column in itertools.product(range(10), range(10)):
            wanted[row, column] |= left <= column + 0.5 < right and top <= row + 0.5 < bottom
    np.testing.assert_array_equal(mask_of(large, (10, 10)), wanted)


@relaxed
@given(st.floats(0, 9), st.floats(0, 9), st.floats(1e-6, 3), st.floats(1e-6, 3))
def test_no_region_vanishes_in_its_mask(left, top, wide, high):
    box = [left, top, min(left + wide, 9.5), min(top + high, 9.5)]
    if box[0] < box[2] and box[1] < box[3]:
        mask = mask_of([box], (10, 10))
        rows, columns = np.nonzero(mask)
        assert len(rows) and abs(rows.mean() + 0.5 - (box[1] + box[3]) / 2) <= 0.51
        assert abs(columns.mean() + 0.5 - (box[0] + box[2]) / 2) <= 0.51


@relaxed
@given(boxes_in(whole=False), boxes_in(whole=False))
def test_overlaps_are_torchvisions(first, second):
    a, b = ([box for box in boxes if min(box[2] - box[0], box[3] - box[1]) > 1e-3] for boxes in (first, second))
    wanted = box_iou(*(torch.tensor(side, dtype=torch.float64).reshape(-1, 4) for side in (a, b)))
    np.testing.assert_allclose(overlaps(a, b), wanted.numpy(), rtol=1e-9, atol=1e-12)


def test_boxes_without_area_overlap_with_nothing():
    assert overlaps([[1, 1, 1, 1], [0, 0, 2, 2]], [[1, 1, 1, 1], [1, 1, 3, 3]]).tolist() == [[0, 0], [0, 1 / 7]]
