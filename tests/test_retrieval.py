"""Neighbours are the nearest, by the exact search always and by the index mostly; a stale index is never used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from emolib import retrieval
from emolib.errors import BadInput


def vectors(count: int, seed: int, columns: int = 32) -> np.ndarray:
    """Clustered, of any length."""
    centres = np.random.default_rng(9).standard_normal((12, columns))
    random = np.random.default_rng(seed)
    near = centres[random.integers(0, 12, count)] + 0.5 * random.standard_normal((count, columns))
    return (near * random.uniform(0.01, 50, (count, 1))).astype(np.float32)


# -------------------------------------------------------------------------------------------------------------- exact
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_exact_search_finds_what_scikit_learn_finds(dtype: type) -> None:
    base, queries = vectors(700, 1).astype(dtype), vectors(30, 2)
    known = NearestNeighbors(metric="cosine", algorithm="brute").fit(base.astype(float))
    distances, rows = known.kneighbors(queries.astype(float), 9)
    found = retrieval.exact(queries, base, 9)
    assert (found.rows == rows).all() and found.rows.dtype == np.int64 and found.compared == 700
    np.testing.assert_allclose(found.cosines, 1 - distances, atol=1e-6)
    assert (np.diff(found.cosines, axis=1) <= 0).all()


@settings(max_examples=60)
@given(data=st.data())
def test_ties_go_by_row_whatever_the_blocks(data: st.DataObject) -> None:
    n, k = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 8))
    entries = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0]), min_size=3, max_size=3).filter(any)
    base = np.array(data.draw(st.lists(entries, min_size=n, max_size=n)), np.float32)
    queries = np.array(data.draw(st.lists(entries, min_size=1, max_size=3)), np.float32)
    k = min(k, n)
    lengths = (np.linalg.norm(queries.astype(float), axis=1)[:, None], np.linalg.norm(base.astype(float), axis=1))
    cosines = np.round(queries.astype(float) @ base.T / lengths[0] / lengths[1], 6)
    expected = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    found = retrieval.exact(queries, base, k, block=data.draw(st.integers(1, 31)))
    # Where base vectors are parallel, not equal, the last digit may differ: compare what the rows are worth.
    np.testing.assert_allclose(found.cosines, np.take_along_axis(cosines, expected, 1), atol=2e-6)
    np.testing.assert_allclose(np.take_along_axis(cosines, found.rows, 1), found.cosines, atol=2e-6)
    for row, worth in zip(found.rows, found.cosines, strict=True):
        assert all(a < b or wa > wb for a, b, wa, wb in zip(row, row[1:], worth, worth[1:], strict=False))


def test_many_equal_vectors_give_the_first_rows() -> None:
    base = np.tile(vectors(1, 3), (500, 1))
    base[400] = -base[400]
    found = retrieval.exact(base[:2], base, 450, block=64)
    assert found.rows.tolist() == [[*range(400), *range(401, 451)]] * 2
    assert np.allclose(found.cosines, 1)


def test_blocks_and_batches_change_no_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    base, queries = vectors(300, 1), vectors(11, 2)
    whole = retrieval.exact(queries, base, 7)
    monkeypatch.setattr("emolib.retrieval.brute._AT_ONCE", 4)
    for block in (1, 7, 300, 999):
        part = retrieval.exact(queries, base, 7, block=block)
        assert (part.rows == whole.rows).all() and (part.cosines == whole.cosines).all()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_length_does_not_matter_however_large(scale: float) -> None:
    base, queries = vectors(50, 1), vectors(5, 2)
    assert (retrieval.exact(queries, base * np.float32(scale), 5).rows == retrieval.exact(queries, base, 5).rows).all()
    assert (retrieval.eight_bits(base * np.float32(scale)) == retrieval.eight_bits(base)).mean() > 0.999


@pytest.mark.parametrize(("value", "message"), [(0, "all zero"), (np.nan, "not finite"), (np.inf, "not finite")])
def test_vectors_without_a_direction_are_named(value: float, message: str, tmp_path: Path) -> None:
    base, bad = vectors(40, 1), vectors(40, 1)
    bad[33] = value
    with pytest.raises(BadInput, match=f"base 33 .*{message}"):
        retrieval.exact(base, bad, 3, block=8)
    with pytest.raises(BadInput, match=f"query 33 .*{message}"):
        retrieval.exact(bad, base, 3)
    with pytest.raises(BadInput, match=f"base 33 .*{message}"):
        retrieval.Index.build(bad, tmp_path, block=8)
    with pytest.raises(BadInput, match=f"query 33 .*{message}"):
        retrieval.Index.build(base, tmp_path).search(bad, 3)
    assert len(list(tmp_path.glob("*.usearch"))) == 1 and not list(tmp_path.glob("*.part"))


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    base = vectors(20, 1)
    for queries, other, k, block in (
        (base[0], base, 3, 8),
        (base.astype(int), base, 3, 8),
        (base[:, :5], base, 3, 8),
        (base, base, 0, 8),
        (base, base, 21, 8),
        (base, base[:0], 1, 8),
        (base, base, 3, 0),
    ):
        with pytest.raises(BadInput):
            retrieval.exact(queries, other, k, block=block)
    assert retrieval.exact(base[:0], base, 3).rows.shape == (0, 3)
    index = retrieval.Index.build(base, tmp_path)
    for queries, k, how in (
        (base[:, :5], 3, {}),
        (base, 21, {}),
        (base, 3, {"expansion": 0}),
        (base, 3, {"workers": 0}),
    ):
        with pytest.raises(BadInput):
            index.search(queries, k, **how)
    for how in ({"connectivity": 1}, {"expansion": 0}, {"block": 0}):
        with pytest.raises(BadInput):
            retrieval.Index.build(base, tmp_path, **how)
    with pytest.raises(BadInput):
        retrieval.Index.build(base[:0], tmp_path)


# -------------------------------------------------------------------------------------------------------------- index
def test_the_index_finds_nearly_all_and_says_how_near(tmp_path: Path) -> None:
    base, queries = vectors(3000, 1, 64), vectors(60, 2, 64)
    index = retrieval.Index.build(base.astype(np.float16), tmp_path)
    found, truth = index.search(queries, 10, expansion=128), retrieval.exact(queries, base, 10)
    assert retrieval.recall(found.rows, truth.rows).mean() > 0.95
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, base)]
    known = np.einsum("id,ijd->ij", units[0], units[1][found.rows])
    np.testing.assert_allclose(found.cosines, known, atol=0.02)
    assert (np.diff(found.cosines, axis=1) <= 0).all() and 10 < found.compared < 3000
    assert (index.size, index.dimensions) == (3000, 64)


def test_queries_alone_together_or_on_threads_find_the_same(tmp_path: Path) -> None:
    base, queries = vectors(1000, 1), vectors(20, 2)
    index = retrieval.Index.build(base, tmp_path)
    together, threaded = index.search(queries, 5), index.search(queries, 5, workers=2)
    assert (together.rows == threaded.rows).all() and (together.cosines == threaded.cosines).all()
    alone = [index.search(one[None], 5) for one in queries]
    assert (np.concatenate([one.rows for one in alone]) == together.rows).all()
    assert (np.concatenate([one.cosines for one in alone]) == together.cosines).all()
    assert index.search(queries[:0], 5).rows.shape == (0, 5)


def test_the_same_vectors_give_the_same_file_and_it_is_built_once(tmp_path: Path) -> None:
    base = vectors(600, 1)
    one = retrieval.Index.build(base, tmp_path / "a", block=100)
    other = retrieval.Index.build(base, tmp_path / "b", block=599)
    assert one.path.name == other.path.name and one.path.read_bytes() == other.path.read_bytes()
    before = one.path.stat().st_mtime_ns
    assert retrieval.Index.build(base, tmp_path / "a").path.stat().st_mtime_ns == before


def test_a_stale_index_is_never_used(tmp_path: Path) -> None:
    base, queries = vectors(300, 1), vectors(10, 2)
    first = retrieval.Index.build(base, tmp_path)
    changed = base.copy()
    changed[17] = queries[0]
    second = retrieval.Index.build(changed, tmp_path)
    assert second.path != first.path and second.search(queries[:1], 1).rows[0, 0] == 17
    assert retrieval.Index.build(base, tmp_path, connectivity=8).path not in (first.path, second.path)
    assert retrieval.Index.build(base[:, ::-1], tmp_path).path != first.path
    assert retrieval.Index.build(base.reshape(600, 16), tmp_path).path != first.path


@pytest.mark.parametrize("damage", ["cut", "undescribed", "other facts", "no words"])
def test_a_damaged_index_is_built_again(damage: str, tmp_path: Path) -> None:
    base = vectors(200, 1)
    path = retrieval.Index.build(base, tmp_path).path
    whole, described = path.read_bytes(), path.with_suffix(".json")
    if damage == "cut":
        path.write_bytes(whole[:-100])
    elif damage == "undescribed":
        described.unlink()
    elif damage == "other facts":
        described.write_text(described.read_text().replace("200", "201"))
    else:
        described.write_bytes(b"\xff{")
    assert retrieval.Index.build(base, tmp_path).path.read_bytes() == whole


def test_a_killed_build_leaves_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = vectors(100, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("emolib.retrieval.index.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            retrieval.Index.build(base, tmp_path)
    assert not list(tmp_path.glob("*.usearch"))
    assert retrieval.Index.build(base, tmp_path).search(base[:1], 1).rows[0, 0] == 0


def test_one_vector_is_an_index_too(tmp_path: Path) -> None:
    found = retrieval.Index.build(vectors(1, 1), tmp_path).search(vectors(2, 2), 1)
    assert found.rows.tolist() == [[0], [0]]


# ----------------------------------------------------------------------------------------------------------- measures
ROWS = np.array([[0, 1, 2, 3], [3, 2, 1, -1]])


def test_precision_is_the_share_of_neighbours_with_the_label() -> None:
    found = retrieval.precision(ROWS, np.array(["joy", "fear"]), np.array(["joy", "fear", "joy", "fear"]))
    assert found.tolist() == [0.5, 0.5]  # the last of the second was not found: it is nobody, not row 3
    tree, house, sea = np.eye(3, dtype=bool)
    base = np.stack([tree, tree | house, sea, tree])
    assert retrieval.precision(ROWS, np.stack([house | sea, tree]), base).tolist() == [0.5, 0.5]
    for query, labels in (
        (np.zeros(3), np.zeros(4)),
        (np.zeros(2), np.zeros(3)),
        (np.zeros((2, 3), bool), np.zeros((4, 2), bool)),
        (np.zeros((2, 3)), np.zeros((4, 3))),
        (np.zeros(2), np.zeros((4, 1), bool)),
    ):
        with pytest.raises(BadInput):
            retrieval.precision(ROWS, query, labels)


def test_recall_is_the_share_of_true_neighbours_found() -> None:
    assert retrieval.recall(ROWS, np.array([[3, 9], [1, 2]])).tolist() == [0.5, 1.0]
    for found, truth in ((ROWS, ROWS[:1]), (ROWS[0], ROWS[0]), (ROWS, ROWS[:, :0])):
        with pytest.raises(BadInput):
            retrieval.recall(found, truth)


def test_neighbours_of_the_own_group_are_left_out() -> None:
    base = vectors(60, 1)
    groups = np.arange(60) // 3
    wide = retrieval.exact(base, base, 8)
    assert (wide.rows[:, 0] == np.arange(60)).all()
    found = retrieval.apart(wide, groups, groups, 5)
    for row, (mine, cosines) in enumerate(zip(found.rows, found.cosines, strict=True)):
        others = np.flatnonzero(groups != groups[row])
        known = others[retrieval.exact(base[row : row + 1], base[others], 5).rows[0]]
        assert mine.tolist() == known.tolist() and (np.diff(cosines) <= 0).all()
    with pytest.raises(BadInput, match="query 0 has 2 neighbours outside"):
        retrieval.apart(retrieval.Neighbours(ROWS, np.ones((2, 4)), 4), [0, 1], [0, 1, 1, 0], 3)
    with pytest.raises(BadInput):
        retrieval.apart(wide, groups, groups, 0)
