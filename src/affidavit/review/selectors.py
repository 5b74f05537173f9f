"""Questions about waivers and decisions; each takes the organization, and sees nothing beyond it."""

from __future__ import annotations

from typing import Any

import orjson

from affidavit.identity.models import Organization
from affidavit.kit.ids import derived_id
from affidavit.ledger.models import Entry
from affidavit.records.models import Record
from affidavit.records.types import RecordType
from affidavit.verification.selectors import current_body


def waiver_id_of(*, organization: Organization, result_id: str) -> str:
    """Return the id of the one waiver that a verdict can have."""
    return derived_id(str(organization.pseudonym), "waiver", result_id)


def waiver_of(*, organization: Organization, result_id: str) -> dict[str, Any] | None:
    """Return the body of the verdict's waiver, or None where it has none."""
    return current_body(
        organization=organization,
        record_id=waiver_id_of(organization=organization, result_id=result_id),
        record_type=RecordType.WAIVER,
    )


def decisions_of(*, organization: Organization, runbook_number: int) -> list[dict[str, Any]]:
    """Return the bodies of the decisions on a runbook, the oldest first."""
    seqs = Record.objects.filter(
        organization=organization,
        runbook_number=runbook_number,
        record_type=RecordType.APPROVAL.value,
        superseded_by__isnull=True,
    ).values_list("seq", flat=True)
    bodies = (
        Entry.objects.filter(organization=organization, seq__in=seqs, body__isnull=False)
        .order_by("seq")
        .values_list("body", flat=True)
    )
    return [orjson.loads(body) for body in bodies if body]
