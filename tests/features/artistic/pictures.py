"""Planted pictures for the tests of the artistic systems: flat, striped, split, ramped, noisy."""

from __future__ import annotations

import numpy as np


def flat(rgb: tuple[int, int, int], height: int = 96, width: int = 96) -> np.ndarray:
    """One colour."""
    return np.full((height, width, 3), rgb, np.uint8)


def halves(left: tuple[int, int, int], right: tuple[int, int, int], side: int = 96) -> np.ndarray:
    """Two colours side by side."""
    picture = flat(left, side, side)
    picture[:, side // 2 :] = right
    return picture


def noise(side: int = 96, seed: int = 0) -> np.ndarray:
    """Every value drawn by itself."""
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def stripes(wavelength: float, degrees: float, amplitude: float = 100, side: int = 128) -> np.ndarray:
    """Grey cosine stripes that change along an angle (y points down), float32 plane about 0."""
    y, x = np.mgrid[:side, :side]
    angle = np.deg2rad(degrees)
    phase = 2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength
    return (amplitude * np.cos(phase)).astype(np.float32)


def as_picture(plane: np.ndarray) -> np.ndarray:
    """A plane of 0 to 255 as a grey picture."""
    return np.repeat(np.rint(plane).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def astronaut(side: int = 256) -> np.ndarray:
    """The portrait that comes with scikit-image (Eileen Collins, NASA, public domain)."""
    from PIL import Image
    from skimage import data

    return np.asarray(Image.fromarray(data.astronaut()).resize((side, side)))
