"""The figures of the report's summary, and how the charts group them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from affidavit.exports.pdf.shapes import MARKS, words
from affidavit.exports.pdf.text import shown

STATUSES = ("pass", "fail", "warn", "error")
_MAX_BARS = 62  # bars narrower than 2.5 mm can't be told apart in print
_PATTERNS = ("up", "dot", "cross", "plain")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Counts over the same records that the report lists.

    `verdicts_by_day`: (day in the report's time zone, verdicts by status), in order of days.
    `waivers_by_reviewer`: by the name on the record.
    """

    rows_by_type: Mapping[str, int] = field(default_factory=dict)
    verdicts_by_day: Sequence[tuple[date, Mapping[str, int]]] = ()
    waivers_by_category: Mapping[str, int] = field(default_factory=dict)
    waivers_by_reviewer: Mapping[str, int] = field(default_factory=dict)


def summary_data(summary: Summary, *, empty: bool) -> dict[str, Any]:
    """Return the summary as the template takes it."""
    waivers = sorted(summary.waivers_by_category.items())
    reviewers = sorted(summary.waivers_by_reviewer.items(), key=lambda item: (-item[1], item[0]))
    return {
        "empty": empty,
        "verdicts": _verdicts(summary.verdicts_by_day),
        "waivers": [
            [words(name), count, _PATTERNS[index % len(_PATTERNS)]]
            for index, (name, count) in enumerate(waivers)
            if count
        ],
        "reviewers": [[shown(name, long_word=24), f"{count:,}"] for name, count in reviewers],
    }


def _verdicts(days: Sequence[tuple[date, Mapping[str, int]]]) -> dict[str, Any]:
    unit, bars = _grouped([(day, counts) for day, counts in days if sum(counts.values())])
    totals = Counter[str]()
    for _, counts in bars:
        totals.update(counts)
    everything = sum(totals.values())
    top = _top(max((sum(counts.values()) for _, counts in bars), default=0))
    labelled = max(1, -(-len(bars) // 8))
    return {
        "unit": unit,
        "top": top,
        "ticks": [[top * step // 4, f"{top * step // 4:,}"] for step in range(5)],
        "bars": [
            {
                "label": label if index % labelled == 0 else None,
                "parts": [[status, counts[status]] for status in STATUSES if counts.get(status)],
            }
            for index, (label, counts) in enumerate(bars)
        ],
        "totals": [
            {
                "status": status,
                "label": f"{MARKS[status][0]} {status}",
                "count": f"{totals[status]:,}",
                "share": f"{totals[status] / everything:.1%}" if everything else "–",
            }
            for status in STATUSES
        ],
        "alt": f"Stacked bars, verdicts by {unit}, {len(bars)} bars. In all: "
        + ", ".join(f"{status} {totals[status]:,}" for status in STATUSES)
        + ".",
    }


def _grouped(
    days: list[tuple[date, Mapping[str, int]]],
) -> tuple[str, list[tuple[str, Counter[str]]]]:
    """Group days so that the bars stay legible: by day, week (from Monday), month or year."""
    if not days:
        return "day", []
    first, last = days[0][0], days[-1][0]
    span = (last - first).days + 1
    if span <= _MAX_BARS:
        unit, slots = "day", [first + timedelta(days=n) for n in range(span)]
    elif span <= _MAX_BARS * 7 - 7:
        unit, monday = "week", first - timedelta(days=first.weekday())
        slots = [monday + timedelta(days=7 * n) for n in range((last - monday).days // 7 + 1)]
    elif span <= _MAX_BARS * 28:
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        unit, slots = "month", [date(m // 12, m % 12 + 1, 1) for m in months]
    else:
        unit, slots = "year", [date(year, 1, 1) for year in range(first.year, last.year + 1)]
    counts = {slot: Counter[str]() for slot in slots}
    for day, values in days:
        counts[_slot(day, unit)].update(values)
    form = {"day": "%d %b", "week": "%d %b %y", "month": "%b %Y", "year": "%Y"}[unit]
    return unit, [(_date_text(slot, form), counts[slot]) for slot in slots]


def _slot(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date_text(day: date, form: str) -> str:
    """Format a date with English months, whatever the server's locale is."""
    return day.strftime(form.replace("%b", _MONTHS[day.month - 1]))


def _top(highest: int) -> int:
    """Return the end of the scale: the least of 4, 8, 12, ... 32, 40, 60, 80, 120, ... that holds it."""
    scale = 4
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if scale * factor >= highest:
                return scale * factor
        scale *= 10
