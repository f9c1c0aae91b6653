"""Maps at four resolutions: those of the network, in rows that are kept and unpacked again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emolib import backbones
from emolib.corpora.pictures import read_resized
from emolib.errors import BadInput, Unavailable
from emolib.features import levels
from emolib.features.levels import Levels, level_maps, unpack
from tests.fixtures.corpora import picture

SIDE = 64


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = []
    for number, size in enumerate([(90, 60), (64, 64), (50, 120)]):
        paths.append(tmp_path / f"{number}.png")
        picture(np.random.default_rng(number), 0.5, number / 3, size).save(paths[-1])
    return paths


def maps_of(paths: list[Path], folder: Path, **how) -> Levels:
    return level_maps(paths, **{"size": SIDE, "folder": folder, "progress": False} | how)


def test_cached_rows_are_the_networks_maps(photographs: list[Path], tmp_path: Path) -> None:
    found = maps_of(photographs, tmp_path / "kept")
    assert len(found) == 3 and found.size == SIDE and found.backbone == "lite0" and found.rows.dtype == np.float16
    network = backbones.load("lite0")
    pixels = np.stack([read_resized(path, SIDE, crop="squash", interpolation="bicubic") for path in photographs])
    with torch.inference_mode():
        wanted = network.levels(torch.from_numpy(pixels))
    assert found.shapes == tuple(tuple(level.shape[1:]) for level in wanted)
    assert [shape[1:] for shape in found.shapes] == [(SIDE // s, SIDE // s) for s in (4, 8, 16, 32)]
    for own, level in zip(unpack(torch.from_numpy(np.array(found.rows)), found.shapes), wanted, strict=True):
        # Half precision keeps eleven bits; the compiled network rounds differently from layer to layer.
        torch.testing.assert_close(own, level, rtol=2e-3, atol=2e-3)
    for level in range(4):
        assert found.means(level).dtype == np.float32
        np.testing.assert_allclose(found.means(level), wanted[level].mean((2, 3)).numpy(), rtol=5e-3, atol=2e-3)


def test_rows_are_kept_and_belong_to_their_pictures(photographs: list[Path], tmp_path: Path, monkeypatch) -> None:
    first = maps_of(photographs, tmp_path / "kept")
    turned = maps_of(photographs[::-1], tmp_path / "kept")
    np.testing.assert_array_equal(first.rows, turned.rows[::-1])
    monkeypatch.setattr(levels, "_compute", lambda *a: pytest.fail("computed again"))
    np.testing.assert_array_equal(maps_of(photographs, tmp_path / "kept").rows, first.rows)
    Image.new("RGB", (70, 70), "red").save(photographs[1])
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        maps_of(photographs, tmp_path / "kept")


def test_means_do_not_depend_on_the_block_that_a_picture_is_in() -> None:
    random = np.random.default_rng(0)
    shapes = ((2, 4, 4), (3, 2, 2))
    rows = random.standard_normal((600, 44)).astype(np.float16)
    many = Levels(rows, shapes, 16, "made up")
    for level, (start, stop) in enumerate([(0, 32), (32, 44)]):
        wanted = rows[:, start:stop].astype(np.float64).reshape(600, shapes[level][0], -1).mean(2)
        np.testing.assert_allclose(many.means(level), wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(Levels(rows[7:9], shapes, 16, "made up").means(level), many.means(level)[7:9])


sizes = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=4)


@settings(max_examples=40)
@given(sizes, st.integers(0, 3), st.sampled_from([torch.float16, torch.float32]))
def test_what_is_packed_is_unpacked(shapes: list, n: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(n, *shape, generator=generator).to(dtype) for shape in shapes]
    found = unpack(torch.cat([level.flatten(1) for level in maps], 1), tuple(shapes))
    for own, level in zip(found, maps, strict=True):
        assert own.dtype == torch.float32 and own.shape == level.shape
        torch.testing.assert_close(own, level.float(), rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(2, 43), (2, 45), (44,), (1, 2, 44), (0, 0)])
def test_rows_of_another_length_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="do not hold maps"):
        unpack(torch.zeros(shape), ((2, 4, 4), (3, 2, 2)))


@pytest.mark.parametrize("size", [0, 32, 100, -64, 65])
def test_sizes_that_do_not_divide_are_refused(photographs: list[Path], tmp_path: Path, size: int) -> None:
    with pytest.raises(BadInput, match="multiple of 32"):
        maps_of(photographs, tmp_path, size=size)


def test_files_and_networks_that_give_no_maps_are_refused(photographs: list[Path], tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(BadInput, match="did you mean 'lite0'"):
        maps_of(photographs, tmp_path, backbone="lite")
    monkeypatch.setattr(backbones, "weights_file", lambda name: None)
    with pytest.raises(Unavailable, match="lite0"):
        maps_of(photographs, tmp_path)
    monkeypatch.undo()
    photographs[2].write_bytes(b"no picture")
    with pytest.raises(BadInput, match=photographs[2].name):
        maps_of(photographs, tmp_path / "kept")
    assert not list((tmp_path / "kept").glob("*.npy"))
