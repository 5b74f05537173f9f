"""What the pages keep for a person: filters that they named."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from affidavit.identity.models import Organization, User


class SavedFilter(models.Model):
    """A filter of the audit view under a name; `query` is its canonical query string."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    name = models.CharField(max_length=100)
    query = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "user", "name"], name="one_saved_filter_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name
