"""Exports: what is written reads back as the records, in the layouts of the papers' corpora."""

from __future__ import annotations

import csv
import json
import pickle
import pickletools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib.corpora.scenes import Parameters, Scenes, export, records
from emolib.corpora.scenes.export import SE30K8, TO_SE30K8, TO_SIX, vocabulary
from emolib.emotions import FI_NUMBERS, MIKELS, VOCABULARIES
from emolib.errors import BadInput, Unavailable

PARAMETERS = Parameters(60, 32, 3, duplicates=0.3)
VOTES = [f"votes_{e}" for e in MIKELS]


def test_fi(tmp_path: Path):
    folder = export(PARAMETERS, tmp_path / "fi", "fi", progress=False)
    table = records(PARAMETERS)
    agree = {row.image: getattr(row, f"votes_{row.query}") for row in table.itertuples()}
    rows = []
    for file in sorted((folder / "agg").iterdir()):
        with open(file, newline="", encoding="utf-8") as text:
            rows += [(file.name.rsplit("_", 1)[0], *row) for row in csv.reader(text)]
    assert len(list((folder / "agg").iterdir())) == 56
    assert len(rows) == len(table)
    for name, emotion, url, no, yes in rows:
        image = url.removeprefix("https://scenes.invalid/")
        assert name == emotion == table.set_index("image")["query"][image]
        assert int(yes) == agree[image]
        assert int(no) + int(yes) == 5
    kept = {Path(image).name for image, yes in agree.items() if yes >= 3}
    listed, splits = {}, {"Train": "train", "Val": "val", "Test": "test"}
    by_name = {Path(row.image).name: row for row in table.itertuples()}
    groups: dict[str, set[str]] = {}
    for name, split in splits.items():
        for line in (folder / "FI" / f"{name}Images.txt").read_text().split():
            number, file = line.split("/")
            listed[file] = FI_NUMBERS[int(number)]
            assert by_name[file].split == split
            groups.setdefault(by_name[file].group, set()).add(split)
            assert (folder / "FI" / "Images" / listed[file].capitalize() / file).is_file()
    assert set(listed) == kept
    assert all(len(where) == 1 for where in groups.values())
    assert len(list((folder / "FI" / "Images").rglob("*.jpg"))) == len(kept)
    assert "Nobody gave" in (folder / "SIMULATED.txt").read_text()


def test_emotionroi(tmp_path: Path):
    folder = export(PARAMETERS, tmp_path / "roi", "emotionroi", progress=False)
    table, pictures = records(PARAMETERS), Scenes(PARAMETERS, np.arange(60))
    counts: Counter = Counter()
    names = []
    for k, emotion in enumerate(table["emotion"]):
        counts[TO_SIX[emotion]] += 1
        names.append(f"{TO_SIX[emotion]}/{counts[TO_SIX[emotion]]}.jpg")
        with Image.open(folder / "ground_truth" / names[-1]) as grey:
            assert (grey.mode, grey.size) == ("L", (32, 32))
            assert np.abs(np.asarray(grey, dtype=int) - pictures.region_map(k)).mean() < 4
        assert (folder / "images" / names[-1]).is_file()
    lists = {n: (folder / "training_testing_split" / f"{n}.txt").read_text().split() for n in ("training", "testing")}
    assert sorted(lists["training"] + lists["testing"]) == sorted(names)
    group = dict(zip(names, table["group"], strict=True))
    assert not {group[n] for n in lists["training"]} & {group[n] for n in lists["testing"]}
    assert {path.name for path in (folder / "images").iterdir()} == set(VOCABULARIES["emotion6"]) - {"neutral"}


def test_stockemotion(tmp_path: Path):
    folder = export(PARAMETERS, tmp_path / "se", "stockemotion", progress=False)
    table = records(PARAMETERS)
    tags, emotional, link = (
        json.loads((folder / "idx2name" / f"{n}.json").read_text()) for n in ("tag2idx", "etag2idx", "etag2tagidx")
    )
    assert sorted(tags) == list(tags) == vocabulary()
    assert {tags[word] for word in emotional} == set(link.values())
    for name, value in (("tag2idx", tags), ("etag2idx", emotional)):
        packed = (folder / "idx2name" / f"{name}.pkl.keep").read_bytes()
        assert not {op.name for op, _, _ in pickletools.genops(packed)} & {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"}
        assert packed[:2] == b"\x80\x02"
        assert pickle.loads(packed) == value
    entries = [json.loads(line) for line in (folder / "annotations.jsonl").read_text().splitlines()]
    previews = [json.loads(line) for line in (folder / "preview.jsonl").read_text().splitlines()]
    assert [[e["image"], e["image_url"]] for e in entries] == previews
    assert [e["image"] for e in entries] == table["image"].tolist()
    for entry, words, votes in zip(entries, table["keywords"], table[VOTES].to_numpy(), strict=True):
        assert "|".join(entry["tags"]) == words
        assert set(entry["tags"]) <= set(tags)
        assert set(entry["emotion_tags"]) == set(entry["tags"]) & set(emotional)
        expected = np.zeros(8, dtype=int)
        for emotion, number in zip(MIKELS, votes, strict=True):
            expected[SE30K8.index(TO_SE30K8[emotion])] += number
        assert np.shape(entry["image_emotion"]) == (5, 8)
        assert np.sum(entry["image_emotion"], axis=0).tolist() == expected.tolist()
        assert (folder / "images" / entry["image"]).is_file()
    assert tuple(VOCABULARIES["se30k8"]) == SE30K8


@pytest.mark.parametrize("layout", ["fi", "emotionroi", "stockemotion"])
def test_annotations_alone_need_no_pictures(tmp_path: Path, cache: Path, layout: str):
    folder = export(Parameters(5000, 160), tmp_path / "out", layout, pictures=False, progress=False)
    assert not cache.exists()
    assert not list(folder.rglob("*.jpg"))
    assert (folder / "SIMULATED.txt").is_file()


def test_refusals(tmp_path: Path):
    with pytest.raises(BadInput, match="fi, emotionroi, stockemotion"):
        export(PARAMETERS, tmp_path / "x", "imagenet")
    with pytest.raises(BadInput, match="Parameters"):
        export("scenes", tmp_path / "x", "fi")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(BadInput, match="not an empty folder"):
        export(PARAMETERS, tmp_path / "full", "fi")
    with pytest.raises(BadInput, match="not an empty folder"):
        export(PARAMETERS, tmp_path / "full" / "file", "fi")
    with pytest.raises(Unavailable, match="cannot be written"):
        export(PARAMETERS, tmp_path / "full" / "file" / "inside", "fi", pictures=False)
    assert not (tmp_path / "x").exists()
