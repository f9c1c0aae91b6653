"""The scorecard as files, JSON and CSV, and as one link that a page carries inside itself. Used by chapter 6."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emolib.claims.schema import Claim

FIELDS = (
    "id", "paper", "kind", "statement", "where", "published", "corpus", "ours", "low", "high", "verdict", "needs",
    "caution", "source", "metric", "tolerance", "reason", "independent",
)  # fmt: skip
"""Columns of the CSV file and keys of every entry of the JSON file."""

NAMES = ("scorecard.json", "scorecard.csv")


def entries(rows: Iterable[Mapping[str, Any]], claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """The rows of `claims.scorecard` with the place in the paper, the metric, the tolerance and later measurements."""
    about = {claim.id: claim for claim in claims}
    found = []
    for row in rows:
        claim = about[row["id"]]
        extra = {
            "where": claim.where,
            "metric": claim.metric,
            "tolerance": claim.tolerance,
            "reason": claim.reason,
            "independent": [dict(entry) for entry in claim.independent],
        }
        found.append({key: {**row, **extra}[key] for key in FIELDS})
    return found


def contents(found: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The two files by name: the same entries give the same bytes."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, FIELDS, lineterminator="\n")
    writer.writeheader()
    for entry in found:
        said = "; ".join(f"{other['value']} ({other['source']})" for other in entry["independent"])
        writer.writerow({**entry, "independent": said})
    text = json.dumps(list(found), indent=1, ensure_ascii=False) + "\n"
    return dict(zip(NAMES, (text.encode(), table.getvalue().encode()), strict=True))


def write(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files into a folder, each beside its place first; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in files.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        os.replace(part, folder / name)
        paths.append(folder / name)
    return paths


def link(files: Mapping[str, bytes], name: str = "scorecard.zip") -> str:
    """An HTML link that holds the files, zipped: it works wherever the page does, without a server or a second file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file, content in files.items():
            # The date is part of the archive: a fixed one, for the same bytes every time.
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<a download="{name}" href="data:application/zip;base64,{data}">{" and ".join(files)}</a> '
        f"(zipped, {len(buffer.getvalue()) / 1024:.0f} kB)"
    )
