"""A long table of pictures and their keywords, of any size, cleaned and counted once. Used by `keywords`, chapter 5.

A row for each keyword of each picture, in the columns `image` and `keyword`: a data frame, one file or a folder of
files far larger than memory. DuckDB goes through it once, keeps on disk what exceeds the given memory, and leaves
whole numbers for pictures and keywords, from which all questions are answered.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from emolib.corpora.listings import shown
from emolib.curation.keywordfiles import checked_frame, files_of, first_lines, first_row, insert
from emolib.errors import BadInput, EmolibError
from emolib.features.batch import cores

_SHORT = (duckdb.OutOfMemoryException, duckdb.IOException)
_NAMELESS = "image IS NULL OR trim(image) = ''"
_SPACE = r"[\s\x0b\x1c-\x1f\x85\p{Z}]+"
_CLEAN = f"nfc_normalize(lower(trim(regexp_replace(nfc_normalize(keyword), '{_SPACE}', ' ', 'g'))))"
# Control characters and the sign for what could not be decoded; a capital A with tilde or circumflex before a sign is
# how the two bytes of an accented letter in UTF-8 look in Latin-1.
_UNFIT = r"[\x00-\x08\x0e-\x1b\x7f-\x{84}\x{86}-\x{9f}\x{fffd}]|[\x{c2}\x{c3}][\x{a1}-\x{bf}]"


@dataclass(frozen=True)
class Counts:
    """What `read` found; nothing is left out that is not counted here.

    Attributes:
        files: files read, 0 for a data frame.
        rows: rows in them.
        empty: rows whose keyword is missing or only spaces; their pictures count as pictures all the same.
        repeated: rows that repeat a keyword of the same picture, perhaps in another spelling or file; dropped.
        respelled: rows whose keyword cleaning changed.
        pairs: rows that stay, rows - empty - repeated.
        images, keywords: different ones.
        without_keywords: pictures that have none.
        in_several_files: pictures with rows in more than one file; their keywords are put together.
    """

    files: int
    rows: int
    empty: int
    repeated: int
    respelled: int
    pairs: int
    images: int
    keywords: int
    without_keywords: int
    in_several_files: int


class Table:
    """Keywords of pictures, cleaned, each once a picture, on disk until `close`; made by `read`.

    `query` answers questions in SQL about `images (id, image)`, `words (id, word)` and `pairs (image, word)`, whose
    numbers go from 0 in the order of the names.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection, place: tempfile.TemporaryDirectory) -> None:
        self._database, self._place = database, place
        self.counts = Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def query(self, sql: str, values: Sequence[Any] = (), **frames: pd.DataFrame) -> pd.DataFrame:
        """The rows of a query; data frames named in it are given by name.

        Raises EmolibError when the memory or the disk does not suffice.
        """
        for name, frame in frames.items():
            self._database.register(name, frame)
        try:
            return self._database.execute(sql, list(values)).df()
        except _SHORT as error:
            raise _short_of(error) from error
        finally:
            for name in frames:
                self._database.unregister(name)

    def close(self) -> None:
        """Delete what is on disk; the table cannot be asked any more."""
        self._database.close()
        self._place.cleanup()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ------------------------------------------------------------------------------------------------------------- reading
def read(
    source: pd.DataFrame | Path | str,
    *,
    memory: str = "512MB",
    spill: Path | str | None = None,
    workers: int | None = None,
) -> Table:
    """The keywords of `source`, cleaned, and each once a picture.

    Cleaning: Unicode's composed form (NFC), small letters, single spaces, none around. Names of pictures stay as they
    are. The result does not depend on the order of rows and files, nor on `memory` and `workers`.

    Args:
        source: a data frame, a .csv (UTF-8, commas, with a header) or .parquet file, or a folder of .parquet files, in
            folders or not; what begins with `.` or `_` is passed over there. Columns beside the two are left out.
        memory: about how much the engine may hold, as "512MB" or "4GB"; the rest goes to `spill`.
        spill: folder for what does not fit, about the size of the data; by default the system's temporary one.
        workers: threads, one a core by default.

    Raises:
        BadInput: a file that is not what it has to be, without the columns, or with something else than text in them;
            other files among the shards; text in a wrong encoding; a row without a picture. It names the file, and the
            line or row.
        EmolibError: `memory` or the disk does not suffice.
    """
    if workers is not None and workers < 1:
        raise BadInput(f"workers is {workers}; it has to be 1 or more, or None for one a core")
    # Before anything is written: the spill may lie inside the folder of shards.
    parts = [checked_frame(source)] if isinstance(source, pd.DataFrame) else files_of(Path(source))
    if spill is not None:
        Path(spill).mkdir(parents=True, exist_ok=True)
    place = tempfile.TemporaryDirectory(prefix="keywords-", dir=spill)
    settings = {"threads": workers or cores(), "temp_directory": place.name, "autoinstall_known_extensions": "false"}
    try:
        database = duckdb.connect(str(Path(place.name) / "table.duckdb"), config=settings)
    except BaseException as error:
        place.cleanup()
        if isinstance(error, _SHORT):
            raise _short_of(error) from error
        raise
    table = Table(database, place)
    try:
        _limit(database, memory)
        # Rows need no order: that of names is made where one is wanted.
        database.execute("SET preserve_insertion_order = false")
        table.counts = _load(database, parts)
    except _SHORT as error:
        table.close()
        raise _short_of(error) from error
    except BaseException:
        table.close()
        raise
    return table


def _limit(database: duckdb.DuckDBPyConnection, memory: str) -> None:
    try:
        database.execute("SET memory_limit = ?", [memory])
    except _SHORT:  # well written, but less than the engine already holds
        raise
    except duckdb.Error as error:
        raise BadInput(f"memory is {memory!r}; write it as '512MB' or '4GB'") from error


def _load(database: duckdb.DuckDBPyConnection, parts: Sequence[pd.DataFrame | Path]) -> Counts:
    def one(sql: str) -> tuple:
        return database.execute(sql).fetchall()[0]  # to the end: an open result blocks the connection

    database.execute("CREATE TABLE raw (file INTEGER, image VARCHAR, keyword VARCHAR)")
    for number, part in enumerate(parts):
        insert(database, part, number)
    lost = one(f"SELECT min(file) FROM raw WHERE {_NAMELESS}")[0]
    if lost is not None:
        raise BadInput(f"{first_row(database, parts[lost], _NAMELESS)}: the name of the picture is missing")
    database.execute(
        f"CREATE TABLE spelled AS SELECT keyword AS raw, rows, {_CLEAN} AS word "
        "FROM (SELECT keyword, count(*) AS rows FROM raw WHERE keyword IS NOT NULL GROUP BY keyword)"
    )
    unfit = one(f"SELECT min(raw) FROM spelled WHERE regexp_matches(raw, '{_UNFIT}')")[0]
    if unfit is not None:
        number = database.execute("SELECT min(file) FROM raw WHERE keyword = ?", [unfit]).fetchall()[0][0]
        where = first_row(database, parts[number], "keyword = ?", unfit)
        raise BadInput(f"{where}: the keyword {shown(unfit)} was read in a wrong encoding; save it again as UTF-8")
    database.execute(
        "CREATE TABLE words AS SELECT row_number() OVER (ORDER BY word) - 1 AS id, word "
        "FROM (SELECT DISTINCT word FROM spelled WHERE word <> '')"
    )
    database.execute(
        "CREATE TABLE images AS SELECT row_number() OVER (ORDER BY image) - 1 AS id, image, several FROM "
        "(SELECT image, min(file) <> max(file) AS several FROM raw GROUP BY image)"
    )
    database.execute(
        "CREATE TABLE pairs AS SELECT DISTINCT images.id AS image, words.id AS word FROM raw JOIN images USING (image) "
        "JOIN spelled ON raw.keyword = spelled.raw JOIN words ON words.word = spelled.word"
    )
    rows, named = one("SELECT count(*), count(keyword) FROM raw")
    blank, respelled = one(
        "SELECT coalesce(sum(rows) FILTER (word = ''), 0)::BIGINT, "
        "coalesce(sum(rows) FILTER (word <> '' AND word <> raw), 0)::BIGINT FROM spelled"
    )
    pairs, tagged = one("SELECT count(*), count(DISTINCT image) FROM pairs")
    images, several = one("SELECT count(*), count_if(several) FROM images")
    empty = rows - named + blank
    files = sum(isinstance(part, Path) for part in parts)
    database.execute("DROP TABLE raw")
    database.execute("DROP TABLE spelled")
    words = one("SELECT count(*) FROM words")[0]
    return Counts(files, rows, empty, rows - empty - pairs, respelled, pairs, images, words, images - tagged, several)


def _short_of(error: Exception) -> EmolibError:
    fix = "give `read` more memory, fewer workers or a `spill` on a larger disk"
    return EmolibError(f"The keywords do not fit: {first_lines(error)}; {fix}")
