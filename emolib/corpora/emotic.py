"""EMOTIC: people in photographs, each with any of 26 emotion categories and with valence, arousal and dominance.

Chapter 5. Kosti et al. 2017 and 2019. `emoticfiles` reads the labels from `train.csv`, `val.csv` and `test.csv`, the
form in which public code hands them on, or from `Annotations.mat`; the pictures lie in
`emotic/{ade20k,emodb_small,framesdb,mscoco}/images/`. A row is a person; `images` gives a row a picture.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import Present, groups_by_bytes
from emolib.corpora.emoticfiles import AFFECT, BOX, CATEGORIES, Person, read_people
from emolib.errors import BadInput, Unavailable

__all__ = ["AFFECT", "BOX", "CARD", "CATEGORIES", "FOLDERS", "NAME", "fetch", "images", "load", "multi_hot"]

NAME = "emotic"
PAGE = "http://sunai.uoc.edu/emotic/"
FOLDERS = ("emotic", "EMOTIC", "Emotic")
#: Pictures and people of the releases.
RELEASES = {"CVPR 2017": (18_316, 23_788), "PAMI 2019": (23_571, 34_320)}
#: The columns of the 26 categories, in the order of their authors.
COLUMNS = tuple(name.lower() for name in CATEGORIES)
ADVICE = f"Ask its authors ({PAGE}); they give it for research after a form is filled in"

CARD = Card(
    name=NAME,
    title="EMOTIC, people in their surroundings",
    kind="images",
    source=PAGE,
    licence="none stated; the photographs come from COCO, ADE20K, a film-frame set and the web",
    citation="kosti2019",
    description=(
        "Photographs with people, each marked by a box, with what they seem to feel: any of 26 categories, valence, "
        "arousal and dominance. What is judged is the person in the picture, not what the picture evokes."
    ),
    raters=(
        "workers online; one for each person of the training part, three or more for validation and test, whose "
        "categories are united and whose scores are averaged by the authors"
    ),
    labels={
        "group": "the first picture with the same bytes; all people of a picture are of one group",
        "split": "train, val or test, as published",
        ", ".join(BOX): "the person's box in pixels, left, top, right, bottom; cut at the edges of the picture",
        "width, height": "size of the picture in pixels, as the labels have it",
        ", ".join(COLUMNS): "1 when the category was given, else 0",
        "valence": "1 (negative) to 10 (positive), NaN where nobody said",
        "arousal": "1 (calm) to 10 (active), NaN where nobody said",
        "dominance": "1 (not in control) to 10 (in control), NaN where nobody said",
        "gender": "male or female, as seen by a worker",
        "age": "kid, teenager or adult, as seen by a worker",
    },
    faults=(
        "Two releases are in use: "
        + "; ".join(
            f"{name}, {pictures:,} pictures and {people:,} people" for name, (pictures, people) in RELEASES.items()
        )
        + ".",
        "A row is a person: a picture with three people stands in three rows. `emotic.images(corpus)` gives a row a "
        "picture.",
        "Some boxes reach beyond the picture; they are cut, and `table.attrs['cut']` counts them.",
        "The fields of `Annotations.mat` are read by name, as public readers have them; the CSV form is the surer one.",
        "'Disquietment' is spelt 'Disquitement' in one list of the authors'.",
        "Categories are rare and unlike in number: accuracy says nothing, average precision a category does.",
    ),
    terms="research; cite the papers; ask its authors for the data",
    count=None,
)


def load(folder: Path) -> Corpus:
    """The people in `folder`, a row for each whose picture is there, in the order train, val, test and of the lists.

    `table.attrs` names the absent pictures as `missing` and counts `pictures`, `people` (with or without a picture
    here), `repeated` (rows that say the same again), `twice` (people with two different rows; both stay), `cut` boxes
    and people `unannotated` in `Annotations.mat`, who are left out. `release` names the published release that has
    these numbers, "" for none; `differences` then says so in words. `source` is the kind of labels, "csv" or "mat".

    Raises Unavailable when the labels or all pictures are absent; BadInput naming file and line for what is not what it
    has to be.
    """
    people, counted = read_people(folder)
    if people is None:
        raise Unavailable(f"{folder} has no train.csv, val.csv or test.csv and no Annotations.mat. {ADVICE}")
    present, inner = Present(folder), find_child(folder, "emotic")
    above = f"{inner.name}/" if inner is not None and inner.is_dir() else ""
    places: dict[str, str] = {}
    for person in people:
        if person.image not in places:
            tries = (above + person.image, person.image)
            places[person.image] = next((image for image in tries if image in present), "")
    missing = [image for image, place in places.items() if not place]
    here = [person for person in people if places[person.image]]
    if not here:
        raise Unavailable(f"{folder} has none of the {len(missing):,} pictures that its labels name")
    there = [place for place in places.values() if place]
    group = dict(zip(there, groups_by_bytes(folder, there), strict=True))
    table = pd.DataFrame([_row(person, places[person.image], group) for person in here])
    sizes = (len(places), len(people))
    release = next((name for name, published in RELEASES.items() if published == sizes), "")
    table.attrs.update(
        expected=CARD.count,
        rated=len(people),
        found=len(table),
        missing=missing,
        pictures=len(there),
        people=len(people),
        per_class={name: int(table[name].sum()) for name in COLUMNS},
        release=release,
        differences=[] if release else [f"{sizes[0]:,} pictures and {sizes[1]:,} people are those of no release"],
        **counted,
    )
    return Corpus(NAME, table, CARD, folder)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do."""
    return by_hand(folder, load, f"EMOTIC cannot be downloaded by a program. {ADVICE}. Put it into {folder}")


def images(corpus: Corpus) -> Corpus:
    """A row a picture instead of a row a person, in the order in which the pictures first stand.

    A category is 1 when any of its people has it, as Wei et al. have it for whole images. Valence, arousal and
    dominance are the mean over the people who have them, which is our choice. `people` counts them; boxes, gender and
    age are left out. Raises BadInput when a picture stands in two splits.
    """
    table = corpus.table
    by_image = table.groupby("image", sort=False)
    for image, splits in by_image["split"].unique().items():
        if len(splits) > 1:
            raise BadInput(f"{corpus.name}: people of {image!r} are in {' and '.join(sorted(splits))}; keep one split")
    united = by_image[["group", "split", "width", "height"]].first()
    united["people"] = by_image.size()
    united = united.join(by_image[list(COLUMNS)].max()).join(by_image[list(AFFECT)].mean()).reset_index()
    united.attrs.update(table.attrs | {"found": len(united)})
    return Corpus(corpus.name, united, corpus.card, corpus.root)


def multi_hot(corpus: Corpus | pd.DataFrame) -> np.ndarray:
    """The categories as bool of shape (rows, 26), columns as `CATEGORIES`: the target of an average precision each."""
    table = corpus.table if isinstance(corpus, Corpus) else corpus
    return table[list(COLUMNS)].to_numpy(dtype=bool)


def _row(person: Person, place: str, group: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"image": place, "group": group[place], "split": person.split}
    row |= dict(zip(BOX, person.box, strict=True))
    row |= {"width": person.size[0], "height": person.size[1]}
    row |= {column: int(name in person.categories) for column, name in zip(COLUMNS, CATEGORIES, strict=True)}
    row |= {name: math.nan if value is None else value for name, value in zip(AFFECT, person.affect, strict=True)}
    return row | {"gender": person.gender, "age": person.age}
