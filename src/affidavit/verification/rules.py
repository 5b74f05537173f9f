"""A standing rule: what it is called, how grave a breach is, when it applies, and who verifies it.

Each kind of rule adds its own parameters, beside its verifier in `verifiers/<kind>.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from affidavit.kit import globs
from affidavit.records.types import VerdictStatus
from affidavit.verification import regexes
from affidavit.verification.changes import ChangedFile, ChangeSet
from affidavit.verification.languages import LANGUAGES, language_of
from affidavit.verification.outcomes import Findings, Outcome, quoted


class Severity(StrEnum):
    """What a breach of the rule makes of the verdict."""

    FAIL = "fail"
    WARN = "warn"


def _glob(text: str) -> str:
    globs.compiled(text)
    return text


def _regex(text: str) -> str:
    regexes.compiled(text)
    return text


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(f"{text!r} is no known language; known are {', '.join(sorted(LANGUAGES))}")
    return text


def _statable(text: str) -> str:
    text.encode()
    if "\x00" in text or not text.strip():
        raise ValueError("must not be blank, and must not hold U+0000 (NUL)")
    return text


GlobText = Annotated[str, AfterValidator(_glob)]
RegexText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_regex)]
LanguageName = Annotated[str, AfterValidator(_language)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_statable)]


class Model(BaseModel):
    """Base of everything in a rules file: strict, closed, unchangeable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class When(Model):
    """Conditions; the rule applies to a change when at least one of them matches one of its files."""

    file_path_glob: tuple[GlobText, ...] = Field((), strict=False)
    language: tuple[LanguageName, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _says_something(self) -> When:
        if not self.file_path_glob and not self.language:
            raise ValueError("give at least one pattern in file_path_glob, or one language")
        return self

    def matches(self, change_set: ChangeSet) -> bool:
        """Say whether a changed file, by its path before or after, meets a condition."""
        return any(
            language_of(path) in self.language or globs.matches_any(self.file_path_glob, path)
            for file in change_set.files
            for _, path in file.touched
        )


class Rule(Model):
    """What every rule has. `title` is the text of the criterion that it becomes."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: Line
    kind: str
    severity: Severity = Field(Severity.FAIL, strict=False)
    when: When | None = None

    def applies(self, change_set: ChangeSet) -> bool:
        """Say whether the rule is a criterion of this change at all."""
        return self.when is None or self.when.matches(change_set)

    def breach(self, reason: str, findings: Findings) -> Outcome:
        """Return the outcome for a broken rule: its first place as location, all places as evidence."""
        return Outcome(
            VerdictStatus(self.severity.value),
            reason,
            findings.kept[0].location,
            findings.snippet(),
        )


class FileRule(Rule):
    """A rule about files: `files` picks them (all, if not given), `exclude` leaves some out."""

    files: tuple[GlobText, ...] = Field((), strict=False)
    exclude: tuple[GlobText, ...] = Field((), strict=False)

    def covers(self, path: str) -> bool:
        """Say whether the rule is about this path."""
        wanted = not self.files or globs.matches_any(self.files, path)
        return wanted and not globs.matches_any(self.exclude, path)

    def present(self, change_set: ChangeSet) -> list[ChangedFile]:
        """Return the changed files that the rule is about and that exist after the change."""
        return [file for file in change_set.files if file.new and self.covers(file.new.path)]

    @property
    def nothing_matches(self) -> str:
        """Words for the reason of a verdict where no changed file is one of the rule's."""
        if not self.files:
            return "the change leaves no file that the rule is about"
        return f"no changed file matches {' or '.join(quoted(pattern) for pattern in self.files)}"


R_contra = TypeVar("R_contra", bound=Rule, contravariant=True)


class Verifier(Protocol[R_contra]):
    """Decides one kind of rule over a change set, always the same way for the same input."""

    kind: ClassVar[str]

    @property
    def model(self) -> type[Rule]:
        """The rule that it decides, with its parameters."""
        ...

    def verify(self, rule: R_contra, change_set: ChangeSet) -> Outcome:
        """Return the outcome.

        Raises:
            CannotEvaluate: what the rule needs to know can't be known; the verdict is then `error`.
        """
        ...
