"""Chapter 4 from its first cell to its last: in the laboratory, with photographs, and on the papers' layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from emolib import claims
from tests.fixtures import discrete
from tests.fixtures.corpora import write_oasis
from tests.fixtures.emotion_sets import write_emotionroi
from tests.notebooks.running import check_numbers, check_ran_whole, run_chapter

pytestmark = pytest.mark.slow

CHAPTER = "04_rao2019_emotional_regions"
SYSTEMS = ("global", "object", "emotional", "global_object", "global_emotional")


def promised(corpus: str, regions: str) -> set[str]:
    """The names of the metrics that others rely on."""
    detectors = {f"{levels}_{branch}" for levels in ("single", "multi") for branch in ("object", "emotional")}
    return {
        *(f"rao2019/table1/{system}/{corpus}/accuracy" for system in SYSTEMS),
        *(f"rao2019/table2/ours/{corpus}/accuracy_{loss}" for loss in ("cls", "p", "multi")),
        *(f"rao2019/detection/{detector}/{regions}/ap" for detector in detectors),
    }


def text_of(notebook) -> str:  # noqa: ANN001
    return "".join(str(output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


def test_ci_profile_with_photographs(places: pytest.MonkeyPatch, two_processes: None, tmp_path: Path) -> None:
    write_oasis(tmp_path, n_series=16)
    metrics, notebook = run_chapter(CHAPTER, "ci", tmp_path, smoke=False)
    check_ran_whole(notebook)
    check_numbers(metrics)
    assert promised("scenes", "scenes") <= set(metrics["metrics"])
    assert {f"rao2019/table1/{system}/oasis/accuracy2" for system in SYSTEMS} <= set(metrics["metrics"])
    assert set(metrics["corpora"]) == {"scenes", "oasis"}
    rows = claims.scorecard([metrics], "rao2019")
    by_slug = {row["id"].split("/")[-1]: row["verdict"] for row in rows if row["kind"] == "direction"}
    judged = {"holds", "contradicted", "inconclusive"}
    # The laboratory and the photographs can judge all but what is said of the small sets, of fine-tuned networks, and
    # of how far emotional regions reach: painted ones are the boxes of things.
    absent = {slug: verdict for slug, verdict in by_slug.items() if verdict not in judged}
    assert absent == {
        "small_sets_full_beats_plain": "needs artphoto",
        "small_sets_hand_made_hold": "needs artphoto",
        "colours_suit_paintings": "needs abstract",
        "emotional_regions_are_larger": "needs emotionroi",
        "deep_beats_sentibank": "needs a fine-tuned network",
        "deep_beats_hand_made": "needs a fine-tuned network",
    }
    # Painted pictures say nothing about the numbers that were measured on photographs.
    numbers = {row["verdict"] for row in rows if row["kind"] == "number" and row["corpus"] == "scenes"}
    assert "within" not in numbers and "outside" not in numbers
    value = {name: metric["value"] for name, metric in metrics["metrics"].items()}
    # Differences have the sign that their definition says.
    for slug, first, second in (
        ("global_plus_regions_beats_global", "global", "global_emotional"),
        ("emotional_alone_beats_object_alone", "object", "emotional"),
    ):
        gain = value[f"rao2019/table1/{second}/scenes/accuracy"] - value[f"rao2019/table1/{first}/scenes/accuracy"]
        assert value[f"rao2019/claims/{slug}/scenes/accuracy_difference"] == pytest.approx(gain, abs=1e-9)
    # Side branches are held against one branch that reaches as deep.
    gain = value["rao2019/table3/rao_b/scenes/accuracy"] - value["rao2019/table3/one_branch/scenes/accuracy"]
    assert value["rao2019/claims/side_branches_help/scenes/accuracy_difference"] == pytest.approx(gain, abs=1e-9)
    gain = value["rao2019/detection/multi_emotional/scenes/ap"] - value["rao2019/detection/single_emotional/scenes/ap"]
    assert value["rao2019/claims/multi_level_beats_single_level/scenes/ap_difference"] == pytest.approx(gain, abs=1e-9)
    # Where nearly all are of one mind the losses are nearly one, and so are the networks that they train.
    assert abs(value["rao2019/control/one_mind/scenes/accuracy_difference"]) < 0.02
    # The printed gradient is not the gradient; the mended one is.
    assert value["rao2019/gradient/mended/none/largest_difference"] < 1e-6
    assert value["rao2019/gradient/printed/none/largest_difference"] > 0.1
    # Always saying no has seven eighths, whatever the pictures.
    assert "0.88" in text_of(notebook)


def test_without_photographs_the_page_says_so(places: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metrics, notebook = run_chapter(CHAPTER, "laptop", tmp_path, smoke=True)
    check_ran_whole(notebook, least_figures=9)
    check_numbers(metrics)
    assert set(metrics["corpora"]) == {"scenes"}
    assert "Photographs are not within reach" in text_of(notebook) and "Not run: oasis" in text_of(notebook)


@pytest.mark.parametrize(("profile", "corpus"), [("open", "emoset118k"), ("paper", "fi")])
def test_profiles_on_the_papers_layouts_run_every_cell(
    profile: str, corpus: str, places: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Nothing is fetched here: weights that are not on the machine are out of reach.
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    write_emotionroi(tmp_path, 6, faults=False)
    discrete.write_artphoto(tmp_path, 4)
    discrete.write_abstract(tmp_path)
    if corpus == "fi":
        discrete.write_fi(tmp_path, "b", 20)
        discrete.write_iapssubset(tmp_path, 3)
    else:
        discrete.write_emoset118k(tmp_path)
    metrics, notebook = run_chapter(CHAPTER, profile, tmp_path, smoke=True)
    check_ran_whole(notebook, least_figures=8)
    check_numbers(metrics)
    assert promised(corpus, "emotionroi") <= set(metrics["metrics"])
    small = {"artphoto", "abstract", *(["iapssubset", "emotionroi"] if corpus == "fi" else [])}
    assert set(metrics["corpora"]) == {corpus, "emotionroi", "scenes", *small}
    text = text_of(notebook)
    assert "resnet50_coco is out of reach" in text and "**lite0**" in text
    assert "The controls need the laboratory" in text
    # EmoSet has no votes, so that every p* is 1 and the losses are one; FI's differ.
    p_star = metrics["metrics"][f"rao2019/table2/ours/{corpus}/accuracy_multi"]["value"]
    if corpus == "emoset118k":
        assert p_star == metrics["metrics"][f"rao2019/table2/ours/{corpus}/accuracy_cls"]["value"]
    assert f"rao2019/small/ours/{'emotionroi' if corpus == 'fi' else 'artphoto'}/accuracy2" in metrics["metrics"]


def test_with_cocos_weights_the_detector_starts_from_them(
    places: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The chapter up to its detectors, in the published form, on a file of random weights in the published layout."""
    import jupytext
    import nbformat
    import torch
    from nbclient import NotebookClient
    from torchvision import models

    from emolib import course

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    weights = models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None).state_dict()
    torch.save(weights, folder / "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth")
    changes = {
        'profile = "laptop"': 'profile = "open"', "smoke = False": "smoke = True", '"width": 8': '"width": 256',
        '"hidden units": 16': '"hidden units": 1024', '"bins": 3': '"bins": 7', '"pictures": 240': '"pictures": 40',
        "data_root = None": f"data_root = {str(tmp_path)!r}",
    }  # fmt: skip
    write_emotionroi(tmp_path, 6, faults=False)
    discrete.write_emoset118k(tmp_path)
    cells = []
    source = jupytext.read(course.project_root() / "notebooks" / f"{CHAPTER}.py").cells
    assert all(any(old in cell.source for cell in source) for old in changes)
    for cell in source:
        if cell.cell_type != "code":
            continue
        for old, new in changes.items() if len(cells) < 2 else ():
            cell.source = cell.source.replace(old, new)
        cells.append(cell)
        if 'run.timed("detectors")' in cell.source:
            break
    last = """
given = torch.load(cocostart.backbones.weights_file("resnet50_coco"), weights_only=True)
kept = networks["multi", seed].object.look.fc7.weight.equal(given["roi_heads.box_head.fc7.weight"])
print(trunk, from_coco, kept, networks["single", seed].object.says.out_features)
"""
    cells.append(nbformat.v4.new_code_cell(last))
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=900).execute(cwd=str(course.project_root() / "notebooks"))
    assert "".join(output.text for output in cells[-1].outputs).strip().endswith("resnet50_coco True True 2")
