"""The one filter: what a person chose, as the page's URL, the API and the shell all state it.

Page, count, charts and every export compile the same `AuditFilter`; what is on the screen is what is
exported. A filter speaks in names and days; `compile` turns it into a `Query` of ids and absolute times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from affidavit.audit.selectors import ids_of_actors, ids_of_repos
from affidavit.identity.models import Organization
from affidavit.kit.clock import format_time, parse_time
from affidavit.kit.errors import InvalidInput
from affidavit.kit.ids import RECORD_ID
from affidavit.proof.query import Query, words
from affidavit.records.types import DEFAULT_TYPES, RecordType, VerdictStatus, WaiverCategory

PRESETS = {"7d": 7, "30d": 30, "90d": 90}
ALL_TYPES = "all"
_MULTIPLE = ("repo", "type", "actor", "status", "waiver")


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A filter made absolute for one organization, moment, time zone and ledger size.

    `repos` and `actors` map the names in the filter to their pseudonymous ids. A name that nobody has
    is mapped to an id that nothing has, so it matches nothing rather than everything.
    """

    query: Query
    occurred_from: datetime | None
    occurred_until: datetime | None
    time_zone: str
    repos: dict[str, str]
    actors: dict[str, str]


class AuditFilter(BaseModel):
    """All filters of the audit view, combined by AND; several values of one filter by OR.

    `from_` and `until` are a day in the viewer's time zone or an RFC 3339 time; from inclusive, until
    exclusive. A preset of N days is the N calendar days up to and including today.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    date: Literal["", "7d", "30d", "90d", "custom"] = ""
    from_: str = Field(default="", alias="from")
    until: str = ""
    repo: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    waiver: tuple[str, ...] = ()
    runbook: int | None = Field(default=None, ge=1, le=2**53 - 1)
    commit: str = ""
    run: str = ""
    q: str = Field(default="", max_length=500)
    revisions: Literal["current", "all"] = "current"

    @field_validator("from_", "until")
    @classmethod
    def _day_or_time(cls, value: str) -> str:
        _moment(value, ZoneInfo("UTC"))
        return value

    @field_validator("type")
    @classmethod
    def _known_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if ALL_TYPES in value:
            return (ALL_TYPES,)
        return _known(value, [item.value for item in RecordType] + [ALL_TYPES])

    @field_validator("status")
    @classmethod
    def _known_statuses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, [item.value for item in VerdictStatus])

    @field_validator("waiver")
    @classmethod
    def _known_categories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, [item.value for item in WaiverCategory])

    @field_validator("repo", "actor")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(value)))

    @field_validator("commit")
    @classmethod
    def _hex(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-fA-F]{0,64}", value):
            raise ValueError(
                "must be the beginning of a commit SHA: hexadecimal digits, at most 64"
            )
        return value.lower()

    @field_validator("run")
    @classmethod
    def _run_id(cls, value: str) -> str:
        if value and not RECORD_ID.fullmatch(value):
            raise ValueError("must be a run id: 1 to 64 of A-Z a-z 0-9 . _ : -")
        return value

    @field_validator("q")
    @classmethod
    def _searchable(cls, value: str) -> str:
        if "\x00" in value:
            raise ValueError("must not contain U+0000 (NUL)")
        return value.strip()

    @model_validator(mode="after")
    def _range(self) -> Self:
        if (self.from_ or self.until) and self.date not in ("", "custom"):
            raise ValueError(
                f"date={self.date} can't be combined with from or until; use date=custom"
            )
        start, end = (_moment(text, ZoneInfo("UTC")) for text in (self.from_, self.until))
        if start and end and end < start:
            raise ValueError(f"until ({self.until}) lies before from ({self.from_})")
        return self

    @classmethod
    def from_params(cls, params: Iterable[tuple[str, str]]) -> Self:
        """Read the parameters of a URL; empty values count as absent.

        Raises:
            InvalidInput: an unknown parameter or a bad value; the message names it.
        """
        values: dict[str, Any] = {}
        for name, value in params:
            if not value:
                continue
            if name in _MULTIPLE:
                values[name] = (*values.get(name, ()), value)
            elif name in values:
                raise InvalidInput(f"filter {name}: given more than once")
            else:
                values[name] = value
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidInput(_explain(error), extra={"parameters": _where(error)}) from error

    def to_params(self) -> list[tuple[str, str]]:
        """Return the URL parameters that say the same: defaults left out, in a fixed order."""
        params: list[tuple[str, str]] = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value == field.default:
                continue
            shown = field.alias or name
            several = value if isinstance(value, tuple) else (value,)
            params.extend((shown, str(item)) for item in several)
        return params

    def to_json(self) -> dict[str, Any]:
        """Return the filter as a manifest and an `access` record state it: only what was chosen."""
        chosen: dict[str, Any] = {}
        for name, value in self.to_params():
            if name in _MULTIPLE:
                chosen.setdefault(name, []).append(value)
            else:
                chosen[name] = value
        return chosen

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read `to_json` back. Raises InvalidInput."""
        pairs = [
            (name, str(item))
            for name, items in value.items()
            for item in (items if isinstance(items, list) else [items])
        ]
        return cls.from_params(pairs)

    def types(self) -> tuple[str, ...]:
        """Return the record types that the filter admits; empty stands for every type."""
        if self.type == (ALL_TYPES,):
            return ()
        return self.type or tuple(item.value for item in DEFAULT_TYPES)

    def bounds(
        self, *, now: datetime, time_zone: ZoneInfo
    ) -> tuple[datetime | None, datetime | None]:
        """Return [from, until) in UTC-comparable form; None where the filter sets no bound."""
        if self.date in PRESETS:
            today = now.astimezone(time_zone).date()
            first = today - timedelta(days=PRESETS[self.date] - 1)
            return _midnight(first, time_zone), _midnight(today + timedelta(days=1), time_zone)
        return _moment(self.from_, time_zone), _moment(self.until, time_zone)

    def compile(
        self, *, organization: Organization, now: datetime, time_zone: ZoneInfo, ledger_size: int
    ) -> Compiled:
        """Make the filter absolute: at this moment, in this zone, over the first `ledger_size` entries."""
        start, end = self.bounds(now=now, time_zone=time_zone)
        repos = ids_of_repos(organization=organization, names=self.repo)
        actors = ids_of_actors(organization=organization, names=self.actor)
        query = Query(
            ledger_size=ledger_size,
            revisions=self.revisions,
            types=self.types(),
            repo_ids=tuple(repos.values()),
            actor_ids=tuple(actors.values()),
            verdict_statuses=self.status,
            waiver_categories=self.waiver,
            runbook_number=self.runbook,
            run_id=self.run or None,
            commit_prefix=self.commit or None,
            occurred_from=format_time(start) if start else None,
            occurred_until=format_time(end) if end else None,
            text=words(self.q),
        )
        return Compiled(
            query=query, occurred_from=start, occurred_until=end, time_zone=str(time_zone),
            repos=repos, actors=actors,
        )  # fmt: skip


def _known(value: tuple[str, ...], vocabulary: list[str]) -> tuple[str, ...]:
    unknown = sorted(set(value) - set(vocabulary))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)[:80]}; known: {', '.join(vocabulary)}")
    return tuple(item for item in vocabulary if item in value)


def _midnight(day: date, time_zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=time_zone)


def _moment(text: str, time_zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return _midnight(date.fromisoformat(text), time_zone)
    return parse_time(text)


def _where(error: ValidationError) -> list[str]:
    return [
        str(item["loc"][0]) if item["loc"] else "date" for item in error.errors(include_url=False)
    ]


def _explain(error: ValidationError) -> str:
    parts = []
    for item in error.errors(include_url=False):
        name = str(item["loc"][0]) if item["loc"] else "date"
        parts.append(f"filter {name}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
