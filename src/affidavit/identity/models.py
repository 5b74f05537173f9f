"""Who takes part: organizations, users, roles, tokens, and the pseudonyms that ledger headers carry."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from affidavit.identity.types import Role

NAME_LENGTH = 200


class Organization(models.Model):
    """The tenant: every record, number and ledger belongs to exactly one."""

    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    # The first line of every checkpoint (C2SP tlog-checkpoint); it names the log and never changes.
    ledger_origin = models.CharField(max_length=NAME_LENGTH, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class UserManager(BaseUserManager["User"]):
    """Finds users by their username; `identity.services` creates them."""


class User(AbstractBaseUser):
    """A person who can sign in. What they may do is in their memberships alone."""

    username = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.username


class Membership(models.Model):
    """A user's role in an organization, with an end where access is time-boxed."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_role_per_member")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.organization}"


class ApiToken(models.Model):
    """A bearer token of one user in one organization: only its SHA-256 is kept."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    name = models.CharField(max_length=NAME_LENGTH)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Actor(models.Model):
    """The identity behind a pseudonymous actor id: a user, an agent or the system."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    pseudonym = models.CharField(max_length=64)
    name = models.CharField(max_length=NAME_LENGTH)
    kind = models.CharField(max_length=8)
    user = models.ForeignKey(User, models.SET_NULL, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_actor_per_name"),
            models.UniqueConstraint(
                fields=["organization", "pseudonym"], name="one_actor_per_pseudonym"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Repo(models.Model):
    """A repository whose changes are recorded; headers carry its pseudonym, bodies its name."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    pseudonym = models.CharField(max_length=64)
    name = models.CharField(max_length=NAME_LENGTH)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_repo_per_name"),
            models.UniqueConstraint(
                fields=["organization", "pseudonym"], name="one_repo_per_pseudonym"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SignInFailure(models.Model):
    """A failed sign-in, kept for as long as it counts against further tries."""

    username = models.CharField(max_length=150)
    address = models.CharField(max_length=64)
    failed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.username} from {self.address} at {self.failed_at}"
