"""What a measured process does. Each runs alone in a process, so that its peak memory is its own.

`python -m benchmarks.children WORK TARGET` prints one line of JSON: seconds from the request to the
last byte, seconds to the first one, rows. Starting Python and Django is in none of the figures.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PEER = "bench_peer"


def ours(format: str, target: Path) -> dict[str, Any]:
    """Export all records as the page, the API and the shell do, to a file."""
    from zoneinfo import ZoneInfo

    from affidavit.audit.filters import AuditFilter
    from affidavit.exports.json_lines import Tally
    from affidavit.exports.render import render_files, render_stream, write_blocks
    from affidavit.exports.services import export_create, request_of
    from affidavit.exports.types import ExportFormat
    from affidavit.identity.selectors import organization_get
    from affidavit.kit.clock import now
    from affidavit.records.accounts import system_actor
    from affidavit.records.types import Via

    organization = organization_get(slug="bench")
    began = time.perf_counter()
    export = export_create(
        organization=organization, actor=system_actor(organization=organization), role="operator",
        via=Via.CLI, filter=AuditFilter(), format=ExportFormat(format), time_zone=ZoneInfo("UTC"), now=now(),
    )  # fmt: skip
    request = request_of(export=export)
    if format == "pdf":
        render_files(request, directory=target.parent, stem=target.stem)
        return _figures(began, None, export.rows_total)
    blocks = render_stream(request, Tally(request))
    head = next(blocks)
    first = time.perf_counter() - began
    write_blocks(target, _chained(head, blocks))
    return _figures(began, first, export.rows_total)


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _figures(began: float, first: float | None, rows: int) -> dict[str, Any]:
    return {"seconds": time.perf_counter() - began, "first_byte": first, "rows": rows}


def peer_model() -> Any:
    """Return a model of the peer's flat table, one plain field a column of our CSV."""
    from django.db import models

    from affidavit.records.columns import columns_for
    from affidavit.records.types import DEFAULT_TYPES

    fields: dict[str, Any] = {"__module__": __name__}
    for column in columns_for(tuple(DEFAULT_TYPES)):
        # A dot can't be in a field's name; the table's column keeps it.
        fields[column.name.replace(".", "_")] = (
            models.TextField(null=True, db_column=column.name)
            if column.name != "seq"
            else models.BigIntegerField(primary_key=True)
        )
    fields["Meta"] = type("Meta", (), {"managed": False, "db_table": PEER, "app_label": "records"})
    return type("BenchPeer", (models.Model,), fields)


def naive(format: str, target: Path) -> dict[str, Any]:
    """Export the flat table by the code that everybody writes first."""
    model = peer_model()
    names = [field.attname for field in model._meta.fields]
    began, rows = time.perf_counter(), 0
    with target.open("w", newline="", encoding="utf-8") as file:
        records = model.objects.order_by("seq").iterator()
        if format == "csv":
            writer = csv.writer(file)
            writer.writerow(names)
            for record in records:
                writer.writerow([getattr(record, name) for name in names])
                rows += 1
        else:
            file.write("[")
            for record in records:
                file.write(",\n" if rows else "\n")
                row = {name: getattr(record, name) for name in names}
                file.write(json.dumps(row, default=str))
                rows += 1
            file.write("\n]")
    return _figures(began, None, rows)


def idle(format: str, target: Path) -> dict[str, Any]:
    """Be ready for an export, open the database, and do nothing."""
    from affidavit.exports import render  # noqa: F401 - its size is part of being idle
    from affidavit.identity.selectors import organization_get

    organization_get(slug="bench")
    return _figures(time.perf_counter(), None, 0)


WORK: dict[str, Callable[[str, Path], dict[str, Any]]] = {
    "ours": ours,
    "naive": naive,
    "idle": idle,
}


def main() -> None:
    """Do the work named by the first two arguments; the third is the file to write."""
    from affidavit.cli import setup

    setup.django()
    who, format, target = sys.argv[1:4]
    print(json.dumps(WORK[who](format, Path(target))))


if __name__ == "__main__":
    main()
