"""Runs a chapter as a reader would, and looks at what it left. Used by the test of every chapter."""

from __future__ import annotations

import json
import math
from pathlib import Path

import nbformat

from emolib import course, runner


def run_chapter(chapter: str, profile: str, data_root: Path | None, smoke: bool) -> tuple[dict, nbformat.NotebookNode]:
    """The metrics.json and the executed notebook of a run that has to end well."""
    parameters = {"seed": 0, "device": "cpu", "data_root": str(data_root) if data_root else None, "smoke": smoke}
    (result,) = runner.run([chapter], profile, parameters)
    assert (result.chapter, result.status) == (chapter, "done"), result.line()
    folder = course.runs_root() / (f"{profile}-smoke" if smoke else profile) / chapter
    return json.loads((folder / "metrics.json").read_text("utf-8")), nbformat.read(folder / "notebook.ipynb", 4)


def check_ran_whole(notebook: nbformat.NotebookNode, least_figures: int = 10) -> None:
    """Every code cell was executed, none left an error, every figure is described, the opening picture is there."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(figures) >= least_figures
    assert all(figure.metadata["image/png"]["alt"].strip() for figure in figures)
    # The chapter's own solutions pass the checks of its exercises.
    checks = [cell for cell in cells if "check" in cell.metadata.get("tags", [])]
    said = [output.get("data", {}).get("text/plain", "") for cell in checks for output in cell.outputs]
    assert len(said) == len(checks) and all(text.endswith(": right.") for text in said), said
    # A cell of the chapter has no error to warn of: what is on stderr is progress.
    text = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stderr")
    assert "Traceback" not in text


def check_numbers(metrics: dict) -> None:
    """Every metric has its parts, and every number is finite or honestly absent."""
    for name, metric in metrics["metrics"].items():
        assert set(metric) == {"value", "low", "high", "n", "unit"}, name
        for bound in ("value", "low", "high"):
            assert metric[bound] is None or math.isfinite(metric[bound]), name
        assert metric["n"] > 0, name
        if None not in (metric["low"], metric["high"]):
            assert metric["low"] <= metric["high"], name
