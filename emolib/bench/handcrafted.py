"""How fast chapter 2's hand-made features are, beside the loop that one would write first and beside bare transforms.

All three sides work on the same decoded pictures, one after the other in small turns, so that whatever else the machine
does slows them alike. The loop is not made slow on purpose: it builds its filters and its colour tree once, counts with
``bincount``, and uses the libraries' own functions wherever there is one.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.spatial import KDTree

from emolib.bench import turns
from emolib.corpora.pictures import read_resized
from emolib.errors import BadInput, EmolibError
from emolib.features.batch import each_picture
from emolib.features.filters import GistPlan, gist_plan
from emolib.features.focal import focal_colours
from emolib.features.low import LOW_NAMES, low_features
from emolib.features.texture import CELLS, ORIENTATIONS

SIDE = 256
TURN = 8  # pictures a turn
TOLERANCE = 1e-3


def run(paths: list[Path], repeats: int = 3) -> dict:
    """Measure on the photographs at ``paths``, cropped and resized to 256 x 256; decoding is not timed.

    Returns name, unit, images a second of our features (``ours``), of the plain loop (``peer``) and of the transforms
    alone (``limit``), and the medians over all turns of ours / peer (``vs_peer``) and ours / limit (``vs_limit``).
    Raises EmolibError when ours and the loop differ by more than 0.1% in any number of any picture.
    """
    if not paths or repeats < 1:
        raise BadInput(f"The benchmark needs at least one picture and one repeat, not {len(paths)} and {repeats}.")
    pictures = np.stack([read_resized(path, SIDE, crop="center") for path in paths])
    sides = {"ours": low_features, "peer": plain_loop, "limit": transforms}
    for side in sides.values():  # filters, tables, code pages
        side(pictures[:TURN])
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    sizes = []
    for repeat in range(repeats):
        for start in range(0, len(pictures), TURN):
            turn = pictures[start : start + TURN]
            results = {}
            for name, side in sides.items():
                elapsed, results[name] = turns.timed(side, turn)
                seconds[name].append(elapsed)
            sizes.append(len(turn))
            if repeat == 0:
                _compare(results["ours"], results["peer"], paths[start : start + TURN])
    return turns.row(
        "handcrafted",
        seconds,
        sizes,
        "images/s",
        peer="the same 593 features by a loop over single pictures with scikit-image and NumPy, double precision, one "
        "filter at a time; equal within 0.1%",
        limit="the Fourier transforms of GIST alone, of the same sizes on the same threads",
    )


def _compare(ours: np.ndarray, peer: np.ndarray, paths: list[Path]) -> None:
    apart = np.abs(ours - peer) > TOLERANCE * np.abs(peer) + 1e-6  # the last for features that are 0
    if apart.any():
        row, column = np.argwhere(apart)[0]
        raise EmolibError(
            f"{paths[row]}: {LOW_NAMES[column]} is {ours[row, column]} here and {peer[row, column]} in the plain loop."
        )


# ------------------------------------------------------------------------------------------------------ the plain loop


def plain_loop(batch: np.ndarray) -> np.ndarray:
    """The 593 features (n, 593), columns LOW_NAMES, computed without anything of emolib but the colour centres."""
    return np.array([np.concatenate([_colour(p), _gist(p), _lbp(p)]) for p in batch])


@lru_cache(maxsize=1)
def _colour_tree() -> tuple[KDTree, np.ndarray]:
    lab, names = focal_colours()
    return KDTree(lab), names


def _colour(picture: np.ndarray) -> np.ndarray:
    from skimage.color import rgb2hsv, rgb2lab

    hsv = rgb2hsv(picture).reshape(-1, 3)
    hue, saturation, value = hsv.mean(axis=0)
    bins = np.minimum((hsv * [8, 4, 4] + 1e-9).astype(int), [7, 3, 3]) @ [16, 4, 1]
    filled = np.bincount(bins, minlength=128)
    tree, names = _colour_tree()
    _, nearest = tree.query(rgb2lab((picture // 8 * 8 + 3.5) / 255).reshape(-1, 3))
    shares = np.bincount(names[nearest], minlength=11) / len(hsv)
    pad = [0.69 * value + 0.22 * saturation, -0.31 * value + 0.60 * saturation, -0.76 * value + 0.32 * saturation]
    peak = [filled.argmax() / 127, filled.max() / len(hsv)]
    return np.concatenate([picture.reshape(-1, 3).mean(axis=0) / 255, [hue, saturation, value], peak, shares, pad])


def _lbp(picture: np.ndarray) -> np.ndarray:
    from PIL import Image
    from skimage.feature import local_binary_pattern

    grey = np.asarray(Image.fromarray(picture).convert("L"))
    return np.bincount(local_binary_pattern(grey, 8, 1, "nri_uniform").astype(int).ravel(), minlength=59) / grey.size


def _grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Horizontal and vertical frequency in cycles a picture, laid out as np.fft.fft2 does."""
    frequency = np.fft.fftfreq(side, 1 / side)
    return np.meshgrid(frequency, frequency)


@lru_cache(maxsize=1)
def _filters(side: int) -> np.ndarray:
    fx, fy = _grid(side)
    radius, angle = np.hypot(fx, fy) / side, np.arctan2(fy, fx)
    filters = []
    for scale in range(4):
        for direction in range(8):
            turn = angle + np.pi * direction / 8
            turn[turn > np.pi] -= 2 * np.pi
            filters.append(np.exp(-3.5 * (radius / (0.3 / 1.85**scale) - 1) ** 2 - 2 * np.pi * turn**2))
    return np.array(filters)


@lru_cache(maxsize=1)
def _low_pass(side: int) -> np.ndarray:
    fx, fy = _grid(side)
    return np.exp(-(fx**2 + fy**2) * np.log(2) / 16)


def _gist(picture: np.ndarray) -> np.ndarray:
    grey = picture.mean(axis=2)
    grey = grey - grey.min()
    log = np.pad(np.log(255 * grey / max(grey.max(), 1e-9) + 1), 5, mode="symmetric")
    low = _low_pass(len(log))
    log = log - np.fft.ifft2(np.fft.fft2(log) * low).real
    log = log / (0.2 + np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(log**2) * low))))
    image = np.pad(log[5:-5, 5:-5], 32, mode="symmetric")
    spectrum = np.fft.fft2(image)
    features = []
    for gain in _filters(len(image)):
        response = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
        features.append(response.reshape(4, SIDE // 4, 4, SIDE // 4).mean(axis=(1, 3)).ravel())
    return np.concatenate(features)


# ------------------------------------------------------------------------------------------------- the transforms alone


def transforms(batch: np.ndarray) -> np.ndarray:
    """The forward and all inverse transforms that GIST needs for every picture, on numbers that do not matter."""
    return each_picture(partial(_transforms, plan=gist_plan(*batch.shape[1:3], ORIENTATIONS, CELLS)), batch)


def _transforms(picture: np.ndarray, plan: GistPlan) -> np.ndarray:
    rows, columns = (len(mirror) for mirror in plan.border_mirror)
    spectrum = fft.fft2(_image(rows, columns))
    for bank in plan.banks:
        piece = np.broadcast_to(spectrum[bank.rows, bank.columns], bank.gains.shape)
        if bank.columns_first:
            piece = fft.ifft(fft.ifft(piece, bank.grid[0], axis=1)[:, bank.kept], bank.grid[1], axis=2)
        else:
            piece = fft.ifft(fft.ifft(piece, bank.grid[1], axis=2)[:, :, bank.kept], bank.grid[0], axis=1)
    return piece[0, 0]


@lru_cache(maxsize=1)
def _image(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32)
