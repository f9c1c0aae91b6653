"""Several small fits at a time: a process a core, each with one thread. Used by chapters 1 to 5.

A small network on small pictures cannot keep several cores busy: its operations last microseconds, and sharing out
each of them costs as much. Whole fits side by side can. Every fit runs with one thread wherever it runs, so that the
numbers do not depend on how many cores there are.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky import process_executor
from threadpoolctl import threadpool_limits

Result = TypeVar("Result")
# Seconds between two looks at whether the parent is still there.
_LOOK = 1.0


def several(fits: Iterable[Callable[[], Result]], *, device: torch.device | str) -> list[Result]:
    """What every fit gives, in their order.

    Args:
        fits: each is called without arguments (`functools.partial` makes such calls); functions may be defined in a
            notebook, and what they take and give has to be such that it can be pickled.
        device: on a CPU fits run in processes of their own; on a GPU, which a single fit fills, one after the other.
    """
    fits = list(fits)
    if torch.device(device).type != "cpu":
        return [fit() for fit in fits]
    workers = max(1, min(len(fits), cpu_count()))
    return Parallel(n_jobs=workers)(delayed(_alone)(fit, os.getpid()) for fit in fits)


def _alone(fit: Callable[[], Result], asked_by: int) -> Result:
    from emolib import runtime

    _end_with(asked_by)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    # loky takes memory that is kept for the next fit for a leak, and would start a new process, which imports torch
    # anew, after every few fits. There is no public setting.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    runtime.keep_freed_memory()
    try:
        with threadpool_limits(1):
            return fit()
    finally:
        torch.set_num_threads(before)


def _end_with(parent: int) -> None:
    """Let this process end when the one that asked for its fits does.

    A kernel that is killed, or restarted from a notebook's menu, cannot tell its workers; they would go on fitting.
    """
    name = "ends with its parent"
    if os.getpid() == parent or any(thread.name == name for thread in threading.enumerate()):
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    threading.Thread(target=watch, name=name, daemon=True).start()
