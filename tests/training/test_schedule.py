"""The learning rate that falls in steps, against torch's own scheduler."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emolib.errors import BadInput
from emolib.training import Recipe, fit


def rates(schedule: str, epochs: int, n: int = 10, batch: int = 4) -> list[float]:
    """The learning rate of every step, read off how far plain gradients of 1 would move: from the optimiser itself."""
    seen: list[float] = []
    original = torch.optim.SGD.step

    def step(self, *args, **kwargs):  # noqa: ANN001, ANN202
        seen.append(self.param_groups[0]["lr"])
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", step)
        x = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
        recipe = Recipe(epochs, batch, 0.5, optimizer="sgd", schedule=schedule, decay=0)
        fit(torch.nn.Linear(3, 1), x, np.zeros((n, 1), np.float32), recipe)
    return seen


@pytest.mark.parametrize(("schedule", "milestones"), [("steps:2,5", [2, 5]), ("steps:1", [1]), ("steps:9", [9])])
def test_steps_are_those_of_torchs_scheduler(schedule, milestones):
    found = rates(schedule, epochs=6)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    peer = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.1)
    due = []
    for _ in range(6):
        due += [peer.get_last_lr()[0]] * 3  # ten pictures in batches of four: three steps an epoch
        optimizer.step()
        peer.step()
    np.testing.assert_allclose(found, due, rtol=1e-9)


@pytest.mark.parametrize("wrong", ["steps", "steps:", "steps:0", "steps:5,5", "steps:5,2", "steps:a", "steps:1,", "²"])
def test_what_is_no_schedule_is_refused(wrong):
    with pytest.raises(BadInput, match="schedule"):
        Recipe(3, schedule=wrong)
