"""One export, to files or to a stream: the one code path of page, API and shell."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from affidavit.exports.csv_table import render_csv
from affidavit.exports.json_lines import Tally, manifest_bytes, render_json, render_ndjson
from affidavit.exports.manifest import file_entry
from affidavit.exports.package import write_package
from affidavit.exports.pdf_report import write_pdf
from affidavit.exports.request import ExportRequest, Progress
from affidavit.exports.source import bodies
from affidavit.exports.types import EXTENSION, STREAMED, ExportFormat
from affidavit.ledger import keys

MANIFEST_SUFFIX = ".manifest.json"


def render_stream(request: ExportRequest, tally: Tally) -> Generator[bytes]:
    """Yield the bytes of a format that can be sent while it is made (types.STREAMED).

    However it ends, the reader is closed with it: on PostgreSQL it keeps the connection busy.

    Raises:
        ExportIncomplete: at the end, when fewer or more rows came than match.
    """
    with closing(bodies(organization=request.organization, query=request.query)) as blocks:
        if request.format is ExportFormat.CSV:
            yield from render_csv(
                blocks, tally, types=request.query.types, formula_guard=request.formula_guard
            )
        elif request.format is ExportFormat.JSON:
            yield from render_json(blocks, tally)
        else:
            yield from render_ndjson(blocks, tally)


def render_files(
    request: ExportRequest, *, directory: Path, stem: str, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Write the export's files into `directory` and return their entries (name, sha256, size_bytes).

    Nothing but complete files is left: each is written under another name, synced, then renamed.

    Raises:
        ExportIncomplete: rows are missing. OSError: the disk is full, say. No file is left then.
    """
    extension = EXTENSION[request.format]
    if request.format is ExportFormat.PDF:
        return [
            _entry(path)
            for path in write_pdf(request, directory=directory, stem=stem, progress=progress)
        ]
    target = directory / f"{stem}.{extension}"
    if request.format is ExportFormat.PACKAGE:
        signer = keys.signer(organization=request.organization)
        write_atomically(
            target, lambda part: write_package(request, path=part, signer=signer, progress=progress)
        )
        return [_entry(target)]
    tally = Tally(request, progress)
    with closing(render_stream(request, tally)) as blocks:
        entries = [write_blocks(target, blocks)]
    if request.format is not ExportFormat.JSON:
        sidecar = directory / (target.name + MANIFEST_SUFFIX)
        manifest = tally.manifest([tally.records_file(), entries[0]])
        entries.append(write_blocks(sidecar, iter([manifest_bytes(manifest)])))
    return entries


def write_blocks(target: Path, blocks: Iterator[bytes]) -> dict[str, Any]:
    """Write blocks to `target`, complete or not at all, and return its entry."""
    digest, size = hashlib.sha256(), 0

    def write(part: Path) -> None:
        nonlocal size
        with part.open("wb", buffering=0) as file:
            for block in blocks:
                digest.update(block)
                size += len(block)
                _write_all(file, block)
            os.fsync(file.fileno())

    write_atomically(target, write)
    return file_entry(target.name, digest.hexdigest(), size)


def _write_all(file: Any, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def write_atomically(target: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `target`, then put it in its place; leave nothing on failure."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return file_entry(path.name, digest, path.stat().st_size)


__all__ = ["MANIFEST_SUFFIX", "STREAMED", "render_files", "render_stream", "write_blocks"]
