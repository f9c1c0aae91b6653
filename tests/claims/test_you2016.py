"""What is recorded of You et al. 2016, against arithmetic done here on its own and against planted measurements."""

from __future__ import annotations

from fractions import Fraction

import pytest

from emolib.claims import claims, scorecard, systems

CLAIMS = {claim.id.removeprefix("you2016/"): claim for claim in claims("you2016")}
ROWS = {row["id"].removeprefix("you2016/"): row for row in scorecard([], "you2016")}
COUNTS = {"imagenet": 1120, "noisy_fine_tuned": 1600, "fine_tuned": 2034}


def planted(corpus: str, **metrics: tuple[float, float | None, float | None]) -> dict:
    entries = {
        f"you2016/{name.replace('__', '/')}": {"value": value, "low": low, "high": high, "n": 3, "unit": ""}
        for name, (value, low, high) in metrics.items()
    }
    return {"schema": 1, "chapter": "01", "profile": "laptop", "corpora": {corpus: ""}, "metrics": entries}


@pytest.mark.parametrize("system", COUNTS)
def test_table_5_shares_are_those_of_its_counts(system):
    printed = Fraction(str(CLAIMS[f"table5/{system}/accuracy"].published))
    assert CLAIMS[f"table5_counts/{system}/right"].published == COUNTS[system]
    assert abs(Fraction(COUNTS[system], 3490) - printed) <= Fraction(5, 10000)
    assert CLAIMS[f"table5/{system}/accuracy"].metric == f"you2016/benchmark/{system}/{{corpus}}/accuracy"


def test_the_36_percent_hidden_behind_32():
    row = ROWS["check/quoted_share"]
    assert row["verdict"] == "contradicted"
    assert row["ours"] == pytest.approx(1260 / 3490, abs=1e-6) and round(row["ours"], 3) == 0.361


def test_the_largest_set_before_was_not_thirty_times_smaller():
    assert ROWS["check/thirty_times"]["verdict"] == "contradicted"
    assert ROWS["check/thirty_times"]["ours"] == pytest.approx(23308 / 806, abs=1e-6)
    assert ROWS["check/thirty_times_rounded"]["verdict"] == "holds"


def test_fifteen_percent_is_not_3490():
    assert ROWS["check/test_set_is_fifteen_percent"]["verdict"] == "contradicted"
    assert ROWS["check/test_set_is_fifteen_percent"]["ours"] == pytest.approx(3496.2)


@pytest.mark.parametrize(("which", "total"), [("iaps", 395), ("artphoto", 806), ("abstract", 228)])
def test_the_small_sets_add_up(which, total):
    classes = [claim.published for name, claim in CLAIMS.items() if name.startswith(f"table1/{which}/")]
    assert len(classes) == 8 and sum(classes) == total
    assert ROWS[f"check/{which}_sum"]["verdict"] == "holds"


def test_the_verified_pictures_add_up():
    assert sum(claim.published for name, claim in CLAIMS.items() if name.startswith("table4/")) == 23308
    assert ROWS["check/verified_sum"]["verdict"] == "holds"


def test_three_pictures_of_anger_do_not_fill_five_folds_and_eight_do():
    assert (ROWS["check/anger_fills_the_folds"]["ours"], ROWS["check/iaps_anger_too_few"]["ours"]) == (3, 8)
    assert {ROWS[f"check/{name}"]["verdict"] for name in ("anger_fills_the_folds", "iaps_anger_too_few")} == {
        "contradicted"
    }


def test_a_number_gets_its_verdict_on_fi_alone():
    close = planted("fi", benchmark__fine_tuned__fi__accuracy=(0.60, 0.58, 0.62))
    far = planted("fi", benchmark__fine_tuned__fi__accuracy=(0.70, 0.68, 0.72))
    lab = planted("scenes", benchmark__fine_tuned__scenes__accuracy=(0.58, 0.5, 0.6))
    found = []
    for result in (close, far, lab):
        (row,) = [r for r in scorecard([result], "you2016") if r["id"] == "you2016/table5/fine_tuned/accuracy"]
        found.append(row["verdict"])
    assert found == ["within", "outside", "needs fi"]


def test_a_direction_gets_its_verdict_from_its_interval():
    name = "claims__fine_tuned_beats_noisy__scenes__accuracy_difference"
    for interval, verdict in (
        ((0.1, 0.05, 0.2), "holds"),
        ((-0.1, -0.2, -0.05), "contradicted"),
        ((0.1, -0.1, 0.2), "inconclusive"),
    ):
        rows = scorecard([planted("scenes", **{name: interval})], "you2016")
        (row,) = [r for r in rows if r["id"] == "you2016/claims/fine_tuned_beats_noisy"]
        assert (row["verdict"], row["corpus"]) == (verdict, "scenes")
        assert row["published"] == pytest.approx(0.125)


def test_every_system_of_the_paper_has_code():
    found = {system.id for system in systems("you2016", check=True)}
    assert {"machajdik", "yanulevskaya", "wang", "zhao", "imagenet", "fine_tuned", "noisy_fine_tuned", "dedup"} <= found
