"""Bags of visual words: windows where they are said to be, words from training pictures alone, exact assignment."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image
from scipy.spatial.distance import cdist
from skimage.feature import SIFT
from threadpoolctl import threadpool_limits

from emolib.errors import BadInput
from emolib.features.bags import (
    DESCRIPTOR,
    MOST,
    SIDE,
    Codebook,
    described,
    descriptors,
    hellinger,
    word_counts,
)


def grey(side: int = 160) -> np.ndarray:
    return np.asarray(Image.fromarray(skimage.data.coffee()).convert("L").resize((side, side)))


def windows(n: int = 12, most: int = 40, seed: int = 0) -> np.ndarray:
    """Made-up descriptors: whole numbers from 0 to 255, a different number of them in each row."""
    random = np.random.default_rng(seed)
    rows = np.zeros((n, most), DESCRIPTOR)
    for i, row in enumerate(rows):
        there = row[: most - i % 5]
        there["values"] = random.integers(0, 256, (len(there), 128))
        there["x"], there["y"] = random.random((2, len(there)))
        there["size"] = 0.1
    return rows


# ------------------------------------------------------------------------------------------------------- descriptors


def test_a_dense_window_sees_what_lies_in_it_and_nothing_else():
    picture = np.full((160, 160), 128, np.uint8)
    picture[:, :40] = np.random.default_rng(0).integers(0, 256, (160, 40))  # unrest in the left quarter only
    found = described(picture, "dense")
    assert len(found) == MOST and (found["size"] > 0).all()
    assert sorted(set(found["size"].round(4).tolist())) == [0.125, 0.25]
    energy = found["values"].astype(float).sum(axis=1)
    # Its four cells blend into their neighbours by half a cell, and OpenCV blurs the picture before, hence the margin.
    left = found["x"] - found["size"] / 2 - 0.125
    assert (energy[found["x"] < 0.25] > 500).all()
    assert (energy[left > 0.25] == 0).all()
    assert [((left > 0.25) & (found["size"].round(3) == size)).sum() >= 100 for size in (0.125, 0.25)] == [True, True]
    # Row by row from the top left at each scale, as fractions of the sides.
    np.testing.assert_allclose(found["x"][:16], (np.arange(16) + 0.5) / 16, atol=1e-6)
    np.testing.assert_allclose(found["y"][:256:16], (np.arange(16) + 0.5) / 16, atol=1e-6)


@pytest.mark.parametrize(("turn", "bins"), [(0, {0, 4}), (1, {2, 6})])
def test_upright_windows_on_stripes_hold_one_direction(turn, bins):
    stripes = np.uint8(127.5 + 100 * np.sin(np.arange(160) / 3))[None].repeat(160, 0)
    found = described(np.rot90(stripes, turn).copy(), "dense")
    directions = found["values"].reshape(MOST, 16, 8).astype(float).sum(axis=(0, 1))
    share = sum(directions[k] for k in bins) / directions.sum()
    assert share > 0.95


def test_contrast_does_not_count():
    picture = grey().astype(float)
    weak = np.uint8(np.rint(60 + picture / 2))
    a, b = (described(p, "dense")["values"].astype(float) for p in (np.uint8(picture), weak))
    similar = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert np.median(similar) > 0.99


def test_keypoints_lie_where_scikit_image_finds_them():
    picture = grey(200)
    ours = described(picture, "keypoints", most=100)
    assert (ours["size"] > 0).sum() == 100
    theirs = SIFT()
    theirs.detect(picture)
    distances = cdist(np.stack([ours["y"], ours["x"]], 1) * 200, theirs.keypoints + 0.5).min(axis=1)
    assert (distances < 1.5).mean() > 0.7
    # Of many keypoints those of the highest contrast stay.
    np.testing.assert_array_equal(described(picture, "keypoints", most=30), ours[:30])
    all_of_them = cv2.SIFT_create().detect(picture, None)
    strongest = sorted(p.response for p in all_of_them)[-100]
    where = np.array([p.pt for p in all_of_them if p.response >= strongest]) + 0.5
    assert cdist(np.stack([ours["x"], ours["y"]], 1) * 200, where).min(axis=1).max() < 1e-3


def test_files_of_all_shapes_give_rows_and_flat_ones_have_no_keypoints(tmp_path):
    shapes = {"dot": (1, 1), "thread": (900, 2), "wide": (600, 150), "small": (90, 90)}
    random = np.random.default_rng(0)
    paths = []
    for name, (width, height) in shapes.items():
        paths.append(tmp_path / f"{name}.png")
        Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(paths[-1])
    paths.append(tmp_path / "flat.png")
    Image.new("RGBA", (200, 200), (10, 200, 30, 99)).save(paths[-1])
    dense = descriptors(paths, points="dense", folder=tmp_path, progress=False)
    assert dense.shape == (5, MOST) and dense.dtype == DESCRIPTOR
    there = (dense["size"] > 0).sum(axis=1)
    assert there.tolist() == [512, 2 * 16 * 2, 2 * 16 * 4, 512, 512]
    for axis in ("x", "y"):
        assert dense[axis].min() >= 0 and dense[axis].max() < 1
    key = descriptors(paths, most=20, folder=tmp_path, progress=False)
    assert key.shape == (5, 20) and (key["size"] > 0).sum(axis=1)[[2, 4]].tolist() == [20, 0]
    again = descriptors(paths, points="dense", folder=tmp_path / "new", progress=False)
    assert again.tobytes() == dense.tobytes()


def test_large_pictures_are_shrunk_to_the_same_windows(tmp_path):
    large = Image.fromarray(skimage.data.coffee()).resize((900, 600))
    large.save(tmp_path / "a.png")
    (row,) = descriptors([tmp_path / "a.png"], folder=tmp_path, progress=False)
    small = np.asarray(large.convert("L").resize((SIDE, round(600 * SIDE / 900)), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(row, described(small))


@pytest.mark.parametrize("points", ["dense", "keypoints"])
def test_opencvs_threads_do_not_change_a_descriptor(points):
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            found.append(described(grey(256), points, 512).tobytes())
    finally:
        cv2.setNumThreads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": "corners"}, "corners"),
        ({"points": "dense", "most": 100}, "512"),
        ({"most": 0}, "from 1"),
        ({"most": 2.5}, "2.5"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(BadInput, match=message):
        descriptors([], progress=False, **options)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"nothing")
    with pytest.raises(BadInput, match="x.jpg"):
        descriptors([tmp_path / "x.jpg"], folder=tmp_path, progress=False)


# ----------------------------------------------------------------------------------------------------------- codebook


def test_words_are_exactly_the_nearest_centres():
    rows = windows()
    random = np.random.default_rng(1)
    centres = random.integers(0, 256, (30, 128)).astype(np.uint8)
    centres[7] = centres[3]  # equally near: the first one counts
    centres[8], rows["values"][0, 0] = 255, 255  # the largest sums there are
    codebook = Codebook(centres)
    found = codebook.words(rows, block=5)
    there = rows["size"] > 0
    assert (found[~there] == -1).all() and found.dtype == np.int16
    distances = (rows["values"][there].astype(np.int64)[:, None] - centres.astype(np.int64)) ** 2
    np.testing.assert_array_equal(found[there], distances.sum(axis=2).argmin(axis=1))
    assert 7 not in found and found[0, 0] == 8


def test_planted_patterns_become_the_words_and_pictures_their_shares():
    random = np.random.default_rng(2)
    patterns = random.integers(20, 236, (6, 128))
    truth = random.integers(0, 6, (60, 50))
    rows = np.zeros((60, 50), DESCRIPTOR)
    rows["values"] = np.clip(patterns[truth] + random.integers(-9, 10, (60, 50, 128)), 0, 255)
    rows["size"] = 0.1
    codebook = Codebook.fit(rows, np.arange(40), words=6)
    # Each word is one of the patterns; then the rest is counting.
    name = cdist(codebook.centres, patterns).argmin(axis=1)
    assert sorted(name) == list(range(6)) and np.abs(codebook.centres - patterns[name]).max() < 4
    shares = np.stack([(truth == k).mean(axis=1) for k in name], axis=1)
    np.testing.assert_allclose(codebook.histograms(rows) ** 2, shares, atol=1e-6)


def test_the_codebook_never_reads_other_than_training_pictures():
    rows, train = windows(30), np.arange(30) % 3 > 0
    first = Codebook.fit(rows, train, words=12)
    spoilt = rows.copy()
    spoilt["values"][~train], spoilt["size"][~train] = 255, 0.1
    assert Codebook.fit(spoilt, train, words=12).centres.tobytes() == first.centres.tobytes()
    assert Codebook.fit(spoilt, np.flatnonzero(train), words=12).centres.tobytes() == first.centres.tobytes()
    spoilt["values"][train] = 255 - spoilt["values"][train]
    assert Codebook.fit(spoilt, train, words=12).centres.tobytes() != first.centres.tobytes()


def test_the_seed_decides_and_threads_do_not():
    rows = windows(200)
    with threadpool_limits(1):
        one = Codebook.fit(rows, np.arange(200), words=40, sample=3000, seed=4)
    with threadpool_limits(2):
        two = Codebook.fit(rows, np.arange(200), words=40, sample=3000, seed=4)
    assert one.centres.tobytes() == two.centres.tobytes()
    other = Codebook.fit(rows, np.arange(200), words=40, sample=3000, seed=5)
    assert other.centres.tobytes() != one.centres.tobytes()


def test_more_training_pictures_than_the_sample_holds():
    assert Codebook.fit(windows(100, 8), np.arange(100), words=10, sample=20).centres.shape == (10, 128)


def test_empty_places_and_the_padding_do_not_count():
    rows = windows(3)
    wider = np.zeros((3, 99), DESCRIPTOR)
    wider[:, :40] = rows
    codebook = Codebook.fit(rows, np.arange(3), words=5)
    np.testing.assert_array_equal(codebook.histograms(rows), codebook.histograms(wider))
    empty = np.zeros((2, 40), DESCRIPTOR)
    assert codebook.histograms(empty).tolist() == [[0] * 5] * 2


def test_counts_and_hellinger_by_hand():
    counts = word_counts(np.array([[0, 2, 2, 2, -1], [-1] * 5], np.int16), 4)
    assert counts.tolist() == [[1, 0, 3, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(hellinger(counts), [[0.5, 0, np.sqrt(0.75), 0], [0] * 4], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Codebook.fit(windows(), np.array([], int)), "no training pictures"),
        (lambda: Codebook.fit(windows(2), np.arange(2), words=90), "79 descriptors of 2 pictures do not make 90"),
        (lambda: Codebook.fit(windows(), np.arange(2), words=0), "0 words"),
        (lambda: Codebook.fit(windows(), np.arange(2), words=50, sample=40), "sample"),
        (lambda: Codebook.fit(np.zeros((3, 128)), np.arange(3)), "bags.descriptors"),
        (lambda: Codebook(np.zeros((3, 128))), "uint8"),
        (lambda: Codebook(np.zeros((3, 64), np.uint8)), "128"),
        (lambda: Codebook(np.zeros((0, 128), np.uint8)), "0 words"),
        (lambda: Codebook(np.zeros((2, 128), np.uint8)).words(np.zeros((2, 5))), "bags.descriptors"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(BadInput, match=message):
        call()
