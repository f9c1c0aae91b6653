"""The small book of tests/fixtures/book.py: as it is before the first build, built, and opened in a real browser.

A module that opens another site has a fixture `html` of its own, the folder of that site.
"""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.fixtures.book import OPENING_ALT, small_notebook, write_book, write_run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
#: Marks of a module that opens the site: `pytestmark = IN_A_BROWSER`.
IN_A_BROWSER = [
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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with the small book and its run, not built yet."""
    write_book(tmp_path)
    write_run(tmp_path, small_notebook())
    return tmp_path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, built once for all tests that only look at it; returns the project's folder."""
    from emolib import site

    root = tmp_path_factory.mktemp("book")
    write_book(root)
    figures = write_run(root, small_notebook(f"in {root}/runs")) / "figures"
    figures.mkdir()
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", OPENING_ALT)
    text.add_text("Title", "Three bars.")
    Image.fromarray(np.full((60, 90), 99, np.uint8)).save(figures / "opening.png", pnginfo=text)
    site.build(root, echo=lambda message: None)
    return root


@pytest.fixture(scope="module")
def html(built: Path) -> Path:
    """The folder of the site that the browser opens."""
    return built / "book" / "_build" / "html"


@pytest.fixture(scope="module")
def address(html: Path) -> Iterator[str]:
    """Serves the site on this machine alone; yields its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(html), **kwargs)

        def log_message(self, format, *args):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """A browser with no window; its camera is a made one and asks nobody."""
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
def visit(browser, address) -> Iterator:
    """Opens windows of a width and a colour scheme on the site, and closes them."""
    visits = []

    def start(width: int = 1280, scheme: str = "light") -> Visit:
        visits.append(Visit(browser, address, width, scheme))
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
