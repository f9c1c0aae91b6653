"""The page around a deck of slides, and the files that it loads. Used by ``slides``.

reveal.js comes from the pip package sphinx-revealjs, of which nothing else is used; the book serves a copy.
"""

from __future__ import annotations

import hashlib
import html
from importlib import util
from pathlib import Path

from emolib.errors import Unavailable

#: Where the decks' files lie, seen from a deck and from the root of the site.
STATIC = "_static/slides"
#: File of reveal.js 5 -> its SHA-256: what a reader's browser runs is what was tested.
REVEAL = {
    "dist/reveal.js": "46538b52db48724192f59bf46f5e851a18e302777c46f4a34c32709d010d6a29",
    "dist/reveal.css": "68f915a11ebf7203c0446576b7e952ff61c5dd02134a8a226ffaf62ed42136d2",
    "plugin/notes/notes.js": "df1201d19d03241a2897d39c3d38768177df1cbd4bde06327b321cb83461ae89",
    "LICENSE": "34014800f4126ac2525e224166f099f26628612e95c41f76d70841b63138c989",
}
_OWN = Path(__file__).parent / "static"
_MATH = """<script>
window.MathJax = { tex: { inlineMath: [["\\\\(", "\\\\)"]] }, options: { enableMenu: false } };
</script>
<script defer src="../_static/mathjax/tex-chtml.js"></script>"""


def slide_files() -> dict[str, bytes]:
    """Path below the site -> content, of what every deck loads.

    Raises :class:`Unavailable` when sphinx-revealjs is not installed, or holds another reveal.js than was tested.
    """
    found = util.find_spec("sphinx_revealjs")
    if found is None or found.origin is None:
        raise Unavailable("The package sphinx-revealjs is not installed. Run: pip install -e '.[book]'")
    folder = Path(found.origin).parent / "_static" / "revealjs"
    files = {}
    for name, expected in REVEAL.items():
        path = folder / name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != expected:
            raise Unavailable(
                f"{name} of sphinx-revealjs is not the file that the slides were tested with. "
                "Run: pip install -c requirements.lock --force-reinstall sphinx-revealjs"
            )
        files[f"{STATIC}/{Path(name).name}"] = content
    return files | {f"{STATIC}/{path.name}": path.read_bytes() for path in sorted(_OWN.iterdir())}


def deck_page(title: str, body: str, mathematics: bool) -> str:
    """The HTML page of a deck; ``body`` are its sections, ``mathematics`` whether it has formulas."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}: slides</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../{STATIC}/reveal.css">
<link rel="stylesheet" href="../{STATIC}/slides.css">
{_MATH if mathematics else ""}
</head>
<body>
<main class="reveal"><div class="slides">
{body}
</div></main>
<script src="../{STATIC}/reveal.js"></script>
<script src="../{STATIC}/notes.js"></script>
<script src="../{STATIC}/slides.js"></script>
</body>
</html>
"""
