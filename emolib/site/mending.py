"""Mends what the theme writes so that every page can be read without sight. Used by every page.

A button's name for a screen reader has to hold the words that one sees on it, a control without words needs a name, and
a list may hold nothing but its items. sphinx-book-theme, myst-nb and sphinxcontrib-bibtex each break one of these; what
they write is exact enough to be found by its text. Mending a page twice changes nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from emolib.site.builder import write_atomically

_MENDS: tuple[tuple[re.Pattern[str], str], ...] = (
    # The field reads "Search Ctrl+K", its label says less: without the label the words are the name.
    (re.compile(r'(<button class="[^"]*\bsearch-button-field\b[^>]*?) aria-label="[^"]*"'), r"\1"),
    # Words in the icons of the three modes count as text that one sees, though the label is the name.
    (re.compile(r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"'), r'\1 aria-hidden="true"'),
    # The arrow that unfolds a part of the menu: it is named after the page above it.
    (
        re.compile(r'(<a class="[^"]*\breference internal" href="[^"]*">)([^<]+)(</a><details[^>]*>)<summary>'),
        r'\1\2\3<summary aria-label="Pages below \2">',
    ),
    # "Show the code" is name enough.
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
    # Links back to the text stand between the entries of a bibliography, where a list may hold items only.
    (re.compile(r'<div role="list" class="citation-list">'), '<div class="citation-list">'),
)


def mend_pages(html: Path) -> int:
    """Mends every page of the site in the folder ``html``; returns how many changed."""
    changed = 0
    for path in sorted(Path(html).rglob("*.html")):
        if path.relative_to(html).parts[0] == "_static":
            continue
        text = path.read_text(encoding="utf-8")
        mended = mend(text)
        if mended != text:
            write_atomically(path, mended)
            changed += 1
    return changed


def mend(text: str) -> str:
    """The HTML of one page with the theme's faults mended."""
    for found, put in _MENDS:
        text = found.sub(put, text)
    return text
