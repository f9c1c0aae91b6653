"""Machajdik & Hanbury's features in four groups, 95 numbers (chapter 1, You et al.'s comparison).

J. Machajdik & A. Hanbury, "Affective image classification using features inspired by psychology and art theory" (ACM
Multimedia 2010), collect colour, texture, composition and content:

===========  =======  ==============================================================================================
group        numbers  what
===========  =======  ==============================================================================================
color        2        mean saturation and brightness
             3        pleasure, arousal, dominance by Valdez & Mehrabian (see ``emolib.features.color``)
             8        circular statistics of hue, plain and weighted by saturation
             1        colourfulness (see ``colourfulness``)
             11       shares of the eleven basic colours (see ``emolib.features.focal``)
             7        Itten's contrasts (see ``itten``)
             19       Wang's histograms (see ``wang``)
texture      12       wavelets: for each of H, S, V the mean size of the details of levels 1, 2, 3, and their sum
             3        Tamura's coarseness, contrast, directionality (see ``grain``)
             12       co-occurrence: contrast, correlation, energy, homogeneity for each of H, S, V
composition  1        level of detail: log of the number of regions (see ``segments``)
             3        low depth of field: share of the third level's detail energy of H, S, V in the picture's middle
             6        dynamics: static and dynamic lines (see ``lines``)
             3        rule of thirds: mean H, S, V of the middle ninth
content      2        number of frontal faces, and the largest one's share of the picture (see ``faces``)
             2        share of skin, and skin relative to faces
===========  =======  ==============================================================================================

The paper works in the colour space IHSL; here it is HSV throughout, like the sources that it follows (Datta et al.,
ECCV 2006, for wavelets, depth of field and thirds). Datta's middle for the depth of field is the inner 4 of 16 blocks.
Skin is what has Cb from 77 to 127 and Cr from 133 to 173 (Chai & Ngan, IEEE TCSVT 9, 1999). "Skin relative to faces"
is skin area / (skin area + faces' area), 0 without a face: our reading, which stays between 0 and 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from emolib.features.artistic.colourfulness import HUE_NAMES, colourfulness, hue_statistics
from emolib.features.artistic.faces import find_faces
from emolib.features.artistic.grain import GLCM_MEASURES, TAMURA_NAMES, cooccurrence, tamura
from emolib.features.artistic.itten import ITTEN_NAMES
from emolib.features.artistic.lines import LINE_NAMES, line_features
from emolib.features.artistic.shared import SMALLEST, Picture
from emolib.features.artistic.wang import NAMES as WANG_NAMES
from emolib.features.artistic.wang import picture_wang
from emolib.features.artistic.wavelets import details
from emolib.features.batch import check_batch, each_picture
from emolib.features.focal import BASIC_COLOURS

LEVELS = 3
_CHANNELS = ("hue", "saturation", "value")

_COLOR = (
    *("mean_saturation", "mean_brightness", "pleasure", "arousal", "dominance"),
    *HUE_NAMES,
    "colourfulness",
    *(f"colour_{name}" for name in BASIC_COLOURS),
    *ITTEN_NAMES,
    *WANG_NAMES,
)
_TEXTURE = (
    *(f"wavelet_{channel}_{part}" for channel in _CHANNELS for part in ("level1", "level2", "level3", "sum")),
    *TAMURA_NAMES,
    *(f"glcm_{channel}_{measure}" for channel in _CHANNELS for measure in GLCM_MEASURES),
)
_COMPOSITION = (
    "level_of_detail",
    *(f"depth_of_field_{channel}" for channel in _CHANNELS),
    *LINE_NAMES,
    *(f"thirds_{channel}" for channel in _CHANNELS),
)
_CONTENT = ("faces", "largest_face", "skin", "skin_relative_to_faces")

NAMES = _COLOR + _TEXTURE + _COMPOSITION + _CONTENT
"""Names of the columns."""


def _slices(*groups: tuple[str, tuple[str, ...]]) -> dict[str, slice]:
    ends = np.cumsum([len(names) for _, names in groups]).tolist()
    return {name: slice(end - len(names), end) for (name, names), end in zip(groups, ends, strict=True)}


GROUPS = _slices(("color", _COLOR), ("texture", _TEXTURE), ("composition", _COMPOSITION), ("content", _CONTENT))


def machajdik_features(batch: np.ndarray, workers: int | None = None) -> np.ndarray:
    """All numbers of every picture: float32 (n, len(NAMES)), columns NAMES, all finite.

    ``batch`` is uint8 RGB (n, h, w, 3), 64 x 64 pixels or more. Raises BadInput for what is no such batch.
    """
    return each_picture(_one, check_batch(batch, smallest=SMALLEST), workers)


def _one(rgb: np.ndarray) -> np.ndarray:
    return picture_machajdik(Picture(rgb)).astype(np.float32)


def picture_machajdik(picture: Picture) -> np.ndarray:
    """The numbers of one picture, float64."""
    wavelets = details(picture.hsv, LEVELS)
    return np.concatenate(
        [_color(picture), _texture(picture, wavelets), _composition(picture, wavelets[-1]), _content(picture)]
    )


def _color(picture: Picture) -> np.ndarray:
    found = picture.colour
    named = ["mean_saturation", "mean_value", "pleasure", "arousal", "dominance"]
    return np.concatenate(
        [
            [found[name] for name in named],
            hue_statistics(picture.hsv),
            [colourfulness(picture.rgb)],
            [found[f"colour_{name}"] for name in BASIC_COLOURS],
            picture.itten,
            picture_wang(picture),
        ]
    )


def _texture(picture: Picture, wavelets: list[np.ndarray]) -> np.ndarray:
    sizes = np.array([np.abs(level).mean(axis=(1, 2, 3), dtype=np.float64) for level in wavelets])  # (levels, channels)
    glcm = [cooccurrence(plane) for plane in picture.hsv]
    return np.concatenate([np.vstack([sizes, sizes.sum(axis=0)]).T.ravel(), tamura(picture.grey), *glcm])


def _composition(picture: Picture, coarse: np.ndarray) -> np.ndarray:
    lines = line_features(picture.small_grey)
    thirds = inner_third(picture.hsv).mean(axis=(1, 2), dtype=np.float64)
    return np.concatenate([[np.log(len(picture.regions.shares))], depth_of_field(coarse), lines, thirds])


def depth_of_field(coarse: np.ndarray) -> np.ndarray:
    """Share of the energy of details (channels, 3, rows, columns) that lies in the inner 4 of 16 blocks: (channels,).

    Without any detail it is 1/4, as for even detail.
    """
    rows, columns = coarse.shape[2:]
    energy = (coarse.astype(np.float64) ** 2).sum(axis=1)
    inner = energy[:, rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4].sum(axis=(1, 2))
    total = energy.sum(axis=(1, 2))
    return np.divide(inner, total, out=np.full(len(total), 0.25), where=total > 1e-9)


def inner_third(planes: np.ndarray) -> np.ndarray:
    """The middle ninth of planes (n, h, w): from one third to two thirds of either side."""
    height, width = planes.shape[1:]
    return planes[:, height // 3 : height - height // 3, width // 3 : width - width // 3]


def _content(picture: Picture) -> np.ndarray:
    faces = find_faces(picture.grey)
    size = picture.grey.size
    skin = skin_pixels(picture.rgb) / size
    areas = faces[:, 2] ** 2 / size
    relative = skin / (skin + areas.sum()) if len(faces) and skin else 0.0
    return np.array([len(faces), areas.max(initial=0), skin, relative])


@njit(nogil=True, cache=True)
def skin_pixels(rgb: np.ndarray) -> int:
    """Number of pixels of a uint8 picture (h, w, 3) with Cb from 77 to 127 and Cr from 133 to 173 (BT.601)."""
    count = 0
    for y in range(rgb.shape[0]):
        for x in range(rgb.shape[1]):
            red, green, blue = np.float64(rgb[y, x, 0]), np.float64(rgb[y, x, 1]), np.float64(rgb[y, x, 2])
            cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue
            cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
            count += 77 <= cb <= 127 and 133 <= cr <= 173
    return count
