"""Questions about runs and their verdicts; each takes the organization, and sees nothing beyond it."""

from __future__ import annotations

from typing import Any

import orjson

from affidavit.identity.models import Organization
from affidavit.kit.errors import NotFound
from affidavit.ledger.models import Entry
from affidavit.records.models import Record
from affidavit.records.types import RecordType
from affidavit.verification.models import Run


def run_get(*, organization: Organization, run_id: str) -> Run:
    """Return the run as it now stands.

    Raises:
        NotFound: the organization has no such run.
    """
    found = (
        Run.objects.select_related("repo").filter(organization=organization, run_id=run_id).first()
    )
    if found is None:
        raise NotFound(f"There is no run {run_id[:80]!r} in {organization.slug}.")
    return found


def runs_of(*, organization: Organization, runbook_number: int) -> list[Run]:
    """Return the runs of a runbook, the latest first."""
    return list(
        Run.objects.filter(organization=organization, runbook_number=runbook_number).order_by(
            "-requested_at", "-run_id"
        )
    )


def verdicts_of(*, organization: Organization, run_id: str) -> list[dict[str, Any]]:
    """Return the bodies of the current verdicts of a run, by ordinal."""
    seqs = Record.objects.filter(
        organization=organization,
        run_id=run_id,
        record_type=RecordType.VERIFICATION_RESULT.value,
        superseded_by__isnull=True,
    ).values_list("seq", flat=True)
    bodies = Entry.objects.filter(
        organization=organization, seq__in=seqs, body__isnull=False
    ).values_list("body", flat=True)
    return sorted(
        (orjson.loads(body) for body in bodies if body), key=lambda body: int(body["ordinal"])
    )


def current_body(
    *, organization: Organization, record_id: str, record_type: RecordType
) -> dict[str, Any] | None:
    """Return the body of the current revision of a record, or None where there is none of that type."""
    seq = (
        Record.objects.filter(
            organization=organization,
            record_id=record_id,
            record_type=record_type.value,
            superseded_by__isnull=True,
        )
        .values_list("seq", flat=True)
        .first()
    )
    if seq is None:
        return None
    text = (
        Entry.objects.filter(organization=organization, seq=seq)
        .values_list("body", flat=True)
        .first()
    )
    return orjson.loads(text) if text else None
