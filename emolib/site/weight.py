"""How much a browser loads for each page, and the most that it may be. Used by every page.

What is counted is the page and all files that its HTML names: style sheets, scripts, pictures. Fonts and what scripts
ask for later, such as MathJax's glyphs, come on top and are the same for every page.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

#: The most that one page may load, in bytes: a minute on a phone's slow line of 1 Mbit a second, and pictures further
#: down wait until a reader comes near them. A chapter with sixty figures is the heaviest page there is.
BUDGET = 7_500_000
#: The most that one picture may have. A figure above it holds photographs at more pixels than any screen shows.
PICTURE = 1_000_000


def weights(loads: Mapping[str, set[Path]], html: Path) -> dict[str, tuple[int, int]]:
    """Page -> bytes of all that it loads, and of its pictures alone, the heaviest page first.

    ``loads`` maps a page to the files that its HTML names.
    """
    found = {}
    for page, files in loads.items():
        sizes = {file: file.stat().st_size for file in files if file.is_file()}
        pictures = sum(size for file, size in sizes.items() if "_images" in file.parts)
        found[page] = ((html / page).stat().st_size + sum(sizes.values()), pictures)
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def heaviest(weighed: Mapping[str, tuple[int, int]]) -> str:
    """A sentence on the heaviest page, "" for a site without pages."""
    for page, (total, pictures) in weighed.items():
        return f"The heaviest page is {page}: {total / 1e6:.1f} MB, {pictures / 1e6:.1f} MB of it pictures."
    return ""
