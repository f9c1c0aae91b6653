"""EmotionNet (Wei et al. 2020, Sec. 4, Fig. 2): a network that names keywords and points where they do. Chapter 5.

    picture -> trunk -> embedding v -> keyword logits (n, K)     classification, Eq. 2
                            |-> W v (n, j)                       joint space with the mean word vectors, Eq. 3

v is the feature that everything else is measured on. The equations are in `emolib.softtargets`; `EmotionLoss` there
reads what the networks here give: logits and joint vectors side by side, (n, K + sum of j).

The paper tunes a whole ResNet-50 from ImageNet weights; `EmotionNet` does that, or tunes the upper stage on cached
lower maps. `Adapter` is for a trunk that stays frozen: with nothing but new last layers, v would remain what ImageNet
made of it, and no probe could show a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from emolib import backbones
from emolib.errors import BadInput
from emolib.models.cnn import TransferCnn

PUBLISHED = {"epochs": 30, "batch": 256, "lr": 1e-3, "optimizer": "sgd", "schedule": "steps:10,20", "decay": 1e-5}
"""The paper's training (Sec. 5.1), for `training.Recipe`; its momentum is that of the loop, .9."""


class EmotionHead(nn.Module):
    """Keyword logits and joint vectors of an embedding.

    Args:
        dim: length of the embedding.
        keywords: K, how many keywords to name: 8, 690, all.
        joint: lengths of the joint spaces; none without embedding loss, the word vectors' for Eq. 3, a second one for
            the eight-emotion text model's representation (extra annotation, Sec. 5.3). Each W is a matrix without bias,
            as Eq. 3 has it.
        dropout: before both; the paper names none.

    Raises:
        BadInput: a size below 1, or a dropout outside [0, 1).
    """

    def __init__(self, dim: int, keywords: int, joint: Sequence[int] = (), dropout: float = 0.0) -> None:
        super().__init__()
        if min(dim, keywords, *joint, 1) < 1 or not 0 <= dropout < 1:
            raise BadInput(
                f"EmotionHead: {dim} inputs, {keywords} keywords, joint spaces {list(joint)}, dropout {dropout}"
            )
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(dim, keywords)
        self.joint = nn.ModuleList(nn.Linear(dim, size, bias=False) for size in joint)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """(n, dim) to (n, keywords + sum of joint)."""
        embedding = self.dropout(embedding)
        return torch.cat([self.classify(embedding), *(space(embedding) for space in self.joint)], 1)


class EmotionNet(TransferCnn):
    """A pretrained network whose last layer is an `EmotionHead`.

    Args:
        network: a pretrained backbone; it is copied.
        keywords, joint, dropout: see `EmotionHead`.
        train: "upper" (the last stage and the head, on cached lower maps), "all" (as in the paper), or "fc", the head
            alone, which leaves the embedding as it was.

    Raises:
        BadInput: unknown `train`, sizes that make no sense.
    """

    def __init__(
        self,
        network: backbones.Network,
        keywords: int,
        joint: Sequence[int] = (),
        train: str = "upper",
        dropout: float = 0.0,
    ) -> None:
        super().__init__(network, train)
        self.head = EmotionHead(self.head[1].in_features, keywords, joint, dropout)


class Adapter(nn.Module):
    """EmotionNet on the embedding of a frozen trunk: v = x + s (B relu(A z + a) + b), z = (x - mean) / s.

    x is the embedding. Not in the paper; for machines that cannot tune a trunk. B and b start at zero, so that v starts
    as the ImageNet embedding, as the paper's network starts from ImageNet weights, and stays on its scale, so that
    probes of both compare. s is the spread of each number, raised by a tenth of the mean spread: what hardly moves in
    the training pictures may move a lot in others.

    Args:
        embedding: float (n, dim), of the training pictures; only mean and spread of each number are taken.
        keywords, joint, dropout: see `EmotionHead`.
        width: units of A.

    Raises:
        BadInput: an embedding that is no table of finite numbers, sizes that make no sense.
    """

    def __init__(
        self,
        embedding: np.ndarray,
        keywords: int,
        joint: Sequence[int] = (),
        width: int = 512,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        embedding = np.asarray(embedding)
        if embedding.ndim != 2 or not embedding.size or not np.isfinite(embedding).all() or width < 1:
            raise BadInput(
                f"Adapter: embedding {embedding.shape} has to be a table of finite numbers, width {width} >= 1"
            )
        dim = embedding.shape[1]
        mean, std = embedding.mean(0, dtype=np.float64), embedding.std(0, dtype=np.float64)
        if not std.any():
            raise BadInput("Adapter: the embedding is the same for all pictures")
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std + 0.1 * std.mean(), dtype=torch.float32))
        self.lower, self.upper = nn.Linear(dim, width), nn.Linear(width, dim)
        nn.init.zeros_(self.upper.weight)
        nn.init.zeros_(self.upper.bias)
        self.head = EmotionHead(dim, keywords, joint, dropout)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """v, (n, dim), from embeddings of the trunk (n, dim)."""
        x = x.float()
        return x + self.std * self.upper(self.lower((x - self.mean) / self.std).relu())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keyword logits and joint vectors, (n, keywords + sum of joint), from embeddings of the trunk (n, dim)."""
        return self.head(self.embed(x))


def features(model: EmotionNet | Adapter, inputs: np.ndarray, *, batch: int = 256) -> np.ndarray:
    """v of every input, float32 (n, dim), in evaluation mode: what probes and retrieval read."""
    return _over(model, inputs, batch, model.embed)


def joint_vectors(model: EmotionNet | Adapter, inputs: np.ndarray, space: int = 0, *, batch: int = 256) -> np.ndarray:
    """W v of every input in one of the joint spaces, float32 (n, j): for zero-shot recognition by words.

    Raises BadInput when the network has no such joint space.
    """
    if not 0 <= space < len(model.head.joint):
        raise BadInput(f"joint_vectors: there are {len(model.head.joint)} joint spaces, not one numbered {space}")
    return _over(model, inputs, batch, lambda x: model.head.joint[space](model.embed(x)))


@torch.inference_mode()
def _over(model: nn.Module, inputs: np.ndarray, batch: int, call: Callable[[torch.Tensor], torch.Tensor]) -> np.ndarray:
    model.eval()
    device = next(model.parameters()).device
    # Copied, since what is mapped from disk may not be written to, and torch knows no arrays of that kind.
    some = (torch.from_numpy(np.array(inputs[i : i + batch])) for i in range(0, len(inputs), batch))
    parts = [call(part.to(device)).float().cpu() for part in some]
    return torch.cat(parts).numpy()
