"""A forest plot: the measured difference behind every directional claim, with its interval. Used by chapter 6."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emolib.claims.overview import Row, called, in_order
from emolib.errors import BadInput

# Told apart by shape as well as by colour.
MARKS = {"holds": ("#2f6f9f", "o"), "contradicted": ("#c2571a", "s"), "inconclusive": ("#8a8a8a", "D")}

_UNITS = {
    "accuracy": "difference in the share of pictures that are right",
    "accuracy2": "difference in the share right, two classes",
    "accuracy4": "difference in the share right, four classes",
    "mse": "difference in mean squared error, rating points squared",
    "r": "correlation r",
    "map": "difference in mean average precision",
    "ap": "difference in average precision",
    "auc": "area under the curve",
    "spearman": "Spearman's correlation",
    "tpr": "difference in true-positive rate",
    "tpr_sd": "spread of true-positive rates",
    "recall": "difference in mean true-positive rate",
}


def unit_of(metric: str) -> str:
    """What a claim's metric is measured in, for an axis: from the last part of its name."""
    measure = metric.split("/")[-1].removesuffix("_difference")
    for prefix in ("valence_", "arousal_", "alexnet_", "resnet101_"):
        measure = measure.removeprefix(prefix)
    return _UNITS.get(measure, measure.replace("_", " "))


def forest(rows: Sequence[Row], metrics: dict[str, str | None], paper: str) -> Figure | None:
    """The effects of one paper's directional claims: a panel a unit, a line a claim and corpus.

    Args:
        rows: of `claims.scorecard`.
        metrics: the metric's name of each claim, by the claim's id; it tells the unit.
        paper: whose claims.

    Returns:
        The figure, or None when no claim of the paper was measured with an interval.

    Raises:
        BadInput: a paper that there is not.
    """
    known = in_order(row["paper"] for row in rows)
    if paper not in known:
        raise BadInput(f"forest: no paper {paper!r}; use {', '.join(known)}")
    panels: dict[str, list[Row]] = {}
    for row in rows:
        if row["paper"] == paper and row["kind"] == "direction" and None not in (row["ours"], row["low"], row["high"]):
            panels.setdefault(unit_of(metrics[row["id"]] or ""), []).append(row)
    if not panels:
        return None
    heights = [_height(panel) for panel in panels.values()]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(6.6, 0.155 * sum(heights) + 0.75 * len(panels) + 0.5), height_ratios=heights,
        squeeze=False,
    )  # fmt: skip
    for axis, (unit, panel), height in zip(axes.flat, panels.items(), heights, strict=True):
        _panel(axis, panel, unit, height)
    handles = [Line2D([], [], color=c, marker=m, ls="", label=verdict) for verdict, (c, m) in MARKS.items()]
    axes.flat[0].legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=8, borderpad=0)
    axes.flat[0].set_title(f"{called(paper)}: the effects", loc="left", pad=20)
    return figure


def forest_words(rows: Sequence[Row], paper: str) -> str:
    """What the forest plot of a paper shows, for those who don't see it: counts, and the furthest to either side."""
    found = [row for row in rows if row["paper"] == paper and row["kind"] == "direction" and row["low"] is not None]
    counts = {verdict: sum(row["verdict"] == verdict for row in found) for verdict in MARKS}
    text = f"Differences with 95% intervals of {len(found)} tests of claims of {called(paper)}: " + ", ".join(
        f"{n} {verdict}" for verdict, n in counts.items()
    )
    for verdict in ("contradicted", "holds"):
        said = [f"{row['statement']} ({row['corpus']})" for row in found if row["verdict"] == verdict]
        if said:
            text += f". First of what {'is contradicted' if verdict == 'contradicted' else 'holds'}: {said[0]}"
    return text + "."


def _lines(row: Row) -> list[str]:
    return textwrap.wrap(row["statement"], 96)


def _height(panel: Sequence[Row]) -> float:
    """In lines: the words of each claim once, and one line for each of its corpora."""
    said = {row["id"]: len(_lines(row)) for row in panel}
    return sum(said.values()) + 1.25 * len(panel) + 0.5 * len(said)


def _panel(axis: Any, panel: Sequence[Row], unit: str, height: float) -> None:
    y, before = 0.0, None
    for row in panel:
        if row["id"] != before:
            y -= 0.5
            for line in _lines(row):
                y -= 1
                # On a patch of paper: no line runs through the words.
                patch = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
                axis.text(
                    0,
                    y + 0.3,
                    line,
                    transform=axis.get_yaxis_transform(),
                    fontsize=8,
                    va="center",
                    bbox=patch,
                    zorder=3,
                )
            before = row["id"]
        y -= 1.25
        colour, mark = MARKS[row["verdict"]]
        axis.plot([row["low"], row["high"]], [y + 0.5] * 2, color=colour, lw=1.6, solid_capstyle="butt")
        axis.plot(row["ours"], y + 0.5, mark, color=colour, ms=5)
        axis.text(1.01, y + 0.5, row["corpus"], transform=axis.get_yaxis_transform(), fontsize=7, va="center")
    axis.axvline(0, color="black", lw=0.8)
    axis.set(ylim=(-height - 0.3, 0), yticks=[], xlabel=f"{unit}; right of 0: as claimed")
    axis.xaxis.label.set_size(8)
    axis.tick_params(axis="x", labelsize=8)
    axis.spines["left"].set_visible(False)
    axis.grid(False, axis="y")
