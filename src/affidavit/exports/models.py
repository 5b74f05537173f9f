"""An export: what was asked for, by whom, over which frozen ledger, and how far it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import Actor, Organization


class Export(models.Model):
    """One export. Everything that decides its bytes is in this row, so that it can be made again."""

    organization = models.ForeignKey(Organization, models.PROTECT)
    export_id = models.CharField(max_length=64, unique=True)
    format = models.CharField(max_length=16)
    actor = models.ForeignKey(Actor, models.PROTECT)
    role = models.CharField(max_length=16)
    via = models.CharField(max_length=8)
    requested_at = models.DateTimeField()
    time_zone = models.CharField(max_length=64)
    filters = models.JSONField()  # AuditFilter.to_json
    compiled = models.JSONField()  # query, bounds, repos, actors: exactly as evaluated
    ledger_size = models.BigIntegerField()
    formula_guard = models.BooleanField(default=True)
    matching = models.JSONField()  # exact counts by record type at the frozen size
    status = models.CharField(max_length=12)  # exports.types.ExportStatus
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(default=0)
    files = models.JSONField(default=list)  # [{name, sha256, size_bytes}]
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    # A worker that renders holds the lease and renews it; one that died lets it run out.
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "exports_export"
        indexes: ClassVar = [
            models.Index(fields=["organization", "-requested_at"], name="exports_by_time"),
            models.Index(fields=["status", "lease_until"], name="exports_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.format} export {self.export_id}"
