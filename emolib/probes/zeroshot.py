"""Recognition without training: a picture is near the words that name its class (Wei et al. 2020, Sec. 5.4). Chapter 5.

Two readings of the paper. By words: W v of Eq. 3 beside the mean vector of a class' words, which is what W learned. By
eight emotions, as Sec. 5.4 has it: a class' words go through the text model of eight emotions, and a picture through a
joint space that learned to come close to that model's representation (the network with extra annotation). Both end in a
cosine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors
from emolib.models.text import TextModel, Vocabulary, represented


def class_vectors(words: Mapping[str, Sequence[str]], table: WordVectors) -> np.ndarray:
    """The mean word vector of each class, float32 (k, d), in the order of the mapping.

    Args:
        words: of each class, its name and what describes it: {"sad": ["sad", "crying"], ...}.
        table: of the vectors that the network's joint space learned.

    Raises:
        BadInput: no class, or one of which no word has a vector (named).
    """
    means, _ = table.means(list(words.values()))
    return _named(means, words, table.name)


def class_representations(words: Mapping[str, Sequence[str]], model: TextModel, vocabulary: Vocabulary) -> np.ndarray:
    """The text model's hidden layer for each class' words, float32 (k, hidden), in the order of the mapping.

    Args:
        words: as in `class_vectors`.
        model: fitted, of eight emotions.
        vocabulary: that the model reads.

    Raises:
        BadInput: no class, or one of which the model knows no word (named).
    """
    return _named(represented(model, vocabulary.numbers(list(words.values()))), words, "the text model")


def zero_shot(pictures: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Cosine of every picture with every class, float32 (n, k); the predicted class is the largest.

    Args:
        pictures: (n, j), of `emotionnet.joint_vectors`.
        classes: (k, j), of `class_vectors` or `class_representations`.

    Raises:
        BadInput: shapes that do not fit, and vectors that point nowhere (zeros, nan), named by row.
    """
    a, b = np.asarray(pictures, float), np.asarray(classes, float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not len(b):
        raise BadInput(f"zero_shot: pictures {a.shape} and classes {b.shape} have to be vectors of one length")
    lengths = []
    for name, vectors in (("picture", a), ("class", b)):
        length = np.linalg.norm(vectors, axis=1)
        wrong = np.flatnonzero(~((length > 0) & np.isfinite(length)))
        if len(wrong):
            raise BadInput(
                f"zero_shot: the vector of {name} {wrong[0]} points nowhere (its length is {length[wrong[0]]})"
            )
        lengths.append(length[:, None])
    return ((a / lengths[0]) @ (b / lengths[1]).T).astype(np.float32)


def _named(vectors: np.ndarray, words: Mapping[str, Sequence[str]], source: str) -> np.ndarray:
    if not words:
        raise BadInput("zero-shot: there is no class")
    for name, vector in zip(words, vectors, strict=True):
        if np.isnan(vector).any():
            raise BadInput(
                f"zero-shot: {source} knows no word of class {name!r}: {', '.join(words[name]) or 'none given'}"
            )
    return vectors
