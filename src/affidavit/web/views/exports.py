"""Exports: ask for one over the very filter of the audit view, watch it, take it away."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from affidavit.audit.filters import AuditFilter
from affidavit.exports import jobs, services
from affidavit.exports.models import Export
from affidavit.exports.types import MEDIA_TYPE, ExportFormat, ExportStatus
from affidavit.identity.models import Actor
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.records.accounts import actor_for_user
from affidavit.records.types import Via
from affidavit.web.facets import chips
from affidavit.web.files import file_response
from affidavit.web.http import PageRequest, is_fragment, member_page
from affidavit.web.listing import Listing
from affidavit.web.vocabulary import TYPE_PLURALS

FORMATS: dict[ExportFormat, tuple[str, str]] = {
    ExportFormat.PACKAGE: (
        "Evidence package",
        "JSON, CSV and PDF with ledger headers, checkpoint and manifest; verified offline.",
    ),
    ExportFormat.PDF: (
        "PDF",
        "For reading and filing: manifest, summary, tables, waiver register.",
    ),
    ExportFormat.CSV: ("CSV", "For spreadsheets: one row a record, one header row, UTF-8."),
    ExportFormat.JSON: (
        "JSON",
        "One document: the records exactly as recorded, then the manifest.",
    ),
    ExportFormat.NDJSON: (
        "Newline-delimited JSON",
        "For programs: one record a line, the manifest beside it.",
    ),
}
ENDED = frozenset({ExportStatus.READY, ExportStatus.FAILED, ExportStatus.CANCELLED})
PAGE = 50


@require_http_methods(["GET", "POST"])
@member_page(Scope.EXPORTS_WRITE)
def export_new(request: PageRequest) -> HttpResponse:
    """Show what an export of this filter would hold now; create it on POST."""
    listing = Listing.of(request.GET)
    if request.method == "POST":
        export = _create(request, listing.filter)
        return HttpResponseRedirect(reverse("export", args=[export.export_id]))
    size, counts = services.preview(
        organization=request.member.organization,
        filter=listing.filter,
        time_zone=request.time_zone,
        now=clock.now(),
    )
    context = {
        "section": "audit",
        "listing": listing,
        "chips": chips(listing),
        "formats": [(item.value, *text) for item, text in FORMATS.items()],
        "size": size,
        "counts": _named(counts),
        "total": sum(counts.values()),
    }
    return render(request, "web/export_new.html", context)


def _create(request: PageRequest, chosen: AuditFilter) -> Export:
    wanted = request.POST.get("format", "")
    if wanted not in set(ExportFormat):
        raise InvalidInput(f"The format must be one of {', '.join(ExportFormat)}.")
    member, now = request.member, clock.now()
    with transaction.atomic():
        export = services.export_create(
            organization=member.organization,
            actor=_actor(request),
            role=member.role.value,
            via=Via.UI,
            filter=chosen,
            format=ExportFormat(wanted),
            time_zone=request.time_zone,
            now=now,
            formula_guard=wanted != ExportFormat.CSV or request.POST.get("formula_guard") == "on",
            in_background=True,
        )
        jobs.enqueue()
    return export


def _actor(request: PageRequest) -> Actor:
    member = request.member
    return actor_for_user(organization=member.organization, user=member.user, now=clock.now())


def _named(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(TYPE_PLURALS.get(name, name), count) for name, count in counts.items()]


def _get(request: PageRequest, export_id: str) -> Export:
    found = (
        Export.objects.select_related("actor")
        .filter(organization=request.member.organization, export_id=export_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such export in this organization.")
    return found


@require_GET
@member_page(Scope.AUDIT_READ)
def export(request: PageRequest, export_id: str) -> HttpResponse:
    """Show one export and how far it is; htmx asks for the changing part alone."""
    found = _get(request, export_id)
    template = "web/_export_state.html" if is_fragment(request) else "web/export.html"
    response = render(request, template, _shown(found))
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type", "HX-History-Restore-Request"])
    return response


def _shown(found: Export) -> dict[str, Any]:
    listing = Listing(chosen=tuple(AuditFilter.from_json(found.filters).to_params()))
    return {
        "section": "exports",
        "export": found,
        "format": FORMATS[ExportFormat(found.format)],
        "ended": found.status in ENDED,
        "ready": found.status == ExportStatus.READY,
        "matching": _named(found.matching),
        "chips": chips(listing),
        "listing": listing,
        "percent": 100 * found.rows_done // found.rows_total if found.rows_total else 0,
    }


@require_GET
@member_page(Scope.AUDIT_READ)
def download(request: PageRequest, export_id: str, name: str) -> HttpResponse:
    """Hand out one finished file, and record that it was taken."""
    found = _get(request, export_id)
    if found.status != ExportStatus.READY or name not in {entry["name"] for entry in found.files}:
        raise NotFound("This export has no such file ready.")
    path = jobs.folder_of(found) / name
    if not path.is_file():
        raise NotFound(
            "The file was cleared from this server."
            " The same filter at the same ledger size makes it again."
        )
    with transaction.atomic():
        services.download_record(
            export=found, actor=_actor(request), role=request.member.role.value, via=Via.UI,
            name=name, now=clock.now(),
        )  # fmt: skip
    media_type = MEDIA_TYPE.get(name.rpartition(".")[2], "application/octet-stream")
    return file_response(
        request, path.open("rb"), name=name, media_type=media_type, attachment=True
    )


@require_POST
@member_page(Scope.EXPORTS_WRITE)
def cancel(request: PageRequest, export_id: str) -> HttpResponse:
    """Stop an export that is queued or running; recorded."""
    services.export_cancel(export=_get(request, export_id), now=clock.now())
    return HttpResponseRedirect(reverse("export", args=[export_id]))


@require_GET
@member_page(Scope.AUDIT_READ)
def exports(request: PageRequest) -> HttpResponse:
    """List the organization's exports, latest first."""
    found = Export.objects.select_related("actor").filter(organization=request.member.organization)
    pages = Paginator(found.order_by("-requested_at", "-pk"), PAGE)
    page = pages.get_page(request.GET.get("page", "1"))
    return render(request, "web/exports.html", {
        "section": "exports",
        "page": page,
        "shown": [_shown(export) for export in page.object_list],
    })  # fmt: skip
