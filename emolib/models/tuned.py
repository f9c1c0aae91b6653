"""A pretrained network tuned as one does it today: first the probe, then the network. Used by chapter 2.

A new last layer that starts at random sends random gradients through good features and spoils them. So the last
layer starts at the ridge solution on the frozen embedding (Kumar et al. 2022 call it LP-FT), and the rest moves in
small steps.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import RidgeCV

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.cnn import TransferCnn

# Embeddings of rectified maps are mostly near zero with a long tail; their square root is closer to normal.
FLOOR = 1e-4


class FineTuned(TransferCnn):
    """A `TransferCnn` on the standardised square root of its embedding, whose last layer starts at a ridge probe.

    Args:
        network: a pretrained backbone whose embedding is rectified, or nearly (it is copied).
        embedding: float (n, dim), of the training pictures, from the untouched network.
        targets: float (n, outputs), standardised.
        train: see `TransferCnn`.
        dropout: before the last layer.
        penalties: of the ridge, chosen among by leave-one-out error on the training pictures.

    Raises:
        BadInput: embedding and targets differ in length, or an embedding that goes below -1 (SiLU ends above it).
    """

    def __init__(
        self,
        network: backbones.Network,
        embedding: np.ndarray,
        targets: np.ndarray,
        train: str = "upper",
        dropout: float = 0.3,
        penalties: tuple[float, ...] = (300.0, 1000.0, 3000.0, 10000.0, 30000.0),
    ) -> None:
        if len(embedding) != len(targets) or targets.ndim != 2:
            raise BadInput(f"FineTuned: embedding {embedding.shape} and targets {targets.shape} do not fit together")
        if embedding.min() < -1:
            raise BadInput("FineTuned: the embedding has values below -1; its square root means nothing there")
        super().__init__(network, train, targets.shape[1], dropout)
        roots = np.sqrt(np.maximum(embedding, FLOOR))
        mean, std = roots.mean(0), roots.std(0) + 0.05
        probe = RidgeCV(alphas=penalties).fit((roots - mean) / std, targets)
        self.register_buffer("root_mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("root_std", torch.tensor(std, dtype=torch.float32))
        with torch.no_grad():
            self.head[1].weight.copy_(torch.as_tensor(probe.coef_).reshape_as(self.head[1].weight))
            self.head[1].bias.copy_(torch.as_tensor(probe.intercept_).reshape_as(self.head[1].bias))

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """The standardised square root of the embedding, (n, dim)."""
        roots = super().embed(x).clamp(min=FLOOR).sqrt()
        return (roots - self.root_mean) / self.root_std
