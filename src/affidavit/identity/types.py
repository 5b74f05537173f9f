"""Roles and token scopes: what a person, and what a token of theirs, may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A member's role in one organization. `admin` may all; `reviewer` may all that `submitter` may."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    REVIEWER = "reviewer"
    SUBMITTER = "submitter"


class Scope(StrEnum):
    """What a token may be used for; a token never allows more than its user's role does."""

    RUNBOOKS_WRITE = "runbooks:write"
    RUNS_WRITE = "runs:write"
    EVIDENCE_WRITE = "evidence:write"
    REVIEWS_WRITE = "reviews:write"
    RUNBOOKS_READ = "runbooks:read"
    AUDIT_READ = "audit:read"
    EXPORTS_WRITE = "exports:write"


_SUBMITTER = frozenset(
    {Scope.RUNBOOKS_WRITE, Scope.RUNS_WRITE, Scope.EVIDENCE_WRITE, Scope.RUNBOOKS_READ}
)

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.AUDITOR: frozenset({Scope.AUDIT_READ, Scope.EXPORTS_WRITE, Scope.RUNBOOKS_READ}),
    Role.REVIEWER: _SUBMITTER | {Scope.REVIEWS_WRITE},
    Role.SUBMITTER: _SUBMITTER,
}
