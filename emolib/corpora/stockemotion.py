"""StockEmotion: over a million stock photographs with the words under which they are sold, 690 of them emotions.

Chapter 5. Wei et al. 2020. What its authors hand out are lists; each may be a pickle (`.pkl.keep`, `.pkl`, read by
`plainpickle`), `.json` or `.jsonl`. Of their contents only some is documented; the rest is assumed, and other contents
are refused:

    idx2name/tag2idx       tag -> number; a dict of that, or one that has it as `tag2idx` or `key2idx` (beside the
                           other direction, which then has to agree)
    idx2name/etag2idx      the same for emotion tags
    idx2name/etag2tagidx   emotion tag, or its number -> number of the same tag in `tag2idx`
    preview                rows `[path, url]`
    annotations, train, val, test    rows `[path, emotion tags]` or `[path, emotion tags, tags]`, each tag a number or a
                           word; or dicts with image, image_url, tags and emotion_tags (assumed)

Pictures lie under `images/` or beside the lists (assumed).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import Present, groups_by_bytes, relative_path
from emolib.corpora.listings import find_list, join_tags, read_entries, shown, tidy
from emolib.corpora.stockwords import ADVICE, EMOTION_TAGS, PAGE, TAGS, Vocabulary, vocabulary
from emolib.errors import BadInput, Unavailable

__all__ = ["CARD", "FOLDERS", "NAME", "Vocabulary", "fetch", "load", "preview", "vocabulary"]

NAME = "stockemotion"
FOLDERS = ("stockemotion", "StockEmotion")
MAX_LIST = 2 << 30
SPLITS = ("train", "val", "test")
_LISTS = ("preview", "annotations", *SPLITS)
_COMPARED = 100_000  # pictures whose bytes are compared; more would take hours to open

CARD = Card(
    name=NAME,
    title="StockEmotion, stock photographs with the words of their sellers",
    kind="images",
    source=PAGE,
    licence="none stated; the photographs belong to a stock agency and its contributors",
    citation="wei2020",
    description=(
        "Photographs of a stock agency, found with emotion words, with about 49 tags each; 690 of the tags are names "
        "of emotions, and they are the labels."
    ),
    raters="nobody: the tags are those of the sellers, who want to be found; the paper counts 15% wrong ones",
    labels={
        "group": f"the first picture with the same bytes; of more than {_COMPARED:,} pictures each is its own group",
        "split": "train, val or test when lists of these names are there, else ''",
        "url": "address of the picture, '' where unknown",
        "emotion_tags": "tags that are names of emotions, joined by '|'; '' where no list gives the tags",
        "tags": "all tags that are known, joined by '|'; '' where no list gives them",
    },
    faults=(
        f"Its vocabulary has {TAGS:,} tags, {EMOTION_TAGS} of them emotions; other numbers are reported in "
        "`table.attrs`.",
        "What is handed out is not documented: the top of `emolib/corpora/stockemotion.py` says what is assumed.",
        "The preview gives paths and addresses, no tags: without further lists the pictures here have none.",
        "Its dictionaries are pickles, which can run code when they are opened carelessly; they are read here without "
        "running any.",
        "Paper and data do not say which pictures were used for training: no split is published.",
        "A tag says what a seller hoped to be found by; nobody was asked what the picture evokes.",
    ),
    terms="research; cite the paper; ask its authors for the data",
    count=None,
)


@dataclass
class _Picture:
    where: str
    split: str = ""
    url: str = ""
    tags: list[str] | None = None
    emotion_tags: list[str] | None = None
    seen: set[str] = field(default_factory=set)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`; a row for each listed picture that is there, in the order of the lists.

    `table.attrs` names the listed pictures that are absent as `missing` and counts `repeated` rows, `untagged` pictures
    and `unknown_tags` (words that are not in the vocabulary; they stay); `differences` says in words how the vocabulary
    differs from the published one.

    Raises Unavailable when the vocabulary, all lists or all pictures are absent; BadInput naming file and row for an
    emotion tag that is not in the vocabulary, and for lists that contradict each other.
    """
    words = vocabulary(folder)
    pictures, repeated, unknown = _listed(folder, words)
    images = find_child(folder, "images")
    present = Present(folder)
    above = f"{images.name}/" if images is not None and images.is_dir() else ""
    rows, missing = [], []
    for path, found in pictures.items():
        image = next((name for name in (above + path, path) if name in present), None)
        if image is None:
            missing.append(path)
            continue
        emotional = found.emotion_tags or []
        every = list(dict.fromkeys([*(found.tags or []), *emotional]))
        rows.append((image, found.split, found.url, join_tags(emotional), join_tags(every)))
    if not rows:
        raise Unavailable(
            f"{folder} has none of the {len(missing):,} pictures that its lists name; download them from the addresses "
            "in the preview into images/"
        )
    table = pd.DataFrame(rows, columns=["image", "split", "url", "emotion_tags", "tags"])
    names = table["image"].tolist()
    table.insert(1, "group", groups_by_bytes(folder, names) if len(names) <= _COMPARED else names)
    table.attrs.update(
        expected=CARD.count,
        rated=len(pictures),
        found=len(table),
        missing=missing,
        repeated=repeated,
        untagged=int((table["emotion_tags"] == "").sum()),
        unknown_tags=unknown,
        vocabulary={"tags": len(words.tags), "emotion_tags": len(words.emotion_tags)},
        differences=words.differences,
    )
    return Corpus(NAME, table, CARD, folder)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do."""
    return by_hand(folder, load, f"StockEmotion cannot be downloaded by a program. {ADVICE}. Put it into {folder}")


# ------------------------------------------------------------------------------------------------------------ the lists
def preview(folder: Path) -> dict[str, str]:
    """Addresses of the preview by path. Raises Unavailable when it is absent, BadInput for rows that are none."""
    file = find_list(folder, ("preview",))
    if file is None:
        raise Unavailable(f"{folder} has no preview list. {ADVICE}")
    return {path: found.url for path, found in _read((file,), None)[0].items()}


def _listed(folder: Path, words: Vocabulary) -> tuple[dict[str, _Picture], int, int]:
    files = [file for name in _LISTS if (file := find_list(folder, (name,))) is not None] if folder.is_dir() else []
    if not files:
        raise Unavailable(f"{folder} has no list of pictures ({', '.join(_LISTS)}). {ADVICE}")
    return _read(tuple(files), words)


def _read(files: tuple[Path, ...], words: Vocabulary | None) -> tuple[dict[str, _Picture], int, int]:
    """What the lists say of each picture, how many rows say the same again, and how many words are unknown."""
    pictures: dict[str, _Picture] = {}
    repeated = unknown = 0
    for file in files:
        split = next((name for name in SPLITS if file.name.lower().startswith(f"{name}.")), "")
        for where, path, said in _rows(file, words):
            known = pictures.setdefault(path, _Picture(where))
            if split:
                said["split"] = split
            for name, value in said.items():
                before = getattr(known, name)
                if before and before != value:
                    raise BadInput(
                        f"{where}: {name} of {path!r} is {shown(value)} here, {shown(before)} from {known.where} on"
                    )
                setattr(known, name, value)
            repeated += file.name in known.seen
            known.seen.add(file.name)
            unknown += sum(tag not in words.tags for tag in said.get("tags", [])) if words is not None else 0
    return pictures, repeated, unknown


def _rows(file: Path, words: Vocabulary | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    tags = list(words.tags) if words is not None else []
    emotional = list(words.emotion_tags) if words is not None else []
    for where, key, row in read_entries(file, MAX_LIST):
        if isinstance(row, dict):
            entry = {"image": row.get("image", row.get("re_path", key))} | row
        elif isinstance(row, list | tuple) and len(row) in (2, 3):
            second = "image_url" if isinstance(row[1], str) and len(row) == 2 else "emotion_tags"
            entry = dict(zip(("image", second, "tags"), row, strict=False))
        elif isinstance(row, str) and isinstance(key, str):
            entry = {"image": key, "image_url": row}
        else:
            raise BadInput(f"{where}: {shown(row)} is no row [path, url] or [path, emotion tags, tags]")
        path, said = relative_path(entry["image"]), {}
        if path is None:
            raise BadInput(f"{where}: {shown(entry['image'])} is not the path of a picture below the list")
        if "image_url" in entry:
            url = entry["image_url"]
            if not isinstance(url, str) or not url.isprintable():
                raise BadInput(f"{where}: {shown(url)} is not the address of a picture")
            said["url"] = url
        if words is not None and "emotion_tags" in entry:
            said["emotion_tags"] = _named(entry["emotion_tags"], emotional, f"{where}: emotion tags")
            for tag in said["emotion_tags"]:
                if tag not in words.emotion_tags:
                    raise BadInput(f"{where}: {shown(tag)} is not one of the {len(emotional):,} emotion tags")
        if words is not None and "tags" in entry:
            said["tags"] = _named(entry["tags"], tags, f"{where}: tags")
        yield where, path, said


def _named(value: Any, names: list[str], where: str) -> list[str]:
    """Tags given as words or as numbers, as words, each once."""
    if not isinstance(value, list | tuple):
        raise BadInput(f"{where}: {shown(value)} where a list of tags has to be")
    found = []
    for tag in value:
        if isinstance(tag, int) and not isinstance(tag, bool):
            if not 0 <= tag < len(names):
                raise BadInput(f"{where}: {tag} is not the number of one of {len(names):,} tags")
            found.append(names[tag])
        elif word := tidy(tag, where):
            found.append(word)
    return list(dict.fromkeys(found))
