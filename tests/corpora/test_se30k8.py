"""SE30K8: the answers of five workers in each form, as votes, shares and single labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import load, se30k8
from emolib.corpora.scenes.export import SE30K8 as WRITTEN
from emolib.corpora.scenes.export import export
from emolib.corpora.scenes.model import Parameters
from emolib.errors import BadInput, Unavailable
from tests.fixtures.web_sets import SE30K8, SE30K8_NAMES, se30k8_entry, write_se30k8, write_value

FILE = "annotations/mturk_annotations_240"


def with_entry(folder: Path, number: int, **changes: Any) -> Path:
    """The corpus with one changed entry; None takes a key away."""
    root = write_se30k8(folder)
    entries = {n: se30k8_entry(n) for n in SE30K8}
    entries[number] |= changes
    entries[number] = {key: value for key, value in entries[number].items() if value is not None}
    write_value(root / FILE, entries)
    return root


def test_the_order_of_the_eight() -> None:
    assert se30k8.EMOTIONS == SE30K8_NAMES == WRITTEN


@pytest.mark.parametrize("form", ["numbers", "names", "rows"])
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("keyed", [True, False])
def test_every_form(tmp_path: Path, form: str, keep: bool, keyed: bool) -> None:
    write_se30k8(tmp_path, form, keep=keep, keyed=keyed)
    corpus = load("se30k8", tmp_path)
    table = corpus.table
    here = [number for number in SE30K8 if number != 105]
    assert table["id"].tolist() == [str(number) for number in here]
    assert table["emotion"].tolist() == [SE30K8[number][1] for number in here]
    for row, number in zip(table[list(se30k8.VOTES)].to_numpy(), here, strict=True):
        assert row.tolist() == [sum(k in answer for answer in SE30K8[number][0]) for k in range(8)]
    assert table["image"].tolist() == [
        "000000/101.jpg", "000000/102.jpg", "other/103.JPG", "000000/104.jpg", "000000/240_F_106.jpg",
    ]  # fmt: skip
    assert set(table["tags"]) == {"beach|New York|a%7Cb"}
    assert set(table["emotion_tags"]) == {"joyful"}
    attrs = table.attrs
    assert (attrs["missing"], attrs["rated"], attrs["found"]) == (["105"], 6, 5)
    assert (attrs["labelled"], attrs["ties"], attrs["repeated"], attrs["several"]) == (3, 2, 0, 5)
    assert attrs["per_class"]["happiness"] == attrs["per_class"]["surprise(positive)"] == 1
    assert "30,000 and of 33,000" in attrs["differences"][0]
    assert all(path.is_file() for path in corpus.paths)
    assert len(corpus.content_hash) == 64


def test_the_card_explains_every_column(tmp_path: Path) -> None:
    write_se30k8(tmp_path)
    corpus = load("se30k8", tmp_path)
    assert set(corpus.table.columns) - {"image", "split"} == set(corpus.card.labels)


def test_shares(tmp_path: Path) -> None:
    corpus = load("se30k8", write_se30k8(tmp_path).parent)
    shares = se30k8.distribution(corpus)
    assert shares.shape == (5, 8)
    assert np.allclose(shares.sum(axis=1), 1)
    # 101: happiness three times, surprise(positive) twice, neutral once, of six answers
    assert np.allclose(shares[0], [0, 0, 0, 3 / 6, 1 / 6, 0, 0, 2 / 6])


def test_annotations_without_pictures(tmp_path: Path) -> None:
    root = write_se30k8(tmp_path)
    for file in [*root.rglob("*.jpg"), *root.rglob("*.JPG")]:
        file.unlink()
    with pytest.raises(Unavailable, match="none of the 6 pictures"):
        se30k8.load(root)
    table = se30k8.annotations(root)
    assert table["url"].tolist()[0] == "https://stock.invalid/240_F_101.jpg"
    assert len(table) == 6


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Its authors give it"):
        se30k8.load(tmp_path)
    with pytest.raises(Unavailable, match="cannot be downloaded by a program"):
        se30k8.fetch(tmp_path / "new")
    root = write_se30k8(tmp_path)
    assert se30k8.fetch(root) == root


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"image_emotion": [[0]] * 4}, "image_emotion is .* 5 lists, a worker each"),
        ({"image_emotion": "anger"}, "image_emotion is 'anger'"),
        ({"image_emotion": [[0], [0], [0], [0], 0]}, "worker 5: 0 where a list"),
        ({"image_emotion": [[0], [0], [8], [0], [0]]}, "worker 3: 8 is not the number"),
        ({"image_emotion": [[0], [-1], [0], [0], [0]]}, "worker 2: -1 is not the number"),
        ({"image_emotion": [[True], [0], [0], [0], [0]]}, "worker 1: True is neither"),
        ({"image_emotion": [[3.0], [0], [0], [0], [0]]}, "worker 1: 3.0 is neither"),
        (
            {"image_emotion": [["surprise"], [0], [0], [0], [0]]},
            "worker 1: label 'surprise' .*positive from a negative",
        ),
        ({"image_emotion": [["joy ride"], [0], [0], [0], [0]]}, "worker 1: unknown se30k8 label .joy ride."),
        ({"image_emotion": [[], [0], [0], [0], [0]]}, r"worker 1: \[\] names no emotion"),
        ({"image_emotion": [[0] * 8, [0], [0], [0], [0]]}, "worker 1: .* names no emotion"),
        ({"image_emotion": [[2, 2], [0], [0], [0], [0]]}, "worker 1: .* names an emotion twice"),
        ({"image_emotion": None}, "has no image_emotion"),
        ({"image_url": 7}, "image_url is 7"),
        ({"image": "../../etc/passwd"}, "image is .* not the path"),
        ({"tags": "beach"}, "tags: 'beach' where a list"),
        ({"tags": ["a\x00b"]}, "characters that no text has"),
        ({"emotion_tags": [1]}, "emotion_tags: 1 is not a tag"),
        ({"access_key": 7}, "its access_key is 7"),
    ],
)
def test_wrong_entries(tmp_path: Path, changes: dict, fault: str) -> None:
    with pytest.raises(BadInput, match=rf"mturk_annotations_240.pkl.keep, entry 102.*{fault}"):
        se30k8.load(with_entry(tmp_path, 102, **changes))


def test_two_entries_of_one_picture(tmp_path: Path) -> None:
    root = write_se30k8(tmp_path, keyed=False)
    entries = [se30k8_entry(n) for n in (101, 102, 101)]
    write_value(root / FILE, entries)
    assert se30k8.load(root).table.attrs["repeated"] == 1
    entries[2]["image_emotion"] = [[0]] * 5
    write_value(root / FILE, entries)
    with pytest.raises(BadInput, match="row 3: the picture '101' stands there already with other labels"):
        se30k8.load(root)


def test_two_files_of_one_picture(tmp_path: Path) -> None:
    root = write_se30k8(tmp_path)
    (root / "other/101.png").write_bytes((root / "000000/101.jpg").read_bytes())
    with pytest.raises(BadInput, match="more than one file for the same picture: '000000/101.jpg', 'other/101.png'"):
        se30k8.load(root)


def test_a_path_in_the_entry_counts_first(tmp_path: Path) -> None:
    root = with_entry(tmp_path, 101, image="other/103.JPG")
    assert se30k8.load(root).table["image"][0] == "other/103.JPG"


def test_lines_with_any_ends(tmp_path: Path) -> None:
    root = write_se30k8(tmp_path)
    (root / f"{FILE}.pkl.keep").unlink()
    lines = [json.dumps(se30k8_entry(number)) for number in SE30K8]
    (root / "annotations/annotations.jsonl").write_bytes(
        ("\ufeff" + "\r".join(lines[:3]) + "\r\n" + "\n\n".join(lines[3:])).encode()
    )
    assert se30k8.load(root).table["emotion"].tolist() == [SE30K8[n][1] for n in SE30K8 if n != 105]
    lines[4] = lines[4].replace("[[2]", "[[9]")
    (root / "annotations/annotations.jsonl").write_text("\n".join(lines))
    with pytest.raises(BadInput, match="annotations.jsonl, line 5: worker 1: 9 is not the number"):
        se30k8.load(root)
    (root / "annotations/annotations.jsonl").write_text("\n".join([*lines[:4], lines[4][:50]]))
    with pytest.raises(BadInput, match=r"annotations.jsonl, line 5, column \d+: not JSON"):
        se30k8.load(root)


def test_the_laboratory_writes_what_this_reads(tmp_path: Path) -> None:
    root = export(Parameters(count=12), tmp_path / "lab", "stockemotion", progress=False)
    corpus = se30k8.load(root)
    assert len(corpus) == 12
    written = [json.loads(line) for line in (root / "annotations.jsonl").read_text().splitlines()]
    for row, entry in zip(corpus.table.itertuples(), written, strict=True):
        assert row.image == f"images/{entry['image']}"
        assert row.tags == "|".join(entry["tags"])
        votes = np.array(entry["image_emotion"]).sum(axis=0)
        assert [row[row._fields.index("emotion") + 1 + k] for k in range(8)] == votes.tolist()
        winner = np.flatnonzero(votes == votes.max())
        assert row.emotion == (SE30K8_NAMES[winner[0]] if votes.max() >= 3 and len(winner) == 1 else "")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def planted(value: Any) -> list[int] | None:
    """The votes that a value must mean if it means any, worked out apart from the loader; None when it means none."""
    if not isinstance(value, list) or len(value) != 5:
        return None
    votes = [0] * 8
    for answer in value:
        if not isinstance(answer, list) or not answer:
            return None
        if len(answer) == 8 and all(type(x) in (int, float, bool) and x in (0, 1) for x in answer):
            chosen = [k for k in range(8) if answer[k]]
        else:
            chosen = [SE30K8_NAMES.index(x) if x in SE30K8_NAMES else x for x in answer]
        if not chosen or any(type(k) is not int or not 0 <= k < 8 for k in chosen) or len(set(chosen)) < len(chosen):
            return None
        for k in chosen:
            votes[k] += 1
    return votes


answers = st.one_of(
    st.lists(st.integers(-1, 8), max_size=3),
    st.lists(st.sampled_from(["anger", "fear", "neutral"]), max_size=3),
    st.lists(st.integers(0, 1), min_size=7, max_size=9),
    junk,
)


@settings(max_examples=300)
@given(value=st.lists(answers, min_size=4, max_size=6) | junk)
def test_random_answers_give_their_votes_or_an_error(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-se30k8"
    root = base / "se30k8" if base.exists() else write_se30k8(base)
    (root / f"{FILE}.pkl.keep").unlink(missing_ok=True)
    entry = se30k8_entry(101) | {"image_emotion": value}
    (root / f"{FILE}.json").write_text(json.dumps([se30k8_entry(102), entry]), encoding="utf-8")
    meant = planted(json.loads(json.dumps(value)))
    try:
        table = se30k8.load(root).table
    except BadInput as error:
        assert "mturk_annotations_240.json, row 2" in str(error)
        assert meant is None
        return
    assert table[list(se30k8.VOTES)].to_numpy()[1].tolist() == meant
