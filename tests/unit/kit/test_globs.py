"""What a path pattern matches is the same everywhere, and no pattern can hang."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affidavit.kit.globs import Glob, GlobError, matches_any


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.py", "a.py", True),
        ("*.py", "src/deep/a.py", True),
        ("/*.py", "src/a.py", False),
        ("/*.py", "a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/*.py", "lib/src/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/deep/er/a.py", True),
        ("**/tests/**", "tests/a.py", True),
        ("**/tests/**", "a/tests/b/c.py", True),
        ("**/tests/**", "tests", False),
        ("src/**", "src/a", True),
        ("src/**", "src", False),
        ("src/**", "src2/a", False),
        ("**", "any/thing", True),
        ("docs/", "docs/a/b.md", True),
        ("docs/", "x/docs/b.md", True),
        ("/docs/", "x/docs/b.md", False),
        ("docs/", "docs", False),
        ("a/docs/", "a/docs/b.md", True),
        ("file?.txt", "file1.txt", True),
        ("file?.txt", "file/.txt", False),
        ("[ab].c", "a.c", True),
        ("[!ab].c", "a.c", False),
        ("[!ab].c", "c.c", True),
        ("[]x].c", "].c", True),
        ("*.{js,ts{,x}}", "web/a.tsx", True),
        ("*.{js,ts{,x}}", "web/a.ts", True),
        ("*.{js,ts{,x}}", "web/a.css", False),
        ("\\*.py", "*.py", True),
        ("\\*.py", "a.py", False),
        ("\\{a,b}", "{a,b}", True),
        (".env", ".env", True),
        ("*", ".hidden", True),
        ("*.PY", "a.py", False),
        ("a\nb", "a\nb", True),
        ("*", "a\nb", True),
    ],
)
def test_a_pattern_matches_exactly_what_the_documentation_says(
    pattern: str, path: str, expected: bool
) -> None:
    assert Glob(pattern).matches(path) is expected


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "must not be empty"),
        ("a//b", "empty segment"),
        ("/", "empty segment"),
        ("./a", "'.' or '..'"),
        ("../a", "'.' or '..'"),
        ("**.py", "whole segment"),
        ("[ab", "never closed"),
        ("{a,b", "never closed"),
        ("[z-a]", "malformed"),
        ("a\\", "backslash"),
        ("{a,b}" * 9, "more than 256"),
    ],
)
def test_a_malformed_pattern_is_refused_with_the_reason(pattern: str, says: str) -> None:
    with pytest.raises(GlobError) as caught:
        Glob(pattern)
    assert says in str(caught.value)


def test_a_pattern_of_many_stars_does_not_hang() -> None:
    started = time.perf_counter()
    assert not Glob("/" + "*a" * 40 + "b").matches("a" * 5_000)
    assert not Glob("**/a/" * 30 + "b").matches("a/" * 2_000 + "c")
    assert time.perf_counter() - started < 2


def test_no_pattern_matches_nothing() -> None:
    assert not matches_any([], "a")
    assert matches_any(["b", "a"], "x/a")


NAME = st.text(alphabet="ab.*?[]{}\\,!-é ", min_size=1, max_size=5).filter(
    lambda name: name not in (".", "..")
)
PATHS = st.lists(NAME, min_size=1, max_size=4).map("/".join)


def escaped(path: str) -> str:
    return "".join(f"\\{char}" if char in "\\*?[]{}," else char for char in path)


@given(PATHS)
def test_every_path_matches_itself_when_escaped(path: str) -> None:
    assert Glob("/" + escaped(path)).matches(path)


@given(PATHS, PATHS)
def test_an_escaped_path_matches_no_other_path(path: str, other: str) -> None:
    assert Glob("/" + escaped(path)).matches(other) is (path == other)


@given(PATHS, NAME)
def test_two_stars_cover_any_depth_and_one_star_one_segment(folder: str, name: str) -> None:
    assert Glob(f"**/{escaped(name)}").matches(f"{folder}/{name}")
    assert Glob(escaped(name)).matches(f"{folder}/{name}")
    assert Glob(f"/{escaped(folder)}/").matches(f"{folder}/{name}")
    assert Glob(f"/{escaped(folder)}/*").matches(f"{folder}/{name}")
    assert not Glob("/*").matches(f"{folder}/{name}")


def reference(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """The definition itself, with all its backtracking."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return reference(pattern[1:], path) or (bool(path) and reference(pattern, path[1:]))
    return bool(path) and within(pattern[0], path[0]) and reference(pattern[1:], path[1:])


def within(piece: str, name: str) -> bool:
    if not piece:
        return not name
    if piece[0] == "*":
        return within(piece[1:], name) or (bool(name) and within(piece, name[1:]))
    return bool(name) and piece[0] in ("?", name[0]) and within(piece[1:], name[1:])


SEGMENT = st.one_of(
    st.just("**"), st.text(alphabet="ab*?", min_size=1, max_size=5).filter(lambda s: "**" not in s)
)


@given(
    st.lists(SEGMENT, min_size=2, max_size=5).filter(lambda parts: parts[-1] != "**"),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=5), min_size=1, max_size=5),
)
def test_matching_without_backtracking_equals_the_definition(
    pattern: list[str], path: list[str]
) -> None:
    assert Glob("/".join(pattern)).matches("/".join(path)) is reference(tuple(pattern), tuple(path))
