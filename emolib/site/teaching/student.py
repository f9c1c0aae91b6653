"""Student notebooks: a chapter without its solutions, made from the chapter's only source. Used by every chapter.

A cell tagged ``solution`` becomes a short prompt; a cell tagged ``check`` stays, and tells a student whether the answer
is right without showing it. By hand: ``make students``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat

from emolib.errors import BadInput
from emolib.site.launch import export_notebooks

_PROMPT = "# Exercise {number}: your answer. The cell below checks it.\n"
_WORDS = "*Exercise {number}: your answer in words.*"
#: Tags that a student has no use for: they speak to the builder of the site.
_KEPT_TAGS = ("parameters", "exercise", "check")


def student_notebooks(root: Path) -> dict[str, bytes]:
    """Chapter -> its student notebook, for every chapter in ``notebooks/``: unexecuted, ready to be written to a file.

    The same sources give the same bytes. Raises :class:`BadInput` where a solution has no exercise above it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        notebooks = {path.stem: nbformat.read(path, 4) for path in export_notebooks(root, Path(scratch))}
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
