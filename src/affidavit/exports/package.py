"""The evidence package: everything an auditor needs to check an export offline, in one sealed ZIP."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from affidavit.exports.csv_table import render_csv
from affidavit.exports.json_lines import Tally, manifest_bytes, render_json, render_ndjson
from affidavit.exports.manifest import file_entry
from affidavit.exports.pdf_report import write_pdf
from affidavit.exports.request import ExportIncomplete, ExportRequest, Progress
from affidavit.exports.source import bodies, headers, salts
from affidavit.proof import package_format as form
from affidavit.proof.note import Signer, sign_note

_CHUNK = 1024 * 1024

README = """\
Evidence package of an Affidavit audit trail
============================================

{organization}, export {export_id}, {total} records, ledger of {size} entries.

Check it offline, without a database, a network or the server:

    affidavit verify evidence.zip --key VKEY

VKEY is the ledger's verifier key. Get it from a source that you trust independently of this file, for
instance from an earlier checkpoint that you were given. This export claims to be signed by:

    {vkey}

manifest.json    what was asked for, by whom, when; counts; digests of every file here
checkpoint       the ledger's size and root hash, signed (C2SP tlog-checkpoint)
headers.ndjson   every ledger entry's header, in order: RFC 6962 leaves of that root hash
records.ndjson   the records that match the filters, verbatim, one a line (RFC 8785 JSON)
salts.txt        for each record the salt under which its header commits to it (HMAC-SHA256)
audit.json, audit.csv, audit.pdf   the same records for reading

The archive's comment is a signed note over every byte before it. Re-packing the archive removes it.
"""


def write_package(
    request: ExportRequest, *, path: Path, signer: Signer, progress: Progress | None = None
) -> None:
    """Write the package to `path`. Its members are made in a folder beside it first.

    Raises:
        ExportIncomplete: one of the formats does not hold what matches.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".package-") as folder:
        names = _write_members(request, Path(folder), progress)
        _zip(Path(folder), names, path, _seal_length(request, signer))
    _seal(path, request, signer)


def _write_members(request: ExportRequest, folder: Path, progress: Progress | None) -> list[str]:
    """Write every member but the manifest, then the manifest over them; return the names in order."""
    organization, query = request.organization, request.query

    def blocks() -> Iterator[bytes]:
        return bodies(organization=organization, query=query)

    tally = Tally(request, progress)
    _put(folder / form.RECORDS, render_ndjson(blocks(), tally))
    _put(folder / form.AUDIT_JSON, render_json(blocks(), Tally(request)))
    table = render_csv(
        blocks(), Tally(request), types=query.types, formula_guard=request.formula_guard
    )
    _put(folder / form.AUDIT_CSV, table)
    pdfs = write_pdf(request, directory=folder, stem="audit", progress=None)
    _put(folder / form.README, iter([_readme(request)]))
    _put(folder / form.CHECKPOINT, iter([request.manifest["checkpoint"].encode()]))
    _put(folder / form.HEADERS, headers(organization=organization, size=query.ledger_size))
    lines = (
        form.salt_line(seq, salt) for seq, salt in salts(organization=organization, query=query)
    )
    if _put(folder / form.SALTS, lines) != request.total:
        raise ExportIncomplete("The salts in the ledger do not belong to the records that match.")
    names = [*form.MEMBERS_BEFORE_PDF, *(pdf.name for pdf in pdfs)]
    files = [_digest(folder / name) for name in names if name != form.MANIFEST]
    _put(folder / form.MANIFEST, iter([manifest_bytes(tally.manifest(files))]))
    return names


def _put(path: Path, blocks: Iterable[bytes]) -> int:
    """Write blocks to a file; return how many there were."""
    number = 0
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            number += 1
    return number


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return file_entry(path.name, digest, path.stat().st_size)


def _readme(request: ExportRequest) -> bytes:
    manifest = request.manifest
    return README.format(
        organization=manifest["organization"]["name"], export_id=request.export_id,
        total=request.total, size=request.query.ledger_size, vkey=manifest["key_id"],
    ).encode()  # fmt: skip


def _zip(folder: Path, names: list[str], path: Path, comment_length: int) -> None:
    """Pack the members in order, each with the same date, and leave room for the seal."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, form.FIXED_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, archive.open(info, "w") as member:
                while chunk := source.read(_CHUNK):
                    member.write(chunk)
        archive.comment = b" " * comment_length


def _seal_note(origin: str, size: int, digest: bytes, signer: Signer) -> bytes:
    return sign_note(form.seal_text(origin=origin, size=size, digest=digest), signer).encode()


def _seal_length(request: ExportRequest, signer: Signer) -> int:
    """Return room enough for the seal of a file of up to 10^15 bytes; the size is padded to fill it."""
    origin = request.organization.ledger_origin
    return len(_seal_note(origin, 10**15 - 1, bytes(32), signer))


def _seal(path: Path, request: ExportRequest, signer: Signer) -> None:
    """Replace the room at the end by the signed note over every byte before it.

    The note's length depends on the digits of the size, and the archive states the note's length in its
    last two bytes before it: so these are settled first.
    """
    origin = request.organization.ledger_origin
    size = path.stat().st_size - _seal_length(request, signer)
    length = len(_seal_note(origin, size, bytes(32), signer))
    with path.open("r+b") as file:
        file.truncate(size)
        file.seek(size - 2)
        file.write(length.to_bytes(2, "little"))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
        file.seek(size)
        file.write(_seal_note(origin, size, digest, signer))
