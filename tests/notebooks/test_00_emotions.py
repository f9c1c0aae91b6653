"""Chapter 0 from its first cell to its last, without any data and with photographs made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.corpora import write_oasis
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

pytestmark = pytest.mark.slow

CHAPTER = "00_emotions_and_images"
PROMISED = {
    f"emotions/bounds/{what}/scenes/accuracy" for what in ("bayes", "object_only", "colour_only", "majority")
} | {f"emotions/probe/lite0/{corpus}/accuracy" for corpus in ("scenes", "scenes_off")}


def test_without_data_every_cell_runs_on_what_pip_installed(places: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=True)
    check_ran_whole(notebook)
    check_numbers(metrics)
    assert PROMISED <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"openmoji", "scenes"}
    shown = "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    assert "oasis is not within reach" in shown


def test_with_photographs_people_have_a_ceiling(places: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=12)
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=True)
    check_ran_whole(notebook)
    assert set(metrics["corpora"]) == {"oasis", "openmoji", "scenes"}
    for target in ("valence", "arousal"):
        of_all, of_one = (
            metrics["metrics"][f"emotions/ceiling/{slug}/oasis/{target}_r"]["value"] for slug in ("mean", "one_person")
        )
        assert 0 <= of_one <= of_all <= 1
