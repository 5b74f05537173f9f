"""`file_size`: no file of a change is larger than it may be."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import ChangeSet, FileKind
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


class FileSizeRule(FileRule):
    """`max_bytes` of a file after the change; with `binary_only` text files may be larger."""

    kind: Literal["file_size"]
    max_bytes: Annotated[int, Field(ge=0, le=10**12)]
    binary_only: bool = False


class FileSizeVerifier:
    """Compares the sizes that git stored."""

    kind: ClassVar[str] = "file_size"
    model: ClassVar[type[FileSizeRule]] = FileSizeRule

    def verify(self, rule: FileSizeRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; every file that is too large is a place."""
        files = [
            file
            for file in rule.present(change_set)
            if file.new and file.new.kind is FileKind.REGULAR
        ]
        if not files:
            return not_applicable(change_set, rule.nothing_matches)
        findings = Findings()
        for file in files:
            assert file.new is not None
            if file.new.size > rule.max_bytes and not (rule.binary_only and file.new.is_text):
                findings.add(Finding(file_location(file.path), note=f"{file.new.size:,} bytes"))
        if findings.total:
            first = findings.kept[0]
            left = findings.total - 1
            more = f" {counted(left, 'further file')} likewise." if left else ""
            size = f"{quoted(first.location.file)} has {first.note}"
            reason = f"{size}; at most {rule.max_bytes:,} are allowed.{more}"
            return rule.breach(reason, findings)
        what = "binary file is" if rule.binary_only else "file is"
        reason = f"No {what} larger than {rule.max_bytes:,} bytes ({counted(len(files), 'file')} examined)."
        return Outcome(VerdictStatus.PASS, reason, None, examined(files))
