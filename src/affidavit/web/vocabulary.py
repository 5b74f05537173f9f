"""How the words of the records are shown: a label, and for each status a symbol and a tone.

A status is always its symbol and its word; the tone only adds colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from affidavit.records.types import RecordType, VerdictStatus, WaiverCategory

TYPE_LABELS: dict[str, str] = {
    RecordType.RUNBOOK_SUBMISSION: "Runbook submission",
    RecordType.VERIFICATION_RUN: "Verification run",
    RecordType.VERIFICATION_RESULT: "Verdict",
    RecordType.WAIVER: "Waiver",
    RecordType.APPROVAL: "Approval",
    RecordType.MERGE: "Merge",
    RecordType.INVARIANT_CHANGE: "Invariant change",
    RecordType.POLICY_CHANGE: "Policy change",
    RecordType.ACCESS: "Access",
    RecordType.RETENTION: "Retention",
    RecordType.ACTOR: "Actor",
}

TYPE_PLURALS: dict[str, str] = {
    RecordType.RUNBOOK_SUBMISSION: "runbook submissions",
    RecordType.VERIFICATION_RUN: "verification runs",
    RecordType.VERIFICATION_RESULT: "verdicts",
    RecordType.WAIVER: "waivers",
    RecordType.APPROVAL: "approvals",
    RecordType.MERGE: "merges",
    RecordType.INVARIANT_CHANGE: "invariant changes",
    RecordType.POLICY_CHANGE: "policy changes",
    RecordType.ACCESS: "access records",
    RecordType.RETENTION: "retention records",
    RecordType.ACTOR: "actors",
}

STATUS_LABELS: dict[str, str] = {item.value: item.value.capitalize() for item in VerdictStatus}
WAIVER_LABELS: dict[str, str] = {
    WaiverCategory.FALSE_POSITIVE: "False positive",
    WaiverCategory.DOESNT_APPLY: "Doesn't apply",
    WaiverCategory.ACCEPTED_RISK: "Accepted risk",
    WaiverCategory.FIX_IN_FOLLOWUP: "Fix in follow-up",
}

# Status value -> (symbol in the sprite, tone).
_LOOKS: dict[str, tuple[str, str]] = {
    "pass": ("pass", "good"),
    "passed": ("pass", "good"),
    "approved": ("pass", "good"),
    "fail": ("fail", "bad"),
    "failed": ("fail", "bad"),
    "changes_requested": ("fail", "bad"),
    "sign_in_failed": ("fail", "bad"),
    "warn": ("warn", "warn"),
    "error": ("error", "error"),
    "pending": ("wait", "quiet"),
    "deferred": ("wait", "quiet"),
    "in_progress": ("run", "busy"),
    "approval_withdrawn": ("back", "quiet"),
}


@dataclass(frozen=True, kw_only=True)
class Status:
    """A status as it is shown; `tone` names a colour, `symbol` a shape that differs for each."""

    label: str
    symbol: str
    tone: str


def words(value: str) -> str:
    """Return a vocabulary's value as words: `changes_requested` becomes `Changes requested`."""
    return value.replace("_", " ").capitalize()


def status_of(value: str | None) -> Status | None:
    """Return how a status is shown; a value that this version does not know gets a plain look."""
    if not value:
        return None
    symbol, tone = _LOOKS.get(value, ("dot", "quiet"))
    return Status(label=words(value), symbol=symbol, tone=tone)


def waiver_of(category: str) -> Status:
    """Return how a waiver's category is shown."""
    label = WAIVER_LABELS.get(category, words(category))
    return Status(label=label, symbol="waived", tone="waived")


def type_label(record_type: str) -> str:
    """Return a record type in words; an unknown one (a later version's) in its own."""
    return TYPE_LABELS.get(record_type, words(record_type))
