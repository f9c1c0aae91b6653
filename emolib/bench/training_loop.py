"""The training loop beside a library's and beside the bare steps, on Kim 2017's network (chapter 2)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from emolib.bench import turns
from emolib.models.ffnn import FFNN, WIDTHS
from emolib.training import Recipe, fit

ROWS, COLUMNS, BATCH, EPOCHS = 640, 1743, 64, 3


def run(paths: Sequence[Path] = (), rounds: int = 5) -> dict:  # noqa: ARG001 - trains on made-up features
    """Rows a second of Kim 2017's network at full width on 1743 made-up features; all sides in turn, ratios in a round.

    ours: `emolib.training.fit`. peer: scikit-learn's MLPRegressor of the same widths, batch and Adam. limit: forward,
    backward, step and nothing else, on batches that are ready.
    """
    random = np.random.default_rng(0)
    x, y = random.standard_normal((ROWS, COLUMNS), dtype=np.float32), random.standard_normal(ROWS, dtype=np.float32)
    batches = list(zip(torch.from_numpy(x).split(BATCH), torch.from_numpy(y).split(BATCH), strict=True))
    sides = {
        "ours": partial(_ours, x, y),
        "limit": lambda: bare(FFNN(COLUMNS, WIDTHS["all"], 0.5), batches, torch.nn.functional.mse_loss, EPOCHS, 1e-4),
        "peer": partial(_peer, x, y),
    }
    return turns.row(
        "training_loop",
        turns.take_turns(sides, rounds),
        ROWS * EPOCHS,
        "rows/s",
        peer="scikit-learn's MLPRegressor (same widths, batch, Adam)",
        limit="a bare forward-backward-step on batches that are ready",
    )


def bare(model: torch.nn.Module, batches: Sequence, loss, epochs: int, lr: float) -> None:  # noqa: ANN001
    """Forward, backward, step: what no training loop can do without, and nothing else."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    for _ in range(epochs):
        for a, b in batches:
            optimizer.zero_grad()
            loss(model(a), b).backward()
            optimizer.step()


def _ours(x: np.ndarray, y: np.ndarray) -> None:
    fit(FFNN(COLUMNS, WIDTHS["all"], 0.5), x, y, Recipe(EPOCHS, BATCH, 1e-4))


def _peer(x: np.ndarray, y: np.ndarray) -> None:
    model = MLPRegressor(
        hidden_layer_sizes=WIDTHS["all"], batch_size=BATCH, max_iter=EPOCHS, learning_rate_init=1e-4, random_state=0
    )
    with warnings.catch_warnings():
        # Three epochs are not meant to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y)
