"""What the four artistic systems compute from one picture, each thing once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np

from emolib.features.artistic import gabor, planes, segments
from emolib.features.artistic import itten as contrasts
from emolib.features.artistic import saliency as salient
from emolib.features.color import COLOR_NAMES, picture_colour
from emolib.features.focal import focal_table
from emolib.features.texture import grey

SMALLEST = 64
"""Smallest side in pixels of a picture that the artistic systems describe."""
SMALL_SIDE = 128
"""Side of the smaller picture on which regions and lines are sought."""


class _Once:
    """A property that is computed once. Python 3.11's cached_property would make threads wait for each other."""

    def __init__(self, compute: Callable[[Picture], object]) -> None:
        self.compute, self.name, self.__doc__ = compute, compute.__name__, compute.__doc__

    def __get__(self, picture: Picture | None, owner: type) -> object:
        if picture is None:
            return self
        value = self.compute(picture)
        picture.__dict__[self.name] = value  # found before this descriptor from now on
        return value


def kept(compute: Callable[[Picture], np.ndarray]) -> Callable[[Picture], np.ndarray]:
    """Let the picture keep what ``compute`` found for it, so that two systems may ask for it."""
    name = f"{compute.__module__}.{compute.__qualname__}"

    @wraps(compute)
    def once(picture: Picture) -> np.ndarray:
        if name not in picture.__dict__:
            picture.__dict__[name] = compute(picture)
        return picture.__dict__[name]

    return once


class Picture:
    """One uint8 RGB picture (h, w, 3), both sides SMALLEST or more, and what was computed from it. Not checked."""

    def __init__(self, rgb: np.ndarray) -> None:
        self.rgb = np.ascontiguousarray(rgb)
        height, width = rgb.shape[:2]
        self.small_factor = planes.reduction(height, width, SMALL_SIDE)
        self.tiny_factor = planes.reduction(height, width, salient.SIDE)

    @_Once
    def _spaces(self) -> tuple[np.ndarray, np.ndarray]:
        return planes.hsv_and_lab(self.rgb)

    @_Once
    def hsv(self) -> np.ndarray:
        """Hue, saturation and value in [0, 1], float32 (3, h, w)."""
        return self._spaces[0]

    @_Once
    def lab(self) -> np.ndarray:
        """CIELAB, float32 (3, h, w)."""
        return self._spaces[1]

    @_Once
    def chroma(self) -> np.ndarray:
        """CIELAB chroma, float32 (h, w)."""
        return np.sqrt(self.lab[1] * self.lab[1] + self.lab[2] * self.lab[2])

    @_Once
    def grey(self) -> np.ndarray:
        """Luma, uint8 (h, w)."""
        return grey(self.rgb)

    @_Once
    def opponent(self) -> np.ndarray:
        """The Gaussian colour model's planes, float32 (3, h, w)."""
        return planes.opponent(self.rgb)

    @_Once
    def colour(self) -> dict[str, float]:
        """The 22 numbers of `emolib.features.color`, by name."""
        return dict(zip(COLOR_NAMES, picture_colour(self.rgb, focal_table()), strict=True))

    @_Once
    def small_lab(self) -> np.ndarray:
        """CIELAB means of blocks, about SMALL_SIDE pixels on the shorter side."""
        return planes.block_means(self.lab, self.small_factor)

    @_Once
    def small_grey(self) -> np.ndarray:
        """Luma in [0, 1], about SMALL_SIDE pixels on the shorter side, float32."""
        return planes.block_means(self.grey.astype(np.float32), self.small_factor) / np.float32(255)

    @_Once
    def tiny_lab(self) -> np.ndarray:
        """CIELAB means of blocks, about 64 pixels on the shorter side."""
        return planes.block_means(self.lab, self.tiny_factor)

    @_Once
    def regions(self) -> segments.Regions:
        """Regions of like colour in ``small_lab``."""
        return segments.regions(self.small_lab)

    @_Once
    def itten(self) -> np.ndarray:
        """Itten's contrasts between the regions, (7,)."""
        return contrasts.itten(self.regions)

    @_Once
    def saliency(self) -> np.ndarray:
        """Saliency on about 64 pixels on the shorter side; adds up to 1."""
        return salient.saliency(planes.block_means(self.grey.astype(np.float32), self.tiny_factor) / 255)

    @_Once
    def gabor(self) -> np.ndarray:
        """Mean and spread of the Gabor responses of the opponent planes, (3, 18, 2)."""
        return gabor.gabor_statistics(self.opponent)
