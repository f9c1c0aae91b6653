"""Pickles of plain data, read without running anything. Used by `stockemotion` and `se30k8`, hence by chapter 5.

A pickle is a small program. The standard library's `pickle` runs it; this module only follows it: `pickletools` cuts
the file into instructions, and those that put dicts, lists, tuples, texts, numbers, True, False and None together are
carried out here. Every other one, above all those that name a class or call something, is refused, so that a hostile
file can do no more than be refused. What is built is bounded too: in bytes, in items and in depth.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Any

from emolib.errors import BadInput

MAX_BYTES, MAX_ITEMS, MAX_DEPTH = 200_000_000, 20_000_000, 32
MAX_INT = 1 << 63  # of more digits, arithmetic and printing become slow enough to be an attack
_NEWEST = 5

_SKIP, _TEXT, _OLD_TEXT, _NUMBER, _CONSTANT, _NEW, _MARK, _GATHER, _TUPLE, _ADD, _PUT, _MEMOIZE, _GET, _STOP = range(14)
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_MAKERS = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_SIZES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_KINDS = {
    **dict.fromkeys(("PROTO", "FRAME"), _SKIP),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"), _TEXT),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _OLD_TEXT),
    **dict.fromkeys(("BININT1", "BININT2", "BININT", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"), _NUMBER),
    **dict.fromkeys(_CONSTANTS, _CONSTANT),
    **dict.fromkeys(_MAKERS, _NEW),
    "MARK": _MARK,
    **dict.fromkeys(("LIST", "TUPLE", "DICT"), _GATHER),
    **dict.fromkeys(_SIZES, _TUPLE),
    **dict.fromkeys(("APPEND", "APPENDS", "SETITEM", "SETITEMS"), _ADD),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _PUT),
    "MEMOIZE": _MEMOIZE,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _GET),
    "STOP": _STOP,
}
_CONTAINERS = (dict, list, tuple)


def read_plain(path: Path, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS) -> Any:
    """What the pickle at `path` holds: dicts with texts or whole numbers as keys, lists, tuples, texts and numbers.

    Texts of Python 2 have to be UTF-8. A part that stands in several places is one object, as in any pickle.

    Raises BadInput naming the file, and the byte where one can be named, for: a file of more than `max_bytes`; more
    than `max_items` instructions or items (those of a shared part counted wherever it stands); nesting deeper than
    `MAX_DEPTH`, or a part that holds itself; a key that stands twice in a dict; whole numbers beyond 64 bits; a file
    that is cut off, goes on after its end, or wants anything but plain data.
    """
    data = _bytes(path, max_bytes)
    try:
        value, end = _followed(path, data, max_items)
    except BadInput:
        raise
    except (ValueError, LookupError, OverflowError) as error:
        raise BadInput(f"{path} is no pickle of plain data, or damaged: {error}") from error
    if end != len(data):
        raise BadInput(f"{path}, byte {end}: the pickle ends here, but the file goes on; it is damaged")
    _bounded(path, value, max_items)
    return value


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > max_bytes:
        raise BadInput(f"{path} has more than {max_bytes:,} bytes, the most that a pickle of this corpus has")
    return data


def _followed(path: Path, data: bytes, max_items: int) -> tuple[Any, int]:
    """The value on the stack when the pickle stops, and the position after it."""
    stack: list[Any] = []
    below: list[list[Any]] = []  # what lies under each mark
    memo: dict[int, Any] = {}
    before, frame_end = 0, 0
    for number, (opcode, given, at) in enumerate(pickletools.genops(data)):
        if number >= max_items:
            raise BadInput(f"{path} has more than {max_items:,} instructions; it is no file of this corpus")
        name = opcode.name
        kind = _KINDS.get(name)
        try:
            if name == "FRAME":
                frame_end = _frame_end(at, given, frame_end, len(data))
            elif before < frame_end < at:
                raise ValueError("an instruction crosses the end of its frame")
            before = at
            if kind == _TEXT:
                stack.append(_text(given))
            elif kind == _MEMOIZE:
                memo[len(memo)] = stack[-1]
            elif kind == _GET:
                stack.append(memo[given])
            elif kind == _NUMBER:
                if isinstance(given, int) and not -MAX_INT <= given < MAX_INT:
                    raise ValueError("a whole number beyond 64 bits")
                stack.append(given)
            elif kind == _PUT:
                memo[given] = stack[-1]
            elif kind == _ADD:
                if name.endswith("S"):
                    items, stack = stack, below.pop()
                else:
                    items = _taken(stack, 2 if name == "SETITEM" else 1)
                _add(stack[-1], items, dict if name.startswith("SET") else list)
            elif kind == _MARK:
                below.append(stack)
                stack = []
            elif kind == _NEW:
                stack.append(_MAKERS[name]())
            elif kind == _TUPLE:
                stack.append(tuple(_taken(stack, _SIZES[name])))
            elif kind == _GATHER:
                items, stack = stack, below.pop()
                made: Any = {} if name == "DICT" else items if name == "LIST" else tuple(items)
                if name == "DICT":
                    _add(made, items, dict)
                stack.append(made)
            elif kind == _CONSTANT:
                stack.append(_CONSTANTS[name])
            elif kind == _OLD_TEXT:
                stack.append(_text(given.encode("latin-1").decode("utf-8")))
            elif kind == _STOP:
                if below or len(stack) != 1:
                    raise ValueError("it stops with several things in hand")
                return stack[0], at + 1
            elif kind is None or (name == "PROTO" and given > _NEWEST):
                wanted = f" {given!r}"[:60] if isinstance(given, str | int) else ""
                raise ValueError(
                    f"the pickle wants {name}{wanted}; only dicts, lists, tuples, texts and numbers are read, "
                    "and nothing is ever run"
                )
        except (ValueError, LookupError, TypeError) as error:
            fault = f"{type(error).__name__} at {name}" if isinstance(error, LookupError | TypeError) else str(error)
            raise BadInput(f"{path}, byte {at}: {fault}") from error
    raise BadInput(f"{path} ends before the pickle does")


def _frame_end(at: int, size: int, last: int, whole: int) -> int:
    """Where the frame ends that begins at `at`: frames lie one after the other, and within the file."""
    end = at + 9 + size  # the instruction's one byte and eight of its size
    if at < last:
        raise ValueError("a frame begins within another")
    if end > whole:
        raise ValueError(f"a frame of {size:,} bytes goes past the end of the file")
    return end


def _taken(stack: list[Any], number: int) -> list[Any]:
    if len(stack) < number:
        raise IndexError
    items = stack[-number:]
    del stack[-number:]
    return items


def _add(target: Any, items: list[Any], kind: type) -> None:
    if type(target) is not kind:
        raise ValueError(f"things are put into a {type(target).__name__} where a {kind.__name__} has to be")
    if kind is list:
        target.extend(items)
        return
    if len(items) % 2:
        raise ValueError("a key without a value")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # A tuple as a key is hashed however deep it goes, which can crash the interpreter.
        if type(key) is not str and type(key) is not int:
            raise ValueError(f"a {type(key).__name__} as key of a dict; texts and whole numbers are read")
        if key in target:
            raise ValueError(f"the key {str(key)[:40]!r} stands twice in one dict")
        target[key] = value


def _text(text: str) -> str:
    if not text.isascii():
        text.encode("utf-8")  # half of a surrogate pair could be neither hashed nor printed later
    return text


def _bounded(path: Path, value: Any, max_items: int) -> None:
    """Raise BadInput when `value`, written out in full, is too large or too deep. Memory grows with depth alone."""
    items, open_parts = 0, [iter((value,))]
    while open_parts:
        for part in open_parts[-1]:
            if type(part) in _CONTAINERS:
                items += len(part)
                if items > max_items:
                    raise BadInput(f"{path} holds more than {max_items:,} items; it is no file of this corpus")
                if len(open_parts) > MAX_DEPTH:
                    raise BadInput(f"{path} is nested more than {MAX_DEPTH} deep, or a part of it holds itself")
                open_parts.append(iter(part.values() if type(part) is dict else part))
                break
        else:
            open_parts.pop()
