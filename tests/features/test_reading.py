"""Decoding in threads: order, blocks and cached pixels."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from emolib.errors import BadInput
from emolib.features.reading import pixels, read_blocks


def write(folder, sizes):
    """Pictures of one colour each, number i red by i; returns their files."""
    paths = []
    for i, size in enumerate(sizes):
        paths.append(folder / f"{i}.png")
        Image.new("RGB", size, (i, 255 - i, 7)).save(paths[-1])
    return paths


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize(("n", "block", "lengths"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 9, [2]), (0, 3, [])])
def test_blocks_keep_the_order_whatever_finishes_first(ahead, n, block, lengths):
    late = threading.Event()

    def read(number):
        # The first of all waits until another one is done, wherever there is another one in its block.
        if number == 0 and min(n, block) > 1:
            assert late.wait(10)
        late.set()
        return np.full((2, 2), number)

    blocks = list(read_blocks(range(n), read, ahead=ahead, block=block))
    assert [len(b) for b in blocks] == lengths
    assert [int(b[0, 0]) for part in blocks for b in part] == list(range(n))


def test_not_more_than_a_block_is_decoded_before_it_is_wanted():
    read = []
    blocks = read_blocks(range(100), lambda i: read.append(i) or np.zeros(1), block=10)
    next(blocks)
    assert sorted(read) == list(range(10))
    next(blocks)
    assert sorted(read) == list(range(20))
    blocks.close()


@pytest.mark.parametrize("ahead", [False, True])
def test_an_error_in_a_thread_comes_out(ahead):
    def read(number):
        if number == 4:
            raise BadInput("number 4")
        return np.zeros(1)

    with pytest.raises(BadInput, match="number 4"):
        list(read_blocks(range(9), read, ahead=ahead, block=3))


def test_cached_pixels_are_the_pictures_in_order_with_the_middle_cut_out(tmp_path):
    paths = write(tmp_path, [(40, 20)] * 3)
    stripes = np.zeros((20, 40, 3), np.uint8)
    stripes[:, :10] = 255  # white where the crop does not reach, but for the filter's rim
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    paths.append(tmp_path / "stripes.png")
    found = pixels(paths, 10, folder=tmp_path / "cache", progress=False)
    assert found.shape == (4, 10, 10, 3) and found.dtype == np.uint8
    for i in range(3):
        np.testing.assert_array_equal(found[i], np.broadcast_to([i, 255 - i, 7], (10, 10, 3)))
    assert found[3, :, 2:].max() == 0
    squashed = pixels(paths, 10, crop="squash", folder=tmp_path / "cache", progress=False)
    assert squashed[3, :, :2].min() == 255 and squashed[3, :, 4:].max() == 0


def test_changed_pictures_are_read_anew(tmp_path):
    paths = write(tmp_path, [(20, 20)] * 2)
    pixels(paths, 8, folder=tmp_path / "cache", progress=False)
    Image.new("RGB", (30, 30), "white").save(paths[1])
    assert pixels(paths, 8, folder=tmp_path / "cache", progress=False)[1].min() == 255


def test_a_broken_file_is_named_and_no_entry_remains(tmp_path):
    paths = write(tmp_path, [(20, 20)] * 3)
    paths[1].write_bytes(paths[1].read_bytes()[:40])
    with pytest.raises(BadInput, match=r"1\.png"):
        pixels(paths, 8, folder=tmp_path / "cache", progress=False)
    assert not list((tmp_path / "cache").glob("*.npy"))
