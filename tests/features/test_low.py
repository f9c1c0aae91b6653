"""The low-level row as a whole, and the 438-number reading of it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emolib.errors import BadInput
from emolib.features.color import color_features
from emolib.features.focal import CELLS
from emolib.features.low import LOW_GROUPS, LOW_NAMES, low_438, low_features
from emolib.features.texture import gist, lbp

from .pictures import portrait


def test_the_row_is_colour_gist_and_patterns_side_by_side():
    batch = np.stack([portrait(96), portrait(96)[:, ::-1], 255 - portrait(96)])
    row = low_features(batch)
    assert row.shape == (3, 593) == (3, len(LOW_NAMES))
    assert row.dtype == np.float32
    for name, part in (("color", color_features), ("gist", gist), ("lbp", lbp)):
        np.testing.assert_array_equal(row[:, LOW_GROUPS[name]], part(batch).astype(np.float32))
    assert np.isfinite(row).all()


def test_groups_are_the_whole_row_without_gap_or_overlap():
    columns = np.concatenate([np.arange(593)[LOW_GROUPS[name]] for name in ("color", "gist", "lbp")])
    np.testing.assert_array_equal(columns, np.arange(593))
    assert [len(range(593)[LOW_GROUPS[name]]) for name in LOW_GROUPS] == [22, 512, 59]
    assert all(name.startswith("gist_") for name in LOW_NAMES[LOW_GROUPS["gist"]])
    assert all(name.startswith("lbp_") for name in LOW_NAMES[LOW_GROUPS["lbp"]])
    assert len(set(LOW_NAMES)) == 593


def test_another_colour_table_reaches_the_colour_names_alone():
    batch = portrait(64)[None]
    table = np.full((CELLS, 11), 1 / 11, np.float32)
    row, other = low_features(batch), low_features(batch, table)
    changed = {LOW_NAMES[i] for i in np.flatnonzero(row != other)}
    assert changed and all(name.startswith("colour_") for name in changed)
    np.testing.assert_allclose(other[0, 8:19], 1 / 11, rtol=1e-6)
    with pytest.raises(BadInput, match=r"\(32768, 11\)"):
        low_features(batch, table[:5])


def rows(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 593)).astype(np.float32)


def test_438_keeps_colour_and_patterns_and_projects_gist():
    train, test = rows(400), rows(7, seed=1)
    reduce = low_438().fit(train)
    reduced = reduce.transform(test)
    assert reduced.shape == (7, 438)
    np.testing.assert_array_equal(reduced[:, :22], test[:, LOW_GROUPS["color"]])
    np.testing.assert_array_equal(reduced[:, -59:], test[:, LOW_GROUPS["lbp"]])
    # Principal components by their definition: eigenvectors of the training pictures' covariance, largest first.
    training = train[:, LOW_GROUPS["gist"]].astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(training.T))
    leading = vectors[:, np.argsort(values)[::-1][:357]]
    expected = (test[:, LOW_GROUPS["gist"]] - training.mean(axis=0)) @ leading
    found = reduced[:, 22:379]
    # A component's sign is free, and in single precision two with nearly equal variances mix; what the pictures
    # are to one another does not depend on either.
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=2e-2)


def test_438_learns_from_the_training_pictures_alone():
    train, test = rows(380), rows(5, seed=1)
    reduce = clone(low_438()).fit(train)
    together = reduce.transform(np.concatenate([test, 100 * rows(3, seed=2)]))
    np.testing.assert_allclose(together[:5], reduce.transform(test), rtol=1e-4, atol=1e-4)


def test_438_works_inside_a_pipeline():
    assert make_pipeline(low_438(), StandardScaler()).fit_transform(rows(357)).shape == (357, 438)


def test_438_says_what_it_needs():
    with pytest.raises(BadInput, match="356 training pictures.*357"):
        low_438().fit(rows(356))
    with pytest.raises(BadInput, match="356 training pictures"):
        low_438().fit_transform(rows(356))
    with pytest.raises(BadInput, match="GIST columns"):
        low_438().fit(rows(400)[:, :438])
