"""Routes of runbooks: submit, read, replace the criteria, start a run, decide."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from affidavit.api.auth import member_of_request, requires
from affidavit.api.changes import Change, answer, change
from affidavit.api.schemas import (
    CriteriaIn,
    DecisionIn,
    RecordOut,
    RunbookDetailOut,
    RunbookIn,
    RunbookOut,
    RunIn,
    RunOut,
)
from affidavit.api.shown import run_shown, runbook_shown
from affidavit.identity.types import Scope
from affidavit.records.accounts import actor_for_user
from affidavit.records.services import repo_ensure
from affidavit.records.types import ActorKind, RunStatus, Via
from affidavit.review.selectors import decisions_of
from affidavit.review.services import runbook_decide
from affidavit.runbooks import spec
from affidavit.runbooks.selectors import runbook_get
from affidavit.runbooks.services import GitContext, runbook_submit
from affidavit.verification.selectors import runs_of
from affidavit.verification.services import criteria_replace, run_start

router = Router(tags=["runbooks"])


def acting(asked: Change) -> dict[str, Any]:
    """Return who acts, as the services take it: by the API everybody acts as a user."""
    organization = asked.member.organization
    return {
        "organization": organization,
        "actor": actor_for_user(organization=organization, user=asked.member.user, now=asked.now),
        "actor_kind": ActorKind.USER,
        "via": Via.API,
        "now": asked.now,
    }


@router.post("/runbooks", auth=requires(Scope.RUNBOOKS_WRITE), response={201: RunbookOut})
def submit_runbook(request: HttpRequest, payload: RunbookIn) -> HttpResponse:
    """Submit a runbook: structured, or as a markdown `spec`. It gets the organization's next number."""

    def verb(asked: Change) -> tuple[int, Any]:
        stated = _spec_of(payload)
        runbook = runbook_submit(
            **acting(asked),
            repo=repo_ensure(organization=asked.member.organization, name=payload.repo),
            title=stated.title,
            intent=stated.intent,
            criteria=stated.criteria,
            git=GitContext(
                target=payload.branch.target,
                working=payload.branch.working,
                commit_sha=payload.commit_sha,
            ),
        )
        return 201, runbook_shown(runbook)

    return change(request, verb)


def _spec_of(payload: RunbookIn) -> spec.Spec:
    if payload.spec is not None:
        return spec.parse(payload.spec)
    return spec.Spec(
        title=payload.title or "",
        intent=payload.intent or "",
        criteria=tuple(payload.acceptance_criteria or ()),
    )


@router.get("/runbooks/{int:number}", auth=requires(Scope.RUNBOOKS_READ), response=RunbookDetailOut)
def get_runbook(request: HttpRequest, number: int) -> HttpResponse:
    """Return a runbook's current version, its latest run and the decisions on it."""
    organization = member_of_request(request).organization
    runbook = runbook_get(organization=organization, number=number)
    runs = runs_of(organization=organization, runbook_number=number)
    return answer(
        {
            **runbook_shown(runbook),
            "latest_run": run_shown(runs[0]) if runs else None,
            "decisions": decisions_of(organization=organization, runbook_number=number),
        }
    )


@router.put(
    "/runbooks/{int:number}/criteria", auth=requires(Scope.RUNBOOKS_WRITE), response=RunbookOut
)
def replace_criteria(request: HttpRequest, number: int, payload: CriteriaIn) -> HttpResponse:
    """Replace the complete list of criteria. Runs in flight on the old ones end as `error`."""

    def verb(asked: Change) -> tuple[int, Any]:
        runbook = criteria_replace(
            **acting(asked), number=number, expected_version=payload.expected_version,
            criteria=payload.acceptance_criteria,
        )  # fmt: skip
        return 200, runbook_shown(runbook)

    return change(request, verb)


@router.post("/runbooks/{int:number}/runs", auth=requires(Scope.RUNS_WRITE), response={201: RunOut})
def start_run(request: HttpRequest, number: int, payload: RunIn) -> HttpResponse:
    """Record a run of the runbook's current version, begun now or elsewhere at `started_at`."""

    def verb(asked: Change) -> tuple[int, Any]:
        run = run_start(
            **acting(asked),
            runbook_number=number,
            trigger_source=payload.trigger_source,
            commit_sha=payload.commit_sha,
            status=RunStatus(payload.status),
            started_at=payload.started_at,
            runbook_version=payload.runbook_version,
        )
        return 201, run_shown(run)

    return change(request, verb)


@router.post(
    "/runbooks/{int:number}/decisions",
    auth=requires(Scope.REVIEWS_WRITE),
    response={201: RecordOut},
)
def decide(request: HttpRequest, number: int, payload: DecisionIn) -> HttpResponse:
    """Approve the runbook's current version, request changes, or withdraw an approval of yours."""

    def verb(asked: Change) -> tuple[int, Any]:
        record = runbook_decide(
            member=asked.member, number=number, via=Via.API, now=asked.now, decision=payload.decision,
            comment=payload.comment, commit_sha=payload.commit_sha, runbook_version=payload.runbook_version,
        )  # fmt: skip
        return 201, record

    return change(request, verb)
