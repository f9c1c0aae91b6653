"""Chapter 2 from its first cell to its last, in three profiles, on small corpora made here.

The networks of the `open` and `paper` profiles have the right shapes and random weights: the way through the chapter is
tested here, not what pretrained networks see.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from emolib import backbones, claims, runner
from tests.fixtures.corpora import THEMES, write_cgna10766, write_oasis, write_warriner
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

pytestmark = pytest.mark.slow

CHAPTER = "02_kim2017_valence_arousal"
TARGETS = ("valence", "arousal")


def promised(corpus: str) -> set[str]:
    """The names of the metrics of Tables III and IV that others rely on."""
    systems = {
        "table3": ("low", "object", "scene", "all"),
        "table4": ("linear", "svr", "cnn_frozen", "cnn_trained", "fine_tuned_alone", "fine_tune", "mean"),
    }
    return {
        f"kim2017/{table}/{system}/{corpus}/{target}_{measure}"
        for table, names in systems.items()
        for system in names
        for target in TARGETS
        for measure in (("r", "mse") if system != "mean" else ("mse",))
    }


def check_metrics(metrics: dict, corpus: str) -> None:
    """The promised metrics are there, and every number is finite or honestly absent."""
    found = metrics["metrics"]
    assert promised(corpus) <= set(found)
    check_numbers(metrics)
    for target in TARGETS:
        for system in ("low", "object", "scene", "all"):
            assert found[f"kim2017/table3/{system}/{corpus}/{target}_mse"]["value"] > 0
        for system in ("linear", "svr", "cnn_frozen", "cnn_trained", "fine_tuned_alone", "fine_tune", "mean"):
            assert found[f"kim2017/table4/{system}/{corpus}/{target}_mse"]["value"] > 0
        # A constant has no correlation of its own; out of fold its mean moves against the test pictures, if at all.
        assert f"kim2017/table4/mean/{corpus}/{target}_r" not in found
        assert f"kim2017/folds/leak/{corpus}/{target}_r_difference" in found


def test_ci_profile_runs_every_cell(places: pytest.MonkeyPatch, two_processes: None, tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=12)
    write_warriner(tmp_path, [theme.lower() for theme, _ in THEMES[:12]])
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=False)
    check_ran_whole(notebook)
    check_metrics(metrics, "oasis")
    assert {f"kim2017/norms/warriner/oasis/{target}_r" for target in TARGETS} <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"oasis", "warriner"}
    assert metrics["metrics"]["kim2017/statistics/pictures/oasis/count"]["value"] == len(
        list((tmp_path / "oasis" / "images").iterdir())
    )
    # The claims are judged on it, and those about another corpus say that they need it.
    rows = claims.scorecard([metrics], "kim2017")
    directions = {row["verdict"] for row in rows if row["kind"] == "direction" and row["corpus"] == "oasis"}
    assert directions <= {"holds", "contradicted", "inconclusive"} and directions


def test_without_the_photographs_the_page_uses_painted_ones_and_says_so(
    places: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    metrics, notebook = run_chapter(CHAPTER, "laptop", tmp_path, smoke=True)
    check_ran_whole(notebook)
    check_metrics(metrics, "scenes")
    assert set(metrics["corpora"]) == {"scenes"}
    assert not [name for name in metrics["metrics"] if "/oasis/" in name]
    shown = "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    assert "Not the photographs." in shown and "simulated" in shown


@pytest.fixture(scope="module")
def random_networks(places: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Random weights where the pretrained ones would be, and a scene parser; 1.5 GB, deleted afterwards."""
    transformers = pytest.importorskip("transformers", reason="scene parsing needs transformers (emolib[scenes])")
    from torchvision import models

    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    checkpoints.mkdir(parents=True)
    torch.manual_seed(0)
    for name in ("alexnet", "vgg16", "vgg19", "resnet50"):
        url = models.get_model_weights(name).IMAGENET1K_V1.url
        torch.save(models.get_model(name, weights=None).state_dict(), checkpoints / url.rsplit("/", 1)[1])
        assert backbones.weights_file(name) is not None
    parser = tmp_path_factory.mktemp("segformer")
    config = transformers.SegformerConfig(
        num_labels=150, depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 16], decoder_hidden_size=16
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(parser)
    places.setenv("EMOLIB_SEGFORMER", str(parser))
    yield
    shutil.rmtree(checkpoints)


@pytest.fixture(scope="module")
def kims_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sixteen pictures in the layout of Kim's own corpus."""
    root = tmp_path_factory.mktemp("data")
    write_cgna10766(root, n=16)
    return root


@pytest.mark.parametrize("profile", ["open", "paper"])
def test_profiles_on_kims_corpus_run_every_cell(
    profile: str, random_networks: None, places: pytest.MonkeyPatch, kims_pictures: Path
) -> None:
    metrics, notebook = run_chapter(CHAPTER, profile, kims_pictures, smoke=True)
    check_ran_whole(notebook)
    check_metrics(metrics, "cgna10766")
    assert (metrics["profile"], set(metrics["corpora"])) == (profile, {"cgna10766"})
    # Every network of the paper's tables has its row.
    systems = {tuple(name.split("/")[1:3]) for name in metrics["metrics"]}
    assert {("table2", name) for name in ("alexnet", "vgg16", "resnet", "category")} <= systems
    assert {("table3", f"object_{name}") for name in ("alexnet", "vgg16", "resnet")} <= systems
    assert {
        ("table4", f"cnn_{part}_{net}") for part in ("frozen", "trained") for net in ("alexnet", "vgg19")
    } <= systems
    # Pictures without words: nothing is made up in their place.
    assert not [name for name in metrics["metrics"] if name.startswith("kim2017/norms/")]


def test_weights_out_of_reach_are_told_and_nothing_is_measured(
    places: pytest.MonkeyPatch, kims_pictures: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(tmp_path / "empty"))
        patch.setenv("EMOLIB_RUNS", str(tmp_path / "runs"))
        # A proxy that nobody listens at: no download leaves this machine.
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        parameters = {"seed": 0, "device": "cpu", "data_root": str(kims_pictures), "smoke": True}
        (result,) = runner.run(["2"], "open", parameters)
    assert result.status == "needs" and "alexnet" in result.why
    folder = tmp_path / "runs" / "open-smoke" / CHAPTER
    assert json.loads((folder / "metrics.json").read_text("utf-8"))["metrics"] == {}
    assert "Not run from here on." in (folder / "notebook.ipynb").read_text("utf-8")
