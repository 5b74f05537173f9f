"""`text`: what changed files must not say, and what they must."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import ChangedFile, ChangeSet, split_lines
from affidavit.verification.outcomes import (
    SHOWN_LINES,
    Finding,
    Findings,
    Outcome,
    counted,
    examined,
    file_location,
    not_applicable,
    printable,
)
from affidavit.verification.regexes import found_in, spans
from affidavit.verification.rules import FileRule, RegexText


class Scope(StrEnum):
    """Which lines of a changed file count."""

    ADDED = "added"
    FILE = "file"


class TextRule(FileRule):
    """`forbidden` is looked for in added lines, or with `scope: file` in whole changed files.

    `required` must be found in each changed file as a whole. `redact` keeps the text that was found out of
    the verdict and its evidence, for what is secret.
    """

    kind: Literal["text"]
    forbidden: tuple[RegexText, ...] = Field((), strict=False)
    required: tuple[RegexText, ...] = Field((), strict=False)
    scope: Scope = Field(Scope.ADDED, strict=False)
    redact: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> TextRule:
        if not self.forbidden and not self.required:
            raise ValueError("give at least one regular expression in forbidden or in required")
        return self


class TextVerifier:
    """Searches text files; binary files, symbolic links and submodules are not text."""

    kind: ClassVar[str] = "text"
    model: ClassVar[type[TextRule]] = TextRule

    def verify(self, rule: TextRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; every match (or file that lacks one) is a place."""
        present = rule.present(change_set)
        files = [file for file in present if file.new and file.new.is_text]
        if not files:
            what = (
                "no changed file of the rule's is a text file" if present else rule.nothing_matches
            )
            return not_applicable(change_set, what)
        forbidden, lacking = Findings(), Findings()
        for file in files:
            assert file.new is not None
            text = file.new.text()
            raw = text.encode()
            for finding in _forbidden(rule, file, text, raw):
                forbidden.add(finding)
            for pattern in rule.required:
                if not found_in(pattern, raw):
                    note = f"nothing matches '{printable(pattern)}'"
                    lacking.add(Finding(file_location(file.path), note=note))
        if forbidden.total:
            return rule.breach(f"Forbidden text was found {forbidden.where}.", forbidden)
        if lacking.total:
            return rule.breach(f"Required text is missing {lacking.where}.", lacking)
        return Outcome(
            VerdictStatus.PASS, _passed(rule, files, len(present)), None, examined(files)
        )


def _passed(rule: TextRule, files: list[ChangedFile], present: int) -> str:
    lines = "added line" if rule.scope is Scope.ADDED else "line"
    said = []
    if rule.forbidden:
        said.append(f"no {lines} of {counted(len(files), 'text file')} matches what is forbidden")
    if rule.required:
        said.append(f"what is required is in each of {counted(len(files), 'text file')}")
    left = present - len(files)
    skipped = f" ({counted(left, 'file')} not read, being no text)" if left else ""
    sentence = " and ".join(said)
    return f"{sentence[0].upper()}{sentence[1:]}{skipped}."


def _forbidden(rule: TextRule, file: ChangedFile, text: str, raw: bytes) -> Iterator[Finding]:
    """Yield the places of forbidden text in order of their lines."""
    found = [(*span, pattern) for pattern in rule.forbidden for span in spans(pattern, raw)]
    if not found:
        return
    starts = _line_starts(raw)
    added = None if rule.scope is Scope.FILE else file.added_lines()
    lines: list[str] | None = None
    for start, end, pattern in sorted(found):
        first = bisect_right(starts, start)
        last = bisect_right(starts, max(start, end - 1))
        if added is not None and not overlaps(added, first, last):
            continue
        lines = split_lines(text) if lines is None else lines
        where = file_location(file.path, range(first, last + 1))
        if rule.redact:
            yield Finding(where, note=f"matches '{printable(pattern)}'; its text is withheld")
        else:
            shown = tuple(lines[first - 1 : min(last, first - 1 + SHOWN_LINES)])
            yield Finding(where, shown, f"matches '{printable(pattern)}'")


def overlaps(ranges: list[range], first: int, last: int) -> bool:
    """Say whether any of the lines `first` to `last` lies in one of `ranges`, which are in order."""
    at = bisect_right(ranges, last, key=lambda lines: lines.start) - 1
    return at >= 0 and ranges[at].stop > first


def _line_starts(raw: bytes) -> list[int]:
    starts = [0]
    at = raw.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = raw.find(b"\n", at + 1)
    return starts
