"""Verification runs as they now stand, and what evidence the store holds for whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import NAME_LENGTH, Organization, Repo


class Run(models.Model):
    """One verification run. The counts grow with each verdict; the ledger's record of the run states them
    at each change of its status.

    `invariants` counts the verdicts on invariants so far.
    """

    pk = models.CompositePrimaryKey("organization_id", "run_id")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    run_id = models.CharField(max_length=64)
    runbook_number = models.BigIntegerField()
    runbook_version = models.BigIntegerField()
    repo = models.ForeignKey(Repo, models.PROTECT, db_index=False)
    commit_sha = models.CharField(max_length=64, null=True)
    trigger_source = models.CharField(max_length=16)
    status = models.CharField(max_length=16)
    criteria_total = models.BigIntegerField()
    criteria_passed = models.BigIntegerField(default=0)
    criteria_failed = models.BigIntegerField(default=0)
    criteria_skipped = models.BigIntegerField(default=0)
    criteria_waived = models.BigIntegerField(default=0)
    invariants = models.BigIntegerField(default=0)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    error_message = models.TextField(null=True)

    class Meta:
        db_table = "verification_run"
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "runbook_number", "requested_at"], name="runs_by_runbook"
            ),
        ]


class Evidence(models.Model):
    """That an organization has stored this content; the bytes lie in the evidence store."""

    pk = models.CompositePrimaryKey("organization_id", "sha256")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    media_type = models.CharField(max_length=NAME_LENGTH)
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "verification_evidence"
        constraints: ClassVar = []
