"""Reading a package's members as streams: digests on the way, lines, and the JSON document."""

from __future__ import annotations

import codecs
import csv
import sys
from collections.abc import Iterator
from hashlib import sha256

from affidavit.proof.errors import ProofError

MAX_LINE = 256 << 20
"""Bytes in one line; more cannot be held in memory to be checked."""
MAX_MANIFEST = 16 << 20


class Tap:
    """Passes pieces of a member on and remembers their SHA-256 and number of bytes."""

    def __init__(self, name: str, chunks: Iterator[bytes]) -> None:
        """Wrap the member `name`."""
        self.name = name
        self.size = 0
        self._chunks = chunks
        self._digest = sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces."""
        for chunk in self._chunks:
            self.size += len(chunk)
            self._digest.update(chunk)
            yield chunk

    def finish(self) -> str:
        """Read what is left and give the digest in hex."""
        for chunk in self._chunks:
            self.size += len(chunk)
            self._digest.update(chunk)
        return self._digest.hexdigest()


def read_all(tap: Tap, *, limit: int = MAX_MANIFEST) -> bytes:
    """Read a whole small member.  Raises ProofError beyond `limit` bytes."""
    pieces: list[bytes] = []
    for chunk in tap:
        pieces.append(chunk)
        if tap.size > limit:
            raise ProofError(f"{tap.name}: more than {limit} bytes")
    return b"".join(pieces)


def lines(chunks: Tap) -> Iterator[bytes]:
    """Split at newlines, which are not part of a line; the last line must have one too."""
    pending: list[bytes] = []
    length = 0
    for chunk in chunks:
        parts = chunk.split(b"\n")
        if len(parts) > 1:
            pending.append(parts[0])
            parts[0] = b"".join(pending)
            pending, length = [], 0
            last = parts.pop()
            yield from parts
        else:
            last = chunk
        if last:
            pending.append(last)
            length += len(last)
            if length > MAX_LINE:
                raise ProofError(f"{chunks.name}: a line of more than {MAX_LINE} bytes")
    if pending:
        raise ProofError(f"{chunks.name}: its last line was cut short (no newline at the end)")


def csv_rows(chunks: Tap) -> Iterator[list[str]]:
    """Read a CSV as RFC 4180 has it, in UTF-8.  Raises ProofError where it is not."""
    limit = csv.field_size_limit(min(sys.maxsize, (1 << 31) - 1))
    try:
        yield from csv.reader(_text_lines(chunks), strict=True)
    except csv.Error as error:
        raise ProofError(f"{chunks.name}: not RFC 4180: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _text_lines(chunks: Tap) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    pending = ""
    try:
        for chunk in chunks:
            text = pending + decoder.decode(chunk)
            at = text.rfind("\n") + 1
            pending = text[at:]
            # Not splitlines: it would cut at U+2028 and others, which are data here.
            yield from (line + "\n" for line in text[: at - 1].split("\n") if at)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ProofError(f"{chunks.name}: not UTF-8") from error
    if pending:
        yield pending


class Document:
    """Reads `{"records":[BODY,...],"manifest":{...}}` as a stream, comparing bodies byte by byte."""

    def __init__(self, tap: Tap) -> None:
        """Start before the first byte."""
        self._tap = tap
        self._chunks = iter(tap)
        self._buffer = b""
        self._at = 0
        self._count = 0

    def open(self) -> None:
        """Read up to the first record."""
        for token in (b"{", b'"records"', b":", b"["):
            self._take(token)

    def record(self, body: bytes) -> None:
        """Read the next record, which must be `body` verbatim."""
        if self._count:
            self._take(b",")
        self._take(body)
        self._count += 1

    def close(self) -> bytes:
        """Read up to the manifest and give its bytes.  Raises ProofError if more records follow."""
        for token in (b"]", b",", b'"manifest"', b":"):
            self._take(token)
        rest = [self._buffer[self._at :]]
        for chunk in self._chunks:
            rest.append(chunk)
            if len(rest) * len(chunk) > MAX_MANIFEST:
                raise ProofError(f"{self._tap.name}: its manifest is too long")
        data = b"".join(rest).rstrip(b" \t\r\n")
        if not data.endswith(b"}"):
            raise ProofError(f"{self._tap.name}: does not end where the document should")
        return data[:-1]

    def _take(self, token: bytes) -> None:
        self._skip_space()
        while len(self._buffer) - self._at < len(token) and self._more():
            pass
        if not self._buffer.startswith(token, self._at):
            shown = token[:60].decode("utf-8", "replace")
            raise ProofError(f"{self._tap.name}: record {self._count + 1}: expected {shown!r}")
        self._at += len(token)

    def _skip_space(self) -> None:
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in b" \t\r\n":
                self._at += 1
            if self._at < len(self._buffer) or not self._more():
                return

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return True
