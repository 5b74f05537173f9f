"""Signing in with a password: throttled, recorded, and silent about who exists."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.contrib.auth import authenticate, login
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest

from affidavit.identity.models import Membership, SignInFailure, User
from affidavit.kit.errors import InvalidInput, TooMany
from affidavit.records.accounts import access_record, actor_for_user
from affidavit.records.types import Via

WINDOW = timedelta(minutes=15)
PER_USERNAME = 5
PER_ADDRESS = 20
# Every refusal takes at least this long: hashing, and writing a record for some and not for others,
# would otherwise tell by their time whether a user exists.
REFUSAL_SECONDS = 0.3


def sign_in(
    request: HttpRequest, *, username: str, password: str, address: str, now: datetime
) -> User:
    """Start a session for the user of that name and password; recorded in each of their organizations.

    The session gets a new key. Earlier failures of the username are forgotten.

    Raises:
        TooMany: 5 failures of the username, or 20 from the address, within 15 minutes.
        InvalidInput: no active user has that name and password; it does not say which is wrong.
    """
    started = time.monotonic()
    attempt = _attempt_begin(username=username, address=address, now=now)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        _failure_record(username=username, now=now)
        time.sleep(max(0.0, REFUSAL_SECONDS - (time.monotonic() - started)))
        raise InvalidInput("That username and password don't match an account here.")
    with transaction.atomic():
        SignInFailure.objects.filter(Q(pk=attempt.pk) | Q(username=attempt.username)).delete()
        login(request, user)
        _record(user=user, action="sign_in", now=now)
    return user


def _attempt_begin(*, username: str, address: str, now: datetime) -> SignInFailure:
    """Count the attempt as failed before the password is looked at, so parallel ones can't slip by.

    Each attempt stores itself first and counts afterwards: of any number at once, at most the limit pass.
    A refused attempt is not counted, so that waiting helps.
    """
    SignInFailure.objects.filter(failed_at__lte=now - WINDOW).delete()
    attempt = SignInFailure.objects.create(
        username=username.casefold()[:150], address=address, failed_at=now
    )
    recent = SignInFailure.objects.all()
    if (
        recent.filter(username=attempt.username).count() > PER_USERNAME
        or recent.filter(address=address).count() > PER_ADDRESS
    ):
        attempt.delete()
        raise TooMany(
            "Too many failed attempts. Wait 15 minutes, then try again; an admin can set a new password."
        )
    return attempt


def _failure_record(*, username: str, now: datetime) -> None:
    user = User.objects.filter(username=username).first()
    if user is not None:
        _record(user=user, action="sign_in_failed", now=now)


def _record(*, user: User, action: str, now: datetime) -> None:
    valid = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    memberships = Membership.objects.select_related("organization").filter(valid, user=user)
    for membership in memberships.order_by("pk"):
        with transaction.atomic():
            access_record(
                organization=membership.organization,
                actor=actor_for_user(organization=membership.organization, user=user, now=now),
                via=Via.UI,
                now=now,
                action=action,
                subject=user.username,
                role=membership.role,
            )
