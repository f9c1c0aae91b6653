"""Every number printed in the prose comes from the run that built the page: what is typed is published, set or defined.

A numeral in a Markdown cell, or in the literal text of a string that a code cell shows, has to be one of

- a number that the chapter's paper prints (its claims file holds it), with the digits that are printed there, or a
  whole percentage of it;
- a setting: a number in the chapter's table of profiles, a share also in percent (0.25 as 25%), never a count times a
  hundred;
- part of a name: Table 3, ResNet-50, chapter 4, a year, inline code, a formula, a citation;
- a small whole number up to ten, as in "five folds" written as a digit;
- listed in `prose/<chapter>.yml` with the reason; a measured result never is.

Measured numbers reach a page through interpolation only, and interpolated parts are not looked at here.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import jupytext
import pytest
import yaml

from emolib import claims

FOLDER = Path(__file__).parents[2] / "notebooks"
CHAPTERS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
# Number -> the paper of a chapter, which its file's name holds; a chapter about all papers, such as 06, has none.
PAPER = {path.name[:2]: paper for path in CHAPTERS for paper in path.stem.split("_")[1:2] if paper in claims.papers()}

EVERYWHERE = {"95%": "the level of every interval of the book"}

NUMERAL = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+\.\d+|\.\d+|\d+)(\s?%|\s+percent\b|\s+points?\b)?(?![\w])")
_LIST = r"\d+(?:\.\d+)*[a-z]?(?:(?:,| and| or| to|-)\s*\d+(?:\.\d+)*[a-z]?)*"
NAMES = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\]\([^)]*\)|https?://\S+|<[^>]*>"
    rf"|\b(?:[Tt]ables?|[Ff]igs?\.|[Ff]igures?|[Ee]qs?\.|[Ee]quations?|[Ss]ecs?\.|[Ss]ections?|[Cc]hapters?|[Pp]arts?|"
    rf"[Ee]xercises?|[Qq]uestions?|[Ss]teps?|CC BY-SA)\s+{_LIST}"
    r"|\b[A-Za-z]+[-‑]?\d[\w-]*(?:\(\d+\))?|\b(?:19|20)\d\d\b|^\s*\d+\.\s",
    re.DOTALL | re.MULTILINE,
)


@cache
def published(chapter: str) -> frozenset[float]:
    """Every number that the paper prints, shares also in percent; all papers' for a chapter that is about all."""
    found: set[float] = set()
    for claim in claims.claims(PAPER.get(chapter)):
        if isinstance(claim.published, int | float) and claim.kind != "direction":
            found |= {round(number, 6) for number in as_written(claim.published)}
        said = [claim.statement, claim.where, str(claim.published) if isinstance(claim.published, str) else ""]
        for text in [*said, *(entry["value"] for entry in claim.independent)]:
            for number in re.findall(r"\d{1,3}(?:,\d{3})+|\d+\.\d+|\d+", text):
                found |= as_written(float(number) if "." in number else int(number.replace(",", "")))
    return frozenset(found)


def settings_of(notebook) -> frozenset[float]:  # noqa: ANN001
    """The numbers in the chapter's table of profiles."""
    found: set[float] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and "course.start(" in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    found |= as_written(node.value)
    return frozenset(found)


def as_written(value: float) -> set[float]:
    """A number, and in percent too if it can be a share: one with digits after the point, from 0 to 1."""
    percent = type(value) is float and 0 <= value <= 1
    return {float(value)} | ({round(100 * value, 6)} if percent else set())


def shown_strings(source: str) -> list[str]:
    """The literal text that a code cell shows: strings in Markdown, HTML and alt texts, and all f-strings."""
    found, tree = [], ast.parse(source)
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append(" ".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values))
        shows = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Markdown", "HTML")
        inside = [node] if shows else []
        if isinstance(node, ast.keyword) and node.arg == "alt":
            inside = [node.value]
        for outer in inside:
            found += [
                part.value
                for part in ast.walk(outer)
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in parts
            ]
    return [text for text in found if len(text.split()) >= 3]


def prose(notebook) -> list[str]:  # noqa: ANN001
    """All texts of a chapter that a reader reads and nobody computed."""
    texts = []
    for cell in notebook.cells:
        texts += [cell.source] if cell.cell_type == "markdown" else shown_strings(cell.source)
    return texts


def unexplained(notebook, chapter: str, allowed: dict[str, str]) -> list[str]:  # noqa: ANN001
    """The numerals that have no right to stand in the prose, each with the words around it."""
    known, own, found = published(chapter), settings_of(notebook), []
    for text in prose(notebook):
        bare = NAMES.sub(" ", text)
        for match in NUMERAL.finditer(bare):
            digits, unit = match.group(1), (match.group(2) or "").strip()
            value, whole = float(digits.replace(",", "")), "." not in digits
            percent = unit in ("%", "percent")
            if (
                f"{digits}{unit}" in EVERYWHERE
                or digits in allowed
                or f"{digits}{unit}" in allowed
                or value in known
                or value in own
            ):
                continue
            if whole and percent and any(abs(number - value) <= 0.5 for number in known if number > 1):
                continue
            if whole and not unit and value <= 10:
                continue
            found.append(f"{match.group(0)!r} in: …{bare[max(0, match.start() - 60) : match.end() + 40]!r}")
    return found


@cache
def allow_list(chapter: str) -> dict[str, str]:
    """Numerals as they are written, each with its reason."""
    path = Path(__file__).parent / "prose" / f"{chapter}.yml"
    return {str(k): str(v) for k, v in yaml.safe_load(path.read_text("utf-8")).items()} if path.is_file() else {}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:2])
def test_no_measured_number_is_typed(path: Path) -> None:
    chapter = path.stem[:2]
    wrong = unexplained(jupytext.read(path), chapter, allow_list(chapter))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:2])
def test_what_is_allowed_is_used_and_has_a_reason(path: Path) -> None:
    chapter = path.stem[:2]
    allowed = allow_list(chapter)
    needed = unexplained(jupytext.read(path), chapter, {})
    for numeral, reason in allowed.items():
        assert len(reason.split()) >= 2, numeral
        assert any(line.startswith(f"'{numeral}") for line in needed), f"{numeral} is allowed in vain"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:2])
@pytest.mark.parametrize(
    "cell",
    [
        ("markdown", "And so we reach .613 where the paper has less."),
        ("markdown", "Right for 37.2% of the pictures."),
        ("markdown", "It is 12.7 points better."),
        ("code", 'display(Markdown("We measured 0.613, far above chance."))'),
        ("code", 'Markdown(f"{answer} of the pictures, and 0.613 before.")'),
        ("code", 'figures.show(figure, alt="The bars rise up to 0.613 here.")'),
    ],
    ids=lambda cell: cell[1][:20],
)
def test_a_planted_result_is_found(path: Path, cell: tuple[str, str]) -> None:
    chapter, kind = path.stem[:2], cell[0]
    notebook = jupytext.read(path)
    # The settings stay; what else the chapter says is the other tests' business.
    notebook.cells = [one for one in notebook.cells if "course.start(" in one.source]
    assert unexplained(notebook, chapter, allow_list(chapter)) == []
    make = jupytext.reads("# %%\nx", "py:percent").cells[0]
    make.cell_type, make.source = kind, cell[1]
    notebook.cells.append(make)
    assert len(unexplained(notebook, chapter, allow_list(chapter))) == 1


def chapter_of(settings: str, text: str):  # noqa: ANN201
    """A chapter of two cells: its table of profiles, and a sentence."""
    source = f'# %%\nprofiles = {settings}\nrun = course.start("x", profiles)\n\n# %% [markdown]\n# {text}\n'
    return jupytext.reads(source, "py:percent")


@pytest.mark.parametrize(
    ("settings", "text", "right"),
    [
        ("{'start pictures': 1234}", "The 1,234 pictures of the settings.", True),
        ("{'start pictures': 250}", "We looked at 25,000 pictures.", False),
        ("{'epochs': 12}", "It went up to 1200 at last.", False),
        ("{'epochs': 12}", "Right for 1200% of them.", False),
        ("{'share': 0.37}", "A share of 0.37 was held out.", True),
        ("{'share': 0.37}", "And so 37% were held out.", True),
        ("{'rate': 12.5}", "The text says 1250 of them.", False),
    ],
)
def test_a_share_may_be_a_percentage_but_a_count_not_a_hundred_counts(settings: str, text: str, right: bool) -> None:
    assert len(unexplained(chapter_of("{}", text), "05", {})) == 1, "nothing else allows this number"
    assert len(unexplained(chapter_of(settings, text), "05", {})) == (0 if right else 1)


def test_a_hundred_times_a_count_of_the_paper_is_found() -> None:
    for text, wrong in (
        ("Of 690 keywords few are frequent.", 0),
        ("Of 69,000 keywords few are frequent.", 1),
        ("EmotionNet has 65.81 there.", 0),
        ("EmotionNet has 6581 there.", 1),
    ):
        assert len(unexplained(chapter_of("{}", text), "05", {})) == wrong, text


def test_a_short_result_is_found_where_the_paper_prints_none_like_it() -> None:
    notebook = jupytext.reads("# %% [markdown]\n# We reach .61 with it.\n", "py:percent")
    for chapter in ("02", "04"):
        assert len(unexplained(notebook, chapter, {})) == 1


def test_interpolated_numbers_and_names_are_free() -> None:
    text = (
        "# %% [markdown]\n# ResNet-50, VGG16 (Table 3, Figs. 4 to 6, Eq. 12, chapter 4) in 2016, $x = .37$, `a[0.5]`.\n"
    )
    text += '\n# %%\nMarkdown(f"It is {value:.2f}, by {gap} points, in {share:.0%} of {n} pictures.")\n'
    assert unexplained(jupytext.reads(text, "py:percent"), "02", {}) == []
