"""Small real inputs of the PDF: bodies as the ledger stores them, and the manifest around them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from pypdf import PdfReader

from affidavit.exports.pdf.render import render
from affidavit.exports.pdf.summary import Summary

WHEN = "2026-11-20T08:15:30.000001Z"
ROOT = "Yq3rBZ0Hq1C0JmPq2nY8o7rUu1r4d2rR9f0c3VZq1hY="
VKEY = "audit.example.org/acme+f26a2a5b+AUxwZmkq1C0JmPq2nY8o7rUu1r4d2rR9f0c3VZq1hYxx"
NOTE = f"audit.example.org/acme\n40\n{ROOT}\n\n— audit.example.org/acme 8mJqk1m2Yq3rBZ0Hq1C0JmPq2nY8o7r\n"


def record_id(seq: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"record {seq}"))


def body(record_type: str, seq: int, **fields: Any) -> dict[str, Any]:
    envelope = {
        "record_id": record_id(seq), "record_type": record_type, "revision": 1, "seq": seq,
        "occurred_at": WHEN, "recorded_at": "2026-11-20T08:15:31.000002Z", "organization": "acme",
        "repo": "billing-api", "actor": "Ada Lovelace", "actor_kind": "user", "via": "api",
    }  # fmt: skip
    return envelope | fields


def verdict(seq: int, **fields: Any) -> dict[str, Any]:
    own = {
        "result_id": record_id(seq), "run_id": record_id(900_000), "runbook_number": 7,
        "criterion": f"Criterion {seq} holds", "ordinal": 1, "is_invariant": False, "is_waived": False,
        "status": "pass", "verifier": "path_rule", "evidence": [], "reason": f"reason {seq}",
        "location": {"file": "src/app.py", "start_line": 3, "end_line": 9},
    }  # fmt: skip
    return body("verification_result", seq, **(own | fields))


def waiver(seq: int, reason: str, **fields: Any) -> dict[str, Any]:
    own = {
        "waiver_id": record_id(seq), "result_id": record_id(1), "run_id": record_id(900_000),
        "runbook_number": 7, "waived_by": "Grace Hopper", "waived_at": WHEN, "category": "accepted_risk",
        "reason": reason, "criterion_hash": "ab" * 32, "commit_sha": "c0" * 20,
        "expires_at": None, "followup_url": None,
    }  # fmt: skip
    return body("waiver", seq, **(own | fields))


def manifest(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    counts = dict(Counter(item["record_type"] for item in bodies))
    return {
        "format_version": 1,
        "system": {"name": "affidavit", "version": "0.1.0", "instance": "audit.example.org"},
        "organization": {"slug": "acme", "name": "Acme Industries", "id": record_id(1_000_000)},
        "export_id": record_id(1_000_001),
        "format": "pdf",
        "requested_by": "Ada Lovelace",
        "requested_role": "auditor",
        "requested_at": "2026-11-22T20:18:06.123456Z",
        "via": "ui",
        "time_zone": "Europe/Berlin",
        "bounds": {"from": "2026-10-31T23:00:00.000000Z", "until": None, "rule": "inclusive-exclusive"},
        "filters": {"date": "custom", "from": "2026-11-01", "repo": ["billing-api"], "q": ""},
        "query": {
            "ledger_size": 40, "revisions": "current", "types": [], "repo_ids": [record_id(1_000_002)],
            "occurred_from": "2026-10-31T23:00:00.000000Z", "text": [],
        },
        "repos": {"billing-api": record_id(1_000_002)},
        "actors": {},
        "ledger": {
            "origin": "audit.example.org/acme", "size": 40, "root_hash": ROOT,
            "first_seq": min((item["seq"] for item in bodies), default=None),
            "last_seq": max((item["seq"] for item in bodies), default=None),
        },
        "rows": {
            "matching": counts, "exported": None,
            "total_matching": len(bodies), "total_exported": None,
        },
        "order": "seq",
        "files": [],
        "checkpoint": NOTE,
        "key_id": VKEY,
    }  # fmt: skip


def summary(bodies: list[dict[str, Any]]) -> Summary:
    verdicts = [item for item in bodies if item["record_type"] == "verification_result"]
    waivers = [item for item in bodies if item["record_type"] == "waiver"]
    by_status = Counter(item["status"] for item in verdicts)
    return Summary(
        rows_by_type=Counter(item["record_type"] for item in bodies),
        verdicts_by_day=[(date(2026, 11, 20), by_status)] if verdicts else [],
        waivers_by_category=Counter(item["category"] for item in waivers),
        waivers_by_reviewer=Counter(item["waived_by"] for item in waivers),
    )


def source(bodies: list[dict[str, Any]]) -> Callable[[str], Iterable[bytes]]:
    def records(record_type: str) -> Iterable[bytes]:
        lines = [
            orjson.dumps(item) + b"\n" for item in bodies if item["record_type"] == record_type
        ]
        return [b"".join(lines)] if lines else []

    return records


def report(directory: Path, bodies: list[dict[str, Any]], **changes: Any) -> list[Path]:
    return render(
        manifest=manifest(bodies) | changes,
        summary=summary(bodies),
        records=source(bodies),
        directory=directory,
        stem="audit",
    )


def text_of(*paths: Path) -> str:
    return "\n".join(page.extract_text() for path in paths for page in PdfReader(path).pages)


def squeezed(text: str) -> str:
    """Drop all white space: line ends in a PDF are where the layout put them."""
    return "".join(text.split())
