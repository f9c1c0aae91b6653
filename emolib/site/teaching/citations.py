"""What only the book's builder understands, in words: citations, terms, other roles. Used by student notebooks.

Jupyter shows a role as it is written, braces and all. A citation becomes the names and the year that the book shows.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from emolib.errors import BadInput, Unavailable

_CITE = re.compile(r"(?P<before>[^\n`]*?)(?P<space>\s?)\{cite(?::(?P<kind>[a-z]+))?\}`(?P<keys>[^`]+)`")
_MATH = re.compile(r"\{math\}`([^`]+)`")
_ROLE = re.compile(r"\{[a-z]+(?::[a-z]+)*\}`([^`<]+?)(?:\s*<[^`>]*>)?`")


def in_words(text: str, bibliography: Path) -> str:
    """Markdown ``text`` without roles: ``{cite}`` becomes names and years from ``bibliography``, others their words.

    Raises :class:`BadInput` for a work that the bibliography does not have.
    """
    if "{cite" in text:
        text = _CITE.sub(lambda found: _cited(found, bibliography), text)
    return _ROLE.sub(r"\1", _MATH.sub(r"$\1$", text))


def _cited(found: re.Match, bibliography: Path) -> str:
    works = _works(bibliography)
    keys = [key.strip() for key in found["keys"].split(",")]
    for key in keys:
        if key not in works:
            raise BadInput(f"{bibliography} has no work '{key}', which a chapter cites.")
    before, space = found["before"], found["space"]
    if (found["kind"] or "p").startswith("t"):
        return f"{before}{space}{'; '.join('{} ({})'.format(*works[key]) for key in keys)}"
    if len(keys) == 1 and before.endswith(works[keys[0]][0]):
        # The sentence has named them already.
        return f"{before}{space}({works[keys[0]][1]})"
    return f"{before}{space}({'; '.join(' '.join(works[key]) for key in keys)})"


@cache
def _works(bibliography: Path) -> dict[str, tuple[str, str]]:
    """Key -> names as in "Mikels et al.", and year."""
    try:
        from pybtex.database import PybtexError, parse_file
    except ImportError as error:
        raise Unavailable("The package pybtex is not installed. Run: pip install -e '.[book]'") from error
    try:
        entries = parse_file(str(bibliography), "bibtex").entries
    except (PybtexError, OSError) as error:
        raise BadInput(f"{bibliography} cannot be read as a bibliography ({error}).") from error
    return {key: (_names(entry), entry.fields.get("year", "no year")) for key, entry in entries.items()}


def _names(entry) -> str:  # noqa: ANN001
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    last = [_plain(" ".join([*person.prelast_names, *person.last_names])) for person in people]
    if not last:
        return _plain(entry.fields.get("title", entry.key))
    return last[0] if len(last) == 1 else f"{last[0]} and {last[1]}" if len(last) == 2 else f"{last[0]} et al."


def _plain(text: str) -> str:
    from pybtex.richtext import Text

    return str(Text.from_latex(text))
