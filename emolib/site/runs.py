"""What a run of the course left behind, read for the site: one :class:`ChapterRun` a chapter.

Used by every chapter's page and by the page *About this run*. The course writes ``runs/<profile>/<chapter>/`` with
``notebook.ipynb`` (executed), ``metrics.json`` and ``run.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolib.errors import BadInput


@dataclass(frozen=True)
class ChapterRun:
    """One executed chapter.

    ``name`` is the file's stem (``02_kim2017_valence_arousal``), ``seconds`` the wall time of its run, ``started`` an
    ISO date and time, ``needs`` what its skipped sections lacked, ``corpora`` maps a corpus to its content hash,
    ``metrics`` is the whole content of ``metrics.json``.
    """

    name: str
    profile: str
    folder: Path
    status: str
    needs: tuple[str, ...]
    seconds: float
    started: str
    device: str
    seed: int | None
    corpora: dict[str, str]
    versions: dict[str, str]
    metrics: dict[str, Any]

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "notebook.ipynb"


def read_runs(root: Path, profile: str, where: Path | None = None) -> list[ChapterRun]:
    """The chapters that ran in ``profile``, by name. They lie in ``where``, by default in ``runs``.

    Raises :class:`BadInput` when none did, or when a file of a run is missing or not what it has to be.
    """
    folder = (Path(root) / "runs" if where is None else where) / profile
    chapters = [read_run(child, profile) for child in sorted(folder.glob("*")) if (child / "notebook.ipynb").is_file()]
    if not chapters:
        raise BadInput(
            f"No chapter has been run in the profile '{profile}'. Run: python -m emolib run --profile {profile}"
        )
    return chapters


def read_run(folder: Path, profile: str) -> ChapterRun:
    """One chapter's run from its folder; :class:`BadInput` names a file that is missing or has no such entry."""
    run, metrics = _read_json(folder / "run.json"), _read_json(folder / "metrics.json")
    try:
        return ChapterRun(
            name=folder.name,
            profile=profile,
            folder=folder,
            status=str(run["status"]),
            needs=tuple(str(item) for item in run.get("needs", ())),
            seconds=float(run["seconds"]),
            started=str(run["started"]),
            device=str(run["device"]),
            seed=metrics.get("seed"),
            corpora={str(name): str(value) for name, value in metrics["corpora"].items()},
            versions={str(name): str(value) for name, value in metrics["versions"].items()},
            metrics=metrics,
        )
    except KeyError as error:
        raise BadInput(
            f"{folder}: run.json or metrics.json has no entry {error}. Run the chapter again: "
            f"python -m emolib run {folder.name} --profile {profile} --force"
        ) from error


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} is missing. Run the chapter again: python -m emolib run {path.parent.name}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no JSON ({error}). Run the chapter again with --force.") from error
    if not isinstance(content, dict):
        raise BadInput(f"{path} holds no JSON object. Run the chapter again with --force.")
    return content


def spoken_time(seconds: float) -> str:
    """A duration as a person says it: ``48 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
