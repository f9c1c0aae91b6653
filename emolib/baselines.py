"""Today's numbers against those that were agreed on: `tests/baselines/<profile>.json`, a tolerance for each metric.

A baseline entry is `{"value", "tolerance", "reason"}`. The tolerance is a third of the metric's own 95% interval or
what its kind needs at least, whichever is more: wide enough for another processor's rounding, narrow enough that a
changed method shows. Used by `python -m emolib check`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from emolib import course
from emolib.errors import BadInput, Unavailable


@dataclass(frozen=True)
class Row:
    """A metric beside its baseline.

    `status` is ok, changed, missing (no run measured it), absent (its corpus is not here) or new.
    """

    name: str
    status: str
    ours: float | None
    expected: float | None
    tolerance: float | None
    reason: str


@dataclass(frozen=True)
class Report:
    """All rows of a comparison."""

    profile: str
    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Nothing changed beyond its tolerance, and nothing that could be measured is missing."""
        return not any(row.status in ("changed", "missing") for row in self.rows)

    def text(self) -> str:
        """For people: the exceptions in full, then a count."""
        lines = [
            f"{row.status:<8} {row.name}: {_number(row.ours)}, "
            f"baseline {_number(row.expected)} +- {_number(row.tolerance)} ({row.reason})"
            for row in self.rows
            if row.status not in ("ok", "absent")
        ]
        counts = {
            status: sum(row.status == status for row in self.rows)
            for status in ("ok", "changed", "missing", "absent", "new")
        }
        lines.append(f"{self.profile}: " + ", ".join(f"{n} {status}" for status, n in counts.items() if n))
        return "\n".join(lines)


def path(profile: str) -> Path:
    """The baseline file of a profile."""
    return course.project_root() / "tests" / "baselines" / f"{profile}.json"


def compare(profile: str) -> Report:
    """The runs of a profile beside their baseline.

    Raises:
        Unavailable: nothing has been run in this profile.
        BadInput: the baseline file is not one.
    """
    runs = course.results(profile)
    if not runs:
        raise Unavailable(f"runs/{profile}: no chapter has been run; python -m emolib run --profile {profile}")
    ours = {name: metric for run in runs for name, metric in run["metrics"].items()}
    corpora = {name for run in runs for name in run["corpora"]}
    expected = _read(path(profile))
    rows = []
    for name, entry in sorted(expected.items()):
        if name in ours:
            value = ours[name]["value"]
            near = value is not None and abs(value - entry["value"]) <= entry["tolerance"]
            rows.append(
                Row(name, "ok" if near else "changed", value, entry["value"], entry["tolerance"], entry["reason"])
            )
        else:
            status = "missing" if name.split("/")[3] in corpora else "absent"
            rows.append(Row(name, status, None, entry["value"], entry["tolerance"], entry["reason"]))
    rows += [
        Row(name, "new", ours[name]["value"], None, None, "no baseline") for name in sorted(set(ours) - set(expected))
    ]
    return Report(profile, tuple(rows))


def write(profile: str) -> Path:
    """Make the metrics of today's runs the baseline; metrics that were not measured today stay as they are."""
    entries = _read(path(profile))
    for run in course.results(profile):
        for name, metric in run["metrics"].items():
            if metric["value"] is not None:
                tolerance, reason = _tolerance(name, metric)
                entries[name] = {"value": round(metric["value"], 4), "tolerance": round(tolerance, 4), "reason": reason}
    target = path(profile)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", "utf-8")
    os.replace(part, target)
    return target


def _tolerance(name: str, metric: dict) -> tuple[float, str]:
    if name.endswith("/count"):
        return 0.0, "a count"
    if name.endswith("_train"):
        return max(0.1 * abs(metric["value"]), 0.005), "a tenth of the value; training errors follow rounding"
    if metric["low"] is None or metric["high"] is None:
        return max(0.02 * abs(metric["value"]), 0.005), "2% of the value; it has no interval"
    width = (metric["high"] - metric["low"]) / 3
    return max(width, 0.005), "a third of its 95% interval"


def _read(file: Path) -> dict[str, dict]:
    if not file.is_file():
        return {}
    try:
        entries = json.loads(file.read_text("utf-8"))
        for name, entry in entries.items():
            float(entry["value"]), float(entry["tolerance"]), str(entry["reason"]), name.split("/")[3]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadInput(f"{file}: not a baseline; `python -m emolib check --write` makes one ({error})") from error
    return entries


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
