"""The things that stand in a scene: which illustrations, what they are called, what each does to the emotion.

Nobody chose them one by one. Candidates are the single-character OpenMoji in Unicode's ranges of animals, plants, food,
vehicles and household things; those with a face or a body part among their keywords are left out. The words of a
candidate's keywords that EmoLex knows are counted:

    c_o[k] = sum over the known words w of o of EmoLex[w, k] / (their number + 2)    k: Plutchik's eight, two polarities
    r_o    = MIXTURE c_o                                                             (8 of Mikels; MIXTURE is 8 x 10)
    s_o    = r_o with columns standardised over the candidates, then rows centred

The 2 makes a thing of which several words agree weigh more than one with a single chance word; a thing with fewer than
`WORDS` known words is no candidate.

For every emotion in turn the `EACH` candidates whose s_o for it exceeds that for every other emotion by most are kept,
each once. Their weights W_o are s_o brought to a root mean square of 1 a row, then centred over rows and columns, so
that over the objects no emotion is favoured, and brought to a root mean square of 1 over all.

`MIXTURE` takes Mikels' four negative emotions as Plutchik's of the same name, and the four positive ones as sums of two
of his primaries ("dyads", Plutchik 1980): amusement as delight (joy and surprise), awe as awe (surprise and fear),
contentment as love (joy and trust), excitement as optimism (anticipation and joy). Half a count is added for the
polarity of the word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emolib.emotions import MIKELS, PLUTCHIK, POLARITY

EACH = 12
"""Objects kept for each emotion: 96 in all."""

WORDS = 2
"""Words with an emotion in EmoLex that a candidate has at the least."""

_RANGES = (
    (0x2693, 0x2693), (0x26B0, 0x26B1), (0x26BD, 0x26BE), (0x26F5, 0x26F5), (0x2708, 0x2708),
    (0x1F32D, 0x1F37F), (0x1F380, 0x1F393), (0x1F3A0, 0x1F3AF), (0x1F3B7, 0x1F3BB), (0x1F3C6, 0x1F3C9),
    (0x1F3F9, 0x1F3FA), (0x1F400, 0x1F43F), (0x1F451, 0x1F462), (0x1F488, 0x1F490), (0x1F4A1, 0x1F4A1),
    (0x1F4A3, 0x1F4A3), (0x1F4B0, 0x1F4B0), (0x1F4BA, 0x1F4BC), (0x1F4D6, 0x1F4DA), (0x1F4E6, 0x1F4E6),
    (0x1F4EF, 0x1F4EF), (0x1F4F7, 0x1F4FD), (0x1F511, 0x1F514), (0x1F525, 0x1F52E), (0x1F56F, 0x1F570),
    (0x1F577, 0x1F578), (0x1F5D1, 0x1F5D1), (0x1F5DD, 0x1F5DD), (0x1F5E1, 0x1F5E1), (0x1F5FF, 0x1F5FF),
    (0x1F680, 0x1F6A4), (0x1F6A8, 0x1F6A8), (0x1F6B2, 0x1F6B2), (0x1F6BD, 0x1F6BD), (0x1F6C1, 0x1F6C1),
    (0x1F6CB, 0x1F6CB), (0x1F6CF, 0x1F6CF), (0x1F6D2, 0x1F6D2), (0x1F6DD, 0x1F6E1), (0x1F6E9, 0x1F6E9),
    (0x1F6F0, 0x1F6FC), (0x1F940, 0x1F941), (0x1F94A, 0x1F96F), (0x1F980, 0x1F9AE), (0x1F9C0, 0x1F9CB),
    (0x1F9E8, 0x1F9FF), (0x1FA70, 0x1FABF), (0x1FACD, 0x1FADC), (0x1FAE7, 0x1FAE7),
)  # fmt: skip
"""Unicode's ranges of animals, plants, food, vehicles and things; symbols, signs, buildings and people lie outside."""

_NOT_THINGS = frozenset(
    "face head mouth lips kiss person people man woman boy girl child baby couple family hand finger body heart "
    "symbol sign button arrow flag".split()
)

_KINDS = (*PLUTCHIK, "positive", "negative")
_PARTS = {
    "amusement": {"joy": 1.0, "surprise": 1.0}, "awe": {"surprise": 1.0, "fear": 1.0},
    "contentment": {"joy": 1.0, "trust": 1.0}, "excitement": {"anticipation": 1.0, "joy": 1.0},
    "anger": {"anger": 2.0}, "disgust": {"disgust": 2.0}, "fear": {"fear": 2.0}, "sadness": {"sadness": 2.0},
}  # fmt: skip

MIXTURE = np.array([[_PARTS[e].get(k, 0.0) + 0.5 * (k == POLARITY[e]) for k in _KINDS] for e in MIKELS])
"""From counts of Plutchik's eight, positive and negative (10 columns) to Mikels' eight (8 rows, alphabetical)."""


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of the generator, in a fixed order.

    `codes` are OpenMoji's (`1F333`), `names` what one would call them ("deciduous tree"), `words` their keywords,
    `weights` their planted weights, float64 (objects, 8), columns alphabetical like `emotions.MIKELS`, all rows and
    columns of which add up to 0.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)


@lru_cache(maxsize=1)
def objects() -> Objects:
    """The objects and their weights, by the rule at the top of this module; made once a process.

    Raises Unavailable when OpenMoji, the keywords or EmoLex are not installed.
    """
    from emolib.corpora import lexicon, openmoji

    known = {word: row for word, row in _lexicon(lexicon.emolex()).items() if row[:8].any()}
    codes, words, counts = [], [], []
    for code, keywords in sorted(openmoji.keywords().items(), key=lambda item: (len(item[0]), item[0])):
        if not keywords or not _is_thing(code, keywords):
            continue
        hits = [known[word] for word in _words(keywords) if word in known]
        if len(hits) >= WORDS:
            codes.append(code)
            words.append(tuple(keyword.replace("_", " ") for keyword in keywords))
            counts.append(np.sum(hits, axis=0) / (len(hits) + 2))
    weights = np.array(counts) @ MIXTURE.T
    weights = _rows((weights - weights.mean(axis=0)) / weights.std(axis=0))
    kept = _strongest(weights)
    return Objects(
        tuple(codes[k] for k in kept),
        tuple(words[k][0] for k in kept),
        tuple(words[k] for k in kept),
        _balance(_even(weights[kept])),
    )


def _lexicon(table) -> dict[str, np.ndarray]:  # noqa: ANN001 - a DataFrame; pandas is not needed for anything else here
    return dict(zip(table.index, table[list(_KINDS)].to_numpy(dtype=np.float64), strict=True))


def _words(keywords: tuple[str, ...]) -> list[str]:
    """The words of the keywords, each once, in alphabetical order."""
    return sorted(
        {word for keyword in keywords for word in keyword.casefold().replace("-", " ").replace("_", " ").split()}
    )


def _is_thing(code: str, keywords: tuple[str, ...]) -> bool:
    if "-" in code or _NOT_THINGS & set(_words(keywords)):
        return False
    point = int(code, 16)
    return any(first <= point <= last for first, last in _RANGES)


def _strongest(weights: np.ndarray) -> list[int]:
    """Positions of the `EACH` clearest of every emotion, each once; the emotions choose in turn, clearest first."""
    margin = np.empty_like(weights)
    for emotion in range(len(MIKELS)):
        margin[:, emotion] = weights[:, emotion] - np.delete(weights, emotion, axis=1).max(axis=1)
    order = np.argsort(-margin, axis=0, kind="stable")
    kept: list[int] = []
    for _ in range(EACH):
        for emotion in range(len(MIKELS)):
            kept.append(next(int(k) for k in order[:, emotion] if k not in kept))
    return sorted(kept)


def _rows(weights: np.ndarray) -> np.ndarray:
    return weights - weights.mean(axis=1, keepdims=True)


def _even(weights: np.ndarray) -> np.ndarray:
    return weights / np.sqrt((weights**2).mean(axis=1, keepdims=True))


def _balance(weights: np.ndarray) -> np.ndarray:
    """Columns and rows that add up to 0, and a root mean square of 1 over all."""
    weights = _rows(weights - weights.mean(axis=0))
    return weights / np.sqrt((weights**2).mean())
