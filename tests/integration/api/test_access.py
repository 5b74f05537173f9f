"""Every route denies by default: no credentials, another tenant's token, a missing scope."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from affidavit.api.app import api
from affidavit.identity.models import User
from affidavit.identity.types import Role, Scope
from affidavit.kit import clock
from affidavit.verification.evidence import evidence_put
from tests.support.house import (
    CONTENT,
    DIGEST,
    Caller,
    House,
    check_problem,
    verdict,
    written,
)

pytestmark = pytest.mark.django_db

# A body that each changing route would take from its own tenant.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/runbooks"): {"repo": "r", "title": "T", "intent": "I", "acceptance_criteria": ["a"]},
    ("PUT", "/runbooks/{number}/criteria"): {"expected_version": 1, "acceptance_criteria": ["a"]},
    ("POST", "/runbooks/{number}/runs"): {},
    ("POST", "/runbooks/{number}/decisions"): {"decision": "changes_requested"},
    ("PATCH", "/runs/{run_id}"): {"status": "failed"},
    ("POST", "/runs/{run_id}/results"): {"results": [verdict(2)]},
    ("POST", "/results/{result_id}/waiver"): {"category": "accepted_risk", "reason": "Known."},
    ("PUT", "/evidence/{sha256}"): None,
    ("POST", "/exports"): {"format": "csv"},
}
# What belongs to nobody: each tenant has its own behind the same address.
OWN_OF_EACH = {
    ("POST", "/runbooks"), ("GET", "/records"), ("GET", "/checkpoint"), ("POST", "/exports"),
    ("GET", "/exports/stream"), ("PUT", "/evidence/{sha256}"),
}  # fmt: skip


def routes() -> list[tuple[str, str, list[str]]]:
    """Return each route of the API: method, path below /api/v1, scopes of which one is required."""
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    return [
        (
            method.upper(),
            path.removeprefix("/api/v1"),
            next(iter(operation["security"][0].values())),
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def filled(house: House) -> dict[str, str]:
    """Make one of everything in `house` and return what the paths' parameters are."""
    run = house.run()
    reported = house.caller(Role.SUBMITTER).post(
        f"/runs/{run.run_id}/results", {"results": [verdict(1, "fail")]}
    )
    evidence_put(
        organization=house.organization, data=CONTENT, media_type="text/plain", now=clock.now()
    )
    exported = house.caller(Role.ADMIN).post("/exports", {"format": "csv"})
    return {
        "number": str(run.runbook_number), "run_id": run.run_id, "record_id": run.run_id,
        "result_id": reported.json()["results"][0]["result_id"], "sha256": DIGEST,
        "export_id": exported.json()["export_id"],
    }  # fmt: skip


def call(caller: Caller, method: str, path: str, names: dict[str, str]) -> Any:
    if path == "/evidence/{sha256}" and method == "PUT":
        return caller.send(method, path.format(**names), raw=CONTENT, content_type="text/plain")
    query = "?format=ndjson" if path.endswith("/stream") else ""
    body = BODIES[method, path] if method != "GET" else None
    return caller.send(method, path.format(**names) + query, body)


def test_there_is_a_body_for_every_changing_route() -> None:
    assert {(method, path) for method, path, _ in routes() if method != "GET"} == set(BODIES)


@pytest.mark.parametrize(("method", "path", "scopes"), routes())
def test_a_stranger_is_answered_401_by_every_route(
    method: str, path: str, scopes: list[str]
) -> None:
    house = House()
    names = filled(house)
    before = written()
    response = call(Caller(None), method, path, names)
    check_problem(response, 401, "not_signed_in")
    assert response["WWW-Authenticate"] == 'Bearer realm="affidavit"'
    assert written() == before


@pytest.mark.parametrize(("method", "path", "scopes"), routes())
def test_another_tenants_admin_finds_nothing_at_any_route(
    method: str, path: str, scopes: list[str]
) -> None:
    house, other = House("acme"), House("umbrella", [Role.ADMIN])
    names = filled(house)
    caller = other.caller(Role.ADMIN)
    other.actor(Role.ADMIN)
    before = written()
    response = call(caller, method, path, names)
    if (method, path) in OWN_OF_EACH:
        assert response.status_code < 300
        assert b"acme" not in b"".join(response)
    else:
        check_problem(response, 404, "not_found")
        assert written() == before


@pytest.mark.parametrize(("method", "path", "scopes"), routes())
def test_a_token_without_the_scope_is_answered_403_by_every_route(
    method: str, path: str, scopes: list[str]
) -> None:
    house = House("acme", [Role.ADMIN, Role.SUBMITTER])
    names = filled(house)
    caller = house.caller(Role.ADMIN, set(Scope) - {Scope(scope) for scope in scopes})
    before = written()
    check_problem(call(caller, method, path, names), 403, "forbidden")
    assert written() == before


@pytest.mark.parametrize(("method", "path", "scopes"), routes())
def test_every_route_works_for_the_tenant_whose_it_is(
    method: str, path: str, scopes: list[str]
) -> None:
    house = House("acme", [Role.ADMIN, Role.SUBMITTER])
    names = filled(house)
    response = call(house.caller(Role.ADMIN, [Scope(scopes[0])]), method, path, names)
    if path in ("/exports/{export_id}/download", "/exports/{export_id}/manifest"):
        check_problem(response, 409, "conflict")  # it waits for a worker
    else:
        assert response.status_code in (200, 201, 202), response.content


def session_of(user: User, *, enforce_csrf: bool = True) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf)
    client.force_login(user)
    return client


def test_a_signed_in_page_may_read_and_needs_a_csrf_token_to_change() -> None:
    house = House()
    house.runbook()
    house.actor(Role.SUBMITTER)
    client = session_of(house.users[Role.SUBMITTER])
    assert client.get("/api/v1/runbooks/1").status_code == 200
    body = BODIES["POST", "/runbooks"]
    before = written()
    refused = client.post("/api/v1/runbooks", body, content_type="application/json")
    check_problem(refused, 403, "forbidden")
    assert written() == before
    client.cookies["csrftoken"] = "a" * 32
    allowed = client.post(
        "/api/v1/runbooks", body, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert allowed.status_code == 201


def test_a_session_speaks_for_the_organization_that_was_chosen_if_it_is_a_member_there() -> None:
    house, other = House("acme"), House("umbrella")
    client = session_of(house.users[Role.ADMIN])
    session = client.session
    session["organization"] = other.organization.slug
    session.save()
    check_problem(client.get("/api/v1/records"), 403, "forbidden")


def test_a_wrong_token_is_not_saved_by_a_session() -> None:
    house = House()
    house.runbook()
    client = session_of(house.users[Role.SUBMITTER])
    response = client.get("/api/v1/runbooks/1", headers={"Authorization": "Bearer afd_wrong"})
    check_problem(response, 401, "not_signed_in")


def test_the_reference_and_the_problems_pages_are_for_everybody_and_need_no_script() -> None:
    for path in ("/api/v1/reference", "/problems/conflict"):
        response = Client().get(path)
        assert response.status_code == 200
        assert b"<script" not in response.content
        assert b"http" not in response.content.replace(b"HTTP", b"")
    assert Client().get("/problems/nothing").status_code == 404
