"""The verbs of a verification run: start it, report its verdicts, move it on, finish it.

Each takes the ledger's lock first, so that what it read stays true until it has written. The counts of a
run are computed from the recorded verdicts, never taken from a caller: `pass` counts as passed; `fail`
and `warn` as failed, for only a pass is a pass; `error` (nobody could check) and a criterion without a
verdict as skipped; a waived verdict as waived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from affidavit.identity.models import Actor, Organization
from affidavit.kit.errors import Conflict, InvalidInput
from affidavit.kit.ids import RECORD_ID, new_id
from affidavit.ledger import services as ledger
from affidavit.records.services import Draft, append_one
from affidavit.records.types import (
    TERMINAL_RUN_STATUSES,
    ActorKind,
    RecordType,
    RunStatus,
    TriggerSource,
    Via,
)
from affidavit.runbooks.models import Runbook
from affidavit.runbooks.moments import past_moment
from affidavit.runbooks.selectors import criteria_of, runbook_get
from affidavit.runbooks.services import runbook_edit
from affidavit.verification.models import Run
from affidavit.verification.selectors import run_get

# What a caller may move a run to, and from where; `run_finish` and `run_break` end it.
TRANSITIONS = {
    RunStatus.PENDING: (RunStatus.DEFERRED,),
    RunStatus.DEFERRED: (RunStatus.PENDING,),
    RunStatus.IN_PROGRESS: (RunStatus.PENDING, RunStatus.DEFERRED),
}
_STARTS = (RunStatus.PENDING, RunStatus.DEFERRED, RunStatus.IN_PROGRESS)


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who acts, as what, by which way in, and when the server took it: the same for all records of a verb."""

    actor: Actor
    actor_kind: ActorKind
    via: Via
    now: datetime


def run_start(
    *, organization: Organization, runbook_number: int, actor: Actor, actor_kind: ActorKind, via: Via,
    now: datetime, trigger_source: TriggerSource = TriggerSource.MANUAL, commit_sha: str | None = None,
    status: RunStatus = RunStatus.IN_PROGRESS, started_at: datetime | None = None,
    occurred_at: datetime | None = None, run_id: str | None = None, runbook_version: int | None = None,
) -> Run:  # fmt: skip
    """Record a new run of the runbook's current version and return it.

    `status` is pending, deferred or in_progress; `started_at` belongs to in_progress and is `now` unless
    stated. `commit_sha` is the runbook's unless stated. `runbook_version` is what the caller believes the
    current version to be. `occurred_at` is when it was asked for: `started_at`, or `now`.

    Raises:
        NotFound: the organization has no such runbook.
        Conflict: the runbook is at another version, or the run id is taken.
        InvalidInput: a value is malformed, or a time lies in the future.
    """
    if status not in _STARTS:
        raise InvalidInput(f"status: a run begins as {_listed(_STARTS)}, not as {status.value}")
    began = _start_time(status, started_at, now)
    at = past_moment(occurred_at, now=now, what="occurred_at") if occurred_at else (began or now)
    if run_id is not None and not RECORD_ID.fullmatch(run_id):
        raise InvalidInput("run_id: must be 1 to 64 of A-Z a-z 0-9 . _ : -")
    with transaction.atomic():
        ledger.lock(organization=organization)
        runbook = runbook_get(organization=organization, number=runbook_number)
        _same_version(runbook, runbook_version)
        run = Run(
            organization=organization, run_id=run_id or new_id(), runbook_number=runbook.number,
            runbook_version=runbook.version, repo=runbook.repo, commit_sha=commit_sha or runbook.commit_sha,
            trigger_source=trigger_source.value, status=status.value,
            criteria_total=len(criteria_of(runbook=runbook)), requested_at=at, started_at=began,
        )  # fmt: skip
        acting = Acting(actor=actor, actor_kind=actor_kind, via=via, now=now)
        append_one(
            organization=organization, draft=run_draft(run, acting, at, revises=False), now=now
        )
        Run.objects.bulk_create([run])
    return run


def run_update(
    *, organization: Organization, run_id: str, status: RunStatus, actor: Actor, actor_kind: ActorKind,
    via: Via, now: datetime, started_at: datetime | None = None, occurred_at: datetime | None = None,
) -> Run:  # fmt: skip
    """Move a run to pending, deferred or in_progress, as its record's next revision; return it.

    Raises:
        NotFound: the organization has no such run.
        Conflict: the run can't go there from where it is.
        InvalidInput: the status is an end (see `run_finish`, `run_break`), or a time lies in the future.
    """
    if status not in TRANSITIONS:
        raise InvalidInput(f"status: {status.value} ends a run and is computed when it is finished")
    began = _start_time(status, started_at, now)
    at = past_moment(occurred_at, now=now, what="occurred_at") if occurred_at else (began or now)
    with transaction.atomic():
        ledger.lock(organization=organization)
        run = run_get(organization=organization, run_id=run_id)
        if run.status not in TRANSITIONS[status]:
            raise Conflict(
                f"Run {run_id} is {run.status}; it becomes {status.value} only from"
                f" {_listed(TRANSITIONS[status])}.",
                extra={"run_status": run.status},
            )
        run.status = status.value
        run.started_at = began
        run_save(run, Acting(actor=actor, actor_kind=actor_kind, via=via, now=now), at)
    return run


def run_finish(
    *, organization: Organization, run_id: str, actor: Actor, actor_kind: ActorKind, via: Via, now: datetime,
    completed_at: datetime | None = None, expected_status: RunStatus | None = None,
) -> Run:  # fmt: skip
    """End a run that is in progress: passed when every criterion passed or was waived, else failed.

    Criteria without a verdict count as skipped. A run in which there was nothing to check ends as `error`:
    nothing was verified, so nothing passed. `expected_status` is what the caller takes the outcome to be.

    Raises:
        NotFound: the organization has no such run.
        Conflict: the run is not in progress, or the outcome is not the expected one; nothing was written.
        InvalidInput: `completed_at` lies before the start or in the future.
    """
    at = past_moment(completed_at, now=now, what="completed_at")
    with transaction.atomic():
        ledger.lock(organization=organization)
        run = run_get(organization=organization, run_id=run_id)
        if run.status != RunStatus.IN_PROGRESS:
            raise Conflict(
                f"Run {run_id} is {run.status}; only a run in progress is finished.",
                extra={"run_status": run.status},
            )
        _complete(run, at)
        if run.criteria_total == 0:
            run.status = RunStatus.ERROR.value
            run.error_message = (
                "Nothing was checked: there was no criterion and no invariant to check."
            )
        else:
            run.status = outcome(run).value
        if expected_status is not None and run.status != expected_status:
            raise Conflict(
                f"By its verdicts run {run_id} ends as {run.status}, not as {expected_status.value}:"
                f" {run.criteria_passed} passed, {run.criteria_failed} failed,"
                f" {run.criteria_skipped} skipped, {run.criteria_waived} waived. Report the"
                " missing verdicts, or finish it without a status.",
                extra={"run_status": run.status},
            )
        run_save(run, Acting(actor=actor, actor_kind=actor_kind, via=via, now=now), at)
    return run


def run_break(
    *, organization: Organization, run_id: str, error_message: str, actor: Actor, actor_kind: ActorKind,
    via: Via, now: datetime, completed_at: datetime | None = None,
) -> Run:  # fmt: skip
    """End a run that itself broke, with the reason; the verdicts that it had keep their counts.

    Raises:
        NotFound: the organization has no such run.
        Conflict: the run has ended already.
        InvalidInput: the reason is blank, or `completed_at` lies before the start or in the future.
    """
    at = past_moment(completed_at, now=now, what="completed_at")
    with transaction.atomic():
        ledger.lock(organization=organization)
        run = run_get(organization=organization, run_id=run_id)
        _break(run, error_message, at)
        run_save(run, Acting(actor=actor, actor_kind=actor_kind, via=via, now=now), at)
    return run


def criteria_replace(
    *, organization: Organization, number: int, expected_version: int, criteria: Sequence[str], actor: Actor,
    actor_kind: ActorKind, via: Via, now: datetime,
) -> Runbook:  # fmt: skip
    """Edit a runbook's criteria and end the runs that were checking the old ones, in one transaction.

    Raises:
        NotFound, Conflict, InvalidInput: as `runbooks.services.runbook_edit`.
    """
    with transaction.atomic():
        runbook = runbook_edit(
            organization=organization, number=number, expected_version=expected_version, criteria=criteria,
            actor=actor, actor_kind=actor_kind, via=via, now=now,
        )  # fmt: skip
        stale = (
            Run.objects.select_related("repo")
            .filter(
                organization=organization,
                runbook_number=number,
                runbook_version__lt=runbook.version,
            )
            .exclude(status__in=[status.value for status in TERMINAL_RUN_STATUSES])
        )
        for run in stale.order_by("requested_at", "run_id"):
            at = max(now, run.started_at or now)
            _break(run, f"Cancelled: the criteria were edited to version {runbook.version}.", at)
            run_save(run, Acting(actor=actor, actor_kind=actor_kind, via=via, now=now), at)
    return runbook


def outcome(run: Run) -> RunStatus:
    """Return how a run ends by its counts, all criteria being counted."""
    return RunStatus.FAILED if run.criteria_failed or run.criteria_skipped else RunStatus.PASSED


def run_save(run: Run, acting: Acting, at: datetime) -> None:
    """Append the run as its record's next revision, and keep its row; inside the caller's transaction."""
    draft = run_draft(run, acting, at, revises=True)
    append_one(organization=run.organization, draft=draft, now=acting.now)
    names = (
        "status", "criteria_total", "criteria_passed", "criteria_failed", "criteria_skipped",
        "criteria_waived", "invariants", "started_at", "completed_at", "error_message",
    )  # fmt: skip
    Run.objects.filter(organization=run.organization, run_id=run.run_id).update(
        **{name: getattr(run, name) for name in names}
    )


def run_draft(run: Run, acting: Acting, at: datetime, *, revises: bool) -> Draft:
    """Return the run's record as it now stands."""
    fields: dict[str, Any] = {
        name: getattr(run, name)
        for name in (
            "run_id", "runbook_number", "runbook_version", "trigger_source", "commit_sha", "status",
            "criteria_total", "criteria_passed", "criteria_failed", "criteria_skipped", "criteria_waived",
            "started_at", "completed_at", "error_message",
        )
    }  # fmt: skip
    return Draft(
        record_type=RecordType.VERIFICATION_RUN, record_id=run.run_id, fields=fields, occurred_at=at,
        actor=acting.actor, actor_kind=acting.actor_kind, via=acting.via, repo=run.repo, revises=revises,
    )  # fmt: skip


def _same_version(runbook: Runbook, expected: int | None) -> None:
    if expected is not None and expected != runbook.version:
        raise Conflict(
            f"Runbook {runbook.number} is at version {runbook.version}, not {expected}. Read it again and"
            " verify the criteria that it has now.",
            extra={"runbook_version": runbook.version},
        )


def _start_time(status: RunStatus, started_at: datetime | None, now: datetime) -> datetime | None:
    if status == RunStatus.IN_PROGRESS:
        return past_moment(started_at, now=now, what="started_at")
    if started_at is not None:
        raise InvalidInput(f"started_at: a run that is {status.value} has not started")
    return None


def _complete(run: Run, at: datetime) -> None:
    if run.started_at is not None and at < run.started_at:
        raise InvalidInput("completed_at: lies before started_at")
    counted = run.criteria_passed + run.criteria_failed + run.criteria_skipped + run.criteria_waived
    run.criteria_skipped += run.criteria_total - counted
    run.completed_at = at


def _break(run: Run, error_message: str, at: datetime) -> None:
    if run.status in TERMINAL_RUN_STATUSES:
        raise Conflict(
            f"Run {run.run_id} has ended already: it {run.status}.",
            extra={"run_status": run.status},
        )
    run.started_at = run.started_at or at
    _complete(run, at)
    run.status = RunStatus.ERROR.value
    run.error_message = error_message


def _listed(statuses: Sequence[RunStatus]) -> str:
    return " or ".join(status.value for status in statuses)
