"""The built book in a real browser, cut off from every other host."""

from __future__ import annotations

import tomllib

import pytest

from tests.fixtures.book import CHAPTER, ROOT
from tests.site.conftest import CONTRAST, IN_A_BROWSER

PAGES = (
    f"chapters/{CHAPTER}.html",
    "intro.html",
    "run/about.html",
    "run/claims.html",
    "cards/oasis.html",
    "glossary.html",
)

pytestmark = IN_A_BROWSER


def test_no_page_asks_another_host_or_fails(visit):
    window = visit()
    for name in PAGES:
        window.open(name)
    assert window.refused == []
    assert window.errors == []


def test_mathematics_is_typeset(visit):
    page = visit().open(PAGES[0])
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").count() == 3
    assert page.locator("mjx-merror").count() == 0
    # The glyphs come from a font of the book's own: without it they would have no width.
    assert (
        page.evaluate("document.fonts.check('16px MJXTEX')")
        and page.locator("mjx-container").first.bounding_box()["width"] > 10
    )


def test_a_phone_never_scrolls_sideways(visit):
    window = visit(width=390)
    for name in PAGES:
        page = window.open(name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page = window.open(PAGES[0])
    page.wait_for_selector("mjx-container[display='true'] >> nth=1")
    # The wide table and the long formula scroll by themselves instead.
    for selector in ("div.cell_output .output.text_html", "article div.math mjx-container"):
        inner, outer = page.locator(selector).last.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert inner > outer, selector
    for image in page.locator("article img").all():
        assert image.bounding_box()["width"] <= 390


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_line_of_code_fits_into_its_column(visit, width):
    columns = tomllib.loads((ROOT / "notebooks" / "ruff.toml").read_text(encoding="utf-8"))["line-length"]
    block = visit(width).open(PAGES[0]).locator("div.cell_input div.highlight pre").first
    measure = "(pre, n) => { pre.textContent = 'm'.repeat(n); return pre.scrollWidth <= pre.clientWidth; }"
    assert block.evaluate(measure, columns)
    assert not block.evaluate(measure, 2 * columns)


def test_the_theme_can_be_switched_and_both_can_be_read(visit):
    page = visit().open(PAGES[0])
    before = page.evaluate("document.documentElement.dataset.theme")
    button = page.locator("button.theme-switch-button:visible").first
    seen = {before}
    for _ in range(3):
        button.click()
        seen.add(page.evaluate("document.documentElement.dataset.theme"))
    assert seen == {"light", "dark"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, scheme):
    window = visit(scheme=scheme)
    selectors = ["article h1", "article p", "article p a", "article code", "div.highlight pre", "div.cell_output pre",
                 ".dataframe td", "div.exercise p.admonition-title", "div.solution p.admonition-title",
                 "nav.bd-links a", "mjx-container"]  # fmt: skip
    page = window.open(PAGES[0])
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    found = page.evaluate(CONTRAST, selectors) | window.open("run/claims.html").evaluate(
        CONTRAST, [".sd-badge", "article td"]
    )
    found |= window.open("intro.html").evaluate(CONTRAST, ["figcaption p", "dd p"])
    assert all(ratio is not None for ratio in found.values()), found
    # 4.5 is what WCAG asks of normal text at level AA.
    assert {selector: round(ratio, 2) for selector, ratio in found.items() if ratio < 4.5} == {}


def test_figures_keep_their_colours_in_the_dark(visit):
    image = visit(scheme="dark").open(PAGES[0]).locator("div.cell_output img").first
    style = image.evaluate("e => [getComputedStyle(e).filter, getComputedStyle(e).backgroundColor]")
    assert style == ["none", "rgb(255, 255, 255)"]


def test_a_solution_unfolds_when_asked(visit):
    page = visit().open(PAGES[0])
    answer = page.locator("div.solution").get_by_text("the answer is 3")
    assert not answer.is_visible()
    page.locator("div.solution button.toggle-button, div.solution .toggle-button").first.click()
    answer.wait_for(state="visible")


def test_paper_is_light(visit):
    page = visit(scheme="dark").open(PAGES[0])
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate(CONTRAST, ["article h1"])["article h1"] > 4.5
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_search_finds_a_word(visit):
    window = visit()
    page = window.open("search.html?q=manikin")
    page.wait_for_selector("#search-results a")
    assert page.locator("#search-results a[href*='glossary']").count() >= 1
    assert window.refused == []
