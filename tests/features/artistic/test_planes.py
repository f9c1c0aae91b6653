"""Colour planes against scikit-image, Gaussian derivatives against SciPy, wavelets worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2hsv, rgb2lab

from emolib.features.artistic.gaussian import derivatives, smoothed
from emolib.features.artistic.planes import block_means, hsv_and_lab, opponent, reduction
from emolib.features.artistic.wavelets import DAUBECHIES_4, HAAR, details

from .pictures import astronaut, noise


@pytest.mark.parametrize("picture", [noise(97), astronaut(64)], ids=["noise", "photograph"])
def test_hsv_and_lab_are_those_of_scikit_image(picture: np.ndarray):
    hsv, lab = hsv_and_lab(picture)
    np.testing.assert_allclose(hsv, np.moveaxis(rgb2hsv(picture), 2, 0), atol=1e-6)
    # scikit-image's white is .00001 off that of its matrix, which tints greys by a few thousandths.
    np.testing.assert_allclose(lab, np.moveaxis(rgb2lab(picture), 2, 0), atol=6e-3)


def test_every_grey_is_colourless_and_every_corner_of_the_cube_right():
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    _, lab = hsv_and_lab(greys)
    assert not lab[1:].any()
    np.testing.assert_allclose(lab[0], rgb2lab(greys)[..., 0], atol=1e-3)
    corners = 255 * np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, 1, 8).transpose(1, 2, 0).astype(np.uint8)
    np.testing.assert_allclose(hsv_and_lab(corners)[1], np.moveaxis(rgb2lab(corners), 2, 0), atol=6e-3)


def test_opponent_planes_of_single_colours():
    picture = np.array([[[255, 0, 0], [0, 100, 0], [10, 20, 30]]], np.uint8)
    expected = [[15.3, 63, 0.6 + 12.6 + 8.1], [76.5, 4, 3 + 0.8 - 10.5], [86.7, -60, 3.4 - 12 + 5.1]]
    np.testing.assert_allclose(opponent(picture)[:, 0], expected, rtol=1e-5)


def test_block_means_cut_the_remainder_off_on_both_sides():
    plane = np.arange(5 * 8, dtype=np.float32).reshape(5, 8)
    expected = [[plane[1:4, 1:4].mean(), plane[1:4, 4:7].mean()]]
    np.testing.assert_allclose(block_means(plane, 3), expected)
    assert block_means(plane, 1) is plane
    assert [reduction(side, 300, 128) for side in (64, 128, 255, 256)] == [1, 1, 1, 2]


@pytest.mark.parametrize("sigma", [1, 3])
@pytest.mark.parametrize("shape", [(64, 90), (7, 5)])
def test_derivatives_are_those_of_scipy(sigma: int, shape: tuple[int, int]):
    plane = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    across, down = derivatives(plane, sigma)
    for found, order in ((across, (0, 1)), (down, (1, 0)), (smoothed(plane, sigma), 0)):
        expected = ndimage.gaussian_filter(plane.astype(np.float64), sigma, order, mode="reflect", truncate=3)
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_haar_by_hand():
    plane = np.array([[[1, 3], [5, 11]]], np.float32)
    # Half the sums with the signs of the three corners.
    (level,) = details(plane, 1, HAAR)
    signs = np.array([(1 - 3 + 5 - 11) / 2, (1 + 3 - 5 - 11) / 2, (1 - 3 - 5 + 11) / 2])
    np.testing.assert_allclose(level[0, :, 0, 0], signs, rtol=1e-6)


def test_daubechies_keeps_energy_and_is_blind_to_ramps():
    planes = np.random.default_rng(1).normal(size=(2, 32, 16)).astype(np.float32)
    found = details(planes, 3)
    assert [level.shape for level in found] == [(2, 3, 16, 8), (2, 3, 8, 4), (2, 3, 4, 2)]
    # Orthonormal: what the details lack of the energy is in the means, which the third level leaves at 4 x 2 points.
    rest = (planes**2).sum(axis=(1, 2)) - sum((level**2).sum(axis=(1, 2, 3)) for level in found)
    assert (rest >= (planes.sum(axis=(1, 2)) ** 2 / 512) * 0.999).all()
    assert DAUBECHIES_4.sum() == pytest.approx(2**0.5) and (DAUBECHIES_4**2).sum() == pytest.approx(1)
    assert DAUBECHIES_4[:2] @ DAUBECHIES_4[2:] == pytest.approx(0)
    ramp = np.broadcast_to(np.arange(32, dtype=np.float32), (1, 32, 32))
    along_x = details(ramp, 1)[0][0, 0]
    assert np.abs(along_x[:, :-1]).max() < 1e-4 < np.abs(along_x[:, -1]).min()  # the last meets the other side


def test_odd_sides_go_on_with_their_last_row():
    plane = np.random.default_rng(2).normal(size=(1, 13, 18)).astype(np.float32)
    for one, other in zip(details(plane, 2), details(np.pad(plane, ((0, 0), (0, 3), (0, 2)), "edge"), 2), strict=True):
        np.testing.assert_array_equal(one, other)
