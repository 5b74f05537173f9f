"""JSON: the stored bodies verbatim, as newline-delimited JSON or inside one document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from affidavit.exports.manifest import RECORDS_NAME, completed, file_entry
from affidavit.exports.request import ExportIncomplete, ExportRequest, Progress


class Tally:
    """Counts and digests the record lines that pass through it."""

    def __init__(self, request: ExportRequest, progress: Progress | None = None) -> None:
        self.request = request
        self.rows = 0
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._progress = progress

    def add(self, block: bytes) -> None:
        """Take note of a block of whole lines."""
        self._digest.update(block)
        self.size_bytes += len(block)
        self.rows += block.count(b"\n")
        if self._progress:
            self._progress(self.rows)

    def check(self) -> None:
        """Raise ExportIncomplete unless as many rows were written as match."""
        if self.rows != self.request.total:
            raise ExportIncomplete(
                f"{self.rows} records were written, but {self.request.total} match. The export is void;"
                " check the ledger's health and export again."
            )

    def records_file(self) -> dict[str, Any]:
        """Return the digest of the records as newline-delimited JSON: it ties all formats together."""
        return file_entry(RECORDS_NAME, self._digest.hexdigest(), self.size_bytes)

    def manifest(self, files: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Return the completed manifest; `check` must have passed."""
        entries = [self.records_file()] if files is None else files
        return completed(self.request.manifest, exported=self.request.matching, files=entries)


def render_ndjson(blocks: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    """Yield one body a line. Raises ExportIncomplete after the last block if rows are missing."""
    for block in blocks:
        tally.add(block)
        yield block
    tally.check()


def render_json(blocks: Iterable[bytes], tally: Tally) -> Iterator[bytes]:
    """Yield the document `{"records": [...], "manifest": {...}}`.

    The manifest comes last because it states what was really written; a document that was cut short has
    none and is not JSON at all.
    """
    yield b'{"records":['
    separator = b"\n"
    for block in blocks:
        tally.add(block)
        yield separator + block[:-1].replace(b"\n", b",\n")
        separator = b",\n"
    tally.check()
    yield b'\n],"manifest":' + manifest_bytes(tally.manifest()).rstrip(b"\n") + b"}\n"


def manifest_bytes(manifest: dict[str, Any]) -> bytes:
    """Return a manifest as it is written to files: indented for people, keys in their fixed order."""
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
