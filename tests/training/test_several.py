"""Fits side by side give what the same fits give alone."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from emolib.errors import BadInput
from emolib.models.ffnn import FFNN
from emolib.training import Recipe, fit, several

random = np.random.default_rng(0)
X = random.standard_normal((40, 5), dtype=np.float32)


def fitted_weights(seed: int, threads: list) -> tuple[np.ndarray, int]:
    torch.manual_seed(seed)
    model = FFNN(5, (4,), 0.3)
    fit(model, X, X[:, 0].copy(), Recipe(3, 8, seed=seed))
    return model.layers[0].weight.detach().numpy(), torch.get_num_threads()


def test_side_by_side_as_alone_in_order_and_with_one_thread():
    jobs = [functools.partial(fitted_weights, seed, []) for seed in (3, 1, 2)]
    found = several(jobs, device="cpu")
    assert [threads for _, threads in found] == [1, 1, 1]
    for (weights, _), job in zip(found, jobs, strict=True):
        np.testing.assert_array_equal(weights, job()[0])


def test_one_fit_leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    assert several([functools.partial(fitted_weights, 0, [])], device=torch.device("cpu"))[0][1] == 1
    assert torch.get_num_threads() == before
    assert several([], device="cpu") == []


def refuse() -> None:
    raise BadInput("this fit has no data")


def test_what_a_fit_refuses_comes_through():
    with pytest.raises(BadInput, match="no data"):
        several([refuse, refuse], device="cpu")


kept = []


def keep_memory(_: int) -> int:
    kept.append(np.ones(42_000_000))
    time.sleep(1.1)  # memory is looked at once a second
    return os.getpid()


def test_a_process_that_keeps_memory_is_used_again():
    found = several([functools.partial(keep_memory, k) for k in range(8)], device="cpu")
    assert len(set(found)) <= os.cpu_count()


ASKS = """
import os
import time

from emolib.training import several


def place():
    return os.getpid()


def endless():
    print(*several([place, place], device="cpu"), flush=True)
    time.sleep(600)


if __name__ == "__main__":
    endless()
"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A process whose end nobody has looked at yet is still listed.
    stat = Path(f"/proc/{pid}/stat")
    return stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_workers_end_when_who_asked_for_the_fits_is_killed(tmp_path):
    (tmp_path / "asks.py").write_text(ASKS)
    asking = subprocess.Popen([sys.executable, tmp_path / "asks.py"], stdout=subprocess.PIPE, text=True)
    workers = [int(pid) for pid in asking.stdout.readline().split()]
    assert len(workers) == 2 and not any(gone(pid) for pid in workers)
    asking.kill()
    asking.wait(60)
    until = time.monotonic() + 60
    while time.monotonic() < until and not all(gone(pid) for pid in workers):
        time.sleep(0.2)
    left = [pid for pid in workers if not gone(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    asking.stdout.close()
    assert not left
