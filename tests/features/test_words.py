"""Names of pictures looked up in norms: plurals, several words, and no guessing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emolib.errors import BadInput
from emolib.features.words import match_norms

NORMS = pd.DataFrame(
    [
        ("acorn", 5.0, 3.0), ("baby", 8.0, 5.0), ("wolf", 5.5, 6.0), ("knife", 3.0, 6.5), ("beach", 8.1, 4.0),
        ("wheel", 5.2, 3.4), ("car", 6.6, 4.4), ("crash", 2.0, 6.0), ("rainbow", 8.2, 5.1), ("glass", 5.9, 3.3),
        ("news", 5.1, 4.2), ("new", 6.9, 5.0), ("dump", 2.6, 3.2),
    ],
    columns=["word", "valence", "arousal"],
)  # fmt: skip


def one(name):
    (row,) = match_norms([name], NORMS).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("acorn", "acorn"), ("Acorns", "acorn"), ("ACORN 12", "acorn"), ("Babies 3", "baby"), ("wolves", "wolf"),
        ("knives", "knife"), ("Beaches", "beach"), ("glass", "glass"), ("glasses", "glass"), ("news", "news"),
        ("Rain bow", "rainbow"),
    ],
)  # fmt: skip
def test_a_word_is_found_as_it_is_or_without_its_plural(name, word):
    row, truth = one(name), NORMS.set_index("word").loc[word]
    assert row == {"valence": truth["valence"], "arousal": truth["arousal"], "matched": word}


def test_several_words_are_the_mean_of_those_that_are_known():
    both = one("Car crash 4")
    assert (both["valence"], both["arousal"]) == pytest.approx((4.3, 5.2)) and both["matched"] == "car + crash"
    assert one("Ferris wheels") == {"valence": 5.2, "arousal": 3.4, "matched": "wheel"}


@pytest.mark.parametrize("name", ["acor", "acornish", "beachy", "xyz", "", "  ", "7", "s", "es", "ferris giant"])
def test_nothing_is_guessed(name):
    row = one(name)
    assert np.isnan(row["valence"]) and np.isnan(row["arousal"]) and row["matched"] == ""


def test_a_row_a_name_in_order_with_the_columns_that_were_asked_for():
    table = match_norms(["wolf", "nothing", "Acorns", "wolf"], NORMS, columns=("arousal",))
    assert list(table.columns) == ["arousal", "matched"]
    assert table["matched"].tolist() == ["wolf", "", "acorn", "wolf"]
    np.testing.assert_array_equal(table["arousal"], [6.0, np.nan, 3.0, 6.0])
    assert list(match_norms([], NORMS).columns) == ["valence", "arousal", "matched"]


def test_a_missing_column_is_named():
    with pytest.raises(BadInput, match="no column dominance; there are word, valence, arousal"):
        match_norms(["wolf"], NORMS, columns=("valence", "dominance"))
