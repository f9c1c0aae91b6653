"""The benchmark of the search for duplicates gives a whole row and refuses results that differ."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from emolib import bench
from emolib.bench import dedup
from emolib.curation.matching import near_duplicates
from emolib.errors import BadInput, EmolibError

SMALL = {"repeats": 1, "records": 60, "growth": (200, 400)}


def test_the_row_is_whole():
    row = dedup.run([], **SMALL)
    assert row["name"] == "dedup" in bench.NAMES
    for key in ("ours", "peer", "limit", "vs_peer", "vs_limit"):
        assert isinstance(row[key], float) and math.isfinite(row[key]) and row[key] > 0, key
    assert math.isfinite(row["growth"])
    for key in ("unit", "what_peer_is", "what_limit_is"):
        assert row[key].strip(), key
    assert json.loads(json.dumps(row)) == row
    assert bench.line(row).startswith("dedup: ")


def test_planted_copies_lie_within_the_distance():
    hashes = dedup.planted(500, seed=3)
    apart = (np.unpackbits(hashes[450:], axis=1)[:, None] != np.unpackbits(hashes[:450], axis=1)).sum(axis=2)
    nearest = apart.min(axis=1)
    assert set(nearest.tolist()) == {1, 2, 3, 4}


def test_another_result_than_all_pairs_is_an_error(monkeypatch):
    monkeypatch.setattr(dedup, "near_duplicates", lambda *args, **how: near_duplicates(*args, **how)[1:])
    with pytest.raises(EmolibError, match="other groups"):
        dedup.run([], **SMALL)


@pytest.mark.parametrize("how", [{"repeats": 0}, {"records": 1}, {"growth": (5, 5)}])
def test_parameters_that_make_no_sense_are_refused(how):
    with pytest.raises(BadInput):
        dedup.run([], **{**SMALL, **how})
