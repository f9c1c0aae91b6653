"""Chapter 3 from its first cell to its last: in the laboratory, and on the papers' layouts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from emolib import backbones, claims
from tests.fixtures import discrete
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

pytestmark = pytest.mark.slow

CHAPTER = "03_jacobson2019_small_images"
SYSTEMS = ("resnet", "fractalnet", "embedding")


def promised(corpus: str) -> set[str]:
    """The names of the metrics that others rely on."""
    return {f"jacobson2019/{kind}/{system}/{corpus}/accuracy" for kind in ("poster", "repaired") for system in SYSTEMS}


def text_of(notebook) -> str:  # noqa: ANN001
    return "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def test_ci_profile_needs_no_data(places: pytest.MonkeyPatch, two_processes: None, tmp_path: Path) -> None:
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=False)
    check_ran_whole(notebook, least_figures=9)
    check_numbers(metrics)
    assert promised("scenes") <= set(metrics["metrics"]) and set(metrics["corpora"]) == {"scenes"}
    rows = claims.scorecard([metrics], "jacobson2019")
    directions = [row for row in rows if row["kind"] == "direction"]
    # The laboratory can judge each of them.
    assert {row["verdict"] for row in directions} <= {"holds", "contradicted", "inconclusive"}
    # Painted pictures say nothing about the numbers that were measured on photographs.
    assert {row["verdict"] for row in rows if row["kind"] == "number" and row["corpus"] == "scenes"} == {"needs fi"}
    # Whoever knows everything is not beaten, and the bound is one.
    bound = metrics["metrics"]["jacobson2019/bound/posterior/scenes/accuracy"]
    assert 0.6 < bound["value"] < 1
    # Differences have the sign that their definition says.
    for slug, first, second in (
        ("repair_helps_resnet", "poster/resnet", "repaired/resnet"),
        ("repair_helps_embedding", "poster/embedding", "repaired/embedding"),
        ("resnet_beats_embedding", "poster/embedding", "poster/resnet"),
    ):
        a, b = (metrics["metrics"][f"jacobson2019/{system}/scenes/accuracy"]["value"] for system in (first, second))
        found = metrics["metrics"][f"jacobson2019/claims/{slug}/scenes/accuracy_difference"]["value"]
        assert found == pytest.approx(b - a, abs=1e-9)


@pytest.fixture
def random_detector(places: pytest.MonkeyPatch) -> Iterator[None]:
    """A detector with random weights where the one for COCO would be: the way is tested, not what it sees."""
    from torchvision import models

    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    url = models.get_model_weights("fasterrcnn_resnet50_fpn").COCO_V1.url
    detector = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None)
    torch.save(detector.state_dict(), checkpoints / url.rsplit("/", 1)[1])
    assert backbones.weights_file("resnet50_coco") is not None
    yield
    shutil.rmtree(checkpoints)


@pytest.mark.parametrize(("profile", "corpus"), [("open", "emoset118k"), ("paper", "fi")])
def test_profiles_on_the_papers_layouts_run_every_cell(
    profile: str, corpus: str, request: pytest.FixtureRequest, places: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if corpus == "fi":
        discrete.write_fi(tmp_path, "b", 20)
        # Nothing is fetched here: the weights for COCO are out of reach.
        monkeypatch = request.getfixturevalue("monkeypatch")
        for variable in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, "http://127.0.0.1:9")
    else:
        request.getfixturevalue("random_detector")
        discrete.write_emoset118k(tmp_path)
    metrics, notebook = run_chapter(CHAPTER, profile, tmp_path, smoke=True)
    check_ran_whole(notebook, least_figures=9)
    check_numbers(metrics)
    assert promised(corpus) <= set(metrics["metrics"]) and set(metrics["corpora"]) == {corpus}
    # FI has candidates that people turned down, whose label is the word that found them; EmoSet has none.
    assert ("Simulated search words." in text_of(notebook)) == (corpus == "emoset118k")
    # The page says whose embedding it is, and why.
    assert ("**lite0**" if corpus == "fi" else "**resnet50_coco**") in text_of(notebook)
    assert ("resnet50_coco: its weights are not" in text_of(notebook)) == (corpus == "fi")
    assert "Only the laboratory knows" in text_of(notebook)
    if corpus == "fi":
        # Measured on the poster's corpus (a fixture of it here), its numbers get a verdict.
        rows = claims.scorecard([metrics], "jacobson2019")
        judged = {row["verdict"] for row in rows if row["id"].startswith("jacobson2019/results/")}
        assert judged <= {"within", "outside"}
