"""A place of their own for the chapters' tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """Runs, cache and weights of these tests alone; no data but what a test names, and no network."""
    home = tmp_path_factory.mktemp("chapter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("EMOLIB_RUNS", "EMOLIB_CACHE", "XDG_CACHE_HOME", "TORCH_HOME", "HF_HOME"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("EMOLIB_REFIT", "")
        # A process takes longer to import torch than these fits take, and the other workers have the cores.
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        patch.delenv("EMOLIB_DATA", raising=False)
        patch.chdir(ROOT)
        yield patch
    shutil.rmtree(home)


@pytest.fixture
def two_processes(places: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits side by side, as on a machine with two cores: what travels to another process has to be such that it can."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
