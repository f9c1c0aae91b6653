"""Training on small pictures, where handing them over can take longer than learning from them (chapter 3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from emolib.bench import turns
from emolib.bench.training_loop import bare
from emolib.models.resnet import ResNet
from emolib.training import Recipe, fit
from emolib.training.augment import shift_and_mirror

PICTURES, SIDE, BATCH = 1024, 32, 64


def run(paths: Sequence[Path] = (), rounds: int = 5) -> dict:  # noqa: ARG001 - trains on made-up pictures
    """Pictures a second of a residual network of eight layers on 1024 made-up pictures of 32 px, a pass a turn.

    ours: `emolib.training.fit` from uint8 pictures in memory, each shifted and mirrored. peer: the loop that one writes
    first, a DataLoader whose dataset changes pictures one by one with torchvision's transforms. limit: forward,
    backward, step and nothing else, on batches that are ready; nothing is shifted there.
    """
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (PICTURES, SIDE, SIDE, 3), dtype=np.uint8)
    labels = random.integers(0, 8, PICTURES)
    loss = torch.nn.functional.cross_entropy
    ready = [
        (torch.from_numpy(pictures[i : i + BATCH]).float(), torch.from_numpy(labels[i : i + BATCH]))
        for i in range(0, PICTURES, BATCH)
    ]
    sides = {
        "ours": partial(_ours, pictures, labels),
        "limit": lambda: bare(_network().train(), ready, loss, 1, 1e-3),
        "peer": partial(_peer, pictures, labels),
    }
    return turns.row(
        "training_loop_32px",
        turns.take_turns(sides, rounds),
        PICTURES,
        "pictures/s",
        peer="a DataLoader over torchvision's transforms, picture by picture, in the same process",
        limit="a bare forward-backward-step on batches that are ready",
    )


def _network() -> ResNet:
    return ResNet(8, 1)


def _ours(pictures: np.ndarray, labels: np.ndarray) -> None:
    recipe = Recipe(1, BATCH, 1e-3)
    fit(_network(), pictures, labels, recipe, loss=torch.nn.functional.cross_entropy, augment=shift_and_mirror)


class _Pictures(Dataset):
    """Pictures one by one, as tutorials do it."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.pictures, self.labels = pictures, labels
        self.change = transforms.Compose(
            [
                transforms.ToPILImage(),
                transforms.RandomCrop(SIDE, padding=SIDE // 8, padding_mode="edge"),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
            ]
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.change(self.pictures[i]), int(self.labels[i])


def _peer(pictures: np.ndarray, labels: np.ndarray) -> None:
    network = _network().train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    for x, y in DataLoader(_Pictures(pictures, labels), BATCH, shuffle=True):
        optimizer.zero_grad()
        # The network takes pictures with their channels last, 0 to 255.
        torch.nn.functional.cross_entropy(network(255 * x.permute(0, 2, 3, 1)), y).backward()
        optimizer.step()
