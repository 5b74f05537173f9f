"""What every template can use: the member, their other organizations, theme and time zone."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Q
from django.http import HttpRequest

from affidavit import __version__
from affidavit.identity.models import Organization
from affidavit.identity.selectors import Member
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import AffidavitError
from affidavit.web.http import PageRequest

THEME_COOKIE = "theme"
THEMES = ("system", "light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the values that the page's frame needs; it never raises, error pages use it too."""
    page = cast("PageRequest", request)
    member = _member(page)
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    zone = getattr(page, "time_zone", None)
    return {
        "product_version": __version__,
        "member": member,
        "may_audit": member is not None and member.may(Scope.AUDIT_READ),
        "organizations": _organizations(member),
        "theme": theme if theme in THEMES else "system",
        "zone_name": str(zone) if zone else "UTC",
        "zone_chosen": getattr(page, "time_zone_chosen", False),
    }


def _member(request: PageRequest) -> Member | None:
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return None
    try:
        member = request.member
        bool(member.organization)  # the lazy member is looked up here
    except AffidavitError:
        return None
    return member


def _organizations(member: Member | None) -> list[Organization]:
    if member is None:
        return []
    valid = Q(memberships__expires_at__isnull=True) | Q(memberships__expires_at__gt=clock.now())
    return list(Organization.objects.filter(valid, memberships__user=member.user).order_by("name"))
