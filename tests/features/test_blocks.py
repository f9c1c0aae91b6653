"""Blocks and topics: hand-counted blocks, planted topics, mixtures that no other mixture beats."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import sparse
from sklearn.decomposition import NMF

from emolib.errors import BadInput
from emolib.features.bags import DESCRIPTOR, descriptors
from emolib.features.blocks import (
    PYRAMID_BLOCKS,
    SEGMENTS,
    Topics,
    block_counts,
    block_rows,
    histogram_bags,
    pyramid,
    segments,
)


def at(*places: tuple[float, float]) -> np.ndarray:
    """One picture with windows at these (x, y), and one empty place."""
    rows = np.zeros((1, len(places) + 1), DESCRIPTOR)
    for row, (x, y) in zip(rows[0], places, strict=False):
        row["x"], row["y"], row["size"] = x, y, 0.1
    return rows


# -------------------------------------------------------------------------------------------------------------- blocks


def test_pyramid_by_hand():
    found = pyramid(at((0.1, 0.1), (0.6, 0.1), (0.1, 0.9), (0.99, 0.99), (1.0, 1.0)))
    expected = [[0, 1, 5], [0, 2, 7], [0, 3, 17], [0, 4, 20], [0, 4, 20], [-1, -1, -1]]
    assert found[0].tolist() == expected and found.dtype == np.int16 and PYRAMID_BLOCKS == 21
    assert pyramid(at((0.5, 0.4)), levels=(3,))[0].tolist() == [[4], [-1]]


def test_superpixels_follow_the_edges_of_what_is_shown(tmp_path):
    pixels = np.full((120, 160, 3), (230, 230, 60), np.uint8)
    pixels[:, 100:] = (20, 30, 160)  # an edge at 5/8 of the width, which no cell of the pyramid has
    Image.fromarray(pixels).save(tmp_path / "a.png")
    paths = [tmp_path / "a.png"]
    windows = descriptors(paths, points="dense", folder=tmp_path, progress=False)
    found = segments(paths, windows, first=7, folder=tmp_path, progress=False)
    assert found.shape == (1, 512, 2)
    there = windows[0]["size"] > 0
    right = windows[0]["x"][there] > 100 / 160
    for scale, (first, last) in enumerate(((7, 7 + SEGMENTS[0]), (7 + SEGMENTS[0], 7 + sum(SEGMENTS)))):
        blocks = found[0, there, scale]
        assert blocks.min() >= first and blocks.max() < last
        assert not set(blocks[right]) & set(blocks[~right])
    assert (found[0, ~there] == -1).all()


def test_counts_are_those_of_counting(tmp_path):
    random = np.random.default_rng(0)
    words = random.integers(-1, 9, (1500, 13)).astype(np.int16)
    members = random.integers(-1, 6, (1500, 13, 2)).astype(np.int16)
    found = block_counts(words, members, vocabulary=9, blocks=6)
    expected = np.zeros((1500, 6, 9))
    for i in range(1500):
        for word, blocks in zip(words[i], members[i], strict=True):
            for block in blocks:
                if word >= 0 and block >= 0:
                    expected[i, block, word] += 1
    assert found.shape == (9000, 9)
    np.testing.assert_array_equal(found.toarray(), expected.reshape(-1, 9))
    chosen = block_rows(found, 6, np.array([3, 1030])).toarray()
    both = expected[[3, 1030]].reshape(-1, 9)
    np.testing.assert_array_equal(chosen, both[both.sum(axis=1) > 0])


def test_histograms_of_blocks_by_hand():
    counts = sparse.csr_array(np.array([[4, 0, 12], [0, 0, 0], [0, 5, 0], [1, 1, 2]]))
    found = histogram_bags(counts, blocks=2)
    expected = [[[0.5, 0, 0.75**0.5], [np.nan] * 3], [[0, 1, 0], [0.5, 0.5, 0.5**0.5]]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(BadInput, match="3 blocks"):
        histogram_bags(counts, blocks=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pyramid(np.zeros((2, 3))), "bags.descriptors"),
        (lambda: pyramid(at((0, 0)), levels=()), "levels"),
        (lambda: pyramid(at((0, 0)), levels=(2, 0)), "levels"),
        (lambda: segments([], at((0, 0))), "1 rows"),
        (lambda: segments(["x"], at((0, 0)), counts=(0,)), "counts"),
        (lambda: block_counts(np.zeros((2, 3), int), np.zeros((2, 4, 1), int), 5, 5), "same windows"),
        (lambda: block_counts(np.full((2, 3), 5), np.zeros((2, 3, 1), int), 5, 5), "word 5 of 5"),
        (lambda: block_counts(np.zeros((2, 3), int), np.full((2, 3, 1), 7), 5, 5), "block 7 of 5"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(BadInput, match=message):
        call()


# -------------------------------------------------------------------------------------------------------------- topics


def planted(documents: int = 400, length: int = 60, seed: int = 0):
    """Documents whose words come from mixtures of three topics over 30 words: counts, topics, mixtures."""
    random = np.random.default_rng(seed)
    topics = random.dirichlet(np.full(30, 0.1), 3)
    mixes = random.dirichlet(np.full(3, 0.3), documents)
    counts = np.stack([random.multinomial(length, mix @ topics) for mix in mixes])
    return sparse.csr_array(counts), topics, mixes


def likelihood(counts: np.ndarray, shares: np.ndarray) -> float:
    """Log-likelihood of the counts."""
    there = counts > 0
    return float((counts[there] * np.log(shares[there])).sum())


def test_planted_topics_are_found_and_documents_get_their_mixtures():
    counts, topics, mixes = planted()
    found = Topics.fit(counts, topics=3, seed=1)
    np.testing.assert_allclose(found.words.sum(axis=1), 1)
    names = np.abs(found.words[:, None] - topics).sum(axis=2).argmin(axis=1)
    assert sorted(names) == [0, 1, 2]
    assert np.abs(found.words - topics[names]).sum(axis=1).max() < 0.15  # of 2 at most
    assert np.abs(found.mixes(counts) - mixes[:, names]).mean() < 0.05


def test_the_fit_is_as_likely_as_scikit_learns_factorisation():
    # pLSA and non-negative factorisation by Kullback-Leibler divergence have the same optima (Gaussier & Goutte 2005).
    counts = planted(150)[0]
    dense = counts.toarray().astype(float)
    ours = Topics.fit(counts, topics=3, steps=300, seed=1)
    machine = NMF(3, beta_loss="kullback-leibler", solver="mu", init="random", random_state=1, max_iter=2000, tol=1e-7)
    theirs = machine.fit_transform(dense) @ machine.components_
    theirs /= theirs.sum(axis=1, keepdims=True)
    best = likelihood(dense, dense / dense.sum(axis=1, keepdims=True))  # no model can do better
    mine, other = likelihood(dense, ours.mixes(counts, 300) @ ours.words), likelihood(dense, theirs)
    assert best > mine and mine == pytest.approx(other, abs=0.01 * abs(best - other))


def test_every_step_makes_the_documents_likelier():
    counts = planted(80)[0]
    dense = counts.toarray()
    fits = [Topics.fit(counts, topics=3, steps=steps, seed=0) for steps in (1, 3, 10, 40)]
    values = [likelihood(dense, fit.mixes(counts, 100) @ fit.words) for fit in fits]
    assert values == sorted(values) and values[-1] > values[0] + 100


def test_no_other_mixture_of_two_topics_is_likelier():
    topics = Topics(np.array([[0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4]]))
    counts = np.array([[9, 4, 1, 0], [1, 1, 5, 5], [3, 3, 3, 0], [0, 0, 0, 2]])
    found = topics.mixes(sparse.csr_array(counts), steps=2000)
    grid = np.linspace(0, 1, 10_001)
    with np.errstate(divide="ignore"):
        logs = np.log(np.outer(grid, topics.words[0]) + np.outer(1 - grid, topics.words[1]))
    for mix, own in zip(found, counts, strict=True):
        there = own > 0
        assert mix[0] == pytest.approx(grid[(own[there] * logs[:, there]).sum(axis=1).argmax()], abs=2e-3)
        assert mix.sum() == pytest.approx(1)


def test_a_document_is_judged_by_itself_and_empty_ones_are_nan():
    counts = planted(40)[0]
    topics = Topics.fit(counts, topics=4, steps=10)
    dense = counts.toarray()
    dense[7] = 0
    together = topics.mixes(sparse.csr_array(dense))
    alone = topics.mixes(sparse.csr_array(dense[11:12]))
    assert together[11:12].tobytes() == alone.tobytes()
    assert np.isnan(together[7]).all() and np.isfinite(np.delete(together, 7, axis=0)).all()
    bags = topics.bags(sparse.csr_array(dense), blocks=8)
    assert bags.shape == (5, 8, 4) and bags.dtype == np.float32
    np.testing.assert_array_equal(bags[1, 3], together[11].astype(np.float32))


def test_words_that_no_topic_knows_are_passed_over():
    topics = Topics(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    found = topics.mixes(sparse.csr_array(np.array([[3, 0, 9], [0, 0, 4]])))
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0.5]], atol=1e-6)


def test_the_same_seed_gives_the_same_topics_and_the_counts_stay_as_they_were():
    counts = planted(60)[0].astype(np.float64)
    counts.data[:5] = 0  # stored zeros
    before = counts.copy()
    one, two = (Topics.fit(counts, topics=3, steps=5, sample=40, seed=2) for _ in range(2))
    assert one.words.tobytes() == two.words.tobytes()
    assert Topics.fit(counts, topics=3, steps=5, sample=40, seed=3).words.tobytes() != one.words.tobytes()
    assert counts.nnz == before.nnz and np.array_equal(counts.data, before.data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: Topics.fit(c, topics=50), "40 blocks"),
        (lambda c: Topics.fit(c, topics=0), "0 topics"),
        (lambda c: Topics.fit(c, topics=2, steps=0), "0 steps"),
        (lambda c: Topics.fit(-c, topics=2), "negative"),
        (lambda c: Topics.fit(c, topics=2).mixes(c[:, :9]), "9 words"),
        (lambda c: Topics.fit(c, topics=2, steps=1).bags(c, 7), "7 blocks"),
    ],
)
def test_topics_say_what_they_need(call, message):
    with pytest.raises(BadInput, match=message):
        call(planted(40)[0])
