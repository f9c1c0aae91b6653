"""The benchmark of the artistic systems: its row, its comparison, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib import bench
from emolib.bench import artistic_features
from emolib.errors import BadInput, EmolibError
from tests.fixtures.corpora import picture

NUMBERS = ("ours", "peer", "limit", "vs_peer", "vs_limit")


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths[:2]):
        picture(np.random.default_rng(number), 0.5, number / 6, (200, 150)).save(path)
    Image.new("RGB", (300, 200), (90, 90, 90)).save(paths[2])
    return paths


def test_the_row(photographs: list[Path]) -> None:
    row = artistic_features.run(photographs)
    assert row.keys() == {"name", *NUMBERS, "unit", "what_peer_is", "what_limit_is"}
    assert row["name"] == "artistic_features" and "artistic_features" in bench.NAMES
    for key in NUMBERS:
        assert isinstance(row[key], float) and math.isfinite(row[key]) and row[key] > 0, key
    assert json.loads(json.dumps(row)) == row
    assert bench.line(row).startswith("artistic_features: ")


def test_numbers_that_differ_from_the_loop_are_named(photographs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    loop = artistic_features.plain_loop

    def off(batch: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        found = loop(batch)
        found["wang"]["wang_sharpness"] = found["wang"]["wang_sharpness"] * 1.1
        return found

    monkeypatch.setattr(artistic_features, "plain_loop", off)
    with pytest.raises(EmolibError, match=r"\.png: wang_sharpness is"):
        artistic_features.run(photographs[:2])


def test_the_loop_computes_most_of_each_system(photographs: list[Path]) -> None:
    from emolib.features.artistic import machajdik, wang, yanulevskaya, zhao

    batch = np.asarray(Image.open(photographs[0]).resize((256, 256)))[None]
    found = artistic_features.plain_loop(batch)
    shares = {"machajdik": 0.5, "yanulevskaya": 0.8, "wang": 1, "zhao": 0.45}
    for module, (name, share) in zip((machajdik, yanulevskaya, wang, zhao), shares.items(), strict=True):
        assert set(found[name]) <= set(module.NAMES)
        assert len(found[name]) >= share * len(module.NAMES)


def test_no_picture_and_no_repeat_are_refused(photographs: list[Path]) -> None:
    with pytest.raises(BadInput, match="not 0 and 1"):
        artistic_features.run([])
    with pytest.raises(BadInput, match="not 1 and 0"):
        artistic_features.run(photographs[:1], repeats=0)
