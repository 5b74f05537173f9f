"""What the filters read: each entry's filterable attributes, taken from its header.

Both tables are derived. They can be dropped and built again from the ledger's entries.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import Actor, Organization, Repo


class Record(models.Model):
    """One revision of a record, by its header's attributes. Times are microseconds since the epoch, UTC.

    `superseded_by` is the seq of the next revision, null while this one is current.
    """

    pk = models.CompositePrimaryKey("organization_id", "seq")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    record_type = models.CharField(max_length=24)
    record_id = models.CharField(max_length=64)
    revision = models.IntegerField()
    superseded_by = models.BigIntegerField(null=True)
    occurred_at = models.BigIntegerField()
    recorded_at = models.BigIntegerField()
    actor = models.ForeignKey(Actor, models.PROTECT, db_index=False)
    repo = models.ForeignKey(Repo, models.PROTECT, db_index=False, null=True)
    runbook_number = models.BigIntegerField(null=True)
    run_id = models.CharField(max_length=64, null=True)
    commit_sha = models.CharField(max_length=64, null=True)
    status = models.CharField(max_length=24, null=True)
    waiver_category = models.CharField(max_length=16, null=True)

    class Meta:
        db_table = "records_record"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "record_id", "revision"], name="records_one_revision"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "occurred_at", "seq"], name="records_by_time"),
            models.Index(
                fields=["organization", "record_type", "status", "occurred_at", "seq"],
                name="records_by_type",
            ),
            models.Index(
                fields=["organization", "repo", "occurred_at", "seq"], name="records_by_repo"
            ),
            models.Index(
                fields=["organization", "actor", "occurred_at", "seq"], name="records_by_actor"
            ),
            models.Index(
                fields=["organization", "runbook_number", "occurred_at", "seq"],
                name="records_by_runbook",
                condition=models.Q(runbook_number__isnull=False),
            ),
            models.Index(
                fields=["organization", "run_id", "seq"],
                name="records_by_run",
                condition=models.Q(run_id__isnull=False),
            ),
            models.Index(
                fields=["organization", "waiver_category", "occurred_at", "seq"],
                name="records_by_waiver",
                condition=models.Q(waiver_category__isnull=False),
            ),
        ]


class RecordText(models.Model):
    """The searchable text of one entry's body, as `proof.query.search_text` makes it."""

    pk = models.CompositePrimaryKey("organization_id", "seq")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    text = models.TextField()

    class Meta:
        db_table = "records_text"
