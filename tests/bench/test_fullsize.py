"""A corpus at full size, as a command: here on few pictures, and it leaves nothing behind."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from emolib.bench.fullsize import main, painted
from emolib.corpora import scenes
from emolib.emotions import MIKELS


def test_every_step_is_taken_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "untouched"))
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))
    arguments = ["--pictures", "20", "--size", "32", "--folder", str(tmp_path / "here")]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    for word in ("painting", "loading", "verifying", "verifying again", "reading once", "writing", "opening"):
        assert any(re.fullmatch(rf"{word}.*: [0-9.]+ s, at most [0-9]+ MB so far", line) for line in lines), word
    assert any(line.startswith("fi: 20 of 23,308 pictures; 0 broken, ") for line in lines)
    assert not list((tmp_path / "here").iterdir())
    assert os.environ["EMOLIB_CACHE"] == str(tmp_path / "untouched")


def test_as_many_as_needed_are_painted() -> None:
    table = scenes.records(scenes.Parameters(count=400, size=64, seed=6))
    agreed = [row[f"votes_{row['query']}"] >= 3 for _, row in table.iterrows()]
    assert set(table["query"]) == set(MIKELS)
    for pictures in (1, 2, 37, 100):
        number = painted(pictures, 64, 6)
        assert sum(agreed[:number]) == pictures and agreed[number - 1]
