"""What is recorded of Jacobson et al. 2019, against arithmetic done here and against planted measurements."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from emolib.claims import claims, scorecard, systems

CLAIMS = {claim.id.removeprefix("jacobson2019/"): claim for claim in claims("jacobson2019")}
ROWS = {row["id"].removeprefix("jacobson2019/"): row for row in scorecard([], "jacobson2019")}

# The poster's two tables once more, typed from the text.
RESULTS = {"resnet": "0.52 0.25 0.24", "fractalnet": "0.13 0.13 0.13", "embedding": "0.46 0.20 0.18"}
QUOTED = {"imagenet": (1260, "0.321"), "noisy_fine_tuned": (1600, "0.458"), "fine_tuned": (2034, "0.583")}
COLUMNS = ("train_accuracy", "dev_accuracy", "accuracy")
# What chapter 3 records for each claim: the last part of the metric's name.
MEASURES = {
    **dict.fromkeys(
        ["resnet_beats_embedding", "embedding_beats_guessing", "fractalnet_beats_guessing", "repair_helps_resnet",
         "repair_helps_fractalnet", "repair_helps_embedding", "resolution_helps", "verified_labels_help",
         "more_pictures_help", "dropout_helps", "regularisation_helps", "skip_connections_help", "all_votes_help",
         "merging_before_helps"],
        "accuracy_difference",
    ),
    "networks_memorise": "accuracy_gap",
    "memorise_despite_regularisation": "accuracy_gap",
    "fractal_gradients_explode": "log10_ratio",
    "fear_anger_confused": "confusion_difference",
    "best_on_amusement_contentment_disgust": "recall_difference",
    "embedding_keeps_objects": "skill_difference",
    "valence_loss_keeps_polarity": "polarity_error_difference",
}  # fmt: skip


def number(claim_id: str) -> Fraction:
    return Fraction(str(CLAIMS[claim_id].published))


def planted(corpus: str, **metrics: tuple[float, float | None, float | None]) -> dict:
    entries = {
        f"jacobson2019/{name.replace('__', '/')}": {"value": value, "low": low, "high": high, "n": 3, "unit": ""}
        for name, (value, low, high) in metrics.items()
    }
    return {"schema": 1, "chapter": "03", "profile": "laptop", "corpora": {corpus: ""}, "metrics": entries}


def judged(result: dict, claim_id: str) -> dict:
    (row,) = [row for row in scorecard([result], "jacobson2019") if row["id"] == f"jacobson2019/{claim_id}"]
    return row


# --------------------------------------------------------------------------------------------------------- numbers
@pytest.mark.parametrize("system", RESULTS)
def test_the_table_of_results_cell_by_cell(system):
    for column, text in zip(COLUMNS, RESULTS[system].split(), strict=True):
        claim = CLAIMS[f"results/{system}/{column}"]
        assert Fraction(str(claim.published)) == Fraction(text)
        assert claim.metric == f"jacobson2019/poster/{system}/{{corpus}}/{column}"
        assert claim.tolerance == 0.03 and claim.reason
        assert ROWS[f"results/{system}/{column}"]["verdict"] == "needs fi"


def test_the_tolerance_is_what_its_reason_works_out():
    # Twice the standard error of 24% on the test pictures, another training run, and the rounding of whole percents.
    sampling = 2 * (0.24 * 0.76 / 8492) ** 0.5
    total = (sampling**2 + 0.02**2 + 0.005**2) ** 0.5
    assert sampling < 0.01 and 0.02 < total <= CLAIMS["results/resnet/accuracy"].tolerance


def test_every_number_of_the_text_is_there():
    text = {claim.published for name, claim in CLAIMS.items() if name.startswith("text/")}
    assert text >= {84922, 67937, 8493, 8492, 0.1, 8, 32, 64, 3, 1000, 0.0001, 0.001, 3490, 23308}
    assert number("text/models_announced") == 3 and number("text/models_described") == 2
    assert CLAIMS["text/fi_total"].independent[0]["source"].startswith("Yang et al. 2023")


def test_what_the_poster_leaves_out_is_no_claim():
    assert not {"text/residual_depth", "text/dropout_rate", "text/optimiser", "text/embedding_size"} & set(CLAIMS)


# ----------------------------------------------------------------------------------------------------- consistency
CONTRADICTED = {
    "quoted/imagenet/count_makes_share": Fraction(1260, 3490),  # 36.1% beside a printed 32.1%
    "check/shares_add_up": Fraction("0.3"),
    "check/train_share": Fraction(67937, 84922),  # 80%, printed as 10%
    "check/pictures_are_fi": Fraction(84922, 23308),
    "check/quoted_count": 1120,
    "check/same_test_set": Fraction(8492, 3490),
    "check/models_described": 2,
    "check/one_learning_rate": Fraction("0.001") / Fraction("0.0001"),
    "check/dropout_used_or_not": 2,
    "check/matrix_has_eight_columns": 25,
}
HOLDS = {
    "quoted/noisy_fine_tuned/count_makes_share": Fraction(1600, 3490),
    "quoted/fine_tuned/count_makes_share": Fraction(2034, 3490),
    "check/split_adds_up": 84922,
    "check/train_is_the_rest": Fraction(67937, 84922),
    "check/dev_share": Fraction(8493, 84922),
    "check/test_share": Fraction(8492, 84922),
    "check/labels_count_classes": 8,
    "check/pictures_exceed_fi": 84922 - 23308,
    "check/even_classes_give_13": Fraction(84922, 8),  # 10,615.25 pictures
    "check/fi_majority_above_13": Fraction(5374, 23308),
    "check/source_count_makes_share": Fraction(1120, 3490),
    "check/none_reaches_the_quoted": Fraction("0.321") - Fraction("0.24"),
    "check/approaches_in_the_table": 3,
    "check/other_settings_agree": None,
    "check/residual_network_best": Fraction("0.24"),
    "check/fractalnet_did_not_learn": Fraction(1, 8),
    "check/fractalnet_same_everywhere": 0,
    "check/residual_network_memorises": Fraction("0.27"),
    "check/embedding_memorises": Fraction("0.26"),
    "check/residual_test_as_dev": Fraction("0.01"),
    "check/embedding_test_below_dev": Fraction("0.02"),
    "check/embedding_above_guessing": Fraction("0.18") - Fraction(1, 8),
}


@pytest.mark.parametrize(("verdict", "expected"), [("contradicted", CONTRADICTED), ("holds", HOLDS)])
def test_exactly_these_checks_come_out_so_and_by_these_values(verdict, expected):
    found = {
        name: row["ours"] for name, row in ROWS.items() if row["kind"] == "consistency" and row["verdict"] == verdict
    }
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(float(value), abs=1e-6)), name


@pytest.mark.parametrize("system", QUOTED)
def test_quoted_shares_against_quoted_counts(system):
    right, share = QUOTED[system]
    assert (number(f"quoted/{system}/right"), number(f"quoted/{system}/share")) == (right, Fraction(share))
    agree = abs(Fraction(right, 3490) - Fraction(share)) <= Fraction(5, 10000)
    assert (ROWS[f"quoted/{system}/count_makes_share"]["verdict"] == "holds") == agree
    assert agree == (system != "imagenet")


def test_the_quoted_tables_own_count_is_the_one_recorded_of_you():
    own = {claim.id: claim for claim in claims("you2016")}
    assert number("text/source_right") == own["you2016/table5_counts/imagenet/right"].published
    assert number("text/fi_total") == own["you2016/text/total"].published
    assert number("text/fi_largest") == max(
        claim.published for name, claim in own.items() if name.startswith("you2016/table4/pictures/")
    )
    for system, (_, share) in QUOTED.items():
        assert Fraction(str(own[f"you2016/table5/{system}/accuracy"].published)) == Fraction(share)


def test_the_split_is_eighty_ten_ten():
    parts = [number(f"text/{part}_pictures") for part in ("train", "dev", "test")]
    assert sum(parts) == number("text/pictures") == 84922
    assert [round(100 * part / 84922) for part in parts] == [80, 10, 10]
    assert [number(f"text/{part}_share") for part in ("train", "dev", "test")] == [Fraction(1, 10)] * 3


def test_first_row_of_the_garbled_matrix_counted_again():
    row = """0.10 0.11 0.10 | 0.01 0.01 0.00 | 0.14 0.11 0.13 0.07 | 0.00 0.00 0.00 | 0.00 0.00 0.00 | 0.00 0.00 0.00 |
             0.00 0.00 0.00 | 0.00 0.00 0.00"""
    assert number("text/matrix_first_row") == len(row.replace("|", " ").split())
    assert len(row.split("|")) == 8


# ------------------------------------------------------------------------------------------------------ directions
def test_directions_have_the_metrics_that_the_chapter_records():
    found = {name.removeprefix("claims/"): claim for name, claim in CLAIMS.items() if claim.kind == "direction"}
    assert {name: claim.metric for name, claim in found.items()} == {
        name: f"jacobson2019/claims/{name}/{{corpus}}/{measure}" for name, measure in MEASURES.items()
    }
    assert {claim.needs for claim in found.values()} == {"scenes"}
    assert all(claim.definition for claim in found.values())
    assert {name for name, claim in found.items() if claim.source == "book"} == {
        "fractalnet_beats_guessing", "repair_helps_resnet", "repair_helps_fractalnet", "repair_helps_embedding",
        "verified_labels_help", "fractal_gradients_explode",
    }  # fmt: skip


def test_directions_give_the_posters_own_differences():
    given = {name: claim.published for name, claim in CLAIMS.items()
             if claim.kind == "direction" and not isinstance(claim.published, str)}  # fmt: skip
    assert given == {
        "claims/resnet_beats_embedding": pytest.approx(0.24 - 0.18),
        "claims/networks_memorise": pytest.approx(0.52 - 0.25),
    }


@pytest.mark.parametrize("claim", MEASURES)
def test_a_direction_gets_its_verdict_from_its_interval(claim):
    name = f"claims__{claim}__scenes__{MEASURES[claim]}"
    for interval, verdict in (
        ((0.1, 0.05, 0.2), "holds"),
        ((-0.1, -0.2, -0.05), "contradicted"),
        ((0.1, -0.1, 0.2), "inconclusive"),
        ((0.1, None, None), "inconclusive"),
    ):
        row = judged(planted("scenes", **{name: interval}), f"claims/{claim}")
        assert (row["verdict"], row["corpus"], row["ours"]) == (verdict, "scenes", interval[0])


# What is measured of the claim's first party and of the second, and the side on which the definition has to have them.
@pytest.mark.parametrize(
    ("claim", "first", "second"),
    [
        ("resnet_beats_embedding", "residual network", "embedding network"),
        ("embedding_beats_guessing", "embedding network", "most frequent emotion"),
        ("fractalnet_beats_guessing", "repaired FractalNet", "most frequent emotion"),
        ("repair_helps_resnet", "repaired residual network", "the poster's"),
        ("repair_helps_fractalnet", "repaired FractalNet", "the poster's"),
        ("repair_helps_embedding", "repaired embedding network", "the poster's"),
        ("resolution_helps", "64 pixels", "32 pixels"),
        ("verified_labels_help", "trained on verified labels", "raw search words"),
        ("more_pictures_help", "all pictures", "a quarter"),
        ("dropout_helps", "with dropout", "without"),
        ("regularisation_helps", "with augmentation, dropout and weight decay", "without"),
        ("skip_connections_help", "deep residual network", "without skip connections"),
        ("all_votes_help", "all votes", "one most voted label"),
        ("merging_before_helps", "trained on seven", "trained on eight"),
        ("networks_memorise", "training pictures", "development pictures"),
        ("memorise_despite_regularisation", "training", "development pictures"),
        ("fractal_gradients_explode", "weights twice too large", "right ones"),
        ("fear_anger_confused", "fear taken for anger", "all other pairs"),
        ("best_on_amusement_contentment_disgust", "amusement, contentment and disgust", "the other five"),
        ("embedding_keeps_objects", "the object", "the emotion"),
        ("valence_loss_keeps_polarity", "cross-entropy", "valence-aware loss"),
    ],
)
def test_the_difference_is_positive_when_the_claim_is_right(claim, first, second):
    definition = CLAIMS[f"claims/{claim}"].definition
    before, sign, after = definition.partition(" over the same " if "log10" in definition else " minus ")
    assert sign and first in before and second in after


# -------------------------------------------------------------------------------------------- verdicts on numbers
def test_a_number_gets_its_verdict_on_fi_alone():
    for corpus, interval, verdict in (
        ("fi", (0.265, 0.25, 0.28), "within"),  # 0.025 from the printed 0.24
        ("fi", (0.275, 0.265, 0.285), "outside"),
        ("fi", (0.275, 0.23, 0.32), "within"),  # too far, but the printed value lies in the interval
        ("scenes", (0.24, 0.23, 0.25), "needs fi"),
    ):
        row = judged(planted(corpus, **{f"poster__resnet__{corpus}__accuracy": interval}), "results/resnet/accuracy")
        assert (row["verdict"], row["corpus"], row["published"]) == (verdict, corpus, 0.24)


def test_an_empty_scorecard_has_one_row_a_claim():
    rows = scorecard([], "jacobson2019")
    assert Counter(row["id"] for row in rows) == Counter(claim.id for claim in claims("jacobson2019"))
    assert all(row["verdict"] in {"holds", "contradicted"} or row["verdict"] == f"needs {row['needs']}" for row in rows)


# --------------------------------------------------------------------------------------------------------- systems
def test_systems_are_what_the_poster_builds_and_proposes():
    found = systems("jacobson2019")
    assert {system.id for system in found} == {
        "resnet", "fractalnet", "embedding", "softmax_network", "valence_loss", "all_votes",
    }  # fmt: skip
    assert {system.chapter for system in found} == {3}


def test_every_system_has_its_code_and_its_test():
    root = Path(__file__).parents[2]
    for system in systems("jacobson2019", check=True):
        assert (root / system.test).is_file(), f"{system.id}: {system.test} is not there"
