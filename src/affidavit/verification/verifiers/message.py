"""`message`: what the commit's message must and must not say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from affidavit.records.types import VerdictStatus
from affidavit.verification.changes import ChangeSet
from affidavit.verification.outcomes import Outcome, counted, numbered, printable
from affidavit.verification.regexes import found_in
from affidavit.verification.rules import RegexText, Rule


class MessageRule(Rule):
    """`subject_max` in characters; `required` and `forbidden` are looked for in the subject and the body.

    With `merges: false` merge commits, whose messages git writes, are left out.
    """

    kind: Literal["message"]
    subject_max: Annotated[int, Field(ge=1, le=1_000)] | None = None
    required: tuple[RegexText, ...] = Field((), strict=False)
    forbidden: tuple[RegexText, ...] = Field((), strict=False)
    merges: bool = True

    @model_validator(mode="after")
    def _says_something(self) -> MessageRule:
        if self.subject_max is None and not self.required and not self.forbidden:
            raise ValueError("give subject_max, required or forbidden")
        return self


class MessageVerifier:
    """Reads the subject and the body of the commit."""

    kind: ClassVar[str] = "message"
    model: ClassVar[type[MessageRule]] = MessageRule

    def verify(self, rule: MessageRule, change_set: ChangeSet) -> Outcome:
        """Return the outcome; a message has no location."""
        commit = change_set.commit
        lines = [commit.subject, *_rest(commit.body)]
        snippet = "\n".join(["Commit message:", *numbered(lines, 1, len(lines))]) + "\n"
        if not rule.merges and len(commit.parents) > 1:
            reason = "The rule has nothing to check: it leaves merge commits out."
            return Outcome(VerdictStatus.PASS, reason, None, snippet)
        broken = _broken(rule, commit.subject, f"{commit.subject}\n\n{commit.body}".encode())
        if broken:
            return Outcome(VerdictStatus(rule.severity.value), broken, None, snippet)
        length = counted(len(commit.subject), "character")
        return Outcome(
            VerdictStatus.PASS,
            f"The message keeps the rule; its subject has {length}.",
            None,
            snippet,
        )


def _broken(rule: MessageRule, subject: str, message: bytes) -> str:
    if rule.subject_max is not None and len(subject) > rule.subject_max:
        return f"The subject has {len(subject)} characters; at most {rule.subject_max} are allowed."
    for pattern in rule.required:
        if not found_in(pattern, message):
            return f"The message lacks what is required: nothing matches '{printable(pattern)}'."
    for pattern in rule.forbidden:
        if found_in(pattern, message):
            return f"The message holds what is forbidden: '{printable(pattern)}' matches."
    return ""


def _rest(body: str) -> list[str]:
    return ["", *body.split("\n")] if body else []
