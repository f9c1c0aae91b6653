"""The small sets' protocol: what is planted is found, what can't be judged is NA, and groups stay whole."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from emolib.errors import BadInput
from emolib.evaluation import score
from emolib.training import one_vs_all as module
from emolib.training.one_vs_all import judged, one_vs_all, stratified_folds


def planted(n: int = 240, signal: float = 2.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features in which class k is shifted along its own direction, three classes, groups of two."""
    random = np.random.default_rng(seed)
    groups = np.arange(n) // 2
    labels = random.choice(3, n // 2, p=(0.2, 0.3, 0.5))[groups]
    return random.normal(size=(n, 12)) + signal * np.eye(12)[labels], labels, groups


def test_a_planted_class_is_found_and_chance_is_a_half():
    features, labels, groups = planted()
    folds = stratified_folds(labels, groups)
    found = score(one_vs_all(features, labels, groups, folds, 3), labels, groups, "one_vs_all_tpr")
    assert found.low > 0.75
    nothing = planted(signal=0.0, n=600)
    folds = stratified_folds(*nothing[1:])
    chance = score(one_vs_all(*nothing, folds, 3), nothing[1], nothing[2], "one_vs_all_tpr")
    assert chance.low < 0.5 < chance.high + 0.02 and chance.value < 0.56


def test_with_one_penalty_it_is_scikit_learns_pipeline(monkeypatch):
    monkeypatch.setattr(module, "PENALTIES", (1e-2,) * 3)
    features, labels, groups = planted()
    folds = stratified_folds(labels, groups, seed=3)
    ours = one_vs_all(features, labels, groups, folds, 3)
    for k in range(3):
        theirs = np.empty(len(labels))
        for train, test in folds:
            # Dividing all components by one number is the same as another C.
            steps = make_pipeline(StandardScaler(), PCA(0.9))
            reduced = steps.fit_transform(features[train])
            scale = np.sqrt(steps[-1].explained_variance_.mean())
            machine = LinearSVC(C=1e-2, class_weight="balanced", dual=False).fit(reduced / scale, labels[train] == k)
            theirs[test] = machine.predict(steps.transform(features[test]) / scale)
        assert (ours[:, k] == theirs).mean() > 0.995  # the two stop their solver at different places
        assert balanced_accuracy_score(labels == k, ours[:, k]) == pytest.approx(
            balanced_accuracy_score(labels == k, theirs), abs=0.02
        )


def test_groups_stay_whole_and_classes_are_shared_out():
    _, labels, groups = planted()
    folds = stratified_folds(labels, groups)
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(len(labels)))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert set(labels[test]) == {0, 1, 2}
    with pytest.raises(BadInput, match="2 groups do not make 5 folds"):
        stratified_folds(labels[:4], groups[:4])
    with pytest.raises(BadInput, match="no class has a picture for each of 5 folds"):
        stratified_folds(np.arange(8), np.arange(8))


def test_a_handful_of_pictures_is_judged_without_a_choice_of_penalty():
    features, labels = np.eye(8)[np.arange(8) % 2], np.arange(8) % 2
    answers = one_vs_all(features[:4], labels[:4], np.arange(4), [(np.arange(4), np.arange(4))] * 2, 2)
    assert answers.tolist() == (labels[:4, None] == [0, 1]).astype(float).tolist()


def test_an_empty_class_one_of_a_single_picture_and_one_smaller_than_the_folds_are_na():
    features, labels, groups = planted()
    labels = labels.copy()
    labels[:2], labels[2:6] = 4, 5  # class 3 stays empty, 4 has one group, 5 has four pictures in two groups
    folds = stratified_folds(labels, groups)
    assert judged(labels, folds, 6).tolist() == [True, True, True, False, False, False]
    answers = one_vs_all(features, labels, groups, folds, 6)
    assert np.isnan(answers[:, 3:]).all() and set(np.unique(answers[:, :3])) == {0.0, 1.0}


def test_a_fold_without_positives_in_training_is_na():
    features, labels, groups = planted()
    one_group = np.where(np.isin(np.arange(len(labels)), range(20)), 3, labels)
    groups = np.where(one_group == 3, -1, groups)  # all of class 3 in one group: some fold trains without it
    folds = stratified_folds(one_group, groups)
    answers = one_vs_all(features, one_group, groups, folds, 4)
    assert np.isnan(answers[:, 3]).all() and np.isfinite(answers[:, :3]).all()


def test_the_only_class_there_is_can_not_be_judged():
    features, labels, groups = planted(n=40)
    assert not judged(np.zeros_like(labels), stratified_folds(labels, groups), 1).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, g: (x[1:], y, g), "one_vs_all: features"),
        (
            lambda x, y, g: (np.where(np.arange(x.size).reshape(x.shape) == 25, np.nan, x), y, g),
            "feature 1 of picture 2",
        ),
        (lambda x, y, g: (x, np.where(np.arange(len(y)) == 0, 7, y), g), "labels run from 0 to 7"),
        (lambda x, y, g: (x, np.where(np.arange(len(y)) == 0, -1, y), g), "labels run from -1"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    features, labels, groups = planted(n=40)
    folds = stratified_folds(labels, groups)
    with pytest.raises(BadInput, match=message):
        one_vs_all(*change(features, labels, groups), folds, 3)
