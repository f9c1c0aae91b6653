"""Corpora by name: where they are looked for, what a corpus can do, what verifying finds."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from emolib import corpora
from emolib.corpora import places, warriner
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.corpora import write_cgna10766, write_oasis, write_warriner


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_oasis(tmp_path, n_series=4, seed=1)
    write_warriner(tmp_path)
    return tmp_path


# Names and places


def test_names_and_cards() -> None:
    names = corpora.names()
    assert names[:3] == ["oasis", "cgna10766", "warriner"]
    for name in names:
        card = corpora.card(name)
        assert card.name == name
        assert card.simulated == (name == "scenes")  # only a laboratory has labels that nobody gave


@pytest.mark.parametrize("action", [corpora.load, corpora.card, corpora.available, corpora.fetch, corpora.verify])
def test_unknown_name(action) -> None:  # noqa: ANN001
    with pytest.raises(BadInput, match="no corpus called 'oasys'. Did you mean 'oasis'.* oasis, cgna10766, warriner"):
        action("oasys")
    with pytest.raises(BadInput, match="no corpus called ''. Known are"):
        action("")


def test_explicit_folder_is_the_only_one_looked_in(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLIB_DATA", str(root))
    assert corpora.available("oasis")
    assert not corpora.available("oasis", tmp_path / "elsewhere")


def test_environment_comes_before_the_users_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = places.user_data_root()
    write_oasis(mine, n_series=2, seed=9)
    write_cgna10766(mine, n=4)
    monkeypatch.setenv("EMOLIB_DATA", str(root))
    assert corpora.load("oasis").root == root / "oasis"
    assert corpora.load("cgna10766").root == mine / "CGnA10766" / "data"
    monkeypatch.delenv("EMOLIB_DATA")
    assert corpora.load("oasis").root == mine / "oasis"


def test_an_empty_folder_does_not_hide_the_next_place(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    (first / "oasis" / "images").mkdir(parents=True)
    monkeypatch.setenv("EMOLIB_DATA", str(first))
    write_oasis(places.user_data_root(), n_series=2)
    assert corpora.load("oasis").root == places.user_data_root() / "oasis"


def test_absent_data_name_the_places_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path))
    for name, folder in (("oasis", "oasis"), ("cgna10766", "cgna10766"), ("warriner", "norms")):
        with pytest.raises(Unavailable) as caught:
            corpora.load(name)
        for word in ("EMOLIB_DATA", str(tmp_path / folder), f"python -m emolib data fetch {name}"):
            assert word in str(caught.value)
        assert not corpora.available(name)


def test_damaged_data_are_there(root: Path) -> None:
    (root / "oasis" / "OASIS.csv").write_text("Theme\n")
    assert corpora.available("oasis", root)
    with pytest.raises(BadInput):
        corpora.load("oasis", root)


@pytest.mark.parametrize(
    "name", ["OASIS_database_2016", "OASIS", "shiny-server-1a3bcada01115bbe651bf0e69f7410c8ef63cc94"]
)
def test_folders_as_people_unpack_them(root: Path, name: str) -> None:
    (root / "oasis").rename(root / name)
    assert corpora.load("oasis", root).root == root / name


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_places: Path) -> None:
    assert places.data_roots() == [places.user_data_root()]
    assert places.cache_root() == own_places / "cache"
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path / "data"))
    assert places.data_roots() == [tmp_path / "data", places.user_data_root()]
    assert places.data_roots(tmp_path) == [tmp_path]
    assert places.writable_data_root() == tmp_path / "data"
    assert places.writable_data_root(tmp_path) == tmp_path
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert places.writable_data_root() == places.user_data_root()
    assert not (tmp_path / "data").exists()


def test_fetch_goes_to_the_named_folder(
    root: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (root / "norms" / warriner.FILE).read_bytes()
    fetch = warriner.fetch

    def here(folder: Path, *, progress: bool) -> Path:
        url = server.add("/norms.csv", data)
        return fetch(folder, progress=progress, url=url, sha256=hashlib.sha256(data).hexdigest())

    monkeypatch.setattr(warriner, "fetch", here)
    assert corpora.fetch("warriner", tmp_path / "new", progress=False) == tmp_path / "new" / "norms"
    assert len(corpora.load("warriner", tmp_path / "new")) == 5


# A corpus


def test_content_hash_is_of_labels_and_bytes(root: Path, tmp_path: Path) -> None:
    before = corpora.load("oasis", root).content_hash
    assert before == corpora.load("oasis", root).content_hash
    write_oasis(tmp_path / "again", n_series=4, seed=1)
    assert corpora.load("oasis", tmp_path / "again").content_hash == before  # wherever it lies

    csv = root / "oasis" / "OASIS.csv"
    data = csv.read_bytes()
    csv.write_bytes(data.replace(b",Pixabay,", b",Elsewhere,", 1))
    assert corpora.load("oasis", root).content_hash != before
    csv.write_bytes(data)
    picture = corpora.load("oasis", root).paths[3]
    picture.write_bytes(picture.read_bytes() + b"\0")
    assert corpora.load("oasis", root).content_hash != before


def test_a_picture_that_vanished(root: Path) -> None:
    corpus = corpora.load("oasis", root)
    corpus.paths[0].unlink()
    with pytest.raises(BadInput, match="Acorns 1.jpg cannot be read"):
        _ = corpus.content_hash


def test_subset(root: Path) -> None:
    corpus = corpora.load("oasis", root)
    mask = corpus.table["category"] == "Object"
    objects = corpus.subset(mask)
    assert objects.table["theme"].tolist() == corpus.table["theme"][mask].tolist()
    assert objects.table.index.tolist() == list(range(mask.sum()))
    assert objects.content_hash != corpus.content_hash
    picked = corpus.subset([4, 0])
    assert picked.paths == [corpus.paths[4], corpus.paths[0]]
    assert len(corpus.subset([])) == 0
    assert len(corpus) == len(corpus.subset(np.ones(len(corpus), dtype=bool)))


@pytest.mark.parametrize("which", [[True], [0, 99], [-1], [0.5], [[0, 1]], ["a"]])
def test_subset_of_what_is_not_there(root: Path, which: list) -> None:
    with pytest.raises(BadInput, match="oasis"):
        corpora.load("oasis", root).subset(which)


def test_card_as_markdown() -> None:
    card = dataclasses.replace(corpora.card("oasis"), terms="one | two\nthree", simulated=True, count=None)
    text = card.markdown()
    lines = text.splitlines()
    assert lines[0] == f"# {card.title}"
    assert "| Terms | one \\| two three |" in lines
    assert "| Labels | simulated: nobody gave them |" in lines
    for column, meaning in card.labels.items():
        assert f"| `{column}` | {meaning} |" in lines
    for fault in card.faults:
        assert f"- {fault}" in lines
    assert "900 pictures" in corpora.card("oasis").markdown()
    assert "13,915 words" in corpora.card("warriner").markdown()


@pytest.mark.parametrize("name", ["oasis", "cgna10766", "warriner"])
def test_the_card_explains_every_column(root: Path, name: str) -> None:
    write_cgna10766(root, n=4)
    columns = set(corpora.load(name, root).table.columns) - {"image", "split"}
    explained = {part for key in corpora.card(name).labels for part in key.split(", ")}
    assert columns == explained


# Verifying


def test_a_sound_corpus(root: Path) -> None:
    report = corpora.verify("oasis", root, progress=False)
    assert report.ok
    assert report.pictures == len(corpora.load("oasis", root))
    assert (report.broken, report.exact_duplicates, report.missing) == ([], [], [])
    assert report.markdown().startswith("# oasis: sound\n")


def test_what_is_wrong_is_found(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = root / "oasis" / "images"
    (images / "Acorns 1.jpg").write_bytes((images / "Acorns 1.jpg").read_bytes()[:700])
    (images / "Alcohol 1.jpg").write_text("a text")
    (images / "Baby 1.jpg").unlink()
    (images / "Baby 2.jpg").write_bytes((images / "Barbeque 1.jpg").read_bytes())
    report = corpora.verify("oasis", root)
    assert not report.ok
    assert [image for image, _ in report.broken] == ["images/Acorns 1.jpg", "images/Alcohol 1.jpg"]
    assert "no picture" in dict(report.broken)["images/Alcohol 1.jpg"]
    assert report.exact_duplicates == [["images/Baby 2.jpg", "images/Barbeque 1.jpg"]]
    assert report.missing == ["Baby 1"]
    text = report.markdown()
    for word in ("NOT sound", "Acorns 1.jpg", "images/Baby 2.jpg = images/Barbeque 1.jpg", "Baby 1"):
        assert word in text
    assert "decoding oasis" in capsys.readouterr().err


def test_words_have_no_pictures_to_verify(root: Path) -> None:
    report = corpora.verify("warriner", root, progress=False)
    assert report.ok
    assert report.pictures == 0
