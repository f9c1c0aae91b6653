"""Makes the pages light: figures as WebP, loaded when a reader comes near them, with their size told in advance.

Used by every page with a figure. A notebook keeps its figures as PNG, and so does the address that other sites show as
a page's picture; what a browser loads is a fifth of that. A figure with more pixels than the column is also a link to
itself, since in a column its smallest words are too small for many eyes.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from emolib.site.builder import write_atomically

_IMG = re.compile(r"(?P<link><a\b[^>]*>\s*)?(?P<tag><img\b[^>]*>)")
# The builder's folder alone: decks keep theirs in folders named after chapters, one of which also ends in "_images".
_SRC = re.compile(r'\bsrc="((?:[^"]*/)?_images/[^"]+\.png)"')
#: Below this many bytes nothing is won.
_SMALL = 20_000
#: A drawing has no more colours than this, and stays exact to the pixel; above it are photographs.
_COLOURS = 4096
_QUALITY = 90
#: Up to this many pixels a figure stands in a column about as large as it was drawn.
_COLUMN = 640


def lighten(html: Path) -> None:
    """Lets every page below ``html`` load its figures as WebP and late; doing it twice changes nothing."""
    html = Path(html)
    for path in sorted(html.rglob("*.html")):
        if path.relative_to(html).parts[0] == "_static":
            continue
        text = path.read_text(encoding="utf-8")
        lighter = _IMG.sub(lambda found, page=path: _light(found["tag"], page, found["link"] or ""), text)
        if lighter != text:
            write_atomically(path, lighter)


def _light(tag: str, page: Path, link: str) -> str:
    """The tag of a picture made light; ``link`` is the tag of a link that it stands in already, or ""."""
    source = _SRC.search(tag)
    file = (page.parent / unquote(source[1])).resolve() if source else None
    if source is None or file is None or not file.is_file():
        return link + tag
    with Image.open(file) as picture:
        width, height = picture.size
    small, address = webp(file), source[1]
    if small is not None:
        address = f"{address.removesuffix('.png')}.webp"
        tag = tag.replace(source[0], f'src="{address}"')
    known = "loading=" in tag
    added = "" if known else ' loading="lazy" decoding="async"'
    if not re.search(r"\b(width|height)[=:]", tag):
        # The page does not jump when the picture comes; the style sheet still fits it to the column.
        added += f' width="{width}" height="{height}"'
    tag = tag.replace("<img", f"<img{added}", 1)
    if link or known or width <= _COLUMN:
        return link + tag
    return f'<a class="full-size" style="--drawn: {width}px" href="{address}">{tag}</a>'


def webp(file: Path) -> Path | None:
    """The WebP beside a PNG, made when it is missing or older; None where it would not be smaller."""
    target = file.with_suffix(".webp")
    size = file.stat().st_size
    if size < _SMALL:
        return None
    if not target.is_file() or target.stat().st_mtime < file.stat().st_mtime:
        with Image.open(file) as picture:
            # Figures have a white ground; what is clear in them shows it.
            ground = Image.new("RGBA", picture.size, "white")
            flat = Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
        content = io.BytesIO()
        drawn = flat.getcolors(_COLOURS) is not None
        flat.save(content, "webp", lossless=drawn, quality=100 if drawn else _QUALITY, method=4)
        write_atomically(target, content.getvalue())
    return target if target.stat().st_size < size else None
