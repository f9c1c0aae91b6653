"""The training loop beside a bare forward-backward-step of the same network, and beside scikit-learn."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

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
    sides = {"ours": _ours, "limit": _bare, "peer": _peer}
    for side in sides.values():
        side(x, y)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            seconds[name].append(side(x, y))
    rate = {name: ROWS * EPOCHS / statistics.median(values) for name, values in seconds.items()}
    ratio = lambda other: statistics.median(b / a for a, b in zip(seconds["ours"], seconds[other], strict=True))  # noqa: E731
    return {
        "name": "training_loop",
        **rate,
        "vs_peer": ratio("peer"),
        "vs_limit": ratio("limit"),
        "unit": "rows/s",
        "what_peer_is": "scikit-learn's MLPRegressor (same widths, batch, Adam)",
        "what_limit_is": "a bare forward-backward-step on batches that are ready",
    }


def _ours(x: np.ndarray, y: np.ndarray) -> float:
    model = FFNN(COLUMNS, WIDTHS["all"], 0.5)
    begin = time.perf_counter()
    fit(model, x, y, Recipe(EPOCHS, BATCH, 1e-4))
    return time.perf_counter() - begin


def _bare(x: np.ndarray, y: np.ndarray) -> float:
    model = FFNN(COLUMNS, WIDTHS["all"], 0.5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    batches = list(zip(torch.from_numpy(x).split(BATCH), torch.from_numpy(y).split(BATCH), strict=True))
    begin = time.perf_counter()
    for _ in range(EPOCHS):
        for a, b in batches:
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(a), b).backward()
            optimizer.step()
    return time.perf_counter() - begin


def _peer(x: np.ndarray, y: np.ndarray) -> float:
    model = MLPRegressor(
        hidden_layer_sizes=WIDTHS["all"], batch_size=BATCH, max_iter=EPOCHS, learning_rate_init=1e-4, random_state=0
    )
    with warnings.catch_warnings():
        # Three epochs are not meant to converge.
        warnings.simplefilter("ignore", ConvergenceWarning)
        begin = time.perf_counter()
        model.fit(x, y)
        return time.perf_counter() - begin
