"""Reading without a mouse, on paper, and by looking for a word: the small book in a real browser."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from tests.fixtures.book import CHAPTER
from tests.site.conftest import IN_A_BROWSER

PAGE = f"chapters/{CHAPTER}.html"
WHERE = "(() => { const e = document.activeElement; return (e.innerText || e.ariaLabel || e.title || '').trim(); })()"

pytestmark = IN_A_BROWSER


def test_the_first_key_leads_past_the_menu(visit):
    page = visit().open(PAGE)
    page.keyboard.press("Tab")
    assert page.evaluate(WHERE) == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main-content').contains(document.activeElement)")


OPEN = "name => document.getElementById(`pst-${name}`).open"


@pytest.mark.parametrize("menu", ["primary", "secondary"])
def test_on_a_phone_a_menu_opens_by_keyboard_and_gives_the_focus_back(visit, menu):
    page = visit(width=390).open(PAGE)
    button, dialog = page.locator(f"button.{menu}-toggle:visible"), f"{menu}-sidebar-modal"
    # The keys alone lead there, the skip link and the other buttons first.
    for _ in range(12):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    assert button.evaluate("e => e === document.activeElement") and not page.evaluate(OPEN, dialog)
    page.keyboard.press("Enter")
    page.wait_for_function(OPEN, arg=dialog)
    page.keyboard.press("Tab")
    assert page.evaluate("name => document.getElementById(`pst-${name}`).contains(document.activeElement)", dialog)
    page.keyboard.press("Escape")
    page.wait_for_function(f"name => !({OPEN})(name)", arg=dialog)
    page.wait_for_function("e => e === document.activeElement", arg=button.element_handle())


def test_the_menu_leads_to_a_page_by_keyboard(visit):
    page = visit(width=390).open(PAGE)
    page.locator("button.primary-toggle:visible").press("Enter")
    link = page.locator("#pst-primary-sidebar-modal a[href$='glossary.html']")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_search_opens_by_ctrl_k_and_by_its_button(visit, width):
    page = visit(width=width).open(PAGE)
    typing = "document.activeElement.matches('#pst-search-dialog input[name=q]')"
    # A Mac's browser has another key for it, which the page shows in its place.
    page.keyboard.press("Meta+k" if page.evaluate("navigator.platform.startsWith('Mac')") else "Control+k")
    page.wait_for_function(OPEN, arg="search-dialog")
    assert page.evaluate(typing)
    page.keyboard.press("Escape")
    page.wait_for_function(f"name => !({OPEN})(name)", arg="search-dialog")
    button = page.locator("button.search-button__button:visible")
    button.press("Enter")
    page.wait_for_function(OPEN, arg="search-dialog")
    assert page.evaluate(typing)
    page.keyboard.press("Escape")
    page.wait_for_function("e => e === document.activeElement", arg=button.element_handle())
    button.click()
    page.wait_for_function(OPEN, arg="search-dialog")
    page.keyboard.type("manikin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=manikin**")


def test_who_changes_the_theme_by_keyboard_stays_where_they_are(visit):
    page = visit().open(PAGE)
    button = page.locator("button.theme-switch-button:visible")
    button.press("Enter")
    assert button.evaluate("e => e === document.activeElement")
    # With a pointer it lets go, so that its hint does not stay.
    button.click()
    assert not button.evaluate("e => e === document.activeElement")


def test_a_word_of_a_chapter_finds_the_chapter(visit):
    page = visit().open("search.html?q=squares+fewer+folds")
    page.wait_for_selector("#search-results p")
    page.goto(page.url.split("?")[0] + "?q=folds", wait_until="networkidle")
    assert page.locator(f"#search-results a[href*='{CHAPTER}']").count() >= 1


def test_a_chapter_on_paper_is_whole(visit):
    """What a click would unfold is there, nothing is wider than the sheet, and every figure has been loaded."""
    page = visit(scheme="dark").open(PAGE)
    folded = page.get_by_text("import numpy")
    assert not folded.is_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_load_state("networkidle")
    assert folded.is_visible()
    assert page.evaluate("[...document.querySelectorAll('article img')].every((i) => i.complete && i.naturalWidth > 0)")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("article :is(pre, img, p, li)")]
          .filter((e) => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
          .map((e) => e.textContent.slice(0, 40))"""
    )
    assert wide == []
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert not folded.is_visible()


def test_a_printed_chapter_has_its_figures_and_light_paper(visit):
    pdf = visit(scheme="dark").open(PAGE).pdf(format="A4", print_background=True)
    # Both figures are on it (masks count as pictures too), and it does not run on without end.
    assert len(re.findall(rb"/Subtype\s*/Image\b", pdf)) >= 2
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8


def test_a_long_table_goes_on_on_the_next_sheet(visit):
    page = visit().open("run/claims.html")
    page.emulate_media(media="print")
    kept = "(all) => all.filter((e) => getComputedStyle(e).breakInside !== 'auto').length"
    tables = page.locator("article table")
    assert tables.count() > 0 and tables.evaluate_all(kept) == 0
    assert page.locator("article h2").first.evaluate("e => getComputedStyle(e).breakAfter") == "avoid"


def test_figures_come_late_and_keep_their_place(visit):
    page = visit().open(PAGE)
    figures = page.locator("article img[src*='_images/']")
    assert figures.count() == 2
    for figure in figures.all():
        assert figure.get_attribute("loading") == "lazy"
        assert (figure.get_attribute("width"), figure.get_attribute("height")) == ("64", "48")


@pytest.mark.parametrize("page", ["intro.html", PAGE, "glossary.html", "cards/oasis.html"])
def test_who_shares_a_page_shows_what_it_is(html, page):
    text = (html / page).read_text(encoding="utf-8")
    told = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', text))
    assert told["og:url"] == f"https://emotional-machines.github.io/emotional-machines/{page}"
    assert told["og:title"] and len(told["og:description"]) > 20
    assert told["og:image"].startswith("https://emotional-machines.github.io/emotional-machines/_images/")
    picture = html / "_images" / told["og:image"].rsplit("/", 1)[1]
    with Image.open(io.BytesIO(picture.read_bytes())) as image:
        assert image.width > 0
    assert len(re.findall(r'<meta name="description"', text)) == 1


def test_a_chapter_is_introduced_by_its_own_words(html):
    text = (html / PAGE).read_text(encoding="utf-8")
    assert (
        '<meta property="og:description" content="After' in text
        and "Run with the profile" not in text.split("<body")[0]
    )
