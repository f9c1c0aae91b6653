"""Verdicts: worked by hand, on planted measurements, and over all intervals."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emolib.claims import direction_verdict, number_verdict
from emolib.claims.judge import judge_claims
from emolib.claims.schema import Claim
from emolib.errors import BadInput

KEYS = ["id", "paper", "kind", "statement", "published", "corpus", "ours", "low", "high", "verdict", "needs", "source",
        "caution"]  # fmt: skip
PLACE = {"paper": "doe2020", "statement": "s", "where": "w", "corpus": "fi"}
NUMBER = Claim(id="doe2020/n", kind="number", published=1.64, metric="doe2020/t/{corpus}/mse", tolerance=0.05,
               reason="r", **PLACE)  # fmt: skip
UNTESTED = Claim(id="doe2020/u", kind="number", published=1.68, needs="the folds", **PLACE)
DIRECTION = Claim(id="doe2020/d", kind="direction", published=0.06, metric="doe2020/claims/d/{corpus}/difference",
                  needs="oasis", **PLACE)  # fmt: skip
CHECK = Claim(id="doe2020/c", kind="consistency", published="10,766", expression="a + b == c", shows="a + b",
              names={"a": 6844, "b": 3236, "c": 10766}, **PLACE)  # fmt: skip


def result(metrics, profile="laptop", chapter="02_doe", corpora=()):
    entries = {}
    for name, value in metrics.items():
        value, low, high = value if isinstance(value, tuple) else (value, None, None)
        entries[name] = {"value": value, "low": low, "high": high, "n": 3, "unit": ""}
    return {"schema": 1, "chapter": chapter, "profile": profile, "seed": 0, "corpora": dict.fromkeys(corpora, "0" * 64),
            "versions": {}, "metrics": entries, "timings": {}}  # fmt: skip


def only(claim, *results):
    rows = judge_claims([claim], results)
    assert len(rows) == 1
    assert list(rows[0]) == KEYS
    return rows[0]


# ------------------------------------------------------------------------------------------------------ directions
@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.09, "holds"),
        (-0.09, -0.01, "contradicted"),
        (-0.01, 0.09, "inconclusive"),
        (0.0, 0.09, "inconclusive"),
        (-0.09, 0.0, "inconclusive"),
        (0.0, 0.0, "inconclusive"),
        (None, None, "inconclusive"),
        (0.1, None, "inconclusive"),
    ],
)
def test_direction_by_hand(low, high, verdict):
    assert direction_verdict(low, high) == verdict
    row = only(DIRECTION, result({"doe2020/claims/d/oasis/difference": (0.05, low, high)}))
    assert (row["verdict"], row["corpus"], row["ours"], row["low"], row["high"]) == (verdict, "oasis", 0.05, low, high)
    assert row["published"] == 0.06 and row["needs"] is None


@given(st.floats(-10, 10), st.floats(0, 10))
def test_direction_agrees_with_the_sign_of_the_interval(low, width):
    high = low + width
    verdict = direction_verdict(low, high)
    assert (verdict == "holds") == (low > 0)
    assert (verdict == "contradicted") == (high < 0)
    assert (verdict == "inconclusive") == (low <= 0 <= high)


@given(st.floats(-10, 10), st.floats(0, 10))
def test_swapping_the_two_sides_swaps_the_verdict(low, width):
    swapped = {"holds": "contradicted", "contradicted": "holds", "inconclusive": "inconclusive"}
    assert direction_verdict(-(low + width), -low) == swapped[direction_verdict(low, low + width)]


def test_a_direction_has_a_row_for_each_corpus_the_papers_own_first():
    rows = judge_claims([DIRECTION], [result({
        "doe2020/claims/d/oasis/difference": (0.2, 0.1, 0.3),
        "doe2020/claims/d/fi/difference": (-0.2, -0.3, -0.1),
        "doe2020/claims/d/abstract/difference": (0.0, -0.3, 0.3),
    })])  # fmt: skip
    assert [(row["corpus"], row["verdict"]) for row in rows] == [
        ("fi", "contradicted"), ("abstract", "inconclusive"), ("oasis", "holds"),
    ]  # fmt: skip


def test_a_direction_without_measurement_says_where_it_could_be_tested():
    row = only(DIRECTION)
    assert (row["verdict"], row["needs"], row["corpus"], row["ours"]) == ("needs oasis", "oasis", "oasis", None)
    # The corpus was there, but no chapter of this profile took the measurement: then the corpus is not what is missing.
    row = only(DIRECTION, result({}, corpora=["oasis"]))
    assert row["verdict"] == "needs a run that measures it" and row["corpus"] == "oasis"


# --------------------------------------------------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("measure", "verdict"),
    [
        ((1.64, None, None), "within"),
        ((1.69, None, None), "within"),
        ((1.59, 1.58, 1.60), "within"),
        ((1.70, None, None), "outside"),
        ((1.70, 1.65, 1.75), "outside"),
        ((1.80, 1.60, 2.00), "within"),
        ((1.80, 1.64, 2.00), "within"),
        ((1.20, 1.10, 1.30), "outside"),
        ((None, None, None), "inconclusive"),
    ],
)
def test_number_by_hand_on_the_papers_own_corpus(measure, verdict):
    assert number_verdict(1.64, 0.05, measure) == verdict
    row = only(NUMBER, result({"doe2020/t/fi/mse": measure}))
    assert (row["verdict"], row["corpus"], row["ours"], row["needs"]) == (verdict, "fi", measure[0], None)


@given(st.floats(0, 5), st.floats(0, 1), st.floats(0, 5), st.floats(0, 2), st.floats(0, 2))
def test_number_is_within_exactly_when_near_or_covered(published, tolerance, ours, below, above):
    gap = abs(ours - published)
    assume(abs(gap - tolerance) > 1e-6)
    covered = ours - below <= published <= ours + above
    expected = "within" if gap < tolerance or covered else "outside"
    assert number_verdict(published, tolerance, (ours, ours - below, ours + above)) == expected


def test_a_number_is_never_judged_on_another_corpus():
    row = only(NUMBER, result({"doe2020/t/oasis/mse": (1.64, 1.6, 1.7)}))
    assert (row["verdict"], row["needs"], row["corpus"]) == ("needs fi", "fi", "oasis")
    assert (row["ours"], row["low"], row["high"]) == (1.64, 1.6, 1.7)


def test_both_corpora_have_their_row():
    rows = judge_claims([NUMBER], [result({"doe2020/t/oasis/mse": 0.9, "doe2020/t/fi/mse": 1.6})])
    assert [(row["corpus"], row["verdict"]) for row in rows] == [("fi", "within"), ("oasis", "needs fi")]


def test_a_number_that_nobody_measured_needs_its_corpus():
    row = only(NUMBER)
    assert (row["verdict"], row["needs"], row["corpus"], row["ours"]) == ("needs fi", "fi", "fi", None)
    assert only(NUMBER, result({}, corpora=["fi"]))["verdict"] == "needs a run that measures it"


def test_a_number_without_metric_says_what_it_needs():
    row = only(UNTESTED, result({"doe2020/t/fi/mse": 1.6}, corpora=["fi"]))
    assert (row["verdict"], row["needs"], row["published"]) == ("needs the folds", "the folds", 1.68)


def test_only_the_claims_own_metric_counts():
    near_misses = {
        "doe2020/t/fi/mse_train": 9.0,
        "doe2020/t/a/b/mse": 9.0,
        "doe2020/t//mse": 9.0,
        "x/doe2020/t/fi/mse": 9.0,
    }
    assert only(NUMBER, result(near_misses))["ours"] is None


# ----------------------------------------------------------------------------------------------------- consistency
def test_consistency_is_computed():
    row = only(CHECK)
    assert (row["verdict"], row["ours"], row["published"], row["corpus"]) == ("contradicted", 10080, "10,766", None)
    agreeing = Claim(**{**CHECK.__dict__, "names": {"a": 6844, "b": 3922, "c": 10766}})
    assert only(agreeing)["verdict"] == "holds"


# --------------------------------------------------------------------------------------------------------- results
def test_metrics_of_several_chapters_come_together():
    rows = judge_claims(
        [NUMBER, DIRECTION],
        [
            result({"doe2020/t/fi/mse": 1.6}, chapter="01"),
            result({"doe2020/claims/d/oasis/difference": (0.2, 0.1, 0.3)}, chapter="02"),
            result({"doe2020/t/fi/mse": 1.6}, chapter="03"),
        ],
    )
    assert [row["verdict"] for row in rows] == ["within", "holds"]


def test_what_is_not_finite_counts_as_not_measured():
    for value in (float("nan"), float("inf"), None):
        row = only(NUMBER, result({"doe2020/t/fi/mse": value}))
        assert (row["verdict"], row["ours"]) == ("inconclusive", None)
        assert json.loads(json.dumps(row, allow_nan=False)) == row


@pytest.mark.parametrize(
    ("results", "says"),
    [
        ([result({}), result({}, profile="ci")], "one profile, not about ci, laptop"),
        ([result({"m": 1.0}, chapter="01"), result({"m": 2.0}, chapter="02")], "metric m differs between 01 and 02"),
        ([{"profile": "ci"}], "the content of a metrics.json"),
        ([{"profile": "ci", "metrics": [1]}], "the content of a metrics.json"),
        (["metrics"], "the content of a metrics.json"),
        ([{"chapter": "02", "profile": "ci", "metrics": {"m": 3}}], "02, metric m: expected value, low and high"),
        ([result({"m": "1.6"})], "02_doe, metric m: value is '1.6', not a number"),
        ([result({"m": True})], "not a number"),
        ([result({"m": (1.0, 2.0, 0.5)})], "the interval runs from 2.0 down to 0.5"),
        ([result({"m": 1.0}) | {"cautions": {"n": "few"}}], "02_doe: no metric n for a caution"),
        ([result({"m": 1.0}) | {"cautions": {"m": 3}}], "02_doe: cautions map a metric to words"),
    ],
)
def test_malformed_results_are_refused(results, says):
    with pytest.raises(BadInput) as refusal:
        judge_claims([NUMBER], results)
    assert says in str(refusal.value)


def test_what_a_run_says_against_its_own_number_stands_beside_the_verdict_on_that_corpus_alone():
    metrics = {f"doe2020/claims/d/{corpus}/difference": (0.2, 0.1, 0.3) for corpus in ("oasis", "scenes")}
    said = {"cautions": {"doe2020/claims/d/scenes/difference": "The rival had fewer pictures."}}
    rows = judge_claims([DIRECTION], [result(metrics) | said])
    assert [(row["corpus"], row["verdict"], row["caution"]) for row in rows] == [
        ("oasis", "holds", None),
        ("scenes", "holds", "The rival had fewer pictures."),
    ]
