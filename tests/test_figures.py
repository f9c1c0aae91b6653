"""No figure without a description, and the same figure is the same bytes."""

from __future__ import annotations

import base64

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image
from traitlets.config import Config

from emolib import figures
from emolib.errors import BadInput
from emolib.evaluation import Estimate

ALT = "A line that rises from left to right"


@pytest.fixture(autouse=True)
def look(tmp_path, monkeypatch):
    # Without a shell `display` prints; with one its output can be caught as a notebook would get it.
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))
    InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    with plt.rc_context():
        figures.style()
        yield
    plt.close("all")
    InteractiveShell.clear_instance()


def line(slope=1):
    figure, axis = plt.subplots(figsize=(2, 1.5))
    axis.plot([0, 1], [0, slope])
    return figure


def shown(figure, alt=ALT, **options):
    """What a notebook receives: the data and the metadata of its one output."""
    with capture_output() as captured:
        figures.show(figure, alt, **options)
    (output,) = captured.outputs
    return output.data, output.metadata


def test_a_figure_is_shown_as_a_picture_with_its_description():
    figure = line()
    data, metadata = shown(figure)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata == {"image/png": {"alt": ALT}}
    assert not plt.fignum_exists(figure.number)


@pytest.mark.parametrize("alt", ["", "   ", "figure", "a b c", "scatter plot,   valence"])
def test_a_description_that_describes_nothing_is_refused(alt, tmp_path):
    with pytest.raises(BadInput, match="alt text"):
        figures.show(line(), alt, save=tmp_path / "figure.png")
    assert not list(tmp_path.glob("*.png"))


def test_the_same_figure_is_the_same_bytes_and_another_is_not(tmp_path):
    first, second, other = (shown(line(slope))[0]["image/png"] for slope in (1, 1, 2))
    assert first == second and first != other
    for name in ("a", "b"):
        shown(line(), save=tmp_path / f"{name}.png", title="Rise")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_saved_figure_carries_its_description_and_title(tmp_path):
    file = tmp_path / "new" / "folder" / "figure.png"
    shown(line(), ALT + " — überall", save=file, title="Rise")
    with Image.open(file) as image:
        image.load()
        assert image.text == {"Description": ALT + " — überall", "Title": "Rise"}


@pytest.fixture
def paths(tmp_path):
    files = []
    for i, size in enumerate([(60, 30), (30, 60), (40, 40)]):
        files.append(tmp_path / f"{i}.png")
        Image.new("RGB", size, (80 * i, 10, 200)).save(files[-1])
    return files


def test_thumbnails_keep_the_aspect_unless_told(paths):
    assert [figures.thumbnail(p, 20).shape for p in paths] == [(20, 40, 3), (20, 10, 3), (20, 20, 3)]
    small = figures.thumbnail(paths[1], 12, 34)
    assert small.shape == (12, 34, 3) and small.dtype == np.uint8
    np.testing.assert_array_equal(small[5, 5], [80, 10, 200])


def test_a_row_of_pictures_has_each_with_its_caption(paths):
    figure = figures.picture_row(paths, ["one", "two", "three"], columns=2)
    with_pictures = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in with_pictures] == ["one", "two", "three"]
    assert len(figure.axes) == 4 and not any(axis.axison for axis in figure.axes)


def test_pictures_too_near_to_one_that_is_drawn_are_left_out(paths):
    figure, axis = plt.subplots()
    xy = np.array([[0, 0], [0.001, 0.001], [1, 1], [0.5, 0.5], [0.501, 0.499]])
    assert figures.scatter_pictures(axis, xy, [*paths, *paths[:2]]) == 3
    assert len(axis.artists) == 3
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert left < 0 and right > 1 and bottom < 0 and top > 1


def test_a_map_lies_over_the_whole_picture_with_zero_in_the_middle_of_its_colours():
    figure, axis = plt.subplots()
    heat = np.array([[-1.0, 0.0], [0.5, 2.0]])
    figures.overlay(axis, np.zeros((40, 60, 3), np.uint8), heat, limit=2.0)
    picture, over = axis.images
    assert tuple(over.get_extent()) == tuple(picture.get_extent()) == (-0.5, 59.5, 39.5, -0.5)
    assert over.get_clim() == (-2.0, 2.0)
    np.testing.assert_array_equal(over.get_array(), heat)


def test_intervals_stand_in_order_from_the_top_with_their_ends():
    figure, axis = plt.subplots()
    estimates = [Estimate(1.0, 0.5, 2.0, 9, "groups"), Estimate(3.0, None, None, 9, "groups")]
    figures.interval_plot(axis, ["first", "second"], estimates, "#333333")
    places = dict(zip((t.get_text() for t in axis.get_yticklabels()), axis.get_yticks(), strict=True))
    assert places["first"] > places["second"]
    (container,) = axis.containers
    assert container.lines[0].get_xdata().tolist() == [1.0, 3.0]
    segments = container.lines[2][0].get_segments()
    assert [s[:, 0].tolist() for s in segments] == [[0.5, 2.0], [3.0, 3.0]]
    assert [s[0, 1] for s in segments] == [places["first"], places["second"]]


def test_colours_of_the_emotions_are_distinct():
    assert len({colour.lower() for colour in figures.PALETTE.values()}) == len(figures.PALETTE)
    assert all(matplotlib.colors.is_color_like(colour) for colour in figures.PALETTE.values())


def test_a_table_of_sentences_keeps_every_word_and_no_markup():
    long = "A sentence that goes on " * 10 + "<b>to its end</b>"
    with capture_output() as caught:
        figures.sentences(pd.DataFrame({"statement": [long, "short"], "ours": [0.5, None]}))
    (shown,) = caught.outputs
    assert "&lt;b&gt;to its end&lt;/b&gt;" in shown.data["text/html"] and "sentences" in shown.data["text/html"]
    assert "..." not in shown.data["text/html"] and "NaN" not in shown.data["text/html"]
