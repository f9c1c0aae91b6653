"""Zhao's principles on pictures in which they were planted."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import hsv2rgb

from emolib.features.artistic import zhao
from emolib.features.artistic.balance import (
    SYMMETRIES,
    TEMPLATES,
    best_axis,
    gradation,
    local_agreement,
    symmetries,
    template_distances,
)
from emolib.features.artistic.saliency import FIXATIONS, fixations, saliency
from emolib.features.artistic.zhao import attention, movement, off_centre, zhao_features

from .pictures import as_picture, astronaut, flat, halves, noise, stripes


def described(picture: np.ndarray) -> dict[str, float]:
    return dict(zip(zhao.NAMES, zhao_features(picture[None])[0].tolist(), strict=True))


# -------------------------------------------------------------------------------------------------------------- balance


def mirrored(picture: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate([picture, np.flip(picture, axis)], axis=axis)


@pytest.mark.parametrize("plane", ["lightness", "chroma", "edges"])
def test_a_mirrored_picture_is_symmetric_about_that_axis(plane: str):
    half = noise(64, seed=1).repeat(2, axis=0).repeat(2, axis=1)  # grain of two pixels survives smaller pictures
    upright, level = described(mirrored(half[:, :64], 1)), described(mirrored(half[:64], 0))
    assert upright[f"symmetry_{plane}_left_right"] == pytest.approx(1, abs=1e-4)
    assert level[f"symmetry_{plane}_top_bottom"] == pytest.approx(1, abs=1e-4)
    for row, other in ((upright, "top_bottom"), (level, "left_right")):
        assert abs(row[f"symmetry_{plane}_{other}"]) < 0.2
        assert abs(row[f"symmetry_{plane}_quarter_turn"]) < 0.2


def test_turned_and_radial_planes():
    y, x = np.mgrid[:64, :64] - 31.5
    rings = dict(zip(SYMMETRIES, symmetries(np.cos(np.hypot(x, y) / 5)), strict=True))
    assert min(rings.values()) > 0.95
    pinwheel = dict(zip(SYMMETRIES, symmetries(np.sin(4 * np.arctan2(y, x))), strict=True))
    assert pinwheel["quarter_turn"] == pytest.approx(1, abs=1e-6) == pinwheel["half_turn"]
    assert pinwheel["left_right"] == pytest.approx(-1, abs=1e-6) and pinwheel["radial"] < 0.05
    half_turn = np.sin(2 * np.arctan2(y, x))
    assert symmetries(half_turn)[2] == pytest.approx(1, abs=1e-6) == -symmetries(half_turn)[3]


def test_symmetry_is_numpys_correlation():
    plane = np.random.default_rng(0).normal(size=(40, 56)) + np.linspace(0, 2, 56)
    expected = [np.corrcoef(plane.ravel(), p.ravel())[0, 1] for p in (plane[:, ::-1], plane[::-1], plane[::-1, ::-1])]
    np.testing.assert_allclose(symmetries(plane)[:3], expected, rtol=1e-9)


def test_the_best_axis_is_found_off_the_middle():
    plane = np.random.default_rng(0).normal(size=(64, 64))
    plane[:, 40:60] = plane[:, 20:40][:, ::-1]  # mirrored at 40
    plane[:, 60:] = 0
    plane[:, :20] = 0
    like, away = best_axis(plane)
    assert like > 0.99 and away == pytest.approx(8 / 64)
    assert best_axis(np.zeros((8, 8))) == (1, 0)
    middle = np.random.default_rng(1).normal(size=(64, 32))
    assert best_axis(np.concatenate([middle, middle[:, ::-1]], axis=1)) == (pytest.approx(1), 0)


# ------------------------------------------------------------------------------------------------ saliency and movement


def spot(y: int, x: int) -> np.ndarray:
    grey = np.random.default_rng(0).normal(0.4, 0.02, (64, 64))
    grey[y - 2 : y + 3, x - 2 : x + 3] = 1
    return grey


@pytest.mark.parametrize(("y", "x"), [(32, 32), (12, 50), (48, 20)])
def test_a_bright_spot_draws_the_eye(y: int, x: int):
    found = saliency(spot(y, x))
    assert found.sum() == pytest.approx(1) and found.min() >= 0
    first = fixations(found)[0] * 64
    assert np.abs(first - (y + 0.5, x + 0.5)).max() <= 4


def test_focused_attention_is_where_the_mask_is():
    for place, mask in (((20, 40), 0), ((23, 37), 1), ((30, 30), 2)):
        point = np.zeros((60, 60))
        point[place] = 1
        found = attention(point)
        assert found.argmax() == mask and found[mask] > 0.95
    corner = np.zeros((60, 60))
    corner[0, 0] = 1
    assert (attention(corner) < 0.01).all()


def test_the_centre_of_mass():
    point = np.zeros((40, 60))
    point[0, 0] = 1
    assert off_centre(point) == pytest.approx(np.hypot(19.5, 29.5) / np.hypot(20, 30))
    assert off_centre(np.full((40, 60), 1 / 2400)) == pytest.approx(0, abs=1e-12)


def test_the_path_goes_from_peak_to_peak_in_order():
    y, x = np.mgrid[:64, :64]
    peaks = [(10, 10), (10, 50), (50, 50), (50, 10)]
    planted = sum((9 - i) * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 6) for i, (a, b) in enumerate(peaks))
    path = fixations(planted, 4)
    np.testing.assert_allclose(path * 64 - 0.5, peaks)
    found = movement(path)
    np.testing.assert_allclose(found[:3], 40 / 64)
    # To the right, down, to the left; each turn is a right angle.
    np.testing.assert_allclose(found[3:11], [1 / 3, 0, 1 / 3, 0, 1 / 3, 0, 0, 0])
    np.testing.assert_allclose(found[11:], [0.5, 0], atol=1e-12)


def test_an_even_picture_has_no_path():
    assert not movement(fixations(saliency(np.full((64, 64), 0.7)))).any()
    assert len(fixations(saliency(spot(9, 9)))) == FIXATIONS


# -------------------------------------------------------------------------------------------------- harmony and variety


def hues(*degrees: float) -> np.ndarray:
    hsv = np.ones((3, 12, 12 * len(degrees)), np.float32)
    hsv[0] = np.repeat(np.array(degrees) / 360, 12)
    return hsv


def distances(*degrees: float) -> dict[str, float]:
    return dict(zip(TEMPLATES, template_distances(hues(*degrees)), strict=True))


@pytest.mark.parametrize("turn", [0, 45, 200])
def test_hues_fit_the_templates_that_hold_them(turn: int):
    one = distances(turn)
    assert set(one.values()) == {0}
    opposite = distances(turn, (turn + 180) % 360)
    assert [name for name, value in opposite.items() if value == 0] == ["I", "T", "Y", "X"]
    # Whichever half is inside a single sector of 18 degrees, the other is 180 - 9 from its border or, with the sector
    # turned, both share the way.
    assert opposite["i"] == pytest.approx((180 - 18) / 2 / 180, abs=1e-6)
    right_angle = distances(turn, (turn + 90) % 360)
    assert right_angle["L"] == 0 and right_angle["V"] == 0 and right_angle["i"] > 0.15


def test_greys_fit_every_template_and_the_rainbow_none():
    assert not template_distances(np.zeros((3, 9, 9), np.float32)).any()
    # Outside of the two sectors of X are two gaps of 86.4 degrees, half a gap away at most.
    rainbow = distances(*range(0, 360, 5))
    assert rainbow["X"] == pytest.approx(2 * 86.4 / 360 * 86.4 / 4 / 180, rel=0.03)
    assert rainbow["T"] == pytest.approx(1 / 2 * 1 / 4, rel=0.03)
    assert min(rainbow.values()) == rainbow["X"]


def test_local_agreement():
    lab = np.zeros((3, 64, 64), np.float32)
    assert local_agreement(lab) == (1, 0)
    lab[0], lab[1] = stripes(8, 30, 20, 64) + 50, 40
    hue, direction = local_agreement(lab)
    assert hue == pytest.approx(1) and direction > 0.95
    lab[1] *= (-1) ** np.arange(64)  # opposite hues side by side
    lab[0] = np.random.default_rng(0).normal(50, 10, (64, 64))
    hue, direction = local_agreement(lab)
    assert hue == pytest.approx(0, abs=1e-6) and direction < 0.5


def test_variety_counts_basic_colours_and_directions():
    assert described(flat((255, 0, 0)))["colours"] == pytest.approx(1 / 11)
    assert described(flat((255, 0, 0)))["colour_entropy"] == 0
    two = described(halves((255, 0, 0), (0, 0, 255)))
    assert two["colours"] == pytest.approx(2 / 11)
    assert two["colour_entropy"] == pytest.approx(np.log(2) / np.log(11), rel=1e-5)
    striped, mixed = described(as_picture(stripes(8, 60) + 128)), described(noise(128))
    assert striped["direction_entropy"] < 0.8 < 0.98 < mixed["direction_entropy"] <= 1
    means = {name: value for name, value in striped.items() if name.startswith("stripes") and name.endswith("mean")}
    assert max(means, key=means.get) == "stripes_wavelength8_direction2_mean"


# ------------------------------------------------------------------------------------------------------------ gradation


def test_gradation_of_ramps_and_textures():
    lab = np.zeros((3, 65, 65), np.float32)
    lab[0] = 0.5 * np.arange(65)
    found = gradation(lab, np.zeros((65, 65), np.float32))
    np.testing.assert_allclose(found[0], [0.5, 0, 1, 0], atol=1e-6)
    assert not found[1:].any()
    lab[0] = 3 * (np.arange(65) % 2)[:, None]
    np.testing.assert_allclose(gradation(lab, lab[1])[0], [0, 3, 0, 0], atol=1e-6)
    lab[0] = np.random.default_rng(0).normal(50, 10, (65, 65))
    random = gradation(lab, lab[1])[0]
    assert (random[:2] > 9).all() and (random[2:] < 0.3).all()


def test_gradation_of_hue_goes_round_the_circle():
    angle = np.linspace(0, 4 * np.pi, 65)
    lab = np.zeros((3, 65, 65), np.float32)
    lab[1], lab[2] = 30 * np.cos(angle), 30 * np.sin(angle)
    chroma = np.hypot(lab[1], lab[2])
    np.testing.assert_allclose(gradation(lab, chroma)[2], [4 / 64, 0, 1, 0], atol=1e-4)
    # Without chroma there is no hue, and no step.
    assert not gradation(lab / 100, chroma / 100)[2].any()


def test_a_rainbow_is_a_gradation_of_hue_and_noise_none():
    hsv = np.ones((96, 96, 3))
    hsv[..., 0] = np.linspace(0, 0.9, 96)
    rainbow = described(np.rint(255 * hsv2rgb(hsv)).astype(np.uint8))
    assert rainbow["gradation_hue_relative_x"] > 0.9 > 0.3 > described(noise(96))["gradation_hue_relative_x"]
    assert described(astronaut(96))["gradation_lightness_absolute_x"] > 0.5
