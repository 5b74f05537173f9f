"""Reviewers: waive with a reason, decide under named rules; three records or none."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest

from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from affidavit.kit.ids import new_id
from affidavit.ledger.models import Entry
from affidavit.records.types import Decision, VerdictStatus, Via, WaiverCategory
from affidavit.review.services import runbook_decide, verdict_waive
from affidavit.runbooks.services import runbook_edit
from affidavit.verification.models import Run
from affidavit.verification.selectors import run_get, verdicts_of
from affidavit.verification.services import run_finish
from affidavit.verification.verdicts import NewVerdict, result_id_of, verdicts_report
from tests.support.house import CRITERIA, House, written

pytestmark = pytest.mark.django_db


def run_with(house: House, *statuses: str, finished: bool = True) -> Run:
    run = house.run()
    verdicts = [
        NewVerdict(
            ordinal=at, criterion=CRITERIA[at - 1], status=VerdictStatus(status), verifier="v"
        )
        for at, status in enumerate(statuses, 1)
    ]
    verdicts_report(**house.acting(), run_id=run.run_id, verdicts=verdicts)
    return run_finish(**house.acting(), run_id=run.run_id) if finished else run


def waive(
    house: House, run: Run, ordinal: int, role: Role = Role.REVIEWER, **more: Any
) -> dict[str, Any]:
    stated = {"category": WaiverCategory.ACCEPTED_RISK, "reason": "Known and accepted."} | more
    return verdict_waive(
        member=house.member(role), result_id=result_id_of(run_id=run.run_id, ordinal=ordinal),
        via=Via.API, now=clock.now(), **stated,
    )  # fmt: skip


def decide(house: House, decision: str, role: Role = Role.REVIEWER, **more: Any) -> dict[str, Any]:
    return runbook_decide(
        member=house.member(role), number=1, decision=Decision(decision), via=Via.API,
        now=clock.now(), **more,
    )  # fmt: skip


def last(house: House, count: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    entries = list(Entry.objects.filter(organization=house.organization).order_by("-seq")[:count])
    return [
        (orjson.loads(entry.header), orjson.loads(entry.body or "")) for entry in reversed(entries)
    ]


def test_a_waiver_is_three_records_the_waiver_the_verdict_and_the_run() -> None:
    house = House()
    run = run_with(house, "pass", "fail", "warn")
    waive(house, run, 2)
    (_, waiver), (header, verdict), (_, after) = last(house, 3)
    assert waiver["criterion_hash"] == hashlib.sha256(CRITERIA[1].encode()).hexdigest()
    assert (waiver["waived_by"], waiver["category"]) == ("reviewer-acme", "accepted_risk")
    assert (verdict["is_waived"], verdict["status"], verdict["revision"]) == (True, "fail", 2)
    assert (header["waiver_category"], header["is_waived"]) == ("accepted_risk", True)
    assert (after["criteria_waived"], after["criteria_failed"], after["status"]) == (1, 1, "failed")


@pytest.mark.parametrize("status", ["fail", "warn", "error"])
def test_a_run_passes_once_everything_that_failed_or_was_skipped_is_waived(status: str) -> None:
    house = House()
    run = run_with(house, "pass", status, "fail")
    waive(house, run, 2)
    assert run_get(organization=house.organization, run_id=run.run_id).status == "failed"
    waive(house, run, 3)
    ended = run_get(organization=house.organization, run_id=run.run_id)
    assert (ended.status, ended.criteria_waived, ended.criteria_passed) == ("passed", 2, 1)


def test_a_criterion_without_a_verdict_keeps_a_run_from_passing() -> None:
    house = House()
    run = run_with(house, "pass", "fail")
    waive(house, run, 2)
    ended = run_get(organization=house.organization, run_id=run.run_id)
    assert (ended.status, ended.criteria_skipped) == ("failed", 1)


def test_a_verdict_that_was_waived_during_the_run_counts_as_waived_at_its_end() -> None:
    house = House()
    run = run_with(house, "pass", "error", "pass", finished=False)
    waive(house, run, 2)
    assert run_get(organization=house.organization, run_id=run.run_id).status == "in_progress"
    ended = run_finish(**house.acting(), run_id=run.run_id)
    assert (ended.status, ended.criteria_waived, ended.criteria_skipped) == ("passed", 1, 0)


def test_waiving_twice_returns_the_first_waiver_and_records_nothing() -> None:
    house = House()
    run = run_with(house, "pass", "fail", "pass")
    first = waive(house, run, 2)
    before = written()
    again = waive(house, run, 2, role=Role.ADMIN, reason="Another reason.")
    assert (again, written()) == (first, before)
    (_, verdict, _) = verdicts_of(organization=house.organization, run_id=run.run_id)
    assert verdict["is_waived"] is True


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"reason": " \n\t"}, InvalidInput, "blank"),
        ({"reason": "x" * 2_000_001}, InvalidInput, "at most"),
        ({"expires_at": clock.now() - timedelta(days=1)}, InvalidInput, "past"),
        ({"role": Role.SUBMITTER}, Forbidden, "needs one of: admin, reviewer"),
        ({"role": Role.AUDITOR}, Forbidden, "needs one of: admin, reviewer"),
        ({"ordinal": 1}, Conflict, "pass"),
        ({"ordinal": 9}, NotFound, "no verdict"),
    ],
)
def test_a_waiver_that_breaks_a_rule_writes_nothing(
    more: dict[str, Any], error: type[Exception], said: str
) -> None:
    house = House()
    run = run_with(house, "pass", "fail", "pass")
    house.actor(Role.REVIEWER)
    before = written()
    with pytest.raises(error, match=said):
        waive(house, run, **({"ordinal": 2} | more))
    assert written() == before


def test_another_organizations_verdict_and_a_run_are_no_verdicts_to_waive() -> None:
    house, other = House("acme"), House("umbrella")
    run = run_with(house, "pass", "fail", "pass")
    other.actor(Role.REVIEWER)
    before = written()
    with pytest.raises(NotFound):
        waive(other, run, 2)
    for result_id in (run.run_id, new_id(), "x" * 500):
        with pytest.raises(NotFound):
            verdict_waive(
                member=house.member(Role.REVIEWER), result_id=result_id, via=Via.API,
                category=WaiverCategory.DOESNT_APPLY, reason="Because.", now=clock.now(),
            )  # fmt: skip
    assert written() == before


def test_a_decision_is_recorded_on_the_version_and_commit_that_were_read() -> None:
    house = House()
    house.runbook()
    record = decide(house, "approved", comment="Good.", commit_sha="b2" * 20, runbook_version=1)
    assert (record["decision"], record["decided_by"]) == ("approved", "reviewer-acme")
    assert (record["runbook_version"], record["commit_sha"], record["comment"]) == (
        1,
        "b2" * 20,
        "Good.",
    )


def test_nobody_approves_a_change_that_they_submitted_or_edited() -> None:
    house = House()
    runbook = house.runbook()
    runbook_edit(
        **house.acting(Role.REVIEWER), number=runbook.number, expected_version=1, criteria=["Mine."]
    )
    before = written()
    with pytest.raises(Forbidden, match="reviewer_differs_from_submitter") as refused:
        decide(house, "approved")
    assert refused.value.extra == {"rule": "reviewer_differs_from_submitter"}
    assert written() == before
    assert decide(house, "changes_requested")["decision"] == "changes_requested"
    assert decide(house, "approved", role=Role.ADMIN)["decided_by"] == "admin-acme"


def test_only_a_standing_approval_of_ones_own_is_withdrawn() -> None:
    house = House()
    house.runbook()
    with pytest.raises(Conflict, match="no approval"):
        decide(house, "approval_withdrawn")
    decide(house, "approved")
    with pytest.raises(Conflict, match="no approval"):
        decide(house, "approval_withdrawn", role=Role.ADMIN)
    assert decide(house, "approval_withdrawn")["decision"] == "approval_withdrawn"
    with pytest.raises(Conflict, match="no approval"):
        decide(house, "approval_withdrawn")


def test_a_decision_on_a_version_that_was_edited_meanwhile_is_refused() -> None:
    house = House()
    runbook = house.runbook()
    runbook_edit(**house.acting(), number=runbook.number, expected_version=1, criteria=["New."])
    house.actor(Role.REVIEWER)
    before = written()
    with pytest.raises(Conflict, match="version 2, not 1"):
        decide(house, "approved", runbook_version=1)
    assert written() == before
