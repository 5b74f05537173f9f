"""The verbs of the ledger: take its lock, append entries, sign a checkpoint.

Every write happens inside the caller's transaction; the lock is held until that transaction ends.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from affidavit.identity.models import Organization
from affidavit.kit.clock import to_micros
from affidavit.ledger import keys
from affidavit.ledger.models import Checkpoint, Head
from affidavit.proof.checkpoint import Checkpoint as Statement
from affidavit.proof.checkpoint import sign_checkpoint
from affidavit.proof.merkle import Frontier, leaf_hash

_LOCK_CLASS = 0x0AFF1DA7  # first key of the advisory lock; the second is the organization's


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """The bytes of one entry, as UTF-8 text, in the order in which they are appended."""

    seq: int
    header: str
    body: str
    salt: bytes


@dataclass(kw_only=True)
class LockedHead:
    """The ledger's head, read after the lock was taken; valid until the transaction ends."""

    organization: Organization
    size: int
    last_recorded_at: int
    frontier: Frontier


def lock(*, organization: Organization) -> LockedHead:
    """Take the organization's append lock, then read its head.

    SQLite: the transaction holds the database's write lock since BEGIN IMMEDIATE. PostgreSQL: an advisory
    lock of the transaction. The order matters: a head that was read before the lock may be an old one.

    Raises:
        RuntimeError: not inside a transaction; an append must share the transaction of its change.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("the ledger is appended to inside a transaction; none is open")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, organization.pk])
    head = Head.objects.filter(organization=organization).first()
    if head is None:
        head = Head.objects.create(organization=organization, frontier=Frontier().to_bytes())
    return LockedHead(
        organization=organization,
        size=head.size,
        last_recorded_at=head.last_recorded_at,
        frontier=Frontier.from_bytes(bytes(head.frontier)),
    )


def append(*, head: LockedHead, entries: Sequence[NewEntry], recorded_at: int) -> None:
    """Append `entries` at the locked head and move the head; `recorded_at` in microseconds.

    Raises:
        ValueError: the entries do not continue the ledger densely, or time would go backwards.
    """
    if [entry.seq for entry in entries] != list(range(head.size, head.size + len(entries))):
        raise ValueError(f"entries must continue the ledger at seq {head.size} without a gap")
    if recorded_at < head.last_recorded_at:
        raise ValueError("recorded_at would go backwards")
    hashes = [leaf_hash(entry.header.encode()) for entry in entries]
    organization_id = head.organization.pk
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ledger_entry (organization_id, seq, header, body, salt, leaf_hash)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (organization_id, entry.seq, entry.header, entry.body, entry.salt, digest)
                for entry, digest in zip(entries, hashes, strict=True)
            ],
        )
    head.frontier.extend(hashes)
    head.size += len(entries)
    head.last_recorded_at = recorded_at
    Head.objects.filter(organization=head.organization).update(
        size=head.size, frontier=head.frontier.to_bytes(), last_recorded_at=recorded_at
    )


def checkpoint_sign(*, organization: Organization, now: datetime) -> Checkpoint:
    """Return the signed checkpoint of the ledger's present size, signing it if there is none yet.

    The same size always has the same note: Ed25519 is deterministic and the note holds no time.

    Raises:
        NotSetUp: the organization's signing key is missing.
    """
    with transaction.atomic():
        head = lock(organization=organization)
        found = Checkpoint.objects.filter(organization=organization, size=head.size).first()
        if found is not None:
            return found
        root = head.frontier.root()
        statement = Statement(organization.ledger_origin, head.size, root)
        note = sign_checkpoint(statement, keys.signer(organization=organization))
        return Checkpoint.objects.create(
            organization=organization, size=head.size, root_hash=root, note=note, signed_at=now
        )


def root_text(root: bytes) -> str:
    """Return a root hash as checkpoints and manifests state it: standard base64."""
    return base64.b64encode(root).decode()


def recorded_now(*, head: LockedHead, now: datetime) -> int:
    """Return the time that the ledger takes entries at: never before its last one. Microseconds."""
    return max(to_micros(now), head.last_recorded_at)
