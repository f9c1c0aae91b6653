"""The loop: it learns, repeats itself bit for bit, continues where it was killed, and stops when it diverges."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolib.errors import BadInput
from emolib.models.ffnn import FFNN
from emolib.training import Diverged, Recipe, fit, loop, predict
from emolib.training.loop import default_fabric

X = np.random.default_rng(0).normal(size=(61, 5)).astype(np.float32)
SLOPE = np.array([1.0, -2.0, 0.5, 0.0, 3.0], np.float32)
Y = X @ SLOPE + 1


def network(seed: int = 0, dropout: float = 0.0) -> FFNN:
    torch.manual_seed(seed)
    return FFNN(5, (8, 4), dropout)


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_a_planted_line_is_learned():
    model = FFNN(5, ())
    losses = fit(model, X, Y, Recipe(epochs=60, batch=16, lr=0.1, decay=0.0))
    np.testing.assert_allclose(model.layers[0].weight.detach()[0], SLOPE, atol=0.01)
    np.testing.assert_allclose(model.layers[0].bias.detach(), 1, atol=0.01)
    assert len(losses) == 60 and losses[-1] < 1e-3 < losses[0]
    assert not model.training
    np.testing.assert_allclose(predict(model, X, batch=7), Y, atol=0.05)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(dropout):
    def trained(seed):
        model = network(dropout=dropout)
        torch.rand(seed * 3 + 1)  # what was drawn before must not matter
        return model, fit(model, X, Y, Recipe(3, 16, seed=seed))

    (first, losses), (second, again), (other, _) = trained(1), trained(1), trained(2)
    assert same(first, second) and losses == again
    assert not same(first, other)


def test_two_steps_of_sgd_worked_out_with_numpy():
    model = FFNN(5, ())
    w, b = model.layers[0].weight.detach().numpy()[0].astype(float), float(model.layers[0].bias.detach())
    fit(model, X, Y, Recipe(epochs=2, batch=len(X), lr=0.02, optimizer="sgd", schedule="constant", decay=0.1))
    speed_w, speed_b = np.zeros(5), 0.0
    for _ in range(2):
        residual = X @ w + b - Y
        speed_w = 0.9 * speed_w + 2 * X.T @ residual / len(X) + 0.1 * w
        speed_b = 0.9 * speed_b + 2 * residual.mean() + 0.1 * b
        w, b = w - 0.02 * speed_w, b - 0.02 * speed_b
    np.testing.assert_allclose(model.layers[0].weight.detach()[0], w, rtol=1e-4)
    np.testing.assert_allclose(model.layers[0].bias.detach(), b, rtol=1e-4)


def test_adamw_under_the_cosine_is_torchs_own():
    recipe = Recipe(epochs=30, batch=len(X), lr=0.05, decay=0.1)
    model = network()
    twin = copy.deepcopy(model)
    fit(model, X, Y, recipe)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=recipe.lr, weight_decay=0.1)
    # Three steps up, then half a cosine over the other 27.
    rates = [1 / 3, 2 / 3, 1.0] + [(1 + np.cos(np.pi * i / 27)) / 2 for i in range(27)]
    for rate in rates:
        optimizer.param_groups[0]["lr"] = recipe.lr * rate
        optimizer.zero_grad()
        (twin(torch.from_numpy(X)) - torch.from_numpy(Y)).square().mean().backward()
        optimizer.step()
    np.testing.assert_allclose(predict(model, X), predict(twin, X), atol=2e-3)


def test_an_epochs_loss_is_the_mean_over_pictures_also_when_the_last_batch_is_short():
    model = FFNN(5, ())
    before = float(np.mean((predict(model, X) - Y) ** 2))
    # A rate too small to move anything.
    assert fit(model, X, Y, Recipe(1, 16, lr=1e-12, decay=0.0)) == [pytest.approx(before, rel=1e-5)]


class Killed(BaseException):
    """As a kill does, it passes every handler."""


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize(("optimizer", "schedule"), [("adamw", "cosine"), ("sgd", "constant")])
@pytest.mark.parametrize("after", [1, 3])
def test_a_killed_run_continues_to_the_same_bits(dropout, optimizer, schedule, after, tmp_path):
    recipe = Recipe(5, 16, lr=0.01, optimizer=optimizer, schedule=schedule, seed=3)

    def noise(x, rows, generator):
        return x + 0.1 * torch.randn(x.shape, generator=generator)

    def kill(epochs, _):
        if epochs == after:
            raise Killed

    undisturbed = network(dropout=dropout)
    losses = fit(undisturbed, X, Y, recipe, augment=noise)
    file = tmp_path / "folder" / "checkpoint.pt"
    with pytest.raises(Killed):
        fit(network(dropout=dropout), X, Y, recipe, augment=noise, checkpoint=file, after_epoch=kill)
    seen = []
    resumed = network(seed=99, dropout=dropout)
    again = fit(resumed, X, Y, recipe, augment=noise, checkpoint=file, after_epoch=lambda e, _: seen.append(e))
    assert seen == list(range(after + 1, 6))
    assert same(resumed, undisturbed) and again == losses
    assert [p.name for p in file.parent.iterdir()] == ["checkpoint.pt"]
    # A finished run is not run again.
    fit(resumed, X, Y, recipe, checkpoint=file, after_epoch=lambda e, _: seen.append(e))
    assert len(seen) == 5 - after and same(resumed, undisturbed)


def test_a_checkpoint_of_another_recipe_or_network_is_refused(tmp_path):
    file = tmp_path / "checkpoint.pt"
    fit(network(), X, Y, Recipe(1, 16), checkpoint=file)
    with pytest.raises(BadInput, match=r"checkpoint\.pt: a checkpoint of another recipe.*delete it"):
        fit(network(), X, Y, Recipe(1, 16, lr=0.5), checkpoint=file)
    with pytest.raises(BadInput, match=r"checkpoint\.pt: a checkpoint of another network.*delete it"):
        fit(FFNN(5, (9,)), X, Y, Recipe(1, 16), checkpoint=file)


@pytest.mark.parametrize(
    "change", [{"inputs": -X}, {"targets": Y + 1}, {"rows": np.arange(40)}, {"model": network(dropout=0.5)}]
)
def test_a_finished_checkpoint_of_other_data_folds_or_dropout_is_refused(change, tmp_path):
    """It would bring a network that has seen what is tested on now."""
    file, given = tmp_path / "checkpoint.pt", {"model": network(), "inputs": X, "targets": Y}
    fit(*given.values(), Recipe(1, 16), checkpoint=file)
    fit(*given.values(), Recipe(1, 16), checkpoint=file)
    rows = change.pop("rows", None)
    with pytest.raises(BadInput, match=r"checkpoint\.pt: a checkpoint of (other data|another network).*delete it"):
        fit(*(given | change).values(), Recipe(1, 16), checkpoint=file, rows=rows)


def test_a_model_is_trained_where_it_lies_whatever_else_the_machine_has(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: True)
        fabric = default_fabric(torch.device("cpu"))
    assert fabric.device.type == "cpu"
    asked = []
    monkeypatch.setattr(loop, "default_fabric", lambda device: asked.append(device) or fabric)
    model = network()
    fit(model, X, Y, Recipe(2, 16))
    assert asked == [torch.device("cpu")] and {p.device.type for p in model.parameters()} == {"cpu"}


class Plants:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_damaged_or_hostile_checkpoint_is_refused_by_name(tmp_path):
    file, planted = tmp_path / "checkpoint.pt", tmp_path / "planted"
    fit(network(), X, Y, Recipe(2, 16), checkpoint=file)
    whole = file.read_bytes()
    contents = [b"", b"x", b"garbage" * 100, whole[: len(whole) // 2], whole[:-30], pickle.dumps(Plants(planted))]
    for content in contents:
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"checkpoint\.pt"):
            fit(network(), X, Y, Recipe(2, 16), checkpoint=file)
    for content in ({"recipe": Plants(planted)}, torch.zeros(3), {"other": 1}, [1]):
        torch.save(content, file)
        with pytest.raises(BadInput, match=r"checkpoint\.pt"):
            fit(network(), X, Y, Recipe(2, 16), checkpoint=file)
    assert not planted.exists()


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_last_checkpoint(tmp_path):
    file, targets, kept = tmp_path / "checkpoint.pt", torch.from_numpy(Y.copy()), []

    def poison(epochs, model):
        if epochs == 2:
            kept.append((file.read_bytes(), copy.deepcopy(model.state_dict())))
            targets[7] = float("nan")

    with pytest.raises(Diverged, match="its targets are not finite") as caught:
        fit(network(), X, targets, Recipe(4, 16), checkpoint=file, after_epoch=poison)
    assert 2 * 4 < caught.value.step <= 3 * 4
    content, weights = kept[0]
    assert file.read_bytes() == content
    stored = torch.load(file, weights_only=True)
    assert stored["epoch"] == 2 and all(torch.equal(stored["model"][k], v) for k, v in weights.items())
    with pytest.raises(Diverged, match="lower lr"):
        fit(FFNN(5, ()), X, Y, Recipe(50, 16, lr=1e6, optimizer="sgd", schedule="constant"))


class Explodes(torch.nn.Module):
    """Three layers; from step `when` on, what comes back through the second is infinite."""

    def __init__(self, when):
        super().__init__()
        self.low, self.middle, self.head = (torch.nn.Linear(5, 5) for _ in range(3))
        self.steps, self.when = 0, when

    def forward(self, x):
        self.steps += 1
        inside = self.middle(self.low(x))
        if self.steps == self.when:
            inside.register_hook(lambda gradient: gradient * float("inf"))
        return self.head(inside)[:, 0]


@pytest.mark.parametrize("when", [1, 3, 4, 6, 8])
def test_the_step_and_the_layer_whose_gradient_went_first_are_named(when, tmp_path):
    file = tmp_path / "checkpoint.pt"
    with pytest.raises(
        Diverged, match=rf"the gradient of middle\.(weight|bias) was not finite in step {when}"
    ) as caught:
        fit(Explodes(when), X, Y, Recipe(3, 16), checkpoint=file)
    assert caught.value.step == when and caught.value.layer.startswith("middle.")
    # Four steps an epoch: what is kept is the last epoch that ended well, also when the next one failed at its end.
    assert file.is_file() == (when > 4)
    if when > 4:
        stored = torch.load(file, weights_only=True)
        assert stored["epoch"] == 1
        assert all(torch.isfinite(v).all() for v in stored["model"].values())
        # And from there training goes on, where nothing explodes any more.
        assert len(fit(Explodes(99), X, Y, Recipe(3, 16), checkpoint=file)) == 3


def test_weights_that_grow_out_of_bounds_are_told_by_the_largest_gradient():
    model = FFNN(5, (8, 4))
    with pytest.raises(Diverged, match=r"before, the gradient of layers\.\d\.(weight|bias) was the largest") as caught:
        fit(model, X, Y, Recipe(50, 16, lr=1e3, optimizer="sgd", schedule="constant"))
    gradients = {name: float(p.grad.norm()) for name, p in model.named_parameters()}
    assert caught.value.layer == max(gradients, key=gradients.get)


def test_a_loss_that_is_infinite_from_the_start_says_so():
    with pytest.raises(Diverged, match="in step 1, the first; look at the targets"):
        fit(network(), X, Y, Recipe(1, 16), loss=lambda p, y: (p * float("inf")).sum())
    broken = X.copy()
    broken[5, 2] = np.inf
    with pytest.raises(Diverged, match="its inputs are not finite"):
        fit(network(), broken, Y, Recipe(1, 16))


def test_after_a_step_its_gradients_are_still_there():
    seen = []
    model = network()
    fit(
        model,
        X,
        Y,
        Recipe(2, 16),
        after_step=lambda step, m: seen.append((step, float(m.layers[0].weight.grad.norm()))),
    )
    assert [step for step, _ in seen] == list(range(1, 9))
    assert all(np.isfinite(norm) and norm > 0 for _, norm in seen) and len({norm for _, norm in seen}) > 1


def test_only_the_rows_that_are_named_are_seen():
    rows = np.array([3, 50, 8, 21])
    poisoned, wrong = X.copy(), Y.copy()
    outside = np.setdiff1d(np.arange(len(X)), rows)
    poisoned[outside] = wrong[outside] = np.nan
    seen = []

    def watch(x, numbers, generator):
        seen.extend(numbers.tolist())
        return x

    model, alone = network(), network()
    fit(model, poisoned, wrong, Recipe(2, 3), rows=rows, augment=watch)
    assert sorted(seen) == sorted([*rows, *rows])
    fit(alone, X[rows], Y[rows], Recipe(2, 3))
    assert same(model, alone)
    np.testing.assert_allclose(predict(model, X, rows=rows), predict(model, X)[rows], atol=1e-6)


def test_mapped_inputs_and_tensors_train_alike(tmp_path):
    np.save(tmp_path / "x.npy", X)
    models = [network() for _ in range(3)]
    for model, x in zip(models, (X, np.load(tmp_path / "x.npy", mmap_mode="r"), torch.from_numpy(X)), strict=True):
        fit(model, x, Y, Recipe(2, 16))
    assert same(models[0], models[1]) and same(models[0], models[2])


def test_frozen_parameters_stay():
    model = network()
    model.layers[0].requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    fit(model, X, Y, Recipe(2, 16, lr=0.1))
    assert torch.equal(model.layers[0].weight, before["layers.0.weight"])
    assert not torch.equal(model.layers[2].weight, before["layers.2.weight"])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="61 inputs, 60 targets"):
        fit(network(), X, Y[:60], Recipe(1))
    with pytest.raises(BadInput, match="0 rows"):
        fit(network(), X, Y, Recipe(1), rows=np.array([], int))
    # (n,) against (n, 1) would broadcast to (n, n) and train on nonsense.
    with pytest.raises(BadInput, match=r"predictions \(61,\) for targets \(61, 1\)"):
        fit(network(), X, Y[:, None], Recipe(1))


NO_NUMBER = st.sampled_from([float("nan"), float("inf"), -float("inf")])
WRONG = st.one_of(
    st.fixed_dictionaries({"epochs": st.one_of(st.integers(max_value=0), st.floats(), st.text())}),
    st.fixed_dictionaries({"batch": st.one_of(st.integers(max_value=0), st.floats(), st.none())}),
    st.fixed_dictionaries({"lr": st.one_of(st.floats(max_value=0), NO_NUMBER)}),
    st.fixed_dictionaries({"decay": st.one_of(st.floats(max_value=0, exclude_max=True), NO_NUMBER)}),
    st.fixed_dictionaries({"seed": st.one_of(st.floats(), st.none())}),
    st.fixed_dictionaries({"optimizer": st.text().filter(lambda t: t not in ("adamw", "sgd"))}),
    st.fixed_dictionaries({"schedule": st.text().filter(lambda t: t not in ("cosine", "constant"))}),
)


@given(WRONG)
def test_a_recipe_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput, match="Recipe"):
        Recipe(**{"epochs": 1, **wrong})


def test_the_head_moves_at_its_own_rate_and_what_is_frozen_does_not_move():
    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head, self.still = torch.nn.Linear(5, 5), torch.nn.Linear(5, 1), torch.nn.Linear(5, 5)
            self.still.requires_grad_(False)

        def forward(self, x):
            return self.head(self.body(x) + self.still(x)).squeeze(1)

    torch.manual_seed(0)
    model = Two()
    before = copy.deepcopy(model)
    fit(model, X, Y, Recipe(1, len(X), lr=1e-3, decay=0.0, head=10.0, schedule="constant"))
    # The first step of Adam goes by the learning rate, whatever the size of the gradient.
    step = {
        name: (p - q).abs().max().item()
        for (name, p), q in zip(model.named_parameters(), before.parameters(), strict=True)
    }
    assert step["body.weight"] == pytest.approx(1e-3, rel=1e-3) and step["head.weight"] == pytest.approx(1e-2, rel=1e-3)
    assert step["still.weight"] == 0
    with pytest.raises(BadInput, match="head multiplies"):
        Recipe(1, head=0.0)
