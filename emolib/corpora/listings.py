"""Lists of pictures from the web: pickles or JSON of plain rows, and tags in one cell of a table. Used by chapter 5.

What `stockemotion`, `se30k8` and `mirflickr` share. A row is named by file and line (`.jsonl`), by file and number
(`.json`, lists in pickles) or by file and key (dicts in either).
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emolib.corpora.base import find_child
from emolib.corpora.discrete import read_text
from emolib.corpora.plainpickle import read_plain
from emolib.errors import BadInput

SEPARATOR = "|"
#: Endings of lists, the first that is there counts: text before pickles.
ENDINGS = (".json", ".jsonl", ".pkl.keep", ".pkl")
LINE_ENDS = re.compile(r"\r\n|\r|\n")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, and halves of surrogate pairs
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 50
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 3
_SHORT.maxlevel = 2


def shown(value: Any) -> str:
    """A short form of any value for a message; it stays short whatever the value is."""
    return _SHORT.repr(value)


# ------------------------------------------------------------------------------------------------------------- the tags
def tidy(tag: Any, where: str) -> str:
    """A tag with single spaces, none around it; "" when there is nothing else. BadInput for what is no text."""
    if not isinstance(tag, str):
        raise BadInput(f"{where}: {shown(tag)} is not a tag; a tag is a text")
    words = " ".join(tag.split())
    if _UNFIT.search(words):
        raise BadInput(f"{where}: the tag {shown(tag)} holds characters that no text has")
    return words


def tags_of(value: Any, where: str) -> list[str]:
    """The tags of a list, tidied, without empty ones and each once. Raises BadInput for what is no list of texts."""
    if not isinstance(value, list | tuple):
        raise BadInput(f"{where}: {shown(value)} where a list of tags has to be")
    return [tag for tag in dict.fromkeys(tidy(tag, where) for tag in value) if tag]


def join_tags(tags: Sequence[str]) -> str:
    """Tags in one cell with `|` between them, "" for none; a `|` within a tag is written `%7C`, as in an address."""
    return SEPARATOR.join(tag.replace(SEPARATOR, "%7C") for tag in tags)


# ------------------------------------------------------------------------------------------------------------- the rows
def find_list(folder: Path, names: Sequence[str], endings: Sequence[str] = ENDINGS) -> Path | None:
    """The file called one of `names` with one of `endings` in `folder`; case does not matter. None when there is none.

    The first name counts, and of one name the first ending.
    """
    for name in names:
        for ending in endings:
            file = find_child(folder, name + ending)
            if file is not None and file.is_file():
                return file
    return None


def read_value(file: Path, max_bytes: int) -> Any:
    """What a `.json` file or a pickle of plain data holds. Raises BadInput naming the file when it is neither."""
    if not file.name.lower().endswith(".json"):
        return read_plain(file, max_bytes)
    return _parsed(read_text(file, max_bytes), str(file))


def read_entries(file: Path, max_bytes: int) -> Iterator[tuple[str, str | int | None, Any]]:
    """Where each entry of a list stands, its key (None in a list) and the entry. Raises BadInput for what is no list.

    A `.jsonl` file is read line by line; its line ends may be LF, CR LF or CR, and empty lines are left out.
    """
    if file.name.lower().endswith(".jsonl"):
        for number, line in enumerate(LINE_ENDS.split(read_text(file, max_bytes)), start=1):
            if line.strip():
                yield f"{file}, line {number}", None, _parsed(line, f"{file}, line {number}")
        return
    value = read_value(file, max_bytes)
    if isinstance(value, dict):
        for key, entry in value.items():
            yield f"{file}, entry {shown(key)}", key, entry
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value, start=1):
            yield f"{file}, row {number}", None, entry
    else:
        raise BadInput(f"{file}: a {type(value).__name__} where a list or a dict of rows has to be")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        line = f", line {error.lineno}" if ", line" not in where else ""
        raise BadInput(f"{where}{line}, column {error.colno}: not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise BadInput(f"{where}: not JSON that can be read ({error})") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found
