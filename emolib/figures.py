"""Figures in one hand: a palette, thumbnails, maps over pictures, and a description for those who can't see them.

Used by every chapter. `show` is the only way a figure leaves a chapter, so no figure goes without its alt text.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emolib.corpora.pictures import read_picture
from emolib.errors import BadInput

# One colour an emotion through the whole book (positive ones warm, negative ones cold), and one for each dimension.
# Told apart in deuteranopia by lightness; always with a label beside.
PALETTE: dict[str, str] = {
    "amusement": "#e8a33d",
    "contentment": "#7fb069",
    "awe": "#4fb0ae",
    "excitement": "#d9603b",
    "fear": "#4a4e8f",
    "sadness": "#5b8fc7",
    "disgust": "#6b6b47",
    "anger": "#a02c3f",
    "valence": "#c2571a",
    "arousal": "#2f6f9f",
    "neutral": "#8a8a8a",
}


def style() -> None:
    """The book's look for matplotlib: quiet axes, readable sizes, light paper (which the dark theme frames)."""
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "savefig.dpi": 110,
            "figure.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "axes.labelsize": 10,
            "font.size": 10,
            "legend.frameon": False,
            "axes.grid": True,
            "grid.color": "#e6e6e6",
            "axes.axisbelow": True,
            "figure.constrained_layout.use": True,
        }
    )


def show(figure: Figure, alt: str, *, save: Path | None = None, title: str = "") -> None:
    """Display the figure with its description, and close it.

    Args:
        figure: what to show.
        alt: one or two sentences that tell what is to be seen, for readers who don't see it.
        save: a PNG file to write as well; it carries the description and the title inside.
        title: of the saved file.

    Raises:
        BadInput: a description too short to describe anything.
    """
    from IPython.display import Image, display

    if len(alt.split()) < 4:
        raise BadInput(f"alt text: {alt!r} describes nothing; say in a sentence what is to be seen")
    buffer = io.BytesIO()
    # Without the writer's version inside, the same figure is the same bytes.
    figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    if save is not None:
        save.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(
            save, format="png", bbox_inches="tight", metadata={"Software": None, "Description": alt, "Title": title}
        )
    plt.close(figure)
    display(Image(data=buffer.getvalue(), format="png", alt=alt, metadata={"alt": alt}))


def sentences(frame: pd.DataFrame) -> None:
    """Display a table whose cells hold sentences, without its index: they wrap, where numbers would scroll."""
    from IPython.display import HTML, display

    with pd.option_context("display.max_colwidth", None):
        display(HTML(frame.to_html(index=False, classes="sentences", border=0, na_rep="", justify="left")))


def thumbnail(path: Path, height: int = 96, width: int | None = None) -> np.ndarray:
    """The picture as uint8 (height, width, 3); without `width` it keeps its aspect."""
    picture = read_picture(path)
    width = width or max(1, round(picture.width * height / picture.height))
    return np.asarray(picture.resize((width, height)))


def picture_row(
    paths: Sequence[Path], captions: Sequence[str], *, columns: int = 6, height: int = 150, title: str = ""
) -> Figure:
    """Pictures in a grid, each with a caption below."""
    rows = -(-len(paths) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(1.75 * columns, 1.75 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, path, caption in zip(axes.flat, paths, captions, strict=False):
        axis.imshow(thumbnail(path, height, round(height * 1.25)))
        axis.set_title(caption, fontsize=8, fontweight="normal", y=-0.22)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    return figure


def scatter_pictures(
    axis: Axes, xy: np.ndarray, paths: Sequence[Path], *, height: int = 34, least: float = 0.045
) -> int:
    """Thumbnails at their places, one where it is free: a picture too near to one that is drawn is left out.

    Args:
        axis: to draw on; its limits are set.
        xy: (n, 2).
        paths: (n,) the pictures, the most important first.
        height: of a thumbnail in pixels.
        least: least distance of two thumbnails, as a share of the axis.

    Returns:
        How many pictures are drawn.
    """
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    low, span = xy.min(0), np.ptp(xy, axis=0) + 1e-9
    unit = (xy - low) / span
    kept: list[int] = []
    for i in range(len(unit)):
        if not kept or np.min(np.abs(unit[kept] - unit[i]).max(1)) > least:
            kept.append(i)
    for i in kept:
        box = OffsetImage(thumbnail(paths[i], height), zoom=0.75)
        axis.add_artist(AnnotationBbox(box, xy[i], frameon=False, pad=0))
    margin = 0.04 * span
    axis.set_xlim(low[0] - margin[0], low[0] + span[0] + margin[0])
    axis.set_ylim(low[1] - margin[1], low[1] + span[1] + margin[1])
    return len(kept)


def overlay(axis: Axes, picture: np.ndarray, heat: np.ndarray, limit: float, *, colours: str = "RdBu_r") -> None:
    """A map over a picture: colour for sign and strength, smooth, the picture in grey below.

    Args:
        axis: to draw on.
        picture: uint8 (h, w, 3).
        heat: float (h', w'), signed.
        limit: value of the full colour.
    """
    h, w = picture.shape[:2]
    axis.imshow(picture.mean(-1), cmap="gray", vmin=0, vmax=255)
    axis.imshow(
        heat,
        cmap=colours,
        vmin=-limit,
        vmax=limit,
        alpha=0.5,
        extent=(-0.5, w - 0.5, h - 0.5, -0.5),
        interpolation="bicubic",
    )
    axis.axis("off")


def interval_plot(
    axis: Axes, names: Sequence[str], estimates: Sequence, colour: str, offset: float = 0.0, label: str = ""
) -> None:
    """Estimates as points with their 95% intervals, one a line, the first on top."""
    y = np.arange(len(names))[::-1] + offset
    value = np.array([e.value for e in estimates])
    low = np.array([e.value if e.low is None else e.low for e in estimates])
    high = np.array([e.value if e.high is None else e.high for e in estimates])
    axis.errorbar(value, y, xerr=[value - low, high - value], fmt="o", color=colour, capsize=3, label=label)
    axis.set_yticks(np.arange(len(names))[::-1], names)
