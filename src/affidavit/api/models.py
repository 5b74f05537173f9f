"""What a request with an Idempotency-Key was answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import Organization, User


class IdempotencyKey(models.Model):
    """One answered change: written in the transaction of the change, so both are there or neither is.

    `fingerprint` is the SHA-256 of what was asked (query string and body), `body` the bytes of the answer.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False)
    user = models.ForeignKey(User, models.CASCADE, db_index=False)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "api_idempotency_key"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user", "method", "path", "key"],
                name="api_one_answer_per_key",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "created_at"], name="api_keys_by_age"),
        ]
