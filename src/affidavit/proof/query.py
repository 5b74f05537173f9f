"""The compiled filter of an export: what the ledger's headers alone are enough to re-evaluate.

The audit view compiles an `AuditFilter` (names, a time zone, presets) to a `Query` (ids, absolute times)
for one ledger size. SQL evaluates it on the server; `matches_header` evaluates it on an auditor's
machine, over every header, without trusting that server.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

VERDICT = "verification_result"

# The members of a body in which full text is searched, at any depth below them.
TEXT_FIELDS = frozenset(
    {
        "acceptance_criteria", "actor", "branch", "changed_by", "changes", "comment", "criterion",
        "decided_by", "detail", "error_message", "followup_url", "intent", "location", "merged_by",
        "name", "pull_request", "reason", "repo", "setting", "subject", "submitted_by", "title",
        "verifier", "waived_by",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Query:
    """A filter with nothing left to interpret.

    An empty tuple or None does not restrict. Times are RFC 3339 UTC with microseconds, from inclusive,
    until exclusive. `verdict_statuses` admits verdicts alone. `text` holds normalised words, each of
    which must stand somewhere in the record's text. `revisions` "current" admits a record's latest
    revision among the first `ledger_size` entries, "all" every one.
    """

    ledger_size: int
    revisions: Literal["current", "all"] = "current"
    types: tuple[str, ...] = ()
    repo_ids: tuple[str, ...] = ()
    actor_ids: tuple[str, ...] = ()
    verdict_statuses: tuple[str, ...] = ()
    waiver_categories: tuple[str, ...] = ()
    runbook_number: int | None = None
    run_id: str | None = None
    commit_prefix: str | None = None
    occurred_from: str | None = None
    occurred_until: str | None = None
    text: tuple[str, ...] = ()

    def matches_header(self, header: Mapping[str, Any]) -> bool:
        """Tell whether an entry's header satisfies everything but `text` and currency."""
        get = header.get
        when = header["occurred_at"]
        return not (
            (self.types and header["record_type"] not in self.types)
            or (self.repo_ids and get("repo_id") not in self.repo_ids)
            or (self.actor_ids and header["actor_id"] not in self.actor_ids)
            or (self.verdict_statuses and not self._verdict_matches(header))
            or (self.waiver_categories and get("waiver_category") not in self.waiver_categories)
            or (self.runbook_number is not None and get("runbook_number") != self.runbook_number)
            or (self.run_id is not None and get("run_id") != self.run_id)
            or (self.commit_prefix and not get("commit_sha", "").startswith(self.commit_prefix))
            or (self.occurred_from is not None and when < self.occurred_from)
            or (self.occurred_until is not None and when >= self.occurred_until)
            or header["seq"] >= self.ledger_size
        )

    def _verdict_matches(self, header: Mapping[str, Any]) -> bool:
        return header["record_type"] == VERDICT and header.get("status") in self.verdict_statuses

    def matches_text(self, body: Mapping[str, Any]) -> bool:
        """Tell whether every word of `text` stands in the record's searchable text."""
        if not self.text:
            return True
        haystack = search_text(body)
        return all(word in haystack for word in self.text)

    def to_json(self) -> dict[str, Any]:
        """Return the query as it stands in a manifest; every member is always there."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read `to_json` back.

        Raises:
            ValueError: a member is missing, unknown or of another type.
        """
        names = {field.name for field in fields(cls)}
        if set(value) != names:
            odd = ", ".join(sorted(set(value) ^ names))
            raise ValueError(f"the query's members differ from those of this version: {odd}")
        members = {name: _member(name, value[name]) for name in names}
        if members["revisions"] not in ("current", "all"):
            raise ValueError("the query's revisions must be 'current' or 'all'")
        return cls(**members)


_NUMBERS = frozenset({"ledger_size", "runbook_number"})
_TEXTS = frozenset({"revisions", "run_id", "commit_prefix", "occurred_from", "occurred_until"})
_OPTIONAL = frozenset(
    {"runbook_number", "run_id", "commit_prefix", "occurred_from", "occurred_until"}
)


def _member(name: str, value: Any) -> Any:
    if value is None and name in _OPTIONAL:
        return None
    if name in _NUMBERS:
        fine = isinstance(value, int) and not isinstance(value, bool)
    elif name in _TEXTS:
        fine = isinstance(value, str)
    else:
        fine = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not fine:
        raise ValueError(f"the query's {name} is of an unexpected type: {value!r:.80}")
    return tuple(value) if isinstance(value, list) else value


def normalise(text: str) -> str:
    """Return `text` as it is compared in full-text search: NFKC, then case-folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> tuple[str, ...]:
    """Return the distinct normalised words of a search, in order."""
    return tuple(dict.fromkeys(normalise(text).split()))


def search_text(body: Mapping[str, Any]) -> str:
    """Return a record's searchable text, normalised, one line a value."""
    found = (text for name in sorted(TEXT_FIELDS & body.keys()) for text in _strings(body[name]))
    return normalise("\n".join(found))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
