"""Evidence to look at or to take away, served so that nothing in it can act."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from affidavit.identity.types import Scope
from affidavit.verification.evidence import open_evidence
from affidavit.web.exhibits import PICTURES
from affidavit.web.files import file_response
from affidavit.web.http import PageRequest, member_page

# Even a file that a browser would run is shut in: no script, no request, no frame, an origin of its own.
EVIDENCE_POLICY = (
    "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@require_GET
@member_page(Scope.RUNBOOKS_READ)
def evidence(request: PageRequest, sha256: str) -> HttpResponse:
    """Serve what this organization stored under the digest: pictures in place, the rest to download."""
    stored, file = open_evidence(organization=request.member.organization, sha256=sha256)
    picture = stored.media_type in PICTURES
    response = file_response(
        request,
        file,
        name=sha256,
        media_type=stored.media_type if picture else "application/octet-stream",
        attachment=not picture,
    )
    response.headers["Content-Security-Policy"] = EVIDENCE_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
