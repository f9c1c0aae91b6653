"""Text models: computed again in NumPy, and a planted rule that has to be learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors
from emolib.models.text import PUBLISHED_CODE, TextModel, Vocabulary, predicted, represented
from emolib.training import Recipe, fit

VECTORS = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def numpy_model(model: TextModel, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Hidden layer and logits of one list, word by word."""
    p = {name: value.detach().double().numpy() for name, value in model.named_parameters()}
    words = VECTORS[np.array(numbers) - 1].astype(float)
    if model.convolution is not None:
        words = np.maximum(words @ p["convolution.weight"][:, :, 0].T + p["convolution.bias"], 0)
    hidden = np.maximum(words.mean(0) @ p["hidden.weight"].T + p["hidden.bias"], 0)
    return hidden, hidden @ p["head.weight"].T + p["head.bias"]


@pytest.mark.parametrize("convolve", [True, False])
def test_answers_are_those_of_numpy_however_much_is_padded(convolve):
    torch.manual_seed(0)
    model = TextModel(VECTORS, 4, width=7, hidden=3, convolve=convolve).eval()
    lists = [[1], [2, 3, 6], [5, 5, 1, 4]]
    numbers = np.zeros((3, 9), np.int32)
    for row, words in zip(numbers, lists, strict=True):
        row[: len(words)] = words
    with torch.inference_mode():
        hidden, logits = model.represent(torch.from_numpy(numbers)), model(torch.from_numpy(numbers))
    for i, words in enumerate(lists):
        expected = numpy_model(model, words)
        np.testing.assert_allclose(hidden[i], expected[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(logits[i], expected[1], rtol=1e-4, atol=1e-5)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 4), st.randoms(use_true_random=False))
def test_order_and_empty_places_make_no_difference(words, empty, random):
    torch.manual_seed(0)
    model = TextModel(VECTORS, 4, width=7, hidden=3).eval()
    mixed = [*words, *[0] * empty]
    random.shuffle(mixed)
    both = [torch.tensor([words]), torch.tensor([mixed])]
    torch.testing.assert_close(model(both[0]), model(both[1]), rtol=1e-4, atol=1e-5)


def test_word_vectors_stay_as_they_are_and_travel_with_the_weights():
    model = TextModel(VECTORS, 4)
    assert "table" not in dict(model.named_parameters()) and "table" in model.state_dict()
    # 5 x 300 + 300, 300 x 300 + 300, 300 x 4 + 4.
    assert sum(p.numel() for p in model.parameters()) == 1800 + 90300 + 1204
    assert model.dropout.p == 0.5


def test_what_was_not_read_is_not_predicted():
    model = TextModel(VECTORS, 4, width=7, hidden=3)
    numbers = np.array([[1, 2], [0, 0], [3, 0]], np.int32)
    shares, hidden = predicted(model, numbers, batch=1), represented(model, numbers)
    np.testing.assert_allclose(shares.sum(1), [1, 0, 1], rtol=1e-5)
    assert np.isnan(hidden[1]).all() and np.isfinite(hidden[[0, 2]]).all()
    np.testing.assert_array_equal(shares, predicted(model, numbers))


def test_a_planted_rule_is_learned_as_published():
    """Each of six words calls for one of three answers; a list's answers are those of its words."""
    random = np.random.default_rng(1)
    numbers = np.array([random.choice(6, 3, replace=False) + 1 for _ in range(300)], np.int32)
    targets = np.zeros((300, 3), np.float32)
    for row, words in zip(targets, numbers, strict=True):
        np.add.at(row, (words - 1) % 3, 1 / 3)
    torch.manual_seed(0)
    model = TextModel(VECTORS, 3, width=64, hidden=64)
    recipe = Recipe(**PUBLISHED_CODE, optimizer="sgd", decay=0)
    losses = fit(model, numbers, targets, recipe, loss=torch.nn.functional.cross_entropy, rows=np.arange(200))
    assert losses[-1] < losses[0]
    error = np.abs(predicted(model, numbers)[200:] - targets[200:]).mean()
    assert error < 0.5 * np.abs(targets[:200].mean(0) - targets[200:]).mean()


def test_the_most_frequent_keywords_come_first():
    lists = [["b", "a", "a"], ["a", "c"], ["b"], []]
    assert Vocabulary.most_frequent(lists).words == ("a", "b", "c")
    assert Vocabulary.most_frequent(lists, 1).words == ("a",)
    assert Vocabulary.most_frequent(lists, least=2).words == ("a", "b")
    assert Vocabulary.most_frequent(lists, among=["c", "b", "x"]).words == ("b", "c")
    assert Vocabulary.most_frequent(lists, known=WordVectors("w", ["c"], np.ones((1, 2), np.float32))).words == ("c",)
    for wrong in ({"limit": 0}, {"least": 3}, {"among": []}):
        with pytest.raises(BadInput, match="Vocabulary"):
            Vocabulary.most_frequent(lists, **wrong)


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "z", ""]), max_size=5), max_size=5))
def test_lists_become_numbers_and_back(lists):
    words = Vocabulary(["a", "b", "c"])
    numbers, hot = words.numbers(lists), words.hot(lists)
    assert numbers.shape[0] == hot.shape[0] == len(lists) and hot.shape[1] == 3
    for row, dense, own in zip(numbers, hot.toarray(), lists, strict=True):
        assert [words.words[k - 1] for k in row if k] == [word for word in own if word in words]
        assert not row[np.count_nonzero(row) :].any()
        assert dense.tolist() == [word in own for word in words.words]


@pytest.mark.parametrize("words", [[], ["a", "a"], ["a", " "]])
def test_what_makes_no_vocabulary_is_refused(words):
    with pytest.raises(BadInput, match="Vocabulary"):
        Vocabulary(words)


def test_what_makes_no_model_is_refused():
    unknown = VECTORS.copy()
    unknown[2] = np.nan
    with pytest.raises(BadInput, match="keyword 3 has no vector"):
        TextModel(unknown, 4)
    for options in ({"dropout": 1.0}, {"width": 0}, {"hidden": 0}):
        with pytest.raises(BadInput, match="TextModel"):
            TextModel(VECTORS, 4, **options)
    with pytest.raises(BadInput, match="TextModel"):
        TextModel(VECTORS, 0)
