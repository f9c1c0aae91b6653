"""Wang's memberships on single colours, and the sums that they keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import lab2rgb, rgb2lab

from emolib.features.artistic.wang import GROUPS, NAMES, wang_features

from .pictures import as_picture, flat, halves, noise


def described(picture: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, wang_features(picture[None])[0].tolist(), strict=True))


def by_hand(rgb: tuple[int, int, int]) -> np.ndarray:
    """The 16 memberships of one colour from the table of the docstring."""
    lightness, a, b = rgb2lab(np.array([[rgb]], np.uint8))[0, 0]
    chroma, hue = np.hypot(a, b), np.arctan2(b, a)
    warm = (1 + np.cos(hue - np.deg2rad(50)) * min(1, chroma / 10)) / 2
    light = [np.interp(lightness, np.arange(10, 91, 20), np.eye(5)[i]) for i in range(5)]
    full = [np.interp(chroma, [10, 27, 51], np.eye(3)[i]) for i in range(3)]
    return np.concatenate([np.outer(part, [warm, 1 - warm]).ravel() for part in (light, full)])


@settings(max_examples=60)
@given(rgb=st.tuples(*[st.integers(0, 255)] * 3))
def test_one_colour_has_the_memberships_of_the_table(rgb: tuple[int, int, int]):
    row = wang_features(flat(rgb, 64, 64)[None])[0]
    np.testing.assert_allclose(row[:16], by_hand(rgb), atol=1e-3)
    np.testing.assert_allclose(row[16:], 0, atol=1e-5)


def test_black_and_white_are_neither_warm_nor_cool():
    row = described(halves((0, 0, 0), (255, 255, 255)))
    for name in ("very_dark", "very_light"):
        assert row[f"wang_{name}_warm"] == row[f"wang_{name}_cool"] == pytest.approx(0.25)
    assert row["wang_saturation_low_warm"] == row["wang_saturation_low_cool"] == pytest.approx(0.5)
    assert row["wang_luminance_contrast"] == pytest.approx(0.5, abs=1e-5)
    assert row["wang_colour_contrast"] == 0


def test_orange_is_warm_and_its_opposite_cool():
    turn = np.deg2rad(50)
    for sign, name in ((1, "warm"), (-1, "cool")):
        lab = np.array([[[60, sign * 30 * np.cos(turn), sign * 30 * np.sin(turn)]]])
        rgb = np.rint(255 * lab2rgb(lab)[0, 0]).astype(int)
        row = described(flat(tuple(rgb)))
        assert sum(value for key, value in row.items() if key.endswith(name)) == pytest.approx(2, abs=0.02)


def test_histograms_add_up_to_one():
    for picture in (noise(80), flat((3, 200, 90))):
        row = wang_features(picture[None])[0]
        assert row[GROUPS["lightness"]].sum() == pytest.approx(1, abs=1e-5)
        assert row[GROUPS["saturation"]][:6].sum() == pytest.approx(1, abs=1e-5)


def test_sharpness_is_the_slope_of_a_ramp():
    plane = np.broadcast_to(np.linspace(60, 200, 96), (96, 96))
    picture = as_picture(plane)
    lightness = rgb2lab(picture)[..., 0]
    gradients = np.hypot(*np.gradient(lightness))[1:-1, 1:-1]
    assert described(picture)["wang_sharpness"] == pytest.approx(gradients.mean() / 100, rel=1e-3)
    assert described(noise(96))["wang_sharpness"] > 10 * described(picture)["wang_sharpness"]
