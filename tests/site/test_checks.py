"""Faults planted in a small site are found, and nothing else is."""

from __future__ import annotations

import pytest

from emolib.site.checks import check_site, describes, weigh

CLEAN = """<!DOCTYPE html>
<html><head>
<link rel="stylesheet" href="_static/style.css?v=1">
<link rel="canonical" href="https://example.org/index.html">
<link rel="next" href="other.html">
<script src="_static/code.js"></script>
<style>body { background: url(data:image/png;base64,AA==) }</style>
</head><body>
<h1 id="top-of-it">Title</h1>
<img src="_static/a.png" alt="A red square.">
<a href="#top-of-it">up</a> <a href="other.html#place">there</a> <a href="other.html">page</a> <a href="#">top</a>
<a href="https://example.org">a link for people</a> <a href="mailto:a@example.org">mail</a>
<script>const address = "https://example.org/only-a-text";</script>
</body></html>
"""
OTHER = '<html><body><p id="place">here</p><a name="old">old</a></body></html>'


@pytest.fixture
def site(tmp_path):
    html = tmp_path / "html"
    (html / "_static").mkdir(parents=True)
    (html / "_static" / "style.css").write_text("p { color: red }\n@font-face { src: url('font.woff2') }\n")
    (html / "_static" / "code.js").write_text("")
    (html / "_static" / "a.png").write_bytes(b"")
    (html / "index.html").write_text(CLEAN)
    (html / "other.html").write_text(OTHER)
    return html


def add(site, text):
    """Puts ``text`` on a line of its own, line 14, of the page."""
    page = (site / "index.html").read_text().replace("</body>", f"{text}\n</body>")
    (site / "index.html").write_text(page)


def test_a_clean_site_has_no_faults(site):
    assert check_site(site) == []


@pytest.mark.parametrize(
    "text, told",
    [
        ('<img src="_static/a.png">', "the picture _static/a.png has no alt text"),
        ('<img src="_static/a.png" alt=" ">', "the picture _static/a.png has no alt text"),
        (
            '<img src="_static/a.png" alt="../_images/0a1b.png">',
            "'../_images/0a1b.png' as its alt text, which describes nothing",
        ),
        ('<img src="_static/b.png" alt="A blue square.">', "<img> loads _static/b.png, which does not exist"),
        (
            '<img src="https://example.org/a.png" alt="A square.">',
            "<img> loads https://example.org/a.png from another host",
        ),
        (
            '<img srcset="_static/a.png 1x, //example.org/a.png 2x" alt="A square.">',
            "loads //example.org/a.png from another host",
        ),
        (
            '<script src="https://example.org/library.js"></script>',
            "<script> loads https://example.org/library.js from another",
        ),
        (
            '<link rel="preload stylesheet" href="//example.org/font.css">',
            "<link> loads //example.org/font.css from another host",
        ),
        ('<iframe src="https://example.org/"></iframe>', "<iframe> loads https://example.org/ from another host"),
        (
            "<style>@import 'https://example.org/a.css';</style>",
            "<style> loads https://example.org/a.css from another host",
        ),
        (
            '<p style="background: url(https://example.org/a.png)">',
            "<style> loads https://example.org/a.png from another host",
        ),
        ('<a href="missing.html">x</a>', "the link missing.html leads nowhere: there is no such file"),
        ('<a href="other.html#nothing">x</a>', "'other.html' has no anchor 'nothing'"),
        ('<a href="#nothing">x</a>', "'index.html' has no anchor 'nothing'"),
        ('<a href="../secret.txt">x</a>', "the link ../secret.txt leads out of the site"),
        ("<p>Read from /home/somebody/data</p>", "names a folder of this machine: /home/somebody"),
    ],
)
def test_a_planted_fault_is_found_on_its_line(site, text, told):
    (site.parent / "secret.txt").write_text("not part of the site")
    add(site, text)
    faults = check_site(site, private=("/home/somebody",))
    assert [(fault.page, fault.line) for fault in faults] == [("index.html", 14)]
    assert told in str(faults[0])


def test_a_style_sheet_that_calls_home_is_found(site):
    (site / "_static" / "style.css").write_text(
        "p { color: red }\n@font-face { src: url(https://example.org/font.woff2) }\n"
    )
    assert [str(fault) for fault in check_site(site)] == [
        "_static/style.css, line 2: loads https://example.org/font.woff2 from another host"
    ]


def test_a_published_source_that_names_a_folder_is_found(site):
    (site / "_sources").mkdir()
    (site / "_sources" / "chapter.ipynb").write_text('{\n"path": "/home/somebody/data"}')
    assert [fault.page for fault in check_site(site, private=("/home/somebody",))] == ["_sources/chapter.ipynb"]


def test_anchors_and_links_with_escapes_meet(site):
    (site / "with space.html").write_text('<html><body id="größe"></body></html>', encoding="utf-8")
    add(site, '<a href="with%20space.html#gr%C3%B6%C3%9Fe">x</a>')
    assert check_site(site) == []


@pytest.mark.parametrize(
    "alt", [None, "", "  ", "plot.png", "_images/plot", "0123456789abcdef", "Figure", "image.", "a b.JPEG"]
)
def test_these_describe_nothing(alt):
    assert not describes(alt)


@pytest.mark.parametrize("alt", ["A beach.", "Valence/arousal plane: a V shape", "Logo", "r = .5"])
def test_these_describe(alt):
    assert describes(alt)


def test_a_page_that_loads_too_much_is_found(site):
    for number in range(10):
        (site / "_static" / f"{number}.png").write_bytes(bytes(800_000))
    add(site, "".join(f'<img src="_static/{number}.png" alt="A blank picture.">' for number in range(10)))
    assert [str(fault) for fault in check_site(site)] == [
        "index.html, line 1: a browser loads 8.0 MB for it, more than 7.5 MB: draw fewer or smaller figures"
    ]
    heaviest = next(iter(weigh(site)))
    assert heaviest == "index.html" and weigh(site)["other.html"] == ((site / "other.html").stat().st_size, 0)


def test_a_picture_that_is_too_large_is_found_and_weighed_once(site):
    (site / "_images").mkdir()
    (site / "_images" / "a.png").write_bytes(bytes(1_200_000))
    add(site, '<img src="_images/a.png" alt="Blank."> <img src="_images/a.png" alt="Blank again.">')
    assert [fault.message for fault in check_site(site)] == ["the picture a.png has 1.2 MB: draw it with fewer pixels"]
    total, pictures = weigh(site)["index.html"]
    assert pictures == 1_200_000 and pictures < total < pictures + 10_000
