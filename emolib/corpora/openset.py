"""The corpora that the profile `open` needs, and bringing all of them: `python -m emolib data fetch open`.

One that fails does not keep the others from coming; what went wrong, and what a person has to do, is told at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from emolib import corpora
from emolib.errors import EmolibError

NAMES = ("emoset118k", "cgna10766", "emotion6", "emotionroi", "artphoto", "abstract", "oasis", "mirflickr")
"""In the order in which they are brought. One that the registry does not know is left out."""

SIZES = {"emoset118k": 19_300_000_000}
"""Bytes to download where they are known, for a card that does not state them as `bytes`."""


class Wanted(NamedTuple):
    """A corpus of the profile: its size in bytes, None when nobody stated it, and whether it is here already."""

    name: str
    title: str
    size: int | None
    here: bool

    def line(self) -> str:
        """One line for the terminal."""
        size = "size unknown" if self.size is None else f"{self.size / 1e9:.1f} GB"
        return f"{self.name:<12} {'here already' if self.here else size:<14} {self.title}"


def wanted(data_root: Path | str | None = None) -> list[Wanted]:
    """What the profile needs and what of it is here."""
    found = []
    for name in NAMES:
        if name in corpora.names():
            card = corpora.card(name)
            size = getattr(card, "bytes", None) or SIZES.get(name)
            found.append(Wanted(name, card.title, size, corpora.available(name, data_root)))
    return found


def fetch(
    needed: Sequence[Wanted],
    data_root: Path | str | None = None,
    *,
    progress: bool = True,
    echo: Callable[[str], object] = print,
) -> list[str]:
    """Bring those of `needed` that are not here, telling through `echo` what came; returns the names that did not come.

    For each of these the reason, its source and its terms are told at the end: some are given only to those who ask.
    """
    failed: dict[str, EmolibError] = {}
    for one in needed:
        if one.here:
            continue
        try:
            echo(f"{one.name}: {corpora.fetch(one.name, data_root, progress=progress)}")
        except EmolibError as error:
            failed[one.name] = error
            echo(f"{one.name}: did not come, see below")
    for name, error in failed.items():
        card = corpora.card(name)
        echo(f"\n{name} is not here: {error}\n  source: {card.source}\n  terms: {card.terms}")
    return list(failed)
