"""Finding and running chapters, and what a run leaves behind, on a tiny chapter with real kernels."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from emolib import course, runner
from emolib.errors import BadInput, EmolibError, Unavailable
from tests.fixtures.project import BODY, CHAPTER, FAILING, HEADER, make_project, write_project

PARAMETERS = {"seed": 3, "device": "cpu", "smoke": False}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the tiny chapter, a small corpus in `data`, and its own cache and runs; the working folder."""
    return make_project(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, runner.Result]:
    """Another such project, in which the chapter was run once, and how that ended."""
    with pytest.MonkeyPatch.context() as patch:
        root = make_project(tmp_path_factory.mktemp("finished"), patch)
        return root, run_one()


@pytest.fixture
def ran(finished: tuple[Path, runner.Result], project: Path) -> Path:
    """The project with what that run left, down to its fits: a project in which the chapter was run."""
    for folder in ("out", "cache"):
        shutil.copytree(finished[0] / folder, project / folder, dirs_exist_ok=True)
    return project


def run_one(profile: str = "ci", *, force: bool = False, **parameters: object) -> runner.Result:
    (result,) = runner.run(["tiny"], profile, PARAMETERS | parameters, force=force)
    return result


def left_by(project: Path, profile: str = "ci") -> Path:
    return project / "out" / profile / CHAPTER


def but_timings(text: bytes) -> bytes:
    """metrics.json as it stands in the file, up to its last entry."""
    head, found, _ = text.partition(b'"timings"')
    assert found
    return head


# ---- what a run leaves behind ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_leaves_its_numbers_its_page_and_an_account(
    finished: tuple[Path, runner.Result], ran: Path, project: Path
) -> None:
    _, result = finished
    assert (result.chapter, result.status) == (CHAPTER, "done")
    folder = left_by(project)
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "notebook.ipynb", "run.json"}

    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert list(metrics) == ["schema", "chapter", "profile", "seed", "corpora", "versions", "metrics", "timings"]
    assert [metrics[key] for key in ("schema", "chapter", "profile", "seed")] == [1, CHAPTER, "ci", 3]
    assert metrics["corpora"].keys() == {"oasis"} and len(metrics["corpora"]["oasis"]) == 64
    assert metrics["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"emolib", "numpy", "torch", "timm"} <= metrics["versions"].keys()
    names = [f"tiny/table1/chance/oasis/{m}" for m in ("mean", "mse", "nothing", "numpy", "python", "torch")]
    assert list(metrics["metrics"]) == names
    for name, metric in metrics["metrics"].items():
        assert list(metric) == ["value", "low", "high", "n", "unit"]
        assert (metric["n"], metric["unit"]) == (5, "draws")
        assert (metric["value"] is None) == name.endswith("nothing")
    valence = [row.split(",")[4] for row in (project / "data/oasis/OASIS.csv").read_text().split("\n")[1:] if row]
    expected = sum(map(float, valence)) / len(valence)
    assert math.isclose(metrics["metrics"]["tiny/table1/chance/oasis/mean"]["value"], expected, rel_tol=1e-9)
    assert metrics["timings"].keys() == {"fit"}

    about = json.loads((folder / "run.json").read_text("utf-8"))
    assert (about["status"], about["needs"]) == ("done", [])
    assert about["seconds"] > 0 and about["device"].startswith("cpu")
    assert datetime.fromisoformat(about["started"]).tzinfo is not None

    notebook = nbformat.read(folder / "notebook.ipynb", 4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = [output.text for output in outputs if output.get("name") == "stdout"]
    assert printed == ["this cell was reached\n"]
    assert course.results("ci") == [metrics] and course.results("paper") == []


@pytest.mark.slow
def test_runs_again_only_when_something_changed(ran: Path, project: Path) -> None:
    before = (left_by(project) / "metrics.json").read_bytes()
    again = run_one()
    assert (again.status, again.seconds) == ("unchanged", 0.0)
    assert (left_by(project) / "metrics.json").read_bytes() == before

    assert run_one(seed=4).status == "done"  # a parameter
    assert json.loads((left_by(project) / "metrics.json").read_text("utf-8"))["seed"] == 4

    write_project(project, HEADER + BODY.replace("was reached", "was reached again"))  # the text
    assert run_one(seed=4).status == "done"
    assert "was reached again" in (left_by(project) / "notebook.ipynb").read_text("utf-8")
    picture = sorted((project / "data" / "oasis" / "images").glob("*.jpg"))[-1]  # the data
    hashed = json.loads((left_by(project) / "metrics.json").read_text("utf-8"))["corpora"]
    picture.write_bytes(picture.read_bytes() + b"\0")
    assert run_one(seed=4).status == "done"
    assert json.loads((left_by(project) / "metrics.json").read_text("utf-8"))["corpora"] != hashed


@pytest.mark.slow
def test_one_seed_gives_one_result_to_the_byte(ran: Path, project: Path) -> None:
    first = (left_by(project) / "metrics.json").read_bytes()
    assert run_one(force=True).status == "done"
    second = (left_by(project) / "metrics.json").read_bytes()
    assert but_timings(first) == but_timings(second)
    run_one(seed=5)
    other = json.loads((left_by(project) / "metrics.json").read_text("utf-8"))["metrics"]
    same = json.loads(second)["metrics"]
    for chance in ("mse", "python", "numpy", "torch"):
        name = f"tiny/table1/chance/oasis/{chance}"
        assert other[name]["value"] != same[name]["value"], name


@pytest.mark.slow
def test_smoke_has_its_own_settings_and_its_own_folder(project: Path) -> None:
    assert run_one("laptop", smoke=True).status == "done"
    metrics = json.loads((left_by(project, "laptop-smoke") / "metrics.json").read_text("utf-8"))
    assert metrics["metrics"]["tiny/table1/chance/oasis/torch"]["n"] == 2
    assert not left_by(project, "laptop").exists() and course.results("laptop") == []


# ---- refused before anything runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "profile", "parameters", "message"),
    [
        (["tiny"], "nosuch", {}, "profile: 'nosuch' is unknown; use ci, laptop, open, paper"),
        (["tiny"], "", {}, "profile: '' is unknown"),
        (["7"], "ci", {}, "chapter: '7' is not one of 01_tiny"),
        (["tiny", "you2016"], "ci", {}, "chapter: 'you2016' is not one of"),
        (["tiny"], "ci", {"epochs": 3}, "parameter: 'epochs' is not one of 01_tiny's: data_root, device, meeting"),
        (["tiny"], "ci", {"device": "gpu"}, "device: 'gpu' is unknown"),
        (["tiny"], "ci", {"seed": -1}, "seed: -1 is not an integer"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_runs(
    project: Path, wanted: list[str], profile: str, parameters: dict, message: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        list(runner.run(wanted, profile, PARAMETERS | parameters))
    assert message in str(refusal.value)
    assert not (project / "out").exists()


def test_a_device_that_is_not_there_takes_no_earlier_run_away(
    ran: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    before = {path.name: path.read_bytes() for path in ran.iterdir() if path.is_file()}
    with pytest.raises(Unavailable, match="no CUDA GPU"):
        list(runner.run(["tiny"], "ci", PARAMETERS | {"device": "cuda"}))
    assert {path.name: path.read_bytes() for path in ran.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("word", ["1", "01", "tiny", "01_tiny", "01_tiny.py", "notebooks/01_tiny.py"])
def test_chapters_are_found_by_number_paper_and_file(project: Path, word: str) -> None:
    (chapter,) = runner.choose([word])
    assert (chapter.name, chapter.title, chapter.corpora) == (CHAPTER, "A tiny chapter", ("oasis",))
    assert chapter.path == project / "notebooks" / "01_tiny.py"


def test_chapters_come_in_order_and_all_of_them_when_none_is_named(project: Path) -> None:
    write_project(project, name="00_first")
    (project / "notebooks" / "helper.py").write_text("1", "utf-8")
    assert [chapter.name for chapter in runner.chapters()] == ["00_first", CHAPTER]
    assert runner.choose([]) == runner.chapters()


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ('#     title: "A tiny chapter"\n', "its header needs emolib: {title: ..., corpora: [...]}"),
        ("#     corpora: [oasis]\n", "its header needs emolib: {title: ..., corpora: [...]}"),
        (' tags=["parameters"]', "no cell is tagged parameters"),
    ],
)
def test_a_chapter_without_its_header_is_named(project: Path, cut: str, message: str) -> None:
    assert cut in HEADER
    path = write_project(project, (HEADER + BODY).replace(cut, ""))
    with pytest.raises(BadInput) as refusal:
        runner.chapters()
    assert str(path) in str(refusal.value) and message in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ('title: "A tiny chapter"', "title: Tiny: a chapter", 12, "its header is no YAML: mapping values are not"),
        ('title: "A tiny chapter"', "title: Tiny: a chapter", 12, 'needs quotes: title: "..."'),
        ("meeting = None", "meeting = = None", 25, "the cell tagged parameters is no Python: invalid syntax"),
    ],
)
def test_a_slip_in_a_chapter_is_told_with_its_line(
    project: Path, before: str, after: str, line: int, message: str
) -> None:
    text = (HEADER + BODY).replace(before, after)
    assert after in text.splitlines()[line - 1]
    path = write_project(project, text)
    with pytest.raises(BadInput) as refusal:
        list(runner.run([], "ci", PARAMETERS))
    assert f"{path}, line {line}: " in str(refusal.value) and message in str(refusal.value)


def test_a_parameter_that_the_chapter_does_not_set_is_the_chapters_fault(project: Path) -> None:
    path = write_project(project, (HEADER + BODY).replace("smoke = False\n", "", 1))
    with pytest.raises(BadInput) as refusal:
        list(runner.run(["tiny"], "ci", PARAMETERS))
    told = f"{path}: the cell tagged parameters does not set smoke; add `smoke = False`"
    assert str(refusal.value) == told


def test_a_word_that_means_several_chapters_names_them(project: Path) -> None:
    write_project(project, name="01_other")
    with pytest.raises(BadInput) as refusal:
        runner.choose(["1"])
    assert str(refusal.value) == "chapter: '1' means both 01_other and 01_tiny; give the whole name"
    assert [chapter.name for chapter in runner.choose(["01_other"])] == ["01_other"]
    write_project(project, name="02_tiny_tiny")
    write_project(project, name="03_tiny")
    with pytest.raises(BadInput, match="'tiny' means 01_tiny, 02_tiny_tiny and 03_tiny; give the whole name"):
        runner.choose(["tiny"])


@pytest.mark.parametrize(
    ("name", "better"),
    [("7_doe2024_b", "07_doe2024_b.py"), ("07-doe", "07_doe.py"), ("123_doe", "NN_"), ("doe2024_b", "NN_paper_topic")],
)
def test_a_chapter_with_another_kind_of_name_is_not_left_out_in_silence(project: Path, name: str, better: str) -> None:
    path = write_project(project, name=name)
    with pytest.raises(BadInput) as refusal:
        runner.chapters()
    assert str(path) in str(refusal.value) and f"call it {better}" in str(refusal.value)


def test_the_project_is_found_from_a_folder_inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "data" / "oasis" / "images")
    assert course.project_root() == project
    monkeypatch.delenv("EMOLIB_RUNS")
    assert course.runs_root() == project / "runs"


# ---- runs that end early --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_failing_cell_is_named_and_leaves_no_numbers(ran: Path, project: Path) -> None:
    assert (left_by(project) / "metrics.json").is_file()
    write_project(project, HEADER + FAILING)
    with pytest.raises(EmolibError) as failure:
        run_one()
    message = str(failure.value)
    assert message.startswith(f"{CHAPTER}: cell 5 failed")  # parameters, those of this run, start, print, this one
    assert "the_answer = 6 * 7" in message and "ValueError: a fault planted in this cell" in message
    assert "\x1b" not in message
    assert not (left_by(project) / "metrics.json").exists() and not (left_by(project) / "run.json").exists()
    assert not (left_by(project) / "source.part.ipynb").exists()
    assert course.results("ci") == []


@pytest.mark.slow
def test_an_absent_corpus_is_told_in_the_page_and_nothing_is_measured(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOLIB_DATA", str(project / "elsewhere"))
    result = run_one()
    assert result.status == "needs"
    assert "oasis" in result.why and "EMOLIB_DATA" in result.why and "data fetch oasis" in result.why
    about = json.loads((left_by(project) / "run.json").read_text("utf-8"))
    assert about["status"] == "needs" and about["needs"] == [result.why]
    metrics = json.loads((left_by(project) / "metrics.json").read_text("utf-8"))
    assert (metrics["metrics"], metrics["corpora"], metrics["seed"], metrics["profile"]) == ({}, {}, 3, "ci")

    notebook = nbformat.read(left_by(project) / "notebook.ipynb", 4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stdout"]
    notes = [output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {})]
    assert len(notes) == 1 and notes[0].startswith("**Not run from here on.**") and result.why in notes[0]
    text = (left_by(project) / "notebook.ipynb").read_text("utf-8")
    assert "Traceback" not in text and "papermill-error" not in text

    # With the data there, the chapter runs without being forced to.
    monkeypatch.setenv("EMOLIB_DATA", str(project / "data"))
    assert run_one().status == "done"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_run_started_again_gives_the_same_numbers(finished: tuple[Path, runner.Result], project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(600)
        meeting = listener.getsockname()[1]
        command = [sys.executable, "-m", "emolib", "run", "1", "--profile", "ci", "--seed", "3", "--device", "cpu"]
        command += ["-p", "meeting", str(meeting)]

        def start() -> subprocess.Popen:
            # From the folder of the chapters: in the project's own, its `emolib` would hide the library.
            return subprocess.Popen(
                command, cwd=project / "notebooks", env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )

        def meet(process: subprocess.Popen, word: bytes) -> None:
            """Wait until the chapter has reached its third cell, then let it go on or kill it and its kernel."""
            friend, _ = listener.accept()
            with friend:
                friend.settimeout(600)
                kernel = int(friend.makefile("rb").readline())
                if word:
                    friend.sendall(word)
                else:
                    process.kill()
                    process.wait(600)
                    with suppress(ProcessLookupError):
                        os.kill(kernel, signal.SIGKILL)
            output, errors = process.communicate(timeout=600)
            assert process.returncode == (0 if word else -signal.SIGKILL), errors.decode()
            assert (b"done" in output) == bool(word)

        meet(start(), b"")
        folder = left_by(project)
        assert not (folder / "metrics.json").exists() and not (folder / "run.json").exists()
        assert list((project / "cache" / "fits").glob("*.npz"))  # the fit before the kill is kept
        meet(start(), b"go")
    whole = left_by(finished[0])  # by a run of the same chapter on the same data that nobody disturbed
    assert but_timings((folder / "metrics.json").read_bytes()) == but_timings((whole / "metrics.json").read_bytes())
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "notebook.ipynb", "run.json"}


def test_the_doctor_tells_of_versions_device_data_and_weights(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(project / "no weights"))
    lines = {line.split("  ")[0].strip(): line.split("  ")[-1].strip() for line in runner.doctor().splitlines()}
    assert lines["python"] == ".".join(map(str, sys.version_info[:3]))
    assert lines["cores"] == str(os.cpu_count())
    assert (lines["data: oasis"], lines["data: warriner"]) == ("here", "not here")
    assert (lines["weights: lite0"], lines["weights: vgg19"]) == ("here", "not here")
