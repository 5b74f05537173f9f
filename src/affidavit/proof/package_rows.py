"""Second pass over a package: each body against its header, and against what the filter admits."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any

from affidavit.proof.canonical import decode_record
from affidavit.proof.errors import ProofError
from affidavit.proof.header import parse_header
from affidavit.proof.package_format import RECORDS, SALTS
from affidavit.proof.package_headers import HeaderScan
from affidavit.proof.package_manifest import Manifest
from affidavit.proof.package_tables import CsvTable, JsonTable
from affidavit.proof.report import COMPLETENESS, ERASURES, INCLUSION, Findings

_SALT_LINE = re.compile(rb"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})")

_ENVELOPE = (
    "record_id", "record_type", "revision", "seq", "occurred_at", "recorded_at", "actor_kind", "via",
)  # fmt: skip
_SHARED = ("runbook_number", "runbook_version", "run_id")
"""Members that stand in the header whenever the body has them."""
_STATUS = {
    "verification_run": "status",
    "verification_result": "status",
    "approval": "decision",
    "invariant_change": "action",
    "access": "action",
    "retention": "action",
}
"""From which field of the body the header takes its status."""


class Names:
    """Which name stands for which pseudonymous id, as the bodies have it: one for one."""

    def __init__(self, what: str) -> None:
        """Start empty; `what` is `actor` or `repo`."""
        self.what = what
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}

    def bind(self, name: str, identity: str) -> str | None:
        """Take note of a pair; give what it contradicts, or None."""
        known_id = self.ids.setdefault(name, identity)
        if known_id != identity:
            return f"{self.what} {name!r} has id {identity}, elsewhere {known_id}"
        known_name = self.names.setdefault(identity, name)
        if known_name != name:
            return f"{self.what} id {identity} has the name {name!r}, elsewhere {known_name!r}"
        return None


class RowScan:
    """Reads bodies and salts beside the headers; what it finds goes to `findings`."""

    def __init__(self, scan: HeaderScan, manifest: Manifest, findings: Findings) -> None:
        """Prepare; `scan` has read every header."""
        self._scan, self._manifest, self._findings = scan, manifest, findings
        self._query = manifest.query
        self._slug = manifest.value["organization"].get("slug")
        self._next_header = 0
        self.rows = 0
        self.absent = 0
        self.first_seq: int | None = None
        self.last_seq: int | None = None
        self.types: Counter[str] = Counter()
        self.actors, self.repos = Names("actor"), Names("repo")

    def run(
        self,
        *,
        headers: Iterator[bytes],
        records: Iterator[bytes],
        salts: Iterator[bytes],
        tables: tuple[JsonTable, CsvTable],
    ) -> None:
        """Read every row.  Raises ProofError where a member cannot be read on."""
        expected = self._scan.expected()
        due = next(expected, None)
        for line, salt_line in zip_longest(records, salts):
            self.rows += 1
            if line is None or salt_line is None:
                short = RECORDS if line is None else SALTS
                self._fail(INCLUSION, f"has only {self.rows - 1} lines", member=short)
                break
            seq, salt = self._salt(salt_line)
            if self.last_seq is not None and seq <= self.last_seq:
                self._fail(COMPLETENESS, f"seq {seq} comes after seq {self.last_seq}", member=SALTS)
                continue
            while due is not None and due < seq:
                self._miss(due)
                due = next(expected, None)
            if due == seq:
                due = next(expected, None)
            else:
                self._fail(COMPLETENESS, f"is not to be here: {self._scan.why_not(seq)}", seq=seq)
            self._row(seq, salt, line, self._header(headers, seq), tables)
        while due is not None:
            self._miss(due)
            due = next(expected, None)
        for table in tables:
            table.close()
        self._check_manifest()

    def _row(
        self,
        seq: int,
        salt: bytes,
        line: bytes,
        header: Mapping[str, Any] | None,
        tables: tuple[JsonTable, CsvTable],
    ) -> None:
        self.last_seq = seq
        self.first_seq = seq if self.first_seq is None else self.first_seq
        json_table, csv_table = tables
        json_table.take(line)
        if header is not None:
            self._check_commitment(seq, salt, line, header["body_hmac"])
        try:
            body = decode_record(line)
        except ProofError as error:
            self._fail(INCLUSION, f"the body is {error}", seq=seq)
            return
        self.types[str(body.get("record_type"))] += 1
        csv_table.take(body)
        if header is not None:
            for difference in _differences(body, header):
                self._fail(INCLUSION, difference, seq=seq)
            self._check_names(seq, body, header)
        if not self._query.matches_text(body):
            self._fail(COMPLETENESS, "the filter's words are not in its text", seq=seq)

    def _check_commitment(self, seq: int, salt: bytes, line: bytes, wanted: str) -> None:
        if hmac.digest(salt, line, "sha256").hex() != wanted:
            message = "the body is not the one that its header commits to under this salt"
            self._fail(INCLUSION, message, seq=seq)

    def _check_names(self, seq: int, body: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        if body.get("organization") != self._slug:
            self._fail(
                INCLUSION,
                f"organization is {body.get('organization')!r:.80}, the manifest says {self._slug!r}",
                seq=seq,
            )
        for names, name, identity in (
            (self.actors, body.get("actor"), header["actor_id"]),
            (self.repos, body.get("repo"), header.get("repo_id")),
        ):
            if (name is None) != (identity is None):
                message = (
                    f"{names.what} is {name!r:.80}, but its id in the header is {identity!r:.80}"
                )
            elif name is None:
                continue
            else:
                message = names.bind(str(name), str(identity)) or ""
            if message:
                self._fail(INCLUSION, message, seq=seq)

    def _header(self, headers: Iterator[bytes], seq: int) -> Mapping[str, Any] | None:
        """Read on to a header; None where there is none or its faults are known from the first pass."""
        if seq >= self._scan.size:
            return None
        line = next(islice(headers, seq - self._next_header, None))
        self._next_header = seq + 1
        try:
            return parse_header(line)
        except ProofError:
            return None

    def _salt(self, line: bytes) -> tuple[int, bytes]:
        match = _SALT_LINE.fullmatch(line)
        if match is None:
            raise ProofError(f"{SALTS} line {self.rows}: not a ledger index and 64 hex digits")
        return int(match[1]), bytes.fromhex(match[2].decode("ascii"))

    def _miss(self, seq: int) -> None:
        self.absent += 1
        if not self._query.text:
            message = f"entry seq {seq} satisfies the filter, but its record is missing"
            self._findings.fail(COMPLETENESS, message, member=RECORDS)
            self._findings.fail(
                ERASURES,
                f"entry seq {seq} has no body, and this format knows no erasure that would account for it",
            )

    def _check_manifest(self) -> None:
        value = self._manifest.value
        _, exported = self._manifest.counts
        stated = {name: count for name, count in exported.items() if count}
        if stated != dict(self.types):
            message = f"rows.exported is {stated}, but there are {dict(self.types)}"
            self._findings.fail(COMPLETENESS, message, member="manifest.json")
        for name, found in (("first_seq", self.first_seq), ("last_seq", self.last_seq)):
            if value["ledger"].get(name) != found:
                message = f"ledger.{name} is {value['ledger'].get(name)!r}, expected {found!r}"
                self._findings.fail(COMPLETENESS, message, member="manifest.json")
        for names, key in ((self.actors, "actors"), (self.repos, "repos")):
            for name, identity in value[key].items():
                known_id, known_name = names.ids.get(name), names.names.get(identity)
                if known_id not in (None, identity) or known_name not in (None, name):
                    message = f"{key} gives {name!r} the id {identity}, the records say otherwise"
                    self._findings.fail(COMPLETENESS, message, member="manifest.json")

    def unnamed(self) -> list[str]:
        """Give the filter's names that no exported record bears out."""
        value = self._manifest.value
        return [
            f"{names.what} {name!r}"
            for names, key in ((self.actors, "actors"), (self.repos, "repos"))
            for name in value[key]
            if name not in names.ids
        ]

    def _fail(
        self, verdict: int, message: str, *, member: str = RECORDS, seq: int | None = None
    ) -> None:
        self._findings.fail(verdict, message, member=member, line=self.rows, seq=seq)


def _differences(body: Mapping[str, Any], header: Mapping[str, Any]) -> Iterator[str]:
    """Give each way in which a body says something else than its header."""
    for name in _ENVELOPE:
        if body.get(name) != header.get(name):
            yield f"{name} is {body.get(name)!r:.80}, its header says {header.get(name)!r:.80}"
    for name in _SHARED:
        if name in body and body[name] != header.get(name):
            yield f"{name} is {body[name]!r:.80}, its header says {header.get(name)!r:.80}"
    commit = body.get("commit_sha") or body.get("merge_commit_sha")
    if commit and commit != header.get("commit_sha"):
        yield f"the commit is {commit!r:.80}, its header says {header.get('commit_sha')!r:.80}"
    field = _STATUS.get(header["record_type"])
    if field is not None and body.get(field) != header.get("status"):
        yield f"{field} is {body.get(field)!r:.80}, its header says {header.get('status')!r:.80}"
    if header["record_type"] == "waiver" and body.get("category") != header.get("waiver_category"):
        yield f"category is {body.get('category')!r:.80}, its header says otherwise"
    if bool(body.get("is_waived")) != bool(header.get("is_waived")):
        yield f"is_waived is {body.get('is_waived')!r:.80}, its header says otherwise"
