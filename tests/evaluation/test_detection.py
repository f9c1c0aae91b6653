"""Average precision and recall: worked by hand, as COCO's own code has them, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolib.errors import BadInput
from emolib.evaluation import bootstrap
from emolib.evaluation.detection import (
    COCO,
    ap_difference,
    ap_score,
    average_precision,
    curve,
    match,
    recall,
    recall_difference,
    recall_score,
)  # fmt: skip


def box(left: float, top: float = 0, side: float = 10) -> list[float]:
    return [left, top, left + side, top + side]


def sample(seed: int, n: int = 60, found: int = 12, noise: float = 3.0, skill: float = 0.7):
    """Pictures with up to three true boxes and up to `found` found ones, the surer the better."""
    random = np.random.default_rng(seed)

    def boxes(k):
        corner = random.uniform(0, 100, (k, 2))
        return np.hstack([corner, corner + random.uniform(10, 60, (k, 2))])

    pictures = []
    for _ in range(n):
        true, k = boxes(random.integers(0, 4)), random.integers(0, found + 1)
        guesses, scores = boxes(k), random.random(k)
        for j in range(min(k, len(true))):
            if random.random() < skill:
                guesses[j], scores[j] = true[j] + random.uniform(-noise, noise, 4), 0.3 + 0.7 * scores[j]
        pictures.append((guesses, scores, true))
    return tuple(map(list, zip(*pictures, strict=True)))


# ---------------------------------------------------------------------------------------------------------- worked out
def test_average_precision_worked_out_by_hand():
    # Five true boxes. From the highest score: right, wrong, right, wrong, right; two are never found.
    matches = match(
        [[box(0), box(50), box(100)], [box(0), box(200)]],
        [[0.9, 0.8, 0.5], [0.7, 0.6]],
        [[box(0), box(100), box(300)], [box(0), box(400)]],
    )
    assert matches.hits.tolist() == [True, False, True, False, True]
    assert matches.scores.tolist() == [0.9, 0.8, 0.7, 0.6, 0.5] and matches.picture.tolist() == [0, 0, 1, 1, 0]
    assert matches.rank.tolist() == [0, 1, 0, 1, 2] and matches.truths.tolist() == [3, 2]
    # Precision 1 up to recall 1/5, 2/3 up to 2/5, 3/5 up to 3/5.
    assert average_precision(matches) == pytest.approx((1 + 2 / 3 + 3 / 5) / 5)
    # Recalls 0, .01, ... .2 at 1 (21 points), up to .4 at 2/3 (20), up to .6 at 3/5 (20), nothing beyond.
    assert average_precision(matches, points=COCO) == pytest.approx((21 + 20 * 2 / 3 + 20 * 3 / 5) / 101)
    assert average_precision(matches, points=11) == pytest.approx((3 + 2 * 2 / 3 + 2 * 3 / 5) / 11)  # PASCAL VOC 2007
    assert [recall(matches, k) for k in (1, 2, 3, 10)] == pytest.approx([2 / 5, 2 / 5, 3 / 5, 3 / 5])
    recalls, precisions = curve(matches)
    assert recalls.tolist() == pytest.approx([1 / 5, 1 / 5, 2 / 5, 2 / 5, 3 / 5])
    assert precisions.tolist() == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2, 3 / 5])


def test_a_later_high_precision_lifts_what_is_before_it():
    # Wrong, right, right: precision 0, 1/2, 2/3; the envelope is 2/3 all along.
    matches = match([[box(50), box(0), box(100)]], [[3, 2, 1]], [[box(0), box(100)]])
    assert average_precision(matches) == pytest.approx(2 / 3)


def test_a_true_box_is_found_once_and_by_the_surest():
    # Two boxes on the same region: the surer one hits, the better one comes too late.
    matches = match([[box(0), box(2)]], [[0.5, 0.9]], [[box(0)]])
    assert matches.scores.tolist() == [0.9, 0.5] and matches.hits.tolist() == [True, False]
    # A box whose first choice is taken gets its second one.
    pair = [[box(0), box(4)]]
    assert match(pair, [[0.9, 0.8]], pair, 0.3).hits.tolist() == [True, True]
    assert match([[box(1), box(0)]], [[0.9, 0.8]], pair, 0.3).hits.tolist() == [True, True]
    assert match([[box(1), box(0)]], [[0.9, 0.8]], pair, 0.5).hits.tolist() == [True, False]


def test_an_overlap_of_just_the_threshold_hits():
    # 10 x 10 within 20 x 10: exactly 1/2.
    for iou, hit in ((0.5, True), (0.5000001, False), (1, False)):
        assert match([[[0, 0, 20, 10]]], [[1.0]], [[box(0)]], iou).hits.tolist() == [hit]
    assert match([[box(0)]], [[1.0]], [[box(0)]], 1).hits.tolist() == [True]


# Seed of `sample`, threshold, mean precision at 101 recalls, recall of the ten best boxes: what pycocotools 2.0.11
# finds on these boxes. The number of true boxes is prime, so that no recall lies on COCO's grid, where it rounds.
REFERENCE = [
    (0, 0.3, 0.256489397015, 0.752577319588),
    (0, 0.5, 0.203310649003, 0.711340206186),
    (0, 0.75, 0.148362635784, 0.608247422680),
    (4, 0.3, 0.173795866425, 0.640449438202),
    (4, 0.5, 0.142688019344, 0.573033707865),
    (4, 0.75, 0.086144705006, 0.471910112360),
    (7, 0.5, 0.171856431755, 0.577981651376),
]


@pytest.mark.parametrize(("seed", "iou", "ap", "found"), REFERENCE)
def test_cocos_own_code_agrees(seed, iou, ap, found):
    matches = match(*sample(seed), iou)
    assert average_precision(matches, points=COCO) == pytest.approx(ap, rel=1e-9)
    assert recall(matches, 10) == pytest.approx(found, rel=1e-9)
    assert average_precision(matches) == pytest.approx(ap, abs=0.01)


# ---------------------------------------------------------------------------------------------------------- brute force
def slow_hits(found, scores, true, iou):
    """Per picture (score, hit), by loops over whole pixels."""

    def share(a, b):
        def pixels(c):
            return {(x, y) for x in range(c[0], c[2]) for y in range(c[1], c[3])}

        both = pixels(a) | pixels(b)
        return len(pixels(a) & pixels(b)) / len(both) if both else 0

    taken, result = set(), []
    for k in sorted(range(len(found)), key=lambda k: -scores[k]):
        free = [(share(found[k], t), -j) for j, t in enumerate(true) if j not in taken]
        best = max(free, default=(0, 0))
        if free and best[0] >= iou:
            taken.add(-best[1])
        result.append((scores[k], bool(free) and best[0] >= iou))
    return result


def slow_ap(pairs, total):
    """The best precision of any threshold that reaches a recall, summed over the recalls."""
    points = []
    for threshold in {score for score, _ in pairs}:
        kept = [hit for score, hit in pairs if score >= threshold]
        points.append((sum(kept), sum(kept) / len(kept)))
    return sum(max((p for hits, p in points if hits >= k), default=0) for k in range(1, total + 1)) / total


corner = st.integers(0, 5)
small = st.builds(lambda x, y, w, h: [x, y, x + w + 1, y + h + 1], corner, corner, corner, corner)
picture = st.tuples(
    st.lists(st.tuples(small, st.sampled_from([0.1, 0.2, 0.3, 0.9])), max_size=6), st.lists(small, max_size=3)
)


@settings(max_examples=60)
@given(st.lists(picture, min_size=1, max_size=5), st.sampled_from([0.1, 0.3, 0.5, 0.75]))
def test_matching_and_average_precision_are_those_of_loops(pictures, iou):
    found = [[b for b, _ in guesses] for guesses, _ in pictures]
    scores = [[s for _, s in guesses] for guesses, _ in pictures]
    true = [boxes for _, boxes in pictures]
    matches = match(found, scores, true, iou)
    pairs = [slow_hits(*one, iou) for one in zip(found, scores, true, strict=True)]
    for k, own in enumerate(pairs):
        chosen = matches.picture == k
        assert list(zip(matches.scores[chosen], matches.hits[chosen], strict=True)) == own
        assert matches.rank[chosen].tolist() == list(range(len(own)))
    total = sum(map(len, true))
    if total == 0:
        assert np.isnan(average_precision(matches)) and np.isnan(recall(matches))
        return
    assert average_precision(matches) == pytest.approx(slow_ap(sum(pairs, []), total))
    assert recall(matches, 2) == pytest.approx(sum(hit for own in pairs for _, hit in own[:2]) / total)
    # The order of the pictures does not matter, though scores are tied.
    turned = match(found[::-1], scores[::-1], true[::-1], iou)
    assert average_precision(turned) == average_precision(matches)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 59), max_size=80), st.sampled_from([None, 11, COCO]))
def test_rows_count_as_often_as_they_are_given(rows, points):
    columns = sample(4)
    whole = match(*columns)
    if not rows or not sum(len(columns[2][r]) for r in rows):
        assert np.isnan(average_precision(whole, rows, points=points)) and np.isnan(recall(whole, 3, rows))
        return
    copies = match(*([column[r] for r in rows] for column in columns))
    assert average_precision(whole, rows, points=points) == pytest.approx(average_precision(copies, points=points))
    assert recall(whole, 3, np.array(rows)) == pytest.approx(recall(copies, 3))


def test_only_the_best_boxes_of_a_picture_count():
    found, scores, true = sample(5)
    order = [np.argsort(-own, kind="stable")[:4] for own in scores]
    cut = match(
        [f[o] for f, o in zip(found, order, strict=True)], [s[o] for s, o in zip(scores, order, strict=True)], true
    )
    best = match(found, scores, true, most=4)
    for name in ("scores", "hits", "picture", "rank", "truths"):
        np.testing.assert_array_equal(getattr(best, name), getattr(cut, name))
    assert recall(best) == recall(match(found, scores, true), 4)


# ------------------------------------------------------------------------------------------------- nothing in a picture
def test_pictures_without_regions_or_boxes_count():
    hit = ([[box(0)]], [[0.5]], [[box(0)]])
    for found, scores, true, ap, k in (
        ([], [], [box(0)], 1 / 2, 1 / 2),  # a region that is missed
        ([box(0)], [0.9], [], 1 / 2, 1),  # a box where there is none, surer than the hit
        ([box(0)], [0.1], [], 1, 1),  # less sure than the hit
        ([], [], [], 1, 1),
    ):
        matches = match(hit[0] + [found], hit[1] + [scores], hit[2] + [true])
        assert average_precision(matches) == pytest.approx(ap) and recall(matches) == pytest.approx(k)
    nothing = match([[], []], [[], []], [[box(0)], []])
    assert average_precision(nothing) == recall(nothing) == average_precision(nothing, points=COCO) == 0
    assert [len(part) for part in curve(nothing)] == [0, 0]
    no_truth = match([[box(0)]], [[0.5]], [[]])
    assert np.isnan(average_precision(no_truth)) and np.isnan(recall(no_truth))
    with pytest.raises(BadInput, match="no recall"):
        curve(no_truth)
    estimate = ap_score(no_truth, [0], draws=10)
    assert np.isnan(estimate.value) and estimate.low is None


# ------------------------------------------------------------------------------------------------------------ intervals
@pytest.mark.parametrize("grouped", [1, 3])
def test_the_interval_is_that_of_the_slow_way(grouped):
    matches, groups = match(*sample(1, n=90)), np.arange(90) // grouped
    for fast, statistic in (
        (ap_score(matches, groups), lambda rows: average_precision(matches, rows)),
        (ap_score(matches, groups, points=COCO), lambda rows: average_precision(matches, rows, points=COCO)),
        (recall_score(matches, groups, k=5), lambda rows: recall(matches, 5, rows)),
    ):
        slow = bootstrap(statistic, groups, seed=7, draws=2000)
        assert fast.value == pytest.approx(slow.value) and (fast.n, fast.unit) == (90 // grouped, "groups")
        assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=0.08 * (slow.high - slow.low))


def test_several_seeds_are_averaged_and_widen_the_interval():
    alike = [match(*sample(1, n=90))] * 4
    apart = [match(*sample(1, n=90, skill=skill)) for skill in (0.9, 0.7, 0.5, 0.3)]
    groups = np.arange(90)
    score = ap_score(apart, groups)
    assert score.value == pytest.approx(np.mean([average_precision(matches) for matches in apart]))
    one = ap_score(alike, groups)
    assert one == ap_score(alike[0], groups)
    assert score.high - score.low > 1.5 * (one.high - one.low)


def test_copies_inside_a_group_count_once():
    columns = sample(2, n=50)
    once = match(*columns)
    copies = match(*([*column, *column, *column] for column in columns))
    assert ap_score(copies, np.tile(np.arange(50), 3)) == ap_score(once, np.arange(50))


def test_a_comparison_is_paired_and_positive_when_the_second_is_better():
    found, scores, true = sample(3, n=120)
    groups = np.arange(120) // 2
    better = match(found, scores, true)
    # The same boxes with one in ten of the hits' scores turned upside down.
    random = np.random.default_rng(0)
    worse = match(found, [np.where(random.random(len(s)) < 0.1, 1 - s, s) for s in scores], true)
    gap = ap_difference(worse, better, groups, seed=3)
    assert gap.value == pytest.approx(average_precision(better) - average_precision(worse))
    back = ap_difference(better, worse, groups, seed=3)
    assert (back.value, back.low, back.high) == pytest.approx((-gap.value, -gap.high, -gap.low))
    single = ap_score(better, groups)
    assert gap.value > 0 and gap.high - gap.low < 0.7 * (single.high - single.low)
    for difference in (ap_difference, recall_difference):
        same = difference([worse, better], [worse, better], groups, draws=200)
        assert (same.value, same.low, same.high) == (0, 0, 0)
    fewer = match(found, scores, true, most=2)
    assert recall_difference(fewer, [better, better], groups, k=5).low > 0


def test_a_planted_difference_is_covered_about_as_often_as_promised():
    # Every picture has one region; the systems find it with 60% and 75%, the surer the likelier, and nothing else.
    inside = 0
    for seed in range(150):
        random = np.random.default_rng([9, seed])
        luck = random.random(80)
        systems = [match([[box(0 if u < p else 50)] for u in luck], [[0.5]] * 80, [[box(0)]] * 80) for p in (0.6, 0.75)]
        gap = ap_difference(*systems, np.arange(80), draws=300)
        inside += gap.low <= 0.75**2 - 0.6**2 <= gap.high
    # With one score for all, precision and recall are the share of hits, and average precision is their product.
    # 95% of 150 are 142 with a spread of 2.7.
    assert 131 <= inside <= 149


def test_the_same_seed_gives_the_same_interval():
    matches = match(*sample(1))
    a, b, c = (ap_score(matches, np.arange(60), seed) for seed in (1, 1, 2))
    assert a == b and a.value == c.value and (a.low, a.high) != (c.low, c.high)


# ------------------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([[]], [[]], [[], []]), "one entry a picture"),
        (([], [], []), "one entry a picture"),
        (([[box(0)]], [[]], [[]]), r"picture 0 has 1 boxes and scores \(0,\)"),
        (([[], [box(0)]], [[], [np.nan]], [[], []]), "picture 1 has 1 boxes"),
        (([[], [[0, 0, 1]]], [[], [1.0]], [[], []]), "picture 1, found"),
        (([[]], [[]], [[[3, 0, 1, 1]]]), "picture 0, true"),
    ],
)
def test_pictures_that_do_not_fit_are_refused_by_number(columns, message):
    with pytest.raises(BadInput, match=message):
        match(*columns)


def test_parameters_out_of_range_are_refused():
    columns = ([[box(0)]], [[0.5]], [[box(0)]])
    for iou in (0, -1, 1.1, np.nan):
        with pytest.raises(BadInput, match="iou"):
            match(*columns, iou)
    with pytest.raises(BadInput, match="most"):
        match(*columns, most=0)
    matches = match(*columns)
    for rows in ([1], [-1], [0.5], [[0]], [True]):
        with pytest.raises(BadInput, match="rows"):
            average_precision(matches, rows)
    with pytest.raises(BadInput, match="recalls"):
        average_precision(matches, points=1)
    with pytest.raises(BadInput, match="at 0 boxes"):
        recall(matches, 0)
    for groups, runs in (([0, 1], matches), ([0], [])):
        with pytest.raises(BadInput, match="fit together|no matches"):
            ap_score(runs, groups)
    with pytest.raises(BadInput, match="draws"):
        ap_score(matches, [0], draws=0)
