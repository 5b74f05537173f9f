from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from pypdf import PdfReader

from affidavit.exports.pdf import spool
from affidavit.exports.pdf.render import ReportFailed, render
from tests.unit.exports.pdf.sample import (
    NOTE,
    ROOT,
    VKEY,
    body,
    manifest,
    record_id,
    report,
    source,
    squeezed,
    summary,
    text_of,
    verdict,
    waiver,
)

_UUID = re.compile(r"record ([0-9a-f-]{36})")


def _every_type() -> list[dict[str, Any]]:
    sha = "d1" * 20
    return [
        body(
            "runbook_submission", 0, runbook_number=7, runbook_version=2, title="Charge cards twice never",
            submitted_by="Linus T.", submitted_at="2026-11-19T00:00:00.000000Z",
            branch={"target": "main", "working": "fix/charge"}, commit_sha=sha, intent="Stop double charges.",
            acceptance_criteria=["A retry charges once", "No new dependency"],
            changes={
                "added": ["No new dependency"], "changed": [{"from": "old one", "to": "new one"}],
                "removed": ["gone"],
            },
        ),
        body(
            "verification_run", 1, run_id=record_id(1), runbook_number=7, runbook_version=2,
            trigger_source="commit_push", commit_sha=sha, status="error", criteria_total=10,
            criteria_passed=4, criteria_failed=3, criteria_skipped=2, criteria_waived=1,
            started_at="2026-11-20T08:00:00.000000Z", completed_at=None, error_message="runner went away",
        ),
        verdict(2, status="fail", is_invariant=True, evidence=[
            {"kind": "snippet", "sha256": "ef" * 32, "size_bytes": 12, "media_type": "text/plain"},
        ]),
        verdict(3, status="warn", is_waived=True, revision=2),
        body(
            "approval", 4, runbook_number=7, runbook_version=2, commit_sha=sha, decision="changes_requested",
            decided_by="Grace Hopper", decided_at="2026-11-20T09:00:00.000000Z", comment="Please add a test.",
        ),
        body(
            "merge", 5, runbook_number=7, merge_commit_sha=sha, pull_request="#12", merged_by="Ada Lovelace",
            gate="open", bypassed=True,
        ),
        body(
            "invariant_change", 6, invariant_id="inv-1", action="promote", changed_by="Ada Lovelace",
            **{"from": {"state": "draft"}, "to": {"state": "active"}},
        ),
        body("policy_change", 7, setting="approvals.required", changed_by="Ada Lovelace", **{"from": 1, "to": 2}),
        body(
            "access", 8, action="export_created", subject="Ada Lovelace", role="auditor", export_id="e-1",
            format="pdf", filters={"q": "x"}, ledger_size=9, row_counts={"waiver": 1}, digests=None,
            outcome="ok", detail="from the page",
        ),
        body(
            "retention", 9, action="hold_placed", basis="case 4711", filters=None, record_ids=["r-1"],
            row_counts=None,
        ),
        body("actor", 10, actor_id=record_id(77), name="Ada Lovelace", kind="user"),
        waiver(11, "The provider refuses a second charge.\nSecond line of it.", followup_url="https://example.org/t/1"),
        body("comet_sighting", 12, tail_length="a type of a later version", brightness=7),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def every_type(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = report(tmp_path_factory.mktemp("pdf"), _every_type())
    return path


def test_every_record_id_can_be_read_back_in_one_piece(every_type: Path) -> None:
    found = _UUID.findall(text_of(every_type))
    assert sorted(found) == sorted(item["record_id"] for item in _every_type())


def test_poppler_reads_every_record_id_in_one_piece_too(every_type: Path) -> None:
    text = subprocess.run(
        ["pdftotext", every_type, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert sorted(_UUID.findall(text)) == sorted(item["record_id"] for item in _every_type())


@pytest.mark.parametrize(
    "said",
    [
        "Charge cards twice never", "Stop double charges.", "1. A retry charges once", "± old one", "→ new one",
        "- gone", "runner went away", "10 criteria, 4 passed, 3 failed, 2 skipped, 1 waived", "✗ fail",
        "▲ warn", "· waived", "revision 2", "src/app.py:3–9", "by path_rule", "ef" * 32, "Please add a test.",
        "✗ changes requested", "bypassed", "draft", "approvals.required", "from the page", "case 4711",
        "Second line of it.", "https://example.org/t/1", "▲ accepted risk", "a type of a later version",
        "brightness 7", "Ada Lovelace (user, via api)", "2026-11-20T08:15:30.000001Z", "08:15:31.000002Z",
        "billing-api", "c0" * 20, "fix/charge → main", "submitted by Linus T.",
    ],
)  # fmt: skip
def test_every_member_of_every_type_is_shown(every_type: Path, said: str) -> None:
    assert squeezed(said) in squeezed(text_of(every_type).replace("\u00a0", " "))


def test_the_first_page_is_the_manifest(every_type: Path) -> None:
    page = squeezed(PdfReader(every_type).pages[0].extract_text())
    for said in [
        "Audit trail of Acme Industries", "Ada Lovelace, as auditor", "2026-11-22T20:18:06.123456Z (UTC), via ui",
        record_id(1_000_001), "Europe/Berlin", "2026-10-31T23:00:00.000000Z (inclusive)", ROOT, VKEY,
        "repository: billing-api", '"ledger_size":40', "affidavit 0.1.0 at audit.example.org",
        "40 entries; records of seq 0 to 12",
        f"whose repository is billing-api ({record_id(1_000_002)})",
    ]:  # fmt: skip
        assert squeezed(said) in page


def test_the_checkpoint_is_shown_in_full(every_type: Path) -> None:
    assert text_of(every_type).count(NOTE.splitlines()[-1]) == 2


def test_it_is_tagged_pdf_a_with_title_language_and_bookmarks(every_type: Path) -> None:
    reader = PdfReader(every_type)
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_object().get_data().decode()
    tree = every_type.read_bytes()
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert b"/S/LI" in tree
    assert b"/S/TH" in tree
    assert root["/Lang"] == "en"
    assert "<pdfaid:part>3</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "pdfuaid:part" in xmp
    assert reader.metadata is not None
    assert reader.metadata.title == "Audit trail of Acme Industries"
    assert str(reader.metadata.creation_date) == "2026-11-22 20:18:06+00:00"
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    assert titles[:3] == ["Manifest", "Summary", "Runbook submissions"]
    assert titles[-2:] == ["Waiver register", "Integrity appendix"]


def test_every_page_says_which_of_how_many_and_of_which_export(every_type: Path) -> None:
    pages = PdfReader(every_type).pages
    for number, page in enumerate(pages, start=1):
        text = page.extract_text()
        assert f"Page {number} of {len(pages)}" in text
        assert record_id(1_000_001) in text


def test_manifest_and_records_are_attached_as_they_are(every_type: Path) -> None:
    attached = PdfReader(every_type).attachments
    lines = attached["records-001.ndjson"][0].splitlines()
    assert {orjson.loads(line)["seq"] for line in lines} == {item["seq"] for item in _every_type()}
    assert orjson.loads(attached["manifest.json"][0])["rows"]["total_exported"] == len(
        _every_type()
    )


def test_the_same_input_gives_the_same_bytes(every_type: Path, tmp_path: Path) -> None:
    (again,) = report(tmp_path, _every_type())
    assert again.read_bytes() == every_type.read_bytes()


def test_no_match_is_said_in_words(tmp_path: Path) -> None:
    (path,) = report(tmp_path, [])
    text = text_of(path)
    assert "No records match these filters." in text
    assert "Integrity appendix" in text
    assert "none: no record matches" in text


def test_a_large_report_comes_in_numbered_volumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "VOLUME_WEIGHT", 4_000)
    bodies = [verdict(seq) for seq in range(20)]
    done: list[tuple[int, int]] = []
    paths = render(
        manifest=manifest(bodies), summary=summary(bodies), records=source(bodies), directory=tmp_path,
        stem="audit", progress=lambda *counts: done.append(counts),
    )  # fmt: skip
    assert [path.name for path in paths] == [f"audit-{n:03d}.pdf" for n in range(1, len(paths) + 1)]
    assert len(paths) > 2
    assert sorted(tmp_path.iterdir()) == paths
    assert done[-1] == (20, 20)
    assert sorted(_UUID.findall(text_of(*paths))) == sorted(record_id(seq) for seq in range(20))
    assert f"Volume 2 of {len(paths)}" in text_of(paths[1])
    assert "Continues volume 1" in text_of(paths[1])
    last = text_of(paths[-1])
    assert "Integrity appendix" in last
    for number, path in enumerate(paths, start=1):
        data = PdfReader(path).attachments[f"records-{number:03d}.ndjson"][0]
        assert hashlib.sha256(data).hexdigest() in squeezed(last)


def test_fewer_records_than_match_void_the_report_and_leave_nothing(tmp_path: Path) -> None:
    bodies = [verdict(1), verdict(2)]
    with pytest.raises(ReportFailed, match="void"):
        render(
            manifest=manifest(bodies), summary=summary(bodies), records=source(bodies[:1]),
            directory=tmp_path, stem="audit",
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_report_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "VOLUME_WEIGHT", 4_000)
    bodies = [verdict(seq) for seq in range(20)]

    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        render(
            manifest=manifest(bodies), summary=summary(bodies), records=source(bodies),
            directory=tmp_path, stem="audit", progress=cancel,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_volume_that_cannot_be_made_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    bodies = [verdict(1)]
    broken = manifest(bodies)
    broken["requested_at"] = "2026-13-45T20:18:06.123456Z"
    with pytest.raises(ReportFailed, match=r"volume-001 .* could not be made"):
        render(
            manifest=broken,
            summary=summary(bodies),
            records=source(bodies),
            directory=tmp_path,
            stem="audit",
        )
    assert list(tmp_path.iterdir()) == []


def test_records_may_come_line_by_line_or_in_blocks(tmp_path: Path) -> None:
    bodies = [verdict(1), verdict(2)]
    (path,) = render(
        manifest=manifest(bodies), summary=summary(bodies),
        records=lambda name: iter([orjson.dumps(item) for item in bodies]), directory=tmp_path, stem="audit",
    )  # fmt: skip
    assert len(_UUID.findall(text_of(path))) == 2
