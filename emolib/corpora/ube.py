"""UnBiasedEmotion: about 3,045 pictures in which the same objects come with different emotions. Chapter 5.

Panda et al. 2018. `images/<emotion>/<object>/<file>`: folders are all the labels there are.
"""

from __future__ import annotations

from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.labelled import assemble, candidates, emotion_folders, pictures_below, spells_an_emotion
from emolib.errors import Unavailable

NAME = "ube"
PAGE = "https://rpand002.github.io/emotion.html"
FOLDERS = ("ube", "UnBiasedEmo", "UnBiasedEmotion", "UBE")
VOCABULARY = "unbiased"
EMOTIONS = ("anger", "fear", "joy", "love", "sadness", "surprise")

CARD = Card(
    name=NAME,
    title="UnBiasedEmotion, the same objects with different emotions",
    kind="images",
    source=PAGE,
    licence="none stated; the pictures belong to third parties",
    citation="panda2018",
    description=(
        "Pictures from the web, made to test whether a model has learnt the emotion or only the object: the same "
        "objects are found under several emotions."
    ),
    raters="people who chose among pictures found with an object and an emotion; no votes are published",
    labels={
        "group": "emotion, object and file name of the first picture with the same bytes",
        "emotion": "one of anger, fear, joy, love, sadness and surprise, from the folder",
        "object": "what the picture shows, from the folder below, in small letters; empty where there is none",
    },
    faults=(
        "Its size is given as about 3,045, without counts of the emotions; `attrs` has those found as `per_class`.",
        "Love is in none of the other corpora of this book, disgust is lacking.",
        "No split is published, so `split` is empty. Folds that divide an object measure something else than folds "
        "that leave objects out.",
        "The archive holds another one, images.zip, which has to be unpacked too.",
    ),
    terms="research; cite the paper",
    count=3_045,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`, which holds `[UnBiasedEmo/][images/]<emotion>/<object>/<file>`; a row a picture.

    In the order of emotions, objects and names. We assume that the folder below the emotion names the object, however
    deep a file lies in it. `table.attrs` counts pictures without an object as `without_object` and those in deeper
    folders as `deeper`; nothing lists the pictures, so `missing` is always empty.

    Raises Unavailable when there are no pictures, BadInput for a folder with pictures whose name is no emotion.
    """
    places = candidates(folder, ("images", *FOLDERS))
    base = next((place for place in places if spells_an_emotion(place, VOCABULARY)), folder)
    folders = emotion_folders(base, EMOTIONS, VOCABULARY) if base.is_dir() else {}
    columns: dict[str, list] = {name: [] for name in ("image", "split", "emotion", "object")}
    keys = []
    deeper = 0
    for emotion in EMOTIONS:
        for path in pictures_below(base / folders[emotion]) if emotion in folders else []:
            *above, _ = path.split("/")
            thing = " ".join(above[0].replace("_", " ").split()).casefold() if above else ""
            deeper += len(above) > 1
            keys.append(f"{emotion}/{path}")
            for column, value in zip(columns, (f"{folders[emotion]}/{path}", "", emotion, thing), strict=True):
                columns[column].append(value)
    if not keys:
        packed = [place / "images.zip" for place in candidates(folder, FOLDERS) if find_child(place, "images.zip")]
        advice = f"; unpack {packed[0]} where it lies" if packed else ""
        raise Unavailable(f"{folder} has no pictures in folders called anger, fear, joy, love, ...{advice}")
    return assemble(
        CARD, base, keys, columns, [], len(keys),
        classes=dict.fromkeys(EMOTIONS), without_object=columns["object"].count(""), deeper=deeper,
    )  # fmt: skip


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with the page that offers it.

    The page points at a store of large files that answers with a question, not with the file.
    """
    return by_hand(
        folder,
        load,
        f"UnBiasedEmotion has to be downloaded by hand: follow the link on {PAGE}, unpack what comes and the "
        f"images.zip in it, and move the folder that holds images/ to {folder}",
    )
