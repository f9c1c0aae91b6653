"""`data verify`: a corpus is walked, its near-duplicates are searched, a report is left. Chapters 1 and 5.

The walk (`corpora.verifying`) decodes every picture once and keeps a thumbnail of it on the way, from which the search
for near-duplicates (`views`) starts. A corpus may not import that search, which stands further to the right: hence this
module. `corpora.verify` gives the same report without it.

A million pictures take about 3.6 GB in the cache (a record of 464 bytes and a thumbnail of 3,072 each) and no more
memory than their names and hashes need.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from emolib import corpora
from emolib.corpora import verifying
from emolib.corpora.journal import Journal
from emolib.corpora.verifying import Kept, Report
from emolib.curation import alignment, bands, matching, views
from emolib.curation.alignment import SIDE
from emolib.curation.duplicates import duplicate_groups
from emolib.features import cache


def _thumbnail(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


THUMBNAIL = Kept("thumbnails", (SIDE, SIDE, 3), _thumbnail)


def verify(
    name: str,
    data_root: Path | str | None = None,
    *,
    out: Path | None = None,
    near: bool = True,
    fresh: bool = False,
    workers: int | None = None,
    progress: bool = True,
) -> tuple[Report, Path]:
    """Walk the corpus called `name`; returns the report and the folder with `report.json` and `report.md`.

    Args:
        data_root: see `corpora.load`.
        out: folder for the report, by default `verifying.report_folder`; the journal stays in the cache.
        near: search near-duplicates too, by the rules of `views`.
        fresh: look at every picture again, not only at those that are new or changed.
        workers: threads, None for one a core; the report does not depend on them.
        progress: show a bar.

    Raises what `corpora.load` raises, and Unavailable when a folder cannot be written. Broken pictures do not raise.
    """
    corpus = corpora.load(name, data_root)
    journal = verifying.walk(corpus, kept=THUMBNAIL, fresh=fresh, workers=workers, progress=progress)
    groups = groups_of(journal, workers) if near else None
    found = verifying.report(corpus, journal, groups)
    return found, verifying.leave(found, out or verifying.report_folder(corpus))


def groups_of(journal: Journal, workers: int | None = None) -> np.ndarray:
    """For each picture of a whole journal the first one that shows the same, int64 (n,), copies included.

    A picture that does not decode has an empty thumbnail, which is like no other. The pairs that were found are kept
    beside the journal until a picture or the search changes.
    """
    equal = verifying.same_bytes(journal)
    copies = np.flatnonzero(equal != np.arange(len(equal)))
    pictures = hashlib.sha256(np.ascontiguousarray(journal.records["sha256"]).tobytes()).hexdigest()
    key = [pictures, cache.code_digest(alignment, bands, matching, views)]
    for old in journal.folder.glob("pairs-*.npz"):
        if old.name != f"pairs-{cache.digest(key)}.npz":
            old.unlink()

    def search() -> dict[str, np.ndarray]:
        return {"pairs": views.same_pictures(journal.rows, workers=workers)[0]}

    pairs = cache.cached_arrays("pairs", key, search, folder=journal.folder)["pairs"]
    return duplicate_groups(journal.count, np.stack([equal[copies], copies], axis=1), pairs)
