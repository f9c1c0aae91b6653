"""Speed, always beside a peer and beside the bare limit, in one run; never a timed assertion in a test.

A benchmark is a module with `run(paths) -> dict`. Adding one takes the module and its name in `NAMES`.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from pathlib import Path

from emolib.errors import BadInput

NAMES = (
    "deep_features",
    "handcrafted",
    "training_loop",
    "training_loop_32px",
    "scenes",
    "artistic_features",
    "dedup",
    "read_decode_augment",
    "shards",
    "retrieval",
    "detector_training",
    "detector_inference",
)
# These make their own pictures.
_WITHOUT_PHOTOGRAPHS = {
    "scenes",
    "dedup",
    "training_loop",
    "training_loop_32px",
    "retrieval",
    "detector_training",
    "detector_inference",
}


# Only when named: it first builds an index of a million vectors, for a quarter of an hour and in 4 GB on disk.
LONG = ("retrieval",)


def run(names: Sequence[str] = ()) -> list[dict]:
    """Benchmarks by name (by default all but `LONG`), one after the other, on the photographs at hand.

    Returns:
        A list of {"name", "ours", "peer", "limit", "vs_peer", "vs_limit", "unit", "what_peer_is", "what_limit_is"};
        `vs_peer` and `vs_limit` are medians of ratios taken side by side.

    Raises:
        BadInput: no benchmark of that name.
    """
    for name in names:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise BadInput(f"bench: {name!r} is unknown{hint} Known: {', '.join(NAMES)}")
    from emolib import runtime

    names = names or [name for name in NAMES if name not in LONG]
    runtime.keep_freed_memory()
    paths = photographs() if set(names) - _WITHOUT_PHOTOGRAPHS else []
    return [importlib.import_module(f"emolib.bench.{name}").run(paths) for name in names]


def photographs(most: int = 192) -> list[Path]:
    """Real photographs to measure on: evenly spread over OASIS.

    Raises:
        Unavailable: OASIS is not within reach.
    """
    from emolib import corpora

    paths = corpora.load("oasis").paths
    return paths[:: max(1, len(paths) // most)][:most]


def line(row: dict) -> str:
    """A benchmark's result for people."""
    return (
        f"{row['name']}: {row['ours']:.1f} {row['unit']}; {row['vs_peer']:.2f} x {row['what_peer_is']}; "
        f"{row['vs_limit']:.2f} of {row['what_limit_is']}"
    )
