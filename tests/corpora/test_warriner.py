"""The word norms: every word, its numbers, and the checks of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emolib.corpora import load, warriner
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.corpora import WARRINER_FILE, write_warriner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_warriner(tmp_path)


def change(folder: Path, line: int, column: str, value: str) -> None:
    lines = [row.split(",") for row in (folder / WARRINER_FILE).read_text().splitlines()]
    lines[line - 1][lines[0].index(column)] = value
    (folder / WARRINER_FILE).write_text("\n".join(",".join(cells) for cells in lines) + "\n")


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = load("warriner", tmp_path)
    assert list(corpus.table.columns) == ["word"] + [
        f"{label}{end}" for end in ("", "_sd", "_n") for label in ("valence", "arousal", "dominance")
    ]
    assert corpus.table["word"].tolist() == [
        "beach",
        "cat",
        "FALSE",
        "null",
        "war",
    ]  # nothing turned into a truth value
    first = (folder / WARRINER_FILE).read_text().splitlines()[1].split(",")
    expected = [float(first[position]) for position in (2, 5, 8, 3, 6, 9, 4, 7, 10)]
    assert corpus.table.iloc[0, 1:].tolist() == expected
    assert corpus.card.kind == "words"
    assert corpus.paths == []
    assert "image" not in corpus.table
    assert len(corpus.content_hash) == 64


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("V.Mean.Sum", "0.5", "'0.5' .* from 1 to 9"),
        ("A.Mean.Sum", "9.5", "'9.5' .* from 1 to 9"),
        ("D.Mean.Sum", "high", "'high' is not a number"),
        ("V.SD.Sum", "-1", "from 0 to"),
        ("A.Rat.Sum", "0", "whole number"),
        ("Word", " ", "is empty"),
        ("Word", "beach", "stands in line 2 already"),
    ],
)
def test_wrong_cells(folder: Path, column: str, value: str, message: str) -> None:
    change(folder, 4, column, value)
    with pytest.raises(BadInput, match=f"{WARRINER_FILE}, line 4, column '{column}': .*{message}"):
        warriner.load(folder)


def test_missing_column(folder: Path) -> None:
    change(folder, 1, "A.SD.Sum", "something")
    with pytest.raises(BadInput, match="the column 'A.SD.Sum' is missing"):
        warriner.load(folder)


def test_no_words_and_no_file(folder: Path) -> None:
    header = (folder / WARRINER_FILE).read_text().splitlines()[0]
    (folder / WARRINER_FILE).write_text(header + "\n")
    with pytest.raises(BadInput, match="no words"):
        warriner.load(folder)
    (folder / WARRINER_FILE).unlink()
    with pytest.raises(Unavailable, match=WARRINER_FILE):
        warriner.load(folder)


def test_fetch(folder: Path, tmp_path: Path, server: Server) -> None:
    data = (folder / WARRINER_FILE).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    url = server.add("/norms.csv", data)
    for _ in range(2):
        warriner.fetch(tmp_path / "new" / "norms", progress=False, url=url, sha256=digest)
    assert len(server.requests) == 1
    pd.testing.assert_frame_equal(load("warriner", tmp_path / "new").table, warriner.load(folder).table)


def test_fetch_of_another_file(folder: Path, tmp_path: Path, server: Server) -> None:
    url = server.add("/norms.csv", (folder / WARRINER_FILE).read_bytes())
    with pytest.raises(BadInput, match="checksum"):
        warriner.fetch(tmp_path / "new", progress=False, url=url)
    assert not (tmp_path / "new").exists()
    before = (folder / WARRINER_FILE).read_bytes()
    with pytest.raises(BadInput, match="not the published file"):
        warriner.fetch(folder, progress=False, url=url)
    assert (folder / WARRINER_FILE).read_bytes() == before


def test_real_norms(real_data: Path) -> None:
    corpus = load("warriner", real_data)
    assert len(corpus) == corpus.table.attrs["expected"] == 13_915
    rows = pd.read_csv(real_data / "norms" / WARRINER_FILE, keep_default_na=False, low_memory=False)
    for column, name in (("valence", "V.Mean.Sum"), ("arousal_sd", "A.SD.Sum"), ("dominance_n", "D.Rat.Sum")):
        np.testing.assert_array_equal(corpus.table[column], rows[name])
    assert warriner.fetch(real_data / "norms", progress=False, url="https://nowhere.invalid") == real_data / "norms"
