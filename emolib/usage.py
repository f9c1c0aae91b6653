"""Time and memory of the steps of a command that measures itself: `curation.keywords` and `bench.fullsize`.

Without torch, so that measuring costs no memory of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click

Made = TypeVar("Made")


def peak() -> float:
    """The most memory that this process has had, in megabytes; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


def step(what: str, action: Callable[[], Made]) -> Made:
    """What `action` gives; how long it took, and the peak of memory so far, are printed."""
    begin = time.perf_counter()
    made = action()
    click.echo(f"{what}: {time.perf_counter() - begin:.1f} s, at most {peak():.0f} MB so far")
    return made
