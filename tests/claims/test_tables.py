"""The scorecard as tables, from rows written by hand."""

from __future__ import annotations

from emolib.claims import failed_checks, judged, tally


def row(kind: str, statement: str, verdict: str, ours=None, low=None, high=None) -> dict:  # noqa: ANN001
    return {"kind": kind, "statement": statement, "verdict": verdict, "ours": ours, "low": low, "high": high,
            "corpus": "scenes", "published": "as printed", "caution": "few pixels." if "c" in statement else None,
            "source": "book" if "c" in statement else "paper"}  # fmt: skip


ROWS = [
    row("direction", "a beats b", "holds", 0.1234, 0.05, 0.2),
    row("direction", "b beats c", "inconclusive", -0.01, None, None),
    row("direction", "c beats d", "holds", 0.3, 0.2, 0.4),
    row("direction", "never measured", "needs fi"),
    row("number", "a number", "within", 0.5, 0.4, 0.6),
    row("consistency", "one and one make two", "holds", 2.0),
    row("consistency", "one and one make three", "contradicted", 2.00049),
]


def test_only_what_was_measured_is_judged():
    table = judged(ROWS)
    assert table.statement.tolist() == ["a beats b", "b beats c", "c beats d"]
    assert table.whose.tolist() == ["the paper", "this book", "this book"]
    assert table.difference.tolist() == ["0.123 [0.050, 0.200]", "-0.010", "0.300 [0.200, 0.400]"]
    assert table.verdict.tolist() == [
        "holds",
        "inconclusive, with caution: few pixels.",
        "holds, with caution: few pixels.",
    ]
    assert tally(ROWS) == "**2** hold, **1** inconclusive; **2** of these verdicts with caution"
    assert tally(ROWS[:1]) == "**1** holds"


def test_the_checks_that_fail_are_shown_and_all_are_counted():
    number, table = failed_checks(ROWS)
    assert number == 2
    assert table.values.tolist() == [["one and one make three", "as printed", "2.000"]]


def test_without_rows_the_tables_have_their_columns():
    assert list(judged([]).columns) == ["statement", "whose", "corpus", "difference", "verdict"]
    assert not len(judged([]))
    assert failed_checks([])[0] == 0 and list(failed_checks([])[1].columns) == ["statement", "published", "comes to"]
    assert tally([]) == "no claim could be judged"
