"""Routes of the audit trail: filtered records, one record with its ledger bytes, the signed checkpoint."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from ninja import Router

from affidavit.api.auth import member_of_request, requires
from affidavit.api.changes import answer
from affidavit.api.schemas import RecordDetailOut, RecordsOut
from affidavit.audit import selectors as audit
from affidavit.audit.filters import AuditFilter
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput
from affidavit.ledger.services import checkpoint_sign

router = Router(tags=["audit"])

LIMIT = 100
MAX_LIMIT = 1_000  # records of one page; the pages together hold all
_OURS = ("cursor", "limit", "ledger_size", "time_zone")


def _parameters() -> list[dict[str, Any]]:
    """Describe the filter's parameters from the filter itself, and ours."""
    schema = AuditFilter.model_json_schema()
    filters = [
        {"in": "query", "name": name, "required": False, "schema": _plain(details)}
        for name, details in schema["properties"].items()
    ]
    ours = {
        "cursor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT},
        "ledger_size": {"type": "integer", "minimum": 0},
        "time_zone": {"type": "string", "default": "UTC"},
    }
    return filters + [
        {"in": "query", "name": name, "required": False, "schema": details}
        for name, details in ours.items()
    ]


def _plain(details: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in details.items() if key != "title"}


FILTER_PARAMETERS = _parameters()


@router.get(
    "/records",
    auth=requires(Scope.AUDIT_READ),
    response=RecordsOut,
    openapi_extra={"parameters": FILTER_PARAMETERS},
)
def list_records(request: HttpRequest) -> HttpResponse:
    """Return a page of the records that match the filter of the audit view, newest first."""
    organization = member_of_request(request).organization
    asked = {name: _once(request, name) for name in _OURS}
    limit = _number("limit", asked["limit"] or str(LIMIT), low=1, high=MAX_LIMIT)
    head = audit.head_size(organization=organization)
    size = _number("ledger_size", asked["ledger_size"] or str(head), low=0, high=head)
    after = audit.Cursor.parse(asked["cursor"]) if asked["cursor"] else None
    compiled = filter_of(request).compile(
        organization=organization,
        now=clock.now(),
        time_zone=zone_of(asked["time_zone"]),
        ledger_size=size,
    )
    query = compiled.query
    page = audit.page(organization=organization, query=query, after=after, limit=limit)
    return answer(
        {
            "records": [row.body for row in page.rows],
            "total": audit.count(organization=organization, query=query),
            "ledger_size": size,
            "next": page.next.text() if page.next else None,
        }
    )


@router.get("/records/{record_id}", auth=requires(Scope.AUDIT_READ), response=RecordDetailOut)
def get_record(request: HttpRequest, record_id: str) -> HttpResponse:
    """Return every revision of a record with the exact bytes that the ledger holds of it."""
    found = audit.record(organization=member_of_request(request).organization, record_id=record_id)
    revisions = [
        {
            "seq": item.seq,
            "revision": item.revision,
            "superseded_by": item.superseded_by,
            "record": item.body,
            "header_text": item.header_text,
            "body_text": item.body_text,
            "salt": item.salt_hex,
            "leaf_hash": item.leaf_hash_hex,
        }
        for item in found
    ]
    return answer({"record_id": record_id, "revisions": revisions})


_NOTE = {
    "responses": {
        200: {
            "description": "A signed note.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    }
}


@router.get("/checkpoint", auth=requires(Scope.AUDIT_READ), openapi_extra=_NOTE)
def get_checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the ledger's signed checkpoint (C2SP tlog-checkpoint): its size and root hash now."""
    signed = checkpoint_sign(organization=member_of_request(request).organization, now=clock.now())
    return HttpResponse(signed.note, content_type="text/plain; charset=utf-8")


def filter_of(request: HttpRequest) -> AuditFilter:
    """Return the filter that the query string states, less the parameters of the list itself.

    Raises:
        InvalidInput: an unknown parameter or a bad value.
    """
    pairs = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in _OURS
    ]
    return AuditFilter.from_params((name, str(value)) for name, value in pairs)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name, UTC where none is named.

    Raises:
        InvalidInput: there is no such zone.
    """
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            f"time_zone: {name[:60]!r} is no IANA time zone, such as Europe/Berlin or UTC"
        ) from error


def _once(request: HttpRequest, name: str) -> str:
    values = request.GET.getlist(name)
    if len(values) > 1:
        raise InvalidInput(f"{name}: given more than once")
    return str(values[0]) if values else ""


def _number(name: str, text: str, *, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and low <= int(text) <= high):
        raise InvalidInput(f"{name}: {text[:40]!r} must be a whole number from {low} to {high}")
    return int(text)
