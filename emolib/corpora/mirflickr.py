"""MIRFLICKR: Creative Commons photographs with the tags of their own makers, in StockEmotion's place. Chapter 5.

Huiskes & Lew 2008 (25,000 photographs), Huiskes, Thomee & Lew 2010 (the million). `mirflickrfiles` knows the two
layouts; the labels that people gave to the 25,000, `<concept>.txt` and `<concept>_r1.txt` (only where the concept is
salient), are files with the number of a picture on each line.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import groups_by_bytes, read_text
from emolib.corpora.fetching import download, extract
from emolib.corpora.firstuse import SUMS, check_sums, write_sums
from emolib.corpora.listings import LINE_ENDS
from emolib.corpora.mirflickrfiles import Layout, find_layout, licences, tags
from emolib.corpora.places import downloads
from emolib.errors import BadInput, Unavailable

NAME = "mirflickr"
PAGE = "https://press.liacs.nl/mirflickr/"
URL = PAGE + "mirflickr25k.v3b/mirflickr25k.zip"
LABELS_URL = PAGE + "mirflickr25k.v3b/mirflickr25k_annotations_v080.zip"
MD5 = "a23d0a8564ee84cda5622a6c2f947785"  # of mirflickr25k.zip; none is known of the labels
FOLDERS = ("mirflickr", "mirflickr25k", "MIRFLICKR-25000", "MIR-FLICKR25K", "mirflickr1m", "MIRFLICKR-1M")
COUNT, MILLION, TAGGED = 25_000, 1_000_000, 858_918  # TAGGED: pictures of the million with tags
CONCEPTS, STRICT, COMMON_TAGS = 24, 14, 1_386
LABELS = "mirflickr25k_annotations_v080"
MAX_BYTES, MAX_FILES = 8 << 30, 200_000
_COMPARED = 100_000  # pictures whose bytes are compared; more would take hours to open

CARD = Card(
    name=NAME,
    title="MIRFLICKR-25000, photographs with the tags of their makers",
    kind="images",
    source=PAGE,
    licence="Creative Commons, one of its licences for each photograph: see the column `licence`",
    citation="huiskes2008",
    description=(
        "Photographs that Flickr's users shared under Creative Commons licences and that Flickr found interesting, "
        "with the tags that the users wrote, and for the 25,000 with concepts that people saw in them."
    ),
    raters="the maker of a photograph wrote its tags; a few annotators gave the concepts",
    labels={
        "group": f"the first picture with the same bytes; of more than {_COMPARED:,} pictures each is its own group",
        "number": "number of the picture, from 1 in the 25,000 and from 0 in the million",
        "tags": "cleaned tags (small letters, no spaces), joined by '|', '' for none; a '|' in a tag is written %7C",
        "licence": "its licence, '' where unknown",
        "concepts": "what people saw in it, joined by '|'; '' also where the labels are not here",
        "concepts_strict": "those among the concepts that are salient (`_r1`), joined by '|'",
    },
    faults=(
        "A few tags a picture, where StockEmotion has 49: many have none at all.",
        "Tags name cameras, places, groups and people as well as what is seen; few name an emotion.",
        f"Of the million, {TAGGED:,} have tags, and a few pictures cannot be decoded; no concepts are known.",
        "How a licence file is written is not documented: the line that names a licence is taken, else an address of "
        "Creative Commons, else the first line.",
        "The million's folders are assumed to be images/<k>/ or images<i>/<k>/, tags/<k>/ and license/<k>/, with "
        "pictures 10,000 k to 10,000 k + 9,999.",
        "Of the archive of pictures an MD5 is known from public code; of the labels nothing, so what came first is "
        "recorded in SHA256SUMS.",
        "No split is published, so `split` is empty.",
    ),
    terms="name the maker of a photograph that you show, as its licence asks; cite the paper",
    count=COUNT,
)
CARD_MILLION = dataclasses.replace(
    CARD, title="MIRFLICKR-1M, a million photographs with the tags of their makers", count=MILLION
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (the 25,000 or the million, told by what lies there); a row a picture, by number.

    `table.attrs`, beside what every corpus has: `layout` ("25k" or "million"), `untagged`, `repeated` (tags that stood
    twice in their file, and numbers twice in theirs), `unlisted` (pictures with a number that the corpus does not
    have), `concepts` and `concepts_strict` (pictures here of each), `annotated` (whether the labels are here), and
    `differences` (in words, where counts are not the published ones). `missing` names pictures with tags or concepts
    that are not here; of the million only those in folders that have pictures.

    A million pictures need two million small files to be opened: several threads read them, a bar shows how far it is.

    Raises Unavailable when pictures or tags are absent; BadInput naming file and line for what is no tag or no number
    of a picture, and for two files of one picture.
    """
    layout = find_layout(folder)
    numbers = [number for number in layout.numbers if layout.known(number)]
    if not numbers:
        raise Unavailable(f"{folder} has no picture with a number from {layout.first} to {layout.last:,}")
    tagged, repeated = tags(layout, numbers)
    labels = _labels(folder, layout) if layout.name == "25k" else None
    wide, strict = labels or ({}, {})
    images = [layout.images[number] for number in numbers]
    table = pd.DataFrame(
        {
            "image": images,
            "group": groups_by_bytes(folder, images) if len(images) <= _COMPARED else images,
            "split": [""] * len(images),
            "number": numbers,
            "tags": tagged,
            "licence": licences(layout, numbers),
            "concepts": _joined(wide, numbers),
            "concepts_strict": _joined(strict, numbers),
        }
    )
    card = CARD if layout.name == "25k" else CARD_MILLION
    named = layout.with_tags().union(*wide.values(), *strict.values())
    missing = [layout.picture(number) for number in sorted(named - layout.images.keys()) if layout.known(number)]
    counts = [{name: sum(n in layout.images for n in of[name]) for name in of} for of in (wide, strict)]
    twice = sum(sum(of.values()) for of in wide.values()) + sum(sum(of.values()) for of in strict.values())
    attrs = {
        "expected": card.count,
        "rated": len(images) + len(missing),
        "found": len(images),
        "missing": missing,
        "layout": layout.name,
        "untagged": tagged.count(""),
        "repeated": repeated + twice,
        "unlisted": len(layout.images) - len(images),
        "annotated": labels is not None,
        "concepts": counts[0],
        "concepts_strict": counts[1],
        "differences": _differences(layout, tagged, wide, strict, labels is not None),
    }
    table.attrs.update(attrs)
    return Corpus(NAME, table, card, folder)


def fetch(
    folder: Path, *, progress: bool = True, url: str = URL, labels_url: str = LABELS_URL, md5: str | None = MD5
) -> Path:
    """Download the 25,000 photographs (about 3 GB) and their concepts into `folder`, unless they are there.

    The archive of pictures has to have the MD5 that public code states; that of the labels has none. What came is
    recorded in `SHA256SUMS` and compared with that when this is called again; the folder is returned. The million is
    not fetched: it has 10 archives of 12 GB, which lie beside the 25,000 at the source.

    Raises Unavailable when the source cannot be reached or the disk is full, BadInput when what is there or comes is
    not what it has to be.
    """
    if folder.is_dir() and any(folder.iterdir()):
        check_sums(folder)
        load(folder)
        return folder
    pictures = downloads() / "mirflickr25k.zip"
    labels = downloads() / f"{LABELS}.zip"
    download(url, pictures, progress=progress, md5=md5, max_bytes=MAX_BYTES)
    download(labels_url, labels, progress=progress, max_bytes=100_000_000)

    def check(unpacked: Path) -> None:
        extract(labels, unpacked / LABELS, 100_000_000, 1_000, keep=_kept)
        load(unpacked)
        write_sums(unpacked)

    extract(pictures, folder, MAX_BYTES, MAX_FILES, keep=_kept, check=check)
    pictures.unlink()
    labels.unlink()
    print(
        f"Nobody published a checksum of {labels_url}. What came now is recorded in {folder / SUMS} and checked from "
        "now on; compare that file with a colleague's.",
        file=sys.stderr,
    )
    return folder


def common_tags(folder: Path) -> dict[str, int]:
    """The tags of `doc/common_tags.txt` and how many of the 25,000 pictures have each; lines `<tag> <count>`.

    1,386 tags are published. Raises Unavailable when the file is absent, BadInput naming the line for another form and
    for a tag that stands there twice.
    """
    bases = [folder, *(child for name in ("mirflickr",) if (child := find_child(folder, name)) is not None)]
    files = [find_child(doc, "common_tags.txt") for base in bases if (doc := find_child(base, "doc")) is not None]
    file = next((file for file in files if file is not None), None)
    if file is None:
        raise Unavailable(f"{folder} has no doc/common_tags.txt")
    found: dict[str, int] = {}
    for number, line in enumerate(LINE_ENDS.split(read_text(file, 1_000_000)), start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r"\s*(\S+)\s+([0-9]{1,6})\s*", line)
        if match is None or match[1] in found:
            fault = "is not <tag> <count>" if match is None else "stands there already"
            raise BadInput(f"{file}, line {number}: {line[:60]!r} {fault}")
        found[match[1]] = int(match[2])
    return found


# --------------------------------------------------------------------------------------------------------- the concepts
_Counted = dict[str, dict[int, int]]  # concept -> number of a picture -> how often it stood there beyond once


def _labels(folder: Path, layout: Layout) -> tuple[_Counted, _Counted] | None:
    """The pictures of each concept and of each strict one; None when the labels are not here."""
    beside = find_child(folder.parent, LABELS)
    places = [
        child
        for base in (folder, layout.base)
        for name in (LABELS, "annotations_v080", "annotations")
        if (child := find_child(base, name)) is not None and child.is_dir()
    ]
    place = next(iter(places), beside if beside is not None and beside.is_dir() else None)
    if place is None:
        return None
    wide: _Counted = {}
    strict: _Counted = {}
    for file in sorted(place.iterdir()):
        stem = file.stem.casefold()
        if file.suffix.lower() != ".txt" or stem.startswith((".", "readme")):
            continue
        which, concept = (strict, stem.removesuffix("_r1")) if stem.endswith("_r1") else (wide, stem)
        if concept in which:
            raise BadInput(f"{place} has two files of the concept {concept!r}; keep one")
        which[concept] = _members(file, layout)
    return wide, strict


def _members(file: Path, layout: Layout) -> dict[int, int]:
    found: dict[int, int] = {}
    for line, text in enumerate(LINE_ENDS.split(read_text(file, 10_000_000)), start=1):
        word = text.strip()
        if not word:
            continue
        if not re.fullmatch(r"[0-9]{1,7}", word) or not layout.known(int(word)):
            raise BadInput(
                f"{file}, line {line}: {word[:40]!r} is not the number of a picture, {layout.first} to {layout.last:,}"
            )
        found[int(word)] = found.get(int(word), -1) + 1
    return found


def _joined(concepts: _Counted, numbers: list[int]) -> list[str]:
    of: dict[int, list[str]] = defaultdict(list)
    for concept in sorted(concepts):
        for number in concepts[concept]:
            of[number].append(concept)
    return ["|".join(of[number]) if number in of else "" for number in numbers]


def _differences(layout: Layout, tagged: list[str], wide: _Counted, strict: _Counted, annotated: bool) -> list[str]:
    """In words, where what is here differs from what is published."""
    whole = COUNT if layout.name == "25k" else MILLION
    checks = [(len(tagged), whole, "pictures")]
    if layout.name == "million" and len(tagged) == whole:
        checks.append((len(tagged) - tagged.count(""), TAGGED, "pictures with tags"))
    if annotated:
        checks += [(len(wide), CONCEPTS, "concepts"), (len(strict), STRICT, "strict concepts")]
    return [
        f"{found:,} {what} here, {published:,} published" for found, published, what in checks if found != published
    ]


def _kept(member: PurePosixPath) -> PurePosixPath | None:
    """Where a member of an archive goes: all but what systems leave behind, without the archive's own top folder."""
    if "__MACOSX" in member.parts or member.name.startswith(".") or member.name.lower() == "thumbs.db":
        return None
    inside = member.parts[1:] if member.parts[0].lower() in ("mirflickr", LABELS) and len(member.parts) > 1 else None
    kept = PurePosixPath(*inside) if inside else member
    return None if kept.parts == (SUMS,) else kept
