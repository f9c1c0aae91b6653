"""How fast chapter 1's four artistic systems are, beside the loop that one would write first and beside bare filters.

All three sides work on the same decoded pictures, one picture after the other on one thread, in small turns, so that
whatever else the machine does slows them alike. Where the loop (``plain_artistic``) computes the same thing as emolib,
the numbers are compared; where a library's own algorithm stands in for ours (regions, faces) or a random draw hangs on
the last bit (lines), they are not.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from scipy import fft

from emolib.bench import turns
from emolib.bench.plain_artistic import plain_loop
from emolib.corpora.pictures import read_resized
from emolib.errors import BadInput, EmolibError
from emolib.features.artistic import SIDE, artistic_features, gabor
from emolib.features.artistic.gaussian import along_x, along_y, kernels
from emolib.features.artistic.yanulevskaya import SCALES
from emolib.features.batch import each_picture

TURN = 2  # pictures a turn
TOLERANCE = 0.01


def run(paths: list[Path], repeats: int = 1) -> dict:
    """Measure on the photographs at ``paths``, squashed to 256 x 256; decoding is not timed.

    Returns name, unit, images a second of our features (``ours``), of the plain loop (``peer``) and of the transforms
    and filters alone (``limit``), and the medians over all turns of ours / peer (``vs_peer``) and ours / limit
    (``vs_limit``). Of many photographs it takes 24, evenly spread.

    Raises EmolibError when ours and the loop differ by more than 1% in a number that both compute: 1% of its size, or
    of its range over the pictures where that is larger.
    """
    if not paths or repeats < 1:
        raise BadInput(f"The benchmark needs at least one picture and one repeat, not {len(paths)} and {repeats}.")
    paths = paths[:: max(1, len(paths) // 24)][:24]
    pictures = np.stack([read_resized(path, SIDE, crop="squash") for path in paths])
    sides = {"ours": _ours, "peer": plain_loop, "limit": filters}
    for side in sides.values():  # compiled code, filters, tables
        side(pictures[:1])
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    sizes, found = [], []
    for repeat in range(repeats):
        for start in range(0, len(pictures), TURN):
            turn = pictures[start : start + TURN]
            results = {}
            for name, side in sides.items():
                elapsed, results[name] = turns.timed(side, turn)
                seconds[name].append(elapsed)
            sizes.append(len(turn))
            if repeat == 0:
                found.append((results["ours"], results["peer"]))
    _compare(found, paths)
    return turns.row(
        "artistic_features",
        seconds,
        sizes,
        "images/s",
        peer="the same four systems by a loop over single pictures with scikit-image, SciPy and NumPy on one thread; "
        "equal within 1% where it computes the same",
        limit="the Fourier transforms of the Gabor filters and the Gaussian derivatives alone, of the same sizes on "
        "one thread",
    )


def _ours(batch: np.ndarray) -> dict[str, np.ndarray]:
    return artistic_features(batch, workers=1)


def _compare(found: list[tuple[dict, dict]], paths: list[Path]) -> None:
    """Every column that the loop has, against ours, within TOLERANCE of its spread over pictures or of its size."""
    for system in found[0][1]:
        names = import_module(f"emolib.features.artistic.{system}").NAMES
        for name in found[0][1][system]:
            ours = np.concatenate([a[system][:, names.index(name)] for a, _ in found]).astype(np.float64)
            peer = np.concatenate([b[system][name] for _, b in found])
            apart = np.abs(ours - peer) > TOLERANCE * np.maximum(np.abs(peer), np.ptp(peer)) + 1e-5
            if apart.any():
                row = int(apart.argmax())
                raise EmolibError(f"{paths[row]}: {name} is {ours[row]} here and {peer[row]} in the plain loop.")


# ----------------------------------------------------------------------------------------- the filters and nothing else


def filters(batch: np.ndarray) -> np.ndarray:
    """What the Gabor responses and Gaussian derivatives of three planes cannot do without, on any numbers."""
    return each_picture(partial(_filters, plane=_plane(*batch.shape[1:3])), batch, 1)


def _filters(_picture: np.ndarray, plane: np.ndarray) -> np.ndarray:
    plan = gabor.gabor_plan(*plane.shape)
    bordered = plane.take(plan.mirror[0], axis=0).take(plan.mirror[1], axis=1)
    for _ in range(3):
        spectrum = fft.fft2(bordered)
        for one in plan.filters:
            piece = spectrum[: len(one.rows), : len(one.columns)]
            wave = fft.ifft(piece, one.grid[0], axis=0, norm="forward")[one.inside[0]]
            wave = fft.ifft(wave, one.grid[1], axis=1, norm="forward")
        for sigma in SCALES:
            smooth, slope = kernels(sigma)
            rough = along_y(along_x(plane, slope), smooth), along_y(along_x(plane, smooth), slope)
    return np.array([wave[0, 0].real, rough[0][0, 0], rough[1][0, 0]])


def _plane(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((height, width), dtype=np.float32)
