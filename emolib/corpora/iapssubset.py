"""IAPSsubset: 395 pictures of the International Affective Picture System with one of Mikels' emotions. Chapter 1.

The pictures are given out on request (Lang et al. 2008) and the emotions are those of Mikels et al. 2005, who published
a table in print and no file; a reader sorts the pictures into folders, `<emotion>/<number>.jpg`.
"""

from __future__ import annotations

import math
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import assemble, emotion_folders
from emolib.corpora.iaps import HIGH, LOW, RATINGS, picture_number, rating_rows
from emolib.emotions import MIKELS
from emolib.errors import BadInput, Unavailable

NAME = "iapssubset"
FOLDERS = ("iapssubset", "IAPSsubset", "IAPS")
PER_CLASS = dict(zip(MIKELS, (37, 8, 54, 63, 74, 55, 42, 62), strict=True))
_COLUMNS = {"valence": "valmn", "arousal": "aromn"}

CARD = Card(
    name=NAME,
    title="IAPSsubset, pictures of the IAPS with one emotion",
    kind="images",
    source="https://csea.phhp.ufl.edu/media.html",
    licence="given on request for research without profit; not to be shown in public or passed on",
    citation="mikels2005,lang2008",
    description=(
        "Photographs of a standard set in the study of emotion for which one of Mikels' eight emotions was chosen most."
    ),
    raters=(
        "emotion: adults asked by Mikels et al.; valence and arousal: about 100 students a picture, with the "
        "Self-Assessment Manikin"
    ),
    labels={
        "group": "emotion and file name of the first picture with the same bytes",
        "emotion": "one of Mikels' eight, from the name of the folder",
        "valence": f"mean rating, 1 (unhappy) to 9 (happy); only with {RATINGS}, NaN where it lacks the picture",
        "arousal": f"mean rating, 1 (calm) to 9 (excited); only with {RATINGS}, NaN where it lacks the picture",
    },
    faults=(
        "No file says which picture has which emotion: sort them by the paper into <emotion>/<number>.jpg.",
        "The published counts: " + ", ".join(f"{name} {count}" for name, count in PER_CLASS.items()) + ".",
        "Eight pictures of anger are too few for five folds to say much of that class.",
        f"{RATINGS} begins with lines about the file, and lists some pictures twice, rated in two sets of pictures; "
        "the first rating is taken, as a public loader does, and `attrs` counts the others as `rated_again`.",
        "No split is published, so `split` is empty: use cross-validation.",
    ),
    terms="do not pass on, do not show in public, cite the manual and the paper",
    count=395,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`, which holds `<emotion>/<number>.jpg`; a row a picture, by emotion and number.

    With `AllSubjects_1-20.txt` beside the folders the table has valence and arousal, and `table.attrs` counts pictures
    without a rating as `unrated` and further ratings of one picture as `rated_again`.

    Raises Unavailable when there are no pictures, BadInput for a name that is no picture number, a picture in two
    folders, and ratings that are not what they have to be.
    """
    folders = emotion_folders(folder) if folder.is_dir() else {}
    entries, places = [], {}
    for emotion in MIKELS:
        name, pictures = folders.get(emotion, ("", []))
        numbered = []
        for picture in pictures:
            number = picture_number(picture.rpartition(".")[0])
            if number is None:
                raise BadInput(f"{folder / name / picture}: the name is not the number of a picture; move it away")
            if number in places:
                raise BadInput(f"{folder / name / picture}: picture {number} also lies in {places[number]}; keep one")
            places[number] = folder / name
            numbered.append((float(number), f"{name}/{picture}", emotion, number))
        entries += sorted(numbered)
    if not entries:
        raise Unavailable(f"{folder} has no pictures in folders that are called amusement, anger, ...")
    columns = {
        "image": [image for _, image, _, _ in entries],
        "split": [""] * len(entries),
        "emotion": [emotion for _, _, emotion, _ in entries],
    }
    attrs = {}
    if (file := find_child(folder, RATINGS)) is not None:
        ratings, attrs["rated_again"] = _ratings(file)
        own = [ratings.get(number, (math.nan, math.nan)) for *_, number in entries]
        columns |= {dimension: [values[k] for values in own] for k, dimension in enumerate(_COLUMNS)}
        attrs["unrated"] = sum(number not in ratings for *_, number in entries)
    return assemble(CARD, folder, columns, [], len(entries), **attrs)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do, for nobody may pass it on."""
    return by_hand(
        folder,
        load,
        f"The IAPS cannot be downloaded: ask for it at {CARD.source}, then sort the pictures that Mikels et al. 2005 "
        f"list into {folder}/<emotion>/<number>.jpg and put {RATINGS} beside the folders",
    )


def _ratings(file: Path) -> tuple[dict[str, tuple[float, float]], int]:
    """Valence and arousal by number of picture, and how many further ratings of a picture were left out."""
    ratings: dict[str, tuple[float, float]] = {}
    again = 0
    for number, row in rating_rows(file, tuple(_COLUMNS.values())):
        values = tuple(row.number(column, LOW, HIGH) for column in _COLUMNS.values())
        if number in ratings:
            again += 1
        else:
            ratings[number] = values
    return ratings, again
