"""*Your own picture*: a page of the book on which a reader's browser runs the book's own models.

Uses what chapters 0 to 2 teach: a frozen network, a linear layer on its embedding, class-activation maps. ``exporting``
trains and writes the model, ``webruntime`` finds the program that runs it in a browser, ``page`` writes the text, and
``static`` holds the script. Nothing that the page loads comes from elsewhere; no picture leaves the reader's machine.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emolib.errors import Unavailable
from emolib.site.builder import write_atomically
from emolib.site.ownpicture.exporting import FACTS, ONNX, Exported, export
from emolib.site.ownpicture.page import page
from emolib.site.ownpicture.webruntime import runtime_files

__all__ = ["POLICY", "SOURCE", "OwnPicturePage", "export", "install", "prepare"]

#: The page's source below ``book/``, as the table of contents lists it, without its suffix.
SOURCE = "run/ownpicture"
_FOLDER = "ownpicture"
_STATIC = Path(__file__).parent / "static"

#: What the page lets a browser load, and from where (Content Security Policy): from the book itself and nowhere else.
POLICY = "; ".join(
    (
        "default-src 'self'",
        # The theme writes small scripts and styles into its pages; WebAssembly needs a leave of its own.
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "form-action 'self'",
    )
)


@dataclass(frozen=True)
class OwnPicturePage:
    """The page's Markdown, and the files that it loads: name -> where it lies on this machine."""

    text: str
    files: dict[str, Path]
    version: str


def prepare(work: Path, profile: str, echo: Callable[[str], object] = print) -> OwnPicturePage:
    """Everything for the page: trains the model in ``work`` unless it is there, and finds the runtime.

    The book builds without either: the page then says what is missing, and ``echo`` is told why.
    """
    exported: Exported | None = None
    runtime: dict[str, Path] = {}
    why_not = ""
    try:
        exported = export(work, profile, echo=echo)
    except Unavailable as error:
        echo(f"The page of the reader's own picture has no model: {error}")
        why_not = "This copy of the book was built without the data or weights that the model is made of."
    if exported is not None:
        try:
            runtime = runtime_files(echo)
        except Unavailable as error:
            echo(f"The page of the reader's own picture cannot run its model: {error}")
            why_not = (
                "This copy of the book was built without ONNX Runtime for browsers, which could not be fetched, so it "
                "can't look at your picture. Built again with a network and npm, it can. What the model is, and how "
                "often it is wrong, stands below."
            )
    files: dict[str, Path] = {}
    if exported is not None and not why_not:
        files = {path.name: path for path in sorted(_STATIC.iterdir()) if path.suffix in (".js", ".css")}
        files |= {name: exported.folder / name for name in (ONNX, FACTS)} | runtime
    version = _digest(files)
    sizes = {name: path.stat().st_size for name, path in runtime.items()}
    facts = None if exported is None else exported.facts
    model_bytes = 0 if facts is None else facts["onnx"]["bytes"]
    text = page(facts, f"../_static/{_FOLDER}/{version}", sizes, model_bytes, why_not)
    return OwnPicturePage(text, files, version)


def install(prepared: OwnPicturePage, html: Path) -> None:
    """Puts the page's files into the built site and removes those of earlier builds.

    They lie in a folder named after their content, so that a browser never mixes an old script with a new model.
    """
    folder = html / "_static" / _FOLDER
    for stale in folder.glob("*"):
        if stale.name != prepared.version or not prepared.files:
            shutil.rmtree(stale, ignore_errors=True)
    for name, source in prepared.files.items():
        copy = folder / prepared.version / name
        if not copy.is_file() or copy.stat().st_size != source.stat().st_size:
            write_atomically(copy, source.read_bytes())


def _digest(files: dict[str, Path]) -> str:
    seen = hashlib.sha256()
    for name in sorted(files):
        seen.update(f"{name} {hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    return seen.hexdigest()[:12]
