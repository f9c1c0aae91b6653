"""The guard against leaks: what crosses is named, whatever the rule that ties two pictures together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import openmoji
from emolib.curation.duplicates import find_duplicates
from emolib.errors import BadInput
from emolib.probes import check_separate, crossing, emoji_keys, joined_groups
from tests.fixtures.discrete import write_picture

KEYS = st.lists(st.one_of(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdef"), min_size=1)), min_size=1)


@given(KEYS, KEYS)
def test_it_passes_exactly_when_nothing_is_shared(training, probe):
    sets = [[{key} if isinstance(key, str) else set(key) for key in side] for side in (training, probe)]
    shared = [bool(keys & set().union(*sets[1])) for keys in sets[0]]
    assert crossing(training, probe).tolist() == shared
    if any(shared):
        # The first offender is named.
        with pytest.raises(BadInput, match=f"training picture {shared.index(True)} and"):
            check_separate(training, probe)
    else:
        assert check_separate(training, probe) == len(set().union(*sets[0])) + len(set().union(*sets[1]))
    left = [keys for keys, out in zip(training, shared, strict=True) if not out]
    if left:
        check_separate(left, probe)


def test_pictures_are_called_by_their_names():
    with pytest.raises(BadInput, match="leak: training picture b.jpg and probe picture y.jpg are both of group 7"):
        check_separate([1, 7], [3, 7], training_names=["a.jpg", "b.jpg"], probe_names=["x.jpg", "y.jpg"])


@pytest.mark.parametrize("missing", ["", None, float("nan"), (), ("a", "")])
def test_a_picture_without_a_group_is_refused_on_either_side(missing):
    with pytest.raises(BadInput, match="picture 1 has no group"):
        check_separate(["a", missing], ["b"])
    with pytest.raises(BadInput, match="picture 1 has no group"):
        check_separate(["a"], ["b", missing])


def test_nothing_proves_nothing():
    for sides in (([], ["a"]), (["a"], [])):
        with pytest.raises(BadInput, match="nothing is proved"):
            check_separate(*sides)
    with pytest.raises(BadInput, match="1 names for 2 training"):
        check_separate(["a", "b"], ["c"], training_names=["a"])


def test_rules_join_through_each_other():
    assert joined_groups(["a", "b", "b", "c"], [1, 1, 2, 3]).tolist() == [0, 0, 0, 3]
    with pytest.raises(BadInput, match="rule 2"):
        joined_groups(["a", "b"], [1])
    with pytest.raises(BadInput, match="no group"):
        joined_groups(["a", None])


def test_a_copy_in_another_corpus_is_caught(tmp_path):
    """Two corpora whose own groups differ; one picture of the probe is a training picture under another name."""
    for number in range(6):
        write_picture(tmp_path / f"{number}.jpg", number)
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "2.jpg").read_bytes())
    training = [tmp_path / f"{number}.jpg" for number in range(4)]
    probe = [tmp_path / "4.jpg", tmp_path / "copy.jpg"]
    own = [*(f"web {n}" for n in range(4)), "probe 4", "probe 5"]
    check_separate(own[:4], own[4:])
    groups = joined_groups(own, find_duplicates([*training, *probe], folder=tmp_path / "cache", progress=False))
    with pytest.raises(BadInput, match="training picture 2 and probe picture 1"):
        check_separate(groups[:4], groups[4:])
    assert crossing(groups[:4], groups[4:]).tolist() == [False, False, True, False]


def test_variants_of_an_emoji_do_not_cross():
    group = openmoji.groups()
    plain, toned = "1F44D", "1F44D-1F3FD"
    assert group[plain] == group[toned]
    with pytest.raises(BadInput, match="leak"):
        check_separate([group[plain]], [group["1F600"], group[toned]])


def test_an_emoji_that_scenes_were_painted_with_is_caught():
    scenes = corpora.load("scenes", count=40, pictures=False)
    keys = emoji_keys(scenes)
    codes = [cell.split("|") for cell in scenes.table["objects"]]
    assert all(
        len(own) == len({openmoji.groups()[code] for code in cell}) for own, cell in zip(keys, codes, strict=True)
    )
    painted = corpora.load("openmoji", codes=[codes[3][0]], size=16, progress=False)
    with pytest.raises(BadInput, match="leak"):
        check_separate(keys, emoji_keys(painted))
    left = [own for own, out in zip(keys, crossing(keys, emoji_keys(painted)), strict=True) if not out]
    assert 0 < len(left) < 40
    check_separate(left, emoji_keys(painted))


def test_other_corpora_are_not_made_of_emoji():
    corpus = corpora.load("scenes", count=2, pictures=False)
    other = type(corpus)("oasis", corpus.table, corpus.card, corpus.root)
    with pytest.raises(BadInput, match="oasis is not made of emoji"):
        emoji_keys(other)


def test_groups_of_numpy_are_groups():
    assert check_separate(np.array([1, 2]), np.array([3])) == 3
