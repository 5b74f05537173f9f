"""What an organization demands of a decision; each rule has a name, which a refusal states."""

from __future__ import annotations

from dataclasses import dataclass

from affidavit.identity.models import Organization

REVIEWER_DIFFERS = "reviewer_differs_from_submitter"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules in force. `reviewer_differs_from_submitter`: nobody approves a change of their own."""

    reviewer_differs_from_submitter: bool = True


def policy_of(*, organization: Organization) -> Policy:
    """Return the organization's policy; so far every organization has the default one."""
    return Policy()
