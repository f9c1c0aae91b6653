"""Seeds, devices and the allocator: equal seeds give equal numbers, and nothing is replaced in silence."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolib.errors import BadInput, Unavailable
from emolib.runtime import keep_freed_memory, pick_device, seed_everything


@pytest.fixture(autouse=True)
def leave_no_trace():
    """Give the random states and PyTorch's switches back as they were."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    torch.use_deterministic_algorithms(strict, warn_only=warns)


def draws() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), float(torch.rand(()))


def test_the_same_seed_gives_the_same_numbers_everywhere():
    seed_everything(11)
    first = draws()
    seed_everything(11)
    assert draws() == first


def test_another_seed_gives_other_numbers_everywhere():
    seed_everything(11)
    first = draws()
    seed_everything(12)
    assert all(a != b for a, b in zip(first, draws(), strict=True))


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_ends_of_the_range_are_seeds(seed):
    seed_everything(seed)


@given(
    st.one_of(st.integers(max_value=-1), st.integers(min_value=2**32), st.floats(), st.booleans(), st.text(), st.none())
)
def test_what_is_no_seed_is_refused_and_nothing_is_seeded(seed):
    before = random.getstate(), torch.get_rng_state()
    with pytest.raises(BadInput, match="seed"):
        seed_everything(seed)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_the_processor_is_always_there():
    assert pick_device("cpu") == torch.device("cpu")
    assert torch.zeros(1, device=pick_device()).device.type == pick_device("auto").type


@pytest.mark.parametrize("name", ["gpu", "", "cpu:zero", "meta", "xpu"])
def test_what_is_no_device_is_refused_by_name(name):
    with pytest.raises(BadInput, match=f"device: {name!r}"):
        pick_device(name)


@pytest.mark.parametrize(
    ("name", "absent"),
    [("cuda", not torch.cuda.is_available()), ("mps", not torch.backends.mps.is_available())],
)
def test_an_absent_gpu_is_never_replaced_by_the_processor(name, absent):
    if not absent:
        assert pick_device(name).type == name
        return
    with pytest.raises(Unavailable, match=f"{name!r} was asked for.*use device=auto or cpu"):
        pick_device(name)


def test_asking_for_memory_again_changes_no_answer():
    assert keep_freed_memory() is keep_freed_memory()
