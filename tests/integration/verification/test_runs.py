"""Runs: legal moves only, counts from the recorded verdicts only, every move a revision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from affidavit.kit import clock
from affidavit.kit.errors import AffidavitError, Conflict, InvalidInput, NotFound, TooLarge
from affidavit.ledger.models import Entry
from affidavit.records.models import Record
from affidavit.records.types import EvidenceKind, RunStatus, VerdictStatus
from affidavit.verification.evidence import evidence_put
from affidavit.verification.models import Run
from affidavit.verification.selectors import run_get, verdicts_of
from affidavit.verification.services import (
    criteria_replace,
    run_break,
    run_finish,
    run_start,
    run_update,
)
from affidavit.verification.verdicts import EvidenceUse, NewVerdict, verdicts_report
from tests.support.house import CONTENT, CRITERIA, DIGEST, House, written

pytestmark = pytest.mark.django_db


def found(ordinal: int, status: str = "pass", **more: Any) -> NewVerdict:
    criterion = CRITERIA[ordinal - 1] if ordinal <= len(CRITERIA) else "Nothing is worse."
    stated = {"criterion": criterion, "verifier": "path_rules", "reason": "so it was found"} | more
    return NewVerdict(ordinal=ordinal, status=VerdictStatus(status), **stated)


def report(house: House, run: Run, *verdicts: NewVerdict) -> None:
    verdicts_report(**house.acting(), run_id=run.run_id, verdicts=verdicts)


def finish(house: House, run: Run, **more: Any) -> Run:
    return run_finish(**house.acting(), run_id=run.run_id, **more)


def counts(run: Run) -> tuple[int, int, int, int, int]:
    return (
        run.criteria_total, run.criteria_passed, run.criteria_failed, run.criteria_skipped,
        run.criteria_waived,
    )  # fmt: skip


def revisions(run: Run) -> list[dict[str, Any]]:
    seqs = (
        Record.objects.filter(record_id=run.run_id)
        .order_by("revision")
        .values_list("seq", flat=True)
    )
    return [
        orjson.loads(Entry.objects.get(organization=run.organization, seq=seq).body or "")
        for seq in seqs
    ]


@pytest.mark.parametrize(
    ("statuses", "status", "counted"),
    [
        (("pass", "pass", "pass"), "passed", (3, 3, 0, 0, 0)),
        (("pass", "fail", "pass"), "failed", (3, 2, 1, 0, 0)),
        (("pass", "warn", "pass"), "failed", (3, 2, 1, 0, 0)),
        (("pass", "error", "pass"), "failed", (3, 2, 0, 1, 0)),
        (("pass", "pass"), "failed", (3, 2, 0, 1, 0)),
        ((), "failed", (3, 0, 0, 3, 0)),
    ],
)
def test_a_run_passes_only_when_every_criterion_passes(
    statuses: tuple[str, ...], status: str, counted: tuple[int, ...]
) -> None:
    house = House()
    run = house.run()
    if statuses:
        report(house, run, *(found(ordinal, word) for ordinal, word in enumerate(statuses, 1)))
    ended = finish(house, run)
    assert (ended.status, counts(ended)) == (status, counted)
    assert revisions(run)[-1]["status"] == status
    assert counts(run_get(organization=house.organization, run_id=run.run_id)) == counted


def test_a_run_that_is_queued_started_and_finished_has_three_revisions() -> None:
    house = House()
    asked = clock.now() - timedelta(hours=2)
    run = house.run(status=RunStatus.PENDING, occurred_at=asked)
    began, ended = asked + timedelta(minutes=1), asked + timedelta(minutes=3)
    run_update(**house.acting(), run_id=run.run_id, status=RunStatus.IN_PROGRESS, started_at=began)
    report(house, run, found(1), found(2), found(3))
    finish(house, run, completed_at=ended)
    first, second, third = revisions(run)
    assert [body["status"] for body in (first, second, third)] == [
        "pending",
        "in_progress",
        "passed",
    ]
    assert [body["occurred_at"] for body in (first, second, third)] == [
        clock.format_time(at) for at in (asked, began, ended)
    ]
    assert (third["started_at"], third["completed_at"]) == (
        second["occurred_at"],
        third["occurred_at"],
    )


def test_invariants_count_beyond_the_runbooks_own_criteria() -> None:
    house = House()
    run = house.run()
    report(house, run, found(1), found(2), found(3), found(4, is_invariant=True))
    assert counts(finish(house, run)) == (4, 4, 0, 0, 0)


def test_a_run_in_which_there_was_nothing_to_check_does_not_pass() -> None:
    house = House()
    run = house.run(house.runbook([]))
    ended = finish(house, run)
    assert (ended.status, ended.criteria_total) == ("error", 0)
    assert "Nothing was checked" in (ended.error_message or "")


def test_a_run_that_broke_says_why_and_keeps_the_counts_of_its_verdicts() -> None:
    house = House()
    run = house.run()
    report(house, run, found(1), found(2, "fail"))
    broken = run_break(**house.acting(), run_id=run.run_id, error_message="The checkout failed.")
    assert (broken.status, counts(broken)) == ("error", (3, 1, 1, 1, 0))
    assert revisions(run)[-1]["error_message"] == "The checkout failed."


def test_an_outcome_that_contradicts_the_verdicts_is_refused() -> None:
    house = House()
    run = house.run()
    report(house, run, found(1), found(2, "fail"), found(3))
    before = written()
    with pytest.raises(Conflict, match="ends as failed, not as passed"):
        finish(house, run, expected_status=RunStatus.PASSED)
    assert written() == before


MOVES = {
    "pending": {"in_progress", "deferred", "error"},
    "deferred": {"in_progress", "pending", "error"},
    "in_progress": {"finish", "error"},
    "passed": set[str](),
    "failed": set[str](),
    "error": set[str](),
}


def run_at(house: House, status: str) -> Run:
    if status in ("pending", "deferred", "in_progress"):
        return house.run(status=RunStatus(status))
    run = house.run()
    if status == "error":
        return run_break(**house.acting(), run_id=run.run_id, error_message="It broke.")
    report(house, run, found(1, "pass" if status == "passed" else "fail"), found(2), found(3))
    return finish(house, run)


@pytest.mark.parametrize("start", MOVES)
def test_a_run_moves_only_where_it_may_from_where_it_is(start: str) -> None:
    house = House()
    for move in ("pending", "deferred", "in_progress", "finish", "error"):
        run = run_at(house, start)
        before = written()
        about = house.acting() | {"run_id": run.run_id}
        try:
            if move == "finish":
                run_finish(**about)
            elif move == "error":
                run_break(**about, error_message="It broke.")
            else:
                run_update(**about, status=RunStatus(move))
        except Conflict:
            assert move not in MOVES[start], f"{start} -> {move}"
            assert written() == before
        else:
            assert move in MOVES[start], f"{start} -> {move}"


def test_verdicts_come_while_a_run_is_in_progress_and_no_sooner_or_later() -> None:
    house = House()
    for status in ("pending", "deferred", "passed", "failed", "error"):
        run = run_at(house, status)
        before = written()
        with pytest.raises(Conflict):
            report(house, run, found(1))
        assert written() == before


@pytest.mark.parametrize(
    ("verdicts", "error", "said"),
    [
        ([], InvalidInput, "no verdict"),
        ([found(0)], InvalidInput, "results.0: ordinal 0"),
        ([found(-1)], InvalidInput, "ordinal -1"),
        ([found(1), found(4)], InvalidInput, "results.1: ordinal 4"),
        ([found(1, is_invariant=True)], InvalidInput, "is a criterion's"),
        ([found(1, criterion="It sells. ")], InvalidInput, "not the text"),
        ([found(1), found(1)], InvalidInput, "twice"),
        ([found(1), found(2, verifier=" ")], InvalidInput, "record 2"),
        ([found(1, reason="a\x00")], InvalidInput, "NUL"),
        ([found(1, reason="x" * 2_000_001)], InvalidInput, "at most"),
        ([found(1, location={"file": "a", "start_line": 0})], InvalidInput, "start_line"),
        ([found(1, evidence=[EvidenceUse(kind=EvidenceKind.TRACE, sha256="ab" * 32)])], InvalidInput, "stored"),
        ([found(1, occurred_at=clock.now() + timedelta(days=400))], InvalidInput, "future"),
        ([found(9 + n, is_invariant=True) for n in range(1001)], TooLarge, "1000"),
    ],
)  # fmt: skip
def test_a_batch_with_one_bad_verdict_records_none(
    verdicts: list[NewVerdict], error: type[AffidavitError], said: str
) -> None:
    house = House()
    run = house.run()
    before = written()
    with pytest.raises(error, match=said):
        report(house, run, *verdicts)
    assert written() == before


def test_a_second_verdict_for_an_ordinal_is_refused() -> None:
    house = House()
    run = house.run()
    report(house, run, found(1))
    before = written()
    with pytest.raises(Conflict, match="ordinal 1 already"):
        report(house, run, found(2), found(1, "fail"))
    assert written() == before


def test_a_thousand_verdicts_are_one_batch() -> None:
    house = House()
    run = house.run()
    report(house, run, *(found(9 + n, is_invariant=True) for n in range(1000)))
    assert run_get(organization=house.organization, run_id=run.run_id).criteria_passed == 1000


def test_a_verdict_states_its_evidence_as_the_store_knows_it() -> None:
    house = House()
    run = house.run()
    evidence_put(
        organization=house.organization, data=CONTENT, media_type="text/plain; charset=utf-8",
        now=clock.now(),
    )  # fmt: skip
    use = EvidenceUse(kind=EvidenceKind.SNIPPET, sha256=DIGEST)
    report(
        house,
        run,
        found(1, evidence=[use], location={"file": "a.py", "start_line": 2, "end_line": None}),
    )
    (body,) = verdicts_of(organization=house.organization, run_id=run.run_id)
    assert body["evidence"] == [
        {
            "kind": "snippet",
            "sha256": DIGEST,
            "size_bytes": len(CONTENT),
            "media_type": "text/plain",
        }
    ]
    assert body["location"] == {"file": "a.py", "start_line": 2, "end_line": None}


def test_an_edit_of_the_criteria_ends_the_runs_that_were_checking_the_old_ones() -> None:
    house = House()
    runbook = house.runbook()
    flying, waiting = house.run(runbook), house.run(runbook, status=RunStatus.PENDING)
    report(house, flying, found(1))
    criteria_replace(
        **house.acting(), number=runbook.number, expected_version=1, criteria=["Another."]
    )
    for run in (flying, waiting):
        ended = run_get(organization=house.organization, run_id=run.run_id)
        assert ended.status == "error"
        assert "version 2" in (ended.error_message or "")
    assert house.run(runbook).runbook_version == 2


def test_a_run_of_a_version_that_is_not_current_is_refused() -> None:
    house = House()
    runbook = house.runbook()
    criteria_replace(**house.acting(), number=1, expected_version=1, criteria=["Another."])
    before = written()
    with pytest.raises(Conflict, match="version 2, not 1"):
        house.run(runbook, runbook_version=1)
    assert written() == before


def test_times_in_the_future_or_out_of_order_are_refused() -> None:
    house = House()
    run = house.run()
    before, now = written(), clock.now()
    with pytest.raises(InvalidInput, match="future"):
        run_start(**house.acting(), runbook_number=1, started_at=now + timedelta(minutes=6))
    with pytest.raises(InvalidInput, match="before started_at"):
        finish(house, run, completed_at=now - timedelta(days=1))
    with pytest.raises(InvalidInput, match="future"):
        finish(house, run, completed_at=now + timedelta(days=1))
    assert written() == before
    assert (
        run_start(
            **house.acting(), runbook_number=1, started_at=clock.now() + timedelta(minutes=4)
        ).status
        == "in_progress"
    )


def test_another_organizations_run_is_not_found() -> None:
    house, other = House("acme"), House("umbrella")
    run = house.run()
    before = written()
    for attempt in (
        lambda: report(other, run, found(1)),
        lambda: finish(other, run),
        lambda: run_get(organization=other.organization, run_id=run.run_id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert written() == before
