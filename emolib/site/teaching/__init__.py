"""What turns a chapter into a lesson: student notebooks, quiz, objectives, slides, plans and strips for an instructor.

Used by every chapter's page and by the instructor's guide. All of it is made when the site is built, from the chapters'
only sources, their runs, ``book/quizzes`` and ``book/instructor``; nothing of it is committed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from emolib.errors import BadInput, EmolibError
from emolib.site import privacy
from emolib.site.builder import write_atomically
from emolib.site.chapters import cleaned
from emolib.site.runs import ChapterRun
from emolib.site.teaching.objectives import HEADING, link_objectives, questions_named
from emolib.site.teaching.plans import plan_pages
from emolib.site.teaching.quiz import quiz_markdown, read_quiz
from emolib.site.teaching.slides import deck
from emolib.site.teaching.strips import strips_page
from emolib.site.teaching.student import student_notebooks
from emolib.site.teaching.templates import STATIC, slide_files

__all__ = ["add_to_page", "digest", "downloads", "install", "plan_pages", "strips_page"]

_FOLDERS = ("slides", "student", STATIC)
_LAST = ("## What to take along", "# What to take along")


def downloads(root: Path, runs: Sequence[ChapterRun], private: Mapping[str, str]) -> dict[str, bytes]:
    """Path below the built site -> content: a deck and a student notebook a chapter, and what the decks load.

    A chapter whose source is not in ``notebooks/`` has a deck, but no student notebook.
    """
    files: dict[str, bytes] = {}
    if any((root / "notebooks").glob("*.py")):
        ran = {run.name for run in runs}
        files |= {f"student/{name}.ipynb": text for name, text in student_notebooks(root).items() if name in ran}
    for run in runs:
        notebook = cleaned(run)
        privacy.hide_in_notebook(notebook, private)
        files |= _apart(deck(notebook, run.name), run.name)
    return files | slide_files()


def _apart(page: str, chapter: str) -> dict[str, bytes]:
    """The deck and its pictures, each a file: a browser loads them faster than words that stand for them."""
    files: dict[str, bytes] = {}

    def put(found: re.Match) -> str:
        content = a2b_base64(found[2])
        name = f"{chapter}/{hashlib.sha256(content).hexdigest()[:16]}.{found[1]}"
        files[f"slides/{name}"] = content
        return f'src="{name}"'

    text = re.sub(r'src="data:image/(png|jpeg);base64,([^"]+)"', put, page)
    return files | {f"slides/{chapter}.html": text.encode("utf-8")}


def digest(files: Mapping[str, bytes]) -> str:
    """A hash over the files, for the builder to see that one has changed."""
    seen = hashlib.sha256()
    for name in sorted(files):
        seen.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return seen.hexdigest()


def install(files: Mapping[str, bytes], html: Path) -> None:
    """Puts the files into the built site and removes those of earlier builds."""
    for folder in _FOLDERS:
        shutil.rmtree(html / folder, ignore_errors=True)
    for name, content in files.items():
        write_atomically(html / name, content)


def add_to_page(notebook: nbformat.NotebookNode, chapter: str, book: Path, files: Mapping[str, bytes]) -> None:
    """Adds to a chapter's page, in place: links to slides and student notebook, the quiz, what tests each objective.

    Raises :class:`EmolibError` when a check did not find the chapter's own solution right, and
    :class:`emolib.errors.BadInput` for a quiz that is not as it has to be, or lacks a question that an objective names.
    """
    _refuse_wrong_solutions(notebook, chapter)
    path = book / "quizzes" / f"{chapter}.yml"
    questions = read_quiz(path) if path.is_file() else ()
    _refuse_absent_questions(notebook, chapter, path, len(questions))
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        notebook.cells[0].source = link_objectives(notebook.cells[0].source, chapter)
    student = f"student/{chapter}.ipynb" in files
    _above_objectives(notebook, _links(chapter, student))
    if questions:
        _before_the_end(notebook, _cell(quiz_markdown(questions), "quiz"))
    first = next((n for n, cell in enumerate(notebook.cells) if "{exercise}" in cell.source), None)
    if student and first is not None:
        note = f"{_student_link(chapter)} has everything but the solutions, and a check below each exercise."
        notebook.cells.insert(first, _cell(f'<p class="teaching-links">{note}</p>', "student-notebook"))


def _student_link(chapter: str) -> str:
    return f'<a href="../student/{chapter}.ipynb" download>The student notebook of this chapter</a>'


def _links(chapter: str, student: bool) -> str:
    links = [f'<a href="../slides/{chapter}.html">Slides</a>']
    if student:
        links.append(f'<a href="../student/{chapter}.ipynb" download>Student notebook</a>')
    return f'<p class="teaching-links">{" · ".join(links)}</p>'


def _cell(source: str, name: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=f"teaching-{name}")


def _above_objectives(notebook: nbformat.NotebookNode, block: str) -> None:
    """Below the introduction: its first words also stand on the front page."""
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        before, heading, after = notebook.cells[0].source.partition(HEADING)
        notebook.cells[0].source = f"{before.rstrip()}\n\n{block}\n\n{heading}{after}".rstrip()


def _before_the_end(notebook: nbformat.NotebookNode, cell: nbformat.NotebookNode) -> None:
    at = next((n for n, other in enumerate(notebook.cells) if other.source.startswith(_LAST)), len(notebook.cells))
    notebook.cells.insert(at, cell)


def _refuse_absent_questions(notebook: nbformat.NotebookNode, chapter: str, path: Path, count: int) -> None:
    named = questions_named(notebook.cells[0].source) if notebook.cells else set()
    absent = sorted(number for number in named if number > count)
    if absent:
        there = f"has {count} questions" if count else "is missing"
        raise BadInput(
            f"Chapter {chapter}: an objective says that question {absent[0]} tests it, but {path} {there}. "
            "Write the question, or name what tests the objective."
        )


def _refuse_wrong_solutions(notebook: nbformat.NotebookNode, chapter: str) -> None:
    for cell in notebook.cells:
        if "check" not in cell.metadata.get("tags", []):
            continue
        said = [str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs]
        if not any(text.endswith(": right.") for text in said):
            raise EmolibError(
                f"Chapter {chapter}: its own solution does not pass its check: {' '.join(said) or 'it said nothing'} "
                f"Mend one of the two and run: python -m emolib run {chapter}"
            )
