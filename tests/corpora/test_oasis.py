"""OASIS from its real layout: right ratings or an error that names the cell, and downloads that are checked."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import load, oasis
from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput, Unavailable
from tests.corpora.conftest import Server
from tests.fixtures.corpora import OASIS_HEADER, oasis_csv, oasis_rows, write_oasis


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_oasis(tmp_path, n_series=5, seed=3)


def rewrite(folder: Path, change, header=OASIS_HEADER, line_end: str = "\r") -> list[dict[str, str]]:  # noqa: ANN001
    """Write the CSV again after `change` had its way with the rows."""
    rows = oasis_rows(5, 3)
    change(rows)
    (folder / "OASIS.csv").write_bytes(oasis_csv(rows, header, line_end))
    return rows


# What is read


def test_table(folder: Path) -> None:
    corpus = oasis.load(folder)
    truth = oasis_rows(5, 3)
    table = corpus.table
    assert list(table.columns) == [
        "image", "group", "split", "theme", "category", "source",
        "valence", "arousal", "valence_sd", "arousal_sd", "valence_n", "arousal_n",
    ]  # fmt: skip
    assert table["theme"].tolist() == [row["Theme"].strip() for row in truth]
    for column, name in (("valence", "Valence_mean"), ("arousal", "Arousal_mean"), ("valence_sd", "Valence_SD")):
        np.testing.assert_array_equal(table[column], [float(row[name]) for row in truth])
    np.testing.assert_array_equal(table["arousal_n"], [int(row["Arousal_N"]) for row in truth])
    assert set(table["group"]) == {"acorns", "alcohol", "baby", "barbeque", "beach"}
    assert set(table["split"]) == {""}
    assert all(path.is_file() for path in corpus.paths)
    assert table.attrs == {"expected": 900, "rated": len(truth), "found": len(truth), "missing": []}
    assert corpus.card.name == corpus.name == "oasis"


def test_the_picture_belongs_to_its_theme(folder: Path) -> None:
    corpus = oasis.load(folder)
    for path, theme in zip(corpus.paths, corpus.table["theme"], strict=True):
        assert path.stem == theme


def test_the_transparent_png_called_jpg_is_read(folder: Path) -> None:
    corpus = oasis.load(folder)
    assert corpus.paths[1].read_bytes().startswith(b"\x89PNG")
    assert read_picture(corpus.paths[1]).mode == "RGB"


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_line_ends(folder: Path, line_end: str) -> None:
    before = oasis.load(folder).table
    rewrite(folder, lambda rows: None, line_end=line_end)
    pd.testing.assert_frame_equal(oasis.load(folder).table, before)


def test_byte_order_mark_and_other_columns(folder: Path) -> None:
    before = oasis.load(folder).table
    rewrite(folder, lambda rows: [row.update(More="x") for row in rows], ("More", *reversed(OASIS_HEADER)))
    (folder / "OASIS.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "OASIS.csv").read_bytes())
    pd.testing.assert_frame_equal(oasis.load(folder).table, before)


def test_absent_photographs_are_reported_not_hidden(folder: Path) -> None:
    (folder / "images" / "Acorns 1.jpg").unlink()
    (folder / "images" / "Beach 2.jpg").unlink()
    corpus = oasis.load(folder)
    assert corpus.table.attrs["missing"] == ["Acorns 1", "Beach 2"]
    assert not set(corpus.table["theme"]) & {"Acorns 1", "Beach 2"}
    assert "2 have a rating but no picture" in corpus.counts
    assert f"{len(corpus)} of 900" in corpus.counts


def test_case_and_spaces_in_file_names(folder: Path) -> None:
    images = folder / "images"
    (images / "Acorns 1.jpg").rename(images / "acorns 1 .JPG")
    images.rename(folder / "Images")
    corpus = oasis.load(folder)
    assert corpus.table["image"][0] == "Images/acorns 1 .JPG"
    assert corpus.table.attrs["missing"] == []


def test_two_files_for_one_photograph(folder: Path) -> None:
    (folder / "images" / "Acorns 1 .jpg").write_bytes(b"")
    with pytest.raises(BadInput, match="'Acorns 1 .jpg', 'Acorns 1.jpg'"):
        oasis.load(folder)


def test_strange_files_among_the_pictures(folder: Path) -> None:
    before = oasis.load(folder).table
    (folder / "images" / "._Acorns 1.jpg").write_bytes(b"what macOS adds")
    (folder / "images" / "Thumbs.db").write_bytes(b"")
    pd.testing.assert_frame_equal(oasis.load(folder).table, before)


# What is refused


@pytest.mark.parametrize("column", OASIS_HEADER[1:])
def test_missing_column(folder: Path, column: str) -> None:
    rewrite(folder, lambda rows: None, [name for name in OASIS_HEADER if name != column])
    with pytest.raises(BadInput, match=f"OASIS.csv, line 1: the column '{column}' is missing"):
        oasis.load(folder)


@pytest.mark.parametrize("column", ["Valence_mean", "Arousal_mean"])
@pytest.mark.parametrize("value", ["0.999", "7.001", "-3", "1e3", "68"])
def test_rating_outside_its_range(folder: Path, column: str, value: str) -> None:
    rewrite(folder, lambda rows: rows[2].update({column: value}))
    with pytest.raises(BadInput, match=f"OASIS.csv, line 4, column '{column}': '{value}' .* from 1 to 7"):
        oasis.load(folder)


@pytest.mark.parametrize("value", ["", " ", "nan", "inf", "n/a", "4,5", "0x4", "4_5", "٤", "4.5.1", "--4", "4 5"])
def test_rating_that_is_no_number(folder: Path, value: str) -> None:
    rewrite(folder, lambda rows: rows[0].update(Valence_mean=value))
    with pytest.raises(BadInput, match="line 2, column 'Valence_mean': .* is not a number"):
        oasis.load(folder)


@pytest.mark.parametrize(("column", "value"), [("Valence_SD", "-0.1"), ("Arousal_SD", "4.5"), ("Valence_SD", "x")])
def test_standard_deviation(folder: Path, column: str, value: str) -> None:
    rewrite(folder, lambda rows: rows[0].update({column: value}))
    with pytest.raises(BadInput, match=f"line 2, column '{column}'"):
        oasis.load(folder)


@pytest.mark.parametrize("value", ["0", "-5", "100.5", "many", ""])
def test_count_of_raters(folder: Path, value: str) -> None:
    rewrite(folder, lambda rows: rows[1].update(Arousal_N=value))
    with pytest.raises(BadInput, match="line 3, column 'Arousal_N': .* whole number"):
        oasis.load(folder)


def test_duplicate_theme(folder: Path) -> None:
    rewrite(folder, lambda rows: rows[3].update(Theme=" acorns 1"))
    with pytest.raises(BadInput, match="line 5, column 'Theme': ' acorns 1' stands in line 2 already"):
        oasis.load(folder)


def test_row_with_too_few_cells(folder: Path) -> None:
    data = (folder / "OASIS.csv").read_bytes().split(b"\r")
    data[4] = data[4].rsplit(b",", 1)[0]
    (folder / "OASIS.csv").write_bytes(b"\r".join(data))
    with pytest.raises(BadInput, match="line 5: 9 cells, the header has 10"):
        oasis.load(folder)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n\0\0", b"<!DOCTYPE html>\n<html></html>"])
def test_something_else_called_oasis_csv(folder: Path, data: bytes) -> None:
    (folder / "OASIS.csv").write_bytes(data)
    with pytest.raises(BadInput, match="OASIS.csv"):
        oasis.load(folder)


def test_nothing_there(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(Unavailable, match="OASIS.csv"):
        oasis.load(tmp_path)
    for picture in (folder / "images").iterdir():
        picture.unlink()
    with pytest.raises(Unavailable, match="none of the 12 photographs"):
        oasis.load(folder)
    (folder / "images").rmdir()
    with pytest.raises(Unavailable, match="images/"):
        oasis.load(folder)


NUMBER_COLUMNS = {
    "Valence_mean": "valence",
    "Arousal_mean": "arousal",
    "Valence_SD": "valence_sd",
    "Arousal_SD": "arousal_sd",
}
CELLS = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,eE+-\"' \r\n", max_size=10),
    st.floats(allow_nan=True).map(repr),
    st.floats(0, 8).map(lambda value: f"{value:.4f}"),
)


@settings(max_examples=300)
@given(position=st.integers(0, 11), column=st.sampled_from(OASIS_HEADER[1:]), value=CELLS, quoted=st.booleans())
def test_no_damaged_cell_gives_a_silently_wrong_rating(
    tmp_path_factory: pytest.TempPathFactory, position: int, column: str, value: str, quoted: bool
) -> None:
    """One cell is overwritten, as bytes of the file or as a proper cell: an error with its line, or what is written."""
    base = tmp_path_factory.getbasetemp() / "cell"
    folder = base / "oasis" if base.exists() else write_oasis(base, n_series=5, seed=3, size=(8, 8))
    rows = oasis_rows(5, 3)
    truth = {row["Theme"].strip(): dict(row) for row in rows}
    theme = rows[position]["Theme"].strip()
    if quoted:
        rows[position][column] = value
        data = oasis_csv(rows)
    else:
        rows[position][column] = "@@"
        data = oasis_csv(rows).replace(b"@@", value.encode("utf-8", "surrogatepass"))
    (folder / "OASIS.csv").write_bytes(data)
    try:
        table = oasis.load(folder).table.set_index("theme")
    except BadInput as error:
        assert re.search(r"OASIS\.csv, (after )?line \d+", str(error))
        return
    for name, row in table.iterrows():
        for source, label in NUMBER_COLUMNS.items():
            written = value if (name, source) == (theme, column) else truth[name][source]
            assert row[label] == float(written)
            assert (1 <= row[label] <= 7) if source.endswith("mean") else (0 <= row[label] < 4.5)


# Fetching


def packed(folder: Path, *, top: str = "shiny-server-1a3b", drop: str = "") -> bytes:
    """The folder as the host packs it: inside a top folder, with other files of the repository beside it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{top}/server.R", "print(1)")
        archive.writestr(f"{top}/images/notes.txt", "not a photograph")
        for path in sorted(folder.rglob("*.*")):
            name = path.relative_to(folder).as_posix()
            if name != drop:
                archive.writestr(f"{top}/{name}", path.read_bytes())
    return out.getvalue()


def manifest(folder: Path) -> str:
    """The checksum of checksums, worked out here anew."""
    lines = sorted(
        (path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*.*")
    )
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in lines).encode()).hexdigest()


def test_fetch(folder: Path, tmp_path: Path, server: Server, own_places: Path) -> None:
    url = server.add("/zip", packed(folder))
    for _ in range(2):
        got = oasis.fetch(tmp_path / "new" / "oasis", progress=False, url=url, manifest=manifest(folder))
    assert len(server.requests) == 1
    assert {path.name for path in got.iterdir()} == {"OASIS.csv", "images"}
    assert not (got / "images" / "notes.txt").exists()
    pd.testing.assert_frame_equal(load("oasis", tmp_path / "new").table, oasis.load(folder).table)
    assert list((own_places / "cache" / "downloads").iterdir()) == []


def test_fetch_of_part_of_the_photographs(folder: Path, tmp_path: Path, server: Server) -> None:
    url = server.add("/zip", packed(folder, drop="images/Beach 1.jpg"))
    with pytest.raises(BadInput, match=f"{url} gave .* it has 11 of the 12 photographs"):
        oasis.fetch(tmp_path / "new", progress=False, url=url, manifest=manifest(folder))
    assert not (tmp_path / "new").exists()


def test_fetch_of_a_changed_photograph(folder: Path, tmp_path: Path, server: Server, own_places: Path) -> None:
    published = manifest(folder)
    with open(folder / "images" / "Beach 1.jpg", "ab") as file:
        file.write(b"\0")
    url = server.add("/zip", packed(folder))
    with pytest.raises(BadInput, match="12 of the 12 .* bytes of at least one file"):
        oasis.fetch(tmp_path / "new", progress=False, url=url, manifest=published)
    assert not (tmp_path / "new").exists()
    assert list((own_places / "cache" / "downloads").iterdir()) == []  # trying again downloads again


def test_fetch_into_a_folder_with_something_else(folder: Path, server: Server) -> None:
    published = manifest(folder)
    (folder / "images" / "Beach 1.jpg").unlink()
    before = manifest(folder)
    with pytest.raises(BadInput, match="has 11 of the 12 photographs .* move it away"):
        oasis.fetch(folder, progress=False, url=server.url + "/zip", manifest=published)
    assert manifest(folder) == before
    assert server.requests == []


def test_fetch_of_a_web_page_or_nothing(tmp_path: Path, server: Server) -> None:
    with pytest.raises(BadInput, match="web page"):
        oasis.fetch(tmp_path / "new", progress=False, url=server.add("/zip", b"<!doctype html><p>Sorry"))
    with pytest.raises(Unavailable, match="404"):
        oasis.fetch(tmp_path / "new", progress=False, url=server.url + "/nothing")
    assert not (tmp_path / "new").exists()


# The real corpus


def test_real_corpus(real_data: Path) -> None:
    corpus = load("oasis", real_data)
    rows = pd.read_csv(real_data / "oasis" / "OASIS.csv", lineterminator="\r")
    rows["Theme"] = rows["Theme"].str.strip()
    assert len(rows) == corpus.table.attrs["rated"] == 900
    assert rows["Theme"].str.replace(r" \d+$", "", regex=True).nunique() == 248
    assert corpus.table["theme"].is_unique
    here = rows.set_index("Theme").loc[corpus.table["theme"]]
    np.testing.assert_allclose(corpus.table["valence"], here["Valence_mean"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(corpus.table["arousal"], here["Arousal_mean"], rtol=0, atol=1e-12)
    assert len(corpus) + len(corpus.table.attrs["missing"]) == 900
    if len(corpus) == 814:
        assert corpus.table["group"].nunique() == 233


def test_real_manifest(real_data: Path) -> None:
    sums = real_data / "oasis" / "SHA256SUMS"
    if not sums.exists():
        pytest.skip("the folder has no list of checksums")
    lines = sorted(sums.read_text().splitlines(), key=lambda line: line.split("  ", 1)[1])
    assert hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest() == oasis.MANIFEST
    published = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    corpus = load("oasis", real_data)
    for image, digest in zip(corpus.table["image"], corpus.picture_hashes, strict=True):
        assert published[image] == digest
