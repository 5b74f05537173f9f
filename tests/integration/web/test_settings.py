"""Settings: time zone, theme, API tokens that are shown once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from affidavit.identity.models import ApiToken
from affidavit.identity.selectors import member_by_token
from affidavit.identity.types import Role, Scope
from affidavit.kit import clock
from affidavit.kit.errors import NotSignedIn

if TYPE_CHECKING:
    from tests.integration.web.conftest import SignedIn


def make(client: Client, **more: Any) -> Any:
    return client.post(
        "/settings/tokens", {"name": "CI", "scope": ["audit:read"], "days": "30", **more}
    )


def test_a_token_is_shown_once_and_works(admin: Client) -> None:
    answer = make(admin).content.decode()
    found = re.search(r'<code id="secret">(afd_[^<]+)</code>', answer)
    assert found
    member = member_by_token(secret=found[1], now=clock.now())
    assert member.scopes == {Scope.AUDIT_READ}
    assert found[1] not in admin.get("/settings").content.decode()
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - clock.now() < timedelta(days=31)


def test_revoking_a_token_works_at_once(admin: Client) -> None:
    found = re.search(r'id="secret">(afd_[^<]+)<', make(admin).content.decode())
    assert found
    admin.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke")
    with pytest.raises(NotSignedIn):
        member_by_token(secret=found[1], now=clock.now())
    assert "1 revoked" in admin.get("/settings").content.decode()


def test_a_token_can_last_until_it_is_revoked(admin: Client) -> None:
    make(admin, days="")
    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"scope": []}, {"scope": ["root"]}, {"days": "9999"}],
    ids=["no name", "no scope", "unknown scope", "unknown end"],
)
def test_a_token_that_is_not_well_described_is_not_made(
    admin: Client, fields: dict[str, Any]
) -> None:
    answer = make(admin, **fields)
    assert answer.status_code == 400
    assert ApiToken.objects.count() == 0


def test_a_token_never_allows_more_than_the_role(signed_in: SignedIn) -> None:
    assert make(signed_in(Role.REVIEWER), scope=["audit:read"]).status_code == 400
    assert ApiToken.objects.count() == 0


def test_nobody_revokes_another_persons_token(signed_in: SignedIn) -> None:
    make(signed_in(Role.ADMIN))
    token = ApiToken.objects.get()
    answer = signed_in(Role.AUDITOR).post(f"/settings/tokens/{token.pk}/revoke")
    assert answer.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_theme_is_kept_in_a_cookie(admin: Client) -> None:
    admin.post("/settings/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in admin.get("/settings").content.decode()
    assert admin.post("/settings/theme", {"theme": "pink"}).status_code == 400


def test_choosing_a_zone_leads_back_to_the_filtered_list(admin: Client) -> None:
    answer = admin.post(
        "/settings/time-zone", {"time_zone": "Asia/Tokyo", "next": "/audit?status=fail"}
    )
    assert answer["Location"] == "/audit?status=fail"
    away = admin.post("/settings/time-zone", {"time_zone": "", "next": "//evil.example"})
    assert away["Location"] == "/settings"
