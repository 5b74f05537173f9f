"""The spec of a change, read from markdown (specification, section 4) or from a commit message.

    # Title
    ## Intent
    Why this change is made.
    ## Acceptance Criteria
    - one verifiable assertion per bullet
    * `-`, `*` and task boxes (`- [ ]`, `- [x]`) are all bullets
      and an indented line continues the bullet above

Headings count in any case. Nothing that a person wrote is dropped: text that fits no section is refused
with its line number, so that it can be put where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from affidavit.kit.errors import InvalidInput

MAX_TITLE = 1_000  # code points, the limit of a runbook's title
EMPTY_MESSAGE = "(the commit message is empty)"
_HINT = "a spec is '# Title', '## Intent' and '## Acceptance Criteria' with '-' or '*' bullets"

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_BULLET = re.compile(r"([ \t]*)([-*])(?:[ \t]+(.*))?")
_TASK = re.compile(r"\[[ xX]\](?:[ \t]+|$)")
_OTHER_LIST = re.compile(r"[ \t]*(?:\+|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")


@dataclass(frozen=True, slots=True)
class Spec:
    """What a change is meant to do: `criteria` in the order in which they were written."""

    title: str
    intent: str
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a spec; `line` counts from 1."""

    line: int
    message: str


class SpecError(InvalidInput):
    """The spec is malformed; every problem is listed with its line and with what to do."""

    code = "invalid_spec"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        listed = "; ".join(f"line {problem.line}: {problem.message}" for problem in problems)
        super().__init__(
            f"The spec can't be read. {listed}",
            extra={"problems": [{"line": item.line, "message": item.message} for item in problems]},
        )


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    fenced: bool  # inside (or a border of) a fenced block: neither heading nor bullet

    @property
    def heading(self) -> tuple[int, str] | None:
        """Level and text of an ATX heading."""
        found = None if self.fenced else _HEADING.fullmatch(self.text)
        return (len(found[1]), (found[2] or "").strip()) if found else None

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(slots=True)
class _Item:
    number: int
    indent: int  # columns
    text: str


def parse(markdown: str) -> Spec:
    """Read a spec.

    Raises:
        SpecError: something is missing, is said twice, or stands where it belongs to no section.
    """
    refused = [
        Problem(number, f"holds {what}, which no record can state; remove it")
        for number, text in enumerate(_split(markdown), 1)
        if (what := _unstatable(text))
    ]
    if refused:
        raise SpecError(refused)
    return _Reader(list(_lines(markdown))).read()


def from_commit_message(subject: str, body: str) -> Spec:
    """Make a spec of a commit message; never refuses, never drops a word.

    The title is the subject. The criteria are the bullets under a heading `Acceptance Criteria` of any
    level, where there is one; the intent is the rest of the body, or the subject where there is none.
    A subject that is too long for a title is cut, the title says so, and the intent begins with it in full.
    """
    lines = list(_lines(body))
    criteria: list[str] = []
    start = next((at for at, line in enumerate(lines) if _names_criteria(line)), None)
    if start is not None:
        items, end = _leading_bullets(lines, start + 1)
        criteria = [text for item in items if (text := item.text.strip())]
        if criteria:
            lines = lines[:start] + lines[end:]
    title = subject.strip() or EMPTY_MESSAGE
    intent = "\n".join(line.text for line in lines).strip("\n")
    if not intent.strip():
        intent = title
    if len(title) > MAX_TITLE:
        intent = title if intent == title else f"{title}\n\n{intent}"
        note = f" … ({len(title)} characters; in full in the intent)"
        title = title[: MAX_TITLE - len(note)] + note
    return Spec(title=title, intent=intent, criteria=tuple(criteria))


class _Reader:
    """One pass over the lines of a spec that collects every problem."""

    def __init__(self, lines: list[_Line]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []
        self.title: str | None = None
        self.sections: dict[str, tuple[int, list[_Line]]] = {}
        self.current: list[_Line] | None = None

    def read(self) -> Spec:
        for line in self.lines:
            heading = line.heading
            if heading and heading[0] == 1:
                self._take_title(line, heading[1])
            elif heading and heading[0] == 2:
                self._open_section(line, heading[1])
            elif self.current is not None:
                self.current.append(line)
            elif not line.is_blank:
                self._problem(
                    line.number, f"text before '## Intent' belongs to no section; {_HINT}"
                )
        intent = self._intent()
        criteria = self._criteria()
        if self.title is None:
            self._problem(1, "the title is missing; begin with '# ' and the title of the change")
        if self.problems or self.title is None:
            raise SpecError(sorted(self.problems, key=lambda problem: problem.line))
        return Spec(title=self.title, intent=intent, criteria=tuple(criteria))

    def _problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(line, message))

    def _take_title(self, line: _Line, text: str) -> None:
        if self.title is not None:
            self._problem(
                line.number, "a second title; a spec has one '# ' heading, use '###' in the text"
            )
        elif not text:
            self._problem(line.number, "the title is empty; write it after '# '")
        elif len(text) > MAX_TITLE:
            self._problem(
                line.number,
                f"the title has {len(text)} characters; at most {MAX_TITLE} are allowed",
            )
        if self.title is None:
            self.title = text

    def _open_section(self, line: _Line, text: str) -> None:
        name = _plain(text)
        self.current = []
        if name not in ("intent", "acceptance criteria"):
            self._problem(
                line.number,
                f"'## {text}' is no section of a spec; put its text under '## Intent', with '###' headings",
            )
        elif name in self.sections:
            first = self.sections[name][0]
            self._problem(line.number, f"'## {text}' stands in line {first} already; join the two")
        else:
            self.sections[name] = (line.number, self.current)

    def _intent(self) -> str:
        number, lines = self.sections.get("intent", (0, []))
        text = "\n".join(line.text for line in lines).strip("\n")
        if not number:
            self._problem(self._end, "'## Intent' is missing; say there why the change is made")
        elif not text.strip():
            self._problem(number, "the intent is empty; say why the change is made")
        return text

    def _criteria(self) -> list[str]:
        number, lines = self.sections.get("acceptance criteria", (0, []))
        if not number:
            self._problem(
                self._end, "'## Acceptance Criteria' is missing; list there what must hold"
            )
            return []
        items, end = _leading_bullets(lines, 0)
        if end < len(lines):
            self._misplaced(lines[end])
        elif not items:
            self._problem(
                number, "there is no criterion; write at least one bullet, '- ' and an assertion"
            )
        for item in items:
            if not item.text.strip():
                self._problem(
                    item.number, "this bullet is empty; write the assertion or remove the bullet"
                )
        return [item.text.strip() for item in items]

    def _misplaced(self, line: _Line) -> None:
        if _OTHER_LIST.match(line.text):
            message = "criteria are '-' or '*' bullets; write '- ' instead of the number or '+'"
        elif line.heading:
            message = "the criteria have no headings of their own; remove it, or make it a bullet"
        else:
            message = (
                "this text belongs to no bullet; begin it with '- ', or indent it to continue one"
            )
        self._problem(line.number, message)

    @property
    def _end(self) -> int:
        return max(len(self.lines), 1)


def _leading_bullets(lines: list[_Line], start: int) -> tuple[list[_Item], int]:
    """Read bullets from `start` on; return them and the index of the first line that is none of theirs.

    A line that directly follows a bullet continues it (joined by a space); after a blank line only an
    indented one does (a paragraph, a nested bullet or a fenced block of the same criterion).
    """
    items: list[_Item] = []
    blank = False
    for at in range(start, len(lines)):
        line = lines[at]
        if line.is_blank and not line.fenced:
            blank = True
            continue
        found = _bullet(line)
        if found and (not items or found[0] <= items[-1].indent + 1):
            items.append(_Item(line.number, found[0], found[1]))
        elif not items or _leaves_list(line, items[-1].indent, after_blank=blank):
            return items, at
        else:
            separator = "\n\n" if blank else "\n" if found or line.fenced else " "
            items[-1].text += separator + (line.text.rstrip() if line.fenced else line.text.strip())
        blank = False
    return items, len(lines)


def _leaves_list(line: _Line, indent: int, *, after_blank: bool) -> bool:
    if line.heading:
        return True
    return (after_blank or bool(_OTHER_LIST.match(line.text))) and _indent(line.text) <= indent


def _bullet(line: _Line) -> tuple[int, str] | None:
    """Indent in columns and text (without the task box) of a bullet."""
    found = None if line.fenced else _BULLET.fullmatch(line.text)
    if not found:
        return None
    return _indent(line.text), _TASK.sub("", (found[3] or "").strip(), count=1).strip()


def _indent(text: str) -> int:
    expanded = text.expandtabs(4)
    return len(expanded) - len(expanded.lstrip(" "))


def _names_criteria(line: _Line) -> bool:
    heading = line.heading
    return heading is not None and _plain(heading[1]) == "acceptance criteria"


def _plain(heading: str) -> str:
    return " ".join(heading.rstrip(":").casefold().split())


def _split(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines with their numbers; an unclosed fence runs to the end, as in CommonMark."""
    fence = ""
    for number, line in enumerate(_split(text), 1):
        found = _FENCE.fullmatch(line)
        if fence:
            yield _Line(number, line, fenced=True)
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            yield _Line(number, line, fenced=True)
        else:
            yield _Line(number, line, fenced=False)


def _unstatable(line: str) -> str:
    if "\x00" in line:
        return "U+0000 (NUL)"
    if any("\ud800" <= char <= "\udfff" for char in line):
        return "half of a surrogate pair"
    return ""
