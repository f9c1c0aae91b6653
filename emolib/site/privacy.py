"""Keeps the folders of the machine that built the site out of it. Used by every page.

A message such as "looked in /home/ann/data" helps where it is printed; on a public page it only tells about Ann's
machine.
"""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import nbformat

from emolib.site.runs import ChapterRun


def folders(root: Path) -> dict[str, str]:
    """Folders of this machine, the longest first, and what stands for them on a page."""
    known = {
        str(Path(root).resolve()): ".",
        sysconfig.get_paths()["purelib"]: "site-packages",
        str(Path.home()): "~",
    }
    if os.environ.get("EMOLIB_DATA"):
        known[str(Path(os.environ["EMOLIB_DATA"]).resolve())] = "$EMOLIB_DATA"
    # A folder such as / or /opt is part of many harmless texts.
    return {folder: known[folder] for folder in sorted(known, key=len, reverse=True) if len(folder) > 4}


def hide(text: str, known: Mapping[str, str]) -> str:
    """``text`` with each folder replaced by what stands for it."""
    for folder, name in known.items():
        text = pattern(folder).sub(lambda _, name=name: name, text)
    return text


def pattern(folder: str) -> re.Pattern[str]:
    """Finds ``folder`` where it ends there: /root in "/root/data", not in "example.org/rooted"."""
    return re.compile(re.escape(folder) + r"(?![\w-])")


def hide_in_run(run: ChapterRun, known: Mapping[str, str]) -> ChapterRun:
    """``run`` with what it needs told without folders."""
    return replace(run, needs=tuple(hide(item, known) for item in run.needs))


def hide_in_notebook(notebook: nbformat.NotebookNode, known: Mapping[str, str]) -> None:
    """Hides folders in all text that the cells of ``notebook`` put out; what was written by hand stays as it is."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = hide(output["text"], known)
            for mime, content in output.get("data", {}).items():
                if mime.startswith("text/") and isinstance(content, str):
                    output["data"][mime] = hide(content, known)
