"""The small book of tests/fixtures/book.py: as it is before the first build, and built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.fixtures.book import OPENING_ALT, small_notebook, write_book, write_run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with the small book and its run, not built yet."""
    write_book(tmp_path)
    write_run(tmp_path, small_notebook())
    return tmp_path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, built once for all tests that only look at it; returns the project's folder."""
    from emolib import site

    root = tmp_path_factory.mktemp("book")
    write_book(root)
    figures = write_run(root, small_notebook(f"in {root}/runs")) / "figures"
    figures.mkdir()
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", OPENING_ALT)
    text.add_text("Title", "Three bars.")
    Image.fromarray(np.full((60, 90), 99, np.uint8)).save(figures / "opening.png", pnginfo=text)
    site.build(root, echo=lambda message: None)
    return root
