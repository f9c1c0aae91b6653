"""Jupyter Book, the typesetter, and MathJax, which it would load from another host. Used by every page.

Both come from pip packages; the builder runs in a process of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path

from emolib.errors import EmolibError, Unavailable

#: The packages that decide what the site looks like; a new version of one builds it anew.
BUILDERS = (
    "jupyter-book",
    "sphinx",
    "myst-nb",
    "sphinx-book-theme",
    "pydata-sphinx-theme",
    "sphinx-design",
    "sphinx-exercise",
    "sphinx-togglebutton",
    "sphinxcontrib-bibtex",
    "sphinx-mathjax-offline",
    "sphinx-revealjs",
    "sphinxext-opengraph",
)
#: What of MathJax a page can ask for: the component itself, fonts, TeX extensions, menu, and English speech for
#: screen readers.
_MATHJAX = (
    "tex-chtml.js",
    "output/chtml/fonts/**/*",
    "input/tex/extensions/**/*",
    "a11y/*",
    "ui/*",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)


def builder_versions() -> dict[str, str]:
    """The builder's packages and their versions; :class:`Unavailable` names one that is not installed."""
    try:
        return {name: metadata.version(name) for name in BUILDERS}
    except metadata.PackageNotFoundError as error:
        raise Unavailable(f"The package {error.name} is not installed. Run: pip install -e '.[book]'") from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes ``path`` under a temporary name beside it and moves it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    os.replace(part, path)


def run_builder(book: Path, toc: Path, strict: bool, echo: Callable[[str], object]) -> None:
    """Runs Jupyter Book; what it says goes to ``_build/build.log``, its warnings into the error."""
    start = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"
    command = [sys.executable, "-c", start, "build", str(book), "--toc", str(toc), "-n", "--keep-going"]
    if strict:
        command.append("-W")
    environment = os.environ | {"PYTHONUTF8": "1", "NO_COLOR": "1"}
    result = subprocess.run(command, cwd=book, env=environment, capture_output=True, encoding="utf-8", errors="replace")
    log = book / "_build" / "build.log"
    output = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout + "\n" + result.stderr)
    write_atomically(log, output)
    warnings = [line for line in output.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL):", line)]
    # The exit code alone does not tell: some extensions log an error and go on.
    if result.returncode != 0 and not warnings:
        warnings = output.strip().splitlines()[-15:]
    if result.returncode != 0 or (warnings and strict):
        told = "\n".join(f"  {line.replace(str(book) + os.sep, 'book/')}" for line in warnings)
        raise EmolibError(f"Jupyter Book could not build the site without warnings (all it said: {log}):\n{told}")
    for line in warnings:
        echo(line)


def copy_mathjax(target: Path) -> None:
    """Puts MathJax beside the pages, from the package ``sphinx-mathjax-offline``."""
    found = util.find_spec("sphinx-mathjax-offline")
    if found is None or found.origin is None:
        raise Unavailable("The package sphinx-mathjax-offline is not installed. Run: pip install -e '.[book]'")
    source = Path(found.origin).parent / "static" / "mathjax"
    chosen = [path for pattern in _MATHJAX for path in source.glob(pattern) if path.is_file()]
    if not chosen:
        raise Unavailable(f"There is no MathJax in {source}. Run: pip install --force-reinstall sphinx-mathjax-offline")
    for path in chosen:
        copy = target / path.relative_to(source)
        if not copy.is_file() or copy.stat().st_size != path.stat().st_size:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
