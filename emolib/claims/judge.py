"""Verdicts, computed from what the chapters measured. All chapters use it, chapter 6 prints all of it.

A verdict belongs to a claim and a corpus:

holds, contradicted, inconclusive
    a direction on a corpus: the 95% interval of the paired difference lies above zero, below zero, or on both sides
    (or touches it, or was not measured); a check of the paper against itself only ever holds or is contradicted;
within, outside
    a number, only on the paper's own corpus, for an error or a correlation on other pictures with another spread says
    nothing about it: "within" when ours is no further from the published value than the tolerance, or when the
    published value lies in our interval;
    A run may say what stands between its number and the claim, such as a rival that was trained for less long than the
    paper's: the row then has a `caution`, and its verdict is about what was measured more than about the paper;
needs X
    X (a corpus, the paper's folds, ...) is missing. A number measured on another corpus keeps this verdict and shows
    our value beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from emolib.claims.expressions import evaluate_bool, evaluate_number
from emolib.claims.schema import Claim
from emolib.errors import BadInput

#: What is missing when the corpus was at hand but no chapter of this profile recorded the metric.
A_RUN = "a run that measures it"

Measure = tuple[float | None, float | None, float | None]  # value, low, high


def direction_verdict(low: float | None, high: float | None) -> str:
    """The verdict on "A beats B" from the 95% interval of the paired difference, positive when A beats B."""
    if low is None or high is None:
        return "inconclusive"
    if low > 0:
        return "holds"
    return "contradicted" if high < 0 else "inconclusive"


def number_verdict(published: float, tolerance: float, ours: Measure) -> str:
    """The verdict on a published number from our measurement on the paper's own corpus."""
    value, low, high = ours
    if value is None:
        return "inconclusive"
    # The slack lets 1.64 against 1.69 count as a distance of 0.05, which in floats it exceeds.
    if abs(value - published) <= tolerance + 1e-9:
        return "within"
    return "within" if low is not None and high is not None and low <= published <= high else "outside"


def judge_claims(claims: Sequence[Claim], results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The scorecard's rows for `claims`, given the `metrics.json` dicts of one profile's chapters.

    A claim has a row for each corpus on which its metric was measured, the paper's own first, or one row that says
    what is needed. Raises BadInput when the results are not of one profile, contradict each other or are malformed.
    """
    measured, corpora = _collect(results)
    cautions = _cautions(results, measured)
    rows = [row for claim in claims for row in _rows(claim, measured, corpora)]
    named = {claim.id: claim.metric or "" for claim in claims}
    for row in rows:
        row["caution"] = cautions.get(named[row["id"]].replace("{corpus}", row["corpus"] or ""))
    return rows


def _rows(claim: Claim, measured: Mapping[str, Measure], corpora: set[str]) -> list[dict[str, Any]]:
    if claim.kind == "consistency":
        holds = evaluate_bool(claim.expression or "", claim.names, claim.place)
        shown = evaluate_number(claim.shows, claim.names, claim.place) if claim.shows else None
        return [_row(claim, None, (shown, None, None), "holds" if holds else "contradicted")]
    found = _corpora_of(claim, measured)
    if not found:
        needs = claim.needs or claim.corpus
        return [_needs(claim, claim.corpus if claim.kind == "number" else needs, A_RUN if needs in corpora else needs)]
    rows, metric = [], claim.metric or ""
    for corpus in found:
        ours = measured[metric.replace("{corpus}", corpus)]
        if claim.kind == "direction":
            rows.append(_row(claim, corpus, ours, direction_verdict(*ours[1:])))
        elif corpus == claim.corpus:
            verdict = number_verdict(float(claim.published or 0.0), claim.tolerance or 0.0, ours)
            rows.append(_row(claim, corpus, ours, verdict))
        else:
            rows.append(_needs(claim, corpus, claim.corpus, ours))
    return rows


def _corpora_of(claim: Claim, measured: Mapping[str, Measure]) -> list[str]:
    """The corpora for which the claim's metric was measured: the paper's own first, then by name."""
    if claim.metric is None:
        return []
    before, after = claim.metric.split("{corpus}")
    found = [name[len(before) : len(name) - len(after)] for name in measured
             if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)]  # fmt: skip
    return sorted((corpus for corpus in found if "/" not in corpus), key=lambda name: (name != claim.corpus, name))


def _row(claim: Claim, corpus: str | None, ours: Measure, verdict: str, needs: str | None = None) -> dict[str, Any]:
    value, low, high = ours
    return {
        "id": claim.id, "paper": claim.paper, "kind": claim.kind, "statement": claim.statement,
        "published": claim.published, "corpus": corpus, "ours": value, "low": low, "high": high,
        "verdict": verdict, "needs": needs, "source": claim.source,
    }  # fmt: skip


def _needs(claim: Claim, corpus: str, needs: str, ours: Measure = (None, None, None)) -> dict[str, Any]:
    return _row(claim, corpus, ours, f"needs {needs}", needs)


def _collect(results: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Measure], set[str]]:
    """All metrics by name, and the corpora that the runs had."""
    measured: dict[str, Measure] = {}
    origin: dict[str, str] = {}
    corpora: set[str] = set()
    profiles = {str(result.get("profile")) for result in results if isinstance(result, Mapping)}
    if len(profiles) > 1:
        raise BadInput(f"a scorecard is about one profile, not about {', '.join(sorted(profiles))}")
    for result in results:
        if not isinstance(result, Mapping) or not isinstance(result.get("metrics"), Mapping):
            raise BadInput("a result has to be the content of a metrics.json, with the key 'metrics'")
        chapter = str(result.get("chapter", "a chapter without name"))
        corpora.update(result.get("corpora") or {})
        for name, metric in result["metrics"].items():
            measure = _measure(metric, f"{chapter}, metric {name}")
            if measured.get(name, measure) != measure:
                raise BadInput(f"the metric {name} differs between {origin[name]} and {chapter}")
            measured[name], origin[name] = measure, chapter
    return measured, corpora


def _cautions(results: Sequence[Mapping[str, Any]], measured: Mapping[str, Measure]) -> dict[str, str]:
    """What the runs say against their own numbers, by metric."""
    found: dict[str, str] = {}
    for result in results:
        said = result.get("cautions") or {}
        if not isinstance(said, Mapping) or not all(isinstance(text, str) for text in said.values()):
            raise BadInput(f"{result.get('chapter', 'a chapter without name')}: cautions map a metric to words")
        if stray := [name for name in said if name not in measured]:
            raise BadInput(f"{result.get('chapter', 'a chapter without name')}: no metric {stray[0]} for a caution")
        found |= said
    return found


def _measure(metric: Any, place: str) -> Measure:
    """(value, low, high) of one metric; null or not finite, as the correlation of a constant, is not measured."""
    if not isinstance(metric, Mapping) or "value" not in metric:
        raise BadInput(f"{place}: expected value, low and high, got {str(metric)[:60]}")
    numbers: list[float | None] = []
    for key in ("value", "low", "high"):
        number = metric.get(key)
        if number is not None and (isinstance(number, bool) or not isinstance(number, (int, float))):
            raise BadInput(f"{place}: {key} is {str(number)[:60]!r}, not a number")
        numbers.append(None if number is None or not math.isfinite(number) else float(number))
    value, low, high = numbers
    if low is not None and high is not None and low > high:
        raise BadInput(f"{place}: the interval runs from {low} down to {high}")
    return value, low, high
