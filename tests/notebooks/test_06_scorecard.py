"""Chapter 6: with nothing run, with planted runs of the other chapters, and again when one of those has changed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from emolib import claims, course, runner
from emolib.claims import export, forest, overview
from emolib.errors import BadInput
from tests.fixtures.corpora import write_oasis
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

CHAPTER = "06_scorecard"
DIRECTIONS = [claim for claim in claims.claims() if claim.kind == "direction"]
CLAIM = next(claim for claim in DIRECTIONS if claim.id == "kim2017/claims/object_beats_low/valence")


def planted(chapter: str, metrics: dict[str, tuple[float, float | None, float | None]], corpus: str = "oasis") -> dict:
    entries = {
        name: {"value": value, "low": low, "high": high, "n": 9, "unit": "groups"}
        for name, (value, low, high) in metrics.items()
    }
    return {"schema": 1, "chapter": chapter, "profile": "ci", "seed": 0, "corpora": {corpus: "0"}, "versions": {},
            "metrics": entries, "timings": {"all": 1.0}}  # fmt: skip


def plant(content: dict, folder: str) -> None:
    path = course.runs_root() / folder / content["chapter"] / "metrics.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def text_of(notebook) -> str:  # noqa: ANN001
    return "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def every_direction(chapter: str, paper: str, corpus: str = "oasis") -> dict:
    """A run in which a paper's claims hold, are contradicted, and are inconclusive, in turn."""
    spans = [(0.2, 0.1, 0.3), (-0.2, -0.3, -0.1), (0.05, -0.1, 0.2)]
    own = [claim for claim in DIRECTIONS if claim.paper == paper]
    metrics = {(claim.metric or "").replace("{corpus}", corpus): spans[i % 3] for i, claim in enumerate(own)}
    return planted(chapter, metrics, corpus)


@pytest.mark.slow
def test_the_page_follows_what_was_run(places: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Nothing is run: the page says so, and still shows the papers.
    metrics, notebook = run_chapter(CHAPTER, "laptop", tmp_path / "nothing", smoke=True)
    check_ran_whole(notebook, least_figures=0)
    check_numbers(metrics)
    text = text_of(notebook)
    assert "Nothing has been run in the profile" in text and "oasis is not within reach" in text
    assert metrics["metrics"]["scorecard/verdicts/agrees/direction/count"]["value"] == 0

    write_oasis(tmp_path / "data", n_series=6)
    plant(every_direction("02_kim2017_valence_arousal", "kim2017"), "laptop-smoke")
    parameters = {"seed": 0, "device": "cpu", "data_root": str(tmp_path / "data"), "smoke": True}
    metrics, notebook = run_chapter(CHAPTER, "laptop", tmp_path / "data", smoke=True)
    check_ran_whole(notebook, least_figures=2)
    check_numbers(metrics)
    text = text_of(notebook)
    assert "Not run in this profile: " in text and "03_jacobson2019_small_images" in text
    held = sum(claim.paper == "kim2017" for claim in DIRECTIONS)
    count = {v: metrics["metrics"][f"scorecard/verdicts/{v}/direction/count"]["value"]
             for v in ("agrees", "disagrees", "inconclusive", "not_judged")}  # fmt: skip
    assert sum(count[v] for v in ("agrees", "disagrees", "inconclusive")) == held
    assert count["not_judged"] == len(DIRECTIONS) - held
    # The files are what the library makes of the same runs.
    folder = course.runs_root() / "laptop-smoke" / CHAPTER
    rows = json.loads((folder / "scorecard.json").read_text("utf-8"))
    content = json.loads(
        (course.runs_root() / "laptop-smoke" / "02_kim2017_valence_arousal" / "metrics.json").read_text()
    )
    assert rows == export.entries(claims.scorecard([content]), claims.claims())

    # Unchanged, then another number in another chapter, then another time of it.
    again = list(runner.run([CHAPTER], "laptop", parameters))
    assert [result.status for result in again] == ["unchanged"]
    plant(content | {"timings": {"all": 9.0}}, "laptop-smoke")
    assert [result.status for result in runner.run([CHAPTER], "laptop", parameters)] == ["unchanged"]
    name = next(iter(content["metrics"]))
    content["metrics"][name] = content["metrics"][name] | {"value": 0.21}
    plant(content, "laptop-smoke")
    assert [result.status for result in runner.run([CHAPTER], "laptop", parameters)] == ["done"]


def test_it_waits_for_all_others_and_comes_last() -> None:
    assert [chapter.name for chapter in runner.chapters() if chapter.reads_runs] == [CHAPTER]
    assert [chapter.name for chapter in runner.choose([])][-1] == CHAPTER
    assert [chapter.name for chapter in runner.choose(["6", "2"])][-1] == CHAPTER


def test_counts_of_verdicts_add_up_to_the_claims() -> None:
    rows = claims.scorecard([every_direction("02_kim2017_valence_arousal", "kim2017")])
    counts = overview.verdict_counts(rows)
    assert counts[["holds", "contradicted", "inconclusive", "not judged"]].to_numpy().sum() == len(DIRECTIONS)
    kim = counts[(counts.paper == "Kim 2017") & (counts.corpus == "oasis")].iloc[0]
    whole = sum(claim.paper == "kim2017" for claim in DIRECTIONS)
    assert [kim.holds, kim.contradicted, kim.inconclusive] == [-(-whole // 3), -(-(whole - 1) // 3), whole // 3]


SIXTH = """
paper: smith2031
corpus: fi
facts:
  share: {value: 0.5, statement: A share, where: Sec. 3, needs: the records}
checks:
  - {id: half, statement: It is a half, where: Sec. 3, published: a half, expression: share == 0.4}
directions:
  - id: one_beats_two
    statement: One beats two
    where: Sec. 4
    definition: one less two
    metric: "smith2031/claims/{id}/{corpus}/accuracy_difference"
"""


def test_a_sixth_paper_is_told_like_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in claims.papers():
        shutil.copy(Path(claims.__file__).parent / f"{name}.yml", tmp_path)
    (tmp_path / "smith2031.yml").write_text(SIXTH, "utf-8")
    monkeypatch.setattr(claims, "_FOLDER", tmp_path)
    rows = claims.scorecard([planted("07", {"smith2031/claims/one_beats_two/oasis/accuracy_difference": (2, 1, 3)})])
    counts = overview.verdict_counts(rows)
    assert counts.paper.tolist()[-1] == "Smith 2031" and counts.iloc[-1].holds == 1
    assert list(dict.fromkeys(counts.paper))[:2] == ["You 2016", "Kim 2017"]
    (row,) = [row for row in rows if row["paper"] == "smith2031" and row["kind"] == "direction"]
    assert overview.attributed(row) == "Smith 2031"
    checks = overview.fine_print(rows, claims.claims())
    assert "contradicted" in checks[checks.paper == "Smith 2031"].verdict.tolist()
    figure = forest.forest(rows, {claim.id: claim.metric for claim in claims.claims()}, "smith2031")
    assert figure is not None and "Smith 2031" in figure.axes[0].get_title(loc="left")
    assert "1 tests of claims of Smith 2031" in forest.forest_words(rows, "smith2031")


def test_a_paper_is_called_by_its_key_and_comes_by_its_year() -> None:
    keys = ["wei2020", "you2016", "no_key", "abel2020", "wei2020b", "de_boer1999", "you2016"]
    assert overview.in_order(keys) == ["de_boer1999", "you2016", "abel2020", "wei2020", "wei2020b", "no_key"]
    told = {"you2016": "You 2016", "wei2020b": "Wei 2020b", "de_boer1999": "De Boer 1999", "no_key": "no_key"}
    assert {key: overview.called(key) for key in told} == told
    chapters = [chapter.name.split("_")[1] for chapter in runner.chapters()]
    assert [paper for paper in chapters if paper in claims.papers()] == overview.in_order(claims.papers())


def test_a_printed_table_keeps_its_shape_and_has_ours_below() -> None:
    tables = overview.printed_tables(claims.claims())
    cells = tables["kim2017/table3"]
    metric = "kim2017/table3/low/oasis/valence_mse"
    frame = overview.beside(cells, claims.scorecard([planted("02", {metric: (1.25, 1.0, 1.5)})]))
    assert frame.shape == (2, 6) and frame.loc["valence", "low"] == "1.98<br><b>1.250 [1.000, 1.500]</b> oasis"
    assert frame.loc["arousal", "low"] == "1.66"
    assert overview.later(tables["rao2019/table1"]) and len(set(overview.later(cells))) == len(overview.later(cells))
    with pytest.raises(BadInput, match="without cells"):
        overview.beside([], [])


def test_the_fine_print_puts_what_fails_first() -> None:
    checks = overview.fine_print(claims.scorecard([]), claims.claims())
    verdicts = checks.verdict.tolist()
    assert verdicts == sorted(verdicts) and set(verdicts) == {"contradicted", "holds"}
    assert len(checks) == sum(claim.kind == "consistency" for claim in claims.claims())
    assert checks.place.str.len().min() > 0


def test_the_forest_has_a_line_for_every_interval_and_says_what_it_shows() -> None:
    rows = claims.scorecard([every_direction("02_kim2017_valence_arousal", "kim2017")])
    metrics = {claim.id: claim.metric for claim in DIRECTIONS}
    figure = forest.forest(rows, metrics, "kim2017")
    assert figure is not None
    shown = [line for axis in figure.axes for line in axis.lines if line.get_linewidth() == 1.6]
    assert len(shown) == sum(claim.paper == "kim2017" for claim in DIRECTIONS)
    colours = {line.get_color() for line in shown}
    assert colours == {colour for colour, _ in forest.MARKS.values()}
    assert all(axis.get_xlabel() for axis in figure.axes) and figure.axes[0].get_title(loc="left")
    words = forest.forest_words(rows, "kim2017")
    assert f"{len(shown)} tests" in words and "contradicted" in words
    assert forest.forest(rows, metrics, "wei2020") is None
    assert forest.unit_of(CLAIM.metric or "").startswith("difference in mean squared error")
    with pytest.raises(BadInput, match="no paper"):
        forest.forest(rows, metrics, "kim2018")


def test_the_files_hold_every_claim_and_are_the_same_every_time() -> None:
    rows = claims.scorecard([])
    files = export.contents(export.entries(rows, claims.claims()))
    assert files == export.contents(export.entries(claims.scorecard([]), claims.claims()))
    read = list(csv.DictReader(io.StringIO(files["scorecard.csv"].decode())))
    told = json.loads(files["scorecard.json"])
    assert [row["id"] for row in read] == [entry["id"] for entry in told] == [row["id"] for row in rows]
    assert all(entry["where"] for entry in told)
    assert export.link(files) == export.link(files) and 'download="scorecard.zip"' in export.link(files)
