"""Chapter 1 from its first cell to its last: without data, with photographs, and on the papers' layouts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from emolib import backbones, claims
from emolib.emotions import MIKELS
from tests.fixtures import discrete
from tests.fixtures.corpora import write_oasis
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

pytestmark = pytest.mark.slow

CHAPTER = "01_you2016_fine_print"
THREE = ("imagenet", "noisy_fine_tuned", "fine_tuned")
SEVEN = ("machajdik", "yanulevskaya", "wang", "zhao", *THREE)


def promised(corpus: str, small_sets: tuple[str, ...]) -> set[str]:
    """The names of the metrics that others rely on."""
    names = {f"you2016/benchmark/{system}/{corpus}/accuracy" for system in THREE}
    names |= {f"you2016/small_sets/{system}/{small}/mean_tpr" for system in SEVEN for small in small_sets}
    return names | {f"you2016/dedup/hash/scenes/{measure}" for measure in ("precision", "recall")}


def text_of(notebook) -> str:  # noqa: ANN001
    return "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def test_without_data_the_small_sets_are_painted_and_the_page_says_so(
    places: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    metrics, notebook = run_chapter(CHAPTER, "laptop", tmp_path, smoke=True)
    check_ran_whole(notebook)
    check_numbers(metrics)
    assert promised("scenes", ("scenes",)) <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"scenes"}
    assert "Not the photographs." in text_of(notebook)
    assert metrics["metrics"]["you2016/dedup/hash/scenes/precision"]["value"] >= 0.9


def test_ci_profile_with_photographs(places: pytest.MonkeyPatch, two_processes: None, tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=16)
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=False)
    check_ran_whole(notebook)
    check_numbers(metrics)
    assert promised("scenes", ("oasis",)) <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"scenes", "oasis"}
    rows = claims.scorecard([metrics], "you2016")
    found = {row["verdict"] for row in rows if row["kind"] == "direction" and row["corpus"] in ("scenes", "oasis")}
    assert found <= {"holds", "contradicted", "inconclusive"} and found
    # Painted pictures say nothing about the numbers that were measured on the paper's own.
    assert {row["verdict"] for row in rows if row["kind"] == "number" and row["corpus"] == "scenes"} == {"needs fi"}


@pytest.fixture(scope="module")
def random_alexnet(places: pytest.MonkeyPatch) -> Iterator[None]:
    """An AlexNet with random weights where the pretrained one would be: the way is tested here, not what it sees."""
    from torchvision import models

    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    url = models.get_model_weights("alexnet").IMAGENET1K_V1.url
    torch.save(models.get_model("alexnet", weights=None).state_dict(), checkpoints / url.rsplit("/", 1)[1])
    assert backbones.weights_file("alexnet") is not None
    yield
    shutil.rmtree(checkpoints)


@pytest.mark.parametrize("profile", ["open", "paper"])
def test_profiles_on_the_papers_layouts_run_every_cell(
    profile: str, random_alexnet: None, places: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_oasis(tmp_path, n_series=12)
    discrete.write_artphoto(tmp_path, 4)
    discrete.write_abstract(tmp_path)
    if profile == "open":
        discrete.write_emoset118k(tmp_path)
        corpus, small_sets = "emoset118k", ("artphoto", "abstract", "oasis")
    else:
        discrete.write_fi(tmp_path, "b", 20)
        discrete.write_iapssubset(tmp_path, 3)
        corpus, small_sets = "fi", ("iapssubset", "artphoto", "abstract", "oasis")
    metrics, notebook = run_chapter(CHAPTER, profile, tmp_path, smoke=True)
    check_ran_whole(notebook)
    check_numbers(metrics)
    assert promised(corpus, small_sets) <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"scenes", corpus, *small_sets}
    # Neither has enough pictures whose label is only a search word: the page says that its weak labels are simulated.
    assert "**simulated** weak labels" in text_of(notebook)
    counts = [metrics["metrics"][f"you2016/statistics/{emotion}/{corpus}/count"]["value"] for emotion in MIKELS]
    assert sum(counts) == metrics["metrics"][f"you2016/statistics/all/{corpus}/count"]["value"] > 0
    if profile == "paper":
        shown = text_of(notebook)
        assert "acceptance" in shown.lower()
        rows = {row["id"]: row for row in claims.scorecard([metrics], "you2016") if row["corpus"] == "fi"}
        # Measured on the paper's own corpus (a fixture of it here), a number gets a verdict.
        assert rows["you2016/text/total"]["verdict"] == "outside"
