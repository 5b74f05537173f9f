"""The first pass over a file: is every record of it good, and which of them are new here?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from pydantic import ValidationError

from affidavit.identity.models import Organization
from affidavit.imports.reading import Found
from affidavit.kit.clock import format_time, parse_time
from affidavit.kit.errors import InvalidInput
from affidavit.kit.ids import RECORD_ID
from affidavit.records.models import Record
from affidavit.records.services import describe
from affidavit.records.shapes import ENVELOPE, MAX_INTEGER, MAX_NAME, SHAPES
from affidavit.records.types import ActorKind, RecordType

# What this installation sets itself; a file's values for them say where the record stood before.
REASSIGNED = frozenset({"seq", "recorded_at", "organization", "via"})
BATCH = 500
MAX_PROBLEMS = 100


@dataclass(frozen=True)
class Checked:
    """A good record: the parts of its envelope that are kept, and its fields in their final form."""

    place: str
    record_type: RecordType
    record_id: str
    revision: int
    occurred_at: datetime
    repo: str | None
    actor: str
    actor_kind: ActorKind
    fields: dict[str, Any]

    def comparable(self) -> dict[str, Any]:
        """Return the public record without what each installation sets itself."""
        return {
            "record_id": self.record_id,
            "record_type": self.record_type.value,
            "revision": self.revision,
            "occurred_at": format_time(self.occurred_at),
            "repo": self.repo,
            "actor": self.actor,
            "actor_kind": self.actor_kind.value,
            **self.fields,
        }


@dataclass
class Findings:
    """What the first pass learned. `problems` holds the first ones in words; `bad` counts them all."""

    records: int = 0
    known: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    row_counts: dict[str, int] = field(default_factory=dict)
    actors: dict[str, ActorKind] = field(default_factory=dict)
    actor_ids: dict[str, str] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)  # run_id -> commit_sha
    categories: dict[str, str] = field(default_factory=dict)  # result_id -> waiver category
    _latest: dict[str, int] = field(default_factory=dict)
    _versions: dict[tuple[int, int], str] = field(default_factory=dict)

    def problem(self, place: str, text: str) -> None:
        """Take note of something that keeps the file from being imported."""
        self.bad += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{place}: {text}")

    def in_order(self, item: Checked) -> bool:
        """Tell whether the record's revision comes after all that the file had of it before."""
        before = self._latest.get(item.record_id, 0)
        self._latest[item.record_id] = max(before, item.revision)
        if item.revision > before:
            return True
        self.problem(
            item.place,
            f"record {item.record_id} revision {item.revision} stands after revision {before}; every"
            " revision may stand in a file once, the earlier ones first (order by seq)",
        )
        return False

    def same_version(self, item: Checked) -> str | None:
        """Return another record that claims the same runbook version, if the file has one."""
        key = (item.fields["runbook_number"], item.fields["runbook_version"])
        other = self._versions.setdefault(key, item.record_id)
        return other if other != item.record_id else None


def check_record(found: Found) -> Checked:
    """Return the record in its final form.

    Raises:
        InvalidInput: it breaks the contract; the message says in which field and how.
    """
    if found.body is None:
        raise InvalidInput(found.problem or "can't be read")
    body = dict(found.body)
    envelope = {name: body.pop(name, None) for name in ENVELOPE}
    try:
        record_type = RecordType(envelope["record_type"])
        actor_kind = ActorKind(envelope["actor_kind"])
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    try:
        fields = SHAPES[record_type].model_validate(body).model_dump(by_alias=True)
    except ValidationError as error:
        raise InvalidInput(f"{record_type}: {describe(error)}") from error
    return Checked(
        place=found.place,
        record_type=record_type,
        record_id=_record_id(envelope["record_id"]),
        revision=_revision(envelope["revision"]),
        occurred_at=_time(envelope["occurred_at"]),
        repo=None if envelope["repo"] is None else _name(envelope["repo"], "repo"),
        actor=_name(envelope["actor"], "actor"),
        actor_kind=actor_kind,
        fields=fields,
    )


def _record_id(value: Any) -> str:
    if not isinstance(value, str) or not RECORD_ID.fullmatch(value):
        raise InvalidInput(f"record_id {str(value)[:80]!r} must be 1 to 64 of A-Z a-z 0-9 . _ : -")
    return value


def _revision(value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not 1 <= value <= min(MAX_INTEGER, 2**31 - 1)
    ):
        raise InvalidInput(f"revision {str(value)[:40]!r} must be a positive integer")
    return value


def _time(value: Any) -> datetime:
    try:
        return parse_time(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"occurred_at: {error}") from error


def _name(value: Any, what: str) -> str:
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > MAX_NAME
        or any(ord(character) < 32 for character in value)
    ):
        raise InvalidInput(
            f"{what} {str(value)[:80]!r} must be 1 to {MAX_NAME} printable characters"
        )
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{what} holds a lone surrogate") from error
    return value


def check_batch(
    organization: Organization, batch: list[Checked], findings: Findings
) -> Iterator[Checked]:
    """Yield the records of a batch that are new here; a known one must say the same."""
    known = _stored(organization, [item.record_id for item in batch])
    for item in batch:
        stored = known.get(item.record_id, {})
        if item.revision in stored:
            findings.known += 1
            _compare(item, stored[item.revision], findings)
        elif stored and item.revision < max(stored):
            findings.problem(
                item.place,
                f"revision {item.revision} of {item.record_id} can't be added after revision"
                f" {max(stored)}, which is recorded already",
            )
        else:
            yield item


def _stored(organization: Organization, ids: list[str]) -> dict[str, dict[int, str | None]]:
    """Map record ids to the stored bodies by revision."""
    marks = ", ".join(["%s"] * len(ids))
    found: dict[str, dict[int, str | None]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.record_id, r.revision, e.body FROM records_record r JOIN ledger_entry e"
            " ON e.organization_id = r.organization_id AND e.seq = r.seq"
            f" WHERE r.organization_id = %s AND r.record_id IN ({marks})",
            [organization.pk, *ids],
        )
        for record_id, revision, body in cursor.fetchall():
            found.setdefault(record_id, {})[revision] = body
    return found


def _compare(item: Checked, stored: str | None, findings: Findings) -> None:
    if stored is None:
        findings.problem(item.place, f"record {item.record_id} was erased here; it stays erased")
        return
    mine: Mapping[str, Any] = orjson.loads(stored)
    theirs = item.comparable()
    differing = sorted(name for name, value in theirs.items() if mine.get(name) != value)
    if differing:
        findings.problem(
            item.place,
            f"record {item.record_id} revision {item.revision} is recorded already and differs in:"
            f" {', '.join(differing)}",
        )


def versions_taken(organization: Organization, batch: list[Checked], findings: Findings) -> None:
    """Refuse a submission whose runbook version another record has here, or in the file."""
    for item in batch:
        if item.record_type is not RecordType.RUNBOOK_SUBMISSION:
            continue
        number, version = item.fields["runbook_number"], item.fields["runbook_version"]
        other = findings.same_version(item) or _version_holder(organization, number, version)
        if other not in (None, item.record_id):
            findings.problem(
                item.place,
                f"runbook {number} version {version} is another change here already (record {other})."
                " Import into an organization without runbooks of its own",
            )


def _version_holder(organization: Organization, number: int, version: int) -> str | None:
    submissions = Record.objects.filter(
        organization=organization, runbook_number=number,
        record_type=RecordType.RUNBOOK_SUBMISSION.value,
    ).order_by("seq")  # fmt: skip
    ids = list(submissions.values_list("record_id", "seq"))
    for record_id, seq in ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT body FROM ledger_entry WHERE organization_id = %s AND seq = %s",
                [organization.pk, seq],
            )
            body = cursor.fetchone()[0]
        if body is not None and orjson.loads(body)["runbook_version"] == version:
            return str(record_id)
    return None
