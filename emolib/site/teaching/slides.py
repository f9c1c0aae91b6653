"""A deck of slides for each chapter, from the chapter's executed notebook. Used by every chapter's page.

A cell tagged ``slide`` opens a slide, ``subslide`` one below it; ``slide-part`` goes on with it, ``fragment`` too, but
only when asked; ``notes`` is for the speaker. Title, objectives, exercises and what to take along are slides without a
tag. Of a cell's text a slide shows headings, lists, tables, formulas and the first words of a paragraph;
the speaker's notes hold all of it. Of code it shows the figures, tables and sentences that it put out. Where words and
figures leave each other no room (see ``room``), the slide goes on below.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from emolib.site.teaching.objectives import HEADING
from emolib.site.teaching.room import Part, measured, pages
from emolib.site.teaching.tables import short_table
from emolib.site.teaching.templates import deck_page

_ROLE = re.compile(r"\s?\{cite(?::[a-z]+)?\}`[^`]*`")
_TERM = re.compile(r"\{[a-z]+\}`([^`<]+?)(?:\s*<[^`>]*>)?`")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:)[^)]*\)")
_TESTED_BY = re.compile(r"\s*\((?:(?:exercise|question) \d+(?:, )?)+\)(?=[;.]?\s*$)", re.MULTILINE)
_TITLE = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])[*_)\"']*\s+(?=[*_(\"'`$A-Z])")
_TAKE_ALONG = "What to take along"
#: A paragraph's sentences are shown until there are so many words: a very short first one often says nothing alone.
_WORDS = 12

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin, double_inline=True)
_markdown.add_render_rule("math_inline", lambda self, t, i, o, e: f"\\({html.escape(t[i].content)}\\)")
_markdown.add_render_rule("math_inline_double", lambda self, t, i, o, e: f"\\[{html.escape(t[i].content)}\\]")
_markdown.add_render_rule("math_block", lambda self, t, i, o, e: f"<p>\\[{html.escape(t[i].content)}\\]</p>\n")


@dataclass
class _Slide:
    """One slide: its title, its parts, words for the speaker, and whether it lies below the one before."""

    title: str
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    below: bool = False
    first: bool = False

    def html(self) -> str:
        level = "h1" if self.first else "h2"
        notes = f'<aside class="notes">{"".join(self.notes)}</aside>' if self.notes else ""
        body = "".join(part.html for part in self.parts)
        kind = "fits first" if self.first else "fits" if "<img" in body or "<table" in body else "fits words"
        head = f"<{level}>{_inline(self.title)}</{level}>" if self.title else ""
        return f'<section class="{kind}"><div class="column">{head}{body}</div>{notes}</section>'


def deck(notebook: nbformat.NotebookNode, chapter: str) -> str:
    """The page of the deck, HTML, from an executed notebook whose outputs are clean (see ``emolib.site.chapters``)."""
    slides = [page for slide in _slides(notebook, chapter) for page in _with_room(slide)]
    groups: list[list[str]] = []
    for slide in slides:
        if slide.below and groups:
            groups[-1].append(slide.html())
        else:
            groups.append([slide.html()])
    body = "\n".join(group[0] if len(group) == 1 else f"<section>{''.join(group)}</section>" for group in groups)
    return deck_page(re.sub(r"[*_`]", "", slides[0].title if slides else chapter), body, "\\(" in body or "\\[" in body)


def _with_room(slide: _Slide) -> list[_Slide]:
    """The slide, or the slides that it needs; the speaker has the words of all of them on each."""
    dealt = [slide.parts] if slide.first else pages(slide.parts)
    return [replace(slide, parts=parts, below=slide.below or number > 0) for number, parts in enumerate(dealt)]


def _slides(notebook: nbformat.NotebookNode, chapter: str) -> list[_Slide]:
    slides: list[_Slide] = []
    heading, exercises = "", 0
    for number, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", []))
        titles = _TITLE.findall(cell.source) if cell.cell_type == "markdown" else []
        if number == 0 and titles:
            slides += _opening(cell.source, titles[0], chapter)
        elif "exercise" in tags:
            exercises += 1
            title = f"Exercise {exercises}: {titles[0]}" if titles else f"Exercise {exercises}"
            slides.append(_Slide(title, _words(cell.source, whole=True)))
        elif titles and titles[0] == _TAKE_ALONG:
            slides.append(_Slide(_TAKE_ALONG, _words(cell.source), [_all(cell.source)]))
        elif tags & {"slide", "subslide"}:
            for title, words in _sections(cell, heading):
                slides.append(_Slide(title, below="subslide" in tags))
                _add(slides[-1], cell, words, "")
        elif slides and tags & {"slide-part", "fragment"}:
            _add(slides[-1], cell, cell.source, "fragment" if "fragment" in tags else "")
        elif slides and "notes" in tags:
            slides[-1].notes.append(_all(cell.source))
        heading = titles[-1] if titles else heading
    return slides


def _opening(source: str, title: str, chapter: str) -> list[_Slide]:
    before, _, after = source.partition(HEADING)
    paper = [block for block in before.split("\n\n")[1:] if block.startswith("*")]
    shown = [_block(_plain(block)) for block in paper]
    question = [block for block in before.split("\n\n")[1:] if block not in paper]
    shown += [_block(_first_sentences(_plain(question[0])))] if question else []
    link = f'<p class="where"><a href="../chapters/{chapter}.html">Emotional Machines: the chapter</a></p>'
    slides = [_Slide(title, [Part(block) for block in (*shown, link)], [_all(before)], first=True)]
    if after.strip():
        slides.append(_Slide("After this you can", _words(_TESTED_BY.sub("", after))))
    return slides


def _sections(cell: nbformat.NotebookNode, heading: str) -> list[tuple[str, str]]:
    """The titles and texts of a cell: one for each heading with text under it, or the heading above for code."""
    if cell.cell_type != "markdown":
        return [(heading, "")]
    parts = _TITLE.split(cell.source)
    # What stands above a heading ends the topic before.
    found = list(zip(parts[1::2], parts[2::2], strict=True)) or [(heading, parts[0])]
    # A heading right above another one is no slide; the last one is, as a figure may follow.
    return [(title, words) for title, words in found[:-1] if words.strip()] + found[-1:]


def _add(slide: _Slide, cell: nbformat.NotebookNode, words: str, kind: str) -> None:
    """The cell's part of the slide, and its words for the speaker."""
    if cell.cell_type == "markdown":
        parts = _words(words)
        slide.notes.append(_all(words))
    else:
        parts = _outputs(cell)
    slide.parts += [replace(part, html=f'<div class="{kind}">{part.html}</div>') if kind else part for part in parts]


# ---- words -----------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Markdown without what only the book understands: citations go, terms and links inside the book become words."""
    return _LINK.sub(r"\1", _TERM.sub(r"\1", _ROLE.sub("", text)))


def _inline(text: str) -> str:
    return _markdown.renderInline(_plain(text))


def _block(text: str) -> str:
    return _markdown.render(text)


def _all(source: str) -> str:
    return _block(_TITLE.sub("", _plain(source)))


def _first_sentences(text: str, least: int = _WORDS) -> str:
    """The first sentences, until there are `least` words; a full stop inside a formula or in code ends none."""
    joined = " ".join(text.split())
    for end in _SENTENCE.finditer(joined):
        if len(joined[: end.start()].split()) < least:
            continue
        head = joined[: end.start()]
        if head.count("$") % 2 == 0 and head.count("`") % 2 == 0 and not re.search(r"\b(Fig|Eq|Eqs|al|e\.g)\.$", head):
            return joined[: end.end()].strip()
    return joined


def _first_of_item(item: str) -> str:
    mark, _, text = item.partition(" ")
    return f"{mark} {_first_sentences(text, 4)}"


def _words(source: str, whole: bool = False) -> list[Part]:
    """The blocks of a cell as a slide shows them; with ``whole``, paragraphs in full."""
    shown = []
    for block in re.split(r"\n\s*\n", _TITLE.sub("", _plain(source)).strip()):
        text = block.strip()
        if not text:
            continue
        if re.match(r"(\$\$|\|)", text):
            shown.append(text)
        elif re.match(r"([-*+]|\d+\.)\s", text):
            marks = re.split(r"\n(?=(?:[-*+]|\d+\.)\s)", text)
            shown.append("\n".join(mark if whole else _first_of_item(mark) for mark in marks))
        else:
            shown.append(text if whole else _first_sentences(text))
    return [Part(_block(text)) for text in shown]


# ---- what code put out -----------------------------------------------------------------------------------------------


def _outputs(cell: nbformat.NotebookNode) -> list[Part]:
    """Figures and the sentences beside them; tables only where there is no figure, as both leave no room to read."""
    figures, tables, sentences = [], [], []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        image = next((mime for mime in ("image/png", "image/jpeg") if mime in data), None)
        if image:
            own = output.get("metadata", {}).get(image, {})
            alt = (own.get("alt", "") if isinstance(own, dict) else "") or output.get("metadata", {}).get("alt", "")
            shown = f'<img alt="{html.escape(alt, quote=True)}" src="data:{image};base64,{_one_line(data[image])}">'
            figures.append((shown, measured(data[image])))
        elif "text/html" in data:
            tables.append(Part(short_table(data["text/html"])))
        elif "text/markdown" in data:
            sentences += _words(data["text/markdown"])
    return [*(_rows(figures) if figures else tables), *sentences]


def _rows(figures: list[tuple[str, tuple[int, int]]]) -> list[Part]:
    """Figures side by side, or one below the other where one is more than twice as wide as high."""
    wide = any(width > 2 * height for _, (width, height) in figures)
    rows = [[figure] for figure in figures] if wide else [figures]
    return [
        Part(f'<div class="figures">{"".join(shown for shown, _ in row)}</div>', tuple(size for _, size in row))
        for row in rows
    ]


def _one_line(content: str) -> str:
    return "".join(content.split())
