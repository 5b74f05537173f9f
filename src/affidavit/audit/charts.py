"""The figures behind the charts, over the same filter as the list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from affidavit.audit.sql import compile_where
from affidavit.identity.models import Organization
from affidavit.kit.clock import EPOCH, from_micros, to_micros
from affidavit.proof.query import VERDICT, Query
from affidavit.records.types import RecordType, VerdictStatus, WaiverCategory

_DAY = 86_400_000_000  # microseconds


def verdicts_by_day(
    *, organization: Organization, query: Query, time_zone: ZoneInfo
) -> list[tuple[date, dict[str, int]]]:
    """Return verdict counts by local day and status, from the first day with one to the last.

    A day is a calendar day in `time_zone`, whatever its length. Days between without verdicts are there,
    with zeros.
    """
    where = compile_where(organization=organization, query=query)
    condition = f"{where.condition} AND r.record_type = %s"
    params = [*where.params, VERDICT]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min(r.occurred_at), max(r.occurred_at) FROM {where.tables} WHERE {condition}",
            params,
        )
        first, last = cursor.fetchone()
        if first is None:
            return []
        cursor.execute(
            f"SELECT {_local_day(first, last, time_zone)} AS day, r.status, count(*)"
            f" FROM {where.tables} WHERE {condition} GROUP BY 1, 2",
            params,
        )
        found = cursor.fetchall()
    start, end = (_day_of(micros, time_zone) for micros in (first, last))
    days = {
        start + timedelta(days=offset): dict.fromkeys(map(str, VerdictStatus), 0)
        for offset in range((end - start).days + 1)
    }
    for number, status, amount in found:
        days[EPOCH.date() + timedelta(days=int(number))][status] += amount
    return sorted(days.items())


def waivers_by_category(*, organization: Organization, query: Query) -> dict[str, int]:
    """Return how many waivers of each category match; every category is there."""
    where = compile_where(organization=organization, query=query)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.waiver_category, count(*) FROM {where.tables} WHERE {where.condition}"
            " AND r.record_type = %s GROUP BY r.waiver_category",
            [*where.params, RecordType.WAIVER.value],
        )
        return dict.fromkeys(map(str, WaiverCategory), 0) | dict(cursor.fetchall())


def waivers_by_reviewer(*, organization: Organization, query: Query) -> dict[str, int]:
    """Return how many waivers match by the name of who waived."""
    where = compile_where(organization=organization, query=query)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.name, count(*) FROM {where.tables} JOIN identity_actor a ON a.id = r.actor_id"
            f" WHERE {where.condition} AND r.record_type = %s GROUP BY a.name ORDER BY a.name",
            [*where.params, RecordType.WAIVER.value],
        )
        return dict(cursor.fetchall())


def _day_of(micros: int, time_zone: ZoneInfo) -> date:
    return from_micros(micros).astimezone(time_zone).date()


def _local_day(first: int, last: int, time_zone: ZoneInfo) -> str:
    """Return SQL for the local day's number since 1970-01-01, exact across changes of the UTC offset.

    Only integers that are computed here enter the text.
    """
    cases = _offsets(first, last, time_zone)
    shift = str(cases[-1][1])
    for until, offset in reversed(cases[:-1]):
        shift = f"CASE WHEN r.occurred_at < {until} THEN {offset} ELSE {shift} END"
    # Integer division truncates towards zero; the added whole days keep the dividend positive.
    era = 719_528
    return f"((r.occurred_at + ({shift}) + {era * _DAY}) / {_DAY} - {era})"


def _offsets(first: int, last: int, time_zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return [(until, UTC offset)] in microseconds that cover first to last, in order."""
    found: list[tuple[int, int]] = []
    at, offset = first, _offset(first, time_zone)
    while at <= last:
        ahead = min(at + _DAY, last + 1)
        other = _offset(ahead, time_zone)
        if other != offset:
            low, high = at, ahead
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if _offset(middle, time_zone) == offset else (low, middle)
                )
            found.append((high, offset))
            offset = other
        at = ahead
    return [*found, (last + 1, offset)]


def _offset(micros: int, time_zone: ZoneInfo) -> int:
    local = from_micros(micros).astimezone(time_zone)
    return (
        to_micros(datetime(*local.timetuple()[:6], tzinfo=UTC)) - (micros // 1_000_000) * 1_000_000
    )
