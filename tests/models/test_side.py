"""Branches at several levels: computed again without torch, each level apart, and what the control leaves out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from emolib.errors import BadInput
from emolib.models.recurrent import LevelGru
from emolib.models.side import Branch, LevelVectors, SideBranches
from emolib.training import Recipe, fit, predict

SHAPES = ((3, 8, 8), (4, 4, 4), (5, 2, 2), (6, 1, 1))
TOTAL = 3 * 64 + 4 * 16 + 5 * 4 + 6
STARTS = np.cumsum([0, 3 * 64, 4 * 16, 5 * 4])


def rows(n=7, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, TOTAL)).astype(np.float16)


def changed(x: np.ndarray, level: int) -> np.ndarray:
    """The same rows but for one level."""
    other = x.copy()
    size = int(np.prod(SHAPES[level]))
    other[:, STARTS[level] : STARTS[level] + size] += np.float16(1)
    return other


def test_a_branch_is_that_of_numpy_and_scipy():
    torch.manual_seed(0)
    branch = Branch(3, 4, (8, 6), grid=None).eval()
    branch.norm.running_mean.copy_(torch.tensor([0.5, -1.0, 2.0]))
    branch.norm.running_var.copy_(torch.tensor([1.0, 4.0, 0.25]))
    x = np.random.default_rng(1).normal(size=(2, 3, 8, 6))
    with torch.inference_mode():
        found = branch(torch.from_numpy(x).float()).numpy()
    scaled = (x - np.array([0.5, -1.0, 2.0])[:, None, None]) / np.sqrt(np.array([1.0, 4.0, 0.25]) + 1e-5)[:, None, None]
    weight = branch.conv.weight.detach().numpy()
    for i in range(2):
        for j in range(4):
            response = sum(correlate(scaled[i, c], weight[j, c], mode="same") for c in range(3))
            np.testing.assert_allclose(found[i, j], np.maximum(response, 0).mean(), rtol=1e-4, atol=1e-5)


def test_large_maps_are_averaged_down_and_small_ones_left_alone():
    torch.manual_seed(0)
    pooled, plain = Branch(2, 3, (8, 4), grid=4).eval(), Branch(2, 3, (4, 4), grid=4).eval()
    plain.load_state_dict(pooled.state_dict())
    x = torch.randn(2, 2, 8, 4)
    with torch.inference_mode():
        # Pairs of rows are one cell; columns are few enough.
        torch.testing.assert_close(pooled(x), plain((x[:, :, ::2] + x[:, :, 1::2]) / 2))


def test_parameters_by_hand():
    # 3x3 convolutions to 5 channels with a bias, and a linear layer from 4 x 5 or 5 to 2.
    convolutions = sum(9 * c * 5 + 5 for c in (3, 4, 5, 6))
    counted = {f: sum(p.numel() for p in SideBranches(SHAPES, 2, fusion=f, width=5).parameters()) for f in
               ("concat", "mean")}  # fmt: skip
    assert counted == {"concat": convolutions + 4 * 5 * 2 + 2, "mean": convolutions + 5 * 2 + 2}


def test_each_vector_hangs_on_its_own_level_alone():
    torch.manual_seed(0)
    model = LevelVectors(SHAPES, [2, 0, 1], width=5).eval()
    x = rows()
    with torch.inference_mode():
        found = model(torch.from_numpy(x))
        assert found.shape == (7, 3, 5) and found.dtype == torch.float32
        for level in range(4):
            other = model(torch.from_numpy(changed(x, level)))
            differs = [not torch.equal(found[:, k], other[:, k]) for k in range(3)]
            assert differs == [used == level for used in (2, 0, 1)]


@pytest.mark.parametrize("level", range(4))
def test_the_control_reads_one_level_and_fusion_makes_no_difference_to_it(level):
    found = []
    for fusion in ("concat", "mean"):
        torch.manual_seed(3)
        found.append(SideBranches(SHAPES, 2, levels=[level], fusion=fusion, width=5).eval())
    first, second = found
    x = rows()
    np.testing.assert_array_equal(predict(first, x), predict(second, x))
    same = [np.array_equal(predict(first, x), predict(first, changed(x, other))) for other in range(4)]
    assert same == [other != level for other in range(4)]


def test_fusion_by_mean_is_the_mean_of_what_is_put_side_by_side():
    models = []
    for fusion in ("concat", "mean"):
        torch.manual_seed(0)
        models.append(SideBranches(SHAPES, 2, fusion=fusion, width=5).eval())
    x = torch.from_numpy(rows())
    with torch.inference_mode():
        side, mean = (model.embed(x) for model in models)
    torch.testing.assert_close(side.unflatten(1, (4, 5)).mean(1), mean)


@pytest.mark.parametrize("network", [SideBranches, LevelGru])
def test_what_lies_in_two_levels_is_found_by_both_and_half_of_it_by_one(network):
    # One of four classes: the sign of a channel in each of two levels. A level alone can halve the classes, no more.
    chance = np.random.default_rng(0)
    signs = chance.choice([-1, 1], size=(300, 2))
    x = chance.normal(size=(300, TOTAL), scale=0.3).astype(np.float16)
    for k, level in enumerate((0, 2)):
        size = int(np.prod(SHAPES[level][1:]))
        x[:, STARTS[level] : STARTS[level] + size] += signs[:, [k]].astype(np.float16)
    y = (signs > 0) @ np.array([2, 1])
    train, test = np.arange(200), np.arange(200, 300)
    found = {}
    for levels in ((0, 2), (0,), (2,), (1,)):
        torch.manual_seed(0)
        model = network(SHAPES, 4, width=8, dropout=0.0, **{"levels" if network is SideBranches else "order": levels})
        fit(model, x, y, Recipe(12, 32, 1e-2), loss=torch.nn.functional.cross_entropy, rows=train)
        found[levels] = float((predict(model, x, rows=test).argmax(1) == y[test]).mean())
    assert found[0, 2] > 0.95
    assert all(0.3 < found[(level,)] < 0.7 for level in (0, 2)) and found[(1,)] < 0.45


@pytest.mark.parametrize("network", [SideBranches, LevelGru])
def test_the_same_seed_gives_the_same_bits_from_a_mapped_file_too(network, tmp_path):
    x, y = rows(33), np.arange(33) % 3
    np.save(tmp_path / "rows.npy", x)
    found = []
    for inputs in (x, x, np.load(tmp_path / "rows.npy", mmap_mode="r")):
        torch.manual_seed(1)
        model = network(SHAPES, 3, width=4)
        # 33 rows in batches of 8: the last holds one picture, and the last level one place.
        fit(model, inputs, y, Recipe(2, 8), loss=torch.nn.functional.cross_entropy)
        found.append(predict(model, inputs))
    assert np.isfinite(found[0]).all() and found[0].shape == (33, 3)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


@pytest.mark.parametrize("network", [SideBranches, LevelGru])
def test_every_weight_learns(network):
    model = network(SHAPES, 3, width=4)
    torch.nn.functional.cross_entropy(model(torch.from_numpy(rows())), torch.arange(7) % 3).backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_networks_that_differ_can_be_told_apart_by_their_text():
    # What is kept on disk stands under it: levels of equal maps have equal weights, and must not share a file.
    same = [(2, 4, 4)] * 3
    texts = [repr(SideBranches(same, 2, levels=levels, fusion=fusion)) for levels, fusion in
             (((0,), "concat"), ((1,), "concat"), ((0,), "mean"))]  # fmt: skip
    texts += [repr(LevelGru(same, 2, order=order)) for order in ("up", "down")]
    assert len(set(texts)) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusion": "sum"}, "'sum' is unknown; use concat, mean"),
        ({"levels": ()}, "at least one level"),
        ({"levels": (0, 0)}, "none twice"),
        ({"levels": (4,)}, "from 0 to 3"),
        ({"levels": (-1,)}, "from 0 to 3"),
        ({"width": 0}, "width 0"),
        ({"grid": 0}, "grid 0"),
        ({"outputs": 0}, "outputs 0"),
        ({"dropout": 1.0}, "dropout 1.0"),
        ({"shapes": ()}, "every level has"),
        ({"shapes": ((3, 0, 4),)}, "every level has"),
    ],
)
def test_what_makes_no_network_is_refused(options, message):
    with pytest.raises(BadInput, match=message):
        SideBranches(**{"shapes": SHAPES, **options})


def test_rows_of_other_maps_are_refused():
    with pytest.raises(BadInput, match="levels"):
        SideBranches(SHAPES)(torch.zeros(2, TOTAL + 1))
