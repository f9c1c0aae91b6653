"""A table as a slide can show it: its first rows, or some rows of each verdict. Used by slides.

In a table of claims the first rows are no fair choice: they may all hold, above a sentence that some are contradicted.
So such a table shows rows of each verdict, what is contradicted first, and says how many of each it shows.
"""

from __future__ import annotations

import html
import re

#: Rows of a table that can be read from the last row of a room; whoever wants all opens the chapter.
_ROWS, _SENTENCES = 12, 6
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL | re.IGNORECASE)
#: What a run says against a verdict: a slide has room for the words "with caution" alone.
_CAUTION = re.compile(r"(, with caution): [^<]*")
_CELLS = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
#: Verdict -> how a count of it reads; what an audience has to hear of first stands first.
SAID = {"contradicted": "contradicted", "inconclusive": "inconclusive", "holds": "that hold"}


def short_table(source: str) -> str:
    """A table without its own style sheet and with as many rows as can be read; other HTML as it is."""
    source = _CAUTION.sub(r"\1", _STYLE.sub("", source))
    head, mark, body = source.partition("<tbody>")
    if not mark:
        return source
    body, end, tail = body.partition("</tbody>")
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    most = _SENTENCES if "sentences" in head else _ROWS
    if len(rows) <= most:
        return source
    shown, told = rows[:most], f"{most} of {len(rows)} rows"
    found = _verdicts(head, rows)
    if found:
        shown, told = _of_each(rows, found, most)
    note = f'<p class="where">{told}; the chapter has all of them.</p>'
    return f"{head}<tbody>{''.join(shown)}{end}{tail}{note}"


def _verdicts(head: str, rows: list[str]) -> list[str]:
    """The verdict of each row; nothing for a table without a column of verdicts."""
    names = [_text(cell) for cell in _CELLS.findall(head)]
    if "verdict" not in names:
        return []
    # Counted from the right: an index of several levels leaves cells out on the left.
    place = names.index("verdict") - len(names)
    cells = [_CELLS.findall(row) for row in rows]
    found = [_text(row[place]).removesuffix(", with caution") if len(row) >= -place else "" for row in cells]
    return found if set(found) <= set(SAID) else []


def _of_each(rows: list[str], verdicts: list[str], most: int) -> tuple[list[str], str]:
    """Rows of each verdict, dealt out in turn, and the words that say how many are shown."""
    own = {verdict: [row for row, its in zip(rows, verdicts, strict=True) if its == verdict] for verdict in SAID}
    shown = dict.fromkeys(SAID, 0)
    while sum(shown.values()) < most:
        for verdict in SAID:
            if shown[verdict] < len(own[verdict]) and sum(shown.values()) < most:
                shown[verdict] += 1
    counts = [f"{shown[verdict]} of {len(own[verdict])} {SAID[verdict]}" for verdict in SAID if own[verdict]]
    chosen = [row for verdict in SAID for row in own[verdict][: shown[verdict]]]
    return chosen, f"{most} of {len(rows)} rows: {', '.join(counts)}"


def _text(cell: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
