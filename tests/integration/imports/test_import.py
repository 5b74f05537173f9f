"""Import takes back what export gave: the same records, all or none, as often as one likes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affidavit.audit.filters import AuditFilter
from affidavit.exports.render import render_files
from affidavit.exports.services import export_create, request_of
from affidavit.exports.types import ExportFormat
from affidavit.imports.services import Imported, import_file
from affidavit.kit.errors import InvalidInput
from affidavit.kit.ids import new_id
from affidavit.ledger.models import Entry, Head
from affidavit.records.accounts import system_actor
from affidavit.records.models import Record
from affidavit.records.types import Via
from affidavit.runbooks.models import Runbook
from affidavit.verification.models import Run
from tests.support.trail import T0, Trail

pytestmark = pytest.mark.django_db

OWN = ("seq", "recorded_at", "organization", "via")


def exported(trail: Trail, folder: Path, format: ExportFormat, *params: tuple[str, str]) -> Path:
    export = export_create(
        organization=trail.organization, actor=trail.ada, role="admin", via=Via.CLI,
        filter=AuditFilter.from_params(params), format=format, time_zone=ZoneInfo("UTC"), now=T0,
    )  # fmt: skip
    files = render_files(request_of(export=export), directory=folder, stem=new_id())
    return folder / str(files[0]["name"])


def imported(trail: Trail, path: Path, **options: Any) -> Imported:
    by = system_actor(organization=trail.organization)
    return import_file(organization=trail.organization, path=path, by=by, now=T0, **options)


def records(path: Path) -> list[dict[str, Any]]:
    """Read NDJSON without what each installation sets itself."""
    found = []
    for line in path.read_bytes().splitlines():
        body = json.loads(line)
        found.append({name: value for name, value in body.items() if name not in OWN})
    return sorted(found, key=lambda body: (body["record_id"], body["revision"]))


hostile = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        st.sampled_from("=+-@'\",\r\n\t;\\\u202e\u2066مש漢😀\x07\u2028\ufeff"),
    ),
    max_size=40,
)


@given(
    title=hostile.filter(str.strip),
    reason=hostile,
    format=st.sampled_from(["json", "ndjson", "csv"]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_export_then_import_then_export_gives_the_same_records(
    tmp_path: Path, home: Path, title: str, reason: str, format: str
) -> None:
    slug = "s" + new_id()[-12:]
    source, target = Trail(slug), Trail(slug + "-copy")
    source.change(1, title=title, reason=reason, waive="doesnt_apply")
    everything = (("revisions", "all"),)
    path = exported(source, tmp_path, ExportFormat(format), *everything)
    done = imported(target, path)
    first = records(exported(source, tmp_path, ExportFormat.NDJSON, *everything))
    second = records(exported(target, tmp_path, ExportFormat.NDJSON, *everything))
    assert first == second
    assert done.recorded == len(first)


def test_a_megabyte_of_reason_survives_the_way_through_every_format(tmp_path: Path) -> None:
    source = Trail()
    reason = ('=1+1,"x"\r\n' + "é漢" * 50) * 10_000
    assert len(reason.encode()) > 1_000_000
    source.change(1, reason=reason)
    for format in (ExportFormat.JSON, ExportFormat.NDJSON, ExportFormat.CSV):
        target = Trail(f"to-{format}")
        imported(target, exported(source, tmp_path, format))
        back = records(
            exported(target, tmp_path, ExportFormat.NDJSON, ("type", "verification_result"))
        )
        assert [body["reason"] for body in back] == [reason, reason]


def test_importing_twice_records_nothing_more(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1, waive="accepted_risk")
    path = exported(source, tmp_path, ExportFormat.JSON, ("type", "all"), ("revisions", "all"))
    first = imported(target, path)
    size = Head.objects.get(organization=target.organization).size
    again = imported(target, path)
    assert (again.recorded, again.known) == (0, first.recorded)
    assert Head.objects.get(organization=target.organization).size == size


def test_current_revisions_alone_keep_their_numbers(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1)
    imported(target, exported(source, tmp_path, ExportFormat.CSV))
    run = Record.objects.get(organization=target.organization, record_type="verification_run")
    assert (run.revision, run.superseded_by) == (2, None)


def test_the_trail_goes_on_where_the_import_ended(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(7, waive="accepted_risk")
    imported(target, exported(source, tmp_path, ExportFormat.JSON, ("revisions", "all")))
    runbook = Runbook.objects.get(organization=target.organization)
    assert (runbook.number, runbook.title) == (7, "Change the shop")
    assert Run.objects.get(organization=target.organization).status == "failed"
    waived = Record.objects.filter(
        organization=target.organization, waiver_category="accepted_risk"
    )
    assert {row.record_type for row in waived} == {"waiver", "verification_result"}
    commits = Record.objects.filter(
        organization=target.organization, record_type="verification_result"
    )
    assert {row.commit_sha for row in commits} == {"a1" * 20}


def test_imported_records_say_that_they_were_imported_and_when_they_happened(
    tmp_path: Path,
) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1)
    imported(target, exported(source, tmp_path, ExportFormat.JSON))
    entry = Entry.objects.filter(
        organization=target.organization, body__contains="runbook_submission"
    ).first()
    assert entry is not None
    body = json.loads(entry.body or "")
    assert (body["via"], body["occurred_at"]) == ("import", "2026-03-01T12:00:00.000000Z")
    note = Entry.objects.filter(organization=target.organization).order_by("-seq")[0]
    assert json.loads(note.body or "")["action"] == "imported"


def spoil(body: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    return [
        (body | {"record_type": "verdict"}, "verdict"),
        (body | {"record_id": "../x"}, "record_id"),
        (body | {"revision": 0}, "revision"),
        (body | {"occurred_at": "yesterday"}, "occurred_at"),
        (body | {"actor": ""}, "actor"),
        (body | {"actor_kind": "robot"}, "robot"),
        (body | {"repo": "a\nb"}, "repo"),
        (body | {"surprise": 1}, "surprise"),
        ({name: value for name, value in body.items() if name != "title"}, "title"),
        (body | {"runbook_number": 1.5}, "integer"),
    ]


def test_one_bad_line_refuses_the_whole_file_and_is_named(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1)
    lines = exported(source, tmp_path, ExportFormat.NDJSON).read_bytes().splitlines()
    size = Head.objects.get(organization=target.organization).size
    assert json.loads(lines[0])["record_type"] == "runbook_submission"
    for bad, said in spoil(json.loads(lines[0])):
        path = tmp_path / "bad.ndjson"
        path.write_bytes(b"\n".join([*lines[1:], json.dumps(bad).encode()]) + b"\n")
        with pytest.raises(InvalidInput, match=rf"(?s)refused.*line {len(lines)}: .*{said}"):
            imported(target, path)
        assert Head.objects.get(organization=target.organization).size == size


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02", "neither JSON"),
        (b"hello\n", "neither JSON"),
        (b'{"records":[\n{"a":1}\n', "cut short"),
        (b'{"records":[\n{"a":1},\n', "cut short"),
        (b'{"record_id":"a","record_id":"b"}\n', "twice"),
        (b'{"record_id":"a","seq":1e3}\n', "not an integer"),
        (b'{"record_id":"a\\ud800"}\n', "surrogate|ActorKind|RecordType"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"records": 7}', "no list"),
        (b"record_id,record_type\r\nx\r\n", "1 cells"),
        (b"record_id,record_type,record_id\r\n", "twice"),
        (b'record_id,record_type\r\n"x,waiver\r\n', "not CSV|cells|missing"),
        (b"record_id,record_type\r\nx,waiver\r\n", "missing"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_is_refused_with_its_place(
    tmp_path: Path, content: bytes, said: str
) -> None:
    target = Trail()
    size = Head.objects.get(organization=target.organization).size
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=said):
        imported(target, path)
    assert Head.objects.get(organization=target.organization).size == size


def test_a_known_record_that_says_something_else_refuses_the_file(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1)
    path = exported(source, tmp_path, ExportFormat.NDJSON)
    imported(target, path)
    path.write_bytes(path.read_bytes().replace(b"Change the shop", b"Change the door"))
    with pytest.raises(InvalidInput, match="differs in: title"):
        imported(target, path)


def test_a_runbook_number_that_is_another_change_here_refuses_the_file(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1)
    target.change(1)
    with pytest.raises(InvalidInput, match="runbook 1 version 1 is another change"):
        imported(target, exported(source, tmp_path, ExportFormat.JSON))


def test_a_csv_with_formulas_left_as_they_are_is_read_as_its_manifest_says(tmp_path: Path) -> None:
    source, target = Trail(), Trail("copy")
    source.change(1, title="'=not ours", reason="=1+1")
    export = export_create(
        organization=source.organization, actor=source.ada, role="admin", via=Via.CLI,
        filter=AuditFilter(), format=ExportFormat.CSV, time_zone=ZoneInfo("UTC"), now=T0,
        formula_guard=False,
    )  # fmt: skip
    render_files(request_of(export=export), directory=tmp_path, stem="raw")
    imported(target, tmp_path / "raw.csv")
    assert Runbook.objects.get(organization=target.organization).title == "'=not ours"
