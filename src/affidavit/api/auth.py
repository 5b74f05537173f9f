"""Who asks, and whether the route allows it. Deny by default: every route names what it requires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from affidavit.identity.models import Organization
from affidavit.identity.selectors import Member, member_by_token, member_of
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import Forbidden, NotSignedIn

ORGANIZATION_KEY = "organization"  # of the session: the slug of the organization that was chosen


class _Credentials(AuthBase):
    """Base of the two ways to say who one is; `scopes` are those of which one is enough."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self.scopes = tuple(scopes)
        super().__init__()

    def _allowed(self, member: Member) -> Member:
        if not any(member.may(scope) for scope in self.scopes):
            member.require(self.scopes[0])
        return member


class Token(_Credentials):
    """A bearer token (RFC 6750)."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "`Authorization: Bearer afd_…`; create one with `affidavit token create`."

    def __call__(self, request: HttpRequest) -> Member | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotSignedIn("The header Authorization must say: Bearer, a space, and the token.")
        return self._allowed(member_by_token(secret=secret.strip(), now=clock.now()))


class Session(_Credentials):
    """The session of a signed-in page of this service; what changes something needs its CSRF token."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "sessionid"
    openapi_description = (
        "The session cookie of a signed-in page; changes need the header X-CSRFToken."
    )

    def __call__(self, request: HttpRequest) -> Member | None:
        user: Any = request.user
        if not user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise Forbidden(
                "The CSRF token is missing or wrong: reload the page. Programs use a bearer token instead."
            )
        slug = request.session.get(ORGANIZATION_KEY)
        organization = Organization.objects.filter(slug=slug).first() if slug else None
        return self._allowed(member_of(user=user, organization=organization, now=clock.now()))


def requires(*scopes: Scope) -> list[_Credentials]:
    """Return what a route's `auth` is: signed in either way, and with one of `scopes`."""
    return [Token(scopes), Session(scopes)]


def member_of_request(request: HttpRequest) -> Member:
    """Return the member on whose behalf a route that requires one runs."""
    member = getattr(request, "auth", None)
    if not isinstance(member, Member):
        raise NotSignedIn("This needs a token: send Authorization: Bearer afd_…, or sign in.")
    return member
