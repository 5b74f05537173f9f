"""Runbooks: numbered densely, every version a record, edits against the version that was read."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from affidavit.kit import clock
from affidavit.kit.errors import Conflict, InvalidInput, NotFound
from affidavit.kit.ids import new_id
from affidavit.ledger.models import Entry
from affidavit.records.types import RecordType
from affidavit.runbooks.selectors import criteria_of, runbook_get
from affidavit.runbooks.services import GitContext, runbook_edit
from tests.support.house import House, written
from tests.support.trail import T0, Trail, submission

pytestmark = pytest.mark.django_db


def bodies(house: House) -> list[dict[str, object]]:
    entries = Entry.objects.filter(organization=house.organization).order_by("seq")
    found = [orjson.loads(entry.body or "") for entry in entries]
    return [body for body in found if body["record_type"] == "runbook_submission"]


def test_numbers_are_dense_from_one_in_each_organization() -> None:
    acme, umbrella = House("acme"), House("umbrella")
    assert [acme.runbook().number, acme.runbook().number] == [1, 2]
    assert umbrella.runbook().number == 1


def test_a_number_that_an_imported_record_has_is_not_given_again() -> None:
    trail = Trail()
    trail.append(
        trail.draft(RecordType.RUNBOOK_SUBMISSION, submission(41, "Old", T0, "a1" * 20, "ada"))
    )
    house = House("umbrella")
    house.organization = trail.organization
    assert house.runbook().number == 42


def test_a_submission_is_recorded_as_it_was_made() -> None:
    house = House()
    at = clock.now() - timedelta(days=3)
    git = GitContext(target="main", working="change", commit_sha="a1" * 20)
    house.runbook(git=git, occurred_at=at, criteria=["same", "same"])
    (body,) = bodies(house)
    assert body["occurred_at"] == body["submitted_at"] == clock.format_time(at)
    assert body["submitted_by"] == body["actor"] == "submitter-acme"
    assert body["branch"] == {"target": "main", "working": "change"}
    assert body["acceptance_criteria"] == ["same", "same"]
    assert body["changes"] is None


def test_an_edit_is_the_next_version_and_says_what_it_did() -> None:
    house = House()
    runbook = house.runbook(["a", "b", "c"])
    edited = runbook_edit(
        **house.acting(), number=runbook.number, expected_version=1, criteria=["a", "B", "c", "d"]
    )
    assert edited.version == 2
    found = runbook_get(organization=house.organization, number=runbook.number)
    assert (found.version, criteria_of(runbook=found)) == (2, ["a", "B", "c", "d"])
    first, second = bodies(house)
    assert first["record_id"] != second["record_id"]
    assert (second["runbook_version"], second["revision"]) == (2, 1)
    assert second["changes"] == {
        "added": ["d"],
        "changed": [{"from": "b", "to": "B"}],
        "removed": [],
    }


def test_an_edit_that_changes_nothing_records_nothing() -> None:
    house = House()
    runbook = house.runbook(["a"])
    before = written()
    same = runbook_edit(**house.acting(), number=runbook.number, expected_version=1, criteria=["a"])
    assert (same.version, written()) == (1, before)


def test_an_edit_of_a_version_that_was_edited_meanwhile_is_refused() -> None:
    house = House()
    runbook = house.runbook(["a"])
    runbook_edit(**house.acting(), number=runbook.number, expected_version=1, criteria=["b"])
    before = written()
    with pytest.raises(Conflict, match="at version 2, not 1"):
        runbook_edit(**house.acting(), number=runbook.number, expected_version=1, criteria=["c"])
    assert written() == before


def test_what_can_not_be_recorded_is_refused_and_nothing_is_written() -> None:
    house = House()
    house.runbook()
    before = written()
    soon = clock.now() + timedelta(minutes=6)
    for refused in (
        {"criteria": [" "]}, {"criteria": ["a\x00"]}, {"criteria": ["\ud800"]}, {"title": ""},
        {"criteria": [str(number) for number in range(1001)]}, {"occurred_at": soon},
        {"git": GitContext(commit_sha="HEAD")}, {"title": "x" * 1001},
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            house.runbook(**refused)
    assert written() == before


def test_another_organizations_runbook_is_not_found() -> None:
    house, other = House("acme"), House("umbrella")
    house.runbook()
    for number in (1, 0, -1, 2**63):
        with pytest.raises(NotFound):
            runbook_get(organization=other.organization, number=number)
    with pytest.raises(NotFound):
        runbook_edit(**other.acting(), number=1, expected_version=1, criteria=["x", new_id()])
