"""Families of categories, worked by hand on a tree of four."""

from __future__ import annotations

import numpy as np
import pytest

from emolib.errors import BadInput
from emolib.features.category import category_features, category_groups

# Seen from their mean two pairs point in opposite directions: 0 beside 2, and, a little further apart, 1 beside 3.
FOUR = np.array([[10.0, 1.0], [-10.0, 2.0], [10.0, -1.0], [-10.0, -2.0]])


def test_four_categories_make_two_families():
    groups = category_groups(FOUR)
    assert groups.shape == (4, 6) and groups.dtype == bool
    np.testing.assert_array_equal(groups[:, :4], np.eye(4, dtype=bool))
    np.testing.assert_array_equal(groups[:, 4], [True, False, True, False])
    np.testing.assert_array_equal(groups[:, 5], [False, True, False, True])


def test_a_shift_common_to_all_and_a_longer_weight_change_no_family():
    wanted = category_groups(FOUR)
    np.testing.assert_array_equal(category_groups(FOUR + [100, -50]), wanted)
    np.testing.assert_array_equal(category_groups(3 * FOUR), wanted)


def test_a_familys_probability_is_the_sum_of_its_members():
    p = np.array([[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0]], np.float32)
    features = category_features(p, category_groups(FOUR))
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, [[0.1, 0.2, 0.3, 0.4, 0.4, 0.6], [1, 0, 0, 0, 1, 0]], atol=1e-6)


def test_families_nest_or_are_strangers():
    groups = category_groups(np.random.default_rng(0).normal(size=(40, 8)))
    assert groups.shape == (40, 78)
    sizes = groups.sum(0)
    assert (sizes[:40] == 1).all() and (sizes[40:] > 1).all() and (sizes < 40).all()
    common = groups.T.astype(int) @ groups
    assert ((common == 0) | (common == np.minimum.outer(sizes, sizes))).all()


def test_what_has_no_families_is_refused():
    with pytest.raises(BadInput, match="2 categories"):
        category_groups(FOUR[:2])
    with pytest.raises(BadInput, match="5 probabilities for groups of 4"):
        category_features(np.ones((1, 5)), category_groups(FOUR))
