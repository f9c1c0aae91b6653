"""The scorecard as tables for a page. Used by the last sections of every chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

WHOSE = {"paper": "the paper", "book": "this book", "independent": "others"}
"""Whose claim it is, by the `source` of a row: a book that repairs and controls has claims of its own."""


def number(value: float | None) -> str:
    """A number with as many digits as mean something: 0.213, 12.3, 10,766; "" for None."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) >= 2:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def comes_to(row: Mapping[str, Any]) -> str:
    """What a check of a paper against itself comes to: mostly a count."""
    ours = row["ours"]
    return f"{ours:,.0f}" if ours is not None and float(ours).is_integer() else number(ours)


def verdict(row: Mapping[str, Any]) -> str:
    """The verdict of a row and, if its run said so, what stands between the measurement and the claim."""
    return f"{row['verdict']}, with caution: {row['caution']}" if row.get("caution") else str(row["verdict"])


def judged(rows: Sequence[dict]) -> pd.DataFrame:
    """The directional claims that this run could judge: statement, whose, corpus, difference with interval, verdict.

    Args:
        rows: of `claims.scorecard`.
    """
    found = [row for row in rows if row["kind"] == "direction" and row["ours"] is not None]
    return pd.DataFrame(
        [
            {
                "statement": row["statement"],
                "whose": WHOSE[row["source"]],
                "corpus": row["corpus"],
                "difference": f"{row['ours']:.3f}"
                + ("" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"),
                "verdict": verdict(row),
            }
            for row in found
        ],
        columns=["statement", "whose", "corpus", "difference", "verdict"],
    )


def tally(rows: Sequence[dict]) -> str:
    """How many of them hold, are contradicted, are inconclusive, the most frequent first; Markdown."""
    found = [row for row in rows if row["kind"] == "direction" and row["ours"] is not None]
    counts = pd.Series([row["verdict"] for row in found], dtype=object).value_counts()
    careful = sum(bool(row.get("caution")) for row in found)
    words = {verdict: "hold" if verdict == "holds" and n > 1 else verdict for verdict, n in counts.items()}
    told = ", ".join(f"**{n}** {words[verdict]}" for verdict, n in counts.items()) or "no claim could be judged"
    return told + (f"; **{careful}** of these verdicts with caution" if careful else "")


def failed_checks(rows: Sequence[dict]) -> tuple[int, pd.DataFrame]:
    """How many checks of a paper's numbers against one another there are, and those
    that fail: statement, published, what they come to."""
    checks = [row for row in rows if row["kind"] == "consistency"]
    wrong = [
        {"statement": row["statement"], "published": row["published"], "comes to": comes_to(row)}
        for row in checks
        if row["verdict"] == "contradicted"
    ]
    return len(checks), pd.DataFrame(wrong, columns=["statement", "published", "comes to"])
