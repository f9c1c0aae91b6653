"""The claims hold the papers' tables whole: how many numbers, directions and checks, and where each stands."""

from __future__ import annotations

from collections import Counter

import pytest

from emolib import claims
from emolib.claims import overview

EVERY = claims.claims()

# Counted in the papers by hand: table, its numbers. A table that is printed in several parts is listed by part.
TABLES = {
    "you2016": {"table1": 24, "table1_sums": 3, "table4": 8, "table5": 3, "table5_counts": 3},
    "kim2017": {
        "keywords": 22, "table1": 5, "table2_valence_train": 24, "table2_valence_test": 24, "table2_arousal_train": 24,
        "table2_arousal_test": 24, "table3": 12, "table3_widths": 20, "table3_output": 1, "table4": 14,
    },
    "jacobson2019": {"quoted": 6, "results": 9},
    "rao2019": {"table1_global": 2, "table1": 8, "table2": 9, "table2_two": 9, "table3": 150},
    "wei2020": {
        "table2_previous": 5, "table2": 6, "table2_ube": 2, "table2_map": 4, "table3": 10, "table3_ube": 5,
        "table3_map": 10, "table4": 6, "table4_ube": 3, "table4_map": 6, "table5": 5, "table6": 2, "table6_previous": 2,
    },
}  # fmt: skip


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(claim.kind for claim in EVERY)
    assert kinds["direction"] >= 40 and kinds["consistency"] >= 40
    in_tables = sum(len(cells) for cells in overview.printed_tables(EVERY).values())
    assert in_tables >= 250


def test_every_claim_names_its_place_in_the_paper() -> None:
    for claim in EVERY:
        assert claim.where.strip() and claim.statement.strip(), claim.id
    # A number of a table names the table, its row and its column.
    for cells in overview.printed_tables(EVERY).values():
        assert all(", row " in cell.where and ", column " in cell.where for cell in cells), cells[0].id
        assert len({cell.where for cell in cells}) == len(cells), cells[0].id


@pytest.mark.parametrize("paper", TABLES)
def test_no_table_is_missing_and_none_has_lost_a_cell(paper: str) -> None:
    own = [claim for claim in EVERY if claim.paper == paper]
    found = {key.split("/")[1]: len(cells) for key, cells in overview.printed_tables(own).items()}
    assert found == TABLES[paper]
