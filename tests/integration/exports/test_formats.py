"""Every format of one filter holds the same records, from one frozen ledger, again and again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affidavit.audit.filters import AuditFilter
from affidavit.exports.models import Export
from affidavit.exports.render import render_files
from affidavit.exports.request import ExportIncomplete
from affidavit.exports.services import export_cancel, export_create, export_finish, request_of
from affidavit.exports.types import ExportFormat, ExportStatus
from affidavit.kit.errors import Conflict
from affidavit.records.columns import columns_for, guarded, unguarded
from affidavit.records.models import Record
from affidavit.records.types import RecordType, Via
from tests.support.trail import T0, Trail

pytestmark = pytest.mark.django_db

HOSTILE = (
    '=HYPERLINK("http://x")\r\nline, two "quoted" \t \u202eevil مرحبا שלום 漢字 😀 \x07 \u2028 \'=1'
)


@pytest.fixture
def trail() -> Trail:
    made = Trail()
    made.change(1, reason=HOSTILE, title="+SUM(A1)", waive="accepted_risk")
    made.change(2, reason="", title="'=already quoted", repo="acme/api")
    return made


def create(
    trail: Trail, format: ExportFormat, params: list[tuple[str, str]], **more: Any
) -> Export:
    return export_create(
        organization=trail.organization, actor=trail.ada, role="admin", via=Via.CLI,
        filter=AuditFilter.from_params(params), format=format, time_zone=ZoneInfo("Europe/Berlin"),
        now=T0, **more,
    )  # fmt: skip


def render(
    trail: Trail, folder: Path, format: ExportFormat, *params: tuple[str, str], **more: Any
) -> Path:
    export = create(trail, format, list(params), **more)
    files = render_files(request_of(export=export), directory=folder, stem="audit")
    export_finish(export=export, files=files, now=T0)
    return folder / str(files[0]["name"])


def test_json_ndjson_and_csv_hold_the_same_records(trail: Trail, tmp_path: Path) -> None:
    # Filtered to what the exports themselves do not add to.
    document = json.loads(render(trail, tmp_path, ExportFormat.JSON).read_bytes())
    lines = render(trail, tmp_path, ExportFormat.NDJSON).read_bytes().splitlines()
    with render(trail, tmp_path, ExportFormat.CSV).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(line) for line in lines] == document["records"]
    assert [(row["record_id"], int(row["revision"])) for row in rows] == [
        (body["record_id"], body["revision"]) for body in document["records"]
    ]
    reasons = [
        unguarded(row["reason"]) for row in rows if row["record_type"] == "verification_result"
    ]
    assert HOSTILE in reasons
    manifest = document["manifest"]
    assert manifest["rows"]["total_exported"] == len(rows) == manifest["rows"]["total_matching"]
    assert manifest["rows"]["exported"] == manifest["rows"]["matching"]
    assert (
        manifest["files"][0]["sha256"]
        == hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    )


def test_the_bodies_are_exported_byte_for_byte_as_stored(trail: Trail, tmp_path: Path) -> None:
    from affidavit.ledger.models import Entry

    exported = render(trail, tmp_path, ExportFormat.NDJSON, ("type", "all"), ("revisions", "all"))
    stored = Entry.objects.filter(organization=trail.organization).order_by("seq")
    size = Export.objects.get().ledger_size
    assert exported.read_bytes() == b"".join(
        (entry.body or "").encode() + b"\n" for entry in stored[:size]
    )


def test_the_same_export_made_again_later_has_the_same_bytes(trail: Trail, tmp_path: Path) -> None:
    for format in (ExportFormat.JSON, ExportFormat.NDJSON, ExportFormat.CSV):
        export = create(trail, format, [("type", "all")])
        first = render_files(request_of(export=export), directory=tmp_path, stem="one")
        trail.change(
            10 + len(format), waive="doesnt_apply"
        )  # supersedes and adds, after the freeze
        (tmp_path / "again").mkdir(exist_ok=True)
        second = render_files(request_of(export=export), directory=tmp_path / "again", stem="one")
        assert first == second


def test_records_that_arrive_after_the_freeze_are_not_in_it(trail: Trail, tmp_path: Path) -> None:
    export = create(trail, ExportFormat.NDJSON, [("type", "all")])
    trail.change(3)
    render_files(request_of(export=export), directory=tmp_path, stem="audit")
    seqs = [
        json.loads(line)["seq"] for line in (tmp_path / "audit.ndjson").read_bytes().splitlines()
    ]
    assert max(seqs) < export.ledger_size


def test_one_type_gives_exactly_that_types_columns(trail: Trail, tmp_path: Path) -> None:
    path = render(trail, tmp_path, ExportFormat.CSV, ("type", "waiver"))
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)
        rows = list(reader)
    assert names == [
        "record_id", "record_type", "revision", "seq", "occurred_at", "recorded_at", "organization",
        "repo", "actor", "actor_kind", "via", "waiver_id", "result_id", "run_id", "runbook_number",
        "waived_by", "waived_at", "category", "reason", "criterion_hash", "commit_sha", "expires_at",
        "followup_url",
    ]  # fmt: skip
    assert len(rows) == 1


def test_the_fast_csv_equals_the_obvious_one(trail: Trail, tmp_path: Path) -> None:
    for guard in (True, False):
        path = render(
            trail,
            tmp_path,
            ExportFormat.CSV,
            ("type", "all"),
            ("revisions", "all"),
            formula_guard=guard,
        )
        export = Export.objects.order_by("-pk")[0]
        lines = request_of(export=export)
        (tmp_path / "plain").mkdir(exist_ok=True)
        bodies = _bodies(trail, lines.query.ledger_size)
        assert path.read_bytes() == obvious_csv(bodies, guard=guard)


def _bodies(trail: Trail, size: int) -> list[dict[str, Any]]:
    from affidavit.ledger.models import Entry

    entries = Entry.objects.filter(organization=trail.organization, seq__lt=size).order_by("seq")
    return [json.loads(entry.body or "") for entry in entries]


def obvious_csv(bodies: list[dict[str, Any]], *, guard: bool) -> bytes:
    """The slow oracle: Python's csv module, cell by cell."""
    columns = columns_for(())
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    neutral = guarded if guard else (lambda text: text)
    for body in bodies:
        cells = []
        for column in columns:
            value = body.get(column.member)
            if value is None:
                cells.append("")
            elif column.read is not None:
                cells.append(str(column.read(value, neutral)))
            elif isinstance(value, bool):
                cells.append(str(value).lower())
            else:
                cells.append(neutral(value) if isinstance(value, str) else str(value))
        writer.writerow(cells)
    return out.getvalue().encode()


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_formula_guard_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    shown = guarded(text)
    assert unguarded(shown) == text
    assert not shown or shown[0] not in "=+-@\t\r\n＝＋－＠"


def test_an_export_that_misses_a_row_fails_visibly_and_leaves_no_file(
    trail: Trail, tmp_path: Path
) -> None:
    export = create(trail, ExportFormat.JSON, [])
    Export.objects.filter(pk=export.pk).update(matching=export.matching | {"waiver": 99})
    export.refresh_from_db()
    with pytest.raises(ExportIncomplete, match="void"):
        render_files(request_of(export=export), directory=tmp_path, stem="audit")
    assert list(tmp_path.glob("audit*")) == [] == list(tmp_path.glob(".audit*"))


def test_an_empty_result_is_a_complete_export(trail: Trail, tmp_path: Path) -> None:
    none = ("repo", "acme/never")
    assert (
        json.loads(render(trail, tmp_path, ExportFormat.JSON, none).read_bytes())["records"] == []
    )
    assert render(trail, tmp_path, ExportFormat.NDJSON, none).read_bytes() == b""
    assert render(trail, tmp_path, ExportFormat.CSV, none).read_bytes().count(b"\r\n") == 1


def test_asking_and_finishing_are_recorded_with_filters_counts_and_digests(
    trail: Trail, tmp_path: Path
) -> None:
    path = render(trail, tmp_path, ExportFormat.CSV, ("status", "fail"))
    export = Export.objects.get()
    revisions = Record.objects.filter(organization=trail.organization, record_id=export.export_id)
    assert [row.revision for row in revisions.order_by("seq")] == [1, 2]
    body = _bodies(trail, 10**9)[-1]
    assert (body["record_type"], body["action"], body["outcome"]) == (
        "access",
        "export_created",
        "completed",
    )
    assert body["filters"] == {"status": ["fail"]}
    assert body["row_counts"] == {"verification_result": 2}
    assert body["digests"]["audit.csv"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_export_ends_once(trail: Trail) -> None:
    export = create(trail, ExportFormat.JSON, [])
    export_cancel(export=export, now=T0)
    assert Export.objects.get().status == ExportStatus.CANCELLED
    with pytest.raises(Conflict, match="ended already"):
        export_finish(export=export, files=[], now=T0)


def test_every_record_type_has_its_columns_in_the_union() -> None:
    union = [column.name for column in columns_for(())]
    assert len(set(union)) == len(union)
    for record_type in RecordType:
        own = [column.name for column in columns_for((record_type.value,))]
        assert set(own) <= set(union)
