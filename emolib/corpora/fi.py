"""FI, the corpus of You et al. 2016: photographs found by an emotion word and judged by five workers. Chapters 1, 3, 4.

It went from hand to hand in several layouts; each is told by what lies in the folder, and the first that is there
counts. `agg/` may lie beside any of them.

    c  `FI/Images/<Emotion>/` with `TrainImages.txt`, `ValImages.txt`, `TestImages.txt`: lines `<1-8>/<file>`
    e  `train.json`, `val.json`, `test.json`: entries `[file, label]`; the pictures where a file's path or emotion says
    d  `{train,val,test}/<emotion>/`
    b  `emotion_dataset/<emotion>/`
    a  `agg/<emotion>_<k>.csv`: the votes alone, without header: emotion, url, disagree, agree

Names of emotions are read by `emotions.normalise_label`; only layout c has numbers, `emotions.FI_NUMBERS`.
"""

from __future__ import annotations

import re
from pathlib import Path

from emolib.corpora.base import Card, Corpus, find_child
from emolib.corpora.byhand import by_hand
from emolib.corpora.discrete import (
    Once,
    Present,
    assemble,
    emotion_folders,
    label,
    names_in,
    read_rows,
    read_text,
    relative_path,
)
from emolib.corpora.fivotes import ADVICE, ASKED, PAGE, files_of_votes, join, votes
from emolib.emotions import FI_NUMBERS, MIKELS
from emolib.errors import BadInput, Unavailable

__all__ = ["CARD", "FOLDERS", "NAME", "PER_CLASS", "fetch", "load", "votes"]

NAME = "fi"
FOLDERS = ("fi", "FI", "emotion_dataset", "DeepEmotion")
PER_CLASS = dict(zip(MIKELS, (4942, 1266, 3151, 5374, 1658, 2963, 1032, 2922), strict=True))
MAX_BYTES = 50_000_000
_LISTS = {"train": "TrainImages.txt", "val": "ValImages.txt", "test": "TestImages.txt"}
_IGNORED = ("agg", "images", "fi", "emotion_dataset", *_LISTS)

CARD = Card(
    name=NAME,
    title="FI, the corpus of You et al.",
    kind="images",
    source=PAGE,
    licence="none stated; the photographs belong to third parties",
    citation="you2016",
    description=(
        "Photographs from Flickr and Instagram, found with the names of Mikels' eight emotions; five workers each were "
        "asked whether the photograph evokes the emotion of its search word, and it stays when three agree."
    ),
    raters="225 paid workers online who passed a test, five a photograph, who said yes or no to one emotion",
    labels={
        "group": "emotion and file name of the first picture with the same bytes",
        "split": "train, val or test; the layout's own, else 80%, 5%, 15% of each emotion by a hash of the file name",
        "emotion": "one of Mikels' eight: the search word that the workers agreed with",
        "agree": "how many of the five workers agreed, 0 to 5; only with agg/, NaN where that lacks the picture",
        "disagree": "how many did not, 0 to 5; only with agg/, NaN where that lacks the picture",
        "query": 'the search word that the votes are about; only with agg/, "" where that lacks the picture',
        "accepted": "False when the votes are known and no majority agreed; only with agg/",
    },
    faults=(
        "The published counts: " + ", ".join(f"{name} {count:,}" for name, count in PER_CLASS.items()) + ".",
        "It cannot be downloaded any more from where the paper says; a later copy has 23,185 pictures, and the votes "
        "that are in circulation accept 23,166.",
        "Some pictures of the copies are 'banned picture' placeholders, many files with the same bytes under several "
        "emotions: they share a `group`, and `python -m emolib data verify fi` lists them.",
        "A worker saw one emotion and said yes or no: nothing says what else a photograph evokes.",
        "Not every row of the votes has five of them.",
        "No split was published with the paper; copies bring different ones, and the numbers in use differ.",
    ),
    terms="research; cite the paper",
    count=sum(PER_CLASS.values()),
)


def load(folder: Path, *, asked: int = ASKED) -> Corpus:
    """The corpus in `folder`; a row for each picture that is there, in the order of its lists, or by emotion and name.

    `asked` is the most votes that a row of `agg/` may have. `table.attrs` says which `layout` was found, names the
    listed or accepted pictures that are not here as `missing`, and counts: `repeated` (rows that say the same again;
    one is kept), `unlisted` (pictures here that the lists do not name; they are left out), and with `agg/` `unvoted`
    (pictures without votes) and `elsewhere` (those among them whose file name has votes about another emotion).

    Raises Unavailable when there are no pictures, BadInput for names that spell no emotion, a picture with two
    emotions or in two splits, and votes that `votes` refuses.
    """
    layout, entries = _found(folder)
    once, present = Once(), Present(folder)
    rows, missing = [], []
    for where, image, emotion, split in entries:
        if once.first(image, (emotion, split), where):
            (rows if image in present else missing).append((image, emotion, split))
    if not rows:
        raise Unavailable(f"{folder} has none of the {len(missing):,} pictures that its lists name")
    missing = [image for image, _, _ in missing]
    columns = {"image": [row[0] for row in rows], "emotion": [row[1] for row in rows]}
    columns["split"] = None if layout == "b" else [row[2] for row in rows]
    attrs = {"layout": layout, "repeated": once.repeated, "unlisted": _unlisted(folder, columns["image"])}
    if files_of_votes(folder):
        added, more, counted = join(votes(folder, asked=asked), columns, {Path(name).name for name in missing})
        columns, missing, attrs = columns | added, missing + more, attrs | counted
    return assemble(CARD, folder, columns, missing, len(rows) + len(missing), **attrs)


def fetch(folder: Path, *, progress: bool = True) -> Path:
    """The folder when the corpus is there; otherwise raises Unavailable with what to do."""
    return by_hand(folder, load, f"FI cannot be downloaded by a program. {ADVICE} Put it into {folder}")


# ------------------------------------------------------------------------------------------------------------- layouts
# Each takes the folder, the place to look in and all places, and gives where an entry stands, its path relative to the
# folder, its emotion and its split; nothing when the layout is not there.
_Entries = list[tuple[str, str, str, str]]


def _numbered_lists(folder: Path, base: Path, bases: list[Path]) -> _Entries:
    lists = {split: find_child(base, name) for split, name in _LISTS.items()}
    images = find_child(base, "Images")
    if images is None or not any(lists.values()):
        return []
    folders = emotion_folders(images)
    above = {e: _inside(folder, images / folders.get(e, (e.capitalize(), []))[0]) for e in MIKELS}
    entries = []
    for split, file in lists.items():
        lines = read_text(file, MAX_BYTES).splitlines() if file is not None else []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            match = re.fullmatch(r"([1-8])/([^/\\]+)", line.strip())
            name = relative_path(match[2]) if match else None
            if name is None:
                raise BadInput(f"{file}, line {number}: {line[:60]!r} is not <1-8>/<file>")
            emotion = FI_NUMBERS[int(match[1])]
            entries.append((f"{file}, line {number}", f"{above[emotion]}/{name}", emotion, split))
    return entries


def _json_lists(folder: Path, base: Path, bases: list[Path]) -> _Entries:
    lists = {split: find_child(base, f"{split}.json") for split in _LISTS}
    if not any(lists.values()):
        return []
    present = Present(folder)
    places = [*bases, *(child for place in bases if (child := find_child(place, "images")) is not None)]
    named = [(place, emotion_folders(place, _IGNORED, strict=False)) for place in places]
    entries = []
    for split, file in lists.items():
        rows = read_rows(file, MAX_BYTES, (2,)) if file is not None else []
        for number, (path, word) in enumerate(rows, start=1):
            where = f"{file}, row {number}"
            name, emotion = relative_path(path), label(word, where)
            if name is None:
                raise BadInput(f"{where}: {str(path)[:60]!r} is not the path of a picture")
            tries = [_inside(folder, place / name) for place in places]
            if "/" not in name:
                tries += [_inside(folder, p / own[emotion][0] / name) for p, own in named if emotion in own]
            entries.append((where, next((image for image in tries if image in present), tries[0]), emotion, split))
    return entries


def _split_folders(folder: Path, base: Path, bases: list[Path]) -> _Entries:
    entries: _Entries = []
    for split in _LISTS:
        place = find_child(base, split)
        if place is not None and place.is_dir():
            entries += _pictures(folder, place, split)
    return entries


def _emotion_folders(folder: Path, base: Path, bases: list[Path]) -> _Entries:
    images = find_child(base, "Images")
    places = [base] if images is None or not images.is_dir() else [base, images]
    return [entry for place in places for entry in _pictures(folder, place, "")]


def _found(folder: Path) -> tuple[str, _Entries]:
    """The layout and its entries. Raises Unavailable when none is there."""
    bases = [folder]
    for name in ("FI", "emotion_dataset"):
        child = find_child(folder, name)
        if child is not None and child.is_dir():
            bases.append(child)
    for layout, find in _LAYOUTS.items():
        for base in bases if folder.is_dir() else []:
            if entries := find(folder, base, bases):
                return layout, entries
    agg = " It has votes, which `fi.votes` reads." if files_of_votes(folder) else ""
    raise Unavailable(f"{folder} has no pictures of FI in a layout that is known.{agg} {ADVICE}")


_LAYOUTS = {"c": _numbered_lists, "e": _json_lists, "d": _split_folders, "b": _emotion_folders}


def _pictures(folder: Path, place: Path, split: str) -> _Entries:
    found = emotion_folders(place, _IGNORED)
    entries = []
    for emotion in (emotion for emotion in MIKELS if emotion in found):
        name, pictures = found[emotion]
        above = _inside(folder, place / name)
        entries += [(f"{above}/{picture}", f"{above}/{picture}", emotion, split) for picture in pictures]
    return entries


def _unlisted(folder: Path, images: list[str]) -> int:
    """How many pictures lie beside those of the table, or in a folder beside theirs, without being in it."""
    known = set(images)
    places = {image.rpartition("/")[0] for image in images}
    for above in {place.rpartition("/")[0] for place in places if place}:
        places |= {f"{above}/{name}".lstrip("/") for name in names_in(folder / above)[1]}
    return sum(f"{place}/{name}".lstrip("/") not in known for place in places for name in names_in(folder / place)[0])


def _inside(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
