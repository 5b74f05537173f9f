"""Regular expressions of rules, in RE2 syntax: matching takes linear time, whatever the text.

A verdict must not depend on how fast a machine is, so there is no time limit either: look-around and
back-references, which could need one, do not exist in RE2. `^` and `$` stand for a line's ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2


class RegexError(ValueError):
    """The expression is malformed; the message says how."""


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Compile an expression, which must not match the empty text.

    Raises:
        RegexError: it is malformed, or it matches everywhere.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        expression = re2.compile(f"(?m){pattern}".encode(), options)
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if error.args else "it is malformed"
        raise RegexError(f"{pattern!r} is no RE2 expression: {said}") from error
    except UnicodeEncodeError as error:
        raise RegexError(f"{pattern!r} holds half of a surrogate pair") from error
    if expression.search(b"") is not None:
        raise RegexError(f"{pattern!r} matches the empty text, so it would be found everywhere")
    return expression


def found_in(pattern: str, text: bytes) -> bool:
    """Say whether the expression is found in UTF-8 text."""
    return compiled(pattern).search(text) is not None


def spans(pattern: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end (in bytes) of the first match in each line of UTF-8 text that has one.

    After a match the search goes on in the line after the one in which it ends.
    """
    expression = compiled(pattern)
    at = 0
    while at < len(text) and (match := expression.search(text, at)) is not None:
        start, end = match.span()
        yield start, end
        line_end = text.find(b"\n", max(start, end - 1))
        if line_end < 0:
            return
        at = line_end + 1
