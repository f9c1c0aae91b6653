"""Student notebooks read well in Jupyter: no markup of the book, numbered exercises, a profile that can be chosen."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nbformat
import pytest

from emolib import exercises
from emolib.errors import BadInput
from emolib.site.chapters import exercise_title
from emolib.site.teaching.__main__ import main
from emolib.site.teaching.citations import in_words
from emolib.site.teaching.student import student_notebooks, without_solutions
from tests.fixtures.book import markdown, notebook

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(exercises.CHECKS)
BIBLIOGRAPHY = ROOT / "book" / "references.bib"


@pytest.fixture(scope="module")
def students() -> dict[str, nbformat.NotebookNode]:
    return {name: nbformat.reads(content.decode(), 4) for name, content in student_notebooks(ROOT).items()}


def words(book: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_student_sees_no_markup_that_jupyter_does_not_know(name, students):
    text = words(students[name])
    assert not re.findall(r"\{[a-z:]+\}`", text) and not re.findall(r"^(?::::|```\{)", text, re.MULTILINE)


@pytest.mark.parametrize("name", CHAPTERS)
def test_objectives_name_exercises_by_the_numbers_that_stand_there(name, students):
    text = words(students[name])
    named = {int(number) for number in re.findall(r"exercise (\d)", students[name].cells[0].source)}
    assert sorted(named) == [int(number) for number in re.findall(r"^### Exercise (\d): \S", text, re.MULTILINE)]
    assert '"Check yourself" on the page of this chapter: <https://' in students[name].cells[0].source
    assert f"/chapters/{name}.html>" in students[name].cells[0].source


@pytest.mark.parametrize(
    "written, read",
    [
        ("Six words {cite}`mikels2005`.", "Six words (Mikels et al. 2005)."),
        ("{cite:p}`kim2017,ekman1992`", "(Kim et al. 2017; Ekman 1992)"),
        ("as {cite:t}`bradley1994` say", "as Bradley and Lang (1994) say"),
        ("Dawid and Skene {cite}`dawid1979` count", "Dawid and Skene (1979) count"),
        ("a map\n{cite}`vandermaaten2008`", "a map\n(van der Maaten and Hinton 2008)"),
        ("fast {cite}`raasveldt2019`", "fast (Raasveldt and Mühleisen 2019)"),
        ("in {term}`folds <fold>` of {term}`valence`", "in folds of valence"),
        ("{math}`x^2` and `{plain: code}`", "$x^2$ and `{plain: code}`"),
    ],
)
def test_roles_become_words(written, read):
    assert in_words(written, BIBLIOGRAPHY) == read


def test_a_work_that_the_bibliography_does_not_have_is_told():
    with pytest.raises(BadInput, match="no work 'nobody1900'"):
        in_words("{cite}`nobody1900`", BIBLIOGRAPHY)


@pytest.mark.parametrize("written", ["### Steps\n\nCount.", "**Steps.**\n\nCount.", "## Exercise 1: Steps\nCount."])
def test_an_exercise_is_called_as_in_the_book(written):
    cell = markdown(written, "exercise")
    shown = without_solutions(notebook(cell), "T").cells[0].source
    assert shown == "### Exercise 1: Steps\n\nCount."
    assert shown.startswith(f"### {exercise_title(written, 1)[0]}")


def test_students_get_the_profile_that_was_asked_for(students, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main([str(tmp_path), "--profile", "ci"]) == 0
    for name, usual in students.items():
        own = nbformat.read(tmp_path / f"{name}.ipynb", 4)
        changed = [(a.source, b.source) for a, b in zip(usual.cells, own.cells, strict=True) if a.source != b.source]
        assert len(changed) == 1
        assert changed[0][0].replace('profile = "laptop"', 'profile = "ci"') == changed[0][1] != changed[0][0]


def test_an_unknown_profile_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main([str(tmp_path / "new"), "--profile", "laptopp"]) == 1
    assert "'laptopp' is unknown; use ci, laptop" in capsys.readouterr().err and not (tmp_path / "new").exists()


def test_make_hands_the_profile_on():
    command = ["make", "--dry-run", "students", "PROFILE=ci", "STUDENTS=out"]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no make on this machine")
    assert 'emolib.site.teaching "out" --profile "ci"' in said
