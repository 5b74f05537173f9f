"""Changes of who may do what, each with its `access` record in the same transaction."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from affidavit.identity.models import Actor, ApiToken, Membership, Organization, User
from affidavit.identity.selectors import TOKEN_PREFIX, token_digest
from affidavit.identity.types import ROLE_SCOPES, Role, Scope
from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.kit.ids import new_id
from affidavit.ledger.models import Head
from affidavit.proof.merkle import Frontier
from affidavit.records.services import Draft, actor_ensure, append_one
from affidavit.records.types import ActorKind, RecordType, Via

SYSTEM_ACTOR = "affidavit"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_USERNAME = re.compile(r"[\w.@+-]{1,150}")


def organization_create(*, slug: str, name: str, origin: str, now: datetime) -> Organization:
    """Create an organization with an empty ledger and the system's own actor.

    `origin` is the first line of its checkpoints and can never change.

    Raises:
        InvalidInput: the slug is not lower-case letters, digits and hyphens, or the origin has spaces.
        Conflict: the slug is taken.
    """
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(f"organization {slug!r} must be lower-case letters, digits and hyphens")
    if not origin or re.search(r"[\s+]", origin):
        raise InvalidInput(f"ledger origin {origin!r} must hold neither white space nor '+'")
    if Organization.objects.filter(slug=slug).exists():
        raise Conflict(f"There is an organization {slug!r} already.")
    with transaction.atomic():
        created = Organization.objects.create(
            slug=slug, name=name, ledger_origin=origin, created_at=now
        )
        Head.objects.create(organization=created, frontier=Frontier().to_bytes())
        actor_ensure(organization=created, name=SYSTEM_ACTOR, kind=ActorKind.SYSTEM, now=now)
    return created


def user_create(*, username: str, password: str, now: datetime, display_name: str = "") -> User:
    """Create a user who can sign in with `password`, which must satisfy the password rules.

    Raises:
        InvalidInput: the username or the password breaks a rule; the message says which.
        Conflict: the username is taken.
    """
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(f"username {username!r} must be 1 to 150 letters, digits and . @ + - _")
    if User.objects.filter(username=username).exists():
        raise Conflict(f"There is a user {username!r} already.")
    user = User(username=username, display_name=display_name, created_at=now)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("The password can't be used: " + " ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    return user


def member_set(
    *, organization: Organization, user: User, role: Role, by: Actor | None, via: Via, now: datetime,
    expires_at: datetime | None = None,
) -> Membership:  # fmt: skip
    """Give `user` a role, or another one; recorded as `role_changed`."""
    with transaction.atomic():
        actor = actor_for_user(organization=organization, user=user, now=now)
        membership, _ = Membership.objects.update_or_create(
            organization=organization,
            user=user,
            defaults={"role": role.value, "expires_at": expires_at},
        )
        access_record(
            organization=organization, actor=by or system_actor(organization=organization), via=via,
            now=now, action="role_changed", subject=actor.name, role=role.value,
            detail=f"access ends {expires_at.isoformat()}" if expires_at else None,
        )  # fmt: skip
    return membership


def token_issue(
    *, organization: Organization, user: User, name: str, scopes: Sequence[Scope], by: Actor | None,
    via: Via, now: datetime, expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:  # fmt: skip
    """Issue a token and return it with its secret, which can't be shown again; recorded.

    Raises:
        InvalidInput: a scope that the user's role does not have, or a blank name.
    """
    if not name.strip():
        raise InvalidInput("A token needs a name that says what it is for.")
    membership = Membership.objects.filter(organization=organization, user=user).first()
    if membership is None:
        raise InvalidInput(f"{user.username} is not a member of {organization.slug}.")
    excess = set(scopes) - ROLE_SCOPES[Role(membership.role)]
    if excess:
        raise InvalidInput(
            f"The role {membership.role} does not have: {', '.join(sorted(excess))}. It has:"
            f" {', '.join(sorted(ROLE_SCOPES[Role(membership.role)]))}."
        )
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            organization=organization, user=user, name=name, prefix=secret[:9],
            digest=token_digest(secret), scopes=[scope.value for scope in scopes],
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
        _token_record(token, "token_issued", by, via, now)
    return token, secret


def token_revoke(*, token: ApiToken, by: Actor | None, via: Via, now: datetime) -> None:
    """Revoke a token with immediate effect; revoking twice records nothing more."""
    with transaction.atomic():
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
            revoked_at=now
        )
        if changed:
            _token_record(token, "token_revoked", by, via, now)


def _token_record(token: ApiToken, action: str, by: Actor | None, via: Via, now: datetime) -> None:
    access_record(
        organization=token.organization, actor=by or system_actor(organization=token.organization),
        via=via, now=now, action=action, subject=token.user.username,
        detail=f"{token.name} ({token.prefix}…), scopes: {', '.join(token.scopes)}",
    )  # fmt: skip


def system_actor(*, organization: Organization) -> Actor:
    """Return the actor that stands for this service itself."""
    return Actor.objects.get(organization=organization, name=SYSTEM_ACTOR)


def actor_for_user(*, organization: Organization, user: User, now: datetime) -> Actor:
    """Return the user's actor in the organization; a first appearance is recorded.

    Raises:
        Conflict: another identity (an imported one, say) has that name already.
    """
    found = Actor.objects.filter(organization=organization, user=user).first()
    if found is not None:
        return found
    with transaction.atomic():
        named = actor_ensure(
            organization=organization, name=user.username, kind=ActorKind.USER, now=now, user=user
        )
        if named.user_id is None and named.kind == ActorKind.USER:
            # The same name came in by an import or a backfill first; from now on it is this user's.
            Actor.objects.filter(pk=named.pk, user__isnull=True).update(user=user)
        elif named.user_id != user.pk:
            raise Conflict(
                f"The name {user.username!r} belongs to another actor of {organization.slug}."
            )
    return named


def access_record(
    *, organization: Organization, actor: Actor, via: Via, now: datetime, action: str, **fields: Any
) -> None:
    """Append an `access` record: a sign-in, a role, a token or an export, and who did it."""
    append_one(
        organization=organization,
        draft=Draft(
            record_type=RecordType.ACCESS,
            record_id=new_id(),
            fields={"action": action, **fields},
            occurred_at=now,
            actor=actor,
            actor_kind=ActorKind(actor.kind),
            via=via,
        ),
        now=now,
    )
