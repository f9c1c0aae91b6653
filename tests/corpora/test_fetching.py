"""Downloads from a real server that breaks off, lies and changes its mind; archives that try to leave their folder."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import stat
import tarfile
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import fetching
from emolib.corpora.fetching import download, extract, fetch_json
from emolib.errors import BadInput, EmolibError, Unavailable
from tests.corpora.conftest import Server

BODY = bytes(range(256)) * 3000  # 768,000 bytes, several blocks
SHA = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


def left(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def ranges(server: Server) -> list[str | None]:
    return [headers.get("Range") for _, headers in server.requests]


# Downloads


def test_download_and_then_no_second_one(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY)
    for _ in range(2):
        assert download(url, tmp_path / "a.bin", SHA, progress=False) == tmp_path / "a.bin"
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert len(server.requests) == 1
    assert left(tmp_path) == {"a.bin"}


def test_progress_goes_to_standard_error(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download(server.add("/a.bin", BODY), tmp_path / "a.bin", SHA)
    shown = capsys.readouterr()
    assert "a.bin: 100%" in shown.err
    assert shown.out == ""


def test_broken_off_then_resumed_to_the_right_bytes(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY, etag='"one"', breaks_after=300_000)
    with pytest.raises(Unavailable, match="run the same again to go on from there") as caught:
        download(url, tmp_path / "a.bin", SHA, progress=False)
    assert left(tmp_path) == {"a.bin.part", "a.bin.part.json"}
    kept = (tmp_path / "a.bin.part").read_bytes()
    assert 200_000 < len(kept) <= 300_000
    assert BODY.startswith(kept)
    assert url in str(caught.value)
    assert f"{len(kept):,} bytes are kept" in str(caught.value)
    server.pages["/a.bin"].breaks_after = None
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert ranges(server) == [None, f"bytes={len(kept)}-"]
    assert left(tmp_path) == {"a.bin"}


def test_broken_off_twice(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY, modified="Wed, 01 Jan 2020 00:00:00 GMT", breaks_after=300_000)
    kept = []
    for _ in range(2):
        with pytest.raises(Unavailable, match="are kept"):
            download(url, tmp_path / "a.bin", progress=False)
        kept.append((tmp_path / "a.bin.part").stat().st_size)
    assert 0 < kept[0] < kept[1] < len(BODY)
    download(url, tmp_path / "a.bin", progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert ranges(server) == [None, *(f"bytes={size}-" for size in kept)]


def test_interrupted_by_the_reader(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.add("/a.bin", BODY, etag='"one"')
    iterate = requests.Response.iter_content

    def impatient(self: requests.Response, size: int):  # noqa: ANN202
        yield next(iterate(self, size))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", impatient)
        with pytest.raises(KeyboardInterrupt):
            download(url, tmp_path / "a.bin", SHA, progress=False)
    assert left(tmp_path) == {"a.bin.part", "a.bin.part.json"}
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert ranges(server)[1] is not None


def broken_off(server: Server, folder: Path, **how: object) -> str:
    """A download of BODY that broke off when about 300,000 bytes had come."""
    url = server.add("/a.bin", BODY, breaks_after=300_000, **how)
    with pytest.raises(Unavailable):
        download(url, folder / "a.bin", SHA, progress=False)
    server.pages["/a.bin"].breaks_after = None
    return url


def test_server_without_ranges_sends_all_again(server: Server, tmp_path: Path) -> None:
    url = broken_off(server, tmp_path, ranges=False)
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_changed_file_is_not_glued_to_the_old_part(server: Server, tmp_path: Path, heeds_if_range: bool) -> None:
    url = broken_off(server, tmp_path, etag='"old"')
    new = BODY[::-1]
    server.add("/a.bin", new, etag='"new"', heeds_if_range=heeds_if_range)
    download(url, tmp_path / "a.bin", hashlib.sha256(new).hexdigest(), progress=False)
    assert (tmp_path / "a.bin").read_bytes() == new


def test_a_part_of_another_address_is_not_used(server: Server, tmp_path: Path) -> None:
    broken_off(server, tmp_path, etag='"same"')
    other = BODY[::-1]
    url = server.add("/b.bin", other, etag='"same"')
    download(url, tmp_path / "a.bin", hashlib.sha256(other).hexdigest(), progress=False)
    assert (tmp_path / "a.bin").read_bytes() == other


def test_a_part_without_mark_or_checksum_is_not_trusted(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY, breaks_after=300_000)
    with pytest.raises(Unavailable):
        download(url, tmp_path / "a.bin", progress=False)
    server.pages["/a.bin"].breaks_after = None
    download(url, tmp_path / "a.bin", progress=False)
    assert ranges(server) == [None, None]
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_a_weak_etag_is_no_mark(server: Server, tmp_path: Path) -> None:
    url = broken_off(server, tmp_path, etag='W/"weak"')
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert "If-Range" not in server.requests[1][1]
    assert (tmp_path / "a.bin").read_bytes() == BODY


@pytest.mark.parametrize("extra", [b"", b"more than there is"])
def test_a_part_that_is_whole_or_too_long(server: Server, tmp_path: Path, extra: bytes) -> None:
    url = broken_off(server, tmp_path, etag='"one"')
    (tmp_path / "a.bin.part").write_bytes(BODY + extra)  # the server answers 416 to both
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert left(tmp_path) == {"a.bin"}


def test_a_damaged_note_beside_the_part(server: Server, tmp_path: Path) -> None:
    url = broken_off(server, tmp_path, etag='"one"')
    (tmp_path / "a.bin.part.json").write_text("{")
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY)
    with pytest.raises(BadInput, match="does not have the checksum sha256:0000") as caught:
        download(url, tmp_path / "new" / "a.bin", "0" * 64, progress=False)
    assert url in str(caught.value)
    assert left(tmp_path) == set()


def test_a_damaged_file_on_disk_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(BODY[:-1] + b"?")
    download(server.add("/a.bin", BODY), tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_unknown_checksum_is_recorded_and_checked_ever_after(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY)
    download(url, tmp_path / "a.bin", progress=False)
    assert (tmp_path / "a.bin.sha256").read_text() == f"{SHA}  a.bin\n"
    (tmp_path / "a.bin").write_bytes(b"damaged")
    download(url, tmp_path / "a.bin", progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    (tmp_path / "a.bin").unlink()
    server.add("/a.bin", BODY[::-1])
    with pytest.raises(BadInput, match="recorded when it was first downloaded"):
        download(url, tmp_path / "a.bin", progress=False)
    assert not (tmp_path / "a.bin").exists()


def test_a_record_that_is_no_checksum(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.sha256").write_text("what?")
    with pytest.raises(BadInput, match="a.bin.sha256"):
        download(server.add("/a.bin", BODY), tmp_path / "a.bin", progress=False)


def test_md5_guards_the_first_time(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY)
    with pytest.raises(BadInput, match="md5:0000"):
        download(url, tmp_path / "a.bin", md5="0" * 32, progress=False)
    assert left(tmp_path) == set()
    download(url, tmp_path / "a.bin", md5=MD5.upper(), progress=False)
    assert (tmp_path / "a.bin.sha256").read_text().startswith(SHA)


def test_size_differs_from_the_published_one(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="768,000 bytes, its publisher says 5"):
        download(server.add("/a.bin", BODY), tmp_path / "a.bin", SHA, progress=False, size=5)
    assert left(tmp_path) == set()


@pytest.mark.parametrize("length", [True, False])
def test_more_than_is_accepted(server: Server, tmp_path: Path, length: bool) -> None:
    with pytest.raises(BadInput, match="700,000"):
        download(server.add("/a.bin", BODY, length=length), tmp_path / "a.bin", progress=False, max_bytes=700_000)
    assert left(tmp_path) == set()


def test_more_than_the_disk_holds(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(Unavailable, match="768,000 more bytes; .* has 1,000 free"):
        download(server.add("/a.bin", BODY), tmp_path / "a.bin", SHA, progress=False)
    assert left(tmp_path) == set()


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_error_answers(server: Server, tmp_path: Path, status: int) -> None:
    url = server.add("/a.bin", b"sorry", status=status)
    with pytest.raises(Unavailable, match=f"answered {status}") as caught:
        download(url, tmp_path / "a.bin", progress=False)
    assert url in str(caught.value)
    assert left(tmp_path) == set()


def test_an_error_does_not_cost_the_part(server: Server, tmp_path: Path) -> None:
    url = broken_off(server, tmp_path, etag='"one"')
    size = (tmp_path / "a.bin.part").stat().st_size
    server.pages["/a.bin"].status = 503
    with pytest.raises(Unavailable, match=f"{size:,} bytes are kept"):
        download(url, tmp_path / "a.bin", SHA, progress=False)
    server.pages["/a.bin"].status = 200
    download(url, tmp_path / "a.bin", SHA, progress=False)
    assert ranges(server)[-1] == f"bytes={size}-"


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>log in</html>", b"\xef\xbb\xbf \n<HTML>" + b" " * 200_000])
def test_web_page_with_status_200(server: Server, tmp_path: Path, page: bytes) -> None:
    with pytest.raises(BadInput, match="web page"):
        download(server.add("/a.zip", page), tmp_path / "a.zip", progress=False)
    assert left(tmp_path) == set()


def test_compressed_on_its_way(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", gzip.compress(BODY), encoding="gzip")
    with pytest.raises(Unavailable, match="compresses"):
        download(url, tmp_path / "a.bin", progress=False)


def test_without_a_stated_length(server: Server, tmp_path: Path) -> None:
    download(server.add("/a.bin", BODY, length=False), tmp_path / "a.bin", SHA, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_redirected(server: Server, tmp_path: Path) -> None:
    server.add("/a.bin", BODY)
    url = server.add("/moved", status=302, location="/a.bin")
    assert download(url, tmp_path / "a.bin", SHA, progress=False).read_bytes() == BODY


def test_several_at_once_download_once(server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", BODY)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(download, url, tmp_path / "a.bin", progress=False) for _ in range(4)]
        assert {job.result() for job in jobs} == {tmp_path / "a.bin"}
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert len(server.requests) == 1


def test_nobody_there(nobody: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        download(nobody + "/a.bin", tmp_path / "a.bin", progress=False)
    assert left(tmp_path) == set()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "a.zip", ""])
def test_only_web_addresses(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput, match="https://"):
        download(url, tmp_path / "a.bin", progress=False)


def test_a_place_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        download(server.add("/a.bin", BODY), tmp_path / "file" / "a.bin", progress=False)


def test_json(server: Server, nobody: str) -> None:
    assert fetch_json(server.add("/a", json.dumps({"b": 1}).encode())) == {"b": 1}
    with pytest.raises(Unavailable, match="JSON"):
        fetch_json(server.add("/b", b"<html>"))
    with pytest.raises(Unavailable, match="list"):
        fetch_json(server.add("/c", b"[1]"))
    with pytest.raises(Unavailable, match="404"):
        fetch_json(server.url + "/nothing")
    with pytest.raises(BadInput, match="longer"):
        fetch_json(server.add("/d", b" " * 2000), max_bytes=1000)
    with pytest.raises(Unavailable, match="reached"):
        fetch_json(nobody + "/a")


# Archives

CONTENT = {"top/a.txt": b"alpha", "top/in/b.bin": b"\0" * 100_000}
KINDS = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]


def make(path: Path, kind: str, members: dict[str, bytes] | list[tuple[str, bytes]]) -> Path:
    pairs = members.items() if isinstance(members, dict) else members
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's word on duplicate names
        if kind == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in pairs:
                    archive.writestr(name, data)
            return path
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in pairs:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    press = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}[kind]
    path.write_bytes(press(out.getvalue()))
    return path


def refused(archive: Path, *words: str, max_bytes: int = 10**6, max_files: int = 100) -> None:
    """Extracting raises, names the archive, and leaves nothing inside or outside the folder."""
    before = {path for path in archive.parent.parent.rglob("*")}
    with pytest.raises(BadInput) as caught:
        extract(archive, archive.parent / "out", max_bytes, max_files)
    for word in (str(archive), *words):
        assert word in str(caught.value)
    assert {path for path in archive.parent.parent.rglob("*")} == before


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """A folder inside the test's folder, so that what climbs out of it is seen."""
    (tmp_path / "inner").mkdir()
    return tmp_path / "inner"


@pytest.mark.parametrize("kind", KINDS)
def test_extract(inner: Path, kind: str) -> None:
    folder = extract(make(inner / "a", kind, CONTENT), inner / "out", 10**6, 10)
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")} == CONTENT
    assert left(inner) == {"a", "out"}


@pytest.mark.parametrize("kind", KINDS)
def test_extract_only_what_is_wanted(inner: Path, kind: str) -> None:
    archive = make(inner / "a", kind, CONTENT)
    extract(archive, inner / "out", 10**6, 1, keep=lambda p: PurePosixPath("c.txt") if p.name == "a.txt" else None)
    assert left(inner / "out") == {"c.txt"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "..", "..\\evil", "C:\\evil", "c:evil", "a\nb", "\\evil", "x" * 300]
)
def test_paths_that_leave_the_folder(inner: Path, kind: str, name: str) -> None:
    refused(make(inner / "a", kind, [("good.txt", b"1"), (name, b"2")]), "would leave its folder")


def test_links_and_devices_in_a_tar(inner: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        with tarfile.open(inner / "a.tar", "w") as archive:
            member = tarfile.TarInfo("evil")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        refused(inner / "a.tar", "'evil' is a link or a special file")


def test_links_in_a_zip(inner: Path) -> None:
    with zipfile.ZipFile(inner / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("evil")
        member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    refused(inner / "a.zip", "'evil' is a link or a special file")


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_bytes(inner: Path, kind: str) -> None:
    archive = make(inner / "a", kind, {"bomb": b"\0" * 5_000_000})
    assert kind == "tar" or archive.stat().st_size < 100_000
    refused(archive, "more than 1,000,000 bytes")
    refused(archive, "more than", max_bytes=4_999_999)
    extract(archive, inner / "out", 5_000_000, 1)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_skipped_members_of_a_tar_count_too(inner: Path, kind: str) -> None:
    archive = make(inner / "a", kind, {"bomb": b"\0" * 5_000_000, "good": b"1"})
    with pytest.raises(BadInput, match="decompresses to more than"):
        extract(archive, inner / "out", 1000, 1, keep=lambda path: path if path.name == "good" else None)


def test_bytes_are_counted_whatever_the_header_says(inner: Path) -> None:
    archive = make(inner / "a.zip", "zip", {"bomb": b"\0" * 2_000_000})
    data = archive.read_bytes()
    true = (2_000_000).to_bytes(4, "little")
    assert data.count(true) == 2
    archive.write_bytes(data.replace(true, (1000).to_bytes(4, "little")))
    refused(archive)


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_files(inner: Path, kind: str) -> None:
    refused(make(inner / "a", kind, {f"{n}.txt": b"" for n in range(101)}), "more than 100 files")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "names", [("a.txt", "a.txt"), ("a.txt", "A.TXT"), ("a", "a/b"), ("a/b", "a"), ("a/b", "a//b"), ("a/b", "./a/b")]
)
def test_two_members_for_one_file(inner: Path, kind: str, names: tuple[str, str]) -> None:
    refused(make(inner / "a", kind, [(name, b"x") for name in names]), "twice")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_truncated_archive(inner: Path, kind: str, part: float) -> None:
    noise = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(2000))
    archive = make(inner / "a", kind, {"a.bin": noise, "b.bin": noise[::-1]})
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * part)])
    refused(archive, "damaged")


def test_a_wrong_byte_in_a_zip(inner: Path) -> None:
    archive = make(inner / "a.zip", "zip", [("a.txt", b"0123456789" * 20)])
    data = bytearray(archive.read_bytes())
    data[40] ^= 0xFF
    archive.write_bytes(bytes(data))
    refused(archive)


@pytest.mark.parametrize(
    "data", [b"", b"just text " * 60, b"<!DOCTYPE html>" + b" " * 400, b"Rar!\x1a\x07\x01\x00" * 40]
)
def test_no_archive(inner: Path, data: bytes) -> None:
    (inner / "a.zip").write_bytes(data)
    refused(inner / "a.zip", "neither a zip nor a tar")


def test_compressed_file_that_is_no_tar(inner: Path) -> None:
    (inner / "a.gz").write_bytes(gzip.compress(b"text" * 1000))
    refused(inner / "a.gz", "damaged")


def test_absent_archive(inner: Path) -> None:
    refused(inner / "absent.zip", "No such file")


def test_encrypted_zip(inner: Path) -> None:
    archive = make(inner / "a.zip", "zip", {"a.txt": b"secret"})
    data = bytearray(archive.read_bytes())
    for start, offset in ((data.find(b"PK\x03\x04"), 6), (data.find(b"PK\x01\x02"), 8)):
        data[start + offset] |= 1
    archive.write_bytes(bytes(data))
    refused(archive, "encrypted")


def test_a_folder_that_is_not_empty_is_not_touched(inner: Path) -> None:
    archive = make(inner / "a", "zip", CONTENT)
    (inner / "out").mkdir()
    (inner / "out" / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="already exists"):
        extract(archive, inner / "out", 10**6, 10)
    assert left(inner / "out") == {"mine.txt"}


def test_an_empty_folder_is_filled(inner: Path) -> None:
    (inner / "out").mkdir()
    extract(make(inner / "a", "zip", CONTENT), inner / "out", 10**6, 10)
    assert (inner / "out" / "top" / "a.txt").read_bytes() == b"alpha"


def test_nothing_wanted_and_wrong_content(inner: Path) -> None:
    archive = make(inner / "a", "zip", CONTENT)
    with pytest.raises(BadInput, match="none of the files"):
        extract(archive, inner / "out", 10**6, 10, keep=lambda path: None)

    def check(folder: Path) -> None:
        assert (folder / "top" / "a.txt").exists()
        raise BadInput("not what was published")

    with pytest.raises(BadInput, match="not what was published"):
        extract(archive, inner / "out", 10**6, 10, check=check)
    assert left(inner) == {"a"}


@settings(max_examples=150)
@given(
    kind=st.sampled_from(KINDS),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_archives_extract_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, changes: list[tuple[float, int]]
) -> None:
    base = tmp_path_factory.mktemp("archive")
    archive = make(base / "a", kind, {"a.txt": b"alpha" * 9, "in/b.txt": b"beta"})
    data = bytearray(archive.read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    archive.write_bytes(bytes(data))
    try:
        extract(archive, base / "out", 10_000, 10)
    except EmolibError as error:
        assert str(base) in str(error)
        assert left(base) == {"a"}
    else:
        assert left(base) == {"a", "out"}
