"""GAPED: columns told by the header in whatever form, deviations in brackets, scales, files of another case."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib import corpora
from emolib.corpora import gaped
from emolib.errors import BadInput, Unavailable
from tests.fixtures.emotion_sets import GAPED_HEADER, KINDS, gaped_rows, gaped_text, write_gaped, write_picture

GONE = "Sp005"
NUMBERS = ["valence", "valence_sd", "arousal", "arousal_sd"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_gaped(tmp_path)


def rewrite(folder: Path, text: str, code: str = "H") -> None:
    (folder / "GAPED" / f"{code}_with SD.txt").write_bytes(text.encode())


# What is read


def test_table(folder: Path, tmp_path: Path) -> None:
    corpus = corpora.load("gaped", tmp_path)
    table = corpus.table
    assert list(table.columns) == [
        "image", "group", "split", "picture", "kind", "valence", "arousal", "valence_sd", "arousal_sd",
        "valence_1to9", "arousal_1to9",
    ]  # fmt: skip
    rows = {name: row for code in KINDS for name, row in gaped_rows(code).items() if name != GONE}
    assert table["picture"].tolist() == list(rows)
    np.testing.assert_array_equal(table[NUMBERS], np.array(list(rows.values()), dtype=float))
    assert dict(zip(table["picture"], table["kind"], strict=True))["Sn003"] == "snake"
    assert table["group"].tolist()[:3] == ["A/1", "A/3", "A/5"]
    images = dict(zip(table["picture"], table["image"], strict=True))
    assert (images["P001"], images["Sn001"], images["A005"]) == ("P/p001.BMP", "sn/Sn001.bmp", "A/A005.bmp")
    assert all(path.is_file() for path in corpus.paths)
    assert corpus.root == folder / "GAPED"


def test_scales(folder: Path) -> None:
    rewrite(folder, f"{GAPED_HEADER}\nH001.bmp\t0\t(0)\t100\t(70.7)\nH003.bmp\t50\t(1)\t25\t(2)\n")
    table = gaped.load(folder).table.set_index("picture")
    assert table.loc["H001", ["valence_1to9", "arousal_1to9"]].tolist() == [1.0, 9.0]
    assert table.loc["H003", ["valence_1to9", "arousal_1to9"]].tolist() == [5.0, 3.0]
    assert table.loc["H003", NUMBERS].tolist() == [50.0, 1.0, 25.0, 2.0]


def test_what_is_counted(folder: Path) -> None:
    attrs = gaped.load(folder).table.attrs
    assert (attrs["expected"], attrs["rated"], attrs["found"], attrs["missing"]) == (730, 18, 17, [GONE])
    assert (attrs["repeated"], attrs["unlisted"], attrs["without_table"]) == (1, 1, [])
    assert attrs["per_class"] == dict.fromkeys(gaped.KINDS.values(), 3) | {"spider": 2}


def test_the_card_explains_every_column(folder: Path) -> None:
    explained = {part for key in gaped.CARD.labels for part in key.split(", ")}
    assert explained == set(gaped.load(folder).table.columns) - {"image", "split"}


def test_however_it_was_unpacked_the_content_is_the_same(tmp_path: Path) -> None:
    before = gaped.load(write_gaped(tmp_path / "a", faults=False)).content_hash
    flat = write_gaped(tmp_path / "b", nested=False, faults=False)
    assert gaped.load(flat).content_hash == before
    for picture in flat.glob("*/*.bmp"):
        picture.rename(flat / picture.name)
    assert gaped.load(flat).content_hash == before
    flat.rename(tmp_path / "GAPED")
    assert corpora.load("gaped", tmp_path).content_hash == before


def lines_of_form(form: str) -> str:
    """The rows of H in one of the forms that a table may have."""
    lines = []
    for name, (v, vsd, a, asd) in gaped_rows("H").items():
        lines.append(
            {
                "in cells": f"{name}.jpg\t{v}\t{vsd}\t{a}\t{asd}",
                "together": f"{name}\t{v} ({vsd})\t{a}({asd})",
                "turned": f"{a}\t{v}\t{asd}\t{vsd}\t{name.lower()}.BMP",
                "spaces": f"  {name}.bmp   {v} ({vsd})   {a} ( {asd} )",
                "more": f"{name}.bmp\t{v}\t({vsd})\t{a}\t({asd})\t55.5\t(1)",
            }[form]
        )
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("File\tValence mean\tValence SD\tArousal mean\tArousal SD", "in cells"),
        ("\tvalence\tsd\tarousal\tsd", "in cells"),
        ("Picture\tVALENCE (SD)\tAROUSAL (SD)", "together"),
        ("\tValence\tArousal", "together"),
        ("Arousal\tValence\tSD of arousal\tstandard deviation of valence\tName", "turned"),
        ("Valence (SD) Arousal (SD)", "spaces"),
        ("   Valence Arousal", "spaces"),
        ("\tValence\tSD\tArousal\tSD\tExternal norm\tSD", "more"),
        ("\tValence\tArousal\tInternal norm", "more"),
        ("Ratings of 0 to 100\n\n\tValence\t\tArousal", "together"),
    ],
)
def test_columns_are_told_by_the_header(folder: Path, header: str, form: str) -> None:
    before = gaped.load(folder).table
    for line_end in ("\n", "\r", "\r\n"):
        rewrite(folder, f"{header}\n{lines_of_form(form)}".replace("\n", line_end))
        assert gaped.load(folder).table.equals(before)


def test_a_table_without_deviations(folder: Path) -> None:
    rewrite(folder, "\tArousal\tValence\nH001.bmp\t10\t20\nH001.bmp\t10\t20\n")
    table = gaped.load(folder).table
    row = table.set_index("picture").loc["H001"]
    assert (row["arousal"], row["valence"]) == (10.0, 20.0)
    assert math.isnan(row["arousal_sd"]) and math.isnan(row["valence_sd"])
    assert table.attrs["repeated"] == 2  # that of N, and this one


def test_kinds_that_are_absent(folder: Path) -> None:
    (folder / "GAPED" / "H_with SD.txt").unlink()
    with pytest.warns(UserWarning, match="gaped: no picture of human rights violation in"):
        attrs = gaped.load(folder).table.attrs
    assert (attrs["without_table"], attrs["unlisted"], attrs["found"]) == (["H"], 4, 14)


def test_verifying(folder: Path, tmp_path: Path) -> None:
    corpus = gaped.load(folder)
    corpus.paths[1].write_bytes(corpus.paths[8].read_bytes())
    report = corpora.verify("gaped", tmp_path, progress=False)
    assert report.ok and report.exact_duplicates == [["A/A003.bmp", "N/N005.bmp"]]
    table = gaped.load(folder).table
    assert table["group"][8] == table["group"][1] == "A/3"
    assert table.attrs["conflicting"] == 1


# What is refused


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("H001.bmp\t15.25", "H001.bmp\t100.5", "line 2, column 'valence': '100.5' is outside the range"),
        ("H001.bmp\t15.25", "H001.bmp\t-1", "line 2, column 'valence': '-1' is outside the range"),
        ("H001.bmp\t15.25", "H001.bmp\t", "line 2: 4 cells, the header has 5"),
        ("H001.bmp\t15.25", "H001.bmp\t15,25", "line 2, column 'valence': '15,25' is not a number"),
        ("H001.bmp\t15.25\t(3)", "H001.bmp\t(15.25)\t3", "line 2: numbers in brackets have to be the standard dev"),
        ("H001.bmp\t15.25\t(3)", "H001.bmp\t15.25\t(71)", "line 2, column 'valence_sd': '71' is outside the range"),
        ("H001.bmp", "", "line 2: 4 cells, the header has 5"),
        ("H001.bmp", "A001.bmp", "line 2, column 'name': 'A001.bmp' is not a picture of this table; it has to be H"),
        ("H001.bmp", "Hx.bmp", "line 2, column 'name': 'Hx.bmp' is not a picture"),
        ("H003.bmp", "h1.jpg", "line 3: 'H/1' is 16.25, .* here and 15.25, .* in .*, line 2; keep one"),
        ("Arousal", "Calm", ": no line before the first picture is a header"),
        ("Arousal", "Valence", ": no line before the first picture is a header"),
        ("\tSD\r", "\tSD\tArousal\r", "line 1: the header names 'arousal' more than once"),
        ("\tValence\tSD\tArousal\tSD\r\n", "", ": no line before the first picture is a header"),
    ],
)
def test_wrong_rows(folder: Path, old: str, new: str, fault: str) -> None:
    text = gaped_text(gaped_rows("H"))
    assert old in text
    rewrite(folder, text.replace(old, new, 1))
    with pytest.raises(BadInput, match=rf"H_with SD\.txt(, )?{fault}"):
        gaped.load(folder)


def test_two_files_for_one(folder: Path) -> None:
    write_picture(folder / "GAPED" / "A001.jpg", 1)
    with pytest.raises(BadInput, match="A/A001.bmp and A001.jpg are two files of picture A/1; keep one"):
        gaped.load(folder)
    (folder / "GAPED" / "A001.jpg").unlink()
    (folder / "GAPED" / "a_with_sd.TXT").write_text("")
    with pytest.raises(BadInput, match="are two tables of one kind; keep one"):
        gaped.load(folder)


def test_absent_parts(folder: Path, tmp_path: Path) -> None:
    for picture in [*folder.rglob("*.bmp"), *folder.rglob("*.BMP")]:
        picture.unlink()
    with pytest.raises(Unavailable, match="none of the 18 pictures that its tables list"):
        gaped.load(folder)
    for table in folder.rglob("*SD.txt"):
        table.unlink()
    for place in (folder, tmp_path / "new"):
        with pytest.raises(Unavailable, match="no table called 'A_with SD.txt'"):
            gaped.load(place)


def test_fetch_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    assert gaped.fetch(folder) == folder
    with pytest.raises(Unavailable, match="by hand.*: see https://www.unige.ch/cisa/"):
        gaped.fetch(tmp_path / "new")


# Hostile rows

CELLS = st.one_of(
    st.text(max_size=8), st.text("0123456789.,-+eE()\t \r\n", max_size=7), st.floats(-10, 110).map(str),
    st.integers(0, 100).map(str), st.integers(0, 60).map(lambda number: f"({number})"),
    st.sampled_from(["h003.BMP", "H3", "H005.bmp", "A001.bmp", "nan", "(2", "2)", "()", "((2))"]),
)  # fmt: skip


@settings(max_examples=300)
@given(position=st.integers(0, 4), value=CELLS)
def test_no_damaged_cell_gives_a_wrong_label(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: str
) -> None:
    base = tmp_path_factory.getbasetemp() / "hostile-gaped"
    root = base / "gaped" if base.exists() else write_gaped(base, faults=False)
    lines = gaped_text(gaped_rows("H"), line_end="\n").split("\n")
    cells = lines[2].split("\t")
    cells[position] = "@@"
    text = "\n".join([*lines[:2], "\t".join(cells), *lines[3:]])
    file = root / "GAPED" / "H_with SD.txt"
    file.write_bytes(text.encode().replace(b"@@", value.encode("utf-8", "surrogatepass")))
    try:
        table = gaped.load(root).table.set_index("picture")
    except BadInput as error:
        assert re.search(r"H_with SD\.txt, line \d+", str(error))
        return
    for name, row in table.iterrows():
        truth = [float(cell) for cell in gaped_rows(name.rstrip("0123456789"))[name]]
        if name == "H003" and position:
            truth[position - 1] = float(value.strip().strip("()"))
        assert row[NUMBERS].tolist() == truth
    assert set(table.index) >= {name for code in KINDS for name in gaped_rows(code)} - {"H003"}
