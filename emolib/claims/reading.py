"""Reading a claims file so that every complaint names the file, the entry and the key. Used by all chapters' claims."""

from __future__ import annotations

import math
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path
from typing import Any

import yaml

from emolib.errors import BadInput

_MAX_BYTES = 1_000_000
_REQUIRED: Any = object()


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which here refuses a key that is written twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key_node.value!r} is written twice", key_node.start_mark
                    )
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file as plain dicts, lists and scalars. Raises BadInput naming the file and the line."""
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= _MAX_BYTES else ""
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text (byte {error.start})") from error
    if size > _MAX_BYTES:
        raise BadInput(f"{path}: larger than {_MAX_BYTES} bytes; no claims file is")
    try:
        content = yaml.load(text, Loader=_Loader)  # _Loader is a SafeLoader: plain data only
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2020-13-45
        raise BadInput(f"{path}: not valid YAML: {' '.join(str(error).split())[:300]}") from error
    if content is None:
        raise BadInput(f"{path.name}: the file is empty")
    return content


def check_name(name: Any, place: str) -> str:
    """`name` when it can stand in an expression: a Python identifier without a leading underscore."""
    if not isinstance(name, str) or not name.isidentifier() or name.startswith(("_", "func_")) or iskeyword(name):
        raise BadInput(f"{place}: {show(name)} cannot be a name; use letters, digits and underscores")
    return name


def show(value: Any) -> str:
    """A short, safe rendering of a value of the file for a message."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return repr(value)[:60]
    return f"a {type(value).__name__}"


def is_number(value: Any) -> bool:
    """True for a finite int or float that is no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


class Node:
    """One mapping of the file, read key by key.

    `place` says where it stands ("kim2017.yml, tables, table3"); `known` are the keys that it may have.
    """

    def __init__(self, data: Any, place: str, known: str) -> None:
        if not isinstance(data, dict):
            raise BadInput(f"{place}: expected a mapping, got {show(data)}")
        self.data, self.place = data, place
        unknown = [key for key in data if key not in known.split()]
        if unknown:
            raise BadInput(f"{place}: unknown key {show(unknown[0])}; known: {', '.join(known.split())}")

    def _get(self, key: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is None:
            if default is _REQUIRED:
                raise BadInput(f"{self.place}: the key {key!r} is missing")
            return default
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        """A non-empty text; `default` when the key is absent or null."""
        value = self._get(key, default)
        if value is not default and (not isinstance(value, str) or not value.strip()):
            # A number or a date that YAML has read as one; in quotes it stays text.
            hint = "" if isinstance(value, (str, dict, list)) else f'; put it in quotes: {key}: "{value}"'
            raise BadInput(f"{self.place}: {key} has to be text, not {show(value)}{hint}")
        return " ".join(value.split()) if isinstance(value, str) else value

    def number(self, key: str, default: Any = _REQUIRED) -> Any:
        """A finite number; `default` when the key is absent or null."""
        value = self._get(key, default)
        if value is not default and not is_number(value):
            raise BadInput(f"{self.place}: {key} has to be a number, not {show(value)}")
        return value

    def choice(self, key: str, options: tuple[str, ...], default: Any = _REQUIRED) -> Any:
        """One of `options`."""
        value = self.text(key, default)
        if value not in options:
            raise BadInput(f"{self.place}: {key} is {show(value)}; known: {', '.join(options)}")
        return value

    def mapping(self, key: str, default: Any = _REQUIRED) -> dict:
        """A mapping, unchecked inside."""
        value = self._get(key, default)
        if not isinstance(value, dict):
            raise BadInput(f"{self.place}: {key} has to be a mapping, not {show(value)}")
        return value

    def sequence(self, key: str, default: Any = _REQUIRED) -> list:
        """A list, unchecked inside."""
        value = self._get(key, default)
        if not isinstance(value, list):
            raise BadInput(f"{self.place}: {key} has to be a list, not {show(value)}")
        return value

    def entries(self, key: str, known: str) -> Iterator[tuple[str, Node]]:
        """The entries of the list `key` as (id, node); each has an `id` of its own."""
        seen = set()
        for number, data in enumerate(self.sequence(key, []), start=1):
            place = f"{self.place}, {key}"
            node = Node(data, f"{place}, entry {number}", "id " + known)
            name = check_name(node.text("id"), node.place)
            node.place = f"{place}, {name}"
            if name in seen:
                raise BadInput(f"{node.place}: the id is used twice")
            seen.add(name)
            yield name, node
