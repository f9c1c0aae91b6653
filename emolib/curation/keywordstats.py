"""What a table of keywords is like: keywords a picture, which go together, how many are wrong. Used by chapter 5.

Wei et al. 2020, section 3.2: 48.9 keywords a picture, 7.04 of them emotional; a co-occurrence matrix in which few pairs
are frequent; about 15% wrong ones among the emotional keywords of 1,000 random pictures.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse, stats

from emolib.curation.keywordtable import Table
from emolib.errors import BadInput

DENSE = 2000
"""Up to so many words a co-occurrence matrix is dense (32 MB)."""


@dataclass(frozen=True)
class PerImage:
    """How many keywords the pictures have, those without any included.

    Attributes:
        images: pictures.
        mean: keywords a picture.
        quantiles: share of pictures -> the least number of keywords that so many do not exceed.
        without: pictures that have none.
        histogram: int64, how many pictures have 0, 1, 2... keywords.
    """

    images: int
    mean: float
    quantiles: dict[float, int]
    without: int
    histogram: np.ndarray


def per_image(
    table: Table, words: Collection[str] | None = None, quantiles: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)
) -> PerImage:
    """Keywords a picture: all, or those among `words`.

    Raises BadInput for a table without pictures and for quantiles outside [0, 1].
    """
    if not table.counts.images:
        raise BadInput("per_image: the table has no picture")
    if any(not 0 <= q <= 1 for q in quantiles):
        raise BadInput(f"per_image: quantiles {tuple(quantiles)} have to lie in [0, 1]")
    chosen = _numbered(sorted(set(words)) if words is not None else ())
    only = "" if words is None else "WHERE word IN (SELECT words.id FROM words JOIN chosen USING (word))"
    found = table.query(
        "SELECT keywords, count(*) AS images FROM "
        f"(SELECT count(*) AS keywords FROM pairs {only} GROUP BY image) GROUP BY keywords ORDER BY keywords",
        chosen=chosen,
    )
    histogram = np.zeros(int(found["keywords"].max() if len(found) else 0) + 1, np.int64)
    histogram[found["keywords"]] = found["images"]
    images = table.counts.images
    histogram[0] = images - histogram.sum()
    up_to = histogram.cumsum()
    return PerImage(
        images,
        float(histogram @ np.arange(len(histogram)) / images),
        # Of whole numbers, exactly: the first count that at least this share of pictures does not exceed.
        {float(q): int(np.searchsorted(up_to, max(1, np.ceil(round(q * images, 6))))) for q in quantiles},
        int(histogram[0]),
        histogram,
    )


def cooccurrence(
    table: Table, words: Sequence[str], *, form: Literal["dense", "sparse"] | None = None
) -> np.ndarray | sparse.csr_array:
    """How many pictures have both of two words; on the diagonal, how many have the word.

    Args:
        table: as read.
        words: the rows and columns, each once; one that the table does not have gets zeros.
        form: by default dense up to `DENSE` words, else sparse.

    Returns:
        int64 (w, w), symmetric; a NumPy array or a SciPy sparse array.

    Raises:
        BadInput: a word given twice, an unknown form.
    """
    twice = pd.Series(list(words), dtype=object)[pd.Series(list(words), dtype=object).duplicated()]
    if len(twice):
        raise BadInput(f"cooccurrence: {twice.iloc[0]!r} stands twice among the words")
    if form not in (None, "dense", "sparse"):
        raise BadInput(f"cooccurrence: form {form!r} is unknown; use dense or sparse")
    found = table.query(
        "WITH kept AS (SELECT pairs.image, chosen.place FROM pairs JOIN words ON words.id = pairs.word "
        "JOIN chosen ON chosen.word = words.word) "
        "SELECT a.place AS a, b.place AS b, count(*) AS images FROM kept a JOIN kept b USING (image) "
        "WHERE a.place <= b.place GROUP BY a.place, b.place ORDER BY a, b",
        chosen=_numbered(words),
    )
    rows, columns, images = (found[name].to_numpy(np.int64) for name in ("a", "b", "images"))
    off = rows != columns
    size = (len(words), len(words))
    if form == "dense" or (form is None and len(words) <= DENSE):
        matrix = np.zeros(size, np.int64)
        matrix[rows, columns] = matrix[columns, rows] = images
        return matrix
    both = np.concatenate([rows, columns[off]]), np.concatenate([columns, rows[off]])
    return sparse.csr_array((np.concatenate([images, images[off]]), both), shape=size)


def lift(counts: np.ndarray, images: int) -> np.ndarray:
    """How much more often than by chance two words stand beside the same picture, float64 (w, w).

    n P(a and b) / (P(a) P(b)): 1 when independent, nan for a word that no picture has. The paper calls most of its
    keywords independent of each other and gives no measure; this one is our choice.

    Args:
        counts: dense co-occurrence matrix.
        images: pictures in all.

    Raises:
        BadInput: no square matrix, or counts above the number of pictures.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (counts.size and counts.max() > images):
        raise BadInput(f"lift: {counts.shape} has to be a square matrix of at most {images} pictures a cell")
    alone = counts.diagonal().astype(float)
    with np.errstate(invalid="ignore"):
        return counts * float(images) / np.outer(alone, alone)


# ------------------------------------------------------------------------------------------------------- wrong keywords
def to_check(table: Table, words: Collection[str], images: int = 1000, seed: int = 0) -> pd.DataFrame:
    """A random sample of pictures with their keywords among `words`, for people to check.

    Drawn among the pictures that have any of them, each as likely as another, by a digest of name and seed: other
    pictures in the table do not change whether one comes before another.

    Returns:
        `image` and `keyword`, sorted; fewer pictures when there are not so many.

    Raises:
        BadInput: fewer than one picture asked for.
    """
    if images < 1:
        raise BadInput(f"to_check: {images} pictures; it has to be 1 or more")
    return table.query(
        "WITH kept AS (SELECT pairs.image, words.word FROM pairs JOIN words ON words.id = pairs.word "
        "JOIN chosen ON chosen.word = words.word), drawn AS (SELECT images.id, images.image FROM images "
        "WHERE id IN (SELECT image FROM kept) ORDER BY md5(concat(?, ':', images.image)), images.image LIMIT ?) "
        "SELECT drawn.image, kept.word AS keyword FROM kept JOIN drawn ON drawn.id = kept.image ORDER BY ALL",
        [str(seed), images],
        chosen=_numbered(sorted(set(words))),
    )


@dataclass(frozen=True)
class Noise:
    """Share of wrong keywords with its interval, and what it rests on."""

    value: float
    low: float
    high: float
    wrong: int
    checked: int
    images: int


def label_noise(
    checked: pd.DataFrame, *, method: Literal["wilson", "exact"] = "wilson", confidence: float = 0.95
) -> Noise:
    """The share of wrong keywords in a checked sample, with its interval.

    Keywords of one picture are not independent: who is wrong once may be wrong about the whole picture. The interval is
    that of so many independent keywords as carry the same information, wrong keywords being counted picture by picture
    (the variance of a ratio; Korn & Graubard 1998), at most as many as were checked. The paper gives no interval.

    Args:
        checked: `image`, `keyword` and `right` (bool), each keyword of a picture once.
        method: Wilson's interval, or Clopper and Pearson's "exact" one, which is never too short.
        confidence: of the interval.

    Raises:
        BadInput: columns missing, no rows, answers that are not bool, a pair checked twice, an unknown method.
    """
    missing = [name for name in ("image", "keyword", "right") if name not in checked]
    if missing or not len(checked):
        raise BadInput(f"label_noise: {f'no column {missing[0]!r}' if missing else 'no keyword was checked'}")
    if checked["right"].dtype != bool:
        raise BadInput(f"label_noise: `right` holds {checked['right'].dtype}, not True or False for every keyword")
    if checked.duplicated(["image", "keyword"]).any():
        first = checked[checked.duplicated(["image", "keyword"])].iloc[0]
        raise BadInput(f"label_noise: {first['keyword']!r} of {first['image']!r} was checked twice; settle it first")
    if method not in ("wilson", "exact") or not 0 < confidence < 1:
        raise BadInput(f"label_noise: method {method!r}, confidence {confidence}: wilson or exact, and within 0 and 1")
    each = (~checked["right"]).groupby(checked["image"]).agg(["sum", "count"])
    wrong, n, m = int(each["sum"].sum()), len(checked), len(each)
    share = wrong / n
    effective = float(n)
    if m > 1 and 0 < wrong < n:
        residual = (each["sum"] - share * each["count"]).to_numpy(float)
        variance = m / (m - 1) * float(residual @ residual) / n**2
        effective = min(n, share * (1 - share) / variance) if variance else n
    low, high = _interval(share, effective, method, confidence)
    return Noise(share, low, high, wrong, n, m)


def _interval(share: float, n: float, method: str, confidence: float) -> tuple[float, float]:
    """Wilson's or Clopper and Pearson's interval for any n above 0, whole or not."""
    tail = (1 - confidence) / 2
    if method == "exact":
        right, wrong = share * n, (1 - share) * n
        low = float(stats.beta.ppf(tail, right, wrong + 1)) if share > 0 else 0.0
        return low, float(stats.beta.ppf(1 - tail, right + 1, wrong)) if share < 1 else 1.0
    z = float(stats.norm.isf(tail))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _numbered(words: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"word": pd.Series(list(words), dtype="str"), "place": np.arange(len(words))})
