"""Downloads without a published checksum, from a real server: recorded the first time, checked ever after."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from emolib.corpora import abstract, artphoto, emoset118k, firstuse, load
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.discrete import write_abstract, write_artphoto, write_emoset118k


def packed(folder: Path, extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return packed(write_artphoto(tmp_path / "source"))


CASES = {
    "artphoto": (artphoto, write_artphoto, 24),
    "abstract": (abstract, write_abstract, 19),
    "emoset118k": (emoset118k, lambda folder: write_emoset118k(folder).parent, 160),
}


@pytest.mark.parametrize("name", CASES)
def test_fetch(name: str, tmp_path: Path, server: Server, own_places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, write, count = CASES[name]
    original = write(tmp_path / "source")
    url = server.add("/a.zip", packed(original, {"__MACOSX/._a.jpg": b"", "SHA256SUMS": b"lies"}), etag='"1"')
    target = tmp_path / "data" / name
    assert module.fetch(target, progress=False, url=url) == target
    told = capsys.readouterr()
    assert f"Nobody published a checksum of {url}" in told.err and told.out == ""
    corpus = load(name, tmp_path / "data")
    assert len(corpus) == count
    assert corpus.content_hash == module.load(original).content_hash

    sums = (target / "SHA256SUMS").read_text()
    first = corpus.paths[0]
    line = f"{hashlib.sha256(first.read_bytes()).hexdigest()}  {first.relative_to(target).as_posix()}\n"
    assert line in sums and "MACOSX" not in sums
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=target, capture_output=True)
    assert checked.returncode == 0
    assert not any(path.suffix == ".zip" for path in (own_places / "cache").rglob("*"))

    assert module.fetch(target, progress=False, url=url) == target
    assert (len(server.requests), capsys.readouterr().err) == (1, "")
    first.write_bytes(b"changed")
    with pytest.raises(BadInput, match=f"{first.name} has other bytes than when it was downloaded"):
        module.fetch(target, progress=False, url=url)


@pytest.mark.parametrize("name", ["artphoto", "abstract"])
def test_small_sets_are_checked_at_every_loading(name: str, tmp_path: Path, server: Server) -> None:
    module, write, _ = CASES[name]
    target = tmp_path / name
    module.fetch(target, progress=False, url=server.add("/a.zip", packed(write(tmp_path / "source"))))
    corpus = module.load(target)
    corpus.paths[3].write_bytes(corpus.paths[4].read_bytes())
    with pytest.raises(BadInput, match="has other bytes than when it was downloaded"):
        module.load(target)


def test_a_recorded_picture_that_is_gone_is_missing(tmp_path: Path, server: Server, source: bytes) -> None:
    artphoto.fetch(tmp_path / "artphoto", progress=False, url=server.add("/a.zip", source))
    artphoto.load(tmp_path / "artphoto").paths[3].unlink()
    attrs = artphoto.load(tmp_path / "artphoto").table.attrs
    assert attrs["missing"] == ["testImages_artphoto/anger_0001.jpg"]
    assert (attrs["rated"], attrs["found"]) == (24, 23)


def test_a_later_download_has_to_be_the_same(tmp_path: Path, server: Server, source: bytes) -> None:
    url = server.add("/a.zip", source)
    artphoto.fetch(tmp_path / "artphoto", progress=False, url=url)
    (tmp_path / "artphoto").rename(tmp_path / "old")
    (tmp_path / "old" / "testImages_artphoto" / "awe_0001.jpg").write_bytes(b"other")
    server.add("/a.zip", packed(tmp_path / "old"))
    with pytest.raises(BadInput, match="recorded when it was first downloaded"):
        artphoto.fetch(tmp_path / "artphoto", progress=False, url=url)
    assert not (tmp_path / "artphoto").exists()
    server.add("/a.zip", source)
    artphoto.fetch(tmp_path / "artphoto", progress=False, url=url)


def test_what_is_not_the_corpus_is_not_put_there(tmp_path: Path, server: Server, own_places: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "readme.txt").write_text("moved")
    url = server.add("/a.zip", packed(tmp_path / "x"))
    with pytest.raises(BadInput, match="is not as this book knows it: it has no pictures called"):
        artphoto.fetch(tmp_path / "artphoto", progress=False, url=url)
    assert {path.name for path in tmp_path.iterdir()} == {"x"}
    assert list((own_places / "cache").rglob("artphoto.zip"))


def test_sizes_are_bounded(tmp_path: Path, server: Server, source: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.add("/a.zip", source)
    monkeypatch.setattr(artphoto, "MAX_FILES", 5)
    with pytest.raises(BadInput, match="more than 5 files"):
        artphoto.fetch(tmp_path / "artphoto", progress=False, url=url)
    monkeypatch.setattr(artphoto, "MAX_BYTES", 1000)
    with pytest.raises(BadInput, match="1,000"):
        artphoto.fetch(tmp_path / "second" / "artphoto2", progress=False, url=url)
    assert not (tmp_path / "artphoto").exists() and not (tmp_path / "second" / "artphoto2").exists()


def test_out_of_reach(tmp_path: Path, nobody: str, server: Server) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        abstract.fetch(tmp_path / "abstract", progress=False, url=f"{nobody}/a.zip")
    page = server.add("/a.zip", b"<!DOCTYPE html><html>sign in</html>", kind="text/html")
    with pytest.raises(BadInput, match="web page instead of the file"):
        emoset118k.fetch(tmp_path / "emoset118k", progress=False, url=page)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, server: Server) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Unavailable, match="no pictures"):
        artphoto.fetch(tmp_path, progress=False, url=server.url)
    assert server.requests == []


@pytest.mark.parametrize(
    "line", ["abc  a.jpg", "0" * 64 + " a.jpg", "0" * 64 + "  ../a.jpg", "0" * 64 + "  /etc/passwd", ""]
)
def test_a_list_of_checksums_that_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    firstuse.write_sums(tmp_path)
    assert firstuse.check_sums(tmp_path) == []
    record = tmp_path / "SHA256SUMS"
    record.write_text(record.read_text() + line + "\n")
    with pytest.raises(BadInput, match="SHA256SUMS, line 2: not a checksum"):
        firstuse.check_sums(tmp_path)
