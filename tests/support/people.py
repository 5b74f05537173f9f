"""People of an organization, with a password that a browser can type."""

from __future__ import annotations

from affidavit.identity.models import Organization, User
from affidavit.identity.types import Role
from affidavit.records.accounts import member_set, user_create
from affidavit.records.types import Via
from tests.support.trail import T0

PASSWORD = "correct horse battery staple"


def member(
    organization: Organization, name: str, role: Role, *, types_password: bool = True
) -> User:
    """Create a user, who can sign in with PASSWORD unless told otherwise, and their membership."""
    user = User.objects.filter(username=name).first()
    if user is None and types_password:
        user = user_create(username=name, password=PASSWORD, now=T0)
    elif user is None:  # hashing is slow on purpose, and this one never types
        user = User.objects.create(username=name, created_at=T0)
    member_set(organization=organization, user=user, role=role, by=None, via=Via.CLI, now=T0)
    return user
