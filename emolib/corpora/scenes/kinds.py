"""The painted surroundings and the light of a scene, and what their colours do to the emotion.

A kind of background has a brightness B and a saturation S: value and saturation of the hexcone, means over the pixels
of many such backgrounds, measured once and written down here (a test measures them again). They give pleasure P and
arousal A by Valdez & Mehrabian 1994:

    P = .69 B + .22 S        A = -.31 B + .60 S

A palette (the light of the whole picture) multiplies brightness and saturation; its P and A are those of the average
background under that light. Over the kinds (and over the palettes) P and A are standardised to z_P, z_A, and projected
on the direction of each emotion on Russell's circumplex, at the angle t_e of `ON_CIRCLE`:

    W[k, e] = z_P[k] cos t_e + z_A[k] sin t_e        then centred over rows and columns, root mean square 1

Russell placed neither awe nor disgust nor amusement; `ON_CIRCLE` names the nearest words that he did place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emolib.emotions import MIKELS, circumplex_point

Colour = tuple[int, int, int]

ON_CIRCLE = {
    "amusement": "happy", "anger": "angry", "awe": "astonished", "contentment": "content",
    "disgust": "frustrated", "excitement": "excited", "fear": "afraid", "sadness": "sad",
}  # fmt: skip
"""Word of Russell's circumplex that stands for each of Mikels' emotions."""


def directions() -> np.ndarray:
    """Valence and arousal of each emotion on the unit circle, float64 (8, 2), rows like `emotions.MIKELS`."""
    return np.array([circumplex_point(ON_CIRCLE[emotion]) for emotion in MIKELS])


@dataclass(frozen=True)
class Background:
    """A painted surrounding: `horizon` is where things begin to stand, a fraction of the height from the top;
    `brightness` and `saturation`, in [0, 1], are means over its pixels as painted; `words` name what one sees;
    `colours` maps a part to its main RGB colour."""

    name: str
    horizon: float
    brightness: float
    saturation: float
    words: tuple[str, ...]
    colours: dict[str, Colour]

    def colour(self, part: str) -> Colour:
        return self.colours[part]


@dataclass(frozen=True)
class Palette:
    """The light: factors on `brightness` and `saturation`, and a `tint` (RGB) mixed in with the share `strength`."""

    name: str
    brightness: float
    saturation: float
    tint: Colour
    strength: float
    words: tuple[str, ...]


def _kind(name: str, horizon: float, brightness: float, saturation: float, words: str, **colours: str) -> Background:
    parts = {part: _rgb(code) for part, code in colours.items()}
    return Background(name, horizon, brightness, saturation, tuple(words.split()), parts)


def _rgb(code: str) -> Colour:
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


BACKGROUNDS: tuple[Background, ...] = (
    _kind("meadow", 0.60, 0.81, 0.53, "meadow grass sky summer", top="3f8fe6", low="c6e6fb",
          far="8fc86c", ground="58a63a"),
    _kind("beach", 0.66, 0.88, 0.42, "beach sand sea sky", top="3aa0e8", low="cdeefa", sea="23a9bd",
          ground="f2dca6"),
    _kind("sea", 0.80, 0.68, 0.40, "sea ocean waves horizon", top="4f86cf", low="f8d9b4", sea="1d6499",
          ground="93704c"),
    _kind("forest", 0.70, 0.55, 0.40, "forest trees woods path", top="b9d6a4", far="5c8f60", near="24502f",
          ground="5d6632"),
    _kind("mountains", 0.70, 0.75, 0.33, "mountains peak landscape sky", top="6fa8e2", low="e6eef7",
          far="9db2d0", near="5d7192", ground="7d9c5a"),
    _kind("city", 0.76, 0.72, 0.20, "city street buildings urban", top="86bdee", low="e4eef3", far="b9b3b6",
          near="a08c80", ground="6d6d73"),
    _kind("night", 0.76, 0.28, 0.46, "night city lights dark", top="0a0f2e", low="34306b", far="1d2147",
          near="12152f", ground="262840"),
    _kind("room", 0.70, 0.80, 0.33, "room interior window floor", wall="e5cda9", window="b5dbf5",
          ground="a9744b"),
    _kind("desert", 0.58, 0.84, 0.42, "desert sand dunes heat", top="5aa6e6", low="fbe2b4", far="e6b469",
          ground="d9983f"),
    _kind("snow", 0.60, 0.91, 0.13, "snow winter cold ice", top="9dbde0", low="eaf1f8", far="c9d8e8",
          ground="f3f8fd"),
    _kind("storm", 0.66, 0.32, 0.24, "storm clouds rain weather", top="262c39", low="666e7b", far="434a52",
          ground="3c4632"),
)  # fmt: skip

PALETTES: tuple[Palette, ...] = (
    Palette("clear", 1.00, 1.00, (255, 255, 255), 0.00, ("daylight",)),
    Palette("golden", 1.00, 1.20, (255, 176, 84), 0.20, ("sunset", "golden light")),
    Palette("vivid", 1.08, 1.45, (255, 255, 255), 0.00, ("colourful",)),
    Palette("misty", 0.96, 0.55, (228, 233, 238), 0.30, ("fog", "mist")),
    Palette("gloomy", 0.62, 0.60, (70, 84, 104), 0.16, ("dull", "overcast")),
    Palette("dusk", 0.70, 1.15, (92, 62, 142), 0.20, ("dusk", "evening")),
)

BACKGROUND_NAMES = tuple(kind.name for kind in BACKGROUNDS)
PALETTE_NAMES = tuple(palette.name for palette in PALETTES)


@lru_cache(maxsize=1)
def background_weights() -> np.ndarray:
    """W_b, float64 (11, 8): rows like `BACKGROUNDS`, columns like `emotions.MIKELS`; rows and columns add up to 0."""
    return _weights(np.array([(kind.brightness, kind.saturation) for kind in BACKGROUNDS]))


@lru_cache(maxsize=1)
def palette_weights() -> np.ndarray:
    """W_p, float64 (6, 8): rows like `PALETTES`, columns like `emotions.MIKELS`; rows and columns add up to 0."""
    mean = np.mean([(kind.brightness, kind.saturation) for kind in BACKGROUNDS], axis=0)
    return _weights(np.array([mean * (palette.brightness, palette.saturation) for palette in PALETTES]))


def _weights(colours: np.ndarray) -> np.ndarray:
    pleasure_arousal = colours @ np.array([[0.69, -0.31], [0.22, 0.60]])
    z = (pleasure_arousal - pleasure_arousal.mean(axis=0)) / pleasure_arousal.std(axis=0)
    weights = z @ directions().T
    weights = weights - weights.mean(axis=0)
    weights = weights - weights.mean(axis=1, keepdims=True)
    return weights / np.sqrt((weights**2).mean())
