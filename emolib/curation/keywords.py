"""Keywords of web pictures, ranked, cut and chosen, in tables of any size. Used by chapter 5.

Wei et al. 2020, section 3.1, rank the keywords of four million pictures by frequency, drop the rare ones (about 2000
stay) and have people choose those that speak of emotion (690 stay). The same steps here::

    with keywords.read(folder_of_shards, memory="512MB") as table:
        candidates = keywords.ranking(table, top=2000)
        chosen = keywords.emotional(candidates)
        keywords.write(table, "emotional.parquet", chosen.words)

`keywordtable` reads and cleans; `keywordstats` has the statistics of section 3.2. As a command, this module
measures all three on made-up rows: `python -m emolib.curation.keywords --rows 10000000`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb
import numpy as np
import pandas as pd

from emolib.corpora import lexicon
from emolib.corpora.listings import SEPARATOR
from emolib.curation.keywordfiles import COLUMNS
from emolib.curation.keywordtable import Counts, Table, read
from emolib.errors import BadInput
from emolib.usage import peak, step

__all__ = ["COLUMNS", "Counts", "Selection", "Table", "emotional", "long", "ranking", "read", "write"]


def long(images: Sequence[object], joined: Sequence[str]) -> pd.DataFrame:
    """A long table from a corpus whose keywords stand in one cell, as in `scenes` or `mirflickr`.

    Args:
        images: (n,) names of pictures.
        joined: (n,) their keywords with `|` between them, as `emolib.corpora.listings.join_tags` writes them.

    Returns:
        `image` and `keyword`, a row a keyword; a picture without any has one row, whose keyword is "".

    Raises:
        BadInput: lists of different lengths.
    """
    if len(images) != len(joined):
        raise BadInput(f"long: {len(images)} pictures and {len(joined)} cells of keywords")
    rows = [
        (str(image), word.replace("%7C", SEPARATOR))
        for image, cell in zip(images, joined, strict=True)
        for word in cell.split(SEPARATOR)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranking(table: Table, *, top: int | None = None, at_least: int = 1) -> pd.DataFrame:
    """Keywords by the number of pictures that have them, and the cut by frequency.

    The paper does not say where it cuts; about 2000 keywords stay.

    Args:
        table: as read.
        top: how many stay; None for all.
        at_least: pictures that a keyword needs to stay.

    Returns:
        `keyword`, `images` (how many pictures) and `share` (of all pictures, those without keywords too), most frequent
        first, ties in the order of the words, also at the cut.

    Raises:
        BadInput: `top` or `at_least` below 1.
    """
    if (top is not None and top < 1) or at_least < 1:
        raise BadInput(f"ranking: top {top} and at_least {at_least} have to be 1 or more")
    found = table.query(
        "SELECT words.word AS keyword, counted.images FROM "
        "(SELECT word, count(*) AS images FROM pairs GROUP BY word HAVING count(*) >= ?) counted "
        f"JOIN words ON words.id = counted.word ORDER BY images DESC, keyword {'' if top is None else 'LIMIT ?'}",
        [at_least] if top is None else [at_least, top],
    )
    found["share"] = found["images"] / max(1, table.counts.images)
    return found


@dataclass(frozen=True)
class Selection:
    """Candidates that speak of emotion and those that do not, each in the order of the candidates.

    `source` names the list that decided.
    """

    words: tuple[str, ...]
    rejected: tuple[str, ...]
    source: str


def emotional(
    candidates: pd.DataFrame | Sequence[str],
    checked: Collection[str] | None = None,
    data_root: Path | str | None = None,
) -> Selection:
    """The candidates that speak of emotion.

    In the paper the majority of its annotators decides on each candidate. Without people to ask, our choice is
    `lexicon.emotion_words`: the paper's own 690 keywords where the reader has them, else the words of EmoLex that have
    one of its eight emotions. The paper began with such a lexicon and found it unfit, since it also has words like
    "white"; whoever has read the candidates gives the words that stay as `checked`. Words are compared whole: "sad
    face" is not "sad".

    Args:
        candidates: a ranking, or words.
        checked: the words that stay, when people have decided; they need not all be candidates.
        data_root: where the 690 keywords are looked for.

    Raises:
        BadInput, Unavailable: as `lexicon.emotion_words`; BadInput for `checked` without a word.
    """
    names = list(candidates["keyword"]) if isinstance(candidates, pd.DataFrame) else list(candidates)
    known, source = lexicon.emotion_words(data_root) if checked is None else (frozenset(checked), "a checked list")
    if isinstance(checked, str) or not known:
        raise BadInput("emotional: `checked` has to be a list of words that stay; it has none")
    return Selection(
        tuple(word for word in names if word in known), tuple(word for word in names if word not in known), source
    )


def write(table: Table, path: Path | str, words: Collection[str] | None = None) -> int:
    """The table as a .parquet file, sorted by picture and keyword; the same table gives the same file.

    Args:
        table: as read.
        path: of the file; it is written beside and renamed.
        words: the keywords to keep; by default all. Pictures without any of them are not in the file.

    Returns:
        How many rows were written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    kept = pd.DataFrame({"word": sorted(set(words or ()))}, dtype="str")
    only = "" if words is None else "WHERE words.word IN (SELECT word FROM kept)"
    target = str(part).replace("'", "''")
    try:
        rows = table.query(
            "COPY (SELECT images.image, words.word AS keyword FROM pairs JOIN images ON images.id = pairs.image "
            f"JOIN words ON words.id = pairs.word {only} ORDER BY pairs.image, pairs.word) "
            f"TO '{target}' (FORMAT parquet)",
            kept=kept,
        )
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return int(rows.iloc[0, 0])


# ---------------------------------------------------------------------------------------------------------- the command
_EACH = 10  # keywords a picture
_VOCABULARY = 30_000  # about as many as the paper counts in section 5.3


def made_up(folder: Path, rows: int, shards: int, seed: int = 0) -> None:
    """Shards `image, keyword` with so many rows in all, ten a picture.

    The keywords are `_VOCABULARY` words, the number of pictures of each like 1 / rank: numbered ones and, spread among
    them, those of the emotion lexicon. A picture's words are drawn one by one, so some are repeated.
    """
    words = np.array([f"keyword {number}" for number in range(_VOCABULARY)], object)
    known = sorted(lexicon.emotion_words()[0])[: _VOCABULARY // 10]
    words[5 : 5 + 10 * len(known) : 10] = known
    chances = np.cumsum(1 / np.arange(1, _VOCABULARY + 1))
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-rows // shards)
    with duckdb.connect() as engine:
        for number, begin in enumerate(range(0, rows, size)):
            count = min(size, rows - begin)
            drawn = np.random.default_rng([seed, begin]).random(count) * chances[-1]
            block = pd.DataFrame(
                {
                    "number": (begin + np.arange(count)) // _EACH,
                    "keyword": pd.Series(words[np.searchsorted(chances, drawn)], dtype="str"),
                }
            )
            engine.register("block", block)
            engine.execute(
                "COPY (SELECT printf('pictures/%09d.jpg', number) AS image, keyword FROM block) "
                f"TO '{folder / f'{number:05d}.parquet'}' (FORMAT parquet)"
            )


@click.command(help=__doc__)
@click.option("--rows", default=10_000_000, show_default=True, type=click.IntRange(100), help="Keyword rows.")
@click.option("--shards", default=100, show_default=True, type=click.IntRange(1), help="Files.")
@click.option("--memory", default="256MB", show_default=True, help="Limit of the engine.")
@click.option("--workers", default=None, type=click.IntRange(1), help="Threads; one a core by default.")
@click.option("--folder", default=None, help="Where the temporary folder is made.")
def main(rows: int, shards: int, memory: str, workers: int | None, folder: str | None) -> None:
    """Make shards, read, ask, report."""
    from emolib.curation import keywordstats

    with tempfile.TemporaryDirectory(dir=folder) as place:
        source = Path(place) / "shards"
        click.echo(f"begin: {peak():.0f} MB")
        step(f"writing {rows:,} rows as {shards} shards", lambda: made_up(source, rows, shards))
        part = pd.read_parquet(source / "00000.parquet")
        held = part.memory_usage(deep=True).sum() * rows / len(part) / 1e6
        del part
        click.echo(f"the same rows in memory, as pandas holds them: {held:.0f} MB, from the first shard's")
        begin = time.perf_counter()
        table = step("reading", lambda: read(source, memory=memory, spill=place, workers=workers))
        with table:
            found = step("ranking, the 2000 most frequent", lambda: ranking(table, top=2000))
            chosen = emotional(found).words
            every = step("keywords a picture", lambda: keywordstats.per_image(table))
            felt = step("words of emotion a picture", lambda: keywordstats.per_image(table, chosen))
            together = step("co-occurrence", lambda: keywordstats.cooccurrence(table, chosen))
            step("writing what stays", lambda: write(table, Path(place) / "kept.parquet", chosen))
            seconds = time.perf_counter() - begin
            click.echo(f"{table.counts}")
        click.echo(
            f"{every.mean:.2f} keywords a picture, {felt.mean:.2f} of {len(chosen):,} words of emotion, "
            f"{together.nnz if hasattr(together, 'nnz') else np.count_nonzero(together):,} pairs of them seen"
        )
        click.echo(f"{rows / seconds:,.0f} rows/s from reading to writing, at most {peak():.0f} MB")


if __name__ == "__main__":
    main()
