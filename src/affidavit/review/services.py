"""The verbs of a reviewer: waive a verdict, decide on a runbook. Each checks role and policy itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from affidavit.identity.models import Organization
from affidavit.identity.selectors import Member
from affidavit.identity.types import Scope
from affidavit.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from affidavit.kit.ids import new_id
from affidavit.ledger import services as ledger
from affidavit.records.accounts import actor_for_user
from affidavit.records.models import Record
from affidavit.records.services import Draft, append_one
from affidavit.records.shapes import fields_of
from affidavit.records.types import (
    ActorKind,
    Decision,
    RecordType,
    RunStatus,
    VerdictStatus,
    Via,
    WaiverCategory,
)
from affidavit.review.policy import REVIEWER_DIFFERS, policy_of
from affidavit.review.selectors import decisions_of, waiver_id_of, waiver_of
from affidavit.runbooks.models import Runbook
from affidavit.runbooks.selectors import runbook_get
from affidavit.verification.models import Run
from affidavit.verification.selectors import current_body, run_get
from affidavit.verification.services import Acting, outcome, run_save
from affidavit.verification.verdicts import COUNTED_AS


def verdict_waive(
    *, member: Member, result_id: str, category: WaiverCategory, reason: str, via: Via, now: datetime,
    actor_kind: ActorKind = ActorKind.USER, expires_at: datetime | None = None,
    followup_url: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Except one verdict that is not a pass, with a reason; return the waiver's record.

    In one transaction: the waiver, the verdict's next revision with `is_waived`, and its run's next one
    with `criteria_waived` raised; a run that failed passes once nothing failed or skipped is left. Waiving
    twice returns the first waiver and records nothing.

    Raises:
        Forbidden: the member's role or token may not review.
        NotFound: the organization has no such verdict.
        Conflict: the verdict is a pass.
        InvalidInput: the reason is blank or too long, or the waiver would have expired already.
    """
    member.require(Scope.REVIEWS_WRITE)
    _check_waiver(reason, expires_at, now)
    with transaction.atomic():
        organization = member.organization
        ledger.lock(organization=organization)
        first = waiver_of(organization=organization, result_id=result_id)
        if first is not None:
            return first
        verdict = _waivable(organization, result_id)
        run = run_get(organization=organization, run_id=verdict["run_id"])
        acting = _acting(member, actor_kind, via, now)
        waiver = _waiver_record(run, verdict, acting, category, reason, expires_at, followup_url)
        _verdict_record(run, verdict, acting, category)
        _run_count(run, verdict)
        run_save(run, acting, now)
    return waiver


def runbook_decide(
    *, member: Member, number: int, decision: Decision, via: Via, now: datetime,
    comment: str | None = None, commit_sha: str | None = None, runbook_version: int | None = None,
    actor_kind: ActorKind = ActorKind.USER,
) -> dict[str, Any]:  # fmt: skip
    """Record a reviewer's decision on the runbook's current version and return its record.

    `commit_sha` is the runbook's unless stated. `runbook_version` is the version that the reviewer read.

    Raises:
        Forbidden: the member's role or token may not review, or a rule of the policy refuses (it is named).
        NotFound: the organization has no such runbook.
        Conflict: the runbook is at another version, or there is no approval of this member to withdraw.
        InvalidInput: a value is malformed.
    """
    member.require(Scope.REVIEWS_WRITE)
    with transaction.atomic():
        organization = member.organization
        ledger.lock(organization=organization)
        runbook = runbook_get(organization=organization, number=number)
        if runbook_version is not None and runbook_version != runbook.version:
            raise Conflict(
                f"Runbook {number} is at version {runbook.version}, not {runbook_version}: it was edited"
                " after you read it. Read it again and decide on what it says now.",
                extra={"runbook_version": runbook.version},
            )
        acting = _acting(member, actor_kind, via, now)
        _check_decision(runbook, decision, acting)
        appended = append_one(
            organization=organization,
            draft=Draft(
                record_type=RecordType.APPROVAL,
                record_id=new_id(),
                fields={
                    "runbook_number": number,
                    "runbook_version": runbook.version,
                    "commit_sha": commit_sha or runbook.commit_sha,
                    "decision": decision,
                    "decided_by": acting.actor.name,
                    "decided_at": now,
                    "comment": comment,
                },
                occurred_at=now,
                actor=acting.actor,
                actor_kind=actor_kind,
                via=via,
                repo=runbook.repo,
            ),
            now=now,
        )
    return appended.body


def _acting(member: Member, actor_kind: ActorKind, via: Via, now: datetime) -> Acting:
    actor = actor_for_user(organization=member.organization, user=member.user, now=now)
    return Acting(actor=actor, actor_kind=actor_kind, via=via, now=now)


def _check_waiver(reason: str, expires_at: datetime | None, now: datetime) -> None:
    if not reason.strip():
        raise InvalidInput("reason: must not be blank; say why this verdict may be excepted")
    if expires_at is not None and expires_at.tzinfo is None:
        raise InvalidInput("expires_at: a time needs an offset, such as 2026-11-22T20:18:06Z")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("expires_at: lies in the past; the waiver would never hold")


def _waivable(organization: Organization, result_id: str) -> dict[str, Any]:
    verdict = current_body(
        organization=organization, record_id=result_id, record_type=RecordType.VERIFICATION_RESULT
    )
    if verdict is None:
        raise NotFound(f"There is no verdict {result_id[:80]!r} in {organization.slug}.")
    if verdict["status"] == VerdictStatus.PASS:
        raise Conflict(
            "This verdict is a pass; there is nothing to waive.", extra={"verdict_status": "pass"}
        )
    if verdict["is_waived"]:
        raise Conflict("This verdict was recorded as waived already.", extra={"is_waived": True})
    return verdict


def _waiver_record(
    run: Run, verdict: Mapping[str, Any], acting: Acting, category: WaiverCategory, reason: str,
    expires_at: datetime | None, followup_url: str | None,
) -> dict[str, Any]:  # fmt: skip
    waiver_id = waiver_id_of(organization=run.organization, result_id=verdict["result_id"])
    draft = Draft(
        record_type=RecordType.WAIVER,
        record_id=waiver_id,
        fields={
            "waiver_id": waiver_id,
            "result_id": verdict["result_id"],
            "run_id": run.run_id,
            "runbook_number": run.runbook_number,
            "waived_by": acting.actor.name,
            "waived_at": acting.now,
            "category": category,
            "reason": reason,
            "criterion_hash": hashlib.sha256(verdict["criterion"].encode()).hexdigest(),
            "commit_sha": run.commit_sha,
            "expires_at": expires_at,
            "followup_url": followup_url,
        },
        occurred_at=acting.now,
        actor=acting.actor,
        actor_kind=acting.actor_kind,
        via=acting.via,
        repo=run.repo,
    )
    return append_one(organization=run.organization, draft=draft, now=acting.now).body


def _verdict_record(
    run: Run, verdict: Mapping[str, Any], acting: Acting, category: WaiverCategory
) -> None:
    """Append the verdict's next revision; what was found stays as it was found."""
    fields = {name: verdict[name] for name in fields_of(RecordType.VERIFICATION_RESULT)}
    append_one(
        organization=run.organization,
        draft=Draft(
            record_type=RecordType.VERIFICATION_RESULT,
            record_id=verdict["result_id"],
            fields=fields | {"is_waived": True},
            occurred_at=acting.now,
            actor=acting.actor,
            actor_kind=acting.actor_kind,
            via=acting.via,
            repo=run.repo,
            revises=True,
            commit_sha=run.commit_sha,
            waiver_category=category.value,
        ),
        now=acting.now,
    )


def _run_count(run: Run, verdict: Mapping[str, Any]) -> None:
    name = COUNTED_AS[VerdictStatus(verdict["status"])]
    setattr(run, name, getattr(run, name) - 1)
    run.criteria_waived += 1
    if run.status == RunStatus.FAILED:
        run.status = outcome(run).value


def _check_decision(runbook: Runbook, decision: Decision, acting: Acting) -> None:
    policy = policy_of(organization=runbook.organization)
    if (
        decision == Decision.APPROVED
        and policy.reviewer_differs_from_submitter
        and _has_submitted(runbook, acting)
    ):
        raise Forbidden(
            f"Refused by the rule {REVIEWER_DIFFERS}: {acting.actor.name} submitted runbook"
            f" {runbook.number} or a version of it, so another reviewer must approve it.",
            extra={"rule": REVIEWER_DIFFERS},
        )
    if decision == Decision.APPROVAL_WITHDRAWN and not _has_approved(runbook, acting):
        raise Conflict(
            f"{acting.actor.name} has no approval of runbook {runbook.number} to withdraw."
        )


def _has_submitted(runbook: Runbook, acting: Acting) -> bool:
    return Record.objects.filter(
        organization=runbook.organization,
        runbook_number=runbook.number,
        record_type=RecordType.RUNBOOK_SUBMISSION.value,
        actor=acting.actor,
    ).exists()


def _has_approved(runbook: Runbook, acting: Acting) -> bool:
    decided = [
        body["decision"]
        for body in decisions_of(organization=runbook.organization, runbook_number=runbook.number)
        if body["actor"] == acting.actor.name
    ]
    return bool(decided) and decided[-1] == Decision.APPROVED
