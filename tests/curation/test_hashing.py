"""Hashes and thumbnails of files: the library's, in order, kept, and an error that names a broken file."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from emolib.curation import hashing
from emolib.errors import BadInput


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = []
    for k in range(5):
        pixels = np.random.default_rng(k).integers(0, 256, (6, 5, 3), dtype=np.uint8)
        made.append(tmp_path / f"{k}.png")
        Image.fromarray(pixels).resize((70, 90), Image.Resampling.BICUBIC).save(made[-1])
    return made


@pytest.mark.parametrize("kind", hashing.KINDS)
def test_hashes_are_those_of_the_library(kind, paths, tmp_path):
    for bits, side in ((64, 8), (256, 16)):
        found = hashing.perceptual_hashes(paths, kind, bits, folder=tmp_path / "cache", progress=False)
        assert found.dtype == np.uint8 and found.shape == (5, bits // 8)
        for path, row in zip(paths, found, strict=True):
            with Image.open(path) as picture:
                theirs = getattr(imagehash, hashing.KINDS[kind])(picture, hash_size=side)
            np.testing.assert_array_equal(np.unpackbits(row), theirs.hash.ravel())


def test_thumbnails_are_squashed_pictures(paths, tmp_path):
    found = hashing.thumbnails(paths, folder=tmp_path / "cache", workers=2, progress=False)
    for path, pixels in zip(paths, found, strict=True):
        with Image.open(path) as picture:
            np.testing.assert_array_equal(pixels, np.asarray(picture.resize((32, 32), Image.Resampling.LANCZOS)))
    again = hashing.thumbnails(paths, folder=tmp_path / "other", workers=1, progress=False)
    np.testing.assert_array_equal(found, again)


def test_a_second_time_nothing_is_read(paths, tmp_path, monkeypatch):
    first = np.array(hashing.perceptual_hashes(paths, folder=tmp_path / "cache", progress=False))
    monkeypatch.setattr(hashing, "read_picture", lambda path: pytest.fail("a picture was read again"))
    np.testing.assert_array_equal(hashing.perceptual_hashes(paths, folder=tmp_path / "cache", progress=False), first)


def test_a_broken_picture_is_named(paths, tmp_path):
    paths[2].write_bytes(b"<html>gone</html>")
    for function in (hashing.perceptual_hashes, hashing.thumbnails):
        with pytest.raises(BadInput, match="2.png.*web page"):
            function(paths, folder=tmp_path / "cache", progress=False)
        with pytest.raises(BadInput, match="nothing.jpg"):
            function([tmp_path / "nothing.jpg"], folder=tmp_path / "cache", progress=False)


@pytest.mark.parametrize("how", [{"kind": "md5"}, {"bits": 63}, {"workers": 0}, {"workers": True}])
def test_parameters_that_make_no_sense_are_refused(how, paths, tmp_path):
    with pytest.raises(BadInput, match=next(iter(how))):
        hashing.perceptual_hashes(paths, **how, folder=tmp_path, progress=False)
