"""The benchmark of retrieval gives a whole row on vectors that are made once, and refuses a wrong answer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from emolib import bench
from emolib.bench import retrieval
from emolib.errors import BadInput, EmolibError

SMALL = {"rounds": 1, "vectors": 400, "queries": 6, "progress": False}


def test_the_row_is_whole_and_things_are_made_once(tmp_path: Path) -> None:
    row = retrieval.run([], folder=tmp_path, **SMALL)
    assert row["name"] == "retrieval" in bench.NAMES
    for key in ("ours", "peer", "limit", "vs_peer", "vs_limit"):
        assert isinstance(row[key], float) and math.isfinite(row[key]) and row[key] > 0, key
    assert row["milliseconds"].keys() == {"ours", "ours_batch", "peer", "limit", "product"}
    assert all(value > 0 for value in row["milliseconds"].values())
    assert 0.9 < row["recall"] <= 1 and row["vectors"] == 400 and 10 <= row["compared"] <= 400
    assert json.loads(json.dumps(row)) == row
    assert bench.line(row).startswith("retrieval: ") and "400 vectors" in bench.line(row)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir() if file.suffix in (".npy", ".usearch")}
    assert len(before) == 2
    retrieval.run([], folder=tmp_path, **SMALL)
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())


def test_made_up_vectors_are_of_length_one_clustered_and_the_same_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(retrieval, "_BLOCK", 64)
    found = np.array(retrieval.made(300, 1, tmp_path / "a"), np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=2e-3)
    assert found.shape == (300, 1280) and (found >= 0).all()
    assert (found == retrieval.made(300, 1, tmp_path / "b")).all()
    assert not (found == retrieval.made(300, 2, tmp_path / "a")).all()
    monkeypatch.setattr(retrieval, "CLUSTERS", 3)
    few = np.array(retrieval.made(300, 1, tmp_path / "a"), np.float32)
    assert np.median(few @ few.T) < np.quantile(few @ few.T, 0.75) - 0.2


def test_neighbours_that_are_not_the_nearest_are_an_error(tmp_path: Path, monkeypatch) -> None:
    exact = retrieval.retrieval.exact
    monkeypatch.setattr(retrieval.retrieval, "exact", lambda asked, base, k: exact(-asked, base, k))
    with pytest.raises(EmolibError, match="equally near"):
        retrieval.run([], folder=tmp_path, **SMALL)


@pytest.mark.parametrize("how", [{"rounds": 0}, {"queries": 0}, {"vectors": 9}])
def test_parameters_that_make_no_sense_are_refused(how: dict, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        retrieval.run([], folder=tmp_path, **SMALL | how)
