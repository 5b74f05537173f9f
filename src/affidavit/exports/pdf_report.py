"""The PDF of an export: gathers what the report shows, and has `exports.pdf` lay it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from affidavit.audit.charts import verdicts_by_day, waivers_by_category, waivers_by_reviewer
from affidavit.exports.pdf.render import render
from affidavit.exports.pdf.summary import Summary
from affidavit.exports.request import ExportRequest, Progress
from affidavit.exports.source import bodies


def write_pdf(
    request: ExportRequest, *, directory: Path, stem: str, progress: Progress | None
) -> list[Path]:
    """Write the report to `directory`: `stem.pdf`, or volumes `stem-001.pdf` and so on.

    Raises:
        ReportFailed: records are missing, or a volume could not be laid out. No file is left then.
    """
    organization, query = request.organization, request.query
    zone = ZoneInfo(request.manifest["time_zone"])
    summary = Summary(
        rows_by_type=request.matching,
        verdicts_by_day=verdicts_by_day(organization=organization, query=query, time_zone=zone),
        waivers_by_category=waivers_by_category(organization=organization, query=query),
        waivers_by_reviewer=waivers_by_reviewer(organization=organization, query=query),
    )

    def records(record_type: str) -> Iterator[bytes]:
        return bodies(organization=organization, query=replace(query, types=(record_type,)))

    return render(
        manifest=request.manifest, summary=summary, records=records, directory=directory, stem=stem,
        progress=None if progress is None else lambda done, total: progress(done),
    )  # fmt: skip
