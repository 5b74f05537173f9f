"""The evidence package of a real trail is accepted offline, whatever the filter, and any change is found."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from affidavit.audit.filters import AuditFilter
from affidavit.exports.models import Export
from affidavit.exports.render import render_files
from affidavit.exports.services import export_create, export_finish, request_of
from affidavit.exports.types import ExportFormat
from affidavit.identity.models import Organization
from affidavit.imports.services import import_file
from affidavit.ledger import keys
from affidavit.ledger.services import checkpoint_sign
from affidavit.proof.package import verify
from affidavit.records.accounts import system_actor
from affidavit.records.types import Via
from tests.support.trail import T0, Trail

pytestmark = pytest.mark.django_db

RECORD_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture
def trail() -> Trail:
    made = Trail()
    made.change(
        1,
        statuses=("pass", "fail", "warn"),
        waive="accepted_risk",
        reason='=1+1 "quoted"\r\nمرحبا 漢字 😀',
    )
    made.change(2, at=T0 + timedelta(days=2), repo="acme/api", actor=made.actor("björn"))
    return made


def exported(trail: Trail, folder: Path, format: ExportFormat, *params: tuple[str, str]) -> Path:
    export = export_create(
        organization=trail.organization, actor=trail.ada, role="auditor", via=Via.API,
        filter=AuditFilter.from_params(params), format=format, time_zone=ZoneInfo("Asia/Tokyo"), now=T0,
    )  # fmt: skip
    files = render_files(request_of(export=export), directory=folder, stem=f"e{export.pk}")
    export_finish(export=export, files=files, now=T0)
    return folder / str(files[0]["name"])


def vkey(organization: Organization) -> str:
    return keys.signer(organization=organization).vkey


@pytest.mark.parametrize(
    "params",
    [
        (),
        (("type", "all"), ("revisions", "all")),
        (("type", "waiver"),),
        (("status", "fail"), ("status", "warn")),
        (("waiver", "accepted_risk"),),
        (("actor", "björn"), ("repo", "acme/api")),
        (("actor", "nobody"),),
        (("from", "2026-03-02"), ("until", "2026-03-04")),
        (("date", "7d"), ("runbook", "2")),
        (("commit", "a1a1"), ("revisions", "all")),
        (("q", "quoted"),),
    ],
)
def test_the_package_of_any_filter_is_accepted(
    trail: Trail, tmp_path: Path, params: tuple[tuple[str, str], ...]
) -> None:
    report = verify(
        exported(trail, tmp_path, ExportFormat.PACKAGE, *params), vkeys=[vkey(trail.organization)]
    )
    assert report.exit_code == 0, report.to_json()


def test_a_package_of_imported_current_revisions_is_accepted(trail: Trail, tmp_path: Path) -> None:
    copy = Trail("copy")
    path = exported(trail, tmp_path, ExportFormat.CSV)
    import_file(
        organization=copy.organization,
        path=path,
        by=system_actor(organization=copy.organization),
        now=T0,
    )
    package = exported(copy, tmp_path, ExportFormat.PACKAGE, ("type", "all"), ("revisions", "all"))
    report = verify(package, vkeys=[vkey(copy.organization)])
    assert report.exit_code == 0, report.to_json()


def test_an_earlier_checkpoint_and_an_earlier_package_show_that_nothing_was_rewritten(
    trail: Trail, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint.txt"
    checkpoint.write_text(checkpoint_sign(organization=trail.organization, now=T0).note)
    first = exported(trail, tmp_path, ExportFormat.PACKAGE)
    trail.change(3)
    second = exported(trail, tmp_path, ExportFormat.PACKAGE)
    report = verify(second, vkeys=[vkey(trail.organization)], previous=[checkpoint, first])
    assert report.exit_code == 0, report.to_json()
    assert report.verdict(3).status == "ok"


def test_a_flipped_byte_anywhere_in_a_real_package_is_found(trail: Trail, tmp_path: Path) -> None:
    package = exported(trail, tmp_path, ExportFormat.PACKAGE)
    good = package.read_bytes()
    key = vkey(trail.organization)
    with zipfile.ZipFile(package) as archive:
        starts = [info.header_offset + 40 for info in archive.infolist()]
    places = {*starts, *range(0, len(good), max(1, len(good) // 40)), len(good) - 1, len(good) - 30}
    for place in sorted(places):
        spoiled = bytearray(good)
        spoiled[place] ^= 0x01
        package.write_bytes(spoiled)
        assert verify_code(package, key) != 0, f"byte {place} was flipped unnoticed"


def verify_code(package: Path, key: str) -> int:
    from affidavit.kit.errors import AffidavitError

    try:
        return verify(package, vkeys=[key]).exit_code
    except AffidavitError:
        return 2


def test_the_package_is_the_same_bytes_when_it_is_made_again(trail: Trail, tmp_path: Path) -> None:
    filters = (("type", "waiver"), ("repo", "acme/shop"), ("repo", "acme/api"), ("actor", "ada"))
    first = exported(trail, tmp_path, ExportFormat.PACKAGE, *filters)
    export = Export.objects.get()
    trail.change(4, waive="doesnt_apply")
    again = render_files(request_of(export=export), directory=tmp_path, stem="again")
    assert (tmp_path / again[0]["name"]).read_bytes() == first.read_bytes()


def test_json_csv_and_pdf_of_one_filter_hold_the_same_records(trail: Trail, tmp_path: Path) -> None:
    """One package holds all three, made from one frozen ledger size."""
    package = exported(trail, tmp_path, ExportFormat.PACKAGE)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "open")
    folder = tmp_path / "open"
    document = json.loads((folder / "audit.json").read_bytes())
    with (folder / "audit.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    text = "\n".join(page.extract_text() for page in PdfReader(folder / "audit.pdf").pages)
    ids = [body["record_id"] for body in document["records"]]
    assert [row["record_id"] for row in rows] == ids
    shown = set(RECORD_ID.findall(re.sub(r"\s*\n\s*", "\n", text)))
    assert set(ids) <= shown
    assert listed_in_pdf(text) == sorted(ids)
    assert document["manifest"]["rows"]["total_exported"] == len(ids)


def listed_in_pdf(text: str) -> list[str]:
    """Return the ids behind the label that each listed record has once."""
    return sorted(re.findall(r"\brecord\s+(" + RECORD_ID.pattern + ")", text))


def test_the_manifest_is_the_same_in_every_format(trail: Trail, tmp_path: Path) -> None:
    def keys_of(value: Any) -> set[str]:
        return set(value) - {"csv"}

    document = json.loads(exported(trail, tmp_path, ExportFormat.JSON).read_bytes())["manifest"]
    table = exported(trail, tmp_path, ExportFormat.CSV)
    sidecar = json.loads(table.with_name(table.name + ".manifest.json").read_bytes())
    with zipfile.ZipFile(exported(trail, tmp_path, ExportFormat.PACKAGE)) as archive:
        packed = json.loads(archive.read("manifest.json"))
    assert keys_of(document) == keys_of(sidecar) == keys_of(packed)
    digests = [
        {entry["name"]: entry for entry in m["files"]}["records.ndjson"]
        for m in (document, sidecar, packed)
    ]
    assert digests[0] == digests[1] == digests[2]
