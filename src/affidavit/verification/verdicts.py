"""The verb that reports verdicts: the busiest way into the ledger, so it works in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from affidavit.identity.models import Actor, Organization
from affidavit.kit.errors import Conflict, InvalidInput, TooLarge
from affidavit.kit.ids import derived_id
from affidavit.ledger import services as ledger
from affidavit.records.services import Appended, Draft, append
from affidavit.records.types import (
    ActorKind,
    EvidenceKind,
    RecordType,
    RunStatus,
    VerdictStatus,
    Via,
)
from affidavit.runbooks.moments import past_moment
from affidavit.runbooks.selectors import criteria_of, runbook_get
from affidavit.verification.models import Evidence, Run
from affidavit.verification.selectors import run_get

MAX_VERDICTS = 1_000  # in one batch
_LOOKUP = 500  # digests in one IN list

# Which count of its run a verdict belongs to, while it is not waived.
COUNTED_AS = {
    VerdictStatus.PASS: "criteria_passed",
    VerdictStatus.FAIL: "criteria_failed",
    VerdictStatus.WARN: "criteria_failed",
    VerdictStatus.ERROR: "criteria_skipped",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceUse:
    """That a verdict rests on a stored content, and what that content is to it."""

    kind: EvidenceKind
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewVerdict:
    """A verdict as it is reported.

    `ordinal` 1 to n names the runbook's criterion of that place, and `criterion` must be its text; an
    invariant has an ordinal beyond n. `location` is {file, start_line, end_line}. `occurred_at` is when it
    was found, where that lies in the past.
    """

    ordinal: int
    criterion: str
    status: VerdictStatus
    verifier: str
    reason: str = ""
    is_invariant: bool = False
    evidence: Sequence[EvidenceUse] = ()
    location: dict[str, Any] | None = None
    occurred_at: datetime | None = None


def result_id_of(*, run_id: str, ordinal: int) -> str:
    """Return the id of the one verdict that a run has for this ordinal."""
    return derived_id(run_id, ordinal)


def verdicts_report(
    *, organization: Organization, run_id: str, verdicts: Sequence[NewVerdict], actor: Actor,
    actor_kind: ActorKind, via: Via, now: datetime,
) -> list[Appended]:  # fmt: skip
    """Record the verdicts of a run in progress, all of them or none, and return them as recorded.

    Raises:
        NotFound: the organization has no such run.
        Conflict: the run is not in progress, or an ordinal has its verdict already.
        InvalidInput: a verdict is malformed, names no criterion of the run, or rests on evidence that was
            not stored.
        TooLarge: there are more than 1,000 verdicts.
    """
    if not verdicts:
        raise InvalidInput("results: there is no verdict to record")
    if len(verdicts) > MAX_VERDICTS:
        raise TooLarge(
            f"results: {len(verdicts)} verdicts are more than the {MAX_VERDICTS} that one request may"
            " report. Send them in several.",
            extra={"limit": MAX_VERDICTS},
        )
    with transaction.atomic():
        ledger.lock(organization=organization)
        run = run_get(organization=organization, run_id=run_id)
        _check_progress(run)
        _check_criteria(run, verdicts)
        ids = _result_ids(run, verdicts)
        stored = _stored(organization, verdicts)
        drafts = [
            Draft(
                record_type=RecordType.VERIFICATION_RESULT,
                record_id=result_id,
                fields=_fields(run, result_id, verdict, stored),
                occurred_at=past_moment(
                    verdict.occurred_at, now=now, what=f"results.{index}.occurred_at"
                ),
                actor=actor,
                actor_kind=actor_kind,
                via=via,
                repo=run.repo,
                commit_sha=run.commit_sha,
            )
            for index, (result_id, verdict) in enumerate(zip(ids, verdicts, strict=True))
        ]
        appended = _append(run, drafts, now)
        _count(run, verdicts)
    return appended


def _check_progress(run: Run) -> None:
    if run.status != RunStatus.IN_PROGRESS:
        todo = (
            "start it first"
            if run.status in (RunStatus.PENDING, RunStatus.DEFERRED)
            else "it takes no more verdicts; start another run"
        )
        raise Conflict(
            f"Run {run.run_id} is {run.status}: {todo}.", extra={"run_status": run.status}
        )


def _check_criteria(run: Run, verdicts: Sequence[NewVerdict]) -> None:
    runbook = runbook_get(organization=run.organization, number=run.runbook_number)
    if runbook.version != run.runbook_version:
        raise Conflict(
            f"Run {run.run_id} checks version {run.runbook_version} of runbook {runbook.number}, which is at"
            f" version {runbook.version} now. Start another run.",
            extra={"runbook_version": runbook.version},
        )
    criteria = criteria_of(runbook=runbook)
    for index, verdict in enumerate(verdicts):
        problem = _mismatch(criteria, verdict)
        if problem:
            raise InvalidInput(f"results.{index}: {problem}", extra={"index": index})


def _mismatch(criteria: Sequence[str], verdict: NewVerdict) -> str | None:
    count = len(criteria)
    if verdict.is_invariant:
        if verdict.ordinal > count:
            return None
        return f"ordinal {verdict.ordinal} is a criterion's; an invariant has one beyond {count}"
    if not 1 <= verdict.ordinal <= count:
        return (
            f"ordinal {verdict.ordinal} is no criterion of this runbook version, which has {count};"
            " a verdict on an invariant says is_invariant"
        )
    if criteria[verdict.ordinal - 1] != verdict.criterion:
        return f"criterion is not the text of criterion {verdict.ordinal} of this runbook version"
    return None


def _result_ids(run: Run, verdicts: Sequence[NewVerdict]) -> list[str]:
    ordinals = [verdict.ordinal for verdict in verdicts]
    if len(set(ordinals)) < len(ordinals):
        index = next(at for at, ordinal in enumerate(ordinals) if ordinal in ordinals[:at])
        raise InvalidInput(
            f"results.{index}: ordinal {ordinals[index]} stands in this batch twice",
            extra={"index": index},
        )
    return [result_id_of(run_id=run.run_id, ordinal=ordinal) for ordinal in ordinals]


def _append(run: Run, drafts: list[Draft], now: datetime) -> list[Appended]:
    try:
        return append(organization=run.organization, drafts=drafts, now=now)
    except Conflict as error:
        # The one conflict that new records can have: their id, which comes from run and ordinal, is taken.
        taken = error.extra["record_id"]
        ordinal = next(draft.fields["ordinal"] for draft in drafts if draft.record_id == taken)
        raise Conflict(
            f"Run {run.run_id} has its verdict on ordinal {ordinal} already; a verdict is recorded once."
            " Start another run to check again.",
            extra={"ordinal": ordinal, "result_id": taken},
        ) from error


def _stored(
    organization: Organization, verdicts: Sequence[NewVerdict]
) -> dict[str, tuple[int, str]]:
    """Map each digest that the verdicts rest on to what the store says of it: size and media type."""
    wanted = {
        use.sha256: index for index, verdict in enumerate(verdicts) for use in verdict.evidence
    }
    stored: dict[str, tuple[int, str]] = {}
    for part in _parts(list(wanted)):
        rows = Evidence.objects.filter(organization=organization, sha256__in=part)
        for sha256, size, media_type in rows.values_list("sha256", "size_bytes", "media_type"):
            stored[sha256] = (size, media_type)
    missing = sorted(wanted.keys() - stored.keys(), key=wanted.__getitem__)
    if missing:
        raise InvalidInput(
            f"results.{wanted[missing[0]]}.evidence: {missing[0][:80]!r} was not stored. Store it first:"
            " PUT /api/v1/evidence/SHA256",
            extra={
                "index": wanted[missing[0]],
                "missing": missing[:100],
                "missing_total": len(missing),
            },
        )
    return stored


def _parts(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), _LOOKUP):
        yield items[start : start + _LOOKUP]


def _fields(
    run: Run, result_id: str, verdict: NewVerdict, stored: dict[str, tuple[int, str]]
) -> dict[str, Any]:
    return {
        "result_id": result_id,
        "run_id": run.run_id,
        "runbook_number": run.runbook_number,
        "criterion": verdict.criterion,
        "ordinal": verdict.ordinal,
        "is_invariant": verdict.is_invariant,
        "is_waived": False,
        "status": verdict.status,
        "verifier": verdict.verifier,
        "evidence": [
            {
                "kind": use.kind,
                "sha256": use.sha256,
                "size_bytes": stored[use.sha256][0],
                "media_type": stored[use.sha256][1],
            }
            for use in verdict.evidence
        ],
        "reason": verdict.reason,
        "location": verdict.location,
    }


def _count(run: Run, verdicts: Sequence[NewVerdict]) -> None:
    """Keep the run's counts; its record states them when it moves on."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        name = COUNTED_AS[verdict.status]
        counts[name] = counts.get(name, 0) + 1
    invariants = sum(verdict.is_invariant for verdict in verdicts)
    if invariants:
        counts["invariants"] = counts["criteria_total"] = invariants
    Run.objects.filter(organization=run.organization, run_id=run.run_id).update(
        **{name: getattr(run, name) + count for name, count in counts.items()}
    )
