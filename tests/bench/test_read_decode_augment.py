"""The benchmarks of reading give whole rows, and their sides read what they say they read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib import bench
from emolib.bench import read_decode_augment, shards
from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput
from tests.fixtures.corpora import picture

NUMBERS = ("ours", "peer", "limit", "vs_peer", "vs_limit")


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
    paths = [tmp_path / f"a {number}.jpg" for number in range(6)]
    for number, path in enumerate(paths):
        picture(np.random.default_rng(number), 0.5, number / 6, (80, 60)).save(path)
    return paths


@pytest.mark.parametrize("module", [read_decode_augment, shards])
def test_the_row(module, photographs: list[Path]) -> None:  # noqa: ANN001
    name = module.__name__.rpartition(".")[2]
    row = module.run(photographs, rounds=1, size=32)
    assert row.keys() == {"name", *NUMBERS, "unit", "what_peer_is", "what_limit_is"}
    assert row["name"] == name and name in bench.NAMES
    for key in NUMBERS:
        assert isinstance(row[key], float) and math.isfinite(row[key]) and row[key] > 0, key
    assert json.loads(json.dumps(row)) == row
    assert bench.line(row).startswith(f"{name}: ")


def test_the_bare_sides_do_what_ours_does(photographs: list[Path]) -> None:
    decoded = read_decode_augment.bare_decode(photographs[0])
    assert decoded.tobytes() == read_picture(photographs[0]).tobytes()
    changed = read_decode_augment.transforms(32)(Image.new("RGB", (80, 60), (1, 2, 3)))
    assert tuple(changed.shape) == (3, 32, 32) and changed.float().mean((1, 2)).tolist() == [1, 2, 3]


def test_the_peer_of_shards_reads_every_picture(photographs: list[Path], tmp_path: Path) -> None:
    from emolib.corpora import shards as library

    corpus = read_decode_augment.corpus_of(photographs)
    assert corpus.paths == photographs
    folder = library.write(corpus, tmp_path / "shards", max_bytes=20_000, progress=False)
    found = library.open(folder, card=read_decode_augment.card(), progress=False)
    batches = [batch[0] for batch in shards._peer(found, 16)]
    assert sum(len(batch) for batch in batches) == len(photographs)
    assert all(tuple(batch.shape[1:]) == (3, 16, 16) for batch in batches)


@pytest.mark.parametrize("module", [read_decode_augment, shards])
def test_no_picture_and_no_round_are_refused(module, photographs: list[Path]) -> None:  # noqa: ANN001
    with pytest.raises(BadInput, match="not 0 and 9"):
        module.run([])
    with pytest.raises(BadInput, match="not 6 and 0"):
        module.run(photographs, rounds=0)
