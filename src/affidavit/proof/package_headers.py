"""First pass over a package: every header, in order, hashed and checked in bounded memory.

About 14 bytes are kept for each entry: enough to check the chains of revisions and to know, once
all headers are read, which entries the filter admits.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from affidavit.proof.errors import ProofError
from affidavit.proof.header import IMPORT, parse_header
from affidavit.proof.merkle import Frontier
from affidavit.proof.package_format import HEADERS
from affidavit.proof.query import Query
from affidavit.proof.report import COMPLETENESS, TIME_BOUNDS, Findings

_SUPERSEDED, _MATCHES = 1, 2
_BATCH = 4096
_MAX_TYPES = 1000
_MAX_REVISION = 0xFFFFFFFF


class HeaderScan:
    """What the headers of one package say: their root, chains, times, and the filter's matches.

    `sizes` are ledger sizes whose roots are wanted as well; they are in `roots` afterwards.
    """

    def __init__(
        self, query: Query | None, findings: Findings, *, sizes: Iterable[int] = ()
    ) -> None:
        """Prepare to scan; without a query no entry matches."""
        self._query = query
        self._findings = findings
        self._wanted = sorted(set(sizes))
        # Behind a secret prefix nobody can prepare record ids whose hashes collide.
        self._secret = os.urandom(32).hex()
        self._ids = array("q")
        self._revisions = array("I")
        self._types = array("H")
        self._marks = bytearray()
        # Entries that are the first of their record here, though not its revision 1: they were imported.
        self._late_firsts: set[int] = set()
        self._type_codes: dict[str, int] = {}
        self._frontier = Frontier()
        self.roots: dict[int, bytes] = {}
        self.organization: str | None = None
        self.first_recorded_at: str | None = None
        self.last_recorded_at: str | None = None

    @property
    def size(self) -> int:
        """How many headers were read."""
        return len(self._marks)

    def run(self, lines: Iterator[bytes]) -> None:
        """Read every header line."""
        batch: list[bytes] = []
        try:
            for line in lines:
                batch.append(line)
                if len(batch) == _BATCH:
                    self._take_all(batch)
                    batch = []
        finally:
            # Also when the lines break off: what came before is to be judged all the same.
            self._take_all(batch)
        self._check_unique()

    def _take_all(self, lines: list[bytes]) -> None:
        self._extend([sha256(b"\x00" + line).digest() for line in lines])
        for line in lines:
            try:
                self._take(parse_header(line))
            except ProofError as error:
                self._fail(COMPLETENESS, str(error), len(self._marks))
                self._remember(0, 0, 0, 0)

    def _extend(self, leaves: list[bytes]) -> None:
        """Grow the tree, stopping at each size whose root is wanted."""
        start = self._frontier.size
        stops = [size for size in self._wanted if start <= size <= start + len(leaves)]
        done = 0
        for size in stops:
            self._frontier.extend(leaves[done : size - start])
            done = size - start
            self.roots[size] = self._frontier.root()
        self._frontier.extend(leaves[done:])

    def root(self) -> bytes:
        """Give the root over all headers read."""
        return self._frontier.root()

    def expected(self) -> Iterator[int]:
        """Give the entries that the filter admits, as far as headers can say, in order."""
        wanted = self._wanted_marks()
        return (seq for seq, mark in enumerate(self._marks) if mark in wanted)

    def expected_count(self) -> int:
        """Count the entries that the filter admits."""
        return sum(self._marks.count(mark) for mark in self._wanted_marks())

    def _wanted_marks(self) -> tuple[int, ...]:
        if self._query is not None and self._query.revisions == "all":
            return (_MATCHES, _MATCHES | _SUPERSEDED)
        return (_MATCHES,)

    def why_not(self, seq: int) -> str:
        """Say why the filter does not admit an entry."""
        if seq >= len(self._marks):
            return f"the package has only {len(self._marks)} headers"
        if self._marks[seq] & _MATCHES:
            return "a later revision supersedes it and the filter asks for current ones"
        return "its header does not satisfy the filter"

    def _take(self, header: dict[str, Any]) -> None:
        """Check one header against those before it.  A million pass here: no call is without need."""
        seq = len(self._marks)
        if header["seq"] != seq:
            raise ProofError(f"the header says seq {header['seq']}, expected {seq}")
        if header["organization"] != self.organization:
            self._check_organization(header["organization"])
        recorded_at = header["recorded_at"]
        if self.last_recorded_at is None or recorded_at < self.last_recorded_at:
            self._check_time(seq, recorded_at)
        else:
            self.last_recorded_at = recorded_at
        identity = hash(self._secret + header["record_id"])
        kind = self._type_codes.get(header["record_type"]) or self._type_code(header["record_type"])
        revision = header["revision"]
        if "supersedes" in header:
            self._check_chain(seq, header, identity, kind)
        elif revision != 1:
            self._late_firsts.add(seq)
        matches = self._query is not None and self._query.matches_header(header)
        self._remember(identity, revision, kind, _MATCHES if matches else 0)

    def _remember(self, identity: int, revision: int, kind: int, mark: int) -> None:
        self._ids.append(identity)
        self._revisions.append(min(revision, _MAX_REVISION))
        self._types.append(kind)
        self._marks.append(mark)

    def _check_organization(self, organization: str) -> None:
        if self.organization is not None:
            raise ProofError(f"the header belongs to another organization {organization!r:.80}")
        self.organization = organization

    def _check_time(self, seq: int, recorded_at: str) -> None:
        if self.last_recorded_at is None:
            self.first_recorded_at = self.last_recorded_at = recorded_at
        else:
            message = (
                f"recorded_at {recorded_at} lies before {self.last_recorded_at} of an earlier entry"
            )
            self._fail(TIME_BOUNDS, message, seq)

    def _check_chain(self, seq: int, header: dict[str, Any], identity: int, kind: int) -> None:
        revision = header["revision"]
        earlier = header["supersedes"]
        if not 0 <= earlier < seq:
            self._fail(COMPLETENESS, f"it supersedes seq {earlier}, which is no earlier entry", seq)
        elif self._ids[earlier] != identity or self._types[earlier] != kind:
            self._fail(COMPLETENESS, f"it supersedes seq {earlier}, which is another record", seq)
        elif not self._follows(self._revisions[earlier], revision, header["via"]):
            self._fail(
                COMPLETENESS,
                f"it is revision {revision} and supersedes seq {earlier}, which is revision"
                f" {self._revisions[earlier]}",
                seq,
            )
        elif self._marks[earlier] & _SUPERSEDED:
            self._fail(
                COMPLETENESS, f"it supersedes seq {earlier}, which was superseded before", seq
            )
        else:
            self._marks[earlier] |= _SUPERSEDED

    @staticmethod
    def _follows(earlier: int, revision: int, via: str) -> bool:
        """Revisions are counted one by one; what was imported may leave some out."""
        return earlier == revision - 1 or (via == IMPORT and earlier < revision)

    def _check_unique(self) -> None:
        """Refuse two records with one id: all but one entry of each id must supersede another."""
        firsts = array("q", (i for i, r in zip(self._ids, self._revisions, strict=True) if r == 1))
        firsts.extend(self._ids[seq] for seq in sorted(self._late_firsts))
        previous = None
        for identity in sorted(firsts):
            if identity == previous:
                seqs = (s for s in range(self.size) if self._ids[s] == identity)
                late = self._late_firsts
                first, second = [s for s in seqs if self._revisions[s] == 1 or s in late][:2]
                self._fail(
                    COMPLETENESS, f"it has the record_id of seq {first} and is no revision", second
                )
            previous = identity

    def _type_code(self, record_type: str) -> int:
        code = self._type_codes.setdefault(record_type, len(self._type_codes) + 1)
        if code > _MAX_TYPES:
            raise ProofError(f"the ledger has more than {_MAX_TYPES} record types")
        return code

    def _fail(self, verdict: int, message: str, seq: int) -> None:
        self._findings.fail(verdict, message, member=HEADERS, line=seq + 1, seq=seq)
