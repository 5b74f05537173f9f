"""A record's fields in words, each with the kind of value that it holds, in the order of the contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from affidavit.records.shapes import fields_of
from affidavit.records.types import RecordType
from affidavit.web.vocabulary import Status, status_of, waiver_of, words

_STATUSES = frozenset({"status", "decision"})
_IDENTIFIERS = ("_id", "_sha", "_hash", "sha256")
_LINKS = frozenset({"followup_url", "pull_request"})
_ABBREVIATIONS = {"id": "id", "sha": "SHA", "url": "URL", "sha256": "SHA-256"}
_ENVELOPE = ("repo", "actor", "actor_kind", "via", "occurred_at", "recorded_at", "record_id")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field as it is shown. `kind` names the way; `parts` are the fields inside a nested value."""

    name: str
    label: str
    kind: str
    value: Any = None
    status: Status | None = None
    parts: list[Field] = field(default_factory=list)


def own_fields(record_type: str, body: Mapping[str, Any]) -> list[Field]:
    """Return the fields that the record's type adds, but evidence, which is shown on its own."""
    names = fields_of(RecordType(record_type))
    return [one(name, body.get(name)) for name in names if name != "evidence"]


def envelope(body: Mapping[str, Any]) -> list[Field]:
    """Return who and when and where: what every record has."""
    return [one(name, body.get(name)) for name in _ENVELOPE]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[Field, Field]]:
    """Return (before, after) of each field that a revision changed."""
    passing = {"revision", "seq", "recorded_at"}
    names = [name for name in {**before, **after} if name not in passing]
    return [
        (one(name, before.get(name)), one(name, after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def label_of(name: str) -> str:
    """Return a field's name in words: `commit_sha` becomes `Commit SHA`."""
    first, *rest = (_ABBREVIATIONS.get(part, part) for part in name.split("_"))
    return " ".join([first[:1].upper() + first[1:], *rest])


def one(name: str, value: Any) -> Field:
    """Return one field, of the kind that its name and its value ask for."""
    label = label_of(name)
    if value is None or value in ("", []):
        return Field(name=name, label=label, kind="none")
    if isinstance(value, bool):
        return Field(name=name, label=label, kind="yes" if value else "no")
    if isinstance(value, str):
        return _text(name, label, value)
    if isinstance(value, int):
        kind = "runbook" if name == "runbook_number" else "number"
        return Field(name=name, label=label, kind=kind, value=value)
    return _nested(name, label, value)


def _text(name: str, label: str, value: str) -> Field:
    if name in _STATUSES:
        return Field(name=name, label=label, kind="status", status=status_of(value))
    if name == "category":
        return Field(name=name, label=label, kind="status", status=waiver_of(value))
    if name.endswith("_at"):
        return Field(name=name, label=label, kind="time", value=value)
    if name == "run_id":
        return Field(name=name, label=label, kind="record", value=value)
    if name == "result_id":
        return Field(name=name, label=label, kind="record", value=value)
    if name in _LINKS and urlsplit(value).scheme in ("http", "https"):
        return Field(name=name, label=label, kind="link", value=value)
    if name.endswith(_IDENTIFIERS):
        return Field(name=name, label=label, kind="mono", value=value)
    if name in ("trigger_source", "actor_kind", "action", "kind"):
        return Field(name=name, label=label, kind="text", value=words(value))
    return Field(name=name, label=label, kind="text", value=value)


def _nested(name: str, label: str, value: Any) -> Field:
    if name == "location":
        return Field(name=name, label=label, kind="location", value=value)
    if name == "changes":
        return Field(name=name, label=label, kind="changes", value=value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Field(name=name, label=label, kind="list", value=value)
    if isinstance(value, dict) and all(
        not isinstance(item, dict | list) for item in value.values()
    ):
        parts = [one(key, item) for key, item in value.items()]
        return Field(name=name, label=label, kind="parts", parts=parts)
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return Field(name=name, label=label, kind="json", value=text)
