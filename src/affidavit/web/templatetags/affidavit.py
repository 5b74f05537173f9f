"""Filters of the templates: hidden characters made visible, times, sizes and numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from affidavit.kit.clock import format_time, parse_time
from affidavit.web.visible import visible as make_visible
from affidavit.web.vocabulary import Status, status_of, type_label
from affidavit.web.vocabulary import words as in_words

register = template.Library()


@register.filter
def visible(value: Any) -> SafeString:
    """Return text isolated from its surroundings' direction, with hidden characters shown."""
    return format_html('<bdi dir="auto">{}</bdi>', make_visible(str(value)))


@register.filter
def words(value: Any) -> str:
    """Return a vocabulary's value in words."""
    return in_words(str(value))


@register.filter
def type_words(value: str) -> str:
    """Return a record type in words."""
    return type_label(value)


@register.filter
def status(value: str | None) -> Status | None:
    """Return how a status is shown."""
    return status_of(value)


@register.filter
def number(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}"


@register.filter
def day(value: date) -> str:
    """Return a day in words: `Sunday, 22 November 2026`."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


@register.filter
def rfc3339(value: datetime) -> str:
    """Return a time as the records state it."""
    return format_time(value)


@register.filter
def zone_offset(value: datetime) -> str:
    """Return a time's distance from UTC: `UTC+01:00`."""
    text = f"{value:%z}"
    return f"UTC{text[:3]}:{text[3:5]}" if text.strip("+0") else "UTC"


@register.filter
def size(value: int) -> str:
    """Return a size: exact bytes, and in larger units above 1,024."""
    amount, unit = float(value), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{value:,} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a symbol of the page's sprite; it carries no meaning that words beside it don't."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>', name
    )


@register.simple_tag
def badge(shown: Status | None) -> SafeString:
    """Return a status as symbol and word."""
    if shown is None:
        return SafeString("")
    return format_html(
        '<span class="badge tone-{}">{}<span>{}</span></span>',
        shown.tone,
        icon(shown.symbol),
        shown.label,
    )


@register.filter
def local(value: datetime, time_zone: ZoneInfo) -> str:
    """Return a time in the viewer's zone, to the second."""
    return stamp(value.astimezone(time_zone))


@register.filter
def bound(value: datetime, time_zone: ZoneInfo) -> str:
    """Return a filter's bound in the viewer's zone; a midnight as the beginning of its day."""
    moment = value.astimezone(time_zone)
    midnight = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return f"{moment:%Y-%m-%d} 00:00" if midnight else f"{moment:%Y-%m-%d %H:%M:%S.%f}"


# Django's own `date` filter would move a time to another zone; these show it in the zone that it has.
@register.filter
def stamp(value: datetime) -> str:
    """Return a time as day and second."""
    return f"{value:%Y-%m-%d %H:%M:%S}"


@register.filter
def minute(value: datetime) -> str:
    """Return a time as day and minute."""
    return f"{value:%Y-%m-%d %H:%M}"


@register.filter
def clock(value: datetime) -> str:
    """Return the time of the day, to the second."""
    return f"{value:%H:%M:%S}"


@register.filter
def moment(value: str, time_zone: ZoneInfo) -> str:
    """Return a record's time in the viewer's zone, to the second."""
    return stamp(parse_time(value).astimezone(time_zone))
