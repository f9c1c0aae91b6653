"""Chapters: finding them, running them, what they leave behind. The only part of the library that knows of notebooks.

Used by every chapter: the first code cell calls `start`, the last one `Run.save`. What only the
side around the chapters needs (jupytext, nbformat, papermill) is imported there: it costs a kernel seconds.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from emolib import corpora, inputs, runtime
from emolib.errors import BadInput, EmolibError
from emolib.evaluation import Estimate

PROFILES = ("ci", "laptop", "open", "paper")
# What decides a result beside our own code.
PACKAGES = (
    "captum", "lightning-fabric", "matplotlib", "numpy", "onnxruntime", "pandas", "pillow", "scikit-image",
    "scikit-learn", "scipy", "timm", "torch", "torchvision", "umap-learn",
)  # fmt: skip


# ---- inside a chapter ---------------------------------------------------------------------------------------


@dataclass
class Run:
    """One run of a chapter: its settings, its device, and the numbers that it has found so far."""

    chapter: str
    profile: str
    seed: int
    device: object
    data_root: Path | None
    settings: dict
    folder: Path
    metrics: dict[str, Estimate] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    loaded: dict[str, str] = field(default_factory=dict)

    def load(self, name: str, **options: object) -> corpora.Corpus:
        """A corpus, noted as used by this run; `options` as `corpora.load` takes them.

        What a run loads in several ways is noted as one hash over all of them, in the order of loading. Raises
        Unavailable when it is not within reach.
        """
        corpus = corpora.load(name, self.data_root, **options)
        before = self.loaded.setdefault(name, corpus.content_hash)
        if before != corpus.content_hash:
            self.loaded[name] = hashlib.sha256(f"{before} {corpus.content_hash}".encode()).hexdigest()
        return corpus

    def record(self, name: str, estimate: Estimate) -> Estimate:
        """Keep a number under its name, `paper/experiment/system/corpus/measure`; returns it.

        Raises:
            BadInput: a name of another form, or one that has another value already.
        """
        if name.count("/") != 4 or not all(name.split("/")):
            raise BadInput(f"metric: {name!r} does not read paper/experiment/system/corpus/measure")
        if name in self.metrics and self.metrics[name] != estimate:
            raise BadInput(f"metric: {name} has the value {self.metrics[name]} already, and now {estimate}")
        self.metrics[name] = estimate
        return estimate

    @contextmanager
    def timed(self, label: str) -> Iterator[None]:
        """Note the seconds that a block takes."""
        begin = time.perf_counter()
        yield
        self.timings[label] = self.timings.get(label, 0.0) + time.perf_counter() - begin

    def content(self) -> dict:
        """What metrics.json holds. Everything but `timings` is the same for the same seed and machine."""
        return {
            "schema": 1,
            "chapter": self.chapter,
            "profile": self.profile,
            "seed": self.seed,
            "corpora": dict(sorted(self.loaded.items())),
            "versions": versions(),
            "metrics": {name: self.metrics[name].as_dict() for name in sorted(self.metrics)},
            "timings": {name: round(seconds, 2) for name, seconds in self.timings.items()},
        }

    def others(self) -> list[dict]:
        """The metrics.json of every other chapter that was run in this profile, by name; read, never changed."""
        return _metrics_beside(self.folder)

    def save(self) -> Path:
        """Write metrics.json; returns its path."""
        return _write_json(self.folder / "metrics.json", self.content())


def start(
    chapter: str,
    profiles: Mapping[str, Mapping],
    *,
    profile: str,
    seed: int,
    device: str,
    data_root: str | None,
    smoke: bool,
) -> Run:
    """Begin a chapter: check its parameters, seed everything, pick the device.

    Args:
        chapter: file stem of the chapter.
        profiles: what each profile changes; the chapter shows it as a table.
        profile, seed, device, data_root, smoke: the chapter's parameters. `smoke` adds the settings of the key "smoke".

    Raises:
        BadInput: a profile, seed or device that there is not.
        Unavailable: a device that this machine does not have.
    """
    if profile not in PROFILES or profile not in profiles:
        raise BadInput(
            f"profile: {profile!r} is unknown; use {', '.join(name for name in PROFILES if name in profiles)}"
        )
    runtime.seed_everything(seed)
    runtime.keep_freed_memory()
    settings = dict(profiles[profile]) | (dict(profiles.get("smoke", {})) if smoke else {})
    folder = runs_root() / (f"{profile}-smoke" if smoke else profile) / chapter
    return Run(
        chapter, profile, seed, runtime.pick_device(device), Path(data_root) if data_root else None, settings, folder
    )


def versions() -> dict[str, str]:
    """Versions of what decides a result."""
    from emolib import __version__

    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"emolib": __version__, "python": platform.python_version(), **found}


# ---- around the chapters ------------------------------------------------------------------------------------


def project_root() -> Path:
    """The folder with `notebooks` in it: here, or above here.

    Raises:
        BadInput: there is none.
    """
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[1]):
        if (folder / "notebooks").is_dir() and (folder / "emolib").is_dir():
            return folder
    raise BadInput(f"{Path.cwd()}: neither this folder nor one above holds the book; change into its clone")


def runs_root() -> Path:
    """Where runs go: `EMOLIB_RUNS`, else `runs` in the project."""
    return Path(os.environ["EMOLIB_RUNS"]) if os.environ.get("EMOLIB_RUNS") else project_root() / "runs"


@dataclass(frozen=True)
class Chapter:
    """A chapter's file and what its header says.

    Attributes:
        name: file stem, as in "02_kim2017_valence_arousal".
        path: of the jupytext file.
        title: of the chapter.
        corpora: what it reads.
        reads_runs: it reads what the other chapters found, so it is run after them, and again when that has changed.
    """

    name: str
    path: Path
    title: str
    corpora: tuple[str, ...]
    reads_runs: bool = False


def chapters(root: Path | None = None) -> list[Chapter]:
    """All chapters, in the order of their numbers.

    Raises:
        BadInput: a chapter without the header that the book needs, or without a cell tagged `parameters`.
    """
    import jupytext

    found = []
    for path in sorted(((root or project_root()) / "notebooks").glob("[0-9][0-9]_*.py")):
        notebook = jupytext.read(path)
        header = notebook.metadata.get("emolib", {})
        if not isinstance(header.get("title"), str) or not isinstance(header.get("corpora"), list):
            raise BadInput(f"{path}: its header needs emolib: {{title: ..., corpora: [...]}}")
        if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
            raise BadInput(f"{path}: no cell is tagged parameters")
        reads_runs = header.get("reads_runs", False)
        if not isinstance(reads_runs, bool):
            raise BadInput(f"{path}: reads_runs in its header is true or false, not {reads_runs!r}")
        found.append(Chapter(path.stem, path, header["title"], tuple(header["corpora"]), reads_runs))
    return found


def waits_for(chapter: Chapter, every: Sequence[Chapter]) -> list[Chapter]:
    """The chapters of `every` that have to end before this one begins: those that it reads the numbers of."""
    return [other for other in every if chapter.reads_runs and not other.reads_runs]


def choose(wanted: Sequence[str], root: Path | None = None) -> list[Chapter]:
    """Chapters by number ("2", "02"), paper ("kim2017") or name; all of them if none is named.

    Raises:
        BadInput: a chapter that there is not.
    """
    every = chapters(root)
    chosen = []
    for word in wanted:
        stem = Path(word).stem
        match = [c for c in every if c.name == stem or c.name[:2] == stem.zfill(2) or stem in c.name.split("_")]
        if len(match) != 1:
            raise BadInput(f"chapter: {word!r} is not one of {', '.join(c.name for c in every)}")
        chosen += match
    # Whoever reads the others' numbers comes after them, in whatever order they were asked for.
    return sorted(chosen if wanted else every, key=lambda chapter: chapter.reads_runs)


@dataclass(frozen=True)
class Result:
    """How the run of a chapter ended: "done", "needs" (data or weights out of reach), or "unchanged"."""

    chapter: str
    status: str
    seconds: float
    why: str = ""

    def line(self) -> str:
        """For people."""
        why = f": {self.why}" if self.why else ""
        return f"{self.chapter}: {self.status} ({self.seconds:.0f} s){why}"


def run(
    wanted: Sequence[str], profile: str, parameters: Mapping[str, object], *, force: bool = False
) -> Iterator[Result]:
    """Run chapters one after the other; those whose inputs have not changed are left as they are.

    Raises:
        BadInput: an unknown chapter, profile or parameter. Nothing is run then.
        EmolibError: a chapter failed; the message says in which cell.
    """
    if profile not in PROFILES:
        raise BadInput(f"profile: {profile!r} is unknown; use {', '.join(PROFILES)}")
    chosen = choose(wanted)
    for chapter in chosen:
        _check_parameters(chapter, {"profile": profile, **parameters})
    for chapter in chosen:
        yield _run_one(chapter, {"profile": profile, **parameters}, force)


def results(profile: str) -> list[dict]:
    """Every metrics.json of a profile."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((runs_root() / profile).glob("*/metrics.json"))]


def doctor() -> str:
    """Versions, device, data and weights, a line each."""
    from emolib import backbones

    try:
        device = str(runtime.pick_device())
    except EmolibError as error:
        device = str(error)
    lines = [f"{name:<18} {version}" for name, version in versions().items()]
    lines += [f"{'system':<18} {platform.platform()}", f"{'cores':<18} {os.cpu_count()}", f"{'device':<18} {device}"]
    lines += [f"{'data: ' + name:<18} {'here' if corpora.available(name) else 'not here'}" for name in corpora.names()]
    for name in backbones.BACKBONES:
        lines.append(f"{'weights: ' + name:<18} {'here' if backbones.weights_file(name) else 'not here'}")
    return "\n".join(lines)


def _check_parameters(chapter: Chapter, parameters: Mapping[str, object]) -> None:
    import jupytext

    cell = next(c for c in jupytext.read(chapter.path).cells if "parameters" in c.metadata.get("tags", []))
    targets = [node.targets[0] for node in ast.parse(cell.source).body if isinstance(node, ast.Assign)]
    known = {target.id for target in targets if isinstance(target, ast.Name)}
    for name in parameters:
        if name not in known:
            raise BadInput(f"parameter: {name!r} is not one of {chapter.name}'s: {', '.join(sorted(known))}")


def _run_one(chapter: Chapter, parameters: dict[str, object], force: bool) -> Result:
    import jupytext
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError

    profile = f"{parameters['profile']}-smoke" if parameters.get("smoke") else str(parameters["profile"])
    folder = runs_root() / profile / chapter.name
    seen = inputs.fingerprint(chapter.path, chapter.corpora, parameters, versions())
    if chapter.reads_runs:
        found = [{**metrics, "timings": None} for metrics in _metrics_beside(folder)]
        seen = hashlib.sha256(f"{seen} {json.dumps(found, sort_keys=True)}".encode()).hexdigest()
    done = _read_json(folder / "run.json")
    # A run that lacked something is tried again: what it lacked may have come.
    if (
        not force
        and done.get("status") == "done"
        and done.get("inputs") == seen
        and (folder / "notebook.ipynb").is_file()
    ):
        return Result(chapter.name, "unchanged", 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    # A run that fails must not leave the numbers of the run before it.
    for stale in ("metrics.json", "run.json"):
        (folder / stale).unlink(missing_ok=True)
    notebook, begin, started = jupytext.read(chapter.path), time.perf_counter(), datetime.now(UTC)
    source, part = folder / "source.part.ipynb", folder / "notebook.part.ipynb"
    before = os.environ.get("EMOLIB_REFIT")
    if force:
        os.environ["EMOLIB_REFIT"] = "1"
    nbformat.write(notebook, source)
    status, needs = "done", []
    try:
        papermill.execute_notebook(
            source, part, parameters=parameters, kernel_name="python3", cwd=chapter.path.parent,
            progress_bar=bool(sys.stderr.isatty()), log_output=False,
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        if error.ename != "Unavailable":
            raise EmolibError(f"{chapter.name}: cell {error.exec_count} failed\n{_plain(str(error))}") from error
        status, needs = "needs", [error.evalue]
        _tell_what_is_missing(part, error.evalue)
        # The numbers of a chapter that could not run: none.
        seed = int(parameters.get("seed", 0))
        Run(chapter.name, str(parameters["profile"]), seed, None, None, {}, folder).save()
    except DeadKernelError as error:
        raise EmolibError(
            f"{chapter.name}: its kernel died, most likely for want of memory; free some and run again"
        ) from error
    finally:
        source.unlink(missing_ok=True)
        if force and before is None:
            del os.environ["EMOLIB_REFIT"]
    seconds = time.perf_counter() - begin
    os.replace(part, folder / "notebook.ipynb")
    about = {
        "status": status,
        "needs": needs,
        "seconds": round(seconds, 1),
        "started": started.isoformat(timespec="seconds"),
        "device": _device_name(str(parameters.get("device", "auto"))),
        "inputs": seen,
    }
    _write_json(folder / "run.json", about)
    return Result(chapter.name, status, seconds, "; ".join(needs))


def _tell_what_is_missing(path: Path, what: str) -> None:
    """In the executed notebook, a note in place of the traceback; what follows was not run."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    cells = []
    for cell in notebook.cells:
        if "papermill-error-cell-tag" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code" and any(output.output_type == "error" for output in cell.outputs):
            note = f"**Not run from here on.** {what}"
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/markdown": note, "text/plain": note})]
        cells.append(cell)
    notebook.cells = cells
    nbformat.write(notebook, path)


def _metrics_beside(folder: Path) -> list[dict]:
    """The metrics.json of the chapters whose runs lie beside this one."""
    paths = sorted(path for path in folder.parent.glob("*/metrics.json") if path.parent != folder)
    return [json.loads(path.read_text("utf-8")) for path in paths]


def _device_name(device: str) -> str:
    import torch

    chosen = runtime.pick_device(device)
    if chosen.type == "cuda":
        return torch.cuda.get_device_name(chosen)
    return f"{chosen.type}, {os.cpu_count()} cores, {platform.machine()}"


def _plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(content, indent=1, sort_keys=False) + "\n", "utf-8")
    os.replace(part, path)
    return path


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
