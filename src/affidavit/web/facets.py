"""The filter form: what each filter offers, what is chosen, and the chips that take it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from affidavit.audit.selectors import Facets
from affidavit.records.types import DEFAULT_TYPES, RecordType
from affidavit.web.listing import ANY_DATE, Listing
from affidavit.web.vocabulary import (
    STATUS_LABELS,
    TYPE_LABELS,
    WAIVER_LABELS,
    Status,
    status_of,
)

DATES = {ANY_DATE: "All time", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days"}
SEARCHABLE_FROM = 9  # a list of so many options gets a field to search in it
LABELS = {
    "date": "Date",
    "repo": "Repository",
    "type": "Type",
    "actor": "Actor",
    "status": "Verdict",
    "waiver": "Waiver",
    "runbook": "Runbook",
    "commit": "Commit",
    "run": "Run",
    "q": "Text",
    "revisions": "Revisions",
}


@dataclass(frozen=True, kw_only=True)
class Option:
    """One checkbox of a filter."""

    value: str
    label: str
    checked: bool
    status: Status | None = None


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A filter of several choices; `summary` says in a word or two what is chosen."""

    name: str
    label: str
    options: list[Option]
    summary: str
    hint: str = ""

    @property
    def searchable(self) -> bool:
        """Whether the list is long enough to be searched."""
        return len(self.options) >= SEARCHABLE_FROM and self.name in ("repo", "actor")


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One filter in force, in words, with the address of the list without it."""

    name: str
    label: str
    value: str
    remove_url: str


def facet_list(listing: Listing, offered: Facets) -> list[Facet]:
    """Return the filters with checkboxes, in the order in which they are shown."""
    statuses = {value: status_of(value) for value in STATUS_LABELS}
    return [
        _facet(listing, "repo", _named(listing, "repo", offered.repos)),
        _facet(
            listing,
            "type",
            {**TYPE_LABELS, "all": "Every type"},
            hint="None chosen: submissions, runs, verdicts, waivers and approvals.",
        ),
        _facet(listing, "actor", _named(listing, "actor", offered.actors)),
        _facet(listing, "status", STATUS_LABELS, statuses=statuses, hint="Shows verdicts alone."),
        _facet(
            listing, "waiver", WAIVER_LABELS, hint="Shows waivers and the verdicts waived by them."
        ),
    ]


def _named(listing: Listing, name: str, offered: list[str]) -> dict[str, str]:
    """Offer the known names, and those in the URL that nobody has: they must be removable."""
    return {value: value for value in [*offered, *listing.values(name)]}


def _facet(
    listing: Listing,
    name: str,
    labels: dict[str, str],
    *,
    statuses: dict[str, Status | None] | None = None,
    hint: str = "",
) -> Facet:
    chosen = set(listing.values(name))
    options = [
        Option(
            value=str(value),
            label=label,
            checked=value in chosen,
            status=(statuses or {}).get(value),
        )
        for value, label in labels.items()
    ]
    picked = [option.label for option in options if option.checked]
    summary = picked[0] if len(picked) == 1 else f"{len(picked)} chosen" if picked else ""
    return Facet(name=name, label=LABELS[name], options=options, summary=summary, hint=hint)


def date_form(listing: Listing) -> dict[str, Any]:
    """Return what the date filter's fields show; a time finer than a day stays as it was typed."""
    start, until = listing.value("from"), listing.value("until")
    date = listing.value("date") or ("custom" if start or until else ANY_DATE)
    return {
        "date": date,
        "choices": [
            Option(value=value, label=label, checked=value == date)
            for value, label in DATES.items()
        ],
        "from": start,
        "until": until,
        "from_is_day": len(start) in (0, 10),
        "until_is_day": len(until) in (0, 10),
        "summary": DATES.get(date, "") if date != ANY_DATE else "",
    } | ({"summary": _range(start, until)} if date == "custom" else {})


def more_summary(listing: Listing) -> str:
    """Return how many of the lesser filters are in force, in a word."""
    count = sum(bool(listing.value(name)) for name in ("runbook", "commit", "run"))
    count += listing.value("revisions") == "all"
    return str(count) if count else ""


def _range(start: str, until: str) -> str:
    if start and until:
        return f"{start} to before {until}"
    return f"from {start}" if start else f"before {until}" if until else ""


def chips(listing: Listing) -> list[Chip]:
    """Return the filters in force, one chip a value."""
    return list(_chips(listing))


def _chips(listing: Listing) -> Iterator[Chip]:
    dates = date_form(listing)
    if dates["summary"]:
        without = listing.without("date", "from", "until")
        yield Chip(
            name="date", label=LABELS["date"], value=dates["summary"], remove_url=without.url()
        )
    tables = {
        "type": {**TYPE_LABELS, "all": "Every type"},
        "status": STATUS_LABELS,
        "waiver": WAIVER_LABELS,
    }
    for name, value in listing.chosen:
        if name in ("date", "from", "until", "q") or (name == "revisions" and value == "current"):
            continue
        shown = tables.get(name, {}).get(value, value)
        shown = {"runbook": f"#{value}", "revisions": "All revisions"}.get(name, shown)
        yield Chip(
            name=name,
            label=LABELS.get(name, name),
            value=shown,
            remove_url=listing.without(name, value=value).url(),
        )
    if listing.value("q"):
        yield Chip(
            name="q", label="Text", value=listing.value("q"), remove_url=listing.without("q").url()
        )


def exclusions(listing: Listing) -> list[str]:
    """Return why the filters can match nothing together, in sentences; empty if they can."""
    types = set(listing.values("type")) or {item.value for item in DEFAULT_TYPES}
    if "all" in types:
        return []
    found = []
    verdicts = RecordType.VERIFICATION_RESULT.value in types
    if listing.values("status") and not verdicts:
        found.append(
            "A verdict status matches verdicts alone, but the type filter leaves verdicts out."
        )
    if listing.values("waiver") and not verdicts and RecordType.WAIVER.value not in types:
        found.append(
            "A waiver category matches waivers and waived verdicts, but the type filter leaves both out."
        )
    about_runs = {"verification_run", "verification_result", "waiver"}
    if listing.value("run") and not types & about_runs:
        found.append(
            "A run id matches runs, verdicts and waivers, but the type filter leaves them out."
        )
    return found
