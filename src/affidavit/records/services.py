"""The one way in: `append` turns drafts into immutable records and ledger entries.

It runs inside the transaction of the change that it records: either both happen, or neither.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from pydantic import ValidationError

from affidavit.identity.models import Actor, Organization, Repo
from affidavit.kit.clock import format_time, from_micros, to_micros
from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.kit.ids import RECORD_ID
from affidavit.ledger import services as ledger
from affidavit.proof.canonical import encode_record
from affidavit.proof.query import search_text
from affidavit.records.models import Record
from affidavit.records.shapes import SHAPES
from affidavit.records.types import ActorKind, RecordType, Via

SALT_BYTES = 32
_LOOKUP = 500  # ids in one IN list

# From which field of the body the header takes its status.
_STATUS_FIELD = {
    RecordType.VERIFICATION_RUN: "status",
    RecordType.VERIFICATION_RESULT: "status",
    RecordType.APPROVAL: "decision",
    RecordType.INVARIANT_CHANGE: "action",
    RecordType.ACCESS: "action",
    RecordType.RETENTION: "action",
}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A record before it has a place in the ledger.

    `fields` are the type's fields (records.shapes). `revises` says that earlier revisions are expected;
    a draft that does not revise must have a new `record_id`. `revision` is for imports alone: it keeps a
    number that another ledger gave, which must be higher than all before it here. `run_id`, `commit_sha` and
    `waiver_category` are header attributes where the body does not state them itself.
    """

    record_type: RecordType
    record_id: str
    fields: Mapping[str, Any]
    occurred_at: datetime
    actor: Actor
    actor_kind: ActorKind
    via: Via
    repo: Repo | None = None
    revises: bool = False
    revision: int | None = None
    commit_sha: str | None = None
    waiver_category: str | None = None


@dataclass(frozen=True, kw_only=True)
class Appended:
    """A record as it now stands in the ledger; `body` is the public record."""

    seq: int
    revision: int
    record_id: str
    body: dict[str, Any]


@dataclass(kw_only=True)
class _Batch:
    """What one append collects, table by table."""

    organization: Organization
    recorded_at: int
    recorded_text: str
    entries: list[ledger.NewEntry] = field(default_factory=list)
    records: list[tuple[Any, ...]] = field(default_factory=list)
    texts: list[tuple[Any, ...]] = field(default_factory=list)
    superseded: list[tuple[int, int, int]] = field(default_factory=list)
    appended: list[Appended] = field(default_factory=list)


def append(*, organization: Organization, drafts: Sequence[Draft], now: datetime) -> list[Appended]:
    """Append `drafts` to the organization's ledger, in order, and return them as recorded.

    Call it inside `transaction.atomic()`. `recorded_at` is `now`, or the ledger's last time if the clock
    went back. A draft that revises becomes the next revision and supersedes the one before.

    Raises:
        InvalidInput: a draft breaks its shape; the message names the draft and the field.
        Conflict: a `record_id` exists though the draft does not revise, or the other way round.
    """
    shaped = [_shaped(draft, index) for index, draft in enumerate(drafts)]
    head = ledger.lock(organization=organization)
    recorded_at = ledger.recorded_now(head=head, now=now)
    batch = _Batch(
        organization=organization,
        recorded_at=recorded_at,
        recorded_text=format_time(from_micros(recorded_at)),
    )
    latest = _latest_revisions(organization, [draft.record_id for draft in drafts])
    for seq, (draft, fields) in enumerate(zip(drafts, shaped, strict=True), start=head.size):
        _collect(batch, seq, draft, fields, latest)
    ledger.append(head=head, entries=batch.entries, recorded_at=batch.recorded_at)
    _write(batch)
    return batch.appended


def _shaped(draft: Draft, index: int) -> dict[str, Any]:
    if not RECORD_ID.fullmatch(draft.record_id):
        raise InvalidInput(
            f"record {index + 1}: record_id {draft.record_id[:80]!r} must be 1 to 64 of A-Z a-z 0-9 . _ : -"
        )
    try:
        shape = SHAPES[draft.record_type].model_validate(draft.fields)
    except ValidationError as error:
        raise InvalidInput(
            f"record {index + 1} ({draft.record_type}): {describe(error)}",
            extra={
                "index": index,
                "errors": error.errors(
                    include_url=False, include_context=False, include_input=False
                ),
            },
        ) from error
    return shape.model_dump(by_alias=True)


def describe(error: ValidationError) -> str:
    """Return a validation error in one line: each field and what is wrong with it."""
    parts = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        where = ".".join(str(part) for part in item["loc"]) or "the record"
        parts.append(f"{where}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


def _latest_revisions(
    organization: Organization, record_ids: list[str]
) -> dict[str, tuple[int, int]]:
    """Map each known record id to (latest revision, its seq)."""
    latest: dict[str, tuple[int, int]] = {}
    for start in range(0, len(record_ids), _LOOKUP):
        rows = Record.objects.filter(
            organization=organization,
            record_id__in=record_ids[start : start + _LOOKUP],
            superseded_by__isnull=True,
        ).values_list("record_id", "revision", "seq")
        latest.update({record_id: (revision, seq) for record_id, revision, seq in rows})
    return latest


def _collect(
    batch: _Batch,
    seq: int,
    draft: Draft,
    fields: dict[str, Any],
    latest: dict[str, tuple[int, int]],
) -> None:
    previous = latest.get(draft.record_id)
    revision = _revision(draft, previous)
    latest[draft.record_id] = (revision, seq)
    if previous:
        batch.superseded.append((seq, batch.organization.pk, previous[1]))
    body = _body(batch, seq, revision, draft, fields)
    body_bytes = encode_record(body)
    salt = os.urandom(SALT_BYTES)
    header = _header(batch, seq, revision, previous[1] if previous else None, draft, fields)
    header["body_hmac"] = hmac.digest(salt, body_bytes, "sha256").hex()
    batch.entries.append(
        ledger.NewEntry(
            seq=seq, header=encode_record(header).decode(), body=body_bytes.decode(), salt=salt
        )
    )
    batch.records.append(_row(batch, draft, header))
    batch.texts.append((batch.organization.pk, seq, search_text(body)))
    batch.appended.append(
        Appended(seq=seq, revision=revision, record_id=draft.record_id, body=body)
    )


def _revision(draft: Draft, previous: tuple[int, int] | None) -> int:
    if draft.revision is not None:
        if previous and draft.revision <= previous[0]:
            raise Conflict(
                f"{draft.record_type} {draft.record_id} is at revision {previous[0]} already",
                extra={"record_id": draft.record_id},
            )
        return draft.revision
    if (previous is not None) != draft.revises:
        state = "is recorded already" if previous else "is not recorded yet"
        raise Conflict(
            f"{draft.record_type} {draft.record_id} {state}", extra={"record_id": draft.record_id}
        )
    return previous[0] + 1 if previous else 1


def _body(
    batch: _Batch, seq: int, revision: int, draft: Draft, fields: dict[str, Any]
) -> dict[str, Any]:
    return {
        "record_id": draft.record_id,
        "record_type": draft.record_type.value,
        "revision": revision,
        "seq": seq,
        "occurred_at": format_time(draft.occurred_at),
        "recorded_at": batch.recorded_text,
        "organization": batch.organization.slug,
        "repo": draft.repo.name if draft.repo else None,
        "actor": draft.actor.name,
        "actor_kind": draft.actor_kind.value,
        "via": draft.via.value,
        **fields,
    }


def _header(
    batch: _Batch,
    seq: int,
    revision: int,
    supersedes: int | None,
    draft: Draft,
    fields: dict[str, Any],
) -> dict[str, Any]:
    """Return the header without its commitment; a member that does not apply is absent."""
    get = fields.get
    header = {
        "v": 1,
        "organization": str(batch.organization.pseudonym),
        "seq": seq,
        "record_type": draft.record_type.value,
        "record_id": draft.record_id,
        "revision": revision,
        "supersedes": supersedes,
        "occurred_at": format_time(draft.occurred_at),
        "recorded_at": batch.recorded_text,
        "actor_id": draft.actor.pseudonym,
        "actor_kind": draft.actor_kind.value,
        "via": draft.via.value,
        "repo_id": draft.repo.pseudonym if draft.repo else None,
        "runbook_number": get("runbook_number"),
        "runbook_version": get("runbook_version"),
        "run_id": get("run_id"),
        "commit_sha": get("commit_sha") or get("merge_commit_sha") or draft.commit_sha,
        "status": get(_STATUS_FIELD.get(draft.record_type, "")),
        "waiver_category": get("category") or draft.waiver_category,
        "is_waived": True if get("is_waived") else None,
    }
    return {name: value for name, value in header.items() if value is not None}


def _row(batch: _Batch, draft: Draft, header: Mapping[str, Any]) -> tuple[Any, ...]:
    get = header.get
    return (
        batch.organization.pk,
        header["seq"],
        header["record_type"],
        header["record_id"],
        header["revision"],
        to_micros(draft.occurred_at),
        batch.recorded_at,
        draft.actor.pk,
        draft.repo.pk if draft.repo else None,
        get("runbook_number"),
        get("run_id"),
        get("commit_sha"),
        get("status"),
        get("waiver_category"),
    )


def _write(batch: _Batch) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records_record (organization_id, seq, record_type, record_id, revision,"
            " occurred_at, recorded_at, actor_id, repo_id, runbook_number, run_id, commit_sha, status,"
            " waiver_category) VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)",
            batch.records,
        )
        cursor.executemany(
            "INSERT INTO records_text (organization_id, seq, text) VALUES (%s, %s, %s)", batch.texts
        )
        if batch.superseded:
            cursor.executemany(
                "UPDATE records_record SET superseded_by = %s WHERE organization_id = %s AND seq = %s",
                batch.superseded,
            )


def actor_ensure(
    *, organization: Organization, name: str, kind: ActorKind, now: datetime, user: Any = None,
    pseudonym: str | None = None, via: Via = Via.CLI,
) -> Actor:  # fmt: skip
    """Return the actor of that name; a new one gets a pseudonym and an `actor` record of its own.

    Raises:
        InvalidInput: the name is blank or too long.
    """
    from affidavit.kit.ids import new_id

    found = Actor.objects.filter(organization=organization, name=name).first()
    if found is not None:
        return found
    created = Actor.objects.create(
        organization=organization,
        pseudonym=pseudonym or new_id(),
        name=name,
        kind=kind.value,
        user=user,
    )
    append(
        organization=organization,
        drafts=[
            Draft(
                record_type=RecordType.ACTOR,
                record_id=created.pseudonym,
                fields={"actor_id": created.pseudonym, "name": name, "kind": kind.value},
                occurred_at=now,
                actor=created,
                actor_kind=kind,
                via=via,
            )
        ],
        now=now,
    )
    return created


def repo_ensure(*, organization: Organization, name: str) -> Repo:
    """Return the repository of that name, made known on first use.

    Raises:
        InvalidInput: the name is blank, too long or holds control characters.
    """
    from affidavit.kit.ids import new_id

    if not name.strip() or len(name) > 200 or any(ord(c) < 32 for c in name):
        raise InvalidInput(f"repository name {name[:80]!r} must be 1 to 200 printable characters")
    found, _ = Repo.objects.get_or_create(
        organization=organization, name=name, defaults={"pseudonym": new_id()}
    )
    return found


def append_one(*, organization: Organization, draft: Draft, now: datetime) -> Appended:
    """Append a single draft; see `append`."""
    return append(organization=organization, drafts=[draft], now=now)[0]


def known_revisions(
    *, organization: Organization, record_ids: Iterable[str]
) -> set[tuple[str, int]]:
    """Return the (record_id, revision) pairs that are recorded already, out of these ids."""
    ids = list(record_ids)
    known: set[tuple[str, int]] = set()
    for start in range(0, len(ids), _LOOKUP):
        rows = Record.objects.filter(
            organization=organization, record_id__in=ids[start : start + _LOOKUP]
        )
        known.update(rows.values_list("record_id", "revision"))
    return known
