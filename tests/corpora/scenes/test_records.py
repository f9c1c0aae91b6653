"""Records: what they say follows from the planted distribution, and from a picture's number alone."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emolib.corpora import scenes
from emolib.corpora.scenes import Parameters, blocks, records
from emolib.corpora.scenes.kinds import directions
from emolib.corpora.scenes.model import latents, originals
from emolib.corpora.scenes.objects import objects
from emolib.corpora.scenes.words import EMOTION_OF
from emolib.emotions import MIKELS
from emolib.errors import BadInput

P, VOTES = [f"p_{e}" for e in MIKELS], [f"votes_{e}" for e in MIKELS]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return records(Parameters(8000, 64, 2, duplicates=0))


def test_columns_are_those_of_the_card(table):
    named = []
    for label in scenes.CARD.labels:
        named += [label.replace("<emotion>", e) for e in MIKELS] if "<emotion>" in label else [label]
    assert ["image", *named] == list(table.columns)
    assert table.notna().all(axis=None)
    json.dumps([list(row) for row in zip(*(table[c].tolist() for c in table), strict=True)])
    assert scenes.CARD.simulated


def test_a_record_is_the_same_whatever_else_is_asked_for(table):
    small = records(Parameters(100, 64, 2, duplicates=0.3))
    large = Parameters(1_000_000, 64, 2, duplicates=0.3)
    pd.testing.assert_frame_equal(records(large, 0, 100), small)
    pd.testing.assert_frame_equal(records(large, 17, 18), small.iloc[[17]].reset_index(drop=True))
    assert len(records(large, 5, 5)) == 0
    assert list(records(large, 5, 5).columns) == list(table.columns)
    pd.testing.assert_frame_equal(
        pd.concat(blocks(Parameters(100, 64, 2, duplicates=0.3), 30), ignore_index=True), small
    )
    assert records(large, 999_998)["image"].tolist() == ["0999/0999998.jpg", "0999/0999999.jpg"]


def test_another_process_makes_the_same(tmp_path):
    code = (
        "import hashlib, numpy as np\n"
        "from emolib.corpora.scenes import Parameters, Scenes, records\n"
        "p = Parameters(9000, 48, 4, duplicates=0.2)\n"
        "print(hashlib.sha256(records(p, 8000, 8050).to_json().encode()).hexdigest())\n"
        "print(hashlib.sha256(Scenes(p, np.arange(40, 46)).picture(3).tobytes()).hexdigest())\n"
    )
    outputs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1", "EMOLIB_CACHE": str(tmp_path)}, {"PYTHONHASHSEED": "2"})
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].split()) == 2


def test_votes_come_from_the_distribution_and_the_reliability(table):
    p, votes = table[P].to_numpy(), table[VOTES].to_numpy()
    assert (votes.sum(axis=1) == 5).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    expected = 5 * (0.8 * p + 0.2 / 8)
    z = (votes - expected).sum(axis=0) / np.sqrt((expected * (1 - expected / 5)).sum(axis=0))
    assert np.abs(z).max() < 4, z
    found = ((votes - 5 / 8) * (p - 1 / 8)).sum() / (5 * ((p - 1 / 8) ** 2).sum())
    assert found == pytest.approx(0.8, abs=0.02)
    careless = records(Parameters(4000, 64, 2, reliability=0, duplicates=0))[VOTES].to_numpy()
    assert stats.chisquare(careless.sum(axis=0)).pvalue > 1e-3


def test_label_noise_and_query_noise_have_their_rates():
    clean = records(Parameters(8000, 64, 2, label_noise=0, query_noise=0, duplicates=0))
    noisy = records(Parameters(8000, 64, 2, label_noise=0.4, query_noise=0.25, duplicates=0))
    changed = int((clean["emotion"] != noisy["emotion"]).sum())
    assert stats.binomtest(changed, 8000, 0.4 * 7 / 8).pvalue > 1e-3
    assert (clean["query"] == clean["emotion"]).all()
    assert stats.binomtest(int((noisy["query"] != clean["emotion"]).sum()), 8000, 0.25).pvalue > 1e-3


def test_ratings_follow_the_circumplex(table):
    expected = 5 + 3 * table[P].to_numpy() @ directions()
    for k, name in enumerate(("valence", "arousal")):
        error = table[name] - expected[:, k]
        assert abs(error.mean()) < 0.05  # rounding and the ends of the scale leave a little
        # twenty raters, each with the spread of the distribution and a noise of one point
        assert error.std() == pytest.approx((table[f"{name}_sd"].pow(2).mean() / 20) ** 0.5, rel=0.1)
        assert table[name].between(1, 9).all()
        assert (table[f"{name}_sd"] > 0).all()
    certain = table[P].max(axis=1) > 0.98
    assert table.loc[certain, "valence_sd"].mean() < table.loc[~certain, "valence_sd"].mean() - 0.3


def test_near_duplicates_share_the_scene_and_the_group():
    parameters = Parameters(4000, 64, 9, duplicates=0.2, label_noise=0)
    table = records(parameters)
    copies = table[table["duplicate_of"] != ""]
    assert stats.binomtest(len(copies), 4000, 0.2).pvalue > 1e-3
    by_image = table.set_index("image")
    first = by_image.loc[copies["duplicate_of"]]
    assert (first["duplicate_of"] == "").all()
    for column in ("group", "split", "emotion", "objects", "background", "palette", *P):
        assert (first[column].to_numpy() == copies[column].to_numpy()).all(), column
    assert (first["valence"].to_numpy() != copies["valence"].to_numpy()).mean() > 0.8
    assert (copies["duplicate_of"] < copies["image"]).all()
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert (originals(Parameters(duplicates=1.0), np.arange(50)) == 0).all()


def test_splits_have_their_shares(table):
    counts = table["split"].value_counts()
    assert (
        stats.chisquare([counts[s] for s in ("train", "val", "test")], 8000 * np.array([0.8, 0.05, 0.15])).pvalue > 1e-3
    )
    assert stats.chi2_contingency(pd.crosstab(table["split"], table["emotion"])).pvalue > 1e-3


def test_keywords_are_wrong_and_missing_at_their_rates():
    parameters = Parameters(3000, 64, 1, wrong_keywords=0, missing_keywords=0, duplicates=0)
    full, known = records(parameters), objects()
    names = dict(zip(known.codes, known.names, strict=True))
    for words, codes, background in zip(full["keywords"], full["objects"], full["background"], strict=True):
        assert {names[code] for code in codes.split("|")} <= set(words.split("|"))
        assert background in ("storm", "snow") or len(words.split("|")) >= 5
    emotional = [[w for w in words.split("|") if w in EMOTION_OF] for words in full["keywords"]]
    assert stats.binomtest(sum(len(words) == 1 for words in emotional), 3000, 0.5).pvalue > 1e-3
    share = np.mean([row[f"p_{EMOTION_OF[w[0]]}"] for w, (_, row) in zip(emotional, full.iterrows(), strict=True) if w])
    assert share == pytest.approx((full[P].to_numpy() ** 2).sum(axis=1).mean(), abs=0.03)
    none = records(Parameters(3000, 64, 1, wrong_keywords=0, missing_keywords=1, duplicates=0))
    assert all(set(words.split("|")) <= {"", *EMOTION_OF} for words in none["keywords"])
    half = records(Parameters(3000, 64, 1, wrong_keywords=0, missing_keywords=0.5, duplicates=0))
    kept = sum(
        names[codes.split("|")[0]] in words.split("|")
        for codes, words in zip(half["objects"], half["keywords"], strict=True)
    )
    assert stats.binomtest(kept, 3000, 0.5).pvalue > 1e-3


def test_boxes_lie_in_the_picture_and_match_the_objects(table):
    for boxes, regions, codes, weights in zip(
        table["boxes"], table["regions"], table["objects"], table["weights"], strict=True
    ):
        assert len(boxes) == len(codes.split("|")) == len(weights)
        assert all(box in boxes for box in regions)
        assert all(0 <= left < right <= 64 and 0 <= top < bottom <= 64 for left, top, right, bottom in boxes)
        assert all(0 <= weight <= 1 for weight in weights)
    off = records(Parameters(50, 64).switched_off())
    assert off["regions"].map(len).sum() == 0


def test_many_records_in_blocks_of_bounded_size():
    parameters = Parameters(10**6, 64)
    first = next(blocks(parameters, 1000))
    assert len(first) == 1000
    scene = latents(parameters, np.array([10**6 - 1, 2**45]))
    assert len(scene.emotion) == 2


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (0, 101), (7, 3), (0.5, 3), (0, "3"), (True, 3)])
def test_slices_outside_are_refused(start, stop):
    with pytest.raises(BadInput, match="pictures run from 0 to 100"):
        records(Parameters(100), start, stop)
