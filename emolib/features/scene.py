"""What the background is made of: the share of the picture that each of 150 categories fills (Kim 2017, section IV-D).

The paper labels every pixel with one of ADE20K's 150 categories. `segformer_fractions` does so with today's networks,
whose weights come from the network. Without it, `VisualWords` finds 150 categories by itself: clusters of what a
pretrained network sees at each place. They have no names, and like the paper's they fill a vector that sums to one.
Used by chapter 2.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import MiniBatchKMeans

from emolib.corpora import pictures
from emolib.errors import BadInput, Unavailable
from emolib.features import cache

CATEGORIES = 150
SEGFORMER = "nvidia/segformer-b0-finetuned-ade-512-512"


class VisualWords:
    """Categories of places, found by clustering; fitted on training pictures only.

    Args:
        words: number of categories.
        seed: of the clustering.
        places: at most so many places are used to fit.
    """

    def __init__(self, words: int = CATEGORIES, seed: int = 0, places: int = 40_000) -> None:
        self.words, self.seed, self.places = words, seed, places
        self._clusters: MiniBatchKMeans | None = None

    def fit(self, maps: np.ndarray) -> VisualWords:
        """Find the categories.

        Args:
            maps: (n, c, h, w), from `deep_features(..., output="lower")`.

        Raises:
            BadInput: fewer places than words.
        """
        cells = _cells(maps)
        if len(cells) < self.words:
            raise BadInput(f"VisualWords: {len(cells)} places do not make {self.words} words; use more pictures")
        if len(cells) > self.places:
            cells = cells[np.random.default_rng(self.seed).choice(len(cells), self.places, replace=False)]
        self._clusters = MiniBatchKMeans(
            self.words, random_state=self.seed, batch_size=4096, n_init=1, max_iter=30, compute_labels=False
        ).fit(cells)
        return self

    def labels(self, maps: np.ndarray) -> np.ndarray:
        """The category of every place, int (n, h, w)."""
        if self._clusters is None:
            raise BadInput("VisualWords: fit comes before labels")
        n, _, h, w = maps.shape
        return self._clusters.predict(_cells(maps)).reshape(n, h, w)

    def transform(self, maps: np.ndarray) -> np.ndarray:
        """Share of each category in each picture, float32 (n, words); rows sum to one."""
        return fractions(self.labels(maps), self.words)


def fractions(labels: np.ndarray, categories: int = CATEGORIES) -> np.ndarray:
    """Share of each category in label maps: int (n, h, w) to float32 (n, categories).

    Raises:
        BadInput: a label outside 0 .. categories - 1.
    """
    labels = np.asarray(labels)
    if labels.size == 0 or labels.min() < 0 or labels.max() >= categories:
        raise BadInput(f"label maps {labels.shape}: labels have to be 0 to {categories - 1}, and there has to be one")
    n = len(labels)
    flat = labels.reshape(n, -1) + categories * np.arange(n)[:, None]
    counts = np.bincount(flat.ravel(), minlength=n * categories).reshape(n, categories)
    return (counts / flat.shape[1]).astype(np.float32)


def segformer_fractions(
    paths: Sequence[Path],
    checkpoint: str | None = None,
    *,
    size: int = 512,
    device: torch.device | str = "cpu",
    batch: int = 8,
    folder: Path | None = None,
    progress: bool = True,
) -> np.ndarray:
    """Share of each of ADE20K's 150 categories, by a SegFormer fine-tuned on it; cached, float32 (n, 150).

    Args:
        paths: the picture files.
        checkpoint: a name on the model hub, or a folder; by default the environment's `EMOLIB_SEGFORMER`, else
            `SEGFORMER`.
        size: side to which pictures are squashed.
        device, batch: where and how many at a time.
        folder, progress: see `cache.cached_rows`.

    Raises:
        Unavailable: `transformers` is not installed, or the weights are out of reach.
        BadInput: the checkpoint does not know 150 categories, or a file is no picture.
    """
    from functools import partial

    from emolib.features.reading import read_blocks

    checkpoint = str(checkpoint or os.environ.get("EMOLIB_SEGFORMER") or SEGFORMER)
    try:
        from transformers import SegformerForSemanticSegmentation
    except ImportError as error:
        raise Unavailable("scene parsing needs one more package: pip install 'emolib[scenes]'") from error
    try:
        network = SegformerForSemanticSegmentation.from_pretrained(checkpoint).eval().to(device)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"SegFormer: {checkpoint} is neither on this machine nor within reach; "
            "fetch it where there is internet, or use VisualWords (scene='words')"
        ) from error
    if network.config.num_labels != CATEGORIES:
        raise BadInput(
            f"SegFormer: {checkpoint} knows {network.config.num_labels} categories, not ADE20K's {CATEGORIES}"
        )
    mean = torch.tensor([0.485, 0.456, 0.406], device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor([0.229, 0.224, 0.225], device=device).view(1, 3, 1, 1) * 255
    read = partial(pictures.read_resized, size=size, crop="squash", interpolation="bilinear")

    def compute(start: int):  # noqa: ANN202
        for pixels in read_blocks(paths[start:], read, ahead=torch.device(device).type != "cpu", block=batch):
            with torch.inference_mode():
                x = (torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2) - mean) / std
                yield fractions(network(pixel_values=x).logits.argmax(1).cpu().numpy())

    # A name on the hub stands for its weights; what lies in a folder may change.
    weights = sorted(file for file in Path(checkpoint).glob("*") if file.is_file())
    key = [cache.files_digest(paths), checkpoint, cache.files_digest(weights), size]
    return cache.cached_rows(
        "segformer", key, len(paths), (CATEGORIES,), np.float32, compute, folder=folder, progress=progress
    )


def _cells(maps: np.ndarray) -> np.ndarray:
    """Places as rows (n * h * w, c), each of length one: what is there, not how strongly."""
    n, c, h, w = maps.shape
    cells = np.asarray(maps, np.float32).transpose(0, 2, 3, 1).reshape(n * h * w, c)
    return cells / np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1e-6)
