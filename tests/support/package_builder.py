"""Makes small but real evidence packages without a database, and lets tests tamper with each step.

`Ledger` collects entries as the product writes them. `Ledger.parts` gives what would go into a
package; a test changes what it likes and `Parts.write` computes digests, packs and seals: what an
insider with the key could do. Tampering from outside is done on the written bytes.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from affidavit.proof import package_format as form
from affidavit.proof.canonical import encode_record
from affidavit.proof.checkpoint import Checkpoint, sign_checkpoint
from affidavit.proof.merkle import leaf_hash, root_hash
from affidavit.proof.note import Signer, sign_note
from affidavit.proof.query import Query
from affidavit.proof.strict import b64encode
from affidavit.records.columns import columns_for, guarded
from affidavit.records.shapes import SHAPES
from affidavit.records.types import DEFAULT_TYPES, RecordType

ORIGIN = "audit.example/acme"
SLUG = "acme"
_NAMESPACE = uuid.UUID("5b5bb5a4-5a2c-4f6e-9d0e-8a1f6f0f7c11")
_STATUS = {
    "verification_run": "status",
    "verification_result": "status",
    "approval": "decision",
    "access": "action",
    "retention": "action",
}


def pseudonym(kind: str, name: str) -> str:
    """Return the id that stands for a name in headers."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{name}"))


def moment(second: int) -> str:
    """Return a time that many seconds after the trail's beginning."""
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2026-11-{20 + hours // 24:02d}T{hours % 24:02d}:{minutes:02d}:{seconds:02d}.000000Z"


@dataclass
class Entry:
    """A ledger entry: header and body as values, the bytes of the body, and its salt."""

    header: dict[str, Any]
    body: bytes
    salt: bytes

    @property
    def leaf(self) -> bytes:
        return encode_record(self.header)


@dataclass
class Ledger:
    """A ledger in memory."""

    signer: Signer = field(default_factory=lambda: Signer.generate(ORIGIN))
    entries: list[Entry] = field(default_factory=list)
    organization: str = pseudonym("organization", SLUG)

    def add(
        self,
        record_type: str,
        fields: Mapping[str, Any],
        *,
        record_id: str | None = None,
        revises: Entry | None = None,
        actor: str = "Ada",
        repo: str | None = "payments",
        second: int | None = None,
        recorded_second: int | None = None,
        **header_members: Any,
    ) -> Entry:
        """Append an entry; `header_members` are those that the body does not state itself."""
        seq = len(self.entries)
        fields = SHAPES[RecordType(record_type)].model_validate(fields).model_dump(by_alias=True)
        identity = (
            record_id
            or fields.get("run_id" if record_type == "verification_run" else "")
            or (
                fields.get("waiver_id") or fields.get("result_id")
                if record_type in ("waiver", "verification_result")
                else None
            )
        )
        at = moment(seq if second is None else second)
        recorded_at = moment(seq if recorded_second is None else recorded_second)
        envelope = {
            "record_id": identity or str(uuid.uuid5(_NAMESPACE, f"record:{seq}")),
            "record_type": record_type,
            "revision": revises.header["revision"] + 1 if revises else 1,
            "seq": seq,
            "occurred_at": at,
            "recorded_at": recorded_at,
            "actor_kind": "user",
            "via": "api",
        }
        named = {"organization": SLUG, "repo": repo, "actor": actor}
        body = encode_record({**envelope, **named, **fields})
        salt = hashlib.sha256(b"salt %d" % seq).digest()
        header = {
            "v": 1,
            **envelope,
            "organization": self.organization,
            "actor_id": pseudonym("actor", actor),
            "repo_id": pseudonym("repo", repo) if repo else None,
            "supersedes": revises.header["seq"] if revises else None,
            "runbook_number": fields.get("runbook_number"),
            "runbook_version": fields.get("runbook_version"),
            "run_id": fields.get("run_id"),
            "commit_sha": fields.get("commit_sha"),
            "status": fields.get(_STATUS.get(record_type, "")),
            "waiver_category": fields.get("category"),
            "is_waived": True if fields.get("is_waived") else None,
            "body_hmac": hmac.digest(salt, body, "sha256").hex(),
            **header_members,
        }
        entry = Entry({k: v for k, v in header.items() if v is not None}, body, salt)
        self.entries.append(entry)
        return entry

    def checkpoint(self, size: int | None = None) -> str:
        """Return the signed checkpoint of the first `size` entries."""
        leaves = [leaf_hash(entry.leaf) for entry in self.entries[:size]]
        return sign_checkpoint(
            Checkpoint(self.signer.name, len(leaves), root_hash(leaves)), self.signer
        )

    def matching(self, query: Query) -> list[Entry]:
        """Return the entries that a query admits, found in the plainest way."""
        inside = self.entries[: query.ledger_size]
        superseded = {entry.header.get("supersedes") for entry in inside}
        return [
            entry
            for entry in inside
            if query.matches_header(entry.header)
            and query.matches_text(json.loads(entry.body))
            and (query.revisions == "all" or entry.header["seq"] not in superseded)
        ]

    def parts(
        self, filters: Mapping[str, Any] | None = None, *, size: int | None = None, **query: Any
    ) -> Parts:
        """Return what goes into a package; `filters` as typed, `query` their compiled members."""
        filters = dict(filters or {})
        size = len(self.entries) if size is None else size
        repos = {name: pseudonym("repo", name) for name in filters.get("repo", [])}
        actors = {name: pseudonym("actor", name) for name in filters.get("actor", [])}
        types = filters.get("type", [item.value for item in DEFAULT_TYPES])
        members: dict[str, Any] = {
            "ledger_size": size,
            "types": () if types == ["all"] else tuple(types),
            "repo_ids": tuple(repos.values()),
            "actor_ids": tuple(actors.values()),
            "verdict_statuses": tuple(filters.get("status", ())),
            "waiver_categories": tuple(filters.get("waiver", ())),
            "revisions": filters.get("revisions", "current"),
            **query,
        }
        compiled = Query(**members)
        rows = [(entry.header["seq"], entry.body, entry.salt) for entry in self.matching(compiled)]
        parts = Parts(
            signer=self.signer,
            note=self.checkpoint(size),
            headers=[entry.leaf for entry in self.entries[:size]],
            rows=rows,
            manifest={},
        )
        parts.manifest = _manifest(parts, compiled, filters, repos, actors, self.organization)
        return parts


@dataclass
class Parts:
    """The content of a package before it is packed; every member is free to be changed."""

    signer: Signer
    note: str
    headers: list[bytes]
    rows: list[tuple[int, bytes, bytes]]
    manifest: dict[str, Any]
    overrides: dict[str, bytes] = field(default_factory=dict)
    seal: str | None = None
    """The members that are to be taken as they are; and the seal's signer is `signer`."""

    def recount(self) -> None:
        """Make the manifest's counts fit the rows, as a careful forger would."""
        counts = Counter(json.loads(body)["record_type"] for _, body, _ in self.rows)
        rows = self.manifest["rows"]
        rows["matching"] = rows["exported"] = dict(sorted(counts.items()))
        rows["total_matching"] = rows["total_exported"] = len(self.rows)
        ledger = self.manifest["ledger"]
        ledger["first_seq"] = min((seq for seq, _, _ in self.rows), default=None)
        ledger["last_seq"] = max((seq for seq, _, _ in self.rows), default=None)

    def members(self) -> dict[str, bytes]:
        """Return every member's content; digests are computed over what is really there."""
        records = b"".join(body + b"\n" for _, body, _ in self.rows)
        inner = {**self.manifest, "files": [_listed(form.RECORDS, records)]}
        content = {
            form.README: b"An evidence package made by a test.\n",
            form.MANIFEST: b"",
            form.CHECKPOINT: self.note.encode(),
            form.HEADERS: b"".join(header + b"\n" for header in self.headers),
            form.RECORDS: records,
            form.SALTS: b"".join(form.salt_line(seq, salt) for seq, _, salt in self.rows),
            form.AUDIT_JSON: _document([body for _, body, _ in self.rows], inner),
            form.AUDIT_CSV: _table(
                [json.loads(body) for _, body, _ in self.rows], self.manifest["query"]["types"]
            ),
            form.AUDIT_PDF: b"%PDF-1.7\nnot a real one\n%%EOF\n",
            **{k: v for k, v in self.overrides.items() if k != form.MANIFEST},
        }
        files = [_listed(name, data) for name, data in content.items() if name != form.MANIFEST]
        manifest = {**self.manifest, "files": files}
        text = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
        content[form.MANIFEST] = self.overrides.get(form.MANIFEST, text)
        return content

    def write(self, path: Path, *, members: Iterable[tuple[str, bytes]] | None = None) -> Path:
        """Pack and seal; `members` replaces names and contents altogether."""
        chosen = self.members().items() if members is None else members
        path.write_bytes(sealed(packed(chosen), self.signer))
        return path


def packed(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Pack members into a ZIP without a comment."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, form.FIXED_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def sealed(data: bytes, signer: Signer) -> bytes:
    """Put a seal behind a ZIP that has no comment."""

    def note(body: bytes) -> bytes:
        digest = hashlib.sha256(body).digest()
        text = form.seal_text(origin=signer.name, size=len(body), digest=digest)
        return sign_note(text, signer).encode()

    body = data[:-2] + len(note(data)).to_bytes(2, "little")
    return body + note(body)


def unsealed(data: bytes) -> bytes:
    """Take the seal off again."""
    end = data.rindex(b"PK\x05\x06") + 20
    return data[:end] + b"\x00\x00"


def _manifest(
    parts: Parts,
    query: Query,
    filters: dict[str, Any],
    repos: dict[str, str],
    actors: dict[str, str],
    organization: str,
) -> dict[str, Any]:
    lines = parts.note.split("\n")
    parts.manifest = manifest = {
        "format_version": 1,
        "system": {"name": "affidavit", "version": "0", "instance": "test"},
        "organization": {"slug": SLUG, "name": "Acme", "id": organization},
        "export_id": "e-1",
        "format": "package",
        "requested_by": "Ada",
        "requested_role": "auditor",
        "requested_at": "2026-11-22T20:18:06.123456Z",
        "via": "cli",
        "time_zone": "Europe/Zurich",
        "bounds": {
            "from": query.occurred_from,
            "until": query.occurred_until,
            "rule": "inclusive-exclusive",
        },
        "filters": filters,
        "query": query.to_json(),
        "repos": repos,
        "actors": actors,
        "ledger": {"origin": lines[0], "size": int(lines[1]), "root_hash": lines[2]},
        "rows": {},
        "order": "seq",
        "files": [],
        "checkpoint": parts.note,
        "key_id": parts.signer.vkey,
        "csv": {"formula_guard": True},
    }
    parts.recount()
    return manifest


def _listed(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


def _document(bodies: list[bytes], manifest: dict[str, Any]) -> bytes:
    records = b",\n".join(bodies)
    return b'{"records":[\n' + records + b'\n],"manifest":' + json.dumps(manifest).encode() + b"}\n"


def _table(bodies: list[dict[str, Any]], types: list[str]) -> bytes:
    columns = columns_for(tuple(types))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for body in bodies:
        writer.writerow([_cell(column, body.get(column.member)) for column in columns])
    return text.getvalue().encode()


def _cell(column: Any, value: Any) -> Any:
    if value is None:
        return ""
    if column.read is not None:
        return column.read(value, guarded)
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value) if column.is_text else value


def sample_ledger(signer: Signer | None = None) -> Ledger:
    """Return a small trail of every usual kind: submission, run, verdicts, waiver, approval, access."""
    ledger = Ledger(signer or Signer.generate(ORIGIN))
    sha = "1f" * 20
    ledger.add(
        "actor", {"actor_id": pseudonym("actor", "Ada"), "name": "Ada", "kind": "user"}, repo=None
    )
    ledger.add(
        "runbook_submission",
        submission(1, "=Pay twice? \u2028 \u05e9\u05dc\u05d5\u05dd \U0001f680", sha),
    )
    run_fields = run("run-1", 1, "pending", sha)
    pending = ledger.add("verification_run", run_fields)
    started = ledger.add("verification_run", run("run-1", 1, "in_progress", sha), revises=pending)
    first = ledger.add("verification_result", verdict("v-1", "run-1", 1, "pass"), commit_sha=sha)
    second = ledger.add("verification_result", verdict("v-2", "run-1", 2, "fail"), commit_sha=sha)
    ended = ledger.add("verification_run", run("run-1", 1, "failed", sha), revises=started)
    ledger.add("waiver", waiver("w-1", "v-2", "run-1", sha), actor="Grace")
    ledger.add(
        "verification_result",
        {**verdict("v-2", "run-1", 2, "fail"), "is_waived": True},
        revises=second,
        actor="Grace",
        commit_sha=sha,
        waiver_category="accepted_risk",
    )
    ledger.add("verification_run", run("run-1", 1, "passed", sha), revises=ended)
    approval = {
        "runbook_number": 1, "runbook_version": 1, "commit_sha": sha, "decision": "approved",
        "decided_by": "Grace", "decided_at": moment(10), "comment": None,
    }  # fmt: skip
    ledger.add("approval", approval, actor="Grace")
    ledger.add("runbook_submission", submission(2, "Search faster", sha), repo="search")
    ledger.add("access", {"action": "sign_in", "subject": "Ada"}, repo=None)
    assert first.header["status"] == "pass"
    return ledger


def submission(number: int, title: str, sha: str) -> dict[str, Any]:
    return {
        "runbook_number": number, "runbook_version": 1, "title": title, "submitted_by": "Ada",
        "submitted_at": moment(1), "branch": {"target": "main", "working": "work"},
        "commit_sha": sha, "intent": "-1 risk\r\nless", "acceptance_criteria": ["it, works", 'a "quote"'],
    }  # fmt: skip


def run(run_id: str, number: int, status: str, sha: str) -> dict[str, Any]:
    passed, failed, waived = {"failed": (1, 1, 0), "passed": (1, 0, 1)}.get(status, (0, 0, 0))
    ended = status in ("passed", "failed")
    return {
        "run_id": run_id, "runbook_number": number, "runbook_version": 1,
        "trigger_source": "manual", "commit_sha": sha, "status": status, "criteria_total": 2,
        "criteria_passed": passed, "criteria_failed": failed, "criteria_skipped": 0,
        "criteria_waived": waived, "started_at": moment(2) if ended else None,
        "completed_at": moment(5) if ended else None, "error_message": None,
    }  # fmt: skip


def verdict(result_id: str, run_id: str, ordinal: int, status: str) -> dict[str, Any]:
    return {
        "result_id": result_id, "run_id": run_id, "runbook_number": 1,
        "criterion": f"criterion {ordinal}", "ordinal": ordinal, "is_invariant": False,
        "is_waived": False, "status": status, "verifier": "paths",
        "evidence": [
            {"kind": "snippet", "sha256": "ab" * 32, "size_bytes": 12, "media_type": "text/plain"}
        ],
        "reason": "@because", "location": {"file": "src/pay.py", "start_line": 3, "end_line": None},
    }  # fmt: skip


def waiver(waiver_id: str, result_id: str, run_id: str, sha: str) -> dict[str, Any]:
    return {
        "waiver_id": waiver_id, "result_id": result_id, "run_id": run_id, "runbook_number": 1,
        "waived_by": "Grace", "waived_at": moment(7), "category": "accepted_risk",
        "reason": "known, small", "criterion_hash": "cd" * 32, "commit_sha": sha,
        "expires_at": None, "followup_url": None,
    }  # fmt: skip


__all__ = ["Ledger", "Parts", "b64encode", "packed", "sample_ledger", "sealed", "unsealed"]
