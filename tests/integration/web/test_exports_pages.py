"""Exports in the pages: exact counts before, one code path, downloads that are recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from affidavit.exports import jobs
from affidavit.exports.models import Export
from affidavit.exports.types import ExportFormat
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.ledger.models import Entry
from tests.support.trail import Trail

if TYPE_CHECKING:
    from tests.integration.web.conftest import SignedIn


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself is the worker: a thread would not see an open transaction."""
    monkeypatch.setattr(jobs.WORKER, "wake", lambda: None)


def finish() -> None:
    while found := jobs.claim(now=clock.now()):
        jobs.run(found)


def create(client: Client, query: str = "status=fail", **fields: str) -> Export:
    answer = client.post(f"/audit/export?{query}", {"format": "json", **fields})
    assert answer.status_code == 302
    export = Export.objects.order_by("-pk")[0]
    assert answer["Location"] == f"/exports/{export.export_id}"
    return export


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def test_the_dialog_shows_the_exact_count_and_the_ledgers_size(admin: Client) -> None:
    size = Entry.objects.count()
    page = text_of(admin.get("/audit/export?status=fail"))
    assert "Export 2 records" in page
    assert "<dt>verdicts</dt><dd>2</dd>" in page
    assert f"{size} entries now" in page
    for item in ExportFormat:
        assert f'value="{item.value}"' in page


def test_what_is_on_the_screen_is_what_is_exported(admin: Client) -> None:
    export = create(admin)
    finish()
    page = text_of(admin.get(f"/exports/{export.export_id}"))
    export.refresh_from_db()
    [file] = export.files
    assert file["sha256"] in page
    answer = admin.get(f"/exports/{export.export_id}/files/{file['name']}")
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
    document = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert [item["status"] for item in document["records"]] == ["fail", "fail"]
    assert document["manifest"]["via"] == "ui"


def test_a_download_is_recorded(admin: Client) -> None:
    export = create(admin)
    finish()
    export.refresh_from_db()
    admin.get(f"/exports/{export.export_id}/files/{export.files[0]['name']}").getvalue()
    last = Entry.objects.order_by("-seq")[0]
    assert last.body is not None
    body = json.loads(last.body)
    assert (body["action"], body["export_id"]) == ("export_downloaded", export.export_id)


def test_progress_is_asked_for_until_it_has_ended(admin: Client) -> None:
    export = create(admin)
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    address = f"/exports/{export.export_id}"
    waiting = text_of(admin.get(address, headers=partial))
    assert 'hx-trigger="every 1s"' in waiting
    assert "<html" not in waiting
    finish()
    assert "hx-trigger" not in text_of(admin.get(address, headers=partial))


def test_a_cancelled_export_keeps_no_file(admin: Client) -> None:
    export = create(admin)
    admin.post(f"/exports/{export.export_id}/cancel")
    finish()
    assert "It was cancelled" in text_of(admin.get(f"/exports/{export.export_id}"))
    assert admin.post(f"/exports/{export.export_id}/cancel").status_code == 409


def test_a_failure_says_why_and_offers_no_file(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "render_files", full)
    export = create(admin)
    finish()
    page = text_of(admin.get(f"/exports/{export.export_id}"))
    assert "No space left on device" in page
    assert "Nothing of it may be used" in page


@pytest.mark.parametrize(("sent", "guarded"), [({"formula_guard": "on"}, True), ({}, False)])
def test_the_formula_guard_can_be_turned_off_for_csv(
    admin: Client, sent: dict[str, str], guarded: bool
) -> None:
    assert create(admin, format="csv", **sent).formula_guard is guarded


def test_an_unknown_format_or_filter_makes_no_export(admin: Client) -> None:
    assert admin.post("/audit/export", {"format": "docx"}).status_code == 400
    assert admin.post("/audit/export?status=maybe", {"format": "json"}).status_code == 400
    assert Export.objects.count() == 0


def test_the_list_says_who_asked_when_and_over_which_filter(admin: Client) -> None:
    create(admin, "status=fail&repo=acme/shop")
    page = text_of(admin.get("/exports"))
    for text in ("the-admin", "Queued 0%", "acme/shop", "via ui"):
        assert text in page


def test_another_organizations_export_is_not_found(acme: Trail, signed_in: SignedIn) -> None:
    export = create(signed_in(Role.ADMIN))
    finish()
    export.refresh_from_db()
    other = Trail("other")
    Export.objects.update(organization=other.organization)
    client = signed_in(Role.AUDITOR)
    address = f"/exports/{export.export_id}"
    assert client.get(address).status_code == 404
    assert client.get(f"{address}/files/{export.files[0]['name']}").status_code == 404
    assert client.post(f"{address}/cancel").status_code == 404


@pytest.mark.parametrize("name", ["other.json", "..%2F..%2Fsecret-key", ".."])
def test_only_the_exports_own_files_are_handed_out(admin: Client, name: str) -> None:
    export = create(admin)
    finish()
    assert admin.get(f"/exports/{export.export_id}/files/{name}").status_code == 404
