"""GIST against its definition written out plainly, local binary patterns against scikit-image, what both must do."""

from __future__ import annotations

import platform

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from skimage.feature import local_binary_pattern

from emolib.errors import BadInput
from emolib.features.texture import GIST_NAMES, LBP_NAMES, gist, gist_names, grey, lbp

from .pictures import oasis, portrait

# ---------------------------------------------------------------------------------------------- GIST, by its definition


def frequencies(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole cycles over the picture, vertically and horizontally, laid out as np.fft.fft2 does."""
    down = np.fft.ifftshift(np.arange(rows) - rows // 2)[:, None] + np.zeros((1, columns))
    along = np.fft.ifftshift(np.arange(columns) - columns // 2)[None] + np.zeros((rows, 1))
    return down, along


def plain_gist(picture: np.ndarray, orientations=(8, 8, 8, 8), cells: int = 4) -> np.ndarray:
    """The published descriptor of one picture: double precision, full transforms, one filter and one cell at a time."""
    height, width = picture.shape[:2]
    image = picture.astype(float).mean(axis=2)
    image -= image.min()
    if image.max() > 0:
        image *= 255 / image.max()
    # Contrast: log, less a Gaussian low-pass at 4 cycles a picture, over .2 + the local deviation, on an even square.
    log = np.pad(np.log(image + 1), 5, mode="symmetric")
    side = max(log.shape) + max(log.shape) % 2
    log = np.pad(log, [(0, side - log.shape[0]), (0, side - log.shape[1])], mode="symmetric")
    down, along = frequencies(side, side)
    gauss = np.exp(-(down**2 + along**2) / (4 / np.sqrt(np.log(2))) ** 2)
    log -= np.real(np.fft.ifft2(np.fft.fft2(log) * gauss))
    log /= 0.2 + np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(log**2) * gauss)))
    image = np.pad(log[5 : 5 + height, 5 : 5 + width], 32, mode="symmetric")
    # Filters: .35, .3 / 1.85^scale and 16 n^2 / 32^2 are the program's parameters.
    spectrum = np.fft.fft2(image)
    down, along = frequencies(*image.shape)
    radius = np.sqrt((down / image.shape[0]) ** 2 + (along / image.shape[1]) ** 2)
    angle = np.arctan2(down / image.shape[0], along / image.shape[1])
    features = []
    for scale, n in enumerate(orientations):
        for direction in range(n):
            turn = angle + np.pi * direction / n
            turn = turn + 2 * np.pi * (turn < -np.pi) - 2 * np.pi * (turn > np.pi)
            gain = np.exp(
                -10 * 0.35 * (radius / (0.3 / 1.85**scale) - 1) ** 2 - 2 * (16 * n**2 / 32**2) * np.pi * turn**2
            )
            response = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
            rows, columns = (np.floor(np.linspace(0, size, cells + 1)).astype(int) for size in (height, width))
            for i in range(cells):
                for j in range(cells):
                    features.append(response[rows[i] : rows[i + 1], columns[j] : columns[j + 1]].mean())
    return np.array(features)


def test_gist_of_a_photograph_is_the_definitions():
    picture = portrait()
    assert gist(picture[None]).shape == (1, 512)
    np.testing.assert_allclose(gist(picture[None])[0], plain_gist(picture), rtol=5e-4)


def test_gist_of_photographs_is_the_definitions():
    for picture in oasis(6):
        np.testing.assert_allclose(gist(picture[None])[0], plain_gist(picture), rtol=5e-4)


@pytest.mark.parametrize(
    ("size", "orientations", "cells"),
    [
        ((64, 64), (8, 8, 4), 4),
        ((61, 75), (8, 8, 8, 8), 4),
        ((96, 40), (6, 1), 3),
        ((32, 33), (3, 5, 2, 7), 5),
        ((47, 47), (4,), 1),
    ],
)
def test_gist_of_other_sizes_banks_and_grids_is_the_definitions(size, orientations, cells):
    rng = np.random.default_rng(sum(size))
    picture = np.asarray(Image.fromarray(portrait(128)).resize(size[::-1])) // 2 + rng.integers(
        0, 99, (*size, 3), dtype=np.uint8
    )
    features = gist(picture[None], orientations, cells)
    assert features.shape == (1, sum(orientations) * cells**2)
    np.testing.assert_allclose(features[0], plain_gist(picture, orientations, cells), rtol=5e-4)


def grating(cycles: float, degrees: float, side: int = 256) -> np.ndarray:
    """Stripes of grey: brightness changes along an angle from the x axis, y pointing down; cycles a pixel."""
    y, x = np.mgrid[:side, :side]
    wave = np.cos(2 * np.pi * cycles * (x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))))
    return np.repeat(np.rint(127.5 + 100 * wave).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("scale", range(4))
@pytest.mark.parametrize("direction", range(8))
def test_stripes_answer_at_their_own_scale_and_direction(scale, direction):
    picture = grating(0.3 / 1.85**scale, -180 * direction / 8)
    responses = gist(picture[None]).reshape(4, 8, 4, 4)[:, :, 1:3, 1:3].mean(axis=(2, 3))  # away from the border
    assert np.unravel_index(responses.argmax(), responses.shape) == (scale, direction)


def test_vertical_stripes_are_direction_0_and_horizontal_ones_direction_4():
    stripes = np.zeros((2, 128, 128, 3), np.uint8)
    stripes[0, :, ::4] = stripes[0, :, 1::4] = stripes[1, ::4] = stripes[1, 1::4] = 255
    strongest = gist(stripes).reshape(2, 4, 8, 16).mean(axis=(1, 3)).argmax(axis=1)
    assert strongest.tolist() == [0, 4]


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2), (3, 1)])
def test_texture_in_one_cell_answers_there(row, column):
    picture = np.full((1, 256, 256, 3), 128, np.uint8)
    patch = np.random.default_rng(0).integers(0, 256, (44, 44, 1), dtype=np.uint8)
    picture[0, 64 * row + 10 : 64 * row + 54, 64 * column + 10 : 64 * column + 54] = patch
    by_cell = gist(picture).reshape(32, 4, 4)
    assert (by_cell.reshape(32, 16).argmax(axis=1) == 4 * row + column).all()
    others = np.delete(by_cell[:8].sum(axis=0).ravel(), 4 * row + column)  # the finest filters reach least far
    assert others.max() < 0.05 * by_cell[:8].sum(axis=0)[row, column]


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_picture_of_one_colour_has_no_edges(level):
    features = gist(np.full((1, 64, 64, 3), level, np.uint8))
    np.testing.assert_allclose(features, 0, atol=1e-5)


def test_brightness_and_contrast_that_a_camera_adds_change_little():
    picture = portrait(128)
    dimmer, mirrored = picture // 2 + 20, picture[:, ::-1]
    a, b, c = gist(np.stack([picture, dimmer, mirrored]))
    assert np.linalg.norm(a - b) < 0.5 * np.linalg.norm(a - c)


@pytest.mark.parametrize(
    ("orientations", "cells"),
    [((), 4), ((8, 0), 4), ((8, -1), 4), ((8, 2.5), 4), ((8, True), 4), ((8,), 0), ((8,), "4"), ((8,), 1.0)],
)
def test_banks_and_grids_that_cannot_be_are_refused(orientations, cells):
    with pytest.raises(BadInput, match="directions|cells"):
        gist(np.zeros((1, 64, 64, 3), np.uint8), orientations, cells)


def test_pictures_too_small_for_the_filters_or_the_grid_are_refused():
    with pytest.raises(BadInput, match="31 x 64"):
        gist(np.zeros((1, 31, 64, 3), np.uint8))
    with pytest.raises(BadInput, match="40 x 40 cells"):
        gist(np.zeros((1, 32, 64, 3), np.uint8), cells=40)


def test_gist_names_follow_the_columns():
    assert len(GIST_NAMES) == len(set(GIST_NAMES)) == 512
    assert len(gist_names((8, 8, 4))) == 320
    assert GIST_NAMES[0] == "gist_scale0_direction0_row0_column0"
    # Stripes in the upper right, at the third scale and direction 2.
    picture = np.full((256, 256, 3), 128, np.uint8)
    picture[10:54, 202:246] = grating(0.3 / 1.85**2, -45)[10:54, 202:246]
    assert GIST_NAMES[gist(picture[None])[0].argmax()] == "gist_scale2_direction2_row0_column3"


# ----------------------------------------------------------------------------------------------- local binary patterns


def assert_same(ours: np.ndarray, scikit_images: np.ndarray) -> None:
    """Exactly the same, but where scikit-image's compiler fuses products and sums, which decides ties in flat areas."""
    exact = platform.machine() in ("x86_64", "AMD64")
    np.testing.assert_allclose(ours, scikit_images, rtol=0, atol=0 if exact else 0.1)


def scikit_lbp(picture: np.ndarray) -> np.ndarray:
    image = np.asarray(Image.fromarray(picture).convert("L"))
    patterns = local_binary_pattern(image, 8, 1, "nri_uniform").astype(int)
    return np.bincount(patterns.ravel(), minlength=59) / patterns.size


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))))
def test_luma_is_pillows(picture):
    np.testing.assert_array_equal(grey(picture), np.asarray(Image.fromarray(picture).convert("L")))


@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)),
        elements=st.sampled_from([0, 1, 2, 99, 100, 101, 200, 254, 255]),  # many neighbours that are equal
    )
)
def test_patterns_of_small_pictures_are_scikit_images(picture):
    assert_same(lbp(picture[None])[0], scikit_lbp(picture))


@pytest.mark.parametrize("values", [1, 2, 3, 256])
def test_patterns_of_noise_and_flat_areas_are_scikit_images(values):
    picture = np.random.default_rng(values).integers(0, values, (300, 280, 3), dtype=np.uint8)
    for level in (0, 77, 200):
        shifted = (picture.astype(int) + level).clip(0, 255).astype(np.uint8)
        assert_same(lbp(shifted[None])[0], scikit_lbp(shifted))


def test_all_256_patterns_are_scikit_images():
    pictures = []
    for pattern in range(256):
        picture = np.full((3, 3), 100, np.uint8)
        ring = [(1, 2), (0, 2), (0, 1), (0, 0), (1, 0), (2, 0), (2, 1), (2, 2)]
        for i, at in enumerate(ring):
            picture[at] = 160 if pattern >> i & 1 else 40
        pictures.append(np.repeat(picture[..., None], 3, axis=2))
    assert_same(lbp(np.stack(pictures)), [scikit_lbp(picture) for picture in pictures])


def test_patterns_of_a_photograph_are_scikit_images():
    for side in (256, 97):
        assert_same(lbp(portrait(side)[None])[0], scikit_lbp(portrait(side)))


def test_patterns_of_photographs_are_scikit_images():
    pictures = oasis(12)
    assert_same(lbp(pictures), [scikit_lbp(picture) for picture in pictures])


def test_a_spot_a_hole_and_an_edge():
    spot = np.zeros((1, 3, 3, 3), np.uint8)
    spot[0, 1, 1] = 255
    # All eight around the spot have equals beyond the border, where it is 0; the spot is brighter than all around it.
    assert lbp(spot)[0, 0] == pytest.approx(1 / 9)
    hole = 255 - spot
    assert lbp(hole)[0, 57] == pytest.approx(1 / 9)
    assert len(LBP_NAMES) == 59
    np.testing.assert_allclose(lbp(np.concatenate([spot, hole])).sum(axis=1), 1)
