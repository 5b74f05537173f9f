"""`size`: a change stays small enough to be reviewed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import CannotEvaluate, ChangedFile, ChangeSet
from affidavit.verification.outcomes import (
    Finding,
    Findings,
    Outcome,
    counted,
    examined,
    file_location,
    not_applicable,
    quoted,
)
from affidavit.verification.rules import FileRule

Limit = Annotated[int, Field(ge=0, le=10**9)]


class SizeRule(FileRule):
    """`max_files`: changed files. `max_lines`: added plus deleted lines; binary files have none."""

    kind: Literal["size"]
    max_files: Limit | None = None
    max_lines: Limit | None = None

    @model_validator(mode="after")
    def _says_something(self) -> SizeRule:
        if self.max_files is None and self.max_lines is None:
            raise ValueError("give max_files or max_lines")
        return self


class SizeVerifier:
    """Adds up git's own line counts."""

    kind: ClassVar[str] = "size"
    model: ClassVar[type[SizeRule]] = SizeRule

    def verify(self, rule: SizeRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; the largest files are the places."""
        files = [file for file in change_set.files if rule.covers(file.path)]
        if not files:
            return not_applicable(change_set, rule.nothing_matches)
        lines = sum((file.additions or 0) + (file.deletions or 0) for file in files)
        size = f"{counted(len(files), 'file')} and {counted(lines, 'line')}"
        over = []
        if rule.max_files is not None and len(files) > rule.max_files:
            over.append(counted(rule.max_files, "file"))
        if rule.max_lines is not None and lines > rule.max_lines:
            over.append(counted(rule.max_lines, "line"))
        if over:
            reason = f"The change has {size} (added and deleted); at most {' and '.join(over)} are allowed."
            return rule.breach(reason, _largest(files))
        binary = _uncounted(files) if rule.max_lines is not None else 0
        note = f"; {counted(binary, 'binary file')} among them {'has' if binary == 1 else 'have'} no lines"
        return Outcome(
            VerdictStatus.PASS,
            f"The change has {size} (added and deleted), within the limit{note if binary else ''}.",
            None,
            examined(files),
        )


def _largest(files: list[ChangedFile]) -> Findings:
    findings = Findings()
    for file in sorted(files, key=lambda file: -(file.additions or 0) - (file.deletions or 0)):
        added, deleted = file.additions, file.deletions
        note = "binary" if added is None else f"{added} lines added, {deleted} deleted"
        findings.add(Finding(file_location(file.path), note=note))
    return findings


def _uncounted(files: list[ChangedFile]) -> int:
    """Return the number of binary files; a text file that is too large to be diffed has unknown lines."""
    uncounted = [file for file in files if file.additions is None]
    for file in uncounted:
        for side in (file.old, file.new):
            if side is not None and side.is_text and side.is_too_large:
                raise CannotEvaluate(
                    f"The size of the change is unknown: {quoted(file.path)} has {side.size:,} bytes, and"
                    " lines of so large a file are not counted. Exclude it from the rule, or split it."
                )
    return len(uncounted)
