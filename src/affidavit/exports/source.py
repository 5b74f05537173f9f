"""The records of an export as the ledger stores them, streamed in ledger order, in constant memory.

A block is bytes: whole bodies, each ended by a newline (JCS escapes every newline inside a body).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from django.db import connection

from affidavit.audit.sql import compile_where
from affidavit.identity.models import Organization
from affidavit.proof.query import Query

BLOCK_BYTES = (
    256 * 1024
)  # large enough that per-block costs vanish, small enough to stay in the cache
_ROWS = 500  # rows fetched at a time where the driver hands out rows

_JOIN = " JOIN ledger_entry e ON e.organization_id = r.organization_id AND e.seq = r.seq"


def bodies(*, organization: Organization, query: Query) -> Generator[bytes]:
    """Yield the bodies of all matching records, in seq order, as blocks of whole lines."""
    where = compile_where(organization=organization, query=query)
    yield from _lines(
        f"SELECT e.body FROM {where.tables}{_JOIN} WHERE {where.condition} ORDER BY r.seq",
        where.params,
    )


def headers(*, organization: Organization, size: int) -> Iterator[bytes]:
    """Yield the first `size` headers, the exact leaf bytes, one a line, as blocks of whole lines."""
    yield from _lines(
        "SELECT e.header FROM ledger_entry e WHERE e.organization_id = %s AND e.seq < %s ORDER BY e.seq",
        [organization.pk, size],
    )


def salts(*, organization: Organization, query: Query) -> Iterator[tuple[int, bytes]]:
    """Yield (seq, 32-byte salt) of all matching records, in seq order."""
    where = compile_where(organization=organization, query=query)
    sql = f"SELECT r.seq, e.salt FROM {where.tables}{_JOIN} WHERE {where.condition} ORDER BY r.seq"
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, where.params)
        while rows := cursor.fetchmany(_ROWS):
            for seq, salt in rows:
                yield seq, bytes(salt)


def seq_range(*, organization: Organization, query: Query) -> tuple[int | None, int | None]:
    """Return the first and last seq of the matching records, None where there are none."""
    where = compile_where(organization=organization, query=query)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min(r.seq), max(r.seq) FROM {where.tables} WHERE {where.condition}",
            where.params,
        )
        first, last = cursor.fetchone()
    return first, last


def _lines(sql: str, params: Sequence[Any]) -> Iterator[bytes]:
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        yield from _postgresql(sql, params)
    else:
        yield from _sqlite(sql, params)


def _postgresql(sql: str, params: Sequence[Any]) -> Iterator[bytes]:
    """Stream by COPY. Quote and delimiter are characters that JSON text can't hold unescaped."""
    copy = (
        f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', ENCODING 'UTF8')"
    )
    raw: Any = connection.connection
    with raw.cursor() as cursor, cursor.copy(copy, params) as rows:
        pending: list[bytes] = []
        size = 0
        for row in rows:
            pending.append(bytes(row))
            size += len(row)
            if size >= BLOCK_BYTES:
                yield b"".join(pending)
                pending, size = [], 0
        if pending:
            yield b"".join(pending)


def _sqlite(sql: str, params: Sequence[Any]) -> Iterator[bytes]:
    raw: sqlite3.Connection = connection.connection
    cursor = raw.cursor()
    try:
        cursor.execute(sql.replace("%s", "?"), tuple(params))
        while rows := cursor.fetchmany(_ROWS):
            yield ("\n".join([row[0] for row in rows]) + "\n").encode()
    finally:
        cursor.close()
