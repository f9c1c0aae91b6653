"""How all tests are run: several files side by side, quick ones first."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Workers share the cores: one thread each, in them and in whatever they start. Set before anything imports torch.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

# No test fails for being slow: other work may be going on beside it.
settings.register_profile("book", deadline=None)
settings.load_profile("book")


def pytest_configure(config: pytest.Config) -> None:
    """Files are handed out in the order below; xdist's own, most tests first, leaves the chapters for the end."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files without slow tests first; then chapters, which take longest; the other slow files even out the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path in slow) and (1 if item.path.parent.name == "notebooks" else 2))
