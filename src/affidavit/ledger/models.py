"""The ledger's tables: entries that never change, the head that grows, the checkpoints that were signed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import Organization


class Entry(models.Model):
    """One ledger entry: the exact bytes that were hashed, as UTF-8 text.

    `header` is the RFC 6962 leaf. `body` is the public record; the header commits to it by HMAC-SHA256
    under `salt`. Triggers refuse every UPDATE and DELETE (migration 0002).
    """

    pk = models.CompositePrimaryKey("organization_id", "seq")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    header = models.TextField()
    body = models.TextField(null=True)
    salt = models.BinaryField(null=True)
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "ledger_entry"


class Head(models.Model):
    """How far an organization's ledger reaches: the one row that an append rewrites."""

    organization = models.OneToOneField(Organization, models.PROTECT, primary_key=True)
    size = models.BigIntegerField(default=0)
    # The right edge of the Merkle tree (`proof.merkle.Frontier`), from which the root follows.
    frontier = models.BinaryField(default=b"")
    last_recorded_at = models.BigIntegerField(default=0)  # microseconds since the epoch, UTC

    class Meta:
        db_table = "ledger_head"


class Checkpoint(models.Model):
    """A signed statement of the ledger's size and root hash (C2SP tlog-checkpoint)."""

    pk = models.CompositePrimaryKey("organization_id", "size")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    size = models.BigIntegerField()
    root_hash = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_checkpoint"
        constraints: ClassVar = []
