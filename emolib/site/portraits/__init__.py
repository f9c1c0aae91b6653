"""What the data of a card look like: counts, classes, ratings, tags, sample pictures. Used by every data card.

    look = portrait("oasis")
    look.text, look.figures            # Markdown, and PNG by file name

A corpus that is not on the machine, or damaged, has a portrait too, which says so: a card never stops the site. What
was seen is kept in the cache until a file of the corpus, or the code that looks at it, changes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from emolib import corpora
from emolib.corpora import Corpus, places
from emolib.errors import BadInput, Unavailable
from emolib.site import privacy
from emolib.site.builder import write_atomically
from emolib.site.portraits import tables, words
from emolib.site.portraits.figures import drawings, figure_block

HEADING = "## What the data look like"
#: Where a card's figures lie, relative to the card.
FOLDER = "figures"
#: Corpora that are made: the table alone, or pictures too small to be shown. Nobody wants to wait for a card; the few
#: pictures that it shows are drawn one by one.
_MADE: dict[str, dict[str, Any]] = {"scenes": {"pictures": False}, "openmoji": {"size": 16, "progress": False}}
#: In a larger corpus a change of a file's bytes is not looked for, only whether files came or went.
_MANY_FILES = 100_000


@dataclass(frozen=True)
class Portrait:
    """A corpus as it is on this machine.

    `short` is for a list of corpora, `text` Markdown that begins with a heading, `figures` maps the name of a PNG below
    `FOLDER` to its bytes.
    """

    name: str
    state: Literal["here", "absent", "damaged"]
    short: str
    text: str
    figures: dict[str, bytes] = field(default_factory=dict, repr=False)


def portrait(name: str, data_root: Path | str | None = None, private: Mapping[str, str] | None = None) -> Portrait:
    """The portrait of the corpus called `name`, from where :func:`emolib.corpora.load` finds it.

    `private` are folders and what stands for them, see :mod:`emolib.site.privacy`; the places of data are never named.

    Raises BadInput for an unknown name alone.
    """
    corpora.card(name)
    try:
        key = _key(name, data_root)
        found = _recalled(name, key)
        if found is None:
            found = _seen(name, data_root)
            _remember(found, key)
    except Unavailable as error:
        found = Portrait(name, "absent", "no", _absent(name, str(error), data_root, private or {}))
    except (BadInput, OSError) as error:
        # A system's own message would name the file with its folder.
        why = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
        text = (
            f"{HEADING}\n\nWhat this machine has of it is damaged, so nothing about it is told here: "
            f"{words.escaped(_public(why, data_root, private or {}))}\n\nThe next build looks again."
        )
        found = Portrait(name, "damaged", "damaged", text)
    return found


def _absent(name: str, message: str, data_root: Path | str | None, private: Mapping[str, str]) -> str:
    if name in _MADE:
        return f"{HEADING}\n\nIt cannot be made on this machine: {words.escaped(_public(message, data_root, private))}"
    return (
        f"{HEADING}\n\nThis corpus is not on the machine that built the book, so what can be told from the data alone "
        f"is left out. `python -m emolib data fetch {name}` downloads it, or says where one has to ask for it; the "
        "next build then fills this section."
    )


def _public(message: str, data_root: Path | str | None, private: Mapping[str, str]) -> str:
    """The first line of a message without folders of this machine: paths begin inside the place of data."""
    line = message.strip().partition("\n")[0]
    roots = {str(form) for root in places.data_roots(data_root) for form in (root, root.resolve())}
    roots |= {str(places.cache_root()), str(places.cache_root().resolve())}
    for root in sorted(roots, key=len, reverse=True):
        if len(root) > 1:
            line = line.replace(f"{root}{os.sep}", "").replace(root, "the folder of data")
    return privacy.hide(line, private)


# ---- looking at the data ---------------------------------------------------------------------------------------------


def _seen(name: str, data_root: Path | str | None) -> Portrait:
    """The portrait from the data themselves; raises what `corpora.load` raises."""
    with warnings.catch_warnings():
        # What a loader warns of, classes without pictures, stands in the portrait.
        warnings.simplefilter("ignore")
        corpus = corpora.load(name, data_root, **_MADE.get(name, {}))
    parts, figures, blocks = [HEADING], {}, {}
    if words.statistics_allowed(corpus.card):
        for kind, drawing in drawings(corpus):
            file = f"{name}-{kind}.png"
            figures[file] = drawing.png
            blocks[kind] = figure_block(f"{FOLDER}/{file}", drawing)
    parts.append(blocks.pop("samples", "") or _no_pictures(corpus))
    parts.append(words.counts(corpus))
    if words.statistics_allowed(corpus.card):
        for title, text in (
            ("Classes", tables.balance(corpus)),
            ("Ratings", "\n\n".join(filter(None, [blocks.pop("labels", ""), tables.rating_table(corpus)]))),
            ("Answers", tables.answer_table(corpus)),
            ("Tags", tables.tag_list(corpus)),
            ("Other labels", tables.other_list(corpus)),
        ):
            if text:
                parts += [f"### {title}", text]
    else:
        parts.append("Its licence allows no derivatives, so nothing that is worked out from its values stands here.")
    return Portrait(name, "here", words.short_count(corpus), "\n\n".join(filter(None, parts)), figures)


def _no_pictures(corpus: Corpus) -> str:
    if corpus.card.kind != "images":
        return ""
    if corpus.card.showable:
        return "None of the pictures chosen as samples can be read: `python -m emolib data verify` tells why."
    return "No pictures are shown: its licence and terms, above, do not clearly allow that for every one of them."


# ---- the cache -------------------------------------------------------------------------------------------------------


def _key(name: str, data_root: Path | str | None) -> str:
    """A hash that changes when the corpus, the code that reads and describes it, or what draws it changes."""
    digest = hashlib.sha256(f"{name} {_code()}".encode())
    if name in _MADE:
        digest.update(corpora.identity(name, data_root).encode())
    else:
        for folder in _folders(name, data_root):
            for entry in _entries(folder):
                digest.update(f"\0{entry}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


@cache
def _code() -> str:
    """A hash of the code that makes a portrait, and the versions of the libraries that it draws with."""
    package = Path(corpora.__file__).parent
    files = [*package.rglob("*.py"), *Path(__file__).parent.glob("*.py")]
    files += [package.parent / "emotions.py", package.parent / "figures.py"]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.read_bytes())
    for library in ("matplotlib", "numpy", "pandas", "pillow"):
        digest.update(f"\0{library} {metadata.version(library)}".encode())
    return digest.hexdigest()


def _folders(name: str, data_root: Path | str | None) -> Iterator[Path]:
    """The folders in which `corpora.load` looks for the corpus."""
    for root in places.data_roots(data_root):
        for folder in importlib.import_module(f"emolib.corpora.{name}").FOLDERS:
            if (root / folder).is_dir():
                yield root / folder


def _entries(folder: Path) -> list[str]:
    """Every file below `folder` with its size and time of change; of very many, every folder with its own."""
    files, inner = [], [str(folder)]
    folders = []
    for place in inner:
        folders.append(f"{os.path.relpath(place, folder)}/ {os.stat(place).st_mtime_ns}")
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir():
                    inner.append(entry.path)
                else:
                    files.append(entry)
    if len(files) > _MANY_FILES:
        return sorted(folders)
    told = ((os.path.relpath(entry.path, folder), entry.stat()) for entry in files)
    return sorted(f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in told)


def _file(name: str) -> Path:
    return places.cache_root() / "portraits" / f"{name}.json"


def _recalled(name: str, key: str) -> Portrait | None:
    """The portrait that was kept under `key`; None when there is none, or what is there is not whole."""
    try:
        kept = json.loads(_file(name).read_text(encoding="utf-8"))
        if kept["key"] != key:
            return None
        figures = {file: base64.b64decode(png, validate=True) for file, png in kept["figures"].items()}
        return Portrait(name, "here", str(kept["short"]), str(kept["text"]), figures)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _remember(found: Portrait, key: str) -> None:
    """Keeps a portrait; a cache that cannot be written to costs time and nothing else."""
    figures = {file: base64.b64encode(png).decode() for file, png in found.figures.items()}
    kept = {"key": key, "short": found.short, "text": found.text, "figures": figures}
    try:
        write_atomically(_file(found.name), json.dumps(kept) + "\n")
    except OSError:
        return
