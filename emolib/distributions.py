"""Labels as distributions: targets from Mikels' wheel, and the losses that learn from them. Used by chapter 4.

T. Rao, X. Li, H. Zhang & M. Xu, "Multi-level region-based convolutional neural network for image emotion
classification" (Neurocomputing 2019), sections 4.2 and 4.3. With activations a, p = softmax(a), the dominant emotion j
of a picture, its probability p*, y = 1 at j and 0 elsewhere:

=========  ==================================================================  =======================
Eq. 4      f(j) = p*, f(i) = (1 - p*) (1 / d_ij) / sum_k (1 / d_kj), k not j   :func:`wheel_targets`
Eq. 7      L_cls = -sum_i y_i log p_i                                          :func:`loss_cls`
Eq. 8      L_ed = -sum_i f(i) log p_i                                          :func:`loss_ed`
Eq. 6      L_multi = (1 - lambda) L_cls + lambda L_ed                          :func:`loss_multi`
Eq. 9      dL_multi / da_i = p_i - (1 - lambda) y_i - lambda f(i)              :func:`gradient_multi`
Eq. 10-11  L_p = -log softmax(p*^2 a)_j, or about p*^2 L_cls + log(1 / p*)     :func:`loss_p`
=========  ==================================================================  =======================

What is mended, and what is chosen, where the paper slips or is silent:

- Eq. 4 writes p_j* in one case and p_j in the other. They are one number here, or the sum would not be 1.
- FI has no p*. We take agree / (agree + disagree) of its workers (:func:`dominant_probability`).
- The paper does not say how far an emotion is from itself, hence whether neighbours are at 1 or at 2. Eq. 4 never uses
  the distance of j from itself; both scales can be had, and their targets differ. Default: steps on the wheel.
- Eq. 8 is called a Kullback-Leibler loss. It is the cross-entropy, which lies above the divergence by the entropy of f
  and has the same gradient.
- Eq. 9 is printed with plus signs. Then it does not add up to zero, as a gradient of a softmax does, and a step along
  it makes L_multi worse whenever the prediction is flatter than the target, as at the start of training.
- Eq. 10 puts probabilities where a softmax has activations. Among eight emotions no answer could then pass
  e / (e + 7) = 28%. Where the derivation comes from it has activations (Kendall, Gal & Cipolla 2018, after Gal 2016,
  whom the paper cites), as here.
- Eq. 11 leaves out y in its first line. Its factor p*^2 needs that exponent in the assumption before it, which is
  printed with p*; it then ends in log(1 / p*), and not in the printed log(1 / p*^2). Neither constant has a gradient.

L_multi is linear in its target: it is the cross-entropy with the target (1 - lambda) y + lambda f, on which any loop
that takes torch's cross-entropy can train (:func:`mixed_targets`). Where people are of one mind (p* = 1), f is y, and
lambda changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from emolib import emotions
from emolib.errors import BadInput

Votes = Sequence[int] | np.ndarray
Form = Literal["weighted", "scaled"]

SLACK = 1e-4
"""How far from 1 the sum of a distribution may be: rounding in single precision, and far below any vote."""


# -------------------------------------------------------------------------------------------------------------- targets
def dominant_probability(agree: Votes, disagree: Votes) -> np.ndarray:
    """p* of each picture: the share of its workers who found the emotion in it, agree / (agree + disagree).

    The paper does not say what p* is on FI; this is our reading of the votes published with it.

    Args:
        agree, disagree: (n,) counts of votes.

    Returns:
        float64 (n,) in (0, 1].

    Raises:
        BadInput: counts that are no whole numbers from 0 on, and a picture in which nobody found the emotion (named by
            its row), since it is then not the dominant one.
    """
    yes, no = np.asarray(agree), np.asarray(disagree)
    if yes.ndim != 1 or yes.shape != no.shape:
        raise BadInput(
            f"dominant_probability: agree {yes.shape} and disagree {no.shape} have to be lists of one length"
        )
    for name, counts in (("agree", yes), ("disagree", no)):
        whole = counts.dtype.kind in "iuf" and np.isfinite(counts).all() and (counts == np.floor(counts)).all()
        if not whole or (counts < 0).any():
            raise BadInput(f"dominant_probability: {name} has to hold counts of votes, whole numbers from 0 on")
    nobody = np.flatnonzero(yes == 0)
    if len(nobody):
        raise BadInput(f"dominant_probability: nobody found the emotion in picture {nobody[0]}; leave it out")
    return yes / (yes.astype(float) + no)


def wheel_targets(
    labels: Sequence[int] | np.ndarray,
    probability: float | Sequence[float] | np.ndarray,
    convention: str = "steps",
    order: Sequence[str] = emotions.MIKELS,
) -> np.ndarray:
    """A distribution over the emotions from the dominant one and its probability (Eq. 4).

    The dominant emotion has p*; the others share the rest in proportion to 1 / distance on Mikels' wheel. The dominant
    one is the largest when p* > .204 under "steps", .175 under "one_plus"; pictures of FI, kept where most of the
    workers agreed, have p* > .5.

    Args:
        labels: (n,) numbers of the dominant emotions in `order`.
        probability: p*, (n,) or one for all, in (0, 1].
        convention: how distances are counted, as in `emotions.distance_matrix`: "steps" has neighbours at 1, "one_plus"
            at 2, which makes the rest more even.
        order: names of the emotions, two or more of Mikels' eight.

    Returns:
        float32 (n, len(order)), each row summing to 1.

    Raises:
        BadInput: labels or probabilities out of range, an unknown convention, an unknown or repeated emotion.
    """
    distances = emotions.distance_matrix(convention, order)
    # The diagonal may be 0 and is never used: the dominant emotion's own place is set below.
    closeness = 1.0 / np.where(np.eye(len(distances), dtype=bool), 1, distances)
    return _spread(closeness, labels, probability, "wheel_targets")


def even_targets(
    labels: Sequence[int] | np.ndarray, probability: float | Sequence[float] | np.ndarray, classes: int = 8
) -> np.ndarray:
    """Like `wheel_targets`, with the rest spread evenly: what is left of Eq. 4 when the wheel is taken out of it.

    Not in the paper; a control, which tells what the wheel adds. It is label smoothing with an amount for each picture.

    Raises:
        BadInput: labels or probabilities out of range, or fewer than two classes.
    """
    return _spread(np.ones((max(classes, 1),) * 2), labels, probability, "even_targets")


def mixed_targets(labels: Sequence[int] | np.ndarray, distributions: np.ndarray, lam: float) -> np.ndarray:
    """(1 - lambda) y + lambda f: cross-entropy with these targets is L_multi (Eq. 6).

    Args:
        labels: (n,) class numbers.
        distributions: (n, k) f, rows summing to 1.
        lam: lambda, in [0, 1].

    Returns:
        float32 (n, k), each row summing to 1.

    Raises:
        BadInput: labels out of range, rows that are no distributions, lambda outside [0, 1].
    """
    f = np.asarray(distributions)
    if f.ndim != 2 or f.dtype.kind not in "fiu" or len(f) != np.size(labels):
        raise BadInput(f"mixed_targets: distributions {f.shape} have to be a table of numbers, a row a picture")
    y = _numbers(labels, f.shape[1], "mixed_targets")
    return _mixed(torch.as_tensor(y), torch.as_tensor(f.astype(np.float32)), lam, "mixed_targets").numpy()


def weighted_targets(
    labels: Sequence[int] | np.ndarray, probability: float | Sequence[float] | np.ndarray, classes: int = 8
) -> np.ndarray:
    """p*^2 y: cross-entropy with these targets is the weighted form of L_p (Eq. 11) without its constant.

    Returns:
        float32 (n, classes), each row summing to p*^2.

    Raises:
        BadInput: labels or probabilities out of range, or fewer than two classes.
    """
    y = _numbers(labels, classes, "weighted_targets")
    p = _probabilities(probability, len(y), "weighted_targets")
    return (np.eye(classes)[y] * p[:, None] ** 2).astype(np.float32)


# --------------------------------------------------------------------------------------------------------------- losses
def loss_cls(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """L_cls (Eq. 7), cross-entropy with the label, mean over a batch; logits (n, k), labels (n,) class numbers.

    Raises BadInput for shapes or class numbers that do not fit.
    """
    return functional.cross_entropy(logits, _labels(logits, labels, "loss_cls"))


def loss_ed(logits: torch.Tensor, distributions: torch.Tensor) -> torch.Tensor:
    """L_ed (Eq. 8), cross-entropy with the estimated distribution, mean over a batch; both (n, k).

    Raises BadInput for shapes that do not fit and for rows that are no distributions.
    """
    return functional.cross_entropy(logits, _distributions(logits, distributions, "loss_ed"))


def loss_multi(
    logits: torch.Tensor, labels: torch.Tensor, distributions: torch.Tensor, lam: float = 0.4
) -> torch.Tensor:
    """L_multi (Eq. 6), mean over a batch: at lambda 0 it is `loss_cls`, at lambda 1 `loss_ed`.

    Args:
        logits: (n, k).
        labels: (n,) class numbers.
        distributions: (n, k) f, rows summing to 1.
        lam: lambda, in [0, 1]; the paper found .4 best (Fig. 8).

    Raises:
        BadInput: shapes or class numbers that do not fit, rows that are no distributions, lambda outside [0, 1].
    """
    y = _labels(logits, labels, "loss_multi")
    f = _distributions(logits, distributions, "loss_multi")
    return functional.cross_entropy(logits, _mixed(y, f, lam, "loss_multi"))


def gradient_multi(
    logits: torch.Tensor, labels: torch.Tensor, distributions: torch.Tensor, lam: float = 0.4
) -> torch.Tensor:
    """The gradient of L_multi by the activations, p_i - (1 - lambda) y_i - lambda f(i) (Eq. 9 with its signs mended).

    Arguments and errors as in `loss_multi`. Returns (n, k), a row the gradient of that picture's own loss (`loss_multi`
    is a mean and has it divided by n). Each row adds up to 0.
    """
    y = _labels(logits, labels, "gradient_multi")
    f = _distributions(logits, distributions, "gradient_multi")
    with torch.no_grad():
        return logits.softmax(1) - _mixed(y, f, lam, "gradient_multi")


def loss_p(
    logits: torch.Tensor, labels: torch.Tensor, probability: torch.Tensor, form: Form = "weighted"
) -> torch.Tensor:
    """L_p, the loss with probability, mean over a batch.

    "weighted" is Eq. 11, p*^2 L_cls + log(1 / p*): a picture counts less the less its workers agree. That is what the
    paper says it trains with and what it says of it, so it is the default. "scaled" is Eq. 10 with activations,
    -log softmax(p*^2 a)_j, which Eq. 11 is meant to approximate. The two are equal where p* = 1, and L_cls there; the
    approximation is rough for many emotions (with eight equal activations and p* = .6, 1.26 for 2.08).

    Args:
        logits: (n, k).
        labels: (n,) class numbers.
        probability: (n,) p*, in (0, 1].
        form: "weighted" or "scaled".

    Raises:
        BadInput: shapes or class numbers that do not fit, probabilities outside (0, 1], an unknown form.
    """
    y = _labels(logits, labels, "loss_p")
    if form not in ("weighted", "scaled"):
        raise BadInput(f"loss_p: form {form!r} is unknown; use weighted or scaled")
    p = torch.as_tensor(probability, device=logits.device)
    if p.shape != y.shape or not bool(((p > 0) & (p <= 1)).all()):
        raise BadInput(
            f"loss_p: probability {tuple(p.shape)} has to hold a number in (0, 1] for each of {len(y)} pictures"
        )
    p = p.to(logits.dtype)
    if form == "scaled":
        return functional.cross_entropy(logits * (p**2)[:, None], y)
    return (p**2 * functional.cross_entropy(logits, y, reduction="none") - p.log()).mean()


# --------------------------------------------------------------------------------------------------------------- checks
def _spread(weights: np.ndarray, labels: Sequence[int] | np.ndarray, probability: object, name: str) -> np.ndarray:
    """p* at each label, the rest shared out by the label's row of `weights` (k, k)."""
    y = _numbers(labels, len(weights), name)
    p = _probabilities(probability, len(y), name)
    rest = np.where(np.eye(len(weights), dtype=bool), 0.0, weights)
    targets = (1 - p)[:, None] * (rest / rest.sum(1, keepdims=True))[y]
    targets[np.arange(len(y)), y] = p
    return targets.astype(np.float32)


def _mixed(labels: torch.Tensor, distributions: torch.Tensor, lam: float, name: str) -> torch.Tensor:
    if not 0 <= lam <= 1:
        raise BadInput(f"{name}: lambda is {lam}; it has to lie in [0, 1]")
    _check_rows(distributions, name)
    y = functional.one_hot(labels, distributions.shape[1]).to(distributions.dtype)
    return (1 - lam) * y + lam * distributions


def _numbers(labels: Sequence[int] | np.ndarray, classes: int, name: str) -> np.ndarray:
    y = np.asarray(labels)
    if classes < 2:
        raise BadInput(f"{name}: {classes} classes; a distribution needs two or more")
    if y.ndim != 1 or y.dtype.kind not in "iu" or (len(y) and not 0 <= y.min() <= y.max() < classes):
        raise BadInput(f"{name}: labels {y.shape} have to be a list of class numbers from 0 to {classes - 1}")
    return y.astype(np.int64)


def _probabilities(probability: object, n: int, name: str) -> np.ndarray:
    try:
        p = np.asarray(probability, float)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name}: probability has to be a number or a list of numbers") from error
    if p.shape not in ((), (n,)):
        raise BadInput(f"{name}: probability {p.shape} has to be one number, or one for each of {n} pictures")
    p = np.broadcast_to(p, (n,))
    # Written so that nan is refused too.
    wrong = np.flatnonzero(~((p > 0) & (p <= 1)))
    if len(wrong):
        raise BadInput(f"{name}: the probability of picture {wrong[0]} is {p[wrong[0]]}; it has to lie in (0, 1]")
    return p


def _labels(logits: torch.Tensor, labels: torch.Tensor, name: str) -> torch.Tensor:
    if logits.ndim != 2 or logits.shape[1] < 2 or not logits.is_floating_point():
        raise BadInput(f"{name}: logits {tuple(logits.shape)} have to be a table of numbers, a column an emotion")
    whole = not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool)
    if labels.shape != logits.shape[:1] or not whole:
        raise BadInput(f"{name}: labels {tuple(labels.shape)} have to be {len(logits)} class numbers")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < logits.shape[1]:
        raise BadInput(
            f"{name}: labels run from {int(labels.min())} to {int(labels.max())}, not in 0 to {logits.shape[1] - 1}"
        )
    return labels.long()


def _distributions(logits: torch.Tensor, distributions: torch.Tensor, name: str) -> torch.Tensor:
    if logits.ndim != 2 or distributions.shape != logits.shape or not distributions.is_floating_point():
        raise BadInput(
            f"{name}: logits {tuple(logits.shape)} and distributions {tuple(distributions.shape)} have to be tables of "
            "numbers of one shape"
        )
    _check_rows(distributions, name)
    return distributions.to(logits.dtype)


def _check_rows(distributions: torch.Tensor, name: str) -> None:
    off = (distributions.sum(1) - 1).abs()
    wrong = (~(off <= SLACK) | ~(distributions >= 0).all(1)).nonzero()  # `~(<=)` so that nan counts as wrong
    if len(wrong):
        row = int(wrong[0])
        total = float(distributions[row].sum())
        raise BadInput(
            f"{name}: row {row} is no distribution (its sum is {total:.6g}); shares from 0 on have to make 1"
        )
