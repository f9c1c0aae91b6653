"""The pages of the site that a run writes: *About this run*, *Every claim and its verdict* and the data cards.

Used by every chapter, which link to them. Each function returns Markdown; nothing here touches a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emolib.claims import WHOSE
from emolib.claims.overview import called, in_order
from emolib.claims.tables import comes_to
from emolib.corpora import Card
from emolib.site.markdown import table
from emolib.site.runs import ChapterRun, spoken_time

if TYPE_CHECKING:
    from emolib.site.portraits import Portrait

#: Verdict -> the colour of its badge. The word is always there too: a colour alone tells nothing to many readers.
_BADGES = {
    "holds": "success",
    "within": "success",
    "contradicted": "danger",
    "outside": "danger",
    "inconclusive": "warning",
}
_KINDS = {
    "direction": "Which way it goes",
    "number": "Numbers",
    "consistency": "Does the paper agree with itself?",
}


def _titles(run: ChapterRun) -> str:
    return f"[](../chapters/{run.name}.ipynb)"


def about_page(
    runs: Sequence[ChapterRun], builders: Mapping[str, str], cards: Iterable[str], absent: Sequence[str] = ()
) -> str:
    """The page that says what the numbers of the book were made with.

    ``builders`` maps a package that builds the site to its version; ``cards`` are the corpora that have a card to
    link to; ``absent`` are the chapters of the book that this run left out.
    """
    carded = set(cards)
    seeds = ", ".join(sorted({str(run.seed) for run in runs if run.seed is not None})) or "none recorded"
    total = sum(run.seconds for run in runs)
    parts = [
        "# About this run",
        f"Every number and figure in this book comes from one run of its notebooks in the profile `{runs[0].profile}`, "
        f"with the seed {seeds}. Together the chapters took {spoken_time(total)}.",
        "## Chapters",
        table(
            ["Chapter", "Time", "Device", "Started", "State"],
            [
                (_titles(run), spoken_time(run.seconds), run.device, run.started[:16].replace("T", " "), _state(run))
                for run in runs
            ],
        ),
    ]
    if absent:
        parts.append(part_of_book(absent))
    lacking = [f"- {_titles(run)}: {item}" for run in runs for item in run.needs]
    if lacking:
        parts += ["Some sections could not run here. They say so where they stand, and need:", "\n".join(lacking)]
    parts += ["## Data", _data(runs, carded), "## Versions", _versions(runs)]
    parts += [
        "The site itself was built with:",
        table(["Package", "Version"], builders.items()),
    ]
    return "\n\n".join(parts) + "\n"


def part_of_book(absent: Sequence[str]) -> str:
    """What a site says that has not all chapters of the book, "" for one that has."""
    if not absent:
        return ""
    left_out = "\n".join(f"- `{name}`: `make book CHAPTERS={name.split('_')[0]}`" for name in absent)
    told = "This site is a part of the book. Its other chapters have not been run here:"
    return f":::{{note}}\n{told}\n\n{left_out}\n:::\n"


def _state(run: ChapterRun) -> str:
    return "complete" if run.status == "done" and not run.needs else "in part"


def _data(runs: Sequence[ChapterRun], carded: set[str]) -> str:
    used: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for name, content_hash in run.corpora.items():
            used.setdefault((name, content_hash), []).append(_titles(run))
    if not used:
        return "No chapter used a corpus."
    rows = [
        (f"[{name}](../cards/{name}.md)" if name in carded else name, f"`{content_hash[:16]}`", ", ".join(chapters))
        for (name, content_hash), chapters in sorted(used.items())
    ]
    note = (
        "The hash is the beginning of the SHA-256 over the labels and the bytes of every picture: two readers with "
        "the same hash have the same data."
    )
    return note + "\n\n" + table(["Corpus", "Content hash", "Used in"], rows)


def _versions(runs: Sequence[ChapterRun]) -> str:
    names = sorted({name for run in runs for name in run.versions}, key=str.lower)
    rows = []
    for name in names:
        found = sorted({run.versions[name] for run in runs if name in run.versions})
        rows.append((name, ", ".join(found)))
    return table(["Package", "Version"], rows) if rows else "No versions were recorded."


def _number(value: Any) -> str:
    """A measured number with as many digits as mean something: .213, 12.3, 10,766."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return str(value)
    if float(value).is_integer() and abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def _measured(claim: Mapping[str, Any]) -> str:
    if claim.get("ours") is None:
        return ""
    text = comes_to(claim) if claim["kind"] == "consistency" else _number(claim["ours"])
    if claim.get("low") is not None and claim.get("high") is not None:
        text += f" [{_number(claim['low'])},\u00a0{_number(claim['high'])}]"
    return text


def _published(claim: Mapping[str, Any]) -> str:
    value = claim.get("published")
    return "" if value is None else f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _verdict(claim: Mapping[str, Any]) -> str:
    verdict = str(claim["verdict"])
    badge = f"{{bdg-{_BADGES.get(verdict, 'muted-line')}}}`{verdict}`"
    return f"{badge} with caution" if claim.get("caution") else badge


def _statement(claim: Mapping[str, Any]) -> str:
    """What is claimed and, in the widest column, what the run says against its own measurement of it."""
    caution = claim.get("caution")
    return f"{claim['statement']}. *With caution: {caution}*" if caution else str(claim["statement"])


def claims_page(claims: Sequence[Mapping[str, Any]]) -> str:
    """Every claim with its verdict, a section a paper; ``claims`` are what :func:`emolib.claims.scorecard` returns."""
    parts = [
        "# Every claim and its verdict",
        "What the papers say, and what the measurements in this book say about it. Some claims are not the papers': "
        "they are controls and repairs of this book, or what others found, and a column says whose each is. A verdict "
        "is computed from the run, never typed, and holds for one corpus: a claim that fails on one set of photographs "
        "may well hold on another. "
        "[What the verdicts mean](../intro.md#what-a-verdict-means).",
    ]
    if not claims:
        return "\n\n".join([*parts, "No claim has been recorded yet."]) + "\n"
    for paper in in_order(str(claim["paper"]) for claim in claims):
        mine = [claim for claim in claims if claim["paper"] == paper]
        parts += [f"## {called(paper)}", _tally(mine)]
        for kind, title in _KINDS.items():
            parts += _claims_of_kind(kind, title, [claim for claim in mine if claim["kind"] == kind])
    return "\n\n".join(parts) + "\n"


def _tally(claims: Sequence[Mapping[str, Any]]) -> str:
    """How many claims of each kind got which verdict."""
    verdicts = [*_BADGES, "needs"]
    counts = {(kind, verdict): 0 for kind in _KINDS for verdict in verdicts}
    for claim in claims:
        counts[claim["kind"], "needs" if str(claim["verdict"]).startswith("needs") else claim["verdict"]] += 1
    used = [verdict for verdict in verdicts if any(counts[kind, verdict] for kind in _KINDS)]
    rows = [
        [title, *(counts[kind, verdict] or "" for verdict in used)]
        for kind, title in _KINDS.items()
        if any(counts[kind, verdict] for verdict in verdicts)
    ]
    return table(["Kind of claim", *("not judged here" if verdict == "needs" else verdict for verdict in used)], rows)


def _claims_of_kind(kind: str, title: str, claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """What tells something as a table, the rest folded away below it.

    Told are the claims that were measured, and of a paper's agreement with itself, what does not agree.
    """
    if not claims:
        return []
    parts = [f"### {title}"]
    if kind == "consistency":
        shown = [claim for claim in claims if claim["verdict"] != "holds"]
        others = [claim for claim in claims if claim["verdict"] == "holds"]
        header, folded = ["Claim", "Verdict", "It comes to"], f"{len(others)} that hold"
        rows = [(c["statement"], _verdict(c), _measured(c)) for c in shown]
        folded_table = table(["Claim", "It comes to"], [(c["statement"], _measured(c)) for c in others])
    else:
        shown = [c for c in claims if c.get("ours") is not None or not str(c["verdict"]).startswith("needs")]
        others = [c for c in claims if c not in shown]
        folded = f"{len(others)} that this run could not measure"
        if kind == "direction":
            header = ["Claim", "Whose", "Verdict", "Difference, 95% interval", "Corpus"]
            rows = [
                (_statement(c), WHOSE[c["source"]], _verdict(c), _measured(c), c.get("corpus") or "") for c in shown
            ]
            listed = [(c["statement"], WHOSE[c["source"]], c.get("needs") or "") for c in others]
            folded_table = table(["Claim", "Whose", "What it needs"], listed)
        else:
            header = ["Number", "Verdict", "Published", "Ours, 95% interval", "Corpus"]
            rows = [(c["statement"], _verdict(c), _published(c), _measured(c), c.get("corpus") or "") for c in shown]
            listed = [(c["statement"], _published(c), c.get("needs") or "") for c in others]
            folded_table = table(["Number", "Published", "What it needs"], listed)
    if rows:
        parts.append(table(header, rows))
    if others:
        parts.append(f"::::{{dropdown}} {folded}\n\n{folded_table}\n::::")
    return parts


def opening(run: ChapterRun | None, alt: str = "", caption: str = "") -> str:
    """The picture on the first page: ``figures/opening.png`` of ``run``, or nothing when no chapter has drawn one."""
    if run is None:
        return "% No chapter of this run has drawn a picture for the first page.\n"
    text = " ".join(alt.split())
    told = f"{caption.rstrip('.')}. " if caption else ""
    return (
        f"```{{figure}} run/figures/{run.name}/opening.png\n:alt: {text}\n:align: center\n\n"
        f"{told}From [](chapters/{run.name}.ipynb).\n```\n"
    )


def card_page(card: Card, runs: Sequence[ChapterRun], portrait: Portrait | None = None) -> str:
    """A corpus's card, with its reference as a citation, what its data look like and what this run used of it."""
    text = (
        # A pattern of file names such as im<i>.jpg is no HTML; an address in angle brackets stays a link.
        re.sub(r"(`[^`\n]*`)|<(?!https?:)", lambda found: found[1] or "\\<", card.markdown())
        .replace(f"`{card.citation}`", f"{{cite:t}}`{card.citation}`")
        .replace("| | |\n", "| At a glance | |\n", 1)
    )
    if portrait is not None:
        text += f"\n{portrait.text}\n"
    used = [(run, run.corpora[card.name]) for run in runs if card.name in run.corpora]
    if used:
        rows = [(_titles(run), f"`{content_hash[:16]}`") for run, content_hash in used]
        text += "\n## In this run\n\n" + table(["Chapter", "Content hash"], rows) + "\n"
    return text


def cards_index(cards: Sequence[Card], portraits: Mapping[str, Portrait] | None = None) -> str:
    """The page that lists all corpora; with ``portraits``, by name, also what of each is on this machine."""
    portraits = portraits or {}
    rows = [
        (
            f"[{card.title}]({card.name}.md)",
            *([portraits[card.name].short] if portraits else []),
            "words" if card.kind == "words" else "pictures",
            "simulated" if card.simulated else "people",
            card.licence,
        )
        for card in cards
    ]
    header = ["Corpus", *(["Here"] if portraits else []), "Of", "Labels from", "Licence"]
    text = (
        "Before a number means anything, one has to know what it was measured on: who looked at the pictures, what "
        "they were asked, and what is wrong with the data. One card a corpus."
    )
    if portraits:
        text += " *Here* is what was on the machine that built this book."
    return f"# Data cards\n\n{text}\n\n```{{table}}\n:class: cards\n\n{table(header, rows)}\n```\n"
