"""Signed notes (C2SP signed-note): text that anyone with the verifier key can check.

Only Ed25519 signatures (type 0x01) are made and checked; signatures by keys that are not known are
ignored, as the specification demands, and so are verifier keys of other types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from affidavit.proof.errors import ProofError
from affidavit.proof.strict import b64decode, b64encode

ED25519 = 0x01
MAX_SIGNATURES = 100
"""More than this in one note is refused; the specification asks for at least 16."""
MAX_NOTE_BYTES = 1_000_000

_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\u2014 "


@dataclass(frozen=True)
class Verifier:
    """The public half of a key: its name and 32 bytes of Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse a name or a key that the format cannot hold."""
        _check_name(self.name)
        if len(self.public_key) != 32:
            raise ProofError(f"an Ed25519 public key has 32 bytes, not {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that stand for this key in a signature line."""
        return _key_id(self.name, ED25519, self.public_key)

    @property
    def vkey(self) -> str:
        """The verifier key as text, to publish: `name+keyid+base64`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([ED25519]) + self.public_key)}"

    def verify(self, data: bytes, signature: bytes) -> None:
        """Check an Ed25519 signature over `data`.  Raises ProofError."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise ProofError(
                f"the signature of {self.name}+{self.key_id.hex()} is wrong"
            ) from error


@dataclass(frozen=True)
class Signer:
    """The private half of a key, which never leaves the machine that signs."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a name that the format cannot hold."""
        _check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> Signer:
        """Make a fresh key."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> Signer:
        """Load a key from PKCS#8 PEM without a password.  Raises ProofError."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise ProofError("the private key is not an unencrypted PKCS#8 PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ProofError(f"the private key is {type(key).__name__}, expected Ed25519")
        return cls(name, key)

    def to_pem(self) -> bytes:
        """Give the key as PKCS#8 PEM without a password: keep it in a 0600 file."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.private_key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The verifier key as text, to publish."""
        return self.verifier.vkey

    def sign(self, data: bytes) -> bytes:
        """Sign bytes: 64 bytes of Ed25519 signature."""
        return self.private_key.sign(data)


@dataclass(frozen=True)
class Signature:
    """One signature line: the key's name, its 4-byte id, and the signature bytes after the id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Write as a signature line, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A note whose signatures by known keys have all been verified; there is at least one."""

    text: str
    verified_by: tuple[Verifier, ...]
    signatures: tuple[Signature, ...]


def parse_vkey(text: str) -> Verifier:
    """Read a verifier key: `name+8 hex digits+base64(type || key)`.

    Raises ProofError; with code `unsupported_key` if it is well-formed but not Ed25519.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    if not encoded or not _KEY_ID.fullmatch(key_id):
        raise ProofError(f"not a verifier key (expected name+keyid+base64): {text[:120]!r}")
    _check_name(name)
    material = b64decode(encoded, what=f"the key of {name}")
    if material[0] != ED25519:
        raise UnsupportedKey(
            f"verifier key {name} is of type {material[0]:#04x}; only Ed25519 (0x01) is known"
        )
    verifier = Verifier(name, material[1:])
    if verifier.key_id.hex() != key_id:
        raise ProofError(
            f"verifier key {name} says id {key_id}, but its key has id {verifier.key_id.hex()}"
        )
    return verifier


class UnsupportedKey(ProofError):
    """A verifier key that is well-formed but of a type that this verifier does not know."""

    code = "unsupported_key"


def sign_note(text: str, signer: Signer, *others: Signer) -> str:
    """Sign a text, which must end in a newline, and give the whole note.

    Ed25519 is deterministic: one text and one key give one note.  Raises ProofError if the text
    cannot be a note's.
    """
    data = _checked_text(text).encode("utf-8")
    lines = (
        Signature(one.name, one.verifier.key_id, one.sign(data)).line() for one in (signer, *others)
    )
    return f"{text}\n{''.join(lines)}"


def open_note(text: str | bytes, vkeys: Iterable[str | Verifier]) -> Note:
    """Check a note against the keys that the reader trusts, and give its text.

    Every signature by a known key must hold, and there must be one.  Raises ProofError if not, if
    the note is malformed, or if a verifier key is; verifier keys of unknown types are passed over.
    """
    known = _known(vkeys)
    body, signatures = split_note(text)
    data = body.encode("utf-8")
    verified: dict[tuple[str, bytes], Verifier] = {}
    for one in signatures:
        for verifier in known.get((one.name, one.key_id), ()):
            verifier.verify(data, one.signature)
            verified[one.name, one.key_id] = verifier
    if not verified:
        signed = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in signatures)
        wanted = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "no key"
        raise ProofError(f"the note is signed by {signed}, not by the key you gave ({wanted})")
    return Note(body, tuple(verified.values()), signatures)


def split_note(text: str | bytes) -> tuple[str, tuple[Signature, ...]]:
    """Take a note apart into its text and signature lines, checking the form alone.

    The text must not be trusted before `open_note`.  Raises ProofError if it is malformed.
    """
    note = _decoded(text)
    head, blank, tail = note.rpartition("\n\n")
    if not blank:
        raise ProofError("not a signed note: no blank line before signatures")
    if not tail.endswith("\n"):
        raise ProofError("not a signed note: no signature, or no newline at its end")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ProofError(f"a note with more than {MAX_SIGNATURES} signatures")
    return head + "\n", tuple(_signature(line) for line in lines)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not encoded:
        raise ProofError(f"not a signature line: {line[:120]!r}")
    _check_name(name)
    raw = b64decode(encoded, what=f"the signature of {name}")
    if len(raw) < 5:
        raise ProofError(f"the signature of {name} is too short")
    return Signature(name, raw[:4], raw[4:])


def _known(vkeys: Iterable[str | Verifier]) -> dict[tuple[str, bytes], list[Verifier]]:
    known: dict[tuple[str, bytes], list[Verifier]] = {}
    for vkey in vkeys:
        try:
            verifier = parse_vkey(vkey) if isinstance(vkey, str) else vkey
        except UnsupportedKey:
            continue
        known.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    return known


def _decoded(text: str | bytes) -> str:
    try:
        note = text.decode("utf-8") if isinstance(text, bytes) else text
        size = len(note.encode("utf-8"))
    except UnicodeError as error:
        raise ProofError("not a signed note: not UTF-8") from error
    if size > MAX_NOTE_BYTES:
        raise ProofError(f"a note of {size} bytes; at most {MAX_NOTE_BYTES} are read")
    if _CONTROL.search(note):
        raise ProofError("not a signed note: it holds a control character")
    return note


def _checked_text(text: str) -> str:
    if not text.endswith("\n"):
        raise ProofError("a note's text must end in a newline")
    return _decoded(text)


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name) or _CONTROL.search(name):
        raise ProofError(f"a key's name is text without spaces and plus signs, not {name[:80]!r}")


def _key_id(name: str, kind: int, public_key: bytes) -> bytes:
    return sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public_key).digest()[:4]
