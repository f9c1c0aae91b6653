"""Soft targets from a text model, and the losses that EmotionNet learns by. Used by chapter 5.

Z. Wei, J. Zhang, Z. Lin, J.-Y. Lee, N. Balasubramanian, M. Hoai & D. Samaras, "Learning visual emotion representations
from web data" (CVPR 2020), section 4. Of a picture, y is 1 at the keywords that it has and 0 elsewhere, q (a y with a
hat in the paper) is what the text model expects from its other keywords, P the network's softmax over K keywords, t the
mean word vector of its keywords and v the picture's embedding:

=====  ===========================================  ========================
Eq. 1  y'_k = (q_k + y_k) / (1 + sum_i q_i)         :func:`soft_targets`
Eq. 2  L_cls = -1/K sum_k y'_k log P_k              :func:`loss_cls`
Eq. 3  L_embed = 1 - cos(t, W v)                    :func:`loss_embed`
Eq. 4  L = L_cls + lambda L_embed                   :func:`loss_total`
=====  ===========================================  ========================

Where the published code differs, `form="code"` follows it: y is divided by the number of keywords, what the text model
gives less than 1% counts as nothing, their sum is divided by its own sum, and Eq. 2 has no 1/K. That explains the 1 in
Eq. 1, which is what such a y adds up to. As printed, with y a plain indicator and q a softmax, y' adds up to
(1 + number of keywords) / 2: pictures with many keywords count more, by what nobody may have intended.

Eq. 2's 1/K scales the gradient by 1/690, so that with lambda = 1 the embedding decides nearly alone. Both forms can be
had, for targets and for the loss.

Every ablation of Table 3 is a choice of targets and weight: without soft targets q is zero, which makes y' = y (or
y / sum y in the code's form); without embedding lambda is 0; with extra annotation there is a second embedding loss,
towards the eight-emotion text model's representation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array, issparse
from torch import nn
from torch.nn import functional

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors
from emolib.models.text import Vocabulary

Form = Literal["equation", "code"]
FORMS = ("equation", "code")
FLOOR = 0.01
"""Probability below which the published code takes the text model's answer for 0."""

SLACK = 1e-4
"""How far above 1 probabilities may add up: rounding in single precision."""


# -------------------------------------------------------------------------------------------------------------- targets
def soft_targets(
    indicators: np.ndarray | csr_array, predicted: np.ndarray | None = None, form: Form = "code", floor: float = FLOOR
) -> np.ndarray | csr_array:
    """What EmotionNet's softmax is to come close to (Eq. 1).

    Args:
        indicators: (n, K), 1 where a picture has a keyword, else 0; may be sparse.
        predicted: (n, K), what the text model expects: probabilities, rows summing to 1 at most (a row of zeros for a
            picture whose other keywords say nothing). None for no text model: targets without softness.
        form: "equation", as printed; "code", as published code does it, each row summing to 1.
        floor: of the form "code": smaller probabilities count as 0.

    Returns:
        float32 (n, K), sparse if the indicators are and nothing was predicted.

    Raises:
        BadInput: shapes that do not fit, indicators other than 0 and 1, predictions that are no probabilities, an
            unknown form, and a picture without any keyword (named by its row): leave it out.
    """
    if form not in FORMS:
        raise BadInput(f"soft_targets: form {form!r} is unknown; use {' or '.join(FORMS)}")
    if not 0 <= floor < 1:
        raise BadInput(f"soft_targets: floor is {floor}; it has to be in [0, 1)")
    y = _indicators(indicators)
    counts = np.asarray(y.sum(1), float)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        raise BadInput(f"soft_targets: picture {empty[0]} has none of the keywords; leave it out")
    y = csr_array(y, dtype=np.float64)
    if form == "code":
        y.data /= np.repeat(counts, np.diff(y.indptr))
    if predicted is None:
        y = y.astype(np.float32)
        return y if issparse(indicators) else y.toarray()
    q = _probabilities(predicted, y.shape)
    if form == "equation":
        return ((y.toarray() + q) / (1 + q.sum(1, keepdims=True))).astype(np.float32)
    mixed = y.toarray() + np.where(q < floor, 0, q)
    return (mixed / mixed.sum(1, keepdims=True)).astype(np.float32)


class Supervision(NamedTuple):
    """What n pictures give a network to learn.

    Attributes:
        rows: int64 (m,), the pictures to learn from: those with one of the keywords.
        targets: float32 (n, K), y' of Eq. 1, zeros for the other pictures; sparse when nothing was predicted.
        texts: float32 (n, j), t of Eq. 3, nan where no keyword is known; None without a table of vectors.
        without_keyword: pictures that are left out.
        without_prediction: of `rows`, those that the text model says nothing about; their targets are their keywords.
        without_vector: of `rows`, those that the embedding loss leaves out.
    """

    rows: np.ndarray
    targets: np.ndarray | csr_array
    texts: np.ndarray | None
    without_keyword: int
    without_prediction: int
    without_vector: int

    def __str__(self) -> str:
        n = self.targets.shape[0]
        return (
            f"{len(self.rows):,} of {n:,} pictures to learn from; {self.without_keyword:,} have none of the keywords; "
            f"of the rest {self.without_prediction:,} have no prediction, {self.without_vector:,} no word with a vector"
        )


def supervision(
    lists: Sequence[Sequence[str]],
    keywords: Vocabulary,
    *,
    predicted: np.ndarray | None = None,
    table: WordVectors | None = None,
    form: Form = "code",
    floor: float = FLOOR,
) -> Supervision:
    """Targets of both losses from the keywords of pictures; a picture without any of `keywords` is left out, counted.

    Args:
        lists: the emotional keywords of each picture. Eq. 3 says "all keywords" of y, and y are the emotional ones; for
            another reading, replace `texts` by `table.means` of other lists.
        keywords: those that the network is to name: 8, 690, all.
        predicted: (n, K) of `models.text.predicted`, in the order of `keywords`; None for targets without softness.
        table: word vectors; None for no embedding loss.
        form, floor: see `soft_targets`.

    Raises:
        BadInput: what `soft_targets` refuses, or no picture with any of the keywords.
    """
    hot = keywords.hot(lists)
    rows = np.flatnonzero(np.diff(hot.indptr))
    if not len(rows):
        raise BadInput(f"supervision: none of {len(lists)} pictures has one of the {len(keywords)} keywords")
    if predicted is not None and np.shape(predicted) != hot.shape:
        raise BadInput(
            f"supervision: predictions {np.shape(predicted)} for {len(lists)} pictures, {len(keywords)} keywords"
        )
    some = soft_targets(hot[rows], None if predicted is None else np.asarray(predicted)[rows], form, floor)
    if issparse(some):
        starts = np.concatenate([[0], np.cumsum(np.diff(hot.indptr))])
        targets = csr_array((some.data, some.indices, starts), shape=hot.shape)
    else:
        targets = np.zeros(hot.shape, np.float32)
        targets[rows] = some
    silent = 0 if predicted is None else int((np.asarray(predicted)[rows] == 0).all(1).sum())
    texts = None if table is None else table.means(lists)[0]
    unread = 0 if texts is None else int(np.isnan(texts[rows]).any(1).sum())
    return Supervision(rows, targets, texts, len(lists) - len(rows), silent, unread)


# --------------------------------------------------------------------------------------------------------------- losses
def loss_cls(logits: torch.Tensor, targets: torch.Tensor, *, divide: bool = False) -> torch.Tensor:
    """L_cls (Eq. 2), mean over a batch: -sum_k y'_k log softmax(logits)_k.

    Args:
        logits: (n, K).
        targets: (n, K), not negative; a row need not sum to 1.
        divide: by K, as Eq. 2 is printed and the published code does not.

    Raises:
        BadInput: shapes that do not fit.
    """
    _same(logits, targets, "loss_cls")
    value = -(targets.to(logits.dtype) * logits.log_softmax(1)).sum(1).mean()
    return value / logits.shape[1] if divide else value


def gradient_cls(logits: torch.Tensor, targets: torch.Tensor, *, divide: bool = False) -> torch.Tensor:
    """The gradient of a picture's own L_cls by its logits: S P_k - y'_k with S = sum_k y'_k, divided by K if asked.

    (n, K); `loss_cls` is a mean and has it divided by n. S is 1 for the code's targets, (1 + number of keywords) / 2
    for Eq. 1 as printed. Raises BadInput for shapes that do not fit.
    """
    _same(logits, targets, "gradient_cls")
    with torch.no_grad():
        targets = targets.to(logits.dtype)
        value = logits.softmax(1) * targets.sum(1, keepdim=True) - targets
        return value / logits.shape[1] if divide else value


def loss_embed(pictures: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """L_embed (Eq. 3), mean over a batch: 1 - cos(texts, pictures), from 0 (one direction) to 2 (opposite ones).

    Args:
        pictures: (n, j), W v of Eq. 3: embeddings that are already mapped.
        texts: (n, j), mean word vectors. A row of nan is a picture without a known word: it adds 0, and the mean is
            still over n, so that neither batches nor processes change what a picture counts.

    Raises:
        BadInput: shapes that do not fit, or a text vector of zeros, which points nowhere (named by its row).
    """
    _same(pictures, texts, "loss_embed")
    there = ~texts.isnan().any(1)
    zero = (there & (texts == 0).all(1)).nonzero()
    if len(zero):
        raise BadInput(
            f"loss_embed: the text vector of row {int(zero[0])} is zero; use nan for a picture without words"
        )
    filled = torch.where(there[:, None], texts, torch.ones_like(texts)).to(pictures.dtype)
    return (there * (1 - functional.cosine_similarity(pictures, filled, dim=1))).mean()


def loss_total(
    logits: torch.Tensor,
    targets: torch.Tensor,
    pictures: torch.Tensor,
    texts: torch.Tensor,
    weight: float = 1.0,
    *,
    divide: bool = False,
) -> torch.Tensor:
    """L (Eq. 4): `loss_cls` plus weight (lambda, 1 in the paper) times `loss_embed`; arguments and errors as there."""
    return loss_cls(logits, targets, divide=divide) + _weight(weight) * loss_embed(pictures, texts)


class EmotionLoss(nn.Module):
    """Eq. 4 for `training.fit`, whose targets are then the numbers of the rows.

    It keeps the targets of all pictures, sparse ones as they are: 30,000 keywords times a million pictures never lie in
    memory as a table.

        fit(model, inputs, np.arange(len(inputs)), recipe, loss=EmotionLoss(targets, [texts]), rows=rows)

    Args:
        targets: (n, K) of `soft_targets`, dense or sparse.
        texts: for every joint space of the network, in its order, float (n, j), nan for a picture without words.
        weight: lambda of Eq. 4, for each joint space; at 0 there is no embedding loss.
        divide: see `loss_cls`.

    Raises:
        BadInput: tables of different lengths, negative or infinite targets, a negative weight.
    """

    def __init__(
        self,
        targets: np.ndarray | csr_array,
        texts: Sequence[np.ndarray] = (),
        weight: float = 1.0,
        *,
        divide: bool = False,
    ) -> None:
        super().__init__()
        self.sparse = csr_array(targets, dtype=np.float32) if issparse(targets) else None
        self.dense = None if issparse(targets) else torch.as_tensor(np.asarray(targets, np.float32))
        values = self.sparse.data if issparse(targets) else self.dense.numpy()
        if len(targets.shape) != 2 or not np.isfinite(values).all() or (values < 0).any():
            raise BadInput(f"EmotionLoss: targets {targets.shape} have to be a table of numbers from 0 on")
        self.texts = [torch.as_tensor(np.asarray(text, np.float32)) for text in texts]
        for text in self.texts:
            if text.ndim != 2 or len(text) != targets.shape[0]:
                raise BadInput(f"EmotionLoss: texts {tuple(text.shape)} for targets {targets.shape}")
        self.keywords, self.weight, self.divide = targets.shape[1], _weight(weight), divide
        # Once, and not when a key of the cache asks for it: the tables do not change.
        seen = hashlib.sha256()
        parts = (self.sparse.indptr, self.sparse.indices, self.sparse.data) if issparse(targets) else (values,)
        for part in (*parts, *(text.numpy() for text in self.texts)):
            seen.update(str((part.shape, part.dtype)).encode() + np.ascontiguousarray(part).tobytes())
        self.digest = seen.hexdigest()[:20]

    def extra_repr(self) -> str:
        """What tells two of these losses apart, for people and for keys of the cache."""
        return f"weight={self.weight}, divide={self.divide}, targets={self.digest}"

    def forward(self, prediction: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Mean over a batch; prediction (n, K + sum of j) of an `EmotionHead`, rows (n,) of its pictures.

        Raises BadInput when the prediction has another width than targets and texts.
        """
        sizes = [text.shape[1] for text in self.texts]
        if prediction.ndim != 2 or prediction.shape[1] != self.keywords + sum(sizes):
            raise BadInput(
                f"EmotionLoss: predictions {tuple(prediction.shape)} for {self.keywords} keywords and texts of {sizes}"
            )
        logits, *pictures = prediction.split([self.keywords, *sizes], 1)
        chosen = rows.cpu()
        targets = self.dense[chosen] if self.sparse is None else torch.from_numpy(self.sparse[chosen.numpy()].toarray())
        value = loss_cls(logits, targets.to(prediction.device), divide=self.divide)
        for picture, text in zip(pictures, self.texts, strict=True):
            value = value + self.weight * loss_embed(picture, text[chosen].to(prediction.device))
        return value


# --------------------------------------------------------------------------------------------------------------- checks
def _indicators(indicators: np.ndarray | csr_array) -> np.ndarray | csr_array:
    y = csr_array(indicators) if issparse(indicators) else np.asarray(indicators)
    if issparse(y):
        # A place that is named twice counts as their sum, which is not 1 then.
        y = y.copy()
        y.sum_duplicates()
        y.eliminate_zeros()
    values = y.data if issparse(y) else y
    if y.ndim != 2 or values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        raise BadInput(f"soft_targets: indicators {y.shape} have to be a table of 0 and 1, a row a picture")
    return y


def _probabilities(predicted: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    q = np.asarray(predicted)
    if q.shape != shape or q.dtype.kind not in "fiu":
        raise BadInput(f"soft_targets: predictions {q.shape} for indicators {shape}")
    q = q.astype(np.float64)
    wrong = np.flatnonzero(~((q >= 0).all(1) & (q.sum(1) <= 1 + SLACK)))  # `~` so that nan counts as wrong
    if len(wrong):
        raise BadInput(f"soft_targets: row {wrong[0]} of the predictions has to hold probabilities that make 1 or less")
    return q


def _same(first: torch.Tensor, second: torch.Tensor, name: str) -> None:
    if first.ndim != 2 or first.shape != second.shape or not len(first) or not first.shape[1]:
        raise BadInput(f"{name}: {tuple(first.shape)} and {tuple(second.shape)} have to be tables of one shape")


def _weight(weight: float) -> float:
    if not 0 <= weight < float("inf"):
        raise BadInput(f"weight: lambda is {weight}; it must not be negative")
    return float(weight)
