"""What a batch of pictures has to be, for every hand-made feature alike."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emolib.errors import BadInput
from emolib.features import color, low, texture
from emolib.features.batch import check_batch, each_picture

FEATURES = [
    color.mean_rgb,
    color.mean_hsv,
    color.hsv_peak,
    color.colour_names,
    color.pad,
    color.color_features,
    texture.gist,
    texture.lbp,
    low.low_features,
]


@given(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4).filter(lambda s: len(s) != 4 or s[-1] != 3))
def test_other_shapes_are_refused(shape):
    with pytest.raises(BadInput, match="shape|axes|empty"):
        check_batch(np.zeros(shape, np.uint8))


@given(hnp.scalar_dtypes().filter(lambda dtype: dtype != np.uint8))
def test_other_types_are_refused_by_name(dtype):
    with pytest.raises(BadInput, match="uint8"):
        check_batch(np.zeros((1, 4, 4, 3), dtype))


@given(st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40)))
def test_pictures_of_any_size_are_accepted_down_to_the_smallest(size):
    batch = np.zeros((*size, 3), np.uint8)
    assert check_batch(batch) is batch
    if min(size[1:]) < 32:
        with pytest.raises(BadInput, match=rf"{size[1]} x {size[2]} pixels.*32 x 32"):
            check_batch(batch, smallest=32)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (np.zeros((1, 64, 64, 3)), "float64"),
        (np.zeros((1, 64, 64, 4), np.uint8), r"\(1, 64, 64, 4\)"),
        (np.zeros((64, 64, 3), np.uint8), "four axes"),
        (np.zeros((0, 64, 64, 3), np.uint8), "empty"),
        ([[[[0, 0, 0]]]], "list"),
    ],
    ids=["float", "four channels", "one picture", "empty", "list"],
)
def test_every_feature_refuses_what_is_no_batch(feature, batch, message):
    with pytest.raises(BadInput, match=message):
        feature(batch)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f.__name__)
def test_neither_company_nor_threads_nor_memory_order_change_a_picture(feature):
    batch = np.random.default_rng(0).integers(0, 256, (5, 40, 48, 3), dtype=np.uint8)
    together = feature(batch)
    assert together.shape[0] == 5
    np.testing.assert_array_equal(feature(batch, workers=1), together)
    np.testing.assert_array_equal(feature(batch, workers=4), together)
    np.testing.assert_array_equal(feature(batch[2:3])[0], together[2])
    np.testing.assert_array_equal(feature(np.asfortranarray(batch)), together)


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True])
def test_a_number_of_workers_that_is_none(workers):
    with pytest.raises(BadInput, match="workers"):
        each_picture(lambda picture: picture.mean(), np.zeros((2, 4, 4, 3), np.uint8), workers)


def test_workers_are_threads_and_an_error_in_one_comes_out():
    seen, both = set(), threading.Barrier(2, timeout=10)

    def one(picture):
        both.wait()  # only passes when two pictures are under way at once
        seen.add(threading.get_ident())
        return picture.sum()

    each_picture(one, np.zeros((2, 4, 4, 3), np.uint8), 2)
    assert len(seen) == 2

    def fails(picture):
        raise BadInput("this picture")

    with pytest.raises(BadInput, match="this picture"):
        each_picture(fails, np.zeros((3, 4, 4, 3), np.uint8), 2)
