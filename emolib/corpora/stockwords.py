"""The vocabulary of StockEmotion: its tags, those that name emotions, and their numbers. Used by `stockemotion`.

`idx2name/tag2idx`, `etag2idx` and `etag2tagidx`; `stockemotion` says what each may look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emolib.corpora.base import find_child
from emolib.corpora.listings import find_list, read_value, shown, tidy
from emolib.errors import BadInput, Unavailable

TAGS, EMOTION_TAGS = 36_534, 690
MAX_BYTES = 20_000_000
PAGE = "https://openaccess.thecvf.com/CVPR2020"  # where the paper is; the data have no page
ADVICE = f"Its authors give it when asked by e-mail; their paper is at {PAGE}"


@dataclass(frozen=True)
class Vocabulary:
    """Tags and emotion tags with their numbers, and the number in `tags` of each emotion tag.

    `differences` says in words where the numbers of tags are not the published ones.
    """

    tags: dict[str, int]
    emotion_tags: dict[str, int]
    emotion_to_tag: dict[str, int]
    differences: list[str]


def vocabulary(folder: Path) -> Vocabulary:
    """The tags of `idx2name/`, whether there are pictures or not.

    Raises Unavailable when a file is absent; BadInput for numbers that are not those from 0 on, each once, for an
    emotion tag without a place among the tags, and for what is no dictionary of tags.
    """
    place = find_child(folder, "idx2name") or folder
    files = {}
    for name in ("tag2idx", "etag2idx", "etag2tagidx"):
        file = find_list(place, (name,), (".json", ".pkl.keep", ".pkl")) if place.is_dir() else None
        if file is None:
            raise Unavailable(f"{folder} has no idx2name/{name}.pkl.keep. {ADVICE}")
        files[name] = file
    tags = _numbers(files["tag2idx"], "tag")
    emotional = _numbers(files["etag2idx"], "etag")
    towards = _towards(files["etag2tagidx"], emotional, len(tags))
    names = {number: tag for tag, number in tags.items()}
    renamed = sum(names[number] != tag for tag, number in towards.items())
    differences = [
        f"{count:,} {what} here, {published:,} published"
        for count, published, what in ((len(tags), TAGS, "tags"), (len(emotional), EMOTION_TAGS, "emotion tags"))
        if count != published
    ]
    if renamed:
        differences.append(f"{renamed:,} emotion tags have another spelling among the tags")
    return Vocabulary(tags, emotional, towards, differences)


def _numbers(file: Path, short: str) -> dict[str, int]:
    """The tags of a dictionary and their numbers, from 0 on without a gap, in that order."""
    value = read_value(file, MAX_BYTES)
    if not isinstance(value, dict):
        raise BadInput(f"{file}: a {type(value).__name__} where a dict of tags has to be")
    for forward, back in ((f"{short}2idx", f"idx2{short}"), ("key2idx", "idx2key")):
        if isinstance(value.get(forward), dict):
            found = _pairs(file, value[forward])
            if back in value:
                _agree(file, back, value[back], found)
            break
    else:
        found = _pairs(file, value)
    if sorted(found.values()) != list(range(len(found))) or not found:
        raise BadInput(f"{file}: the numbers of {len(found):,} tags have to be 0 to {len(found) - 1:,}, each once")
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _pairs(file: Path, value: dict) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, number in value.items():
        tag, where = key, f"{file}, entry {shown(key)}"
        if isinstance(number, str):  # the other way round
            tag, number = number, _whole(key)
        if not isinstance(number, int) or isinstance(number, bool):
            raise BadInput(f"{where}: {shown(number)} is not the number of a tag")
        tag = tidy(tag, where)
        if not tag or tag in found:
            raise BadInput(f"{where}: the tag {'is empty' if not tag else f'{shown(tag)} stands there twice'}")
        found[tag] = number
    return found


def _agree(file: Path, name: str, value: Any, found: dict[str, int]) -> None:
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, dict) or _pairs(file, {_whole(key): tag for key, tag in value.items()}) != found:
        raise BadInput(f"{file}: {name} does not say the same as the other direction in the file")


def _whole(key: Any) -> Any:
    """A key of a JSON object, which is always a text, as the number that it stands for."""
    return int(key) if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10 else key


def _towards(file: Path, emotional: dict[str, int], tags: int) -> dict[str, int]:
    value = read_value(file, MAX_BYTES)
    if isinstance(value, dict) and isinstance(value.get("key2idx"), dict):
        value = value["key2idx"]
    if not isinstance(value, dict):
        raise BadInput(f"{file}: a {type(value).__name__} where a dict from emotion tags to tags has to be")
    names = {number: tag for tag, number in emotional.items()}
    found: dict[str, int] = {}
    for key, number in value.items():
        where = f"{file}, entry {shown(key)}"
        tag = key if isinstance(key, str) and key in emotional else names.get(_whole(key))
        if tag is None or tag in found:
            raise BadInput(f"{where}: {'not an emotion tag' if tag is None else f'{shown(tag)} stands there twice'}")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < tags:
            raise BadInput(f"{where}: {shown(number)} is not the number of one of {tags:,} tags")
        found[tag] = number
    if len(found) != len(emotional):
        raise BadInput(f"{file}: {len(found):,} of the {len(emotional):,} emotion tags have a place among the tags")
    return {tag: found[tag] for tag in emotional}
