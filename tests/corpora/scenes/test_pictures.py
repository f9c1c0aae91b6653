"""Pictures: painted as planted, the same from their number alone, and telling labels by pixels only."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib import corpora
from emolib.bench import scenes as bench
from emolib.corpora import scenes
from emolib.corpora.scenes import Parameters, Scenes, folder_of, generate, make, records, write_pictures
from emolib.corpora.scenes.chance import Stream
from emolib.corpora.scenes.compose import PAINTERS, _background
from emolib.corpora.scenes.kinds import BACKGROUND_NAMES, BACKGROUNDS
from emolib.errors import BadInput, EmolibError, Unavailable


def test_a_picture_is_the_same_alone_and_among_others():
    parameters = Parameters(10**6, 48, 3, duplicates=0.3)
    together = Scenes(parameters, np.arange(12))
    assert len(together) == 12
    alone = Scenes(Parameters(12, 48, 3, duplicates=0.3), np.array([7]))
    np.testing.assert_array_equal(alone.picture(0), together.picture(7))
    np.testing.assert_array_equal(alone.region_map(0), together.region_map(7))
    assert alone.picture(0).shape == (48, 48, 3)
    assert alone.picture(0).dtype == np.uint8


def test_pixels_do_not_depend_on_strengths():
    on, off = Parameters(9, 48), Parameters(9, 48).switched_off()
    np.testing.assert_array_equal(Scenes(on, np.array([4])).picture(0), Scenes(off, np.array([4])).picture(0))
    assert folder_of(on) == folder_of(off) == folder_of(Parameters(10, 48))
    assert (
        len({folder_of(p) for p in (on, Parameters(9, 48, 1), Parameters(9, 64), Parameters(9, 48, palettes="vivid"))})
        == 4
    )


@pytest.mark.parametrize("kind", BACKGROUNDS, ids=BACKGROUND_NAMES)
def test_backgrounds_have_the_brightness_and_saturation_that_their_weights_use(kind):
    pixels = np.stack([_background(kind.name, kind.horizon, 96, Stream(1, k, 9)) for k in range(12)]) / 255
    value, least = pixels.max(axis=-1), pixels.min(axis=-1)
    saturation = np.where(value > 0, (value - least) / np.maximum(value, 1e-9), 0)
    assert value.mean() == pytest.approx(kind.brightness, abs=0.03)
    assert saturation.mean() == pytest.approx(kind.saturation, abs=0.03)
    assert set(PAINTERS) == set(BACKGROUND_NAMES)


def test_palettes_act_on_brightness_and_saturation():
    mean = {}
    for name in ("clear", "vivid", "misty", "gloomy"):
        pixels = Scenes(Parameters(8, 48, palettes=name), np.arange(8))
        stack = np.stack([pixels.picture(k) for k in range(8)]).astype(float)
        mean[name] = stack.mean(), (stack.max(axis=-1) - stack.min(axis=-1)).mean()
    assert mean["gloomy"][0] < mean["clear"][0] - 20
    assert mean["misty"][1] < mean["clear"][1] < mean["vivid"][1]


def test_boxes_are_around_what_is_painted():
    parameters = Parameters(60, 128, 5, background=0, palette=0, duplicates=0.3)
    table, pictures = records(parameters), Scenes(parameters, np.arange(60))
    checked = 0
    for k, (boxes, weights) in enumerate(zip(table["boxes"], table["weights"], strict=True)):
        if len(boxes) > 1 or weights[0] < 1:
            continue
        rows, columns = (np.flatnonzero((pictures.region_map(k) > 40).any(axis=axis)) for axis in (1, 0))
        found = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        assert np.abs(found - boxes[0]).max() <= 3, k
        checked += 1
    assert checked > 20


def test_region_maps_say_what_matters():
    parameters = Parameters(40, 64, 6, duplicates=0)
    pictures, table = Scenes(parameters, np.arange(40)), records(parameters)
    for k in range(40):
        grey = pictures.region_map(k)
        assert grey.shape == (64, 64)
        left, top, right, bottom = table["boxes"][k][-1]
        assert grey[(top + bottom) // 2, (left + right) // 2] >= 0
        assert grey.max() > 200
    off = Scenes(parameters.switched_off(), np.arange(3))
    assert off.region_map(0).max() == 0
    assert Scenes(parameters.switched_off("object"), np.arange(1)).region_map(0)[0, 0] == 255


def test_near_duplicates_look_alike_and_differ():
    parameters = Parameters(200, 64, 8, duplicates=0.3)
    table, pictures = records(parameters), Scenes(parameters, np.arange(200))
    number = {image: k for k, image in enumerate(table["image"])}
    small = np.stack([Image.fromarray(pictures.picture(k)).resize((12, 12)) for k in range(200)]).astype(float)

    def apart(a: int, b: int) -> float:
        return min(np.abs(small[a] - small[b]).mean(), np.abs(small[a] - small[b][:, ::-1]).mean())

    copies = [(k, number[image]) for k, image in enumerate(table["duplicate_of"]) if image]
    near = [apart(a, b) for a, b in copies]
    far = [apart(a, b) for a in range(40) for b in range(a) if table["group"][a] != table["group"][b]]
    assert np.median(near) < 0.35 * np.median(far)
    assert all((pictures.picture(a) != pictures.picture(b)).any() for a, b in copies[:10])


def test_nothing_but_pixels_tells_a_label():
    corpus = make(count=60, size=48, duplicates=0.2, progress=False)
    assert [str(path.relative_to(corpus.root)) for path in corpus.paths] == corpus.table["image"].tolist()
    qualities = set()
    for path in corpus.paths:
        assert re.fullmatch(r"\d{7}\.jpg", path.name)
        with Image.open(path) as image:
            assert (image.size, image.mode, image.format) == ((48, 48), "RGB", "JPEG")
            assert not image.getexif()
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            qualities.add(str(image.quantization))
    assert len(qualities) == 1
    assert corpus.table["image"].is_monotonic_increasing
    emotion = corpus.table["emotion"].astype("category").cat.codes.to_numpy()
    assert abs(np.corrcoef(emotion, np.arange(60))[0, 1]) < 4 / np.sqrt(60)


def test_the_registry_and_the_corpus(monkeypatch):
    corpus = make(count=12, size=32, progress=False)
    assert len(corpus) == 12
    assert corpus.card.count == 12
    assert corpus.table.attrs["parameters"]["size"] == 32
    assert "12 of 12 pictures" in corpus.counts
    assert corpus.content_hash == make(count=12, size=32, progress=False).content_hash
    assert corpus.content_hash != make(count=12, size=32, object=0, progress=False).content_hash
    assert "simulated" in scenes.CARD.markdown()
    if "scenes" in corpora.names():
        assert len(corpora.load("scenes", count=12, size=32)) == 12
    bare = make(count=12, size=40, pictures=False)
    assert not bare.root.exists()
    with pytest.raises(BadInput, match="strength|object"):
        make(object=-1)


def test_a_killed_run_goes_on(tmp_path):
    parameters = Parameters(6, 32)
    folder = write_pictures(parameters, tmp_path / "p", stop=4, progress=False)
    files = sorted(folder.rglob("*.jpg"))
    assert len(files) == 4
    content = [file.read_bytes() for file in files]
    os.utime(files[0], (1, 1))
    files[1].write_bytes(b"")
    files[2].unlink()
    write_pictures(parameters, folder, progress=False)
    assert files[0].stat().st_mtime == 1
    assert [file.read_bytes() for file in files] == content
    assert len(list(folder.rglob("*"))) == 7  # no temporary file is left


def test_processes_make_what_one_makes(tmp_path, monkeypatch):
    parameters = Parameters(100, 32)
    write_pictures(parameters, tmp_path / "one", workers=1, progress=False)
    monkeypatch.setattr(generate, "ALONE", 10)
    write_pictures(parameters, tmp_path / "two", workers=2, progress=False)
    one, two = (sorted((tmp_path / name).rglob("*.jpg")) for name in ("one", "two"))
    assert len(one) == len(two) == 100
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))


def test_refusals(tmp_path: Path):
    for fault in ({"workers": 0}, {"workers": 1.5}, {"start": -1}, {"start": 3, "stop": 2}, {"stop": 11}):
        with pytest.raises(BadInput):
            write_pictures(Parameters(10, 32), tmp_path / "x", **fault)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="EMOLIB_CACHE"):
        write_pictures(Parameters(2, 32), tmp_path / "file" / "inside", progress=False)


def test_the_benchmark_gives_a_whole_row(monkeypatch):
    monkeypatch.setattr(bench, "SIZE", 32)
    row = bench.run([], repeats=1, turn=4)
    assert row.keys() == {
        "name", "ours", "peer", "limit", "vs_peer", "vs_limit", "unit", "what_peer_is", "what_limit_is",
    }  # fmt: skip
    assert all(row[key] > 0 for key in ("ours", "peer", "limit", "vs_peer", "vs_limit"))
    with pytest.raises(BadInput):
        bench.run([], repeats=0)


def test_the_benchmark_notices_other_pictures(tmp_path):
    for name, content in (("a", b"1"), ("b", b"2")):
        (tmp_path / name / "0000").mkdir(parents=True)
        (tmp_path / name / "0000" / "0000000.jpg").write_bytes(content)
    with pytest.raises(EmolibError, match="Picture 0"):
        bench._compare(tmp_path / "a", tmp_path / "b", 0, 1)
