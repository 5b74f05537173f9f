"""Questions about who someone is and what they may do. Deny by default."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from affidavit.identity.models import ApiToken, Membership, Organization, User
from affidavit.identity.types import ROLE_SCOPES, Role, Scope
from affidavit.kit.errors import Forbidden, NotFound, NotSignedIn

TOKEN_PREFIX = "afd_"  # noqa: S105 - the visible beginning of every token, for secret scanners


@dataclass(frozen=True, kw_only=True)
class Member:
    """A signed-in user in one organization; every request works on behalf of exactly one."""

    user: User
    organization: Organization
    role: Role
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether the role, and the token where one was used, allow this."""
        return scope in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise Forbidden, naming what is missing, unless `scope` is allowed."""
        if self.may(scope):
            return
        if scope in ROLE_SCOPES[self.role]:
            raise Forbidden(
                f"This token lacks the scope {scope}. Create one that has it: affidavit token create --scope {scope}"
            )
        allowed = ", ".join(role for role in Role if scope in ROLE_SCOPES[role])
        raise Forbidden(
            f"Your role in {self.organization.slug} is {self.role}; this needs one of: {allowed}."
            " Ask an admin of the organization."
        )


def token_digest(secret: str) -> str:
    """Return what is stored of a token: its SHA-256 in hex. Tokens hold 256 random bits; no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def member_by_token(*, secret: str, now: datetime) -> Member:
    """Return the member whom a bearer token speaks for.

    The look-up goes by digest, so no comparison of secrets leaks time.

    Raises:
        NotSignedIn: the token is unknown, expired or revoked, or its user may no longer sign in.
    """
    token = (
        ApiToken.objects.select_related("user", "organization")
        .filter(digest=token_digest(secret), revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .first()
    )
    if token is None:
        raise NotSignedIn(
            "The token is unknown, expired or revoked. Create one: affidavit token create"
        )
    member = member_of(user=token.user, organization=token.organization, now=now)
    granted = frozenset(Scope(scope) for scope in token.scopes)
    return Member(
        user=member.user,
        organization=member.organization,
        role=member.role,
        scopes=member.scopes & granted,
    )


def member_of(*, user: Any, organization: Organization | None, now: datetime) -> Member:
    """Return the user's membership in `organization`, or in their only (or first) one.

    Raises:
        NotSignedIn: the user is not active.
        Forbidden: no membership, or its access has ended.
    """
    if not user.is_active:
        raise NotSignedIn("This account is not active.")
    found = Membership.objects.select_related("organization").filter(user=user)
    if organization is not None:
        found = found.filter(organization=organization)
    valid = found.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now)).order_by("pk").first()
    if valid is None:
        ended = found.order_by("-expires_at").first()
        if ended is not None and ended.expires_at is not None:
            raise Forbidden(f"Your access ended at {ended.expires_at:%Y-%m-%d %H:%M} UTC.")
        raise Forbidden("You are not a member of this organization.")
    role = Role(valid.role)
    return Member(user=user, organization=valid.organization, role=role, scopes=ROLE_SCOPES[role])


def organization_get(*, slug: str | None) -> Organization:
    """Return the organization of that slug, or the only one there is when `slug` is None.

    Raises:
        NotFound: there is none, or several and none was named.
    """
    if slug is not None:
        found = Organization.objects.filter(slug=slug).first()
        if found is None:
            raise NotFound(
                f"There is no organization {slug!r}. List them: affidavit organization list"
            )
        return found
    several = list(Organization.objects.order_by("slug")[:2])
    if len(several) == 1:
        return several[0]
    if not several:
        raise NotFound("There is no organization yet. Begin with: affidavit init")
    raise NotFound("There are several organizations: say which with --organization SLUG.")
