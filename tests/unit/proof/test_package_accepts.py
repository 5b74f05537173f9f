"""A sound evidence package is accepted, and its report says what was proven and what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affidavit.proof.errors import CannotCheck
from affidavit.proof.note import Signer
from affidavit.proof.package import verify
from affidavit.proof.package_format import AUDIT_CSV, volume_name
from tests.support.package_builder import Ledger, sample_ledger, submission
from tests.unit.proof.conftest import Check

FILTERS: list[dict[str, Any]] = [
    {},
    {"type": ["all"]},
    {"type": ["all"], "revisions": "all"},
    {"type": ["waiver"]},
    {"repo": ["search"]},
    {"repo": ["payments", "search"], "actor": ["Grace"]},
    {"status": ["fail", "error"]},
    {"waiver": ["accepted_risk"]},
    {"actor": ["Nobody"]},
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_a_sound_package_is_accepted_under_every_filter(
    ledger: Ledger, check: Check, filters: dict[str, Any]
) -> None:
    report = check(ledger.parts(filters))
    assert [str(failure) for verdict in report.verdicts for failure in verdict.failures] == []
    assert [v.status for v in report.verdicts] == ["ok", "ok", "not_checked", "not_checked", "ok"]
    assert (report.accepted, report.exit_code) == (True, 0)


def test_the_filters_of_the_sample_admit_some_records_and_not_others(ledger: Ledger) -> None:
    counts = [len(ledger.parts(filters).rows) for filters in FILTERS]
    assert counts == [7, 9, 13, 1, 1, 3, 1, 2, 0]


def test_number_run_commit_and_dates_are_compiled_as_they_were_typed(
    ledger: Ledger, check: Check
) -> None:
    filters = {"runbook": "1", "run": "run-1", "commit": "1F1F", "date": "7d"}
    bounds: dict[str, Any] = {
        # Seven days up to and including 22 November in Zurich, where it is an hour later.
        "occurred_from": "2026-11-15T23:00:00.000000Z",
        "occurred_until": "2026-11-22T23:00:00.000000Z",
    }
    query: dict[str, Any] = {
        "runbook_number": 1,
        "run_id": "run-1",
        "commit_prefix": "1f1f",
        **bounds,
    }
    assert check(ledger.parts(filters, **query)).accepted
    typed = {"date": "custom", "from": "2026-11-16", "until": "2026-11-22T23:00:00Z"}
    assert check(ledger.parts(typed, **bounds)).accepted
    late: dict[str, Any] = {**bounds, "occurred_from": "2026-11-16T00:00:00.000000Z"}
    report = check(ledger.parts(typed, **late))
    assert "the filter as typed gives occurred_from" in str(report.verdict(2).failures[0])


def test_a_text_search_is_checked_but_its_completeness_is_never_claimed(
    ledger: Ledger, check: Check
) -> None:
    report = check(ledger.parts({"q": "CRITERION 1"}, text=("criterion", "1")))
    verdict = report.verdict(2)
    assert (report.exit_code, verdict.status) == (0, "not_checked")
    assert "cannot be proven from headers" in verdict.words
    assert "1 of them are in the package" in verdict.words
    assert report.verdict(5).status == "not_checked"
    assert any("searched text could have been left out" in line for line in report.still_forgeable)


def test_an_empty_ledger_is_accepted(check: Check) -> None:
    empty = Ledger(sample_signer())
    report = check_with(check, empty)
    assert report.facts["ledger_size"] == 0


def sample_signer() -> Signer:
    from tests.unit.proof import conftest

    return conftest._SIGNER


def check_with(check: Check, ledger: Ledger) -> Any:
    report = check(ledger.parts())
    assert report.accepted, report.to_json()
    return report


def test_the_report_names_the_key_the_ledger_and_what_could_still_be_forged(
    ledger: Ledger, check: Check
) -> None:
    report = check(ledger.parts({"repo": ["payments"]}))
    assert (ledger.signer.vkey,) == report.keys
    assert ledger.signer.vkey in report.verdict(1).words
    assert {
        name: count
        for name, count in report.facts["records_by_type"].items()
        if name in ("approval", "runbook_submission", "verification_result")
    } == {"approval": 1, "runbook_submission": 1, "verification_result": 2}
    assert "signing key" in report.still_forgeable[0]
    assert any("(payments)" in detail for detail in report.verdict(2).details)
    assert json.loads(json.dumps(report.to_json()))["verdicts"][3]["status"] == "not_checked"
    assert "no outside anchor was given" in report.verdict(4).words
    assert "PASSED" not in json.dumps(report.to_json())


def test_a_name_that_no_record_bears_out_is_pointed_at(ledger: Ledger, check: Check) -> None:
    report = check(ledger.parts({"actor": ["Nobody"]}))
    assert any("actor 'Nobody'" in detail for detail in report.verdict(2).details)


def test_several_pdf_volumes_are_a_package_too(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    parts = ledger.parts()
    del_pdf = {volume_name(number, total=2): b"%PDF-1.7 part" for number in (1, 2)}
    members = dict(parts.members())
    members.pop("audit.pdf")
    manifest = json.loads(members["manifest.json"])
    from tests.support.package_builder import _listed

    manifest["files"] = [entry for entry in manifest["files"] if entry["name"] != "audit.pdf"]
    manifest["files"] += [_listed(name, data) for name, data in del_pdf.items()]
    members["manifest.json"] = json.dumps(manifest).encode()
    path = parts.write(tmp_path / "volumes.zip", members={**members, **del_pdf}.items())
    assert check(path.read_bytes()).accepted


def test_an_unguarded_table_is_compared_as_it_is(ledger: Ledger, check: Check) -> None:
    parts = ledger.parts()
    guarded = parts.members()[AUDIT_CSV]
    parts.manifest["csv"] = {"formula_guard": False}
    assert "'=Pay twice?" in guarded.decode()
    assert check(parts).verdict(2).number == 2
    assert check(parts).verdict(2).status == "failed"
    import re

    parts.overrides[AUDIT_CSV] = re.sub(rb"'(?=[=@-])", b"", guarded)
    assert check(parts).accepted


@pytest.mark.parametrize("form", ["checkpoint", "package", "manifest", "document"])
def test_an_earlier_state_that_is_a_prefix_is_confirmed(
    ledger: Ledger, check: Check, tmp_path: Path, form: str
) -> None:
    earlier = tmp_path / "earlier"
    if form == "checkpoint":
        earlier.write_text(ledger.checkpoint(5))
    elif form == "package":
        ledger.parts(size=5).write(earlier)
    else:
        manifest = ledger.parts(size=5).manifest
        document = manifest if form == "manifest" else {"records": [], "manifest": manifest}
        earlier.write_text(json.dumps(document))
    report = check(ledger.parts(), previous=[earlier])
    assert report.verdict(3).status == "ok"
    assert "the first 5 are those of" in report.verdict(3).words
    assert "from entry 5 on" in report.still_forgeable[0]


def test_the_empty_and_the_present_size_are_prefixes_too(
    ledger: Ledger, check: Check, tmp_path: Path
) -> None:
    for size in (0, len(ledger.entries)):
        earlier = tmp_path / "earlier"
        earlier.write_text(ledger.checkpoint(size))
        assert check(ledger.parts(), previous=[earlier]).verdict(3).status == "ok"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_what_is_no_package_cannot_be_checked(check: Check, content: bytes) -> None:
    with pytest.raises(CannotCheck):
        check(content)


def test_a_missing_file_a_folder_and_a_bad_key_cannot_be_checked(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = ledger.parts().write(tmp_path / "evidence.zip")
    for wrong in (tmp_path / "none.zip", tmp_path, "nul\0byte"):
        with pytest.raises(CannotCheck):
            verify(wrong, vkeys=[ledger.signer.vkey])
    for vkeys in ([], ["no key"], [ledger.signer.vkey[:-4]]):
        with pytest.raises(CannotCheck):
            verify(path, vkeys=vkeys)
    with pytest.raises(CannotCheck):
        verify(path, vkeys=[ledger.signer.vkey], previous=[tmp_path / "none.zip"])
    (tmp_path / "text").write_text("no note")
    with pytest.raises(CannotCheck):
        verify(path, vkeys=[ledger.signer.vkey], previous=[tmp_path / "text"])


HOSTILE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(titles=st.lists(HOSTILE.filter(lambda text: text.strip()), max_size=5), intent=HOSTILE)
def test_records_with_any_text_verify(check: Check, titles: list[str], intent: str) -> None:
    ledger = sample_ledger(sample_signer())
    for number, title in enumerate(titles, start=3):
        ledger.add("runbook_submission", {**submission(number, title, "ab" * 20), "intent": intent})
    report = check(ledger.parts())
    assert report.accepted, report.to_json()
