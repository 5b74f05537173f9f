"""Routes of exports: ask for one, follow it, take it away; or stream one at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from affidavit.api.auth import member_of_request, requires
from affidavit.api.changes import Change, answer, change
from affidavit.api.records import FILTER_PARAMETERS, LIST_PARAMETERS, filter_of, zone_of
from affidavit.api.schemas import ExportIn, ExportOut
from affidavit.api.streams import file_blocks, streamed
from affidavit.audit.filters import AuditFilter
from affidavit.exports.jobs import enqueue, folder_of
from affidavit.exports.json_lines import Tally, manifest_bytes
from affidavit.exports.manifest import completed, file_entry
from affidavit.exports.models import Export
from affidavit.exports.render import MANIFEST_SUFFIX, render_stream
from affidavit.exports.services import (
    download_record,
    export_create,
    export_fail,
    export_finish,
    request_of,
)
from affidavit.exports.types import EXTENSION, MEDIA_TYPE, STREAMED, ExportFormat, ExportStatus
from affidavit.identity.selectors import Member
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.clock import format_time
from affidavit.kit.errors import Conflict, InvalidInput, NotFound
from affidavit.records.accounts import actor_for_user
from affidavit.records.types import Via

router = Router(tags=["exports"])

ID_HEADER = "Affidavit-Export-Id"
_STEM = "affidavit-export"
_OURS = ("format", "time_zone", "formula_guard")
# Once it flows, a stream is no worker's business while its request may live. One whose client had gone
# before the first block keeps the short lease it was made with, and a worker makes it instead.
_STREAM_LEASE = timedelta(hours=24)


@router.post("/exports", auth=requires(Scope.EXPORTS_WRITE), response={202: ExportOut})
def create_export(request: HttpRequest, payload: ExportIn) -> HttpResponse:
    """Ask for an export of every record that matches now; it is made in the background."""

    def verb(asked: Change) -> tuple[int, Any]:
        export = _create(
            asked.member, AuditFilter.from_json(payload.filters), payload.format,
            zone=payload.time_zone, formula_guard=payload.csv_formula_guard, in_background=True,
        )  # fmt: skip
        enqueue()
        return 202, _shown(export)

    response = change(request, verb)
    response["Retry-After"] = "1"
    return response


def _create(
    member: Member, wanted: AuditFilter, format: ExportFormat, *, zone: str, formula_guard: bool,
    in_background: bool,
) -> Export:  # fmt: skip
    now = clock.now()
    return export_create(
        organization=member.organization, role=member.role.value, via=Via.API, filter=wanted, format=format,
        actor=actor_for_user(organization=member.organization, user=member.user, now=now),
        time_zone=zone_of(zone), now=now, formula_guard=formula_guard, in_background=in_background,
    )  # fmt: skip


_STREAM = {
    "parameters": [
        *FILTER_PARAMETERS,
        {"in": "query", "name": "format", "required": True,
         "schema": {"type": "string", "enum": sorted(STREAMED)}},
        {"in": "query", "name": "formula_guard", "required": False,
         "schema": {"type": "string", "enum": ["on", "off"], "default": "on"}},
        *[item for item in LIST_PARAMETERS if item["name"] == "time_zone"],
    ],
    "responses": {
        200: {
            "description": f"The export. Its manifest: GET /exports/ID/manifest, ID from {ID_HEADER}.",
            "content": {
                MEDIA_TYPE[EXTENSION[item]]: {"schema": {"type": "string"}} for item in sorted(STREAMED)
            },
        }
    },
}  # fmt: skip


@router.get("/exports/stream", auth=requires(Scope.EXPORTS_WRITE), openapi_extra=_STREAM)
def stream_export(request: HttpRequest) -> HttpResponseBase:
    """Send an export while it is made. One that can't be completed breaks off, and is recorded as failed."""
    asked = {name: str(request.GET.get(name, "")) for name in _OURS}
    if asked["format"] not in STREAMED:
        raise InvalidInput(
            f"format: {asked['format'][:40]!r} can't be streamed; use {', '.join(sorted(STREAMED))}, or"
            " POST /api/v1/exports"
        )
    if asked["formula_guard"] not in ("", "on", "off"):
        raise InvalidInput("formula_guard: must be on or off")
    export = _create(
        member_of_request(request), filter_of(request, beside=_OURS), ExportFormat(asked["format"]),
        zone=asked["time_zone"], formula_guard=asked["formula_guard"] != "off", in_background=False,
    )  # fmt: skip
    extension = EXTENSION[ExportFormat(export.format)]
    response = streamed(request, _blocks(export, extension), content_type=MEDIA_TYPE[extension])
    response["Content-Disposition"] = f'attachment; filename="{_STEM}.{extension}"'
    response[ID_HEADER] = export.export_id
    return response


def _blocks(export: Export, extension: str) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    Export.objects.filter(pk=export.pk).update(lease_until=clock.now() + _STREAM_LEASE)
    try:
        made = request_of(export=export)
        tally = Tally(made)
        # Closed before anything else is asked of the connection, which is busy while rows come over it.
        with closing(render_stream(made, tally)) as blocks:
            for block in blocks:
                digest.update(block)
                size += len(block)
                yield block
    except BaseException as error:
        broke_off = isinstance(error, GeneratorExit)
        reason = "the download was broken off" if broke_off else str(error) or repr(error)
        export_fail(export=export, reason=reason, now=clock.now())
        raise
    own = file_entry(f"{_STEM}.{extension}", digest.hexdigest(), size)
    export_finish(export=export, files=[own, tally.records_file()], now=clock.now())


@router.get("/exports/{export_id}", auth=requires(Scope.EXPORTS_WRITE), response=ExportOut)
def get_export(request: HttpRequest, export_id: str) -> HttpResponse:
    """Return how far an export is, and its files with their digests when it is ready."""
    return answer(_shown(_export(request, export_id)))


_FILE = {
    "parameters": [
        {"in": "query", "name": "file", "required": False, "schema": {"type": "string"}}
    ],
    "responses": {
        200: {
            "description": "The file, as an attachment.",
            "content": {
                name: {"schema": {"type": "string", "format": "binary"}}
                for name in MEDIA_TYPE.values()
            },
        }
    },
}


@router.get(
    "/exports/{export_id}/download", auth=requires(Scope.EXPORTS_WRITE), openapi_extra=_FILE
)
def download_export(request: HttpRequest, export_id: str) -> HttpResponseBase:
    """Send a finished export's file. One in several volumes needs `file`, a name from `files`."""
    export = _ready(_export(request, export_id))
    folder = folder_of(export)
    if not folder.is_dir():
        raise NotFound(
            "This export's files are not here: it was streamed, or they were removed. Export again."
        )
    name = _file_name(export, request.GET.get("file"))
    path = folder / name
    member, now = member_of_request(request), clock.now()
    with transaction.atomic():
        actor = actor_for_user(organization=export.organization, user=member.user, now=now)
        download_record(
            export=export, actor=actor, role=member.role.value, via=Via.API, name=name, now=now
        )
    content_type = MEDIA_TYPE.get(name.rsplit(".", 1)[-1], "application/octet-stream")
    response = streamed(request, file_blocks(path), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(path.stat().st_size)
    return response


_MANIFEST = {
    "responses": {
        200: {
            "description": "The manifest.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    }
}


@router.get(
    "/exports/{export_id}/manifest", auth=requires(Scope.EXPORTS_WRITE), openapi_extra=_MANIFEST
)
def get_manifest(request: HttpRequest, export_id: str) -> HttpResponse:
    """Return a finished export's manifest: filters, ledger size and root, counts, digests."""
    export = _ready(_export(request, export_id))
    for entry in export.files:
        path = folder_of(export) / str(entry["name"])
        if path.name.endswith(MANIFEST_SUFFIX) and path.is_file():
            return HttpResponse(path.read_bytes(), content_type="application/json")
    manifest = completed(
        request_of(export=export).manifest, exported=dict(export.matching), files=list(export.files)
    )
    return HttpResponse(manifest_bytes(manifest), content_type="application/json")


def _export(request: HttpRequest, export_id: str) -> Export:
    organization = member_of_request(request).organization
    found = (
        Export.objects.select_related("organization", "actor")
        .filter(organization=organization, export_id=export_id)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no export {export_id[:80]!r} in {organization.slug}.")
    return found


def _ready(export: Export) -> Export:
    if export.status != ExportStatus.READY:
        said = f": {export.error}" if export.error else ""
        raise Conflict(
            f"The export is {export.status}{said}. Only one that is ready can be taken away.",
            extra={"export_status": export.status},
        )
    return export


def _file_name(export: Export, wanted: str | None) -> str:
    names = [str(entry["name"]) for entry in export.files]
    results = [name for name in names if not name.endswith(MANIFEST_SUFFIX)]
    if wanted is None and len(results) == 1:
        return results[0]
    if wanted not in names:
        raise InvalidInput(f"file: say which of: {', '.join(names)}", extra={"files": names})
    return wanted


def _shown(export: Export) -> dict[str, Any]:
    base = f"/api/v1/exports/{export.export_id}"
    ready = export.status == ExportStatus.READY
    return {
        "export_id": export.export_id,
        "format": export.format,
        "status": str(export.status),
        "rows_done": export.rows_done,
        "rows_total": export.rows_total,
        "ledger_size": export.ledger_size,
        "filters": export.filters,
        "requested_by": export.actor.name,
        "requested_at": format_time(export.requested_at),
        "finished_at": format_time(export.finished_at) if export.finished_at else None,
        "files": export.files,
        "error": export.error or None,
        "download": f"{base}/download" if ready else None,
        "manifest": f"{base}/manifest" if ready else None,
    }
