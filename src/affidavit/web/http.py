"""What a view is handed and what it demands: the member, the viewer's time zone, the role."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from affidavit.identity.selectors import Member
from affidavit.identity.types import Scope

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request as the middleware leaves it. `member` raises NotSignedIn or Forbidden when it is read."""

    member: Member
    htmx: HtmxDetails
    time_zone: ZoneInfo
    time_zone_chosen: bool  # False: guessed from the browser or, without a guess, UTC


View = Callable[Concatenate[PageRequest, P], HttpResponse]


def member_page(scope: Scope | None = None) -> Callable[[View[P]], View[P]]:
    """Demand a signed-in member, and `scope` where one is named; keep the answer out of every cache."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member = request.member
            if scope is not None:
                member.require(scope)
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "no-store, private")
            return response

        return guarded

    return decorate


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Return the `next` parameter if it leads to this very origin, else `fallback`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else fallback


def sign_in_redirect(request: PageRequest) -> HttpResponse:
    """Send a stranger to the sign-in page, and back afterwards to where they wanted to go."""
    wanted = request.get_full_path() if request.method == "GET" else "/"
    if request.htmx:
        # A fragment's URL is the page's URL, save for the few that only htmx asks for.
        current = urlsplit(request.htmx.current_url or "/")
        wanted = current.path + (f"?{current.query}" if current.query else "")
    url = f"{reverse('sign-in')}?{urlencode({'next': wanted})}"
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def is_fragment(request: PageRequest) -> bool:
    """Tell whether htmx wants a part of the page; going back in history wants the whole one."""
    htmx = request.htmx
    return bool(htmx) and htmx.request_type != "full" and not htmx.history_restore_request
