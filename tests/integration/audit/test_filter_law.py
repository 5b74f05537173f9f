"""The law of the one filter: SQL finds exactly what plain Python finds over the same headers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affidavit.audit import selectors
from affidavit.audit.charts import verdicts_by_day, waivers_by_category
from affidavit.audit.filters import AuditFilter
from affidavit.ledger.models import Entry
from affidavit.proof.query import Query
from affidavit.records.types import RecordType
from tests.support.trail import T0, Trail

pytestmark = pytest.mark.django_db

CATEGORIES = ["false_positive", "doesnt_apply", "accepted_risk", "fix_in_followup"]
REPOS = ["acme/shop", "acme/api", "acme/none"]
ACTORS = ["ada", "björn", "ada\u202e", "nobody"]


@pytest.fixture
def trail() -> Trail:
    made = Trail()
    björn, bidi = made.actor("björn"), made.actor("ada\u202e")
    made.change(
        1, statuses=("pass", "fail", "warn"), waive="accepted_risk", reason="Straße =1+1 100%"
    )
    made.change(
        2,
        statuses=("error",),
        at=T0 + timedelta(days=1, microseconds=1),
        repo="acme/api",
        actor=björn,
    )
    made.change(
        3, waive="fix_in_followup", at=T0 - timedelta(days=40), commit="b2" * 20, actor=bidi
    )
    Trail("rival").change(1, waive="accepted_risk")  # another organization's records never match
    return made


def oracle(trail: Trail, query: Query) -> set[int]:
    """Evaluate the query over every stored header and body in plain Python."""
    entries = list(Entry.objects.filter(organization=trail.organization, seq__lt=query.ledger_size))
    headers = [orjson.loads(entry.header) for entry in entries]
    bodies = {entry.seq: orjson.loads(entry.body or "{}") for entry in entries}
    latest: dict[str, int] = {}
    for header in headers:
        latest[header["record_id"]] = max(latest.get(header["record_id"], 0), header["revision"])
    return {
        header["seq"]
        for header in headers
        if query.matches_header(header)
        and query.matches_text(bodies[header["seq"]])
        and (query.revisions == "all" or latest[header["record_id"]] == header["revision"])
    }


moments = st.sampled_from(
    [
        "",
        "2026-03-01",
        "2026-03-02",
        "2026-03-02T12:00:00.000001Z",
        "2026-01-20",
        "2026-03-01T13:00:00+01:00",
    ]
)


def several(values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


filters = st.fixed_dictionaries(
    {
        "from": moments, "until": moments, "repo": several(REPOS), "actor": several(ACTORS),
        "type": several([*map(str, RecordType), "all"]),
        "status": several(["pass", "fail", "warn", "error"]), "waiver": several(CATEGORIES),
        "runbook": st.sampled_from(["", "1", "2", "9"]), "commit": st.sampled_from(["", "a", "A1a1", "b2" * 20, "c"]),
        "q": st.sampled_from(["", "STRASSE", "=1+1", "100%", "known accepted", "_", "'", "ada\u202e", "shop.py"]),
        "revisions": st.sampled_from(["current", "all"]),
    }
)  # fmt: skip


def parsed(chosen: dict[str, Any]) -> AuditFilter | None:
    pairs = [
        (name, value)
        for name, values in chosen.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    start, end = chosen["from"], chosen["until"]
    if start and end and end < start:
        return None
    return AuditFilter.from_params(pairs)


@given(chosen=filters, zone=st.sampled_from(["UTC", "Pacific/Auckland"]), cut=st.integers(0, 40))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_finds_exactly_what_plain_python_finds(
    trail: Trail, chosen: dict[str, Any], zone: str, cut: int
) -> None:
    filter_ = parsed(chosen)
    if filter_ is None:
        return
    organization = trail.organization
    size = max(0, selectors.head_size(organization=organization) - cut)
    query = filter_.compile(
        organization=organization, now=T0, time_zone=ZoneInfo(zone), ledger_size=size
    ).query
    expected = oracle(trail, query)

    found: list[int] = []
    after = None
    while True:
        page = selectors.page(organization=organization, query=query, after=after, limit=3)
        found += [row.seq for row in page.rows]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted(expected)
    assert selectors.count(organization=organization, query=query) == len(expected)
    by_type = selectors.counts_by_type(organization=organization, query=query)
    assert sum(by_type.values()) == len(expected)
    days = verdicts_by_day(organization=organization, query=query, time_zone=ZoneInfo(zone))
    assert sum(sum(counts.values()) for _, counts in days) == by_type.get("verification_result", 0)
    waivers = waivers_by_category(organization=organization, query=query)
    assert sum(waivers.values()) == by_type.get("waiver", 0)


def test_the_charts_days_are_the_viewers_days_across_a_change_of_the_clock(trail: Trail) -> None:
    zone = ZoneInfo("Europe/Berlin")
    # 23:30 UTC on 28 March is already the 29th in Berlin, the day on which summer time begins.
    before = T0.replace(month=3, day=28, hour=23, minute=30)
    after = T0.replace(month=3, day=29, hour=22, minute=30)  # 00:30 on the 30th, summer time
    trail.change(4, statuses=("pass",), at=before)
    trail.change(5, statuses=("warn",), at=after)
    query = AuditFilter.from_params([("from", "2026-03-29"), ("until", "2026-03-31")]).compile(
        organization=trail.organization, now=T0, time_zone=zone,
        ledger_size=selectors.head_size(organization=trail.organization),
    ).query  # fmt: skip
    days = verdicts_by_day(organization=trail.organization, query=query, time_zone=zone)
    assert [(str(day), counts["pass"], counts["warn"]) for day, counts in days] == [
        ("2026-03-29", 1, 0),
        ("2026-03-30", 0, 1),
    ]


def test_paging_neither_skips_nor_repeats_a_record_while_others_arrive(trail: Trail) -> None:
    organization = trail.organization
    size = selectors.head_size(organization=organization)
    query = Query(ledger_size=2**53, revisions="all")
    before = {
        row.seq
        for row in selectors.page(
            organization=organization, query=query, after=None, limit=999
        ).rows
    }
    seen: list[int] = []
    page = selectors.page(organization=organization, query=query, after=None, limit=4)
    number = 100
    while True:
        seen += [row.seq for row in page.rows]
        number += 1
        trail.change(number, at=T0 + timedelta(days=number))  # newer than everything on the pages
        if page.next is None:
            break
        page = selectors.page(organization=organization, query=query, after=page.next, limit=4)
    assert sorted(seen) == sorted(before)
    assert len(before) == size


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ([("typ", "all")], "typ"),
        ([("type", "verdict")], "type"),
        ([("status", "passed")], "status"),
        ([("waiver", "other")], "waiver"),
        ([("runbook", "0")], "runbook"),
        ([("runbook", "x")], "runbook"),
        ([("commit", "xyz")], "commit"),
        ([("from", "2026-02-30")], "from"),
        ([("until", "yesterday")], "until"),
        ([("from", "2026-03-02"), ("until", "2026-03-01")], "date"),
        ([("date", "7d"), ("from", "2026-03-02")], "date"),
        ([("date", "8d")], "date"),
        ([("q", "a\x00")], "q"),
        ([("run", "../etc")], "run"),
        ([("q", "a"), ("q", "b")], "q"),
        ([("revisions", "some")], "revisions"),
    ],
)
def test_a_bad_filter_is_refused_by_the_name_of_its_parameter(
    params: list[tuple[str, str]], named: str
) -> None:
    from affidavit.kit.errors import InvalidInput

    with pytest.raises(InvalidInput, match=f"filter {named}"):
        AuditFilter.from_params(params)
