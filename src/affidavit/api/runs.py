"""Routes of verification runs: move them on, read them, report their verdicts, waive one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from affidavit.api.auth import member_of_request, requires
from affidavit.api.changes import Change, answer, change
from affidavit.api.errors import placed_in
from affidavit.api.runbooks import acting
from affidavit.api.schemas import (
    RecordOut,
    ResultsIn,
    ResultsOut,
    RunChange,
    RunDetailOut,
    RunOut,
    VerdictIn,
    WaiverIn,
)
from affidavit.api.shown import run_shown
from affidavit.identity.types import Scope
from affidavit.records.types import RunStatus, Via
from affidavit.review.selectors import waiver_of
from affidavit.review.services import verdict_waive
from affidavit.verification.models import Run
from affidavit.verification.selectors import run_get, verdicts_of
from affidavit.verification.services import run_break, run_finish, run_update
from affidavit.verification.verdicts import EvidenceUse, NewVerdict, verdicts_report

router = Router(tags=["runs"])


@router.get("/runs/{run_id}", auth=requires(Scope.RUNBOOKS_READ), response=RunDetailOut)
def get_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Return a run with the current revisions of its verdicts."""
    organization = member_of_request(request).organization
    run = run_get(organization=organization, run_id=run_id)
    return answer(
        {**run_shown(run), "results": verdicts_of(organization=organization, run_id=run_id)}
    )


@router.patch("/runs/{run_id}", auth=requires(Scope.RUNS_WRITE), response=RunOut)
def change_run(request: HttpRequest, run_id: str, payload: RunChange) -> HttpResponse:
    """Move a run on, or end it. How it ends is computed from its verdicts."""

    def verb(asked: Change) -> tuple[int, Any]:
        return 200, run_shown(_changed(acting(asked) | {"run_id": run_id}, payload))

    return change(request, verb)


def _changed(about: dict[str, Any], payload: RunChange) -> Run:
    if payload.status == RunStatus.ERROR:
        return run_break(
            **about, error_message=payload.error_message or "", completed_at=payload.completed_at
        )
    if payload.status in (None, RunStatus.PASSED, RunStatus.FAILED):
        return run_finish(
            **about, completed_at=payload.completed_at, expected_status=payload.status
        )
    return run_update(**about, status=payload.status, started_at=payload.started_at)


@router.post("/runs/{run_id}/results", auth=requires(Scope.RUNS_WRITE), response={201: ResultsOut})
def report_results(request: HttpRequest, run_id: str, payload: ResultsIn) -> HttpResponse:
    """Report up to 1,000 verdicts of a run in progress; all are recorded, or none."""
    verdicts = [_verdict(item) for item in payload.results]

    def verb(asked: Change) -> tuple[int, Any]:
        with placed_in("results"):
            recorded = verdicts_report(**acting(asked), run_id=run_id, verdicts=verdicts)
        results = [
            {"ordinal": verdict.ordinal, "result_id": item.record_id, "seq": item.seq}
            for verdict, item in zip(verdicts, recorded, strict=True)
        ]
        return 201, {"run_id": run_id, "recorded": len(results), "results": results}

    return change(request, verb)


def _verdict(item: VerdictIn) -> NewVerdict:
    return NewVerdict(
        ordinal=item.ordinal,
        criterion=item.criterion,
        status=item.status,
        verifier=item.verifier,
        reason=item.reason,
        is_invariant=item.is_invariant,
        evidence=[EvidenceUse(kind=use.kind, sha256=use.sha256) for use in item.evidence],
        location=dict(item.location) if item.location else None,
        occurred_at=item.occurred_at,
    )


@router.post(
    "/results/{result_id}/waiver",
    auth=requires(Scope.REVIEWS_WRITE),
    response={200: RecordOut, 201: RecordOut},
)
def waive(request: HttpRequest, result_id: str, payload: WaiverIn) -> HttpResponse:
    """Waive a verdict that is not a pass, with a reason. Waiving twice answers 200 and the first waiver."""

    def verb(asked: Change) -> tuple[int, Any]:
        organization = asked.member.organization
        first = waiver_of(organization=organization, result_id=result_id)
        record = verdict_waive(
            member=asked.member, result_id=result_id, category=payload.category, reason=payload.reason,
            via=Via.API, now=asked.now, expires_at=payload.expires_at, followup_url=payload.followup_url,
        )  # fmt: skip
        return 200 if first else 201, record

    return change(request, verb)
