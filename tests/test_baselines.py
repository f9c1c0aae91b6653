"""Today's numbers against agreed ones: planted runs beside planted baselines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emolib import baselines
from emolib.__main__ import main
from emolib.errors import BadInput, Unavailable

ROOT = Path(__file__).parents[1]
R = "tiny/table1/all/oasis/valence_r"
MSE = "tiny/table1/all/oasis/valence_mse"
COUNT = "tiny/statistics/pictures/oasis/count"
OTHER = "tiny/table1/all/cgna10766/valence_r"


def metric(value: float | None, low: float | None = None, high: float | None = None) -> dict:
    return {"value": value, "low": low, "high": high, "n": 40, "unit": "groups"}


def entry(value: float, tolerance: float, reason: str = "agreed on") -> dict:
    return {"value": value, "tolerance": tolerance, "reason": reason}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project; its baselines are in tests/baselines, its runs in runs."""
    for folder in ("emolib", "notebooks"):
        (tmp_path / folder).mkdir()
    monkeypatch.delenv("EMOLIB_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plant_run(
    project: Path, metrics: dict, corpora: tuple[str, ...] = ("oasis",), chapter: str = "01_tiny", profile: str = "ci"
) -> None:
    folder = project / "runs" / profile / chapter
    folder.mkdir(parents=True, exist_ok=True)
    content = {"schema": 1, "chapter": chapter, "profile": profile, "seed": 0, "corpora": dict.fromkeys(corpora, "0")}
    content |= {"versions": {}, "metrics": metrics, "timings": {}}
    (folder / "metrics.json").write_text(json.dumps(content), "utf-8")


def plant_baseline(project: Path, entries: object, profile: str = "ci") -> Path:
    path = project / "tests" / "baselines" / f"{profile}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries), "utf-8")
    return path


def statuses(report: baselines.Report) -> dict[str, str]:
    return {row.name: row.status for row in report.rows}


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", "--profile", "ci", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_a_metric_within_its_tolerance_is_ok(project: Path) -> None:
    plant_run(project, {R: metric(0.55), MSE: metric(1.5), COUNT: metric(814.0)})
    plant_baseline(project, {R: entry(0.5, 0.0625), MSE: entry(1.5, 0.0), COUNT: entry(814, 0.0, "a count")})
    report = baselines.compare("ci")
    assert report.ok and statuses(report) == {R: "ok", MSE: "ok", COUNT: "ok"}
    code, output = check()
    assert (code, output.strip()) == (0, "ci: 3 ok")


@pytest.mark.parametrize("value", [0.4374, 0.5626, -0.5, None])
def test_a_metric_beyond_its_tolerance_is_changed(project: Path, value: float | None) -> None:
    plant_run(project, {R: metric(value), MSE: metric(1.5)})
    plant_baseline(project, {R: entry(0.5, 0.0625, "a third of its interval"), MSE: entry(1.5, 0.1)})
    report = baselines.compare("ci")
    assert not report.ok and statuses(report) == {R: "changed", MSE: "ok"}
    code, output = check()
    assert code == 1
    (line,) = [line for line in output.splitlines() if R in line]
    assert line.startswith("changed") and "0.5" in line and "0.0625" in line and "a third of its interval" in line
    assert MSE not in output and "1 ok, 1 changed" in output


def test_a_metric_that_its_corpus_could_have_given_is_missing(project: Path) -> None:
    plant_run(project, {R: metric(0.5)})
    plant_baseline(project, {R: entry(0.5, 0.1), MSE: entry(1.5, 0.1)})
    report = baselines.compare("ci")
    assert not report.ok and statuses(report) == {R: "ok", MSE: "missing"}
    code, output = check()
    assert code == 1 and f"missing  {MSE}: none" in output


def test_a_metric_of_a_corpus_that_is_not_here_is_absent(project: Path) -> None:
    plant_run(project, {R: metric(0.5)})
    plant_baseline(project, {R: entry(0.5, 0.1), OTHER: entry(0.4, 0.1)})
    report = baselines.compare("ci")
    assert report.ok and statuses(report) == {R: "ok", OTHER: "absent"}
    code, output = check()
    assert code == 0 and output.strip() == "ci: 1 ok, 1 absent"


def test_a_number_that_differs_where_a_corpus_of_its_chapter_is_not_here_is_no_change(project: Path) -> None:
    """Without photographs a chapter trains on something else: its baseline says nothing of that."""
    simulated = "tiny/table1/all/scenes/accuracy"
    plant_run(project, {R: metric(0.5), simulated: metric(0.5)}, ("oasis", "scenes"))
    assert check("--write")[0] == 0
    plant_run(project, {simulated: metric(0.9)}, ("scenes",))
    report = baselines.compare("ci")
    assert report.ok and statuses(report) == {R: "absent", simulated: "absent"}
    plant_run(project, {R: metric(0.5), simulated: metric(0.9)}, ("oasis", "scenes"))
    assert statuses(baselines.compare("ci")) == {R: "ok", simulated: "changed"}


def test_a_metric_without_baseline_is_new(project: Path) -> None:
    plant_run(project, {R: metric(0.5), MSE: metric(1.5)})
    plant_baseline(project, {R: entry(0.5, 0.1)})
    report = baselines.compare("ci")
    assert report.ok and statuses(report) == {R: "ok", MSE: "new"}
    code, output = check()
    assert code == 0 and f"new      {MSE}: 1.5" in output


def test_chapters_are_looked_at_together(project: Path) -> None:
    plant_run(project, {R: metric(0.5)}, chapter="01_tiny")
    plant_run(project, {OTHER: metric(0.1)}, ("cgna10766",), chapter="02_other")
    plant_run(project, {MSE: metric(99.0)}, profile="laptop")
    plant_baseline(project, {R: entry(0.5, 0.1), OTHER: entry(0.4, 0.1)})
    assert statuses(baselines.compare("ci")) == {R: "ok", OTHER: "changed"}


def test_nothing_run_is_an_error_that_names_the_command(project: Path) -> None:
    plant_baseline(project, {R: entry(0.5, 0.1)})
    with pytest.raises(Unavailable, match="python -m emolib run --profile ci"):
        baselines.compare("ci")
    code, output = check()
    assert code == 1 and output.startswith("Error: runs/ci: no chapter has been run") and "Traceback" not in output


def test_write_makes_today_the_baseline(project: Path) -> None:
    plant_run(
        project,
        {
            R: metric(0.512345, 0.4, 0.7),
            MSE: metric(1.5),
            COUNT: metric(814.0),
            "tiny/table1/all/oasis/nothing_r": metric(None),
            "tiny/table1/all/oasis/narrow_r": metric(0.9, 0.8999, 0.9001),
        },
    )
    plant_baseline(project, {R: entry(-0.5, 0.1), OTHER: entry(0.4, 0.1, "kept")})
    assert check()[0] == 1
    code, output = check("--write")
    assert code == 0 and f"changed  {R}" in output and "written: " in output  # the difference first
    path = project / "tests" / "baselines" / "ci.json"
    assert [file.name for file in path.parent.iterdir()] == ["ci.json"]
    entries = json.loads(path.read_text("utf-8"))
    assert entries.keys() == {R, MSE, COUNT, OTHER, "tiny/table1/all/oasis/narrow_r"}
    assert entries[OTHER] == entry(0.4, 0.1, "kept")
    assert entries[R] == entry(0.5123, 0.15, "half of its 95% interval over 40 groups") | {"chapter": "01_tiny"}
    assert entries[MSE] == entry(1.5, 0.03, "2% of the value; it has no interval") | {"chapter": "01_tiny"}
    assert entries[COUNT] == entry(814.0, 0.0, "a count") | {"chapter": "01_tiny"}
    assert entries["tiny/table1/all/oasis/narrow_r"]["tolerance"] == 0.005
    # What was written holds, and writing it once more changes nothing.
    assert check()[0] == 0
    before = path.read_bytes()
    assert check("--write")[0] == 0 and path.read_bytes() == before
    # A tolerance tells a change from rounding.
    plant_run(project, {R: metric(0.72, 0.5, 0.8), MSE: metric(1.5), COUNT: metric(813.0)})
    assert statuses(baselines.compare("ci")) == {
        R: "changed", MSE: "ok", COUNT: "changed", OTHER: "absent", "tiny/table1/all/oasis/narrow_r": "missing",
    }  # fmt: skip


def test_write_forgets_what_is_no_longer_measured(project: Path) -> None:
    gone, undefined = "tiny/table1/all/oasis/gone_r", "tiny/table1/all/oasis/undefined_r"
    elsewhere, exploded = "tiny/table1/all/oasis/elsewhere_r", EXPLODED.replace("scenes", "oasis")
    plant_run(project, {R: metric(0.5), undefined: metric(None), exploded: metric(None)})
    kept = {
        OTHER: entry(0.4, 0.1),  # its corpus is not here
        elsewhere: entry(0.4, 0.1) | {"chapter": "02_not_run"},
    }
    plant_baseline(project, {R: entry(0.5, 0.1), gone: entry(0.3, 0.1), undefined: entry(0.2, 0.1)} | kept)
    code, output = check("--write")
    assert code == 0 and f"missing  {gone}" in output and f"changed  {undefined}: none" in output
    entries = json.loads((project / "tests" / "baselines" / "ci.json").read_text("utf-8"))
    assert entries.keys() == {R, exploded, *kept} and {name: entries[name] for name in kept} == kept
    assert "left_out" in entries[exploded]
    code, output = check()
    assert code == 0 and gone not in output


EXPLODED = "jacobson2019/poster/fractalnet/scenes/accuracy"


def test_what_no_tolerance_fits_is_left_out_with_its_reason(project: Path) -> None:
    healthy = EXPLODED.replace("fractalnet", "resnet")
    plant_run(project, {EXPLODED: metric(0.13, 0.1, 0.16), healthy: metric(0.3, 0.2, 0.4)}, ("scenes",))
    assert check("--write")[0] == 0
    entries = json.loads((project / "tests" / "baselines" / "ci.json").read_text("utf-8"))
    assert entries[EXPLODED].keys() == {"left_out", "chapter"} and "rounding" in entries[EXPLODED]["left_out"]
    assert entries[healthy]["value"] == 0.3
    plant_run(project, {EXPLODED: metric(0.5), healthy: metric(0.3)}, ("scenes",))
    assert statuses(baselines.compare("ci")) == {EXPLODED: "left out", healthy: "ok"}
    assert check() == (0, "ci: 1 ok, 1 left out\n")


def test_chapters_with_changes_come_first_and_new_metrics_do_not_drown_them(project: Path) -> None:
    fresh = {f"aaa/table1/system{i}/oasis/valence_r": metric(0.1) for i in range(9)}
    plant_run(project, fresh, chapter="00_first")
    plant_run(project, {R: metric(0.9), MSE: metric(1.5)}, chapter="01_tiny")
    plant_baseline(project, {R: entry(0.5, 0.1), MSE: entry(1.5, 0.1)})
    code, output = check()
    lines = output.splitlines()
    assert code == 1 and lines[0] == "01_tiny: 1 changed" and lines[1].startswith("changed") and R in lines[1]
    assert lines[2] == "00_first: 9 new" and lines[-2] == "new      and 4 more" and len(lines) == 10
    assert lines[-1] == "ci: 1 ok, 1 changed, 9 new"


def test_a_chapter_that_was_not_run_is_absent_and_one_that_lost_a_metric_is_not(project: Path) -> None:
    plant_run(project, {R: metric(0.5), OTHER: metric(0.4)}, ("oasis", "cgna10766"))
    plant_run(project, {MSE: metric(1.5)}, chapter="02_other")
    assert check("--write")[0] == 0
    (project / "runs" / "ci" / "02_other" / "metrics.json").unlink()
    assert statuses(baselines.compare("ci")) == {R: "ok", OTHER: "ok", MSE: "absent"}
    plant_run(project, {R: metric(0.5)}, ("oasis", "cgna10766"))
    assert statuses(baselines.compare("ci")) == {R: "ok", OTHER: "missing", MSE: "absent"}


def test_a_share_without_interval_may_move_by_a_few_of_what_it_counts(project: Path) -> None:
    plant_run(project, {"tiny/table1/all/oasis/accuracy": metric(0.5)})
    assert check("--write")[0] == 0
    (found,) = json.loads((project / "tests" / "baselines" / "ci.json").read_text("utf-8")).values()
    assert found["tolerance"] == pytest.approx(4 / 40) and "four of 40 groups" in found["reason"]


@pytest.mark.parametrize(
    "text",
    [
        "", "not JSON", "[]", "3", '{"a/b/c/d/e": 3}', '{"a/b/c/d/e": {"value": 1, "tolerance": 1}}',
        '{"a/b/c/d/e": {"value": "x", "tolerance": 1, "reason": "r"}}',
        '{"a/b/c/d/e": {"value": null, "tolerance": 1, "reason": "r"}}',
        '{"short": {"value": 1, "tolerance": 1, "reason": "r"}}',
    ],
)  # fmt: skip
def test_a_corrupt_baseline_is_refused_and_left_as_it_is(project: Path, text: str) -> None:
    plant_run(project, {R: metric(0.5)})
    path = plant_baseline(project, text)
    with pytest.raises(BadInput, match="not a baseline"):
        baselines.compare("ci")
    for arguments in ([], ["--write"]):
        code, output = check(*arguments)
        assert code == 1 and str(path) in output and "Traceback" not in output
    assert path.read_text("utf-8") == text


COMMITTED = sorted((ROOT / "tests" / "baselines").glob("*.json"))


@pytest.mark.skipif(not COMMITTED, reason="no baseline has been committed")
def test_committed_baselines_are_well_formed() -> None:
    for path in COMMITTED:
        assert path.stem in ("ci", "laptop", "open", "paper"), path
        entries = json.loads(path.read_text("utf-8"))
        assert entries, path
        for name, found in entries.items():
            assert name.count("/") == 4 and all(name.split("/")), name
            if "left_out" in found:
                assert found["left_out"].strip(), name
                continue
            assert {"value", "tolerance", "reason"} <= found.keys() <= {"value", "tolerance", "reason", "chapter"}, name
            assert isinstance(found["value"], int | float) and found["tolerance"] >= 0, name
            assert found["reason"].strip(), name
