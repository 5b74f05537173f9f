"""What a verifier answers: an outcome with its reason, its place, and the text that backs it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import ChangedFile, ChangeSet

SHOWN_PLACES = 40  # places of which a snippet shows the text
SHOWN_LINES = 10  # lines of one place
SHOWN_COLUMNS = 200  # characters of one line
SHOWN_FILES = 100  # files in a list of what was examined

# Controls and direction marks are shown by their number: they must not act where evidence is read.
_ACTING = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the repository; lines count from 1, both ends inclusive, None for a whole file."""

    file: str
    start_line: int | None = None
    end_line: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a verifier for one rule and one change set.

    `reason` is a full sentence; `snippet` is the text evidence, None only with `error`.
    """

    status: VerdictStatus
    reason: str
    location: Location | None = None
    snippet: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule; `lines` are the texts of its first lines, as far as they are shown."""

    location: Location
    lines: tuple[str, ...] = ()
    note: str = ""


class Findings:
    """Collects places: counts all of them, keeps the first ones for the snippet."""

    def __init__(self) -> None:
        self.total = 0
        self.kept: list[Finding] = []
        self._files: dict[str, None] = {}

    def add(self, finding: Finding) -> None:
        """Count a place, and keep it if it will be shown."""
        self.total += 1
        self._files[finding.location.file] = None
        if len(self.kept) < SHOWN_PLACES:
            self.kept.append(finding)

    @property
    def where(self) -> str:
        """Where the places are: "in 'a.py', line 3", "at 7 places in 2 files, the first in 'a.py'"."""
        first = _place(self.kept[0].location)
        if self.total == 1:
            return f"in {first}"
        files = len(self._files)
        of = f"{self.total} places in {files} files" if files > 1 else f"{self.total} places"
        return f"at {of}, the first in {first}"

    def snippet(self) -> str:
        """Return the text of the places, and say how many are left out."""
        parts: list[str] = []
        for finding in self.kept:
            place = _place(finding.location)
            parts.append(f"{place}: {printable(finding.note)}" if finding.note else place)
            if finding.lines and finding.location.start_line:
                length = (finding.location.end_line or 0) - finding.location.start_line + 1
                parts += numbered(finding.lines, finding.location.start_line, length)
        if self.total > len(self.kept):
            parts.append(f"({counted(self.total - len(self.kept), 'further place')} not shown)")
        return "\n".join(parts) + "\n"


def numbered(lines: Sequence[str], first: int, total: int) -> list[str]:
    """Return the first ones of `total` lines with their numbers; how many are left out is stated."""
    shown = [
        f"{number:>6} | {_bounded(line)}" for number, line in enumerate(lines[:SHOWN_LINES], first)
    ]
    if total > len(shown):
        shown.append(f"       | ({counted(total - len(shown), 'further line')} not shown)")
    return shown


def examined(files: Iterable[ChangedFile], what: str = "Examined") -> str:
    """Return the list of files that a verdict rests on, with their added and deleted lines."""
    every = list(files)
    rows = [f"{what}: {counted(len(every), 'changed file')}"]
    for file in every[:SHOWN_FILES]:
        change = "renamed " if len(file.touched) > 1 else f"{file.touched[0][0]:<8}"
        lines = "not counted" if file.additions is None else f"+{file.additions} -{file.deletions}"
        rows.append(f"  {change} {quoted(file.path)} {lines}")
    if len(every) > SHOWN_FILES:
        rows.append(f"  ({counted(len(every) - SHOWN_FILES, 'further file')} not shown)")
    return "\n".join(rows) + "\n"


def not_applicable(change_set: ChangeSet, what: str) -> Outcome:
    """Pass because there was nothing to look at; `what` says why ('no changed file matches x')."""
    return Outcome(VerdictStatus.PASS, f"The rule has nothing to check: {what}.", None,
                   examined(change_set.files, "Changed"))  # fmt: skip


def counted(number: int, noun: str) -> str:
    """Return '1 file' or '2 files'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def quoted(path: str) -> str:
    """Return a path in quotes, with nothing in it that acts on a reader's screen."""
    return f"'{printable(path)}'"


def printable(text: str) -> str:
    """Return `text` with controls and direction marks written by their numbers; a tab stays a tab."""
    return _ACTING.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def file_location(path: str, lines: range | None = None) -> Location:
    """Return the location of a file, or of lines of it; a path of blanks alone is quoted to be visible."""
    name = path if path.strip() else repr(path)
    return Location(name, lines[0], lines[-1]) if lines else Location(name)


def _place(location: Location) -> str:
    if location.start_line is None:
        return quoted(location.file)
    if location.end_line in (None, location.start_line):
        return f"{quoted(location.file)}, line {location.start_line}"
    return f"{quoted(location.file)}, lines {location.start_line} to {location.end_line}"


def _bounded(line: str) -> str:
    shown = printable(line[:SHOWN_COLUMNS])
    left = len(line) - SHOWN_COLUMNS
    return f"{shown} ({counted(left, 'further character')} not shown)" if left > 0 else shown
