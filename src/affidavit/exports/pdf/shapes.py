"""How the records of each type are shown: which field is the title, which are texts, facts and ids.

A field that no entry names is shown all the same, as a fact under its own name, so that a later
addition to a record type appears in the report without a change here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Field = tuple[str, str]  # the body's member, and the words before its value


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the report shows of one record type.

    `texts` are set in full, each in its own paragraph; `facts` share a line; `ids` are set in a
    monospaced font and never broken. `used` are members that `title` or `status` already show.
    """

    heading: str
    note: str
    status_head: str = "Status"
    record_head: str
    status: str | None = None
    status_width: int = 21  # millimetres; the words of the longest status fit on one line
    title: Callable[[Body], str]
    texts: tuple[Field, ...] = ()
    facts: tuple[Field, ...] = ()
    ids: tuple[Field, ...] = ()
    used: tuple[str, ...] = ()


def words(name: str) -> str:
    """Return a stable word of the contract as a person reads it: accepted_risk -> accepted risk."""
    return name.replace("_", " ").replace("doesnt", "doesn't")


def _of(body: Body) -> str:
    version = body.get("runbook_version")
    return f"r/{body.get('runbook_number')}" + (
        f" version {version}" if version is not None else ""
    )


def _run_title(body: Body) -> str:
    counts = [
        f"{body.get(f'criteria_{name}')} {name}"
        for name in ("passed", "failed", "skipped", "waived")
    ]
    return f"{_of(body)}: {body.get('criteria_total')} criteria, {', '.join(counts)}"


def _merge_title(body: Body) -> str:
    return f"r/{body.get('runbook_number')} merged by {body.get('merged_by')}"


SHAPES: dict[str, Shape] = {
    "runbook_submission": Shape(
        heading="Runbook submissions",
        note="What each change was meant to do, as it was submitted, with the criteria to be checked.",
        status_head="Runbook",
        record_head="Title, intent, acceptance criteria",
        title=lambda body: str(body.get("title")),
        texts=(("intent", ""), ("acceptance_criteria", "Acceptance criteria"), ("changes", "Changes to the criteria")),
        facts=(("submitted_by", "submitted by"), ("submitted_at", "at"), ("branch", "branch")),
        ids=(("commit_sha", "commit"),),
        used=("runbook_number", "runbook_version", "title"),
    ),
    "verification_run": Shape(
        heading="Verification runs",
        note="Each run of all criteria of a runbook version against one commit. "
        "Total = passed + failed + skipped + waived in every finished run.",
        record_head="Runbook and counts",
        status="status",
        title=_run_title,
        texts=(("error_message", "Error"),),
        facts=(("trigger_source", "started by"), ("started_at", "started"), ("completed_at", "completed")),
        ids=(("run_id", "run"), ("commit_sha", "commit")),
        used=(
            "runbook_number", "runbook_version", "criteria_total", "criteria_passed", "criteria_failed",
            "criteria_skipped", "criteria_waived",
        ),
    ),
    "verification_result": Shape(
        heading="Verdicts",
        note="One verdict for each criterion in each run: pass, fail, warn or error, with its reason.",
        status_head="Verdict",
        record_head="Criterion, reason, place, evidence",
        status="status",
        title=lambda body: str(body.get("criterion")),
        texts=(("reason", ""),),
        facts=(
            ("runbook_number", "r/"), ("ordinal", "no."), ("is_invariant", "invariant"),
            ("is_waived", "waived"), ("verifier", "by"), ("location", "at"),
        ),
        ids=(("run_id", "run"), ("result_id", "result"), ("evidence", "evidence")),
        used=("criterion",),
    ),
    "approval": Shape(
        heading="Approvals",
        note="Reviewers' decisions on a runbook version at a commit.",
        status_head="Decision",
        record_head="Runbook, reviewer, comment",
        status="decision",
        status_width=32,
        title=lambda body: f"{_of(body)} by {body.get('decided_by')}",
        texts=(("comment", ""),),
        facts=(("decided_at", "decided"),),
        ids=(("commit_sha", "commit"),),
        used=("runbook_number", "runbook_version", "decided_by"),
    ),
    "merge": Shape(
        heading="Merges",
        note="Changes that reached a target branch, and how the gate stood at that moment.",
        status_head="Gate",
        record_head="Runbook, who merged",
        status="gate",
        title=_merge_title,
        facts=(("pull_request", "pull request"), ("bypassed", "bypassed")),
        ids=(("merge_commit_sha", "merge commit"),),
        used=("runbook_number", "merged_by"),
    ),
    "invariant_change": Shape(
        heading="Invariant changes",
        note="Standing rules created, edited, promoted or retired: who, from what, to what.",
        status_head="Action",
        record_head="Invariant, from, to",
        status="action",
        title=lambda body: f"by {body.get('changed_by')}",
        texts=(("from", "From"), ("to", "To")),
        ids=(("invariant_id", "invariant"),),
        used=("changed_by",),
    ),
    "policy_change": Shape(
        heading="Policy changes",
        note="Settings that alter what the gate demands: who, from what, to what.",
        status_head="",
        record_head="Setting, from, to",
        title=lambda body: f"{body.get('setting')}, by {body.get('changed_by')}",
        texts=(("from", "From"), ("to", "To")),
        used=("setting", "changed_by"),
    ),
    "access": Shape(
        heading="Access",
        note="Sign-ins, roles, tokens and exports: who did what.",
        status_head="Outcome",
        record_head="Action, subject",
        status="outcome",
        title=lambda body: " ".join(words(str(body[k])) for k in ("action", "subject") if body.get(k)),
        texts=(("detail", ""),),
        ids=(("export_id", "export"),),
        used=("action", "subject"),
    ),
    "retention": Shape(
        heading="Retention",
        note="Policies set, records archived or erased, holds placed and lifted.",
        status_head="Action",
        record_head="Basis",
        status="action",
        title=lambda body: str(body.get("basis") or "no basis stated"),
        ids=(("record_ids", "records"),),
        used=("basis",),
    ),
    "actor": Shape(
        heading="Actors",
        note="The identity behind each pseudonymous actor id.",
        status_head="Kind",
        record_head="Name",
        status="kind",
        title=lambda body: str(body.get("name")),
        ids=(("actor_id", "actor"),),
        used=("name",),
    ),
    "waiver": Shape(
        heading="Waiver register",
        note="Every waiver with its reason in full: a reviewer's reasoned exception for one verdict.",
        status_head="Category",
        record_head="Reviewer, reason, verdict waived",
        status="category",
        status_width=27,
        title=lambda body: f"{_of(body)}, waived by {body.get('waived_by')}",
        texts=(("reason", ""),),
        facts=(("waived_at", "waived"), ("expires_at", "expires"), ("followup_url", "follow-up")),
        ids=(
            ("waiver_id", "waiver"), ("result_id", "verdict"), ("run_id", "run"),
            ("criterion_hash", "criterion"), ("commit_sha", "commit"),
        ),
        used=("runbook_number", "waived_by"),
    ),
}  # fmt: skip

# Statuses of every type: a symbol and a tone (template/theme.typ) for the word. Others have the word alone.
MARKS: dict[str, tuple[str, str]] = {
    "pass": ("✓", "good"), "passed": ("✓", "good"), "approved": ("✓", "good"), "success": ("✓", "good"),
    "ok": ("✓", "good"), "open": ("✓", "good"),
    "fail": ("✗", "bad"), "failed": ("✗", "bad"), "changes_requested": ("✗", "bad"), "blocked": ("✗", "bad"),
    "refused": ("✗", "bad"), "denied": ("✗", "bad"),
    "warn": ("▲", "warn"), "approval_withdrawn": ("▲", "warn"),
    "error": ("■", "odd"),
    "pending": ("○", "plain"), "in_progress": ("◐", "plain"), "deferred": ("○", "plain"),
    "false_positive": ("◇", "odd"), "doesnt_apply": ("○", "plain"), "accepted_risk": ("▲", "warn"),
    "fix_in_followup": ("→", "odd"),
}  # fmt: skip


def shape_of(record_type: str) -> Shape:
    """Return how a type is shown; a type that this version does not know is shown field by field."""
    known = SHAPES.get(record_type)
    if known is not None:
        return known
    return Shape(
        heading=words(record_type).capitalize(),
        note="A record type that this version of the report has no layout for: every field as it stands.",
        status_head="",
        record_head="Fields",
        title=lambda body: words(record_type),
    )


def ordered(record_types: Mapping[str, int]) -> list[str]:
    """Return the types that have records, in the order of the report; unknown ones before the waivers."""
    present = [name for name, count in record_types.items() if count]
    known = [name for name in SHAPES if name in present and name != "waiver"]
    unknown = sorted(name for name in present if name not in SHAPES)
    return [*known, *unknown, *(["waiver"] if "waiver" in present else [])]
