"""The scorecard as tables for a page. Used by the last sections of every chapter."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

WHOSE = {"paper": "the paper", "book": "this book", "independent": "others"}
"""Whose claim it is, by the `source` of a row: a book that repairs and controls has claims of its own."""


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
                "verdict": row["verdict"],
            }
            for row in found
        ],
        columns=["statement", "whose", "corpus", "difference", "verdict"],
    )


def tally(rows: Sequence[dict]) -> str:
    """How many of them hold, are contradicted, are inconclusive, the most frequent first; Markdown."""
    counts = judged(rows).verdict.value_counts()
    words = {verdict: "hold" if verdict == "holds" and n > 1 else verdict for verdict, n in counts.items()}
    return ", ".join(f"**{n}** {words[verdict]}" for verdict, n in counts.items()) or "no claim could be judged"


def failed_checks(rows: Sequence[dict]) -> tuple[int, pd.DataFrame]:
    """How many checks of a paper's numbers against one another there are, and those
    that fail: statement, published, ours."""
    checks = [row for row in rows if row["kind"] == "consistency"]
    wrong = [
        {"statement": row["statement"], "published": row["published"], "ours": row["ours"]}
        for row in checks
        if row["verdict"] == "contradicted"
    ]
    return len(checks), pd.DataFrame(wrong, columns=["statement", "published", "ours"]).round({"ours": 3})
