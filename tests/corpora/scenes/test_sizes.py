"""Things of set sizes and numbers, and things that evoke nothing: what is asked for is there, all else as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emolib.corpora.scenes import Parameters, Scenes, bounds, folder_of, make, records
from emolib.corpora.scenes.chance import uniform
from emolib.corpora.scenes.model import MOST, SHARES, STREAMS, latents, object_weights
from emolib.corpora.scenes.objects import objects
from emolib.corpora.scenes.places import MARGIN, layout
from emolib.emotions import MIKELS
from emolib.errors import BadInput

N = 6000


def sides(parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """The larger side of every thing, and the boxes (n, 4), as shares of the picture's side."""
    scene = latents(parameters, np.arange(parameters.count))
    there = np.arange(MOST) < scene.number[:, None]
    boxes = layout(parameters, scene).boxes[there]
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1), boxes


def test_without_sizes_things_stand_where_they_always_did():
    # Read off before sizes could be set: a picture of a city with two things, and near-duplicates of another.
    table = records(Parameters(300, 64, 5, duplicates=0.2), 0, 6)
    assert table["boxes"].tolist() == [
        [[14, 44, 48, 59]], [[15, 44, 49, 59]], [[12, 44, 48, 61]], [[13, 47, 50, 63]],
        [[6, 30, 25, 54], [33, 31, 60, 59]], [[15, 47, 52, 63]],
    ]  # fmt: skip
    assert table["emotion"].tolist() == ["disgust"] * 4 + ["amusement", "disgust"]
    # The chances of places are the beginning of a longer row, so that the sixth of each thing changes none of five.
    index = np.arange(50)
    five, six = (uniform(7, index, STREAMS["place"], number * MOST) for number in (5, 6))
    np.testing.assert_array_equal(six[:, : 5 * MOST], five)
    plain = Parameters(200, 64, 3)
    side, _ = sides(plain)
    assert 0.27 * 0.88 <= side.min() and side.max() <= (0.27 + 0.15 + 0.05) * 1.25
    stated = Parameters(200, 64, 3, sizes=None, numbers=SHARES, neutral=0.0)
    assert stated == plain and records(stated).equals(records(plain))
    np.testing.assert_array_equal(object_weights(plain), objects().weights)


@pytest.mark.parametrize("sizes", [(0.12, 0.6), (0.05, 0.8), (0.3, 0.3)])
def test_things_have_sizes_in_the_range_each_octave_as_likely(sizes):
    low, high = sizes
    side, boxes = sides(Parameters(N, 64, 11, sizes=sizes, duplicates=0))
    assert side.min() >= low - 1e-9 and side.max() <= high + 1e-9
    assert (boxes >= MARGIN - 1e-9).all() and (boxes <= 1 - MARGIN + 1e-9).all()  # none is cut off
    if low < high:
        octaves = np.log2(side / low) / np.log2(high / low)
        assert stats.kstest(octaves, "uniform").pvalue > 1e-3
        assert octaves.max() > 0.99 and octaves.min() < 0.01
    else:
        np.testing.assert_allclose(side, low)


def test_sizes_leave_all_else_of_a_scene_as_it_is():
    plain, sized = Parameters(300, 64, 2), Parameters(300, 64, 2, sizes=(0.1, 0.7))
    a, b = records(plain), records(sized)
    moved = ["boxes", "regions"]
    assert a.drop(columns=moved).equals(b.drop(columns=moved)) and not a["boxes"].equals(b["boxes"])
    assert a["regions"].map(len).equals(b["regions"].map(len))
    # What is painted fills the box that is recorded.
    parameters = Parameters(40, 128, 5, background=0, palette=0, duplicates=0.3, sizes=(0.15, 0.7), numbers=(1, 0, 0))
    table, painted = records(parameters), Scenes(parameters, np.arange(40))
    checked = 0
    for k, (boxes, weights) in enumerate(zip(table["boxes"], table["weights"], strict=True)):
        if weights[0] == 1:
            rows, columns = (np.flatnonzero((painted.region_map(k) > 40).any(axis=axis)) for axis in (1, 0))
            found = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
            assert np.abs(found - boxes[0]).max() <= 4, k
            checked += 1
    assert checked > 30


@pytest.mark.parametrize("numbers", [(0.2, 0.4, 0.4), (0.0, 0.5, 0.5), (1, 0, 0), (0, 0, 1), (1 / 3, 1 / 3, 1 / 3)])
def test_numbers_have_their_shares(numbers):
    scene = latents(Parameters(N, 64, 7, numbers=numbers, duplicates=0), np.arange(N))
    counts = np.bincount(scene.number, minlength=4)[1:]
    shares = np.array(numbers, float)
    assert counts.sum() == N and not counts[shares == 0].any()
    if (shares > 0).sum() > 1:
        assert stats.chisquare(counts[shares > 0], N * shares[shares > 0]).pvalue > 1e-3
    table = records(Parameters(200, 64, 7, numbers=numbers, duplicates=0))
    assert table["boxes"].map(len).tolist() == scene.number[:200].tolist()


def test_neutral_objects_never_matter():
    parameters = Parameters(1500, 64, 4, object=10.0, neutral=0.5, numbers=(0.2, 0.4, 0.4), duplicates=0)
    silent = {code for code, row in zip(objects().codes, object_weights(parameters), strict=True) if not row.any()}
    table = records(parameters)
    mute = loud = 0
    for codes, weights, boxes, regions in zip(
        table["objects"], table["weights"], table["boxes"], table["regions"], strict=True
    ):
        for code, weight, box in zip(codes.split("|"), weights, boxes, strict=True):
            if code in silent:
                mute += 1
                assert weight == 0 and box not in regions
            else:
                loud += weight > 0
    assert mute > 1000 and loud > 500
    # They do not reach the emotion: another neutral thing in the place of one leaves the distribution as it is.
    scene = latents(parameters, np.arange(1500))
    mean = (object_weights(parameters)[scene.objects] * (np.arange(3) < scene.number[:, None])[:, :, None]).sum(1)
    quiet = ~mean.any(axis=1)
    assert quiet.sum() > 100
    alone = latents(parameters.switched_off("object"), np.arange(1500))
    np.testing.assert_allclose(scene.probabilities[quiet], alone.probabilities[quiet])
    assert not np.allclose(scene.probabilities[~quiet], alone.probabilities[~quiet])


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(0, 1))
def test_neutral_shares_are_kept_nested_and_spread_over_emotions(first: float, second: float):
    low, high = sorted((first, second))
    of = lambda share: ~object_weights(Parameters(neutral=share)).any(axis=1)  # noqa: E731
    less, more = of(low), of(high)
    assert abs(less.mean() - low) < 0.02 and (more | ~less).all()
    loud = object_weights(Parameters(neutral=low))[~less]
    np.testing.assert_array_equal(loud, objects().weights[~less])


def test_every_emotion_keeps_objects_and_has_neutral_ones_where_half_are():
    silent = ~object_weights(Parameters(neutral=0.5)).any(axis=1)
    for emotion in range(8):
        own = silent[objects().weights.argmax(axis=1) == emotion]
        assert own.any() and not own.all(), MIKELS[emotion]


def test_bounds_with_neutral_objects_and_numbers_agree_with_guessing_on_records():
    parameters = Parameters(
        N, 64, 1, object=10.0, background=2.4, palette=1.5, label_noise=0.1, neutral=0.5, numbers=(0.2, 0.4, 0.4),
        duplicates=0,
    )  # fmt: skip
    exact, scene = bounds(parameters), latents(parameters, np.arange(N))
    emotion = records(parameters)["emotion"].map(MIKELS.index).to_numpy()

    def agrees(guess: np.ndarray, bound: float) -> bool:
        return abs((guess == emotion).mean() - bound) < 4 * np.sqrt(bound * (1 - bound) / N)

    assert agrees(scene.probabilities.argmax(axis=1), exact.bayes)
    assert agrees(np.full(N, scene.probabilities.mean(axis=0).argmax()), exact.majority)
    by_colour = np.zeros((11, 6, 8))
    half = N // 2  # learned on one half, judged on the other: what few pictures of a kind teach is not the bound itself
    np.add.at(by_colour, (scene.background[:half], scene.palette[:half]), scene.probabilities[:half])
    guess = by_colour.argmax(axis=2)[scene.background[half:], scene.palette[half:]]
    right = (guess == emotion[half:]).mean()
    assert right < exact.colour_only + 4 * np.sqrt(exact.colour_only / half)
    assert right > exact.colour_only - 4 * np.sqrt(exact.colour_only / half) - 0.03
    # With neither, the bounds are others: both are looked at.
    for other in (Parameters(N, 64, 1, 10.0, 2.4, 1.5, 0.1), Parameters(N, 64, 1, 10.0, 2.4, 1.5, 0.1, neutral=0.5)):
        assert abs(bounds(other).bayes - exact.bayes) > 0.01
    assert bounds(Parameters(neutral=1.0)).object_only == pytest.approx(bounds(Parameters(neutral=1.0)).majority)


def test_folders_differ_by_what_is_seen_alone(tmp_path):
    plain = Parameters(10, 64)
    sized, more = Parameters(10, 64, sizes=(0.1, 0.5)), Parameters(10, 64, numbers=(0.2, 0.4, 0.4))
    assert len({folder_of(p) for p in (plain, sized, more, Parameters(10, 64, sizes=(0.1, 0.6)))}) == 4
    assert folder_of(Parameters(10, 64, neutral=0.5)) == folder_of(plain)
    assert folder_of(Parameters(10, 64, sizes=[0.1, 0.5])) == folder_of(sized)
    for one, other in (
        (plain, Parameters(10, 64, neutral=0.7)),
        (sized, Parameters(10, 64, sizes=(0.1, 0.5), neutral=1)),
    ):
        a, b = (Scenes(p, np.arange(3)).picture(2) for p in (one, other))
        np.testing.assert_array_equal(a, b)
    assert (Scenes(plain, np.arange(3)).picture(2) != Scenes(sized, np.arange(3)).picture(2)).any()


def test_the_corpus_takes_and_tells_them():
    corpus = make(count=8, size=32, sizes=(0.2, 0.4), numbers=(0, 0, 1), neutral=0.25, progress=False)
    told = corpus.table.attrs["parameters"]
    assert (told["sizes"], told["numbers"], told["neutral"]) == ((0.2, 0.4), (0.0, 0.0, 1.0), 0.25)
    assert corpus.table["boxes"].map(len).eq(3).all()
    plain = make(count=8, size=32, progress=False)
    assert corpus.content_hash != plain.content_hash and corpus.root != plain.root


@pytest.mark.parametrize(
    "fault",
    [
        {"sizes": (0.04, 0.5)}, {"sizes": (0.5, 0.9)}, {"sizes": (0.5, 0.2)}, {"sizes": (0.1,)}, {"sizes": 0.3},
        {"sizes": (0.1, 0.2, 0.3)}, {"sizes": (float("nan"), 0.5)}, {"sizes": "large"}, {"sizes": (None, 0.5)},
        {"numbers": (0.5, 0.5)}, {"numbers": (0.5, 0.5, 0.5)}, {"numbers": (1.5, -0.5, 0)}, {"numbers": None},
        {"numbers": (1, 0, 0, 0)}, {"numbers": "one"}, {"numbers": (float("nan"), 0.5, 0.5)}, {"numbers": 1},
        {"neutral": -0.1}, {"neutral": 1.1}, {"neutral": float("nan")}, {"neutral": None}, {"neutral": True},
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(fault):
    with pytest.raises(BadInput, match="scenes: " + next(iter(fault))):
        Parameters(**fault)
