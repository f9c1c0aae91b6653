"""The built book in a real browser, cut off from every other host."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator

import pytest

from tests.fixtures.book import CHAPTER

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = (
    f"chapters/{CHAPTER}.html",
    "intro.html",
    "run/about.html",
    "run/claims.html",
    "cards/oasis.html",
    "glossary.html",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on this machine"),
]

#: The contrast (WCAG 2) of the text of the first visible element for each selector with what lies behind it.
CONTRAST = """
(selectors) => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                         return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const colour = parse(getComputedStyle(element).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(element.parentElement));
  };
  const result = {};
  for (const selector of selectors) {
    const shown = (e) => e.getClientRects().length && e.textContent.trim();
    const element = [...document.querySelectorAll(selector)].find(shown);
    if (!element) { result[selector] = null; continue; }
    const ground = behind(element), ink = over(parse(getComputedStyle(element).color), ground);
    const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
    result[selector] = (high + .05) / (low + .05);
  }
  return result;
}
"""


@pytest.fixture(scope="module")
def address(built) -> Iterator[str]:
    """Serves the site on this machine alone; yields its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(built / "book" / "_build" / "html"), **kwargs)

        def log_message(self, format, *args):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A window on the site that refuses every other host, and keeps what it refused and what went wrong."""

    def __init__(self, browser, address: str, width: int, scheme: str) -> None:
        self.address, self.refused, self.errors = address, [], []
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.context.route("**/*", self._only_here)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def _only_here(self, route) -> None:
        if route.request.url.startswith(self.address):
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def open(self, name: str):
        self.page.goto(self.address + name, wait_until="networkidle")
        return self.page


@pytest.fixture
def visit(browser, address):
    visits = []

    def start(width: int = 1280, scheme: str = "light") -> Visit:
        visits.append(Visit(browser, address, width, scheme))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()


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
