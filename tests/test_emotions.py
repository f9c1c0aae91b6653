"""The words and the geometry of emotion."""

from __future__ import annotations

import itertools
import math
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolib import emotions
from emolib.emotions import MIKELS, WHEEL, distance_matrix, normalise_label, quadrant, rescale, wheel_distance
from emolib.errors import BadInput

# Written out by hand from the circular order, rows and columns alphabetical.
STEPS = np.array(
    [
        [0, 1, 2, 1, 2, 3, 4, 3],
        [1, 0, 3, 2, 1, 4, 3, 2],
        [2, 3, 0, 1, 4, 1, 2, 3],
        [1, 2, 1, 0, 3, 2, 3, 4],
        [2, 1, 4, 3, 0, 3, 2, 1],
        [3, 4, 1, 2, 3, 0, 1, 2],
        [4, 3, 2, 3, 2, 1, 0, 1],
        [3, 2, 3, 4, 1, 2, 1, 0],
    ]
)
mikels = st.sampled_from(MIKELS)


# ----------------------------------------------------------------------------------------------------- categories
def test_the_sets_have_their_sizes_and_orders():
    assert list(MIKELS) == sorted(MIKELS) and len(set(MIKELS)) == 8
    assert sorted(WHEEL) == list(MIKELS)
    assert len(set(emotions.EKMAN)) == 6 and list(emotions.EKMAN) == sorted(emotions.EKMAN)
    assert len(set(emotions.PLUTCHIK)) == 8


def test_fi_numbers_walk_round_the_positive_and_then_the_negative_half_of_the_wheel():
    assert emotions.FI_NUMBERS[1] == "amusement" and emotions.FI_NUMBERS[8] == "anger"
    assert tuple(emotions.FI_NUMBERS[n] for n in range(1, 9)) == WHEEL


def test_polarity_splits_mikels_four_to_four():
    positive = {label for label in MIKELS if emotions.polarity(label) == "positive"}
    assert positive == {"amusement", "awe", "contentment", "excitement"}
    assert all(emotions.polarity(label) == "negative" for label in set(MIKELS) - positive)


def test_every_emotion_of_every_vocabulary_has_a_polarity():
    for vocabulary, words in emotions.VOCABULARIES.items():
        for word in words:
            assert emotions.polarity(word, vocabulary) in {"positive", "negative", "neutral", "ambiguous"}
    assert emotions.polarity("surprise", "ekman") == "ambiguous"
    assert emotions.polarity("surprise(positive)", "se30k8") == "positive"


def test_plutchik_opposites():
    pairs = {("joy", "sadness"), ("trust", "disgust"), ("fear", "anger"), ("surprise", "anticipation")}
    for a, b in pairs:
        assert emotions.opposite(a) == b and emotions.opposite(b) == a


def test_plutchik_intensities_have_the_primary_in_the_middle_and_no_word_twice():
    words = [word for three in emotions.PLUTCHIK_INTENSITIES.values() for word in three]
    assert len(words) == len(set(words)) == 24
    for primary, three in emotions.PLUTCHIK_INTENSITIES.items():
        assert three[1] == primary
    assert emotions.PLUTCHIK_INTENSITIES["anger"] == ("annoyance", "anger", "rage")


# --------------------------------------------------------------------------------------------------------- labels
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("amuse", "amusement"), ("anger", "anger"), ("awe", "awe"), ("content", "contentment"),
        ("disgust", "disgust"), ("excit", "excitement"), ("fear", "fear"), ("sad", "sadness"),
        ("Amusement", "amusement"), ("Awe", "awe"), ("'Content'", "contentment"), ("'Sad'", "sadness"),
        ("Excitement", "excitement"), (" Sadness\r\n", "sadness"), ('"Disgust"', "disgust"),
        ("\u2018Fear\u2019", "fear"), ("\ufeffAnger", "anger"), ("CONTENTMENT", "contentment"),
    ],
)  # fmt: skip
def test_mikels_spellings_of_the_corpora(text, label):
    assert normalise_label(text) == label


@pytest.mark.parametrize(
    ("text", "vocabulary", "label"),
    [
        ("joy", "ekman", "happiness"), ("Happy", "ekman", "happiness"), ("happiness", "ekman", "happiness"),
        ("happy", "plutchik", "joy"), ("joy", "emotion6", "joy"), ("happiness", "emotion6", "joy"),
        ("[prob. anger]", "emotion6", "anger"), ("neutral", "emotion6", "neutral"), ("love", "unbiased", "love"),
        ("Happy", "affectnet", "happiness"), ("Sad", "affectnet", "sadness"), ("Contempt", "affectnet", "contempt"),
        ("surprise(negative)", "se30k8", "surprise(negative)"), ("happiness", "se30k8", "happiness"),
    ],
)  # fmt: skip
def test_spellings_of_the_other_vocabularies(text, vocabulary, label):
    assert normalise_label(text, vocabulary) == label


@pytest.mark.parametrize(
    ("text", "vocabulary", "says"),
    [
        ("happy", "mikels", "four positive"),
        ("positive", "mikels", "four positive"),
        ("surprise", "mikels", "no surprise"),
        ("surprise", "se30k8", "positive from a negative"),
        ("Uncertain", "affectnet", "without an emotion label"),
        ("3", "mikels", "FI_NUMBERS"),
        ("contntment", "mikels", "nearest: contentment"),
        ("content and anger", "mikels", "known: amusement, anger"),
        ("", "mikels", "known: amusement"),
    ],
)
def test_what_is_unknown_or_ambiguous_is_refused_by_name(text, vocabulary, says):
    with pytest.raises(BadInput) as refusal:
        normalise_label(text, vocabulary)
    assert says in str(refusal.value) and repr(text) in str(refusal.value)


@pytest.mark.parametrize("value", [3, 3.0, None, float("nan"), b"awe", ["awe"], np.int64(1)])
def test_a_label_that_is_no_text_is_refused(value):
    with pytest.raises(BadInput, match="FI_NUMBERS"):
        normalise_label(value)


def test_an_unknown_vocabulary_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="unknown vocabulary 'mikel'.*mikels"):
        normalise_label("awe", "mikel")


def test_a_very_long_label_gives_a_short_message():
    with pytest.raises(BadInput) as refusal:
        normalise_label("contentment " * 100_000)
    assert len(str(refusal.value)) < 400


@given(st.text())
def test_any_text_is_an_emotion_or_refused(text):
    for vocabulary, words in emotions.VOCABULARIES.items():
        try:
            assert normalise_label(text, vocabulary) in words
        except BadInput as refusal:
            assert vocabulary in str(refusal)


@given(
    st.sampled_from(sorted(emotions.VOCABULARIES)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(sorted(emotions._LOOKUP[name])))
    ),
    st.sampled_from(["{}", " {}\t", "'{}'", '"{}"', "[{}]", "\ufeff{}", "'{} '"]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_decoration_and_case_do_not_change_the_label(word, frame, case):
    vocabulary, spelling = word
    label = normalise_label(frame.format(case(spelling)), vocabulary)
    assert label == normalise_label(spelling, vocabulary) == normalise_label(label, vocabulary)


@given(mikels, st.integers(0, 10), st.sampled_from(string.ascii_lowercase))
def test_an_inserted_letter_is_refused_or_still_the_same_emotion(label, place, letter):
    try:
        assert normalise_label(label[:place] + letter + label[place:]) == label
    except BadInput as refusal:
        assert label in str(refusal)


# ---------------------------------------------------------------------------------------------------------- wheel
def test_steps_matrix_is_the_hand_written_one():
    np.testing.assert_array_equal(distance_matrix(), STEPS)
    np.testing.assert_array_equal(distance_matrix("one_plus"), STEPS + 1)


@given(mikels, mikels, mikels)
def test_steps_are_a_metric(a, b, c):
    assert wheel_distance(a, b) == wheel_distance(b, a)
    assert (wheel_distance(a, b) == 0) == (a == b)
    assert wheel_distance(a, c) <= wheel_distance(a, b) + wheel_distance(b, c)


@given(mikels, mikels, mikels)
def test_one_plus_is_symmetric_never_zero_and_keeps_the_triangle(a, b, c):
    def far(x, y):
        return wheel_distance(x, y, "one_plus")

    assert far(a, b) == far(b, a) == wheel_distance(a, b) + 1
    assert far(a, c) <= far(a, b) + far(b, c)


def test_neighbours_on_the_wheel_are_one_step_apart_and_the_far_side_four():
    for place, label in enumerate(WHEEL):
        assert wheel_distance(label, WHEEL[(place + 1) % 8]) == 1
        assert wheel_distance(label, WHEEL[(place + 4) % 8]) == 4


@given(st.permutations(MIKELS), st.sampled_from(["steps", "one_plus"]))
def test_a_permuted_order_permutes_the_matrix(order, convention):
    picks = [MIKELS.index(label) for label in order]
    np.testing.assert_array_equal(distance_matrix(convention, order), distance_matrix(convention)[np.ix_(picks, picks)])


def test_wheel_takes_the_spellings_of_the_corpora():
    assert wheel_distance("sad", "Content") == 4


def test_wheel_refuses_what_it_does_not_know():
    with pytest.raises(BadInput, match="steps, one_plus"):
        wheel_distance("awe", "fear", "zhao")
    with pytest.raises(BadInput, match="unknown mikels label 'bliss'"):
        wheel_distance("awe", "bliss")
    with pytest.raises(BadInput, match="twice"):
        distance_matrix(order=["awe", "fear", "Awe"])


# --------------------------------------------------------------------------------------------- valence and arousal
def test_circumplex_holds_russells_28_words_and_kims_22_are_among_them():
    assert len(emotions.CIRCUMPLEX) == 28
    assert len(set(emotions.KIM_KEYWORDS)) == 22
    assert set(emotions.CIRCUMPLEX) - set(emotions.KIM_KEYWORDS) == {
        "miserable", "sad", "droopy", "sleepy", "calm", "relaxed",
    }  # fmt: skip


@pytest.mark.parametrize("word", emotions.CIRCUMPLEX)
def test_circumplex_points_lie_on_the_unit_circle_at_their_angle(word):
    valence, arousal = emotions.circumplex_point(word)
    assert math.hypot(valence, arousal) == pytest.approx(1)
    assert math.degrees(math.atan2(arousal, valence)) % 360 == pytest.approx(emotions.CIRCUMPLEX[word])


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("excited", "positive-exciting"),
        ("angry", "negative-exciting"),
        ("gloomy", "negative-calm"),
        ("serene", "positive-calm"),
        ("At ease", "positive-calm"),
    ],
)
def test_words_fall_into_the_quadrants_that_their_meaning_says(word, where):
    assert quadrant(*emotions.circumplex_point(word), midpoint=0) == where


def test_an_unplaced_word_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="'delight'.*delighted"):
        emotions.circumplex_point("delight")
    with pytest.raises(BadInput, match="known: happy"):
        emotions.circumplex_point("zzz")


def test_quadrants_of_numbers_and_arrays():
    assert quadrant(6, 7) == "positive-exciting"
    assert quadrant(5, 7) == quadrant(7, 5) == quadrant(5, 5) == "axis"
    assert quadrant(4.5, 4.5, midpoint=4) == "positive-exciting"
    np.testing.assert_array_equal(
        quadrant([6, 4, 4, 6], np.array([6, 6, 4, 4])),
        ["positive-exciting", "negative-exciting", "negative-calm", "positive-calm"],
    )
    assert quadrant(np.full((2, 3), 6.0), 2.0).shape == (2, 3)


@given(st.floats(1, 9), st.floats(1, 9))
def test_turning_the_plane_half_round_gives_the_quadrant_across(valence, arousal):
    here, there = quadrant(valence, arousal), quadrant(10 - valence, 10 - arousal)
    across = dict(zip(emotions.QUADRANTS, emotions.QUADRANTS[2:] + emotions.QUADRANTS[:2], strict=True))
    # 10 - x can round to the midpoint itself for an x next to it; then the mirrored point is on an axis.
    assert there == across.get(here, "axis") or "axis" in (here, there)


@pytest.mark.parametrize("value", [float("nan"), math.inf, "high", None, [1, [2]]])
def test_quadrant_refuses_what_is_no_number(value):
    with pytest.raises(BadInput):
        quadrant(value, 5.0)


def test_rescale_by_hand():
    assert rescale(1) == 1.0 and rescale(7) == 9.0 and rescale(4) == 5.0
    assert rescale(2.5) == pytest.approx(1 + 1.5 * 8 / 6)
    np.testing.assert_allclose(rescale([0, 50, 100], (0, 100), (1, 9)), [1, 5, 9])
    assert rescale(2, (1, 7), (9, 1)) == pytest.approx(9 - 8 / 6)


def test_rescale_keeps_the_shape_and_a_series_its_index():
    assert rescale(np.ones((2, 3))).shape == (2, 3)
    assert rescale([]).shape == (0,)
    series = rescale(pd.Series([1.0, 7.0], index=["a", "b"], name="valence"))
    pd.testing.assert_series_equal(series, pd.Series([1.0, 9.0], index=["a", "b"], name="valence"))


scales = st.tuples(st.integers(-100, 100), st.integers(1, 100)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(scales, scales, st.floats(0, 1))
def test_rescale_and_back_is_the_identity(old, new, share):
    x = min(old[0] + share * (old[1] - old[0]), old[1])
    there = rescale(x, old, new)
    assert new[0] <= there <= new[1]
    assert rescale(there, new, old) == pytest.approx(x, abs=1e-9)
    assert rescale(old[0], old, new) == new[0] and rescale(old[1], old, new) == new[1]


@given(st.lists(st.floats(1, 7), min_size=2))
def test_rescale_keeps_the_order(values):
    there = rescale(values)
    for (x, tx), (y, ty) in itertools.pairwise(zip(values, there, strict=True)):
        assert tx <= ty + 1e-12 if x <= y else tx + 1e-12 >= ty


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda x: not 0.99 <= x <= 7.01))
def test_rescale_refuses_every_value_off_the_scale(value):
    with pytest.raises(BadInput):
        rescale([3.0, value])


def test_rescale_says_which_value_is_off():
    with pytest.raises(BadInput, match=r"rating 7\.5 \(position 1\) is outside the scale 1 to 7; 2 of 3"):
        rescale([3, 7.5, 0])


@pytest.mark.parametrize("old", [(1, 1), (7, 1), (1, math.inf), (1, 2, 3), "17", None])
def test_rescale_refuses_a_scale_without_extent(old):
    with pytest.raises(BadInput, match="scale"):
        rescale(3, old)
