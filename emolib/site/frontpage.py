"""What a run adds to the first page of the book: its result in a sentence, a card a chapter, and where to start.

Used by every chapter, which gets its card from its own title and its own first sentences. Each function returns
Markdown; nothing here touches a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import nbformat

from emolib.site.chapters import numbered
from emolib.site.markdown import table
from emolib.site.runs import ChapterRun

Row = Mapping[str, Any]

#: How many characters of a chapter's first sentences a card or a search engine shows.
LENGTH = 200
_PAPER = re.compile(r"^\d+_([a-z]+\d{4})_")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")
_BADGES = {"holds": "success", "contradicted": "danger", "inconclusive": "warning"}


def title(notebook: nbformat.NotebookNode) -> str:
    """A chapter's title, "" if it has none."""
    for line in _prose(notebook):
        if line.startswith("# "):
            return line.removeprefix("# ").strip()
    return ""


def hook(notebook: nbformat.NotebookNode, length: int = LENGTH) -> str:
    """The first sentences of a chapter's prose as plain text, as many as fit into ``length`` characters.

    A paragraph in italics only, which names the paper or says how the chapter ran, is no prose, nor is one without the
    end of a sentence, such as a row of links.
    """
    aside = re.compile(r"\*[^*].*\*(\s*\{cite[^}]*\}`[^`]*`)?")
    prose = (_plain(paragraph) for paragraph in _paragraphs(notebook) if not aside.fullmatch(paragraph))
    sentences = _SENTENCE.split(next((text for text in prose if re.search(r"[.?!]$", text)), ""))
    told = sentences[0]
    for sentence in sentences[1:]:
        if len(told) + 1 + len(sentence) > length:
            break
        told += " " + sentence
    return told if len(told) <= length else told[: length - 2].rsplit(" ", 1)[0].rstrip(",;:") + " …"


def _prose(notebook: nbformat.NotebookNode) -> list[str]:
    return [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]


def _paragraphs(notebook: nbformat.NotebookNode) -> list[str]:
    blocks = re.split(r"\n\s*\n", "\n".join(_prose(notebook)))
    found = (" ".join(block.split()) for block in blocks)
    return [block for block in found if block and not re.match(r"#|[-*+:|>`] |```|:::|\$\$|\d+\. ", block)]


def _plain(markdown: str) -> str:
    """Prose without its marks: roles and links keep their words, citations go."""
    text = re.sub(r"\s*\{cite(:p)?\}`[^`]*`", "", markdown)
    text = re.sub(r"\{[\w:]+\}`([^`<]*?)\s*(<[^`]*>)?`", r"\1", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|\*|`", "", text)


def result(claims: Sequence[Row], simulated: Collection[str] = (), drawn: Collection[str] = ()) -> str:
    """What the run says of all papers together: how many of their comparisons hold, by what they were tested on, and
    how often a paper contradicts itself.

    ``simulated`` are the corpora whose labels are, ``drawn`` those of drawings; all others are photographs. Claims of
    this book or of others are not counted.
    """
    ways = [c for c in claims if c["kind"] == "direction" and c["verdict"] in _BADGES and c["source"] == "paper"]
    sums = Counter(str(c["verdict"]) for c in claims if c["kind"] == "consistency" and c["verdict"] in _BADGES)
    told = []
    if ways:
        told.append(
            f"This run made **{len(ways)}** tests of what the papers claim in sentences of the kind *this beats that*. "
            "What came of them depends on what they were tested on:"
        )
        kinds = {
            "photographs, and how people rated them": [c for c in ways if c["corpus"] not in {*simulated, *drawn}],
            "drawings, and how people felt about tweets with them": [c for c in ways if c["corpus"] in drawn],
            "a laboratory: painted pictures, *simulated* feelings": [c for c in ways if c["corpus"] in simulated],
        }
        counts = {kind: Counter(c["verdict"] for c in own) for kind, own in kinds.items() if own}
        rows = [(kind, *(found[verdict] for verdict in _BADGES)) for kind, found in counts.items()]
        told.append(table(["Tested on", "hold", "contradicted", "these data cannot tell"], rows, numbers=True))
        if careful := sum(bool(c.get("caution")) for c in ways):
            told.append(
                f"{careful} of these verdicts come with a caution: something stands between what was measured and what "
                "the paper says, and the table of claims says what."
            )
    if sums:
        told.append(
            f"At **{sums['contradicted']}** of **{sums.total()}** places where a paper can be checked against itself, "
            "by adding up a column or by holding a sentence against a table, it does not agree."
        )
    if not told:
        return "% This run has measured no claim.\n"
    return "\n\n".join([*told, "[Every claim with its verdict](run/claims.md)"]) + "\n"


def chapter_cards(chapters: Sequence[tuple[ChapterRun, nbformat.NotebookNode]], claims: Sequence[Row]) -> str:
    """A card a chapter: title, its first sentences, and how many comparisons of its paper got which verdict."""
    cards = []
    for run, notebook in chapters:
        lines = [
            f"::::{{grid-item-card}} {numbered(title(notebook) or run.name, run.name)}",
            f":link: chapters/{run.name}",
            ":link-type: doc",
            ":class-card: chapter-card",
            "",
            hook(notebook),
        ]
        if badges := _badges(run.name, claims):
            lines += ["", ":::{card-footer}", badges, ":::"]
        cards.append("\n".join([*lines, "::::"]))
    return ":::::{grid} 1 1 2 2\n:gutter: 3\n\n" + "\n\n".join(cards) + "\n:::::\n"


def _badges(chapter: str, claims: Sequence[Row]) -> str:
    """The verdicts on the comparisons that the chapter's paper makes; "" where none was measured."""
    paper = _PAPER.match(chapter)
    mine = [
        c for c in claims if paper and c["paper"] == paper[1] and c["kind"] == "direction" and c["source"] == "paper"
    ]
    counts = Counter("not judged here" if c["verdict"] not in _BADGES else str(c["verdict"]) for c in mine)
    if not any(counts[verdict] for verdict in _BADGES):
        return ""
    words = {"holds": "holds" if counts["holds"] == 1 else "hold"}
    shown = [
        f"{{bdg-{colour}}}`{counts[verdict]} {words.get(verdict, verdict)}`"
        for verdict, colour in _BADGES.items()
        if counts[verdict]
    ]
    if careful := sum(bool(c.get("caution")) for c in mine):
        shown.append(f"{{bdg-muted-line}}`{careful} with caution`")
    if counts["not judged here"]:
        shown.append(f"{{bdg-muted-line}}`{counts['not judged here']} not judged here`")
    return " ".join(shown)


def start_cards(listed: Collection[str], first: str) -> str:
    """Ways into the book, each only if the page that it leads to is ``listed``; ``first`` is the first chapter."""
    ways = [
        ("Read", f"chapters/{first}", "Begin with the first chapter. Each ends with exercises; solutions unfold."),
        ("Try", "run/ownpicture", "Let the book's own models look at a picture of yours. It stays on your machine."),
        ("Run", "guides/open", "On a machine with a GPU and a network: what it takes, and how long."),
        ("Teach", "instructor/index", "Plans for half a day and for two days, and what goes wrong in a room."),
        ("Check", "run/claims", "Every claim of the papers with the measurement that tests it, and a verdict."),
        ("Add", "guides/add_a_paper", "How a paper becomes a chapter, step by step, with the files that it took."),
    ]
    cards = [
        f":::{{grid-item-card}} {name}\n:link: {page}\n:link-type: doc\n\n{text}\n:::"
        for name, page, text in ways
        if page in listed
    ]
    return "::::{grid} 1 2 3 3\n:gutter: 3\n\n" + "\n\n".join(cards) + "\n::::\n"
