"""The laboratory in the layouts of the papers' corpora on disk, so that their loaders can be tried at full size.

Records are written block by block and pictures linked (copied where links cannot be made): a million records need no
more memory than a thousand. Every export holds `SIMULATED.txt`, which says that nobody gave these labels. Layouts as
seen in public loaders; file names that nobody could confirm are marked "assumed".

`fi` (You et al. 2016): `agg/<emotion>_<k>.csv`, seven files an emotion, without header: emotion, url, disagree, agree.
    The emotion is the search word (`query`); agree counts the workers of five whose answer it is. Pictures with agree >
    disagree, as FI keeps them, lie in `FI/Images/<Emotion>/` and are listed in `FI/TrainImages.txt`, `ValImages.txt`
    and `TestImages.txt` (the last two names assumed), lines `<number>/<file>` by `emotions.FI_NUMBERS`.
`emotionroi` (Peng et al. 2016): `images/<class>/<n>.jpg`, grey maps `ground_truth/<class>/<n>.jpg`, lists
    `training_testing_split/training.txt` and `testing.txt` (70% and 30% of the groups), lines `<class>/<n>.jpg`. Six
    classes, from `emotion` by `TO_SIX`; n counts within a class from 1.
`stockemotion` (Wei et al. 2020): `idx2name/tag2idx`, `etag2idx`, `etag2tagidx`, each as `.json` and as `.pkl.keep` (a
    plain dict, pickle protocol 2); `preview.jsonl`, a line `[path, url]` a picture; `annotations.jsonl`, a line a
    picture with the keys of SE30K8: image_url, tags, emotion_tags, image_emotion (five lists, a worker each, 0 or 1 for
    the eight of `SE30K8` in that order; assumed), and image, its path. Pictures lie under `images/`. Text stands where
    the original has large pickles, for reading a pickle can run code.

Mikels' emotions become the other sets' by `TO_SIX` and `TO_SE30K8`: the three positive ones without surprise become joy
or happiness and awe a (positive) surprise; `neutral` and `surprise(negative)` never occur.
"""

from __future__ import annotations

import csv
import json
import os
import pickle
import shutil
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from emolib.corpora.scenes.chance import uniform
from emolib.corpora.scenes.compose import Scenes
from emolib.corpora.scenes.generate import write_pictures
from emolib.corpora.scenes.kinds import BACKGROUNDS, PALETTES
from emolib.corpora.scenes.model import STREAMS, Parameters
from emolib.corpora.scenes.objects import objects
from emolib.corpora.scenes.records import SEPARATOR, WORKERS, blocks
from emolib.corpora.scenes.words import ALL_EMOTION_WORDS
from emolib.emotions import FI_NUMBERS, MIKELS
from emolib.errors import BadInput, Unavailable

TO_SIX = {
    "amusement": "joy", "contentment": "joy", "excitement": "joy", "awe": "surprise",
    "anger": "anger", "disgust": "disgust", "fear": "fear", "sadness": "sadness",
}  # fmt: skip
SE30K8 = (
    "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise(negative)", "surprise(positive)",
)  # fmt: skip
TO_SE30K8 = {e: {"joy": "happiness", "surprise": "surprise(positive)"}.get(six, six) for e, six in TO_SIX.items()}

_FILES = 7
_LISTS = {"train": "TrainImages.txt", "val": "ValImages.txt", "test": "TestImages.txt"}
_TRAINING = 0.7
_NOTE = (
    "Simulated by emolib.corpora.scenes in the layout of {layout}. Nobody gave these labels; they are no evidence.\n"
)


def export(
    parameters: Parameters, folder: Path | str, layout: str, *, pictures: bool = True, progress: bool = True
) -> Path:
    """Write the laboratory into `folder`, which must be empty or absent, as `layout`; returns the folder.

    Args:
        layout: "fi", "emotionroi" or "stockemotion", see the top of this module.
        pictures: also make and link the pictures (and EmotionROI's maps); without them the annotations alone.
        progress: show bars.

    Raises BadInput for an unknown layout or a folder that holds something, Unavailable when it cannot be written.
    """
    if layout not in _LAYOUTS:
        raise BadInput(f"scenes: there is no layout {layout!r}; known are {', '.join(_LAYOUTS)}")
    if not isinstance(parameters, Parameters):
        raise BadInput(f"scenes: export takes scenes.Parameters, not {type(parameters).__name__}")
    folder = Path(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} is not an empty folder; name another one, or move what is there away")
        source = write_pictures(parameters, progress=progress) if pictures else None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "SIMULATED.txt").write_text(_NOTE.format(layout=layout), "utf-8")
        with tqdm(total=parameters.count, desc=f"writing {layout}", unit=" records", disable=not progress) as bar:
            _LAYOUTS[layout](parameters, folder, source, bar)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror or error}. Name a folder that can") from error
    return folder


def _fi(parameters: Parameters, folder: Path, source: Path | None, bar: tqdm) -> None:
    numbers = {emotion: number for number, emotion in FI_NUMBERS.items()}
    (folder / "agg").mkdir()
    for emotion in MIKELS:
        (folder / "FI" / "Images" / emotion.capitalize()).mkdir(parents=True)
    with ExitStack() as stack:
        tables = {
            (emotion, k): csv.writer(stack.enter_context(_text(folder / "agg" / f"{emotion}_{k}.csv")))
            for emotion in MIKELS
            for k in range(_FILES)
        }
        lists = {split: stack.enter_context(_text(folder / "FI" / name)) for split, name in _LISTS.items()}
        for table in blocks(parameters):
            agree = table[[f"votes_{name}" for name in MIKELS]].to_numpy()
            for row, votes in zip(table.itertuples(), agree.tolist(), strict=True):
                yes, name = votes[MIKELS.index(row.query)], Path(row.image).name
                file = tables[row.query, int(name[:-4]) % _FILES]
                file.writerow([row.query, _url(row.image), WORKERS - yes, yes])
                if yes > WORKERS - yes:
                    lists[row.split].write(f"{numbers[row.query]}/{name}\n")
                    if source:
                        _link(source / row.image, folder / "FI" / "Images" / row.query.capitalize() / name)
            bar.update(len(table))


def _emotionroi(parameters: Parameters, folder: Path, source: Path | None, bar: tqdm) -> None:
    counts: Counter[str] = Counter()
    split = folder / "training_testing_split"
    split.mkdir()
    for kind in ("images", "ground_truth") if source else ():
        for name in sorted(set(TO_SIX.values())):
            (folder / kind / name).mkdir(parents=True)
    with _text(split / "training.txt") as training, _text(split / "testing.txt") as testing:
        for table in blocks(parameters, 500 if source else 20_000):
            groups = table["group"].astype(np.int64).to_numpy()
            u = uniform(parameters.seed, groups, STREAMS["split"], 2)[:, 1]
            scenes = Scenes(parameters, _numbers(table)) if source else None
            for k, (image, emotion) in enumerate(zip(table["image"], table["emotion"], strict=True)):
                counts[TO_SIX[emotion]] += 1
                name = f"{TO_SIX[emotion]}/{counts[TO_SIX[emotion]]}.jpg"
                (training if u[k] < _TRAINING else testing).write(f"{name}\n")
                if source:
                    _link(source / image, folder / "images" / name)
                    grey = Image.fromarray(scenes.region_map(k))
                    grey.save(folder / "ground_truth" / name, "JPEG", quality=95)
                bar.update(1)


def _stockemotion(parameters: Parameters, folder: Path, source: Path | None, bar: tqdm) -> None:
    tags = {word: k for k, word in enumerate(vocabulary())}
    emotional = {word: k for k, word in enumerate(sorted(ALL_EMOTION_WORDS))}
    (folder / "idx2name").mkdir()
    for name, value in (
        ("tag2idx", tags),
        ("etag2idx", emotional),
        ("etag2tagidx", {k: tags[word] for word, k in emotional.items()}),
    ):
        (folder / "idx2name" / f"{name}.json").write_text(json.dumps(value, indent=0) + "\n", "utf-8")
        (folder / "idx2name" / f"{name}.pkl.keep").write_bytes(pickle.dumps(value, protocol=2))
    with _text(folder / "preview.jsonl") as preview, _text(folder / "annotations.jsonl") as annotations:
        for table in blocks(parameters):
            votes = table[[f"votes_{name}" for name in MIKELS]].to_numpy().tolist()
            for image, words, own in zip(table["image"], table["keywords"], votes, strict=True):
                found = words.split(SEPARATOR) if words else []
                entry = {
                    "image": image,
                    "image_url": _url(image),
                    "tags": found,
                    "emotion_tags": [word for word in found if word in emotional],
                    "image_emotion": _answers(own),
                }
                preview.write(json.dumps([image, entry["image_url"]]) + "\n")
                annotations.write(json.dumps(entry) + "\n")
                if source:
                    (folder / "images" / image).parent.mkdir(parents=True, exist_ok=True)
                    _link(source / image, folder / "images" / image)
            bar.update(len(table))


_LAYOUTS = {"fi": _fi, "emotionroi": _emotionroi, "stockemotion": _stockemotion}


def vocabulary() -> list[str]:
    """Every keyword that a scene can have, sorted; the emotion words among them."""
    words = set(objects().names) | set(ALL_EMOTION_WORDS)
    for kind in (*BACKGROUNDS, *PALETTES):
        words |= set(kind.words)
    return sorted(words)


def _answers(votes: list[int]) -> list[list[int]]:
    """Five lists with a 1 at the answer of each worker, in the order of `SE30K8`."""
    said = [SE30K8.index(TO_SE30K8[name]) for name, number in zip(MIKELS, votes, strict=True) for _ in range(number)]
    return [[int(k == answer) for k in range(len(SE30K8))] for answer in said]


def _numbers(table: pd.DataFrame) -> np.ndarray:
    return np.array([int(Path(image).stem) for image in table["image"]], dtype=np.int64)


def _url(image: str) -> str:
    return f"https://scenes.invalid/{image}"  # a name that is reserved for never leading anywhere


def _text(path: Path):  # noqa: ANN202 - an open text file
    return open(path, "w", encoding="utf-8", newline="")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
