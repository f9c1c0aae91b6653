"""The first page: its cards, its counts and its introductions, and figures that are made light."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from emolib.site import frontpage
from emolib.site.launch import site_address
from emolib.site.pictures import lighten
from emolib.site.runs import read_run
from tests.fixtures.book import markdown, notebook, small_notebook, write_run


def claim(paper: str, kind: str, verdict: str, corpus: str = "oasis", source: str = "paper", caution=None) -> dict:  # noqa: ANN001
    return {"paper": paper, "kind": kind, "verdict": verdict, "corpus": corpus, "source": source, "caution": caution}


CLAIMS = [
    *[claim("kim2017", "direction", "holds")] * 3,
    claim("kim2017", "direction", "contradicted"),
    claim("kim2017", "direction", "needs fi"),
    claim("kim2017", "direction", "holds", source="book"),
    claim("rao2019", "direction", "inconclusive", "scenes"),
    claim("rao2019", "consistency", "contradicted"),
    *[claim("kim2017", "consistency", "holds")] * 4,
    claim("kim2017", "number", "within"),
]


def test_the_result_counts_what_was_judged_and_nothing_else():
    told = frontpage.result(CLAIMS, simulated=["scenes"], drawn=["openmoji"])
    assert "made **5** tests" in told and "caution" not in told and "drawings" not in told
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.splitlines() if line.startswith("|")]
    assert [row[1:] for row in rows[2:]] == [["3", "1", "0"], ["0", "0", "1"]]
    assert rows[2][0].startswith("photographs") and "simulated" in rows[3][0]
    careful = [claim("kim2017", "direction", "holds", caution="It had fewer pixels.")]
    assert "1 of these verdicts come with a caution" in frontpage.result(careful)
    assert "At **1** of **5** places" in told
    assert frontpage.result([claim("kim2017", "direction", "needs fi")]).startswith("%")


def test_a_card_counts_the_verdicts_of_its_own_paper(tmp_path):
    chapters = [
        (read_run(write_run(tmp_path, small_notebook(), name), "laptop"), small_notebook())
        for name in ("00_words", "02_kim2017_x", "04_rao2019_x", "05_wei2020_x")
    ]
    words, kim, rao, wei = frontpage.chapter_cards(chapters, CLAIMS).split("{grid-item-card}")[1:]
    assert "`3 hold`" in kim and "`1 contradicted`" in kim and "`1 not judged here`" in kim
    assert "`1 inconclusive`" in rao and "holds" not in rao
    assert "bdg" not in words + wei and "caution" not in kim
    careful = [claim("kim2017", "direction", "holds", caution="It had fewer pixels.")]
    assert "`1 with caution`" in frontpage.chapter_cards(chapters, careful)
    assert words.startswith(" 1. A small chapter") and ":link: chapters/00_words\n" in words


@pytest.mark.parametrize(
    "text, told",
    [
        ("*Kim: Machines* {cite}`kim2017`\n\nA shark. A *kitten*, {term}`calm <valence>`.", "A shark. A kitten, calm."),
        ("[Slides](a.html) · [Notes](b.ipynb)\n\n- a list.\n\nDoes it? [Yes](c.md).", "Does it? Yes."),
        ("One sentence {cite:p}`kim2017`. " + "X" * 300 + ".", "One sentence."),
        ("word " * 60 + "end.", "word " * 38 + "word …"),
    ],
)
def test_a_chapter_is_introduced_by_its_first_whole_sentences(text, told):
    book = notebook(markdown(f"# Title\n\n*Run with the profile `laptop`; [what it ran on](about.md).*\n\n{text}"))
    assert frontpage.title(book) == "Title"
    assert frontpage.hook(book) == told and len(told) <= frontpage.LENGTH


def test_a_chapter_without_prose_is_introduced_by_nothing():
    assert frontpage.hook(notebook(markdown("# Title"))) == ""


def test_only_pages_that_are_there_are_offered():
    told = frontpage.start_cards({"chapters/00_words", "run/claims"}, "00_words")
    assert told.count("{grid-item-card}") == 2 and "instructor" not in told


def test_a_site_is_where_its_repository_publishes_it():
    assert site_address("https://github.com/ann/book.git") == "https://ann.github.io/book/"
    assert site_address("https://git.example.org/ann/book/") == "https://git.example.org/ann/book/"


def test_drawings_stay_exact_and_photographs_get_small(tmp_path):
    images, page = tmp_path / "_images", tmp_path / "chapters" / "a.html"
    images.mkdir()
    page.parent.mkdir()
    random = np.random.default_rng(0)
    drawn = np.full((300, 400, 3), 255, np.uint8)
    drawn[random.random((300, 400)) < 0.5] = (200, 80, 20)
    photograph = np.kron(random.integers(0, 256, (30, 40, 3)), np.ones((10, 10, 1))) + random.normal(
        0, 9, (300, 400, 3)
    )
    pixels = {"drawn": drawn, "photograph": photograph.clip(0, 255).astype(np.uint8), "tiny": drawn[:9, :9]}
    for name, array in pixels.items():
        Image.fromarray(array).save(images / f"{name}.png")
    page.write_text("".join(f'<img alt="A." src="../_images/{name}.png" />' for name in pixels))
    lighten(tmp_path)
    text = page.read_text()
    assert text.count('loading="lazy"') == 3 and 'width="400" height="300"' in text
    assert "drawn.webp" in text and "photograph.webp" in text and "tiny.png" in text
    with Image.open(images / "drawn.webp") as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), drawn)
    with Image.open(images / "photograph.webp") as image:
        apart = np.abs(np.asarray(image.convert("RGB")).astype(int) - pixels["photograph"]).mean()
    assert 0 < apart < 12
    assert (images / "photograph.webp").stat().st_size < (images / "photograph.png").stat().st_size / 2
    before = {path.name: path.read_bytes() for path in images.iterdir()}
    lighten(tmp_path)
    assert page.read_text() == text and {path.name: path.read_bytes() for path in images.iterdir()} == before
