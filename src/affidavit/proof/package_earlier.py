"""Earlier states of a ledger, in whatever form an auditor kept them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from affidavit.proof import package_format as form
from affidavit.proof.archive import Archive
from affidavit.proof.errors import CannotCheck, ProofError
from affidavit.proof.note import split_note
from affidavit.proof.package_manifest import read_json
from affidavit.proof.package_streams import MAX_MANIFEST, Tap, read_all


def opened(path: str | Path) -> BinaryIO:
    """Open a file to read.  Raises CannotCheck."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotCheck(f"{path} cannot be read: {reason}.") from error


def earlier_note(path: str, file: BinaryIO) -> bytes:
    """Find the signed checkpoint in an earlier package, manifest or checkpoint file, unverified.

    Raises CannotCheck where there is none.
    """
    start = file.read(MAX_MANIFEST + 1)
    try:
        if start.startswith(b"PK"):
            archive = Archive(file)
            members = {member.name: member for member in archive.members}
            if form.CHECKPOINT not in members:
                raise CannotCheck(f"{path} is a ZIP file without a checkpoint.")
            return read_all(Tap(form.CHECKPOINT, archive.chunks(members[form.CHECKPOINT])))
        if start.startswith(b"{") and len(start) <= MAX_MANIFEST:
            value = read_json(start, what=path)
            value = value.get("manifest", value)
            if isinstance(value, dict) and isinstance(value.get("checkpoint"), str):
                return str(value["checkpoint"]).encode("utf-8")
        split_note(start)
    except ProofError as error:
        raise CannotCheck(f"{path} is no package, checkpoint or manifest: {error}") from error
    return start
