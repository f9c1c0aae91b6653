"""Student notebooks, quizzes, objectives and plans: how they are made, and that the book's own are in order."""

from __future__ import annotations

import ast
import builtins
import json
import re
import symtable
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml

from emolib import exercises
from emolib.errors import BadInput, EmolibError
from emolib.site import teaching
from emolib.site.chapters import exercise_title
from emolib.site.runs import read_runs
from emolib.site.teaching.citations import in_words
from emolib.site.teaching.objectives import link_objectives, objectives
from emolib.site.teaching.plans import plan_pages
from emolib.site.teaching.quiz import read_quiz
from emolib.site.teaching.student import student_notebooks, without_solutions
from tests.fixtures.book import CHAPTER, code, markdown, notebook, small_notebook, stream, write_run

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(exercises.CHECKS)


@pytest.fixture(scope="module")
def sources() -> dict[str, nbformat.NotebookNode]:
    return {name: jupytext.read(ROOT / "notebooks" / f"{name}.py") for name in CHAPTERS}


@pytest.fixture(scope="module")
def students() -> dict[str, bytes]:
    return student_notebooks(ROOT)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def tagged(book: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in book.cells if tag in tags(cell)]


def assigned_and_used(cells: list[nbformat.NotebookNode]) -> tuple[set[str], set[str]]:
    """Names that cells define at the top level, and names that they read anywhere."""
    stored, loaded = set(), set()
    for cell in cells:
        tree = ast.parse(re.sub(r"^\s*[%!].*", "pass", cell.source, flags=re.MULTILINE))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                (loaded if isinstance(node.ctx, ast.Load) else stored).add(node.id)
            elif isinstance(node, ast.FunctionDef):
                stored.add(node.name)
    return stored, loaded


def as_read(cell: nbformat.NotebookNode) -> str:
    """What a student reads of a cell: code as it is, words without roles, of an exercise what is below its title."""
    if cell.cell_type == "code":
        return cell.source
    source = in_words(cell.source, ROOT / "book" / "references.bib")
    return "\n".join(exercise_title(source, 1)[1]) if "exercise" in tags(cell) else source


# ---- student notebooks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_student_gets_everything_but_the_solutions(name, sources, students):
    source, student = sources[name], nbformat.reads(students[name].decode(), 4)
    nbformat.validate(student)
    text = "\n".join(cell.source for cell in student.cells)
    answers = [cell.source for cell in tagged(source, "solution") if "check" not in tags(cell)]
    assert answers and not [answer for answer in answers if answer in text]
    # Every other cell is there, in its order, and the parameters can be set.
    kept = [as_read(cell) for cell in source.cells if "solution" not in tags(cell) or "check" in tags(cell)]
    there = iter([cell.source for cell in student.cells])
    assert all(any(other.endswith(own) or other.startswith(own) for other in there) for own in kept)
    assert len(tagged(student, "parameters")) == 1 and "%pip install" in student.cells[1].source
    assert len(tagged(student, "check")) == len(tagged(source, "exercise")) == text.count(": your answer")
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in student.cells)


def test_the_same_sources_give_the_same_bytes(students):
    assert student_notebooks(ROOT) == students


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_below_the_exercises_needs_a_solution(name, sources):
    cells = sources[name].cells
    first = next(number for number, cell in enumerate(cells) if "solution" in tags(cell))
    own, _ = assigned_and_used([c for c in cells[first:] if c.cell_type == "code" and "solution" in tags(c)])
    before, _ = assigned_and_used([c for c in cells[:first] if c.cell_type == "code"])
    rest = [c for c in cells[first:] if c.cell_type == "code" and "solution" not in tags(c)]
    _, used = assigned_and_used(rest)
    assert not used & (own - before)


def test_a_solution_of_many_cells_becomes_one_prompt():
    book = notebook(
        markdown("# T"),
        markdown("### One", "exercise"),
        markdown("because", "solution"),
        code("secret = 1", tags=("solution",)),
        markdown("### Two", "exercise"),
        code("secret = 2", tags=("solution",)),
        code("check()", tags=("solution", "check")),
    )
    cells = without_solutions(book, "T").cells
    assert [cell.source.split(":")[0] for cell in cells] == [
        "# T", "### Exercise 1", "*Exercise 1", "### Exercise 2", "# Exercise 2", "check()"
    ]  # fmt: skip


def test_a_solution_without_an_exercise_is_refused():
    with pytest.raises(BadInput, match="T: .*above the first exercise"):
        without_solutions(notebook(code("x = 1", tags=("solution",))), "T")


# ---- exercises, quizzes, objectives of the book ----------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exercise_has_its_check_and_every_objective_a_test_that_exists(name, sources):
    book = sources[name]
    count = len(tagged(book, "exercise"))
    assert count == len(exercises.CHECKS[name])
    called = [re.search(r"check\(run\.chapter, (\d+), globals\(\)\)", cell.source) for cell in tagged(book, "check")]
    assert [int(call[1]) for call in called if call] == list(range(1, count + 1))
    questions = read_quiz(ROOT / "book" / "quizzes" / f"{name}.yml")
    promised = objectives(book, name)
    assert len(promised) >= 3
    assert {n for each in promised for n in each.exercises} == set(range(1, count + 1))
    assert {n for each in promised for n in each.questions} == set(range(1, len(questions) + 1))


def test_every_quiz_belongs_to_a_chapter():
    chapters = {path.stem for path in (ROOT / "notebooks").glob("*.py")}
    assert {path.stem for path in (ROOT / "book" / "quizzes").glob("*.yml")} <= chapters


def test_objectives_say_what_tests_them():
    book = notebook(markdown("# T\n\n**After this chapter you can**\n\n- walk (exercise 2, question 1);\n- run."))
    with pytest.raises(BadInput, match="'run.' does not say what tests it"):
        objectives(book, "T")
    with pytest.raises(BadInput, match="no list"):
        objectives(notebook(markdown("# T")), "T")
    linked = link_objectives(book.cells[0].source, "00_t")
    assert '<a href="#00_t-exercise-2">exercise 2</a>, <a href="#quiz-question-1">question 1</a>);' in linked


def quiz(tmp_path: Path, change) -> Path:  # noqa: ANN001
    """A quiz of three questions, after `change`."""
    choices = [{"text": "a", "because": "so", "right": True}, {"text": "b", "because": "no"}]
    content = [{"question": f"Why {n}?", "choices": [dict(choice) for choice in choices]} for n in "xyz"]
    path = tmp_path / "quiz.yml"
    path.write_text(yaml.safe_dump(change(content) or content), encoding="utf-8")
    return path


def test_a_quiz_is_read(tmp_path):
    questions = read_quiz(quiz(tmp_path, lambda content: None))
    assert [question.text for question in questions] == ["Why x?", "Why y?", "Why z?"]
    assert [choice.right for choice in questions[0].choices] == [True, False]


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda q: q[:2], "3 to 5 questions"),
        (lambda q: q[1].pop("choices") and None, "question 2: it needs the keys"),
        (lambda q: q[0]["choices"][1].update(right=True), "question 1: exactly one choice"),
        (lambda q: q[0]["choices"][0].pop("right") and None, "question 1: exactly one choice"),
        (lambda q: q[2]["choices"][1].update(text="a"), "question 3: two choices are the same"),
        (lambda q: q[0]["choices"][1].update(because=" "), "question 1, choice 2: a text is missing"),
        (lambda q: q[0]["choices"][1].update(hint="x"), "question 1, choice 2: it needs text and because"),
        (lambda q: q[0].update(question="Why does it reach 61%?"), "measured number"),
        (lambda q: q[0]["choices"][0].update(because="It has r = .57."), "measured number"),
    ],
)
def test_a_quiz_that_is_none_is_refused_by_name(tmp_path, change, told):
    with pytest.raises(BadInput, match=re.escape(told)):
        read_quiz(quiz(tmp_path, change))


# ---- plans -----------------------------------------------------------------------------------------------------------


def plans(project: Path, content: object) -> dict[str, str]:
    path = project / "book" / "instructor" / "plans.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return plan_pages(path, read_runs(project, "laptop"))


def test_a_plan_keeps_the_clock_and_tells_what_the_run_took(project):
    rows = [{"minutes": 45, "what": "Look"}, {"minutes": 90, "what": "Run", "chapter": CHAPTER}]
    pages = plans(project, {"short": [{"start": "9:30", "rows": rows}]})
    assert "| 10:15 | 90 min | Run | [](../chapters/01_small.ipynb) | 3 min 5 s |" in pages["short"]
    assert "| 11:45 |  | End |" in pages["short"]
    assert "3 min 5 s | `laptop` | cpu |" in pages["times"]


def test_a_plan_calls_a_chapter_without_a_page_by_its_title(project):
    (project / "notebooks").mkdir()
    source = "# %% [markdown]\n# # Left out\n#\n# Text.\n"
    (project / "notebooks" / "02_left_out.py").write_text(source, encoding="utf-8")
    row = {"minutes": 45, "what": "Look", "chapter": "02_left_out"}
    page = plans(project, {"long": [{"start": "9:00", "rows": [row]}] * 2})["long"]
    assert page.count("| Look | Left out | not run here |") == 2
    assert re.findall(r"^## .*", page, flags=re.MULTILINE) == ["## Day 1", "## Day 2"]


@pytest.mark.parametrize(
    "row, told",
    [
        ({"minutes": 0, "what": "x"}, "minutes is a whole number from 1"),
        ({"minutes": 5, "what": "x", "chapter": "99_none"}, "no chapter 99_none"),
        ({"minutes": 5}, "each row needs minutes and what"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(project, row, told):
    with pytest.raises(BadInput, match=told):
        plans(project, {"short": [{"start": "9:30", "rows": [row]}]})
    with pytest.raises(BadInput, match="start is a time"):
        plans(project, {"short": [{"start": "half past", "rows": []}]})


def test_the_books_own_plans_are_as_long_as_they_say():
    content = yaml.safe_load((ROOT / "book" / "instructor" / "plans.yml").read_text(encoding="utf-8"))
    hours = {name: [sum(row["minutes"] for row in day["rows"]) / 60 for day in days] for name, days in content.items()}
    assert 3 <= hours["half_day"][0] <= 4.5 and len(hours["half_day"]) == 1
    assert len(hours["two_days"]) == 2 and all(6 <= day <= 8 for day in hours["two_days"])
    named = {row.get("chapter") for days in content.values() for day in days for row in day["rows"]} - {None}
    # A plan may leave a chapter out.
    assert named <= set(CHAPTERS)


def outside(table: symtable.SymbolTable) -> set[str]:
    """Names that code reads without making them itself, in whichever of its functions."""
    mine = {one.get_name() for one in table.get_symbols() if one.is_referenced() and one.is_global()}
    return mine.union(*(outside(child) for child in table.get_children()))


def test_the_exercise_of_half_a_day_needs_nothing_below_the_folds(sources):
    """What the plan lets people run has to define what the exercise reads."""
    cells = sources["02_kim2017_valence_arousal"].cells
    titles = [cell.source.partition("\n")[0] if cell.cell_type == "markdown" else "" for cell in cells]
    folds, exercise = titles.index("## Folds that don't leak"), titles.index("### One series out")
    below = next(n for n in range(folds + 1, len(cells)) if titles[n].startswith("## "))
    # The cell below the heading of all exercises loads their checks.
    begun = [*cells[:below], cells[titles.index("## Exercises") + 1]]
    ran, answer = (
        symtable.symtable("\n".join(cell.source for cell in part if cell.cell_type == "code"), "cells", "exec")
        for part in (begun, cells[exercise : exercise + 3])
    )
    names = [*ran.get_symbols(), *answer.get_symbols()]
    made = {one.get_name() for one in names if one.is_assigned() or one.is_imported()}
    read = outside(answer) | {one.get_name() for one in answer.get_symbols() if one.is_referenced()}
    assert {"roots", "StandardScaler", "exercises"} <= read
    assert read - made - set(dir(builtins)) == set()


# ---- the page --------------------------------------------------------------------------------------------------------


def result(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=1)


@pytest.mark.parametrize("said", [[result("Exercise 1: not yet. Longer.")], [stream("stdout", "nothing")], []])
def test_a_chapter_whose_solution_fails_its_check_is_not_built(tmp_path, said):
    book = notebook(markdown("# T"), code("check()", *said, tags=("solution", "check")))
    with pytest.raises(EmolibError, match="T: its own solution does not pass its check"):
        teaching.add_to_page(book, "T", tmp_path, {})


def test_an_objective_whose_question_is_not_there_stops_the_build(tmp_path):
    book = notebook(markdown("# T\n\n**After this chapter you can**\n\n- walk (exercise 1);\n- run\n  (question 4)."))
    path = tmp_path / "quizzes" / "T.yml"
    with pytest.raises(BadInput, match="question 4 tests it, but .*T.yml is missing. Write the question"):
        teaching.add_to_page(book, "T", tmp_path, {})
    path.parent.mkdir()
    quiz(path.parent, lambda content: None).rename(path)
    with pytest.raises(BadInput, match="question 4 tests it, but .*T.yml has 3 questions"):
        teaching.add_to_page(book, "T", tmp_path, {})
    book.cells[0].source = book.cells[0].source.replace("question 4", "question 3")
    teaching.add_to_page(book, "T", tmp_path, {})
    assert "quiz-question-3" in book.cells[-1].source


def test_links_stand_only_where_there_is_something(tmp_path):
    book = notebook(markdown("# T\n\nText."), code("check()", result("Exercise 1: right."), tags=("check",)))
    teaching.add_to_page(book, "T", tmp_path, {})
    assert "../slides/T.html" in book.cells[0].source and "student" not in book.cells[0].source
    book = notebook(markdown("# T"), markdown(":::{exercise} One"))
    teaching.add_to_page(book, "T", tmp_path, {"student/T.ipynb": b""})
    assert book.cells[0].source.count("../student/T.ipynb") == 1 and "../student/T.ipynb" in book.cells[1].source


def test_what_a_reader_downloads_changes_with_the_run(project):
    runs = read_runs(project, "laptop")
    first = teaching.downloads(project, runs, {})
    assert {f"slides/{CHAPTER}.html", "_static/slides/reveal.js"} <= set(first)
    assert teaching.digest(first) == teaching.digest(teaching.downloads(project, runs, {}))
    changed = small_notebook()
    changed.cells[0].source += "\n\nMore."
    write_run(project, changed)
    assert teaching.digest(teaching.downloads(project, read_runs(project, "laptop"), {})) != teaching.digest(first)


def test_the_built_page_offers_slides(built):
    html = built / "book" / "_build" / "html"
    page = (html / "chapters" / f"{CHAPTER}.html").read_text(encoding="utf-8")
    assert f'href="../slides/{CHAPTER}.html"' in page and (html / "slides" / f"{CHAPTER}.html").is_file()
    state = json.loads((built / "book" / "_build" / "site.json").read_text(encoding="utf-8"))
    assert len(state["fingerprint"]) > 64
