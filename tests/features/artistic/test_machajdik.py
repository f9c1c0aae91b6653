"""Machajdik's blocks on planted pictures: colour, regions, lines, faces, skin, thirds, depth of field."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import circmean, circstd, wasserstein_distance_nd
from skimage.segmentation import felzenszwalb

from emolib.features.artistic import machajdik
from emolib.features.artistic.colourfulness import UNITS, colourfulness, hue_statistics, round_shares
from emolib.features.artistic.faces import find_faces
from emolib.features.artistic.itten import ITTEN_NAMES, itten, warmth
from emolib.features.artistic.lines import LINE_NAMES, line_features
from emolib.features.artistic.machajdik import machajdik_features
from emolib.features.artistic.planes import hsv_and_lab
from emolib.features.artistic.segments import Regions, regions, segment
from emolib.features.color import COLOR_NAMES, color_features
from emolib.features.texture import grey

from .pictures import astronaut, flat, halves, noise


def described(picture: np.ndarray) -> dict[str, float]:
    return dict(zip(machajdik.NAMES, machajdik_features(picture[None])[0].tolist(), strict=True))


# --------------------------------------------------------------------------------------------------------------- colour


def test_colour_numbers_are_those_of_the_colour_module():
    picture = astronaut(96)
    row, colour = described(picture), dict(zip(COLOR_NAMES, color_features(picture[None])[0], strict=True))
    assert row["mean_saturation"] == pytest.approx(colour["mean_saturation"])
    assert row["mean_brightness"] == pytest.approx(colour["mean_value"])
    for name in ("pleasure", "arousal", "dominance", "colour_red", "colour_grey", "colour_orange"):
        assert row[name] == pytest.approx(colour[name], abs=1e-6)


def test_hue_statistics_are_scipys():
    hsv, _ = hsv_and_lab(astronaut(64))
    angles = 2 * np.pi * hsv[0][hsv[1] > 0].astype(np.float64)
    found = hue_statistics(hsv)
    assert np.arctan2(found[1], found[0]) % (2 * np.pi) == pytest.approx(circmean(angles), abs=1e-4)
    assert found[3] == pytest.approx(circstd(angles), abs=1e-4)
    weights = hsv[1][hsv[1] > 0]
    vector = (weights * np.exp(1j * angles)).sum() / weights.sum()
    assert found[6] == pytest.approx(abs(vector), abs=1e-5)
    np.testing.assert_allclose(found[4:6], [vector.real / abs(vector), vector.imag / abs(vector)], atol=1e-4)


def test_hues_on_both_sides_of_red_have_their_mean_at_red():
    row = described(halves((255, 0, 30), (255, 30, 0)))
    assert row["hue_plain_cos"] == pytest.approx(1, abs=1e-4) and abs(row["hue_plain_sin"]) < 1e-2
    opposite = described(halves((255, 0, 0), (0, 255, 255)))
    assert opposite["hue_plain_length"] == pytest.approx(0, abs=1e-5)


def cells_and_centres(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from skimage.color import rgb2luv

    cells = picture // 64
    counts = np.bincount((cells @ [16, 4, 1]).ravel(), minlength=64)
    corners = np.array([(r, g, b) for r in range(4) for g in range(4) for b in range(4)])
    return counts, rgb2luv((corners + 0.5) / 4)


@pytest.mark.parametrize("picture", [noise(64), astronaut(64), halves((250, 0, 0), (0, 0, 250))])
def test_colourfulness_is_scipys_distance(picture: np.ndarray):
    counts, centres = cells_and_centres(picture)
    expected = wasserstein_distance_nd(centres, centres, round_shares(counts), np.full(64, UNITS / 64))
    assert colourfulness(picture) == pytest.approx(expected, rel=1e-6)


def test_colourfulness_of_one_colour_is_its_mean_distance_to_all():
    counts, centres = cells_and_centres(flat((10, 200, 70)))
    expected = np.linalg.norm(centres - centres[counts.argmax()], axis=1).mean()
    assert colourfulness(flat((10, 200, 70))) == pytest.approx(expected)
    assert colourfulness(noise(64)) < colourfulness(astronaut(64)) < expected


def test_rounded_shares_add_up_and_stay_close():
    counts = np.random.default_rng(0).integers(0, 900, 64)
    shares = round_shares(counts)
    assert shares.sum() == UNITS and np.abs(shares - UNITS * counts / counts.sum()).max() < 1


def areas(*colours: tuple[float, tuple[float, float, float]]) -> Regions:
    return Regions(np.zeros((1, 1), int), np.array([share for share, _ in colours]), np.array([c for _, c in colours]))


def test_itten_by_hand():
    def of(*colours: tuple[float, tuple[float, float, float]]) -> dict[str, float]:
        return dict(zip(ITTEN_NAMES, itten(areas(*colours)), strict=True))

    black_white = of((0.5, (0, 0, 0)), (0.5, (100, 0, 0)))
    assert black_white["itten_light_dark"] == pytest.approx(1)
    assert all(black_white[name] == 0 for name in ITTEN_NAMES[1:])
    opposite = of((0.5, (50, 40, 0)), (0.5, (50, -40, 0)))
    assert opposite["itten_hue"] == pytest.approx(1) and opposite["itten_complement"] == pytest.approx(1)
    right_angle = of((0.5, (50, 40, 0)), (0.5, (50, 0, 40)))
    assert right_angle["itten_hue"] == pytest.approx(1 - 0.5**0.5) and right_angle["itten_complement"] < 1e-12
    vivid = of((0.5, (50, 0, 0)), (0.5, (50, 0, 50)))
    assert vivid["itten_saturation"] == pytest.approx(0.5)
    at_50 = np.deg2rad(50)
    warm, cold = 40 * np.array([np.cos(at_50), np.sin(at_50)]), -40 * np.array([np.cos(at_50), np.sin(at_50)])
    both = of((0.5, (50, *warm)), (0.5, (50, *cold)))
    assert both["itten_warm_cold"] == pytest.approx(1) and both["itten_warmth"] == pytest.approx(0, abs=1e-12)
    # A single hue, red: all but its balanced sixth (6, 8, 9, 6, 4, 3 upside down) is out of place.
    balanced = 1 / np.array([6, 8, 9, 6, 4, 3])
    red = of((1, (50, 50, 50 * np.tan(np.deg2rad(40)))))
    assert red["itten_extension"] == pytest.approx(1 - balanced[0] / balanced.sum())


@pytest.mark.parametrize(
    ("rgb", "warm"), [((255, 0, 0), 1), ((255, 128, 0), 1), ((255, 220, 0), 1), ((0, 0, 255), -1), ((0, 200, 255), -1)]
)
def test_pure_colours_are_warm_or_cold(rgb: tuple[int, int, int], warm: int):
    _, lab = hsv_and_lab(flat(rgb))
    found = float(warmth(lab[1, 0, 0], lab[2, 0, 0]))
    assert -1 <= found <= 1 and found * warm > 0.2


# ---------------------------------------------------------------------------------------------------------- composition


def patches() -> tuple[np.ndarray, int]:
    picture = flat((128, 128, 128), 128, 128)
    for i, rgb in enumerate([(250, 0, 0), (0, 200, 0), (0, 0, 250), (250, 240, 0), (0, 0, 0)]):
        picture[10 + 20 * i : 22 + 20 * i, 15 * i + 8 : 15 * i + 40] = rgb
    return picture, 6


def test_regions_are_the_planted_patches():
    picture, count = patches()
    _, lab = hsv_and_lab(picture)
    found = regions(lab)
    assert len(found.shares) == count and found.shares.sum() == pytest.approx(1)
    expected = felzenszwalb(picture, scale=100, sigma=0, min_size=20)
    pairs = set(zip(found.labels.ravel().tolist(), expected.ravel().tolist(), strict=True))
    assert len(pairs) == count == len(np.unique(expected))
    first = found.labels[12, 10]
    assert found.shares[first] == pytest.approx(12 * 32 / 128**2)
    np.testing.assert_allclose(found.lab[first], lab[:, 12, 10], atol=1e-3)
    assert described(picture)["level_of_detail"] == pytest.approx(np.log(count))


def test_small_regions_join_a_neighbour_and_a_ramp_stays_whole():
    lab = np.zeros((3, 40, 40), np.float32)
    lab[0, 5:7, 5:7] = 100
    assert segment(lab, 1.0, 4)[1] == 2
    assert segment(lab, 1.0, 5)[1] == 1
    # Columns of 40 equal pixels come first; two of them join if they differ by no more than 0 + 100 / 40.
    lab[0] = 2.4 * np.arange(40)
    assert segment(lab, 100.0, 4)[1] == 1
    lab[0] = 2.6 * np.arange(40)
    assert segment(lab, 100.0, 4)[1] == 40


def bar(rows: slice, columns: slice) -> np.ndarray:
    picture = np.zeros((128, 128), np.float32)
    picture[rows, columns] = 1
    # Soft sides, so that Canny's edge is one pixel wide and not two.
    picture[rows, columns.start] = picture[rows, columns.stop - 1] = 0.5
    return picture


def test_upright_lines_are_static_and_slanted_ones_dynamic():
    upright = dict(zip(LINE_NAMES, line_features(bar(slice(14, 114), slice(60, 68))), strict=True))
    assert upright["static_lines_count"] > 0 and upright["dynamic_lines_count"] == 0
    # Two sides of 100 of the picture's 181 pixels, found in whole or in pieces.
    assert 0.8 < upright["static_lines_length"] / (200 / np.hypot(128, 128)) < 1.2
    y, x = np.mgrid[:128, :128]
    slanted = dict(zip(LINE_NAMES, line_features((abs(x - y) < 6).astype(np.float32)), strict=True))
    assert slanted["dynamic_lines_length"] > 0.8 and slanted["static_lines_length"] < 0.3
    assert not line_features(np.full((128, 128), 0.3, np.float32)).any()


def test_thirds_are_of_the_middle_ninth_alone():
    picture = flat((0, 0, 0), 96, 96)
    picture[32:64, 32:64] = (255, 0, 0)
    row = described(picture)
    assert (row["thirds_hue"], row["thirds_saturation"], row["thirds_value"]) == (0, 1, 1)
    swapped = flat((255, 0, 0), 96, 96)
    swapped[32:64, 32:64] = (0, 255, 0)
    assert described(swapped)["thirds_hue"] == pytest.approx(1 / 3)


def test_sharp_middle_before_a_blurred_ground_has_a_low_depth_of_field():
    random = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    middle, ground = flat((128, 128, 128), 128, 128), random.copy()
    middle[40:88, 40:88] = random[40:88, 40:88]
    ground[24:104, 24:104] = 128
    assert described(middle)["depth_of_field_value"] > 0.95
    assert described(ground)["depth_of_field_value"] < 0.05
    assert described(random)["depth_of_field_value"] == pytest.approx(0.25, abs=0.1)
    assert described(flat((9, 9, 9)))["depth_of_field_value"] == 0.25


# -------------------------------------------------------------------------------------------------------------- content


def skimage_faces(picture: np.ndarray) -> list[dict]:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    smallest, side = (picture.shape[0] // 6,) * 2, (picture.shape[0],) * 2
    return Cascade(lbp_frontal_face_cascade_filename()).detect_multi_scale(picture, 1.2, 1, smallest, side)


def test_the_face_is_where_scikit_image_finds_it():
    picture = astronaut(256)
    (expected,) = skimage_faces(picture)
    (found,) = find_faces(grey(picture))
    np.testing.assert_allclose(found, [expected["r"], expected["c"], expected["width"]], atol=6)
    row = described(picture)
    assert row["faces"] == 1 and row["largest_face"] == pytest.approx(found[2] ** 2 / 256**2, rel=1e-5)
    assert 0 < row["skin_relative_to_faces"] < 1


def test_faces_are_counted_and_measured_at_every_size():
    face = grey(astronaut(256))[15:140, 60:185]
    large = np.full((256, 256), 90, np.uint8)
    large[60:185, 60:185] = face
    two = np.full((256, 256), 90, np.uint8)
    two[10:135, 2:127] = two[110:235, 130:255] = face
    assert len(find_faces(large)) == 1 and len(find_faces(two)) == 2
    small, big = find_faces(grey(astronaut(128)))[0, 2], find_faces(grey(astronaut(384)))[0, 2]
    assert big / small == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize("picture", [flat((224, 172, 144)), noise(128)])
def test_no_face_no_share(picture: np.ndarray):
    row = described(picture)
    assert (row["faces"], row["largest_face"], row["skin_relative_to_faces"]) == (0, 0, 0)


def test_skin_colours_are_skin():
    for rgb in ((224, 172, 144), (141, 85, 60), (255, 219, 190)):
        assert described(flat(rgb))["skin"] == 1, rgb
    for rgb in ((128, 128, 128), (0, 160, 0), (40, 60, 220), (255, 0, 0)):
        assert described(flat(rgb))["skin"] == 0, rgb
    assert described(halves((224, 172, 144), (0, 0, 0)))["skin"] == pytest.approx(0.5)


def test_the_share_of_skin_is_that_of_scikit_images_cb_and_cr():
    from skimage.color import rgb2ycbcr

    for picture in (noise(128), astronaut(128)):
        # scikit-image gives the range of television, 224 steps about 128, in place of all 255.
        cb, cr = np.moveaxis((rgb2ycbcr(picture) - 128) * 255 / 224 + 128, 2, 0)[1:]
        expected = ((cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)).mean()
        assert expected > 0.05 and described(picture)["skin"] == pytest.approx(expected, abs=5e-4)
