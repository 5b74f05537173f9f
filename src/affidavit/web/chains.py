"""A change's chain: submission, runs, verdicts, decisions, merge, as a timeline."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from affidavit.audit.selectors import Row, chain
from affidavit.identity.models import Organization
from affidavit.kit.clock import parse_time
from affidavit.records.types import RecordType, VerdictStatus
from affidavit.web.lines import Line, line
from affidavit.web.vocabulary import Status, status_of


@dataclass(kw_only=True)
class Event:
    """One step of the chain; a run holds its verdicts. `here` marks the record that is being read."""

    line: Line
    body: dict[str, Any]
    moment: datetime | None  # in the viewer's zone; a run's is when it began
    here: bool = False
    verdicts: list[Event] = field(default_factory=list)

    @property
    def tally(self) -> list[tuple[Status | None, int]]:
        """How many verdicts of each status the run has; statuses without any are left out."""
        counts = Counter(verdict.body.get("status", "") for verdict in self.verdicts)
        return [
            (status_of(item.value), counts[item.value])
            for item in VerdictStatus
            if counts[item.value]
        ]

    @property
    def notable(self) -> list[Event]:
        """The verdicts that a reader looks for: not passed, waived, or the one being read."""
        return [
            verdict
            for verdict in self.verdicts
            if verdict.here or verdict.body.get("status") != "pass" or verdict.body.get("is_waived")
        ]


def timeline(
    *, organization: Organization, runbook_number: int, record_id: str, time_zone: ZoneInfo
) -> list[Event]:
    """Return the chain of a runbook, oldest first, verdicts below the run that found them."""
    rows = chain(organization=organization, runbook_number=runbook_number)
    return arranged(rows, record_id, time_zone)


def arranged(rows: list[Row], record_id: str, time_zone: ZoneInfo) -> list[Event]:
    """Return the rows as events; a verdict whose run is not among them stands for itself."""
    events = [
        Event(
            line=line(row, time_zone),
            body=row.body or {},
            moment=_began(row.body or {}, time_zone),
            here=row.record_id == record_id,
        )
        for row in rows
    ]
    runs = {
        event.line.record_id: event
        for event in events
        if event.line.record_type == RecordType.VERIFICATION_RUN
    }
    top: list[Event] = []
    for event in events:
        run = runs.get(event.body.get("run_id", ""))
        if event.line.record_type == RecordType.VERIFICATION_RESULT and run is not None:
            run.verdicts.append(event)
        else:
            top.append(event)
    for run in runs.values():
        run.verdicts.sort(key=lambda verdict: int(verdict.body.get("ordinal", 0)))
    # A run stands where it began, before what was decided about its verdicts.
    top.sort(key=lambda event: event.moment or datetime.min.replace(tzinfo=UTC))
    return top


def _began(body: dict[str, Any], time_zone: ZoneInfo) -> datetime | None:
    text = body.get("started_at") or body.get("occurred_at")
    return parse_time(text).astimezone(time_zone) if text else None
