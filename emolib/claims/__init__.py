"""What the papers say, as data, and whether it holds, computed. Chapters 1 to 5 each have a file here, 6 shows all.

>>> from emolib.claims import claims, scorecard, systems
>>> rows = scorecard([])                       # nothing measured yet: what could be tested, and on what
>>> [system.code for system in systems("kim2017")]
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from emolib.claims.judge import direction_verdict, judge_claims, number_verdict
from emolib.claims.schema import KINDS, Claim, Paper, System, read_paper
from emolib.claims.tables import WHOSE, failed_checks, judged, tally
from emolib.errors import BadInput

__all__ = [
    "KINDS", "WHOSE", "Claim", "Paper", "System", "claims", "direction_verdict", "failed_checks", "judged",
    "number_verdict", "papers", "read_paper", "scorecard", "systems", "tally",
]  # fmt: skip

_FOLDER = Path(__file__).parent


def papers() -> list[str]:
    """The papers whose claims are recorded, by their key in the bibliography."""
    return sorted(path.stem for path in _FOLDER.glob("*.yml"))


@cache
def _paper(name: str) -> Paper:
    paper = read_paper(_FOLDER / f"{name}.yml")
    if paper.id != name:
        raise BadInput(f"{name}.yml: holds the paper {paper.id!r}; file and paper have to bear one name")
    return paper


def _papers(paper: str | None) -> list[Paper]:
    known = papers()
    if paper is not None and paper not in known:
        near = difflib.get_close_matches(str(paper), known, n=1)
        raise BadInput(
            f"no claims of paper {paper!r}; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}")
        )
    return [_paper(name) for name in ([paper] if paper else known)]


def claims(paper: str | None = None) -> list[Claim]:
    """The claims of one paper, or of all. Raises BadInput for an unknown paper."""
    return [claim for entry in _papers(paper) for claim in entry.claims]


def systems(paper: str | None = None, check: bool = False) -> list[System]:
    """Every system of one paper, or of all, with the code that builds it.

    With `check`, each system's code is imported; BadInput names the first that is not there.
    """
    found = [system for entry in _papers(paper) for system in entry.systems]
    if check:
        for system in found:
            system.resolve()
    return found


def scorecard(results: Sequence[Mapping[str, Any]], paper: str | None = None) -> list[dict[str, Any]]:
    """Every claim with its verdict, from the contents of the `metrics.json` files of one profile.

    A list of dicts with the keys id, paper, kind, statement, published, corpus, ours, low, high, verdict, needs,
    source (whose claim it is) and caution (what stands between our number and the claim, or None), ready for JSON.
    See :mod:`emolib.claims.judge` for what the verdicts mean. Raises BadInput for malformed results.
    """
    return judge_claims(claims(paper), results)
