"""From the planted distribution of a scene to what a corpus records of it. Nothing here looks at pixels.

With P the distribution of emotions of a picture (`model`), e its drawn emotion:

- `emotion`: e, replaced with probability `label_noise` by one of the eight, each as likely.
- `votes_*`: five workers look. A worker who pays attention (probability `reliability`) says what the picture evokes in
  this worker, an own draw from P; another says any of the eight. Workers differ where P is spread out, as people do.
- `query`: the word by which the picture was found: e, replaced with probability `query_noise` by another of the eight.
- `valence`, `arousal`: twenty raters. Each has an own draw f from P and answers 5 + 3 (cos t_f, sin t_f) + noise,
  with a standard deviation of 1, rounded to whole numbers from 1 to 9; t_f is the angle of f on the circumplex
  (`kinds.ON_CIRCLE`). Recorded are the mean and the standard deviation over the twenty.
- `keywords`: the names of the things and the words of background and light, each left out with probability
  `missing_keywords`; up to two names of things that are not there, each with probability `wrong_keywords`; with
  probability 1/2 one word for an own draw from P (`words`).
- `boxes`: around each thing, far ones first. `weights`: what each thing adds to the likeliest emotion e* = argmax P,
  max(0, object x W_o[o_j, e*] / m), divided by the largest such share in the picture, that of the surroundings
  (background x W_b[b, e*] + palette x W_p[p, e*]) included. `regions`: boxes of things with a weight of 1/2 or more.
- `split`: 80% of the groups are "train", 5% "val", 15% "test", as FI is usually split.

A near-duplicate shares scene and e with its original; noise, workers, raters, query and keywords are its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emolib.corpora.scenes.chance import draw, normal, uniform
from emolib.corpora.scenes.kinds import BACKGROUNDS, PALETTES, background_weights, directions, palette_weights
from emolib.corpora.scenes.model import MOST, STREAMS, Latents, Parameters, latents, object_weights
from emolib.corpora.scenes.objects import objects
from emolib.corpora.scenes.places import layout, seen
from emolib.corpora.scenes.words import ALL_EMOTION_WORDS, EACH
from emolib.emotions import MIKELS
from emolib.errors import BadInput

WORKERS, RATERS = 5, 20
WRONG = 2
EMOTION_WORD = 0.5
SPLITS = (("train", 0.80), ("val", 0.85), ("test", 1.0))
BLOCK = 20_000
SEPARATOR = "|"


def records(parameters: Parameters, start: int = 0, stop: int | None = None) -> pd.DataFrame:
    """The records of the pictures from `start` to `stop` - 1 (default: all); columns as the card of the corpus says.

    Any slice equals the same rows of the whole. Raises BadInput when it does not lie within `count`.
    """
    stop = parameters.count if stop is None else stop
    whole = all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in (start, stop))
    if not whole or not 0 <= start <= stop <= parameters.count:
        raise BadInput(f"scenes: pictures run from 0 to {parameters.count}, not from {start!r} to {stop!r}")
    tables = [_block(parameters, np.arange(at, min(at + BLOCK, stop))) for at in range(start, stop, BLOCK)]
    return pd.concat(tables, ignore_index=True) if tables else _block(parameters, np.arange(0))


def blocks(parameters: Parameters, size: int = BLOCK) -> Iterator[pd.DataFrame]:
    """All records, at most `size` at a time, so that a million need no more memory than one block."""
    for start in range(0, parameters.count, size):
        yield records(parameters, start, min(start + size, parameters.count))


def file_name(index: int) -> str:
    """Path of a picture within the folder of its laboratory: its number and nothing else."""
    return f"{index // 1000:04d}/{index:07d}.jpg"


def contributions(parameters: Parameters, scene: Latents) -> tuple[np.ndarray, np.ndarray]:
    """How much things (n, 3; the picture's own order) and surroundings (n,) add to the likeliest emotion, 0 to 1.

    The largest of a picture is 1, unless nothing adds anything: then all are 0. Columns past the number are 0.
    """
    leading = scene.probabilities.argmax(axis=1)
    things = parameters.object * object_weights(parameters)[scene.objects, leading[:, None]] / scene.number[:, None]
    things = np.maximum(things, 0) * (np.arange(MOST) < scene.number[:, None])
    around = (
        parameters.background * background_weights()[scene.background, leading]
        + parameters.palette * palette_weights()[scene.palette, leading]
    )
    around = np.maximum(around, 0)
    most = np.maximum(things.max(axis=1), around)
    most[most == 0] = 1
    return things / most[:, None], around / most


def _block(parameters: Parameters, index: np.ndarray) -> pd.DataFrame:
    scene = latents(parameters, index)
    p, number = scene.probabilities, scene.number
    seed, names = parameters.seed, np.array(MIKELS, dtype=object)

    u = uniform(seed, index, STREAMS["query"], 4)
    noisy = u[:, 0] < parameters.label_noise
    emotion = np.where(noisy, (u[:, 1] * 8).astype(np.int64), scene.emotion)
    query = (scene.emotion + (u[:, 2] < parameters.query_noise) * (1 + (u[:, 3] * 7).astype(np.int64))) % 8

    valence, arousal = _ratings(seed, index, p)
    table = {
        "image": [file_name(int(i)) for i in index],
        "group": [f"{i:07d}" for i in scene.original.tolist()],
        "split": _splits(seed, scene.original),
        "emotion": names[emotion],
        **{f"p_{name}": p[:, k] for k, name in enumerate(MIKELS)},
        **{f"votes_{name}": votes for name, votes in zip(MIKELS, _votes(parameters, index, p).T, strict=True)},
        "query": names[query],
        "valence": valence.mean(axis=1),
        "arousal": arousal.mean(axis=1),
        "valence_sd": valence.std(axis=1, ddof=1),
        "arousal_sd": arousal.std(axis=1, ddof=1),
    }
    placed = layout(parameters, scene)
    boxes = seen(placed, parameters.size).tolist()
    order, chosen = placed.order, np.take_along_axis(scene.objects, placed.order, axis=1)
    weights = np.take_along_axis(contributions(parameters, scene)[0], order, axis=1).round(4).tolist()
    counts, codes = number.tolist(), objects().codes
    table["boxes"] = [row[:m] for row, m in zip(boxes, counts, strict=True)]
    table["regions"] = [
        [box for box, weight in zip(row[:m], own, strict=False) if weight >= 0.5]
        for row, own, m in zip(boxes, weights, counts, strict=True)
    ]
    table["objects"] = [
        SEPARATOR.join(codes[k] for k in row[:m]) for row, m in zip(chosen.tolist(), counts, strict=True)
    ]
    table["weights"] = [own[:m] for own, m in zip(weights, counts, strict=True)]
    table["background"] = np.array([kind.name for kind in BACKGROUNDS], dtype=object)[scene.background]
    table["palette"] = np.array([palette.name for palette in PALETTES], dtype=object)[scene.palette]
    table["keywords"] = _keywords(parameters, scene)
    table["duplicate_of"] = [
        "" if i == original else file_name(original)
        for i, original in zip(index.tolist(), scene.original.tolist(), strict=True)
    ]
    return pd.DataFrame(table)


def _splits(seed: int, original: np.ndarray) -> np.ndarray:
    u = uniform(seed, original, STREAMS["split"], 1)
    edges, labels = [edge for _, edge in SPLITS[:-1]], [label for label, _ in SPLITS]
    return np.array(labels, dtype=object)[(u >= edges).sum(axis=1)]


def _votes(parameters: Parameters, index: np.ndarray, p: np.ndarray) -> np.ndarray:
    """How many of the five workers chose each emotion: int64 (n, 8)."""
    u = uniform(parameters.seed, index, STREAMS["workers"], 2 * WORKERS)
    attentive = u[:, :WORKERS] < parameters.reliability
    said = np.where(attentive, draw(p, u[:, WORKERS:]), (u[:, WORKERS:] * 8).astype(np.int64))
    return (said[:, :, None] == np.arange(8)).sum(axis=1)


def _ratings(seed: int, index: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valence and arousal by each rater, float64 (n, 20) each, whole numbers from 1 to 9."""
    u = uniform(seed, index, STREAMS["raters"], 5 * RATERS).reshape(len(index), 5, RATERS)
    felt = directions()[draw(p, u[:, 0])]
    answers = (5 + 3 * felt[:, :, k] + normal(u[:, 1 + 2 * k], u[:, 2 + 2 * k]) for k in (0, 1))
    valence, arousal = (np.clip(np.rint(answer), 1, 9) for answer in answers)
    return valence, arousal


def _keywords(parameters: Parameters, scene: Latents) -> list[str]:
    """The keywords of each picture, joined by '|', each once, in an order that tells nothing."""
    known = objects()
    u = uniform(parameters.seed, scene.index, STREAMS["keywords"], 19)
    felt = draw(scene.probabilities, u[:, 14:15])[:, 0] * EACH + (u[:, 15] * EACH).astype(np.int64)
    wrong = (u[:, 12:14] * len(known)).astype(np.int64).tolist()
    kept, added = (
        (u[:, :10] >= parameters.missing_keywords).tolist(),
        (u[:, 10:12] < parameters.wrong_keywords).tolist(),
    )
    emotional = (u[:, 16] < EMOTION_WORD).tolist()
    found = []
    parts = (scene.background, scene.palette, scene.number, scene.objects)
    rows = zip(*(part.tolist() for part in parts), strict=True)
    for i, (kind, palette, number, chosen) in enumerate(rows):
        there = chosen[:number]
        right = [known.names[k] for k in there] + [*BACKGROUNDS[kind].words, *PALETTES[palette].words]
        words = [word for word, keep in zip(right, kept[i], strict=False) if keep]
        words += [known.names[k] for k, add in zip(wrong[i], added[i], strict=True) if add and k not in there]
        if emotional[i]:
            words.append(ALL_EMOTION_WORDS[felt[i]])
        found.append(SEPARATOR.join(sorted(set(words))))
    return found
