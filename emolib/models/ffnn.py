"""Feed-forward networks on features, with ReLU between the layers.

Kim 2017's emotion network has three hidden layers and one output (chapter 2); Jacobson 2019's three-layer softmax
network has two and eight (chapter 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emolib.errors import BadInput

# Hidden layers by feature group: Kim 2017, Table III. Its text gives the full network the same 3000, 1000, 500;
# Table I prints 3000, 1000, 1000, and two of three places win.
WIDTHS: dict[str, tuple[int, int, int]] = {
    "low": (900, 300, 150),
    "object": (2000, 700, 350),
    "scene": (300, 100, 50),
    "all": (3000, 1000, 500),
}


class FFNN(nn.Module):
    """Fully connected, ReLU; Kim 2017, section V.

    Args:
        inputs: length of the feature vector.
        widths: of the hidden layers.
        dropout: probability of dropping a hidden unit; neither paper has any.
        outputs: numbers to predict; None for one without an axis of its own.

    Raises:
        BadInput: a width below 1, or a dropout outside [0, 1).
    """

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int] = WIDTHS["all"],
        dropout: float = 0.0,
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        if inputs < 1 or any(width < 1 for width in (*widths, 1 if outputs is None else outputs)):
            raise BadInput(f"FFNN: {inputs} inputs and hidden layers of {list(widths)}; every layer needs a unit")
        if not 0 <= dropout < 1:
            raise BadInput(f"FFNN: dropout is {dropout}; it has to be in [0, 1)")
        layers: list[nn.Module] = []
        for below, width in zip((inputs, *widths), widths, strict=False):
            layers += [nn.Linear(below, width), nn.ReLU(inplace=True)]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.single = outputs is None
        self.layers = nn.Sequential(*layers, nn.Linear((inputs, *widths)[-1], outputs or 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features (n, inputs) to predictions (n,), or (n, outputs)."""
        found = self.layers(features)
        return found.squeeze(1) if self.single else found
