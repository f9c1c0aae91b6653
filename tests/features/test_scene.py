"""Shares of categories: worked by hand, planted clusters found again, and a parser's map counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from emolib.errors import BadInput
from emolib.features.scene import CATEGORIES, VisualWords, fractions, segformer_fractions


def test_fractions_by_hand():
    labels = np.array([[[0, 0], [2, 0]], [[1, 3], [3, 1]]])
    np.testing.assert_array_equal(fractions(labels, 4), [[0.75, 0, 0.25, 0], [0, 0.5, 0, 0.5]])


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.integers(0, 149)))
def test_fractions_are_shares_that_sum_to_one(labels):
    shares = fractions(labels)
    assert shares.shape == (len(labels), CATEGORIES) and shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    for row, picture in zip(shares, labels, strict=True):
        assert set(np.flatnonzero(row)) == set(picture.ravel())


@pytest.mark.parametrize("labels", [[[[0, -1]]], [[[0, 4]]], np.zeros((0, 2, 2), int), np.zeros((2, 0, 2), int)])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(BadInput, match="0 to 3"):
        fractions(np.array(labels), 4)


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Maps (n, 16, 5, 5) in which every place shows one of six patterns, weakly or strongly, and which one it is."""
    patterns = np.abs(np.random.default_rng(99).normal(size=(6, 16)))
    rng = np.random.default_rng(seed)
    which = rng.integers(6, size=(n, 5, 5))
    strength = rng.uniform(0.3, 8, size=(n, 5, 5, 1))
    cells = strength * (patterns[which] + rng.normal(0, 0.01, (n, 5, 5, 16)))
    return cells.transpose(0, 3, 1, 2).astype(np.float16), which


def test_planted_patterns_are_found_again_in_new_pictures():
    words = VisualWords(words=6, seed=0).fit(planted(60, 1)[0])
    maps, truth = planted(20, 2)
    found = words.labels(maps)
    assert found.shape == truth.shape
    name = {pattern: found[truth == pattern][0] for pattern in range(6)}
    assert len(set(name.values())) == 6
    np.testing.assert_array_equal(found, np.vectorize(name.get)(truth))
    shares = words.transform(maps)
    for pattern in range(6):
        np.testing.assert_allclose(shares[:, name[pattern]], (truth == pattern).mean((1, 2)), atol=1e-6)


def test_the_same_seed_finds_the_same_words_also_from_a_sample():
    maps = planted(40, 3)[0]
    first, second = (VisualWords(6, seed=4, places=300).fit(maps).labels(maps) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_too_few_places_and_labels_before_fit_are_refused():
    maps = planted(1, 0)[0]
    with pytest.raises(BadInput, match="25 places do not make 26 words"):
        VisualWords(26).fit(maps)
    with pytest.raises(BadInput, match="fit comes before"):
        VisualWords(6).transform(maps)


def test_maps_of_zeros_are_words_too():
    maps = planted(30, 5)[0]
    maps[0] = 0
    assert np.isfinite(VisualWords(6).fit(maps).transform(maps)).all()


def write_parser(folder, categories):
    """A tiny SegFormer with random weights, saved as a checkpoint."""
    transformers = pytest.importorskip("transformers", reason="scene parsing needs transformers")
    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
        num_attention_heads=[1, 2], mlp_ratios=[2, 2], decoder_hidden_size=16, num_labels=categories,
    )  # fmt: skip
    network = transformers.SegformerForSemanticSegmentation(config)
    network.save_pretrained(folder)
    return network.eval()


def test_a_parsers_categories_are_counted(tmp_path):
    network = write_parser(tmp_path / "parser", 150)
    import torch

    paths = []
    for i in range(3):
        paths.append(tmp_path / f"{i}.png")
        noise = np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(paths[-1])
    shares = segformer_fractions(
        paths, str(tmp_path / "parser"), size=64, batch=2, folder=tmp_path / "cache", progress=False
    )
    for row, path in zip(shares, paths, strict=True):
        x = torch.from_numpy(np.array(Image.open(path)) / 255).float().permute(2, 0, 1)[None]
        x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
        with torch.inference_mode():
            best = network(pixel_values=x).logits[0].numpy().argmax(0)
        np.testing.assert_allclose(row, [(best == c).mean() for c in range(150)], atol=0.005)


def test_a_parser_of_other_categories_is_refused(tmp_path):
    write_parser(tmp_path / "parser", 19)
    with pytest.raises(BadInput, match="19 categories"):
        segformer_fractions([], str(tmp_path / "parser"), folder=tmp_path / "cache", progress=False)
