"""What the routes take and answer. Inputs are closed: an unknown member is refused, never ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    model_validator,
)

from affidavit.exports.types import ExportFormat, ExportStatus
from affidavit.kit.clock import parse_time
from affidavit.records.shapes import Digest, FilledText, Id, Name, Positive, Sha, Text, Title
from affidavit.records.types import (
    Decision,
    EvidenceKind,
    RunStatus,
    TriggerSource,
    VerdictStatus,
    WaiverCategory,
)
from affidavit.runbooks.services import MAX_CRITERIA
from affidavit.verification.verdicts import MAX_VERDICTS


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time as text, such as 2026-11-22T20:18:06.123456Z")  # noqa: TRY004
    return parse_time(value)


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Criteria = Annotated[list[FilledText], Field(min_length=1, max_length=MAX_CRITERIA)]


class Input(BaseModel):
    """Base of what routes take."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BranchIn(Input):
    target: Name | None = None
    working: Name | None = None


class RunbookIn(Input):
    """A runbook: either `spec` (markdown), or `title`, `intent` and `acceptance_criteria`."""

    repo: Name
    spec: Text | None = Field(
        default=None,
        description="Markdown: `# Title`, `## Intent`, `## Acceptance Criteria` with bullets.",
    )
    title: Title | None = None
    intent: FilledText | None = None
    acceptance_criteria: Criteria | None = None
    branch: BranchIn = BranchIn()
    commit_sha: Sha | None = Field(default=None, description="HEAD of the working branch.")

    @model_validator(mode="after")
    def _one_form(self) -> RunbookIn:
        parts = (self.title, self.intent, self.acceptance_criteria)
        if self.spec is not None and any(part is not None for part in parts):
            raise ValueError("give either spec, or title, intent and acceptance_criteria, not both")
        if self.spec is None and any(part is None for part in parts):
            raise ValueError("give title, intent and acceptance_criteria, or all of it as spec")
        return self


class CriteriaIn(Input):
    """The complete new list of criteria, against the version that it was made from."""

    expected_version: Positive
    acceptance_criteria: Criteria


class RunIn(Input):
    """A run as it begins, or as it was begun elsewhere."""

    trigger_source: TriggerSource = TriggerSource.MANUAL
    commit_sha: Sha | None = Field(
        default=None, description="The commit that is checked; else the runbook's."
    )
    status: Literal["pending", "deferred", "in_progress"] = "in_progress"
    started_at: Moment | None = None
    runbook_version: Positive | None = Field(
        default=None,
        description="The version that you check; refused (409) if it is not the current one.",
    )


class RunChange(Input):
    """A run's next state. `completed_at` or an end status finishes it; the outcome is computed from the
    verdicts, and a `status` that contradicts them is refused (409). `error` says that the run itself broke.
    """

    status: RunStatus | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    error_message: FilledText | None = None

    @model_validator(mode="after")
    def _consistent(self) -> RunChange:
        ends = self.status in (None, RunStatus.PASSED, RunStatus.FAILED, RunStatus.ERROR)
        if self.status is None and self.completed_at is None:
            raise ValueError("give a status, or completed_at to finish the run")
        if not ends and self.completed_at is not None:
            raise ValueError("completed_at belongs to a run that ends")
        if ends and self.started_at is not None:
            raise ValueError("started_at belongs to status in_progress")
        if (self.status == RunStatus.ERROR) != (self.error_message is not None):
            raise ValueError("error_message belongs to status error, and to no other status")
        return self


class EvidenceUseIn(Input):
    kind: EvidenceKind
    sha256: Digest


class LocationIn(Input):
    """Lines count from 1, both ends inclusive; `file` is relative to the repository's root."""

    file: StrictStr
    start_line: StrictInt | None = None
    end_line: StrictInt | None = None


class VerdictIn(Input):
    """One verdict. Its texts are checked once, as the record's shape: here only their types are."""

    ordinal: StrictInt = Field(
        description="1 to n: the runbook's criterion of that place. An invariant has one beyond n."
    )
    criterion: StrictStr = Field(description="The criterion's text, exactly.")
    status: VerdictStatus
    verifier: StrictStr
    reason: StrictStr = ""
    is_invariant: StrictBool = False
    evidence: list[EvidenceUseIn] = []
    location: LocationIn | None = None
    occurred_at: Moment | None = None


class ResultsIn(Input):
    """Up to 1,000 verdicts of one run, recorded all or none."""

    results: list[VerdictIn] = Field(json_schema_extra={"minItems": 1, "maxItems": MAX_VERDICTS})


class WaiverIn(Input):
    category: WaiverCategory
    reason: FilledText
    expires_at: Moment | None = None
    followup_url: Text | None = None


class DecisionIn(Input):
    decision: Decision
    comment: Text | None = None
    commit_sha: Sha | None = None
    runbook_version: Positive | None = Field(
        default=None,
        description="The version that you read; refused (409) if it is not the current one.",
    )


class BranchOut(BaseModel):
    target: str | None
    working: str | None


class RunOut(BaseModel):
    """A run as it now stands; terminal runs have total = passed + failed + skipped + waived."""

    run_id: Id
    runbook_number: int
    runbook_version: int
    repo: str
    trigger_source: TriggerSource
    commit_sha: str | None
    status: RunStatus
    criteria_total: int
    criteria_passed: int
    criteria_failed: int
    criteria_skipped: int
    criteria_waived: int
    started_at: Moment | None
    completed_at: Moment | None
    error_message: str | None


class RecordOut(BaseModel):
    """A record as the ledger holds it: the envelope, and the fields of its type."""

    model_config = ConfigDict(extra="allow")

    record_id: Id
    record_type: str
    revision: int
    seq: int
    occurred_at: Moment
    recorded_at: Moment
    organization: str
    repo: str | None
    actor: str
    actor_kind: str
    via: str


class RunbookOut(BaseModel):
    """A runbook's current version."""

    runbook_number: int
    runbook_version: int
    title: str
    repo: str
    branch: BranchOut
    commit_sha: str | None
    intent: str
    acceptance_criteria: list[str]
    submitted_by: str
    submitted_at: Moment
    url: str


class RunbookDetailOut(RunbookOut):
    """A runbook with its latest run and every decision on it, the oldest first."""

    latest_run: RunOut | None
    decisions: list[RecordOut]


class RunDetailOut(RunOut):
    """A run with the current revisions of its verdicts, by ordinal."""

    results: list[RecordOut]


class RecordedVerdictOut(BaseModel):
    ordinal: int
    result_id: Id
    seq: int


class ResultsOut(BaseModel):
    run_id: Id
    recorded: int
    results: list[RecordedVerdictOut]


class EvidenceOut(BaseModel):
    sha256: Digest
    size_bytes: int
    media_type: str


class RecordsOut(BaseModel):
    """A page of matching records, newest first. `next` is the following page's `cursor`, null at the end."""

    records: list[RecordOut | None] = Field(description="null where a body was erased")
    total: int = Field(description="Exactly how many records match, on all pages.")
    ledger_size: int = Field(
        description="How many entries were looked at; send it along to freeze the list."
    )
    next: str | None


class RevisionOut(BaseModel):
    """One revision with the exact bytes that the ledger holds, as text."""

    seq: int
    revision: int
    superseded_by: int | None
    record: RecordOut | None
    header_text: str
    body_text: str | None
    salt: str | None = Field(description="64 hex digits; body_hmac is HMAC-SHA256(salt, body_text)")
    leaf_hash: str = Field(description="64 hex digits: SHA-256 of a zero byte and header_text")


class RecordDetailOut(BaseModel):
    record_id: Id
    revisions: list[RevisionOut]


class ExportIn(Input):
    """An export of every record that matches `filters`: the audit view's filters, by their URL names."""

    format: ExportFormat
    filters: dict[str, StrictStr | StrictInt | list[StrictStr]] = {}
    time_zone: StrictStr = "UTC"
    csv_formula_guard: StrictBool = True


class ExportFileOut(BaseModel):
    name: str
    sha256: Digest
    size_bytes: int


class ExportOut(BaseModel):
    """An export and how far it is; `download` and `manifest` are there when it is `ready`."""

    export_id: Id
    format: ExportFormat
    status: ExportStatus
    rows_done: int
    rows_total: int
    ledger_size: int
    filters: dict[str, Any]
    requested_by: str
    requested_at: Moment
    finished_at: Moment | None
    files: list[ExportFileOut]
    error: str | None
    download: str | None
    manifest: str | None


class Problem(BaseModel):
    """An error (RFC 9457); further members say more, such as `rule` or `limit_bytes`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = Field(description="What was wrong, where, and what to do.")
    instance: str
    code: str = Field(description="A stable word for programs.")
