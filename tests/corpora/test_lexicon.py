"""The lists of words of emotion: what is in them, which one is used, and what happens when one is damaged or absent."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from emolib.corpora import lexicon
from emolib.emotions import PLUTCHIK
from emolib.errors import BadInput, Unavailable


def write_list(root: Path, words: list[str]) -> Path:
    file = root / "stockemotion" / "emotion_keywords_690.txt"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(words) + "\n", encoding="utf-8")
    return root


def numbered(n: int) -> list[str]:
    return [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(n)]


# EmoLex


def test_emolex_is_the_published_list() -> None:
    table = lexicon.emolex()
    assert table.columns.tolist() == [*PLUTCHIK, "positive", "negative"]
    assert {str(kind) for kind in table.dtypes} == {"bool"}
    assert table.index.name == "word"
    assert table.index.is_unique and table.index.is_monotonic_increasing
    assert all(word == word.lower() for word in table.index)
    # The counts that the authors give for version 0.92 of the list.
    published = {
        "anger": 1247, "anticipation": 839, "disgust": 1058, "fear": 1476, "joy": 689, "sadness": 1191,
        "surprise": 534, "trust": 1231, "negative": 3324, "positive": 2312,
    }  # fmt: skip
    assert table.sum().to_dict() == published
    assert table.any(axis=1).all()


def test_entries_of_emolex() -> None:
    table = lexicon.emolex()

    def associated(word: str) -> set[str]:
        return {column for column in table.columns if table.loc[word, column]}

    assert associated("abandon") == {"fear", "negative", "sadness"}
    assert associated("abacus") == {"trust"}
    assert associated("abba") == {"positive"}


def test_the_package_and_what_it_needs_are_not_imported() -> None:
    code = (
        "import sys; from emolib.corpora import lexicon; lexicon.emolex();"
        "print([name for name in ('nrclex', 'textblob', 'nltk') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(Unavailable, match="nrclex is not installed. Run `python -m pip install .*nrclex`"):
        lexicon.emolex()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"word": 3}',
        '{"word": ["joy", "boredom"]}',
        '{"word": [["joy"]]}',
        json.dumps({"Joy": [*PLUTCHIK, "positive", "negative"], "joy": ["joy"]}),
    ],
)
def test_damaged_data(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "nrc_en.json"
    file.write_text(text)
    monkeypatch.setattr(lexicon, "data_path", lambda *_: file)
    with pytest.raises(BadInput, match="nrc_en.json of nrclex .* is not a list of words"):
        lexicon.emolex()


def test_data_that_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "nrc_en.json"
    file.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setattr(lexicon, "data_path", lambda *_: file)
    with pytest.raises(BadInput, match="nrc_en.json"):
        lexicon.emolex()


# Which list


def test_emolex_where_there_is_no_other_list(tmp_path: Path) -> None:
    words, name = lexicon.emotion_words(tmp_path)
    assert name == "EmoLex"
    assert "abandon" in words
    assert "abba" not in words  # positive, but no emotion
    assert len(words) == 4463


def test_the_list_of_stockemotion_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_list(tmp_path, [word.title() for word in numbered(690)])
    assert lexicon.emotion_words(tmp_path) == (frozenset(numbered(690)), "StockEmotion")
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path))
    assert lexicon.emotion_words()[1] == "StockEmotion"
    assert lexicon.emotion_words(tmp_path / "elsewhere")[1] == "EmoLex"  # only the named place is looked in


@pytest.mark.parametrize("words", [[], numbered(689), [*numbered(689), numbered(1)[0]], numbered(691)])
def test_a_list_of_another_length(words: list[str], tmp_path: Path) -> None:
    write_list(tmp_path, words)
    with pytest.raises(BadInput, match="emotion_keywords_690.txt has .* where 690 have to be"):
        lexicon.emotion_words(tmp_path)


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    write_list(tmp_path, [])
    (tmp_path / "stockemotion" / "emotion_keywords_690.txt").write_bytes(b"\xff\xff")
    with pytest.raises(BadInput, match="cannot be read"):
        lexicon.emotion_words(tmp_path)


def test_the_real_list(real_data: Path) -> None:
    if not (real_data / "stockemotion").is_dir():
        pytest.skip("EMOLIB_DATA has no stockemotion/")
    words, name = lexicon.emotion_words(real_data)
    assert name == "StockEmotion"
    assert len(words) == 690
    assert {"happy", "sad", "abandoned"} <= words
