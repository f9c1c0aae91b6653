"""Builds the site from executed notebooks: ``book/`` and ``runs/<profile>/`` in, ``book/_build/html`` out.

Used by every chapter. Jupyter Book does the typesetting; this package prepares what it reads (``chapters``,
``pages``), makes the result work without internet, and looks it over (``checks``). A site that is up to date is left
alone within a second.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import yaml
from PIL import Image, UnidentifiedImageError

from emolib import claims, corpora
from emolib.errors import BadInput, EmolibError
from emolib.site import frontpage, guides, ownpicture, pages, privacy, teaching
from emolib.site.builder import builder_versions, copy_mathjax, run_builder, write_atomically
from emolib.site.chapters import prepare
from emolib.site.checks import check_site, describes, weigh
from emolib.site.launch import export_notebooks
from emolib.site.mending import mend_pages
from emolib.site.pictures import lighten
from emolib.site.portraits import FOLDER, portrait
from emolib.site.runs import ChapterRun, read_runs
from emolib.site.weight import heaviest

__all__ = ["build", "export_notebooks"]

#: A picture that a chapter may leave in its run for the first page of the book.
_OPENING = Path("figures") / "opening.png"
_GENERATED = ("chapters", "cards", "run")


def build(
    root: Path,
    profile: str = "laptop",
    strict: bool = True,
    echo: Callable[[str], object] = print,
    where: Path | None = None,
    partial: bool = False,
) -> Path:
    """Builds the site of the project in ``root`` from its runs in ``profile``; returns the folder ``book/_build/html``.

    The runs lie in ``where``, by default in the project's ``runs``.

    With ``strict``, a warning of the builder or a fault that :func:`emolib.site.checks.check_site` finds raises
    :class:`EmolibError` that lists them all; without, they are told through ``echo``. A chapter that has not been run
    is such a fault, unless ``partial``: then it is left out, and the page *About this run* says so. A second call with
    nothing changed does not start the builder.
    """
    root = Path(root).resolve()
    book = root / "book"
    private = privacy.folders(root)
    runs = [privacy.hide_in_run(run, private) for run in _chosen_runs(root, profile, strict, partial, echo, where)]
    lessons = teaching.downloads(root, runs, private)
    files = _generated_files(runs, private, strict, book, lessons)
    own = None
    if ownpicture.SOURCE in _listed(_read_toc(book)):
        own = ownpicture.prepare(book / "_build" / "ownpicture" / profile, profile, echo)
        files[f"{ownpicture.SOURCE}.md"] = own.text.encode("utf-8")
    _write(book, files)
    toc = _table_of_contents(book, runs)
    html, state_file = book / "_build" / "html", book / "_build" / "site.json"
    fingerprint = _fingerprint(book, toc, strict) + teaching.digest(lessons)
    state = _read_state(state_file)
    if state.get("fingerprint") == fingerprint and (html / "index.html").is_file():
        echo("The site is up to date: nothing has changed since it was built.")
        return html
    now = _pages(book)
    if not (strict and state.get("strict")) or not set(state.get("pages", [])) <= set(now):
        # Sphinx warns about a page only when it reads it, so what is left of a build that failed, or whose warnings
        # were let pass, would hide them; and it never deletes the page of a source that is gone.
        for leftover in (html, book / "_build" / ".doctrees"):
            shutil.rmtree(leftover, ignore_errors=True)
    state_file.unlink(missing_ok=True)
    echo(f"Building the site from {len(runs)} chapter(s) in the profile '{profile}' ...")
    run_builder(book, toc, strict, echo)
    copy_mathjax(html / "_static" / "mathjax")
    teaching.install(lessons, html)
    mend_pages(html)
    lighten(html)
    if own is not None:
        ownpicture.install(own, html)
    faults = check_site(html, tuple(private))
    if faults:
        told = f"The site in {html} has faults:\n" + "\n".join(f"  {fault}" for fault in faults)
        if strict:
            raise EmolibError(told)
        echo(told)
    state = {"fingerprint": fingerprint, "profile": profile, "strict": strict, "pages": now}
    write_atomically(state_file, json.dumps(state) + "\n")
    echo(heaviest(weigh(html)))
    echo(f"The site is in {html}.")
    return html


# ---- what goes in ----------------------------------------------------------------------------------------------------


def _read_toc(book: Path) -> dict:
    path = book / "_toc.yml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} is missing: it lists the pages of the book.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is no YAML: {error}") from error


def _listed(node: object) -> Iterator[str]:
    """Every ``file:`` of a table of contents, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("file"), str):
            yield node["file"]
        for value in node.values():
            yield from _listed(value)
    elif isinstance(node, list):
        for value in node:
            yield from _listed(value)


def _listed_chapters(book: Path) -> list[str]:
    """The chapters in the table of contents, in its order."""
    names = _listed(_read_toc(book))
    return [name.removeprefix("chapters/") for name in names if name.startswith("chapters/")]


def _chosen_runs(
    root: Path, profile: str, strict: bool, partial: bool, echo: Callable[[str], object], where: Path | None
) -> list[ChapterRun]:
    """The runs of the chapters that the table of contents lists; a chapter with only one of the two is a fault."""
    runs = {run.name: run for run in read_runs(root, profile, where)}
    listed = _listed_chapters(root / "book")
    absent = [name for name in listed if name not in runs]
    if partial and absent:
        echo(f"Left out, for they have not been run in the profile '{profile}': {', '.join(absent)}.")
        absent = []
    faults = [
        f"book/_toc.yml lists chapters/{name}, which has not been run: python -m emolib run {name} --profile {profile}"
        for name in absent
    ]
    if absent:
        faults.append(f"Or build without what has not been run: python -m emolib book --profile {profile} --partial")
    faults += [
        f"The chapter {name} was run, but book/_toc.yml does not list chapters/{name}."
        for name in runs
        if name not in listed and (root / "notebooks" / f"{name}.py").is_file()
    ]
    if faults and strict:
        raise BadInput("\n".join(faults))
    for fault in faults:
        echo(fault)
    chosen = [runs[name] for name in listed if name in runs]
    if not chosen:
        raise BadInput(
            f"None of the chapters that ran in the profile '{profile}' is listed in book/_toc.yml: {', '.join(runs)}."
        )
    return chosen


def _generated_files(
    runs: list[ChapterRun], private: dict[str, str], strict: bool, book: Path, lessons: dict[str, bytes]
) -> dict[str, bytes]:
    """Path below ``book/`` -> content, of everything that a run adds to the book."""
    files: dict[str, bytes] = {}
    chapters = []
    for run in runs:
        notebook = prepare(run, strict)
        chapters.append((run, notebook))
        teaching.add_to_page(notebook, run.name, book, lessons)
        privacy.hide_in_notebook(notebook, private)
        text = nbformat.writes(notebook, version=4) + "\n"
        files[f"chapters/{run.name}.ipynb"] = text.encode("utf-8")
    first = next((run for run in runs if (run.folder / _OPENING).is_file()), None)
    if first is not None:
        files[f"run/figures/{first.name}/opening.png"] = (first.folder / _OPENING).read_bytes()
    cards = [corpora.card(name) for name in corpora.names()]
    plans = teaching.plan_pages(book / "instructor" / "plans.yml", runs)
    judged = claims.scorecard([run.metrics for run in runs])
    ran = {run.name for run in runs}
    absent = [name for name in _listed_chapters(book) if name not in ran]
    simulated = [card.name for card in cards if card.simulated]
    looks = {card.name: portrait(card.name, private=private) for card in cards}
    for look in looks.values():
        files |= {f"cards/{FOLDER}/{name}": png for name, png in look.figures.items()}
    written = {
        "run/opening.md": pages.opening(first, *(_description(first.folder / _OPENING) if first else ())),
        "run/about.md": pages.about_page(runs, builder_versions(), [card.name for card in cards], absent),
        "run/claims.md": pages.claims_page(judged),
        "run/result.md": frontpage.result(judged, simulated, ("openmoji",)) + "\n" + pages.part_of_book(absent),
        "run/strips.md": teaching.strips_page(judged, {claim.id: claim.where for claim in claims.claims()}),
        "run/chapters.md": frontpage.chapter_cards(chapters, judged),
        "run/start.md": frontpage.start_cards(set(_listed(_read_toc(book))), runs[0].name),
        **{f"run/plan_{name}.md": text for name, text in plans.items()},
        "run/guide_open.md": guides.open_table(),
        "run/guide_asked.md": guides.asked_table(),
        "run/guide_times.md": guides.times(runs),
        "cards/index.md": pages.cards_index(cards, looks),
        **{f"cards/{card.name}.md": pages.card_page(card, runs, looks[card.name]) for card in cards},
    }
    return files | {name: text.encode("utf-8") for name, text in written.items()}


def _description(path: Path) -> tuple[str, str]:
    """The alt text and the caption that a PNG carries as its ``Description`` and ``Title``."""
    try:
        with Image.open(path) as picture:
            text = getattr(picture, "text", {})
    except (UnidentifiedImageError, OSError) as error:
        raise BadInput(f"{path} is no picture ({error}). Run the chapter again with --force.") from error
    if not describes(text.get("Description")):
        raise EmolibError(
            f"{path} has no description: save it with "
            "figure.savefig(path, metadata={'Description': ..., 'Title': ...})."
        )
    return text["Description"], text.get("Title", "")


def _write(book: Path, files: dict[str, bytes]) -> None:
    """Writes what changed and deletes what is no longer generated."""
    for name, content in files.items():
        path = book / name
        if not path.is_file() or path.read_bytes() != content:
            write_atomically(path, content)
    stale = [
        path
        for folder in _GENERATED
        for path in (book / folder).rglob("*")
        if path.is_file() and path.relative_to(book).as_posix() not in files
    ]
    for path in stale:
        path.unlink()


def _pages(book: Path) -> list[str]:
    """The sources of all pages, relative to ``book/``."""
    names = (path.relative_to(book).as_posix() for kind in ("*.md", "*.ipynb") for path in book.rglob(kind))
    return sorted(name for name in names if not name.startswith("_build/"))


def _table_of_contents(book: Path, runs: list[ChapterRun]) -> Path:
    """The table of contents to build with: the book's own, or one without the chapters that did not run."""
    absent = {f"chapters/{name}" for name in _listed_chapters(book)} - {f"chapters/{run.name}" for run in runs}
    if not absent:
        return book / "_toc.yml"

    def keep(node: object) -> object:
        if isinstance(node, list):
            return [keep(item) for item in node if not (isinstance(item, dict) and item.get("file") in absent)]
        return {key: keep(value) for key, value in node.items()} if isinstance(node, dict) else node

    path = book / "_build" / "toc.yml"
    write_atomically(path, yaml.safe_dump(keep(_read_toc(book)), sort_keys=False))
    return path


def _fingerprint(book: Path, toc: Path, strict: bool) -> str:
    """A hash over everything that the site is made from: sources, generated pages, builder and its versions."""
    digest = hashlib.sha256(json.dumps([strict, sys.version, builder_versions()]).encode())
    build_folder = book / "_build"
    sources = [path for path in book.rglob("*") if path.is_file() and not path.is_relative_to(build_folder)]
    own = list(Path(__file__).parent.rglob("*.py"))
    for path in [*sorted(sources), toc, *sorted(own)]:
        digest.update(f"\0{path.name if path in own else path.relative_to(book).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _read_state(path: Path) -> dict:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
