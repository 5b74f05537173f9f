"""What every page gets: a strict content security policy, the member, the time zone, error pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from affidavit.identity.models import Organization
from affidavit.identity.selectors import Member, member_of
from affidavit.kit import clock
from affidavit.kit.errors import AffidavitError, NotSignedIn
from affidavit.web.errors import error_page
from affidavit.web.http import PageRequest, sign_in_redirect
from affidavit.web.zones import viewer_zone

Answer = Callable[[HttpRequest], HttpResponse]

ORGANIZATION_KEY = "organization"

# No inline script or style anywhere; nothing comes from, or goes to, another origin.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ContentSecurityPolicyMiddleware:
    """Give every answer the strict policy, unless its view set a stricter one of its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return response


class MemberMiddleware:
    """Set `request.member` lazily; turn errors that people can act on into pages."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page = cast("PageRequest", request)
        page.member = cast("Member", SimpleLazyObject(partial(current_member, request)))
        page.time_zone, page.time_zone_chosen = viewer_zone(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an AffidavitError with its page; every other exception stays Django's."""
        if isinstance(error, NotSignedIn):
            return sign_in_redirect(cast("PageRequest", request))
        if isinstance(error, AffidavitError):
            return error_page(request, error)
        return None


def current_member(request: HttpRequest) -> Member:
    """Return the signed-in member in the session's organization, or in the only (or first) one.

    Raises:
        NotSignedIn: nobody is signed in.
        Forbidden: the membership is missing or has ended.
    """
    slug = request.session.get(ORGANIZATION_KEY)
    organization = Organization.objects.filter(slug=slug).first() if slug else None
    return member_of(user=request.user, organization=organization, now=clock.now())
