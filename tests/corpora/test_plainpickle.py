"""Pickles are followed and never run: hostile, huge, cut off, and made of random instructions."""

from __future__ import annotations

import collections
import datetime
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emolib.corpora.plainpickle import MAX_DEPTH, read_plain
from emolib.errors import BadInput

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def write(folder: Path, data: bytes) -> Path:
    file = folder / "labels.pkl.keep"
    file.write_bytes(data)
    return file


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.integers(-5, 300)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(value=plain, protocol=st.sampled_from(PROTOCOLS))
def test_plain_data_come_back(tmp_path_factory: pytest.TempPathFactory, value: Any, protocol: int) -> None:
    found = read_plain(write(tmp_path_factory.getbasetemp(), pickle.dumps(value, protocol)))
    assert repr(found) == repr(value)  # repr tells 1 from 1.0 and True, == does not


def test_texts_of_python_2(tmp_path: Path) -> None:
    assert read_plain(write(tmp_path, b"(dp0\nS'key'\np1\nS'a \\'b\\''\np2\nsS'n'\nI01\ns.")) == {
        "key": "a 'b'",
        "n": True,
    }
    assert read_plain(write(tmp_path, b"\x80\x02U\x03\xc3\xa9a.")) == "éa"
    with pytest.raises(BadInput, match="labels.pkl.keep, byte 2: "):
        read_plain(write(tmp_path, b"\x80\x02U\x02\xe9a."))  # Latin-1


def test_a_shared_part_is_one_object(tmp_path: Path) -> None:
    inner = ["beach"]
    found = read_plain(write(tmp_path, pickle.dumps([inner, inner])))
    assert found == [["beach"], ["beach"]] and found[0] is found[1]


# Hostile


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (os.system, (f"touch '{self.mark}'",))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "run"
    data = pickle.dumps({"tags": ["beach", Evil(mark)]}, protocol)
    with pytest.raises(BadInput, match=r"labels.pkl.keep, byte \d+: the pickle wants .*nothing is ever run"):
        read_plain(write(tmp_path, data))
    assert not mark.exists()
    pickle.loads(data)
    assert mark.exists()  # the attack works where it is not refused


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(a=1),
        {"a"},
        frozenset(),
        b"bytes",
        bytearray(b"b"),
        1j,
        np.zeros(2),
        np.int64(3),
        datetime.date(2020, 1, 1),
        str,
        Path("a"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_other_things_are_refused(tmp_path: Path, value: object, protocol: int) -> None:
    with pytest.raises(BadInput, match="labels.pkl.keep, byte"):
        read_plain(write(tmp_path, pickle.dumps([value], protocol)))


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x02\x82\x01.",  # an extension of the registry
        b"P1\n.",
        b"}}b.",  # sets the state of a dict
        b"\x80\x05\x97.",
    ],
)
def test_hand_written_attacks(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadInput, match="labels.pkl.keep, byte .*the pickle wants"):
        read_plain(write(tmp_path, data))


def test_every_beginning_of_a_pickle_is_refused(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, "x" * 300, None, (True, -(2**40))], 7: {"b": ["c"]}}
    for protocol in PROTOCOLS:
        data = pickle.dumps(value, protocol)
        for end in range(len(data)):
            with pytest.raises(BadInput, match="labels.pkl.keep"):
                read_plain(write(tmp_path, data[:end]))
        with pytest.raises(BadInput, match=f"byte {len(data)}: .*the file goes on"):
            read_plain(write(tmp_path, data + b"."))


# Bounds


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    data = pickle.dumps(["x" * 5000])
    assert read_plain(write(tmp_path, data), max_bytes=len(data))
    with pytest.raises(BadInput, match="labels.pkl.keep has more than"):
        read_plain(write(tmp_path, data), max_bytes=len(data) - 1)


def test_too_many_items(tmp_path: Path) -> None:
    assert len(read_plain(write(tmp_path, pickle.dumps([[]] * 100)), max_items=1_000)) == 100
    with pytest.raises(BadInput, match="more than 1,000 instructions"):
        read_plain(write(tmp_path, pickle.dumps([[] for _ in range(2_000)])), max_items=1_000)


def test_a_part_that_is_shared_a_billion_times(tmp_path: Path) -> None:
    value: list = ["lol"]
    for _ in range(9):
        value = [value] * 10
    data = pickle.dumps(value)
    assert len(data) < 1_000
    with pytest.raises(BadInput, match="holds more than 1,000,000 items"):
        read_plain(write(tmp_path, data), max_items=1_000_000)


def test_depth(tmp_path: Path) -> None:
    for depth, fits in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        value: list = []
        for _ in range(depth - 1):
            value = [value]
        file = write(tmp_path, pickle.dumps(value))
        if fits:
            assert read_plain(file) == value
        else:
            with pytest.raises(BadInput, match="nested more than"):
                read_plain(file)
    with pytest.raises(BadInput, match="nested more than"):
        read_plain(write(tmp_path, b"]" * 200_000 + b"a" * 199_999 + b"."))


def test_a_part_that_holds_itself(tmp_path: Path) -> None:
    value: list = []
    value.append(value)
    with pytest.raises(BadInput, match="a part of it holds itself"):
        read_plain(write(tmp_path, pickle.dumps(value)))


def test_a_key_that_would_crash_the_interpreter(tmp_path: Path) -> None:
    data = b"\x80\x02})" + b"\x85" * 500_000 + b"K\x01s."
    with pytest.raises(BadInput, match="a tuple as key of a dict"):
        read_plain(write(tmp_path, data))


def test_memory_is_not_set_aside_for_what_a_pickle_announces(tmp_path: Path) -> None:
    for data in (
        b"\x80\x04]r\xff\xff\xff\xff.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
        b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
    ):
        file = write(tmp_path, data)
        if data.startswith(b"\x80\x04]"):
            assert read_plain(file) == []
        else:
            with pytest.raises(BadInput, match="labels.pkl.keep"):
                read_plain(file)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_whole_numbers_beyond_64_bits(tmp_path: Path, number: int) -> None:
    with pytest.raises(BadInput, match="beyond 64 bits"):
        read_plain(write(tmp_path, pickle.dumps([number], 2)))


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the key 'a' stands twice"):
        read_plain(write(tmp_path, b"}(X\x01\0\0\0aK\x01X\x01\0\0\0aK\x02u."))


def test_half_of_a_surrogate_pair(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="surrogates not allowed"):
        read_plain(write(tmp_path, pickle.dumps(["\ud800"])))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_plain(tmp_path / "absent.pkl")


# Random instructions


class Reference(pickle._Unpickler):  # noqa: SLF001 - the standard library's own, in Python, that builds no class
    def find_class(self, module: str, name: str) -> None:
        raise pickle.UnpicklingError("no class is built")


#: Instructions that are read, with small arguments, and some that are not; a few bytes cut off or in between.
PIECES = [
    b"\x80\x02", b"]", b"}", b")", b"(", b"l", b"d", b"t", b"a", b"e", b"s", b"u", b"\x85", b"\x86", b"\x87", b"N",
    b"\x88", b"\x89", b"K\x01", b"M\x01\x02", b"J\xff\xff\xff\xff", b"I7\n", b"I01\n", b"L8L\n", b"F1.5\n",
    b"\x8a\x01\x05", b"G?\xf0\0\0\0\0\0\0", b"U\x01k", b"S'k'\n", b"Vk\n", b"X\x01\0\0\0k", b"\x8c\x01m", b"\x94",
    b"q\x00", b"h\x00", b"p1\n", b"g1\n", b"0", b"1", b"2", b"R", b"b", b"cos\nsystem\n", b"\x93", b"\x82\x01",
    b"C\x01b", b"B", b"\x95",
]  # fmt: skip


@settings(max_examples=1500)
@example(parts=[b"\x95\x02\0\0\0\0\0\x05\x85]"])  # a frame larger than memory
@example(parts=[b"\x95\x03\0\0\0\0\0\0\0", b"]\x95\0\0\0\0\0\0\0\0"])  # one frame within another
@example(parts=[b"\x95\x02\0\0\0\0\0\0\0", b"K\x01", b"0]"])  # as it should be
@example(parts=[b"\x95\x01\0\0\0\0\0\0\0", b"K\x01"])  # an instruction that crosses the end
@given(parts=st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=25))
def test_opcode_soup(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    data = b"".join(parts) + b"."
    try:
        found = read_plain(write(tmp_path_factory.getbasetemp(), data))
    except BadInput as error:
        assert "labels.pkl.keep" in str(error)
        return
    assert repr(found) == repr(Reference(io.BytesIO(data), encoding="utf-8").load())


@settings(max_examples=300)
@given(value=plain, protocol=st.sampled_from(PROTOCOLS), data=st.data())
def test_a_changed_byte(
    tmp_path_factory: pytest.TempPathFactory, value: Any, protocol: int, data: st.DataObject
) -> None:
    whole = bytearray(pickle.dumps(value, protocol))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_plain(write(tmp_path_factory.getbasetemp(), bytes(whole)))
    except BadInput as error:
        assert "labels.pkl.keep" in str(error)
