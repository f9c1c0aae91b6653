"""Plans for an instructor, with the run times of the run that built the book. Used by the instructor's guide.

``book/instructor/plans.yml`` holds what happens in which order and for how many minutes; the clock and the run times
are worked out here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jupytext
import yaml

from emolib.errors import BadInput
from emolib.site import frontpage
from emolib.site.markdown import table
from emolib.site.runs import ChapterRun, spoken_time

_KEYS = {"minutes", "what", "chapter"}


def plan_pages(path: Path, runs: Sequence[ChapterRun]) -> dict[str, str]:
    """Name -> Markdown of each plan in ``path``, and of ``times``, what every chapter took; nothing without the file.

    The file maps a plan's name to a list of days, each with ``start`` ("9:00") and ``rows``: ``minutes``, ``what`` and,
    if it belongs to a chapter, ``chapter``.

    Raises :class:`BadInput`, naming plan and row, for other keys, times that are none, or an unknown chapter.
    """
    if not path.is_file():
        return {}
    try:
        plans = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is no YAML: {error}") from error
    if not isinstance(plans, dict) or not all(isinstance(days, list) and days for days in plans.values()):
        raise BadInput(f"{path} has to map the name of each plan to a list of days.")
    told = _told(path.parents[2] / "notebooks", runs)
    pages = {name: _plan(days, f"{path}, {name}", told) for name, days in plans.items()}
    return pages | {"times": _times(runs)}


def _told(notebooks: Path, runs: Sequence[ChapterRun]) -> dict[str, tuple[str, str]]:
    """Chapter -> what a plan tells of it: a link and its time, or the title alone where the site has no page of it."""
    told = {run.name: (f"[](../chapters/{run.name}.ipynb)", spoken_time(run.seconds)) for run in runs}
    for source in notebooks.glob("*.py"):
        if source.stem not in told:
            told[source.stem] = frontpage.title(jupytext.read(source)) or source.stem, "not run here"
    return told


def _plan(days: list, where: str, told: Mapping[str, tuple[str, str]]) -> str:
    parts = []
    for number, day in enumerate(days, 1):
        at = f"{where}, day {number}"
        if not isinstance(day, dict) or set(day) != {"start", "rows"}:
            raise BadInput(f"{at}: it needs start and rows, and nothing else.")
        minute, rows = _minute(day["start"], at), []
        for row in day["rows"]:
            if not isinstance(row, dict) or not {"minutes", "what"} <= set(row) <= _KEYS:
                raise BadInput(f"{at}: each row needs minutes and what, and may name a chapter; not {row!r}.")
            length, chapter = row["minutes"], row.get("chapter")
            if isinstance(length, bool) or not isinstance(length, int) or length <= 0:
                raise BadInput(f"{at}, '{row['what']}': minutes is a whole number from 1, not {length!r}.")
            if chapter is not None and chapter not in told:
                raise BadInput(f"{at}, '{row['what']}': there is no chapter {chapter}.")
            rows.append((_clock(minute), f"{length} min", row["what"], *told.get(chapter, ("", ""))))
            minute += length
        rows.append((_clock(minute), "", "End", "", ""))
        if len(days) > 1:
            parts.append(f"## Day {number}")
        text = table(["From", "For", "What", "Chapter", "Runs in"], rows)
        # The class tells the style sheet which columns are short.
        parts.append(f"```{{table}}\n:class: plan\n\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _minute(text: object, where: str) -> int:
    try:
        hour, minute = (int(part) for part in str(text).split(":"))
        if not (0 <= hour < 24 and 0 <= minute < 60):
            raise ValueError
    except ValueError as error:
        raise BadInput(f'{where}: start is a time such as "9:00", not {text!r}.') from error
    return 60 * hour + minute


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24}:{minute % 60:02d}"


def _times(runs: Sequence[ChapterRun]) -> str:
    rows = [
        (f"[](../chapters/{run.name}.ipynb)", spoken_time(run.seconds), f"`{run.profile}`", run.device) for run in runs
    ]
    total = sum(run.seconds for run in runs)
    return (
        table(["Chapter", "Time", "Profile", "Device"], rows)
        + f"\n\nTogether: {spoken_time(total)}, one after another.\n"
    )
