r"""Path patterns with one meaning everywhere: rules, conditions of invariants, exempt paths.

A path is relative to the repository's root and separated by `/`. In a pattern

* `*` stands for any run of characters within one segment, `?` for one character, `[abc]`, `[a-z]` and
  `[!abc]` for one character of (or not of) a set; none of them matches `/`; names that begin with a dot
  are nothing special;
* `**` as a whole segment stands for any number of segments, none included;
* `{a,b}` stands for either; braces nest; `\` takes the next character literally;
* a pattern without `/` (other than at its end) matches in any folder, as in .gitignore; a leading `/`
  ties it to the root, and a pattern with a `/` in its middle is always tied to the root;
* a trailing `/` stands for everything beneath that folder.

Matching is case-sensitive and takes time linear in the path for each segment of the pattern: no
pattern can make it hang.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MAX_ALTERNATIVES = 256  # what the braces of one pattern may expand to


class GlobError(ValueError):
    """The pattern has no meaning; the message says why and what to write instead."""


class Glob:
    """A compiled pattern; `pattern` is the text it was made from."""

    __slots__ = ("_alternatives", "pattern")

    def __init__(self, pattern: str) -> None:
        """Compile `pattern`.

        Raises:
            GlobError: the pattern is malformed.
        """
        self.pattern = pattern
        self._alternatives = tuple(_compile(text, pattern) for text in _expand(pattern, pattern))

    def matches(self, path: str) -> bool:
        """Say whether the whole of `path` matches."""
        segments = path.split("/")
        return any(_match(pieces, segments) for pieces in self._alternatives)

    def __repr__(self) -> str:
        return f"Glob({self.pattern!r})"


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Glob:
    """Return the compiled pattern, from memory where it was compiled before."""
    return Glob(pattern)


def matches_any(patterns: Iterable[str], path: str) -> bool:
    """Say whether `path` matches at least one of `patterns`."""
    return any(compiled(pattern).matches(path) for pattern in patterns)


# A pattern is a tuple of segments; None is `**`.
_Pieces = tuple[re.Pattern[str] | None, ...]
_NOTHING = re.compile("(?!)")
_ANYTHING = re.compile(".*", re.DOTALL)


def _match(pieces: _Pieces, segments: list[str]) -> bool:
    """Match greedily; on a mismatch let the last `**` take one segment more (never an earlier one)."""
    at = seen = 0
    retry: tuple[int, int] | None = None
    while seen < len(segments):
        piece = pieces[at] if at < len(pieces) else _NOTHING
        if piece is None:
            retry = (at, seen)
            at += 1
        elif piece.fullmatch(segments[seen]):
            at, seen = at + 1, seen + 1
        elif retry is not None:
            retry = (retry[0], retry[1] + 1)
            at, seen = retry[0] + 1, retry[1]
        else:
            return False
    return all(piece is None for piece in pieces[at:])


def _compile(text: str, pattern: str) -> _Pieces:
    below = text.endswith("/")
    body = text[:-1] if below else text
    rooted = "/" in body
    body = body.removeprefix("/")
    segments = body.split("/")
    if not all(segments):
        raise GlobError(f"{pattern!r} has an empty segment; write single slashes between names")
    if any(segment in (".", "..") for segment in segments):
        raise GlobError(f"{pattern!r} holds '.' or '..'; write the path from the repository's root")
    pieces: list[re.Pattern[str] | None] = [] if rooted else [None]
    pieces += [None if segment == "**" else _segment(segment, pattern) for segment in segments]
    if below:
        pieces += [_ANYTHING, None]
    elif len(pieces) > 1 and pieces[-1] is None:
        # `docs/**` is what lies beneath docs; no path is a folder, so `docs` itself is another file.
        pieces[-1:] = [None, _ANYTHING]
    return tuple(pieces)


def _segment(segment: str, pattern: str) -> re.Pattern[str]:
    if "**" in segment.replace("\\*", ""):
        raise GlobError(
            f"{pattern!r}: '**' must be a whole segment; write '**/*.py' for every .py file, or one '*'"
        )
    parts: list[list[str]] = [[]]  # runs of one-character expressions between stars
    at = 0
    while at < len(segment):
        char = segment[at]
        if char == "*":
            parts.append([])
        elif char == "?":
            parts[-1].append(".")
        elif char == "[":
            expression, at = _set(segment, at, pattern)
            parts[-1].append(expression)
            continue
        elif char == "\\":
            at += 1
            if at == len(segment):
                raise GlobError(
                    f"{pattern!r} ends in a backslash that takes nothing; write '\\\\' for one"
                )
            parts[-1].append(re.escape(segment[at]))
        else:
            parts[-1].append(re.escape(char))
        at += 1
    return re.compile(_linear(["".join(part) for part in parts]), re.DOTALL)


def _linear(parts: list[str]) -> str:
    """Join by stars so that matching never backtracks over an earlier star (as `fnmatch` does)."""
    if len(parts) == 1:
        return parts[0]
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    return f"{parts[0]}{middle}.*{parts[-1]}"


def _set(segment: str, start: int, pattern: str) -> tuple[str, int]:
    negated = segment[start + 1 : start + 2] in ("!", "^")
    first = start + (2 if negated else 1)
    end = segment.find("]", first + 1)  # a `]` in first place is a member of the set
    if end < 0:
        raise GlobError(f"{pattern!r}: '[' is never closed; write '\\[' for the character itself")
    members = segment[first:end]
    escaped = re.sub(r"([\\\[\]^&|~])", r"\\\1", members)
    try:
        re.compile(f"[{escaped}]")
    except re.error as error:
        raise GlobError(f"{pattern!r}: the set '[{members}]' is malformed ({error})") from error
    return f"[{'^' if negated else ''}{escaped}]", end + 1


def _expand(text: str, pattern: str) -> list[str]:
    """Return the alternatives that the braces stand for, in order."""
    if not pattern:
        raise GlobError("a path pattern must not be empty; write '**' for every path")
    done: list[str] = []
    waiting = [text]
    while waiting:
        if len(done) + len(waiting) > MAX_ALTERNATIVES:
            raise GlobError(
                f"{pattern!r} stands for more than {MAX_ALTERNATIVES} patterns; list them apart"
            )
        current = waiting.pop(0)
        found = _first_braces(current, pattern)
        if found is None:
            done.append(current)
        else:
            start, end, options = found
            waiting[:0] = [current[:start] + option + current[end:] for option in options]
    return done


def _first_braces(text: str, pattern: str) -> tuple[int, int, list[str]] | None:
    depth, start, cut = 0, 0, 0
    options: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{":
            depth += 1
            if depth == 1:
                start, cut = at, at + 1
        elif char == "," and depth == 1:
            options.append(text[cut:at])
            cut = at + 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                return start, at + 1, [*options, text[cut:at]]
        at += 1
    if depth:
        raise GlobError(f"{pattern!r}: '{{' is never closed; write '\\{{' for the character itself")
    return None
