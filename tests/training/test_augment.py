"""Changes to batches of pictures, against NumPy on one picture at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolib.training.augment import mirror, shift_and_mirror

SIDE = 16
PICTURES = np.random.default_rng(0).integers(0, 256, (64, SIDE, SIDE, 3), dtype=np.uint8)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_half_are_mirrored_and_the_others_left():
    found = mirror(torch.from_numpy(PICTURES), torch.arange(64), generator()).numpy()
    turned = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(found, PICTURES, strict=True)])
    left = np.array([np.array_equal(a, b) for a, b in zip(found, PICTURES, strict=True)])
    assert (turned ^ left).all() and 16 <= turned.sum() <= 48


def versions(picture: np.ndarray) -> dict[bytes, tuple[int, int, bool]]:
    """Every shift by at most two of sixteen pixels, mirrored or not, by NumPy's edge padding."""
    padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)), mode="edge")
    found = {}
    for down in range(-2, 3):
        for across in range(-2, 3):
            part = padded[2 + down : 2 + down + SIDE, 2 + across : 2 + across + SIDE]
            found[part.tobytes()] = (down, across, False)
            found[part[:, ::-1].tobytes()] = (down, across, True)
    return found


def test_pictures_are_shifted_by_an_eighth_at_most_and_half_mirrored():
    found = shift_and_mirror(torch.from_numpy(PICTURES), torch.arange(64), generator()).numpy()
    moves = [versions(before)[after.tobytes()] for before, after in zip(PICTURES, found, strict=True)]
    assert len({move[:2] for move in moves}) > 15, "every picture has a shift of its own"
    assert {move[0] for move in moves} == {move[1] for move in moves} == set(range(-2, 3))
    assert 16 <= sum(move[2] for move in moves) <= 48


@pytest.mark.parametrize("change", [mirror, shift_and_mirror])
def test_kind_shape_and_seed_are_kept(change):
    for pictures in (torch.from_numpy(PICTURES), torch.from_numpy(PICTURES).float()):
        once, again, other = (change(pictures, torch.arange(64), generator(seed)) for seed in (3, 3, 4))
        assert once.dtype == pictures.dtype and once.shape == pictures.shape
        assert torch.equal(once, again) and not torch.equal(once, other)
    assert torch.equal(torch.from_numpy(PICTURES), torch.from_numpy(PICTURES.copy()))


@given(st.integers(1, 5), st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_any_shape_goes_through_and_no_value_is_new(n, height, width, seed):
    pictures = torch.arange(n * height * width * 3).view(n, height, width, 3)
    found = shift_and_mirror(pictures, torch.arange(n), generator(seed))
    assert found.shape == pictures.shape
    for before, after in zip(pictures, found, strict=True):
        assert set(after.flatten().tolist()) <= set(before.flatten().tolist())
