"""A small book is built by the real builder."""

from __future__ import annotations

import json
import re
import subprocess
from html.parser import HTMLParser

import pytest

from emolib import site
from emolib.errors import BadInput, EmolibError
from tests.fixtures.book import ALTS, CHAPTER, OPENING_ALT, markdown, notebook, png, write_run


class Reader(HTMLParser):
    """The attributes of every tag of a kind, in the order of the page."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.tag, self.found = tag, []

    def handle_starttag(self, tag, attrs):
        if tag == self.tag:
            self.found.append(dict(attrs))


def tags(text: str, tag: str) -> list[dict]:
    reader = Reader(tag)
    reader.feed(text)
    return reader.found


def silent(message: str) -> None:
    """Takes the place of print."""


@pytest.fixture
def page(built):
    return (built / "book" / "_build" / "html" / "chapters" / f"{CHAPTER}.html").read_text(encoding="utf-8")


@pytest.mark.slow
class TestBuilt:
    def test_each_figure_of_a_cell_has_its_own_description(self, page):
        figures = [image["alt"] for image in tags(page, "img") if "_images/" in image["src"]]
        assert figures == list(ALTS)

    def test_the_first_page_shows_the_picture_that_a_chapter_left(self, built):
        intro = (built / "book" / "_build" / "html" / "intro.html").read_text(encoding="utf-8")
        assert [image["alt"] for image in tags(intro, "img") if "_images/" in image["src"]] == [OPENING_ALT]
        assert "Three bars." in intro

    def test_mathematics_needs_no_other_host(self, built, page):
        scripts = [script["src"] for script in tags(page, "script") if "src" in script]
        mathjax = [source for source in scripts if "mathjax" in source]
        assert len(mathjax) == 1 and not [source for source in scripts if "//" in source]
        html = built / "book" / "_build" / "html"
        assert (html / "chapters" / mathjax[0].split("?")[0]).resolve().stat().st_size > 500_000
        assert list((html / "_static" / "mathjax").rglob("*.woff"))

    def test_a_citation_and_a_word_of_the_glossary_are_links(self, page):
        links = [link.get("href", "") for link in tags(page, "a")]
        assert "../glossary.html#term-valence" in links
        assert any(link.startswith("../bibliography.html#") for link in links)

    def test_the_solution_is_folded_and_whole(self, page):
        box = re.search(
            r'<div class="([^"]*\bsolution\b[^"]*)"(.*?)<section|<div class="([^"]*\bsolution\b[^"]*)"', page, re.S
        )
        assert box and "dropdown" in (box[1] or box[3])
        inside = page[box.start() : page.index("What to take along", box.start())]
        assert "the answer is 3" in inside and "less" in inside
        assert "Exercise 1: How many folds?" in page and "Exercise (Exercise" not in page

    def test_what_the_machine_injected_is_not_published(self, built):
        html = built / "book" / "_build" / "html"
        texts = [path.read_text(encoding="utf-8") for path in (*html.rglob("*.html"), *html.rglob("*.ipynb"))]
        assert len(texts) > 8 and not any("somebody" in text for text in texts)

    def test_a_folder_of_this_machine_goes_by_another_name(self, built, page):
        assert "loss 0.5 in ./runs" in page and str(built) not in page

    def test_launch_and_source_buttons_follow_the_setting(self, page):
        links = [link.get("href", "") for link in tags(page, "a")]
        assert (
            len(
                [
                    link
                    for link in links
                    if "colab" in link and link.endswith(f"/blob/notebooks/notebooks/{CHAPTER}.ipynb")
                ]
            )
            == 1
        )
        assert len([link for link in links if "mybinder" in link]) == 1
        assert len([link for link in links if link.endswith(f"/blob/main/notebooks/{CHAPTER}.py")]) == 1

    def test_a_second_build_starts_nothing(self, built, monkeypatch):
        def refuse(*args, **kwargs):
            raise AssertionError("the builder was started")

        monkeypatch.setattr(subprocess, "run", refuse)
        said = []
        assert site.build(built, echo=said.append) == built / "book" / "_build" / "html"
        assert said == ["The site is up to date: nothing has changed since it was built."]

    def test_anything_that_changes_starts_it_again(self, built, monkeypatch):
        class Started(Exception):
            pass

        def start(*args, **kwargs):
            raise Started

        monkeypatch.setattr(subprocess, "run", start)
        state = built / "book" / "_build" / "site.json"
        before = state.read_text()
        metrics = built / "runs" / "laptop" / CHAPTER / "metrics.json"
        for path in (built / "book" / "glossary.md", built / "book" / "_static" / "custom.css", metrics):
            content = path.read_text(encoding="utf-8")
            path.write_text(
                content.replace('"seed": 7', '"seed": 8') if path == metrics else content + "\n", encoding="utf-8"
            )
            with pytest.raises(Started):
                site.build(built, echo=silent)
            path.write_text(content, encoding="utf-8")
            state.write_text(before)
        monkeypatch.undo()


@pytest.mark.slow
def test_a_warning_stops_the_build_every_time(project):
    """A builder that reads only what changed would forget the warning the second time."""
    (project / "book" / "glossary.md").write_text(
        "# Glossary\n\n```{glossary}\nvalence\n  See {term}`no such word`.\n```\n"
    )
    intro = "# Small\n\nThe {term}`valence`.\n\n## What a verdict means\n\nNothing.\n"
    (project / "book" / "intro.md").write_text(intro)
    for _ in range(2):
        with pytest.raises(EmolibError, match=r"glossary\.md:5.*no such word"):
            site.build(project, echo=silent)
    assert not (project / "book" / "_build" / "site.json").exists()


def test_a_chapter_that_never_ran_is_named(project):
    toc = project / "book" / "_toc.yml"
    toc.write_text(toc.read_text() + "  - file: chapters/02_absent\n")
    with pytest.raises(
        BadInput, match="chapters/02_absent, which has not been run: python -m emolib run 02_absent"
    ) as told:
        site.build(project, echo=silent)
    assert "python -m emolib book --profile laptop --partial" in str(told.value)


@pytest.mark.slow
def test_a_book_of_some_chapters_is_built_as_strictly_and_says_what_is_missing(project):
    toc, said = project / "book" / "_toc.yml", []
    toc.write_text(toc.read_text() + "  - file: chapters/02_absent\n")
    html = site.build(project, echo=said.append, partial=True)
    assert "Left out, for they have not been run in the profile 'laptop': 02_absent." in said
    about = (html / "run" / "about.html").read_text(encoding="utf-8")
    assert ">02_absent<" in about and ">CHAPTERS=02<" in about
    assert not [path for path in html.rglob("*.html") if 'href="chapters/02_absent' in path.read_text(encoding="utf-8")]
    (project / "book" / "glossary.md").write_text("# Glossary\n\n{term}`no such word`\n")
    with pytest.raises(EmolibError, match="no such word"):
        site.build(project, echo=silent, partial=True)


def test_a_chapter_that_nobody_can_find_is_named(project):
    write_run(project, notebook(markdown("# T")), name="02_unlisted")
    (project / "notebooks").mkdir()
    (project / "notebooks" / "02_unlisted.py").write_text("# %%\n")
    with pytest.raises(BadInput, match="02_unlisted was run, but book/_toc.yml does not list"):
        site.build(project, echo=silent)


@pytest.mark.parametrize("content", [None, "chapters: ["])
def test_a_broken_menu_is_named(project, content):
    toc = project / "book" / "_toc.yml"
    toc.unlink() if content is None else toc.write_text(content)
    with pytest.raises(BadInput, match="_toc.yml"):
        site.build(project, echo=silent)


def test_a_first_picture_without_description_is_named(project):
    figures = project / "runs" / "laptop" / CHAPTER / "figures"
    figures.mkdir()
    (figures / "opening.png").write_bytes(png(1))
    with pytest.raises(EmolibError, match="opening.png has no description"):
        site.build(project, echo=silent)


def test_a_first_picture_that_is_none_is_named(project):
    figures = project / "runs" / "laptop" / CHAPTER / "figures"
    figures.mkdir()
    (figures / "opening.png").write_text("no picture")
    with pytest.raises(BadInput, match="opening.png is no picture"):
        site.build(project, echo=silent)


def test_what_is_no_longer_generated_is_deleted(project, monkeypatch):
    """Without starting the builder: only what it would read is looked at."""

    class Started(Exception):
        pass

    def start(*args, **kwargs):
        raise Started

    monkeypatch.setattr(subprocess, "run", start)
    stale = project / "book" / "chapters" / "99_gone.ipynb"
    stale.parent.mkdir()
    stale.write_text("{}")
    with pytest.raises(Started):
        site.build(project, echo=silent)
    assert not stale.exists()
    chapter = json.loads((project / "book" / "chapters" / f"{CHAPTER}.ipynb").read_text(encoding="utf-8"))
    assert chapter["cells"][0]["source"]
