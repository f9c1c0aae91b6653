"""Weibull fits against SciPy and planted parameters; Gabor responses on gratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emolib.features.artistic import yanulevskaya
from emolib.features.artistic.gabor import DIRECTIONS, FILTERS, WAVELENGTHS, gabor_statistics
from emolib.features.artistic.weibull import FLOOR, SHAPES, fit_cells, fit_weibull

from .pictures import as_picture, flat, stripes


@settings(max_examples=25)
@given(scale=st.floats(1, 30), shape=st.floats(0.6, 5), seed=st.integers(0, 1000))
def test_fits_are_scipys_maximum_of_likelihood(scale: float, shape: float, seed: int):
    draws = stats.weibull_min.rvs(shape, scale=scale, size=2000, random_state=seed)
    draws = np.maximum(draws, FLOOR)  # where the fit counts from
    expected_shape, _, expected_scale = stats.weibull_min.fit(draws, floc=0)
    beta, gamma = fit_weibull(draws)
    assert beta == pytest.approx(expected_scale, rel=0.01)
    assert gamma == pytest.approx(expected_shape, rel=0.01)


def test_planted_parameters_come_back_cell_by_cell():
    random = np.random.default_rng(0)
    truth = np.array([[5 + 3 * row, 0.8 + 0.4 * column] for row in range(3) for column in range(3)])
    response = np.empty((302, 299), np.float32)
    rows, columns = np.arange(302) * 3 // 302, np.arange(299) * 3 // 299
    for cell, (beta, gamma) in enumerate(truth):
        inside = np.ix_(rows == cell // 3, columns == cell % 3)
        size = response[inside].shape
        response[inside] = beta * random.weibull(gamma, size) * random.choice([-1, 1], size)
    np.testing.assert_allclose(fit_cells(response, 3), truth, rtol=0.04)


def test_flat_and_extreme_responses_stay_within_the_limits():
    assert fit_weibull(np.zeros((9, 9))) == (pytest.approx(FLOOR), SHAPES[1])
    beta, gamma = fit_weibull(np.full(50, 7.0))
    assert beta == pytest.approx(7, rel=1 / 32) and gamma == SHAPES[1]
    for values in ([0.0, 1e30], [1e-30] * 999 + [60000], [1.0, 1.0, 1.2]):
        beta, gamma = fit_weibull(np.array(values))
        assert np.isfinite(beta) and SHAPES[0] <= gamma <= SHAPES[1]


@pytest.mark.parametrize(("wavelength", "direction"), FILTERS)
def test_a_grating_wakes_the_filter_of_its_wavelength_and_direction(wavelength: int, direction: int):
    plane = stripes(wavelength, 180 * direction / DIRECTIONS, amplitude=50, side=256) + 80
    found = gabor_statistics(plane[None])[0, :, 0]
    best = FILTERS.index((wavelength, direction))
    assert found.argmax() == best
    assert found[best] == pytest.approx(50, rel=0.05)
    across = FILTERS.index((wavelength, (direction + DIRECTIONS // 2) % DIRECTIONS))
    assert found[across] < 0.15 * found[best]


def test_responses_are_those_of_a_direct_sum_of_products():
    """One filter as a complex kernel in the picture, summed up pixel by pixel away from the border."""
    from scipy.signal import fftconvolve

    plane = np.random.default_rng(3).normal(0, 20, (96, 128)).astype(np.float32)
    found = gabor_statistics(plane[None])[0]
    for wavelength, direction in ((8, 1), (16, 4)):
        sigma, angle = 0.56 * wavelength, np.pi * direction / DIRECTIONS
        y, x = np.mgrid[-40:41, -40:41]
        wave = np.exp(2j * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength)
        kernel = 2 * np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2) * wave
        bordered = np.pad(plane - plane.mean(), 40, mode="symmetric")
        expected = np.abs(fftconvolve(bordered, kernel, mode="valid"))
        row = found[FILTERS.index((wavelength, direction))]
        np.testing.assert_allclose(row, [expected.mean(), expected.std()], rtol=0.04)


def test_columns_are_named_after_what_they_hold():
    picture = as_picture(stripes(WAVELENGTHS[1], 0) + 128)
    row = dict(zip(yanulevskaya.NAMES, yanulevskaya.yanulevskaya_features(picture[None])[0], strict=True))
    means = {name: value for name, value in row.items() if name.startswith("gabor") and name.endswith("mean")}
    assert max(means, key=means.get) == "gabor_intensity_wavelength8_direction0_mean"
    # Vertical stripes change along x alone.
    for cell in ("row0_column0", "row1_column2"):
        assert row[f"wiccest_intensity_scale1_x_{cell}_beta"] > 10
        assert row[f"wiccest_intensity_scale1_y_{cell}_beta"] < 0.1
    coloured = yanulevskaya.yanulevskaya_features(flat((255, 0, 0))[None])[0]
    assert np.abs(coloured[yanulevskaya.GROUPS["gabor"]]).max() < 1e-3


def test_a_texture_in_one_cell_changes_that_cell_alone():
    picture = np.full((96, 96, 3), 128, np.uint8)
    before = yanulevskaya.yanulevskaya_features(picture[None])[0]
    picture[42:54, 42:54] = np.random.default_rng(0).integers(0, 256, (12, 12, 3))
    after = yanulevskaya.yanulevskaya_features(picture[None])[0]
    changed = {n for n, a, b in zip(yanulevskaya.NAMES, before, after, strict=True) if "wiccest" in n and a != b}
    assert changed and all("row1_column1" in name for name in changed)
