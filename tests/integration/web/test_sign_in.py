"""Signing in: throttled, recorded, and silent about who exists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from affidavit.audit.selectors import Row, page
from affidavit.identity.models import Membership, SignInFailure
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.proof.query import Query
from affidavit.web import sign_in
from tests.support.people import PASSWORD, member
from tests.support.trail import Trail


@pytest.fixture(autouse=True)
def _refuse_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "REFUSAL_SECONDS", 0.0)


@pytest.fixture
def ines(acme: Trail) -> str:
    return member(acme.organization, "ines", Role.ADMIN).username


def try_in(username: str, password: str = PASSWORD, **more: Any) -> Any:
    client = more.pop("client", None) or Client()
    extra = {"REMOTE_ADDR": more.pop("address", "192.0.2.1")}
    return client.post("/sign-in", {"username": username, "password": password, **more}, **extra)


def access_of(trail: Trail, *actions: str) -> Iterator[dict[str, Any]]:
    query = Query(ledger_size=10**6, types=("access",))
    rows: list[Row] = page(organization=trail.organization, query=query, after=None, limit=100).rows
    for row in rows:
        assert row.body is not None
        if row.body["action"] in actions:
            yield row.body


def test_a_sign_in_starts_a_session_under_a_new_key_and_is_recorded(acme: Trail, ines: str) -> None:
    client = Client()
    client.get("/sign-in")
    session = client.session
    session["seen"] = "before"
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    before = session.session_key
    answer = try_in(ines, client=client)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.session.session_key != before
    [record] = access_of(acme, "sign_in")
    assert (record["actor"], record["subject"], record["via"]) == ("ines", "ines", "ui")


def test_a_failed_sign_in_of_a_member_is_recorded_and_of_a_stranger_is_not(
    acme: Trail, ines: str
) -> None:
    assert try_in(ines, "wrong").status_code == 400
    assert try_in("nobody", "wrong").status_code == 400
    [record] = access_of(acme, "sign_in_failed")
    assert record["subject"] == "ines"


def test_refusals_read_the_same_whether_the_user_exists_or_not(ines: str) -> None:
    known = try_in(ines, "wrong").content.decode().replace(ines, "NAME")
    unknown = try_in("nobody", "wrong").content.decode().replace("nobody", "NAME")
    assert _without_token(known) == _without_token(unknown)


def _without_token(html: str) -> str:
    start = html.index('name="csrfmiddlewaretoken"')
    return html[:start] + html[html.index(">", start) :]


def test_a_user_who_is_not_active_is_refused_like_a_stranger(acme: Trail, ines: str) -> None:
    user = Membership.objects.get(user__username=ines).user
    user.is_active = False
    user.save()
    answer = try_in(ines)
    assert answer.status_code == 400
    assert "don&#x27;t match an account" in answer.content.decode()


def test_five_failures_of_a_username_close_it_for_fifteen_minutes(
    ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        assert try_in(ines, "wrong", address=f"192.0.2.{number}").status_code == 400
    refused = try_in(ines, address="192.0.2.99")
    assert refused.status_code == 429
    assert "Wait 15 minutes" in refused.content.decode()
    SignInFailure.objects.update(failed_at=clock.now() - timedelta(minutes=15))
    assert try_in(ines).status_code == 302


def test_the_throttle_is_the_same_for_a_username_that_nobody_has(db: None) -> None:
    statuses = [try_in("nobody", "wrong").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_twenty_failures_from_an_address_close_it_for_every_username(ines: str) -> None:
    for number in range(20):
        assert try_in(f"user-{number}", "wrong").status_code == 400
    assert try_in(ines).status_code == 429
    assert try_in(ines, address="192.0.2.2").status_code == 302


def test_a_refused_attempt_does_not_lengthen_the_wait(ines: str) -> None:
    for _ in range(8):
        try_in(ines, "wrong")
    assert SignInFailure.objects.count() == 5


def test_a_success_forgets_the_failures_of_the_username(ines: str) -> None:
    for _ in range(4):
        try_in(ines, "wrong")
    assert try_in(ines).status_code == 302
    assert try_in(ines, "wrong").status_code == 400


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("/audit?status=fail", "/audit?status=fail"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_next_leads_only_to_this_origin(ines: str, wanted: str, where: str) -> None:
    assert try_in(ines, next=wanted)["Location"] == where


@pytest.mark.parametrize("username", ["", " ", "a" * 151, "a\x00b"])
def test_an_unreadable_username_is_refused_and_looks_nobody_up(db: None, username: str) -> None:
    assert try_in(username).status_code == 400
    assert SignInFailure.objects.count() == 0


def test_a_stranger_comes_back_to_the_page_that_was_asked_for(acme: Trail) -> None:
    answer = Client().get("/audit?status=fail&repo=acme/shop")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in?next=%2Faudit%3Fstatus%3Dfail%26repo%3Dacme%2Fshop"


def test_htmx_is_told_to_leave_for_the_sign_in_page(acme: Trail) -> None:
    answer = Client().get(
        "/audit?q=x",
        headers={
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Current-URL": "http://testserver/audit?q=",
        },
    )
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/sign-in?next=%2Faudit%3Fq%3D"


def test_signing_out_takes_a_post_and_ends_the_session(admin: Client) -> None:
    assert admin.get("/sign-out").status_code == 405
    assert admin.post("/sign-out").status_code == 302
    assert admin.get("/audit").status_code == 302


def test_forms_without_their_key_are_refused_with_a_page_that_explains(ines: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in", {"username": ines, "password": PASSWORD})
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
