"""What a chapter promises to teach, and what tests it: exercises and quiz questions, named at each objective.

Used by every chapter. The first cell lists the objectives under "After this chapter you can"; each ends with what tests
it, as in ``(exercise 2, question 1)``. On the page these become links.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import nbformat

from emolib.errors import BadInput
from emolib.site.teaching.quiz import quiz_anchor

HEADING = "**After this chapter you can**"
_ITEM = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)
_ONE = r"(?:exercise|question) [1-9]\d*"
_TESTED = re.compile(rf"\(({_ONE}(?:, {_ONE})*)\)(?=[;.]\s*$)")


@dataclass(frozen=True)
class Objective:
    """A sentence of the list, and the numbers of the exercises and questions that test it."""

    text: str
    exercises: tuple[int, ...]
    questions: tuple[int, ...]


def objectives(notebook: nbformat.NotebookNode, chapter: str) -> tuple[Objective, ...]:
    """The objectives of a chapter, read from its first cell.

    Raises :class:`BadInput` when there is no list, or an objective does not say what tests it. ``chapter`` is the name
    told in errors.
    """
    source = notebook.cells[0].source if notebook.cells else ""
    if HEADING not in source:
        raise BadInput(f"{chapter}: its first cell has no list under '{HEADING}'.")
    found = []
    for item in _ITEM.findall(source.split(HEADING, 1)[1]):
        text = " ".join(item.split())
        tested = _TESTED.search(text)
        if tested is None:
            raise BadInput(
                f"{chapter}: the objective '{text[:60]}' does not say what tests it; end it with '(exercise 1)', "
                "'(question 2)' or both."
            )
        named = [part.split() for part in tested[1].split(", ")]
        numbers = {kind: tuple(int(n) for k, n in named if k == kind) for kind in ("exercise", "question")}
        found.append(Objective(text[: tested.start()].strip(), numbers["exercise"], numbers["question"]))
    return tuple(found)


def questions_named(source: str) -> set[int]:
    """The numbers of the questions that the objectives in the first cell's Markdown name; none without objectives."""
    promised = source.partition(HEADING)[2]
    tested = (_TESTED.search(" ".join(item.split())) for item in _ITEM.findall(promised))
    return {int(number) for found in tested if found for number in re.findall(r"question (\d+)", found[1])}


def link_objectives(source: str, chapter: str) -> str:
    """The first cell's Markdown with links to what tests each objective. Text without objectives stays as it is."""

    def link(named: re.Match) -> str:
        kind, number = named[1], int(named[2])
        target = f"{chapter}-exercise-{number}" if kind == "exercise" else quiz_anchor(number)
        return f'<a href="#{target}">{kind} {number}</a>'

    if HEADING not in source:
        return source
    before, after = source.split(HEADING, 1)
    lines = [
        _TESTED.sub(lambda found: re.sub(r"(exercise|question) (\d+)", link, found[0]), line)
        for line in after.split("\n")
    ]
    return before + HEADING + "\n".join(lines)
