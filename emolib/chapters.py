"""Chapters as files: finding and choosing them, and what their header and their parameters have to say.

Used by `runner` for every chapter. What it takes to read notebooks is imported where it is used: it costs a kernel,
which asks only for the list of chapters, seconds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emolib.course import project_root
from emolib.errors import BadInput

if TYPE_CHECKING:
    import nbformat

    from emolib.claims import System

#: What every chapter's cell tagged `parameters` sets, and how it is written there.
PARAMETERS = {"profile": '"laptop"', "seed": "0", "device": '"auto"', "data_root": "None", "smoke": "False"}


@dataclass(frozen=True)
class Chapter:
    """A chapter's file and what its header says.

    Attributes:
        name: file stem, as in "02_kim2017_valence_arousal".
        path: of the jupytext file.
        title: of the chapter.
        corpora: what it reads.
        reads_runs: it reads what the other chapters found, so it is run after them, and again when that has changed.
    """

    name: str
    path: Path
    title: str
    corpora: tuple[str, ...]
    reads_runs: bool = False


def chapters(root: Path | None = None) -> list[Chapter]:
    """All chapters, in the order of their numbers.

    Raises:
        BadInput: a chapter without the header that the book needs, or without a cell tagged `parameters`; a header that
            is no YAML; a file that looks like a chapter and whose name does not begin with two digits.
    """
    found = []
    for path in sorted(((root or project_root()) / "notebooks").glob("*.py")):
        if not re.match(r"\d\d_", path.name):
            _refuse_lost_chapter(path)
            continue
        notebook = read(path)
        header = notebook.metadata.get("emolib", {})
        if not isinstance(header.get("title"), str) or not isinstance(header.get("corpora"), list):
            raise BadInput(f"{path}: its header needs emolib: {{title: ..., corpora: [...]}}")
        if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
            raise BadInput(f"{path}: no cell is tagged parameters")
        reads_runs = header.get("reads_runs", False)
        if not isinstance(reads_runs, bool):
            raise BadInput(f"{path}: reads_runs in its header is true or false, not {reads_runs!r}")
        found.append(Chapter(path.stem, path, header["title"], tuple(header["corpora"]), reads_runs))
    return found


def choose(wanted: Sequence[str], root: Path | None = None) -> list[Chapter]:
    """Chapters by number ("2", "02"), paper ("kim2017") or name; all of them if none is named.

    Raises:
        BadInput: a chapter that there is not, or a word that means more than one.
    """
    every = chapters(root)
    chosen = []
    for word in wanted:
        stem = Path(word).stem
        match = [c for c in every if c.name == stem or c.name[:2] == stem.zfill(2) or stem in c.name.split("_")]
        if len(match) > 1:
            names = f"{', '.join(c.name for c in match[:-1])} and {match[-1].name}"
            raise BadInput(f"chapter: {word!r} means {'both ' * (len(match) == 2)}{names}; give the whole name")
        if not match:
            raise BadInput(f"chapter: {word!r} is not one of {', '.join(c.name for c in every)}")
        chosen += match
    # Whoever reads the others' numbers comes after them, in whatever order they were asked for.
    return sorted(chosen if wanted else every, key=lambda chapter: chapter.reads_runs)


def check_parameters(chapter: Chapter, parameters: Mapping[str, object]) -> None:
    """Raise BadInput for a parameter that the chapter does not know, or one that it lacks."""
    cell = next(c for c in read(chapter.path).cells if "parameters" in c.metadata.get("tags", []))
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        line = _line_of(cell.source, chapter.path) + (error.lineno or 1)
        raise BadInput(f"{chapter.path}, line {line}: the cell tagged parameters is no Python: {error.msg}") from error
    targets = [node.targets[0] for node in tree.body if isinstance(node, ast.Assign)]
    known = {target.id for target in targets if isinstance(target, ast.Name)}
    for name, plain in PARAMETERS.items():
        if name not in known:
            # Every run passes it, so whoever runs the chapter cannot leave it out.
            raise BadInput(f"{chapter.path}: the cell tagged parameters does not set {name}; add `{name} = {plain}`")
    for name in parameters:
        if name not in known:
            raise BadInput(f"parameter: {name!r} is not one of {chapter.name}'s: {', '.join(sorted(known))}")


def check_systems(systems: Iterable[System], root: Path | None = None) -> None:
    """Raise BadInput for a system whose test or whose chapter is not in the clone that holds the claims files.

    An installed library has neither tests nor chapters beside it; then there is nothing to look at.
    """
    root = root or Path(__file__).parents[1]
    if not (root / "tests").is_dir() or not (root / "notebooks").is_dir():
        return
    numbers = {path.name[:2] for path in (root / "notebooks").glob("[0-9][0-9]_*.py")}
    for system in systems:
        name = f"system {system.paper}/{system.id}"
        if not (root / system.test.partition("::")[0]).is_file():
            raise BadInput(f"{name} names the test {system.test}, which is not there; write it or name another")
        if f"{system.chapter:02}" not in numbers:
            raise BadInput(f"{name} names chapter {system.chapter}, but there is no notebooks/{system.chapter:02}_*.py")


def _line_of(source: str, path: Path) -> int:
    """How many lines of the file stand before this cell."""
    return path.read_text("utf-8").partition(source)[0].count("\n")


def _refuse_lost_chapter(path: Path) -> None:
    """Raise BadInput for a chapter with another kind of name: left out in silence, it would seem not to run."""
    number = re.match(r"\d+", path.name)
    if number is None and not path.read_text("utf-8", errors="replace").startswith("# ---\n"):
        return  # a module beside the chapters
    rest = path.name[number.end() if number else 0 :].lstrip("_- ")
    name = f"{int(number[0]):02}_{rest}" if number and int(number[0]) < 100 else "NN_paper_topic.py"
    raise BadInput(f"{path}: a chapter's name begins with two digits and an underscore; call it {name}")


def read(path: Path) -> nbformat.NotebookNode:
    """A chapter's file as a notebook. Raises BadInput that names the line of its header where that is no YAML."""
    import jupytext
    import yaml

    try:
        return jupytext.read(path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # The header's first line is `# ---`, and YAML counts from 0.
        line = f", line {mark.line + 2}" if mark else ""
        raise BadInput(
            f"{path}{line}: its header is no YAML: {getattr(error, 'problem', error)}. "
            'A text with a colon needs quotes: title: "..."'
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start})") from error
