"""The runbook as it now stands; every version of it is a record in the ledger."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import NAME_LENGTH, Actor, Organization, Repo
from affidavit.records.shapes import MAX_TITLE


class Runbook(models.Model):
    """One submitted change: intent, acceptance criteria of the current version, git context.

    `criteria` is a JSON array of texts, in order: the criterion of ordinal n is its element n - 1.
    """

    pk = models.CompositePrimaryKey("organization_id", "number")
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    number = models.BigIntegerField()
    version = models.BigIntegerField()
    repo = models.ForeignKey(Repo, models.PROTECT, db_index=False)
    title = models.CharField(max_length=MAX_TITLE)
    intent = models.TextField()
    criteria = models.TextField()
    branch_target = models.CharField(max_length=NAME_LENGTH, null=True)
    branch_working = models.CharField(max_length=NAME_LENGTH, null=True)
    commit_sha = models.CharField(max_length=64, null=True)
    submitted_by = models.ForeignKey(Actor, models.PROTECT, db_index=False)
    submitted_at = models.DateTimeField()

    class Meta:
        db_table = "runbooks_runbook"
        constraints: ClassVar = []
