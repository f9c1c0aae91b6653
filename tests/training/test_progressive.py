"""Training twice: the probability of leaving out worked out by hand, and wrong labels that were planted and go."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax

from emolib.errors import BadInput
from emolib.models.ffnn import FFNN
from emolib.training import Recipe, fit, loop, predict
from emolib.training.progressive import MARGINS, keep, progressive, removal_probability

RECIPE = Recipe(5, 32, 5e-3)


def clouds(classes: int, n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as points around a centre a class, and the class."""
    chance = np.random.default_rng(seed)
    y = chance.integers(classes, size=n)
    centres = chance.normal(size=(classes, 10)) * 2
    return (centres[y] + chance.normal(size=(n, 10))).astype(np.float32), y


def flipped(y: np.ndarray, classes: int, share: float = 0.35, seed: int = 1) -> np.ndarray:
    """The classes, a share of them replaced by another one."""
    chance = np.random.default_rng(seed)
    wrong = chance.random(len(y)) < share
    return np.where(wrong, (y + chance.integers(1, classes, size=len(y))) % classes, y)


def small(classes: int) -> FFNN:
    return FFNN(10, (16,), outputs=classes)


def test_two_classes_are_left_out_as_the_formula_says():
    # 2 - e^0 = 1; 2 - e^.2; 2 - e^.6; 2 - e^log 2 = 0, and below 0 nothing is left out.
    first = np.array([0.5, 0.6, 0.2, 0.5 + math.log(2) / 2, 0.99])
    found = removal_probability(np.stack([first, 1 - first], 1), np.zeros(5, int))
    np.testing.assert_allclose(found, [1, 0.778597, 0.177881, 0, 0], atol=1e-6)


def test_of_several_classes_the_two_highest_count():
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    # Margins .2, .7, .1
    for labels in ([0, 2, 1], [1, 0, 0]):
        np.testing.assert_allclose(removal_probability(p, labels), [0.778597, 0, 0.894829], atol=1e-6)


def test_against_its_label_a_picture_goes_when_the_label_counts():
    p = np.array([[0.5, 0.3, 0.2]] * 3)
    found = removal_probability(p, np.arange(3), "label")
    np.testing.assert_allclose(found, [0.778597, 1, 1], atol=1e-6)


@given(
    arrays.arrays(float, st.tuples(st.integers(1, 20), st.integers(2, 9)), elements=st.floats(-800, 800)),
    st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from(MARGINS),
)  # fmt: skip
def test_whatever_was_predicted_no_class_goes_empty(logits, seed, least, margin):
    p = softmax(logits, axis=1)
    labels = np.random.default_rng(seed).integers(p.shape[1], size=len(p))
    removal = removal_probability(p, labels, margin)
    assert ((removal >= 0) & (removal <= 1)).all()
    if margin == "label":
        # The label's margin is the top one where the label is predicted, and below it elsewhere.
        assert (removal >= removal_probability(p, labels, "top")).all()
    kept = keep(removal, labels, seed, least)
    assert (np.diff(kept) > 0).all() and set(np.flatnonzero(removal == 0)) <= set(kept.tolist())
    before, after = (np.bincount(some, minlength=9) for some in (labels, labels[kept]))
    assert (after >= np.minimum(before, least)).all() and (after <= before).all()


def test_what_a_class_gets_back_are_its_surest_pictures():
    labels = np.array([0, 0, 0, 1, 1, 1, 2])
    removal = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert keep(removal, labels).tolist() == [0, 1, 3, 6]
    assert keep(removal, labels, least=2).tolist() == [0, 1, 3, 4, 6]
    sure = keep(np.array([1.0, 1 - 1e-12, 1.0]), np.zeros(3, int))
    assert sure.tolist() == [1]


def test_pictures_go_as_often_as_their_probability_says():
    removal = np.repeat([0.1, 0.5, 0.9], 20000)
    stays = np.zeros(60000, bool)
    stays[keep(removal, np.zeros(60000, int), seed=3)] = True
    # Five standard deviations of a share of 20,000.
    np.testing.assert_allclose(stays.reshape(3, -1).mean(1), [0.9, 0.5, 0.1], atol=5 * 0.5 / math.sqrt(20000))


@pytest.mark.parametrize("classes", [2, 8])
def test_labels_flipped_at_random_go_when_the_label_counts(classes):
    x, truth = clouds(classes)
    weak = flipped(truth, classes)
    found = progressive(lambda: small(classes), x, weak, RECIPE, margin="label")
    before, after = ((weak[rows] != truth[rows]).mean() for rows in (found.rows, found.kept))
    assert before > 0.3 and after < before / 4
    assert set(weak) == set(weak[found.kept]) and len(found.kept) < len(x)


def test_labels_that_are_wrong_where_pictures_are_ambiguous_go_by_the_papers_margin():
    # Two overlapping clouds, and the nearer to the border a picture lies, the likelier its label is wrong: 35% in all.
    chance = np.random.default_rng(0)
    side = chance.normal(size=1000)
    x = chance.normal(size=(1000, 10)).astype(np.float32)
    x[:, 0] = side * 2
    truth = (side > 0).astype(int)
    wrong = chance.random(1000) < 0.5 * np.exp(-(side**2) / 2)
    weak = np.where(wrong, 1 - truth, truth)
    found = progressive(lambda: small(2), x, weak, Recipe(10, 32, 5e-3))
    before, after = ((weak[rows] != truth[rows]).mean() for rows in (found.rows, found.kept))
    assert before > 0.3 and after < before * 0.75


def test_it_is_training_leaving_out_and_training_on_spelt_out():
    x, truth = clouds(3)
    weak, rows = flipped(truth, 3), np.arange(0, 600, 2)
    recipe, again = Recipe(5, 32, 5e-3, seed=4), Recipe(2, 16, 1e-3, seed=9)
    found = progressive(lambda: small(3), x, weak, recipe, again=again, least=80, rows=rows)
    torch.manual_seed(4)
    model, loss = small(3), torch.nn.functional.cross_entropy
    fit(model, x, weak, recipe, loss=loss, rows=rows)
    np.testing.assert_array_equal(predict(found.first, x), predict(model, x))
    p = np.sort(torch.from_numpy(predict(model, x, rows=rows)).double().softmax(1).numpy(), 1)
    np.testing.assert_allclose(found.removal, np.clip(2 - np.exp(p[:, 2] - p[:, 1]), 0, 1), atol=1e-9)
    assert np.array_equal(found.rows, rows)
    assert np.array_equal(found.kept, rows[keep(found.removal, weak[rows], seed=4, least=80)])
    assert min(np.bincount(weak[found.kept])) == 80 and len(found.kept) < len(rows)
    fit(model, x, weak, again, loss=loss, rows=found.kept)
    np.testing.assert_array_equal(predict(found.model, x), predict(model, x))


def test_anew_the_second_training_begins_where_the_first_did():
    x, truth = clouds(3)
    weak = flipped(truth, 3)
    found = progressive(lambda: small(3), x, weak, RECIPE, anew=True)
    torch.manual_seed(RECIPE.seed)
    model = small(3)
    fit(model, x, weak, RECIPE, loss=torch.nn.functional.cross_entropy, rows=found.kept)
    np.testing.assert_array_equal(predict(found.model, x), predict(model, x))
    on = progressive(lambda: small(3), x, weak, RECIPE)
    assert np.array_equal(on.kept, found.kept) and not np.array_equal(predict(on.model, x), predict(model, x))


def test_the_same_seed_gives_the_same_bits_and_another_other_pictures():
    x, truth = clouds(4, n=200)
    weak = flipped(truth, 4)

    def run(seed):
        torch.rand(seed + 3)  # what was drawn before must not matter
        return progressive(lambda: small(4), x, weak, Recipe(3, 32, 5e-3, seed=seed))

    first, same, other = run(0), run(0), run(1)
    assert np.array_equal(first.kept, same.kept) and np.array_equal(predict(first.model, x), predict(same.model, x))
    assert not np.array_equal(first.kept, other.kept)


def test_both_trainings_are_kept_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path))
    made = []
    monkeypatch.setattr(loop, "fit", lambda *a, **k: made.append(len(k["rows"])) or fit(*a, **k))
    x, truth = clouds(3, n=200)
    weak = flipped(truth, 3)
    runs = [progressive(lambda: small(3), x, weak, RECIPE, key=["clouds"]) for _ in range(2)]
    assert made == [200, len(runs[0].kept)]
    assert np.array_equal(runs[0].kept, runs[1].kept)
    np.testing.assert_array_equal(predict(runs[0].model, x), predict(runs[1].model, x))
    free = progressive(lambda: small(3), x, weak, RECIPE)
    assert len(made) == 4
    np.testing.assert_array_equal(predict(free.model, x), predict(runs[0].model, x))
    np.testing.assert_array_equal(predict(free.first, x), predict(runs[1].first, x))


X, Y = np.zeros((6, 10), np.float32), np.arange(6) % 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": Y[:5]}, "one class number"),
        ({"labels": Y.astype(float)}, "float64"),
        ({"labels": Y[:, None]}, "one class number"),
        ({"rows": np.array([], int)}, "0 rows"),
        ({"margin": "bottom"}, "'bottom'; use top or label|margin 'bottom'"),
        ({"least": 0}, "least 0"),
        ({"labels": Y - 1}, "labels from -1"),
        ({"labels": Y + 1}, "labels from 1 to 2; .* 2 classes"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(change, message):
    given = {"build": lambda: small(2), "inputs": X, "labels": Y, "recipe": Recipe(1), **change}
    with pytest.raises(BadInput, match=message):
        progressive(**given)


@pytest.mark.parametrize(
    ("predicted", "labels", "margin", "message"),
    [
        ([[1.0]], [0], "top", "two classes"),
        ([[0.5, 0.5]], [0, 1], "top", "a row a label"),
        ([[0.5, 0.6]], [0], "top", "probabilities"),
        ([[-0.5, 1.5]], [0], "top", "probabilities"),
        ([[float("nan"), 0.5]], [0], "top", "probabilities"),
        ([[0.5, 0.5]], [2], "top", "labels from 2"),
        ([[0.5, 0.5]], [0], "both", "'both' is unknown"),
    ],
)
def test_what_is_no_prediction_is_refused(predicted, labels, margin, message):
    with pytest.raises(BadInput, match=message):
        removal_probability(predicted, labels, margin)
