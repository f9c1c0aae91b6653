"""Rows on disk: a killed run continues to the very bytes of an undisturbed one, and nothing wrong is kept."""

from __future__ import annotations

import os
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emolib.errors import BadInput
from emolib.features import cache

N, ROW = 10, (2, 3)
TRUTH = np.arange(60, dtype=np.float32).reshape(N, *ROW) ** 2


def rows(start: int, block: int = 3):
    for i in range(start, N, block):
        yield TRUTH[i : i + block]


def get(folder: Path, compute=rows, key=("k",), n: int = N, name: str = "thing") -> np.ndarray:
    return cache.cached_rows(name, list(key), n, ROW, np.float32, compute, folder=folder, progress=False)


def entries(folder: Path, suffix: str = ".npy") -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def never(start: int):
    raise AssertionError("computed although it was on disk")


def test_rows_come_as_computed_then_from_disk_and_cannot_be_written(tmp_path):
    np.testing.assert_array_equal(get(tmp_path), TRUTH)
    again = get(tmp_path, never)
    np.testing.assert_array_equal(again, TRUTH)
    assert isinstance(again, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 0


def test_an_entry_is_a_plain_npy_file(tmp_path):
    get(tmp_path)
    (file,) = entries(tmp_path)
    np.testing.assert_array_equal(np.load(file, allow_pickle=False), TRUTH)
    np.save(tmp_path / "plain", TRUTH)
    assert file.read_bytes() == (tmp_path / "plain.npy").read_bytes()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows_before=st.integers(0, N - 1), torn=st.integers(0, 23), block=st.integers(1, 4))
def test_a_run_killed_anywhere_continues_to_the_same_bytes(tmp_path_factory, rows_before, torn, block):
    undisturbed, killed = tmp_path_factory.mktemp("undisturbed"), tmp_path_factory.mktemp("killed")
    get(undisturbed)

    def dies(start: int):
        for i in range(start, rows_before):
            yield TRUTH[i : i + 1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(killed, dies)
    assert not entries(killed)
    (part,) = entries(killed, ".part")
    with open(part, "ab") as file:  # the kill came in the middle of a row of 24 bytes
        file.write(b"\xff" * torn)
    asked_from = []

    def continues(start: int):
        asked_from.append(start)
        yield from rows(start, block)

    get(killed, continues)
    assert asked_from == [rows_before]
    assert [f.read_bytes() for f in entries(killed)] == [f.read_bytes() for f in entries(undisturbed)]
    assert not entries(killed, ".part")


def test_a_kill_after_the_last_row_computes_nothing_again(tmp_path):
    def dies_late(start: int):
        yield from rows(start)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(tmp_path, dies_late)
    np.testing.assert_array_equal(get(tmp_path, never), TRUTH)


def test_a_part_that_is_not_the_beginning_of_this_array_is_thrown_away(tmp_path):
    get(tmp_path)
    (file,) = entries(tmp_path)
    file.unlink()
    file.with_suffix(".part").write_bytes(b"something else entirely" * 20)
    np.testing.assert_array_equal(get(tmp_path), TRUTH)


def test_a_file_that_lost_its_end_is_computed_anew(tmp_path):
    get(tmp_path)
    (file,) = entries(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    np.testing.assert_array_equal(get(tmp_path), TRUTH)
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda start: iter([TRUTH[:9]]), "9 rows were computed, 10 are needed"),
        (lambda start: iter([]), "0 rows were computed"),
        (lambda start: iter([TRUTH, TRUTH[:1]]), "after row 10 of 10"),
        (lambda start: iter([TRUTH[:, :1]]), r"\(10, 1, 3\)"),
        (lambda start: iter([TRUTH.reshape(10, 6)]), r"\(10, 6\)"),
    ],
    ids=["too few", "none", "too many", "narrow", "flat"],
)
def test_rows_of_the_wrong_number_or_shape_are_refused_and_nothing_is_kept(compute, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        get(tmp_path, compute)
    assert not entries(tmp_path) and not entries(tmp_path, ".part")
    np.testing.assert_array_equal(get(tmp_path), TRUTH)


def test_no_rows_need_no_computing(tmp_path):
    empty = get(tmp_path, never, n=0)
    assert empty.shape == (0, *ROW) and empty.dtype == np.float32


def test_another_key_another_file(tmp_path):
    get(tmp_path)
    other = get(tmp_path, lambda start: iter([TRUTH[start:] + 1]), key=("k", 2))
    np.testing.assert_array_equal(other, TRUTH + 1)
    np.testing.assert_array_equal(get(tmp_path, never), TRUTH)
    assert len(entries(tmp_path)) == 2


def test_entries_go_to_the_cache_folder_by_default(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
    get(None)
    cache.cached_arrays("fit", ["k"], lambda: {"a": TRUTH})
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == len(list((tmp_path / "cache").rglob("*.npz"))) == 1


def test_digests_are_the_same_in_every_process_and_differ_for_other_values():
    # SHA-256 of the compact JSON text, by hand: printf '["a",1,{"x":2,"y":[3]}]' | sha256sum
    import hashlib

    wanted = hashlib.sha256(b'["a",1,{"x":2,"y":[3]}]').hexdigest()
    assert wanted.startswith(cache.digest("a", 1, {"y": [3], "x": 2}))
    different = [cache.digest(*v) for v in (("a", 1), ("a", "1"), ("a1",), (["a"], 1), ("a", 1, None), ())]
    assert len(set(different)) == len(different)


def test_files_digest_notices_another_time_size_order_and_place(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"1")
    b.write_bytes(b"2")
    before = cache.files_digest([a, b])
    assert cache.files_digest([a, b]) == before
    assert cache.files_digest([b, a]) != before
    os.utime(b, ns=(0, 12345))
    touched = cache.files_digest([a, b])
    assert touched != before
    b.write_bytes(b"22")
    os.utime(b, ns=(0, 12345))
    assert cache.files_digest([a, b]) not in (before, touched)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="gone.jpg"):
        cache.files_digest([tmp_path / "gone.jpg"])


def test_code_digest_follows_the_source(tmp_path):
    file = tmp_path / "recipe.py"
    module = types.ModuleType("recipe")
    module.__file__ = str(file)
    file.write_text("x = 1\n")
    first = cache.code_digest(module)
    assert cache.code_digest(module) == first
    file.write_text("x = 2\n")
    assert cache.code_digest(module) != first
    assert cache.code_digest(module, cache) != cache.code_digest(module)


def test_arrays_are_computed_once_and_again_when_asked(tmp_path, monkeypatch):
    calls = []

    def compute():
        calls.append(1)
        return {"a": TRUTH + len(calls), "b": np.array(len(calls))}

    monkeypatch.delenv("EMOLIB_REFIT", raising=False)
    for _ in range(2):
        stored = cache.cached_arrays("fit", ["k"], compute, folder=tmp_path)
        np.testing.assert_array_equal(stored["a"], TRUTH + 1)
        assert stored["b"] == 1 and set(stored) == {"a", "b"}
    cache.cached_arrays("fit", ["other"], compute, folder=tmp_path)
    assert len(calls) == 2
    monkeypatch.setenv("EMOLIB_REFIT", "1")
    assert cache.cached_arrays("fit", ["k"], compute, folder=tmp_path)["b"] == 3
    monkeypatch.delenv("EMOLIB_REFIT")
    assert cache.cached_arrays("fit", ["k"], compute, folder=tmp_path)["b"] == 3


def test_a_fit_that_fails_leaves_nothing_behind(tmp_path):
    def fails():
        raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        cache.cached_arrays("fit", ["k"], fails, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_objects_are_not_read_from_a_stored_fit(tmp_path):
    cache.cached_arrays("fit", ["k"], lambda: {"a": TRUTH}, folder=tmp_path)
    (file,) = tmp_path.glob("*.npz")
    with open(file, "wb") as stream:
        np.savez(stream, a=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        cache.cached_arrays("fit", ["k"], lambda: {"a": TRUTH}, folder=tmp_path)
