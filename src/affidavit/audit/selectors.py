"""What the audit view asks: pages, exact counts, single records, a change's chain. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from affidavit.audit.sql import compile_where
from affidavit.identity.models import Actor, Organization, Repo
from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.ledger.models import Head
from affidavit.proof.query import Query
from affidavit.records.types import RecordType

_UNKNOWN = "unknown:"


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place in the newest-first list: everything after the record at (`occurred_at`, `seq`)."""

    occurred_at: int  # microseconds since the epoch
    seq: int

    def text(self) -> str:
        """Return the cursor as a URL carries it."""
        return f"{self.occurred_at}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read `text` back. Raises InvalidInput."""
        first, dot, second = text.partition(".")
        digits = first.removeprefix("-")
        if not dot or not (
            digits.isascii() and digits.isdigit() and second.isascii() and second.isdigit()
        ):
            raise InvalidInput(
                f"cursor {text[:60]!r} is not one of ours; begin again at the first page"
            )
        if len(digits) > 18 or len(second) > 18:
            raise InvalidInput("the cursor's numbers are too large; begin again at the first page")
        return cls(occurred_at=int(first), seq=int(second))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One record in a list; `body` is the public record, None where it was erased."""

    seq: int
    revision: int
    record_type: str
    record_id: str
    superseded_by: int | None
    body: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, newest first; `next` is where the following one begins, None at the end."""

    rows: list[Row]
    next: Cursor | None


@dataclass(frozen=True, kw_only=True)
class RevisionDetail:
    """One revision of a record with the exact bytes (UTF-8 text) that the ledger holds of it."""

    seq: int
    revision: int
    superseded_by: int | None
    header_text: str
    body_text: str | None
    body: dict[str, Any] | None
    salt_hex: str | None
    leaf_hash_hex: str


@dataclass(frozen=True, kw_only=True)
class Facets:
    """What the filters can offer: names that records of this organization carry, sorted."""

    repos: list[str]
    actors: list[str]


def head_size(*, organization: Organization) -> int:
    """Return how many entries the organization's ledger has."""
    return (
        Head.objects.filter(organization=organization).values_list("size", flat=True).first() or 0
    )


def page(*, organization: Organization, query: Query, after: Cursor | None, limit: int) -> Page:
    """Return up to `limit` records newest first, beginning after the cursor.

    Keyset on (occurred_at, seq): records that arrive meanwhile shift nothing.
    """
    where = compile_where(organization=organization, query=query, by_time=True)
    condition, params = where.condition, list(where.params)
    if after is not None:
        condition += " AND (r.occurred_at, r.seq) < (%s, %s)"
        params += [after.occurred_at, after.seq]
    # The inner query finds the keys by the narrow table and its indexes; the wide bodies come after.
    sql = (
        "SELECT k.seq, k.revision, k.record_type, k.record_id, k.superseded_by, e.body, k.occurred_at FROM ("
        " SELECT r.organization_id, r.seq, r.revision, r.record_type, r.record_id, r.superseded_by,"
        f" r.occurred_at FROM {where.tables} WHERE {condition}"
        " ORDER BY r.occurred_at DESC, r.seq DESC LIMIT %s) k"
        " JOIN ledger_entry e ON e.organization_id = k.organization_id AND e.seq = k.seq"
        " ORDER BY k.occurred_at DESC, k.seq DESC"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, limit + 1])
        found = cursor.fetchall()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        rows=[row_of(columns) for columns in found[:limit]],
        next=Cursor(occurred_at=last[6], seq=last[0]) if last else None,
    )


def row_of(columns: Sequence[Any]) -> Row:
    """Return a list's row from (seq, revision, record_type, record_id, superseded_by, body text, …)."""
    seq, revision, record_type, record_id, superseded_by, body = columns[:6]
    return Row(
        seq=seq, revision=revision, record_type=record_type, record_id=record_id,
        superseded_by=superseded_by, body=orjson.loads(body) if body is not None else None,
    )  # fmt: skip


def count(*, organization: Organization, query: Query) -> int:
    """Return exactly how many records match."""
    where = compile_where(organization=organization, query=query)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {where.tables} WHERE {where.condition}", where.params)
        return int(cursor.fetchone()[0])


def counts_by_type(*, organization: Organization, query: Query) -> dict[str, int]:
    """Return exactly how many records of each type match; types without any are left out.

    One counter a type and not GROUP BY, for which SQLite would sort every matching row in memory.
    """
    where = compile_where(organization=organization, query=query)
    types = sorted(record_type.value for record_type in RecordType)
    counters = ", ".join(["count(*) FILTER (WHERE r.record_type = %s)"] * len(types))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counters} FROM {where.tables} WHERE {where.condition}",
            [*types, *where.params],
        )
        counts = dict(zip(types, cursor.fetchone(), strict=True))
    return {record_type: count for record_type, count in counts.items() if count}


def facets(*, organization: Organization) -> Facets:
    """Return the repositories and actors that the filters can offer."""
    repos = Repo.objects.filter(organization=organization).order_by("name")
    actors = Actor.objects.filter(organization=organization).order_by("name")
    return Facets(
        repos=list(repos.values_list("name", flat=True)),
        actors=list(actors.values_list("name", flat=True)),
    )


def record(*, organization: Organization, record_id: str) -> list[RevisionDetail]:
    """Return every revision of a record, oldest first, with its ledger bytes.

    Raises:
        NotFound: this organization has no such record.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.seq, r.revision, r.superseded_by, e.header, e.body, e.salt, e.leaf_hash"
            " FROM records_record r JOIN ledger_entry e"
            " ON e.organization_id = r.organization_id AND e.seq = r.seq"
            " WHERE r.organization_id = %s AND r.record_id = %s ORDER BY r.revision",
            [organization.pk, record_id],
        )
        found = [_revision(columns) for columns in cursor.fetchall()]
    if not found:
        raise NotFound(f"There is no record {record_id[:80]!r} in {organization.slug}.")
    return found


def _revision(columns: Sequence[Any]) -> RevisionDetail:
    seq, revision, superseded_by, header, body, salt, leaf = columns
    return RevisionDetail(
        seq=seq, revision=revision, superseded_by=superseded_by, header_text=header, body_text=body,
        body=orjson.loads(body) if body is not None else None,
        salt_hex=bytes(salt).hex() if salt is not None else None, leaf_hash_hex=bytes(leaf).hex(),
    )  # fmt: skip


def chain(*, organization: Organization, runbook_number: int) -> list[Row]:
    """Return the current revision of everything about one runbook, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.seq, r.revision, r.record_type, r.record_id, r.superseded_by, e.body"
            " FROM records_record r JOIN ledger_entry e"
            " ON e.organization_id = r.organization_id AND e.seq = r.seq"
            " WHERE r.organization_id = %s AND r.runbook_number = %s AND r.superseded_by IS NULL"
            " ORDER BY r.occurred_at, r.seq",
            [organization.pk, runbook_number],
        )
        return [row_of(columns) for columns in cursor.fetchall()]


def ids_of_repos(*, organization: Organization, names: Sequence[str]) -> dict[str, str]:
    """Map repository names to their pseudonymous ids; a name that nobody has to one that matches nothing."""
    return _ids(Repo, organization, names)


def ids_of_actors(*, organization: Organization, names: Sequence[str]) -> dict[str, str]:
    """Map actor names to their pseudonymous ids; a name that nobody has to one that matches nothing."""
    return _ids(Actor, organization, names)


def _ids(model: Any, organization: Organization, names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    found = model.objects.filter(organization=organization, name__in=names)
    known: dict[str, str] = dict(found.values_list("name", "pseudonym"))
    return {name: known.get(name, _UNKNOWN + name) for name in names}
