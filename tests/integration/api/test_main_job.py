"""The main job over HTTP: submit, run, prove, report, waive, approve; then read and export the trail."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from typing import Any

import pytest

from affidavit.exports import jobs
from affidavit.exports.models import Export
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.ledger import keys
from affidavit.ledger.models import Entry
from affidavit.proof.checkpoint import open_checkpoint
from affidavit.proof.merkle import leaf_hash, root_hash
from affidavit.runbooks.models import Runbook
from tests.support.house import CONTENT, CRITERIA, DIGEST, House, check_problem, verdict, written

pytestmark = pytest.mark.django_db

SPEC = "# Change the shop\n\n## Intent\n\nSell more.\n\n## Acceptance Criteria\n\n" + "".join(
    f"- {criterion}\n" for criterion in CRITERIA
)


def told(house: House) -> dict[str, Any]:
    """Tell the whole story of one change by the API and return what its answers were."""
    submitter, reviewer = house.caller(Role.SUBMITTER), house.caller(Role.REVIEWER)
    runbook = submitter.post(
        "/runbooks",
        {"repo": "acme/shop", "spec": SPEC, "commit_sha": "a1" * 20, "branch": {"target": "main"}},
    ).json()
    run = submitter.post("/runbooks/1/runs", {"started_at": "2026-01-02T03:04:05Z"}).json()
    stored = submitter.send("PUT", f"/evidence/{DIGEST}", raw=CONTENT, content_type="text/plain")
    assert stored.status_code == 201
    use = {"kind": "snippet", "sha256": DIGEST}
    place = {"file": "shop.py", "start_line": 3}
    verdicts = [verdict(1), verdict(2, "fail", evidence=[use], location=place), verdict(3)]
    results = submitter.post(f"/runs/{run['run_id']}/results", {"results": verdicts}).json()
    ended = submitter.patch(
        f"/runs/{run['run_id']}", {"completed_at": "2026-01-02T03:05:05Z"}
    ).json()
    waiver = reviewer.post(
        f"/results/{results['results'][1]['result_id']}/waiver",
        {"category": "fix_in_followup", "reason": "Next week.", "followup_url": "https://x.test/1"},
    )
    approval = reviewer.post("/runbooks/1/decisions", {"decision": "approved", "comment": "Good."})
    return {
        "runbook": runbook, "run": run, "results": results, "ended": ended, "waiver": waiver,
        "approval": approval,
    }  # fmt: skip


def test_a_change_goes_its_whole_way_and_each_answer_says_where_it_stands() -> None:
    house = House()
    story = told(house)
    assert story["runbook"]["acceptance_criteria"] == list(CRITERIA)
    assert (story["run"]["status"], story["ended"]["status"]) == ("in_progress", "failed")
    assert story["run"]["started_at"] == "2026-01-02T03:04:05.000000Z"
    assert (story["waiver"].status_code, story["approval"].status_code) == (201, 201)
    runbook = house.caller(Role.AUDITOR).get("/runbooks/1").json()
    assert runbook["latest_run"]["status"] == "passed"
    assert runbook["latest_run"]["criteria_waived"] == 1
    assert [decision["decision"] for decision in runbook["decisions"]] == ["approved"]
    run = house.caller(Role.REVIEWER).get(f"/runs/{story['run']['run_id']}").json()
    assert [(item["ordinal"], item["status"], item["is_waived"]) for item in run["results"]] == [
        (1, "pass", False), (2, "fail", True), (3, "pass", False),
    ]  # fmt: skip


def test_waiving_twice_answers_200_and_the_first_waiver() -> None:
    house = House()
    story = told(house)
    path = f"/results/{story['results']['results'][1]['result_id']}/waiver"
    admin = house.caller(Role.ADMIN)
    before = written()
    again = admin.post(path, {"category": "doesnt_apply", "reason": "Again."})
    assert (again.status_code, again.json()) == (200, story["waiver"].json())
    assert written() == before


def test_evidence_comes_back_as_an_attachment_that_nothing_can_run() -> None:
    house = House()
    caller = house.caller(Role.SUBMITTER)
    content = b"<script>alert(1)</script>"
    path = f"/evidence/{hashlib.sha256(content).hexdigest()}"
    assert caller.send("PUT", path, raw=content, content_type="text/html").status_code == 201
    assert caller.send("PUT", path, raw=content, content_type="text/html").status_code == 200
    response = caller.get(path)
    assert (response.content, response["Content-Type"]) == (content, "text/html")
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_trail_is_read_in_pages_that_hold_every_record_once() -> None:
    house = House()
    told(house)
    auditor = house.caller(Role.AUDITOR)
    first = auditor.get("/records?limit=2").json()
    seen, page = list(first["records"]), first
    told_later = Runbook.objects.get()
    house.runbook(title="Arrived meanwhile")
    while page["next"]:
        page = auditor.get(
            f"/records?limit=2&cursor={page['next']}&ledger_size={first['ledger_size']}"
        ).json()
        assert page["total"] == first["total"]
        seen += page["records"]
    assert len(seen) == first["total"] == len({record["record_id"] for record in seen})
    assert {record["runbook_number"] for record in seen} == {told_later.number}
    waived = auditor.get("/records?waiver=fix_in_followup&type=verification_result").json()
    assert [record["ordinal"] for record in waived["records"]] == [2]


def test_a_record_is_shown_with_the_bytes_that_the_checkpoint_signs() -> None:
    house = House()
    story = told(house)
    auditor = house.caller(Role.AUDITOR)
    shown = auditor.get(f"/records/{story['run']['run_id']}").json()
    assert [item["revision"] for item in shown["revisions"]] == [1, 2, 3]
    for item in shown["revisions"]:
        digest = hmac.digest(bytes.fromhex(item["salt"]), item["body_text"].encode(), "sha256")
        assert json.loads(item["header_text"])["body_hmac"] == digest.hex()
        assert item["leaf_hash"] == leaf_hash(item["header_text"].encode()).hex()
    vkey = keys.signer(organization=house.organization).vkey
    statement, _ = open_checkpoint(auditor.get("/checkpoint").content.decode(), [vkey])
    headers = Entry.objects.filter(organization=house.organization).order_by("seq")
    assert statement.root == root_hash([leaf_hash(entry.header.encode()) for entry in headers])


def test_an_export_is_asked_for_followed_and_taken_away_and_all_of_it_is_recorded() -> None:
    house = House()
    told(house)
    auditor = house.caller(Role.AUDITOR)
    filters = {"type": ["verification_result"], "status": ["fail"]}
    asked = auditor.post("/exports", {"format": "csv", "filters": filters}, Idempotency_Key="k")
    assert asked.status_code == 202
    again = auditor.post("/exports", {"format": "csv", "filters": filters}, Idempotency_Key="k")
    assert again.content == asked.content
    path = f"/exports/{asked.json()['export_id']}"
    check_problem(auditor.get(path + "/download"), 409, "conflict")
    claimed = jobs.claim(now=clock.now())
    assert claimed is not None
    jobs.run(claimed)
    ready = auditor.get(path).json()
    assert (ready["status"], ready["rows_done"]) == ("ready", 1)
    response = auditor.get(path + "/download")
    content = b"".join(response)
    assert hashlib.sha256(content).hexdigest() == ready["files"][0]["sha256"]
    assert [row["reason"] for row in csv.DictReader(io.StringIO(content.decode()))] == [
        "so it was found"
    ]
    manifest = auditor.get(path + "/manifest").json()
    assert manifest["rows"]["total_exported"] == 1
    check_problem(auditor.get(path + "/download?file=../../secret-key"), 422, "invalid_input")
    accesses = auditor.get("/records?type=access&limit=1000").json()["records"]
    about = [item for item in accesses if item["export_id"] == asked.json()["export_id"]]
    assert {item["action"] for item in about} == {"export_created", "export_downloaded"}
    assert {(item["actor"], item["role"]) for item in about} == {("auditor-acme", "auditor")}


@pytest.mark.parametrize("format", ["json", "ndjson", "csv"])
def test_an_export_is_streamed_and_its_manifest_says_what_was_sent(format: str) -> None:
    house = House()
    told(house)
    auditor = house.caller(Role.AUDITOR)
    response = auditor.get(f"/exports/stream?format={format}&type=approval&type=waiver")
    content = b"".join(response)
    manifest = auditor.get(f"/exports/{response['Affidavit-Export-Id']}/manifest").json()
    assert manifest["rows"]["exported"] == {"approval": 1, "waiver": 1}
    assert manifest["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert b"Next week." in content
    path = f"/exports/{response['Affidavit-Export-Id']}/download"
    check_problem(auditor.get(path), 404, "not_found")


def test_a_stream_that_is_broken_off_is_recorded_as_failed() -> None:
    house = House()
    told(house)
    response = house.caller(Role.AUDITOR).get("/exports/stream?format=json")
    blocks = iter(response)
    next(blocks)
    response._resource_closers[0]()  # what the server does when the client has gone
    export = Export.objects.get(export_id=response["Affidavit-Export-Id"])
    assert (export.status, export.error) == ("failed", "the download was broken off")
