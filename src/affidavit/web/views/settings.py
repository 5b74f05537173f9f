"""A person's own settings: time zone, theme, API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from affidavit.identity.models import ApiToken, User
from affidavit.identity.types import ROLE_SCOPES, Scope
from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput, NotFound
from affidavit.records.accounts import actor_for_user, token_issue, token_revoke
from affidavit.records.types import Via
from affidavit.web.context import THEME_COOKIE, THEMES
from affidavit.web.forms import TokenForm
from affidavit.web.http import PageRequest, member_page, safe_next
from affidavit.web.zones import zone_by_name, zone_names

_YEAR = 365 * 24 * 3600


@require_GET
@member_page()
def settings(request: PageRequest) -> HttpResponse:
    """Show everything that a person can set."""
    return render(request, "web/settings.html", _context(request))


def _context(request: PageRequest) -> dict[str, Any]:
    member = request.member
    tokens = ApiToken.objects.filter(user=member.user, organization=member.organization)
    now = clock.now()
    return {
        "section": "settings",
        "zones": zone_names(),
        "now": now.astimezone(request.time_zone),
        "themes": THEMES,
        "tokens": tokens.filter(revoked_at__isnull=True).order_by("-created_at"),
        "revoked": tokens.filter(revoked_at__isnull=False).order_by("-revoked_at"),
        "scopes": sorted(ROLE_SCOPES[member.role]),
        "next": safe_next(request, ""),
        "today": now,
    }


@require_POST
@member_page()
def time_zone(request: PageRequest) -> HttpResponse:
    """Set the time zone in which this person reads times; empty goes with the browser again."""
    name = request.POST.get("time_zone", "")
    if name and zone_by_name(name) is None:
        raise InvalidInput(f"{name[:60]!r} is no IANA time zone, such as Europe/Berlin.")
    User.objects.filter(pk=request.member.user.pk).update(time_zone=name)
    messages.success(
        request, f"Times are shown in {name or 'the time zone of your browser'}.", "good"
    )
    return HttpResponseRedirect(safe_next(request, reverse("settings")))


@require_POST
@member_page()
def theme(request: PageRequest) -> HttpResponse:
    """Choose light, dark, or what the system says; kept in this browser."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        raise InvalidInput("The theme must be system, light or dark.")
    response = HttpResponseRedirect(reverse("settings"))
    response.set_cookie(
        THEME_COOKIE, chosen, max_age=_YEAR, samesite="Lax", secure=request.is_secure()
    )
    return response


@require_POST
@member_page()
def token_create(request: PageRequest) -> HttpResponse:
    """Issue an API token and show it this once."""
    member = request.member
    form = TokenForm(request.POST)
    form.fields["scope"].choices = [(scope, scope) for scope in ROLE_SCOPES[member.role]]  # type: ignore[attr-defined]
    if not form.is_valid():
        context = _context(request) | {
            "token_error": "A token needs a name, and at least one thing that it may do.",
            "token_name": request.POST.get("name", ""),
            "token_scopes": request.POST.getlist("scope"),
        }
        return render(request, "web/settings.html", context, status=400)
    days, now = form.cleaned_data["days"], clock.now()
    token, secret = token_issue(
        organization=member.organization,
        user=member.user,
        name=form.cleaned_data["name"],
        scopes=[Scope(scope) for scope in form.cleaned_data["scope"]],
        by=actor_for_user(organization=member.organization, user=member.user, now=now),
        via=Via.UI,
        now=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    return render(
        request, "web/settings.html", _context(request) | {"token": token, "secret": secret}
    )


@require_POST
@member_page()
def token_end(request: PageRequest, pk: int) -> HttpResponse:
    """Revoke one of this person's own tokens, at once."""
    member = request.member
    token = ApiToken.objects.filter(
        pk=pk, user=member.user, organization=member.organization
    ).first()
    if token is None:
        raise NotFound("You have no such token here.")
    now = clock.now()
    actor = actor_for_user(organization=member.organization, user=member.user, now=now)
    token_revoke(token=token, by=actor, via=Via.UI, now=now)
    messages.success(request, f"The token {token.name} is revoked.", "good")
    return HttpResponseRedirect(reverse("settings") + "#tokens")
