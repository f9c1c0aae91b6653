"""Student notebooks: a chapter without its solutions, made from the chapter's only source. Used by every chapter.

A cell tagged ``solution`` becomes a short prompt; a cell tagged ``check`` stays, and tells a student whether the answer
is right without showing it. Exercises have the numbers that the objectives and the plans name, and what only the book's
builder understands is put into words. By hand: ``make students``.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import nbformat

from emolib.course import PROFILES
from emolib.errors import BadInput
from emolib.site.chapters import exercise_title
from emolib.site.launch import export_notebooks, read_repository, site_address
from emolib.site.teaching.citations import in_words
from emolib.site.teaching.objectives import HEADING

_PROMPT = "# Exercise {number}: your answer. The cell below checks it.\n"
_WORDS = "*Exercise {number}: your answer in words.*"
#: Tags that a student has no use for: they speak to the builder of the site.
_KEPT_TAGS = ("parameters", "exercise", "check")
_PROFILE = re.compile(r"^profile\b.*$", re.MULTILINE)
#: The quiz and the bibliography are HTML of the book, and no cell of a notebook.
_ELSEWHERE = (
    'The questions are not in this notebook: they stand under "Check yourself" on the page of this chapter{page}.'
    " The works cited are in the book's bibliography."
)


def student_notebooks(root: Path, profile: str | None = None) -> dict[str, bytes]:
    """Chapter -> its student notebook, for every chapter in ``notebooks/``: unexecuted, ready to be written to a file.

    Their parameters name ``profile``, or what the chapters have. The same sources give the same bytes. Raises
    :class:`BadInput` for an unknown profile, and where a solution has no exercise above it.
    """
    if profile is not None and profile not in PROFILES:
        raise BadInput(f"profile: {profile!r} is unknown; use {', '.join(PROFILES)}")
    with tempfile.TemporaryDirectory() as scratch:
        notebooks = {path.stem: nbformat.read(path, 4) for path in export_notebooks(root, Path(scratch))}
    url, _ = read_repository(root)
    for name, notebook in notebooks.items():
        _put_into_words(notebook, root / "book" / "references.bib")
        _say_where_questions_are(notebook, f"{site_address(url)}chapters/{name}.html" if url else "")
        if profile is not None:
            _set_profile(notebook, profile, name)
    return {
        name: (nbformat.writes(without_solutions(notebook, name), version=4) + "\n").encode("utf-8")
        for name, notebook in notebooks.items()
    }


def without_solutions(notebook: nbformat.NotebookNode, chapter: str) -> nbformat.NotebookNode:
    """``notebook`` with a prompt in place of the solution of each exercise; checks and all else stay as they are.

    ``chapter`` is the name told in errors. Raises :class:`BadInput` for a solution without an exercise.
    """
    cells: list[nbformat.NotebookNode] = []
    number, prompted = 0, False
    for cell in notebook.cells:
        tags = list(cell.metadata.get("tags", []))
        if "exercise" in tags:
            number, prompted = number + 1, False
            cell.source = _numbered(cell.source, number)
        if "solution" in tags and "check" not in tags:
            if number == 0:
                raise BadInput(
                    f"{chapter}: a cell is tagged 'solution' above the first exercise; tag the exercise too."
                )
            # One place to answer an exercise, however many cells its solution has.
            if not prompted:
                cells.append(_prompt(cell, number))
            prompted = True
            continue
        cell.metadata = nbformat.NotebookNode(
            {"tags": kept} if (kept := [tag for tag in tags if tag in _KEPT_TAGS]) else {}
        )
        cells.append(cell)
    notebook.cells = cells
    return notebook


def _prompt(cell: nbformat.NotebookNode, number: int) -> nbformat.NotebookNode:
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(_PROMPT.format(number=number), id=cell["id"])
    return nbformat.v4.new_markdown_cell(_WORDS.format(number=number), id=cell["id"])


def _numbered(source: str, number: int) -> str:
    """The exercise under the title that the book gives it."""
    title, lines = exercise_title(source, number)
    return "\n".join([f"### {title}", *([] if not lines or not lines[0].strip() else [""]), *lines])


def _put_into_words(notebook: nbformat.NotebookNode, bibliography: Path) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = in_words(cell.source, bibliography)


def _say_where_questions_are(notebook: nbformat.NotebookNode, page: str) -> None:
    first = notebook.cells[0]
    _, heading, promised = first.source.partition(HEADING)
    if heading and "question" in promised:
        first.source += f"\n\n{_ELSEWHERE.format(page=f': <{page}>' if page else '')}"


def _set_profile(notebook: nbformat.NotebookNode, profile: str, chapter: str) -> None:
    cell = next((cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), None)
    if cell is None or not _PROFILE.search(cell.source):
        raise BadInput(f"{chapter}: no cell tagged 'parameters' sets the profile.")
    cell.source = _PROFILE.sub(f'profile = "{profile}"', cell.source, count=1)
