"""A chapter from its inside: its settings, its corpora, the numbers that it finds and where they go.

Used by every chapter: the first code cell calls `start`, the last one `Run.save`. How chapters are found and run is in
`runner`, which knows of notebooks; nothing here does.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from emolib import corpora, runtime
from emolib.errors import BadInput
from emolib.evaluation import Estimate

PROFILES = ("ci", "laptop", "open", "paper")
# What decides a result beside our own code.
PACKAGES = (
    "captum", "lightning-fabric", "matplotlib", "numpy", "onnxruntime", "pandas", "pillow", "scikit-image",
    "scikit-learn", "scipy", "timm", "torch", "torchvision", "umap-learn",
)  # fmt: skip


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
    cautions: dict[str, str] = field(default_factory=dict)

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

    def caution(self, name: str, text: str) -> None:
        """Say what stands between a number of this run and what a paper claims; its verdict then carries `text`.

        Raises:
            BadInput: a number that was not recorded, or an empty text.
        """
        if name not in self.metrics:
            raise BadInput(f"caution: {name!r} has not been recorded")
        if not text.strip():
            raise BadInput(f"caution: {name} needs words")
        self.cautions[name] = f"{self.cautions[name]} {text}" if name in self.cautions else text

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
            **({"cautions": dict(sorted(self.cautions.items()))} if self.cautions else {}),
            "timings": {name: round(seconds, 2) for name, seconds in self.timings.items()},
        }

    def others(self) -> list[dict]:
        """The metrics.json of every other chapter that was run in this profile, by name; read, never changed."""
        return metrics_beside(self.folder)

    def save(self) -> Path:
        """Write metrics.json; returns its path."""
        return write_json(self.folder / "metrics.json", self.content())


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


def results(profile: str) -> list[dict]:
    """Every metrics.json of a profile."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((runs_root() / profile).glob("*/metrics.json"))]


def metrics_beside(folder: Path) -> list[dict]:
    """The metrics.json of the chapters whose runs lie beside this one."""
    paths = sorted(path for path in folder.parent.glob("*/metrics.json") if path.parent != folder)
    return [json.loads(path.read_text("utf-8")) for path in paths]


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".json.part")
    part.write_text(json.dumps(content, indent=1, sort_keys=False) + "\n", "utf-8")
    os.replace(part, path)
    return path
