"""A pretrained network with a new last layer, trained in part or whole (Kim 2017, Table IV). Used by chapter 2."""

from __future__ import annotations

import copy

import torch
from torch import nn

from emolib import backbones
from emolib.errors import BadInput

# What is trained -> what the model therefore reads. Frozen parts run once, and their output is kept; where nothing lies
# between the last maps and the new layer but a mean, "fc" reads the embedding.
READS = {"fc": "maps", "upper": "lower", "all": "pictures"}


class TransferCnn(nn.Module):
    """A backbone whose last layer is replaced by `outputs` linear units.

    Args:
        network: a pretrained backbone; it is copied.
        train: "fc", the layers behind the convolutions (the paper's conv-frozen); "upper", the last stage as well;
            "all" (the paper's conv-train).
        outputs: numbers to predict; the paper trains one network a target.
        dropout: before the last layer; the paper names none.

    Raises:
        BadInput: unknown `train`.
    """

    def __init__(self, network: backbones.Network, train: str = "all", outputs: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        if train not in READS:
            raise BadInput(f"train: {train!r} is unknown; use {', '.join(READS)}")
        self.trains, self.reads = train, READS[train]
        parts = copy.deepcopy(network)
        if train == "fc" and next(parts.neck.parameters(), None) is None:
            self.reads, parts.neck = "embedding", nn.Identity()
        self.lower = parts.lower if train == "all" else None
        self.upper = parts.upper if train in ("upper", "all") else None
        self.neck = parts.neck
        self.register_buffer("mean", parts.mean, persistent=False)
        self.register_buffer("std", parts.std, persistent=False)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(parts.head.in_features, outputs))

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """What the last layer reads, (n, dim), from what the model `reads`: pictures (n, h, w, 3), maps, embeddings."""
        if self.lower is not None:
            x = self.lower((x.permute(0, 3, 1, 2) - self.mean) / self.std)
        else:
            x = x.float()
            x = x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
        return self.neck(x if self.upper is None else self.upper(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predictions (n, outputs) from what the model `reads`."""
        return self.head(self.embed(x))

    def train(self, mode: bool = True) -> TransferCnn:
        """Training mode, but for batch norms: with few pictures their ImageNet statistics are the better ones."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self
