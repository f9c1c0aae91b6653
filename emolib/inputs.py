"""What a chapter's result depends on: its text, the library that it imports, parameters, data, versions.

`emolib.runner` runs a chapter again only when this has changed.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from emolib import corpora
from emolib.errors import Unavailable

# How a chapter is begun and run decides none of its numbers.
_HOW = ("course.py", "runner.py")


def fingerprint(path: Path, names: Iterable[str], parameters: Mapping[str, object], versions: Mapping[str, str]) -> str:
    """A digest of everything that a chapter's result depends on.

    Args:
        path: the chapter's file.
        names: of the corpora that it may read.
        parameters: of the run.
        versions: of the packages that decide a result.
    """
    seen = hashlib.sha256(path.read_bytes())
    for file in sorted(library_files(path)):
        seen.update(file.name.encode() + file.read_bytes())
    seen.update(json.dumps([dict(parameters), dict(versions)], sort_keys=True, default=str).encode())
    for name in names:
        try:
            seen.update(corpora.identity(name, parameters.get("data_root")).encode())
        except Unavailable:
            seen.update(b"absent")
    return seen.hexdigest()


def library_files(path: Path) -> set[Path]:
    """The emolib files that a Python file imports, directly or not, and the data files beside them."""
    package = Path(__file__).parent
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        for name in _imports(waiting.pop()):
            parts = name.split(".")
            if parts[0] != "emolib":
                continue
            for depth in range(1, len(parts) + 1):
                base = package.joinpath(*parts[1:depth])
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.is_file() and file not in seen and file.name not in _HOW:
                        seen.add(file)
                        waiting.append(file)
                        seen.update(file.parent.glob("*.yml"))
    return seen


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
