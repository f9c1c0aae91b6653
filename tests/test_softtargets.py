"""Soft targets and EmotionNet's losses, against hand-worked values and numerical gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors
from emolib.models.text import Vocabulary
from emolib.softtargets import (
    EmotionLoss,
    gradient_cls,
    loss_cls,
    loss_embed,
    loss_total,
    soft_targets,
    supervision,
)

Y = np.array([[1, 1, 0, 0], [0, 0, 1, 0]])
Q = np.array([[0.5, 0.2, 0.295, 0.005], [0.25, 0.25, 0.25, 0.25]])
NAN = float("nan")


# -------------------------------------------------------------------------------------------------------------- targets
def test_eq_1_by_hand():
    found = soft_targets(Y, Q, "equation")
    np.testing.assert_allclose(found, [[0.75, 0.6, 0.1475, 0.0025], [0.125, 0.125, 0.625, 0.125]], rtol=1e-6)
    # (1 + keywords) / 2: the printed equation makes no distribution of a picture with two keywords.
    np.testing.assert_allclose(found.sum(1), [1.5, 1.0], rtol=1e-6)


def test_the_codes_form_by_hand():
    found = soft_targets(Y, Q, "code")
    # .005 is below the floor: (.5 + .5, .5 + .2, .295, 0) / 1.995.
    np.testing.assert_allclose(found[0], np.array([1.0, 0.7, 0.295, 0]) / 1.995, rtol=1e-6)
    np.testing.assert_allclose(found[1], [0.125, 0.125, 0.625, 0.125], rtol=1e-6)


def test_a_text_model_that_read_nothing_leaves_the_keywords():
    for form, expected in (("equation", [[1, 1, 0, 0]]), ("code", [[0.5, 0.5, 0, 0]])):
        np.testing.assert_array_equal(soft_targets(Y[:1], np.zeros((1, 4)), form), expected)
        np.testing.assert_array_equal(soft_targets(Y[:1], None, form), expected)
        np.testing.assert_array_equal(soft_targets(csr_array(Y[:1]), None, form).toarray(), expected)


@settings(max_examples=60)
@given(
    hnp.arrays(int, (3, 5), elements=st.integers(0, 1)),
    hnp.arrays(float, (3, 5), elements=st.floats(0, 1) | st.just(NAN) | st.just(-0.1)),
    st.sampled_from(["equation", "code"]),
)
def test_targets_make_sense_or_are_refused(y, q, form):
    fine = y.any(1).all() and (q >= 0).all() and (q.sum(1) <= 1).all()
    if not fine and not (np.isfinite(q).all() and (q >= 0).all() and (q.sum(1) <= 1.0002).all() and y.any(1).all()):
        with pytest.raises(BadInput, match="soft_targets"):
            soft_targets(y, q, form)
        return
    found = soft_targets(y, q, form)
    assert (found >= 0).all()
    assert (found[y == 1] > 0).all()
    due = 1 if form == "code" else (q.sum(1) + y.sum(1)) / (1 + q.sum(1))
    np.testing.assert_allclose(found.sum(1), due, rtol=1e-5)


@pytest.mark.parametrize(
    ("y", "q", "options", "message"),
    [
        (Y * 2, Q, {}, "0 and 1"),
        (Y[0], Q, {}, "table"),
        (np.array([[1, 0], [0, 0]]), None, {}, "picture 1 has none"),
        (Y, Q[:1], {}, "for indicators"),
        (Y, Q * 2, {}, "row 0"),
        (Y, Q, {"form": "paper"}, "'paper' is unknown"),
        (Y, Q, {"floor": 1.0}, "floor"),
        (csr_array(([1, 1], ([0, 0], [1, 1])), shape=(1, 2)), None, {}, "0 and 1"),
    ],
)
def test_what_makes_no_target_is_refused(y, q, options, message):
    with pytest.raises(BadInput, match=message):
        soft_targets(y, q, **options)


# --------------------------------------------------------------------------------------------------------------- losses
def test_eq_2_by_hand():
    # Softmax of (0, ln 3) is (1/4, 3/4).
    logits, targets = torch.tensor([[0.0, np.log(3)]]).double(), torch.tensor([[0.5, 1.0]]).double()
    expected = -(0.5 * np.log(0.25) + np.log(0.75))
    assert float(loss_cls(logits, targets)) == pytest.approx(expected, rel=1e-9)
    assert float(loss_cls(logits, targets, divide=True)) == pytest.approx(expected / 2, rel=1e-9)


def test_eq_2_on_distributions_is_torchs_cross_entropy():
    torch.manual_seed(0)
    logits, targets = torch.randn(6, 4), torch.rand(6, 4).softmax(1)
    torch.testing.assert_close(loss_cls(logits, targets), torch.nn.functional.cross_entropy(logits, targets))


@pytest.mark.parametrize("divide", [False, True])
@pytest.mark.parametrize("form", ["equation", "code"])
def test_the_gradient_of_eq_2(form, divide):
    targets = torch.from_numpy(soft_targets(Y, Q, form)).double()
    logits = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: loss_cls(z, targets, divide=divide), (logits,))
    loss_cls(logits, targets, divide=divide).backward()
    torch.testing.assert_close(logits.grad * 2, gradient_cls(logits, targets, divide=divide))


def test_eq_3_by_hand():
    texts = torch.tensor([[3.0, 4.0], [1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    pictures = torch.tensor([[6.0, 8.0], [0.0, 2.0], [-2.0, -2.0], [1.0, 1.0]])
    # 1 - cos: one direction 0, a right angle 1, opposite 2, half a right angle 1 - 1 / sqrt 2.
    expected = (0 + 1 + 2 + 1 - 2**-0.5) / 4
    assert float(loss_embed(pictures, texts)) == pytest.approx(expected, abs=1e-6)


def test_the_gradient_of_eq_3_by_hand_and_by_differences():
    v = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.1, 3.0]], dtype=torch.float64, requires_grad=True)
    t = torch.tensor([[0.3, -1.0, 2.0], [NAN, NAN, NAN]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: loss_embed(x, t), (v,))
    loss_embed(v, t).backward()
    a, b = v[0].detach().numpy(), t[0].numpy()
    a_hat, b_hat = a / np.linalg.norm(a), b / np.linalg.norm(b)
    by_hand = -(b_hat - (a_hat @ b_hat) * a_hat) / np.linalg.norm(a) / 2
    np.testing.assert_allclose(v.grad[0], by_hand, rtol=1e-9)
    # A picture without words moves nothing.
    assert not v.grad[1].any()


def test_eq_4_is_their_sum_and_w_learns_through_it():
    torch.manual_seed(0)
    targets, texts = torch.from_numpy(soft_targets(Y, Q)).double(), torch.randn(2, 3).double()
    v = torch.randn(2, 5).double()
    w, c = torch.randn(3, 5).double().requires_grad_(), torch.randn(4, 5).double().requires_grad_()
    parts = loss_cls(v @ c.T, targets), loss_embed(v @ w.T, texts)
    for weight in (0.0, 1.0, 2.5):
        found = loss_total(v @ c.T, targets, v @ w.T, texts, weight)
        torch.testing.assert_close(found, parts[0] + weight * parts[1])
    assert torch.autograd.gradcheck(lambda w, c: loss_total(v @ c.T, targets, v @ w.T, texts, 0.7), (w, c))
    with pytest.raises(BadInput, match="lambda"):
        loss_total(v @ c.T, targets, v @ w.T, texts, -1.0)


def test_shapes_and_directions_that_make_no_loss_are_refused():
    for call in (loss_cls, gradient_cls, loss_embed):
        with pytest.raises(BadInput, match="one shape"):
            call(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(BadInput, match="row 1 is zero"):
        loss_embed(torch.ones(2, 3), torch.tensor([[1.0, 0, 0], [0, 0, 0]]))


# ------------------------------------------------------------------------------------------------------------- the loop
@pytest.mark.parametrize("sparse", [False, True])
def test_the_loops_loss_is_eq_4_of_those_rows(sparse):
    torch.manual_seed(0)
    targets = soft_targets(csr_array(Y) if sparse else Y)
    texts, extra = np.random.default_rng(0).normal(size=(2, 2, 3)).astype(np.float32)
    extra = extra[:, :2]
    loss = EmotionLoss(targets, [texts, extra], 0.5, divide=True)
    prediction, rows = torch.randn(3, 4 + 3 + 2), torch.tensor([1, 0, 1])
    dense = torch.from_numpy(np.asarray(targets.todense() if sparse else targets))[rows]
    expected = loss_cls(prediction[:, :4], dense, divide=True)
    expected = expected + 0.5 * loss_embed(prediction[:, 4:7], torch.from_numpy(texts)[rows])
    expected = expected + 0.5 * loss_embed(prediction[:, 7:], torch.from_numpy(extra)[rows])
    torch.testing.assert_close(loss(prediction, rows), expected)
    with pytest.raises(BadInput, match="predictions"):
        loss(prediction[:, :-1], rows)


def test_two_losses_are_told_apart_by_their_text():
    texts = np.ones((2, 3), np.float32)
    all_of_them = [
        EmotionLoss(soft_targets(Y)), EmotionLoss(soft_targets(Y), divide=True), EmotionLoss(soft_targets(Y, Q)),
        EmotionLoss(soft_targets(Y), [texts]), EmotionLoss(soft_targets(Y), [texts], 2.0),
    ]  # fmt: skip
    assert len({repr(loss) for loss in all_of_them}) == 5
    assert repr(EmotionLoss(soft_targets(Y), [texts])) == repr(all_of_them[3])


@pytest.mark.parametrize(
    ("targets", "texts", "weight"),
    [(-np.ones((2, 2)), [], 1.0), (np.full((2, 2), NAN), [], 1.0), (np.ones(2), [], 1.0),
     (np.ones((2, 2)), [np.ones((3, 2))], 1.0), (np.ones((2, 2)), [], NAN)],
)  # fmt: skip
def test_what_the_loop_cannot_learn_from_is_refused(targets, texts, weight):
    with pytest.raises(BadInput):
        EmotionLoss(targets, texts, weight)


def test_pictures_without_keywords_are_left_out_and_counted():
    words = WordVectors("w", ["sad", "happy"], np.array([[1, 0], [0, 1]], np.float32))
    lists = [["sad", "happy"], [], ["angry"], ["table"], ["happy"]]
    keywords = Vocabulary(["sad", "happy", "angry"])
    hard = supervision(lists, keywords, table=words)
    assert hard.rows.tolist() == [0, 2, 4] and hard.without_keyword == 2
    np.testing.assert_allclose(hard.targets.toarray(), [[0.5, 0.5, 0], [0] * 3, [0, 0, 1], [0] * 3, [0, 1, 0]])
    assert np.isnan(hard.texts[[1, 2, 3]]).all() and hard.without_vector == 1
    np.testing.assert_array_equal(hard.texts[[0, 4]], [[0.5, 0.5], [0, 1]])
    q = np.full((5, 3), 1 / 3)
    q[4] = 0
    soft = supervision(lists, keywords, predicted=q, form="equation")
    np.testing.assert_allclose(soft.targets[[0, 2, 4]], soft_targets(keywords.hot(lists)[[0, 2, 4]], q[[0, 2, 4]],
                                                                     "equation"))  # fmt: skip
    assert not soft.targets[[1, 3]].any() and soft.without_prediction == 1 and soft.texts is None
    assert "3 of 5" in str(soft)
    with pytest.raises(BadInput, match="none of 2 pictures"):
        supervision([[], ["table"]], keywords)
    with pytest.raises(BadInput, match="predictions"):
        supervision(lists, keywords, predicted=q[:, :2])
