"""Where the things of a scene stand, and the boxes around them. Everything is a fraction of the side of the picture.

Things share the width in turn, stand between the horizon and the lower edge, and are larger the nearer they are. A box
is drawn tight around what is painted of a thing, also where a nearer thing hides part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emolib.corpora.scenes.chance import uniform
from emolib.corpora.scenes.kinds import BACKGROUNDS
from emolib.corpora.scenes.model import MOST, STREAMS, Latents, Parameters
from emolib.corpora.scenes.objects import objects

PROBE = 72
ZOOM = 0.10
MARGIN = 0.02


@dataclass(frozen=True, eq=False)
class Layout:
    """Things of n pictures, from far to near. `order` (n, 3): which of the picture's objects; `boxes` (n, 3, 4): left,
    top, right, bottom in [0, 1]; `mirror` (n, 3): whether the thing looks the other way. `view` (n, 3): what a
    near-duplicate shows of its original: left edge, top edge and side, (0, 0, 1) for an original; `flip` (n,): whether
    it is mirrored. Boxes are those of the original; :func:`seen` gives them in the view."""

    order: np.ndarray
    boxes: np.ndarray
    mirror: np.ndarray
    view: np.ndarray
    flip: np.ndarray


@lru_cache(maxsize=1)
def extents() -> np.ndarray:
    """Left, top, right, bottom of what is painted in each illustration, fractions of its square; float64 (objects, 4).

    Raises Unavailable when the illustrations or their renderer are not installed.
    """
    from emolib.corpora.rendering import sprite

    found = []
    for code in objects().codes:
        opaque = sprite(code, PROBE)[:, :, 3] > 16
        rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
        found.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return np.array(found) / PROBE


def layout(parameters: Parameters, scene: Latents) -> Layout:
    """Where everything stands in the pictures of `scene`."""
    n = len(scene.index)
    u = uniform(parameters.seed, scene.original, STREAMS["place"], 6 * MOST).reshape(n, 6, MOST)
    counts = np.arange(MOST) < scene.number[:, None]
    depth = np.where(counts, u[:, 0], 2.0)
    order = np.argsort(depth, axis=1, kind="stable")  # far ones first, so that near ones are painted over them
    depth = np.take_along_axis(u[:, 0], order, axis=1)
    slot = np.argsort(np.where(counts, u[:, 1], 2.0), axis=1, kind="stable")

    shape = extents()[np.take_along_axis(scene.objects, order, axis=1)]
    width, height = shape[:, :, 2] - shape[:, :, 0], shape[:, :, 3] - shape[:, :, 1]
    larger = np.maximum(width, height)
    alone = np.array([1.25, 1.0, 0.88])[scene.number - 1][:, None]
    side = (0.27 + 0.15 * depth + 0.05 * u[:, 2]) * alone
    if parameters.sizes is not None:
        smallest, largest = parameters.sizes
        side = smallest * (largest / smallest) ** u[:, 5]
    width, height = side * width / larger, side * height / larger

    horizon = np.array([kind.horizon for kind in BACKGROUNDS])[scene.background][:, None]
    base = horizon + (0.975 - horizon) * (0.28 + 0.72 * depth)
    if parameters.sizes is not None:
        base = np.maximum(base, MARGIN + height)  # large things stand nearer than they would, rather than be cut off
    middle = (slot + 0.5 + 0.36 * (u[:, 3] - 0.5)) / scene.number[:, None]
    middle = np.clip(middle, MARGIN + width / 2, 1 - MARGIN - width / 2)
    boxes = np.stack([middle - width / 2, base - height, middle + width / 2, base], axis=2)
    mirror = np.take_along_axis(u[:, 4] < 0.5, order, axis=1)

    copies = scene.index != scene.original
    v = uniform(parameters.seed, scene.index, STREAMS["change"], 4)
    shown = np.where(copies, 1 - ZOOM * v[:, 0], 1.0)
    view = np.stack([(1 - shown) * v[:, 1], (1 - shown) * v[:, 2], shown], axis=1)
    return Layout(order, boxes, mirror, view, copies & (v[:, 3] < 0.5))


def seen(placed: Layout, size: int) -> np.ndarray:
    """Boxes in pixels of the picture as it is shown: int64 (n, 3, 4), left, top, right, bottom, right and bottom
    exclusive, each from 0 to `size`."""
    left, top, side = (placed.view[:, None, k] for k in range(3))
    x0, x1 = (placed.boxes[:, :, 0] - left) / side, (placed.boxes[:, :, 2] - left) / side
    y0, y1 = (placed.boxes[:, :, 1] - top) / side, (placed.boxes[:, :, 3] - top) / side
    flip = placed.flip[:, None]
    x0, x1 = np.where(flip, 1 - x1, x0), np.where(flip, 1 - x0, x1)
    boxes = np.rint(np.stack([x0, y0, x1, y1], axis=2) * size).astype(np.int64)
    return np.clip(boxes, 0, size)
