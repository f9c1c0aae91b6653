"""The search at full scale as a command: here on few pictures, and it leaves nothing behind."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from emolib.curation.__main__ import main


def test_it_paints_searches_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "untouched"))
    result = CliRunner().invoke(main, ["--count", "400", "--size", "64", "--seed", "9"], catch_exceptions=False)
    assert result.exit_code == 0
    shares = [float(number) for number in re.findall(r"(?:precision|recall) ([0-9.]+)", result.stdout)]
    assert len(shares) == 8 and min(shares) >= 0.9
    assert re.search(r"time grows like n\^-?[0-9.]+", result.stdout)
    assert not list(tmp_path.iterdir())
    assert os.environ["EMOLIB_CACHE"] == str(tmp_path / "untouched")
