"""Decks and quizzes in a real browser: no slide overflows, and a quiz needs no more than a keyboard."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from emolib.site import teaching
from emolib.site.teaching.quiz import quiz_markdown, read_quiz
from emolib.site.teaching.slides import deck
from emolib.site.teaching.templates import slide_files
from tests.fixtures.book import ROOT, code, figure, markdown, notebook, stream
from tests.site.conftest import CONTRAST, IN_A_BROWSER

pytestmark = IN_A_BROWSER

LONG = "This sentence goes on about what was measured and what was not, in words that fill a line of the slide. "
#: What sticks out of a slide: its column, or anything in it that has been cut or pushed out.
OVERFLOW = """() => {
  const column = deck.getCurrentSlide().querySelector(".column");
  const box = column.getBoundingClientRect();
  const out = [...column.children].filter((e) => {
    const b = e.getBoundingClientRect();
    return b.bottom > box.bottom + 5 || b.right > box.right + 5 || b.height < 1;
  });
  return [column.scrollHeight - column.clientHeight > 4, column.scrollWidth - column.clientWidth > 4,
          box.bottom > innerHeight, ...out.map((e) => e.outerHTML.slice(0, 80))].filter(Boolean);
}"""

#: How large the figures of a slide are shown, as a share of what a slide with nothing but a title has room for.
SHARES = """() => {
  const column = deck.getCurrentSlide().querySelector(".column"), title = column.querySelector("h1, h2");
  const high = column.clientHeight - title.offsetHeight - 14, wide = column.clientWidth;
  const scale = (image, w, h) => Math.min(w / image.naturalWidth, h / image.naturalHeight);
  return [...column.querySelectorAll("img")].map(
    (image) => scale(image, image.clientWidth, image.clientHeight) / scale(image, wide, high));
}"""


def picture(width: int, height: int):  # noqa: ANN201
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "png")
    shown = figure(1, f"A navy field, {width} by {height}.")
    shown["data"]["image/png"] = base64.b64encode(file.getvalue()).decode()
    return shown


def html(source: str):  # noqa: ANN201
    import nbformat

    return nbformat.v4.new_output("display_data", {"text/html": source})


def rows(count: int, words: str, kind: str) -> str:
    body = "".join(f"<tr><th>{n}</th><td>{words}</td><td>0.12 [0.01, 0.23]</td></tr>" for n in range(count))
    head = "<thead><tr><th>n</th><th>what</th><th>r</th></tr></thead>"
    style = "<style scoped>td {}</style>"
    return f'<div>{style}<table class="dataframe {kind}">{head}<tbody>{body}</tbody></table></div>'


@pytest.fixture(scope="module")
def html_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lesson")
    title = "# A title that is long enough to need two lines of a slide at least\n\n*Somebody: Something*\n\n"
    promised = "\n".join(f"- do {LONG.lower()}(exercise 1);" for _ in range(7))
    high = (picture(400, 1600), html(rows(3, "x", "")), stream("stderr", "100%"))
    nasty = notebook(
        markdown(f"{title}{LONG}\n\n**After this chapter you can**\n\n{promised}"),
        markdown("## Much to say {cite:p}`kim2017`\n\n" + (LONG * 4 + "\n\n") * 12, "slide"),
        markdown("## Wide and high", "slide"),
        code("show()", picture(2400, 400), picture(2400, 400), picture(2400, 400), tags=("slide-part",)),
        markdown("## A formula\n\n" + LONG + "\n\n$$\n\\int_0^1 x^2\\,dx = \\frac13\n$$", "slide"),
        code("show()", *high, tags=("hide-input", "slide-part")),
        markdown("## Many rows\n\nLook.", "slide"),
        code("frame", html(rows(40, "some words " * 4, "")), tags=("slide-part",)),
        markdown("### Claims\n\nLook.", "subslide"),
        code("claims", html(rows(30, LONG * 2, "sentences")), tags=("slide-part",)),
        code("secret_code = 'not shown'"),
        markdown("### A riddle\n\n" + LONG * 3, "exercise"),
        code("secret_answer = 1", stream("stdout", "the answer is 7"), tags=("solution",)),
        markdown("## What to take along\n\n" + "\n".join(f"- {LONG}" for _ in range(6))),
    )  # fmt: skip
    quiz = quiz_markdown(read_quiz(ROOT / "book" / "quizzes" / "00_emotions_and_images.yml"))
    files = slide_files() | {
        "slides/nasty.html": deck(nasty, "nasty").encode(),
        "chapters/nasty.html": b"<html lang='en'><title>x</title></html>",
        "quiz.html": (
            "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>Quiz</title><link rel='icon' href='data:,'>"
            f"<link rel='stylesheet' href='teaching.css'><body>{quiz}</body></html>"
        ).encode(),
        "teaching.css": (ROOT / "book" / "_static" / "teaching.css").read_bytes(),
        "_static/mathjax/tex-chtml.js": b"",
    }
    teaching.install(files, folder)
    return folder


@pytest.fixture(scope="module", name="html")
def site(html_folder: Path) -> Path:
    return html_folder


@pytest.mark.parametrize("scheme, width, height", [("light", 1280, 720), ("dark", 1280, 720), ("light", 1920, 1080)])
def test_no_slide_overflows_and_all_can_be_read(visit, scheme, width, height):
    window = visit(scheme=scheme)
    window.context.pages[0].set_viewport_size({"width": width, "height": height})
    page = window.open("slides/nasty.html")
    page.wait_for_function("window.deck?.isReady()")
    titles = []
    for _ in range(page.evaluate("deck.getTotalSlides()")):
        page.wait_for_timeout(50)
        titles.append(page.evaluate("deck.getCurrentSlide().querySelector('h1, h2').textContent"))
        assert page.evaluate(OVERFLOW) == [], titles[-1]
        size = page.evaluate("parseFloat(deck.getCurrentSlide().querySelector('.column').style.fontSize)")
        assert size >= 60, f"{titles[-1]} is set too small to be read"
        for share in page.evaluate(SHARES):
            assert share >= 0.7, f"{titles[-1]}: a figure is much smaller than it could be"
        # The instructor's page says that arrows turn the pages: the slides that lie below others too.
        page.keyboard.press("ArrowRight")
    assert titles[1:] == [
        "After this you can", "Much to say", "Wide and high", "A formula", "A formula", "Many rows", "Claims",
        "Exercise 1: A riddle", "What to take along",
    ]  # fmt: skip
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("deck.getCurrentSlide().querySelector('h2').textContent") == "Claims"
    page.keyboard.press("Home")
    found = page.evaluate(CONTRAST, [".present h1", ".present p", ".present a"])
    assert min(found.values()) >= 4.5, found
    assert window.refused == [] and window.errors == []


def test_a_deck_shows_no_code_and_no_solution(html):
    text = (html / "slides" / "nasty.html").read_text(encoding="utf-8")
    assert "secret" not in text and "the answer is 7" not in text and "100%" not in text and "cite" not in text
    assert text.count("<img alt=") == 4 and text.count("<section class=") == 10 and "A navy field, 2400 by 400." in text


def test_a_quiz_is_answered_with_the_keyboard_and_fits_a_phone(visit):
    window = visit(width=390)
    page = window.open("quiz.html")
    first = page.locator("details.quiz-choice").first
    assert not first.locator("p").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert first.locator("p").is_visible() and first.locator("p").inner_text().startswith("Not quite.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("details[open].quiz-right p").inner_text().startswith("Right.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert window.refused == [] and window.errors == []
