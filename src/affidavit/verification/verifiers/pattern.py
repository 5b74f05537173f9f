"""`pattern`: structural code patterns (ast-grep) that changed files must not hold, or must."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from ast_grep_py import SgNode, SgRoot
from pydantic import Field, field_validator, model_validator

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import CannotEvaluate, ChangedFile, ChangeSet, split_lines
from affidavit.verification.languages import language_of
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
    quoted,
)
from affidavit.verification.rules import FileRule, LanguageName
from affidavit.verification.verifiers.text import Scope, overlaps

if TYPE_CHECKING:
    from ast_grep_py import Config

MAX_PARSED_BYTES = 1024 * 1024  # of one file; hostile code took half a minute at twice that

Pattern = str | dict[str, Any]


class PatternRule(FileRule):
    """`forbidden` and `required` patterns of ast-grep in files of the given languages.

    A pattern is code with metavariables (`print($$$)`), or a mapping, ast-grep's own rule object.
    `scope` is as for text; `required` must be found in each changed file as a whole.
    """

    kind: Literal["pattern"]
    languages: tuple[LanguageName, ...] = Field(strict=False, min_length=1)
    forbidden: tuple[Pattern, ...] = Field((), strict=False)
    required: tuple[Pattern, ...] = Field((), strict=False)
    scope: Scope = Field(Scope.ADDED, strict=False)

    @field_validator("forbidden", "required", mode="after")
    @classmethod
    def _not_empty(cls, patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
        if not all(patterns):
            raise ValueError("a pattern must not be empty")
        return patterns

    @model_validator(mode="after")
    def _can_be_compiled(self) -> PatternRule:
        if not self.forbidden and not self.required:
            raise ValueError("give at least one pattern in forbidden or in required")
        for language in self.languages:
            for pattern in self.forbidden + self.required:
                _find(parse("", language), pattern)
        return self


class PatternVerifier:
    """Parses the files that could match, and asks ast-grep."""

    kind: ClassVar[str] = "pattern"
    model: ClassVar[type[PatternRule]] = PatternRule

    def verify(self, rule: PatternRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; every match (or file that lacks one) is a place."""
        files = [
            file
            for file in rule.present(change_set)
            if language_of(file.path) in rule.languages and file.new and file.new.is_text
        ]
        if not files:
            return not_applicable(
                change_set, f"no changed file is in {' or '.join(rule.languages)}"
            )
        forbidden, lacking = Findings(), Findings()
        doubtful = sum(_verify_file(rule, file, forbidden, lacking) for file in files)
        if forbidden.total:
            return rule.breach(f"A forbidden pattern was found {forbidden.where}.", forbidden)
        if lacking.total:
            return rule.breach(f"A required pattern is missing {lacking.where}.", lacking)
        what = "holds no forbidden pattern" if rule.forbidden else "holds the required patterns"
        caveat = (
            f" ({counted(doubtful, 'file')} could be parsed in part only; a match may hide there)"
            if doubtful
            else ""
        )
        reason = f"Each of {counted(len(files), 'changed file')} {what}{caveat}."
        return Outcome(VerdictStatus.PASS, reason, None, examined(files))


def _verify_file(
    rule: PatternRule, file: ChangedFile, forbidden: Findings, lacking: Findings
) -> bool:
    """Add what was found in one file; return whether its syntax was not understood in full."""
    assert file.new is not None
    text = file.new.text()
    possible = [pattern for pattern in rule.forbidden if _may_match(pattern, text)]
    if not possible and not rule.required:
        return False
    if file.new.size > MAX_PARSED_BYTES:
        raise CannotEvaluate(
            f"{quoted(file.path)} has {file.new.size:,} bytes; files of more than {MAX_PARSED_BYTES:,} bytes"
            " are not parsed. Exclude it from the rule, or split it."
        )
    root = parse(text, language_of(file.path) or "")
    lines = split_lines(text)
    found = sorted(
        (node.range().start.line + 1, node.range().end.line + 1, _said(pattern))
        for pattern in possible
        for node in _find(root, pattern)
    )
    added = None if rule.scope is Scope.FILE or not found else file.added_lines()
    for first, last, said in found:
        if added is None or overlaps(added, first, last):
            shown = tuple(lines[first - 1 : min(last, first - 1 + SHOWN_LINES)])
            where = file_location(file.path, range(first, last + 1))
            forbidden.add(Finding(where, shown, f"matches {said}"))
    for pattern in rule.required:
        if not _find(root, pattern):
            lacking.add(Finding(file_location(file.path), note=f"nothing matches {_said(pattern)}"))
    return bool(_find(root, {"kind": "ERROR"}))


def parse(text: str, language: str) -> SgNode:
    """Return the root of a syntax tree; text that is no valid code gives a tree with errors in it."""
    return SgRoot(text, language).root()


def _find(root: SgNode, pattern: Pattern) -> list[SgNode]:
    try:
        if isinstance(pattern, str):
            return root.find_all(pattern=pattern)
        return root.find_all(cast("Config", {"rule": pattern}))  # ast-grep checks it
    except Exception as error:
        # ast-grep adds a stack backtrace of its own to the message.
        said = " ".join(str(error).split("Stack backtrace:")[0].split())
        raise ValueError(
            f"{_said(pattern)} is no pattern that ast-grep understands: {said}"
        ) from error


def _may_match(pattern: Pattern, text: str) -> bool:
    """Say whether the words of a code pattern are all in the text: without them nothing can match."""
    if not isinstance(pattern, str):
        return True
    return all(word in text for word in re.findall(r"\w+", re.sub(r"\$+\w*", " ", pattern)))


def _said(pattern: Pattern) -> str:
    return f"'{printable(pattern)}'" if isinstance(pattern, str) else f"the rule {pattern!r}"
