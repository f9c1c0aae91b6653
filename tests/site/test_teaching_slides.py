"""Decks without a browser: which parts share a slide, and which rows of a table are shown."""

from __future__ import annotations

import re

import pytest

from emolib.claims.overview import VERDICTS
from emolib.site.teaching.room import Part, pages
from emolib.site.teaching.slides import deck
from emolib.site.teaching.tables import SAID, short_table
from tests.fixtures.book import code, figure, markdown, notebook

WIDE, HIGH = Part("<figure>", ((1200, 400),)), Part("<figure>", ((600, 600),))
LINE, TALK = Part(f"<p>{'word ' * 12}</p>"), Part(f"<p>{'word ' * 170}</p>")
LIST = Part(f"<ul>{''.join('<li>' + 'word ' * 20 + '</li>' for _ in range(6))}</ul>")


@pytest.mark.parametrize(
    "parts, dealt",
    [
        ([LINE, WIDE], [[LINE, WIDE]]),
        ([LINE, HIGH, LINE], [[LINE, HIGH, LINE]]),
        ([LIST, WIDE], [[LIST], [WIDE]]),
        ([LINE, WIDE, TALK], [[LINE, WIDE], [TALK]]),
        ([LINE, WIDE, WIDE, LINE], [[LINE, WIDE], [WIDE, LINE]]),
        ([Part("<p>\\[x\\]</p>"), LINE, Part("<p>\\[y\\]</p>"), HIGH], None),
        ([TALK, TALK, TALK, LINE], [[TALK, TALK], [TALK, LINE]]),
        ([LINE], [[LINE]]),
        ([], [[]]),
    ],
)
def test_a_figure_is_not_squeezed_by_words(parts, dealt):
    found = pages(parts)
    assert [part for page in found for part in page] == parts
    assert found == dealt if dealt is not None else len(found) == 2 and found[1] == [HIGH]


def test_a_slide_that_goes_on_keeps_title_and_notes():
    much = "## Much\n\nA first sentence of a paragraph has more than a dozen words to show. Only said.\n\n"
    book = notebook(
        markdown("# T"),
        markdown(much + "- five words and one more\n" * 12, "slide"),
        code("show()", figure(1, "A figure."), tags=("slide-part",)),
    )
    text = deck(book, "T")
    assert text.count("<h2>Much</h2>") == 2 and text.count("Only said.") == 2
    first, second = re.findall(r'<div class="column"><h2>.*?</div><aside', text, re.DOTALL)
    assert "<li>" in first and "<img" not in first and "<img" in second and "<li>" not in second


def claims(*verdicts: str, index: str = "") -> str:
    head = f"{index and '<th></th>'}<th>statement</th><th>verdict</th>"
    body = "".join(f"<tr>{index}<td>s{n}</td><td>{verdict}</td></tr>" for n, verdict in enumerate(verdicts))
    return f'<table class="dataframe sentences"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def shown(table: str) -> list[str]:
    return re.findall(r"<td>s\d+</td><td>(\w+)</td>", table)


@pytest.mark.parametrize("index", ["", "<th>1</th>"])
def test_a_table_of_claims_shows_some_of_each_verdict(index):
    table = short_table(claims(*["holds"] * 27, *["inconclusive"] * 7, *["contradicted"] * 4, index=index))
    assert shown(table) == ["contradicted"] * 2 + ["inconclusive"] * 2 + ["holds"] * 2
    assert "6 of 38 rows: 2 of 4 contradicted, 2 of 7 inconclusive, 2 of 27 that hold;" in table


def test_a_verdict_that_is_rare_leaves_its_rows_to_the_others():
    table = short_table(claims("holds", *["inconclusive"] * 13, "contradicted"))
    assert shown(table) == ["contradicted"] + ["inconclusive"] * 4 + ["holds"]
    table = short_table(claims(*["holds"] * 9))
    assert shown(table) == ["holds"] * 6 and "6 of 9 rows: 6 of 9 that hold;" in table


def test_a_verdict_with_caution_counts_as_what_it_is_and_is_told_in_two_words():
    verdicts = ["contradicted, with caution: It had few pixels."] * 2 + ["holds"] * 7
    table = short_table(claims(*verdicts))
    assert "2 of 2 contradicted, 4 of 7 that hold;" in table
    assert table.count("<td>contradicted, with caution</td>") == 2 and "pixels" not in table


def test_a_short_table_stays_as_it_is_and_others_show_their_first_rows():
    short = claims("holds", "contradicted")
    assert short_table(short) == short
    table = short_table(claims(*["holds"] * 9, "perhaps"))
    assert len(shown(table)) == 6 and "6 of 10 rows; the chapter" in table


def test_every_verdict_has_its_words():
    assert set(SAID) == set(VERDICTS)
