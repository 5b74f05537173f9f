"""The verbs of a runbook: submit it, replace its criteria. Each writes its record in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

import orjson
from django.db import transaction

from affidavit.identity.models import Actor, Organization, Repo
from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.kit.ids import derived_id
from affidavit.ledger import services as ledger
from affidavit.records.models import Record
from affidavit.records.services import Draft, append_one
from affidavit.records.types import ActorKind, RecordType, Via
from affidavit.runbooks.models import Runbook
from affidavit.runbooks.moments import past_moment
from affidavit.runbooks.selectors import criteria_of, runbook_get

MAX_CRITERIA = 1_000  # of one runbook; a longer list is refused, never shortened


@dataclass(frozen=True, kw_only=True)
class GitContext:
    """Where a change lies: `working` is to be merged into `target`; `commit_sha` is working's HEAD."""

    target: str | None = None
    working: str | None = None
    commit_sha: str | None = None


def runbook_submit(
    *, organization: Organization, repo: Repo, title: str, intent: str, criteria: Sequence[str],
    actor: Actor, actor_kind: ActorKind, via: Via, now: datetime, git: GitContext | None = None,
    occurred_at: datetime | None = None,
) -> Runbook:  # fmt: skip
    """Record a new runbook, version 1, under the organization's next number, and return it.

    `criteria` are kept verbatim and in order; verdicts refer to them by ordinal, counted from 1.
    `occurred_at` is when it was really submitted, where that lies in the past.

    Raises:
        InvalidInput: a text is blank, too long or not storable, or the time lies in the future.
    """
    git = git or GitContext()
    at = past_moment(occurred_at, now=now, what="occurred_at")
    _check_criteria(criteria)
    with transaction.atomic():
        ledger.lock(organization=organization)
        runbook = Runbook(
            organization=organization, number=_next_number(organization), version=1, repo=repo, title=title,
            intent=intent, criteria=_stored(criteria), branch_target=git.target,
            branch_working=git.working, commit_sha=git.commit_sha, submitted_by=actor, submitted_at=at,
        )  # fmt: skip
        _record(runbook, criteria, None, at, actor, actor_kind, via, now)
        Runbook.objects.bulk_create([runbook])
    return runbook


def runbook_edit(
    *, organization: Organization, number: int, expected_version: int, criteria: Sequence[str],
    actor: Actor, actor_kind: ActorKind, via: Via, now: datetime, occurred_at: datetime | None = None,
) -> Runbook:  # fmt: skip
    """Replace the complete list of criteria; the runbook gets its next version and a record of the edit.

    A list equal to the present one changes and records nothing. `verification.services.criteria_replace`
    does this and ends the runs that were checking the old criteria.

    Raises:
        NotFound: the organization has no such runbook.
        Conflict: the runbook is at another version than `expected_version`.
        InvalidInput: a text is blank, too long or not storable, or the time lies in the future.
    """
    at = past_moment(occurred_at, now=now, what="occurred_at")
    _check_criteria(criteria)
    with transaction.atomic():
        ledger.lock(organization=organization)
        runbook = runbook_get(organization=organization, number=number)
        if runbook.version != expected_version:
            raise Conflict(
                f"Runbook {number} is at version {runbook.version}, not {expected_version}: its criteria"
                " were edited meanwhile. Read it again and apply your edit to what it says now.",
                extra={"runbook_version": runbook.version, "expected_version": expected_version},
            )
        before = criteria_of(runbook=runbook)
        if before == list(criteria):
            return runbook
        runbook.version += 1
        runbook.criteria = _stored(criteria)
        _record(runbook, criteria, changes(before, criteria), at, actor, actor_kind, via, now)
        Runbook.objects.filter(organization=organization, number=number).update(
            version=runbook.version, criteria=runbook.criteria
        )
    return runbook


def changes(before: Sequence[str], after: Sequence[str]) -> dict[str, Any]:
    """Say what an edit did: `added`, `changed` (a text that took another's place) and `removed`.

    A text that is in both lists was kept, wherever it now stands. Of the rest, those that stand at the
    same place between kept neighbours are pairs of `from` and `to`.
    """
    added: list[str] = []
    changed: list[dict[str, str]] = []
    removed: list[str] = []
    old, new = set(before), set(after)
    for _, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone = [text for text in before[i1:i2] if text not in new]
        come = [text for text in after[j1:j2] if text not in old]
        changed += [{"from": a, "to": b} for a, b in zip(gone, come, strict=False)]
        removed += gone[len(come) :]
        added += come[len(gone) :]
    return {"added": added, "changed": changed, "removed": removed}


def _next_number(organization: Organization) -> int:
    """Return the number after the highest that any record has: numbers that were imported count too."""
    highest = (
        Record.objects.filter(organization=organization, runbook_number__isnull=False)
        .order_by("-runbook_number")
        .values_list("runbook_number", flat=True)
        .first()
    )
    return (highest or 0) + 1


def _check_criteria(criteria: Sequence[str]) -> None:
    if len(criteria) > MAX_CRITERIA:
        raise InvalidInput(
            f"acceptance_criteria: {len(criteria)} are more than the {MAX_CRITERIA} that one runbook may"
            " have. Split the change into several runbooks."
        )


def _stored(criteria: Sequence[str]) -> str:
    try:
        return orjson.dumps(list(criteria)).decode()
    except TypeError as error:  # what orjson says of a lone surrogate
        raise InvalidInput(f"acceptance_criteria: {error}") from error


def _record(
    runbook: Runbook, criteria: Sequence[str], edit: dict[str, Any] | None, at: datetime, actor: Actor,
    actor_kind: ActorKind, via: Via, now: datetime,
) -> None:  # fmt: skip
    """Append the submission's record: one record id per runbook *version*, for each is a fact of its own."""
    append_one(
        organization=runbook.organization,
        draft=Draft(
            record_type=RecordType.RUNBOOK_SUBMISSION,
            record_id=derived_id(
                str(runbook.organization.pseudonym), "runbook", runbook.number, runbook.version
            ),
            fields={
                "runbook_number": runbook.number,
                "runbook_version": runbook.version,
                "title": runbook.title,
                "submitted_by": actor.name,
                "submitted_at": at,
                "branch": {"target": runbook.branch_target, "working": runbook.branch_working},
                "commit_sha": runbook.commit_sha,
                "intent": runbook.intent,
                "acceptance_criteria": list(criteria),
                "changes": edit,
            },
            occurred_at=at,
            actor=actor,
            actor_kind=actor_kind,
            via=via,
            repo=runbook.repo,
        ),
        now=now,
    )
