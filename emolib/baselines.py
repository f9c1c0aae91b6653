"""Today's numbers against those that were agreed on: `tests/baselines/<profile>.json`, a tolerance for each metric.

An entry is `{"value", "tolerance", "reason", "chapter"}`, or `{"left_out", "chapter"}` for a metric that no tolerance
fits, with the reason. The tolerance comes from the spread that the run itself measured: intervals are drawn over
groups *and seeds*, so half of one (two standard errors) is what another seed or another processor, whose rounding
trains other networks, moves a number by without anything being wrong; a changed method moves it by more. (Two kinds of
processor were seen to differ in 5 of 600 numbers by more than a third of the interval, in 2 by more than half; these
two have a tolerance of their own.) Where there is no interval, the kind of the number decides. Used by
`python -m emolib check`, which alone writes such a file, and only with `--write`, after it has shown the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emolib import corpora, course
from emolib.errors import BadInput, Unavailable

UNSTABLE = (
    (
        r"jacobson2019/(poster/fractalnet|claims/repair_helps_fractalnet)/",
        "the exploded FractalNet gives one answer to nearly every picture, and rounding decides which",
    ),
)
"""Metrics without a baseline: patterns of names, and why no tolerance would fit."""

WIDER = (
    (
        r"rao2019/claims/emotional_regions_best_for_most/",
        0.5,
        "a share of eight emotions; detectors trained on two kinds of processor gave 0 and -.375",
    ),
    (
        r"rao2019/small/ours/",
        0.1,
        "a small set, and detectors of two kinds of processor: .624 and .676 were seen",
    ),
)
"""Metrics whose interval does not know all that moves them: patterns of names, the tolerance, and why."""

_STATUSES = ("changed", "missing", "new", "ok", "absent", "left out")
_TOLD = _STATUSES[:3]
_NEW_SHOWN = 5


@dataclass(frozen=True)
class Row:
    """A metric beside its baseline.

    `status` is ok, changed, missing (its chapter was run and did not measure it), absent (its corpus or its chapter is
    not here, or it differs and a corpus of its chapter is not here), new, or left out.
    """

    name: str
    status: str
    ours: float | None
    expected: float | None
    tolerance: float | None
    reason: str
    chapter: str = ""

    def line(self) -> str:
        """For people."""
        text = f"{self.status:<8} {self.name}: {_number(self.ours)}"
        if self.status == "new":
            return f"{text}, {self.reason}"
        return f"{text}, baseline {_number(self.expected)} +- {_number(self.tolerance)} ({self.reason})"


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
        """For people: chapter by chapter what changed, is missing or is new, those with changes first; counts last."""
        told: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: (_STATUSES.index(row.status), row.name)):
            if row.status in _TOLD:
                told.setdefault(row.chapter or row.name.split("/")[0], []).append(row)
        lines = []
        for chapter, rows in told.items():
            lines.append(f"{chapter}: {_counts(rows)}")
            new = [row for row in rows if row.status == "new"]
            hidden = new[_NEW_SHOWN:]
            lines += [row.line() for row in rows if row not in hidden]
            lines += [f"new      and {len(hidden)} more"] if hidden else []
        return "\n".join([*lines, f"{self.profile}: {_counts(self.rows)}"])


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
    chapter_of = {name: run["chapter"] for run in runs for name in run["metrics"]}
    at_hand = {name for run in runs for name in run["corpora"]}
    chapters = {run["chapter"] for run in runs}
    expected = _read(path(profile))
    other_data = _on_other_data(runs, expected)
    rows = []
    for name in sorted({*ours, *expected}):
        entry = expected.get(name, {})
        chapter = chapter_of.get(name) or entry.get("chapter", "")
        value = ours[name]["value"] if name in ours else None
        if why := entry.get("left_out") or _left_out(name):
            rows.append(Row(name, "left out", value, None, None, why, chapter))
        elif not entry:
            rows.append(Row(name, "new", value, None, None, "no baseline", chapter))
        else:
            near = value is not None and abs(value - entry["value"]) <= entry["tolerance"]
            # What a chapter measures on one corpus may hang on another: on what it was trained, what stood in for what.
            status = "ok" if near else "absent" if chapter in other_data else "changed"
            if name not in ours:
                here = name.split("/")[3] in at_hand and entry.get("chapter", chapter) in chapters | {""}
                status = "missing" if here else "absent"
            rows.append(Row(name, status, value, entry["value"], entry["tolerance"], entry["reason"], chapter))
    return Report(profile, tuple(rows))


def write(profile: str) -> Path:
    """Make the metrics of today's runs the baseline.

    What its chapter no longer measures, or measures as undefined, loses its entry; what could not be measured here,
    since its corpus or its chapter is absent, keeps it.

    Raises:
        Unavailable: nothing has been run in this profile.
        BadInput: the baseline file is not one.
    """
    entries = _read(path(profile))
    for row in compare(profile).rows:
        if row.status == "missing":
            del entries[row.name]
    for run in course.results(profile):
        for name, metric in run["metrics"].items():
            if why := _left_out(name):
                entries[name] = {"left_out": why, "chapter": run["chapter"]}
            elif metric["value"] is None:
                entries.pop(name, None)
            else:
                tolerance, reason = _tolerance(name, metric)
                entries[name] = {
                    "value": round(metric["value"], 4),
                    "tolerance": round(tolerance, 4),
                    "reason": reason,
                    "chapter": run["chapter"],
                }
    target = path(profile)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", "utf-8")
    os.replace(part, target)
    return target


def _on_other_data(runs: Sequence[dict], expected: dict[str, dict]) -> set[str]:
    """The chapters of the runs that lacked a corpus of which their baseline has numbers, and those that read them.

    A baseline with photographs says nothing of a number that a run without them has differently.
    """
    known, reads = set(corpora.names()), {run["chapter"]: set(run["corpora"]) for run in runs}
    lacking = {
        entry["chapter"]
        for name, entry in expected.items()
        if (chapter := entry.get("chapter")) in reads and name.split("/")[3] in known - reads[chapter]
    }
    ledgers = {run["chapter"] for run in runs if any(name.startswith("scorecard/") for name in run["metrics"])}
    return lacking | ledgers if lacking else lacking


def _left_out(name: str) -> str:
    return next((why for pattern, why in UNSTABLE if re.match(pattern, name)), "")


def _tolerance(name: str, metric: dict) -> tuple[float, str]:
    """The tolerance and its reason. Rounding to four digits alone may move a number by half of the least one."""
    value, unit = abs(metric["value"]), metric["unit"]
    for pattern, tolerance, why in WIDER:
        if re.match(pattern, name):
            return tolerance, why
    if name.startswith("scorecard/verdicts/"):
        return max(2.0, 0.1 * value), "a tenth of the verdicts; those at the margin turn with rounding"
    if name.endswith("/count"):
        return 0.0, "a count"
    if name.endswith("_train"):
        return max(0.1 * value, 0.005), "a tenth of the value; training errors follow rounding"
    if metric["low"] is not None and metric["high"] is not None:
        return max((metric["high"] - metric["low"]) / 2, 0.005), f"half of its 95% interval over {metric['n']} {unit}"
    if 0 <= value <= 1 and unit in ("groups", "pictures", "words") and 4 / metric["n"] > max(0.02 * value, 0.005):
        return 4 / metric["n"], f"four of {metric['n']} {unit}; it has no interval"
    return max(0.02 * value, 0.005), "2% of the value; it has no interval"


def _read(file: Path) -> dict[str, dict]:
    if not file.is_file():
        return {}
    try:
        entries = json.loads(file.read_text("utf-8"))
        for name, entry in entries.items():
            name.split("/")[3]
            if "left_out" not in entry:
                float(entry["value"]), float(entry["tolerance"]), str(entry["reason"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadInput(f"{file}: not a baseline; `python -m emolib check --write` makes one ({error})") from error
    return entries


def _counts(rows: Sequence[Row]) -> str:
    counts = {status: sum(row.status == status for row in rows) for status in ("ok", "changed", *_STATUSES)}
    return ", ".join(f"{n} {status}" for status, n in counts.items() if n)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
