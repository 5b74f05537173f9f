"""Time as the records state it: UTC, whole microseconds, RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?P<fraction>\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00:00Z; exact, no float is involved.

    Raises:
        ValueError: `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone; this one has none")
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the UTC time that lies `micros` microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=micros)


def format_time(moment: datetime) -> str:
    """Return the one form in which records state a time, such as `2026-11-22T20:18:06.123456Z`.

    Raises:
        ValueError: `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone; this one has none")
    utc = moment.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 time (at most microseconds, with an offset) and return it in UTC.

    Raises:
        ValueError: the text is no such time; finer than a microsecond is refused, not rounded.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError(
            f"{text[:60]!r} is not an RFC 3339 time with an offset and at most microseconds,"
            " such as 2026-11-22T20:18:06.123456Z"
        )
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from error
