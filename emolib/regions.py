"""Regions of pictures as boxes: checked, read off grey maps, moved between sizes, measured. Used by chapter 4.

A box is [left, top, right, bottom] in pixels of its picture, right and bottom exclusive, so that a picture of w x h
pixels is the box [0, 0, w, h] and the area is (right - left) (bottom - top). Boxes of a picture are float64 (k, 4),
also where k = 0. A size is (width, height), as Pillow has it; an array of that picture has the shape (height, width).

EmotionROI (Peng et al. 2016) publishes no boxes, only their sum as a grey map, and Rao et al. 2019, who train a
detector of boxes on it, do not say how they got any. `boxes_from_map` is our rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput

Boxes = np.ndarray | Sequence[Sequence[float]]
Size = tuple[int, int]


@dataclass(frozen=True)
class MapRule:
    """How boxes are read off a grey map. All of it is our choice.

    A pixel belongs to a region when it is brighter than the mean of the map and at least `top` of its maximum: many
    marked it, and more than marked the rest. Pixels that touch, also at a corner, make a region; its box is the
    smallest one around it.

    Attributes:
        top: in (0, 1], share of the maximum. Half is also what `regions` of the corpus `scenes` means.
        flat: in [0, 1], a map whose range is below this share of its maximum prefers no place and has no region.
        faintest: 1 to 255, a map whose maximum is below this is empty: JPEG leaves faint noise on black.
        smallest: in [0, 1], a region of a smaller share of the picture's pixels is dropped.
        most: at least 1, as many of the largest regions are kept.
    """

    top: float = 0.5
    flat: float = 0.1
    faintest: int = 16
    smallest: float = 0.01
    most: int = 10

    def __post_init__(self) -> None:
        if not (0 < self.top <= 1 and 0 <= self.flat <= 1 and 0 <= self.smallest <= 1):
            raise BadInput(f"{self}: top has to lie in (0, 1], flat and smallest in [0, 1]")
        if not (1 <= self.faintest <= 255 and self.most >= 1):
            raise BadInput(f"{self}: faintest is a grey level from 1 to 255, most at least 1")


RULE = MapRule()


@dataclass(frozen=True, eq=False)
class Checked:
    """Boxes that lie within their picture.

    Attributes:
        boxes: float64 (k, 4), each with a positive area.
        rows: (k,) which of the boxes given they are, to pick their scores.
        dropped: how many of those given had no area within the picture.
    """

    boxes: np.ndarray
    rows: np.ndarray
    dropped: int


# --------------------------------------------------------------------------------------------------------------- checks
def as_boxes(boxes: Boxes, where: str = "boxes") -> np.ndarray:
    """float64 (k, 4) of whatever holds k boxes; (0, 4) of an empty list.

    Raises:
        BadInput: another shape, a number that is not finite, a left behind its right or a top below its bottom; with
            `where` and the box in the message.
    """
    try:
        found = np.array(boxes, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{where}: boxes have to be rows of four numbers, left, top, right, bottom") from error
    if found.shape in ((0,), (0, 4)):
        return np.zeros((0, 4))
    if found.ndim != 2 or found.shape[1] != 4:
        raise BadInput(f"{where}: boxes have the shape {found.shape}; it has to be (k, 4), left, top, right, bottom")
    wrong = np.flatnonzero(~np.isfinite(found).all(1) | (found[:, 2:] < found[:, :2]).any(1))
    if len(wrong):
        raise BadInput(
            f"{where}: box {wrong[0]} is {found[wrong[0]].tolist()}; it has to be finite, left <= right, top <= bottom"
        )
    return found


def check_boxes(
    boxes: Boxes, size: Size, *, outside: str = "clip", empty: str = "refuse", where: str = "boxes"
) -> Checked:
    """Boxes within a picture.

    Args:
        boxes: k boxes.
        size: (width, height) of the picture.
        outside: "clip" cuts off what lies outside the picture; "refuse" makes it an error.
        empty: "refuse" makes a box without area an error, "drop" leaves it out and counts it. A box that lies wholly
            outside has no area once it is clipped.
        where: what the boxes are of, for messages.

    Raises:
        BadInput: what `as_boxes` refuses, what the arguments refuse, an unknown argument.
    """
    if outside not in ("clip", "refuse") or empty not in ("refuse", "drop"):
        raise BadInput(f"check_boxes: outside={outside!r}, empty={empty!r}; use clip or refuse, and refuse or drop")
    limits = np.array(_size(size, where) * 2, float)
    given = as_boxes(boxes, where)
    within = np.clip(given, 0, limits)
    wrong = np.flatnonzero((within != given).any(1))
    if outside == "refuse" and len(wrong):
        raise BadInput(
            f"{where}: box {wrong[0]} is {given[wrong[0]].tolist()}, not within the picture of {size[0]} x {size[1]} "
            "pixels; clip it or mend it"
        )
    there = (within[:, 2:] > within[:, :2]).all(1)
    lost = np.flatnonzero(~there)
    if empty == "refuse" and len(lost):
        raise BadInput(
            f"{where}: box {lost[0]} is {given[lost[0]].tolist()}; it has no area within the picture of {size[0]} x "
            f"{size[1]} pixels; leave it out"
        )
    return Checked(within[there], np.flatnonzero(there), len(lost))


# ------------------------------------------------------------------------------------------------------------ grey maps
def read_map(path: Path | str, size: Size | None = None, *, tolerance: float = 0.02) -> np.ndarray:
    """The grey map in a file, upright, uint8 (height, width); brought to `size` as by `fit_map`.

    Raises:
        BadInput: what `read_picture` refuses, and a map of another form than its picture; with the file's name.
    """
    grey = np.asarray(read_picture(path).convert("L"))
    return grey if size is None else fit_map(grey, size, tolerance=tolerance, where=str(path))


def fit_map(grey: np.ndarray, size: Size, *, tolerance: float = 0.02, where: str = "map") -> np.ndarray:
    """The map at its picture's size, resized bilinearly with antialiasing where it has another.

    Args:
        grey: uint8 (h, w).
        size: (width, height) of the picture.
        tolerance: by which share the ratio of the map's sides may differ from that of the picture's; a thumbnail's
            sides are rounded.
        where: the map's file, for messages.

    Raises:
        BadInput: not uint8 (h, w), or the ratios differ more: the map is of another picture, cropped or on its side.
    """
    grey, (width, height) = _grey(grey, where), _size(size, where)
    high, wide = grey.shape
    if (wide, high) == (width, height):
        return grey
    if abs(wide * height / (high * width) - 1) > tolerance:
        raise BadInput(
            f"{where}: the map has {wide} x {high} pixels and its picture {width} x {height}, which is another form; "
            "find the map of this picture, or leave the picture out"
        )
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR))


def boxes_from_map(grey: np.ndarray, rule: MapRule = RULE, *, where: str = "map") -> np.ndarray:
    """Boxes of the regions of a grey map, the largest first (by pixels; of equal ones the upper, then the left).

    An empty or flat map has none. Boxes of different regions may overlap, as of an L around a square.

    Args:
        grey: uint8 (h, w), bright where many marked the picture.
        rule: what makes a region.
        where: the map's file, for messages.

    Returns:
        float64 (k, 4), k from 0 to `rule.most`, whole pixels of the map.

    Raises:
        BadInput: not uint8 (h, w).
    """
    return _regions(grey, rule, where)[0]


def mask_from_map(grey: np.ndarray, rule: MapRule = RULE, *, where: str = "map") -> np.ndarray:
    """Where the regions of a grey map are, to the pixel: bool (h, w). Arguments and errors as in `boxes_from_map`."""
    return _regions(grey, rule, where)[1]


def _regions(grey: np.ndarray, rule: MapRule, where: str) -> tuple[np.ndarray, np.ndarray]:
    from skimage.measure import label, regionprops

    grey = _grey(grey, where)
    top, bottom = int(grey.max()), int(grey.min())
    if top < rule.faintest or top - bottom < rule.flat * top:
        return np.zeros((0, 4)), np.zeros(grey.shape, bool)
    # As long as `flat` may be 0 the mean decides too: nothing is above the mean of an even map.
    numbered = label((grey >= rule.top * top) & (grey > grey.mean()), connectivity=2)
    large = [region for region in regionprops(numbered) if region.area >= rule.smallest * grey.size]
    kept = sorted(large, key=lambda region: (-region.area, region.bbox))[: rule.most]
    boxes = [(left, up, right, down) for up, left, down, right in (region.bbox for region in kept)]
    return as_boxes(boxes), np.isin(numbered, [region.label for region in kept])


# ------------------------------------------------------------------------------------------------------------- geometry
def scale_boxes(boxes: Boxes, source: Size, target: Size) -> np.ndarray:
    """The boxes of a picture after the whole of it is resized, as for a network and back: float64 (k, 4).

    Args:
        boxes: k boxes in pixels of a picture of `source` (width, height).
        target: (width, height) afterwards.

    Raises:
        BadInput: what `as_boxes` refuses, sizes below one pixel.
    """
    wide, high = np.array(_size(target, "target"), float) / np.array(_size(source, "source"), float)
    return as_boxes(boxes) * [wide, high, wide, high]


def areas(boxes: Boxes, size: Size) -> np.ndarray:
    """The share of its picture that each box takes, (k,); boxes lie within the picture (`check_boxes`)."""
    width, height = _size(size, "areas")
    found = as_boxes(boxes)
    return (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1]) / (width * height)


def coverage(boxes: Boxes, size: Size) -> float:
    """The share of the picture that lies in one box or more, in [0, 1]; what lies outside does not count."""
    width, height = _size(size, "coverage")
    found = np.clip(as_boxes(boxes), 0, (width, height) * 2)
    # The lines of all sides cut the picture into cells that are wholly inside or outside of each box.
    across, down = np.unique(found[:, 0::2]), np.unique(found[:, 1::2])
    inside = np.zeros((max(len(down) - 1, 0), max(len(across) - 1, 0)))
    lefts, rights = (np.searchsorted(across, found[:, side]) for side in (0, 2))
    tops, bottoms = (np.searchsorted(down, found[:, side]) for side in (1, 3))
    for left, right, top, bottom in zip(lefts, rights, tops, bottoms, strict=True):
        inside[top:bottom, left:right] = 1
    return min(float((np.outer(np.diff(down), np.diff(across)) * inside).sum()) / (width * height), 1.0)


def overlaps(first: Boxes, second: Boxes) -> np.ndarray:
    """Intersection over union of every box of one list with every box of another: (k, m) in [0, 1].

    Boxes without area overlap with nothing.
    """
    return paired_overlaps(as_boxes(first)[:, None], as_boxes(second)[None])


def paired_overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (..., 4) that `as_boxes` made, one by one: (...), after broadcasting."""
    shared = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def mask_of(boxes: Boxes, size: Size) -> np.ndarray:
    """The pixels whose middle lies in a box: bool (height, width).

    A box so small that it holds no pixel's middle marks the pixel that its own middle lies in, so that no region
    vanishes.

    Raises:
        BadInput: what `check_boxes` refuses, with clipping.
    """
    width, height = _size(size, "mask_of")
    mask = np.zeros((height, width), bool)
    for left, top, right, bottom in check_boxes(boxes, size, where="mask_of").boxes:
        rows, columns = _pixels(top, bottom, height), _pixels(left, right, width)
        mask[rows, columns] = True
    return mask


def _pixels(start: float, stop: float, length: int) -> slice:
    first, end = int(np.ceil(start - 0.5)), int(np.ceil(stop - 0.5))
    if end <= first:
        first = min(int((start + stop) / 2), length - 1)
        end = first + 1
    return slice(first, end)


def _size(size: Size, where: str) -> Size:
    try:
        width, height = size
        whole = int(width) == width and int(height) == height
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{where}: a size is (width, height), not {size!r}") from error
    if not whole or min(width, height) < 1:
        raise BadInput(f"{where}: a size is (width, height) in pixels, from 1 on, not {size!r}")
    return int(width), int(height)


def _grey(grey: np.ndarray, where: str) -> np.ndarray:
    if not isinstance(grey, np.ndarray) or grey.dtype != np.uint8 or grey.ndim != 2 or grey.size == 0:
        what = f"{grey.dtype} {grey.shape}" if isinstance(grey, np.ndarray) else type(grey).__name__
        raise BadInput(f"{where}: a grey map is a uint8 array (height, width), not {what}; see read_map")
    return grey
