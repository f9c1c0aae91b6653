"""The command line: what it prints, how it ends, and that an error is one message."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emolib import __main__ as command_line
from emolib import __version__, claims, corpora
from emolib.__main__ import main
from emolib.corpora import openset
from emolib.errors import Unavailable
from tests.fixtures.project import CHAPTER, make_project

SCORECARD = [
    "id",
    "paper",
    "kind",
    "statement",
    "published",
    "corpus",
    "ours",
    "low",
    "high",
    "verdict",
    "needs",
    "source",
    "caution",
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one chapter, a small OASIS, and nothing else on this machine."""
    return make_project(tmp_path, monkeypatch)


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    # Whatever ends a command, it is an exit code and not an exception that got through.
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def fine(*arguments: str) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_help_names_every_command() -> None:
    text = fine("--help")
    for command in ("run", "book", "check", "scorecard", "systems", "bench", "doctor", "data"):
        assert f"\n  {command} " in text
    assert "--profile" in fine("run", "--help") and "ci, laptop, open or paper" in fine("run", "--help")
    assert __version__ in fine("--version")
    for command in ("list", "fetch", "verify", "shards", "card"):
        assert f"\n  {command} " in fine("data", "--help")


def test_data_list_tells_what_is_here(project: Path) -> None:
    lines = {line.split()[0]: line for line in fine("data", "list").splitlines()}
    assert list(lines) == list(corpora.names())
    assert "not here" not in lines["oasis"] and " here " in lines["oasis"]
    assert "not here" in lines["cgna10766"] and "not here" in lines["warriner"]
    assert corpora.card("oasis").title in lines["oasis"]


def test_data_card_is_the_corpus_own(project: Path) -> None:
    text = fine("data", "card", "oasis")
    card = corpora.card("oasis")
    assert text.strip() == card.markdown().strip()
    assert card.title in text and card.licence in text and all(label in text for label in card.labels)


def test_data_verify_ends_well_or_names_the_broken_picture(project: Path) -> None:
    pictures = list((project / "data" / "oasis" / "images").iterdir())
    assert str(len(pictures)) in fine("data", "verify", "oasis")
    broken = pictures[0]
    broken.write_bytes(broken.read_bytes()[:200])
    result = call("data", "verify", "oasis")
    assert result.exit_code == 1 and broken.name in result.output


def test_data_verify_leaves_a_report_where_it_is_told_to(project: Path) -> None:
    text = fine("data", "verify", "oasis", "--out", str(project / "report"), "--workers", "2")
    report = json.loads((project / "report" / "report.json").read_text("utf-8"))
    assert report["ok"] and report["name"] == "oasis" and report["near_duplicates"] is not None
    assert str(project / "report" / "report.json") in text
    assert (project / "report" / "report.md").read_text("utf-8").strip() in text
    unasked = fine("data", "verify", "oasis", "--out", str(project / "report"), "--no-near", "--fresh")
    assert "Nobody looked for near-duplicates." in unasked


def test_data_shards_writes_what_opens_as_the_same_corpus(project: Path) -> None:
    from emolib.corpora import shards

    output = fine("data", "shards", "oasis", str(project / "shards"), "--max-bytes", "30000")
    assert str(project / "shards") in output
    found = shards.open(project / "shards", progress=False)
    assert len(found.files) > 1 and found.content_hash == corpora.load("oasis").content_hash
    again = call("data", "shards", "oasis", str(project / "shards"))
    assert again.exit_code == 1 and "already exists" in again.output


@pytest.fixture
def openly(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `data fetch open` tried to bring: abstract comes, cgna10766 fails, the others of this test come too."""
    tried: list[str] = []

    def bring(name: str, data_root: Path | None = None, *, progress: bool = True) -> Path:
        tried.append(name)
        if name == "cgna10766":
            raise Unavailable("the server cannot be reached")
        return project / "fetched" / name

    monkeypatch.setattr(corpora, "fetch", bring)
    monkeypatch.setattr(openset, "NAMES", ("cgna10766", "oasis", "abstract", "no such corpus"))
    monkeypatch.setattr(openset, "SIZES", {"abstract": 1_500_000_000})
    return tried


def test_fetch_open_asks_first(project: Path, openly: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = call("data", "fetch", "open")
    assert nobody.exit_code == 1 and "nobody is there to be asked" in nobody.output and "--yes" in nobody.output
    monkeypatch.setattr(command_line, "_somebody_is_there", lambda: True)
    for answer in ("n\n", "\n", ""):
        no = CliRunner().invoke(main, ["data", "fetch", "open"], input=answer)
        assert no.exit_code == 1 and "Fetch what is not here?" in no.output
    assert openly == []
    lines = {line.split()[0]: line for line in nobody.output.splitlines() if line}
    assert "size unknown" in lines["cgna10766"] and "here already" in lines["oasis"] and "1.5 GB" in lines["abstract"]
    assert "no" not in lines
    yes = CliRunner().invoke(main, ["data", "fetch", "open"], input="y\n")
    assert openly == ["cgna10766", "abstract"] and yes.exit_code == 1


def test_fetch_open_goes_on_and_tells_at_the_end(project: Path, openly: list[str]) -> None:
    result = call("data", "fetch", "open", "--yes")
    assert result.exit_code == 1 and openly == ["cgna10766", "abstract"]
    end = result.output[result.output.index("abstract: ") :]
    assert end.splitlines()[0] == f"abstract: {project / 'fetched' / 'abstract'}"
    assert "cgna10766 is not here: the server cannot be reached" in end
    card = corpora.card("cgna10766")
    assert card.source in end and card.terms in end


def test_fetch_open_has_nothing_to_do(project: Path, openly: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openset, "NAMES", ("oasis",))
    assert "here already" in fine("data", "fetch", "open")
    assert openly == []


def test_the_open_set_is_what_the_profile_needs() -> None:
    known = {one.name for one in openset.wanted()}
    assert {"emoset118k", "cgna10766", "artphoto", "abstract", "oasis"} <= known <= set(openset.NAMES)
    assert known == set(openset.NAMES) & set(corpora.names())
    assert set(openset.SIZES) <= set(openset.NAMES)


def test_doctor_tells_of_data_and_weights(project: Path) -> None:
    lines = fine("doctor").splitlines()
    assert any(line.split() == ["emolib", __version__] for line in lines)
    assert any(line.startswith("device") for line in lines)
    assert any(line.startswith("data: oasis") and not line.endswith("not here") for line in lines)
    assert any(line.startswith("weights: vgg19") and line.endswith("not here") for line in lines)


def test_scorecard_has_exactly_its_keys_and_every_claim(project: Path) -> None:
    rows = json.loads(fine("scorecard", "--json"))
    assert rows and all(list(row) == SCORECARD for row in rows)
    assert {row["id"] for row in rows} == {claim.id for claim in claims.claims()}
    assert {row["kind"] for row in rows} == {"number", "direction", "consistency"}
    # Nothing has been run: whatever takes a measurement says what it needs, the papers' own sums can be checked.
    for row in rows:
        if row["kind"] == "consistency":
            assert row["verdict"] in ("holds", "contradicted"), row
        else:
            assert row["verdict"].startswith("needs") and row["needs"] and row["ours"] is None, row
    plain = fine("scorecard").splitlines()
    assert len(plain) == len(rows)
    assert all(row["id"] in line and row["verdict"] in line for row, line in zip(rows, plain, strict=True))


def test_scorecard_judges_what_was_measured(project: Path) -> None:
    name = "kim2017/claims/object_beats_low/oasis/valence_mse_difference"
    folder = project / "out" / "laptop" / "02_kim2017_valence_arousal"
    folder.mkdir(parents=True)
    for low, high, verdict in ((0.1, 0.3, "holds"), (-0.3, -0.1, "contradicted"), (-0.1, 0.3, "inconclusive")):
        metric = {"value": (low + high) / 2, "low": low, "high": high, "n": 40, "unit": "groups"}
        content = {"schema": 1, "chapter": folder.name, "profile": "laptop", "seed": 0, "corpora": {"oasis": "0"}}
        content |= {"versions": {}, "metrics": {name: metric}, "timings": {}}
        (folder / "metrics.json").write_text(json.dumps(content), "utf-8")
        judged = [row for row in json.loads(fine("scorecard", "--json")) if row["low"] == low and row["high"] == high]
        assert [row["verdict"] for row in judged] == [verdict]
        assert judged[0]["corpus"] == "oasis" and judged[0]["paper"] == "kim2017"
    assert all(row["ours"] is None for row in json.loads(fine("scorecard", "--json", "--profile", "ci"))
               if row["kind"] == "direction")  # fmt: skip


def test_systems_are_listed_with_code_that_exists(project: Path) -> None:
    rows = json.loads(fine("systems", "--json"))
    assert {row["id"] for row in rows} == {system.id for system in claims.systems()}
    for row in rows:
        module, _, attribute = row["code"].partition(":")
        assert hasattr(importlib.import_module(module), attribute) and row["where"], row
    plain = fine("systems")
    assert all(row["id"] in plain and row["code"] in plain for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--profile", "nosuch"], "profile: 'nosuch' is unknown; use ci, laptop, open, paper"),
        (["run", "nosuch"], "chapter: 'nosuch' is not one of 01_tiny"),
        (["run", "-p", "epochs", "3"], "parameter: 'epochs' is not one of 01_tiny's"),
        (["bench", "nosuch"], "bench: 'nosuch' is unknown"),
        (["data", "card", "oasys"], "Did you mean 'oasis'?"),
        (["data", "fetch", "nosuch"], "There is no corpus called 'nosuch'"),
        (["data", "verify", "cgna10766"], "python -m emolib data fetch cgna10766"),
        (["check", "--profile", "ci"], "runs/ci: no chapter has been run"),
    ],
)
def test_an_error_is_one_message_and_exit_code_1(project: Path, arguments: list[str], message: str) -> None:
    before = {path for path in project.rglob("*") if "user" not in path.parts}
    result = call(*arguments)
    assert result.exit_code == 1
    assert result.output.count("Error: ") == 1 and result.output.startswith("Error: ") and message in result.output
    assert {path for path in project.rglob("*") if "user" not in path.parts} == before  # nothing was begun


@pytest.mark.parametrize(
    "arguments",
    [["nosuch"], ["run", "--epochs", "3"], ["run", "--seed", "three"], ["data", "card"], ["data", "nosuch"],
     ["scorecard", "extra"]],
)  # fmt: skip
def test_a_wrong_call_is_exit_code_2_and_names_the_help(project: Path, arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output and "--help" in result.output
    assert not (project / "out").exists()


def test_as_a_process_an_error_goes_to_stderr_alone(project: Path) -> None:
    command = [sys.executable, "-m", "emolib", "run", "--profile", "nosuch"]
    done = subprocess.run(command, cwd=project / "notebooks", env=os.environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: profile: 'nosuch' is unknown; use ci, laptop, open, paper\n"


@pytest.mark.slow
def test_run_tells_how_each_chapter_ended(project: Path) -> None:
    arguments = ["run", "tiny", "--profile", "ci", "--device", "cpu"]
    assert fine(*arguments).startswith(f"{CHAPTER}: done (")
    assert fine(*arguments) == f"{CHAPTER}: unchanged (0 s)\n"
    elsewhere = fine(*arguments, "--data-root", str(project / "nowhere"))
    assert elsewhere.startswith(f"{CHAPTER}: needs (") and "nowhere" in elsewhere
    # A seed of the wrong kind is refused before anything runs; of its own parameters a chapter finds it out by itself.
    refused = CliRunner().invoke(main, [*arguments, "-p", "seed", "three"])
    assert (refused.exit_code, refused.output) == (1, "Error: seed: 'three' is not an integer from 0 to 2**32 - 1\n")
    result = CliRunner().invoke(main, [*arguments, "-p", "meeting", "three"])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert result.output.startswith(f"Error: {CHAPTER}: cell ") and " failed\n" in result.output
    assert "three" in result.output.rstrip().splitlines()[-1]
