"""Detectors of concepts such as "misty forest" as features of a picture (chapter 4, Rao et al. 2019, Table 3).

SentiBank (Borth et al., "Large-scale visual sentiment ontology and detectors using adjective noun pairs", ACM
Multimedia 2013) is 1200 linear classifiers, each of which says whether a picture shows an adjective-noun pair that
people tagged web pictures with, on low-level features. DeepSentiBank (Chen et al., arXiv:1410.8586) has 2089 on a deep
network. Their answers are what a linear machine then tells emotions from. Neither bank's training pictures can be had;
this makes a bank in their manner from any pictures with words:

    bank = ConceptBank.fit(features, keywords, rows=train, most=SENTIBANK, first=adjectives)
    scores = bank.scores(features)                          # every picture, with words or without
    bank.table()                                            # the concepts, best detected first

What goes in decides which system it is: rows of `low.low_from_files` make it a SentiBank, embeddings of
`deep.deep_features` make it one in DeepSentiBank's manner: theirs trains the whole network, here only its last layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupShuffleSplit
from threadpoolctl import threadpool_limits

from emolib.errors import BadInput

SENTIBANK = 1200
"""Concepts of SentiBank."""
DEEP_SENTIBANK = 2089
"""Concepts of DeepSentiBank."""
FEWEST = 20
"""Pictures that a concept needs, and that have to lack it; our choice."""
HELD = 0.25
"""Share of the pictures with words that measure how well a concept is detected; our choice."""
TRIED = 3
"""Candidates tried for each concept to keep, the most frequent ones, 1000 at least; our choice, which bounds memory."""
PENALTIES = (1e1, 1e2, 1e3, 1e4, 1e5)
"""Ridge penalties among which the mean average precision of the most frequent concepts chooses; our choice."""
JUDGES = 200
"""The number of those concepts."""

Concept = tuple[str, ...]


def candidates(
    keywords: Iterable[Iterable[str]],
    *,
    first: Collection[str] | None = None,
    second: Collection[str] | None = None,
    without: Collection[str] = (),
    words: bool = True,
    fewest: int = FEWEST,
) -> list[tuple[Concept, int]]:
    """Words and pairs of words that describe enough pictures.

    Args:
        keywords: the words of each picture; upper and lower case are the same, an empty list is a picture without any.
        first: the words that may come first in a pair: adjectives, words of light. None: any pair that occurs, in
            alphabetical order, for tags that nobody has sorted.
        second: the words that may come second. None: all that are not in `first`.
        without: words that take no part, such as the emotions themselves.
        words: single words are concepts too.
        fewest: pictures that a concept needs at least.

    Returns:
        Concepts with their numbers of pictures, the most frequent first, then by the alphabet. A pair that describes
        the same pictures as one of its words is left out where single words are concepts.

    Raises:
        BadInput: keywords that are text instead of lists of words (named), or `second` without `first`.
    """
    if first is None and second is not None:
        raise BadInput("candidates: second without first; say which words come first, or leave both out")
    known = _words(keywords)
    banned = _plain(without)
    counts = Counter(word for own in known for word in own)
    common = {word for word, count in counts.items() if count >= fewest} - banned
    leading = None if first is None else _plain(first) & common
    following = common - _plain(first or ()) if second is None else _plain(second) & common
    pairs: Counter[Concept] = Counter()
    for own in known:
        own = own & common
        if leading is None:
            pairs.update(combinations(sorted(own), 2))
        else:
            pairs.update((a, b) for a in own & leading for b in own & following if a != b)
    found: list[tuple[Concept, int]] = [((word,), counts[word]) for word in common] if words else []
    for pair, count in pairs.items():
        same = words and count in (counts[pair[0]], counts[pair[1]])
        if count >= fewest and not same:
            found.append((pair, count))
    return sorted(found, key=lambda item: (-item[1], item[0]))


def shown(keywords: Iterable[Iterable[str]], concepts: Sequence[Concept]) -> np.ndarray:
    """Which pictures have all words of which concept: bool (n, concepts)."""
    known = _words(keywords)
    where = {word: np.zeros(len(known), bool) for concept in concepts for word in concept}
    for i, own in enumerate(known):
        for word in own:
            if word in where:
                where[word][i] = True
    columns = [np.logical_and.reduce([where[word] for word in concept]) for concept in concepts]
    return np.stack(columns, axis=1) if columns else np.zeros((len(known), 0), bool)


@dataclass(frozen=True, eq=False)
class ConceptBank:
    """Linear detectors of concepts.

    Attributes:
        concepts: the words of each, best detected first.
        mean, spread: of the features of the pictures that the bank was fitted on, float64 (d,).
        weights, offsets: float32 (d, concepts) and (concepts,).
        precision: average precision of each concept on held-out pictures, 0 to 1.
        share: share of those pictures that have the concept: the precision of a detector that guesses.
        counts: pictures with the concept among all that the bank was fitted on.
        penalty: the ridge penalty that was chosen.
    """

    concepts: tuple[Concept, ...]
    mean: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    precision: np.ndarray
    share: np.ndarray
    counts: np.ndarray
    penalty: float

    @classmethod
    def fit(
        cls,
        features: np.ndarray,
        keywords: Sequence[Iterable[str]],
        rows: np.ndarray,
        *,
        groups: Sequence[object] | None = None,
        most: int = SENTIBANK,
        first: Collection[str] | None = None,
        second: Collection[str] | None = None,
        without: Collection[str] = (),
        words: bool = True,
        fewest: int = FEWEST,
        seed: int = 0,
    ) -> ConceptBank:
        """Find concepts, learn to detect them, keep those that are detected best.

        Of the given pictures those with words are split 3 : 1 by group. On the larger part detectors of the
        candidates are fitted, on the smaller their average precision is measured; the best stay and are fitted again
        on both parts. The detectors are linear least-squares classifiers of 1 (has the words) or 0, on standardised
        features, with one ridge penalty for all. SentiBank has support vector machines; least squares give the
        direction of Fisher's discriminant, whatever the share of positives, and thousands are solved at once.

        Since the penalty and the concepts are chosen on the held-out pictures, their precision is a little flattered:
        it ranks concepts, and is no result.

        Args:
            features: (n, d), finite; may be mapped from disk.
            keywords: the words of each of the n pictures, none for a picture without.
            rows: the pictures that may be used, numbers or a mask: no test picture, nor a near-duplicate of one. No
                features and no words of others are looked at.
            groups: (n,) what must not be split between the two parts, None for none.
            most: concepts kept at most, such as SENTIBANK or DEEP_SENTIBANK; fewer where fewer exist.
            first, second, without, words, fewest: which concepts there are, see :func:`candidates`.
            seed: of the split.

        Raises:
            BadInput: lengths that differ, features that are not finite, too few pictures with words, or no concept.
        """
        keywords, groups = list(keywords), np.arange(len(features)) if groups is None else np.asarray(groups)
        rows = np.arange(len(features))[rows]
        if features.ndim != 2 or len(keywords) != len(features) or len(groups) != len(features):
            raise BadInput(
                f"ConceptBank: features {features.shape}, {len(keywords)} lists of keywords and "
                f"{len(groups)} groups; there has to be one for each picture"
            )
        if most < 1 or fewest < 2:
            raise BadInput(f"ConceptBank: most is {most} and fewest {fewest}; they have to be at least 1 and 2")
        known = _words((keywords[row] for row in rows), rows)
        # No words at all is no sign that a concept is absent.
        worded = [i for i, own in enumerate(known) if own]
        rows, known = rows[worded], [known[i] for i in worded]
        groups = np.unique(groups[rows], return_inverse=True)[1]
        if len(rows) == 0 or groups.max() < 3:
            raise BadInput(
                f"ConceptBank: {len(rows)} pictures with words, in fewer than 4 groups; add pictures with words"
            )
        options = {"first": first, "second": second, "without": without, "words": words, "fewest": fewest}
        found = [concept for concept, count in candidates(known, **options) if len(rows) - count >= fewest]
        found = found[: max(TRIED * most, 1000)]
        truth = shown(known, found)
        fit, held = next(GroupShuffleSplit(1, test_size=HELD, random_state=seed).split(rows, groups=groups))
        usable = truth[fit].any(0) & truth[held].any(0) & ~truth[held].all(0)
        found, truth = [concept for concept, use in zip(found, usable, strict=True) if use], truth[:, usable]
        if not found:
            raise BadInput(
                f"ConceptBank: no word or pair describes {fewest} of the {len(rows)} pictures with words; lower fewest"
            )
        values = np.asarray(features[rows], np.float32)
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise BadInput(f"ConceptBank: feature {column} of picture {rows[row]} is not finite")
        mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
        spread[spread < 1e-9] = 1
        values = ((values - mean) / spread).astype(np.float32)
        with threadpool_limits(1):  # sums in another order could turn a close choice
            precision, penalty = _best(values, truth, fit, held)
            order = np.lexsort((np.arange(len(found)), -precision.round(6)))[:most]
            final = Ridge(penalty, solver="cholesky").fit(values, truth[:, order].astype(np.float32))
        return cls(
            tuple(found[k] for k in order),
            mean,
            spread,
            np.atleast_2d(final.coef_).T.astype(np.float32),
            np.atleast_1d(final.intercept_).astype(np.float32),
            precision[order],
            truth[held].mean(axis=0)[order],
            truth[:, order].sum(axis=0),
            penalty,
        )

    def scores(self, features: np.ndarray, block: int = 4096) -> np.ndarray:
        """How much each picture shows each concept: float32 (n, concepts).

        The linear estimate of the probability of the words: mostly between 0 and 1, not held to it. Standardise the
        columns on the training pictures before a machine sees them: those of rare concepts hardly vary.

        Raises BadInput for features of another length.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise BadInput(f"ConceptBank: features {features.shape}; the bank was fitted on {len(self.mean)} columns")
        found = np.empty((len(features), len(self.concepts)), np.float32)
        with threadpool_limits(1):
            for start in range(0, len(features), block):
                part = (np.asarray(features[start : start + block], np.float64) - self.mean) / self.spread
                found[start : start + block] = part.astype(np.float32) @ self.weights + self.offsets
        return found

    def table(self) -> pd.DataFrame:
        """A row a concept, best detected first: words, pictures, held-out average precision, that of a guess."""
        return pd.DataFrame(
            {
                "concept": [" ".join(concept) for concept in self.concepts],
                "pictures": self.counts,
                "average_precision": self.precision,
                "guess": self.share,
            }
        )


def _best(values: np.ndarray, truth: np.ndarray, fit: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, float]:
    """Held-out average precision of every concept, and the penalty: that with the highest mean over the first ones."""

    def measured(penalty: float, concepts: slice) -> np.ndarray:
        machine = Ridge(penalty, solver="cholesky").fit(values[fit], truth[fit, concepts].astype(np.float32))
        scores = machine.predict(values[held]).reshape(len(held), -1)
        pairs = zip(truth[held, concepts].T, scores.T, strict=True)
        return np.array([average_precision_score(there, score) for there, score in pairs])

    penalty = max(PENALTIES, key=lambda penalty: round(float(measured(penalty, slice(JUDGES)).mean()), 6))
    return measured(penalty, slice(None)), penalty


def _words(keywords: Iterable[Iterable[str]], numbers: Iterable[int] | None = None) -> list[set[str]]:
    """The words of each picture, which is called by its number where something is wrong."""
    found = []
    for i, own in enumerate(keywords) if numbers is None else zip(numbers, keywords, strict=True):
        if own is None or isinstance(own, str) or not all(isinstance(word, str) for word in own):
            raise BadInput(f"keywords of picture {i}: {own!r} is no list of words; split text first, use [] for none")
        found.append(_plain(own))
    return found


def _plain(words: Iterable[str]) -> set[str]:
    return {plain for word in words if (plain := " ".join(word.lower().split()))}
