"""Checkpoints (C2SP tlog-checkpoint): a ledger's origin, size and root hash, signed as a note."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from affidavit.proof.errors import ProofError
from affidavit.proof.merkle import HASH_SIZE
from affidavit.proof.note import Note, Signer, Verifier, open_note, sign_note
from affidavit.proof.strict import b64decode, b64encode, decimal


@dataclass(frozen=True)
class Checkpoint:
    """A ledger at one size: `size` leaves whose RFC 6962 root is `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the note text: origin, decimal size, base64 root, then any extension lines."""
        lines = (self.origin, str(self.size), b64encode(self.root), *self.extensions)
        if self.size < 0 or len(self.root) != HASH_SIZE:
            raise ProofError(f"not a checkpoint: size {self.size}, root of {len(self.root)} bytes")
        if any(not line or "\n" in line for line in lines):
            raise ProofError("a checkpoint's lines are not empty and hold no newline")
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text; trust it only after `open_checkpoint`.  Raises ProofError."""
        if not text.endswith("\n"):
            raise ProofError("not a checkpoint: no newline at its end")
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise ProofError("not a checkpoint: expected origin, size and root, each on its line")
        size = decimal(lines[1], what="the checkpoint's size")
        root = b64decode(lines[2], what="the checkpoint's root hash")
        if len(root) != HASH_SIZE:
            raise ProofError(
                f"the checkpoint's root hash has {len(root)} bytes, expected {HASH_SIZE}"
            )
        return cls(lines[0], size, root, tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, *others: Signer) -> str:
    """Sign a checkpoint and give the whole note."""
    return sign_note(checkpoint.text(), signer, *others)


def open_checkpoint(text: str | bytes, vkeys: Iterable[str | Verifier]) -> tuple[Checkpoint, Note]:
    """Check a signed checkpoint and read it.

    A key whose name is the origin must have signed: a key of another ledger, though trusted, does
    not speak for this one.  Raises ProofError.
    """
    note = open_note(text, vkeys)
    checkpoint = Checkpoint.parse(note.text)
    if all(verifier.name != checkpoint.origin for verifier in note.verified_by):
        names = ", ".join(verifier.name for verifier in note.verified_by)
        raise ProofError(
            f"the checkpoint of {checkpoint.origin} is signed by {names}, not by its own key"
        )
    return checkpoint, note
