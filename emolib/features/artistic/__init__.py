"""Four hand-made descriptions of what makes a picture moving, older than deep features (chapter 1).

You et al. (AAAI 2016) compare their networks with four systems on small sets of pictures. Each is a module here with
``NAMES`` (of its columns), ``GROUPS`` (slices of them) and a function from a batch to rows:

``machajdik``     colour, texture, composition, content: Machajdik & Hanbury 2010
``yanulevskaya``  Gabor responses and Weibull distributions of edges: Yanulevskaya et al. 2008
``wang``          fuzzy histograms of lightness, saturation and warmth: Wang, Yu & Jiang 2006
``zhao``          six principles of art: Zhao et al. 2014

None of their programs is public in full, and no paper says enough to rebuild all of its numbers; every module says what
it took from its paper and what is our choice. Nothing heavy is imported here: a system is imported when it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from emolib.errors import BadInput

SIDE = 256
"""Side in pixels to which pictures are squashed before they are described."""

# What the numbers depend on, as modules.
_SHARED = ("planes", "gaussian", "gabor", "weibull", "wavelets", "saliency", "segments", "itten", "shared")
_SHARED += ("lines", "faces", "grain", "colourfulness", "balance", "wang", "machajdik", "yanulevskaya", "zhao")


class _Systems(Mapping[str, Callable[..., np.ndarray]]):
    """Functions from a batch to rows by the name of the system, each imported when it is first asked for."""

    _names = ("machajdik", "yanulevskaya", "wang", "zhao")

    def __getitem__(self, name: str) -> Callable[..., np.ndarray]:
        if name not in self._names:
            raise KeyError(name)
        return getattr(_module(name), f"{name}_features")

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


SYSTEMS: Mapping[str, Callable[..., np.ndarray]] = _Systems()
"""The four systems: ``SYSTEMS["zhao"](batch, workers=None)`` gives float32 (n, numbers)."""


def artistic_features(
    batch: np.ndarray, systems: Sequence[str] = tuple(SYSTEMS), workers: int | None = None
) -> dict[str, np.ndarray]:
    """Rows of several systems at once, float32 (n, numbers) each; what they share is computed once a picture.

    ``batch`` is uint8 RGB (n, h, w, 3), 64 x 64 pixels or more; ``workers`` threads share the pictures (None: one a
    core) and do not change the result. Raises BadInput for what is no such batch and for unknown systems.
    """
    from emolib.features.artistic.shared import SMALLEST
    from emolib.features.batch import check_batch, each_picture

    names = _checked(systems)
    rows = each_picture(partial(_rows, names=names), check_batch(batch, smallest=SMALLEST), workers)
    return _split(rows, names)


def artistic_from_files(
    paths: Sequence[Path],
    systems: Sequence[str] = tuple(SYSTEMS),
    folder: Path | None = None,
    progress: bool = True,
) -> dict[str, np.ndarray]:
    """`artistic_features` of picture files, cached: by system, float32 (n, numbers), mapped from one file.

    The whole picture is squashed to 256 x 256 first: composition needs all of it. ``folder`` and ``progress`` as in
    `cache.cached_rows`.

    Raises BadInput for a file that is no picture (named) and for unknown systems.
    """
    from emolib.corpora.pictures import read_resized
    from emolib.features import batch, cache, color, focal, reading, texture

    names = _checked(systems)
    code = [batch, color, focal, texture, importlib.import_module(__name__), *(_module(name) for name in _SHARED)]
    key = [cache.files_digest(paths), cache.code_digest(*code), list(names)]

    def compute(start: int) -> Iterator[np.ndarray]:
        for block in reading.read_blocks(paths[start:], partial(read_resized, size=SIDE, crop="squash"), block=64):
            yield batch.each_picture(partial(_rows, names=names), block)

    shape = (sum(len(_module(name).NAMES) for name in names),)
    rows = cache.cached_rows(
        "artistic", key, len(paths), shape, np.float32, compute, folder=folder, progress=progress
    )  # fmt: skip
    return _split(rows, names)


def _rows(rgb: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The numbers of all named systems of one picture, side by side."""
    from emolib.features.artistic.shared import Picture

    picture = Picture(rgb)
    parts = [getattr(_module(name), f"picture_{name}")(picture) for name in names]
    return np.concatenate(parts, dtype=np.float32, casting="same_kind")


def _split(rows: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    ends = np.cumsum([len(_module(name).NAMES) for name in names])
    return {name: rows[:, end - len(_module(name).NAMES) : end] for name, end in zip(names, ends, strict=True)}


def _checked(systems: Sequence[str]) -> tuple[str, ...]:
    names = (systems,) if isinstance(systems, str) else tuple(systems)
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown or not names or len(set(names)) < len(names):
        raise BadInput(f"systems holds some of {', '.join(SYSTEMS)}, each once, not {names!r}.")
    return names


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
