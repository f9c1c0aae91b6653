"""Word vectors: the package's against the numbers that Stanford published, the self-trained against planted company."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolib.errors import BadInput, Unavailable
from emolib.features import vectors
from emolib.features.vectors import WordVectors, glove50, keyword_lists, self_trained

WORDS = ("cat", "cake", "birthday", "well-being", "ice cream")


@pytest.fixture(scope="module")
def table() -> WordVectors:
    return WordVectors("small", WORDS, np.arange(10, dtype=np.float32).reshape(5, 2))


def test_words_are_looked_up_whole_then_by_their_parts(table):
    words = [" CAT", "birthday cake", "birthday-cake", "well-being", "Ice  Cream", "black cat", "qzxv", ""]
    found, known = table.vectors(words)
    assert known.tolist() == [True] * 6 + [False] * 2
    np.testing.assert_array_equal(found[:6], [[0, 1], [3, 4], [3, 4], [6, 7], [8, 9], [0, 1]])
    # Never zeros in silence.
    assert np.isnan(found[6:]).all()


def test_coverage_counts_what_is_lost(table):
    found = table.coverage(["cat", "cat", "black cat", "birthday cake", "zzz", "zzz", "aaa", "yyy"])
    assert (found.distinct, found.uses, found.known_distinct, found.known_uses, found.partly) == (6, 8, 3, 4, 1)
    assert found.unknown == (("zzz", 2), ("aaa", 1), ("yyy", 1))
    assert "3 of 6" in str(found) and "zzz" in str(found)


@given(st.lists(st.lists(st.sampled_from([*WORDS, "zzz", "black cat", ""]), max_size=6), max_size=5))
def test_means_are_those_of_each_list_alone(lists):
    table = WordVectors("small", WORDS, np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
    means, number = table.means(lists)
    assert means.shape == (len(lists), 3)
    for words, mean, count in zip(lists, means, number, strict=True):
        values, known = table.vectors(words)
        assert count == known.sum()
        if known.any():
            np.testing.assert_allclose(mean, values[known].mean(0), rtol=1e-5, atol=1e-6)
        else:
            assert np.isnan(mean).all()


@given(st.one_of(st.text(), st.lists(st.one_of(st.text(), st.none(), st.integers(), st.binary()))))
def test_whatever_comes_is_looked_up_or_refused(words):
    table = WordVectors("small", WORDS, np.ones((5, 2), np.float32))
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        found, known = table.vectors(words)
        assert found.shape == (len(words), 2) and (np.isnan(found).all(1) == ~known).all()
        assert table.coverage(words).uses == len(words)
    else:
        with pytest.raises(BadInput, match="string"):
            table.vectors(words)
        with pytest.raises(BadInput, match="string"):
            table.means([words])


def test_glove_is_the_published_one():
    table = glove50()
    assert len(table) == 400_000 and table.size == 50
    # First and last numbers of the line "the" in glove.6B.50d.txt.
    the = table.vectors(["the"])[0][0]
    np.testing.assert_allclose(the[[0, 1, 2, -1]], [0.418, 0.24968, -0.41242, -0.78581], rtol=1e-6)
    king, man, woman, queen, cabbage = (v / np.linalg.norm(v) for v in table.vectors(
        ["king", "man", "woman", "queen", "cabbage"])[0])  # fmt: skip
    assert (king - man + woman) @ queen > 0.7 > (king - man + woman) @ cabbage


def test_a_package_that_is_not_there_or_damaged_is_named(monkeypatch, tmp_path):
    glove50.cache_clear()
    try:
        monkeypatch.setattr(vectors, "data_path", lambda *_: tmp_path)
        with pytest.raises(BadInput, match="force-reinstall"):
            glove50()
        # A pickle in an array's place is not run.
        np.save(tmp_path / "glove_6B_50d_emb.npy", np.array([{}], object), allow_pickle=True)
        with pytest.raises(BadInput, match="force-reinstall"):
            glove50()
        monkeypatch.undo()
        monkeypatch.setattr(vectors, "GLOVE_PACKAGE", "no-such-package")
        with pytest.raises(Unavailable, match="no-such-package"):
            glove50()
    finally:
        glove50.cache_clear()


@pytest.fixture(scope="module")
def company() -> list[list[str]]:
    """Two circles of words that never meet; every list has four words of one circle."""
    random = np.random.default_rng(0)
    circles = [[f"{circle}{i}" for i in range(6)] for circle in "ab"]
    return [list(random.choice(circles[n % 2], 4, replace=False)) for n in range(400)]


def test_learned_words_are_near_the_words_of_their_circle(company):
    table = self_trained(company, size=8, epochs=100)
    assert len(table) == 12
    values, _ = table.vectors([f"{circle}{i}" for circle in "ab" for i in range(6)])
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    cosines = values @ values.T
    within = np.concatenate([cosines[:6, :6][~np.eye(6, dtype=bool)], cosines[6:, 6:][~np.eye(6, dtype=bool)]])
    assert within.min() > cosines[:6, 6:].max()


def test_learning_repeats_to_the_byte_and_depends_on_the_seed(company):
    first, again, other = (self_trained(company[:60], size=8, epochs=2, seed=seed) for seed in (0, 0, 1))
    assert first.matrix.tobytes() == again.matrix.tobytes() != other.matrix.tobytes()


def test_rare_words_have_no_vector():
    table = self_trained([["happy dog", "rare"], ["happy", "dog"]], size=4, epochs=1)
    assert table.vectors(["happy", "dog", "rare"])[1].tolist() == [True, True, False]
    with pytest.raises(BadInput, match="lower `least`"):
        self_trained([["happy", "dog"]])


def test_tables_by_name(company):
    assert vectors.load("glove50") is glove50()
    assert vectors.load("self", company[:60], size=4, epochs=1).size == 4
    for wrong in (("glove300", None), ("self", None), ("glove50", company)):
        with pytest.raises(BadInput, match="word vectors"):
            vectors.load(*wrong)


def test_cells_of_a_table_become_lists():
    assert keyword_lists(["a|b c", "", "x%7Cy|"]) == [["a", "b c"], [], ["x|y"]]
    with pytest.raises(BadInput, match="number 1"):
        keyword_lists(["a", float("nan")])


@pytest.mark.parametrize(
    ("words", "matrix"),
    [(["a"], np.ones((2, 3), np.float32)), (["a", "a"], np.ones((2, 3), np.float32)), (["a"], np.ones((1, 3))),
     (["a"], np.ones((1, 0), np.float32))],
)  # fmt: skip
def test_what_makes_no_table_is_refused(words, matrix):
    with pytest.raises(BadInput, match="odd"):
        WordVectors("odd", words, matrix)
