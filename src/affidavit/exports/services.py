"""The verbs of an export: ask for one, finish it, fail it, take it away. Each leaves its `access` record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from affidavit.audit.filters import AuditFilter
from affidavit.audit.selectors import counts_by_type, head_size
from affidavit.exports.manifest import manifest_of
from affidavit.exports.models import Export
from affidavit.exports.request import ExportRequest
from affidavit.exports.types import ExportFormat, ExportStatus
from affidavit.identity.models import Actor, Organization
from affidavit.kit.errors import Conflict
from affidavit.kit.ids import new_id
from affidavit.ledger import keys
from affidavit.ledger.services import checkpoint_sign
from affidavit.records.services import Draft, append_one
from affidavit.records.types import ActorKind, RecordType, Via

LEASE = timedelta(seconds=60)


def export_create(
    *, organization: Organization, actor: Actor, role: str, via: Via, filter: AuditFilter,
    format: ExportFormat, time_zone: ZoneInfo, now: datetime, formula_guard: bool = True,
    in_background: bool = False, leased: bool = True,
) -> Export:  # fmt: skip
    """Freeze the ledger at its present size, count what matches there, and record who asked.

    The checkpoint of that size is signed in the same transaction. With `in_background` the export waits
    for a worker (exports.jobs); otherwise the caller renders it at once and calls `export_finish`.
    `leased` lets a worker take it over when the caller does not begin soon; a process that renders for
    itself, as the shell does, is left alone.

    Raises:
        NotSetUp: the ledger's signing key is missing.
    """
    with transaction.atomic():
        checkpoint = checkpoint_sign(organization=organization, now=now)
        compiled = filter.compile(
            organization=organization, now=now, time_zone=time_zone, ledger_size=checkpoint.size
        )
        matching = counts_by_type(organization=organization, query=compiled.query)
        export = Export.objects.create(
            organization=organization, export_id=new_id(), format=format.value, actor=actor, role=role,
            via=via.value, requested_at=now, time_zone=str(time_zone), filters=filter.to_json(),
            compiled={
                "query": compiled.query.to_json(), "repos": compiled.repos, "actors": compiled.actors,
            },
            ledger_size=checkpoint.size, formula_guard=formula_guard, matching=matching,
            status=ExportStatus.QUEUED if in_background else ExportStatus.RUNNING,
            rows_total=sum(matching.values()),
            lease_until=None if in_background or not leased else now + LEASE,
        )  # fmt: skip
        _record(export, now=now, outcome="requested")
    return export


def request_of(*, export: Export) -> ExportRequest:
    """Return everything that decides the bytes of a stored export."""
    vkey = keys.signer(organization=export.organization).vkey
    return ExportRequest.of(
        export, manifest_of(export=export, instance=settings.ENV.instance, vkey=vkey)
    )


def export_finish(*, export: Export, files: list[dict[str, Any]], now: datetime) -> None:
    """Mark an export as complete, with the digests of its files; recorded.

    Raises:
        Conflict: it was cancelled or ended meanwhile.
    """
    digests = {entry["name"]: entry["sha256"] for entry in files}
    _end(export, ExportStatus.READY, now, "completed", digests=digests, files=files)


def export_fail(*, export: Export, reason: str, now: datetime) -> None:
    """Mark an export as failed, saying why; recorded. Nothing of it may be used."""
    _end(export, ExportStatus.FAILED, now, "failed", error=reason)


def export_cancel(*, export: Export, now: datetime) -> None:
    """Cancel an export that is queued or running; recorded. The worker notices and stops."""
    _end(export, ExportStatus.CANCELLED, now, "cancelled")


def _end(
    export: Export, status: ExportStatus, now: datetime, outcome: str, *,
    digests: dict[str, str] | None = None, files: list[dict[str, Any]] | None = None, error: str = "",
) -> None:  # fmt: skip
    with transaction.atomic():
        running = Export.objects.filter(
            pk=export.pk, status__in=(ExportStatus.QUEUED, ExportStatus.RUNNING)
        )
        done = export.rows_total if status is ExportStatus.READY else export.rows_done
        changed = running.update(
            status=status,
            finished_at=now,
            files=files or [],
            error=error,
            lease_until=None,
            rows_done=done,
        )
        if not changed:
            raise Conflict(f"The export {export.export_id} has ended already.")
        export.refresh_from_db()
        _record(
            export, now=now, outcome=outcome, digests=digests, detail=error or None, revises=True
        )


def download_record(
    *, export: Export, actor: Actor, role: str, via: Via, name: str, now: datetime
) -> None:
    """Record that someone took a finished export away."""
    digests = {entry["name"]: entry["sha256"] for entry in export.files}
    append_one(
        organization=export.organization,
        draft=Draft(
            record_type=RecordType.ACCESS,
            record_id=new_id(),
            fields={
                "action": "export_downloaded", "export_id": export.export_id, "format": export.format,
                "subject": name, "role": role, "digests": digests or None,
                "row_counts": export.matching, "ledger_size": export.ledger_size,
            },
            occurred_at=now, actor=actor, actor_kind=ActorKind(actor.kind), via=via,
        ),
        now=now,
    )  # fmt: skip


def _record(
    export: Export, *, now: datetime, outcome: str, digests: dict[str, str] | None = None,
    detail: str | None = None, revises: bool = False,
) -> None:  # fmt: skip
    fields = {
        "action": "export_created", "export_id": export.export_id, "format": export.format,
        "role": export.role, "filters": export.filters, "ledger_size": export.ledger_size,
        "row_counts": export.matching, "digests": digests, "outcome": outcome, "detail": detail,
    }  # fmt: skip
    append_one(
        organization=export.organization,
        draft=Draft(
            record_type=RecordType.ACCESS, record_id=export.export_id, fields=fields, occurred_at=now,
            actor=export.actor, actor_kind=ActorKind(export.actor.kind), via=Via(export.via),
            revises=revises,
        ),
        now=now,
    )  # fmt: skip


def preview(
    *, organization: Organization, filter: AuditFilter, time_zone: ZoneInfo, now: datetime
) -> tuple[int, dict[str, int]]:
    """Return the ledger size and the exact counts by type that an export would have now."""
    size = head_size(organization=organization)
    compiled = filter.compile(
        organization=organization, now=now, time_zone=time_zone, ledger_size=size
    )
    return size, counts_by_type(organization=organization, query=compiled.query)
