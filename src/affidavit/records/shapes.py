"""The shape of every record type's body: field names, types and limits are the public contract.

A shape holds the fields that the type adds to the envelope. Their order is the CSV's column order.
Validation is strict: unknown fields, floats, U+0000, lone surrogates and integers beyond 2^53-1 are
refused, so that what is hashed can be stated exactly in JSON (RFC 8785) by anyone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from affidavit.kit.clock import format_time, parse_time
from affidavit.records.types import (
    TERMINAL_RUN_STATUSES,
    Decision,
    EvidenceKind,
    RecordType,
    RunStatus,
    TriggerSource,
    VerdictStatus,
    WaiverCategory,
)

MAX_INTEGER = 2**53 - 1
MAX_TEXT = 2_000_000  # code points in one text; a longer one is refused, never shortened
MAX_NAME = 200
MAX_TITLE = 1_000

ENVELOPE = (
    "record_id", "record_type", "revision", "seq", "occurred_at", "recorded_at",
    "organization", "repo", "actor", "actor_kind", "via",
)  # fmt: skip


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text must not contain U+0000 (NUL)")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _time(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    return format_time(parse_time(value)) if isinstance(value, str) else value


def _json_value(value: Any, depth: int = 0) -> Any:
    """Refuse what JCS without floats cannot state; used for the few members of free form."""
    if depth > 16:
        raise ValueError("is nested more than 16 levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
        return _no_nul(value)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("integers must lie within ±(2^53-1)")
        return value
    if isinstance(value, list | tuple):
        return [_json_value(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_key(key): _json_value(item, depth + 1) for key, item in value.items()}
    raise ValueError(f"{type(value).__name__} has no place in a record; floats are refused")


def _key(key: Any) -> str:
    if not isinstance(key, str) or not re.fullmatch(r"[\x20-\x7e]{1,200}", key):
        raise ValueError("member names must be 1 to 200 printable ASCII characters")
    return key


Integer = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER, strict=True)]
Positive = Annotated[int, Field(ge=1, le=MAX_INTEGER, strict=True)]
Text = Annotated[str, Field(max_length=MAX_TEXT, strict=True), AfterValidator(_no_nul)]
# '' says as little as null; one spelling lets a CSV, which can't tell them apart, be read back exactly.
OptionalText = Annotated[Text | None, BeforeValidator(lambda value: None if value == "" else value)]
FilledText = Annotated[Text, AfterValidator(_not_blank)]
Title = Annotated[
    str,
    Field(max_length=MAX_TITLE, strict=True),
    AfterValidator(_no_nul),
    AfterValidator(_not_blank),
]
Name = Annotated[
    str,
    Field(max_length=MAX_NAME, strict=True),
    AfterValidator(_no_nul),
    AfterValidator(_not_blank),
]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$", strict=True)]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{7,64}$", strict=True)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", strict=True)]
Time = Annotated[str, BeforeValidator(_time)]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_json_value)]
JsonValue = Annotated[Any, BeforeValidator(_json_value)]


class Shape(BaseModel):
    """Base of all shapes: closed, and checked once at the way in."""

    model_config = ConfigDict(extra="forbid", use_enum_values=True, populate_by_name=True)


class Branch(Shape):
    """The branches of a change: `working` is to be merged into `target`."""

    target: Name | None = None
    working: Name | None = None


class ChangedCriterion(Shape):
    """A criterion whose text an edit replaced."""

    before: FilledText = Field(alias="from")
    after: FilledText = Field(alias="to")


class CriteriaChanges(Shape):
    """What an edit of the criteria did, against the runbook version before."""

    added: list[FilledText]
    changed: list[ChangedCriterion]
    removed: list[FilledText]


class RunbookSubmission(Shape):
    """A change as it was submitted, or the next version of its criteria after an edit."""

    runbook_number: Positive
    runbook_version: Positive
    title: Title
    submitted_by: Name
    submitted_at: Time
    branch: Branch
    commit_sha: Sha | None
    intent: Text
    acceptance_criteria: list[FilledText]
    changes: CriteriaChanges | None = None


class VerificationRun(Shape):
    """One execution of every criterion of a runbook version against one commit."""

    run_id: Id
    runbook_number: Positive
    runbook_version: Positive
    trigger_source: TriggerSource
    commit_sha: Sha | None
    status: RunStatus
    criteria_total: Count
    criteria_passed: Count
    criteria_failed: Count
    criteria_skipped: Count
    criteria_waived: Count
    started_at: Time | None
    completed_at: Time | None
    error_message: FilledText | None

    @model_validator(mode="after")
    def _adds_up(self) -> VerificationRun:
        counted = (
            self.criteria_passed
            + self.criteria_failed
            + self.criteria_skipped
            + self.criteria_waived
        )
        terminal = self.status in TERMINAL_RUN_STATUSES
        if counted > self.criteria_total or (terminal and counted != self.criteria_total):
            raise ValueError(
                f"criteria_total is {self.criteria_total}, but passed + failed + skipped + waived is"
                f" {counted}; in a run that has ended they must be equal"
            )
        if self.status == RunStatus.PASSED and self.criteria_failed + self.criteria_skipped:
            raise ValueError("a run passes only when every criterion passed or was waived")
        if (self.error_message is not None) != (self.status == RunStatus.ERROR):
            raise ValueError("error_message belongs to status error, and to no other status")
        if terminal and (self.started_at is None or self.completed_at is None):
            raise ValueError("a run that has ended needs started_at and completed_at")
        if self.started_at and self.completed_at and self.completed_at < self.started_at:
            raise ValueError("completed_at lies before started_at")
        return self


class EvidenceReference(Shape):
    """Evidence by its content: SHA-256 and size in bytes of the stored file."""

    kind: EvidenceKind
    sha256: Digest
    size_bytes: Count
    media_type: Name


class Location(Shape):
    """Where in the repository a verdict points: lines count from 1, both ends inclusive."""

    file: FilledText
    start_line: Positive | None = None
    end_line: Positive | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Location:
        if self.start_line is None and self.end_line is not None:
            raise ValueError("end_line needs start_line")
        if self.start_line and self.end_line and self.end_line < self.start_line:
            raise ValueError("end_line lies before start_line")
        return self


class VerificationResult(Shape):
    """A verdict: the outcome for one criterion in one run, with what backs it."""

    result_id: Id
    run_id: Id
    runbook_number: Positive
    criterion: FilledText
    ordinal: Positive
    is_invariant: bool
    is_waived: bool
    status: VerdictStatus
    verifier: Name
    evidence: list[EvidenceReference]
    reason: Text
    location: Location | None


class Waiver(Shape):
    """A reviewer's reasoned exception for one verdict."""

    waiver_id: Id
    result_id: Id
    run_id: Id
    runbook_number: Positive
    waived_by: Name
    waived_at: Time
    category: WaiverCategory
    reason: FilledText
    criterion_hash: Digest
    commit_sha: Sha | None
    expires_at: Time | None
    followup_url: OptionalText


class Approval(Shape):
    """A reviewer's sign-off on a runbook at a commit, or its refusal or withdrawal."""

    runbook_number: Positive
    runbook_version: Positive
    commit_sha: Sha | None
    decision: Decision
    decided_by: Name
    decided_at: Time
    comment: OptionalText


class Merge(Shape):
    """That a change reached its target branch, and what the gate said at that moment."""

    runbook_number: Positive | None
    merge_commit_sha: Sha
    pull_request: OptionalText
    merged_by: Name
    gate: Name
    bypassed: bool


class InvariantChange(Shape):
    """A change of the organization's catalog of standing rules."""

    invariant_id: Id
    action: Literal["create", "edit", "promote", "retire"]
    changed_by: Name
    before: JsonValue = Field(alias="from")
    after: JsonValue = Field(alias="to")


class PolicyChange(Shape):
    """A change of a setting that alters what the gate demands."""

    setting: Name
    changed_by: Name
    before: JsonValue = Field(alias="from")
    after: JsonValue = Field(alias="to")


class Access(Shape):
    """A sign-in, a change of a role or token, an import, or an export with its filters, counts and digests."""

    action: Annotated[str, Field(pattern=r"^[a-z_]{1,24}$")]
    subject: OptionalText = None
    role: Name | None = None
    export_id: Id | None = None
    format: Name | None = None
    filters: JsonObject | None = None
    ledger_size: Count | None = None
    row_counts: JsonObject | None = None
    digests: JsonObject | None = None
    outcome: Name | None = None
    detail: OptionalText = None


class Retention(Shape):
    """What the retention policy did: set, archived, erased, held or released."""

    action: Literal["policy_set", "archived", "erased", "hold_placed", "hold_lifted"]
    basis: OptionalText = None
    filters: JsonObject | None = None
    record_ids: list[Id] | None = None
    row_counts: JsonObject | None = None


class ActorIdentity(Shape):
    """The identity behind a pseudonymous actor id."""

    actor_id: Id
    name: Name
    kind: Literal["user", "agent", "system"]


SHAPES: dict[RecordType, type[Shape]] = {
    RecordType.RUNBOOK_SUBMISSION: RunbookSubmission,
    RecordType.VERIFICATION_RUN: VerificationRun,
    RecordType.VERIFICATION_RESULT: VerificationResult,
    RecordType.WAIVER: Waiver,
    RecordType.APPROVAL: Approval,
    RecordType.MERGE: Merge,
    RecordType.INVARIANT_CHANGE: InvariantChange,
    RecordType.POLICY_CHANGE: PolicyChange,
    RecordType.ACCESS: Access,
    RecordType.RETENTION: Retention,
    RecordType.ACTOR: ActorIdentity,
}


def fields_of(record_type: RecordType) -> tuple[str, ...]:
    """Return the public names of the fields that a type adds to the envelope, in order."""
    return tuple(field.alias or name for name, field in SHAPES[record_type].model_fields.items())
