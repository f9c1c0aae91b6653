"""What was planted can be found again by statistics, and nothing where nothing was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emolib.corpora.scenes import Parameters, bounds, records
from emolib.corpora.scenes.kinds import (
    BACKGROUND_NAMES,
    BACKGROUNDS,
    PALETTE_NAMES,
    background_weights,
    directions,
    palette_weights,
)
from emolib.corpora.scenes.model import MOST, SHARES, Latents, latents
from emolib.corpora.scenes.objects import EACH, objects
from emolib.emotions import MIKELS
from emolib.errors import BadInput

N = 20_000


def originals_only(parameters: Parameters) -> Latents:
    """Latents of many pictures that have nothing to do with each other."""
    scene = latents(parameters, np.arange(N))
    assert (scene.original == scene.index).all()
    return scene


def strengths(scene: Latents, emotion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximum likelihood of the three strengths in a multinomial logistic regression, and their standard errors."""
    counts = np.arange(MOST) < scene.number[:, None]
    mean = (objects().weights[scene.objects] * counts[:, :, None]).sum(axis=1) / scene.number[:, None]
    x = np.stack([mean, background_weights()[scene.background], palette_weights()[scene.palette]], axis=2)
    beta = np.zeros(3)
    for _ in range(25):  # Newton's method
        z = x @ beta
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        expected = (p[:, :, None] * x).sum(axis=1)
        gradient = (x[np.arange(len(x)), emotion] - expected).sum(axis=0)
        centred = x - expected[:, None, :]
        information = np.einsum("ne,nei,nej->ij", p, centred, centred)
        step = np.linalg.solve(information, gradient)
        beta += step
    assert np.abs(step).max() < 1e-8
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


@pytest.mark.parametrize("planted", [(4.0, 1.6, 1.0), (2.0, 0.0, 0.7), (0.0, 1.0, 0.0)])
def test_the_planted_strengths_are_recovered(planted):
    scene = originals_only(Parameters(N, 32, 11, *planted, duplicates=0))
    found, error = strengths(scene, scene.emotion)
    assert (np.abs(found - planted) < 3.3 * error).all(), (found, error)
    assert (error < 0.06).all()


def test_a_strength_at_zero_removes_the_effect_and_only_that():
    on, off = (originals_only(Parameters(N, 32, 3, background=b, duplicates=0)) for b in (1.6, 0.0))
    for name in ("background", "palette", "number", "objects"):
        np.testing.assert_array_equal(getattr(on, name), getattr(off, name))
    table = np.histogram2d(off.background, off.emotion, bins=(np.arange(12), np.arange(9)))[0]
    assert stats.chi2_contingency(table).pvalue > 1e-3
    table = np.histogram2d(on.background, on.emotion, bins=(np.arange(12), np.arange(9)))[0]
    assert stats.chi2_contingency(table).pvalue < 1e-12


def test_with_all_strengths_at_zero_nothing_tells_the_emotion():
    scene = originals_only(Parameters(N, 32, 5, duplicates=0).switched_off())
    np.testing.assert_allclose(scene.probabilities, 1 / 8)
    assert stats.chisquare(np.bincount(scene.emotion, minlength=8)).pvalue > 1e-3
    for latent, kinds in ((scene.background, 11), (scene.palette, 6), (scene.objects[:, 0], len(objects()))):
        table = np.histogram2d(latent, scene.emotion, bins=(np.arange(kinds + 1), np.arange(9)))[0]
        assert stats.chi2_contingency(table).pvalue > 1e-3
    half = N // 2  # a guesser that learnt the commonest emotion of every object is right by chance
    table = np.zeros((len(objects()), 8))
    np.add.at(table, (scene.objects[:half, 0], scene.emotion[:half]), 1)
    right = int((table.argmax(axis=1)[scene.objects[half:, 0]] == scene.emotion[half:]).sum())
    assert stats.binomtest(right, half, 1 / 8).pvalue > 1e-3
    off = bounds(Parameters().switched_off())
    for value in (off.bayes, off.object_only, off.colour_only, off.majority):
        assert value == pytest.approx(1 / 8)


def test_scenes_have_the_stated_composition():
    scene = originals_only(Parameters(N, 32, 7, duplicates=0))
    assert stats.chisquare(np.bincount(scene.number)[1:], N * np.array(SHARES)).pvalue > 1e-3
    for column in range(MOST):
        assert stats.chisquare(np.bincount(scene.objects[:, column], minlength=len(objects()))).pvalue > 1e-3
    ordered = np.sort(scene.objects, axis=1)
    assert (ordered[:, 1:] > ordered[:, :-1]).all()
    assert stats.chisquare(np.bincount(scene.background)).pvalue > 1e-3
    np.testing.assert_allclose(scene.probabilities.sum(axis=1), 1)


def test_weights_favour_no_emotion_and_have_one_scale():
    for weights in (objects().weights, background_weights(), palette_weights()):
        np.testing.assert_allclose(weights.sum(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(weights.sum(axis=1), 0, atol=1e-9)
        assert np.sqrt((weights**2).mean()) == pytest.approx(1)
    np.testing.assert_allclose(np.hypot(*directions().T), 1)


def test_objects_are_things_whose_words_speak_of_the_emotion():
    known = objects()
    assert len(known) == len(set(known.codes)) == EACH * len(MIKELS)
    strongest = dict(zip(known.names, known.weights.argmax(axis=1), strict=True))
    for name, emotion in (
        ("funeral urn", "sadness"),
        ("pistol", "anger"),
        ("toilet", "disgust"),
        ("dog", "contentment"),
    ):
        assert MIKELS[strongest[name]] == emotion, name
    assert not any("face" in words or "person" in words for words in known.words)
    assert set(np.bincount(known.weights.argmax(axis=1), minlength=8) > 5) == {True}


def test_bounds_agree_with_guessing_on_records():
    parameters = Parameters(N, 32, 1, label_noise=0.1, duplicates=0)
    exact, scene = bounds(parameters), latents(parameters, np.arange(N))
    emotion = records(parameters)["emotion"].map(MIKELS.index).to_numpy()

    def agrees(guess: np.ndarray, bound: float) -> bool:
        return abs((guess == emotion).mean() - bound) < 4 * np.sqrt(bound * (1 - bound) / N)

    assert agrees(scene.probabilities.argmax(axis=1), exact.bayes)
    by_colour = np.zeros((11, 6, 8))
    np.add.at(by_colour, (scene.background, scene.palette), scene.probabilities)
    assert agrees(by_colour.argmax(axis=2)[scene.background, scene.palette], exact.colour_only)
    assert agrees(np.full(N, scene.probabilities.mean(axis=0).argmax()), exact.majority)
    # what one knows of the objects alone: the mean over all surroundings, by the definition
    some, total = slice(0, 3000), np.zeros((3000, 8))
    counts = np.arange(MOST) < scene.number[some, None]
    mean = (objects().weights[scene.objects[some]] * counts[:, :, None]).sum(axis=1) / scene.number[some, None]
    for b in background_weights():
        for p in palette_weights():
            e = np.exp(parameters.object * mean + parameters.background * b + parameters.palette * p)
            total += e / e.sum(axis=1, keepdims=True)
    values = total.max(axis=1) / 66 * 0.9 + 0.1 / 8
    assert abs(values.mean() - exact.object_only) < 4 * values.std() / np.sqrt(3000)


def test_the_default_laboratory_is_hard_as_stated():
    found = bounds()
    assert 0.70 < found.bayes < 0.85
    assert found.majority < found.colour_only < 0.35
    assert found.majority < 0.20
    assert found.colour_only < found.object_only < found.bayes
    noisy = bounds(Parameters(label_noise=1.0))
    assert noisy.bayes == pytest.approx(1 / 8)


def test_restricted_scenes_stay_within_the_restriction():
    parameters = Parameters(500, 32, backgrounds=["night", "room"], palettes="golden")
    scene = latents(parameters, np.arange(500))
    assert {BACKGROUND_NAMES[k] for k in scene.background} == {"night", "room"}
    assert {PALETTE_NAMES[k] for k in scene.palette} == {"golden"}
    assert bounds(parameters).bayes > bounds(parameters).object_only
    assert {kind.name for kind in BACKGROUNDS} == set(BACKGROUND_NAMES)


@pytest.mark.parametrize(
    "fault",
    [
        {"count": 0}, {"count": -1}, {"count": 2.5}, {"count": True}, {"count": "many"}, {"count": None},
        {"size": 31}, {"size": 1025}, {"size": 160.0}, {"seed": -1}, {"seed": 2**32}, {"seed": 1.5},
        {"object": -0.1}, {"background": float("nan")}, {"palette": float("inf")}, {"object": "strong"},
        {"object": True}, {"label_noise": 1.1}, {"label_noise": -0.1}, {"reliability": 2}, {"reliability": -1},
        {"query_noise": None}, {"duplicates": 1.5}, {"wrong_keywords": -1}, {"missing_keywords": [0.1]},
        {"backgrounds": ["moon"]}, {"backgrounds": []}, {"palettes": "neon"}, {"palettes": 3}, {"palettes": [None]},
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(fault):
    with pytest.raises(BadInput, match="scenes: .*" + next(iter(fault)).rstrip("s")):
        Parameters(**fault)


def test_other_refusals():
    with pytest.raises(BadInput, match="effect 'colour'"):
        Parameters().switched_off("colour")
    with pytest.raises(BadInput, match="whole numbers"):
        latents(Parameters(), np.array([-1]))
    with pytest.raises(BadInput, match="whole numbers"):
        latents(Parameters(), np.array([0.5]))
    assert Parameters().switched_off("object").object == 0
    assert Parameters().switched_off("object").background > 0
