"""Compile the filter as it was typed once more, from the manifest alone, and compare with its query.

So that the words that a reader sees ("repository payments, last 30 days") and the query that was
evaluated cannot differ.  Which id a name stands for is not known here: the manifest says it, and the
exported bodies bear it out where they name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from affidavit.kit.clock import format_time, parse_time
from affidavit.proof.errors import ProofError
from affidavit.proof.query import words

DEFAULT_TYPES = frozenset(
    {"runbook_submission", "verification_run", "verification_result", "waiver", "approval"}
)
"""What a filter without types admits (specification, section 7)."""
PRESETS = {"7d": 7, "30d": 30, "90d": 90}

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def filter_contradictions(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Give each member of the query that the typed filter does not compile to.

    Raises ProofError when the filter holds what this verifier cannot compile.
    """
    filters, query = manifest["filters"], manifest["query"]
    unknown = filters.keys() - _READERS.keys() - {"date", "from", "until"}
    if unknown:
        raise ProofError(f"the filter has {', '.join(sorted(unknown))}, which is not known here")
    try:
        expected = {
            member: read(filters.get(name), manifest) for name, (member, read) in _READERS.items()
        }
        expected["occurred_from"], expected["occurred_until"] = _bounds(manifest)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ProofError(f"the filter cannot be compiled: {error}") from error
    for member, wanted in expected.items():
        found = query[member]
        if (set(found) if isinstance(wanted, set) else found) != wanted:
            shown = sorted(wanted) if isinstance(wanted, set) else wanted
            yield f"the filter as typed gives {member} {shown!r:.160}, the query has {found!r:.160}"


def _types(value: Any, manifest: Mapping[str, Any]) -> Any:
    if value == ["all"]:
        return set()
    return set(value or DEFAULT_TYPES)


def _several(value: Any, manifest: Mapping[str, Any]) -> Any:
    return set(value or ())


def _ids(member: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    def read(value: Any, manifest: Mapping[str, Any]) -> Any:
        ids = manifest[member]
        if set(value or ()) != ids.keys():
            raise ValueError(
                f"{member} are {sorted(value or ())}, but ids are given for {sorted(ids)}"
            )
        return {str(item) for item in ids.values()}

    return read


_READERS: dict[str, tuple[str, Callable[[Any, Mapping[str, Any]], Any]]] = {
    "type": ("types", _types),
    "repo": ("repo_ids", _ids("repos")),
    "actor": ("actor_ids", _ids("actors")),
    "status": ("verdict_statuses", _several),
    "waiver": ("waiver_categories", _several),
    "runbook": ("runbook_number", lambda value, _: None if value is None else int(value)),
    "run": ("run_id", lambda value, _: value or None),
    "commit": ("commit_prefix", lambda value, _: value.lower() if value else None),
    "q": ("text", lambda value, _: list(words(value or ""))),
    "revisions": ("revisions", lambda value, _: value or "current"),
}


def _bounds(manifest: Mapping[str, Any]) -> tuple[str | None, str | None]:
    filters = manifest["filters"]
    zone = ZoneInfo(manifest["time_zone"])
    preset = filters.get("date", "")
    if preset in PRESETS:
        today = _moment(manifest["requested_at"], zone).astimezone(zone).date()
        first = today - timedelta(days=PRESETS[preset] - 1)
        return format_time(_midnight(first, zone)), format_time(
            _midnight(today + timedelta(days=1), zone)
        )
    if preset not in ("", "custom"):
        raise ValueError(f"date {preset!r} is not known")
    start, end = filters.get("from"), filters.get("until")
    return (
        format_time(_moment(start, zone)) if start else None,
        format_time(_moment(end, zone)) if end else None,
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if _DAY.fullmatch(text):
        return _midnight(date.fromisoformat(text), zone)
    return parse_time(text)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
