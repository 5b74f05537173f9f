"""Builds trails of records for tests: an organization, its actors, and records of every shape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from affidavit.identity.models import Actor, Organization
from affidavit.kit.ids import derived_id, new_id
from affidavit.ledger import keys
from affidavit.records.accounts import organization_create
from affidavit.records.services import Appended, Draft, actor_ensure, append, repo_ensure
from affidavit.records.types import ActorKind, RecordType, Via

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHA = "a1" * 20


class Trail:
    """One organization with a signing key; its methods append records and return them."""

    def __init__(self, slug: str = "acme") -> None:
        self.organization: Organization = organization_create(
            slug=slug, name=slug.title(), origin=f"affidavit.test/{slug}", now=T0
        )
        keys.key_create(organization=self.organization)
        self.ada = self.actor("ada")

    def actor(self, name: str, kind: ActorKind = ActorKind.USER) -> Actor:
        with transaction.atomic():
            return actor_ensure(organization=self.organization, name=name, kind=kind, now=T0)

    def draft(
        self, record_type: RecordType, fields: dict[str, Any], *, record_id: str | None = None,
        at: datetime = T0, actor: Actor | None = None, repo: str | None = "acme/shop", **more: Any,
    ) -> Draft:  # fmt: skip
        return Draft(
            record_type=record_type,
            record_id=record_id or new_id(),
            fields=fields,
            occurred_at=at,
            actor=actor or self.ada,
            actor_kind=ActorKind.USER,
            via=Via.API,
            repo=repo_ensure(organization=self.organization, name=repo) if repo else None,
            **more,
        )

    def append(self, *drafts: Draft, now: datetime = T0) -> list[Appended]:
        with transaction.atomic():
            return append(organization=self.organization, drafts=drafts, now=now)

    def change(
        self, number: int, *, statuses: tuple[str, ...] = ("pass", "fail"), reason: str = "because",
        title: str = "Change the shop", at: datetime = T0, repo: str = "acme/shop",
        waive: str | None = None, commit: str = SHA, actor: Actor | None = None,
    ) -> list[Appended]:  # fmt: skip
        """Append a whole change: submission, a run of three revisions, verdicts, a waiver, an approval."""
        run_id, who = new_id(), actor or self.ada
        kw: dict[str, Any] = {"at": at, "repo": repo, "actor": who}
        drafts = [
            self.draft(
                RecordType.RUNBOOK_SUBMISSION, submission(number, title, at, commit, who.name), **kw
            ),
            self.draft(
                RecordType.VERIFICATION_RUN,
                run_fields(run_id, number, commit),
                record_id=run_id,
                **kw,
            ),
        ]
        for ordinal, status in enumerate(statuses, start=1):
            result_id = derived_id(run_id, ordinal)
            fields = result_fields(result_id, run_id, number, ordinal, status, reason)
            drafts.append(
                self.draft(
                    RecordType.VERIFICATION_RESULT,
                    fields,
                    record_id=result_id,
                    commit_sha=commit,
                    **kw,
                )
            )
            if waive and status != "pass":
                waiver_id = new_id()
                drafts.append(
                    self.draft(
                        RecordType.WAIVER, waiver_fields(waiver_id, fields, waive, at, commit, who.name),
                        record_id=waiver_id, **kw,
                    )
                )  # fmt: skip
                drafts.append(
                    self.draft(
                        RecordType.VERIFICATION_RESULT, fields | {"is_waived": True}, record_id=result_id,
                        revises=True, commit_sha=commit, waiver_category=waive, **kw,
                    )
                )  # fmt: skip
        done = run_fields(run_id, number, commit, status="failed", at=at, total=len(statuses))
        drafts.append(
            self.draft(RecordType.VERIFICATION_RUN, done, record_id=run_id, revises=True, **kw)
        )
        drafts.append(
            self.draft(RecordType.APPROVAL, approval_fields(number, commit, at, who.name), **kw)
        )
        return self.append(*drafts)


def submission(number: int, title: str, at: datetime, commit: str, by: str) -> dict[str, Any]:
    return {
        "runbook_number": number, "runbook_version": 1, "title": title, "submitted_by": by,
        "submitted_at": at, "branch": {"target": "main", "working": f"change-{number}"},
        "commit_sha": commit, "intent": "Sell more.", "acceptance_criteria": ["It sells.", "It is fast."],
        "changes": None,
    }  # fmt: skip


def run_fields(
    run_id: str,
    number: int,
    commit: str,
    *,
    status: str = "pending",
    at: datetime | None = None,
    total: int = 2,
) -> dict[str, Any]:
    return {
        "run_id": run_id, "runbook_number": number, "runbook_version": 1, "trigger_source": "manual",
        "commit_sha": commit, "status": status, "criteria_total": total, "criteria_passed": 0,
        "criteria_failed": total if at else 0, "criteria_skipped": 0, "criteria_waived": 0,
        "started_at": at, "completed_at": at + timedelta(seconds=3) if at else None, "error_message": None,
    }  # fmt: skip


def result_fields(
    result_id: str, run_id: str, number: int, ordinal: int, status: str, reason: str
) -> dict[str, Any]:
    return {
        "result_id": result_id, "run_id": run_id, "runbook_number": number, "criterion": "It sells.",
        "ordinal": ordinal, "is_invariant": False, "is_waived": False, "status": status,
        "verifier": "paths",
        "evidence": [
            {"kind": "snippet", "sha256": "ab" * 32, "size_bytes": 12, "media_type": "text/plain"}
        ],
        "reason": reason, "location": {"file": "shop.py", "start_line": 3, "end_line": 4},
    }  # fmt: skip


def waiver_fields(
    waiver_id: str, result: dict[str, Any], category: str, at: datetime, commit: str, by: str
) -> dict[str, Any]:
    return {
        "waiver_id": waiver_id, "result_id": result["result_id"], "run_id": result["run_id"],
        "runbook_number": result["runbook_number"], "waived_by": by, "waived_at": at,
        "category": category, "reason": "Known and accepted.", "criterion_hash": "cd" * 32,
        "commit_sha": commit, "expires_at": None, "followup_url": None,
    }  # fmt: skip


def approval_fields(number: int, commit: str, at: datetime, by: str) -> dict[str, Any]:
    return {
        "runbook_number": number, "runbook_version": 1, "commit_sha": commit, "decision": "approved",
        "decided_by": by, "decided_at": at, "comment": "Good.",
    }  # fmt: skip
