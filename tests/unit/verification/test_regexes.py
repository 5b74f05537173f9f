"""Regular expressions find one place a line, in linear time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.verification.regexes import RegexError, compiled, found_in, spans


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a", b"aa\nba\n", [(0, 1), (4, 5)]),
        ("^a", b"ba\nab", [(3, 4)]),
        ("a$", b"ab\nba", [(4, 5)]),
        (r"a\nb", b"a\nba\nb", [(0, 3)]),
        (r"a\n", b"a\na\n", [(0, 2), (2, 4)]),
        ("é", "aé\né".encode(), [(1, 3), (4, 6)]),
        ("a|b", b"b\na", [(0, 1), (2, 3)]),
        ("(?i)A", b"a", [(0, 1)]),
        ("x", b"", []),
    ],
)
def test_the_first_match_of_each_line_is_found(
    pattern: str, text: bytes, expected: list[tuple[int, int]]
) -> None:
    assert list(spans(pattern, text)) == expected
    assert found_in(pattern, text) is bool(expected)


@given(st.text(alphabet="ab\n", max_size=40))
def test_lines_with_a_match_are_those_that_python_finds_too(text: str) -> None:
    found = {text.count("\n", 0, start) for start, _ in spans("ab+", text.encode())}
    assert found == {at for at, line in enumerate(text.split("\n")) if re.search("ab+", line)}


@pytest.mark.parametrize("pattern", ["(", "a**", r"(a)\1", "(?=a)", "a{2000}", "a?", "\ud800"])
def test_what_has_no_meaning_is_refused(pattern: str) -> None:
    with pytest.raises(RegexError):
        compiled(pattern)
