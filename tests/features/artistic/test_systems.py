"""The four systems as a whole: rows, names, groups, files, and numbers that are finite whatever the picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emolib.errors import BadInput
from emolib.features import artistic
from emolib.features.artistic import (
    SYSTEMS,
    artistic_features,
    artistic_from_files,
    machajdik,
    wang,
    yanulevskaya,
    zhao,
)

from .pictures import astronaut, flat, halves, noise

MODULES = {"machajdik": machajdik, "yanulevskaya": yanulevskaya, "wang": wang, "zhao": zhao}


def column(name: str, system: str, batch: np.ndarray) -> np.ndarray:
    return SYSTEMS[system](batch, workers=1)[:, MODULES[system].NAMES.index(name)]


@pytest.mark.parametrize("name", SYSTEMS)
def test_names_and_groups_are_the_whole_row(name: str):
    module, rows = MODULES[name], SYSTEMS[name](np.stack([astronaut(64), noise(64)]))
    assert rows.shape == (2, len(module.NAMES)) and rows.dtype == np.float32
    assert len(set(module.NAMES)) == len(module.NAMES)
    columns = np.concatenate([np.arange(len(module.NAMES))[part] for part in module.GROUPS.values()])
    np.testing.assert_array_equal(columns, np.arange(len(module.NAMES)))


def test_groups_are_those_of_the_papers():
    assert list(SYSTEMS) == list(MODULES)
    assert list(machajdik.GROUPS) == ["color", "texture", "composition", "content"]
    assert list(zhao.GROUPS) == ["balance", "emphasis", "harmony", "variety", "gradation", "movement"]
    assert list(yanulevskaya.GROUPS) == ["gabor", "wiccest"]
    for module, total in ((machajdik, 95), (yanulevskaya, 324), (wang, 19), (zhao, 105)):
        assert len(module.NAMES) == total and str(total) in module.__doc__.splitlines()[0]


@settings(max_examples=40)
@given(
    kind=st.sampled_from(["flat", "noise", "halves", "two values", "one pixel", "columns", "few greys"]),
    height=st.integers(64, 90),
    width=st.integers(64, 90),
    seed=st.integers(0, 2**32 - 1),
)
def test_numbers_are_finite_whatever_the_picture(kind: str, height: int, width: int, seed: int):
    random = np.random.default_rng(seed)
    colour, other = random.integers(0, 256, (2, 3))
    picture = np.broadcast_to(colour.astype(np.uint8), (height, width, 3)).copy()
    if kind == "noise":
        picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    elif kind == "halves":
        picture[: random.integers(1, height)] = other
    elif kind == "two values":
        picture[random.random((height, width)) < random.random()] = other
    elif kind == "one pixel":
        picture[random.integers(height), random.integers(width)] = other
    elif kind == "columns":
        picture[:, :: random.integers(1, 9)] = other
    elif kind == "few greys":
        picture[:] = random.integers(120, 123, (height, width, 1), dtype=np.uint8)
    with np.errstate(all="raise", under="ignore"):
        for name, rows in artistic_features(picture[None], workers=1).items():
            wrong = [MODULES[name].NAMES[i] for i in np.flatnonzero(~np.isfinite(rows[0]))]
            assert not wrong, wrong


@pytest.mark.parametrize("grey", [0, 1, 127, 255])
def test_one_grey_has_no_hue_no_edge_and_every_symmetry(grey: int):
    batch = flat((grey,) * 3, 64, 64)[None]
    rows = {name: dict(zip(MODULES[name].NAMES, row[0], strict=True)) for name, row in artistic_features(batch).items()}
    assert all(np.isfinite(list(row.values())).all() for row in rows.values())
    for name, value in rows["machajdik"].items():
        if name.startswith(("hue_", "static", "dynamic", "skin", "faces", "itten")):
            assert value == 0, name
    assert all(value == 1 for name, value in rows["zhao"].items() if name.startswith("symmetry"))
    for name, value in rows["zhao"].items():
        if name.startswith(("gradation", "path", "stripes", "saliency")):
            assert value == pytest.approx(0, abs=1e-6), name


def test_rows_depend_neither_on_workers_nor_on_the_batch_nor_on_the_other_systems():
    batch = np.stack([astronaut(96), astronaut(96)[:, ::-1], noise(96), flat((9, 80, 200))])
    together = artistic_features(batch, workers=1)
    threads = artistic_features(batch, workers=3)
    for name, system in SYSTEMS.items():
        alone = np.concatenate([system(batch[i : i + 1], workers=1) for i in range(len(batch))])
        np.testing.assert_array_equal(together[name], alone)
        np.testing.assert_array_equal(together[name], threads[name])


def test_input_is_not_changed_and_may_be_a_view():
    batch = np.stack([astronaut(96), noise(96)])
    before = batch.copy()
    turned = artistic_features(batch[:, ::-1, ::-1])
    np.testing.assert_array_equal(batch, before)
    for name, rows in artistic_features(np.ascontiguousarray(batch[:, ::-1, ::-1])).items():
        np.testing.assert_array_equal(turned[name], rows)


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_is_no_batch_is_refused(name: str):
    with pytest.raises(BadInput, match="63 x 80"):
        SYSTEMS[name](np.zeros((1, 63, 80, 3), np.uint8))
    with pytest.raises(BadInput, match="float64"):
        SYSTEMS[name](np.zeros((1, 64, 64, 3)))
    with pytest.raises(BadInput, match="workers"):
        SYSTEMS[name](np.zeros((1, 64, 64, 3), np.uint8), workers=0)


def test_unknown_systems_are_refused():
    for systems in ((), ("wang", "wang"), ("datta",), "datta"):
        with pytest.raises(BadInput, match="machajdik, yanulevskaya, wang, zhao"):
            artistic_features(flat((0, 0, 0))[None], systems)
    with pytest.raises(KeyError):
        SYSTEMS["datta"]
    assert "datta" not in SYSTEMS and "zhao" in SYSTEMS and len(SYSTEMS) == 4


def save(folder: Path, pictures: list[np.ndarray]) -> list[Path]:
    paths = [folder / f"{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    return paths


def test_files_give_the_rows_of_their_pictures_and_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pictures = [astronaut(256), halves((200, 30, 20), (20, 60, 200), 256)]
    paths = save(tmp_path, pictures)
    found = artistic_from_files(paths, folder=tmp_path / "cache", progress=False)
    for name, rows in artistic_features(np.stack(pictures)).items():
        np.testing.assert_array_equal(found[name], rows)
    monkeypatch.setattr(artistic, "_rows", lambda *_, **__: pytest.fail("computed again"))
    again = artistic_from_files(paths, folder=tmp_path / "cache", progress=False)
    for name in SYSTEMS:
        np.testing.assert_array_equal(found[name], again[name])


def test_some_systems_of_files(tmp_path: Path):
    paths = save(tmp_path, [noise(100)])
    every = artistic_from_files(paths, folder=tmp_path / "cache", progress=False)
    some = artistic_from_files(paths, ("zhao", "wang"), folder=tmp_path / "cache", progress=False)
    assert list(some) == ["zhao", "wang"]
    for name, rows in some.items():
        np.testing.assert_array_equal(rows, every[name])
    none = artistic_from_files([], folder=tmp_path / "cache", progress=False)
    assert {name: rows.shape for name, rows in none.items()} == {n: (0, len(MODULES[n].NAMES)) for n in SYSTEMS}


def test_a_file_that_is_no_picture_is_named(tmp_path: Path):
    paths = save(tmp_path, [noise(100)])
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    with pytest.raises(BadInput, match="broken.jpg"):
        artistic_from_files([*paths, tmp_path / "broken.jpg"], folder=tmp_path / "cache", progress=False)
    with pytest.raises(BadInput, match="missing.jpg"):
        artistic_from_files([tmp_path / "missing.jpg"], folder=tmp_path / "cache", progress=False)


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, emolib.features.artistic as a; a.SYSTEMS; list(a.SYSTEMS);"
        "print([m for m in ('numba', 'scipy', 'skimage', 'torch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_mirroring_leaves_what_has_no_side():
    """What does not know left from right is the same for a mirrored picture; what does is not."""
    batch = np.stack([astronaut(128), astronaut(128)[:, ::-1]])
    tolerance = {"wang": 1e-6, "machajdik": 1e-5, "zhao": 1e-3}
    for name in ("wang", "machajdik", "zhao"):
        rows = SYSTEMS[name](batch)
        sideless = [
            i
            for i, column in enumerate(MODULES[name].NAMES)
            if column.startswith(("wang_", "mean_", "colour", "pleasure", "arousal", "dominance", "hue_plain", "glcm"))
            or column.startswith(("thirds", "tamura_co", "symmetry", "template", "skin", "attention"))
            and column != "skin_relative_to_faces"
        ]
        assert len(sideless) > 15
        np.testing.assert_allclose(rows[0, sideless], rows[1, sideless], rtol=tolerance[name], atol=tolerance[name])
    stripes = zhao.NAMES.index("stripes_wavelength4_direction1_mean")
    rows = SYSTEMS["zhao"](batch)
    mirrored = zhao.NAMES.index("stripes_wavelength4_direction5_mean")
    assert rows[0, stripes] == pytest.approx(rows[1, mirrored], rel=0.02)
    assert abs(rows[0, stripes] - rows[1, stripes]) > 0.02 * rows[0, stripes]
