"""The guides: every file that they name is there, and a sixth paper gets into the book by the steps that they give."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import jupytext
import pytest

from emolib import corpora
from emolib.claims import KINDS, read_paper
from emolib.corpora import openset
from emolib.site import guides
from emolib.site.teaching.objectives import objectives
from emolib.site.teaching.quiz import read_quiz
from tests.fixtures.book import ROOT

STEPS = ROOT / "book" / "guides" / "add_a_paper.md"
PATH = re.compile(r"`((?:emolib|tests|notebooks|book)/[\w./]+\.\w+|(?:CONTRIBUTING|README)\.md)`")


def example(name: str) -> str:
    """The code of the page that goes by ``name``."""
    found = re.search(rf"(`{{3,}})\{{code-block\}} \w+\n:class: {name}\n(.*?)\n\1", STEPS.read_text("utf-8"), re.S)
    return found[2] + "\n"


def test_every_file_that_the_steps_name_is_there():
    named = PATH.findall(STEPS.read_text(encoding="utf-8"))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_steps_end_with_tests_that_are_there():
    (words,) = re.findall(r'make test ARGS="(.*)"', STEPS.read_text(encoding="utf-8"))
    assert len(words.split()) > 5
    assert [name for name in words.split() if not (ROOT / name).exists()] == []


def test_the_smallest_claims_show_every_kind_and_the_chapter_records_what_they_wait_for(tmp_path):
    path = tmp_path / "smith2031.yml"
    path.write_text(example("smallest-claims"), encoding="utf-8")
    paper = read_paper(path)
    assert {claim.kind for claim in paper.claims} == set(KINDS)
    metrics = [claim.metric.replace("{corpus}", paper.corpus) for claim in paper.claims if claim.metric]
    assert len(metrics) == 2 and all(f'"{name}"' in example("smallest-chapter") for name in metrics)
    (system,) = paper.systems
    assert callable(system.resolve()) and (ROOT / system.test).is_file()
    assert system.code.partition(":")[2] in example("smallest-chapter")
    path.write_text(example("smallest-quiz"), encoding="utf-8")
    promised = objectives(jupytext.reads(example("smallest-chapter"), "py:percent"), "07_smith2031_counts")
    assert [each.questions for each in promised] == [(n,) for n in range(1, len(read_quiz(path)) + 1)]


@pytest.mark.parametrize("page", ["open", "paper", "add_a_paper"])
def test_every_command_of_a_guide_is_one(page):
    from emolib.__main__ import main

    text = (ROOT / "book" / "guides" / f"{page}.md").read_text(encoding="utf-8")
    lines = re.findall(r"python -m emolib ([^`\n#]*)", text)
    assert lines
    for words in map(str.split, lines):
        command = main
        while words and hasattr(command, "commands"):
            assert words[0] in command.commands, words
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, words


def test_the_tables_come_from_the_cards():
    table = guides.open_table()
    for name in openset.NAMES:
        assert f"(../cards/{name}.md)" in table
    assert f"{corpora.card('emoset118k').count:,}" in table
    # 19.3 GB at 12.5 MB a second.
    assert "19.3 GB | 25 min 44 s" in table
    asked = guides.asked_table()
    assert "Ask its authors (http://mohammadmahoor.com/affectnet/)" in asked and "nowhere" not in asked
    assert all(guides.advice(name) for name in guides.ASKED) and guides.advice("oasis") == ""


def test_what_one_may_download_and_what_one_asks_for_is_all_there_is():
    elsewhere = {"openmoji", "scenes", "warriner"}  # made or fetched with the laptop's profile
    assert {*openset.NAMES, *guides.ASKED, *elsewhere} == set(corpora.names())


@pytest.mark.slow
def test_a_sixth_paper_gets_into_the_book_by_these_steps(tmp_path):
    root, name = tmp_path / "clone", "07_smith2031_counts"
    shutil.copytree(ROOT / "emolib", root / "emolib", ignore=shutil.ignore_patterns("__pycache__"))
    ignored = shutil.ignore_patterns("_build", "chapters", "cards", "run", "quizzes", "instructor")
    shutil.copytree(ROOT / "book", root / "book", ignore=ignored)
    for file in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / file, root / file)
    (root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "06_scorecard.py", root / "notebooks")
    (root / "tests" / "baselines").mkdir(parents=True)

    (root / "emolib" / "claims" / "smith2031.yml").write_text(example("smallest-claims"), encoding="utf-8")
    (root / "notebooks" / f"{name}.py").write_text(example("smallest-chapter"), encoding="utf-8")
    (root / "book" / "quizzes").mkdir()
    (root / "book" / "quizzes" / f"{name}.yml").write_text(example("smallest-quiz"), encoding="utf-8")
    assert example("smallest-toc") == f"- file: chapters/{name}\n"
    pages = [f"chapters/{name}", "run/claims", "run/about", "guides/add_a_paper", "glossary", "bibliography"]
    pages += [f"cards/{file}" for file in ("index", *corpora.names())]
    toc = "format: jb-book\nroot: intro\nchapters:\n" + "".join(f"  - file: {page}\n" for page in pages)
    (root / "book" / "_toc.yml").write_text(toc, encoding="utf-8")

    environment = {key: value for key, value in os.environ.items() if key not in ("EMOLIB_RUNS", "EMOLIB_DATA")}
    environment |= {"EMOLIB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(root)}

    def emolib(*words: str) -> str:
        command = [sys.executable, "-m", "emolib", *words]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    emolib("run", "smith2031", "--profile", "ci")
    rows = json.loads(emolib("scorecard", "--profile", "ci", "--json"))
    verdicts = {row["id"]: row["verdict"] for row in rows if row["paper"] == "smith2031"}
    assert verdicts["smith2031/check/total"] == "contradicted"
    assert verdicts["smith2031/text/share"] in ("within", "outside")
    # Judged on the chapter's own numbers, in whichever direction they go.
    assert verdicts["smith2031/claims/brightness_beats_majority"] in ("holds", "contradicted", "inconclusive")
    # The scorecard takes the paper as it comes, with its numbers.
    assert "06_scorecard: done" in emolib("run", "06", "smith2031", "--profile", "ci", "--smoke")
    emolib("check", "--profile", "ci", "--write")
    assert "smith2031/counts/brightness/scenes/accuracy" in (root / "tests" / "baselines" / "ci.json").read_text(
        "utf-8"
    )
    emolib("book", "--profile", "ci")
    html = root / "book" / "_build" / "html"
    intro, claims, about = (
        (html / page).read_text(encoding="utf-8") for page in ("intro.html", "run/claims.html", "run/about.html")
    )
    assert "A small paper" in intro and "The idea is small, and so is this chapter." in intro
    assert "The two classes have 110 pictures together" in claims and "Smith 2031" in claims
    assert "Check yourself" in (html / "chapters" / f"{name}.html").read_text(encoding="utf-8")
    assert f"chapters/{name}.html" in about
