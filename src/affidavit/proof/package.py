"""Verify an evidence package offline: no database, no network, no server, and nothing taken on trust.

The package is read as a stream; memory does not grow with its bodies, and by about 14 bytes with
each header.  Format: `package_format`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from affidavit.proof import package_format as form
from affidavit.proof.archive import Archive
from affidavit.proof.checkpoint import Checkpoint, open_checkpoint
from affidavit.proof.errors import CannotCheck, ProofError
from affidavit.proof.note import Note, Verifier, open_note, parse_vkey, split_note
from affidavit.proof.package_earlier import earlier_note, opened
from affidavit.proof.package_filter import filter_contradictions
from affidavit.proof.package_headers import HeaderScan
from affidavit.proof.package_manifest import Manifest, contradictions, parse_manifest
from affidavit.proof.package_rows import RowScan
from affidavit.proof.package_streams import Tap, lines, read_all
from affidavit.proof.package_tables import CsvTable, JsonTable
from affidavit.proof.package_words import Evidence, write_report
from affidavit.proof.report import APPEND_ONLY, COMPLETENESS, INCLUSION, Findings, Report

_MAX_UNSEALED_RATIO = 200
"""How many times its size a file may unpack to when no key that is trusted has sealed it."""


def verify(
    path: str | Path,
    *,
    vkeys: Iterable[str | Verifier],
    previous: Iterable[str | Path] = (),
) -> Report:
    """Check an evidence package against verifier keys that came from elsewhere.

    `previous` are earlier packages, checkpoints or manifests of the same ledger, whose entries must
    be the first ones here.  Returns a report with five verdicts, whether they hold or not.
    Raises CannotCheck (a ProofError) where there is nothing to judge: a file that is missing or is
    no package, a key that cannot be used.
    """
    keys = trusted_keys(vkeys)
    with opened(path) as file:
        try:
            archive = Archive(file)
        except CannotCheck:
            raise
        except ProofError as error:
            return _broken(str(path), keys, str(error))
        earlier = [str(item) for item in previous]
        return _Verification(str(path), archive, keys).run(earlier)


def trusted_keys(vkeys: Iterable[str | Verifier]) -> list[Verifier]:
    """Read verifier keys.  Raises CannotCheck for one that cannot be used, and if there is none."""
    keys: list[Verifier] = []
    for vkey in vkeys:
        try:
            keys.append(parse_vkey(vkey) if isinstance(vkey, str) else vkey)
        except ProofError as error:
            raise CannotCheck(f"The key cannot be used: {error}") from error
    if not keys:
        raise CannotCheck("No verifier key was given; without one nothing can be checked.")
    return keys


class _Verification:
    """One package being checked, step by step; each step notes what does not hold and goes on."""

    def __init__(self, path: str, archive: Archive, keys: list[Verifier]) -> None:
        self._path, self._archive, self._keys = path, archive, keys
        self._findings = Findings()
        self._evidence = Evidence()
        self._taps: dict[str, Tap] = {}
        self._note = ""

    def run(self, previous: Sequence[str]) -> Report:
        """Take every step and write the report."""
        is_sealed = self._check_seal()
        if self._check_members(is_sealed=is_sealed):
            self._read_checkpoint()
            self._read_manifest()
            earlier = [point for item in previous if (point := self._read_earlier(item))]
            with self._noting(INCLUSION):
                self._scan_headers([point.size for _, point in earlier])
            self._compare_earlier(earlier)
            with self._noting(INCLUSION):
                self._scan_rows()
            self._check_digests()
        return write_report(self._path, self._keys, self._evidence, self._findings)

    def _check_seal(self) -> bool:
        """Check that a trusted key has signed every byte of the file before the seal itself."""
        with self._noting(INCLUSION, "the seal: "):
            note = open_note(self._archive.comment, self._keys)
            seal = form.parse_seal(note.text)
            _check_origin(note, seal.origin)
            if seal.size != self._archive.sealed_size:
                raise ProofError(
                    f"covers {seal.size} bytes, but {self._archive.sealed_size} stand before it"
                )
            if seal.digest != self._archive.digest():
                raise ProofError("the file was changed after it was sealed (SHA-256 differs)")
            return True
        return False

    def _check_members(self, *, is_sealed: bool) -> bool:
        """Check the names and their order; tell whether what is needed to go on is there."""
        names = [member.name for member in self._archive.members]
        expected = form.expected_members(names)
        if names != expected:
            message = f"the package holds {', '.join(names)}; expected {', '.join(expected)}"
            self._findings.fail(INCLUSION, message)
        if len(set(names)) != len(names) or not set(form.MEMBERS_BEFORE_PDF) <= set(names):
            return False
        unpacked = sum(member.size for member in self._archive.members)
        if not is_sealed and unpacked > _MAX_UNSEALED_RATIO * max(
            self._archive.sealed_size, 1 << 20
        ):
            message = (
                f"not unpacked further: no trusted seal, and it would unpack to {unpacked:,} bytes"
            )
            self._findings.fail(INCLUSION, message)
            return False
        return True

    def _read_checkpoint(self) -> None:
        with self._noting(INCLUSION, "checkpoint: "):
            data = read_all(self._tap(form.CHECKPOINT))
            with suppress(ProofError, UnicodeDecodeError):
                # What it states is used below even if no trusted key signed it: to say more exactly
                # what is wrong.  Nothing is accepted without the signature.
                self._evidence.checkpoint = Checkpoint.parse(split_note(data)[0])
                self._note = data.decode("utf-8")
            self._evidence.checkpoint, note = open_checkpoint(data, self._keys)
            self._evidence.signed_by = note.verified_by

    def _read_manifest(self) -> None:
        with self._noting(INCLUSION):
            manifest = parse_manifest(read_all(self._plain_tap(form.MANIFEST)))
            self._evidence.manifest = manifest
            self._judge_manifest(manifest)

    def _judge_manifest(self, manifest: Manifest) -> None:
        def fail(message: str) -> None:
            self._findings.fail(COMPLETENESS, message, member=form.MANIFEST)

        names = [member.name for member in self._archive.members if member.name != form.MANIFEST]
        if sorted(manifest.files) != sorted(names):
            fail(f"lists the files {', '.join(manifest.files)}, expected {', '.join(names)}")
        vkeys = [verifier.vkey for verifier in self._evidence.signed_by]
        if vkeys and manifest.value.get("key_id") not in vkeys:
            fail(f"key_id is {manifest.value.get('key_id')!r:.160}, expected {', '.join(vkeys)}")
        if self._evidence.checkpoint is not None:
            for message in contradictions(manifest, self._evidence.checkpoint, self._note):
                fail(message)
        try:
            for message in filter_contradictions(manifest.value):
                fail(message)
        except ProofError as error:
            fail(str(error))

    def _scan_headers(self, sizes: list[int]) -> None:
        manifest, checkpoint = self._evidence.manifest, self._evidence.checkpoint
        query = manifest.query if manifest else None
        scan = HeaderScan(query, self._findings, sizes=sizes)
        self._evidence.headers = scan
        scan.run(lines(self._tap(form.HEADERS)))
        if checkpoint is not None and scan.size != checkpoint.size:
            message = f"there are {scan.size:,} headers, the checkpoint counts {checkpoint.size:,}"
            self._findings.fail(INCLUSION, message, member=form.HEADERS)
        elif checkpoint is not None and scan.root() != checkpoint.root:
            message = (
                f"the headers have root {scan.root().hex()}, the checkpoint {checkpoint.root.hex()}:"
                " at least one header is not the one that was signed"
            )
            self._findings.fail(INCLUSION, message, member=form.HEADERS)
        identity = manifest.value["organization"].get("id") if manifest else None
        if manifest is not None and scan.organization not in (None, identity):
            message = (
                f"organization.id is {identity!r:.80}, the headers say {scan.organization!r:.80}"
            )
            self._findings.fail(INCLUSION, message, member=form.MANIFEST)

    def _scan_rows(self) -> None:
        manifest, scan = self._evidence.manifest, self._evidence.headers
        if manifest is None or scan is None:
            return
        rows = RowScan(scan, manifest, self._findings)
        self._evidence.rows = rows
        rows.run(
            headers=lines(self._plain_tap(form.HEADERS)),
            records=lines(self._tap(form.RECORDS)),
            salts=lines(self._tap(form.SALTS)),
            tables=(
                JsonTable(self._tap(form.AUDIT_JSON), manifest, self._findings),
                CsvTable(self._tap(form.AUDIT_CSV), manifest, self._findings),
            ),
        )

    def _check_digests(self) -> None:
        """Check every member against the manifest; those that were read are hashed already."""
        if self._evidence.manifest is None:
            return
        for member in self._archive.members:
            listed = self._evidence.manifest.files.get(member.name)
            if member.name == form.MANIFEST or listed is None:
                continue
            with self._noting(INCLUSION):
                tap = self._taps.get(member.name) or self._tap(member.name)
                digest = tap.finish()
                if (digest, tap.size) != listed:
                    message = (
                        f"has SHA-256 {digest} and {tap.size} bytes, the manifest says {listed[0]:.64}"
                        f" and {listed[1]}"
                    )
                    self._findings.fail(INCLUSION, message, member=member.name)

    def _read_earlier(self, path: str) -> tuple[str, Checkpoint] | None:
        with opened(path) as file:
            note = earlier_note(path, file)
        with self._noting(APPEND_ONLY, f"{path}: "):
            earlier, _ = open_checkpoint(note, self._keys)
            return path, earlier
        return None

    def _compare_earlier(self, earlier: list[tuple[str, Checkpoint]]) -> None:
        scan, checkpoint = self._evidence.headers, self._evidence.checkpoint
        if scan is None or checkpoint is None:
            return
        for path, point in earlier:
            with self._noting(APPEND_ONLY, f"{path}: "):
                if point.origin != checkpoint.origin:
                    raise ProofError(
                        f"is of ledger {point.origin}, this package of {checkpoint.origin}"
                    )
                if point.size > scan.size:
                    raise ProofError(
                        f"has {point.size:,} entries, this package only {scan.size:,}: either it is the"
                        " later one of the two, or entries were removed from the ledger's end"
                    )
                if scan.roots.get(point.size) != point.root:
                    raise ProofError(
                        f"its {point.size:,} entries are not the first {point.size:,} here: the ledger's"
                        " history was rewritten"
                    )
                self._evidence.earlier.append((path, point))

    def _tap(self, name: str) -> Tap:
        tap = self._plain_tap(name)
        self._taps[name] = tap
        return tap

    def _plain_tap(self, name: str) -> Tap:
        member = next(member for member in self._archive.members if member.name == name)
        return Tap(name, self._archive.chunks(member))

    def _noting(self, verdict: int, prefix: str = "") -> _Noting:
        return _Noting(self._findings, verdict, prefix)


class _Noting:
    """A block whose ProofError becomes a failure of one verdict instead of the end of everything."""

    def __init__(self, findings: Findings, verdict: int, prefix: str) -> None:
        self._findings, self._verdict, self._prefix = findings, verdict, prefix

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Note a ProofError and go on after the block; let everything else through."""
        if not isinstance(error, ProofError):
            return False
        self._findings.fail(self._verdict, self._prefix + str(error))
        return True


def _check_origin(note: Note, origin: str) -> None:
    if all(verifier.name != origin for verifier in note.verified_by):
        raise ProofError(f"speaks for {origin}, but is signed by another key")


def _broken(path: str, keys: list[Verifier], message: str) -> Report:
    findings = Findings()
    findings.fail(INCLUSION, message)
    return write_report(path, keys, Evidence(), findings)
