"""The claims to hand out: what stands on a strip, what in the key, and what on neither."""

from __future__ import annotations

import pytest

from emolib import claims
from emolib.site.teaching import strips_page

WHERE = {"kim2017/claims/a": "Sec. VI-B; Table III", "you2016/claims/b": "Sec. 4.1"}


def row(name: str, statement: str, corpus: str = "oasis", **values: object) -> dict:
    return {"id": name, "paper": name.partition("/")[0], "kind": "direction", "source": "paper", "statement": statement,
            "corpus": corpus, "ours": 0.2, "low": 0.1, "high": 0.3, "verdict": "holds"} | values  # fmt: skip


def parts(rows: list[dict]) -> tuple[str, str]:
    strips, key = strips_page(rows, WHERE).split("## The key")
    return strips, key


def test_a_strip_says_where_to_look_and_only_the_key_how_it_was_judged():
    strips, key = parts([
        row("kim2017/claims/a", "Objects beat colours"),
        row("you2016/claims/b", "Tuned beats frozen", "scenes", ours=-0.5, low=-0.6, high=-0.4, verdict="contradicted"),
        row("kim2017/claims/a", "Objects beat colours", "scenes", ours=0.0, low=-0.1, high=0.1, verdict="inconclusive"),
    ])  # fmt: skip
    # By paper in the order of the chapters; one strip for a claim that was judged on two corpora.
    assert strips.index("## You 2016\n") < strips.index("## Kim 2017\n")
    assert strips.count("| 1 | Tuned beats frozen | You 2016: Sec. 4.1 |") == 1
    assert strips.count("| 2 | Objects beat colours | Kim 2017: Sec. VI-B; Table III |") == 1
    assert not any(word in strips for word in ("holds", "contradicted", "inconclusive", "0.2", "oasis"))
    assert "| 1 | contradicted | -0.500 [-0.600, -0.400] | scenes |" in key
    assert "| 2 | holds | 0.200 [0.100, 0.300] | oasis |" in key and "| 2 | inconclusive | 0.000 [" in key


@pytest.mark.parametrize(
    "other", [{"source": "book"}, {"source": "independent"}, {"kind": "number"}, {"verdict": "needs fi", "ours": None}]
)
def test_what_is_not_the_papers_own_or_was_not_judged_is_not_handed_out(other):
    strips, _ = parts([row("kim2017/claims/a", "Objects beat colours"), row("you2016/claims/b", "Not this", **other)])
    assert "Not this" not in strips and "You 2016" not in strips


def test_without_a_verdict_the_page_says_so():
    where = {claim.id: claim.where for claim in claims.claims()}
    page = strips_page(claims.scorecard([]), where)
    assert "could judge none" in page and "## " not in page
