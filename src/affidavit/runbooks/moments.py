"""Times that a caller states: when a fact really happened, elsewhere and before it reached us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from affidavit.kit.clock import format_time
from affidavit.kit.errors import InvalidInput

SKEW = timedelta(minutes=5)  # how far a reporter's clock may be ahead of ours


def past_moment(stated: datetime | None, *, now: datetime, what: str) -> datetime:
    """Return the stated time in UTC, or `now` where none was stated. `what` names the field in errors.

    Raises:
        InvalidInput: the time has no zone, or lies more than five minutes in the future.
    """
    if stated is None:
        return now
    if stated.tzinfo is None:
        raise InvalidInput(f"{what}: a time needs an offset, such as 2026-11-22T20:18:06.123456Z")
    if stated > now + SKEW:
        raise InvalidInput(
            f"{what}: {format_time(stated)} lies in the future; here it is {format_time(now)}."
            " Check the clock of the machine that reports."
        )
    return stated.astimezone(UTC)
