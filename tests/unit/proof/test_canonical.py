"""RFC 8785 in full, and the fast path for records held equal to it."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from affidavit.proof.canonical import (
    MAX_SAFE_INTEGER,
    decode,
    decode_record,
    encode,
    encode_record,
)
from affidavit.proof.errors import ProofError

VECTORS = Path(__file__).parents[2] / "vectors"
NUMBERS = json.loads((VECTORS / "jcs-numbers.json").read_text())

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SAFE_INTEGERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
ASCII_KEYS = st.text(st.characters(max_codepoint=0x7F), max_size=8)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
    )


RECORD_VALUES = nested(st.none() | st.booleans() | SAFE_INTEGERS | TEXT, ASCII_KEYS)
RECORDS = st.dictionaries(ASCII_KEYS, RECORD_VALUES, max_size=6)
JSON_VALUES = nested(
    st.none()
    | st.booleans()
    | SAFE_INTEGERS
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)


def double(bits: int) -> float:
    value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return value


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "values"])
def test_encodes_the_published_documents(name: str) -> None:
    value = json.loads((VECTORS / "jcs" / "input" / f"{name}.json").read_text())
    expected = bytes.fromhex((VECTORS / "jcs" / "outhex" / f"{name}.txt").read_text())
    assert expected == encode(value)
    assert decode(expected) == value


@pytest.mark.parametrize(("bits", "expected"), NUMBERS["ieee754_hex_to_json"])
def test_writes_numbers_as_ecmascript_does(bits: str, expected: str) -> None:
    value = double(int(bits, 16))
    if expected == "ERROR":
        with pytest.raises(ProofError):
            encode(value)
    else:
        assert expected == encode(value).decode()


def es6_numbers() -> Iterator[int]:
    """The published sequence: fixed values, 2,000 small ones, then a chain of hashes."""
    fixed = json.loads((VECTORS / "jcs-es6-fixed.json").read_text())["fixed_ieee754_hex"]
    yield from (int(bits, 16) for bits in fixed)
    yield from range(0x0010000000000000, 0x0010000000000000 + 2000)
    block = bytes(32)
    while True:
        block = hashlib.sha256(block).digest()
        for (bits,) in struct.iter_unpack("<Q", block):
            if bits >> 52 & 0x7FF != 0x7FF and bits << 1 & (1 << 64) - 1:
                yield bits


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (1_000, NUMBERS["es6testfile_sha256_by_lines"]["1000"]),
        (10_000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"),
        (100_000, "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"),
    ],
)
def test_writes_the_published_sequence_of_numbers(lines: int, expected: str) -> None:
    digest = hashlib.sha256()
    for bits, _ in zip(es6_numbers(), range(lines), strict=False):
        digest.update(b"%x,%s\n" % (bits, encode(double(bits))))
    assert expected == digest.hexdigest()


def test_sorts_keys_by_utf_16_code_units() -> None:
    # U+FB33 comes before U+1F600 as code points, but after its surrogates as UTF-16.
    assert '{"\U0001f600":1,"\ufb33":2}'.encode() == encode({"\ufb33": 2, "\U0001f600": 1})


@given(JSON_VALUES)
def test_agrees_with_an_independent_encoder(value: Any) -> None:
    assert rfc8785.dumps(value) == encode(value)


@given(JSON_VALUES)
def test_what_was_encoded_reads_back_and_encodes_the_same(value: Any) -> None:
    data = encode(value)
    assert data == encode(decode(data))


@given(RECORDS)
def test_the_fast_path_for_records_is_exact(record: dict[str, Any]) -> None:
    data = encode_record(record)
    assert encode(record) == data
    assert record == decode_record(data) == decode(data)


@given(st.dictionaries(TEXT, RECORD_VALUES, max_size=6))
def test_the_fast_path_is_exact_for_keys_beyond_ascii_too(record: dict[str, Any]) -> None:
    assert encode(record) == encode_record(record)


@pytest.mark.parametrize(
    "character", [*map(chr, range(0x20)), "\x7f", "\u2028", "\ufeff", "\uffff"]
)
def test_escapes_are_those_of_the_standard(character: str) -> None:
    expected = rfc8785.dumps({"k": character})
    assert expected == encode({"k": character}) == encode_record({"k": character})


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -float("inf"), 2**53, -(2**53), 10**400, "\ud800", {"\udfff": 1},
        {1: "one"}, {None: 1}, {"a": object()}, b"bytes", {"set": {1}},
    ],
)  # fmt: skip
def test_refuses_what_json_cannot_state_exactly(value: Any) -> None:
    with pytest.raises(ProofError):
        encode(value)
    with pytest.raises(ProofError):
        encode_record({"value": value})


@pytest.mark.parametrize("value", [1.0, 0.5, -0.0])
def test_records_hold_no_floats(value: float) -> None:
    for record in ({"a": value}, {"a": [1, {"b": value}]}, {"\u00e9": value}, {"a": (value,)}):
        with pytest.raises(ProofError, match="no floats"):
            encode_record(record)


def test_enumerations_and_tuples_are_their_values() -> None:
    class Colour(StrEnum):
        RED = "red"

    record = {"colour": Colour.RED, "pair": (1, 2)}
    assert b'{"colour":"red","pair":[1,2]}' == encode(record) == encode_record(record)


def test_refuses_nesting_too_deep_to_write() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ProofError, match="deeply"):
        encode(value)
    with pytest.raises(ProofError, match="deeply"):
        encode_record({"a": value})


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}', b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{ "a":1}', b'{"a":1}\n', b'{"a":1.0}',
        b'{"a":-0}', b'{"a":1e2}', b'{"a":"\\u0041"}', b'{"a":"\\/"}', b'{"a":"\\ud800"}',
        b'{"a":"\xff"}', b'\xef\xbb\xbf{"a":1}', b"[1,2]", b'"text"', b"{}{}", b"", b'{"a":NaN}',
        b'{"a":9007199254740993}', b'{"a":"\x01"}', b'{"a":"\\u000A"}', b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)  # fmt: skip
def test_reads_one_spelling_of_a_record_and_no_other(data: bytes) -> None:
    with pytest.raises(ProofError):
        decode_record(data)
    if data not in (b"[1,2]", b'"text"'):
        with pytest.raises(ProofError):
            decode(data)


def test_large_integers_read_as_the_doubles_that_they_are() -> None:
    assert decode(b"9007199254740992") == float(2**53)
    assert isinstance(decode(b"9007199254740991"), int)
