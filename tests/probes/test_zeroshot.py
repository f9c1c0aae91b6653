"""Recognition by words: cosines by hand, and words that are not known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors, glove50
from emolib.models.text import TextModel, Vocabulary, represented
from emolib.probes import class_representations, class_vectors, zero_shot


def test_cosines_are_scikit_learns():
    random = np.random.default_rng(0)
    pictures, classes = random.normal(size=(7, 5)), random.normal(size=(3, 5))
    np.testing.assert_allclose(zero_shot(pictures, classes), cosine_similarity(pictures, classes), rtol=1e-5, atol=1e-6)


def test_a_picture_is_of_the_class_whose_words_it_points_at():
    table = WordVectors("w", ["sad", "crying", "happy"], np.array([[1, 0], [0.8, 0.6], [-1, 0.1]], np.float32))
    classes = class_vectors({"sadness": ["sad", "crying", "zzz"], "joy": ["happy"]}, table)
    np.testing.assert_allclose(classes, [[0.9, 0.3], [-1, 0.1]], rtol=1e-6)
    assert zero_shot([[5.0, 1.0], [-0.1, 0.0]], classes).argmax(1).tolist() == [0, 1]


def test_words_of_real_vectors_find_their_own_class():
    classes = class_vectors(
        {"negative": ["sad", "grief", "angry"], "positive": ["happy", "delight", "cheerful"]}, glove50()
    )
    words = glove50().vectors(["sorrow", "anger", "misery", "joyful", "smile", "wonderful"])[0]
    assert zero_shot(words, classes).argmax(1).tolist() == [0, 0, 0, 1, 1, 1]


def test_classes_go_through_the_text_model():
    read = Vocabulary(["sad", "crying", "happy"])
    model = TextModel(np.eye(3, 4, dtype=np.float32), 8, width=6, hidden=5)
    found = class_representations({"sadness": ["sad", "crying"], "joy": ["happy", "zzz"]}, model, read)
    expected = represented(model, np.array([[1, 2], [3, 0]], np.int32))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(BadInput, match="no word of class 'awe': wow"):
        class_representations({"joy": ["happy"], "awe": ["wow"]}, model, read)


def test_what_points_nowhere_is_refused():
    table = WordVectors("w", ["sad"], np.ones((1, 2), np.float32))
    with pytest.raises(BadInput, match="no word of class 'joy': none given"):
        class_vectors({"sadness": ["sad"], "joy": []}, table)
    with pytest.raises(BadInput, match="no class"):
        class_vectors({}, table)
    with pytest.raises(BadInput, match="picture 1 points nowhere"):
        zero_shot([[1.0, 0], [0, 0]], [[1.0, 0]])
    with pytest.raises(BadInput, match="class 0 points nowhere"):
        zero_shot([[1.0, 0]], [[np.nan, 0]])
    with pytest.raises(BadInput, match="one length"):
        zero_shot([[1.0, 0]], [[1.0, 0, 0]])
