"""/r/<number>: the runbook as it now stands, to read."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from affidavit.audit.selectors import chain
from affidavit.identity.types import Scope
from affidavit.kit.errors import NotFound
from affidavit.records.types import RecordType
from affidavit.web import chains
from affidavit.web.http import PageRequest, member_page


@require_GET
@member_page(Scope.RUNBOOKS_READ)
def runbook(request: PageRequest, number: str) -> HttpResponse:
    """Show intent, the latest run with its verdicts, decisions, and earlier runs and versions."""
    organization = request.member.organization
    rows = chain(organization=organization, runbook_number=int(number))
    events = chains.arranged(rows, "", request.time_zone)
    submissions = _of(events, RecordType.RUNBOOK_SUBMISSION)
    if not submissions:
        raise NotFound(f"There is no runbook {number} in {organization.slug}.")
    runs = _of(events, RecordType.VERIFICATION_RUN)
    decided = (RecordType.APPROVAL, RecordType.WAIVER, RecordType.MERGE)
    context = {
        "number": number,
        "current": submissions[-1],
        "earlier": submissions[-2::-1],
        "latest": runs[-1] if runs else None,
        "earlier_runs": runs[-2::-1],
        "decisions": [event for event in events if event.line.record_type in decided],
    }
    return render(request, "web/runbook.html", context)


def _of(events: list[chains.Event], record_type: RecordType) -> list[chains.Event]:
    return [event for event in events if event.line.record_type == record_type and event.body]


@require_GET
@member_page()
def home(request: PageRequest) -> HttpResponse:
    """Lead to what this role works with."""
    if request.member.may(Scope.AUDIT_READ):
        return HttpResponseRedirect(reverse("audit"))
    return render(request, "web/home.html", {"section": "home"})
