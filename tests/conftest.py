"""How all tests are run: several files side by side, quick ones first."""

from __future__ import annotations

import os

import pytest

# Workers share the cores: one thread each, in them and in whatever they start. Set before anything imports torch.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files without slow tests first; then chapters, which take longest, so that no worker is left with one alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path in slow) and (1 if item.path.parent.name == "notebooks" else 2))
