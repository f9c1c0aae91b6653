"""The little language in which a paper's numbers are checked against each other: arithmetic, comparison, six functions.

All chapters use it through :mod:`emolib.claims.schema`. An expression is data, so it is evaluated by `simpleeval`,
which knows no imports, no calls but those below, and no way out to Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import simpleeval

from emolib.errors import BadInput

_ROUNDING = 1e-9  # decimals such as 1.48 are no exact floats; far below the last printed digit


def near(a: float, b: float, tolerance: float = 0.0) -> bool:
    """True when `a` and `b` differ by no more than `tolerance`, both ends included."""
    return abs(a - b) <= tolerance + _ROUNDING


def mean(*values: float) -> float:
    """The average of the numbers given."""
    return sum(values) / len(values)


def cells(row: SimpleNamespace) -> list[float]:
    """The numbers of one row of a table, from left to right."""
    return list(vars(row).values())


def column(table: SimpleNamespace, name: str) -> list[float]:
    """The numbers of one column of a table, from top to bottom; rows that lack the column are left out."""
    return [getattr(row, name) for row in vars(table).values() if hasattr(row, name)]


def stated(value: Any) -> bool:
    """True when the paper gives the value at all."""
    return value is not None


FUNCTIONS = {
    "near": near, "mean": mean, "cells": cells, "column": column, "stated": stated,
    "sum": sum, "min": min, "max": max, "abs": abs, "count": len,
}  # fmt: skip


def namespace(values: Mapping[str, Any]) -> SimpleNamespace:
    """`values` with its keys as attributes, so that an expression can say ``table3.valence.low``."""
    return SimpleNamespace(**values)


def evaluate(expression: str, names: Mapping[str, Any], place: str) -> Any:
    """The value of `expression`, in which `names` stand for their values.

    `place` (file and entry) heads the message of the BadInput that a faulty expression raises.
    """
    evaluator = simpleeval.EvalWithCompoundTypes(functions=dict(FUNCTIONS), names=dict(names))
    try:
        # Parsed here because one expression is wanted; simpleeval would only warn about an assignment or a second one.
        parsed = ast.parse(expression.strip(), mode="eval").body
        return evaluator.eval(expression, previously_parsed=parsed)
    except (simpleeval.InvalidExpression, SyntaxError, RecursionError) as error:
        raise BadInput(f"{place}: cannot evaluate {expression[:120]!r}: {error}") from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise BadInput(f"{place}: {expression[:120]!r} fails: {type(error).__name__}: {error}") from error


def evaluate_bool(expression: str, names: Mapping[str, Any], place: str) -> bool:
    """Like :func:`evaluate`, for an expression that has to come out true or false."""
    value = evaluate(expression, names, place)
    if not isinstance(value, bool):
        raise BadInput(f"{place}: {expression[:120]!r} gives {_show(value)}, not true or false")
    return value


def evaluate_number(expression: str, names: Mapping[str, Any], place: str) -> float:
    """Like :func:`evaluate`, for an expression that has to give a number; rounded to six decimals."""
    value = evaluate(expression, names, place)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or abs(value) == float("inf"):
        raise BadInput(f"{place}: {expression[:120]!r} gives {_show(value)}, not a number")
    return round(value, 6)


def _show(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, Iterable) else str(value)[:60]
