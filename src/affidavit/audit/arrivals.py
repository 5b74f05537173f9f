"""The way back up a list, and what arrived since it was opened. Reads only."""

from __future__ import annotations

from django.db import connection

from affidavit.audit.selectors import Cursor, Page, Row, row_of
from affidavit.audit.sql import compile_where
from affidavit.identity.models import Organization
from affidavit.proof.query import Query
from affidavit.records.models import Record


def page_newer(*, organization: Organization, query: Query, before: Cursor, limit: int) -> Page:
    """Return up to `limit` records next above the cursor, newest first; `next` leads further up."""
    where = compile_where(organization=organization, query=query, by_time=True)
    sql = (
        "SELECT r.seq, r.revision, r.record_type, r.record_id, r.superseded_by, e.body, r.occurred_at"
        f" FROM {where.tables}"
        " JOIN ledger_entry e ON e.organization_id = r.organization_id AND e.seq = r.seq"
        f" WHERE {where.condition} AND (r.occurred_at, r.seq) > (%s, %s)"
        " ORDER BY r.occurred_at, r.seq LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*where.params, before.occurred_at, before.seq, limit + 1])
        found = cursor.fetchall()
    rows = [row_of(columns) for columns in reversed(found[:limit])]
    top = found[limit - 1] if len(found) > limit else None
    return Page(rows=rows, next=Cursor(occurred_at=top[6], seq=top[0]) if top else None)


def place_of(*, organization: Organization, row: Row) -> Cursor:
    """Return the cursor that stands at `row`."""
    found = Record.objects.filter(organization=organization, seq=row.seq)
    return Cursor(occurred_at=found.values_list("occurred_at", flat=True).get(), seq=row.seq)


def count_arrived(*, organization: Organization, query: Query, since: int) -> int:
    """Return how many matching records stand at ledger index `since` or later."""
    where = compile_where(organization=organization, query=query)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {where.tables} WHERE {where.condition} AND r.seq >= %s",
            [*where.params, since],
        )
        return int(cursor.fetchone()[0])
