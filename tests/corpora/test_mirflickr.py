"""MIRFLICKR: tags, licences and concepts of the 25,000 and of the million, from files with every known fault."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import load, mirflickr
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.web_sets import CONCEPTS, mirflickr_tags, write_million, write_mirflickr


def expected_tags(n: int) -> str:
    """What the cell of picture n of the fixture has to be."""
    tags = [] if n == 12 else mirflickr_tags(n) + ["a%7Cb"] * (n == 10)
    return "|".join(tags)


# The 25,000


@pytest.mark.parametrize("nested", [False, True])
def test_tags_with_every_fault(tmp_path: Path, nested: bool) -> None:
    write_mirflickr(tmp_path, nested=nested)
    corpus = load("mirflickr", tmp_path)
    table, attrs = corpus.table, corpus.table.attrs
    here = [n for n in range(1, 22) if n != 13]
    assert table["number"].tolist() == here
    assert table["tags"].tolist() == [expected_tags(n) for n in here]
    start = "mirflickr/" if nested else ""
    assert table["image"].tolist()[:3] == [f"{start}im1.jpg", f"{start}IM2.JPG", f"{start}im3.jpg"]
    assert all(path.is_file() for path in corpus.paths)
    assert (attrs["layout"], attrs["missing"], attrs["rated"], attrs["found"]) == ("25k", ["im13.jpg"], 21, 20)
    assert attrs["untagged"] == 4  # 7, 14 and 21 have none, 12 has no file
    assert attrs["repeated"] == 1 + len(CONCEPTS)  # picture 9's tag, and the first number of each concept
    assert "20 pictures here, 25,000 published" in attrs["differences"]
    assert "3 concepts here, 24 published" in attrs["differences"]
    assert len(corpus.content_hash) == 64


def test_the_card_explains_every_column(tmp_path: Path) -> None:
    write_mirflickr(tmp_path)
    corpus = load("mirflickr", tmp_path)
    assert set(corpus.table.columns) - {"image", "split"} == set(corpus.card.labels)
    assert corpus.counts == "mirflickr: 20 of 25,000 pictures; 1 have a rating but no picture here"


def test_concepts(tmp_path: Path) -> None:
    table = mirflickr.load(write_mirflickr(tmp_path)).table
    for row in table.itertuples():
        of = [concept for concept, step in sorted(CONCEPTS.items()) if row.number % step == 0]
        assert row.concepts == "|".join(of)
        assert row.concepts_strict == ("|".join(of) if row.number % 2 == 0 else "")
    assert table.attrs["annotated"]
    assert table.attrs["concepts"] == {"animals": 7, "night": 4, "plant_life": 10}


def test_licences(tmp_path: Path) -> None:
    table = mirflickr.load(write_mirflickr(tmp_path)).table
    said = {0: "Attribution-NonCommercial", 1: "CC BY-NC-SA 2.0", 2: "CC BY 2.0", 3: ""}
    assert table["licence"].tolist() == [said[n % 4] for n in table["number"]]


@pytest.mark.parametrize("place", ["annotations", "ANNOTATIONS_V080", "../mirflickr25k_annotations_v080"])
def test_labels_elsewhere(tmp_path: Path, place: str) -> None:
    root = write_mirflickr(tmp_path)
    before = mirflickr.load(root).table["concepts"].tolist()
    (root / "mirflickr25k_annotations_v080").rename(root / place)
    assert mirflickr.load(root).table["concepts"].tolist() == before


def test_without_labels(tmp_path: Path) -> None:
    table = mirflickr.load(write_mirflickr(tmp_path, labels=False)).table
    assert set(table["concepts"]) == {""} and not table.attrs["annotated"]
    assert not any("concept" in text for text in table.attrs["differences"])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0", "line 8: '0'"),
        ("25001", "line 8"),
        ("im7", "line 8: 'im7'"),
        ("7.0", "line 8"),
        ("-7", "line 8"),
        ("7 8", "line 8"),
    ],
)
def test_wrong_numbers(tmp_path: Path, line: str, fault: str) -> None:
    root = write_mirflickr(tmp_path)
    with open(root / "mirflickr25k_annotations_v080/night_r1.txt", "w") as file:
        file.write("10\n20\n\n10\r\n20\r20\n\n" + line + "\n")
    with pytest.raises(BadInput, match=f"night_r1.txt, {fault}.* is not the number of a picture, 1 to 25,000"):
        mirflickr.load(root)


def test_wrong_tags(tmp_path: Path) -> None:
    root = write_mirflickr(tmp_path)
    (root / "meta/tags/tags5.txt").write_bytes(b"sea\nsky\xff\n")
    with pytest.raises(BadInput, match="tags5.txt, line 2: not UTF-8"):
        mirflickr.load(root)
    (root / "meta/tags/tags5.txt").write_bytes(b"sea\r\rsk\x00y\r")
    with pytest.raises(BadInput, match="tags5.txt, line 3: .*characters that no text has"):
        mirflickr.load(root)
    (root / "meta/tags/tags5.txt").write_bytes(b"a" * 1_000_001)
    with pytest.raises(BadInput, match="tags5.txt has more than 1,000,000 bytes"):
        mirflickr.load(root)


def test_two_files_of_one_picture(tmp_path: Path) -> None:
    root = write_mirflickr(tmp_path)
    (root / "im4.JPG").write_bytes((root / "im4.jpg").read_bytes() + b"\0")
    with pytest.raises(BadInput, match="has 'im4.JPG' and 'im4.jpg' for the same picture"):
        mirflickr.load(root)
    (root / "im4.JPG").unlink()
    (root / "meta/tags/TAGS4.txt").write_text("sea\n")
    with pytest.raises(BadInput, match="'TAGS4.txt' and 'tags4.txt'"):
        mirflickr.load(root)


def test_pictures_with_other_numbers_are_left_out(tmp_path: Path) -> None:
    root = write_mirflickr(tmp_path)
    for name in ("im0.jpg", "im25001.jpg"):
        (root / name).write_bytes((root / "im1.jpg").read_bytes())
    table = mirflickr.load(root).table
    assert (len(table), table.attrs["unlisted"]) == (20, 2)


def test_the_same_bytes_are_one_group(tmp_path: Path) -> None:
    root = write_mirflickr(tmp_path)
    (root / "im20.jpg").write_bytes((root / "im3.jpg").read_bytes())
    table = mirflickr.load(root).table.set_index("number")
    assert table.loc[20, "group"] == table.loc[3, "group"] == "im3.jpg"
    assert table["group"].nunique() == 19


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="neither im<n>.jpg nor"):
        mirflickr.load(tmp_path)
    root = write_mirflickr(tmp_path)
    (root / "meta").rename(root / "elsewhere")
    with pytest.raises(Unavailable, match="no meta/tags/"):
        mirflickr.load(root)


def test_common_tags(tmp_path: Path) -> None:
    root = write_mirflickr(tmp_path)
    assert mirflickr.common_tags(root) == {"nature": 12, "été": 8}
    (root / "doc/common_tags.txt").write_text("nature 12\nsea\n")
    with pytest.raises(BadInput, match="common_tags.txt, line 2: 'sea' is not <tag> <count>"):
        mirflickr.common_tags(root)
    (root / "doc/common_tags.txt").write_text("nature 12\r\rnature 9\r")
    with pytest.raises(BadInput, match="line 3: 'nature 9' stands there already"):
        mirflickr.common_tags(root)
    (root / "doc/common_tags.txt").unlink()
    with pytest.raises(Unavailable, match="no doc/common_tags.txt"):
        mirflickr.common_tags(root)


# The million


@pytest.mark.parametrize("split", [True, False])
def test_the_million(tmp_path: Path, split: bool) -> None:
    root = write_million(tmp_path, split=split)
    corpus = mirflickr.load(root)
    table, attrs = corpus.table, corpus.table.attrs
    assert table["number"].tolist() == [0, 1, 9_999, 10_000, 20_005]
    assert table["tags"].tolist() == ["tag0|shared", "", "tag9999|shared", "tag10000|shared", "tag20005|shared"]
    second = "images1" if split else "images"
    assert table["image"].tolist()[2:4] == ["images/0/9999.jpg", f"{second}/1/10000.jpg"]
    assert set(table["licence"]) == {"Attribution"}
    assert (attrs["layout"], attrs["missing"], attrs["untagged"]) == ("million", ["images/0/2.jpg"], 1)
    assert corpus.card.count == attrs["expected"] == 1_000_000
    assert all(path.is_file() for path in corpus.paths)


def test_a_picture_in_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    root = write_million(tmp_path)
    (root / "images/0/1.jpg").rename(root / "images1/1/1.jpg")
    with pytest.raises(BadInput, match="picture 1 belongs into a folder 0/"):
        mirflickr.load(root)
    (root / "images1/1/1.jpg").rename(root / "images1/0")
    (root / "images1/0").unlink()
    (root / "images1/0").mkdir()
    (root / "images1/0/0.jpg").write_bytes(b"x")
    with pytest.raises(BadInput, match="are the same picture; keep one"):
        mirflickr.load(root)


def test_memory_grows_with_the_table_and_not_with_the_files(tmp_path: Path) -> None:
    """20,000 small files, half of them tags of 4 kB, most of it spaces: what is read does not stay.

    A hundred texts under many names, and pictures that are holes of different sizes, so that the test is quick.
    """
    root = tmp_path / "mirflickr1m"
    for key in ("0", "1"):
        (root / "images" / key).mkdir(parents=True)
        (root / "tags" / key).mkdir(parents=True)
    numbers = range(5_000, 15_000)
    for number in numbers:
        place = f"{number // 10_000}/{number}"
        with open(root / "images" / f"{place}.jpg", "wb") as picture:
            picture.truncate(number)
        if number < 5_100:
            (root / "tags" / f"{place}.txt").write_bytes(b"tag%d%s\n" % (number % 100, b" " * 4_000))
        else:
            os.link(root / "tags" / "0" / f"{5_000 + number % 100}.txt", root / "tags" / f"{place}.txt")
    # In a process of its own: threads that other tests left behind would be counted too.
    script = (
        "import json, pathlib, sys, tracemalloc\n"
        "from emolib.corpora import mirflickr\n"
        "tracemalloc.start()\n"
        "table = mirflickr.load(pathlib.Path(sys.argv[1])).table\n"
        "print(json.dumps([tracemalloc.get_traced_memory()[1], table['tags'].tolist()]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True)
    peak, found = json.loads(ran.stdout)
    assert found == [f"tag{number % 100}" for number in numbers]
    assert peak < 12_000_000  # the texts have 40 MB together


# Fetching


def archive(folder: Path, top: str = "") -> bytes:
    """The files of a folder as a zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.writestr(f"{top}{path.relative_to(folder).as_posix()}", path.read_bytes())
    return data.getvalue()


@pytest.fixture
def archives(tmp_path: Path) -> tuple[bytes, bytes]:
    root = write_mirflickr(tmp_path / "source")
    labels = root / "mirflickr25k_annotations_v080"
    data = archive(labels)
    for file in labels.iterdir():
        file.unlink()
    labels.rmdir()
    return archive(root, "mirflickr/"), data


def test_fetch(tmp_path: Path, server: Server, archives: tuple[bytes, bytes]) -> None:
    url, labels_url = server.add("/m.zip", archives[0]), server.add("/l.zip", archives[1])
    md5 = hashlib.md5(archives[0]).hexdigest().upper()
    target = tmp_path / "data" / "mirflickr"
    for _ in range(2):
        assert mirflickr.fetch(target, progress=False, url=url, labels_url=labels_url, md5=md5) == target
    assert len(server.requests) == 2
    table = load("mirflickr", tmp_path / "data").table
    assert len(table) == 20 and table.attrs["annotated"]
    assert (target / "SHA256SUMS").is_file()
    (target / "meta/tags/tags1.txt").write_text("other\n")
    with pytest.raises(BadInput, match="tags1.txt has other bytes than when it was downloaded"):
        mirflickr.fetch(target, progress=False, url=url, labels_url=labels_url, md5=md5)


def test_an_archive_with_another_checksum(tmp_path: Path, server: Server, archives: tuple[bytes, bytes]) -> None:
    url, labels_url = server.add("/m.zip", archives[0]), server.add("/l.zip", archives[1])
    with pytest.raises(BadInput, match="does not have the checksum md5:"):
        mirflickr.fetch(tmp_path / "mirflickr", progress=False, url=url, labels_url=labels_url)
    assert not (tmp_path / "mirflickr").exists()


def test_labels_that_are_none_leave_nothing_behind(
    tmp_path: Path, server: Server, archives: tuple[bytes, bytes]
) -> None:
    url, labels_url = server.add("/m.zip", archives[0]), server.add("/l.zip", b"PK\x03\x04 broken")
    with pytest.raises(BadInput, match="damaged or cannot be unpacked"):
        mirflickr.fetch(tmp_path / "mirflickr", progress=False, url=url, labels_url=labels_url, md5=None)
    assert not (tmp_path / "mirflickr").exists()


# Random lines


@settings(max_examples=200)
@given(lines=st.lists(st.binary(max_size=12) | st.integers(-5, 26_000).map(lambda n: str(n).encode()), max_size=6))
def test_random_concepts_give_their_numbers_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-mirflickr"
    root = base / "mirflickr" if base.exists() else write_mirflickr(base, 10)
    data = b"\n".join(lines)
    (root / "mirflickr25k_annotations_v080/night.txt").write_bytes(data)
    try:
        table = mirflickr.load(root).table
    except BadInput as error:
        assert "night.txt" in str(error) and ("line " in str(error))
        return
    meant = {int(word) for word in data.decode("utf-8-sig").split()}
    found = {row.number for row in table.itertuples() if "night" in row.concepts.split("|")}
    assert found == {number for number in meant if number <= 10}


@settings(max_examples=200)
@given(data=st.binary(max_size=30) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_random_tags_stay_the_words_of_their_lines(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-tags"
    root = base / "mirflickr" if base.exists() else write_mirflickr(base, 3)
    (root / "meta/tags/tags1.txt").write_bytes(data)
    try:
        table = mirflickr.load(root).table
    except BadInput as error:
        assert "tags1.txt, line " in str(error)
        return
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    words = [" ".join(line.split()) for line in lines]
    found = [cell.replace("%7C", "|") for cell in table["tags"][0].split("|") if cell]
    assert found == [word.replace("%7C", "|") for word in dict.fromkeys(words) if word]
    assert table["tags"][1] == expected_tags(2)
