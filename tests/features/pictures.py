"""Pictures for the tests of the hand-made features: real photographs and their names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from PIL import Image


def portrait(side: int = 256) -> np.ndarray:
    """A photograph that comes with Matplotlib (Grace Hopper, 1986, public domain): uint8 (side, side, 3)."""
    with Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as image:
        return np.asarray(image.convert("RGB").crop((0, 0, 512, 512)).resize((side, side)))


def oasis(count: int, side: int = 256) -> np.ndarray:
    """Some photographs of OASIS, spread over the folder: uint8 (count, side, side, 3). Skips where there are none."""
    folder = Path(os.environ.get("EMOLIB_DATA", "")) / "oasis"
    paths = sorted(folder.rglob("*.jpg")) if os.environ.get("EMOLIB_DATA") else []
    if len(paths) < count:
        pytest.skip("EMOLIB_DATA names no folder with the OASIS photographs")
    pictures = []
    for path in paths[:: len(paths) // count][:count]:
        with Image.open(path) as image:
            pictures.append(np.asarray(image.convert("RGB").resize((side, side))))
    return np.stack(pictures)
