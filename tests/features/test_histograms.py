"""Colour histograms: NumPy's own histogram is the reference, and cells are where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emolib.errors import BadInput
from emolib.features.histograms import BINS, GCH_NAMES, gch, histograms_from_files, lch, lch_names

from .pictures import portrait


def reference(pixels: np.ndarray) -> np.ndarray:
    """Shares by numpy.histogramdd, pixels (..., 3)."""
    counts, _ = np.histogramdd(pixels.reshape(-1, 3).astype(float), bins=[np.arange(0, 257, 64)] * 3)
    return counts.ravel() / counts.sum()


@settings(max_examples=50)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_shares_are_those_of_numpys_histogram_in_every_cell(height, width, grid, seed):
    picture = np.random.default_rng(seed).choice([0, 63, 64, 127, 128, 191, 192, 255], (height, width, 3))
    batch = picture[None].astype(np.uint8)
    np.testing.assert_allclose(gch(batch)[0], reference(picture), atol=1e-6)
    if min(height, width) < grid:
        with pytest.raises(BadInput, match=f"{grid} x {grid}"):
            lch(batch, grid)
        return
    rows = lch(batch, grid)[0].reshape(grid, grid, BINS)
    for i in range(grid):
        for j in range(grid):
            cell = picture[i * height // grid : (i + 1) * height // grid, j * width // grid : (j + 1) * width // grid]
            np.testing.assert_allclose(rows[i, j], reference(cell), atol=1e-6)


def test_names_say_which_column_a_colour_and_a_place_go_to():
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[0, :, 4:] = (200, 70, 0)  # the right half: red in the 4th quarter, green in the 2nd, blue in the 1st
    assert dict(zip(GCH_NAMES, gch(picture)[0], strict=True))["gch_r3g1b0"] == 0.5
    cells = dict(zip(lch_names(2), lch(picture, 2)[0], strict=True))
    assert cells["lch_row0_column1_r3g1b0"] == cells["lch_row1_column1_r3g1b0"] == 1
    assert cells["lch_row0_column0_r0g0b0"] == 1 and cells["lch_row0_column0_r3g1b0"] == 0
    assert len(cells) == len(lch_names(2)) == 4 * 64 and lch(picture).shape == (1, 1024)


def test_the_whole_does_not_feel_where_things_are_and_the_cells_do():
    batch = np.stack([portrait(64), portrait(64)[:, ::-1]])
    whole, cells = gch(batch), lch(batch)
    np.testing.assert_array_equal(whole[0], whole[1])
    assert np.abs(cells[0] - cells[1]).max() > 0.1
    np.testing.assert_allclose(cells.reshape(2, 16, 64).mean(axis=1), whole, atol=1e-6)


def test_workers_do_not_change_the_result():
    batch = np.stack([np.roll(portrait(48), k, axis=0) for k in range(5)])
    assert lch(batch, workers=1).tobytes() == lch(batch, workers=3).tobytes()


def test_files_are_squashed_measured_and_kept(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    Image.fromarray(portrait(256)).save(paths[0])
    Image.new("RGB", (300, 20), (255, 0, 0)).save(paths[1])
    found = histograms_from_files(paths, folder=tmp_path, progress=False)
    np.testing.assert_array_equal(found[0], lch(portrait(256)[None])[0])
    assert found[1].reshape(16, 64)[:, GCH_NAMES.index("gch_r3g0b0")].tolist() == [1] * 16
    whole = histograms_from_files(paths, grid=1, folder=tmp_path, progress=False)
    np.testing.assert_array_equal(whole[0], gch(portrait(256)[None])[0])
    assert len(list(tmp_path.glob("*.npy"))) == 2
    (tmp_path / "c.png").write_text("no picture")
    with pytest.raises(BadInput, match="c.png"):
        histograms_from_files([tmp_path / "c.png"], folder=tmp_path, progress=False)


@pytest.mark.parametrize("grid", [0, -1, 2.0, True, 257])
def test_a_grid_that_is_none_is_refused(grid):
    with pytest.raises(BadInput, match="grid"):
        lch(portrait(32)[None], grid)
