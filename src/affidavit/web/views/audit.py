"""Verify → Audit: the filtered list, its page and its fragment at one address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url, replace_url

from affidavit.audit import selectors
from affidavit.identity.types import Scope
from affidavit.kit import clock
from affidavit.kit.errors import InvalidInput
from affidavit.web import facets
from affidavit.web.forms import SavedFilterForm
from affidavit.web.http import PageRequest, is_fragment, member_page
from affidavit.web.listing import ANY_DATE, Listing
from affidavit.web.models import SavedFilter
from affidavit.web.trail import Viewer, arrived, charts_alone, trail


@require_GET
@member_page(Scope.AUDIT_READ)
def audit(request: PageRequest) -> HttpResponse:
    """Show the list. htmx gets the list alone, from the same address."""
    listing = Listing.of(request.GET)
    fragment = is_fragment(request)
    if not fragment and _typed_by_a_form(request):
        return HttpResponseRedirect(listing.url())
    context, status = _context(request, listing)
    if fragment:
        return _fragment(request, listing, context, status)
    response = render(request, "web/audit.html", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type", "HX-History-Restore-Request"])
    return response


def _typed_by_a_form(request: HttpRequest) -> bool:
    """Tell whether a plain form made this URL: it names even what was left empty."""
    values = [value for _, values in request.GET.lists() for value in values]
    return "" in values or request.GET.get("date") == ANY_DATE


def _context(request: PageRequest, listing: Listing) -> tuple[dict[str, Any], int]:
    viewer = viewer_of(request)
    context: dict[str, Any] = {
        "section": "audit",
        "listing": listing,
        "facets": facets.facet_list(listing, selectors.facets(organization=viewer.organization)),
        "dates": facets.date_form(listing),
        "more_summary": facets.more_summary(listing),
        "now_local": viewer.now.astimezone(viewer.time_zone),
        "saved_filters": saved_filters(request),
    }
    try:
        return context | trail(viewer, listing), 200
    except InvalidInput as error:
        return context | {"filter_error": error.message, "chips": facets.chips(listing)}, 400


def _fragment(
    request: PageRequest, listing: Listing, context: dict[str, Any], status: int
) -> HttpResponse:
    context["from_form"] = request.htmx.source == "form#filters"
    response = render(request, "web/audit_fragment.html", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type", "HX-History-Restore-Request"])
    url = listing.url()
    # Leaving a field without a change asks again; that must not make a second step in the history.
    if request.htmx.current_url_abs_path == url:
        return replace_url(response, url)
    return push_url(response, url)


def viewer_of(request: PageRequest) -> Viewer:
    """Return on whose behalf, when and in which time zone this request reads."""
    return Viewer(
        organization=request.member.organization, time_zone=request.time_zone, now=clock.now()
    )


@require_GET
@member_page(Scope.AUDIT_READ)
def arrivals(request: PageRequest) -> HttpResponse:
    """Say how many matching records arrived since the list was opened; asked for by htmx alone."""
    listing = Listing.of(request.GET)
    count = arrived(viewer_of(request), listing, listing.at or 0)
    return render(
        request,
        "web/_arrived.html",
        {"arrived": count, "first_url": Listing(chosen=listing.chosen, per=listing.per).url()},
    )


@require_GET
@member_page(Scope.AUDIT_READ)
def charts(request: PageRequest) -> HttpResponse:
    """Show the charts alone: htmx asks for them after the list, a browser without scripts by a link."""
    context = {"section": "audit"} | charts_alone(viewer_of(request), Listing.of(request.GET))
    template = "web/_charts.html" if is_fragment(request) else "web/charts.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type", "HX-History-Restore-Request"])
    return response


def saved_filters(request: PageRequest) -> list[SavedFilter]:
    """Return the filters that this person saved in this organization, by name."""
    member = request.member
    found = SavedFilter.objects.filter(organization=member.organization, user=member.user)
    return list(found.order_by("name"))


@require_POST
@member_page(Scope.AUDIT_READ)
def saved_filter_save(request: PageRequest) -> HttpResponse:
    """Save the filter under a name; the same name again replaces it."""
    form = SavedFilterForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("A saved filter needs a name of 1 to 100 characters.")
    listing = Listing.of(_query_dict(form.cleaned_data["query"]))
    SavedFilter.objects.update_or_create(
        organization=request.member.organization,
        user=request.member.user,
        name=form.cleaned_data["name"].strip(),
        defaults={"query": urlencode(listing.filter.to_params()), "created_at": clock.now()},
    )
    return HttpResponseRedirect(listing.url())


@require_POST
@member_page(Scope.AUDIT_READ)
def saved_filter_delete(request: PageRequest, pk: int) -> HttpResponse:
    """Forget a saved filter of this person; another person's is not found and stays."""
    SavedFilter.objects.filter(
        pk=pk, organization=request.member.organization, user=request.member.user
    ).delete()
    return HttpResponseRedirect(Listing.of(_query_dict(request.POST.get("query", ""))).url())


def _query_dict(query: str) -> Any:
    from django.http import QueryDict

    return QueryDict(query)
