"""The papers' own claims as strips of paper to hand out, and their verdicts as a key. Used by the instructor's guide.

Only what this run could judge is there, and a strip doesn't show how it was judged: the room looks the claim up in its
paper and predicts the verdict first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emolib.claims.overview import VERDICTS, called, in_order, interval
from emolib.claims.tables import verdict
from emolib.site.markdown import table

Row = Mapping[str, Any]


def strips_page(rows: Sequence[Row], where: Mapping[str, str]) -> str:
    """Markdown of the strips, a section a paper, and the key below.

    Args:
        rows: of :func:`emolib.claims.scorecard`.
        where: id of a claim -> its place in the paper.
    """
    parts = [
        "# Claims to hand out",
        "What the five papers say themselves, as far as this run could judge it. Print this page and cut it along the "
        "lines: one strip a person. Whoever has one finds the place in the paper, says which metric would test the "
        "claim, and predicts the verdict. The key comes last, on pages of its own; it stays with you. "
        "[What the verdicts mean](../intro.md#what-a-verdict-means).",
    ]
    claims = _claims(rows)
    if not claims:
        return "\n\n".join([*parts, "This run could judge none of them."]) + "\n"
    numbers = {name: number for number, name in enumerate(claims, 1)}
    for paper in dict.fromkeys(found[0]["paper"] for found in claims.values()):
        strips = [
            (numbers[name], found[0]["statement"], f"{called(paper)}: {where[name]}")
            for name, found in claims.items()
            if found[0]["paper"] == paper
        ]
        parts += [f"## {called(paper)}", _classed("strips", table(["No.", "Claim", "Where"], strips))]
    key = [
        (numbers[name], verdict(row), interval(row), row["corpus"]) for name, found in claims.items() for row in found
    ]
    header = ["No.", "Verdict", "Difference, 95% interval", "Corpus"]
    parts += ["## The key", _classed("strips-key", table(header, key))]
    return "\n\n".join(parts) + "\n"


def _claims(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Id -> the verdicts on a claim, one a corpus; the papers in the order of the chapters."""
    wanted = [
        row for row in rows if row["kind"] == "direction" and row["source"] == "paper" and row["verdict"] in VERDICTS
    ]
    order = in_order(row["paper"] for row in wanted)
    found: dict[str, list[Row]] = {}
    for row in sorted(wanted, key=lambda row: order.index(row["paper"])):
        found.setdefault(row["id"], []).append(row)
    return found


def _classed(name: str, text: str) -> str:
    return f"```{{table}}\n:class: {name}\n\n{text}\n```"
