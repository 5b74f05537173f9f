"""`paths`: a change may touch only these paths, or never those."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from affidavit.kit.globs import matches_any
from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import Change, ChangeSet
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


class PathsRule(Rule):
    """`only`: every touched path matches one of these. `never`: none matches one of those.

    `changes` limits the rule to paths that were added, modified or deleted; a rename deletes the old path and
    adds the new one. `exclude` are paths that the rule does not speak of.
    """

    kind: Literal["paths"]
    only: tuple[GlobText, ...] = Field((), strict=False)
    never: tuple[GlobText, ...] = Field((), strict=False)
    exclude: tuple[GlobText, ...] = Field((), strict=False)
    changes: tuple[Annotated[Change, Field(strict=False)], ...] = Field(
        tuple(Change), strict=False, min_length=1
    )

    @model_validator(mode="after")
    def _says_something(self) -> PathsRule:
        if not self.only and not self.never:
            raise ValueError("give at least one pattern in only or in never")
        return self


class PathsVerifier:
    """Matches the paths that a change touched."""

    kind: ClassVar[str] = "paths"
    model: ClassVar[type[PathsRule]] = PathsRule

    def verify(self, rule: PathsRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; every offending path is a place."""
        touched = [
            (change, path)
            for file in change_set.files
            for change, path in file.touched
            if change in rule.changes and not matches_any(rule.exclude, path)
        ]
        if not touched:
            return not_applicable(change_set, "no path was " + " or ".join(rule.changes))
        findings = Findings()
        for change, path in touched:
            note = _offence(rule, change, path)
            if note:
                findings.add(Finding(file_location(path), note=note))
        if findings.total:
            first = findings.kept[0]
            left = findings.total - 1
            more = f" {counted(left, 'further path')} likewise." if left else ""
            reason = f"{quoted(first.location.file)} is a path that the rule forbids: {first.note}.{more}"
            return rule.breach(reason, findings)
        reason = f"The rule allows what the change touched ({counted(len(touched), 'path')})."
        return Outcome(VerdictStatus.PASS, reason, None, examined(change_set.files))


def _offence(rule: PathsRule, change: Change, path: str) -> str:
    for pattern in rule.never:
        if matches_any([pattern], path):
            return f"it was {change} and matches {quoted(pattern)}"
    if rule.only and not matches_any(rule.only, path):
        return (
            f"it was {change} and matches none of {', '.join(quoted(text) for text in rule.only)}"
        )
    return ""
