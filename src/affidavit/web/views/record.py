"""One record: its fields, evidence, revisions, place in the change's chain, and its ledger proof."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from affidavit.audit import selectors
from affidavit.audit.selectors import RevisionDetail, Row
from affidavit.identity.types import Scope
from affidavit.kit.errors import NotFound
from affidavit.web import chains, fields
from affidavit.web.exhibits import exhibits
from affidavit.web.http import PageRequest, member_page
from affidavit.web.lines import line


@require_GET
@member_page(Scope.AUDIT_READ)
def record(request: PageRequest, record_id: str) -> HttpResponse:
    """Show a record; `?revision=` shows an earlier one."""
    organization = request.member.organization
    revisions = selectors.record(organization=organization, record_id=record_id)
    shown = _chosen(revisions, request.GET.get("revision", ""))
    body = shown.body or {}
    row = Row(
        seq=shown.seq, revision=shown.revision, record_type=_type_of(shown),
        record_id=record_id, superseded_by=shown.superseded_by, body=shown.body,
    )  # fmt: skip
    number = body.get("runbook_number")
    context = {
        "section": "audit",
        "row": row,
        "shown": shown,
        "line": line(row, request.time_zone),
        "body": body,
        "title": _title(body),
        "own": fields.own_fields(row.record_type, body) if shown.body else [],
        "envelope": fields.envelope(body) if shown.body else [],
        "exhibits": exhibits(organization, body.get("evidence") or []),
        "revisions": _history(revisions),
        "runbook_number": number,
        "events": chains.timeline(
            organization=organization, runbook_number=number, record_id=record_id,
            time_zone=request.time_zone,
        ) if number else [],
    }  # fmt: skip
    return render(request, "web/record.html", context)


def _chosen(revisions: list[RevisionDetail], wanted: str) -> RevisionDetail:
    if not wanted:
        return revisions[-1]
    for revision in revisions:
        if str(revision.revision) == wanted:
            return revision
    raise NotFound(f"This record has no revision {wanted[:20]!r}; it has {len(revisions)}.")


def _type_of(shown: RevisionDetail) -> str:
    return str(orjson.loads(shown.header_text)["record_type"])


def _title(body: dict[str, Any]) -> str:
    """Return the record's first text in full: a title may be long, but it is never cut here."""
    for name in ("title", "criterion", "setting", "invariant_id", "name"):
        if body.get(name):
            return str(body[name])
    return ""


def _history(revisions: list[RevisionDetail]) -> list[dict[str, Any]]:
    """Return the revisions newest first, each with what it changed against the one before."""
    changed: dict[int, list[tuple[fields.Field, fields.Field]]] = {
        after.revision: fields.differences(before.body, after.body)
        for before, after in pairwise(revisions)
        if before.body is not None and after.body is not None
    }
    return [
        {"detail": revision, "changed": changed.get(revision.revision)}
        for revision in reversed(revisions)
    ]


@require_GET
@member_page(Scope.AUDIT_READ)
def raw(request: PageRequest, record_id: str, revision: str, part: str) -> HttpResponse:
    """Give the exact bytes of a revision's header or body, as the ledger holds them."""
    revisions = selectors.record(organization=request.member.organization, record_id=record_id)
    shown = _chosen(revisions, revision)
    text = shown.header_text if part == "header" else shown.body_text
    if text is None:
        raise NotFound("The body of this revision was erased; its header and its proof stand.")
    response = HttpResponse(text.encode(), content_type="application/json")
    name = f"{record_id}-{revision}-{part}.json".replace(":", "_")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
