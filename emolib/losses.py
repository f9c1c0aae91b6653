"""Losses that know what emotions are to each other. Used by chapter 3; a plain cross-entropy is torch's own."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from emolib import emotions
from emolib.errors import BadInput


class WheelLoss(nn.Module):
    """Cross-entropy plus the distance from the true emotion that the prediction expects.

    L = -log p_y + weight * sum_e p_e d(e, y) / max d. The second term is what an answer drawn from p would be off by,
    on Mikels' wheel, where amusement and anger are neighbours, or by `polarity_distances` in polarity alone. The poster
    proposes to punish the wrong polarity, without a formula (Jacobson 2019, future work); this one is our choice.

    Args:
        weight: of the second term; at 0 it is cross-entropy.
        distances: (k, k), not negative, zero on the diagonal; by default steps on Mikels' wheel in the order of
            `emotions.MIKELS`. Use `polarity_distances` to punish the wrong polarity alone.

    Raises:
        BadInput: distances of another kind, or a negative weight.
    """

    def __init__(self, weight: float = 1.0, distances: np.ndarray | None = None) -> None:
        super().__init__()
        d = np.asarray(emotions.distance_matrix() if distances is None else distances, float)
        square = d.ndim == 2 and d.shape[0] == d.shape[1]
        if not square or not np.isfinite(d).all() or (d < 0).any() or np.diag(d).any() or not d.any():
            raise BadInput(f"WheelLoss: distances {d.shape} have to be square, not negative, and zero on the diagonal")
        if not 0 <= weight < float("inf"):
            raise BadInput(f"WheelLoss: weight is {weight}; it must not be negative")
        self.weight = weight
        self.register_buffer("distances", torch.tensor(d / d.max(), dtype=torch.float32), persistent=False)

    def extra_repr(self) -> str:
        """What tells two of these losses apart, for people and for keys of the cache."""
        return f"weight={self.weight}, distances={self.distances.tolist()}"

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean over a batch; logits (n, k), labels (n,) class numbers."""
        distances = self.distances.to(logits.device)
        expected = (logits.softmax(1) * distances[labels]).sum(1).mean()
        return nn.functional.cross_entropy(logits, labels) + self.weight * expected


def polarity_distances(order: tuple[str, ...] = emotions.MIKELS) -> np.ndarray:
    """(k, k): 1 between a positive and a negative emotion, else 0."""
    signs = np.array([emotions.polarity(name) for name in order])
    return (signs[:, None] != signs[None]).astype(float)


def vote_targets(votes: np.ndarray) -> np.ndarray:
    """Votes as a distribution to train on: torch's cross-entropy takes it in place of class numbers.

    Args:
        votes: (n, k), not negative.

    Returns:
        float32 (n, k), each row summing to 1.

    Raises:
        BadInput: a negative or infinite vote, or a picture without any (named by its row).
    """
    votes = np.asarray(votes, float)
    if votes.ndim != 2 or not np.isfinite(votes).all() or (votes < 0).any():
        raise BadInput(f"vote_targets: votes {votes.shape} have to be a table of numbers that are not negative")
    empty = np.flatnonzero(votes.sum(1) == 0)
    if len(empty):
        raise BadInput(f"vote_targets: picture {empty[0]} has no vote; leave it out")
    return (votes / votes.sum(1, keepdims=True)).astype(np.float32)
