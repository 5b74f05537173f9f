"""Decoding that accepts exactly one spelling of each value, so that no bit is free to change."""

from __future__ import annotations

import base64
import binascii
import re

from affidavit.proof.errors import ProofError

_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_MAX_DIGITS = 19


def b64encode(data: bytes) -> str:
    """Encode by RFC 4648 section 4: standard alphabet, padded, one line."""
    return base64.b64encode(data).decode("ascii")


def b64decode(text: str, *, what: str) -> bytes:
    """Decode RFC 4648 section 4 base64; refuse every spelling but the one `b64encode` writes.

    `what` names the value in the error message.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ProofError(f"{what} is not base64: {text[:80]!r}") from error
    if b64encode(data) != text:
        raise ProofError(f"{what} is base64 in a spelling that is not canonical: {text[:80]!r}")
    return data


def decimal(text: str, *, what: str) -> int:
    """Read an ASCII decimal number without sign or leading zeroes, below 2^63."""
    if not _DECIMAL.fullmatch(text) or len(text) > _MAX_DIGITS or int(text) >= 1 << 63:
        raise ProofError(f"{what} is not a plain decimal number: {text[:80]!r}")
    return int(text)
