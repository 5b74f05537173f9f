"""Questions about runbooks; each takes the organization, and sees nothing beyond it."""

from __future__ import annotations

import orjson

from affidavit.identity.models import Organization
from affidavit.kit.errors import NotFound
from affidavit.records.shapes import MAX_INTEGER
from affidavit.runbooks.models import Runbook


def runbook_get(*, organization: Organization, number: int) -> Runbook:
    """Return the runbook of that number as it now stands.

    Raises:
        NotFound: the organization has no such runbook.
    """
    found = None
    if 0 < number <= MAX_INTEGER:
        found = (
            Runbook.objects.select_related("repo", "submitted_by")
            .filter(organization=organization, number=number)
            .first()
        )
    if found is None:
        raise NotFound(f"There is no runbook {number} in {organization.slug}.")
    return found


def criteria_of(*, runbook: Runbook) -> list[str]:
    """Return the acceptance criteria of the runbook's current version, in order."""
    criteria: list[str] = orjson.loads(runbook.criteria)
    return criteria
