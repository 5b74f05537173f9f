"""A small trail and a client of Django's for each role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

# The models are imported in the fixtures: a conftest is read before Django is set up.
if TYPE_CHECKING:
    from django.test import Client

    from affidavit.identity.types import Role
    from tests.support.trail import Trail

    SignedIn = Callable[[Role], Client]


@pytest.fixture
def acme(db: None) -> Trail:
    """Three changes in two repositories, with a waiver, by two people."""
    from tests.support.trail import T0, Trail

    trail = Trail("acme")
    trail.change(1, at=T0)
    trail.change(2, at=T0 + timedelta(days=1), waive="accepted_risk", actor=trail.actor("grace"))
    trail.change(3, at=T0 + timedelta(days=2), repo="acme/warehouse", statuses=("pass", "warn"))
    return trail


@pytest.fixture
def signed_in(acme: Trail) -> SignedIn:
    """Return a client that is signed in with the role."""
    from django.test import Client

    from tests.support.people import member

    def sign_in(role: Role) -> Client:
        client = Client()
        client.force_login(member(acme.organization, f"the-{role}", role, types_password=False))
        return client

    return sign_in


@pytest.fixture
def admin(signed_in: SignedIn) -> Client:
    from affidavit.identity.types import Role

    return signed_in(Role.ADMIN)
