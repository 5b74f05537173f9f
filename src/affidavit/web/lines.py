"""A record as one line of a list: what it says, shortened where it must be, never silently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from affidavit.audit.selectors import Row
from affidavit.kit.clock import parse_time
from affidavit.records.types import RecordType
from affidavit.web.vocabulary import Status, status_of, type_label, waiver_of, words

SUMMARY = 160  # characters of a text that a list shows; the record page shows all of it


@dataclass(frozen=True, kw_only=True)
class Line:
    """One record in a list. `moment` is in the viewer's zone; None where the body was erased."""

    seq: int
    record_id: str
    record_type: str
    type_label: str
    moment: datetime | None
    what: str
    detail: str
    statuses: tuple[Status, ...]
    repo: str
    actor: str
    actor_kind: str
    via: str
    runbook: int | None
    revision: int
    superseded_by: int | None


def lines(rows: Iterable[Row], time_zone: ZoneInfo) -> list[Line]:
    """Return the rows as lines, in their order."""
    return [line(row, time_zone) for row in rows]


def by_day(items: Iterable[Line]) -> Iterator[tuple[date | None, list[Line]]]:
    """Group lines that follow each other by the viewer's calendar day."""
    for day, group in groupby(items, key=lambda item: item.moment.date() if item.moment else None):
        yield day, list(group)


def line(row: Row, time_zone: ZoneInfo) -> Line:
    """Return one row as a line."""
    body = row.body or {}
    what, detail = _texts(row.record_type, body) if row.body else ("The text was erased.", "")
    return Line(
        seq=row.seq,
        record_id=row.record_id,
        record_type=row.record_type,
        type_label=type_label(row.record_type),
        moment=parse_time(body["occurred_at"]).astimezone(time_zone) if row.body else None,
        what=shorten(what),
        detail=shorten(detail),
        statuses=tuple(_statuses(row.record_type, body)),
        repo=body.get("repo") or "",
        actor=body.get("actor") or "",
        actor_kind=body.get("actor_kind") or "",
        via=body.get("via") or "",
        runbook=body.get("runbook_number"),
        revision=row.revision,
        superseded_by=row.superseded_by,
    )


def shorten(text: str) -> str:
    """Return the text on one line, cut to a summary that ends with … where something was left out."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SUMMARY else flat[: SUMMARY - 1].rstrip() + "…"


def _statuses(record_type: str, body: dict[str, Any]) -> Iterator[Status]:
    field = {RecordType.APPROVAL: "decision", RecordType.ACCESS: "action"}.get(
        RecordType(record_type), "status"
    )
    status = status_of(body.get(field))
    if status is not None:
        yield status
    if record_type == RecordType.WAIVER and body:
        yield waiver_of(body["category"])
    if body.get("is_waived"):
        yield Status(label="Waived", symbol="waived", tone="waived")
    if body.get("bypassed"):
        yield Status(label="Bypassed", symbol="warn", tone="warn")


def _texts(record_type: str, body: dict[str, Any]) -> tuple[str, str]:
    """Return the record's first and second text: what it is about, and what it adds."""
    get = body.get
    match record_type:
        case RecordType.RUNBOOK_SUBMISSION:
            return body["title"], body["intent"]
        case RecordType.VERIFICATION_RUN:
            return run_counts(body), get(
                "error_message"
            ) or f"Trigger: {words(body['trigger_source'])}"
        case RecordType.VERIFICATION_RESULT:
            return body["criterion"], body["reason"]
        case RecordType.WAIVER:
            return body["reason"], f"Waived by {body['waived_by']}"
        case RecordType.APPROVAL:
            about = f"Version {body['runbook_version']}"
            if get("commit_sha"):
                about += f" at {body['commit_sha'][:10]}"
            return get("comment") or words(body["decision"]), about
        case RecordType.MERGE:
            return get(
                "pull_request"
            ) or f"Merge {body['merge_commit_sha'][:10]}", f"Gate: {body['gate']}"
        case RecordType.INVARIANT_CHANGE:
            return f"{words(body['action'])} {body['invariant_id']}", f"By {body['changed_by']}"
        case RecordType.POLICY_CHANGE:
            return body["setting"], f"Changed by {body['changed_by']}"
        case RecordType.ACCESS:
            return _access(body), get("detail") or ""
        case RecordType.RETENTION:
            return words(body["action"]), get("basis") or ""
        case RecordType.ACTOR:
            return f"{body['name']} became known", f"Kind: {body['kind']}"
    return type_label(record_type), ""


def _access(body: dict[str, Any]) -> str:
    parts = [words(body["action"])]
    for field in ("format", "subject", "role"):
        if body.get(field):
            parts.append(str(body[field]))
    return " · ".join(parts)


def run_counts(body: dict[str, Any]) -> str:
    """Return a run's counts as a sentence: `5 of 7 criteria passed, 1 failed, 1 waived`."""
    total, passed = body["criteria_total"], body["criteria_passed"]
    noun = "criterion" if total == 1 else "criteria"
    rest = [
        f"{body[f'criteria_{kind}']} {kind}"
        for kind in ("failed", "skipped", "waived")
        if body[f"criteria_{kind}"]
    ]
    return ", ".join([f"{passed} of {total} {noun} passed", *rest])
