"""Where corpora are looked for and where downloads go. Used by every corpus, hence by every chapter.

Nothing is created when this module is imported, nor by asking for a list of places.
"""

from __future__ import annotations

import os
from pathlib import Path

import pooch


def user_data_root() -> Path:
    """The user's own data folder, where `python -m emolib data fetch` puts things when `EMOLIB_DATA` is not set."""
    return Path(pooch.os_cache("emolib")) / "data"


def _from_environment(variable: str) -> Path | None:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else None


def data_roots(data_root: Path | str | None = None) -> list[Path]:
    """Folders to look in, best first.

    An explicit `data_root` is the only place looked in, so that a reader who names a folder never gets data from
    another one. Otherwise: the folder that the environment variable `EMOLIB_DATA` names, then the user's data folder.
    """
    if data_root is not None:
        return [Path(data_root).expanduser().absolute()]
    named = _from_environment("EMOLIB_DATA")
    return [root for root in (named, user_data_root()) if root is not None]


def writable_data_root(data_root: Path | str | None = None) -> Path:
    """The folder for downloads: `data_root`, else `EMOLIB_DATA` if it can be written to, else the user's."""
    if data_root is not None:
        return Path(data_root).expanduser().absolute()
    named = _from_environment("EMOLIB_DATA")
    if named is not None and _can_write(named):
        return named
    return user_data_root()


def cache_root() -> Path:
    """Folder for things that can be made again (features, archives on their way): `EMOLIB_CACHE`, else the user's."""
    return _from_environment("EMOLIB_CACHE") or Path(pooch.os_cache("emolib")) / "cache"


def downloads() -> Path:
    """Folder that archives are downloaded into before they are unpacked."""
    return cache_root() / "downloads"


def _can_write(folder: Path) -> bool:
    """Whether a file can be made in `folder`, or `folder` itself made, as the permission bits say."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
