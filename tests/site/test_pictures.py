"""Figures of a page: light, late, and those that are too wide for a column whole at a click."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolib.site.pictures import lighten
from tests.fixtures.book import ROOT
from tests.site.conftest import IN_A_BROWSER

HEAD = '<html data-theme="light"><head><link rel="stylesheet" href="custom.css"></head><body class="bd-article">'
FIGURE = '<div class="cell_output"><img alt="what one sees" src="_images/{}.png" /></div>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site of one page with a wide figure, one that is none, and one in a link of its own."""
    (tmp_path / "_images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (200, 1500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "_images" / "wide.png")
    Image.fromarray(noise[:, :300]).save(tmp_path / "_images" / "small.png")
    linked = f'<a class="own" href="elsewhere.html">{FIGURE.format("wide")[25:-6]}</a>'
    page = HEAD + FIGURE.format("wide") + FIGURE.format("small") + linked + "</body></html>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "custom.css").write_bytes((ROOT / "book" / "_static" / "custom.css").read_bytes())
    return tmp_path


def test_a_wide_figure_leads_to_itself_and_no_other_does(folder):
    lighten(folder)
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.count("<a ") == 2 and page.count('loading="lazy"') == 3
    wide = page.split('<a class="full-size" style="--drawn: 1500px" href="')[1]
    assert (folder / wide.split('"')[0]).is_file() and wide.split("</a>")[0].count('alt="what one sees"') == 1
    assert page.count('<a class="own" href="elsewhere.html"><img') == 1
    lighten(folder)
    assert (folder / "page.html").read_text(encoding="utf-8") == page


def test_the_figures_of_a_deck_stay_as_the_deck_lays_them_out(folder):
    # The deck of a chapter about images: its folder is not the builder's, though the name ends like it.
    (folder / "slides" / "09_many_images").mkdir(parents=True)
    (folder / "_images" / "wide.png").rename(folder / "slides" / "09_many_images" / "wide.png")
    deck = '<div class="figures"><img alt="what one sees" src="09_many_images/wide.png"></div>'
    (folder / "slides" / "09_many_images.html").write_text(deck, encoding="utf-8")
    lighten(folder)
    assert (folder / "slides" / "09_many_images.html").read_text(encoding="utf-8") == deck


class TestInABrowser:
    pytestmark = IN_A_BROWSER

    @pytest.fixture
    def page(self, browser, folder) -> Iterator:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, format, *args):
                """Says nothing."""

        lighten(folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            page = browser.new_page(viewport={"width": 390, "height": 800})
            page.goto(f"http://127.0.0.1:{server.server_port}/page.html", wait_until="networkidle")
            yield page
            page.close()
            server.shutdown()

    def test_on_a_phone_it_scrolls_instead_of_shrinking(self, page):
        figure = page.locator("a.full-size")
        assert figure.bounding_box()["width"] <= 390
        assert figure.locator("img").bounding_box()["width"] == pytest.approx(900, abs=1)
        assert figure.evaluate("e => e.scrollWidth > e.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("img[src*=small]").bounding_box()["width"] == 300

    def test_it_fits_a_desktop_and_paper(self, page):
        for media, width in (("screen", 1280), ("print", 390)):
            page.emulate_media(media=media)
            page.set_viewport_size({"width": width, "height": 800})
            assert page.locator("a.full-size").evaluate("e => e.scrollWidth <= e.clientWidth"), media

    def test_it_opens_by_keyboard(self, page):
        page.locator("a.full-size").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/_images/wide.*")
