"""Targets from the wheel and the losses on them, against fractions worked out by hand, scipy and autograd."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special, stats
from torch.nn import functional

from emolib import distributions as d
from emolib import emotions
from emolib.errors import BadInput

NAMES = emotions.MIKELS
# Steps from amusement to each emotion in alphabetical order, counted by hand on the wheel amusement, contentment, awe,
# excitement, fear, sadness, disgust, anger.
FROM_AMUSEMENT = (0, 1, 2, 1, 2, 3, 4, 3)


def batch(n: int = 6, k: int = 8, seed: int = 0):
    """Logits, labels, random distributions and probabilities, in double precision."""
    random = np.random.default_rng(seed)
    logits = torch.tensor(random.normal(0, 2, (n, k)), requires_grad=True)
    labels = torch.tensor(random.integers(k, size=n))
    f = torch.tensor(random.dirichlet(np.ones(k), n))
    return logits, labels, f, torch.tensor(random.uniform(0.3, 1, n))


# -------------------------------------------------------------------------------------------------------------- targets
@pytest.mark.parametrize(("convention", "more"), [("steps", 0), ("one_plus", 1)])
def test_the_wheels_targets_are_the_fractions_of_equation_4(convention, more):
    p = Fraction(3, 5)
    closeness = [Fraction(1, steps + more) if steps else Fraction(0) for steps in FROM_AMUSEMENT]
    expected = [(1 - p) * c / sum(closeness) for c in closeness]
    expected[0] = p
    assert sum(expected) == 1
    found = d.wheel_targets([NAMES.index("amusement")], 0.6, convention)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[float(e) for e in expected]], rtol=1e-6)


def test_the_conventions_differ_and_one_plus_is_the_more_even():
    steps, one_plus = (d.wheel_targets(np.arange(8), 0.6, c) for c in ("steps", "one_plus"))
    assert np.abs(steps - one_plus).max() > 0.01
    assert (stats.entropy(one_plus, axis=1) > stats.entropy(steps, axis=1)).all()
    # Sums of 1 / distance around the wheel: 2 (1 + 1/2 + 1/3) + 1/4 = 47/12 and 2 (1/2 + 1/3 + 1/4) + 1/5 = 71/30.
    assert steps[0, 1] == pytest.approx(0.4 * 12 / 47) and one_plus[0, 1] == pytest.approx(0.4 * 30 / 71 / 2)


@pytest.mark.parametrize(("convention", "least"), [("steps", 12 / 59), ("one_plus", 15 / 86)])
def test_from_which_probability_on_the_dominant_emotion_is_the_largest(convention, least):
    # p = (1 - p) w with w = 12/47 and 15/71, the share of a nearest neighbour.
    above, below = (d.wheel_targets(np.arange(8), least + step, convention) for step in (0.001, -0.001))
    assert (above.argmax(1) == np.arange(8)).all()
    assert (below.argmax(1) != np.arange(8)).all()


@given(
    st.lists(st.tuples(st.integers(0, 7), st.floats(0.0009765625, 1, width=32)), min_size=1, max_size=9),
    st.sampled_from(["steps", "one_plus"]),
)
def test_targets_are_distributions_that_fall_with_the_distance(pictures, convention):
    labels, probability = (list(values) for values in zip(*pictures, strict=True))
    targets = d.wheel_targets(labels, probability, convention)
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-5)
    for row, label, p in zip(targets, labels, probability, strict=True):
        assert row[label] == pytest.approx(p, rel=1e-6)
        steps = np.array([emotions.wheel_distance(NAMES[label], name) for name in NAMES])
        others = [row[steps == k] for k in (1, 2, 3, 4)]
        assert [len(values) for values in others] == [2, 2, 2, 1]
        assert all(np.ptp(values) == 0 for values in others)
        if p < 1:
            assert others[0][0] > others[1][0] > others[2][0] > others[3][0] > 0


def test_people_of_one_mind_leave_the_label():
    np.testing.assert_array_equal(d.wheel_targets([2, 5], 1.0), np.eye(8, dtype=np.float32)[[2, 5]])


def test_another_order_permutes_the_targets():
    around = d.wheel_targets([0], 0.5, order=emotions.WHEEL)[0]
    alphabetical = d.wheel_targets([0], 0.5)[0]
    np.testing.assert_array_equal(around, alphabetical[[NAMES.index(name) for name in emotions.WHEEL]])
    pair = d.wheel_targets([1], 0.7, order=("fear", "awe"))
    np.testing.assert_allclose(pair, [[0.3, 0.7]], rtol=1e-6)


def test_an_even_spread_is_label_smoothing():
    # torch smooths by eps / k on all k classes: the label has 1 - eps + eps / 8 = .65 when eps = .4.
    logits, labels, *_ = batch()
    targets = torch.from_numpy(d.even_targets(labels.numpy(), 0.65)).double()
    torch.testing.assert_close(
        functional.cross_entropy(logits, targets),
        functional.cross_entropy(logits, labels, label_smoothing=0.4),
        rtol=1e-6,
        atol=0,
    )


def test_votes_make_the_probability():
    found = d.dominant_probability([5, 3, 4, 1], [0, 2, 0, 1])
    assert found.tolist() == [1.0, 0.6, 1.0, 0.5]


@pytest.mark.parametrize(
    ("agree", "disagree", "says"),
    [
        ([3, 0], [2, 5], "picture 1"),
        ([3, -1], [2, 5], "agree"),
        ([3], [2.5], "disagree"),
        ([3], [float("nan")], "disagree"),
        ([3], [2, 1], "one length"),
        (["3"], [2], "agree"),
        ([True], [2], "agree"),
    ],
)
def test_votes_that_are_none_are_refused(agree, disagree, says):
    with pytest.raises(BadInput, match=says):
        d.dominant_probability(agree, disagree)


# --------------------------------------------------------------------------------------------------------------- losses
def test_the_losses_by_hand():
    # Two emotions, activations 0 and log 3: probabilities 1/4 and 3/4.
    logits = torch.tensor([[0.0, np.log(3)]], dtype=torch.float64)
    label, f = torch.tensor([0]), torch.tensor([[0.5, 0.5]], dtype=torch.float64)
    cls, ed = np.log(4), 0.5 * np.log(4) + 0.5 * np.log(4 / 3)
    assert float(d.loss_cls(logits, label)) == pytest.approx(cls)
    assert float(d.loss_ed(logits, f)) == pytest.approx(ed)
    assert float(d.loss_multi(logits, label, f, 0.25)) == pytest.approx(0.75 * cls + 0.25 * ed)
    p = torch.tensor([0.5], dtype=torch.float64)
    assert float(d.loss_p(logits, label, p)) == pytest.approx(cls / 4 + np.log(2))
    # Activations 0 and log(3) / 4: the label's probability is 1 / (1 + 3^(1/4)).
    assert float(d.loss_p(logits, label, p, "scaled")) == pytest.approx(np.log(1 + 3**0.25))


def test_the_loss_is_linear_in_lambda_and_ends_in_the_two_losses():
    logits, labels, f, _ = batch()
    cls, ed = d.loss_cls(logits, labels), d.loss_ed(logits, f)
    for lam in (0.0, 0.4, 1.0):
        torch.testing.assert_close(d.loss_multi(logits, labels, f, lam), (1 - lam) * cls + lam * ed)


def test_losses_are_means_over_pictures():
    logits, labels, f, p = batch(5)
    for loss, arguments in ((d.loss_cls, (labels,)), (d.loss_ed, (f,)), (d.loss_multi, (labels, f)),
                            (d.loss_p, (labels, p))):  # fmt: skip
        alone = [loss(logits[i : i + 1], *(a[i : i + 1] for a in arguments)) for i in range(5)]
        torch.testing.assert_close(loss(logits, *arguments), torch.stack(alone).mean())


def test_l_ed_is_the_divergence_plus_an_entropy_and_has_its_gradient():
    logits, _, f, _ = batch()
    divergence = functional.kl_div(logits.log_softmax(1), f, reduction="batchmean")
    by_scipy = stats.entropy(f.numpy(), special.softmax(logits.detach().numpy(), 1), axis=1).mean()
    assert divergence.item() == pytest.approx(by_scipy)
    assert d.loss_ed(logits, f).item() == pytest.approx(by_scipy + stats.entropy(f.numpy(), axis=1).mean())
    (of_loss,), (of_divergence,) = (torch.autograd.grad(v, logits) for v in (d.loss_ed(logits, f), divergence))
    torch.testing.assert_close(of_loss, of_divergence)
    # At the target itself a divergence vanishes; this loss is the entropy.
    even = torch.full((1, 8), 1 / 8)
    assert float(d.loss_ed(even.log(), even)) == pytest.approx(np.log(8))


@pytest.mark.parametrize("lam", [0.0, 0.4, 1.0])
def test_the_gradient_of_equation_9_with_minus_signs_is_autograds(lam):
    logits, labels, f, _ = batch()
    (found,) = torch.autograd.grad(len(logits) * d.loss_multi(logits, labels, f, lam), logits)
    gradient = d.gradient_multi(logits, labels, f, lam)
    torch.testing.assert_close(gradient, found)
    torch.testing.assert_close(gradient.sum(1), torch.zeros(len(logits), dtype=torch.float64))
    assert not gradient.requires_grad


@pytest.mark.parametrize("lam", [0.0, 0.4, 1.0])
def test_the_signs_as_printed_are_wrong(lam):
    logits, labels, f, _ = batch()
    (found,) = torch.autograd.grad(len(logits) * d.loss_multi(logits, labels, f, lam), logits)
    target = (1 - lam) * torch.eye(8, dtype=torch.float64)[labels] + lam * f
    printed = (logits.softmax(1) + target).detach()
    assert float((printed - found).abs().max()) > 0.1
    torch.testing.assert_close(printed.sum(1), torch.full((len(logits),), 2.0, dtype=torch.float64))
    # A small step from a network that knows nothing: down along the true gradient, up along the printed one.
    blank = torch.zeros_like(logits)
    start = float(d.loss_multi(blank, labels, f, lam))
    assert float(d.loss_multi(blank - 0.01 * d.gradient_multi(blank, labels, f, lam), labels, f, lam)) < start
    assert float(d.loss_multi(blank - 0.01 * (1 / 8 + target), labels, f, lam)) > start


def test_gradients_are_those_of_differences():
    logits, labels, f, p = batch(3, 4)
    for loss in (
        lambda z: d.loss_cls(z, labels),
        lambda z: d.loss_ed(z, f),
        lambda z: d.loss_multi(z, labels, f, 0.3),
        lambda z: d.loss_p(z, labels, p),
        lambda z: d.loss_p(z, labels, p, "scaled"),
    ):
        assert torch.autograd.gradcheck(loss, (logits,))


def test_mixed_targets_make_the_mixed_loss_of_plain_cross_entropy():
    logits, labels, _, _ = batch()
    f = d.wheel_targets(labels.numpy(), 0.6)
    targets = d.mixed_targets(labels.numpy(), f, 0.4)
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
    assert targets[0, int(labels[0])] == pytest.approx(0.6 + 0.4 * 0.6)
    torch.testing.assert_close(
        functional.cross_entropy(logits, torch.from_numpy(targets).double()),
        d.loss_multi(logits, labels, torch.from_numpy(f), 0.4),
        rtol=1e-6,
        atol=0,
    )


def test_weighted_targets_make_the_loss_with_probability_but_for_its_constant():
    logits, labels, _, p = batch()
    logits = logits.detach()
    targets = torch.from_numpy(d.weighted_targets(labels.numpy(), p.numpy())).double()
    constant = -float(p.log().mean())
    assert float(functional.cross_entropy(logits, targets)) == pytest.approx(
        float(d.loss_p(logits, labels, p)) - constant, rel=1e-5
    )


@pytest.mark.parametrize("form", ["weighted", "scaled"])
def test_the_loss_with_probability_is_the_usual_one_where_all_agree(form):
    logits, labels, _, p = batch()
    torch.testing.assert_close(d.loss_p(logits, labels, torch.ones_like(p), form), d.loss_cls(logits, labels))
    # Less agreement, a smaller pull: the gradient shrinks with the probability.
    norms = [
        float(torch.autograd.grad(d.loss_p(logits, labels, torch.full_like(p, q), form), logits)[0].norm())
        for q in (0.2, 0.6, 1.0)
    ]
    assert norms == sorted(norms) and norms[0] < 0.5 * norms[2]


def test_how_rough_the_approximation_of_equation_11_is():
    blank, label, p = torch.zeros(1, 8), torch.tensor([3]), torch.tensor([0.6])
    assert float(d.loss_p(blank, label, p, "scaled")) == pytest.approx(np.log(8))
    assert float(d.loss_p(blank, label, p)) == pytest.approx(0.36 * np.log(8) + np.log(1 / 0.6))


def test_probabilities_in_a_softmax_cap_the_answer_as_equation_10_prints_it():
    logits = torch.full((1, 8), -50.0)
    logits[0, 2] = 50.0  # a network that is sure
    capped = logits.softmax(1).softmax(1)[0, 2]
    assert float(capped) == pytest.approx(np.e / (np.e + 7))
    assert float(d.loss_p(logits, torch.tensor([2]), torch.ones(1), "scaled")) == pytest.approx(0, abs=1e-6)


def test_sure_and_wrong_is_finite():
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = d.loss_multi(logits, torch.tensor([1]), torch.tensor([[0.5, 0.5]]), 0.4)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(loss) and torch.isfinite(gradient).all()


def test_torch_minimises_the_mixed_loss_at_the_mixed_target():
    labels, f = torch.tensor([4]), torch.from_numpy(d.wheel_targets([4], 0.6)).double()
    logits = torch.zeros(1, 8, dtype=torch.float64)
    for _ in range(2000):
        logits -= d.gradient_multi(logits, labels, f, 0.4)
    np.testing.assert_allclose(logits.softmax(1), d.mixed_targets([4], f.numpy(), 0.4), atol=1e-4)


# ------------------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize("lam", [-0.01, 1.01, float("nan"), float("inf")])
def test_lambda_outside_its_range_is_refused(lam):
    logits, labels, f, _ = batch()
    for call in (d.loss_multi, d.gradient_multi):
        with pytest.raises(BadInput, match="lambda"):
            call(logits, labels, f, lam)
    with pytest.raises(BadInput, match="lambda"):
        d.mixed_targets(labels.numpy(), f.numpy(), lam)


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, float("nan"), float("inf")])
def test_probabilities_outside_their_range_are_refused_with_their_row(p):
    logits, labels, *_ = batch(2)
    for call in (d.wheel_targets, d.even_targets, d.weighted_targets):
        with pytest.raises(BadInput, match="probability of picture 1"):
            call([0, 1], [0.5, p])
    with pytest.raises(BadInput, match="probability"):
        d.loss_p(logits, labels, torch.tensor([0.5, p]))


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-0.5, 1.5) | st.just(float("nan")) | st.just(0.25)))
def test_rows_that_are_no_distributions_are_refused(rows):
    fine = bool((rows >= 0).all() and (np.abs(rows.sum(1) - 1) <= 0.9e-4).all())
    clearly_off = not (rows >= 0).all() or not (np.abs(rows.sum(1) - 1) <= 1.1e-4).all()
    logits, labels = torch.zeros(3, 4, dtype=torch.float64), torch.tensor([0, 1, 2])
    calls = (
        lambda: d.loss_ed(logits, torch.tensor(rows)),
        lambda: d.loss_multi(logits, labels, torch.tensor(rows)),
        lambda: d.gradient_multi(logits, labels, torch.tensor(rows)),
        lambda: d.mixed_targets(labels.numpy(), rows, 0.4),
    )
    for call in calls:
        if fine:
            call()
        elif clearly_off:
            with pytest.raises(BadInput, match="no distribution"):
                call()


def test_the_row_that_is_no_distribution_is_named():
    rows = torch.tensor([[0.5, 0.5], [0.5, 0.6]])
    with pytest.raises(BadInput, match=r"row 1 is no distribution \(its sum is 1.1\)"):
        d.loss_ed(torch.zeros(2, 2), rows)


def test_a_negative_share_is_refused_though_the_sum_is_one():
    rows = torch.tensor([[1.5, -0.5]])
    for call in (
        lambda: d.loss_ed(torch.zeros(1, 2), rows),
        lambda: d.mixed_targets([0], rows.numpy(), 0.4),
    ):
        with pytest.raises(BadInput, match="row 0 is no distribution"):
            call()


def test_unknown_names_are_refused():
    with pytest.raises(BadInput, match="convention"):
        d.wheel_targets([0], 0.6, "hops")
    with pytest.raises(BadInput, match="joy"):
        d.wheel_targets([0], 0.6, order=("joy", "awe"))
    with pytest.raises(BadInput, match="twice"):
        d.wheel_targets([0], 0.6, order=("awe", "awe"))
    logits, labels, _, p = batch()
    with pytest.raises(BadInput, match="form 'half'"):
        d.loss_p(logits, labels, p, "half")


@pytest.mark.parametrize("labels", [[8], [-1], [0.0], [[0]], ["awe"], [True]])
def test_labels_that_are_no_class_numbers_are_refused(labels):
    for call in (d.wheel_targets, d.even_targets, d.weighted_targets):
        with pytest.raises(BadInput, match="labels"):
            call(labels, 0.6)
    with pytest.raises(BadInput, match="labels|distributions"):
        d.mixed_targets(labels, np.full((1, 8), 1 / 8), 0.4)


@pytest.mark.parametrize("probability", [[0.5], [[0.5, 0.5]], "half", None])
def test_probabilities_of_another_shape_are_refused(probability):
    with pytest.raises(BadInput, match="probability"):
        d.wheel_targets([0, 1], probability)


def test_one_class_is_no_distribution():
    for call in (d.even_targets, d.weighted_targets):
        with pytest.raises(BadInput, match="classes"):
            call([0], 0.5, 1)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (torch.zeros(2, 8), torch.tensor([0])),
        (torch.zeros(2, 8), torch.tensor([0, 8])),
        (torch.zeros(2, 8), torch.tensor([0, -100])),  # which torch would silently leave out
        (torch.zeros(2, 8), torch.tensor([0.0, 1.0])),
        (torch.zeros(2, 8), torch.tensor([True, False])),
        (torch.zeros(8), torch.tensor([0])),
        (torch.zeros(1, 1), torch.tensor([0])),
    ],
)
def test_logits_and_labels_that_do_not_fit_are_refused(logits, labels):
    for call in (
        lambda: d.loss_cls(logits, labels),
        lambda: d.loss_multi(logits, labels, torch.full_like(logits, 1 / 8)),
        lambda: d.loss_p(logits, labels, torch.ones(len(labels))),
    ):
        with pytest.raises(BadInput, match="labels|logits"):
            call()


def test_distributions_of_another_shape_are_refused():
    with pytest.raises(BadInput, match="distributions"):
        d.loss_ed(torch.zeros(2, 8), torch.full((2, 4), 1 / 4))
    with pytest.raises(BadInput, match="distributions"):
        d.mixed_targets([0], np.full(8, 1 / 8), 0.4)
    with pytest.raises(BadInput, match="probability"):
        d.loss_p(torch.zeros(2, 8), torch.tensor([0, 1]), torch.tensor([0.5]))


def test_same_input_same_bytes_and_inputs_are_left_alone():
    labels, p = np.array([1, 2]), np.array([0.4, 0.9])
    first = d.wheel_targets(labels, p)
    assert first.tobytes() == d.wheel_targets(labels, p).tobytes()
    d.mixed_targets(labels, first, 0.4)
    assert labels.tolist() == [1, 2] and p.tolist() == [0.4, 0.9]
    np.testing.assert_array_equal(first, d.wheel_targets(labels, p))
