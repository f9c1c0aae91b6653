"""Colour features against Matplotlib, colorsys, scikit-image, exact fractions, and values worked by hand."""

from __future__ import annotations

import colorsys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.colors import rgb_to_hsv, to_rgb
from skimage.color import lab2rgb, rgb2lab

from emolib.errors import BadInput
from emolib.features.color import (
    COLOR_NAMES,
    color_features,
    colour_names,
    hsv_peak,
    mean_hsv,
    mean_rgb,
    pad,
)
from emolib.features.focal import (
    BASIC_COLOURS,
    CELLS,
    cell_centres,
    cell_index,
    focal_colours,
    focal_table,
    load_colour_table,
)

from .pictures import oasis, portrait

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
PICTURES = hnp.arrays(np.uint8, st.tuples(st.just(1), st.integers(1, 5), st.integers(1, 5), st.just(3)))


def strip(*colours: tuple[int, int, int]) -> np.ndarray:
    """A batch of one picture, one pixel high."""
    return np.array([[colours]], np.uint8)


def name_of(rgb: tuple[int, int, int]) -> str:
    return BASIC_COLOURS[colour_names(strip(rgb))[0].argmax()]


def test_mean_rgb_by_hand():
    np.testing.assert_allclose(mean_rgb(strip(RED, RED, GREEN, (51, 102, 204))), [[2.2 / 4, 1.4 / 4, 0.8 / 4]])


@given(PICTURES)
def test_mean_hsv_is_matplotlibs(batch):
    np.testing.assert_allclose(mean_hsv(batch)[0], rgb_to_hsv(batch[0] / 255).mean(axis=(0, 1)), atol=1e-6)


def test_mean_hsv_of_a_photograph_is_matplotlibs():
    picture = portrait()
    np.testing.assert_allclose(mean_hsv(picture[None])[0], rgb_to_hsv(picture / 255).mean(axis=(0, 1)), atol=1e-6)


def test_hue_is_a_plain_mean_unless_asked_for_the_circle():
    just_above, just_below = (255, 0, 30), (255, 30, 0)  # both red, on both sides of hue 0
    above, below = (colorsys.rgb_to_hsv(*rgb)[0] for rgb in (just_above, just_below))
    batch = strip(just_above, just_below)
    assert mean_hsv(batch)[0, 0] == pytest.approx((above + below) / 2)
    assert mean_hsv(batch)[0, 0] == pytest.approx(0.5)  # cyan
    hue = mean_hsv(batch, hue="circular")[0, 0]
    assert min(hue, 1 - hue) == pytest.approx(0, abs=1e-6)
    assert mean_hsv(strip(GREEN, (0, 255, 255), WHITE, BLACK), hue="circular")[0, 0] == pytest.approx(5 / 12)
    np.testing.assert_allclose(mean_hsv(strip(WHITE, (9, 9, 9)), hue="circular")[0, :2], 0)
    assert mean_hsv(strip(RED, (0, 255, 255)), hue="circular")[0, 0] == 0  # opposite hues have no direction
    with pytest.raises(BadInput, match="median"):
        mean_hsv(batch, hue="median")


def test_peak_by_hand():
    # Pure green: hue 1/3 in the third of 8 bins, saturation and value 1 in the last of 4: 16 * 2 + 4 * 3 + 3 = 47.
    np.testing.assert_allclose(hsv_peak(strip(GREEN, GREEN, GREEN, WHITE)), [[47 / 127, 3 / 4]])
    # White: bin 3, black: bin 0. A tie goes to the lower number.
    np.testing.assert_allclose(hsv_peak(strip(WHITE, BLACK)), [[0, 1 / 2]])
    np.testing.assert_allclose(hsv_peak(strip(WHITE, WHITE, BLACK)), [[3 / 127, 2 / 3]])


def exact_bin(red: int, green: int, blue: int) -> int:
    """Bin of a pixel by whole-number arithmetic."""
    value, low = max(red, green, blue), min(red, green, blue)
    chroma = value - low
    if chroma == 0:
        hue = Fraction(0)
    elif value == red:
        hue = Fraction(green - blue, 6 * chroma) % 1
    elif value == green:
        hue = Fraction(blue - red, 6 * chroma) + Fraction(1, 3)
    else:
        hue = Fraction(red - green, 6 * chroma) + Fraction(2, 3)
    saturation = Fraction(chroma, value) if value else Fraction(0)
    h, s, v = int(hue * 8), int(saturation * 4), int(Fraction(value, 255) * 4)
    return 16 * h + 4 * min(s, 3) + min(v, 3)


def test_bins_are_exact_for_every_hue_and_saturation():
    # With one value there are 6 * 255 hues of full saturation, and all others are these ratios again.
    levels = np.unique(np.r_[np.arange(0, 256, 3), 63, 64, 127, 128, 191, 192, 255])
    rng = np.random.default_rng(0)
    pixels = [(255, int(a), int(b)) for a in levels for b in levels] + [(64, int(a), 0) for a in range(65)]
    pixels = [tuple(rng.permutation(pixel).tolist()) for pixel in pixels]
    batch = np.array(pixels, np.uint8)[:, None, None]
    np.testing.assert_array_equal(np.rint(hsv_peak(batch)[:, 0] * 127), [exact_bin(*pixel) for pixel in pixels])


@given(PICTURES)
def test_peak_counts_the_fullest_bin(batch):
    filled = np.bincount([exact_bin(*map(int, pixel)) for pixel in batch.reshape(-1, 3)], minlength=128)
    np.testing.assert_allclose(hsv_peak(batch)[0], [filled.argmax() / 127, filled.max() / filled.sum()])


def test_pad_by_hand():
    # Value 1 and saturation 1: .69 + .22, -.31 + .60, -.76 + .32. White: only the first terms. Black: nothing.
    np.testing.assert_allclose(
        np.concatenate([pad(strip(RED)), pad(strip(WHITE)), pad(strip(BLACK)), pad(strip(RED, BLACK))]),
        [[0.91, 0.29, -0.44], [0.69, -0.31, -0.76], [0, 0, 0], [0.455, 0.145, -0.22]],
        atol=1e-7,
    )


# ------------------------------------------------------------------------------------------------------- colour names


@pytest.mark.parametrize("name", [name for name in BASIC_COLOURS if name != "brown"])
def test_css_colours_have_their_own_names(name):
    # All but brown, whose keyword is a red (165, 42, 42).
    assert name_of(tuple(round(255 * part) for part in to_rgb(name))) == name


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((139, 69, 19), "brown"),  # saddle brown
        ((72, 45, 25), "brown"),  # dark chocolate
        ((90, 120, 50), "green"),  # grass
        ((135, 190, 230), "blue"),  # sky
        ((20, 30, 80), "blue"),  # navy
        ((224, 172, 140), "pink"),  # fair skin
        ((141, 85, 60), "brown"),  # darker skin
        ((245, 245, 240), "white"),  # paper
    ],
)
def test_things_of_everyday_have_the_names_one_would_give_them(rgb, name):
    assert name_of(rgb) == name


def test_greys_run_from_black_over_grey_to_white_and_are_never_coloured():
    names = [name_of((level, level, level)) for level in range(256)]
    changes = [names[0]] + [b for a, b in zip(names, names[1:], strict=False) if a != b]
    assert changes == ["black", "grey", "white"]


def test_every_focal_colour_that_a_screen_can_show_has_its_own_name():
    lab, names = focal_colours()
    assert len(lab) == 271
    rgb = lab2rgb(lab)
    shown = np.abs(rgb2lab(rgb) - lab).max(axis=1) < 0.5  # the others were clipped
    assert shown.sum() > 250
    batch = np.rint(255 * rgb[shown]).astype(np.uint8)[:, None, None]
    given_names = colour_names(batch).argmax(axis=1)
    # A cell is 8 levels wide, so that a few which lie close to a border fall into the neighbour's.
    assert (given_names == names[shown]).mean() > 0.95


def nearest_names(picture: np.ndarray) -> np.ndarray:
    """Shares of names by the definition: CIELAB of the cell of every pixel, and the focal colour at least distance."""
    lab, names = focal_colours()
    pixels = rgb2lab((picture // 8 * 8 + 3.5) / 255).reshape(-1, 3)
    nearest = [((lab - pixel) ** 2).sum(axis=1).argmin() for pixel in pixels]
    return np.bincount(names[nearest], minlength=11) / len(pixels)


def test_the_table_gives_what_a_search_for_every_pixel_gives():
    picture = portrait(64)
    np.testing.assert_allclose(colour_names(picture[None])[0], nearest_names(picture))
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    np.testing.assert_allclose(colour_names(noise[None])[0], nearest_names(noise))


def test_the_table_gives_what_a_search_for_every_pixel_gives_on_photographs():
    for picture in oasis(4, 48):
        np.testing.assert_allclose(colour_names(picture[None])[0], nearest_names(picture))


def test_shares_by_hand():
    shares = colour_names(strip(RED, RED, WHITE, BLUE))[0]
    assert dict(zip(BASIC_COLOURS, shares, strict=True)) == {
        **dict.fromkeys(BASIC_COLOURS, 0),
        **{"red": 0.5, "white": 0.25, "blue": 0.25},
    }


def test_cells_are_numbered_as_van_de_weijer_does():
    assert cell_index(np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [0, 0, 8], [255, 255, 255]], np.uint8)).tolist() == [
        *(0, 1, 32, 1024, 32767),
    ]
    centres = np.rint(255 * cell_centres()).astype(np.uint8)
    np.testing.assert_array_equal(cell_index(centres), np.arange(CELLS))


def test_the_focal_table_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        focal_table()[0, 0] = 2


# -------------------------------------------------------------------------------------------------- the original table


@pytest.fixture(scope="module")
def probabilities() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(11), CELLS).round(6)


@pytest.fixture(scope="module")
def original(probabilities) -> list[str]:
    """Lines in the layout of w2c.txt: R, G, B of the cell, R fastest, and eleven probabilities."""
    lines = []
    for blue in range(32):
        for green in range(32):
            for red in range(32):
                row = probabilities[red + 32 * green + 1024 * blue]
                rgb = " ".join(f"{8 * level + 3.5:.7e}" for level in (red, green, blue))
                lines.append(f"   {rgb}   " + "   ".join(f"{p:.7e}" for p in row))
    return lines


def test_the_original_layout_is_read(tmp_path, original, probabilities):
    path = tmp_path / "w2c.txt"
    path.write_text("\n".join(original) + "\n")
    table = load_colour_table(path)
    np.testing.assert_allclose(table, probabilities, rtol=1e-6)
    # A pixel counts for every name by its probability, cell by the published index.
    batch = strip((250, 100, 30), (9, 8, 7))
    expected = (probabilities[31 + 32 * 12 + 1024 * 3] + probabilities[1 + 32 * 1]) / 2
    np.testing.assert_allclose(colour_names(batch, table)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(color_features(batch, table)[0, 8:19], expected, rtol=1e-5)


def test_rows_in_another_order_find_their_places(tmp_path, original, probabilities):
    path = tmp_path / "shuffled.txt"
    path.write_text("\n".join(np.random.default_rng(1).permutation(original).tolist()))
    np.testing.assert_allclose(load_colour_table(path), probabilities, rtol=1e-6)


@pytest.mark.parametrize("first", [None, 0, 1])
@pytest.mark.parametrize("separator", [" ", "\t", ","])
def test_other_layouts_are_read(tmp_path, probabilities, first, separator):
    path = tmp_path / "w2c.csv"
    numbered = enumerate(probabilities, first or 0)
    path.write_text(
        "\r\n".join(separator.join(map(str, row if first is None else (i, *row))) for i, row in numbered) + "\r\n\r\n"
    )
    np.testing.assert_allclose(load_colour_table(path), probabilities, rtol=1e-6)


def cut(lines):
    return lines[:-1]


def columns_of_the_trackers_table(lines):
    return [" ".join(line.split()[3:13]) for line in lines]


def replace(i, line):
    return lambda lines: [*lines[: i - 1], line, *lines[i:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cut, "32,767 rows"),
        (lambda lines: [*lines, lines[0]], "32,769 rows"),
        (lambda lines: [], "line 1: 0 columns"),
        (columns_of_the_trackers_table, "line 1: 10 columns"),
        (replace(7, "1 2 3"), "line 7: 3 columns"),
        (replace(9, "4 4 4 " + "x " * 11), "line 9: not a row of numbers"),
        (replace(11, "4 4 4 " + "nan " * 11), "line 11: no eleven probabilities"),
        (replace(12, "4 4 4 " + "0.5 " * 11), "line 12: no eleven probabilities"),
        (replace(13, "4 4 4 -1 1 1 " + "0 " * 8), "line 13: no eleven probabilities"),
        (replace(40, "4 4 4 1 " + "0 " * 10), "line 40: this cell came before"),
        (replace(50, "4 4 256 1 " + "0 " * 10), "line 50: no such cell"),
        (replace(51, "nan 4 4 1 " + "0 " * 10), "line 51: no such cell"),
    ],
)
def test_a_damaged_table_is_refused_by_file_and_line(tmp_path, original, change, message):
    path = tmp_path / "w2c.txt"
    path.write_text("\n".join(change(original)))
    with pytest.raises(BadInput, match=message) as refused:
        load_colour_table(path)
    assert str(path) in str(refused.value)


def test_what_is_no_table_at_all(tmp_path):
    with pytest.raises(BadInput, match="nowhere.txt"):
        load_colour_table(tmp_path / "nowhere.txt")
    with pytest.raises(BadInput, match="Cannot read"):
        load_colour_table(tmp_path)
    matlab = tmp_path / "w2c.mat"
    matlab.write_bytes(b"MATLAB 5.0 MAT-file\0\0\0")
    with pytest.raises(BadInput, match="w2c.txt"):
        load_colour_table(matlab)
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(BadInput, match="bytes"):
        load_colour_table(huge)
    with pytest.raises(BadInput, match=r"\(32768, 11\)"):
        colour_names(strip(RED), np.zeros((11, 32768)))


# ------------------------------------------------------------------------------------------------------------ together


def test_all_22_are_the_single_features_side_by_side():
    batch = np.stack([portrait(64), portrait(64)[::-1, ::-1] // 2])
    parts = [mean_rgb, mean_hsv, hsv_peak, colour_names, pad]
    np.testing.assert_allclose(color_features(batch), np.hstack([part(batch) for part in parts]), rtol=1e-12)
    assert color_features(batch).shape == (2, 22) == (2, len(COLOR_NAMES))
    assert len(set(COLOR_NAMES)) == 22
    assert [name.removeprefix("colour_") for name in COLOR_NAMES[8:19]] == list(BASIC_COLOURS)
