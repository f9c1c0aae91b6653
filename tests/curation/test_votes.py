"""Votes: what is accepted and what answers say together, against values by hand and planted truths."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolib.corpora.scenes import Parameters
from emolib.corpora.scenes.crowd import Crowd, annotation, clear, qualification
from emolib.corpora.scenes.model import latents
from emolib.curation.votes import METHODS, accept, acceptance_rates, aggregate, count_votes, qualify, scores_of_workers
from emolib.emotions import MIKELS
from emolib.errors import BadInput


def answers(*rows: tuple, column: str = "label") -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["task", "worker", column])


def test_votes_are_counted():
    table = answers((7, "a", True), (3, "a", False), (7, "b", True), (7, "c", False), column="yes")
    counts = count_votes(table)
    assert counts.index.tolist() == [3, 7]
    assert counts["yes"].tolist() == [0, 2] and counts["asked"].tolist() == [1, 3]


def test_three_of_five_are_enough():
    assert accept([0, 2, 3, 5], 5).tolist() == [False, False, True, True]
    assert accept([2, 2, 3], [2, 5, 3], least=2).tolist() == [True, True, True]
    assert accept(pd.Series([2.0, 4.0]), np.array([5, 5])).tolist() == [False, True]
    assert accept([], 5).shape == (0,)


@pytest.mark.parametrize(
    ("yes", "asked", "message"),
    [
        ([1, 6], 5, "row 1: more said yes than were asked"),
        ([1, -1], 5, "row 1: yes"),
        ([1, 2], [5, 0], "row 1: nobody was asked"),
        ([1, 2], [5, -5], "row 1: asked"),
        ([1, 2.5], 5, "row 1: yes"),
        ([1, math.nan], 5, "row 1: yes"),
        ([1, "many"], 5, "yes holds whole numbers"),
        ([1, 2], [5], "yes has 2 rows, asked 1"),
        ([[1]], 5, "axes"),
    ],
)
def test_impossible_votes_are_refused(yes, asked, message):
    with pytest.raises(BadInput, match=message):
        accept(yes, asked)


@pytest.mark.parametrize("least", [0, -1, 2.5, True])
def test_an_impossible_rule_is_refused(least):
    with pytest.raises(BadInput, match="least"):
        accept([1], 5, least)


def wilson(k: int, n: int) -> tuple[float, float]:
    z, p = 1.959963984540054, k / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=60))
def test_acceptance_rates(rows):
    table = pd.DataFrame({"query": [r[0] for r in rows], "accepted": np.array([r[1] for r in rows], bool)})
    rates = acceptance_rates(table, classes=("c", "a", "b"))
    assert rates.index.tolist() == ["c", "a", "b"]
    for name, row in rates.iterrows():
        own = [accepted for query, accepted in rows if query == name]
        assert (row["pictures"], row["accepted"]) == (len(own), sum(own))
        if own:
            assert row["rate"] == sum(own) / len(own)
            np.testing.assert_allclose((row["low"], row["high"]), wilson(sum(own), len(own)), atol=1e-12)
        else:
            assert row[["rate", "low", "high"]].isna().all()


def test_rates_of_unknown_classes_and_columns_are_refused():
    table = pd.DataFrame({"query": ["awe", "joy"], "accepted": [True, False]})
    with pytest.raises(BadInput, match="row 1: 'joy'"):
        acceptance_rates(table)
    with pytest.raises(BadInput, match="no column 'emotion'"):
        acceptance_rates(table, emotion="emotion")
    with pytest.raises(BadInput, match="True or False"):
        acceptance_rates(pd.DataFrame({"query": ["awe"], "accepted": [3]}))


@pytest.mark.parametrize("method", METHODS)
def test_ties_go_to_the_first_class_and_the_order_of_rows_is_no_matter(method):
    table = answers((1, 0, "y"), (1, 1, "x"), (2, 0, "x"), (2, 1, "x"), (3, 0, "y"), (3, 1, "y"))
    for classes in (("x", "y"), ("y", "x", "z")):
        found = aggregate(table, method, classes)
        assert found.labels.to_dict() == {1: classes[0], 2: "x", 3: "y"}
        again = aggregate(table.sample(frac=1, random_state=3), method, classes)
        pd.testing.assert_series_equal(found.labels, again.labels)
        pd.testing.assert_frame_equal(found.probabilities, again.probabilities)
        pd.testing.assert_series_equal(found.skills, again.skills)
        assert found.probabilities.columns.tolist() == list(classes)


def test_a_majority_by_hand():
    found = aggregate(answers((1, "a", "x"), (1, "b", "x"), (1, "c", "y"), (5, "a", "y")), classes=("x", "y"))
    assert found.labels.to_dict() == {1: "x", 5: "y"}
    np.testing.assert_allclose(found.probabilities.to_numpy(), [[2 / 3, 1 / 3], [0, 1]])
    assert found.skills.to_dict() == {"a": 1, "b": 1, "c": 0}


def planted(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Five answers each to 900 tasks by 25 workers: some right, some who always mix up the same two, some who guess."""
    chance = np.random.default_rng(seed)
    truth, reliability = chance.integers(0, 4, 900), np.concatenate([np.full(8, 0.95), np.full(17, 0.1)])
    rows = []
    for task, right in enumerate(truth):
        for worker in chance.permutation(25)[:5]:
            said = right if chance.random() < reliability[worker] else chance.integers(0, 4)
            rows.append((task, int(worker), "abcd"[said]))
    return answers(*rows), np.array(list("abcd"))[truth], reliability + (1 - reliability) / 4


@pytest.mark.parametrize("method", ["one_coin", "dawid_skene"])
def test_models_find_who_is_worth_listening_to(method):
    table, truth, accuracy = planted()
    majority = aggregate(table, "majority", tuple("abcd"))
    model = aggregate(table, method, tuple("abcd"))
    np.testing.assert_allclose(model.probabilities.sum(axis=1), 1)
    assert (model.labels.to_numpy() == truth).mean() > (majority.labels.to_numpy() == truth).mean() + 0.1
    assert np.abs(model.skills.to_numpy() - accuracy).max() < 0.15


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_one_coin_has_the_numbers_of_the_library_to_the_last_bit():
    from crowdkit.aggregation import OneCoinDawidSkene

    table, _, _ = planted(1)
    found = aggregate(table, "one_coin", tuple("abcd"))
    data = table.assign(label=table["label"].map("abcd".index)).sort_values(["task", "worker"], ignore_index=True)
    theirs = OneCoinDawidSkene(n_iter=100).fit(data)
    probabilities = theirs.probas_.sort_index().reindex(columns=range(4)).to_numpy()
    np.testing.assert_array_equal(found.probabilities, probabilities / probabilities.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(found.skills, theirs.skills_.sort_index())


def test_dawid_skene_turns_round_who_always_mixes_up_two_classes():
    chance = np.random.default_rng(1)
    truth = chance.integers(0, 2, 400)
    flips = [0.05, 0.05, 0.05, 0.95, 0.95]
    rows = [(t, w, "xy"[right ^ (chance.random() < flips[w])]) for t, right in enumerate(truth) for w in range(5)]
    found = aggregate(answers(*rows), "dawid_skene", ("x", "y"))
    assert (found.labels.to_numpy() == np.array(list("xy"))[truth]).mean() > 0.98
    np.testing.assert_allclose(found.skills, 1 - np.array(flips), atol=0.05)


def test_answers_of_the_laboratory():
    parameters, index = Parameters(1200, 64, 5, duplicates=0), np.arange(1200)
    table, crowd = annotation(parameters, index, Crowd(40, spammers=0.4)), Crowd(40, spammers=0.4)
    truth = np.array(MIKELS)[latents(parameters, index).probabilities.argmax(axis=1)]
    right = {method: (aggregate(table, method).labels.to_numpy() == truth).mean() for method in METHODS}
    assert right["one_coin"] > right["majority"] > 0.6
    skills = aggregate(table, "one_coin").skills
    assert np.corrcoef(skills, crowd.reliabilities(5)[skills.index])[0, 1] > 0.9


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (answers((1, 0, "x"), (1, 0, "y")), "row 1: worker 0 answered task 1 before"),
        (answers((1, 0, "x"), (1, 1, "joy")), "row 1: 'joy' is none of x, y"),
        (answers((1, 0, "x"), (1, 1, None)), "row 1: a value is missing"),
        (answers(), "there are none"),
        (pd.DataFrame({"task": [1], "label": ["x"]}), "no column 'worker'"),
        ([(1, 0, "x")], "table"),
    ],
)
def test_broken_answers_are_refused(table, message):
    with pytest.raises(BadInput, match=message):
        aggregate(table, classes=("x", "y"))


def test_an_unknown_method_and_a_vague_yes_are_refused():
    with pytest.raises(BadInput, match="method: 'mean'"):
        aggregate(answers((1, 0, "awe")), "mean")
    with pytest.raises(BadInput, match="True or False"):
        count_votes(answers((1, 0, "maybe"), column="yes"))


def test_half_right_is_enough_to_qualify():
    table = answers(
        (1, "ann", "x"), (2, "ann", "y"), (1, "bob", "x"), (2, "bob", "x"), (1, "cyd", "y"), (2, "cyd", "x"),
    )  # fmt: skip
    truth = {1: "x", 2: "y"}
    scores = scores_of_workers(table, truth)
    assert scores["right"].to_dict() == {"ann": 2, "bob": 1, "cyd": 0} and scores["answered"].tolist() == [2, 2, 2]
    assert scores["share"].tolist() == [1, 0.5, 0]
    assert qualify(table, truth) == ["ann", "bob"]
    assert qualify(table, truth, least=0.51) == ["ann"] and qualify(table, pd.Series(truth), 0) == ["ann", "bob", "cyd"]
    with pytest.raises(BadInput, match="no label for the task 2"):
        qualify(table, {1: "x"})
    with pytest.raises(BadInput, match="least"):
        qualify(table, truth, least=50)


def test_whoever_is_exactly_at_the_limit_qualifies():
    # .28 * 25 is 7.000000000000001 to a computer; so are .07 * 100 and .55 * 20 a little more than 7 and 11.
    for right, answered, least in ((7, 25, 0.28), (7, 100, 0.07), (11, 20, 0.55), (2, 3, 2 / 3)):
        table = answers(
            *((task, "ann", "x" if task < right else "y") for task in range(answered)),
            *((task, "bob", "x" if task < right - 1 else "y") for task in range(answered)),
        )
        assert qualify(table, dict.fromkeys(range(answered), "x"), least) == ["ann"], (right, answered)


def test_a_test_keeps_spammers_out():
    parameters, crowd = Parameters(600, 64, 8), Crowd(100, spammers=0.3)
    index = clear(parameters, np.arange(600), 20)
    passed = set(qualify(*qualification(parameters, index, crowd)))
    reliability = crowd.reliabilities(8)
    assert not passed & set(np.flatnonzero(reliability == 0).tolist())
    assert passed >= set(np.flatnonzero(reliability > 0.85).tolist())
