"""Verifying: what is wrong with pictures is found, a killed walk goes on, and the report does not depend on either."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from emolib import corpora
from emolib.corpora import artphoto, verifying
from emolib.corpora.base import Corpus, exact_duplicates
from emolib.corpora.journal import FAULT, Journal
from emolib.curation import verify as full
from emolib.curation.hashing import thumbnails
from emolib.errors import BadInput, Unavailable
from tests.fixtures.corpora import picture, write_oasis

COUNT = 24


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Pictures with one of every fault: truncated, empty, a text, absent, copied, nearly copied, across splits."""
    root = tmp_path / "pictures"
    root.mkdir()
    images = [f"{k:02d}.jpg" for k in range(COUNT)]
    for k, image in enumerate(images):
        made = picture(np.random.default_rng(k), 0.3 + 0.02 * k, 0.9, (90, 70))
        made.save(root / image, quality=92)
    (root / images[3]).write_bytes((root / images[3]).read_bytes()[:500])
    (root / images[4]).write_bytes(b"")
    (root / images[5]).write_text("a text")
    (root / images[6]).unlink()
    shutil.copy(root / images[8], root / images[20])
    with Image.open(root / images[9]) as original:
        ImageEnhance.Brightness(original).enhance(1.05).save(root / images[21], quality=60)
    table = pd.DataFrame({"image": images, "group": images, "split": ["train"] * 12 + ["test"] * 12})
    table.attrs.update(missing=["of which no picture is here"])
    return Corpus("faulty", table, artphoto.CARD, root)


def copy_of(found: verifying.Report) -> dict:
    return json.loads(found.json())


def report_of(corpus: Corpus, **how: object) -> verifying.Report:
    journal = verifying.walk(corpus, kept=full.THUMBNAIL, progress=False, **how)
    return verifying.report(corpus, journal, full.groups_of(journal))


def test_every_fault_is_found(corpus: Corpus) -> None:
    found = report_of(corpus)
    assert not found.ok and found.pictures == COUNT
    assert [image for image, _ in found.broken] == ["03.jpg", "04.jpg", "05.jpg", "06.jpg"]
    reasons = dict(found.broken)
    assert "truncated" in reasons["03.jpg"].lower() and "empty" in reasons["04.jpg"]
    assert "no picture" in reasons["05.jpg"] and "No such file" in reasons["06.jpg"]
    assert all(str(corpus.root) in reason for reason in reasons.values())
    assert found.exact_duplicates == [["08.jpg", "20.jpg"]]
    assert found.near_duplicates == [["09.jpg", "21.jpg"]]
    assert found.across_splits == [[("08.jpg", "train"), ("20.jpg", "test")], [("09.jpg", "train"), ("21.jpg", "test")]]
    assert found.missing == ["of which no picture is here"]
    text = found.markdown()
    for word in ("NOT sound", "08.jpg = 20.jpg", "09.jpg (train) = 21.jpg (test)", "of which no picture"):
        assert word in text


def test_same_bytes_are_those_that_the_corpus_finds(corpus: Corpus) -> None:
    here = corpus.subset([k for k in range(COUNT) if k != 6])
    found = verifying.verify(here, progress=False)
    images = here.table["image"].tolist()
    assert found.exact_duplicates == [[images[k] for k in same] for same in exact_duplicates(here.paths)]
    assert found.near_duplicates is None and "Nobody looked for near-duplicates" in found.markdown()
    assert found.across_splits == [[("08.jpg", "train"), ("20.jpg", "test")]]


def test_the_thumbnails_on_the_way_are_those_of_the_search_for_duplicates(corpus: Corpus, tmp_path: Path) -> None:
    journal = verifying.walk(corpus, kept=full.THUMBNAIL, progress=False)
    good = [k for k in range(COUNT) if k not in (3, 4, 5, 6)]
    expected = thumbnails([corpus.paths[k] for k in good], folder=tmp_path / "features", progress=False)
    np.testing.assert_array_equal(journal.rows[good], expected)
    assert not journal.rows[3:7].any()


@pytest.mark.parametrize("workers", [1, 3])
def test_the_report_does_not_depend_on_threads(corpus: Corpus, workers: int) -> None:
    expected = copy_of(report_of(corpus))
    assert copy_of(report_of(corpus, workers=workers, fresh=True)) == expected


def counting(monkeypatch: pytest.MonkeyPatch, stop_at: int | None = None) -> list[str]:
    """Names of the pictures that are decoded from now on; the one at `stop_at` ends the walk as a kill would."""
    seen: list[str] = []
    look = verifying._look

    def counted(path: Path, kept: verifying.Kept | None):  # noqa: ANN202
        if stop_at is not None and path.name == f"{stop_at:02d}.jpg":
            raise KeyboardInterrupt
        seen.append(path.name)
        return look(path, kept)

    monkeypatch.setattr(verifying, "_look", counted)
    return seen


@pytest.mark.parametrize("stop_at", [2, 9, 23])
def test_an_interrupted_walk_goes_on_and_gives_the_same_report(
    corpus: Corpus, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = copy_of(report_of(corpus))
    shutil.rmtree(verifying.report_folder(corpus))
    monkeypatch.setattr(verifying, "CHUNK", 4)
    with monkeypatch.context() as killed:
        counting(killed, stop_at)
        with pytest.raises(KeyboardInterrupt):
            verifying.walk(corpus, kept=full.THUMBNAIL, workers=1, progress=False)
    seen = counting(monkeypatch)
    assert copy_of(report_of(corpus)) == expected
    done = stop_at // 4 * 4
    assert sorted(seen) == [f"{k:02d}.jpg" for k in range(done, COUNT)]
    seen.clear()
    assert copy_of(report_of(corpus)) == expected
    assert seen == []


def test_changed_files_are_looked_at_again_and_nothing_else(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    report_of(corpus)
    seen = counting(monkeypatch)
    (corpus.root / "03.jpg").write_bytes((corpus.root / "02.jpg").read_bytes())  # another size
    picture(np.random.default_rng(99), 0.5, 0.5, (90, 70)).save(corpus.root / "06.jpg")  # is there now
    stat = (corpus.root / "07.jpg").stat()
    os.utime(corpus.root / "07.jpg", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))  # the same bytes at another time
    (corpus.root / "08.jpg").unlink()
    found = report_of(corpus)
    assert sorted(seen) == ["03.jpg", "06.jpg", "07.jpg", "08.jpg"]
    assert [image for image, _ in found.broken] == ["04.jpg", "05.jpg", "08.jpg"]
    assert found.exact_duplicates == [["02.jpg", "03.jpg"]]
    assert copy_of(found) == copy_of(report_of(corpus, fresh=True))


def test_fresh_looks_at_everything(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    report_of(corpus)
    seen = counting(monkeypatch)
    report_of(corpus, fresh=True)
    assert len(seen) == COUNT


def test_pictures_that_come_or_go_leave_the_others_alone(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    some = corpus.subset([k for k in range(COUNT) if k % 3])
    report_of(some)
    seen = counting(monkeypatch)
    found = report_of(corpus)
    assert sorted(seen) == [f"{k:02d}.jpg" for k in range(0, COUNT, 3)]
    seen.clear()
    back = corpus.subset(np.arange(COUNT)[::-1])
    assert sorted(map(sorted, report_of(back).near_duplicates)) == [["09.jpg", "21.jpg"]]
    assert seen == []
    assert copy_of(found) == copy_of(report_of(corpus, fresh=True))


def test_a_half_written_record_is_not_believed(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = copy_of(report_of(corpus))
    file = verifying.walk(corpus, kept=full.THUMBNAIL, progress=False).records_file
    content = bytearray(file.read_bytes())
    size = len(content) // COUNT
    content[10 * size + 60] ^= 1
    file.write_bytes(content[: 20 * size + 11])
    seen = counting(monkeypatch)
    assert copy_of(report_of(corpus)) == expected
    assert sorted(seen) == ["10.jpg", "20.jpg", "21.jpg", "22.jpg", "23.jpg"]


def test_another_decoder_is_not_served_from_the_journal(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    report_of(corpus)
    monkeypatch.setattr(verifying.PIL, "__version__", "0")
    seen = counting(monkeypatch)
    report_of(corpus)
    assert len(seen) == COUNT
    assert len([path for path in verifying.report_folder(corpus).iterdir() if path.is_dir()]) == 1


def test_a_picture_of_several_rows_is_no_duplicate_of_itself(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = counting(monkeypatch)
    found = verifying.verify(corpus.subset([0, 0, 1, 8, 20, 0]), progress=False)
    assert found.pictures == len(seen) == 4
    assert found.exact_duplicates == [["08.jpg", "20.jpg"]]
    assert found.across_splits == [[("08.jpg", "train"), ("20.jpg", "test")]]


def test_a_pipe_does_not_stop_the_walk(corpus: Corpus) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in this file system")
    os.mkfifo(corpus.root / "06.jpg")
    found = dict(verifying.verify(corpus, progress=False).broken)
    assert found["06.jpg"] == f"{corpus.root / '06.jpg'} is no file"


def test_long_reasons_are_cut_between_characters(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_look", lambda path, kept: (bytes(32), "é" * 1000, None))
    reasons = {reason for _, reason in verifying.verify(corpus, progress=False).broken}
    assert reasons == {"é" * (FAULT // 2)}


def test_long_lists_are_cut_in_markdown_alone(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "LISTED", 3)
    found = report_of(corpus)
    assert "Broken (4):" in found.markdown() and "- and 1 more" in found.markdown()
    assert "06.jpg" not in found.markdown().split("bytes more")[0] and "06.jpg" in found.json()


def test_words_are_sound() -> None:
    words = Corpus("words", pd.DataFrame({"word": ["a"]}), artphoto.CARD, Path("nowhere"))
    found = verifying.report(words, verifying.walk(words, kept=full.THUMBNAIL, progress=False), np.empty(0, np.int64))
    assert (found.ok, found.pictures, found.near_duplicates) == (True, 0, [])


def test_the_report_is_left_whole(tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=2)
    found, folder = full.verify("oasis", tmp_path, progress=False)
    assert found.ok and sorted(path.name for path in folder.iterdir() if path.suffix in (".json", ".md")) == [
        "report.json", "report.md",
    ]  # fmt: skip
    assert json.loads((folder / "report.json").read_text("utf-8")) == copy_of(found)
    assert (folder / "report.md").read_text("utf-8") == found.markdown()
    assert corpora.verify("oasis", tmp_path, progress=False) == dataclasses.replace(found, near_duplicates=None)
    again, elsewhere = full.verify("oasis", tmp_path, out=tmp_path / "out", near=False, progress=False)
    assert elsewhere == tmp_path / "out" and again.near_duplicates is None
    assert json.loads((elsewhere / "report.json").read_text("utf-8"))["near_duplicates"] is None


def test_what_makes_no_sense_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    for workers in (0, -1, True, 1.5):
        with pytest.raises(BadInput, match="workers is a whole number"):
            verifying.walk(corpus, workers=workers, progress=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="name another folder"):
        verifying.leave(verifying.Report("x", 0), tmp_path / "file" / "folder")


def test_planted_near_duplicates_of_the_laboratory_are_found() -> None:
    lab = corpora.load("scenes", count=300, size=64, seed=5, duplicates=0.2)
    found = report_of(lab)
    groups = dict(zip(lab.table["image"], lab.table["group"], strict=True))
    planted = sum(size * (size - 1) // 2 for size in lab.table["group"].value_counts())
    assert planted > 20
    pairs = {(a, b) for same in found.near_duplicates for a in same for b in same if a < b}
    right = sum(groups[a] == groups[b] for a, b in pairs)
    assert right / planted > 0.9 and right / len(pairs) > 0.9
    assert all(len({splits for _, splits in same}) > 1 for same in found.across_splits)


@given(st.lists(st.integers(0, 9), max_size=30))
def test_sets_are_the_positions_of_equal_values(values: list[int]) -> None:
    expected = [[k for k, v in enumerate(values) if v == value] for value in dict.fromkeys(values)]
    assert verifying.sets(np.array(values, np.int64)) == [same for same in expected if len(same) > 1]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8), min_size=1, max_size=4))
def test_a_journal_keeps_what_belongs_to_a_name(
    tmp_path_factory: pytest.TempPathFactory, walks: list[list[str]]
) -> None:
    """However names come and go, the record and row of a name are those that were written for it last."""
    folder = tmp_path_factory.mktemp("journal")
    written: dict[str, int] = {}
    for turn, names in enumerate(walks):
        journal = Journal(folder, names, (2,))
        records, whole = journal.read(0, len(names))
        for k, name in enumerate(names):
            if whole[k]:
                assert records[k]["size"] == written[name]
                assert journal.rows[k].tolist() == [written[name]] * 2
        new = np.array([not whole[k] or turn % 2 == 0 for k in range(len(names))], bool)
        rows = {}
        for k in np.flatnonzero(new).tolist():
            written[names[k]] = value = 10 * turn + k + 1
            records[k]["size"], rows[k] = value, np.array([value, value], np.uint8)
        journal.write(0, records, new, rows)
        again, whole = journal.read(0, len(names))
        assert whole.all() and again["size"].tolist() == [written[name] for name in names]
        assert len(list(folder.glob("records-*.bin"))) == 1
