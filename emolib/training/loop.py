"""The loop itself: Lightning Fabric for devices and processes, everything else in sight.

Arrays go in, a fitted model comes out. Inputs may be mapped from disk: only a batch at a time is read. With several
processes each takes its share of every batch, so that the steps are those of one process.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn
from tqdm import tqdm

from emolib.errors import BadInput, EmolibError

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]


class Diverged(EmolibError):
    """The loss is not finite, noticed at the end of an epoch, whose last step the message names.

    The last checkpoint is as it was.
    """


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the data.
        batch: pictures a step, over all processes together.
        lr: highest learning rate.
        optimizer: "adamw" or "sgd" (momentum .9).
        schedule: "cosine" (linear rise over the first tenth of the steps, then down to zero) or "constant".
        decay: weight decay.
        seed: of the order of the pictures, of dropout, of augmentation.
        head: learning rate of the model's `head`, where it has one, as a multiple of `lr`. A new last layer has further
            to go than the pretrained layers below it.
    """

    epochs: int
    batch: int = 64
    lr: float = 1e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    decay: float = 0.01
    seed: int = 0
    head: float = 1.0

    def __post_init__(self) -> None:
        if not all(isinstance(number, int) for number in (self.epochs, self.batch, self.seed)):
            raise BadInput(f"{self}: epochs, batch and seed have to be whole numbers")
        if self.epochs < 1 or self.batch < 1 or not 0 < self.lr < math.inf or not 0 <= self.decay < math.inf:
            raise BadInput(f"{self}: epochs and batch have to be at least 1, lr above 0, decay not negative")
        if not 0 < self.head < math.inf:
            raise BadInput(f"{self}: head multiplies a learning rate; it has to be above 0")
        if self.optimizer not in ("adamw", "sgd") or self.schedule not in ("cosine", "constant"):
            raise BadInput(f"{self}: optimizer is adamw or sgd, schedule is cosine or constant")


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
        fabric: where; by default the processes that `torchrun` started, else one on the CPU.
        checkpoint: a file that is written after every epoch and continued from if it is there.
        after_epoch: called with the number of epochs done and the model.
        progress: show a bar.

    Returns:
        The mean training loss of every epoch.

    Raises:
        BadInput: shapes that do not fit, or a checkpoint of another recipe.
        Diverged: a loss that is not finite.
    """
    rows = np.arange(len(inputs)) if rows is None else np.asarray(rows)
    if len(inputs) != len(targets) or len(rows) == 0:
        raise BadInput(f"fit: {len(inputs)} inputs, {len(targets)} targets, {len(rows)} rows to train on")
    fabric = fabric or default_fabric()
    targets = torch.as_tensor(targets)
    steps = recipe.epochs * math.ceil(len(rows) / recipe.batch)
    optimizer = _optimizer(model, recipe)
    module, optimizer = fabric.setup(model, optimizer)
    # Dropout must differ between processes, the order of the pictures must not.
    torch.manual_seed(recipe.seed + 7919 * fabric.global_rank)
    shuffle = torch.Generator().manual_seed(recipe.seed)
    state = {"epoch": 0, "step": 0, "losses": []}
    if checkpoint is not None and checkpoint.is_file():
        state = _resume(checkpoint, recipe, model, optimizer, shuffle, fabric)
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
            total += value.detach() * (len(mine) * (1.0 if len(batch) >= world else 1 / world))
            optimizer.zero_grad()
            # Scaled so that the mean over processes is the mean over the batch, also when it does not split evenly.
            fabric.backward(value * share)
            optimizer.step()
            state["step"] += 1
        mean = float(fabric.all_reduce(total, reduce_op="sum")) / len(rows)
        if not math.isfinite(mean):
            raise Diverged(
                f"training: the loss is {mean} in epoch {epoch + 1} (by step {state['step']}); lower lr {recipe.lr}"
            )
        state["epoch"] = epoch + 1
        state["losses"].append(mean)
        bar.update()
        if checkpoint is not None:
            _save(checkpoint, recipe, model, optimizer, shuffle, state, fabric)
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


def default_fabric() -> Fabric:
    """The processes that `torchrun` started, or this one alone; a GPU each where there are any, else the CPU."""
    world = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // world
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if world * nodes == 1:
        fabric = Fabric(accelerator=accelerator, devices=1)
    else:
        fabric = Fabric(accelerator=accelerator, devices=world, num_nodes=nodes, strategy="ddp")
        fabric.launch()
    return fabric


def _take(inputs: np.ndarray | torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return inputs[rows] if isinstance(inputs, torch.Tensor) else torch.from_numpy(inputs[rows.numpy()])


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = _groups(model, recipe)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=recipe.lr, momentum=0.9, weight_decay=recipe.decay)
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
    rise = max(1, steps // 10)
    return (step + 1) / rise if step < rise else 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _save(path, recipe, model, optimizer, shuffle, state, fabric) -> None:  # noqa: ANN001
    if fabric.global_rank == 0:
        content = {
            "recipe": asdict(recipe),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "shuffle": shuffle.get_state(),
            "random": torch.get_rng_state(),
            **state,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        torch.save(content, temporary)
        os.replace(temporary, path)
    fabric.barrier()


def _resume(path, recipe, model, optimizer, shuffle, fabric) -> dict:  # noqa: ANN001
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        same = content["recipe"] == asdict(recipe)
    except (UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, OSError) as error:
        raise BadInput(f"{path}: not a checkpoint of this training; delete it to start anew") from error
    if not same:
        raise BadInput(f"{path}: a checkpoint of another recipe ({content['recipe']}); delete it to start anew")
    try:
        model.load_state_dict(content["model"])
    except RuntimeError as error:
        raise BadInput(f"{path}: a checkpoint of another network; delete it to start anew") from error
    optimizer.load_state_dict(content["optimizer"])
    shuffle.set_state(content["shuffle"])
    if fabric.global_rank == 0:
        torch.set_rng_state(content["random"])
    else:
        torch.manual_seed(recipe.seed + 7919 * (content["step"] * fabric.world_size + fabric.global_rank))
    return {key: content[key] for key in ("epoch", "step", "losses")}
