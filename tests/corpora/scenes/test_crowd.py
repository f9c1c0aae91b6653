"""Simulated workers: as reliable as they are said to be, and the same whatever else is asked for."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emolib.corpora.scenes import Parameters, records
from emolib.corpora.scenes.crowd import (
    CROWD_STREAMS,
    Crowd,
    annotation,
    clear,
    qualification,
    queries,
    verification,
)
from emolib.corpora.scenes.model import STREAMS, latents
from emolib.emotions import MIKELS
from emolib.errors import BadInput

PARAMETERS = Parameters(6000, 64, 4)
INDEX = np.arange(6000)
CROWD = Crowd(30, spammers=0.2)


@pytest.fixture(scope="module")
def p() -> np.ndarray:
    return latents(PARAMETERS, INDEX).probabilities


def test_streams_are_new():
    assert len({*STREAMS.values(), *CROWD_STREAMS.values()}) == len(STREAMS) + len(CROWD_STREAMS)
    assert min(CROWD_STREAMS.values()) > max(STREAMS.values())


def test_reliabilities_follow_their_distribution_and_a_worker_is_the_same_in_any_crowd():
    found = Crowd(20_000, spammers=0.25, low=0.6, high=0.9).reliabilities(3)
    assert stats.binomtest(int((found == 0).sum()), 20_000, 0.25).pvalue > 1e-3
    others = found[found > 0]
    assert stats.kstest(others, lambda r: np.clip((r - 0.6) / 0.3, 0, 1) ** 2).pvalue > 1e-3
    np.testing.assert_array_equal(Crowd(50, 0.25, 0.6, 0.9).reliabilities(3), found[:50])
    assert (Crowd(50).reliabilities(3) != Crowd(50).reliabilities(4)).any()


def test_the_search_words_are_those_of_the_records():
    table = records(PARAMETERS, 0, 500)
    scene = latents(PARAMETERS, INDEX[:500])
    assert np.array(MIKELS)[queries(PARAMETERS, scene)].tolist() == table["query"].tolist()


def test_an_answer_depends_on_its_picture_alone():
    some = np.array([5999, 17, 30])
    for ask in (verification, annotation):
        whole = ask(PARAMETERS, INDEX, CROWD)
        own = ask(Parameters(10**6, 64, 4), some, CROWD)
        rows = np.concatenate([np.flatnonzero(whole["task"] == task) for task in some])
        pd.testing.assert_frame_equal(own, whole.iloc[rows].reset_index(drop=True))
        fewer = ask(PARAMETERS, some, CROWD, votes=2)
        pd.testing.assert_frame_equal(fewer, own.iloc[[0, 1, 5, 6, 10, 11]].reset_index(drop=True))
        assert len(ask(PARAMETERS, INDEX[:0], CROWD)) == 0
        assert list(ask(PARAMETERS, INDEX[:0], CROWD)) == list(whole)


def test_a_test_answer_depends_on_its_picture_and_worker_alone():
    answers, truth = qualification(PARAMETERS, INDEX[:1500], CROWD)
    few, some = qualification(PARAMETERS, np.array([1200, 4]), Crowd(12, spammers=0.2))
    for task in (1200, 4):
        whole = answers[answers["task"] == task].iloc[:12].reset_index(drop=True)
        pd.testing.assert_frame_equal(few[few["task"] == task].reset_index(drop=True), whole)
        assert some[task] == truth[task]


def test_another_process_answers_the_same():
    code = (
        "import hashlib, numpy as np\n"
        "from emolib.corpora.scenes import Parameters\n"
        "from emolib.corpora.scenes.crowd import annotation\n"
        "table = annotation(Parameters(9000, 48, 4), np.arange(8000, 8050))\n"
        "print(hashlib.sha256(table.to_csv().encode()).hexdigest())\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    here = annotation(Parameters(9000, 48, 4), np.arange(8000, 8050))
    assert output.strip() == hashlib.sha256(here.to_csv().encode()).hexdigest()


@pytest.mark.parametrize("votes", [1, 4, 9])
def test_every_task_is_answered_by_different_workers_drawn_alike(votes):
    for ask in (verification, annotation):
        table = ask(PARAMETERS, INDEX, CROWD, votes)
        assert table["task"].tolist() == np.repeat(INDEX, votes).tolist()
        assert not table.duplicated(["task", "worker"]).any()
        counts = np.bincount(table["worker"], minlength=30)
        expected = 6000 * votes / 30
        # Drawn without replacement: a variance smaller by (30 - votes) / 29 than that of a multinomial.
        assert ((counts - expected) ** 2).sum() / expected / ((30 - votes) / 29) < stats.chi2.ppf(0.9999, 29)
    assert ask(PARAMETERS, INDEX[:20], Crowd(9), 9).groupby("task")["worker"].agg(set).map(len).eq(9).all()


def recovered(said: np.ndarray, expected: np.ndarray, chance: float, worker: np.ndarray) -> tuple[np.ndarray, ...]:
    """Reliability of each worker by least squares, with its error: answers are r x expected + (1 - r) chance."""
    x, y = expected - chance, said - chance
    found, error = [], []
    for w in range(worker.max() + 1):
        own = worker == w
        slope = (x[own] * y[own]).sum() / (x[own] ** 2).sum()
        found.append(slope)
        error.append(np.sqrt((x[own] ** 2 * (y[own] - slope * x[own]) ** 2).sum()) / (x[own] ** 2).sum())
    return np.array(found), np.array(error)


def test_reliabilities_are_recovered_from_annotations(p):
    table = annotation(PARAMETERS, INDEX, CROWD)
    said = (table["label"].to_numpy()[:, None] == np.array(MIKELS)).astype(float).ravel()
    worker = np.repeat(table["worker"].to_numpy(), 8)
    found, error = recovered(said, p[table["task"]].ravel(), 1 / 8, worker)
    z = (found - CROWD.reliabilities(4)) / error
    assert np.abs(z).max() < 4 and error.max() < 0.08, z


def test_reliabilities_are_recovered_from_verifications(p):
    table = verification(PARAMETERS, INDEX, CROWD)
    asked = p[INDEX, queries(PARAMETERS, latents(PARAMETERS, INDEX))]
    found, error = recovered(table["yes"].to_numpy(float), asked[table["task"]], 0.5, table["worker"].to_numpy())
    z = (found - CROWD.reliabilities(4)) / error
    assert np.abs(z).max() < 4 and error.max() < 0.1, z


def test_without_reliability_all_is_chance():
    careless = Crowd(30, low=0, high=0)
    assert not careless.reliabilities(4).any()
    table = annotation(PARAMETERS, INDEX, careless)
    assert stats.chisquare(table["label"].value_counts()).pvalue > 1e-3
    yes = verification(PARAMETERS, INDEX, careless)["yes"]
    assert stats.binomtest(int(yes.sum()), len(yes), 0.5).pvalue > 1e-3
    answers, truth = qualification(PARAMETERS, INDEX[:500], careless)
    right = answers["label"].to_numpy() == truth[answers["task"]].to_numpy()
    assert stats.binomtest(int(right.sum()), len(right), 1 / 8).pvalue > 1e-3


def test_who_is_always_attentive_answers_by_the_distribution(p):
    best = Crowd(30, spammers=0, low=1)
    table = annotation(PARAMETERS, INDEX, best)
    said = pd.crosstab(table["task"], table["label"])[list(MIKELS)].to_numpy()
    z = (said - 5 * p).sum(axis=0) / np.sqrt((5 * p * (1 - p)).sum(axis=0))
    assert np.abs(z).max() < 4, z


def test_test_pictures_are_the_clearest_and_their_truth_is_the_likeliest_emotion(p):
    index = clear(PARAMETERS, INDEX[::-1], 25)
    assert len(index) == 25 and (np.diff(index) > 0).all()
    assert p[index].max(axis=1).min() >= np.delete(p, index, axis=0).max(axis=1).max()
    answers, truth = qualification(PARAMETERS, index, CROWD)
    assert truth.tolist() == [MIKELS[k] for k in p[index].argmax(axis=1)] and truth.index.tolist() == index.tolist()
    right = answers["label"].to_numpy() == truth[answers["task"]].to_numpy()
    r, most = CROWD.reliabilities(4), p[index].max(axis=1)
    expected = (r[None, :] * most[:, None] + (1 - r)[None, :] / 8).ravel()
    assert abs(right.sum() - expected.sum()) < 4 * np.sqrt((expected * (1 - expected)).sum())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Crowd(0), "workers"),
        (lambda: Crowd(spammers=1.5), "spammers"),
        (lambda: Crowd(low=0.9, high=0.2), "swap"),
        (lambda: Crowd(high=float("nan")), "high"),
        (lambda: verification(PARAMETERS, INDEX, votes=10), "votes"),
        (lambda: annotation(PARAMETERS, INDEX, votes=0), "votes"),
        (lambda: annotation(PARAMETERS, INDEX, Crowd(3)), "enlarge"),
        (lambda: annotation(PARAMETERS, np.array([-1])), "from 0"),
        (lambda: clear(PARAMETERS, INDEX[:5], 6), "number"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(BadInput, match=message):
        make()
