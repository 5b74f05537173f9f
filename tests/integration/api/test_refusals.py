"""Tokens that are over, members whose time is over, and what breaks inside: said plainly, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from affidavit.identity.models import ApiToken
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.records.accounts import token_revoke
from affidavit.records.types import Via
from tests.support.house import Caller, House, check_problem, written

pytestmark = pytest.mark.django_db

RUNBOOK = {"repo": "acme/shop", "title": "T", "intent": "I", "acceptance_criteria": ["It sells."]}


def _expired(house: House) -> str:
    token = house.token(Role.SUBMITTER)
    ApiToken.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    return token


def _revoked(house: House) -> str:
    token = house.token(Role.SUBMITTER)
    token_revoke(token=ApiToken.objects.latest("pk"), by=None, via=Via.CLI, now=clock.now())
    return token


def _left(house: House) -> str:
    token = house.token(Role.SUBMITTER)
    house.users[Role.SUBMITTER].is_active = False
    house.users[Role.SUBMITTER].save()
    return token


@pytest.mark.parametrize(
    "token", [_expired, _revoked, _left, lambda _: "afd_unknown", lambda _: "\xff"]
)
def test_a_token_that_is_over_opens_nothing(token: Callable[[House], str]) -> None:
    house = House()
    caller = Caller(token(house))
    before = written()
    response = caller.post("/runbooks", RUNBOOK)
    check_problem(response, 401, "not_signed_in")
    assert response["WWW-Authenticate"] == 'Bearer realm="affidavit", error="invalid_token"'
    assert written() == before


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "afd_x", ""])
def test_what_is_no_bearer_token_is_answered_401(header: str) -> None:
    House()
    response = Caller(None).send("GET", "/runbooks/1", headers={"Authorization": header})
    check_problem(response, 401, "not_signed_in")


def test_a_member_whose_time_is_over_is_refused() -> None:
    house = House()
    caller = house.caller(Role.AUDITOR)
    house.member(Role.AUDITOR).organization.memberships.update(
        expires_at=clock.now() - timedelta(days=1)
    )
    check_problem(caller.get("/records"), 403, "forbidden")


def test_an_unexpected_exception_is_answered_without_its_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()
    caller = house.caller(Role.SUBMITTER)

    def broken(**_: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("affidavit.api.runbooks.runbook_submit", broken)
    before = written()
    response = caller.post("/runbooks", RUNBOOK)
    check_problem(response, 500, "internal_error")
    assert b"secret" not in response.content
    assert "the secret of the house" in caplog.text
    assert written() == before


def test_hostile_text_that_can_be_stored_is_stored_verbatim() -> None:
    house = House()
    hostile = (
        "\u202eevil\u2066 =cmd|' /C calc'!A0 <script>alert(1)</script> \x07 \x7f \u2028 😀 مرحبا"
    )
    stated = RUNBOOK | {"title": hostile, "intent": hostile, "acceptance_criteria": [hostile]}
    answer = house.caller(Role.SUBMITTER).post("/runbooks", stated)
    assert answer.status_code == 201
    found = house.caller(Role.ADMIN).get("/records?type=runbook_submission").json()["records"][0]
    assert (found["title"], found["intent"]) == (hostile, hostile)
    assert found["acceptance_criteria"] == [hostile]
