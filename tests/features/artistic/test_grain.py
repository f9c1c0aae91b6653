"""Co-occurrence against scikit-image, Tamura's three on planted gratings."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops

from emolib.features.artistic.grain import GLCM_LEVELS, cooccurrence, tamura

from .pictures import as_picture, astronaut, noise, stripes


@pytest.mark.parametrize("picture", [noise(65), astronaut(80)], ids=["noise", "photograph"])
def test_cooccurrence_is_that_of_scikit_image(picture: np.ndarray):
    plane = (picture[..., 1] / 255).astype(np.float32)
    levels = np.minimum(plane * GLCM_LEVELS + 1e-3, GLCM_LEVELS - 1).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrix = graycomatrix(levels, [1], angles, GLCM_LEVELS, symmetric=True).sum(axis=3, keepdims=True).astype(float)
    matrix /= matrix.sum()
    expected = [graycoprops(matrix, name)[0, 0] for name in ("contrast", "correlation", "energy", "homogeneity")]
    np.testing.assert_allclose(cooccurrence(plane), expected, rtol=1e-9)


def test_cooccurrence_of_one_level():
    np.testing.assert_allclose(cooccurrence(np.full((9, 9), 0.4, np.float32)), [0, 1, 1, 1])


def test_coarser_stripes_are_coarser():
    grey = [as_picture(stripes(w, 0) + 128)[..., 0] for w in (4, 16, 64)]
    coarse = [tamura(one)[0] for one in grey]
    assert coarse[0] < coarse[1] < coarse[2]
    assert all(2 <= value <= 32 for value in coarse)


def test_coarseness_is_what_the_definition_says():
    """Window by window, from the means themselves."""
    grey = astronaut(67)[..., 1]
    sizes = []
    for y in range(32, 67 - 32 + 1):
        for x in range(32, 67 - 32 + 1):
            differences = []
            for size in (2, 4, 8, 16, 32):
                half = size // 2
                left, right = grey[y - half : y + half, x - size : x], grey[y - half : y + half, x : x + size]
                above, below = grey[y - size : y, x - half : x + half], grey[y : y + size, x - half : x + half]
                differences.append(max(abs(left.mean() - right.mean()), abs(above.mean() - below.mean())))
            sizes.append(2 ** (1 + int(np.argmax(differences))))
    assert tamura(grey)[0] == pytest.approx(np.mean(sizes))
    assert len(set(sizes)) > 1


def test_contrast_of_two_values_is_half_their_distance():
    """Two equally common values have the kurtosis 1, so that contrast is the standard deviation."""
    grey = np.tile(np.array([[40, 100], [100, 40]], np.uint8), (40, 40))
    assert tamura(grey)[1] == pytest.approx(30)
    values = noise(90)[..., 0].astype(float)
    deviation = values - values.mean()
    kurtosis = (deviation**4).mean() / (deviation**2).mean() ** 2
    assert tamura(noise(90)[..., 0])[1] == pytest.approx(values.std() / kurtosis**0.25)


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_stripes_have_one_direction_and_noise_has_none(degrees: int):
    assert tamura(as_picture(stripes(12, degrees) + 128)[..., 0])[2] > 0.99
    assert abs(tamura(noise(96)[..., 0])[2]) < 0.15


def test_a_flat_picture_has_neither_contrast_nor_direction():
    coarseness, contrast, direction = tamura(np.full((70, 80), 99, np.uint8))
    assert (coarseness, contrast, direction) == (2, 0, 0)
