"""The viewer's time zone: their setting, else what the browser says, else UTC."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest

COOKIE = "time_zone"
_NOT_PLACES = ("Etc/", "SystemV/", "posix/", "right/")


@cache
def zone_names() -> tuple[str, ...]:
    """Return every IANA zone that a person may choose: UTC first, then places by name."""
    places = sorted(name for name in available_timezones() if "/" in name)
    return ("UTC", *(name for name in places if not name.startswith(_NOT_PLACES)))


def zone_by_name(name: str) -> ZoneInfo | None:
    """Return the zone of that IANA name, None for anything else."""
    return ZoneInfo(name) if name in available_names() else None


@cache
def available_names() -> frozenset[str]:
    """Return every name that the installed zone database knows."""
    return frozenset(available_timezones())


def viewer_zone(request: HttpRequest) -> tuple[ZoneInfo, bool]:
    """Return the zone in which this viewer reads and types times, and whether they chose it."""
    chosen = zone_by_name(getattr(request.user, "time_zone", ""))
    if chosen is not None:
        return chosen, True
    guessed = zone_by_name(request.COOKIES.get(COOKIE, ""))
    return guessed or ZoneInfo("UTC"), False
