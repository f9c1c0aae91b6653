"""Where a table of keywords comes from: a data frame, a file or a folder of shards. Used by `keywordtable`.

Files are read one by one, so that whatever is wrong is named by its file.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from emolib.corpora.listings import shown
from emolib.errors import BadInput

COLUMNS = ("image", "keyword")
_HALVES = re.compile("[\ud800-\udfff]")  # halves of surrogate pairs, which no encoding of text has


def files_of(source: Path) -> list[Path]:
    """The files of the source, by name. Raises BadInput for what is no table or folder of tables."""
    if source.is_file() and source.suffix.lower() in (".csv", ".parquet"):
        return [source]
    if source.is_file():
        raise BadInput(f"{source}: a table of keywords is a .csv or a .parquet file")
    if not source.is_dir():
        raise BadInput(f"{source} is not there")
    inside = sorted(file for file in source.rglob("*") if not file.is_dir())
    files = [file for file in inside if not any(part[0] in "._" for part in file.relative_to(source).parts)]
    for file in files:
        if file.suffix.lower() != ".parquet":
            raise BadInput(f"{file} is no .parquet file; a folder of shards holds nothing else, so move it away")
    if not files:
        raise BadInput(f"{source} holds no .parquet file")
    return files


def checked_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """`image` and `keyword` of a data frame as texts. Raises BadInput for columns or values that do not fit."""
    _check_columns("The data frame", list(frame.columns))
    return pd.DataFrame({name: _texts(frame[name], name) for name in COLUMNS})


def _texts(column: pd.Series, name: str) -> pd.Series:
    """The column as texts, missing ones None; names of pictures may be whole numbers."""
    if not isinstance(column.dtype, pd.StringDtype):
        kinds = str if name == "keyword" else (str, int, np.integer)
        for row, value in enumerate(column.to_list(), start=1):
            missing = pd.api.types.is_scalar(value) and pd.isna(value)
            if not missing and (isinstance(value, bool) or not isinstance(value, kinds)):
                raise BadInput(f"The data frame, row {row}: {name} {shown(value)} is not a text")
            if isinstance(value, str) and _HALVES.search(value):
                raise BadInput(f"The data frame, row {row}: {name} {shown(value)} was read in a wrong encoding")
    return column.astype("str").where(column.notna(), None).reset_index(drop=True)


def _check_columns(where: str, names: list[str]) -> None:
    for name in COLUMNS:
        if names.count(name) != 1:
            fault = "is missing" if name not in names else "stands there more than once"
            raise BadInput(f"{where}: the column {name!r} {fault}; there are {shown([str(other) for other in names])}")


def insert(database: duckdb.DuckDBPyConnection, part: pd.DataFrame | Path, number: int) -> None:
    """Add the rows of a frame or file to the table `raw (file, image, keyword)`, under the file's number.

    Raises BadInput naming the file, and the line of text that is not UTF-8; errors of the engine's own memory and disk
    pass through.
    """
    try:
        sql, values = _source(database, part)
        database.execute(f"INSERT INTO raw SELECT ?, image, keyword FROM {sql}", [number, *values])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        # The engine could not write, which is no fault of this file.
        if isinstance(error, duckdb.IOException) and str(part) not in str(error):
            raise
        raise BadInput(_fault(part, error)) from error


def _source(database: duckdb.DuckDBPyConnection, part: pd.DataFrame | Path) -> tuple[str, list]:
    """A table in SQL of the image and keyword of a frame or file, as text, and the values in it."""
    if isinstance(part, pd.DataFrame):
        database.register("frame", part)
        return "frame", []
    if part.suffix.lower() == ".csv":
        names = _header(part)
        columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)
        form = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true"
        return f"read_csv(?, {form}, columns = {{{columns}}})", [str(part)]
    found = database.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(part)]).fetchall()
    _check_columns(str(part), [row[0] for row in found])
    kinds = {row[0]: row[1] for row in found}
    for name in COLUMNS:
        if kinds[name] != "VARCHAR" and (name == "keyword" or not kinds[name].endswith(("INT", "INTEGER"))):
            raise BadInput(f"{part}: the column {name!r} holds {kinds[name]}, not text")
    return "(SELECT image::VARCHAR AS image, keyword FROM read_parquet(?))", [str(part)]


def _header(file: Path) -> list[str]:
    try:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            names = [name.strip() for name in next(csv.reader(lines), [])]
    except UnicodeDecodeError as error:
        raise BadInput(_fault(file, error)) from error
    _check_columns(f"{file}, line 1", names)
    if len(set(names)) < len(names) or "" in names:
        raise BadInput(f"{file}, line 1: columns need different names; there are {shown(names)}")
    return names


def _fault(part: pd.DataFrame | Path, error: Exception) -> str:
    """What is wrong with a frame or file that cannot be read."""
    if isinstance(part, pd.DataFrame):
        return f"The data frame cannot be read: {first_lines(error)}"
    if part.suffix.lower() == ".parquet":
        return f"{part} is no Parquet file that can be read: {first_lines(error)}"
    with open(part, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as wrong:
                return (
                    f"{part}, line {number}: {shown(line[max(0, wrong.start - 10) :])} is not UTF-8; save it as UTF-8"
                )
    return f"{part} is no CSV file that can be read: {first_lines(error)}"


def first_lines(error: Exception) -> str:
    """The beginning of an error of the engine, which shows the whole query after it."""
    return " ".join(line.strip() for line in str(error).split("\n")[:3])


def first_row(database: duckdb.DuckDBPyConnection, part: pd.DataFrame | Path, condition: str, *values: str) -> str:
    """The place of the first row of a frame or file that meets the condition."""
    sql, names = _source(database, part)
    database.execute("SET preserve_insertion_order = true")
    numbered = f"SELECT row_number() OVER () AS number, image, keyword FROM {sql}"
    number = database.execute(f"SELECT min(number) FROM ({numbered}) WHERE {condition}", [*names, *values]).fetchall()
    return f"{'The data frame' if isinstance(part, pd.DataFrame) else part}, row {number[0][0]}"
