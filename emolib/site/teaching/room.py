"""How the parts of a slide share its room: what leaves a figure too little goes on to a further slide. Used by slides.

Nobody in the last row reads the words in a figure that is half as wide as the slide. So the height that words take is
estimated when the deck is made, and a figure that would lose more than a quarter of the size that it has alone gets
a slide of its own. The browser then fits what is left to guess (see ``static/slides.js``).
"""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

#: The slide below its title, in pixels of 1280 x 720, and the gap between parts; see static/slides.css.
_WIDE, _HIGH, _GAP = 1280, 615, 14
_LINE, _ROW = 38, 42
#: Letters in a line beside, before the words wrap; a table's cells have smaller letters.
_LETTERS, _CELL_LETTERS = 84, 110
_FORMULA = 105
#: The least share of its size alone that a figure keeps beside words; words alone may be set smaller, up to this much.
_SHARE, _CROWDED = 0.75, 1.9
_ROWS_OF = re.compile(r"<tr.*?</tr>", re.DOTALL)
_BLOCKS = re.compile(r"<(p|li|pre|h\d)\b[^>]*>(.*?)(?=<(?:p|li|pre|ul|ol|h\d)\b|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A piece of a slide: its HTML and, if it is a row of figures, their sizes in pixels."""

    html: str
    sizes: tuple[tuple[int, int], ...] = ()


def pages(parts: list[Part]) -> list[list[Part]]:
    """The parts in their order, dealt to as few slides as leave every figure its room."""
    dealt: list[list[Part]] = [[]]
    for part in parts:
        if dealt[-1] and not _have_room([*dealt[-1], part]):
            dealt.append([])
        dealt[-1].append(part)
    return dealt


def _have_room(parts: list[Part]) -> bool:
    figures = [part.sizes for part in parts if part.sizes]
    words = sum(_height(part.html) + _GAP for part in parts if not part.sizes)
    if not figures:
        return words <= _CROWDED * _HIGH
    # Rows of figures on one slide share evenly what the words leave.
    each = (_HIGH - words - _GAP * (len(figures) - 1)) / len(figures)
    return all(_scale(sizes, each) >= _SHARE * _scale(sizes, _HIGH) for sizes in figures)


def _scale(sizes: tuple[tuple[int, int], ...], high: float) -> float:
    """How large the smallest figure of a row is shown in so much height, 1 as it was drawn."""
    wide = (_WIDE - _GAP * (len(sizes) - 1)) / len(sizes)
    return min(min(wide / width, high / height) for width, height in sizes)


def _height(source: str) -> float:
    """About as many pixels as words, lists, tables and formulas take at their full size."""
    rows = [re.sub(r"<[^>]+>", "", row) for row in _ROWS_OF.findall(source)]
    table = sum(_ROW * max(1, round(len(" ".join(row.split())) / _CELL_LETTERS + 0.4)) for row in rows)
    rest = re.sub(r"<table.*?</table>", "", source, flags=re.DOTALL)
    formulas = rest.count("\\[")
    rest = re.sub(r"<p>\s*\\\[.*?\\\]\s*</p>|\\\[.*?\\\]", "", rest, flags=re.DOTALL)
    texts = [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for _, text in _BLOCKS.findall(rest)]
    lines = sum(-(-len(text) // _LETTERS) for text in texts if text)
    return table + formulas * _FORMULA + lines * _LINE + 8 * max(0, len(texts) - 1)


def measured(content: str) -> tuple[int, int]:
    """Width and height of a picture in base64; of one that can't be measured, those of a square."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            return picture.size
    except (UnidentifiedImageError, ValueError, OSError):
        return 500, 500
