"""Routes of the audit trail: filtered records, one record with its ledger bytes, the signed checkpoint."""

from __future__ import annotations

from collections.abc import Collection
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


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "title"}
    return {"in": "query", "name": name, "required": False, "schema": plain}


# Described from the filter itself, so that the document can't lag behind it.
FILTER_PARAMETERS = [
    _parameter(name, schema)
    for name, schema in AuditFilter.model_json_schema()["properties"].items()
]
LIST_PARAMETERS = [
    _parameter("cursor", {"type": "string"}),
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT}),
    _parameter("ledger_size", {"type": "integer", "minimum": 0}),
    _parameter("time_zone", {"type": "string", "default": "UTC"}),
]


@router.get(
    "/records",
    auth=requires(Scope.AUDIT_READ),
    response=RecordsOut,
    openapi_extra={"parameters": FILTER_PARAMETERS + LIST_PARAMETERS},
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


def filter_of(request: HttpRequest, *, beside: Collection[str] = _OURS) -> AuditFilter:
    """Return the filter that the query string states, less the parameters named in `beside`.

    Raises:
        InvalidInput: an unknown parameter or a bad value.
    """
    return AuditFilter.from_params(
        (name, str(value))
        for name, values in request.GET.lists()
        for value in values
        if name not in beside
    )


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
