"""Concept detectors: pairs as counted by hand, planted concepts found, and no look at pictures that are not given."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from emolib.errors import BadInput
from emolib.features import concepts as module
from emolib.features.concepts import ConceptBank, candidates, shown

LIGHT, THINGS = ("misty", "golden"), ("forest", "dog", "sea")


def planted(n: int = 600, seed: int = 0, wordless: float = 0.2) -> tuple[np.ndarray, list[list[str]], np.ndarray]:
    """Features, keywords, and which pictures show which of the five words: each moves a column of its own.

    Words are left out of a tenth of the pictures that show them; one word, "lucky", has nothing to do with pictures.
    """
    random = np.random.default_rng(seed)
    truth = random.random((n, 5)) < (0.4, 0.4, 0.5, 0.3, 0.3)
    features = random.normal(size=(n, 8)).astype(np.float32)
    features[:, :5] += truth * np.array([5, 4, 3, 2, 1.5])
    said = truth & (random.random((n, 5)) > 0.1)
    keywords = [[word for word, there in zip(LIGHT + THINGS, row, strict=True) if there] for row in said]
    for words in keywords:
        if random.random() < 0.3:
            words.append("lucky")
        if random.random() < wordless:
            words.clear()
    return features, keywords, truth


# ---------------------------------------------------------------------------------------------------------- candidates


def test_words_and_pairs_by_hand():
    keywords = [["Misty", "forest"], ["misty ", "forest", "dog"], ["misty", "dog"], [], ["golden", "dog"], ["dog"]]
    found = candidates(keywords, first={"misty", "golden"}, fewest=2)
    # "misty forest" describes the same pictures as "forest", and golden is too rare.
    assert found == [(("dog",), 4), (("misty",), 3), (("forest",), 2), (("misty", "dog"), 2)]
    assert candidates(keywords, first={"misty"}, fewest=2, words=False) == [
        (("misty", "dog"), 2),
        (("misty", "forest"), 2),
    ]
    assert candidates(keywords, fewest=2, words=False, without=["DOG"]) == [(("forest", "misty"), 2)]
    assert candidates(keywords, first=["misty"], second=["forest"], fewest=1, words=False) == [(("misty", "forest"), 2)]
    assert candidates([[], []]) == []


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=5), max_size=12),
    st.integers(1, 4),
    st.sets(st.sampled_from("abc")),
    st.booleans(),
)
def test_candidates_are_those_of_trying_every_pair(keywords, fewest, first, sorted_by_hand):
    def count(*words: str) -> int:
        return sum(set(words) <= set(own) for own in keywords)

    expected = {(word,): count(word) for word in "abcde" if count(word) >= fewest}
    for a, b in combinations("abcde", 2):
        if sorted_by_hand:
            pair = (a, b) if a in first and b not in first else (b, a) if b in first and a not in first else None
        else:
            pair = (a, b)
        if pair and count(a, b) >= fewest and count(a, b) not in (count(a), count(b)):
            expected[pair] = count(a, b)
    found = candidates(keywords, first=first if sorted_by_hand else None, fewest=fewest)
    assert dict(found) == expected and len(found) == len(expected)
    assert [number for _, number in found] == sorted(expected.values(), reverse=True)
    there = shown(keywords, [concept for concept, _ in found])
    assert there.shape == (len(keywords), len(found)) and there.sum(axis=0).tolist() == [n for _, n in found]


def test_text_instead_of_lists_of_words_is_named():
    with pytest.raises(BadInput, match=r"picture 1: 'sea\|dog' is no list"):
        candidates([["sea"], "sea|dog"])
    with pytest.raises(BadInput, match="picture 0: None"):
        candidates([None])
    with pytest.raises(BadInput, match="second without first"):
        candidates([["a"]], second=["a"])


# ---------------------------------------------------------------------------------------------------------------- bank


def test_planted_concepts_are_found_and_ranked_by_how_well_they_show():
    features, keywords, truth = planted(3000)
    bank = ConceptBank.fit(features, keywords, np.arange(2000), first=LIGHT)
    table = bank.table()
    assert list(table["average_precision"]) == sorted(table["average_precision"], reverse=True)
    assert set(table["concept"]) >= {*LIGHT, *THINGS, "misty forest", "golden dog", "lucky"}
    rank = {name: i for i, name in enumerate(table["concept"])}
    assert (
        max(rank[name] for name in (*LIGHT, "forest")) < min(rank["dog"], rank["sea"]) and rank["lucky"] > rank["sea"]
    )
    # A word that is not to be seen is detected no better than by a guess; the others far better, on new pictures too.
    lucky = table.iloc[rank["lucky"]]
    assert abs(lucky["average_precision"] - lucky["guess"]) < 0.15
    scores, truth = bank.scores(features)[2000:], truth[2000:]
    for k, name in enumerate(LIGHT + THINGS):
        assert average_precision_score(truth[:, k], scores[:, rank[name]]) > truth[:, k].mean() + 0.25
    pair = truth[:, 0] & truth[:, 2]
    assert average_precision_score(pair, scores[:, rank["misty forest"]]) > 0.85


def test_scores_run_along_fishers_discriminant(monkeypatch):
    monkeypatch.setattr(module, "PENALTIES", (1e-3,))
    features, keywords, _ = planted(wordless=0)
    bank = ConceptBank.fit(features, keywords, np.arange(600), words=True)
    worded = np.array([bool(own) for own in keywords])
    features, label = features[worded], np.array(["dog" in own for own in keywords])[worded]
    theirs = LinearDiscriminantAnalysis().fit(features, label).decision_function(features)
    ours = bank.scores(features)[:, bank.concepts.index(("dog",))]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9999
    assert ours.mean() == pytest.approx(np.mean(label), abs=1e-3)


def test_most_cuts_the_worst_and_words_can_be_left_out():
    features, keywords, _ = planted()
    every = ConceptBank.fit(features, keywords, np.arange(400), first=LIGHT)
    three = ConceptBank.fit(features, keywords, np.arange(400), first=LIGHT, most=3)
    assert three.concepts == every.concepts[:3] and three.scores(features).shape == (600, 3)
    np.testing.assert_allclose(three.scores(features), every.scores(features)[:, :3], atol=1e-4)
    some = ConceptBank.fit(features, keywords, np.arange(400), first=LIGHT, without=["misty", "lucky"])
    assert not {"misty", "lucky"} & {word for concept in some.concepts for word in concept}


def test_other_pictures_and_pictures_without_words_change_nothing():
    features, keywords, _ = planted()
    train = np.arange(600) % 3 > 0
    bank = ConceptBank.fit(features, keywords, train, first=LIGHT)
    other, words = features.copy(), list(keywords)
    silent = ~train | np.array([not own for own in keywords])
    other[silent] = np.nan
    for i in np.flatnonzero(~train):
        words[i] = ["misty", "dog", "surprise"]
    again = ConceptBank.fit(other, pd.Series(words, index=range(5, 605)), np.flatnonzero(train), first=LIGHT)
    assert again.concepts == bank.concepts
    assert again.scores(features).tobytes() == bank.scores(features).tobytes()
    assert np.isfinite(bank.scores(features)[silent]).all()


def test_groups_are_not_split_between_learning_and_judging():
    # Every picture five times, with words that mean nothing: whoever splits the copies believes to detect them.
    random = np.random.default_rng(0)
    features = np.repeat(random.normal(size=(200, 400)), 5, axis=0)
    keywords = [own for own in (["a"] if random.random() < 0.5 else ["b"] for _ in range(200)) for _ in range(5)]
    groups = np.repeat(np.arange(200), 5)
    fair = ConceptBank.fit(features, keywords, np.arange(1000), groups=groups)
    split = ConceptBank.fit(features, keywords, np.arange(1000))
    assert set(fair.concepts) == set(split.concepts) == {("a",), ("b",)}
    assert split.precision.min() > 0.95 and (fair.precision - fair.share).max() < 0.2


def test_threads_do_not_change_the_bank():
    features, keywords, _ = planted()
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(ConceptBank.fit(features, keywords, np.arange(600)).scores(features).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: {**a, "keywords": a["keywords"][1:]}, "599 lists of keywords"),
        (lambda a: {**a, "groups": np.arange(5)}, "5 groups"),
        (lambda a: {**a, "features": np.full((600, 8), np.nan)}, "feature 0 of picture"),
        (lambda a: {**a, "keywords": [[]] * 600}, "0 pictures with words"),
        (lambda a: {**a, "groups": np.arange(600) % 3}, "fewer than 4 groups"),
        (lambda a: {**a, "fewest": 590}, "lower fewest"),
        (lambda a: {**a, "fewest": 1}, "at least 1 and 2"),
        (lambda a: {**a, "most": 0}, "at least 1 and 2"),
        (lambda a: {**a, "rows": np.arange(0)}, "0 pictures with words"),
        (lambda a: {**a, "keywords": ["sea"] * 600, "rows": [3, 4]}, "picture 3: 'sea'"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    features, keywords, _ = planted()
    arguments = {"features": features, "keywords": keywords, "rows": np.arange(600)}
    with pytest.raises(BadInput, match=message):
        ConceptBank.fit(**change(arguments))


def test_features_of_another_length_are_refused():
    features, keywords, _ = planted()
    with pytest.raises(BadInput, match="8 columns"):
        ConceptBank.fit(features, keywords, np.arange(600)).scores(features[:, :7])
