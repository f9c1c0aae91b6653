"""Keywords are cleaned, ranked and counted alike from a frame, a file or shards; what is wrong is named."""

from __future__ import annotations

import tempfile
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emolib.curation import keywords, keywordstats
from emolib.errors import BadInput, EmolibError

ROWS = [
    ("b.jpg", "Joy"),
    ("b.jpg", "  joy "),
    ("b.jpg", "tree"),
    ("a.jpg", "joy"),
    ("a.jpg", "cafe\u0301"),
    ("c.jpg", None),
    ("d.jpg", ""),
    ("d.jpg", " \t\u3000"),
    ("e.jpg", "Caf\u00c9"),
    ("e.jpg", "sea \u00a0 side"),
]
CLEAN = {
    ("b.jpg", "joy"),
    ("b.jpg", "tree"),
    ("a.jpg", "joy"),
    ("a.jpg", "café"),
    ("e.jpg", "café"),
    ("e.jpg", "sea side"),
}


def frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["image", "keyword"])


def pairs(table: keywords.Table, path: Path) -> list[tuple[str, str]]:
    keywords.write(table, path)
    return list(pd.read_parquet(path).itertuples(index=False, name=None))


@pytest.fixture(params=["frame", "csv", "parquet", "shards"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> pd.DataFrame | Path:
    whole = frame(ROWS)
    if request.param == "frame":
        return whole
    if request.param == "csv":
        whole.to_csv(tmp_path / "rows.csv", index=False)
        return tmp_path / "rows.csv"
    if request.param == "parquet":
        whole.assign(more=1).to_parquet(tmp_path / "rows.parquet")
        return tmp_path / "rows.parquet"
    folder = tmp_path / "shards"
    (folder / "part=2").mkdir(parents=True)
    (folder / "_SUCCESS").write_text("")
    whole[:1].to_parquet(folder / "0.parquet")
    whole[1:].to_parquet(folder / "part=2" / "1.parquet")
    return folder


def test_every_source_gives_the_same_table(source: pd.DataFrame | Path, tmp_path: Path) -> None:
    with keywords.read(source, spill=tmp_path / "spill") as table:
        counts = table.counts
        assert (counts.rows, counts.empty, counts.repeated, counts.pairs) == (10, 3, 1, 6)
        # Respelled: Joy, "  joy ", e with an accent of its own, a capital, and wide spaces.
        assert (counts.images, counts.keywords, counts.without_keywords, counts.respelled) == (5, 4, 2, 5)
        assert counts.rows == counts.empty + counts.repeated + counts.pairs
        several = {"shards": 1}.get(getattr(source, "name", ""), 0)
        assert counts.in_several_files == several
        assert pairs(table, tmp_path / "out.parquet") == sorted(CLEAN)
        ranked = keywords.ranking(table)
        assert ranked["keyword"].tolist() == ["café", "joy", "sea side", "tree"]  # ties in the order of the words
        assert ranked["images"].tolist() == [2, 2, 1, 1] and ranked["share"].tolist() == [0.4, 0.4, 0.2, 0.2]
        assert keywords.ranking(table, top=1)["keyword"].tolist() == ["café"]
        assert keywords.ranking(table, at_least=2)["keyword"].tolist() == ["café", "joy"]
        assert keywords.ranking(table, top=9, at_least=3).empty
    assert not list((tmp_path / "spill").iterdir())


LETTERS = st.text(st.sampled_from("aAbBéÉe\u0301\u0308 \t\u00a0\u2003|'\"%,;\n"), max_size=6)
TABLES = st.lists(st.tuples(st.sampled_from(["1", "2", "3", "x,y"]), LETTERS | st.none()), max_size=25)


@settings(max_examples=15)
@given(rows=TABLES, cut=st.integers(0, 25))
def test_any_text_is_cleaned_as_python_does_it_and_all_rows_are_accounted_for(rows, cut, tmp_path_factory) -> None:
    def tidy(text: str) -> str:
        small = unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", text).split())).lower()
        return unicodedata.normalize("NFC", small)

    expected = {(image, tidy(word)) for image, word in rows if word is not None and tidy(word)}
    folder = tmp_path_factory.mktemp("any")
    for number, part in enumerate((rows[:cut], rows[cut:])):
        frame(part).astype("str").where(frame(part).notna(), None).to_parquet(folder / f"{number}.parquet")
    for where in (frame(rows), folder):
        with keywords.read(where, workers=1) as table:
            counts = table.counts
            assert set(pairs(table, folder / ".out.parquet")) == expected
            assert (counts.rows, counts.pairs) == (len(rows), len(expected))
            assert counts.empty == sum(word is None or not tidy(word) for _, word in rows)
            assert counts.rows == counts.empty + counts.repeated + counts.pairs
            assert counts.images == len({image for image, _ in rows})
            assert counts.without_keywords == counts.images - len({image for image, _ in expected})
            found = keywords.ranking(table)
            times = Counter(word for _, word in expected)
            assert list(zip(found["keyword"], found["images"], strict=True)) == sorted(
                times.items(), key=lambda item: (-item[1], item[0])
            )


def test_spellings_that_look_alike_are_one_keyword(tmp_path: Path) -> None:
    with keywords.read(frame([("a", "\u0130zmir"), ("a", "I\u0307ZMIR"), ("a", "A\u030a"), ("a", "\u212b")])) as table:
        assert (table.counts.keywords, table.counts.repeated) == (2, 2)
        once = pairs(table, tmp_path / "once.parquet")
    with keywords.read(tmp_path / "once.parquet") as again:  # cleaning what is clean changes nothing
        assert again.counts.respelled == 0 and pairs(again, tmp_path / "twice.parquet") == once


def test_order_memory_and_threads_change_no_byte(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images, words = random.integers(0, 9000, 60_000), random.zipf(1.5, 60_000)
    rows = frame([(f"{image:05d}", f"word {word}") for image, word in zip(images, words, strict=True)])
    written = []
    for number, how in enumerate(({"workers": 1}, {"workers": 2, "memory": "64MB"}, {"workers": 2})):
        shuffled = rows.sample(frac=1, random_state=number)
        folder = tmp_path / str(number)
        folder.mkdir()
        for shard in range(number + 1):
            shuffled[shard :: number + 1].to_parquet(folder / f"{shard}.parquet")
        with keywords.read(folder, **how) as table:
            pairs(table, tmp_path / f"{number}.parquet")
            ranked = keywords.ranking(table, top=50).to_csv()
            sample = keywordstats.to_check(table, ["word 1", "word 2"], 40, seed=3).to_csv()
        written.append(((tmp_path / f"{number}.parquet").read_bytes(), ranked, sample))
    assert written[0] == written[1] == written[2]


# ------------------------------------------------------------------------------------------------------------- refusals
def test_a_wrong_encoding_is_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(b"image,keyword\na,joy\nb,tree\nc,caf\xe9\nd,sea\n")
    with pytest.raises(BadInput, match=r"latin\.csv, line 4: .*UTF-8"):
        keywords.read(file)
    file.write_bytes("image,keyword\na,joy\n".encode("utf-16"))
    with pytest.raises(BadInput, match=r"latin\.csv, line 1: .*UTF-8"):
        keywords.read(file)
    file.write_bytes("\ufeffimage,keyword\r\na,joy\r\n".encode())
    with keywords.read(file) as table:
        assert table.counts.pairs == 1


@pytest.mark.parametrize("word", ["cafÃ©", "caf\ufffd", "caf\x85\x00", "a\x07b", "\x80"])
def test_text_that_was_read_in_a_wrong_encoding_is_named_by_file_and_row(word: str, tmp_path: Path) -> None:
    frame([("a", "joy")]).to_parquet(tmp_path / "0.parquet")
    frame([("b", "sea"), ("c", word)]).to_parquet(tmp_path / "1.parquet")
    with pytest.raises(BadInput, match=r"1\.parquet, row 2: .*wrong encoding"):
        keywords.read(tmp_path)
    with pytest.raises(BadInput, match="data frame, row 1"):
        keywords.read(frame([("c", word)]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", b"hello, this is no parquet", r"x\.parquet is no Parquet file"),
        ("x.parquet", b"", r"x\.parquet is no Parquet file"),
        ("x.csv", b"", r"x\.csv, line 1: the column 'image' is missing"),
        ("x.csv", b"image,tag\na,b\n", r"x\.csv, line 1: the column 'keyword' is missing"),
        ("x.csv", b"image,keyword,image\na,b,c\n", r"x\.csv, line 1: the column 'image' stands there more than once"),
        ("x.csv", b"image,keyword\na,b,c\n", r"x\.csv is no CSV file that can be read: .*Line: 2"),
        ("x.csv", b"image,keyword\na,b\n ,c\n", r"x\.csv, row 2: the name of the picture is missing"),
        ("x.txt", b"image,keyword\n", r"x\.txt: a table of keywords is"),
    ],
)
def test_files_that_are_no_tables_are_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=message):
        keywords.read(tmp_path / name)


def test_shards_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not there"):
        keywords.read(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="no .parquet file"):
        keywords.read(tmp_path)
    good = frame([("a", "joy")])
    good.to_parquet(tmp_path / "0.parquet")
    bad = tmp_path / "1.parquet"
    for other, message in (
        (good.rename(columns={"keyword": "tag"}), "column 'keyword' is missing"),
        (good.assign(keyword=3), "'keyword' holds BIGINT, not text"),
        (good.assign(image=1.5), "'image' holds DOUBLE"),
        (pd.concat([good, frame([(None, "sea")])]), "row 2: the name of the picture is missing"),
    ):
        other.to_parquet(bad)
        with pytest.raises(BadInput, match=rf"1\.parquet.*{message}"):
            keywords.read(tmp_path)
    good.to_parquet(bad)
    bad.write_bytes(bad.read_bytes().replace(b"joy", b"j\xe9y"))
    with pytest.raises(BadInput, match=r"1\.parquet is no Parquet file that can be read"):
        keywords.read(tmp_path)
    bad.rename(tmp_path / "1.csv")
    with pytest.raises(BadInput, match=r"1\.csv is no \.parquet file"):
        keywords.read(tmp_path)


def test_frames_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="'keyword' is missing"):
        keywords.read(pd.DataFrame({"image": ["a"]}))
    with pytest.raises(BadInput, match="row 2: keyword 3 is not a text"):
        keywords.read(pd.DataFrame({"image": ["a", "b"], "keyword": ["x", 3]}, dtype=object))
    with pytest.raises(BadInput, match="row 1: .*wrong encoding"):
        keywords.read(pd.DataFrame({"image": ["a"], "keyword": ["\ud800"]}, dtype=object))
    with keywords.read(pd.DataFrame({"image": [10, 9], "keyword": ["x", "y"]})) as table:
        assert table.query("SELECT image FROM images ORDER BY id")["image"].tolist() == ["10", "9"]
    for how in ({"memory": "much"}, {"workers": 0}):
        with pytest.raises(BadInput):
            keywords.read(frame(ROWS), **how)


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    rows = frame([(f"{i}", f"word {i}") for i in range(150_000)])
    rows.to_parquet(tmp_path / "0.parquet")
    with pytest.raises(EmolibError, match="more memory"):
        keywords.read(tmp_path, memory="2MB", spill=tmp_path / "spill")
    assert not list((tmp_path / "spill").iterdir())


def test_only_a_memory_that_cannot_be_read_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for memory in ("much", "10 parsecs", ""):
        with pytest.raises(BadInput, match="write it as '512MB'"):
            keywords.read(frame(ROWS), memory=memory, spill=tmp_path)
    # Well written, but less than the engine holds before it has read anything.
    with pytest.raises(EmolibError, match="more memory") as caught:
        keywords.read(frame(ROWS), memory="1KB", spill=tmp_path)
    assert not isinstance(caught.value, BadInput)
    for error, wanted, message in (
        (duckdb.IOException("No space left on device"), EmolibError, "No space left on device; .*larger disk"),
        (duckdb.OutOfMemoryException("failed to allocate"), EmolibError, "failed to allocate; .*more memory"),
        (duckdb.InternalException("broken"), duckdb.InternalException, "broken"),
    ):

        def refuse(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(duckdb, "connect", refuse)
            with pytest.raises(wanted, match=message) as caught:
                keywords.read(frame(ROWS), spill=tmp_path)
        assert not isinstance(caught.value, BadInput)
    assert not list(tmp_path.iterdir())


def test_a_database_is_closed_before_its_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, connect, cleanup = [], duckdb.connect, tempfile.TemporaryDirectory.cleanup

    def keep(*arguments: object, **settings: object) -> duckdb.DuckDBPyConnection:
        opened.append(connect(*arguments, **settings))
        return opened[-1]

    def check(place: tempfile.TemporaryDirectory) -> None:
        with pytest.raises(duckdb.ConnectionException, match="closed"):
            opened[-1].execute("SELECT 1")
        cleanup(place)

    monkeypatch.setattr(duckdb, "connect", keep)
    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", check)
    for memory in ("much", "1KB"):
        with pytest.raises(EmolibError):
            keywords.read(frame(ROWS), memory=memory, spill=tmp_path)
    assert len(opened) == 2 and not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------------------- choosing, writing, joining
def test_words_of_emotion_stay_in_the_order_of_the_candidates(tmp_path: Path) -> None:
    chosen = keywords.emotional(["of", "murder", "murder scene", "horror"], data_root=tmp_path)
    assert (chosen.words, chosen.rejected) == (("murder", "horror"), ("of", "murder scene"))
    assert chosen.source == "EmoLex"
    checked = keywords.emotional(frame([("", "sad"), ("", "tree")]), checked={"tree", "quarrel"})
    assert (checked.words, checked.rejected, checked.source) == (("tree",), ("sad",), "a checked list")
    for nothing in ((), "sad"):
        with pytest.raises(BadInput, match="checked"):
            keywords.emotional(["sad"], checked=nothing)


def test_only_chosen_words_are_written_and_nothing_half_written_stays(tmp_path: Path) -> None:
    with keywords.read(frame(ROWS)) as table:
        assert keywords.write(table, tmp_path / "it's.parquet", ["joy", "nothing"]) == 2
        assert pd.read_parquet(tmp_path / "it's.parquet")["image"].tolist() == ["a.jpg", "b.jpg"]
        assert keywords.write(table, tmp_path / "none.parquet", []) == 0
        (tmp_path / "a folder").mkdir()
        with pytest.raises(OSError):
            keywords.write(table, tmp_path / "a folder")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a folder", "it's.parquet", "none.parquet"]


def test_joined_cells_become_rows() -> None:
    rows = keywords.long(["a", "b"], ["joy|and%7Cor", ""])
    assert rows.values.tolist() == [["a", "joy"], ["a", "and|or"], ["b", ""]]
    with keywords.read(rows) as table:
        assert (table.counts.images, table.counts.without_keywords) == (2, 1)
    with pytest.raises(BadInput):
        keywords.long(["a"], [])


# ----------------------------------------------------------------------------------------------------------- statistics
def test_keywords_a_picture() -> None:
    with keywords.read(frame(ROWS)) as table:
        every = keywordstats.per_image(table, quantiles=(0, 0.4, 0.41, 0.5, 1))
        assert (every.images, every.mean, every.without) == (5, 1.2, 2)
        assert every.histogram.tolist() == [2, 0, 3]
        assert every.quantiles == {0: 0, 0.4: 0, 0.41: 2, 0.5: 2, 1: 2}
        some = keywordstats.per_image(table, ["joy", "tree", "nothing"])
        assert some.histogram.tolist() == [3, 1, 1] and some.mean == 0.6
        assert keywordstats.per_image(table, []).histogram.tolist() == [5]
        with pytest.raises(BadInput):
            keywordstats.per_image(table, quantiles=(2,))
    with keywords.read(frame([])) as table, pytest.raises(BadInput, match="no picture"):
        keywordstats.per_image(table)


@settings(max_examples=10)
@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=12))
def test_cooccurrence_is_that_of_counting_pairs(pictures: list[set[str]]) -> None:
    rows = [(str(i), word) for i, words in enumerate(pictures) for word in sorted(words) or [""]]
    names = ["d", "a", "c", "z"]
    expected = np.zeros((4, 4), int)
    for words in pictures:
        for i, j in [*combinations(range(4), 2), *((k, k) for k in range(4))]:
            both = int(names[i] in words and names[j] in words)
            expected[i, j] += both
            expected[j, i] += both * (i != j)
    with keywords.read(frame(rows), workers=1) as table:
        dense = keywordstats.cooccurrence(table, names)
        thin = keywordstats.cooccurrence(table, names, form="sparse")
        assert isinstance(dense, np.ndarray) and not isinstance(thin, np.ndarray)
        assert (dense == expected).all() and (thin.toarray() == expected).all()
        with pytest.raises(BadInput, match="'a' stands twice"):
            keywordstats.cooccurrence(table, ["a", "b", "a"])


def test_lift_is_one_for_independent_words() -> None:
    counts = np.array([[50, 10, 50, 0], [10, 20, 20, 0], [50, 20, 100, 0], [0, 0, 0, 0]])
    found = keywordstats.lift(counts, 100)
    assert found[0, 1] == 1 and found[0, 2] == 1 and found[1, 1] == 5 and np.isnan(found[3]).all()
    with pytest.raises(BadInput):
        keywordstats.lift(counts, 99)


def test_a_sample_to_check_is_random_whole_and_steady() -> None:
    rows = [(f"{i:03d}", word) for i in range(200) for word in ("sad", "tree", "joy")[: i % 4]]
    with keywords.read(frame(rows)) as table:
        found = keywordstats.to_check(table, ["sad", "joy"], 20, seed=1)
        assert found["image"].nunique() == 20 and set(found["keyword"]) == {"sad", "joy"}
        assert all(int(image) % 4 for image in found["image"])
        whole = {(image, word) for image, word in rows if word != "tree" and image in set(found["image"])}
        assert whole == set(found.itertuples(index=False, name=None))
        assert not found.equals(keywordstats.to_check(table, ["sad", "joy"], 20, seed=2))
        assert keywordstats.to_check(table, ["sad"], 10_000)["image"].nunique() == 150
    with keywords.read(frame([row for row in rows if int(row[0]) < 150])) as fewer:
        again = keywordstats.to_check(fewer, ["sad", "joy"], 20, seed=1)
    both = set(found["image"]) & set(again["image"])
    assert {image for image in found["image"] if int(image) < 150} == both


def checked(wrong: list[int], of: list[int]) -> pd.DataFrame:
    rows = [(str(i), str(j), j >= bad) for i, (bad, n) in enumerate(zip(wrong, of, strict=True)) for j in range(n)]
    return pd.DataFrame(rows, columns=["image", "keyword", "right"])


def test_noise_of_single_keywords_is_a_binomial_share() -> None:
    sample = checked([1] * 15 + [0] * 85, [1] * 100)
    for method in ("wilson", "exact"):
        found = keywordstats.label_noise(sample, method=method)
        assert (found.value, found.wrong, found.checked, found.images) == (0.15, 15, 100, 100)
        # One keyword a picture: the information is that of 99 independent ones (m - 1).
        known = stats.binomtest(15, 100).proportion_ci(method=method)
        assert found.low == pytest.approx(known.low, abs=2e-3) and found.high == pytest.approx(known.high, abs=2e-3)
        for wrong in (0, 1):  # at the ends nothing is left to estimate, and the interval is the library's
            known = stats.binomtest(30 * wrong, 30).proportion_ci(method=method)
            found = keywordstats.label_noise(checked([wrong] * 30, [1] * 30), method=method)
            assert (found.low, found.high) == pytest.approx((known.low, known.high))


def test_noise_that_goes_by_pictures_widens_the_interval_as_much_as_it_should() -> None:
    together = keywordstats.label_noise(checked([10] * 15 + [0] * 85, [10] * 100))
    known = stats.binomtest(15, 100).proportion_ci(method="wilson")  # ten keywords say no more than one
    assert (together.value, together.checked) == (0.15, 1000)
    assert (together.low, together.high) == pytest.approx((known.low, known.high), abs=2e-3)
    spread = keywordstats.label_noise(checked(([1, 2] * 50), [10] * 100))
    assert spread.high - spread.low < 0.5 * (together.high - together.low)


def test_the_interval_of_noise_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    held = []
    for _ in range(150):
        of = random.integers(1, 9, 80)
        chance = random.choice([0.02, 0.5], 80, p=[0.7, 0.3])  # of being wrong, by picture; .164 in all
        found = keywordstats.label_noise(checked(random.binomial(of, chance).tolist(), of.tolist()))
        held.append(found.low <= 0.7 * 0.02 + 0.3 * 0.5 <= found.high)
    assert 0.89 <= np.mean(held) <= 0.99


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="right"), "no column 'right'"),
        (lambda t: t[:0], "no keyword was checked"),
        (lambda t: t.assign(right="yes"), "True or False"),
        (lambda t: pd.concat([t, t[:1]]), "checked twice"),
    ],
)
def test_samples_that_were_not_checked_properly_are_refused(change, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        keywordstats.label_noise(change(checked([1, 0], [2, 2])))
    with pytest.raises(BadInput, match="method"):
        keywordstats.label_noise(checked([1], [2]), method="wald")


def test_the_command_measures_what_it_made() -> None:
    result = CliRunner().invoke(keywords.main, ["--rows", "5000", "--shards", "3", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "rows=5000" in result.output and "images=500" in result.output and "rows/s" in result.output
