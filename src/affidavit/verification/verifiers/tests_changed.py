"""`tests_changed`: who changes the source changes its tests."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from affidavit.kit.globs import matches_any
from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import Change, ChangedFile, ChangeSet
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
from affidavit.verification.rules import GlobText, Rule


class TestsChangedRule(Rule):
    """`source` files that were added or modified ask for an added or modified file among `tests`.

    A file that matches both is a test. `exclude` are source files that ask for none. Deletions ask for
    nothing and count for nothing; a rename without an edit neither.
    """

    kind: Literal["tests_changed"]
    __test__ = False  # pytest takes classes named Test* for tests

    source: tuple[GlobText, ...] = Field(strict=False, min_length=1)
    tests: tuple[GlobText, ...] = Field(strict=False, min_length=1)
    exclude: tuple[GlobText, ...] = Field((), strict=False)


class TestsChangedVerifier:
    """Compares the paths of changed files."""

    __test__ = False

    kind: ClassVar[str] = "tests_changed"
    model: ClassVar[type[TestsChangedRule]] = TestsChangedRule

    def verify(self, rule: TestsChangedRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; without tests, every source file is a place."""
        edited = [file for file in change_set.files if _is_edited(file)]
        tests = [file for file in edited if matches_any(rule.tests, file.path)]
        source = [
            file
            for file in edited
            if matches_any(rule.source, file.path)
            and not matches_any(rule.tests + rule.exclude, file.path)
        ]
        if not source:
            patterns = " or ".join(quoted(pattern) for pattern in rule.source)
            return not_applicable(
                change_set, f"no source file that matches {patterns} was added or modified"
            )
        if tests:
            reason = (
                f"{counted(len(source), 'source file')} and {counted(len(tests), 'test file')} changed"
                f" together, among the tests {quoted(tests[0].path)}."
            )
            return Outcome(VerdictStatus.PASS, reason, None, examined([*tests, *source]))
        findings = Findings()
        for file in source:
            note = (
                "not counted" if file.additions is None else f"+{file.additions} -{file.deletions}"
            )
            findings.add(Finding(file_location(file.path), note=note))
        patterns = ", ".join(quoted(pattern) for pattern in rule.tests)
        reason = (
            f"{counted(len(source), 'source file')} changed, the first {quoted(source[0].path)}, but no test"
            f" was added or modified; tests are what matches {patterns}."
        )
        return rule.breach(reason, findings)


def _is_edited(file: ChangedFile) -> bool:
    if any(change is Change.DELETED for change, _ in file.touched):
        return file.old is not None and file.new is not None and file.old.oid != file.new.oid
    return True
