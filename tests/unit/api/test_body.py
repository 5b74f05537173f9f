"""A request's JSON has one meaning, or it is refused with the place and the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.api.body import MAX_DEPTH, parse
from affidavit.api.errors import MalformedBody

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_every_value_that_a_record_can_hold_is_read_as_it_was_written(
    value: Any, ascii_only: bool
) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a":1', "line 1"),
        (b"", "not JSON"),
        (b'{"a":1} {}', "Extra data"),
        (b'{"a":1,"a":1}', "stands twice"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "stands twice"),
        (b'{"a":NaN}', "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b'"\\ud800"', "half a surrogate"),
        (b'{"\\uDFFF":1}', "half a surrogate"),
        (b'["\\u0000"]', "U+0000"),
        (b'"a\x00b"', "control character"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[" * 33 + b"]" * 33, f"{MAX_DEPTH} levels"),
        (b"[" * 100_000 + b"]" * 100_000, f"{MAX_DEPTH} levels"),
        (b"9" * 5000, "number"),
        (b"{'a':1}", "line 1"),
        (b"[1,]", "line 1"),
    ],
)
def test_what_two_readers_could_take_for_two_things_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(MalformedBody, match="(?i)" + said.replace("+", "\\+")):
        parse(data)


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    assert parse(b"[" * 32 + b"]" * 32) is not None
