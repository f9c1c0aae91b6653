"""The levels of a trunk read as a sequence by a recurrent network (Zhu et al. 2017). Used by chapter 4.

Where `side` puts the levels next to each other, here each is read in the light of the others: a gated recurrent unit
walks from the first level to the last, a second one back, and both states at every level are what is classified.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emolib.errors import BadInput
from emolib.models.side import LevelVectors, Shape

ORDERS = ("up", "down")


class LevelGru(nn.Module):
    """A vector a level, a GRU over the levels, its states side by side, dropout, a linear layer.

    The paper trains with two losses; the second, on the features, is left out: the rows of the table then differ in how
    levels are joined and in nothing else. That the trunk is frozen, that the states of all levels are classified, and
    all sizes are our choice, as in `side.SideBranches`.

    Args:
        shapes: (c, h, w) of the levels that a row holds, `Levels.shapes`.
        outputs: classes.
        order: "up" reads from the first level in a row, the smallest stride, to the last; "down" the other way; or the
            positions of the levels as they are to be read, which may leave some out. A network that reads both ways can
            learn the same from an order and its reverse; one that reads one way can't.
        both: read both ways, as the paper does.
        width: of each level's vector.
        state: units of the GRU, in each direction.
        grid: see `side.Branch`.
        dropout: before the last layer.

    Raises:
        BadInput: an unknown order, no such level, or a number out of range.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        outputs: int = 8,
        *,
        order: str | Sequence[int] = "up",
        both: bool = True,
        width: int = 64,
        state: int = 64,
        grid: int | None = 5,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if isinstance(order, str) and order not in ORDERS:
            raise BadInput(f"order: {order!r} is unknown; use {', '.join(ORDERS)} or the positions of levels")
        if outputs < 1 or state < 1 or not 0 <= dropout < 1:
            raise BadInput(f"LevelGru: outputs {outputs}, state {state}, dropout {dropout}; at least 1, and in [0, 1)")
        if isinstance(order, str):
            order = range(len(shapes)) if order == "up" else range(len(shapes))[::-1]
        self.vectors = LevelVectors(shapes, order, width, grid)
        self.gru = nn.GRU(width, state, batch_first=True, bidirectional=both)
        read = len(self.vectors.levels) * state * (2 if both else 1)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(read, outputs))

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """The states at every level, in the order of reading, of rows (n, total): (n, levels * state * directions)."""
        return self.gru(self.vectors(x))[0].flatten(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rows (n, total) to logits (n, outputs)."""
        return self.head(self.embed(x))
