"""A notebook becomes a chapter."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from emolib.errors import BadInput, EmolibError
from emolib.site.chapters import numbered, prepare
from emolib.site.runs import read_run, read_runs, spoken_time
from tests.fixtures.book import ALTS, CHAPTER, code, figure, markdown, notebook, small_notebook, stream, write_run


def prepared(tmp_path: Path, *cells: nbformat.NotebookNode, strict: bool = True) -> nbformat.NotebookNode:
    book = notebook(*cells) if cells else small_notebook()
    return prepare(read_run(write_run(tmp_path, book), "laptop"), strict=strict)


def sources(book: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in book.cells]


def test_what_belongs_to_the_machine_is_gone(tmp_path):
    text = nbformat.writes(prepared(tmp_path))
    assert "somebody" not in text
    assert "papermill" not in text
    assert "loss 0.5" in text


def test_a_progress_bar_leaves_no_widget(tmp_path):
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "0%| | 0/3"}
    book = prepared(tmp_path, markdown("# Title"), code("fit()", nbformat.v4.new_output("display_data", widget)))
    assert book.cells[-1].outputs == []


def test_the_line_under_the_title_says_how_it_ran(tmp_path):
    first = prepared(tmp_path).cells[0].source.splitlines()
    assert first[0] == "# 1. A small chapter"
    assert "`laptop`" in first[2] and "cpu" in first[2] and "3 min 5 s" in first[2]


@pytest.mark.parametrize(
    "title, chapter, shown",
    [
        ("What is a label?", "00_emotions", "0. What is a label?"),
        ("3. Small pictures", "03_small", "3. Small pictures"),
        ("A page", "about", "A page"),
    ],
)
def test_a_title_has_the_number_of_its_file(title, chapter, shown):
    assert numbered(title, chapter) == shown


def test_a_chapter_needs_a_title(tmp_path):
    with pytest.raises(EmolibError, match=f"{CHAPTER} has no title"):
        prepared(tmp_path, markdown("## Not a title"))


def test_an_exercise_is_boxed_and_its_whole_solution_folded(tmp_path):
    cells = sources(prepared(tmp_path))
    box = next(index for index, source in enumerate(cells) if "{exercise}" in source)
    assert "{exercise} Exercise 1: How many folds?" in cells[box]
    assert "### Exercise" not in cells[box]
    assert cells[box + 1].startswith("```{solution-start} 01_small-exercise-1")
    assert cells[box + 3] == "print(3)"
    assert cells[box + 4].startswith("```{solution-end}")


def test_a_box_outlasts_every_fence_inside_it(tmp_path):
    text = (
        "### Exercise 1\n\n:::::{note}\nRead this.\n:::::\n\n```python\n# a comment, no heading\n```\n\n#### A heading"
    )
    box = prepared(tmp_path, markdown("# Title"), markdown(text, "exercise")).cells[1].source
    assert box.startswith("::::::{exercise}") and box.endswith("\n::::::")
    assert "# a comment, no heading" in box
    assert "**A heading**" in box and "#### " not in box


def test_exercises_without_a_number_are_counted(tmp_path):
    cells = sources(
        prepared(
            tmp_path,
            markdown("# T"),
            markdown("### Swap the loss\n\nDo.", "exercise"),
            markdown("Just do.", "exercise"),
        )
    )
    assert "{exercise} Exercise 1: Swap the loss" in cells[1]
    assert "{exercise} Exercise 2\n" in cells[2] and "Just do." in cells[2]


def test_a_solution_at_the_very_end_is_closed(tmp_path):
    cells = sources(
        prepared(tmp_path, markdown("# T"), markdown("Do.", "exercise"), code("done()", tags=("solution",)))
    )
    assert cells[-1].startswith("```{solution-end}")


@pytest.mark.parametrize("between", [[], [markdown("Do.", "exercise"), markdown("Something else.")]])
def test_a_solution_without_its_exercise_is_refused(tmp_path, between):
    with pytest.raises(EmolibError, match="cell 'answer = 42' is tagged 'solution'"):
        prepared(tmp_path, markdown("# T"), *between, code("answer = 42", tags=("solution",)))


def test_a_figure_without_description_is_named(tmp_path):
    cells = [markdown("# T"), code("draw()\nmore()", figure(1, ALTS[0]), figure(2, None))]
    with pytest.raises(EmolibError, match=r"cell 2 \(draw\(\)\): its picture has no alt text"):
        prepared(tmp_path, *cells)
    assert len(prepared(tmp_path, *cells, strict=False).cells) == 2


def test_a_chapter_with_a_failed_cell_is_refused(tmp_path):
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no such corpus", traceback=[])
    with pytest.raises(EmolibError, match=r"cell 2 \(load\(\)\) failed with ValueError: no such corpus"):
        prepared(tmp_path, markdown("# T"), code("load()", error))


def test_the_same_run_gives_the_same_bytes(tmp_path):
    first, second = (nbformat.writes(prepared(tmp_path)) for _ in range(2))
    assert first == second
    nbformat.validate(nbformat.reads(first, as_version=4))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "\0"]
)
def test_a_file_that_is_no_notebook_is_named(tmp_path, content):
    run = read_run(write_run(tmp_path, small_notebook()), "laptop")
    run.notebook.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match="notebook.ipynb"):
        prepare(run)


def test_a_profile_that_never_ran_is_told_with_the_command(tmp_path):
    with pytest.raises(BadInput, match="python -m emolib run --profile paper"):
        read_runs(tmp_path, "paper")


@pytest.mark.parametrize("name", ["run.json", "metrics.json"])
@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_a_broken_record_of_a_run_is_named(tmp_path, name, content):
    folder = write_run(tmp_path, small_notebook())
    (folder / name).unlink() if content is None else (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=name):
        read_runs(tmp_path, "laptop")


def test_runs_come_in_the_order_of_their_names(tmp_path):
    for name in ("02_b", "00_a", "01_c"):
        write_run(tmp_path, notebook(markdown("# T"), code("1", stream("stdout", "1"))), name=name)
    (tmp_path / "runs" / "laptop" / "03_half_run").mkdir()
    assert [run.name for run in read_runs(tmp_path, "laptop")] == ["00_a", "01_c", "02_b"]
    assert read_runs(tmp_path / "elsewhere", "laptop", tmp_path / "runs") == read_runs(tmp_path, "laptop")
    assert json.loads((tmp_path / "runs/laptop/00_a/metrics.json").read_text())["seed"] == 7


@pytest.mark.parametrize("seconds, said", [(0.4, "0 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (7260, "2 h 1 min")])
def test_times_are_said_as_people_do(seconds, said):
    assert spoken_time(seconds) == said
