"""A record's page: every field, safe evidence, revisions, the chain, and the bytes of the proof."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest
from django.test import Client

from affidavit.audit.selectors import record
from affidavit.kit import clock
from affidavit.kit.ids import derived_id, new_id
from affidavit.records.shapes import fields_of
from affidavit.records.types import RecordType
from affidavit.verification.evidence import evidence_put
from affidavit.web.fields import label_of
from affidavit.web.views.evidence import EVIDENCE_POLICY
from tests.support.databases import triggers_disabled
from tests.support.trail import T0, Trail, result_fields, submission


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def first(trail: Trail, number: int, record_type: RecordType, **more: Any) -> str:
    for appended in trail.change(number, **more):
        if appended.body["record_type"] == record_type:
            return appended.record_id
    raise AssertionError(record_type)


@pytest.mark.parametrize(
    "record_type",
    [
        RecordType.RUNBOOK_SUBMISSION,
        RecordType.VERIFICATION_RUN,
        RecordType.VERIFICATION_RESULT,
        RecordType.WAIVER,
        RecordType.APPROVAL,
    ],
)
def test_every_field_of_the_contract_is_on_the_page(
    acme: Trail, admin: Client, record_type: RecordType
) -> None:
    record_id = first(acme, 40, record_type, waive="accepted_risk")
    page = text_of(admin.get(f"/audit/records/{record_id}"))
    for name in fields_of(record_type):
        shown = "Evidence" if name == "evidence" else label_of(name)
        assert f">{shown}<" in page, name
    for name in ("repo", "actor", "actor_kind", "via", "occurred_at", "recorded_at", "record_id"):
        assert f">{label_of(name)}<" in page


def test_raw_header_and_body_are_the_exact_bytes_and_prove_the_record(
    acme: Trail, admin: Client
) -> None:
    record_id = first(acme, 41, RecordType.WAIVER, waive="doesnt_apply")
    [revision] = record(organization=acme.organization, record_id=record_id)
    header = admin.get(f"/audit/records/{record_id}/1/header").content
    body = admin.get(f"/audit/records/{record_id}/1/body").content
    assert hashlib.sha256(b"\0" + header).hexdigest() == revision.leaf_hash_hex
    assert revision.salt_hex is not None
    commitment = hmac.digest(bytes.fromhex(revision.salt_hex), body, "sha256").hex()
    assert f'"body_hmac":"{commitment}"' in header.decode()
    page = text_of(admin.get(f"/audit/records/{record_id}"))
    assert revision.leaf_hash_hex in page
    assert f"hexkey:{revision.salt_hex} body.json" in page


def test_revisions_say_what_changed_and_an_earlier_one_can_be_read(
    acme: Trail, admin: Client
) -> None:
    record_id = first(
        acme, 42, RecordType.VERIFICATION_RESULT, statuses=("fail",), waive="false_positive"
    )
    page = text_of(admin.get(f"/audit/records/{record_id}"))
    assert re.search(r"Is waived</dt>\s*<dd>\s*<del>\s*No\s*</del>", page)
    earlier = text_of(admin.get(f"/audit/records/{record_id}?revision=1"))
    assert "A later one supersedes it" in earlier
    assert admin.get(f"/audit/records/{record_id}?revision=3").status_code == 404


def test_the_chain_leads_from_submission_to_approval(acme: Trail, admin: Client) -> None:
    appended = acme.change(43, waive="accepted_risk")
    page = text_of(admin.get(f"/audit/records/{appended[0].record_id}"))
    chain = page[page.index('id="h-chain"') :]
    for other in appended:
        if other.body["record_type"] != "verification_result" or other.body["status"] != "pass":
            assert f"/audit/records/{other.record_id}" in chain


def verdict(trail: Trail, content: bytes, media_type: str, kind: str = "snippet") -> str:
    stored = evidence_put(
        organization=trail.organization, data=content, media_type=media_type, now=clock.now()
    )
    run_id = new_id()
    result_id = derived_id(run_id, 1)
    fields = result_fields(result_id, run_id, 1, 1, "fail", "because") | {
        "evidence": [
            {
                "kind": kind,
                "sha256": stored.sha256,
                "size_bytes": stored.size_bytes,
                "media_type": media_type,
            }
        ]
    }
    trail.append(trail.draft(RecordType.VERIFICATION_RESULT, fields, record_id=result_id))
    return result_id


def test_text_evidence_is_shown_as_text_and_nothing_in_it_acts(acme: Trail, admin: Client) -> None:
    hostile = b"<script>alert(1)</script>\n\xff\xfe <img src=x>\n\xe2\x80\xae"
    page = text_of(admin.get(f"/audit/records/{verdict(acme, hostile, 'text/html')}"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert ">U+202E</span>" in page


def test_long_text_evidence_says_how_much_is_shown(acme: Trail, admin: Client) -> None:
    page = text_of(admin.get(f"/audit/records/{verdict(acme, b'x' * 100_000, 'text/plain')}"))
    assert "Shown: the first 64.0 KiB of 97.7 KiB. The download has all of it." in page


def test_evidence_that_is_missing_is_said_to_be(acme: Trail, admin: Client) -> None:
    record_id = first(acme, 44, RecordType.VERIFICATION_RESULT)
    page = text_of(admin.get(f"/audit/records/{record_id}"))
    assert "The file can&#x27;t be shown" in page or "The file can't be shown" in page


@pytest.mark.parametrize(
    ("media_type", "shown", "disposition"),
    [
        ("image/png", "image/png", "inline"),
        ("text/html", "application/octet-stream", "attachment"),
        ("text/xml", "application/octet-stream", "attachment"),
        ("text/plain", "application/octet-stream", "attachment"),
    ],
)
def test_evidence_is_served_shut_in(
    acme: Trail, admin: Client, media_type: str, shown: str, disposition: str
) -> None:
    content = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"
    stored = evidence_put(
        organization=acme.organization, data=content, media_type=media_type, now=clock.now()
    )
    answer = admin.get(f"/evidence/{stored.sha256}")
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
    assert answer["Content-Type"] == shown
    assert answer["Content-Disposition"].startswith(disposition)
    assert answer["Content-Security-Policy"] == EVIDENCE_POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(content))


def test_evidence_of_another_organization_is_not_found(acme: Trail, admin: Client) -> None:
    other = Trail("other")
    stored = evidence_put(
        organization=other.organization, data=b"theirs", media_type="text/plain", now=clock.now()
    )
    assert admin.get(f"/evidence/{stored.sha256}").status_code == 404


def test_a_very_long_title_is_whole_on_the_page(acme: Trail, admin: Client) -> None:
    title = "long " * 190
    appended = acme.append(
        acme.draft(RecordType.RUNBOOK_SUBMISSION, submission(61, title, T0, "a1" * 20, "ada"))
    )
    assert title in text_of(admin.get(f"/audit/records/{appended[0].record_id}"))
    assert title in text_of(admin.get("/r/61"))
    assert title not in text_of(admin.get("/audit?runbook=61"))


@pytest.mark.django_db(transaction=True)
def test_an_erased_record_keeps_its_place_and_says_so(acme: Trail, admin: Client) -> None:
    from affidavit.ledger.models import Entry

    appended = acme.change(62)[0]
    with triggers_disabled():
        Entry.objects.filter(organization=acme.organization, seq=appended.seq).update(
            body=None, salt=None
        )
    page = text_of(admin.get(f"/audit/records/{appended.record_id}"))
    assert "The text of this record was erased" in page
    assert admin.get(f"/audit/records/{appended.record_id}/1/body").status_code == 404
    assert "The text was erased." in text_of(admin.get("/audit?runbook=62"))


@pytest.mark.parametrize("record_id", ["nothing", "..", "a" * 64])
def test_a_record_that_is_not_there_is_not_found(admin: Client, record_id: str) -> None:
    assert admin.get(f"/audit/records/{record_id}").status_code == 404


def test_a_runbook_page_shows_intent_criteria_verdicts_and_decisions(
    acme: Trail, admin: Client
) -> None:
    page = text_of(admin.get("/r/2"))
    for text in ("Change the shop", "Sell more.", "It is fast.", "Known and accepted.", "Good."):
        assert text in page
    assert admin.get("/r/99").status_code == 404
