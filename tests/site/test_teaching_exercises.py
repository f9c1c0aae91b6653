"""Checks of exercises: the chapters' own solutions pass, nothing and nearly right answers don't.

The solutions that need a chapter's data are run with the chapters (tests/notebooks); here they get made-up data.
"""

from __future__ import annotations

import ast
import types
from pathlib import Path

import jupytext
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emolib import distributions, emotions, exercises
from emolib.corpora.scenes import Parameters, bounds
from emolib.curation import duplicates, matching, votes
from emolib.errors import BadInput
from emolib.probes import mean_average_precision

ROOT = Path(__file__).parents[2]
ALL = [(name, number) for name, checks in exercises.CHECKS.items() for number in range(1, len(checks) + 1)]
C0, C1, C2 = "00_emotions_and_images", "01_you2016_fine_print", "02_kim2017_valence_arousal"
C3, C4 = "03_jacobson2019_small_images", "04_rao2019_emotional_regions"
C5, C6 = "05_wei2020_web_supervision", "06_scorecard"


def solution(chapter: str, function: str) -> object:
    """A function as the chapter's own solution defines it."""
    given = dict(
        np=np, pd=pd, emotions=emotions, votes=votes, duplicates=duplicates, matching=matching, RidgeCV=RidgeCV,
        make_pipeline=make_pipeline, StandardScaler=StandardScaler, mean_average_precision=mean_average_precision,
        random=np.random.default_rng(5), unit=lambda v: v / np.linalg.norm(v, axis=1, keepdims=True),
    )  # fmt: skip
    for cell in jupytext.read(ROOT / "notebooks" / f"{chapter}.py").cells:
        if "solution" in cell.metadata.get("tags", []) and f"def {function}(" in cell.source:
            (found,) = [node for node in ast.parse(cell.source).body if getattr(node, "name", "") == function]
            exec(compile(ast.Module([found], []), chapter, "exec"), given)
            return given[function]
    raise AssertionError(f"no solution of {chapter} defines {function}")


def state(chapter: str, number: int, **names: object) -> str:
    return exercises.check(chapter, number, names).state


@pytest.mark.parametrize("chapter, number", ALL)
def test_no_answer_is_open_and_nonsense_is_not_right(chapter, number):
    verdict = exercises.check(chapter, number, {})
    assert verdict.state == "open" and str(verdict).startswith(f"Exercise {number}: open. ")
    nonsense = dict.fromkeys(NAMES[chapter, number], None)
    assert exercises.check(chapter, number, nonsense | made(chapter, number)).state == "wrong"


#: What an exercise asks for.
NAMES = {
    (C0, 1): ["steps_apart"],
    (C0, 2): ["raters_needed"],
    (C0, 3): ["without", "blind"],
    (C1, 1): ["kept_by"],
    (C1, 2): ["judge_distance"],
    (C1, 3): ["by_weight", "measured"],
    (C2, 1): ["predicted", "correlations"],
    (C2, 2): ["by_view", "view_correlations"],
    (C2, 3): ["leave_series_out"],
    (C3, 1): ["agreement", "column_answers"],
    (C3, 2): ["all_guesses", "judged_twice"],
    (C3, 3): ["by_wheel_weight", "costs"],
    (C4, 1): ["by_regions", "region_accuracy"],
    (C4, 2): ["strictness"],
    (C4, 3): ["shuffled", "f_shuffled"],
    (C5, 1): ["mean_cosine", "cosines"],
    (C5, 2): ["swapped"],
    (C5, 3): ["chance"],
    (C6, 1): ["survivors"],
    (C6, 2): ["groups_needed", "settled"],
    (C6, 3): ["rank_correlation"],
}


@pytest.mark.parametrize("chapter, number", ALL)
def test_the_exercise_names_what_it_asks_for(chapter, number):
    cells = jupytext.read(ROOT / "notebooks" / f"{chapter}.py").cells
    text = [cell.source for cell in cells if "exercise" in cell.metadata.get("tags", [])][number - 1]
    assert all(f"`{name}" in text for name in NAMES[chapter, number])


# ---- functions ----------------------------------------------------------------------------------------------------

FUNCTIONS = [
    (C0, 1, "steps_apart", lambda f: lambda v, s: (f(v, s)[1], f(v, s)[1])),
    (C0, 1, "steps_apart", lambda f: lambda v, s: ((v[:, :, None] * v[:, None] * s).sum() / 25 / len(v), f(v, s)[1])),
    (C0, 2, "raters_needed", lambda f: lambda one, wanted: f(one, wanted) + 1),
    (C0, 2, "raters_needed", lambda f: lambda one, wanted: max(f(one, wanted) - 1, 1)),
    (C1, 1, "kept_by", lambda f: lambda y, a, r, least: f(y, a, r, least + 1)),
    (C1, 1, "kept_by", lambda f: lambda y, a, r, least: (f(y, a, r, least)[0], np.mean(r))),
    (C1, 2, "judge_distance", lambda f: lambda h, p, d: f(h, p, d + 1)),
    (C1, 2, "judge_distance", lambda f: lambda h, p, d: (*f(h, p, d)[1::-1], f(h, p, d)[2])),
    (C2, 3, "leave_series_out", lambda f: lambda X, y, s, o: f(X, y, np.where(s == o, s, "rest"), "rest")),
    (C2, 3, "leave_series_out", lambda f: lambda X, y, s, o: (*f(X, y, s, o)[:2], y.mean())),
    (C5, 3, "chance", lambda f: lambda often: 0.5),
    (C6, 1, "survivors", lambda f: lambda p, level: p <= level),
    (C6, 1, "survivors", lambda f: lambda p, level: f(p, level / 2)),
    (C6, 3, "rank_correlation", lambda f: lambda a, b: np.corrcoef(a, b)[0, 1]),
    (C6, 3, "rank_correlation", lambda f: lambda a, b: np.corrcoef(np.argsort(np.argsort(a)), b)[0, 1]),
]


@pytest.mark.parametrize("chapter, number, name, spoil", FUNCTIONS)
def test_the_chapters_function_is_right_and_a_nearly_right_one_is_not(chapter, number, name, spoil):
    given = solution(chapter, name)
    assert state(chapter, number, **{name: given}) == "right"
    assert state(chapter, number, **{name: spoil(given)}) == "wrong"


def test_a_function_that_fails_is_told_and_stops_nothing():
    verdict = exercises.check(C0, 2, {"raters_needed": lambda one, wanted: 1 / 0})
    assert verdict.state == "wrong" and "ZeroDivisionError" in verdict.hint


# ---- tables and predictions ---------------------------------------------------------------------------------------


def made(chapter: str, number: int) -> dict:
    """What a chapter would have defined, and a right answer worked out here."""
    r = np.random.default_rng(6)
    labels, test = r.integers(0, 8, 150), np.arange(40, 120)
    if (chapter, number) == (C1, 3):
        return {"labels": labels, "test": test, "predictions": {"imagenet": r.integers(0, 8, (1, 80))}}
    if chapter == C2:
        return {"Y": r.normal(size=(70, 2)), "folds": [[(np.arange(50), np.arange(50, 70))]], "seed": 0}
    if chapter == C3:
        own = {
            system: r.integers(0, 8, (2, 80)) for system in ("poster/resnet", "repaired/resnet", "repaired/embedding")
        }
        return {"labels": labels, "words": r.integers(0, 8, 150), "test": test, "columns": 3, "predictions": own,
                "raw": {"test": np.arange(30, 130)}}  # fmt: skip
    if chapter == C4:
        agreed = r.uniform(0.3, 0.9, 150)
        ap = {f"rao2019/detection/{k}_emotional/scenes/ap": types.SimpleNamespace(value=v)
              for k, v in {"single": 0.4, "multi": 0.5}.items()}  # fmt: skip
        wheel, run = distributions.wheel_targets(labels, agreed), types.SimpleNamespace(metrics=ap)
        own = {"labels": labels, "test": test, "safe": labels, "p_star": agreed, "wheel_f": wheel, "run": run}
        return own | {"settings": {"regions": 10}}
    if (chapter, number) == (C5, 2):
        return {
            "pictures": types.SimpleNamespace(emotional=[[f"word{i}"] for i in range(9)]),
            "learn_words": [1, 3, 4, 7],
        }
    return {}


def answered(chapter: str, number: int) -> tuple[dict, dict]:
    """The made-up chapter with a right answer, and what spoils it."""
    given, r = made(chapter, number), np.random.default_rng(7)
    if (chapter, number) == (C0, 3):
        right = {"without": bounds(Parameters(object=0.0)), "blind": "object_only"}
        return right, {"without": bounds(Parameters())}
    if (chapter, number) == (C1, 3):
        truth, guesses = given["labels"][given["test"]], {"balanced": given["predictions"]["imagenet"][0]}
        guesses["none"] = (guesses["balanced"] + 1) % 8
        measured = {
            k: (np.mean(g == truth), np.mean([np.mean(g[truth == c] == c) for c in set(truth.tolist())]))
            for k, g in guesses.items()
        }
        return given | {"by_weight": guesses, "measured": measured}, {
            "measured": measured | {"none": (measured["none"][0], measured["none"][0] + 0.01)}
        }
    if chapter == C2 and number < 3:
        names = (("593",), ("probability", "square root", "logarithm"))[number - 1]
        p = {k: given["Y"] + r.normal(size=(70, 2)) for k in names}
        told = {k: [np.corrcoef(v[:, i], given["Y"][:, i])[0, 1] for i in range(2)] for k, v in p.items()}
        answer = (("predicted", "correlations"), ("by_view", "view_correlations"))[number - 1]
        return given | {answer[0]: p, answer[1]: told}, {answer[1]: {k: [0.0, 0.0] for k in names}}
    if (chapter, number) == (C3, 1):
        own = {"agreement": solution(C3, "agreement"), "column_answers": r.integers(0, 8, (3, 80))}
        return given | own, {"column_answers": r.integers(0, 8, (2, 80))}
    if (chapter, number) == (C3, 2):
        guesses, judged = {}, {}
        for system, own in given["predictions"].items():
            g = guesses[system] = r.integers(0, 8, (2, 100))
            g[:, 10:90] = own
            judged[system] = np.mean(g == given["words"][30:130]), np.mean(own == given["labels"][40:120])
        return given | {"all_guesses": guesses, "judged_twice": judged}, {
            "all_guesses": {system: np.roll(g, 1, axis=1) for system, g in guesses.items()}
        }
    if (chapter, number) == (C3, 3):
        truth, steps = given["labels"][given["test"]], emotions.distance_matrix()
        guesses = {0.0: r.integers(0, 8, 80), 4.0: truth}
        costs = {w: (np.mean(g == truth), steps[g, truth].mean()) for w, g in guesses.items()}
        return given | {"by_wheel_weight": guesses, "costs": costs}, {"costs": costs | {0.0: (costs[0.0][0], 1.0)}}
    if (chapter, number) == (C4, 1):
        p = {k: r.dirichlet(np.ones(8), 150) for k in (1, 3, 10)}
        told = {k: np.mean(v.argmax(1)[40:120] == given["labels"][40:120]) for k, v in p.items()}
        return given | {"by_regions": p, "region_accuracy": told}, {"by_regions": p | {3: 2 * p[3]}}
    if (chapter, number) == (C4, 2):
        ap = {(o, k): v for k, row in {"single": (0.5, 0.4, 0.1), "multi": (0.6, 0.5, 0.2)}.items()
              for o, v in zip((0.3, 0.5, 0.7), row, strict=True)}  # fmt: skip
        return given | {"strictness": ap}, {"strictness": ap | {(0.7, "multi"): 0.55}}
    if (chapter, number) == (C4, 3):
        order = np.roll(np.arange(8), 3)[::-1].copy()
        order[[0, 1]] = order[[1, 0]]
        place = [emotions.MIKELS[k] for k in order]
        f = np.zeros((150, 8))
        for i, (own, share) in enumerate(zip(given["labels"], given["p_star"], strict=True)):
            near = [0 if k == own else 1 / emotions.wheel_distance(place[own], place[k]) for k in range(8)]
            f[i] = (1 - share) * np.array(near) / sum(near)
            f[i, own] = share
        return given | {"shuffled": order, "f_shuffled": f}, {"f_shuffled": np.asarray(given["wheel_f"])}
    if (chapter, number) == (C5, 1):
        right = {"mean_cosine": solution(C5, "mean_cosine"), "cosines": dict.fromkeys((0.0, 0.3, 1.0, 3.0), 0.1)}
        return right, {"mean_cosine": lambda a, b: float(np.nansum(a * b, axis=1).mean())}
    if (chapter, number) == (C5, 2):
        own = given["pictures"].emotional
        swapped = [own[{1: 3, 3: 4, 4: 7, 7: 1}.get(i, i)] for i in range(9)]
        return given | {"swapped": swapped}, {"swapped": swapped[::-1]}
    if (chapter, number) == (C6, 2):
        right = {name: solution(C6, name) for name in NAMES[C6, 2]}
        return right, {"settled": lambda low, high, matters: low <= 0 <= high}
    raise AssertionError((chapter, number))


TABLES = [key for key in ALL if key not in {(chapter, number) for chapter, number, *_ in FUNCTIONS}]


@pytest.mark.parametrize("chapter, number", TABLES)
def test_a_right_answer_passes_and_a_spoilt_one_does_not(chapter, number):
    right, spoilt = answered(chapter, number)
    verdict = exercises.check(chapter, number, right)
    assert verdict.state == "right", verdict
    assert exercises.check(chapter, number, right | spoilt).state == "wrong"


def test_a_prediction_that_is_too_good_is_told():
    given = made(C2, 1)
    names = given | {"predicted": {"593": given["Y"]}, "correlations": {"593": [1.0, 1.0]}}
    assert "too good" in exercises.check(C2, 1, names).hint


def test_a_short_description_is_only_left_out_where_it_cannot_be_had():
    right, _ = answered(C2, 1)
    right["folds"] = [[(np.arange(500), np.arange(3))]]
    assert "can be had" in exercises.check(C2, 1, right).hint


@pytest.mark.parametrize(
    "chapter, number, told",
    [("99", 1, "chapter: '99'.*CHECKS in emolib/exercises/__init__.py"), (C0, 4, "exercises 1 to 3"), (C0, 0, "0")],
)
def test_what_is_no_exercise_is_refused(chapter, number, told):
    with pytest.raises(BadInput, match=told):
        exercises.check(chapter, number, {})


def test_a_verdict_reads_well_in_a_notebook():
    verdict = exercises.check(C0, 1, {})
    assert verdict._repr_markdown_().startswith("**Exercise 1:** open.") and "steps_apart" in str(verdict)
