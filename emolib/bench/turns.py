"""What all benchmarks share: a row made of the seconds that each side took, turn by turn.

The sides take turns, so that whatever else the machine does slows them alike, and a ratio is the median of the ratios
inside turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")


def timed(function: Callable[..., Result], *arguments: object) -> tuple[float, Result]:
    """Seconds that a call takes, and what it gives."""
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def take_turns(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every side in every one of `rounds` turns, after a first one that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            elapsed, _ = timed(side)
            if number:
                seconds[name].append(elapsed)
    return seconds


def row(
    name: str, seconds: Mapping[str, Sequence[float]], done: int | Sequence[int], unit: str, peer: str, limit: str
) -> dict:
    """The result of a benchmark.

    Args:
        name: of the benchmark.
        seconds: of "ours", "peer" and "limit", a number a turn.
        done: units of work of every side in a turn.
        unit: "images/s" or the like.
        peer, limit: what they are.

    Returns:
        Medians over turns: units a second of each side, and ours over theirs (`vs_peer`, `vs_limit`).
    """
    times = {side: np.asarray(values, float) for side, values in seconds.items()}
    return {
        "name": name,
        **{side: float(np.median(np.asarray(done) / values)) for side, values in times.items()},
        "vs_peer": float(np.median(times["peer"] / times["ours"])),
        "vs_limit": float(np.median(times["limit"] / times["ours"])),
        "unit": unit,
        "what_peer_is": peer,
        "what_limit_is": limit,
    }
