"""The same key and body answers the same bytes; another body 409; at the same time, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from affidavit.api.models import IdempotencyKey
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.records.types import RunStatus
from affidavit.runbooks.models import Runbook
from tests.support.house import Caller, House, check_problem, verdict, written

RUNBOOK = {"repo": "acme/shop", "title": "T", "intent": "I", "acceptance_criteria": ["It sells."]}


@pytest.mark.django_db
def test_the_same_key_and_body_answers_the_same_bytes_and_does_nothing() -> None:
    house = House()
    caller = house.caller(Role.SUBMITTER)
    first = caller.post("/runbooks", RUNBOOK, Idempotency_Key="k")
    before = written()
    again = caller.post("/runbooks", RUNBOOK, Idempotency_Key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert written() == before


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused() -> None:
    caller = House().caller(Role.SUBMITTER)
    caller.post("/runbooks", RUNBOOK, Idempotency_Key="k")
    before = written()
    response = caller.post("/runbooks", RUNBOOK | {"title": "U"}, Idempotency_Key="k")
    assert "another body" in check_problem(response, 409, "conflict")["detail"]
    assert written() == before


@pytest.mark.django_db
def test_a_key_belongs_to_its_address_and_to_its_user() -> None:
    house = House()
    submitter, admin = house.caller(Role.SUBMITTER), house.caller(Role.ADMIN)
    assert submitter.post("/runbooks", RUNBOOK, Idempotency_Key="k").json()["runbook_number"] == 1
    assert admin.post("/runbooks", RUNBOOK, Idempotency_Key="k").json()["runbook_number"] == 2
    assert submitter.post("/runbooks/1/runs", {}, Idempotency_Key="k").status_code == 201
    assert submitter.post("/runbooks/2/runs", {}, Idempotency_Key="k").status_code == 201


@pytest.mark.django_db
def test_a_request_that_failed_is_not_kept_and_may_be_sent_again() -> None:
    house = House()
    caller = house.caller(Role.SUBMITTER)
    run = house.run(status=RunStatus.PENDING)
    body = {"results": [verdict(1)]}
    path = f"/runs/{run.run_id}/results"
    check_problem(caller.post(path, body, Idempotency_Key="k"), 409, "conflict")
    caller.patch(f"/runs/{run.run_id}", {"status": "in_progress"})
    assert caller.post(path, body, Idempotency_Key="k").status_code == 201
    assert caller.post(path, body, Idempotency_Key="k").status_code == 201


@pytest.mark.django_db
def test_a_key_is_kept_for_seven_days() -> None:
    caller = House().caller(Role.SUBMITTER)
    caller.post("/runbooks", RUNBOOK, Idempotency_Key="old")
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(days=7, seconds=1))
    caller.post("/runbooks", RUNBOOK, Idempotency_Key="new")
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"new"}


@pytest.mark.django_db(transaction=True)
def test_requests_with_one_key_at_the_same_time_make_one_change_and_get_one_answer() -> None:
    house = House("acme", [Role.SUBMITTER])
    token = house.token(Role.SUBMITTER)

    def send(_: int) -> tuple[int, bytes]:
        try:
            response: Any = Caller(token).post("/runbooks", RUNBOOK, Idempotency_Key="k")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(16)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert Runbook.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_runbooks_that_are_submitted_at_the_same_time_are_numbered_without_gap_or_double() -> None:
    house = House("acme", [Role.SUBMITTER])
    token = house.token(Role.SUBMITTER)

    def send(_: int) -> int:
        try:
            return int(Caller(token).post("/runbooks", RUNBOOK).json()["runbook_number"])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(24))) == list(range(1, 25))
