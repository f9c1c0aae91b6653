"""SE30K8: stock photographs on which five workers each named one or more of eight emotions. Chapter 5.

Wei et al. 2020. The annotations are one pickle, `annotations/mturk_annotations_240.pkl.keep`, read by `plainpickle`: a
dict (or list) with a dict a picture. `image_emotion` has five lists, a worker each; authors' code and description say
that a worker may name several. How an answer is written is nowhere said, so each form that cannot be mistaken is taken:
numbers 0 to 7 in the order of `EMOTIONS`, their names, or eight values of 0 and 1. `image_url`, `tags`, `emotion_tags`
come with it; `image` or `re_path` may name the picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import Present, groups_by_bytes, names_in, relative_path
from emolib.corpora.listings import find_list, join_tags, read_entries, shown, tags_of
from emolib.emotions import VOCABULARIES, normalise_label
from emolib.errors import BadInput, Unavailable

NAME = "se30k8"
PAGE = "https://openaccess.thecvf.com/CVPR2020"  # where the paper is; the data have no page
FOLDERS = ("se30k8", "SE30K8")
#: Number and order of the eight as its authors give them; also alphabetical.
EMOTIONS = tuple(VOCABULARIES["se30k8"])
VOTES = tuple(f"votes_{name}" for name in EMOTIONS)
WORKERS, MAJORITY = 5, 3
#: The paper says "33K" and "30K", and splits into 22K, 3K and 5K.
PUBLISHED = (30_000, 33_000)
MAX_BYTES = 200_000_000
ADVICE = f"Its authors give it on request; see {PAGE}"
_FILES = ("mturk_annotations_240", "mturk_annotations", "annotations", "se30k8")
_DEPTH = 4

CARD = Card(
    name=NAME,
    title="SE30K8, stock photographs with the answers of five workers",
    kind="images",
    source=PAGE,
    licence="none stated; the photographs belong to a stock agency and its contributors",
    citation="wei2020",
    description=(
        "Photographs from the stock agency that StockEmotion comes from, each shown to five workers who chose among "
        "eight emotions, two of them kinds of surprise; with the tags under which they are sold."
    ),
    raters="five paid workers online a picture, who might choose more than one emotion",
    labels={
        "group": "the first picture with the same bytes",
        "emotion": "the emotion that the most workers chose, if three or more did and no other has as many; else ''",
        **{
            column: f"how many of the five workers chose {name}, 0 to 5"
            for column, name in zip(VOTES, EMOTIONS, strict=True)
        },
        "id": "number of the picture at the agency, or its place in the list",
        "url": "address of the picture, '' where unknown",
        "tags": "tags of the seller, joined by '|'",
        "emotion_tags": "those among them that are names of emotions, joined by '|'",
    },
    faults=(
        "The paper calls it '33K' and '30K', and its parts of 22K, 3K and 5K make 30K: no number is published to check "
        "against.",
        "A worker may choose several emotions: the votes of a picture can be more than five, and two emotions can have "
        "three each; such a tie has no single label here, which is our choice.",
        "Which pictures are for training and which for testing is not in the file, so `split` is empty.",
        "How a worker's answer is written is not documented: numbers, names and rows of 0 and 1 are read, others not.",
        "The file is a pickle, which can run code when it is opened carelessly; it is read here without running any.",
        "Where the pictures lie is not documented: one is found by its path, else by its number or by the file name in "
        "its address, whatever its folder.",
    ),
    terms="research; cite the paper; ask its authors for the data",
    count=None,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`; a row for each annotated picture that is there, in the order of the annotations.

    The list lies in `folder` or in `annotations/` within, the pictures anywhere below. `table.attrs` names those that
    are absent as `missing` and counts: `rated`, `labelled` (rows with a single label), `ties`, `per_class`, `repeated`
    (entries that say the same again) and `several` (answers with more than one emotion); `differences` says in words
    how the number differs from the published ones.

    Raises Unavailable when the annotations or all pictures are absent, BadInput naming file and entry for what is not
    what it has to be.
    """
    table = annotations(folder)
    images, missing = _pictures(folder, table)
    here = [position for position, image in enumerate(images) if image]
    if not here:
        raise Unavailable(
            f"{folder} has none of the {len(table):,} pictures that its annotations name; download them from the "
            "addresses that se30k8.annotations(folder) gives, each as <id>.<ending of its address>"
        )
    kept = table.iloc[here].reset_index(drop=True).drop(columns="path")
    names = [images[position] for position in here]
    head = {"image": names, "group": groups_by_bytes(folder, names), "split": [""] * len(names)}
    full = pd.concat([pd.DataFrame(head), kept], axis=1)
    votes = full[list(VOTES)].to_numpy()
    per_class = {name: int((full["emotion"] == name).sum()) for name in EMOTIONS}
    full.attrs.update(
        expected=CARD.count,
        rated=len(table),
        found=len(full),
        missing=missing,
        published=PUBLISHED,
        differences=_differences(len(table)),
        per_class=per_class,
        labelled=sum(per_class.values()),
        ties=int(((votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum()),
        repeated=table.attrs["repeated"],
        several=table.attrs["several"],
    )
    return Corpus(NAME, full, CARD, folder)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do."""
    return by_hand(folder, load, f"SE30K8 cannot be downloaded by a program. {ADVICE}. Put it into {folder}")


def annotations(folder: Path) -> pd.DataFrame:
    """The annotations alone, a row a picture whether it is there or not; columns as on the card, and `path`.

    `path` is the picture's path if the entry names one, else "". Raises as `load` does, except for absent pictures.
    """
    file = _file(folder)
    rows: dict[str, dict[str, Any]] = {}
    repeated = several = 0
    for where, key, entry in read_entries(file, MAX_BYTES):
        row, more = _row(where, key, entry, len(rows))
        known = rows.setdefault(row["id"], row)
        if known is row:
            several += more
        elif known != row:
            raise BadInput(f"{where}: the picture {row['id']!r} stands there already with other labels; keep one")
        else:
            repeated += 1
    if not rows:
        raise BadInput(f"{file} holds no annotation")
    table = pd.DataFrame(list(rows.values()))
    table.attrs.update(repeated=repeated, several=several)
    return table


def distribution(corpus: Corpus | pd.DataFrame) -> np.ndarray:
    """The votes as shares: float64 of shape (pictures, 8), columns as `EMOTIONS`, each row with the sum 1."""
    table = corpus.table if isinstance(corpus, Corpus) else corpus
    votes = table[list(VOTES)].to_numpy(dtype=np.float64)
    return votes / votes.sum(axis=1, keepdims=True)


def single_label(votes: Sequence[int]) -> str:
    """The emotion with the most of eight vote counts if it has three or more and no equal, else ""."""
    top = max(votes)
    return EMOTIONS[list(votes).index(top)] if top >= MAJORITY and list(votes).count(top) == 1 else ""


# ----------------------------------------------------------------------------------------------------------- an entry
def _row(where: str, key: str | int | None, entry: Any, number: int) -> tuple[dict[str, Any], int]:
    """The columns of an entry, and how many of its answers name more than one emotion."""
    if not isinstance(entry, dict):
        raise BadInput(f"{where}: {shown(entry)} where a dict with image_emotion has to be")
    if "image_emotion" not in entry:
        raise BadInput(f"{where} has no image_emotion; it has {shown(list(entry))}")
    url = entry.get("image_url", "")
    if not isinstance(url, str) or not url.isprintable():
        raise BadInput(f"{where}: image_url is {shown(url)}; it has to be an address")
    path = ""
    for name in ("image", "re_path"):
        if entry.get(name):
            path = relative_path(entry[name]) or ""
            if not path:
                raise BadInput(f"{where}: {name} is {shown(entry[name])}, not the path of a file below the list")
            break
    answers = _answers(entry["image_emotion"], where)
    votes = [sum(k in answer for answer in answers) for k in range(len(EMOTIONS))]
    row: dict[str, Any] = {"emotion": single_label(votes), **dict(zip(VOTES, votes, strict=True))}
    row["id"] = _id(where, key, entry, path, url, number)
    row["url"] = url
    for name in ("tags", "emotion_tags"):
        row[name] = join_tags(tags_of(entry.get(name, []), f"{where}: {name}"))
    return row | {"path": path}, sum(len(answer) > 1 for answer in answers)


def _id(where: str, key: str | int | None, entry: dict, path: str, url: str, number: int) -> str:
    given = key if key is not None else entry.get("access_key")
    if given is None or given == "":
        return path or url or str(number)
    if isinstance(given, bool) or not isinstance(given, str | int) or not str(given).isprintable():
        raise BadInput(f"{where}: {shown(given)} is not the number of a picture")
    own = entry.get("access_key", given)
    if str(own) != str(given):
        raise BadInput(f"{where}: its access_key is {shown(own)}")
    return str(given)


def _answers(value: Any, where: str) -> list[set[int]]:
    """The emotions that each of the five workers named, as places in `EMOTIONS`."""
    if not isinstance(value, list | tuple) or len(value) != WORKERS:
        raise BadInput(f"{where}: image_emotion is {shown(value)}; it has to be {WORKERS} lists, a worker each")
    return [_answer(answer, f"{where}: worker {number}") for number, answer in enumerate(value, start=1)]


def _answer(answer: Any, where: str) -> set[int]:
    if not isinstance(answer, list | tuple):
        raise BadInput(f"{where}: {shown(answer)} where a list of emotions has to be")
    if len(answer) == len(EMOTIONS) and all(isinstance(x, int | float) and x in (0, 1) for x in answer):
        found = [place for place, said in enumerate(answer) if said]
    else:
        found = [_place(said, where) for said in answer]
    if not found or len(set(found)) < len(found):
        raise BadInput(f"{where}: {shown(answer)} names {'an emotion twice' if found else 'no emotion'}")
    return set(found)


def _place(said: Any, where: str) -> int:
    if isinstance(said, int) and not isinstance(said, bool):
        if 0 <= said < len(EMOTIONS):
            return said
        raise BadInput(f"{where}: {said} is not the number of an emotion; they run from 0 to {len(EMOTIONS) - 1}")
    if not isinstance(said, str):
        raise BadInput(f"{where}: {shown(said)} is neither the number nor the name of an emotion")
    try:
        return EMOTIONS.index(normalise_label(said, "se30k8"))
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error


# ------------------------------------------------------------------------------------------------------------ the files
def _file(folder: Path) -> Path:
    places = [folder, *(child for name in ("annotations", "SE30K8") if (child := find_child(folder, name)) is not None)]
    places += [child for place in places[1:] if (child := find_child(place, "annotations")) is not None]
    for place in places:
        if place.is_dir() and (file := find_list(place, _FILES)) is not None:
            return file
    raise Unavailable(f"{folder} has no annotations/mturk_annotations_240.pkl.keep. {ADVICE}")


def _pictures(folder: Path, table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The path of each picture, "" where it is absent, and the ids of the absent ones."""
    present, by_stem = Present(folder), _stems(folder)
    images, missing = [], []
    for path, key, url in zip(table["path"].tolist(), table["id"].tolist(), table["url"].tolist(), strict=True):
        tries = [path, f"images/{path}"] if path else []
        image = next((name for name in tries if name in present), None)
        if image is None:
            stems = [key, url.partition("?")[0].rpartition("/")[2].rpartition(".")[0]]
            image = next((by_stem[stem.casefold()] for stem in stems if stem and stem.casefold() in by_stem), "")
        images.append(_only(image, folder))
        if not image:
            missing.append(key)
    return images, missing


def _only(image: str | list[str], folder: Path) -> str:
    if isinstance(image, str):
        return image
    if len(image) > 1:
        raise BadInput(f"{folder} has more than one file for the same picture: {', '.join(map(repr, image[:3]))}")
    return image[0]


def _stems(folder: Path) -> dict[str, list[str]]:
    """Paths of all pictures below the folder by file name without ending, in small letters."""
    found: dict[str, list[str]] = {}
    for place in _places(folder, "", _DEPTH):
        for name in names_in(folder / place)[0]:
            stem = os.path.splitext(name)[0].casefold()
            found.setdefault(stem, []).append(f"{place}/{name}".lstrip("/"))
    return found


def _places(folder: Path, place: str, depth: int) -> Iterator[str]:
    yield place
    if depth:
        for name in names_in(folder / place)[1]:
            yield from _places(folder, f"{place}/{name}".lstrip("/"), depth - 1)


def _differences(rated: int) -> list[str]:
    low, high = PUBLISHED
    if low <= rated <= high:
        return []
    return [f"{rated:,} pictures are annotated here; the paper speaks of {low:,} and of {high:,}"]
