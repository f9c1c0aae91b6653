"""Multiple-instance learning: a picture is a bag of blocks, and one block can decide it (chapter 4, Rao et al. 2019).

Rao(a) in Table 3 of that paper, Rao et al. (ICIP 2016), classifies pictures by multiple-instance learning on their
blocks. Neither text says which of its many forms well enough to rebuild it; the one here is our choice: a linear
classifier of instances for each class against the rest, and noisy-or over the instances of a bag (Maron & Lozano-Pérez,
"A framework for multiple-instance learning", NIPS 1997). A bag shows a class unless none of its instances does,

    P(class | bag) = 1 - product over instances of (1 - P(class | instance)).

`pool="max"` lets the strongest instance alone decide, and `pool="mean"` averages the instances' evidence: the same
classifier without the idea of multiple instances, to compare with.

    model = InstanceClassifier(bags[train], classes=8)
    fit(model, bags, labels, Recipe(epochs=60, lr=0.02), loss=one_vs_rest_loss, rows=train)
    chosen = predict(model, bags).argmax(axis=1)
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from emolib.errors import BadInput

POOLS = ("noisy_or", "max", "mean")


class InstanceClassifier(nn.Module):
    """A linear classifier of instances, pooled over each bag.

    Args:
        bags: float (n, instances, d), of the training pictures; a row of nan is no instance. Mean and spread of each
            column are taken from them, nothing else.
        classes: how many.
        pool: "noisy_or", "max" or "mean".

    Raises:
        BadInput: bags of another shape, without any instance or with infinite values, a class too few, unknown pool.
    """

    def __init__(self, bags: np.ndarray, classes: int, pool: str = "noisy_or") -> None:
        super().__init__()
        if pool not in POOLS:
            raise BadInput(f"InstanceClassifier: pool {pool!r} is unknown; use one of {', '.join(POOLS)}")
        if bags.ndim != 3 or 0 in bags.shape or classes < 2:
            raise BadInput(
                f"InstanceClassifier: bags {bags.shape} and {classes} classes; expected (n, instances, d), 2"
            )
        rows = np.asarray(bags, np.float64).reshape(-1, bags.shape[2])
        rows = rows[~np.isnan(rows).all(axis=1)]
        if len(rows) == 0 or not np.isfinite(rows).all():
            raise BadInput("InstanceClassifier: bags without an instance or with values that are not finite")
        self.pool = pool
        spread = rows.std(axis=0)
        # A column that never changes says nothing, and must not be blown up where it changes after all.
        self.register_buffer("mean", torch.tensor(rows.mean(axis=0), dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(np.where(spread > 1e-6, spread, 1), dtype=torch.float32))
        self.linear = nn.Linear(bags.shape[2], classes)
        nn.init.zeros_(self.linear.weight)
        # Every bag begins with the probability 1 / classes for each class; from 1/2 an instance, noisy-or would give 1.
        instance = 1 - (1 - 1 / classes) ** (1 / bags.shape[1]) if pool == "noisy_or" else 1 / classes
        nn.init.constant_(self.linear.bias, math.log(instance / (1 - instance)))

    def evidence(self, bags: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-odds of every class in every instance, (n, instances, classes), and which instances are there."""
        there = ~torch.isnan(bags).all(dim=2)
        # A bag without any instance is judged as one average instance.
        lost = ~there.any(dim=1)
        rows = torch.where(there[..., None], (bags - self.mean) / self.spread, 0.0)
        there = there | (lost[:, None] & (torch.arange(bags.shape[1], device=bags.device) == 0))
        return self.linear(rows), there

    def forward(self, bags: torch.Tensor) -> torch.Tensor:
        """Log-odds of every class in each bag (n, instances, d): (n, classes). Their sigmoid is the probability."""
        odds, there = self.evidence(bags)
        there = there[..., None]
        if self.pool == "max":
            return odds.masked_fill(~there, -math.inf).amax(dim=1)
        if self.pool == "mean":
            return torch.where(there, odds, 0.0).sum(dim=1) / there.sum(dim=1)
        # -log of the probability that no instance shows the class, and the log-odds of the contrary.
        nothing = torch.where(there, functional.softplus(odds), 0.0).sum(dim=1).clamp(min=1e-30)
        return nothing + torch.log(-torch.expm1(-nothing))

    @torch.no_grad()
    def instances(self, bags: torch.Tensor) -> torch.Tensor:
        """Probability of every class in every instance, (n, instances, classes), nan where there is none."""
        odds, there = self.evidence(bags)
        return torch.where(there[..., None], torch.sigmoid(odds), torch.nan)


def one_vs_rest_loss(odds: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy of each class against the rest, summed over classes, mean over bags.

    Args:
        odds: (n, classes) log-odds of `InstanceClassifier`.
        labels: (n,) class numbers from 0, or (n, classes) shares of the votes.
    """
    targets = functional.one_hot(labels.long(), odds.shape[1]) if labels.ndim == 1 else labels
    return functional.binary_cross_entropy_with_logits(odds, targets.to(odds), reduction="sum") / len(odds)
