"""Whether a map of what matters in a picture points at a true region: the pointing game, and energy. Used by chapter 4.

The pointing game is that of J. Zhang et al., "Top-down neural attention by excitation backprop" (ECCV 2016): a map hits
where its maximum lies within a region, or as near to one as a tolerance. Energy within the region is that of H. Wang
et al., "Score-CAM" (CVPR workshops 2020): the share of the map's sum that lies within. A map that knows nothing reaches
the share of the picture that the regions take, so neither says anything without it: a large region is hit by chance.

A picture's regions are given as boxes (k, 4) in pixels of its map (`emolib.regions.scale_boxes` brings them there) or
as a mask, bool (h, w) (`mask_from_map`). A picture without any region has no score: nan, which means leave out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emolib.errors import BadInput
from emolib.evaluation import DRAWS, Estimate
from emolib.evaluation.means import mean_difference, mean_score
from emolib.regions import as_boxes, mask_of

Maps = np.ndarray | Sequence[np.ndarray]


@dataclass(frozen=True)
class Pointing:
    """A score beside what knowing nothing would reach.

    Attributes:
        score: mean over pictures with a region.
        chance: mean share of those pictures that their regions take, widened by the tolerance.
        gain: score - chance, paired.
    """

    score: Estimate
    chance: Estimate
    gain: Estimate


def peak_hits(maps: Maps, truths: Sequence[np.ndarray], tolerance: float = 0) -> np.ndarray:
    """Whether the maximum of each map lies in a region: (n,), 1 or 0, nan without a region.

    Where several pixels share the maximum, the share of them that hits: what drawing one of them would give on average.
    A map that is the same everywhere thus scores its chance.

    Args:
        maps: for each picture (h, w), higher matters more; any finite numbers.
        truths: for each picture its boxes or its mask.
        tolerance: as far from a region's nearest pixel, in pixels of the map, still counts; Zhang et al. take 15.

    Raises:
        BadInput: shapes that do not fit together, maps that are not finite, a negative tolerance; with the number of
            the picture.
    """
    return _each(maps, truths, tolerance, lambda grid, mask: mask[grid == grid.max()].mean())


def point_hits(
    points: np.ndarray, truths: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]], tolerance: float = 0
) -> np.ndarray:
    """Like `peak_hits` for places instead of maps, such as the middles of the best boxes.

    Args:
        points: (n, 2) x and y in pixels, from the upper left corner; nan where a system names no place, which is a
            miss. A point belongs to the pixel it lies in; one on the right or lower edge to the last.
        truths: for each picture its boxes or its mask.
        sizes: for each picture (width, height).
        tolerance: as in `peak_hits`.

    Raises:
        BadInput: as `peak_hits`, and a point outside its picture.
    """
    places = np.asarray(points, float)
    if places.shape != (len(truths), 2) or len(sizes) != len(truths):
        raise BadInput(
            f"points {places.shape}, {len(truths)} truths and {len(sizes)} sizes do not fit: (n, 2), n and n"
        )
    hits = np.full(len(truths), np.nan)
    for k, (place, truth, (width, height)) in enumerate(zip(places, truths, sizes, strict=True)):
        mask = _mask(truth, (height, width), tolerance, k)
        named = not np.isnan(place).any()
        if named and not ((place >= 0) & (place <= (width, height))).all():
            raise BadInput(f"picture {k}: the point {place.tolist()} is outside of its {width} x {height} pixels")
        if mask.any():
            x, y = np.minimum(place, (width - 1, height - 1)).astype(int) if named else (0, 0)
            hits[k] = named and mask[y, x]
    return hits


def energy_shares(maps: Maps, truths: Sequence[np.ndarray]) -> np.ndarray:
    """The share of each map's sum that lies in the regions: (n,) in [0, 1], nan without a region.

    Numbers below 0, which say that a place speaks against, count as 0. A map without anything above 0 prefers no place
    and scores the regions' share of the picture.

    Arguments and errors as in `peak_hits`.
    """

    def share(grid: np.ndarray, mask: np.ndarray) -> float:
        positive = np.clip(grid, 0, None)
        # Divided by its maximum first, so that neither tiny nor huge numbers get lost in the sum.
        top = positive.max()
        if top == 0:
            return float(mask.mean())
        # The two sums round differently: where all lies within, their ratio may come out a hair above 1.
        return min(1.0, float((positive / top)[mask].sum() / (positive / top).sum()))

    return _each(maps, truths, 0, share)


def chances(truths: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]], tolerance: float = 0) -> np.ndarray:
    """The share of each picture's pixels that hit: (n,), nan without a region. Arguments as in `point_hits`."""
    if len(truths) != len(sizes):
        raise BadInput(f"{len(truths)} truths and {len(sizes)} sizes do not fit together")
    masks = (_mask(truth, (h, w), tolerance, k) for k, (truth, (w, h)) in enumerate(zip(truths, sizes, strict=True)))
    return np.array([mask.mean() if mask.any() else np.nan for mask in masks])


def pointing_score(
    hits: np.ndarray, chance: np.ndarray, groups: Sequence[object], *, seed: int = 0, draws: int = DRAWS
) -> Pointing:
    """The mean of `peak_hits`, `point_hits` or `energy_shares` beside its chance level, with intervals.

    Two systems are compared by `emolib.evaluation.means.mean_difference(second, first, groups)`.

    Args:
        hits: (n,) or (seeds, n).
        chance: (n,) of `chances`, with the same tolerance.
        groups: (n,) what is drawn together.
        seed: of the draws.
        draws: how many.

    Raises:
        BadInput: shapes that do not fit, or a picture that has hits and no chance or the other way round.
    """
    hits, chance = np.atleast_2d(np.asarray(hits, float)), np.asarray(chance, float)
    if hits.shape[1:] != chance.shape or (np.isnan(hits) != np.isnan(chance)).any():
        raise BadInput(
            f"hits {hits.shape} and chance {chance.shape} are not of the same pictures: nan in both, without a region"
        )
    each = np.broadcast_to(chance, hits.shape)
    return Pointing(
        mean_score(hits, groups, seed=seed, draws=draws),
        mean_score(chance, groups, seed=seed, draws=draws),
        mean_difference(hits, each, groups, seed=seed, draws=draws),
    )


def _each(maps, truths, tolerance, measure) -> np.ndarray:  # noqa: ANN001
    if len(maps) != len(truths):
        raise BadInput(f"{len(maps)} maps and {len(truths)} truths do not fit together: one of each a picture")
    values = np.full(len(truths), np.nan)
    for k, (grid, truth) in enumerate(zip(maps, truths, strict=True)):
        grid = np.asarray(grid)
        if grid.ndim != 2 or grid.size == 0 or grid.dtype.kind not in "fiub" or not np.isfinite(grid).all():
            raise BadInput(
                f"picture {k}: a map has to be finite numbers (height, width), not {grid.dtype} {grid.shape}"
            )
        mask = _mask(truth, grid.shape, tolerance, k)
        if mask.any():
            values[k] = measure(grid, mask)
    return values


def _mask(truth: np.ndarray, shape: tuple[int, int], tolerance: float, k: int) -> np.ndarray:
    """The pixels that hit, bool `shape`."""
    from scipy.ndimage import distance_transform_edt

    if not 0 <= tolerance < np.inf:
        raise BadInput(f"tolerance is {tolerance} pixels; from 0 on")
    if isinstance(truth, np.ndarray) and truth.dtype == bool:
        if truth.shape != shape:
            raise BadInput(f"picture {k}: the mask has the shape {truth.shape}, its map or size {shape}")
        mask = truth
    else:
        boxes = as_boxes(truth, f"picture {k} (boxes, or a mask of dtype bool)")
        mask = mask_of(boxes, (shape[1], shape[0]))
    return distance_transform_edt(~mask) <= tolerance if tolerance and mask.any() else mask
