"""Groups of duplicates: what stays, what goes, and how right that is."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics.cluster import pair_confusion_matrix

from emolib.corpora.scenes import Parameters, Scenes
from emolib.curation.duplicates import (
    duplicate_groups,
    find_duplicates,
    found_under_several,
    keep,
    score_pairs,
    score_removed,
)
from emolib.errors import BadInput

LABELS = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 6), min_size=n, max_size=n) for _ in range(2)))
)


def test_pairs_connect_and_a_group_has_the_name_of_its_first():
    groups = duplicate_groups(8, np.array([[5, 2], [2, 7]]), np.array([[3, 4]]))
    assert groups.tolist() == [0, 1, 2, 3, 3, 2, 6, 2]
    assert duplicate_groups(3, np.empty((0, 2), int)).tolist() == [0, 1, 2]
    assert duplicate_groups(0).tolist() == []


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40))
def test_groups_are_the_smallest_that_hold_all_pairs(count, pairs):
    pairs = [(a % count, b % count) for a, b in pairs]
    names = list(range(count))  # by hand: join until nothing changes
    for _ in range(count):
        for a, b in pairs:
            names[a] = names[b] = min(names[a], names[b])
    assert duplicate_groups(count, np.array(pairs, int).reshape(-1, 2)).tolist() == names


@pytest.mark.parametrize("pairs", [[[0, 3]], [[-1, 0]], [[0.5, 1]], [0, 1]])
def test_pairs_outside_are_refused(pairs):
    with pytest.raises(BadInput, match="Pairs"):
        duplicate_groups(3, np.array(pairs))


def test_the_first_of_each_group_stays():
    assert keep(["b", "a", "b", "c", "a"]).tolist() == [True, True, False, True, False]
    assert keep([]).tolist() == []
    with pytest.raises(BadInput, match="groups: record 1"):
        keep(["a", None])


def test_a_picture_found_under_several_words_goes_with_all_its_copies():
    words = ["awe", "awe", "fear", "fear", "fear", "awe", "anger"]
    groups = [0, 0, 2, 2, 0, 5, 5]
    assert found_under_several(words, groups).tolist() == [True, True, False, False, True, True, True]
    table = pd.DataFrame({"query": words, "group": groups}, index=range(50, 57))
    assert found_under_several(table["query"], table["group"]).tolist()[2:4] == [False, False]
    with pytest.raises(BadInput, match="7 values, groups 6"):
        found_under_several(words, groups[:6])


@given(LABELS)
def test_pair_scores_equal_those_of_scikit_learn(labels):
    found, true = labels
    scores = score_pairs(found, true)
    (_, only_found), (only_true, both) = pair_confusion_matrix(true, found) // 2
    assert (scores.both, scores.found, scores.true) == (both, both + only_found, both + only_true)
    assert scores.precision == (both / (both + only_found) if both + only_found else 1)
    assert scores.recall == (both / (both + only_true) if both + only_true else 1)


def test_pair_scores_of_a_great_group_are_counted_not_listed():
    scores = score_pairs(np.zeros(3_000_000, int), np.arange(3_000_000) // 2)
    assert scores.found == 3_000_000 * 2_999_999 // 2 and scores.both == scores.true == 1_500_000


def test_removed_pictures_by_hand():
    true, found = [0, 0, 0, 3, 3, 5], [0, 0, 2, 3, 4, 3]  # should go: 1, 2, 4; go: 1, 5
    scores = score_removed(found, true)
    assert scores == (1 / 2, 1 / 3, 1, 2, 3)
    assert score_removed([0, 1], [4, 5])[:2] == (1.0, 1.0)


def test_copies_and_near_copies_of_files_are_found(tmp_path: Path):
    scenes = Scenes(Parameters(12, 64, 11, duplicates=0.0), np.arange(12))
    paths = [tmp_path / f"{k:02d}.png" for k in range(12)]
    for k, path in enumerate(paths):
        Image.fromarray(scenes.picture(k)).save(path)
    (tmp_path / "more").mkdir()
    same, cut, mirrored = (tmp_path / "more" / name for name in ("same.png", "cut.jpg", "mirrored.webp"))
    shutil.copy(paths[3], same)
    with Image.open(paths[7]) as picture:
        picture.crop((2, 4, 61, 63)).save(cut, quality=70)
    with Image.open(paths[7]) as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((150, 150)).save(mirrored)
    groups = find_duplicates([*paths, same, cut, mirrored], folder=tmp_path / "cache", progress=False)
    assert groups.tolist() == [*range(12), 3, 7, 7]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(cut.read_bytes()[:300])
    with pytest.raises(BadInput, match="broken.jpg"):
        find_duplicates([paths[0], broken], folder=tmp_path / "cache", progress=False)
    assert find_duplicates([], folder=tmp_path / "cache", progress=False).tolist() == []
