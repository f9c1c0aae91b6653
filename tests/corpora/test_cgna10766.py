"""Kim's corpus from its real layout and a server that talks like figshare."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emolib.corpora import cgna10766, load, verify
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.corpora import write_cgna10766

LABELS = {name: f"{name}_avg_10766_v2.txt" for name in ("valence", "arousal")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cgna10766(tmp_path, n=12, seed=5)


def ratings(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().split()]


# What is read


def test_picture_n_has_the_rating_on_line_n(folder: Path, tmp_path: Path) -> None:
    corpus = load("cgna10766", tmp_path)
    truth = {name: ratings(folder / file) for name, file in LABELS.items()}
    assert list(corpus.table.columns) == ["image", "group", "split", "valence", "arousal"]
    assert corpus.table["image"].tolist() == [f"cgna/{n}.jpg" for n in range(1, 13)]  # by number: 2 comes before 10
    for path, valence, arousal in zip(corpus.paths, corpus.table["valence"], corpus.table["arousal"], strict=True):
        assert path.parent == folder / "data" / "cgna"
        number = int(path.stem)
        assert (valence, arousal) == (truth["valence"][number - 1], truth["arousal"][number - 1])
    assert len(corpus) == 12  # without pic.jpg
    assert set(corpus.table["split"]) == {""}


def test_pictures_with_the_same_bytes_share_a_group(folder: Path) -> None:
    groups = cgna10766.load(folder).table["group"].tolist()
    assert groups == [str(n) for n in range(1, 12)] + ["1"]
    assert verify("cgna10766", folder.parent, progress=False).exact_duplicates == [["cgna/1.jpg", "cgna/12.jpg"]]


def test_fewer_pictures_than_published_are_reported(folder: Path) -> None:
    (folder / "data" / "cgna" / "7.jpg").unlink()
    corpus = cgna10766.load(folder)
    assert corpus.table.attrs == {"expected": 10766, "rated": 12, "found": 11, "missing": ["7"]}
    assert corpus.counts == "cgna10766: 11 of 10,766 pictures; 1 have a rating but no picture here"
    assert corpus.table["valence"].tolist() == [
        value for n, value in enumerate(ratings(folder / LABELS["valence"]), start=1) if n != 7
    ]


@pytest.mark.parametrize("place", [".", "data", "data/cgna", "data/labels", "EmotionLabel"])
def test_label_files_may_lie_anywhere(tmp_path: Path, place: str) -> None:
    write_cgna10766(tmp_path, n=5, labels=place)
    assert len(load("cgna10766", tmp_path)) == 5


@pytest.mark.parametrize("nested", ["cgna10766", "cgna10766/CGnA10766", "5383105"])
def test_however_it_was_unpacked_the_content_is_the_same(folder: Path, tmp_path: Path, nested: str) -> None:
    before = cgna10766.load(folder).content_hash
    target = tmp_path / "other" / nested
    target.parent.mkdir(parents=True)
    folder.rename(target)
    assert load("cgna10766", tmp_path / "other").content_hash == before


def test_macos_and_case(folder: Path) -> None:
    pictures = folder / "data" / "cgna"
    (folder / "__MACOSX" / "data" / "cgna").mkdir(parents=True)
    (folder / "__MACOSX" / "data" / "cgna" / "1.jpg").write_bytes(b"")
    (pictures / "._3.jpg").write_bytes(b"")
    (pictures / "3.jpg").rename(pictures / "3.JPG")
    assert cgna10766.load(folder).table["image"][2] == "cgna/3.JPG"


def test_a_first_version_and_a_copy_of_the_labels_do_not_matter(folder: Path) -> None:
    before = cgna10766.load(folder).content_hash
    (folder / "valence_avg_10766.txt").write_text("1\n" * 12)
    (folder / "data" / LABELS["arousal"]).write_bytes((folder / LABELS["arousal"]).read_bytes())
    assert cgna10766.load(folder).content_hash == before


@pytest.mark.parametrize("line_end", ["\r\n", "\r", " \n"])
def test_line_ends(folder: Path, line_end: str) -> None:
    before = cgna10766.load(folder).content_hash
    for file in LABELS.values():
        (folder / file).write_bytes((folder / file).read_bytes().replace(b"\n", line_end.encode()) + b"\n\n")
    assert cgna10766.load(folder).content_hash == before


# What is refused


def change_line(path: Path, line: int, text: str) -> None:
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("text", ["0.99", "9.01", "nan", "", "4,5", "4 5", "x", "-1"])
@pytest.mark.parametrize("label", LABELS)
def test_wrong_rating(folder: Path, label: str, text: str) -> None:
    change_line(folder / LABELS[label], 4, text)
    with pytest.raises(BadInput, match=f"{LABELS[label]}, line 4, column '{label}': '{text}' .* from 1 to 9"):
        cgna10766.load(folder)


def test_label_files_of_different_length(folder: Path) -> None:
    file = folder / LABELS["arousal"]
    file.write_text(file.read_text() + "5.0\n")
    with pytest.raises(BadInput, match=r"arousal_avg_10766_v2.txt has 13 ratings, .*valence_avg_10766_v2.txt 12"):
        cgna10766.load(folder)


@pytest.mark.parametrize("name", ["13.jpg", "0.jpg"])
def test_picture_without_a_rating(folder: Path, name: str) -> None:
    (folder / "data" / "cgna" / name).write_bytes(b"")
    with pytest.raises(BadInput, match=f"{name} has no rating: the label files have 12 lines"):
        cgna10766.load(folder)


def test_two_pictures_of_one_number(folder: Path) -> None:
    (folder / "data" / "cgna" / "03.jpg").write_bytes(b"")
    with pytest.raises(BadInput, match="two pictures of number 3"):
        cgna10766.load(folder)


def test_pictures_in_two_folders(folder: Path) -> None:
    (folder / "data" / "cgna").rename(folder / "data" / "big")
    (folder / "data" / "small").mkdir()
    (folder / "data" / "small" / "1.jpg").write_bytes(b"")
    with pytest.raises(BadInput, match="more than one folder"):
        cgna10766.load(folder)


def test_label_files_that_differ(folder: Path) -> None:
    (folder / "data" / LABELS["valence"]).write_text("5\n" * 12)
    with pytest.raises(BadInput, match="differ"):
        cgna10766.load(folder)


def test_empty_label_file(folder: Path) -> None:
    (folder / LABELS["valence"]).write_text("\n")
    with pytest.raises(BadInput, match="is empty"):
        cgna10766.load(folder)


def test_absent_parts(folder: Path, tmp_path: Path) -> None:
    (folder / LABELS["arousal"]).unlink()
    with pytest.raises(Unavailable, match="no arousal_avg_10766_v2.txt"):
        cgna10766.load(folder)
    for picture in (folder / "data" / "cgna").iterdir():
        picture.unlink()
    with pytest.raises(Unavailable, match="no pictures called 1.jpg"):
        cgna10766.load(folder)


# Fetching


def packed(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.writestr(f"CGnA10766/{path.relative_to(folder).as_posix()}", path.read_bytes())
        archive.writestr("__MACOSX/CGnA10766/._data", b"")
    return out.getvalue()


def offer(server: Server, files: dict[str, bytes], **change: object) -> str:
    """Make the server list `files` as figshare lists an article's; returns the address of the interface."""
    listed = []
    for number, (name, data) in enumerate(files.items()):
        url = server.add(f"/files/{number}", data, etag=f'"{number}"')
        md5 = hashlib.md5(data).hexdigest()
        entry = {"id": number, "name": name, "size": len(data), "is_link_only": False, "download_url": url}
        listed.append(entry | {"supplied_md5": md5, "computed_md5": md5, "mimetype": "application/zip"} | change)
    article = {"id": 5383105, "title": "CGnA10766 Dataset", "doi": "10.6084/m9.figshare.5383105.v1", "version": 1}
    article |= {"license": {"value": 1, "name": "CC BY 4.0", "url": "https://creativecommons.org"}, "files": listed}
    server.add("/articles/5383105", json.dumps(article).encode(), kind="application/json")
    return server.url


def test_fetch(folder: Path, tmp_path: Path, server: Server, own_places: Path) -> None:
    archive = packed(folder)
    api = offer(server, {"CGnA10766.zip": archive})
    target = tmp_path / "data" / "cgna10766"
    for _ in range(2):
        assert cgna10766.fetch(target, progress=False, api=api) == target
    assert len(server.requests) == 2  # the article and its file, once
    corpus = load("cgna10766", tmp_path / "data")
    assert corpus.content_hash == cgna10766.load(folder).content_hash
    source = json.loads((target / "SOURCE.json").read_text())
    assert source["license"]["name"] == "CC BY 4.0"
    assert source["files"]["CGnA10766.zip"]["sha256"] == hashlib.sha256(archive).hexdigest()
    assert not any(path.suffix == ".zip" for path in (own_places / "cache").rglob("*"))


def test_fetch_when_the_labels_are_files_of_their_own(folder: Path, tmp_path: Path, server: Server) -> None:
    labels = {file: (folder / file).read_bytes() for file in LABELS.values()}
    for file in labels:
        (folder / file).unlink()
    api = offer(server, {"images.zip": packed(folder), **labels})
    cgna10766.fetch(tmp_path / "cgna10766", progress=False, api=api)
    assert len(load("cgna10766", tmp_path)) == 12


def test_fetch_goes_on_where_it_broke_off(folder: Path, tmp_path: Path, server: Server) -> None:
    rng = np.random.default_rng(0)
    (folder / "padding.bin").write_bytes(rng.bytes(400_000))
    api = offer(server, {"CGnA10766.zip": packed(folder)})
    server.pages["/files/0"].breaks_after = 200_000
    with pytest.raises(Unavailable, match="run the same again"):
        cgna10766.fetch(tmp_path / "data", progress=False, api=api)
    assert not (tmp_path / "data").exists()
    server.pages["/files/0"].breaks_after = None
    cgna10766.fetch(tmp_path / "data", progress=False, api=api)
    assert "Range" in server.requests[-1][1]
    assert len(cgna10766.load(tmp_path / "data")) == 12


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"supplied_md5": "0" * 32}, BadInput, "md5:0000"),
        ({"size": 17}, BadInput, "17"),
        ({"supplied_md5": "", "computed_md5": ""}, Unavailable, "no MD5"),
        ({"download_url": "file:///etc/passwd"}, BadInput, "https://"),
        ({"name": "../evil.zip"}, BadInput, "evil"),
        ({"name": "/evil.zip"}, BadInput, "evil"),
        ({"name": None}, Unavailable, "as expected"),
        ({"size": None}, Unavailable, "as expected"),
    ],
)
def test_fetch_of_something_wrong(
    folder: Path, tmp_path: Path, server: Server, change: dict, error: type[Exception], word: str
) -> None:
    api = offer(server, {"CGnA10766.zip": packed(folder)}, **change)
    with pytest.raises(error, match=word):
        cgna10766.fetch(tmp_path / "data", progress=False, api=api)
    assert {path.name for path in tmp_path.iterdir()} == {"CGnA10766"}


def test_fetch_without_files(tmp_path: Path, server: Server) -> None:
    with pytest.raises(Unavailable, match="lists no files"):
        cgna10766.fetch(tmp_path / "data", progress=False, api=offer(server, {}))
    server.add("/articles/5383105", b'{"message": "not found"}')
    with pytest.raises(Unavailable, match="as expected"):
        cgna10766.fetch(tmp_path / "data", progress=False, api=server.url)


def test_fetch_of_another_layout_keeps_the_archive(tmp_path: Path, server: Server, own_places: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "readme.txt").write_text("moved")
    api = offer(server, {"CGnA10766.zip": packed(tmp_path / "x")})
    with pytest.raises(BadInput, match="not as this book knows it: it has no pictures"):
        cgna10766.fetch(tmp_path / "data", progress=False, api=api)
    assert not (tmp_path / "data").exists()
    assert list((own_places / "cache").rglob("CGnA10766.zip"))


def test_fetch_into_a_folder_with_something_else(tmp_path: Path, server: Server) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.txt").write_text("mine")
    with pytest.raises(Unavailable, match="no pictures"):
        cgna10766.fetch(tmp_path / "data", progress=False, api=server.url)
    assert server.requests == []
    assert (tmp_path / "data" / "mine.txt").read_text() == "mine"
