"""Who may see what: roles, organizations, strangers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from affidavit.identity.models import Membership
from affidavit.identity.types import Role
from affidavit.kit import clock
from affidavit.web.middleware import CONTENT_SECURITY_POLICY
from affidavit.web.models import SavedFilter
from tests.support.people import member
from tests.support.trail import Trail

if TYPE_CHECKING:
    from tests.integration.web.conftest import SignedIn

AUDIT_PAGES = ("/audit", "/audit/arrivals", "/audit/charts", "/exports", "/audit/export")


@pytest.mark.parametrize("address", AUDIT_PAGES)
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUBMITTER])
def test_other_roles_get_403_and_are_told_which_role_is_needed(
    signed_in: SignedIn, role: Role, address: str
) -> None:
    answer = signed_in(role).get(address)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert f"Your role in acme is {role}" in text
    assert "admin, auditor" in text


@pytest.mark.parametrize("address", AUDIT_PAGES)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_admins_and_auditors_see_them(signed_in: SignedIn, role: Role, address: str) -> None:
    assert signed_in(role).get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        *AUDIT_PAGES,
        "/",
        "/settings",
        "/r/1",
        "/audit/records/x",
        "/exports/x",
        "/evidence/" + "0" * 64,
    ],
)
def test_strangers_are_sent_to_the_sign_in_page(acme: Trail, address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=")


def test_an_auditor_whose_access_ended_is_told_so(signed_in: SignedIn) -> None:
    client = signed_in(Role.AUDITOR)
    Membership.objects.update(expires_at=clock.now() - timedelta(hours=1))
    answer = client.get("/audit")
    assert answer.status_code == 403
    assert "Your access ended at" in answer.content.decode()


def test_no_page_shows_another_organizations_records(acme: Trail, admin: Client) -> None:
    other = Trail("other")
    record_id = other.change(7, title="Secret of the others")[0].record_id
    assert admin.get(f"/audit/records/{record_id}").status_code == 404
    assert admin.get("/r/7").status_code == 404
    assert "Secret of the others" not in admin.get("/audit?type=all").content.decode()


def test_a_member_of_two_organizations_switches_between_them(acme: Trail) -> None:
    other = Trail("other")
    other.change(1, title="Change of the others")
    user = member(acme.organization, "ines", Role.ADMIN)
    member(other.organization, "ines", Role.AUDITOR)
    client = Client()
    client.force_login(user)
    assert "Change of the others" not in client.get("/audit").content.decode()
    assert client.post("/organization", {"organization": "other"}).status_code == 302
    assert "Change of the others" in client.get("/audit").content.decode()


def test_nobody_switches_into_an_organization_of_others(admin: Client) -> None:
    Trail("other")
    assert admin.post("/organization", {"organization": "other"}).status_code == 403
    assert admin.post("/organization", {"organization": "none"}).status_code == 403
    assert "acme" in admin.get("/settings").content.decode().lower()


def test_a_saved_filter_belongs_to_one_person(acme: Trail, signed_in: SignedIn) -> None:
    admin, auditor = signed_in(Role.ADMIN), signed_in(Role.AUDITOR)
    answer = admin.post("/audit/saved", {"name": "Failures", "query": "status=fail"})
    assert answer["Location"] == "/audit?status=fail"
    assert "Failures" in admin.get("/audit").content.decode()
    assert "Failures" not in auditor.get("/audit").content.decode()
    saved = SavedFilter.objects.get()
    auditor.post(f"/audit/saved/{saved.pk}/delete")
    assert SavedFilter.objects.count() == 1
    admin.post(f"/audit/saved/{saved.pk}/delete")
    assert SavedFilter.objects.count() == 0


def test_a_filter_that_cannot_be_read_is_not_saved(admin: Client) -> None:
    assert admin.post("/audit/saved", {"name": "x", "query": "status=nonsense"}).status_code == 400
    assert admin.post("/audit/saved", {"name": " ", "query": ""}).status_code == 400
    assert SavedFilter.objects.count() == 0


@pytest.mark.parametrize("address", ["/sign-in", "/audit", "/settings", "/r/1", "/nothing-here"])
def test_every_page_forbids_inline_code_and_has_none(admin: Client, address: str) -> None:
    answer = admin.get(address)
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    text = answer.content.decode()
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    assert "<script>" not in text


def test_signed_in_pages_stay_out_of_caches(admin: Client) -> None:
    for address in ("/audit", "/settings", "/r/1"):
        assert admin.get(address)["Cache-Control"] == "no-store, private"


def test_what_does_not_exist_has_a_page_of_its_own(admin: Client) -> None:
    answer = admin.get("/nothing-here")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
