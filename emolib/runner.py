"""Chapters from their outside: running them, telling what is missing. Used by the command line.

With `chapters`, which finds them, the only part of the library that knows of notebooks. `course` is what a chapter
itself calls. What it takes to run notebooks is imported where it is used: it costs a kernel, which asks only for the
list of chapters, seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emolib import corpora, inputs, runtime
from emolib.chapters import Chapter, chapters, check_parameters, choose, read
from emolib.course import PROFILES, Run, metrics_beside, runs_root, versions, write_json
from emolib.errors import BadInput, EmolibError

__all__ = ["Chapter", "Result", "chapters", "choose", "doctor", "run"]


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
        BadInput: an unknown chapter, profile, parameter or device, or a seed that is none. Nothing is run then.
        Unavailable: a device that this machine has not. Nothing is run then either.
        EmolibError: a chapter failed; the message says in which cell.
    """
    if profile not in PROFILES:
        raise BadInput(f"profile: {profile!r} is unknown; use {', '.join(PROFILES)}")
    chosen = choose(wanted)
    for chapter in chosen:
        check_parameters(chapter, {"profile": profile, **parameters})
    # Before the first chapter, which would lose its last good run by a slip of the fingers.
    runtime.pick_device(str(parameters.get("device", "auto")))
    runtime.check_seed(parameters.get("seed", 0))
    for chapter in chosen:
        yield _run_one(chapter, {"profile": profile, **parameters}, force)


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


def _run_one(chapter: Chapter, parameters: dict[str, object], force: bool) -> Result:
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError

    profile = f"{parameters['profile']}-smoke" if parameters.get("smoke") else str(parameters["profile"])
    folder = runs_root() / profile / chapter.name
    seen = inputs.fingerprint(chapter.path, chapter.corpora, parameters, versions())
    if chapter.reads_runs:
        found = [{**metrics, "timings": None} for metrics in metrics_beside(folder)]
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
    notebook, begin, started = read(chapter.path), time.perf_counter(), datetime.now(UTC)
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
    write_json(folder / "run.json", about)
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


def _device_name(device: str) -> str:
    import torch

    chosen = runtime.pick_device(device)
    if chosen.type == "cuda":
        return torch.cuda.get_device_name(chosen)
    return f"{chosen.type}, {os.cpu_count()} cores, {platform.machine()}"


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
