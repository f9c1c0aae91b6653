"""The stacked probe against torch's own layer and optimiser, fold by fold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from emolib import evaluation
from emolib.errors import BadInput
from emolib.probes import linear_probe
from emolib.probes.linear import check_folds


def case(n: int = 60, d: int = 7, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list]:
    """Features that tell the classes apart a little, and folds of unequal size."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=n)
    x = random.normal(size=(n, d)) + 0.8 * np.eye(classes, d)[labels]
    groups = np.minimum(random.integers(20, size=n), 13)
    return x.astype(np.float32), labels, evaluation.folds(groups, 3)


def torch_probe(x, y, train, test, seed, epochs, lr, decay, momentum, batch, several):  # noqa: ANN001, ANN201
    """One fold and seed by torch, with the same start and the same order of pictures."""
    random = np.random.default_rng(seed)
    k = y.shape[1] if several else int(y.max()) + 1
    bound = 1 / np.sqrt(x.shape[1])
    start = random.uniform(-bound, bound, (x.shape[1] + 1, k)).astype(np.float32)
    layer = torch.nn.Linear(x.shape[1], k)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(start[:-1].T))
        layer.bias.copy_(torch.from_numpy(start[-1]))
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr, momentum=momentum, weight_decay=decay)
    loss = torch.nn.functional.binary_cross_entropy_with_logits if several else torch.nn.functional.cross_entropy
    goal = torch.from_numpy(y.astype(np.float32) if several else y)
    for _ in range(epochs):
        for rows in torch.from_numpy(random.permutation(train)).split(batch):
            optimizer.zero_grad()
            loss(layer(torch.from_numpy(x[rows.numpy()])), goal[rows]).backward()
            optimizer.step()
    with torch.inference_mode():
        return layer(torch.from_numpy(x[test])).numpy()


@pytest.mark.parametrize("several", [False, True])
def test_every_fold_and_seed_is_torchs(several):
    x, labels, folds = case()
    assert len({-(-len(train) // 8) for train, _ in folds}) > 1, "folds have to differ in their number of steps"
    y = np.stack([labels == 0, labels > 0, labels == 2], 1) if several else labels
    options = {"epochs": 5, "lr": 0.05, "decay": 0.01, "momentum": 0.9, "batch": 8}
    found = linear_probe(x, y, folds, seeds=(0, 5), **options)
    assert found.shape == (2, 60, 3) and found.dtype == np.float32
    for s, seed in enumerate((0, 5)):
        for train, test in folds:
            expected = torch_probe(x, y, train, test, seed, several=several, **options)
            np.testing.assert_allclose(found[s, test], expected, rtol=1e-3, atol=1e-4)


def test_standardised_is_what_one_would_do_by_hand():
    x, labels, folds = case()
    x[:, 3] = 2.0
    train, test = folds[0]
    mean, std = x[train].mean(0), x[train].std(0)
    by_hand = (x - mean) / np.where(std > 0, std, 1)
    once = linear_probe(x, labels, folds[:1], seeds=(0,), epochs=3, standardise=True)
    again = linear_probe(by_hand, labels, folds[:1], seeds=(0,), epochs=3)
    np.testing.assert_allclose(once, again, rtol=1e-3, atol=1e-4)
    # What was in no test fold has no answer.
    assert np.isnan(once[0, train]).all()


def test_it_finds_what_is_there_and_nothing_in_noise():
    x, labels, folds = case(300, 10)
    groups = np.arange(300)
    right = linear_probe(x, labels, folds, lr=0.01).argmax(2)
    noise = linear_probe(np.random.default_rng(1).normal(size=x.shape), labels, folds, lr=0.01).argmax(2)
    assert evaluation.score(right, labels, groups, "accuracy", draws=200).low > 0.45
    assert evaluation.score(noise, labels, groups, "accuracy", draws=200).high < 0.45


def test_the_same_bytes_whatever_the_threads_and_beside_other_seeds():
    x, labels, folds = case(80, 64)
    first = linear_probe(x, labels, folds, seeds=(3, 4), epochs=2)
    with threadpool_limits(2):
        again = linear_probe(x, labels, folds, seeds=(3, 4), epochs=2)
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_allclose(linear_probe(x, labels, folds, seeds=(4,), epochs=2)[0], first[1], rtol=1e-5, atol=1e-6)


def test_a_class_that_is_in_no_picture_still_has_a_column():
    x, labels, folds = case()
    assert linear_probe(x, labels, folds, classes=5, epochs=1).shape == (3, 60, 5)


X, LABELS, FOLDS = case()


@pytest.mark.parametrize(
    ("x", "labels", "options", "message"),
    [
        (X[:, 0], LABELS, {}, "table"),
        (X[:-1], LABELS, {}, "59 rows"),
        (np.where(X == X[4, 2], np.nan, X), LABELS, {}, "feature 2 of row 4"),
        (X, LABELS - 1, {}, "from -1"),
        (X, LABELS, {"classes": 2}, "to 2, classes"),
        (X, LABELS * 1.0, {}, "class numbers"),
        (X, np.eye(3)[LABELS], {}, "bool"),
        (X, LABELS, {"lr": 0.0}, "lr 0.0"),
        (X, LABELS, {"epochs": 0}, "0 epochs"),
        (X, LABELS, {"seeds": ()}, "linear_probe"),
    ],
)
def test_what_cannot_be_probed_is_refused(x, labels, options, message):
    with pytest.raises(BadInput, match=message):
        linear_probe(x, labels, FOLDS, **options)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "no fold"),
        ([([0, 1], [1, 2])], "tests on row 1, which it trains on"),
        ([([0], [1]), ([2], [1])], "tested on already"),
        ([([0], [1, 1])], "tested on already"),
        ([([0], [9])], "beyond"),
        ([([0], [])], "empty"),
    ],
)
def test_folds_that_leak_are_refused(folds, message):
    with pytest.raises(BadInput, match=message):
        check_folds([(np.array(a, int), np.array(b, int)) for a, b in folds], 5, "probe")
