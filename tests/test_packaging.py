"""pyproject.toml, environment.yml and requirements.lock tell one story."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def requirements(*extras: str) -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return by_name(lines)


def by_name(lines: list[str]) -> dict[str, Requirement]:
    parsed = [Requirement(line) for line in lines]
    named = {canonicalize_name(requirement.name): requirement for requirement in parsed}
    assert len(named) == len(parsed), "a package is listed twice"
    return named


def locked() -> dict[str, Version]:
    versions = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)", line)
            assert match, f"no exact version, or a path, option or local version: {line!r}"
            versions[canonicalize_name(match[1])] = Version(match[2])
    return versions


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_installs_what_pip_does():
    pip = next(entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict))
    ours = {name: requirement.specifier for name, requirement in by_name(pip).items()}
    assert ours == {name: requirement.specifier for name, requirement in requirements("book", "dev").items()}


def test_conda_asks_for_the_same_python():
    python = next(Requirement(entry) for entry in environment()["dependencies"] if str(entry).startswith("python"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(python.specifier) == project["requires-python"]


@pytest.mark.parametrize("name, requirement", requirements("book", "dev").items())
def test_every_range_has_a_lower_bound(name, requirement):
    assert {specifier.operator for specifier in requirement.specifier} & {">=", "==", "~="}, f"{name} has none"


@pytest.mark.parametrize("name, requirement", requirements("book", "dev").items())
def test_the_lock_satisfies_every_range(name, requirement):
    assert name in locked(), f"{name} is not in requirements.lock: run make lock"
    assert requirement.specifier.contains(locked()[name]), f"{requirement} excludes the locked {locked()[name]}"


def test_what_is_installed_satisfies_every_range():
    differing = []
    for name, requirement in requirements("book", "dev").items():
        try:
            # A local part such as +cpu says how it was built, not which version it is.
            installed = Version(Version(metadata.version(name)).public)
        except metadata.PackageNotFoundError:
            continue
        assert requirement.specifier.contains(installed, prereleases=True), f"{requirement} is installed as {installed}"
        if name in locked() and locked()[name] != installed:
            differing.append(f"{name} {installed} (tested: {locked()[name]})")
    if differing:
        print("Installed in another version than the one in requirements.lock:", ", ".join(sorted(differing)))


def test_the_lock_suits_every_platform():
    # These depend on the machine or on the Python at hand; pinning them would break an installation elsewhere.
    for name in locked():
        assert not re.match(r"(nvidia|cuda)-|triton$|pip$|setuptools$|wheel$", name), name


def test_no_data_and_no_notebook_can_be_committed_by_accident():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"runs/", "book/_build/", "book/chapters/", "book/cards/", "book/run/", "*.ipynb"} <= set(ignored)


@pytest.mark.parametrize("name", ["tests.yml", "publish.yml"])
def test_workflows_call_make_targets_that_exist(name):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))["jobs"]
    commands = " ".join(str(step.get("run", "")) for job in jobs.values() for step in job["steps"])
    called = set(re.findall(r"\bmake ([a-z]+)", commands))
    assert called and called <= targets


def test_citation_file_names_the_version_and_the_repository():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    settings = yaml.safe_load((ROOT / "book" / "_config.yml").read_text(encoding="utf-8"))
    version = re.search(r'__version__ = "(.+)"', (ROOT / "emolib" / "__init__.py").read_text(encoding="utf-8"))
    assert version and citation["version"] == version[1]
    assert citation["repository-code"] == settings["repository"]["url"]


def test_the_recipe_without_network_fetches_all_that_an_installation_asks_for():
    """Wheels of the project with its extras and of what builds it: without the latter pip asks the network again."""
    page = (ROOT / "book" / "instructor" / "room.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`python -m pip (wheel [^`]+)`", page)
    words = shlex.split(command)[1:]
    # Each option of the recipe takes a value.
    options = {name: value for name, value in pairwise(words) if name.startswith("-")}
    asked = set(words) - {*options, *options.values()}
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    installed = re.search(r'pip install .* -e "([^"]+)"', (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert installed and asked == {installed[1], *build}
    assert f"`PIP_NO_INDEX=1 PIP_FIND_LINKS={options['-w']} make install`" in page
