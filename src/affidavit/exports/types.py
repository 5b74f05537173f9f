"""Export formats and states."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """How an export is written."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PDF = "pdf"
    PACKAGE = "package"


class ExportStatus(StrEnum):
    """How far an export is. `ready`, `failed` and `cancelled` are final."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


EXTENSION = {
    ExportFormat.JSON: "json",
    ExportFormat.NDJSON: "ndjson",
    ExportFormat.CSV: "csv",
    ExportFormat.PDF: "pdf",
    ExportFormat.PACKAGE: "zip",
}
MEDIA_TYPE = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "pdf": "application/pdf",
    "zip": "application/zip",
}
# What can be sent while it is being made; the others need to be finished first.
STREAMED = frozenset({ExportFormat.JSON, ExportFormat.NDJSON, ExportFormat.CSV})
