"""The corpora of the book by name. Used by every chapter.

    corpus = load("oasis")
    corpus.table, corpus.card, corpus.paths

A corpus is a module: one that is found in a folder has `load(folder)` and `fetch(folder)` (`base.CorpusModule`), one
that is made on this machine from what pip installed has `make(**options)` and `ingredients()` (`base.MadeModule`).
Adding one takes that module and its name in `_MODULES`.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emolib.corpora import (
    abstract,
    affectnet,
    artphoto,
    cgna10766,
    emoset118k,
    emotic,
    emotion6,
    emotionroi,
    fi,
    gaped,
    iaps,
    iapssubset,
    lexicon,
    mirflickr,
    oasis,
    openmoji,
    places,
    scenes,
    se30k8,
    stockemotion,
    ube,
    verifying,
    warriner,
)
from emolib.corpora.base import Card, Corpus, CorpusModule, MadeModule
from emolib.corpora.verifying import Report
from emolib.errors import BadInput, Unavailable

__all__ = ["Card", "Corpus", "Report", "available", "card", "fetch", "identity", "load", "names", "verify"]

_MODULES: dict[str, CorpusModule | MadeModule] = {
    module.NAME: module
    for module in (
        oasis,
        cgna10766,
        warriner,
        fi,
        emoset118k,
        artphoto,
        abstract,
        iapssubset,
        emotion6,
        emotionroi,
        ube,
        gaped,
        iaps,
        stockemotion,
        se30k8,
        mirflickr,
        emotic,
        affectnet,
        # made, not found
        openmoji,
        scenes,
    )
}


def names() -> list[str]:
    """Names of all corpora that the book knows, whether they are here or not."""
    return list(_MODULES)


def card(name: str) -> Card:
    """The card of a corpus; it needs no data. Raises BadInput for an unknown name."""
    return _module(name).CARD


def load(name: str, data_root: Path | str | None = None, **options: Any) -> Corpus:
    """The corpus called `name`, from the first place that has it (see `places.data_roots`), or made on this machine.

    `options` are those of the `make` of a corpus that is made, as in `load("openmoji", size=96)`; others take none.

    Raises BadInput for an unknown name or option or damaged labels, Unavailable when no place has the data or a package
    that they are made from is missing.
    """
    module = _module(name)
    _check_options(module, options)
    if not module.FOLDERS:
        return module.make(data_root, **options)
    roots = places.data_roots(data_root)
    reasons = []
    for root in roots:
        for folder in _folders(root, module):
            try:
                return module.load(folder)
            except Unavailable as error:
                reasons.append(str(error))
    looked = ", ".join(str(root / module.FOLDERS[0]) for root in roots)
    why = "".join(f" ({reason})" for reason in reasons)
    raise Unavailable(
        f"The corpus {name!r} is not here; looked in {looked}{why}. Run `python -m emolib data fetch {name}`, "
        f"or set EMOLIB_DATA to a folder that holds {module.FOLDERS[0]}/. It comes from {module.CARD.source}"
    )


def available(name: str, data_root: Path | str | None = None) -> bool:
    """Whether `load` finds the data; True also when they are damaged, for `load` then says what is wrong.

    Of a corpus that is made, whether it can be made; nothing is made. Raises BadInput for an unknown name.
    """
    module = _module(name)
    try:
        if module.FOLDERS:
            load(name, data_root)
        else:
            module.ingredients()
    except Unavailable:
        return False
    except BadInput:
        pass
    return True


def fetch(name: str, data_root: Path | str | None = None, *, progress: bool = True) -> Path:
    """Download a corpus into `data_root` (else see `places.writable_data_root`); returns its folder.

    Does nothing but check when it is there. A corpus that is made is made with its defaults, in the cache and not in
    `data_root`. Raises BadInput or Unavailable, see `fetching.download`.
    """
    module = _module(name)
    if not module.FOLDERS:
        return module.make(data_root, progress=progress).root
    return module.fetch(places.writable_data_root(data_root) / module.FOLDERS[0], progress=progress)


def identity(name: str, data_root: Path | str | None = None) -> str:
    """What tells one state of the data from another: the content hash, or of what is made, what it is made from.

    Nothing is made. Raises BadInput for an unknown name or damaged data, Unavailable when the data are not here.
    """
    module = _module(name)
    if module.FOLDERS:
        return load(name, data_root).content_hash
    return json.dumps([module.ingredients(), lexicon.emotion_words(data_root)[1]], sort_keys=True)


def verify(name: str, data_root: Path | str | None = None, *, progress: bool = True) -> Report:
    """Load a corpus, decode every picture of it and look for pictures with the same bytes; see `verifying`.

    `emolib.curation.verify` looks for near-duplicates too and leaves a report on disk.

    Raises what `load` raises; broken pictures do not raise, they are in the report.
    """
    return verifying.verify(load(name, data_root), progress=progress)


def _module(name: str) -> CorpusModule:
    if name in _MODULES:
        return _MODULES[name]
    near = difflib.get_close_matches(str(name), _MODULES, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise BadInput(f"There is no corpus called {name!r}.{hint} Known are: {', '.join(_MODULES)}")


def _check_options(module: CorpusModule | MadeModule, options: Mapping[str, Any]) -> None:
    """Raise BadInput for the first option that the corpus does not have."""
    known = (
        [] if module.FOLDERS else [name for name in inspect.signature(module.make).parameters if name != "data_root"]
    )
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            has = f"Its options are {', '.join(known)}" if known else "It takes none"
            raise BadInput(f"The corpus {module.NAME!r} has no option {option!r}.{hint} {has}")


def _folders(root: Path, module: CorpusModule) -> list[Path]:
    """The folders of a corpus that exist in `root`, each once even where the file system ignores case."""
    found: list[Path] = []
    for name in module.FOLDERS:
        folder = root / name
        if folder.is_dir() and not any(folder.samefile(other) for other in found):
            found.append(folder)
    return found
