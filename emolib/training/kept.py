"""A fit that is kept on disk: a chapter that was stopped goes on where it was, one that changed fits anew.

Used by chapters 1, 3, 4 and 5, which fit many networks in one run.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

import numpy as np
import torch
from torch import nn

from emolib.features import cache
from emolib.training import loop
from emolib.training.crossval import identity
from emolib.training.loop import Recipe

_STATE = "state:"


def fitted(
    name: str,
    model: nn.Module,
    inputs: np.ndarray | torch.Tensor,
    targets: np.ndarray,
    recipe: Recipe,
    *,
    key: Iterable[object],
    rows: np.ndarray | None = None,
    watch: Callable[[nn.Module], Sequence[float]] | None = None,
    **options: object,
) -> np.ndarray:
    """`fit`, or what the same fit left behind.

    The result is looked for under the first weights of the model, the recipe, targets and rows, loss and augmentation,
    and the code of the loop and of those modules of `emolib` from which the model and its loss come.

    Args:
        name: for people: the start of the file's name.
        model: fitted in place, and left in evaluation mode.
        inputs, targets, recipe, rows: as `fit` takes them.
        key: what else the result depends on: whatever stands for the content of `inputs` (a corpus' `content_hash` and
            how its pictures were read), and for the code of a model or loss that a notebook defines; functions count
            with their source.
        watch: called after every epoch; gives numbers worth a curve, such as accuracies. It leaves the model as it is;
            what it measures has to be in `key`.
        options: for `fit`: loss, augment, progress.

    Returns:
        What `watch` gave, float (epochs, numbers); of no numbers when there is no `watch`.

    Raises:
        What `fit` raises; nothing is kept then.
    """
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    targets = np.asarray(targets)
    device = next(model.parameters()).device

    def compute() -> dict[str, np.ndarray]:
        history: list[Sequence[float]] = []

        def note(_: int, trained: nn.Module) -> None:
            history.append(() if watch is None else watch(trained))

        loop.fit(model, inputs, targets, recipe, rows=rows, after_epoch=note, **options)
        state = {_STATE + name: value.cpu().numpy() for name, value in model.state_dict().items()}
        return {"history": np.array(history, float).reshape(recipe.epochs, -1), **state}

    changes = [identity(part) for part in (*key, *(options.get(name) for name in ("loss", "augment")))]
    found = cache.cached_arrays(
        name,
        [
            _digest(model.state_dict().values()),
            repr(model),
            recipe,
            identity(targets[rows]),
            identity(rows),
            changes,
            watch is not None,
            cache.code_digest(loop, *_modules_of(model, options.get("loss"))),
            torch.__version__,
        ],
        compute,
    )
    state = {name.removeprefix(_STATE): value for name, value in found.items() if name.startswith(_STATE)}
    model.load_state_dict({name: torch.from_numpy(value).to(device) for name, value in state.items()})
    model.eval()
    return found["history"]


def _modules_of(*parts: object) -> list[ModuleType]:
    """The modules of `emolib` in which the classes of networks and losses stand, bases included."""
    classes = {
        base
        for part in parts
        if isinstance(part, nn.Module)
        for layer in part.modules()
        for base in type(layer).__mro__
    }
    names = {kind.__module__ for kind in classes if kind.__module__.split(".")[0] == "emolib"}
    return [sys.modules[name] for name in sorted(names)]


def _digest(values: Iterable[torch.Tensor]) -> str:
    seen = hashlib.sha256()
    for value in values:
        seen.update(value.detach().cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()
