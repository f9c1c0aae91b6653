"""Chance that depends on a number alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emolib.corpora.scenes.chance import Stream, draw, normal, philox, uniform


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Random123's known answers for philox4x32 with ten rounds
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, words):
    assert tuple(int(w[0]) for w in philox(tuple(np.array([c]) for c in counter), key)) == words


def test_numbers_depend_on_seed_index_stream_and_position_alone():
    index = np.array([3, 2**40, 17])
    whole = uniform(5, index, 2, 11)
    assert whole.shape == (3, 11)
    np.testing.assert_array_equal(uniform(5, index[[2]], 2, 11)[0], whole[2])
    np.testing.assert_array_equal(uniform(5, index, 2, 3), whole[:, :3])
    for other in (uniform(6, index, 2, 11), uniform(5, index + 1, 2, 11), uniform(5, index, 3, 11)):
        assert not np.isin(other, whole).any()


def test_numbers_are_uniform_and_normal_and_unrelated():
    u = uniform(1, np.arange(20_000), 0, 4)
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-4
    assert stats.kstest(normal(u[:, 0], u[:, 1]), "norm").pvalue > 1e-4
    assert np.abs(np.corrcoef(u.T) - np.eye(4)).max() < 4 / np.sqrt(len(u))
    assert abs(np.corrcoef(u[1:, 0], u[:-1, 0])[0, 1]) < 4 / np.sqrt(len(u))


def test_draw_follows_the_probabilities():
    p = np.tile([0.5, 0.0, 0.3, 0.2], (20_000, 1))
    counts = np.bincount(draw(p, uniform(2, np.arange(20_000), 0, 1))[:, 0], minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], 20_000 * p[0, [0, 2, 3]]).pvalue > 1e-4
    assert draw(np.full((1, 8), 0.125), np.array([[1 - 2.0**-32]])).item() == 7


def test_a_stream_hands_out_the_same_numbers_however_they_are_asked_for():
    one, many = Stream(1, 2, 3, 8), Stream(1, 2, 3, 512)
    np.testing.assert_array_equal(np.concatenate([one.take(5), one.take(40)]), many.take(45))
    assert 0 <= one.whole(7) < 7
    assert 2 <= one.between(2, 3) < 3
