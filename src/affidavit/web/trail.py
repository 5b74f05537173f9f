"""What the audit view shows for one state of it: the records, their exact number, the charts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from affidavit.audit import arrivals, selectors
from affidavit.audit.charts import verdicts_by_day, waivers_by_category
from affidavit.audit.filters import Compiled
from affidavit.audit.selectors import Page
from affidavit.identity.models import Organization
from affidavit.records.types import RecordType, VerdictStatus
from affidavit.web import charts
from affidavit.web.facets import LABELS, chips, exclusions
from affidavit.web.lines import by_day, lines
from affidavit.web.listing import PAGE_SIZES, Listing
from affidavit.web.vocabulary import WAIVER_LABELS, status_of

INLINE_CHARTS = 50_000  # entries; in a larger ledger the list does not wait for the charts
Day = tuple[date, dict[str, int]]
_FAR = 4000  # days; a filter from the year 1 does not ask for a chart of two thousand years


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """On whose behalf the list is read, when, and in which time zone."""

    organization: Organization
    time_zone: ZoneInfo
    now: datetime


def compiled(viewer: Viewer, listing: Listing, ledger_size: int) -> Compiled:
    """Return the listing's filter made absolute at a ledger size. Raises InvalidInput."""
    return listing.filter.compile(
        organization=viewer.organization,
        now=viewer.now,
        time_zone=viewer.time_zone,
        ledger_size=ledger_size,
    )


def trail(viewer: Viewer, listing: Listing) -> dict[str, Any]:
    """Return everything that the list below the filters shows. Raises InvalidInput."""
    head = selectors.head_size(organization=viewer.organization)
    at = min(listing.at if listing.at is not None else head, head)
    found = compiled(viewer, listing, at)
    total = selectors.count(organization=viewer.organization, query=found.query)
    shown = _page(viewer, listing, found)
    context = {
        "listing": listing,
        "head": head,
        "at": at,
        "total": total,
        "days": [
            {"day": day, "lines": group}
            for day, group in by_day(lines(shown.rows, viewer.time_zone))
        ],
        "bounds": found,
        "chips": chips(listing),
        "exclusions": exclusions(listing),
        "query_string": listing.query_string(),
        "page_sizes": [(size, replace(_first(listing), per=size).url()) for size in PAGE_SIZES],
        "clear_url": Listing(per=listing.per).url(),
        "first_url": _first(listing).url(),
        "arrived": arrived(viewer, listing, at) if listing.at is not None else 0,
    }
    if not total:
        return context | nothing(viewer, listing, at)
    context |= _ways(viewer, listing, shown, at)
    if at > INLINE_CHARTS:
        return context | {"charts_query": urlencode([*listing.filter.to_params(), ("at", at)])}
    return context | chart_figures(viewer, listing, found)


def _first(listing: Listing) -> Listing:
    return replace(listing, after=None, before=None, at=None)


def _page(viewer: Viewer, listing: Listing, found: Compiled) -> Page:
    if listing.before is not None:
        return arrivals.page_newer(
            organization=viewer.organization,
            query=found.query,
            before=listing.before,
            limit=listing.per,
        )
    return selectors.page(
        organization=viewer.organization,
        query=found.query,
        after=listing.after,
        limit=listing.per,
    )


def _ways(viewer: Viewer, listing: Listing, shown: Page, at: int) -> dict[str, Any]:
    """Return the addresses of the next older and newer page; empty at the end of the list."""
    if not shown.rows:
        return {"older_url": "", "newer_url": _first(listing).url()}
    organization = viewer.organization
    newest = arrivals.place_of(organization=organization, row=shown.rows[0])
    oldest = arrivals.place_of(organization=organization, row=shown.rows[-1])
    going_up = listing.before is not None
    more_newer = shown.next is not None if going_up else listing.after is not None
    more_older = going_up or shown.next is not None
    newer = replace(listing, before=newest, after=None, at=at).url() if more_newer else ""
    older = replace(listing, after=oldest, before=None, at=at).url() if more_older else ""
    return {"older_url": older, "newer_url": newer}


def arrived(viewer: Viewer, listing: Listing, since: int) -> int:
    """Return how many records that match arrived at ledger index `since` or later."""
    head = selectors.head_size(organization=viewer.organization)
    if head <= since:
        return 0
    return arrivals.count_arrived(
        organization=viewer.organization,
        query=compiled(viewer, listing, head).query,
        since=since,
    )


def nothing(viewer: Viewer, listing: Listing, at: int) -> dict[str, Any]:
    """Return what helps where no record matches: how many would without each one of the filters."""

    def count(other: Listing) -> int:
        query = compiled(viewer, other, at).query
        return selectors.count(organization=viewer.organization, query=query)

    groups: dict[str, tuple[str, ...]] = {
        name: ("date", "from", "until") if name in ("date", "from", "until") else (name,)
        for name, _ in listing.chosen
    }
    loosened = []
    for names in dict.fromkeys(groups.values()):
        other = listing.without(*names)
        loosened.append({"label": LABELS[names[0]], "count": count(other), "url": other.url()})
    return {"loosened": loosened, "recorded": count(Listing())}


def charts_alone(viewer: Viewer, listing: Listing) -> dict[str, Any]:
    """Return what the charts show, for a list that did not wait for them. Raises InvalidInput."""
    head = selectors.head_size(organization=viewer.organization)
    at = min(listing.at if listing.at is not None else head, head)
    found = compiled(viewer, listing, at)
    return {"listing": listing} | chart_figures(viewer, listing, found)


def chart_figures(viewer: Viewer, listing: Listing, found: Compiled) -> dict[str, Any]:
    """Return the charts of a filter: pictures, figures, and the way from a bar to its records."""
    days = verdicts_by_day(
        organization=viewer.organization, query=found.query, time_zone=viewer.time_zone
    )
    waivers = waivers_by_category(organization=viewer.organization, query=found.query)
    unit, bars = charts.bars_of(_spanned(viewer, found, days))
    totals = {item.value: sum(bar.counts[item.value] for bar in bars) for item in VerdictStatus}
    spoken = ", ".join(f"{count:,} {name}" for name, count in totals.items())
    named = [(WAIVER_LABELS[name], count) for name, count in waivers.items()]
    return {
        "bars": [{"bar": bar, "url": _bar_url(listing, bar)} for bar in bars],
        "bar_unit": unit,
        "verdict_totals": [(status_of(name), name, count) for name, count in totals.items()],
        "verdict_count": sum(totals.values()),
        "verdict_chart": charts.stacked_bars(
            bars,
            label=f"Verdicts by {unit} and status: {spoken}. The figures are in the table below.",
        ),
        "waiver_count": sum(waivers.values()),
        "waiver_chart": charts.horizontal_bars(
            named,
            label="Waivers by category: " + ", ".join(f"{count:,} {name}" for name, count in named),
        ),
    }


def _spanned(viewer: Viewer, found: Compiled, days: list[Day]) -> list[Day]:
    """Return the days of the filter's whole range, or of two weeks where it has no beginning.

    Only days on which nothing can match are added, with zeros; the future is left out.
    """
    if not days:
        return days
    first, last = days[0][0], days[-1][0]
    start, end = last - timedelta(days=13), last
    if found.occurred_from:
        start = found.occurred_from.astimezone(viewer.time_zone).date()
    if found.occurred_until:
        until = found.occurred_until.astimezone(viewer.time_zone) - timedelta(microseconds=1)
        end = min(until.date(), viewer.now.astimezone(viewer.time_zone).date())
    before, after = (first - start).days, (end - last).days
    if not 0 <= before <= _FAR:
        before = 0
    return [
        *((first - timedelta(days=n), _zeros()) for n in range(before, 0, -1)),
        *days,
        *((last + timedelta(days=n), _zeros()) for n in range(1, after + 1)),
    ]


def _zeros() -> dict[str, int]:
    return dict.fromkeys(map(str, VerdictStatus), 0)


def _bar_url(listing: Listing, bar: charts.Bar) -> str:
    return (
        listing.without("date", "from", "until", "type")
        .having(
            ("date", "custom"),
            ("from", bar.first.isoformat()),
            ("until", bar.until.isoformat()),
            ("type", RecordType.VERIFICATION_RESULT.value),
        )
        .url()
    )
