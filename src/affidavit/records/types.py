"""The closed vocabularies of the public contract (specification, sections 1 and 2). Additions only."""

from __future__ import annotations

from enum import StrEnum


class RecordType(StrEnum):
    """What kind of fact a record states."""

    RUNBOOK_SUBMISSION = "runbook_submission"
    VERIFICATION_RUN = "verification_run"
    VERIFICATION_RESULT = "verification_result"
    WAIVER = "waiver"
    APPROVAL = "approval"
    MERGE = "merge"
    INVARIANT_CHANGE = "invariant_change"
    POLICY_CHANGE = "policy_change"
    ACCESS = "access"
    RETENTION = "retention"
    ACTOR = "actor"


# What the audit view lists unless other types are asked for (specification, section 7).
DEFAULT_TYPES = (
    RecordType.RUNBOOK_SUBMISSION,
    RecordType.VERIFICATION_RUN,
    RecordType.VERIFICATION_RESULT,
    RecordType.WAIVER,
    RecordType.APPROVAL,
)


class ActorKind(StrEnum):
    """Who acted: a person, a program with a person's token, or this service itself."""

    USER = "user"
    AGENT = "agent"
    SYSTEM = "system"


class Via(StrEnum):
    """The way in that a record took."""

    UI = "ui"
    API = "api"
    MCP = "mcp"
    CLI = "cli"
    WEBHOOK = "webhook"
    IMPORT = "import"


class TriggerSource(StrEnum):
    """Why a verification run was made."""

    MANUAL = "manual"
    COMMIT_PUSH = "commit_push"
    STEP_COMPLETE = "step_complete"
    CRITERIA_EDIT = "criteria_edit"


class RunStatus(StrEnum):
    """The state of a verification run."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    DEFERRED = "deferred"


TERMINAL_RUN_STATUSES = frozenset({RunStatus.PASSED, RunStatus.FAILED, RunStatus.ERROR})


class VerdictStatus(StrEnum):
    """The outcome for one criterion in one run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    ERROR = "error"


class WaiverCategory(StrEnum):
    """Why a reviewer excepted one verdict."""

    FALSE_POSITIVE = "false_positive"
    DOESNT_APPLY = "doesnt_apply"
    ACCEPTED_RISK = "accepted_risk"
    FIX_IN_FOLLOWUP = "fix_in_followup"


class Decision(StrEnum):
    """A reviewer's sign-off on a runbook at a commit."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    APPROVAL_WITHDRAWN = "approval_withdrawn"


class EvidenceKind(StrEnum):
    """What backs a verdict."""

    SNIPPET = "snippet"
    SCREENSHOT = "screenshot"
    API_RESPONSE = "api_response"
    CONSOLE_LOG = "console_log"
    DOM_SNAPSHOT = "dom_snapshot"
    TRACE = "trace"
    COMMAND_OUTPUT = "command_output"
