"""The tables of the guides to larger runs: what each corpus is, how one gets it, and how long a pass over it takes.

Used by the pages in ``book/guides``. The numbers come from the corpora's cards and from the run that built the book;
what is an estimate says so and from what. Each function returns Markdown; no corpus is looked for or fetched.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from emolib import corpora
from emolib.corpora import openset
from emolib.errors import Unavailable
from emolib.site.markdown import table
from emolib.site.runs import ChapterRun, spoken_time

#: What the papers' own profile reads: the corpora that one has to ask for.
ASKED = ("fi", "iapssubset", "iaps", "gaped", "ube", "stockemotion", "se30k8", "emotic", "affectnet")
#: Assumptions of the estimates: a line of 100 Mbit a second, and pictures a second through a network of ResNet-50's
#: size on one GPU, forwards and backwards.
BYTES_A_SECOND = 100e6 / 8
PICTURES_A_SECOND = 500


def open_table() -> str:
    """What the profile `open` downloads: size where it is known, and estimates for the download and for one pass."""
    rows = []
    for one in openset.wanted(Path("nowhere")):
        card = corpora.card(one.name)
        size = "not stated" if one.size is None else f"{one.size / 1e9:.1f} GB"
        loading = "" if one.size is None else spoken_time(one.size / BYTES_A_SECOND)
        rows.append((_link(one.name), f"{card.count:,}" if card.count else "", size, loading, _a_pass(card.count)))
    header = ["Corpus", "Pictures", "Download", "It takes about", "A pass takes about"]
    return table(header, rows, numbers=True) + "\n"


def asked_table() -> str:
    """The corpora that one has to ask for: whom, under which terms, and the folder that they go into."""
    rows = []
    for name in ASKED:
        card = corpora.card(name)
        rows.append((_link(name), f"{card.count:,}" if card.count else "", advice(name), card.terms, f"`{name}/`"))
    return table(["Corpus", "Pictures", "How one gets it", "Terms", "Folder in `EMOLIB_DATA`"], rows) + "\n"


def advice(name: str) -> str:
    """What the corpus' own loader says to a reader who lacks it; "" for one that a program can download."""
    module = importlib.import_module(f"emolib.corpora.{name}")
    if not hasattr(module, "by_hand"):
        return ""
    try:
        module.fetch(Path("nowhere"))
    except Unavailable as said:
        told = str(said).rpartition(" Put it into ")[0] or str(said).replace("nowhere", name)
        return told.replace("<", "\\<")
    return ""


def times(runs: Sequence[ChapterRun]) -> str:
    """How long each chapter took in the run that built the book."""
    rows = [(f"[](../chapters/{run.name}.ipynb)", spoken_time(run.seconds), run.device) for run in runs]
    return table(["Chapter", f"Profile `{runs[0].profile}`", "On"], rows) + "\n"


def _link(name: str) -> str:
    return f"[{name}](../cards/{name}.md)"


def _a_pass(count: int | None) -> str:
    return "" if not count else spoken_time(max(1, count / PICTURES_A_SECOND))
