"""Pictures that show a part of one another are found, and strangers are not; judged on seeds that chose nothing."""

from __future__ import annotations

import imagehash
import numpy as np
import pytest
from PIL import Image

from emolib.corpora.scenes import Parameters, Scenes
from emolib.corpora.scenes.model import originals
from emolib.curation.duplicates import duplicate_groups, score_pairs, score_removed
from emolib.curation.views import MOST, WINDOWS, phash, same_pictures, view_hashes
from emolib.errors import BadInput

COUNT = 500


def small(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def laboratory() -> tuple[np.ndarray, np.ndarray]:
    """Thumbnails of pictures of a seed that nothing was chosen on, and their true groups."""
    parameters = Parameters(COUNT, 64, 77, duplicates=0.3)
    scenes = Scenes(parameters, np.arange(COUNT))
    return np.stack([small(scenes.picture(k)) for k in range(COUNT)]), originals(parameters, np.arange(COUNT))


def test_the_hash_of_the_whole_is_that_of_the_library(laboratory):
    grey = np.repeat(laboratory[0][:60, :, :, 1:2], 3, axis=3)  # of grey pictures nothing is rounded on the way
    theirs = [imagehash.phash(Image.fromarray(picture)).hash.ravel() for picture in grey]
    np.testing.assert_array_equal(phash(grey), np.packbits(theirs, axis=1))


def test_the_hash_of_a_view_is_that_of_the_picture_cut_there():
    waves = np.random.default_rng(0).integers(0, 256, (20, 5, 5), dtype=np.uint8)  # smooth: cutting finds few pixels
    whole = [Image.fromarray(w).resize((320, 320), Image.Resampling.BICUBIC).convert("RGB") for w in waves]
    hashes = view_hashes(np.stack([small(np.asarray(picture)) for picture in whole]))
    assert hashes.shape == (20, 2 * len(WINDOWS), 8)
    for k in (0, 5, 20, 50):
        left, top, side = WINDOWS[k] * 320
        for mirrored in (False, True):
            box = (left, top, left + side, top + side)
            cut = [picture.resize((320, 320), Image.Resampling.BICUBIC, box=box) for picture in whole]
            cut = [one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in cut] if mirrored else cut
            theirs = np.packbits([imagehash.phash(one).hash.ravel() for one in cut], axis=1)
            apart = np.bitwise_count(theirs ^ hashes[:, 2 * k + mirrored]).sum(axis=1)
            assert apart.mean() < 3 and apart.max() <= 8, (k, mirrored, apart)  # strangers: 32


def test_planted_near_duplicates_are_found_and_strangers_are_not(laboratory):
    pictures, true = laboratory
    pairs, explained = same_pictures(pictures)
    assert (pairs[:, 0] < pairs[:, 1]).all() and len(np.unique(pairs, axis=0)) == len(pairs)
    assert ((explained >= 0.89) & (explained <= 1)).all()
    found = duplicate_groups(COUNT, pairs)
    for scores in (score_pairs(found, true), score_removed(found, true)):
        assert scores.true > 100 and scores.precision >= 0.95 and scores.recall >= 0.95, scores


def test_a_stricter_threshold_keeps_fewer_of_the_same(laboratory):
    pairs, explained = same_pictures(laboratory[0])
    fewer, _ = same_pictures(laboratory[0], least=0.97)
    assert 0 < len(fewer) < len(pairs)
    np.testing.assert_array_equal(fewer, pairs[explained >= 0.97])


def test_the_number_of_threads_changes_nothing(laboratory):
    many = np.concatenate([laboratory[0]] * 3)
    for one, other in zip(same_pictures(many, workers=1), same_pictures(many, workers=3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_colour_of_light_is_another_picture(laboratory):
    picture = laboratory[0][3].astype(float)
    lighter, redder = picture * 0.93, picture * [1.0, 0.6, 0.5]
    together = np.stack([picture, lighter, redder]).astype(np.uint8)
    assert same_pictures(together)[0].tolist() == [[0, 1]]


def test_flat_pictures_are_left_out_and_have_one_hash():
    flat = np.stack([np.full((32, 32, 3), grey, np.uint8) for grey in range(1, 256)])
    assert len(np.unique(phash(flat), axis=0)) == 1
    pairs, explained = same_pictures(np.concatenate([flat, flat]))
    assert pairs.shape == (0, 2) and explained.shape == (0,)


def test_many_equal_pictures_connect_without_being_compared_all(laboratory):
    count = 5 * MOST
    pairs, _ = same_pictures(np.concatenate([laboratory[0][:5], np.repeat(laboratory[0][9:10], count, axis=0)]))
    assert len(pairs) <= count * MOST
    assert len(np.unique(duplicate_groups(5 + count, pairs))) == 1 + len(
        np.unique(duplicate_groups(5, same_pictures(laboratory[0][:5])[0]))
    )


def test_what_is_no_thumbnails_is_refused(laboratory):
    for wrong in (laboratory[0].astype(float), laboratory[0][..., 0], laboratory[0][:, :20], [[1]]):
        with pytest.raises(BadInput, match="Thumbnails"):
            same_pictures(wrong)
    for how in ({"least": 2}, {"least": "much"}, {"max_distance": 99}, {"workers": 0}):
        with pytest.raises(BadInput, match=next(iter(how))):
            same_pictures(laboratory[0], **how)


def test_few_pictures():
    for count in (0, 1):
        pairs, explained = same_pictures(np.zeros((count, 32, 32, 3), np.uint8))
        assert pairs.shape == (0, 2) and len(explained) == 0
