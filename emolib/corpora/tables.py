"""Reading label files strictly: every value is checked, and what is wrong is named by file, line and column.

Used by the corpora of all chapters. A rating that is silently wrong poisons everything measured with it, so nothing
is guessed here: no empty cells, no decimal commas, no "nan", no half-read rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emolib.errors import BadInput

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Row:
    """One row of a label file: where it stands, and its cells by column name."""

    path: Path
    line: int
    cells: dict[str, str]

    def wrong(self, column: str, fault: str) -> BadInput:
        """The error that says what is wrong with a cell; raise it."""
        value = self.cells[column]
        shown = value if len(value) <= 60 else value[:57] + "..."
        return BadInput(f"{self.path}, line {self.line}, column {column!r}: {shown!r} {fault}")

    def text(self, column: str) -> str:
        """The cell without spaces around it; BadInput when it is empty."""
        value = self.cells[column].strip()
        if not value:
            raise self.wrong(column, "is empty")
        return value

    def number(self, column: str, low: float, high: float) -> float:
        """The cell as a number from `low` to `high`; BadInput when it is none or lies outside."""
        value = self.cells[column].strip()
        if not _NUMBER.fullmatch(value):
            raise self.wrong(column, f"is not a number; it has to be one from {low:g} to {high:g}")
        number = float(value)
        if not low <= number <= high:
            raise self.wrong(column, f"is outside the range; it has to be from {low:g} to {high:g}")
        return number

    def count(self, column: str) -> int:
        """The cell as a count of ratings, a whole number of 1 or more; BadInput otherwise."""
        value = self.cells[column].strip()
        if not _WHOLE.fullmatch(value) or int(value) < 1:
            raise self.wrong(column, "is not a count of ratings; it has to be a whole number of 1 or more")
        return int(value)


def read_csv(path: Path, columns: Sequence[str], max_bytes: int = 50_000_000) -> Iterator[Row]:
    """The rows of a comma-separated file with a header; line ends may be LF, CR LF or CR alone.

    `columns` have to be in the header, once each; others are allowed and left out. Raises BadInput for a missing
    column, a row with too few or too many cells, a cell that runs over a line end, and text that is not UTF-8.
    """
    with _opened(path, max_bytes) as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            header = [name.strip() for name in next(reader, [])]
            for name in columns:
                if header.count(name) != 1:
                    problem = "is missing" if name not in header else "stands there more than once"
                    raise BadInput(
                        f"{path}, line 1: the column {name!r} {problem}; the header reads {', '.join(header)!r}"
                    )
            places = {name: header.index(name) for name in columns}
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) != len(header):
                    raise BadInput(f"{path}, line {line}: {len(cells)} cells, the header has {len(header)}")
                if reader.line_num != line:
                    raise BadInput(
                        f"{path}, line {line}: a cell runs on to line {reader.line_num}; a quote is misplaced"
                    )
                yield Row(path, line, {name: cells[place] for name, place in places.items()})
                line = reader.line_num + 1
        except csv.Error as error:
            raise BadInput(f"{path}, line {line}: not comma-separated text ({error})") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}, after line {line}: not UTF-8 text ({error.reason})") from error


def read_numbers(path: Path, column: str, low: float, high: float, max_bytes: int = 10_000_000) -> list[float]:
    """The numbers of a file that has one a line, from `low` to `high`. Raises BadInput naming the line otherwise.

    Line ends at the end of the file are ignored; an empty line between numbers is an error, because everything after it
    would belong to another picture.
    """
    with _opened(path, max_bytes) as file:
        try:
            lines = file.read().replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}: not UTF-8 text ({error.reason})") from error
    if lines == [""]:
        raise BadInput(f"{path}: the file is empty; it has to have a number from {low:g} to {high:g} on each line")
    return [Row(path, line, {column: text}).number(column, low, high) for line, text in enumerate(lines, start=1)]


def _opened(path: Path, max_bytes: int):  # noqa: ANN202 - a text file
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise BadInput(f"{path} has {size:,} bytes; a label file of this corpus has at most {max_bytes:,}")
        return open(path, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
