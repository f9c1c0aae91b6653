"""FI in each layout that was seen, its votes, and the laboratory's export of it."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.corpora import fi, load
from emolib.corpora.scenes import Parameters, export, records
from emolib.emotions import FI_NUMBERS, MIKELS
from emolib.errors import BadInput, Unavailable
from tests.fixtures.discrete import fi_name, fi_split, fi_votes, write_fi, write_picture

# Emotion, and number within the emotion, of each picture that the fixture writes.
TRUTH = {fi_name(k, n): (emotion, n) for k, emotion in enumerate(MIKELS) for n in range(10)}


def by_name(table):  # noqa: ANN001, ANN201
    return table.assign(name=table["image"].str.rpartition("/")[2]).set_index("name")


# Layouts


@pytest.mark.parametrize("agg", [True, False])
@pytest.mark.parametrize("layout", "bcde")
def test_every_layout_gives_the_same_labels(tmp_path: Path, layout: str, agg: bool) -> None:
    write_fi(tmp_path, layout, agg=agg)
    corpus = load("fi", tmp_path)
    table = by_name(corpus.table)
    assert sorted(table.index) == sorted(TRUTH)
    assert table["emotion"].to_dict() == {name: emotion for name, (emotion, _) in TRUTH.items()}
    assert corpus.table.attrs["layout"] == layout
    assert (corpus.table.attrs["unlisted"], corpus.table.attrs["repeated"], corpus.table.attrs["missing"]) == (0, 0, [])
    if not agg:
        assert list(corpus.table.columns) == ["image", "group", "split", "emotion"]
        return
    for name, (emotion, n) in TRUTH.items():
        no, yes = fi_votes(n)
        row = table.loc[name]
        assert (row["disagree"], row["agree"], row["query"]) == (no, yes, emotion)
        assert row["accepted"] == (n != 7)
    assert (corpus.table.attrs["unvoted"], corpus.table.attrs["elsewhere"]) == (0, 0)


@pytest.mark.parametrize("layout", "cde")
def test_lists_and_folders_say_the_split(tmp_path: Path, layout: str) -> None:
    table = by_name(fi.load(write_fi(tmp_path, layout)).table)
    merged = {"c": {}, "d": {"test": "val"}, "e": {"val": "train"}}[layout]  # d has no test, e no validation
    for name, (_, n) in TRUTH.items():
        assert table["split"][name] == merged.get(fi_split(n), fi_split(n))


def test_without_lists_the_split_is_of_the_file_names(tmp_path: Path) -> None:
    first = by_name(fi.load(write_fi(tmp_path, "b", 40)).table)
    (tmp_path / "fi" / "emotion_dataset").rename(tmp_path / "FI")
    again = by_name(fi.load(tmp_path / "FI").table)
    assert first["split"].to_dict() == again["split"].to_dict()
    for emotion in ("amusement", "sadness"):  # the placeholder is one of the others'
        shares = first["split"][first["emotion"] == emotion].value_counts()
        assert shares.to_dict() == {"train": 32, "val": 2, "test": 6}
    assert fi.load(tmp_path / "FI").table.attrs["straddling"] == 0


def test_placeholders_share_a_group(tmp_path: Path) -> None:
    corpus = fi.load(write_fi(tmp_path, "c"))
    table = by_name(corpus.table)
    awe, fear = fi_name(MIKELS.index("awe"), 0), fi_name(MIKELS.index("fear"), 0)
    assert table["group"][fear] == table["group"][awe] == f"awe/{awe}"
    assert table["group"].nunique() == len(TRUTH) - 1
    (corpus.root / "FI" / "Images" / "Anger" / fi_name(1, 3)).write_bytes(corpus.paths[0].read_bytes())
    assert fi.load(corpus.root).table.attrs["straddling"] == 1  # number 3 is a test picture


def test_the_same_content_wherever_it_lies(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b", agg=False)
    before = fi.load(root).content_hash
    for name, place in (("x", "images"), ("y", "."), ("z", "FI/Images")):
        target = tmp_path / name / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(root / "emotion_dataset", target, dirs_exist_ok=True)
        assert fi.load(tmp_path / name).content_hash == before


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "c")
    gone, rejected = root / "FI/Images/Fear" / fi_name(6, 2), root / "FI/Images/Fear" / fi_name(6, 7)
    gone.unlink()
    rejected.unlink()
    lists = root / "FI" / "TrainImages.txt"
    lists.write_text(lists.read_text().replace(f"5/{rejected.name}\n", ""))
    write_picture(root / "FI/Images/Awe/stray.jpg", 1)
    corpus = fi.load(root)
    assert corpus.table.attrs["missing"] == [f"FI/Images/Fear/{gone.name}"]  # the workers turned the other down
    assert corpus.table.attrs["rated"] == 79
    assert corpus.table.attrs["unlisted"] == 1
    assert corpus.counts == "fi: 78 of 23,308 pictures; 1 have a rating but no picture here"


def test_an_accepted_picture_without_a_file_is_missing(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b")
    (root / "emotion_dataset/anger" / fi_name(1, 4)).unlink()
    (root / "emotion_dataset/anger" / fi_name(1, 7)).unlink()
    assert fi.load(root).table.attrs["missing"] == [f"anger/{fi_name(1, 4)}"]


def test_pictures_without_votes_or_with_those_of_another_emotion(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b")
    write_picture(root / "emotion_dataset/anger/new.jpg", 1)
    (root / "emotion_dataset/anger" / fi_name(2, 1)).write_bytes(b"moved from awe")
    table = fi.load(root).table
    assert (table.attrs["unvoted"], table.attrs["elsewhere"]) == (2, 1)
    row = by_name(table).loc["new.jpg"]
    assert math.isnan(row["agree"]) and math.isnan(row["disagree"])
    assert (row["query"], row["accepted"]) == ("", True)


def test_two_addresses_of_one_file_name(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b")
    file = root / "agg" / "awe_0.csv"
    before = file.read_text()
    url = f"https://elsewhere.example/{fi_name(2, 0)}?size=b"
    file.write_text(before + f"awe,{url},0,5\n")
    assert fi.load(root).table.attrs["unvoted"] == 0  # with the same votes it does not matter
    file.write_text(before + f"awe,{url},4,1\n")
    table = fi.load(root).table
    assert table.attrs["unvoted"] == 1
    row = by_name(table).loc[fi_name(2, 0)]
    assert math.isnan(row["agree"]) and (row["query"], row["accepted"]) == ("", True)


def test_folders_of_another_name(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b")
    write_picture(root / "emotion_dataset" / "joy" / "1.jpg", 0)
    with pytest.raises(BadInput, match="joy holds pictures, but its name is no emotion"):
        fi.load(root)


@pytest.mark.parametrize("text", ["9/a.jpg", "0/a.jpg", "a.jpg", "awe/a.jpg", "3/../a.jpg", "3/b/a.jpg", "3 a.jpg"])
def test_wrong_line_of_a_list(tmp_path: Path, text: str) -> None:
    file = write_fi(tmp_path, "c") / "FI" / "ValImages.txt"
    file.write_text(f"\n{text}\n" + file.read_text())
    with pytest.raises(BadInput, match=rf"ValImages\.txt, line 2: '{re.escape(text)}' is not <1-8>/<file>"):
        fi.load(tmp_path / "fi")


def test_a_list_that_names_a_picture_again(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "c")
    train, test = root / "FI" / "TrainImages.txt", root / "FI" / "TestImages.txt"
    lines = train.read_text().splitlines()
    train.write_text("\n".join([*lines, lines[4]]))
    corpus = fi.load(root)
    assert (corpus.table.attrs["repeated"], len(corpus)) == (1, 80)
    test.write_text(test.read_text() + lines[4])
    with pytest.raises(BadInput, match=r"TestImages.txt, line 17: .* is amusement, test here and amusement, train in "):
        fi.load(root)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (["images/awe/x.jpg", 3], "numbers mean different emotions"),
        (["images/awe/x.jpg", "happy"], "does not say which"),
        (["../x.jpg", "awe"], "is not the path of a picture"),
        ([None, "awe"], "is not the path of a picture"),
        (["x.jpg", "awe", 1], "a list of 3 where a list of 2"),
    ],
)
def test_wrong_row_of_a_json_list(tmp_path: Path, row: list, fault: str) -> None:
    root = write_fi(tmp_path, "e")
    rows = json.loads((root / "test.json").read_text())
    (root / "test.json").write_text(json.dumps([rows[0], row]))
    with pytest.raises(BadInput, match=f"test.json, row 2: .*{fault}"):
        fi.load(root)


def test_json_lists_of_bare_names(tmp_path: Path) -> None:
    """`[file, label]` with the pictures in layout b's folders, and other folders of pictures beside them."""
    root = write_fi(tmp_path, "b", agg=False)
    rows = [[name, emotion.upper()] for name, (emotion, _) in TRUTH.items()]
    (root / "train.json").write_text(json.dumps(rows))
    write_picture(root / "holiday" / "1.jpg", 0)
    corpus = fi.load(root)
    assert corpus.table.attrs["layout"] == "e"
    assert by_name(corpus.table)["emotion"].to_dict() == {name: emotion for name, (emotion, _) in TRUTH.items()}


# Votes


def test_votes(tmp_path: Path) -> None:
    table = fi.votes(write_fi(tmp_path, "a"))
    assert list(table.columns) == ["query", "url", "disagree", "agree"]
    assert len(table) == 80
    for row in table.itertuples():
        emotion, n = TRUTH[row.url.rpartition("/")[2]]
        assert (row.query, (row.disagree, row.agree)) == (emotion, fi_votes(n))
    assert table.attrs == {"files": dict.fromkeys(MIKELS, 7), "repeated": 0}
    with pytest.raises(Unavailable, match="no pictures of FI.*It has votes"):
        fi.load(tmp_path / "fi")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("awe,http://x.example/a.jpg,-1,3", "column 'disagree': '-1' is outside the range; it has to be from 0 to 5"),
        ("awe,http://x.example/a.jpg,0,6", "column 'agree': '6' is outside the range; it has to be from 0 to 5"),
        ("awe,http://x.example/a.jpg,3,3", "column 'agree': '3' and 3 against make 6 votes; 5 were asked"),
        ("awe,http://x.example/a.jpg,0,0", "make 0 votes"),
        ("awe,http://x.example/a.jpg,1.5,3", "is not a whole number"),
        ("awe,http://x.example/a.jpg,,3", "is not a number"),
        ("awe,http://x.example/a.jpg,nan,3", "is not a number"),
        ("awe,http://x.example/a.jpg,1", "3 cells; a row is emotion, url, disagree, agree"),
        ("awe,http://x.example/a,b.jpg,1,4", "5 cells"),
        ("aww,http://x.example/a.jpg,1,4", "unknown mikels label 'aww'; nearest: awe"),
        ("fear,http://x.example/a.jpg,1,4", "column 'emotion': 'fear' is not awe, as the name of the file says"),
        (",http://x.example/a.jpg,1,4", "column 'emotion': '' is empty"),
        ("awe,http://x.example/,1,4", "does not end in the name of a file"),
        ('awe,"http://x.example/a.jpg,1,4', "quote|end of data"),
    ],
)
def test_wrong_votes(tmp_path: Path, line: str, fault: str) -> None:
    file = write_fi(tmp_path, "b") / "agg" / "awe_3.csv"
    file.write_text("awe,http://x.example/first.jpg,1,4\n" + line + "\n")
    for read in (fi.votes, fi.load):
        with pytest.raises(BadInput, match=rf"awe_3\.csv, line 2.*({fault})"):
            read(tmp_path / "fi")


def test_more_votes_than_five_may_be_allowed(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "b")
    (root / "agg" / "awe_3.csv").write_text(f"awe,http://x.example/{fi_name(2, 3)},1,6\n")
    with pytest.raises(BadInput, match="from 0 to 5"):
        fi.load(root)
    assert by_name(fi.load(root, asked=10).table)["agree"][fi_name(2, 3)] == 6


def test_rows_of_votes_that_are_there_twice(tmp_path: Path) -> None:
    root = write_fi(tmp_path, "a")
    file = root / "agg" / "awe_3.csv"
    line = file.read_text().splitlines()[0]
    file.write_text(f"{line}\n{line}\n")
    assert fi.votes(root).attrs["repeated"] == 1
    file.write_text(f"{line}\n{line[:-3]}1,2\n")
    with pytest.raises(BadInput, match=r"awe_3\.csv, line 2: .* is 1, 2 here and 0, 3 in .*awe_3\.csv, line 1"):
        fi.votes(root)


@pytest.mark.parametrize(("name", "fault"), [("joy_0.csv", "joy_0.csv: label 'joy'"), ("awe.csv", "is not <emotion>_")])
def test_wrong_file_of_votes(tmp_path: Path, name: str, fault: str) -> None:
    (write_fi(tmp_path, "a") / "agg" / name).write_text("")
    with pytest.raises(BadInput, match=fault):
        fi.votes(tmp_path / "fi")


CELLS = st.one_of(st.text(max_size=8), st.text("0123456789.,-+e\"' \r\n", max_size=6), st.integers(-2, 9).map(str))


@settings(max_examples=200)
@given(cells=st.lists(CELLS, min_size=3, max_size=5), data=st.none() | st.binary(max_size=80))
def test_hostile_votes(tmp_path_factory: pytest.TempPathFactory, cells: list[str], data: bytes | None) -> None:
    """Whatever a file holds, votes are whole and within bounds, or a BadInput names the file and a line."""
    folder = tmp_path_factory.getbasetemp() / "hostile-votes"
    (folder / "agg").mkdir(parents=True, exist_ok=True)
    text = "\n".join(["awe,http://x/1.jpg,0,5", ",".join(["awe", "http://x/2.jpg", *cells[1:]]), ",".join(cells)])
    (folder / "agg" / "awe_0.csv").write_bytes(data if data is not None else text.encode("utf-8", "surrogatepass"))
    try:
        table = fi.votes(folder)
    except BadInput as error:
        assert re.search(r"awe_0\.csv, line \d+", str(error))
        return
    assert set(table["query"]) <= {"awe"}
    total = table["disagree"] + table["agree"]
    assert ((total >= 1) & (total <= 5) & (table["disagree"] >= 0) & (table["agree"] >= 0)).all()


# The laboratory's export


@pytest.mark.filterwarnings("ignore:fi. no picture of")  # sixty scenes may lack an emotion
def test_the_laboratory_as_fi(tmp_path: Path) -> None:
    parameters = Parameters(60, 32, 3, duplicates=0.3)
    export(parameters, tmp_path / "fi", "fi", progress=False)
    truth = records(parameters)
    truth.index = truth["image"].str.rpartition("/")[2]
    corpus = load("fi", tmp_path)
    table = by_name(corpus.table)
    yes = {row.Index: getattr(row, f"votes_{row.query}") for row in truth.itertuples()}
    assert sorted(table.index) == sorted(name for name, agree in yes.items() if agree > 2)
    assert corpus.table.attrs["missing"] == []
    for name, row in table.iterrows():
        assert (row["emotion"], row["query"], row["split"]) == (
            *truth.loc[name, ["query", "query"]],
            truth["split"][name],
        )
        assert (row["agree"], row["disagree"], row["accepted"]) == (yes[name], 5 - yes[name], True)
        assert row["image"] == f"FI/Images/{row['emotion'].capitalize()}/{name}"
    votes = fi.votes(tmp_path / "fi")
    assert dict(zip(votes["url"].str.rpartition("/")[2], votes["agree"], strict=True)) == yes


# Fetching


def test_fetch_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be downloaded by a program.*emoset118k"):
        fi.fetch(tmp_path / "new")
    root = write_fi(tmp_path, "b")
    assert fi.fetch(root) == root
    with pytest.raises(Unavailable, match="no pictures of FI"):
        fi.load(tmp_path / "new")


def test_numbers_of_the_lists() -> None:
    assert [FI_NUMBERS[n] for n in range(1, 9)] == [
        "amusement", "contentment", "awe", "excitement", "fear", "sadness", "disgust", "anger",
    ]  # fmt: skip
