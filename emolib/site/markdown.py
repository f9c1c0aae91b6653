"""Tables in Markdown, as the site's generated pages write them. Used by every page that a run writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: bool = False) -> str:
    """A Markdown table; a bar or a line break inside a cell is made harmless.

    With ``numbers``, all columns but the first are set to the right.
    """
    rule = " --- |" + (" ---: |" if numbers else " --- |") * (len(header) - 1)
    lines = ["| " + " | ".join(header) + " |", "|" + rule]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return re.sub(r"\s*\n\s*", " ", str(value)).replace("|", "\\|")
