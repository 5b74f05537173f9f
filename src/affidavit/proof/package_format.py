"""The evidence package, format 1: names and forms that its writer and its verifier share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from affidavit.proof.errors import ProofError
from affidavit.proof.merkle import HASH_SIZE
from affidavit.proof.strict import b64decode, b64encode, decimal

FORMAT_VERSION: Final = 1
README: Final = "README.txt"
MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "checkpoint"
HEADERS: Final = "headers.ndjson"
RECORDS: Final = "records.ndjson"
SALTS: Final = "salts.txt"
AUDIT_JSON: Final = "audit.json"
AUDIT_CSV: Final = "audit.csv"
AUDIT_PDF: Final = "audit.pdf"

MEMBERS_BEFORE_PDF: Final = (
    README, MANIFEST, CHECKPOINT, HEADERS, RECORDS, SALTS, AUDIT_JSON, AUDIT_CSV,
)  # fmt: skip
"""The members in the order in which they stand in the file; the PDF or its volumes follow."""

FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Every member's date: the file depends on nothing but its content."""

SALT_SIZE: Final = 32
SEAL_TITLE: Final = "affidavit evidence package v1"


@dataclass(frozen=True)
class Seal:
    """What the seal says: `size` bytes before the ZIP's archive comment have SHA-256 `digest`."""

    origin: str
    size: int
    digest: bytes


def seal_text(*, origin: str, size: int, digest: bytes) -> str:
    """Write the seal's note text; signed, it becomes the ZIP's archive comment.

    `size` counts the bytes before the comment and `digest` is their SHA-256 (32 bytes).  The two
    last bytes before the comment hold its length, so compute them with the comment's final length.
    """
    if "\n" in origin or not origin or len(digest) != HASH_SIZE:
        raise ProofError("a seal needs an origin of one line and a SHA-256 digest")
    return f"{SEAL_TITLE}\n{origin}\n{size}\n{b64encode(digest)}\n"


def parse_seal(text: str) -> Seal:
    """Read a seal's note text.  Raises ProofError."""
    lines = text.split("\n")
    if len(lines) != 5 or lines[0] != SEAL_TITLE or not lines[1] or lines[4]:
        raise ProofError(
            "the package's seal is not in the form of an affidavit evidence package v1"
        )
    digest = b64decode(lines[3], what="the seal's digest")
    if len(digest) != HASH_SIZE:
        raise ProofError(f"the seal's digest has {len(digest)} bytes, expected {HASH_SIZE}")
    return Seal(lines[1], decimal(lines[2], what="the seal's byte count"), digest)


def volume_name(number: int, *, total: int) -> str:
    """Name one PDF: `audit.pdf` when it is the only one, else `audit-001.pdf` and so on from 1."""
    return AUDIT_PDF if total == 1 else f"audit-{number:03d}.pdf"


def salt_line(seq: int, salt: bytes) -> bytes:
    """Write one line of `salts.txt`: the record's ledger index and its 32-byte salt in hex."""
    return b"%d %s\n" % (seq, salt.hex().encode("ascii"))


def expected_members(names: list[str]) -> list[str]:
    """Give the members, in order, that a package with as many PDFs as `names` should have."""
    total = max(1, len(names) - len(MEMBERS_BEFORE_PDF))
    volumes = [volume_name(number, total=total) for number in range(1, total + 1)]
    return [*MEMBERS_BEFORE_PDF, *volumes]
