"""An organization with a member and a token for each role, and a caller of the REST API for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from affidavit.api.models import IdempotencyKey
from affidavit.exports.models import Export
from affidavit.identity.models import Actor, Organization, Repo, User
from affidavit.identity.selectors import Member, member_of
from affidavit.identity.types import ROLE_SCOPES, Role, Scope
from affidavit.kit import clock
from affidavit.ledger import keys
from affidavit.ledger.models import Entry
from affidavit.records.accounts import actor_for_user, member_set, organization_create, token_issue
from affidavit.records.models import Record
from affidavit.records.services import repo_ensure
from affidavit.records.types import ActorKind, Via
from affidavit.runbooks.models import Runbook
from affidavit.runbooks.services import runbook_submit
from affidavit.verification.models import Evidence, Run
from affidavit.verification.services import run_start

CRITERIA = ("It sells.", "It is fast.", "It is safe.")
CONTENT = b"the lines that show it\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Caller:
    """Calls the API with a token (or with none) as a program would."""

    def __init__(self, token: str | None) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})

    def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None,
        content_type: str = "application/json", headers: dict[str, str] | None = None,
    ) -> Any:  # fmt: skip
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method, "/api/v1" + path, data, content_type=content_type, headers=headers
        )

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, headers=_named(headers))

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, headers=_named(headers))

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, headers=_named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class House:
    """One organization; users are named `<role>-<slug>`."""

    def __init__(self, slug: str = "acme", roles: Iterable[Role] = Role) -> None:
        now = clock.now()
        self.organization: Organization = organization_create(
            slug=slug, name=slug.title(), origin=f"affidavit.test/{slug}", now=now
        )
        keys.key_create(organization=self.organization)
        self.users: dict[Role, User] = {}
        for role in roles:
            # No password is hashed: that is slow on purpose, and nobody signs in here.
            user = User.objects.create(username=f"{role}-{slug}", created_at=now)
            member_set(
                organization=self.organization, user=user, role=role, by=None, via=Via.CLI, now=now
            )
            self.users[role] = user

    def token(
        self, role: Role, scopes: Iterable[Scope] | None = None, expires_at: datetime | None = None
    ) -> str:
        granted = sorted(ROLE_SCOPES[role] if scopes is None else scopes)
        _, secret = token_issue(
            organization=self.organization, user=self.users[role], name="test", scopes=granted,
            by=None, via=Via.CLI, now=clock.now(), expires_at=expires_at,
        )  # fmt: skip
        return secret

    def caller(self, role: Role, scopes: Iterable[Scope] | None = None) -> Caller:
        return Caller(self.token(role, scopes))

    def member(self, role: Role) -> Member:
        return member_of(user=self.users[role], organization=self.organization, now=clock.now())

    def actor(self, role: Role = Role.SUBMITTER) -> Actor:
        return actor_for_user(
            organization=self.organization, user=self.users[role], now=clock.now()
        )

    def repo(self, name: str = "acme/shop") -> Repo:
        return repo_ensure(organization=self.organization, name=name)

    def acting(self, role: Role = Role.SUBMITTER) -> dict[str, Any]:
        return {
            "organization": self.organization,
            "actor": self.actor(role),
            "actor_kind": ActorKind.USER,
            "via": Via.API,
            "now": clock.now(),
        }

    def runbook(self, criteria: Iterable[str] = CRITERIA, **more: Any) -> Runbook:
        stated: dict[str, Any] = {
            "title": "Change the shop",
            "intent": "Sell more.",
            "repo": self.repo(),
        } | more
        return runbook_submit(**self.acting(), criteria=tuple(criteria), **stated)

    def run(self, runbook: Runbook | None = None, **more: Any) -> Run:
        number = (runbook or self.runbook()).number
        return run_start(**self.acting(), runbook_number=number, **more)


def verdict(ordinal: int, status: str = "pass", **more: Any) -> dict[str, Any]:
    """Return a verdict as a program reports it, on one of `CRITERIA`."""
    criterion = CRITERIA[ordinal - 1] if 0 < ordinal <= len(CRITERIA) else "Nothing is worse."
    return {
        "ordinal": ordinal, "criterion": criterion, "status": status, "verifier": "path_rules",
        "reason": "so it was found", **more,
    }  # fmt: skip


def written() -> dict[str, Any]:
    """Count everything that a request could have written, in the database and beside it."""
    models = (Entry, Record, Runbook, Run, Evidence, Export, IdempotencyKey, Actor, Repo)
    counts: dict[str, Any] = {
        f"{model._meta.app_label}.{model.__name__}": model.objects.count() for model in models
    }
    home: Path = settings.ENV.home
    counts["files"] = sorted(str(path) for path in home.rglob("*") if path.is_file())
    counts["runs"] = sorted(Run.objects.values_list("run_id", "status", "criteria_total"))
    return counts


def check_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Hold an answer to the shape of every error, and return the problem document."""
    assert (response.status_code, response["Content-Type"]) == (
        status,
        "application/problem+json",
    ), response.content[:500]
    problem: dict[str, Any] = json.loads(response.content)
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert problem["type"] == f"/problems/{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/api/v1/")
    return problem
