"""The scorecard as tables of a page: who says what, what came of it, and what others found. Used by chapter 6.

Everything here takes the rows of `claims.scorecard` and adds what only the claims know: the place in the paper, the
later measurements of others, the shape of a printed table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from emolib.claims.schema import Claim
from emolib.claims.tables import WHOSE, comes_to, number, verdict
from emolib.errors import BadInput

Row = Mapping[str, Any]

VERDICTS = ("holds", "contradicted", "inconclusive")

# The key of a paper: its first author and the year, with a letter where the year has two.
_KEY = re.compile(r"([a-z_]+)(\d{4}[a-z]?)")


def called(paper: str) -> str:
    """How a paper is called on a page: its key you2016 as "You 2016"; a key of another form as it is."""
    found = _KEY.fullmatch(paper)
    return f"{found[1].replace('_', ' ').title()} {found[2]}" if found else paper


def in_order(papers: Iterable[str]) -> list[str]:
    """The papers by year, then by author, each once, as the chapters have them; a key without a year comes last."""
    found = {paper: _KEY.fullmatch(paper) for paper in papers}
    return sorted(found, key=lambda paper: (found[paper][2] if found[paper] else "no year", paper))


def as_printed(value: float) -> str:
    """A published number without digits that nobody printed: 1.64, 0.213, 10,766."""
    return f"{value:,.10g}"


def interval(row: Row) -> str:
    """Our value of a row with its 95% interval, "" where nothing was measured."""
    if row["ours"] is None:
        return ""
    if row["low"] is None or row["high"] is None:
        return number(row["ours"])
    return f"{number(row['ours'])} [{number(row['low'])}, {number(row['high'])}]"


def attributed(row: Row) -> str:
    """Whose claim it is and what it is about, as in "Kim 2017" or "this book, on Kim 2017"."""
    paper = called(row["paper"])
    return paper if row["source"] == "paper" else f"{WHOSE[row['source']]}, on {paper}"


def verdict_counts(rows: Iterable[Row]) -> pd.DataFrame:
    """Directional claims by paper and corpus: how many hold, are contradicted, are inconclusive.

    A line a paper and corpus on which at least one claim was measured, and one a paper for claims not judged here.
    """
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        if row["kind"] != "direction":
            continue
        judged = row["verdict"] in VERDICTS
        place = (row["paper"], row["corpus"] if judged else "not judged here")
        line = counted.setdefault(place, dict.fromkeys((*VERDICTS, "not judged"), 0))
        line[row["verdict"] if judged else "not judged"] += 1
    papers = in_order(paper for paper, _ in counted)
    order = sorted(counted, key=lambda place: (papers.index(place[0]), place[1] == "not judged here", place[1]))
    lines = [{"paper": called(paper), "corpus": corpus, **counted[paper, corpus]} for paper, corpus in order]
    return pd.DataFrame(lines, columns=["paper", "corpus", *VERDICTS, "not judged"])


def directions(rows: Iterable[Row], paper: str) -> pd.DataFrame:
    """Every directional claim about a paper: statement, whose, the paper's difference, ours on each corpus, verdict."""
    lines = [
        {
            "claim": row["statement"],
            "whose": WHOSE[row["source"]],
            "in the paper": number(row["published"]) if isinstance(row["published"], float) else row["published"] or "",
            "corpus": row["corpus"] if row["ours"] is not None else "",
            "ours [95%]": interval(row),
            "verdict": verdict(row),
        }
        for row in rows
        if row["kind"] == "direction" and row["paper"] == paper
    ]
    return pd.DataFrame(lines, columns=["claim", "whose", "in the paper", "corpus", "ours [95%]", "verdict"])


def fine_print(rows: Iterable[Row], claims: Iterable[Claim]) -> pd.DataFrame:
    """Every check of a paper's numbers against one another, the failing ones first."""
    where = {claim.id: claim.where for claim in claims}
    lines = [
        {
            "paper": called(row["paper"]),
            "place": where[row["id"]],
            "the paper should agree that": row["statement"],
            "printed": "" if row["published"] is None else str(row["published"]),
            "comes to": comes_to(row),
            "verdict": row["verdict"],
        }
        for row in rows
        if row["kind"] == "consistency"
    ]
    names = ["paper", "place", "the paper should agree that", "printed", "comes to", "verdict"]
    frame = pd.DataFrame(lines, columns=names)
    return frame.sort_values(
        "verdict", key=lambda verdicts: verdicts != "contradicted", kind="stable", ignore_index=True
    )


def printed_tables(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """The claims of each table of the papers, by "paper/table", in the order in which they are printed."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        paper, table, *cell = claim.id.split("/")
        if claim.kind == "number" and table != "text" and len(cell) == 2:
            found.setdefault(f"{paper}/{table}", []).append(claim)
    return found


def beside(cells: Sequence[Claim], rows: Iterable[Row]) -> pd.DataFrame:
    """One table of a paper as it is printed, ours below each number; cells are HTML.

    Args:
        cells: one value of `printed_tables`.
        rows: of `claims.scorecard`.

    Raises:
        BadInput: no cell.
    """
    if not cells:
        raise BadInput("beside: a table without cells; give one of printed_tables(claims())")
    measured: dict[str, list[Row]] = {}
    for row in rows:
        if row["ours"] is not None:
            measured.setdefault(row["id"], []).append(row)
    lines: dict[str, dict[str, str]] = {}
    for claim in cells:
        line, column = (part.replace("_", " ") for part in claim.id.split("/")[2:])
        ours = [f"<b>{html.escape(interval(row))}</b> {row['corpus']}" for row in measured.get(claim.id, [])]
        lines.setdefault(line, {})[column] = "<br>".join([as_printed(float(claim.published or 0)), *ours])
    return pd.DataFrame(lines).T.fillna("")


def later(cells: Sequence[Claim]) -> list[str]:
    """What others measured later for the cells of a table, each once: "value (source)"."""
    notes = [f"{entry['value']} ({entry['source']})" for claim in cells for entry in claim.independent]
    return list(dict.fromkeys(notes))
