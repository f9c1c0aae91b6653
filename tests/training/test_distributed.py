"""Two processes take the steps of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from emolib.models.ffnn import FFNN
from emolib.training import Recipe, fit, predict

N = 53  # odd, and in batches of 8 the last one has five
X = np.random.default_rng(1).normal(size=(N, 6)).astype(np.float32)
Y = np.tanh(X @ np.array([1, -1, 0.5, 0, 2, 0.2], np.float32)) + 0.3 * X[:, 0]

SCRIPT = """
import sys
from pathlib import Path
import numpy as np, torch
from emolib.models.ffnn import FFNN
from emolib.training import Recipe, fit, predict
from emolib.training.loop import default_fabric

torch.set_num_threads(1)
x, y, out = np.load(sys.argv[1]), np.load(sys.argv[2]), sys.argv[3]
fabric = default_fabric()
assert fabric.world_size == 2
def noise(x, rows, generator):
    orders.append(rows.tolist())
    return x + 0 * torch.rand(x.shape, generator=generator)
for name, dropout, augment in (("plain", 0.0, None), ("augmented", 0.0, noise), ("dropout", 0.3, None)):
    orders = []
    torch.manual_seed(0)
    model = FFNN(6, (16, 8), dropout)
    losses = fit(model, x, y, Recipe(6, 8, lr=0.02, seed=4), fabric=fabric, augment=augment)
    np.save(f"{out}/{name}-{fabric.global_rank}.npy", predict(model, x))
    if fabric.global_rank == 0:
        np.save(f"{out}/{name}-losses.npy", losses)
    if augment:
        np.save(f"{out}/rows-{fabric.global_rank}.npy", np.concatenate(orders))
def kill(epoch, model):
    if epoch == 3:
        raise KeyboardInterrupt
for when in (kill, None):
    torch.manual_seed(0)
    model = FFNN(6, (16, 8), 0.3)
    try:
        fit(model, x, y, Recipe(6, 8, lr=0.02, seed=4), fabric=fabric, checkpoint=Path(out) / "c.pt", after_epoch=when)
    except KeyboardInterrupt:
        pass
np.save(f"{out}/resumed-{fabric.global_rank}.npy", predict(model, x))
"""


def alone(dropout: float, seed: int) -> tuple[np.ndarray, list[float]]:
    torch.manual_seed(0)
    model = FFNN(6, (16, 8), dropout)
    losses = fit(model, X, Y, Recipe(6, 8, lr=0.02, seed=seed))
    return predict(model, X), losses


def test_two_processes_land_where_one_does(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command += [str(tmp_path / name) for name in ("script.py", "x.npy", "y.npy")]
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH")) if p)
    run = subprocess.run(
        [*command, str(tmp_path)],
        capture_output=True, text=True, timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]

    def stored(name):
        return np.load(tmp_path / f"{name}.npy")

    wanted, losses = alone(0.0, 4)
    for name in ("plain", "augmented"):
        for rank in (0, 1):
            np.testing.assert_allclose(stored(f"{name}-{rank}"), wanted, atol=1e-4)
        np.testing.assert_allclose(stored(f"{name}-losses"), losses, rtol=1e-4)
    # Between them they see every picture once an epoch.
    seen = np.concatenate([stored("rows-0"), stored("rows-1")])
    assert np.bincount(seen, minlength=N).tolist() == [6] * N

    np.testing.assert_array_equal(stored("dropout-0"), stored("dropout-1"))
    # Killed after three epochs and started again: the dropout of both processes goes on where it was.
    for rank in (0, 1):
        np.testing.assert_array_equal(stored(f"resumed-{rank}"), stored(f"dropout-{rank}"))
    seeds = np.stack([alone(0.3, seed)[0] for seed in range(5)])
    apart = [np.sqrt(np.mean((a - b) ** 2)) for i, a in enumerate(seeds) for b in seeds[:i]]
    distance = [np.sqrt(np.mean((stored("dropout-0") - one) ** 2)) for one in seeds]
    assert min(distance) < max(apart)
    assert not np.allclose(stored("dropout-0"), stored("plain-0"), atol=1e-3)
