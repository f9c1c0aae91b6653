"""The four artistic systems of chapter 1 as the loop that one would write first: what their benchmark compares with.

The loop is not made slow on purpose: it takes scikit-image, SciPy and NumPy for what they have, builds filters once,
and works on whole arrays. Of emolib it takes constants, the colour names, and the functions that are a few lines of
NumPy, or calls to a library, and would be the same here (lines, saliency, harmony, movement).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from skimage.color import rgb2gray, rgb2hsv, rgb2lab, rgb2luv
from skimage.feature import Cascade, graycomatrix, graycoprops
from skimage.segmentation import felzenszwalb

from emolib.features.artistic import balance, gabor, itten, lines, saliency, segments, zhao
from emolib.features.artistic.weibull import FLOOR
from emolib.features.color import COLOR_NAMES, color_features
from emolib.features.focal import BASIC_COLOURS

Named = dict[str, float]


def plain_loop(batch: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """By system and column, the numbers (n,) of a batch (n, h, w, 3) that are defined alike on both sides."""
    rows = [_picture(picture) for picture in batch]
    return {
        system: {name: np.array([row[system][name] for row in rows]) for name in rows[0][system]} for system in rows[0]
    }


def _picture(rgb: np.ndarray) -> dict[str, Named]:
    hsv, lab, grey = np.moveaxis(rgb2hsv(rgb), 2, 0), np.moveaxis(rgb2lab(rgb), 2, 0), np.rint(_luma(rgb))
    lab[1:, np.ptp(rgb, axis=2) == 0] = 0  # rounding would give greys a hue
    small = [plane.reshape(len(plane) // 2, 2, -1, 2).mean(axis=(1, 3)) for plane in (*lab, grey / 255)]
    labels = felzenszwalb(np.stack(small[:3], axis=-1), scale=segments.SCALE, sigma=0, min_size=small[0].size // 800)
    flat, counts = labels.ravel(), np.bincount(labels.ravel())
    means = np.stack([np.bincount(flat, plane.ravel()) / counts for plane in small[:3]], axis=1)
    itten.itten(segments.Regions(labels, counts / flat.size, means))
    colour = dict(zip(COLOR_NAMES, color_features(rgb[None], workers=1)[0], strict=True))
    planes = np.tensordot(rgb, _OPPONENT, axes=(2, 1)).transpose(2, 0, 1)
    stripes = np.array([_gabor(plane) for plane in planes])
    wang = _wang(lab)
    return {
        "machajdik": _machajdik(rgb, hsv, grey, small[3], colour) | wang,
        "yanulevskaya": _named_gabor(stripes) | _wiccest(planes),
        "wang": wang,
        "zhao": _zhao(lab, hsv, grey, np.array(small[:3]), colour, stripes[0]),
    }


def _luma(rgb: np.ndarray) -> np.ndarray:
    return rgb @ [0.299, 0.587, 0.114]


_OPPONENT = np.array([[0.06, 0.63, 0.27], [0.30, 0.04, -0.35], [0.34, -0.60, 0.17]])

# ----------------------------------------------------------------------------------------------------------- Machajdik


def _machajdik(rgb: np.ndarray, hsv: np.ndarray, grey: np.ndarray, small_grey: np.ndarray, colour: Named) -> Named:
    row = {name: colour[name] for name in ("mean_saturation", "pleasure", "arousal", "dominance")}
    row |= {f"colour_{name}": colour[f"colour_{name}"] for name in BASIC_COLOURS}
    _hue(hsv)
    row["colourfulness"] = _colourfulness(rgb)
    _wavelets(hsv)
    for name, plane in zip(("hue", "saturation", "value"), hsv, strict=True):
        levels = np.minimum(plane * 32 + 1e-3, 31).astype(np.uint8)
        matrix = graycomatrix(levels, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], 32, symmetric=True)
        matrix = matrix.sum(axis=3, keepdims=True) / matrix.sum()
        for measure in ("contrast", "correlation", "energy", "homogeneity"):
            row[f"glcm_{name}_{measure}"] = graycoprops(matrix, measure)[0, 0]
        third = (slice(len(plane) // 3, len(plane) - len(plane) // 3),) * 2
        row[f"thirds_{name}"] = plane[third].mean()
    row |= dict(zip(("tamura_coarseness", "tamura_contrast"), _tamura(grey), strict=True))
    lines.line_features(small_grey)
    _detector().detect_multi_scale(rgb2gray(rgb), 1.2, 1, (len(rgb) // 6,) * 2, rgb.shape[:2])
    red, green, blue = np.moveaxis(rgb.astype(float), 2, 0)
    cb = 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.418688 * green - 0.081312 * blue
    row["skin"] = ((cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)).mean()
    return row


@lru_cache(maxsize=1)
def _detector() -> Cascade:
    from skimage.data import lbp_frontal_face_cascade_filename

    return Cascade(lbp_frontal_face_cascade_filename())


def _hue(hsv: np.ndarray) -> list[complex]:
    weights = (hsv[1] > 0).astype(float), hsv[1]
    return [(w * np.exp(2j * np.pi * hsv[0])).sum() / max(w.sum(), 1e-9) for w in weights]


def _colourfulness(rgb: np.ndarray) -> float:
    numbers = (rgb // 64) @ np.array([16, 4, 1])
    counts = np.bincount(numbers.ravel(), minlength=64) * 128
    whole, rest = np.divmod(counts, numbers.size)
    whole[np.argsort(-rest, kind="stable")[: 128 - whole.sum()]] += 1
    steps = (np.arange(4) + 0.5) / 4
    centres = rgb2luv(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3))
    costs = np.linalg.norm(centres[:, None] - centres, axis=-1)
    costs = costs[np.repeat(np.arange(64), whole)][:, np.repeat(np.arange(64), 2)]
    return costs[linear_sum_assignment(costs)].mean()


def _wavelets(hsv: np.ndarray) -> list[float]:
    """Three levels of Daubechies' transform by convolution and every second sample."""
    root = np.sqrt(3)
    low = np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * np.sqrt(2))
    high = low[::-1] * [1, -1, 1, -1]
    sizes = []
    for plane in hsv:
        for _ in range(3):
            rows = [ndimage.correlate1d(plane, k, axis=1, mode="wrap", origin=-1)[:, ::2] for k in (low, high)]
            bands = [ndimage.correlate1d(r, k, axis=0, mode="wrap", origin=-1)[::2] for r in rows for k in (low, high)]
            sizes += [np.abs(band).mean() for band in bands[1:]]
            plane = bands[0]
    return sizes


def _tamura(grey: np.ndarray) -> tuple[float, float]:
    height, width = grey.shape
    best, size = np.full(grey.shape, -1.0), np.zeros(grey.shape)
    for k in range(1, 6):
        half = 2 ** (k - 1)
        means = ndimage.uniform_filter(grey, 2 * half)  # at [y, x]: rows y - half to y + half - 1
        apart = np.maximum(
            np.abs(np.roll(means, half, axis=1) - np.roll(means, -half, axis=1)),
            np.abs(np.roll(means, half, axis=0) - np.roll(means, -half, axis=0)),
        )
        better = apart > best + 1e-9
        best[better], size[better] = apart[better], 2 * half
    across, down = ndimage.prewitt(grey, axis=1), ndimage.prewitt(grey, axis=0)
    strong = np.abs(across) + np.abs(down) >= 24
    np.histogram(np.arctan2(down, across)[strong] % np.pi, 16, (0, np.pi))
    deviation = grey - grey.mean()
    variance = (deviation**2).mean()
    fourth = (deviation**4).mean()
    return size[32 : height - 31, 32 : width - 31].mean(), variance / fourth**0.25 if variance else 0.0


# --------------------------------------------------------------------------------------------------------------- Wang


def _wang(lab: np.ndarray) -> Named:
    lightness, a, b = lab
    chroma, hue = np.hypot(a, b), np.arctan2(b, a)
    warm = (1 + np.cos(hue - np.deg2rad(50)) * np.minimum(1, chroma / 10)) / 2
    row = {}
    for i, name in enumerate(("very_dark", "dark", "middle", "light", "very_light")):
        member = np.interp(lightness, np.arange(10, 91, 20), np.eye(5)[i])
        row[f"wang_{name}_warm"], row[f"wang_{name}_cool"] = (member * warm).mean(), (member * (1 - warm)).mean()
    for i, name in enumerate(("low", "middle", "high")):
        member = np.interp(chroma, [10, 27, 51], np.eye(3)[i])
        row[f"wang_saturation_{name}_warm"] = (member * warm).mean()
        row[f"wang_saturation_{name}_cool"] = (member * (1 - warm)).mean()
    row["wang_colour_contrast"], row["wang_luminance_contrast"] = chroma.std() / 100, lightness.std() / 100
    row["wang_sharpness"] = np.hypot(*np.gradient(lightness))[1:-1, 1:-1].mean() / 100
    return row


# -------------------------------------------------------------------------------------------------------- Yanulevskaya


@lru_cache(maxsize=1)
def _gains(rows: int, columns: int) -> list[np.ndarray]:
    """Gain of each filter over the whole spectrum, cut off at three standard deviations."""
    gains = []
    for wavelength, direction in gabor.FILTERS:
        angle, spread = np.pi * direction / gabor.DIRECTIONS, 1 / (2 * np.pi * 0.56 * wavelength)
        gain = 2.0
        for n, middle, axis in ((rows, np.sin(angle), 1), (columns, np.cos(angle), 0)):
            frequency = np.fft.fftfreq(n)
            # The nearest of all frequencies that look the same at whole pixels.
            away = (frequency - middle / wavelength + 0.5) % 1 - 0.5
            line = np.where(np.abs(away) <= 3 * spread, np.exp(-(away**2) / (2 * spread**2)), 0)
            gain = gain * np.expand_dims(line, axis)
        gains.append(gain)
    return gains


def _gabor(plane: np.ndarray) -> np.ndarray:
    border = gabor.BORDER
    spectrum = np.fft.fft2(np.pad(plane - plane.mean(), border, mode="symmetric"))
    rows = []
    for gain in _gains(*spectrum.shape):
        size = np.abs(np.fft.ifft2(spectrum * gain))[border:-border, border:-border]
        rows.append((size.mean(), size.std()))
    return np.array(rows)


def _named_gabor(stripes: np.ndarray) -> Named:
    names = [(p, w, d) for p in ("intensity", "blue_yellow", "red_green") for w, d in gabor.FILTERS]
    rows = zip(names, stripes.reshape(-1, 2), strict=True)
    return {f"gabor_{p}_wavelength{w}_direction{d}_mean": mean for (p, w, d), (mean, _) in rows}


def _wiccest(planes: np.ndarray) -> Named:
    row = {}
    for name, plane in zip(("intensity", "blue_yellow", "red_green"), planes, strict=True):
        for scale in (1, 3):
            for axis, order in (("x", (0, 1)), ("y", (1, 0))):
                size = np.abs(ndimage.gaussian_filter(plane, scale, order, truncate=3))
                # Cells as the whole numbers that 3 i / n rounds down to.
                cuts = [[-(-k * n // 3) for k in range(4)] for n in size.shape]
                for i in range(3):
                    for j in range(3):
                        cell = size[cuts[0][i] : cuts[0][i + 1], cuts[1][j] : cuts[1][j + 1]]
                        beta, gamma = _weibull(np.maximum(cell.ravel(), FLOOR))
                        place = f"wiccest_{name}_scale{scale}_{axis}_row{i}_column{j}"
                        row[f"{place}_beta"], row[f"{place}_gamma"] = beta, gamma
    return row


def _weibull(sizes: np.ndarray) -> tuple[float, float]:
    """Maximum likelihood by Newton's method on all values."""
    logs = np.log(sizes)
    top = logs.max()
    logs = logs - top
    mean, spread = logs.mean(), logs.std()
    if spread == 0:
        return np.exp(top), 10.0
    gamma = 1.2825 / spread
    for _ in range(30):
        powers = np.exp(gamma * logs)
        total, first = powers.sum(), powers @ logs
        rate = first / total
        slope = (powers * logs) @ logs / total - rate**2 + 1 / gamma**2
        step = (rate - 1 / gamma - mean) / slope
        gamma = np.clip(gamma - step, gamma / 2, 2 * gamma)
        if abs(step) < 1e-6:
            break
    gamma = min(max(gamma, 0.1), 10.0)
    return np.exp(top) * np.exp(gamma * logs).mean() ** (1 / gamma), gamma


# ---------------------------------------------------------------------------------------------------------------- Zhao


def _zhao(lab: np.ndarray, hsv: np.ndarray, grey: np.ndarray, small: np.ndarray, colour: Named, stripes: np.ndarray):  # noqa: ANN202
    row = {}
    lightness, a, b = small.reshape(3, len(small[0]) // 2, 2, -1, 2).mean(axis=(2, 4))
    planes = {"lightness": lightness, "chroma": np.hypot(a, b), "edges": np.hypot(*np.gradient(lightness))}
    for name, plane in planes.items():
        for kind, value in zip(balance.SYMMETRIES[:3], _symmetries(plane), strict=True):
            row[f"symmetry_{name}_{kind}"] = value
        balance.symmetries(plane)[3:]
    row["best_axis_symmetry"] = _best_axis(lightness)
    tiny = grey.reshape(len(grey) // 4, 4, -1, 4).mean(axis=(1, 3)) / 255
    seen = saliency.saliency(tiny)
    row["saliency_off_centre"] = zhao.off_centre(seen)
    row |= dict(zip((f"attention_{mask}" for mask in zhao.MASKS), zhao.attention(seen), strict=True))
    zhao.movement(saliency.fixations(seen))
    distances = balance.template_distances(hsv)
    row |= {f"template_{name}": value for name, value in zip(balance.TEMPLATES, distances, strict=True)}
    agreement = balance.local_agreement(small)
    row |= dict(zip(("hue_agreement", "direction_agreement"), agreement, strict=True))
    row["colours"] = np.mean([colour[f"colour_{name}"] >= zhao.PRESENT for name in BASIC_COLOURS])
    for (wavelength, direction), (mean, _) in zip(gabor.FILTERS, stripes, strict=True):
        row[f"stripes_wavelength{wavelength}_direction{direction}_mean"] = mean
    chroma = np.hypot(lab[1], lab[2])
    _gradation(np.arctan2(lab[2], lab[1]))
    for name, plane in (("lightness", lab[0]), ("chroma", chroma)):
        for axis, (size, smooth) in zip("yx", _gradation(plane), strict=True):
            row[f"gradation_{name}_absolute_{axis}"], row[f"gradation_{name}_relative_{axis}"] = size, smooth
    return row


def _symmetries(plane: np.ndarray) -> list[float]:
    turned = plane[:, ::-1], plane[::-1], plane[::-1, ::-1]
    return [_correlation(plane, other) for other in turned]


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return np.corrcoef(one.ravel(), other.ravel())[0, 1] if one.std() > 1e-3 else 1.0


def _best_axis(plane: np.ndarray) -> float:
    width = plane.shape[1]
    found = []
    for shift in range(-(width // 2), width // 2 + 1):
        part = plane[:, max(0, shift) : width + min(0, shift)]
        found.append(_correlation(part, part[:, ::-1]))
    return max(found)


def _gradation(plane: np.ndarray) -> list[tuple[float, float]]:
    rows, columns = ((n - 1) // 8 for n in plane.shape)
    result = []
    for axis in (0, 1):
        steps = np.diff(plane, axis=axis)[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
        size, along = np.abs(steps).sum(axis=(1, 3)), np.abs(steps.sum(axis=(1, 3)))
        result.append((size.mean() / 64, np.where(size > 1e-3, along / np.maximum(size, 1e-3), 0).mean()))
    return result
