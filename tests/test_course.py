"""A chapter from its inside: its settings, its corpora, the numbers that it records."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from emolib import course
from emolib.errors import BadInput, Unavailable
from emolib.evaluation import Estimate
from tests.fixtures.project import make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the tiny chapter, a small corpus in `data`, and its own cache and runs; the working folder."""
    return make_project(tmp_path, monkeypatch)


def begin(profile: str = "ci", **changes: object) -> course.Run:
    arguments = {"profile": profile, "seed": 0, "device": "cpu", "data_root": None, "smoke": False} | changes
    return course.start("01_tiny", {"ci": {"a": 1, "b": 2}, "laptop": {"a": 3}, "smoke": {"b": 0}}, **arguments)


def test_settings_are_the_profiles_and_smoke_lies_over_them(project: Path) -> None:
    run = begin()
    assert (run.settings, run.folder) == ({"a": 1, "b": 2}, project / "out" / "ci" / "01_tiny")
    run = begin(smoke=True)
    assert (run.settings, run.folder) == ({"a": 1, "b": 0}, project / "out" / "ci-smoke" / "01_tiny")


@pytest.mark.parametrize("profile", ["nosuch", "smoke", "open"])
def test_a_chapter_refuses_a_profile_that_it_has_not(project: Path, profile: str) -> None:
    with pytest.raises(BadInput, match=f"profile: '{profile}' is unknown; use ci, laptop"):
        begin(profile)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "3", True])
def test_a_chapter_refuses_a_seed_that_is_none(project: Path, seed: object) -> None:
    with pytest.raises(BadInput, match="seed"):
        begin(seed=seed)


@pytest.mark.parametrize("device", ["gpu", "", "cpu:zero"])
def test_a_chapter_refuses_a_device_that_is_none(project: Path, device: str) -> None:
    with pytest.raises(BadInput, match="device"):
        begin(device=device)


@pytest.mark.parametrize("name", ["", "r", "a/b/c/d", "a/b/c/d/e/f", "a//c/d/e", "/b/c/d/e", "a/b/c/d/"])
def test_a_metric_needs_its_five_names(project: Path, name: str) -> None:
    run = begin()
    with pytest.raises(BadInput, match="does not read paper/experiment/system/corpus/measure"):
        run.record(name, Estimate(0.5, None, None, 3, "groups"))
    assert run.metrics == {}


def test_a_metric_has_one_value(project: Path) -> None:
    run = begin()
    first = Estimate(0.5, 0.4, 0.6, 3, "groups")
    assert run.record("a/b/c/d/e", first) == first
    assert run.record("a/b/c/d/e", Estimate(0.5, 0.4, 0.6, 3, "groups")) == first
    with pytest.raises(BadInput, match="a/b/c/d/e has the value .* already"):
        run.record("a/b/c/d/e", Estimate(0.5, 0.4, 0.7, 3, "groups"))
    assert run.metrics == {"a/b/c/d/e": first}


def test_a_caution_is_about_a_number_that_is_there_and_is_saved_beside_it(project: Path) -> None:
    run = begin()
    assert "cautions" not in run.content()
    run.record("a/b/c/d/e", Estimate(0.5, 0.4, 0.6, 3, "groups"))
    run.caution("a/b/c/d/e", "Few pixels.")
    run.caution("a/b/c/d/e", "Few pictures.")
    assert run.content()["cautions"] == {"a/b/c/d/e": "Few pixels. Few pictures."}
    with pytest.raises(BadInput, match="a/b/c/d/f' has not been recorded"):
        run.caution("a/b/c/d/f", "Few pixels.")
    with pytest.raises(BadInput, match="needs words"):
        run.caution("a/b/c/d/e", " ")


def test_a_corpus_is_noted_once_it_is_loaded(project: Path) -> None:
    run = begin()
    corpus = run.load("oasis")
    assert run.content()["corpora"] == {"oasis": corpus.content_hash}
    run = begin(data_root=str(project / "elsewhere"))
    with pytest.raises(Unavailable, match="elsewhere"):
        run.load("oasis")
    assert run.content()["corpora"] == {}


def test_saving_sorts_the_names_and_puts_none_for_what_is_not_finite(project: Path) -> None:
    run = begin()
    run.record("b/b/b/b/b", Estimate(math.nan, -math.inf, math.inf, 1, "groups"))
    run.record("a/a/a/a/a", Estimate(1.0, 0.5, 1.5, 2, "groups"))
    path = run.save()
    assert path == project / "out" / "ci" / "01_tiny" / "metrics.json"
    assert [file.name for file in path.parent.iterdir()] == ["metrics.json"]
    metrics = json.loads(path.read_text("utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert list(metrics["metrics"].items()) == [
        ("a/a/a/a/a", {"value": 1.0, "low": 0.5, "high": 1.5, "n": 2, "unit": "groups"}),
        ("b/b/b/b/b", {"value": None, "low": None, "high": None, "n": 1, "unit": "groups"}),
    ]
