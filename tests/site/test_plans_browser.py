"""The table of a plan in a real browser: short columns are narrow, and no part is off a phone's screen."""

from __future__ import annotations

from tests.site.conftest import IN_A_BROWSER

pytestmark = IN_A_BROWSER

#: Shows a plan, marked up as the builder does, in place of a page's own text.
PLAN = """() => {
  const row = (kind, ...cells) => `<tr>${cells.map((text) => `<${kind}><p>${text}</p></${kind}>`).join("")}</tr>`;
  const what = "From pictures to two numbers: slides up to the folds; run the cells down to the folds, these included";
  const chapter = "<a href='#'>Valence and arousal from objects, scenes and colours</a>";
  document.querySelector("article").innerHTML = `<div class="pst-scrollable-table-container"><table class="plan table">
    <thead>${row("th", "From", "For", "What", "Chapter", "Runs in")}</thead>
    <tbody>${row("td", "10:35", "40 min", what, chapter, "4 min 59 s")}${row("td", "11:15", "15 min", "Break", "", "")}
    </tbody></table></div>`;
}"""
#: Left, right, width of the text and number of its lines, for each cell of the first row that isn't a heading.
CELLS = """() => [...document.querySelectorAll("table.plan tbody tr:first-child td")].map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell.firstElementChild);
  const tops = new Set([...range.getClientRects()].filter((r) => r.width > 1).map((r) => Math.round(r.top)));
  const box = cell.getBoundingClientRect();
  return { left: box.left, right: box.right, width: box.width, lines: tops.size };
})"""


def cells(visit, width: int) -> list[dict]:
    page = visit(width=width).open("run/about.html")
    page.evaluate(PLAN)
    return page.evaluate(CELLS)


def test_the_sentence_gets_the_width(visit):
    start, length, what, chapter, seconds = cells(visit, 1280)
    assert start["width"] < 90 and [cell["lines"] for cell in (start, length, seconds)] == [1, 1, 1]
    assert what["width"] > 2 * max(start["width"], seconds["width"]) and what["width"] > chapter["width"]


def test_a_phone_shows_the_chapter_and_its_time(visit):
    found = cells(visit, 390)
    assert all(0 <= cell["left"] and cell["right"] <= 390 for cell in found)
    assert found[2]["width"] > 200
