"""Deep features: the published pipeline done by hand gives the same numbers, in order, with flat memory."""

from __future__ import annotations

import functools
import subprocess
import sys

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from timm.data import create_transform

from emolib import backbones
from emolib.errors import BadInput
from emolib.features.deep import deep_features, probabilities
from tests.features.pictures import portrait
from tests.fixtures.corpora import picture
from tests.test_backbones import timm_lite0

reference = functools.cache(timm_lite0)

# The size in most of these tests: the same network on fewer pixels. The shorter side becomes 64, so that as many pixels
# fall away on the left as on the right.
SIDE = 56


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three photographs and sixteen made pictures of all shapes, without loss: nineteen is one batch and a rest."""
    folder = tmp_path_factory.mktemp("pictures")
    images = [Image.fromarray(a) for a in (skimage.data.chelsea(), skimage.data.coffee(), portrait(300))]
    for i in range(16):
        rng = np.random.default_rng(i)
        images.append(picture(rng, rng.random(), rng.random(), (90 + 10 * i, 200 - 7 * i)))
    paths = []
    for i, image in enumerate(images):
        paths.append(folder / f"{i:02}.png")
        image.save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def features(paths, folder, **options):
    return deep_features(paths, folder=folder, progress=False, **{"size": SIDE, **options})


def by_hand(path, size=SIDE) -> np.ndarray:
    """timm's own evaluation transform and timm's own pooled features, one picture at a time."""
    transform = create_transform(
        (3, size, size), interpolation="bicubic", mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.875
    )
    x = transform(Image.open(path).convert("RGB"))[None]
    net = reference()
    with torch.inference_mode():
        return net.forward_head(net.forward_features(x), pre_logits=True)[0].numpy()


def test_embeddings_are_those_of_timms_pipeline(files, kept):
    found = features(files, kept)
    assert found.shape == (19, 1280) and found.dtype == np.float32
    for i in (0, 3, 18):  # a photograph, a made picture, the last of the incomplete batch
        np.testing.assert_allclose(found[i], by_hand(files[i]), rtol=1e-3, atol=2e-3)


def test_at_its_own_size_the_network_names_the_cat(files, kept):
    found = features(files[:1], kept, size=None)
    np.testing.assert_allclose(found[0], by_hand(files[0], 224), rtol=1e-3, atol=2e-3)
    best = np.argsort(probabilities(found)[0])[::-1][:3]
    assert any("cat" in backbones.class_names()[i].lower() for i in best)


def test_probabilities_are_the_softmax_of_the_logits(files, kept):
    found = features(files, kept)
    p = probabilities(found)
    assert p.shape == (19, 1000) and p.dtype == np.float32 and p.min() >= 0
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    head = backbones.load("lite0").head
    logits = np.asarray(found, float) @ head.weight.detach().double().numpy().T + head.bias.detach().double().numpy()
    logits -= logits.max(1, keepdims=True)
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), rtol=1e-3, atol=1e-7)


def test_a_flip_is_the_mirrored_picture(files, kept, tmp_path):
    # A square picture: mirroring and cutting out the middle commute.
    Image.open(files[2]).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored.png")
    flipped = features([files[2]], kept, flip=True)
    np.testing.assert_allclose(flipped, features([tmp_path / "mirrored.png"], kept), rtol=1e-4, atol=1e-4)
    assert np.abs(flipped[0] - features(files, kept)[2]).max() > 0.05


def test_a_picture_that_was_stored_small_is_seen_as_its_enlarged_copy(files, kept, tmp_path):
    picture = Image.open(files[2]).convert("RGB")
    small = picture.resize((24, 24), Image.Resampling.BICUBIC)
    # The enlarged copy as a file, so large that reading it as any other changes nothing but the middle that is cut out.
    small.resize((64, 64), Image.Resampling.BICUBIC).save(tmp_path / "enlarged.png")
    through = features([files[2]], kept, through=24)
    np.testing.assert_allclose(through, features([tmp_path / "enlarged.png"], kept), rtol=1e-4, atol=1e-4)
    assert np.abs(through[0] - features(files, kept)[2]).max() > 0.05
    with pytest.raises(BadInput, match="through"):
        features(files, kept, through=0)


def test_pooled_maps_are_the_embedding_and_lower_maps_lead_to_it(files, kept):
    embedding, network = features(files, kept), backbones.load("lite0")
    maps, lower = features(files, kept, output="maps"), features(files, kept, output="lower")
    assert maps.shape == (19, 1280, 2, 2) and lower.shape == (19, 192, 2, 2)
    assert maps.dtype == lower.dtype == np.float16
    np.testing.assert_allclose(maps.astype(np.float32).mean((2, 3)), embedding, rtol=2e-3, atol=2e-3)
    with torch.inference_mode():
        above = network.neck(network.upper(torch.from_numpy(lower.astype(np.float32)))).numpy()
    # Half precision lies between the two.
    np.testing.assert_allclose(above, embedding, atol=0.05)
    assert np.abs(above - embedding).mean() < 2e-3


def test_order_and_company_change_nothing(files, kept):
    together, order = features(files, kept), [18, 4, 0]
    np.testing.assert_allclose(features([files[i] for i in order], kept), together[order], rtol=1e-4, atol=1e-4)
    apart = np.abs(together[:, None] - together[None]).max(-1)[~np.eye(19, dtype=bool)]
    assert apart.min() > 0.01  # no two of these pictures could be taken for one another


def test_a_broken_file_is_named_and_no_entry_remains_until_it_is_mended(files, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(files[0].read_bytes()[:5000])
    with pytest.raises(BadInput, match=r"broken\.png"):
        features([*files[:2], broken], tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.npy"))
    Image.open(files[2]).save(broken)
    assert features([*files[:2], broken], tmp_path / "cache").shape == (3, 1280)


def test_a_missing_file_is_named(files, tmp_path):
    with pytest.raises(BadInput, match=r"gone\.png"):
        features([*files[:2], tmp_path / "gone.png"], tmp_path / "cache")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"output": "logits"}, "'logits'"), ({"size": 31}, "31"), ({"backbone": "lite"}, "did you mean 'lite0'")],
)
def test_unknown_wishes_are_refused_before_anything_is_read(options, message, tmp_path):
    with pytest.raises(BadInput, match=message):
        features([tmp_path / "never-opened.png"], tmp_path, **options)


MEASURE = """
import resource, sys
from pathlib import Path
import torch
from emolib.features.deep import deep_features
torch.set_num_threads(1)
folder = Path(sys.argv[1])
for n in (160, 640):
    deep_features([folder / "one.jpg"] * n, size=112, output="lower", folder=folder / "cache", progress=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is counted in kilobytes on Linux alone")
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    picture(np.random.default_rng(0), 0.5, 0.5, (140, 128)).save(tmp_path / "one.jpg")
    run = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True)
    few, many = map(int, run.stdout.split())
    # The pixels of 480 pictures more are 18 MB, their lower maps in float32 another 6 MB.
    assert many - few < 12_000, f"peak of {few} kB for 160 pictures, {many} kB for 640 more"
