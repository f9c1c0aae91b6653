"""The loop itself: Lightning Fabric for devices and processes, everything else in sight.

Arrays go in, a fitted model comes out. Inputs may be mapped from disk: only a batch at a time is read. With several
processes each takes its share of every batch, so that the steps are those of one process.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from emolib.errors import BadInput, EmolibError

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]


class Diverged(EmolibError):
    """Loss, gradients or weights are no longer finite. The last checkpoint is as it was.

    Attributes:
        step: the step, counted from 1, whose loss or gradient was the first that is not finite.
        layer: name of the parameter whose gradient went first, or had grown largest; "" where there was none yet.
    """

    def __init__(self, message: str, step: int = 0, layer: str = "") -> None:
        super().__init__(message)
        self.step, self.layer = step, layer


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the data.
        batch: pictures a step, over all processes together.
        lr: highest learning rate.
        optimizer: "adamw", "sgd" (with `momentum`), or "adagrad".
        schedule: "cosine" (linear rise over the first tenth of the steps, then down to zero), "constant", or
            "steps:10,15": a tenth after 10 epochs, a hundredth after 15.
        decay: weight decay.
        seed: of the order of the pictures, of dropout, of augmentation.
        head: learning rate of the model's `head`, where it has one, as a multiple of `lr`. A new last layer has further
            to go than the pretrained layers below it.
        momentum: of "sgd"; the others have none and leave it aside.
    """

    epochs: int
    batch: int = 64
    lr: float = 1e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    decay: float = 0.01
    seed: int = 0
    head: float = 1.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if not all(isinstance(number, int) for number in (self.epochs, self.batch, self.seed)):
            raise BadInput(f"{self}: epochs, batch and seed have to be whole numbers")
        if self.epochs < 1 or self.batch < 1 or not 0 < self.lr < math.inf or not 0 <= self.decay < math.inf:
            raise BadInput(f"{self}: epochs and batch have to be at least 1, lr above 0, decay not negative")
        if not 0 < self.head < math.inf:
            raise BadInput(f"{self}: head multiplies a learning rate; it has to be above 0")
        if self.optimizer not in ("adamw", "sgd", "adagrad"):
            raise BadInput(f"{self}: optimizer is adamw, sgd or adagrad")
        if not 0 <= self.momentum < 1:
            raise BadInput(f"{self}: momentum has to be in [0, 1)")
        if self.schedule not in ("cosine", "constant") and not _drops(self.schedule):
            raise BadInput(f"{self}: schedule is cosine, constant, or steps at growing numbers of epochs (steps:10,15)")


def fit(
    model: nn.Module,
    inputs: np.ndarray | torch.Tensor,
    targets: np.ndarray | torch.Tensor,
    recipe: Recipe,
    *,
    loss: Loss = nn.functional.mse_loss,
    augment: Augment | None = None,
    rows: np.ndarray | None = None,
    fabric: Fabric | None = None,
    checkpoint: Path | None = None,
    after_epoch: Callable[[int, nn.Module], None] | None = None,
    after_step: Callable[[int, nn.Module], None] | None = None,
    progress: bool = False,
) -> list[float]:
    """Train the model in place.

    Args:
        model: called with a batch of inputs; parameters without gradient stay as they are.
        inputs: (n, ...), a row a picture; may be mapped from disk.
        targets: (n, ...), as the loss wants them.
        recipe: how.
        loss: mean over a batch, of (prediction, target).
        augment: changes a batch of inputs, given (batch, row numbers, generator).
        rows: train on these rows only.
        fabric: where; by default the processes that `torchrun` started, else this one, on the device where the model
            lies.
        checkpoint: a file that is written after every epoch and continued from if it is there.
        after_epoch: called with the number of epochs done and the model.
        after_step: called with the number of steps done and the model, whose gradients are still those of the step.
        progress: show a bar.

    Returns:
        The mean training loss of every epoch.

    Raises:
        BadInput: shapes that do not fit, or a checkpoint of another recipe, network or data.
        Diverged: a loss, gradient or weight that is not finite; the message says in which step and where it began.
    """
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    if len(inputs) != len(targets) or len(rows) == 0:
        raise BadInput(f"fit: {len(inputs)} inputs, {len(targets)} targets, {len(rows)} rows to train on")
    fabric = fabric or default_fabric(next(model.parameters()).device)
    targets = torch.as_tensor(targets)
    data = "" if checkpoint is None else _fingerprint(model, inputs, targets, rows)
    steps = recipe.epochs * math.ceil(len(rows) / recipe.batch)
    optimizer = _optimizer(model, recipe)
    module, optimizer = fabric.setup(model, optimizer)
    # Dropout must differ between processes, the order of the pictures must not.
    torch.manual_seed(recipe.seed + 7919 * fabric.global_rank)
    shuffle = torch.Generator().manual_seed(recipe.seed)
    state = {"epoch": 0, "step": 0, "losses": []}
    if checkpoint is not None and checkpoint.is_file():
        state = _resume(checkpoint, recipe, data, model, optimizer, shuffle, fabric)
    world, rank = fabric.world_size, fabric.global_rank
    # A process draws as many numbers as it has pictures, which may differ: the order that all share must not feel it.
    vary = shuffle if world == 1 else torch.Generator()
    bar = tqdm(
        total=recipe.epochs, initial=state["epoch"], unit="epoch", disable=None if progress and rank == 0 else True
    )
    for epoch in range(state["epoch"], recipe.epochs):
        module.train()
        total = torch.zeros((), device=fabric.device)
        order = torch.from_numpy(rows)[torch.randperm(len(rows), generator=shuffle)]
        for batch in order.split(recipe.batch):
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr * group.get("scale", 1.0) * _schedule(recipe, state["step"], steps)
            mine = batch[rank::world] if len(batch) >= world else batch
            share = len(mine) * world / len(batch) if len(batch) >= world else 1.0
            x, y = _take(inputs, mine).to(fabric.device), targets[mine].to(fabric.device)
            if augment is not None:
                if vary is not shuffle:
                    vary.manual_seed(recipe.seed + 7919 * (state["step"] * world + rank + 1))
                x = augment(x, mine, vary)
            prediction = module(x)
            if loss is nn.functional.mse_loss and prediction.shape != y.shape:
                raise BadInput(f"fit: predictions {tuple(prediction.shape)} for targets {tuple(y.shape)}")
            value = loss(prediction, y)
            # One number is waited for at every step: without it, nobody could say at which one training was lost.
            if not math.isfinite(float(value.detach())):
                raise _diverged(model, state["step"], recipe, float(value.detach()), x, y)
            total += value.detach() * (len(mine) * (1.0 if len(batch) >= world else 1 / world))
            optimizer.zero_grad()
            # Scaled so that the mean over processes is the mean over the batch, also when it does not split evenly.
            fabric.backward(value * share)
            optimizer.step()
            state["step"] += 1
            if after_step is not None:
                after_step(state["step"], model)
        mean = float(fabric.all_reduce(total, reduce_op="sum")) / len(rows)
        # The last step may have spoilt the weights, and a checkpoint of those would be of no use.
        if not math.isfinite(mean) or not _all_finite(model.state_dict().values()):
            raise _diverged(model, state["step"], recipe, mean)
        state["epoch"] = epoch + 1
        state["losses"].append(mean)
        bar.update()
        if checkpoint is not None:
            _save(checkpoint, recipe, data, model, optimizer, shuffle, state, fabric)
        if after_epoch is not None:
            after_epoch(epoch + 1, model)
    bar.close()
    model.eval()
    return state["losses"]


@torch.inference_mode()
def predict(
    model: nn.Module, inputs: np.ndarray | torch.Tensor, *, batch: int = 256, rows: np.ndarray | None = None
) -> np.ndarray:
    """Predictions of the model in evaluation mode, on the device where it lies; a row an input, float32."""
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    model.eval()
    device = next(model.parameters()).device
    parts = torch.from_numpy(rows).split(batch)
    return np.concatenate([model(_take(inputs, part).to(device)).float().cpu().numpy() for part in parts])


def default_fabric(device: torch.device | None = None) -> Fabric:
    """The processes that `torchrun` started, a GPU each where there are any; or this one alone, on a device.

    Args:
        device: of one process; by default a GPU where there is one, else the CPU.
    """
    # Imported by whoever trains: it takes torch's compiler along, which costs others seconds.
    from lightning_fabric import Fabric

    world = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // world
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if world * nodes == 1:
        place = torch.device(accelerator) if device is None else device
        fabric = Fabric(accelerator=place.type, devices=1 if place.index is None else [place.index])
    else:
        fabric = Fabric(accelerator=accelerator, devices=world, num_nodes=nodes, strategy="ddp")
        fabric.launch()
    return fabric


def _take(inputs: np.ndarray | torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return inputs[rows] if isinstance(inputs, torch.Tensor) else torch.from_numpy(inputs[rows.numpy()])


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = _groups(model, recipe)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.decay)
    if recipe.optimizer == "adagrad":
        return torch.optim.Adagrad(parameters, lr=recipe.lr, weight_decay=recipe.decay)
    return torch.optim.AdamW(parameters, lr=recipe.lr, weight_decay=recipe.decay, fused=True)


def _groups(model: nn.Module, recipe: Recipe) -> list[dict]:
    """What is trained, the head apart where it has a learning rate of its own."""
    head = {id(p) for p in model.head.parameters()} if recipe.head != 1 and hasattr(model, "head") else set()
    trained = [p for p in model.parameters() if p.requires_grad]
    rest = [p for p in trained if id(p) not in head]
    parts = ((1.0, rest), (recipe.head, [p for p in trained if id(p) in head]))
    return [{"params": part, "scale": scale} for scale, part in parts if part]


def _schedule(recipe: Recipe, step: int, steps: int) -> float:
    if recipe.schedule == "constant":
        return 1.0
    if drops := _drops(recipe.schedule):
        return 0.1 ** sum(step >= drop * (steps // recipe.epochs) for drop in drops)
    rise = max(1, steps // 10)
    return (step + 1) / rise if step < rise else 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _drops(schedule: str) -> list[int]:
    """The epochs after which "steps:10,15" lowers the rate; none for what is not written so."""
    if not re.fullmatch(r"steps:[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*", schedule, re.ASCII):
        return []
    found = [int(part) for part in schedule.removeprefix("steps:").split(",")]
    return found if all(a < b for a, b in zip(found, found[1:], strict=False)) else []


def _diverged(model, step, recipe, value, x=None, y=None) -> Diverged:  # noqa: ANN001
    """What went wrong, told from the gradients of the last step done, which are still there; `step` are done."""
    there = [(name, p.grad) for name, p in model.named_parameters() if p.grad is not None]
    advice = f"lower lr {recipe.lr}, or look at the layer's first weights"
    for name, gradient in reversed(there):
        # Backwards, as gradients are computed: the first one that is lost takes those below it along.
        if not _all_finite([gradient]):
            return Diverged(f"training: the gradient of {name} was not finite in step {step}; {advice}", step, name)
    for what, values in (("inputs", x), ("targets", y)):
        if values is not None and not _all_finite([values]):
            return Diverged(f"training: the loss is {value} in step {step + 1}: its {what} are not finite", step + 1)
    if not there:
        return Diverged(f"training: the loss is {value} in step {step + 1}, the first; look at the targets", step + 1)
    name, largest = max(((name, float(g.norm())) for name, g in there), key=lambda pair: pair[1])
    return Diverged(
        f"training: the loss is {value} in step {step + 1}; before, the gradient of {name} was the largest, with a "
        f"norm of {largest:.3g}; {advice}",
        step + 1,
        name,
    )


def _all_finite(values: Iterable[torch.Tensor]) -> bool:
    # A finite sum has finite parts, and costs a fraction of looking at each; one that is not may only have overflowed.
    return all(bool(torch.isfinite(v.sum())) or bool(torch.isfinite(v).all()) for v in values if v.is_floating_point())


def _fingerprint(model, inputs, targets, rows) -> str:  # noqa: ANN001
    """What tells another training's checkpoint from this one's: network, rows, their targets, some of their inputs."""
    seen = hashlib.sha256(repr(model).encode())
    some = torch.from_numpy(rows[:: max(1, len(rows) // 64)])
    for values in (torch.from_numpy(rows), targets[torch.from_numpy(rows)], _take(inputs, some)):
        seen.update(f"{tuple(values.shape)} {values.dtype}".encode())
        seen.update(values.detach().cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()


def _generators(fabric: Fabric) -> list[torch.Tensor]:
    """States of the generators that dropout draws from, of the CPU and of the device; a row a process."""
    states = [torch.get_rng_state()]
    if fabric.device.type != "cpu":
        states.append(torch.get_device_module(fabric.device).get_rng_state())
    return [fabric.all_gather(state.to(fabric.device)).cpu().reshape(fabric.world_size, -1) for state in states]


def _set_generators(states: list[torch.Tensor], fabric: Fabric) -> None:
    # Copies: of a row in the middle of a larger tensor, torch reads the state from the wrong place.
    torch.set_rng_state(states[0][fabric.global_rank].clone())
    for state in states[1:]:
        torch.get_device_module(fabric.device).set_rng_state(state[fabric.global_rank].clone())


def _save(path, recipe, data, model, optimizer, shuffle, state, fabric) -> None:  # noqa: ANN001
    random = _generators(fabric)
    if fabric.global_rank == 0:
        content = {
            "recipe": asdict(recipe),
            "data": data,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "shuffle": shuffle.get_state(),
            "random": random,
            **state,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        torch.save(content, temporary)
        os.replace(temporary, path)
    fabric.barrier()


def _resume(path, recipe, data, model, optimizer, shuffle, fabric) -> dict:  # noqa: ANN001
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(content, dict):
            raise LookupError("not a dictionary")
        same, same_data = content["recipe"] == asdict(recipe), content["data"] == data
    except (UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, OSError) as error:
        raise BadInput(f"{path}: not a checkpoint of this training; delete it to start anew") from error
    if not same:
        raise BadInput(f"{path}: a checkpoint of another recipe ({content['recipe']}); delete it to start anew")
    try:
        model.load_state_dict(content["model"])
    except RuntimeError as error:
        raise BadInput(f"{path}: a checkpoint of another network; delete it to start anew") from error
    if not same_data:
        raise BadInput(f"{path}: a checkpoint of other data, folds or dropout; delete it or choose another folder")
    optimizer.load_state_dict(content["optimizer"])
    shuffle.set_state(content["shuffle"])
    states = content["random"]
    kinds = 1 if fabric.device.type == "cpu" else 2
    if len(states) == kinds and len(states[0]) == fabric.world_size:
        _set_generators(states, fabric)
    else:  # begun with another number of processes, or on another device: other dropout than either, but no repetition
        torch.manual_seed(recipe.seed + 7919 * (content["step"] * fabric.world_size + fabric.global_rank))
    return {key: content[key] for key in ("epoch", "step", "losses")}
