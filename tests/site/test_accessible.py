"""The pages of the small book, in both themes, through axe-core: nothing serious keeps anybody from reading them.

Of pages that one template makes, some; `python -m tests.site.axe book/_build/html` looks at every page.
"""

from __future__ import annotations

import pytest

from emolib.site.mending import mend
from tests.site import axe
from tests.site.conftest import IN_A_BROWSER

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def script() -> str:
    try:
        return axe.script()
    except axe.OutOfReach as reason:
        pytest.skip(f"axe-core is out of reach: {reason}")


def test_axe_finds_nothing_serious_on_the_pages(visit, html, script):
    window, names = visit(), axe.pages(html)
    assert len(names) > 20 and "intro.html" in names and "index.html" not in names
    kinds: dict[tuple[str, str], list[str]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        kinds.setdefault((folder, file if folder in ("", "run", "chapters", "instructor") else "any"), []).append(name)
    names = [name for alike in kinds.values() for name in alike[:2]]
    assert len({name.rpartition("/")[0] for name in names}) > 4
    assert axe.look_at(window.page, names, window.address, script) == {}


def test_on_a_phone_neither(visit, html, script):
    window = visit(width=390)
    names = ["intro.html", "run/claims.html"]
    assert axe.look_at(window.page, names, window.address, script) == {}


def test_axe_finds_what_is_planted(visit, script):
    """A test of the test: each of what the theme got wrong, and a grey that is too light in one theme only."""
    window = visit()
    page = window.open("glossary.html")
    page.add_script_tag(content=script)
    page.evaluate(
        """() => {
          const add = (html) => document.querySelector("article").insertAdjacentHTML("beforeend", html);
          add('<button aria-label="Close">Open</button>');
          add('<details><summary><i></i></summary>x</details>');
          add('<style>html[data-theme=dark] #grey { color: #444 }</style><p id="grey">grey</p>');
        }"""
    )
    found = axe.findings(page)
    assert {each.split(":")[0] for each in found} == {"label-content-name-mismatch", "summary-name", "color-contrast"}
    assert len([each for each in found if "#grey" in each]) == 1


def test_a_page_is_mended_once(html):
    for name in ("intro.html", "bibliography.html", "cards/index.html"):
        text = (html / name).read_text(encoding="utf-8")
        assert mend(text) == text
