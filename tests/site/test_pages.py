"""The pages that a run writes, and where they and the chapters lead."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import yaml

from emolib import corpora
from emolib.errors import BadInput
from emolib.site import pages, privacy
from emolib.site.launch import export_notebooks, launch_links, main, read_repository, source_link
from emolib.site.markdown import table
from emolib.site.runs import read_run
from tests.fixtures.book import CHAPTER, ROOT, small_notebook, write_run


@pytest.fixture
def run(tmp_path):
    return read_run(write_run(tmp_path, small_notebook()), "laptop")


def claim(**values):
    entry = {"id": "x", "paper": "kim2017", "kind": "direction", "statement": "Objects beat colours", "published": None}
    entry |= {
        "corpus": "oasis",
        "ours": 0.21,
        "low": 0.1,
        "high": 0.32,
        "verdict": "holds",
        "needs": None,
        "source": "paper",
    }
    return entry | values


def section(page: str, title: str) -> str:
    return re.split(r"^#+ ", page.split(f"# {title}\n", 1)[1], flags=re.MULTILINE)[0]


def test_a_table_keeps_its_shape_whatever_is_in_a_cell():
    assert table(["a", "b"], [("x|y", "two\n lines")]).splitlines()[2] == r"| x\|y | two lines |"


def test_the_page_about_the_run_tells_versions_device_data_and_time(run):
    page = pages.about_page([run], {"sphinx": "7.4.7"}, ["oasis"])
    for told in (
        "`laptop`",
        "seed 7",
        "3 min 5 s",
        "cpu",
        "2026-02-03 04:05",
        "torch | 2.9.1",
        "sphinx | 7.4.7",
        "complete",
    ):
        assert told in page
    assert "[oasis](../cards/oasis.md) | `0123456789abcdef`" in page


def test_a_section_that_could_not_run_is_told(run, tmp_path):
    path = tmp_path / "runs" / "laptop" / CHAPTER / "run.json"
    path.write_text(path.read_text().replace('"needs": []', '"needs": ["the weights of a scene parser"]'))
    page = pages.about_page([read_run(path.parent, "laptop")], {}, [])
    assert "in part" in page and "the weights of a scene parser" in page


def test_claims_show_verdict_and_interval():
    page = pages.claims_page([claim(), claim(verdict="contradicted", ours=-1.5, low=-2, high=-1)])
    assert "| Objects beat colours | the paper | {bdg-success}`holds` | 0.210 [0.100,\u00a00.320] | oasis |" in page
    assert "{bdg-danger}`contradicted` | -1.500 [-2.000,\u00a0-1.000]" in page


def test_what_was_not_measured_is_folded_away():
    missing = claim(
        kind="number", statement="Pictures in all", verdict="needs cgna10766", needs="cgna10766", published=10766
    )
    page = pages.claims_page([claim(), missing | {"ours": None, "low": None, "high": None}])
    folded = section(page, "Numbers")
    assert "{dropdown} 1 that this run could not measure" in folded
    assert "| Pictures in all | 10,766 | cgna10766 |" in folded
    # A value on other pictures is shown, but judges nothing.
    assert "`needs cgna10766` | 10,766 | 0.210" in section(pages.claims_page([missing]), "Numbers")


def test_a_paper_that_contradicts_itself_shows_only_where():
    true = claim(kind="consistency", statement="The sum is right", ours=12, low=None, high=None, corpus=None)
    page = pages.claims_page([true, true | {"statement": "The mean is right", "verdict": "contradicted", "ours": 0.4}])
    shown, folded = section(page, "Does the paper agree with itself?").split("{dropdown} 1 that hold")
    assert "The mean is right" in shown and "The sum is right" not in shown
    assert "| The sum is right | 12 |" in folded


def test_every_claim_is_counted_once():
    claims = [
        claim(),
        claim(),
        claim(verdict="inconclusive"),
        claim(verdict="needs fi", needs="fi"),
        claim(kind="number"),
    ]
    lines = [line for line in pages.claims_page(claims).splitlines() if line.startswith("|")]
    header, counts = lines[0], [re.findall(r"\d+", line) for line in lines[2:4]]
    assert [name.strip() for name in header.split("|")[2:-1]] == ["holds", "inconclusive", "not judged here"]
    assert counts == [["2", "1", "1"], ["1"]]


def test_papers_come_in_the_order_of_the_chapters():
    page = pages.claims_page([claim(paper=paper) for paper in ("smith2031", "jacobson2019", "wei2020", "you2016")])
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == ["You 2016", "Jacobson 2019", "Wei 2020", "Smith 2031"]


def test_every_card_has_a_page_that_cites_its_source(run):
    known = set(
        re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    cards = [corpora.card(name) for name in corpora.names()]
    for card in cards:
        assert {key.strip() for key in card.citation.split(",")} <= known
        assert f"{{cite:t}}`{card.citation}`" in pages.card_page(card, [run])
    assert "In this run" in pages.card_page(corpora.card("oasis"), [run])
    assert all(f"({card.name}.md)" in pages.cards_index(cards) for card in cards)


def test_the_menu_lists_every_chapter():
    listed = re.findall(r"file: chapters/(\S+)", (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.py"))


def test_folders_of_the_machine_are_told_by_another_name(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIB_DATA", str(tmp_path / "project" / "data"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    known = privacy.folders(tmp_path / "project")
    text = f"looked in {tmp_path}/project/data/oasis, {tmp_path}/project/runs and {tmp_path}/.cache; not in /usr/share"
    assert privacy.hide(text, known) == "looked in $EMOLIB_DATA/oasis, ./runs and ~/.cache; not in /usr/share"


def test_a_short_home_does_not_eat_words(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: Path("/root"))
    known = privacy.folders(tmp_path)
    assert privacy.hide("see /root/data, not example.org/rooted", known) == "see ~/data, not example.org/rooted"


# ---- where a chapter can be opened -----------------------------------------------------------------------------------


def test_launch_buttons_open_the_branch_of_notebooks():
    assert launch_links("https://github.com/someone/book/", "01_small") == {
        "Colab": "https://colab.research.google.com/github/someone/book/blob/notebooks/notebooks/01_small.ipynb",
        "Binder": "https://mybinder.org/v2/gh/someone/book/notebooks?urlpath=lab/tree/notebooks/01_small.ipynb",
    }


def test_a_repository_elsewhere_has_no_colab():
    links = launch_links("https://git.example.org/someone/book", "01_small")
    assert list(links) == ["Binder"]
    assert "/v2/git/https%3A%2F%2Fgit.example.org%2Fsomeone%2Fbook/notebooks?" in links["Binder"]


def test_the_source_is_the_script():
    link = source_link("https://github.com/someone/book", "main", "01_small")
    assert link == "https://github.com/someone/book/blob/main/notebooks/01_small.py"


def test_the_address_of_the_repository_stands_in_one_place():
    address = read_repository(ROOT)[0]
    citation = ROOT / "CITATION.cff"
    places = [path for path in [*(ROOT / "book").glob("*.*"), *(ROOT / "emolib").rglob("*.py")] if path != citation]
    assert [path.name for path in places if address in path.read_text(encoding="utf-8")] == ["_config.yml"]


@pytest.fixture
def scripts(tmp_path):
    (tmp_path / "book").mkdir()
    settings = {"repository": {"url": "https://github.com/someone/book", "branch": "trunk"}}
    (tmp_path / "book" / "_config.yml").write_text(yaml.safe_dump(settings))
    (tmp_path / "notebooks").mkdir()
    text = '# %% [markdown]\n# # A title\n\n# %% tags=["parameters"]\nseed = 0\n\n# %%\nprint(seed)\n'
    (tmp_path / "notebooks" / "00_first.py").write_text(text)
    return tmp_path


def test_exported_notebooks_are_whole_and_install_the_library(scripts):
    written = export_notebooks(scripts, scripts / "out")
    assert [path.name for path in written] == ["00_first.ipynb"]
    book = nbformat.read(written[0], as_version=4)
    nbformat.validate(book)
    assert [cell.source for cell in book.cells if cell.cell_type == "code"][1:] == ["seed = 0", "print(seed)"]
    assert '"emolib @ git+https://github.com/someone/book@trunk"' in book.cells[1].source
    assert all(cell.outputs == [] and cell.execution_count is None for cell in book.cells if cell.cell_type == "code")
    before = written[0].read_bytes()
    assert export_notebooks(scripts, scripts / "out")[0].read_bytes() == before


def test_exporting_says_what_is_missing(scripts, capsys, monkeypatch):
    monkeypatch.chdir(scripts)
    assert main([]) == 2
    (scripts / "notebooks" / "00_first.py").unlink()
    assert main(["out"]) == 1
    assert "There is no chapter in" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["repository: 3", "{}", "repository: [", "repository: {url: x}"])
def test_a_missing_address_is_told(tmp_path: Path, content):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "_config.yml").write_text(content)
    with pytest.raises(BadInput, match="repository: url"):
        read_repository(tmp_path)


def test_a_caution_stands_with_its_claim():
    page = pages.claims_page([claim(caution="The rival saw fewer pixels.")])
    assert "Objects beat colours. *With caution: The rival saw fewer pixels.*" in page
    assert "{bdg-success}`holds` with caution" in page
    assert "caution" not in pages.claims_page([claim(caution=None)])
