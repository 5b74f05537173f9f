"""The state of the audit view, as its URL holds it: the filter and the place in the list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from affidavit.audit.filters import PRESETS, AuditFilter
from affidavit.audit.selectors import Cursor
from affidavit.kit.errors import InvalidInput

PAGE_SIZES = (25, 50, 100, 250)
PAGE_SIZE = 50
ANY_DATE = "any"  # the form's word for no bound; it never stays in the URL
_PLACE = ("after", "before", "at", "per")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What the audit view shows: `chosen` are the filter's parameters, the rest is the place in the list.

    `at` freezes the list at a ledger size, so that paging neither skips nor repeats a record while others
    arrive or are revised.
    """

    chosen: tuple[tuple[str, str], ...] = ()
    after: Cursor | None = None
    before: Cursor | None = None
    at: int | None = None
    per: int = PAGE_SIZE

    @classmethod
    def of(cls, params: QueryDict) -> Self:
        """Read a URL's parameters; the filter's own are checked when `filter` is read.

        Raises:
            InvalidInput: a place that is not one of ours.
        """
        pairs = [(name, value) for name, values in params.lists() for value in values if value]
        place = {name: value for name, value in pairs if name in _PLACE}
        if "after" in place and "before" in place:
            raise InvalidInput("after and before can't be combined; begin again at the first page")
        return cls(
            chosen=_settled([pair for pair in pairs if pair[0] not in _PLACE]),
            after=Cursor.parse(place["after"]) if "after" in place else None,
            before=Cursor.parse(place["before"]) if "before" in place else None,
            at=_number(place, "at"),
            per=_page_size(place),
        )

    @cached_property
    def filter(self) -> AuditFilter:
        """The filter itself. Raises InvalidInput, naming the parameter that can't be read."""
        return AuditFilter.from_params(self.chosen)

    def values(self, name: str) -> list[str]:
        """Return what was chosen of one parameter, as it stands in the URL."""
        return [value for key, value in self.chosen if key == name]

    def value(self, name: str) -> str:
        """Return the single value of one parameter, or nothing."""
        return next(iter(self.values(name)), "")

    @property
    def q(self) -> str:
        """The text that is searched for."""
        return self.value("q")

    @property
    def runbook(self) -> str:
        """The runbook number, as typed."""
        return self.value("runbook")

    @property
    def commit(self) -> str:
        """The beginning of a commit's SHA, as typed."""
        return self.value("commit")

    @property
    def run(self) -> str:
        """The run id, as typed."""
        return self.value("run")

    @property
    def revisions(self) -> str:
        """`current` or `all`."""
        return self.value("revisions")

    def without(self, *names: str, value: str | None = None) -> Self:
        """Return the first page of this list without these parameters, or without one value of them."""
        kept = [
            pair
            for pair in self.chosen
            if pair[0] not in names or (value is not None and pair[1] != value)
        ]
        return replace(self, chosen=tuple(kept), after=None, before=None, at=None)

    def having(self, *pairs: tuple[str, str]) -> Self:
        """Return the first page of this list with these parameters in place of their earlier values."""
        names = {name for name, _ in pairs}
        kept = [pair for pair in self.chosen if pair[0] not in names]
        return replace(self, chosen=(*kept, *pairs), after=None, before=None, at=None)

    def query_string(self) -> str:
        """Return the filter alone, canonical where it can be read, as a query string."""
        try:
            return urlencode(self.filter.to_params())
        except InvalidInput:
            return urlencode(self.chosen)

    def url(self) -> str:
        """Return this very state's address."""
        parts = [self.query_string(), urlencode(self._place())]
        query = "&".join(part for part in parts if part)
        return reverse("audit") + (f"?{query}" if query else "")

    def _place(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        if self.after or self.before:
            cursor = self.after or self.before
            assert cursor is not None
            pairs.append(("after" if self.after else "before", cursor.text()))
            if self.at is not None:
                pairs.append(("at", str(self.at)))
        if self.per != PAGE_SIZE:
            pairs.append(("per", str(self.per)))
        return pairs


def _settled(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Resolve what a form alone can send: a date choice together with the fields of another one."""
    date = next((value for name, value in pairs if name == "date"), "")
    if date == ANY_DATE:
        return tuple(pair for pair in pairs if pair[0] not in ("date", "from", "until"))
    if date in PRESETS:
        return tuple(pair for pair in pairs if pair[0] not in ("from", "until"))
    if date == "custom" and not any(name in ("from", "until") for name, _ in pairs):
        return tuple(pair for pair in pairs if pair[0] != "date")
    return tuple(pairs)


def _number(place: dict[str, str], name: str) -> int | None:
    text = place.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 17):
        raise InvalidInput(f"{name} must be a ledger size: a whole number")
    return int(text)


def _page_size(place: dict[str, str]) -> int:
    size = _number(place, "per")
    if size is not None and size not in PAGE_SIZES:
        raise InvalidInput(f"per must be one of {', '.join(map(str, PAGE_SIZES))}")
    return size or PAGE_SIZE
