"""EmotionROI: Emotion6's photographs with a map of the regions that evoke the emotion. Chapter 4.

Peng et al. 2016. `ground_truth/<emotion>/<n>.jpg` is a grey map of the size of `images/<emotion>/<n>.jpg`, and
`training_testing_split/{training,testing}.txt` list the pictures, `<emotion>/<n>.jpg` a line.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.discrete import Once
from emolib.corpora.firstuse import check_sums, fetch_archive
from emolib.corpora.labelled import assemble, candidates, lines_of, listed_picture, pictures_by_key
from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput, Unavailable

NAME = "emotionroi"
URL = "http://chenlab.ece.cornell.edu/people/kuanchuan/publications/EmotionROI.zip"
FOLDERS = ("emotionroi", "EmotionROI")
VOCABULARY = "emotion6"
EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
PER_CLASS = dict.fromkeys(EMOTIONS, 330)
LISTS, SPLITS = "training_testing_split", {"training": "train", "testing": "test"}
MAPS = "ground_truth"
MAX_BYTES, MAX_FILES, MAX_TEXT = 4 << 30, 20_000, 1_000_000

CARD = Card(
    name=NAME,
    title="EmotionROI, photographs with the regions that evoke their emotion",
    kind="images",
    source=URL,
    licence="academic research only; the photographs belong to their makers",
    citation="peng2016",
    description=(
        "The photographs of Emotion6, for which viewers marked what in them evokes the emotion. Their boxes are added "
        "up into a grey map a picture, bright where many agree."
    ),
    raters="paid workers online, 15 a picture by the paper, who drew boxes; only the map of all boxes is published",
    labels={
        "group": "emotion and number of the first picture with the same bytes",
        "split": "train or test, as published",
        "emotion": "one of Ekman's six, with 'joy', from the folder: the word that the picture was found with",
        "map": "path of the grey map of regions, 0 to 255; empty where it is missing",
    },
    faults=(
        "It has six emotions: a result for eight classes on it, as in Table 3 of Rao et al. 2019, is impossible.",
        "The published counts: 330 of each of six emotions; 1,386 for training and 594 for testing (unverified).",
        "The boxes themselves are not published, only their sum: any box is worked out from the map by a rule.",
        "A later study predicts the emotion from the map alone at 17.2%, about chance: the regions look like what "
        "people attend to in general.",
        "Emotion6 has the same pictures: never train on one and test on the other.",
        "Nobody published a checksum: a download is recorded in SHA256SUMS and checked against that afterwards.",
    ),
    terms="academic research; cite the paper",
    count=1_980,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder` (or in `EmotionROI/` within); a row for each listed picture that is there.

    In the order of the lists, training first. A map has its picture's emotion and name; its ending may be any of a
    picture, which is our assumption. `table.attrs` has `per_split`, the pictures without a map as `without_map`, those
    listed and not here as `missing`, repeated lines as the number `repeated`, pictures in no list as `unlisted`.

    Raises Unavailable when a list or all pictures are absent, BadInput for a line that names no picture, a picture in
    both lists, and bytes that differ from those that `fetch` recorded.
    """
    place = next((place for place in candidates(folder, ("EmotionROI",)) if find_child(place, LISTS)), None)
    if place is None:
        raise Unavailable(f"{folder} has no {LISTS}/")
    check_sums(folder)
    pictures, maps = (
        pictures_by_key(base, EMOTIONS, VOCABULARY) if base is not None and base.is_dir() else {}
        for base in (find_child(place, "images"), find_child(place, MAPS))
    )
    once, listed, missing, without, keys = Once(), set(), [], [], []
    columns: dict[str, list] = {name: [] for name in ("image", "split", "emotion", "map")}
    for name, split in SPLITS.items():
        file = find_child(find_child(place, LISTS), f"{name}.txt")
        if file is None:
            raise Unavailable(f"{place / LISTS} has no {name}.txt")
        for line, text in lines_of(file, MAX_TEXT):
            where = f"{file}, line {line}"
            emotion, key, shown = listed_picture(text, EMOTIONS, VOCABULARY, where)
            if not once.first(key, split, where):
                continue
            listed.add(key)
            if key not in pictures:
                missing.append(shown)
                continue
            if key not in maps:
                without.append(shown)
            keys.append(key)
            for column, value in zip(columns, (pictures[key], split, emotion, maps.get(key, "")), strict=True):
                columns[column].append(value)
    if not keys:
        raise Unavailable(
            f"{place} has none of the {len(missing):,} pictures that its lists name, in images/<emotion>/"
        )
    return assemble(
        CARD, place, keys, columns, missing, len(keys) + len(missing),
        classes=PER_CLASS, repeated=once.repeated, unlisted=len(pictures.keys() - listed), without_map=without,
        per_split={split: columns["split"].count(split) for split in SPLITS.values()},
    )  # fmt: skip


def fetch(folder: Path, *, progress: bool = True, url: str = URL) -> Path:
    """Download the photographs and maps into `folder`, unless they are there; returns `folder`.

    No checksum is published: see `firstuse.fetch_archive` for what is recorded and for the errors.
    """
    return fetch_archive(url, folder, load, MAX_BYTES, MAX_FILES, progress=progress)


def check_maps(corpus: Corpus, *, progress: bool = True) -> list[tuple[str, str]]:
    """Pictures whose map is missing, cannot be read or has another size, each with the reason, in the table's order.

    Both are decoded completely and turned as their EXIF says, since a region is only right on the picture as one sees
    it. A picture that cannot be read is told here too.
    """
    pairs = list(zip(corpus.table["image"], corpus.table["map"], strict=True))
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) + 1)) as pool:
        reasons = list(
            tqdm(
                pool.map(lambda pair: _map_fault(corpus.root, *pair), pairs),
                desc="checking maps",
                total=len(pairs),
                unit=" maps",
                disable=not progress,
            )
        )
    return [(image, reason) for (image, _), reason in zip(pairs, reasons, strict=True) if reason]


def _map_fault(root: Path, image: str, name: str) -> str:
    """What is wrong with the map of a picture, "" when nothing is."""
    if not name:
        return "there is no map"
    try:
        own, other = read_picture(root / image).size, read_picture(root / name).size
    except BadInput as error:
        return str(error)
    return "" if own == other else f"the map has {other[0]} x {other[1]} pixels, the picture {own[0]} x {own[1]}"
