"""A deck of slides for each chapter, from the chapter's executed notebook. Used by every chapter's page.

A cell tagged ``slide`` opens a slide, ``subslide`` one below it; ``slide-part`` goes on with it, ``fragment`` too, but
only when asked; ``notes`` is for the speaker. Title, objectives, exercises and what to take along are slides without a
tag. Of a cell's text a slide shows headings, lists, tables, formulas and the first words of a paragraph;
the speaker's notes hold all of it. Of code it shows the figures, tables and sentences that it put out.
"""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import dataclass, field

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image, UnidentifiedImageError

from emolib.site.teaching.objectives import HEADING
from emolib.site.teaching.templates import deck_page

_ROLE = re.compile(r"\s?\{cite(?::[a-z]+)?\}`[^`]*`")
_TERM = re.compile(r"\{[a-z]+\}`([^`<]+?)(?:\s*<[^`>]*>)?`")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:)[^)]*\)")
_TESTED_BY = re.compile(r"\s*\((?:(?:exercise|question) \d+(?:, )?)+\)(?=[;.]?\s*$)", re.MULTILINE)
_TITLE = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])[*_)\"']*\s+(?=[*_(\"'`$A-Z])")
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL | re.IGNORECASE)
_TAKE_ALONG = "What to take along"
#: Rows of a table that can be read from the last row of a room; whoever wants all opens the chapter.
_ROWS, _SENTENCES = 12, 6
#: A paragraph's sentences are shown until there are so many words: a very short first one often says nothing alone.
_WORDS = 12

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin, double_inline=True)
_markdown.add_render_rule("math_inline", lambda self, t, i, o, e: f"\\({html.escape(t[i].content)}\\)")
_markdown.add_render_rule("math_inline_double", lambda self, t, i, o, e: f"\\[{html.escape(t[i].content)}\\]")
_markdown.add_render_rule("math_block", lambda self, t, i, o, e: f"<p>\\[{html.escape(t[i].content)}\\]</p>\n")


@dataclass
class _Slide:
    """One slide: its title, HTML of its parts, words for the speaker, and whether it lies below the one before."""

    title: str
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    below: bool = False
    first: bool = False

    def html(self) -> str:
        level = "h1" if self.first else "h2"
        notes = f'<aside class="notes">{"".join(self.notes)}</aside>' if self.notes else ""
        body = "".join(self.parts)
        kind = "fits first" if self.first else "fits" if "<img" in body or "<table" in body else "fits words"
        head = f"<{level}>{_inline(self.title)}</{level}>" if self.title else ""
        return f'<section class="{kind}"><div class="column">{head}{body}</div>{notes}</section>'


def deck(notebook: nbformat.NotebookNode, chapter: str) -> str:
    """The page of the deck, HTML, from an executed notebook whose outputs are clean (see ``emolib.site.chapters``)."""
    slides = _slides(notebook, chapter)
    groups: list[list[str]] = []
    for slide in slides:
        if slide.below and groups:
            groups[-1].append(slide.html())
        else:
            groups.append([slide.html()])
    body = "\n".join(group[0] if len(group) == 1 else f"<section>{''.join(group)}</section>" for group in groups)
    return deck_page(re.sub(r"[*_`]", "", slides[0].title if slides else chapter), body, "\\(" in body or "\\[" in body)


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
            slides.append(_Slide(title, [_words(cell.source, whole=True)]))
        elif titles and titles[0] == _TAKE_ALONG:
            slides.append(_Slide(_TAKE_ALONG, [_words(cell.source)], [_all(cell.source)]))
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
    slides = [_Slide(title, [*shown, link], [_all(before)], first=True)]
    if after.strip():
        slides.append(_Slide("After this you can", [_words(_TESTED_BY.sub("", after))]))
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
        part = _words(words)
        slide.notes.append(_all(words))
    else:
        part = _outputs(cell)
    if part:
        slide.parts.append(f'<div class="{kind}">{part}</div>' if kind else part)


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


def _words(source: str, whole: bool = False) -> str:
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
    return _block("\n\n".join(shown))


# ---- what code put out -----------------------------------------------------------------------------------------------


def _outputs(cell: nbformat.NotebookNode) -> str:
    """Figures and the sentences beside them; tables only where there is no figure, as both leave no room to read."""
    figures, tables, sentences, wide = [], [], [], False
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        image = next((mime for mime in ("image/png", "image/jpeg") if mime in data), None)
        if image:
            own = output.get("metadata", {}).get(image, {})
            alt = (own.get("alt", "") if isinstance(own, dict) else "") or output.get("metadata", {}).get("alt", "")
            figures.append(
                f'<img alt="{html.escape(alt, quote=True)}" src="data:{image};base64,{_one_line(data[image])}">'
            )
            wide = wide or _is_wide(data[image])
        elif "text/html" in data:
            tables.append(_table(data["text/html"]))
        elif "text/markdown" in data:
            sentences.append(_words(data["text/markdown"]))
    if not figures:
        return "".join(tables + sentences)
    kind = "figures stacked" if wide else "figures"
    return f'<div class="{kind}">{"".join(figures)}</div>{"".join(sentences)}'


def _one_line(content: str) -> str:
    return "".join(content.split())


def _is_wide(content: str) -> bool:
    """Whether a picture is more than twice as wide as high; one that can't be measured is not."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
            return picture.width > 2 * picture.height
    except (UnidentifiedImageError, ValueError, OSError):
        return False


def _table(source: str) -> str:
    """A table without its own style sheet, its first rows; other HTML as it is."""
    source = _STYLE.sub("", source)
    head, mark, body = source.partition("<tbody>")
    if not mark:
        return source
    body, end, tail = body.partition("</tbody>")
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    most = _SENTENCES if "sentences" in head else _ROWS
    if len(rows) <= most:
        return source
    told = f'<p class="where">{most} of {len(rows)} rows; the chapter has all of them.</p>'
    return f"{head}<tbody>{''.join(rows[:most])}{end}{tail}{told}"
