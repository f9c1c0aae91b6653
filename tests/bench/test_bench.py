"""Benchmarks give whole, sensible rows; how fast anything is, no test says."""

from __future__ import annotations

import importlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from emolib import bench
from emolib.__main__ import main
from emolib.bench import deep_features, handcrafted, training_loop, training_loop_32px, turns
from emolib.errors import BadInput, Unavailable
from tests.fixtures.corpora import picture, write_oasis

NUMBERS = ("ours", "peer", "limit", "vs_peer", "vs_limit")
KEYS = {"name", *NUMBERS, "unit", "what_peer_is", "what_limit_is"}


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = []
    for number in range(6):
        paths.append(tmp_path / f"{number}.jpg")
        picture(np.random.default_rng(number), 0.5, number / 6, (200, 150)).save(paths[-1])
    return paths


def check_row(row: dict, name: str) -> None:
    assert row.keys() == KEYS
    assert row["name"] == name
    for key in NUMBERS:
        assert isinstance(row[key], float) and math.isfinite(row[key]) and row[key] > 0, key
    for key in ("unit", "what_peer_is", "what_limit_is"):
        assert row[key].strip(), key
    assert json.loads(json.dumps(row)) == row
    assert bench.line(row).startswith(f"{name}: ") and row["unit"] in bench.line(row)


def test_deep_features(photographs: list[Path]) -> None:
    check_row(deep_features.run(photographs, rounds=1), "deep_features")


def test_training_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"ROWS": 48, "COLUMNS": 20, "BATCH": 16, "EPOCHS": 2}.items():
        assert hasattr(training_loop, name)
        monkeypatch.setattr(training_loop, name, size)
    monkeypatch.setitem(training_loop.WIDTHS, "all", (16, 8))
    check_row(training_loop.run(rounds=1), "training_loop")


def test_training_loop_32px(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_loop_32px, "PICTURES", 48)
    monkeypatch.setattr(training_loop_32px, "BATCH", 16)
    check_row(training_loop_32px.run(rounds=1), "training_loop_32px")


def test_a_row_is_medians_of_ratios_inside_turns() -> None:
    seconds = {"ours": [1.0, 2.0, 4.0], "peer": [3.0, 4.0, 40.0], "limit": [0.5, 1.9, 1.0]}
    row = turns.row("some", seconds, 8, "things/s", "a peer", "a limit")
    assert row["ours"] == 4.0 and row["peer"] == 2.0 and row["limit"] == 8.0
    assert row["vs_peer"] == 3.0 and row["vs_limit"] == 0.5
    assert turns.row("some", seconds, [8, 16, 16], "things/s", "a", "b")["ours"] == 8.0
    taken = []
    found = turns.take_turns({"ours": lambda: taken.append("ours"), "peer": lambda: taken.append("peer")}, 2)
    assert taken == ["ours", "peer"] * 3 and {name: len(v) for name, v in found.items()} == {"ours": 2, "peer": 2}


def test_handcrafted(photographs: list[Path]) -> None:
    check_row(handcrafted.run(photographs[:2], repeats=1), "handcrafted")


@pytest.mark.parametrize(("name", "hint"), [("nosuch", ""), ("deep_feature", "did you mean deep_features?"), ("", "")])
def test_an_unknown_benchmark_is_refused_before_any_is_run(name: str, hint: str, monkeypatch) -> None:
    monkeypatch.setattr(handcrafted, "run", lambda paths: pytest.fail("a benchmark ran"))
    with pytest.raises(BadInput) as refusal:
        bench.run(["handcrafted", name])
    assert f"{name!r} is unknown" in str(refusal.value) and hint in str(refusal.value)
    assert all(known in str(refusal.value) for known in bench.NAMES)


def test_what_takes_long_is_run_only_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    for name in bench.NAMES:
        module = importlib.import_module(f"emolib.bench.{name}")
        monkeypatch.setattr(module, "run", lambda paths, name=name: ran.append(name) or {"name": name})
    monkeypatch.setattr(bench, "photographs", lambda: [])
    bench.run()
    assert ran == [name for name in bench.NAMES if name != "retrieval"]
    assert bench.run(["retrieval"]) == [{"name": "retrieval"}]


def test_benchmarks_measure_on_photographs_spread_over_oasis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path))
    with pytest.raises(Unavailable, match="oasis"):
        bench.photographs()
    write_oasis(tmp_path, n_series=4)
    every = bench.photographs()
    assert len(every) == len(set(every)) == len(list((tmp_path / "oasis" / "images").iterdir()))
    some = bench.photographs(3)
    assert len(some) == 3 and some[0] == every[0] and set(some) < set(every)
    for path in some:
        with Image.open(path) as image:
            assert image.size == (150, 120)


def test_the_command_prints_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_oasis(tmp_path, n_series=1)
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path))
    row = dict.fromkeys(NUMBERS, 2.0) | {"name": "x", "unit": "images/s", "what_peer_is": "p", "what_limit_is": "l"}
    monkeypatch.setattr(handcrafted, "run", lambda paths: row | {"name": f"handcrafted on {len(paths)}"})
    found = len(list((tmp_path / "oasis" / "images").iterdir()))
    result = CliRunner().invoke(main, ["bench", "handcrafted", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output) == [row | {"name": f"handcrafted on {found}"}]
    plain = CliRunner().invoke(main, ["bench", "handcrafted"]).output
    assert plain == f"handcrafted on {found}: 2.0 images/s; 2.00 x p; 2.00 of l\n"
