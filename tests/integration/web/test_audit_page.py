"""The audit view: one address for the page and its fragment, filters, exact counts, places in the list."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from affidavit.identity.types import Role
from affidavit.kit.ids import new_id
from affidavit.records.types import RecordType
from affidavit.web import trail
from tests.support.trail import T0, Trail, submission

if TYPE_CHECKING:
    from tests.integration.web.conftest import SignedIn

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


def text_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def count_of(answer: Any) -> int:
    found = re.search(r"<strong>([\d,]+)</strong> records? match", text_of(answer))
    assert found, text_of(answer)[:2000]
    return int(found[1].replace(",", ""))


def ids_of(answer: Any) -> list[str]:
    return re.findall(r'class="row-link" href="/audit/records/([^"]+)"', text_of(answer))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 16),
        ("type=runbook_submission", 3),
        ("type=waiver&type=approval", 4),
        ("type=all", 19),
        ("status=fail", 2),
        ("status=fail&status=warn", 3),
        ("waiver=accepted_risk", 2),
        ("repo=acme/warehouse", 5),
        ("repo=acme/warehouse&repo=acme/shop", 16),
        ("actor=grace", 6),
        ("runbook=2", 6),
        ("commit=a1a1a1", 16),
        ("commit=ffff", 0),
        ("q=accepted", 1),
        ("revisions=all", 20),
        ("date=custom&from=2026-03-02&until=2026-03-03", 6),
        ("from=2026-03-03", 5),
        ("until=2026-03-02", 5),
        ("status=warn&repo=acme/warehouse&runbook=3", 1),
        ("repo=nobody/none", 0),
    ],
)
def test_the_count_is_exact_for_every_filter(admin: Client, query: str, count: int) -> None:
    answer = admin.get(f"/audit?{query}&per=100")
    assert answer.status_code == 200
    if query != "type=all":  # memberships and people's actors are there too
        assert count_of(answer) == count
        assert len(ids_of(answer)) == count


def test_page_and_fragment_share_one_address_and_say_what_they_vary_by(admin: Client) -> None:
    page = admin.get("/audit?status=fail")
    fragment = admin.get("/audit?status=fail", headers=PARTIAL)
    assert "<html" in text_of(page)
    assert "<html" not in text_of(fragment)
    assert ids_of(page) == ids_of(fragment)
    for answer in (page, fragment):
        assert "HX-Request" in answer["Vary"]


def test_a_way_back_in_history_gets_the_whole_page(admin: Client) -> None:
    answer = admin.get(
        "/audit", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in text_of(answer)


def test_the_address_that_is_pushed_is_canonical(admin: Client) -> None:
    answer = admin.get(
        "/audit?date=any&from=&until=&status=fail&runbook=&commit=&q=&revisions=current",
        headers=PARTIAL,
    )
    assert answer["HX-Push-Url"] == "/audit?status=fail"


def test_asking_again_without_a_change_makes_no_step_in_the_history(admin: Client) -> None:
    answer = admin.get(
        "/audit?status=fail&q=",
        headers=PARTIAL | {"HX-Current-URL": "http://testserver/audit?status=fail"},
    )
    assert answer["HX-Replace-Url"] == "/audit?status=fail"
    assert "HX-Push-Url" not in answer


def test_a_plain_form_ends_at_the_canonical_address_too(admin: Client) -> None:
    answer = admin.get("/audit?date=7d&from=2026-01-01&until=&q=&commit=A1")
    assert answer.status_code == 302
    assert answer["Location"] == "/audit?date=7d&commit=a1"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("commit=xyz", "hexadecimal"),
        ("status=maybe", "unknown: maybe"),
        ("runbook=zero", "filter runbook"),
        ("from=yesterday", "filter from"),
        ("colour=red", "colour"),
        ("from=2026-03-02&until=2026-03-01", "lies before"),
    ],
)
def test_a_filter_that_cannot_be_read_lists_nothing_and_says_why(
    admin: Client, query: str, said: str
) -> None:
    answer = admin.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert said in text_of(answer)
    assert ids_of(answer) == []


@pytest.mark.parametrize("query", ["after=x", "after=1.2&before=1.2", "per=7", "at=-1"])
def test_a_place_that_is_not_ours_is_refused(admin: Client, query: str) -> None:
    assert admin.get(f"/audit?{query}").status_code == 400


def way(answer: Any, name: str) -> str:
    found = re.search(rf'rel="{name}" href="([^"]+)"', text_of(answer))
    return found[1].replace("&amp;", "&") if found else ""


def test_paging_neither_skips_nor_repeats_while_records_arrive_and_are_revised(
    acme: Trail, admin: Client
) -> None:
    for number in range(10, 70):
        fields = submission(number, f"Change {number}", T0, "a1" * 20, "ada")
        acme.append(
            acme.draft(RecordType.RUNBOOK_SUBMISSION, fields, at=T0 + timedelta(days=number))
        )
    everything = ids_of(admin.get("/audit?per=250"))
    seen: list[str] = []
    answer = admin.get("/audit?per=25")
    while True:
        seen += ids_of(answer)
        acme.change(900 + len(seen), at=T0 + timedelta(days=35))
        older = way(answer, "next")
        if not older:
            break
        answer = admin.get(older)
    assert seen == everything
    back: list[str] = list(reversed(ids_of(answer)))
    while newer := way(answer, "prev"):
        answer = admin.get(newer)
        back += reversed(ids_of(answer))
    assert list(reversed(back)) == everything


def test_a_hint_says_how_many_matching_records_arrived(acme: Trail, admin: Client) -> None:
    first = admin.get("/audit?status=fail")
    found = re.search(r'hx-get="(/audit/arrivals[^"]+)"', text_of(first))
    assert found
    address = found[1].replace("&amp;", "&")
    assert text_of(admin.get(address)).strip() == ""
    acme.change(8, statuses=("fail", "pass", "fail"))
    answer = text_of(admin.get(address))
    assert "<strong>2</strong>" in answer
    assert 'href="/audit?status=fail"' in answer


def test_nothing_recorded_yet_says_what_to_do(db: None) -> None:
    from tests.support.people import member

    trail = Trail("fresh")
    client = Client()
    client.force_login(member(trail.organization, "ines", Role.ADMIN))
    answer = text_of(client.get("/audit"))
    assert "Nothing is recorded yet" in answer
    assert "affidavit backfill" in answer


def test_no_match_says_what_each_filter_costs(admin: Client) -> None:
    answer = text_of(admin.get("/audit?status=fail&repo=acme/warehouse"))
    assert "No record matches these filters" in answer
    assert re.search(r'href="/audit\?status=fail"[^>]*>without Repository <span[^>]*>2<', answer)
    assert re.search(
        r'href="/audit\?repo=acme%2Fwarehouse"[^>]*>without Verdict <span[^>]*>5<', answer
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("type=waiver&status=fail", "A verdict status matches verdicts alone"),
        ("type=approval&waiver=accepted_risk", "A waiver category matches"),
        ("type=approval&run=x", "A run id matches"),
    ],
)
def test_filters_that_exclude_each_other_are_pointed_out(
    admin: Client, query: str, said: str
) -> None:
    assert said in text_of(admin.get(f"/audit?{query}"))


def test_days_are_the_viewers(acme: Trail, admin: Client) -> None:
    acme.change(50, at=T0.replace(hour=23, minute=30))  # the next day in Berlin
    acme.change(51, at=T0.replace(month=7, day=1, hour=22, minute=30))  # UTC+2 in summer
    utc = count_of(admin.get("/audit?from=2026-03-01&until=2026-03-02"))
    admin.post("/settings/time-zone", {"time_zone": "Europe/Berlin"})
    answer = admin.get("/audit?from=2026-03-01&until=2026-03-02")
    assert count_of(answer) == utc - 5
    assert "Europe/Berlin" in text_of(answer)
    assert count_of(admin.get("/audit?from=2026-07-02")) == 5


def test_the_browsers_zone_is_taken_until_one_is_chosen(admin: Client) -> None:
    assert "times in UTC" in text_of(admin.get("/audit"))
    admin.cookies["time_zone"] = "Asia/Tokyo"
    assert "times in Asia/Tokyo (UTC+09:00)" in text_of(admin.get("/audit"))
    admin.cookies["time_zone"] = "Not/A/Zone"
    assert "times in UTC" in text_of(admin.get("/audit"))
    assert admin.post("/settings/time-zone", {"time_zone": "Moon/Base"}).status_code == 400


def test_hidden_characters_are_shown(acme: Trail, admin: Client) -> None:
    title = "pay \u202egro.live\u202c <b>&amp;</b>"
    acme.append(
        acme.draft(
            RecordType.RUNBOOK_SUBMISSION,
            submission(60, title, T0, "a1" * 20, "ada"),
            record_id=new_id(),
        )
    )
    answer = text_of(admin.get("/audit?runbook=60"))
    assert "\u202e" not in re.sub(r'title="[^"]*"', "", answer)
    assert ">U+202E</span>" in answer
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in answer


def test_the_charts_have_a_name_and_a_table(admin: Client) -> None:
    answer = text_of(admin.get("/audit"))
    assert (
        'role="img" aria-label="Verdicts by day and status: 3 pass, 2 fail, 1 warn, 0 error.'
        in answer
    )
    assert "01 Mar 2026" in answer
    assert 'aria-label="Waivers by category: ' in answer


def test_a_large_ledgers_list_does_not_wait_for_its_charts(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "INLINE_CHARTS", 5)
    page = text_of(admin.get("/audit?status=fail"))
    assert '<svg class="chart"' not in page
    found = re.search(r'hx-get="(/audit/charts[^"]+)" hx-trigger="load"', page)
    assert found
    address = found[1].replace("&amp;", "&")
    assert "Verdicts by day and status: 0 pass, 2 fail" in text_of(
        admin.get(address, headers=PARTIAL)
    )
    assert "<html" in text_of(admin.get(address))


def test_an_auditor_can_ask_without_javascript_for_what_the_form_offers(
    signed_in: SignedIn,
) -> None:
    answer = text_of(signed_in(Role.AUDITOR).get("/audit"))
    assert '<form id="filters" class="filters" method="get" action="/audit"' in answer
    assert "<noscript><button" in answer
