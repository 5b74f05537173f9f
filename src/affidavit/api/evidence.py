"""Routes of evidence: store by content, fetch by content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from affidavit.api.auth import member_of_request, requires
from affidavit.api.changes import answer
from affidavit.api.errors import UnsupportedMedia
from affidavit.api.schemas import EvidenceOut
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput
from affidavit.records.shapes import Digest
from affidavit.verification.evidence import (
    MEDIA_TYPES,
    evidence_store,
    media_type_check,
    open_evidence,
)

router = Router(tags=["evidence"])

CHUNK = 256 * 1024  # bytes

# Whatever the content is, a browser saves it: it neither runs, nor renders, nor guesses.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The content itself, byte for byte.",
        "content": {
            name: {"schema": {"type": "string", "format": "binary"}} for name in sorted(MEDIA_TYPES)
        },
    }
}
_FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The content, as an attachment.",
            "content": {
                name: {"schema": {"type": "string", "format": "binary"}}
                for name in sorted(MEDIA_TYPES)
            },
        }
    }
}


@router.put(
    "/evidence/{sha256}",
    auth=requires(Scope.EVIDENCE_WRITE),
    response={200: EvidenceOut, 201: EvidenceOut},
    openapi_extra=_BODY,
)
def put_evidence(request: HttpRequest, sha256: Digest) -> HttpResponse:
    """Store content under its own SHA-256: 201 when it is new here, 200 when it was stored before."""
    try:
        media_type = media_type_check(request.headers.get("Content-Type", ""))
    except InvalidInput as error:
        raise UnsupportedMedia(error.message, extra=error.extra) from error
    now = clock.now()
    stored = evidence_store(
        organization=member_of_request(request).organization, chunks=_chunks(request), sha256=sha256,
        media_type=media_type, now=now,
    )  # fmt: skip
    shown = {
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "media_type": stored.media_type,
    }
    return answer(shown, status=201 if stored.stored_at == now else 200)


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


@router.get(
    "/evidence/{sha256}",
    auth=requires(Scope.RUNBOOKS_READ, Scope.AUDIT_READ),
    openapi_extra=_FILE,
)
def get_evidence(request: HttpRequest, sha256: Digest) -> HttpResponse:
    """Return stored content, always as an attachment that no browser runs."""
    found, file = open_evidence(organization=member_of_request(request).organization, sha256=sha256)
    with file:
        response = HttpResponse(file.read(), content_type=found.media_type, headers=SAFE_HEADERS)
    response["Content-Disposition"] = f'attachment; filename="{found.sha256}"'
    return response
