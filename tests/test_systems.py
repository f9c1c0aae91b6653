"""Every system that the papers build has code here, a chapter that uses it, and a test: the claims files say which."""

from __future__ import annotations

import ast
import importlib
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from emolib import chapters, claims, inputs
from emolib.__main__ import main
from emolib.claims import System
from emolib.errors import BadInput

ROOT = Path(__file__).parents[1]
SYSTEMS = claims.systems()
IDS = [f"{system.paper}/{system.id}" for system in SYSTEMS]
# Paper -> the numbers of its chapters: a chapter's file is called NN_paper_topic.py.
CHAPTERS = {
    paper: [int(path.name[:2]) for path in (ROOT / "notebooks").glob(f"[0-9][0-9]_{paper}_*.py")]
    for paper in claims.papers()
}


@cache
def names_in(path: Path) -> frozenset[str]:
    """Every name, attribute and imported name of a Python file, and the strings that could name a part."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.update((node.name.split(".")[-1], node.asname or ""))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return frozenset(found)


def chapter_of(system: System) -> Path:
    (path,) = (ROOT / "notebooks").glob(f"{system.chapter:02}_*.py")
    return path


def uses(path: Path, system: System) -> bool:
    """Does the chapter name the system's object, or does a part of the library that it imports, other than its home?"""
    module, _, name = system.code.partition(":")
    if name in names_in(path):
        return True
    reached = inputs.library_files(path)
    home = Path(importlib.import_module(module).__file__ or "")
    # Through another module that calls it, or another function of its own.
    called = any(name in names_in(file) for file in reached - {home} if file.suffix == ".py")
    if home in reached and (called or len(re.findall(rf"\b{name}\b", home.read_text("utf-8"))) > 1):
        return True
    # Through a register: a package whose parts are imported by their names when they are wanted.
    package, _, part = module.rpartition(".")
    register = Path(importlib.import_module(package).__file__ or "") if package else None
    listed = register in reached and part in names_in(register)
    return listed and package.rpartition(".")[2] in names_in(path)


def holds_tests(place: str) -> bool:
    """Would pytest collect something at this place: a file below tests with a test function in it?"""
    path, _, function = place.partition("::")
    file = ROOT / path
    if not path.startswith("tests/") or not file.name.startswith("test_") or not file.is_file():
        return False
    defined = [node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    return function in defined if function else any(name.startswith("test_") for name in defined)


def names_it(place: str, system: System) -> bool:
    """Does the test name the object, or run the chapter that does?"""
    file = ROOT / place.partition("::")[0]
    name, module = system.code.split(":")[1], system.code.split(":")[0].split(".")[-1]
    return bool({name, module} & names_in(file)) or chapter_of(system).stem in file.read_text("utf-8")


@pytest.mark.parametrize("system", SYSTEMS, ids=IDS)
def test_a_system_has_code_a_chapter_and_a_test(system: System) -> None:
    assert system.resolve() is not None
    assert system.chapter in CHAPTERS[system.paper]
    assert uses(chapter_of(system), system), f"{chapter_of(system).name} does not use {system.code}"
    assert holds_tests(system.test), f"{system.test} holds no test"
    assert names_it(system.test, system), f"{system.test} does not name {system.code}"


def test_what_is_not_there_is_noticed() -> None:
    system = next(s for s in SYSTEMS if s.id == "ffnn")
    with pytest.raises(BadInput, match="kim2017/ffnn"):
        replace(system, code="emolib.models.ffnn:Perceptron").resolve()
    with pytest.raises(BadInput, match="kim2017/ffnn"):
        replace(system, code="emolib.models.perceptron:FFNN").resolve()
    for place in (
        "tests/models/test_nothing.py",
        "tests/models/__init__.py",
        "emolib/models/ffnn.py",
        "tests/conftest.py",
        "tests/models/test_ffnn.py::test_that_is_not_there",
    ):
        assert not holds_tests(place), place
    for code in ("emolib.models.fractal:FractalNet", "emolib.probes:zero_shot", "emolib.features.color:no_such_thing"):
        assert not uses(chapter_of(system), replace(system, code=code)), code
    assert not names_it("tests/models/test_fractal.py", system)


def test_a_system_without_its_test_or_its_chapter_is_told(tmp_path: Path) -> None:
    system = next(s for s in SYSTEMS if s.id == "ffnn")
    chapters.check_systems(SYSTEMS)
    with pytest.raises(
        BadInput, match="kim2017/ffnn names the test tests/models/test_nothing.py::test_it, which is not"
    ):
        chapters.check_systems([replace(system, test="tests/models/test_nothing.py::test_it")])
    with pytest.raises(BadInput, match=r"kim2017/ffnn names chapter 42, but there is no notebooks/42_\*.py"):
        chapters.check_systems([replace(system, chapter=42)])
    # Beside an installed library there are neither.
    chapters.check_systems([replace(system, test="tests/nothing.py", chapter=42)], tmp_path)


@pytest.mark.parametrize("paper", CHAPTERS)
def test_every_chapter_of_a_paper_has_systems(paper: str) -> None:
    assert CHAPTERS[paper], f"no notebooks/NN_{paper}_topic.py"
    assert [system.id for system in SYSTEMS if system.paper == paper]


def test_the_command_lists_them_all() -> None:
    result = CliRunner().invoke(main, ["systems", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert [f"{row['paper']}/{row['id']}" for row in rows] == IDS
    assert len(set(IDS)) == len(IDS)
    for row in rows:
        assert set(row) == {"id", "paper", "name", "where", "chapter", "code", "test"} and all(map(str, row.values()))
