"""Bad requests: each has its status and its problem document, and writes nothing at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from affidavit.identity.types import Role, Scope
from affidavit.kit import clock
from affidavit.records.types import RunStatus
from affidavit.verification.evidence import evidence_put
from affidavit.verification.services import run_finish
from tests.support.house import CONTENT, DIGEST, Caller, House, check_problem, verdict, written

RUNBOOK = {"repo": "acme/shop", "title": "T", "intent": "I", "acceptance_criteria": ["It sells."]}
SPEC = "# T\n\n## Intent\n\nI\n\n## Acceptance Criteria\n\n- It sells.\n"
OTHER = "cd" * 32
LATER = "2999-01-01T00:00:00Z"


class Scene:
    """What the bad requests aim at: runs in every state, verdicts, evidence, and another tenant's."""

    def __init__(self) -> None:
        self.house, self.other = House("acme"), House("umbrella", [Role.SUBMITTER])
        self._callers: dict[tuple[Role, tuple[Scope, ...] | None], Caller] = {}
        runbook = self.house.runbook()
        self.names = {"number": runbook.number, "digest": DIGEST, "unknown": OTHER}
        evidence_put(
            organization=self.house.organization,
            data=CONTENT,
            media_type="text/plain",
            now=clock.now(),
        )
        self.submitter = self.house.caller(Role.SUBMITTER)
        run = self._report(self.house.run(runbook).run_id, [verdict(1), verdict(2, "fail")])
        done = self._report(
            self.house.run(runbook).run_id,
            [verdict(n, "fail" if n == 2 else "pass") for n in (1, 2, 3)],
        )
        run_finish(**self.house.acting(), run_id=done[0])
        waiting = self.house.run(runbook, status=RunStatus.PENDING)
        self.names |= {"run": run[0], "passed": run[1], "failed": run[2], "done": done[0]}
        self.names |= {"pending": waiting.run_id}
        foreign = self.other.run(self.other.runbook())
        foreign_verdict = self.other.caller(Role.SUBMITTER).post(
            f"/runs/{foreign.run_id}/results", {"results": [verdict(1, "fail")]}
        )
        self.names |= {"foreign_run": foreign.run_id}
        self.names |= {"foreign_result": foreign_verdict.json()["results"][0]["result_id"]}
        self.other.runbook()
        evidence_put(
            organization=self.other.organization,
            data=b"theirs",
            media_type="text/plain",
            now=clock.now(),
        )
        self.house.actor(Role.REVIEWER)
        self.house.actor(Role.ADMIN)

    def caller(self, role: Role, scopes: tuple[Scope, ...] | None) -> Caller:
        if (role, scopes) not in self._callers:
            self._callers[role, scopes] = self.house.caller(role, scopes)
        return self._callers[role, scopes]

    def _report(self, run_id: str, verdicts: list[dict[str, Any]]) -> list[str]:
        answer = self.submitter.post(f"/runs/{run_id}/results", {"results": verdicts})
        return [run_id, *(item["result_id"] for item in answer.json()["results"])]


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A request and how it is answered; `path` is filled in from `Scene.names`."""

    name: str
    send: str
    status: int
    code: str
    body: Any = None
    raw: bytes | None = None
    role: Role = Role.SUBMITTER
    scopes: tuple[Scope, ...] | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    said: str = ""


def _runbook(name: str, status: int, code: str, **more: Any) -> Bad:
    return Bad(name=f"runbook: {name}", send="POST /runbooks", status=status, code=code, **more)


def _results(
    name: str, verdicts: Any, status: int = 422, code: str = "invalid_input", **more: Any
) -> Bad:
    stated = {"send": "POST /runs/{run}/results", "body": {"results": verdicts}} | more
    return Bad(name=f"results: {name}", status=status, code=code, **stated)


def _run(name: str, body: Any, status: int = 422, code: str = "invalid_input", **more: Any) -> Bad:
    return Bad(
        name=f"run: {name}", status=status, code=code, body=body,
        **({"send": "PATCH /runs/{run}"} | more),
    )  # fmt: skip


def _waiver(
    name: str, body: Any, status: int = 422, code: str = "invalid_input", **more: Any
) -> Bad:
    stated = {"send": "POST /results/{failed}/waiver", "role": Role.REVIEWER} | more
    return Bad(name=f"waiver: {name}", status=status, code=code, body=body, **stated)


WAIVER = {"category": "accepted_risk", "reason": "Known."}
BAD: list[Bad] = [
    # What can't be read.
    _runbook("not JSON", 400, "malformed_json", raw=b'{"repo":', said="line 1"),
    _runbook("empty body", 422, "invalid_input", raw=b""),
    _runbook("duplicate member", 400, "malformed_json", raw=b'{"repo":"a","repo":"b"}', said="twice"),
    _runbook("NaN", 400, "malformed_json", raw=b'{"repo":NaN}'),
    _runbook("half a surrogate", 400, "malformed_json", raw=b'{"repo":"\\ud800"}'),
    _runbook("NUL", 400, "malformed_json", raw=b'{"repo":"a\\u0000"}', said="U+0000"),
    _runbook("too deep", 400, "malformed_json", raw=b"[" * 99 + b"]" * 99),
    _runbook("not UTF-8", 400, "malformed_json", raw=b'{"repo":"\xff"}'),
    _runbook("form data", 415, "unsupported_media_type", raw=b"repo=a", content_type="text/plain"),
    _runbook("Latin-1", 415, "unsupported_media_type", body=RUNBOOK,
             content_type="application/json; charset=latin-1"),
    _runbook("larger than the limit", 413, "too_large", raw=b" " * (settings.ENV.max_request_bytes + 1)),
    # What breaks the shape.
    _runbook("an array", 422, "invalid_input", body=[RUNBOOK]),
    _runbook("unknown member", 422, "invalid_input", body=RUNBOOK | {"titel": "T"}, said="#/titel"),
    _runbook("missing member", 422, "invalid_input", body={"repo": "r", "title": "T"}),
    _runbook("a number for a text", 422, "invalid_input", body=RUNBOOK | {"title": 7}, said="#/title"),
    _runbook("no criterion", 422, "invalid_input", body=RUNBOOK | {"acceptance_criteria": []}),
    _runbook("a blank criterion", 422, "invalid_input", body=RUNBOOK | {"acceptance_criteria": ["a", " "]},
             said="#/acceptance_criteria/1"),
    _runbook("1001 criteria", 422, "invalid_input", body=RUNBOOK | {"acceptance_criteria": ["a"] * 1001}),
    _runbook("a title of 1001", 422, "invalid_input", body=RUNBOOK | {"title": "x" * 1001}),
    _runbook("a branch for a commit", 422, "invalid_input", body=RUNBOOK | {"commit_sha": "main"}),
    _runbook("a control character in the repository's name", 422, "invalid_input",
             body=RUNBOOK | {"repo": "a\nb"}),
    _runbook("spec and title", 422, "invalid_input", body=RUNBOOK | {"spec": SPEC}, said="either"),
    _runbook("spec without criteria", 422, "invalid_spec", body={"repo": "r", "spec": SPEC[:16]}),
    _runbook("a bad key", 422, "invalid_input", body=RUNBOOK, headers={"Idempotency-Key": "a b"}),
    _results("not a list", "all"),
    _results("empty", []),
    _results("1001", [verdict(9 + n, is_invariant=True) for n in range(1001)], 413, "too_large"),
    _results("an ordinal as text", [verdict(3) | {"ordinal": "3"}], said="#/results/0/ordinal"),
    _results("a fraction as ordinal", [verdict(3) | {"ordinal": 3.0}]),
    _results("true as ordinal", [verdict(3) | {"ordinal": True}]),
    _results("1 as true", [verdict(4) | {"is_invariant": 1}]),
    _results("an integer beyond 2^53", [verdict(3, location={"file": "a", "start_line": 2**53})]),
    _results("an unknown status", [verdict(3, "ok")], said="#/results/0/status"),
    _results("waived by the reporter", [verdict(3, is_waived=True)]),
    _results("a criterion of something else", [verdict(3, criterion="It is nice.")], said="not the text"),
    _results("an ordinal beyond", [verdict(4)]),
    _results("no verifier", [verdict(3, verifier="")], said="verifier"),
    _results("a reason of 10 MB", [verdict(3, reason="x" * 10_000_000)], said="at most 2000000"),
    _results("lines out of order", [verdict(3, location={"file": "a", "start_line": 9, "end_line": 2})]),
    _results("evidence that was not stored", [verdict(3, evidence=[{"kind": "trace", "sha256": OTHER}])],
             said="not stored"),
    _results("evidence of another tenant",
             [verdict(3, evidence=[{"kind": "trace", "sha256": "{theirs}"}])], said="not stored"),
    _results("evidence of an unknown kind", [verdict(3, evidence=[{"kind": "hunch", "sha256": DIGEST}])]),
    _results("one ordinal twice", [verdict(3), verdict(3)], said="twice"),
    _results("a time without an offset", [verdict(3, occurred_at="2026-01-01T00:00:00")]),
    _results("a time in the future", [verdict(3, occurred_at=LATER)], said="future"),
    # What contradicts what is recorded.
    _results("a second verdict", [verdict(3), verdict(1)], 409, "conflict", said="ordinal 1 already"),
    _results("before the start", [verdict(1)], 409, "conflict", send="POST /runs/{pending}/results"),
    _results("after the end", [verdict(1)], 409, "conflict", send="POST /runs/{done}/results"),
    _run("backwards", {"status": "pending"}, 409, "conflict"),
    _run("ended twice", {"status": "failed"}, 409, "conflict", send="PATCH /runs/{done}"),
    _run("ended before it began", {"status": "passed"}, 409, "conflict", send="PATCH /runs/{pending}"),
    _run("passed against its verdicts", {"status": "passed"}, 409, "conflict", said="ends as failed"),
    _run("completed in the future", {"completed_at": LATER}, said="future"),
    _run("completed before it started", {"completed_at": "2020-01-01T00:00:00Z"}, said="before"),
    _run("an error without a reason", {"status": "error"}, said="error_message"),
    _run("nothing to do", {}),
    _run("counts of the caller's own", {"status": "passed", "criteria_passed": 3}),
    Bad(name="run: of a version that is gone", send="POST /runbooks/{number}/runs",
        body={"runbook_version": 2}, status=409, code="conflict"),
    Bad(name="run: begun as passed", send="POST /runbooks/{number}/runs",
        body={"status": "passed"}, status=422, code="invalid_input"),
    Bad(name="run: begun in the future", send="POST /runbooks/{number}/runs",
        body={"started_at": LATER}, status=422, code="invalid_input"),
    Bad(name="criteria: a stale version", send="PUT /runbooks/{number}/criteria", status=409, code="conflict",
        body={"expected_version": 7, "acceptance_criteria": ["a"]}, said="version 1, not 7"),
    # Decisions.
    _waiver("no reason", {"category": "accepted_risk"}),
    _waiver("a blank reason", WAIVER | {"reason": " \n\u2003"}, said="#/reason"),
    _waiver("a reason of 10 MB", WAIVER | {"reason": "x" * 10_000_000}),
    _waiver("an unknown category", WAIVER | {"category": "whatever"}),
    _waiver("an end in the past", WAIVER | {"expires_at": "2020-01-01T00:00:00Z"}),
    _waiver("of a pass", WAIVER, 409, "conflict", send="POST /results/{passed}/waiver"),
    _waiver("of a run", WAIVER, 404, "not_found", send="POST /results/{run}/waiver"),
    _waiver("by a submitter", WAIVER, 403, "forbidden", role=Role.SUBMITTER),
    _waiver("of another tenant's verdict", WAIVER, 404, "not_found",
            send="POST /results/{foreign_result}/waiver"),
    Bad(name="decision: unknown", send="POST /runbooks/{number}/decisions", role=Role.REVIEWER,
        body={"decision": "ok"}, status=422, code="invalid_input"),
    Bad(name="decision: nothing to withdraw", send="POST /runbooks/{number}/decisions", role=Role.REVIEWER,
        body={"decision": "approval_withdrawn"}, status=409, code="conflict"),
    # Evidence.
    Bad(name="evidence: another digest", send="PUT /evidence/{unknown}", raw=CONTENT, status=422,
        code="invalid_input", content_type="text/plain", said=DIGEST),
    Bad(name="evidence: no media type of the list", send="PUT /evidence/{digest}", raw=CONTENT, status=415,
        code="unsupported_media_type", content_type="image/svg+xml"),
    Bad(name="evidence: a digest in capitals", send="PUT /evidence/" + DIGEST.upper(), raw=CONTENT,
        status=422, code="invalid_input", content_type="text/plain"),
    Bad(name="evidence: a path", send="PUT /evidence/..%2f..%2fetc%2fpasswd", raw=CONTENT, status=404,
        code="not_found", content_type="text/plain"),
    Bad(name="evidence: a path of dots", send="PUT /evidence/..", raw=CONTENT, status=422,
        code="invalid_input", content_type="text/plain"),
    Bad(name="evidence: larger than the limit", send="PUT /evidence/{unknown}", status=413, code="too_large",
        raw=b"x" * (settings.ENV.max_evidence_bytes + 1), content_type="text/plain"),
    Bad(name="evidence: unknown", send="GET /evidence/{unknown}", status=404, code="not_found"),
    # Addresses, methods, tenants.
    Bad(name="no such address", send="POST /runbook", body=RUNBOOK, status=404, code="not_found"),
    Bad(name="no such method", send="DELETE /runbooks/{number}", status=405, code="method_not_allowed"),
    Bad(name="no such runbook", send="GET /runbooks/99", status=404, code="not_found"),
    Bad(name="a runbook beyond all numbers", send="GET /runbooks/" + "9" * 30, status=404, code="not_found"),
    Bad(name="another tenant's runbook", send="GET /runbooks/2", status=404, code="not_found"),
    Bad(name="another tenant's run", send="GET /runs/{foreign_run}", status=404, code="not_found"),
    _run("another tenant's", {"status": "failed"}, 404, "not_found", send="PATCH /runs/{foreign_run}"),
    _results("another tenant's", [verdict(2)], 404, "not_found", send="POST /runs/{foreign_run}/results"),
    Bad(name="another tenant's record", send="GET /records/{foreign_run}", role=Role.AUDITOR, status=404,
        code="not_found"),
    Bad(name="NUL in the address", send="GET /runs/a%00b", status=400, code="malformed_address"),
    Bad(name="NUL in a filter", send="GET /records?repo=%00", role=Role.ADMIN, status=400,
        code="malformed_address"),
    Bad(name="an unknown filter", send="GET /records?colour=red", role=Role.ADMIN, status=422,
        code="invalid_input", said="colour"),
    Bad(name="a filter's unknown value", send="GET /records?status=ok", role=Role.ADMIN, status=422,
        code="invalid_input", said="status"),
    Bad(name="a cursor of one's own", send="GET /records?cursor=1", role=Role.ADMIN, status=422,
        code="invalid_input"),
    Bad(name="a page of 1001", send="GET /records?limit=1001", role=Role.ADMIN, status=422,
        code="invalid_input"),
    Bad(name="no such time zone", send="GET /records?time_zone=../etc/passwd", role=Role.ADMIN, status=422,
        code="invalid_input"),
    Bad(name="a ledger of tomorrow", send="GET /records?ledger_size=999999", role=Role.ADMIN, status=422,
        code="invalid_input"),
    # Roles and scopes.
    Bad(name="the trail for a submitter", send="GET /records", status=403, code="forbidden"),
    Bad(name="the trail for a reviewer", send="GET /checkpoint", role=Role.REVIEWER, status=403,
        code="forbidden"),
    Bad(name="a token without the scope", send="POST /runbooks", body=RUNBOOK, status=403, code="forbidden",
        scopes=(Scope.RUNS_WRITE,), said="runbooks:write"),
    Bad(name="an auditor who writes", send="POST /runbooks", body=RUNBOOK, role=Role.AUDITOR, status=403,
        code="forbidden"),
    Bad(name="export: unknown format", send="POST /exports", body={"format": "xlsx"}, role=Role.AUDITOR,
        status=422, code="invalid_input"),
    Bad(name="export: unknown filter", send="POST /exports", role=Role.AUDITOR, status=422,
        body={"format": "csv", "filters": {"colour": "red"}}, code="invalid_input"),
    Bad(name="export: a stream of PDF", send="GET /exports/stream?format=pdf", role=Role.AUDITOR,
        status=422, code="invalid_input"),
    Bad(name="export: unknown", send="GET /exports/nothing/download", role=Role.AUDITOR, status=404,
        code="not_found"),
]  # fmt: skip


@pytest.fixture(scope="module")
def scene(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """One scene for all of them: none may change anything, so none can be in another's way."""
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        patch.setattr(settings.ENV, "home", tmp_path_factory.mktemp("home"))
        yield Scene()
        transaction.set_rollback(True)


def _theirs(body: Any) -> Any:
    """Put the other tenant's digest where `{theirs}` stands."""
    text = orjson.dumps(body).replace(b"{theirs}", hashlib.sha256(b"theirs").hexdigest().encode())
    return orjson.loads(text)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name) for bad in BAD])
def test_a_bad_request_is_answered_with_its_problem_and_writes_nothing(
    bad: Bad, scene: Scene
) -> None:
    method, path = bad.send.split(" ", 1)
    caller = scene.caller(bad.role, bad.scopes)
    before = written()
    response = caller.send(
        method, path.format(**scene.names), _theirs(bad.body) if bad.body is not None else None,
        raw=bad.raw, content_type=bad.content_type, headers=bad.headers,
    )  # fmt: skip
    problem = check_problem(response, bad.status, bad.code)
    assert bad.said in problem["detail"]
    assert written() == before


def test_the_bad_requests_are_more_than_forty() -> None:
    assert len(BAD) > 40
    assert len({bad.name for bad in BAD}) == len(BAD)
