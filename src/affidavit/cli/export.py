"""`affidavit export`: the records that match a filter, to a file, with a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from affidavit.cli import setup

Several = list[str] | None


def export(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write; it is replaced only by a complete one."
        ),
    ],
    format: Annotated[
        str, typer.Option("--format", "-f", help="json, ndjson, csv, pdf or package.")
    ] = "json",
    date: Annotated[
        str, typer.Option(help="7d, 30d or 90d: so many days up to and including today.")
    ] = "",
    from_: Annotated[
        str, typer.Option("--from", help="First day or RFC 3339 time, inclusive.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Day or RFC 3339 time at which it ends, exclusive.")
    ] = "",
    repo: Annotated[Several, typer.Option(help="Repository; may be given several times.")] = None,
    type: Annotated[
        Several, typer.Option(help="Record type, or 'all'; may be given several times.")
    ] = None,
    actor: Annotated[Several, typer.Option(help="Actor; may be given several times.")] = None,
    status: Annotated[
        Several, typer.Option(help="Verdict status: pass, fail, warn, error.")
    ] = None,
    waiver: Annotated[Several, typer.Option(help="Waiver category.")] = None,
    runbook: Annotated[int | None, typer.Option(help="Runbook number.")] = None,
    commit: Annotated[str, typer.Option(help="Beginning of a commit SHA.")] = "",
    run: Annotated[str, typer.Option(help="Run id.")] = "",
    q: Annotated[str, typer.Option(help="Words that must all stand in the record.")] = "",
    revisions: Annotated[str, typer.Option(help="'current' or 'all' revisions.")] = "current",
    time_zone: Annotated[
        str, typer.Option(help="Zone in which days begin, such as Europe/Berlin.")
    ] = "UTC",
    formula_guard: Annotated[
        bool, typer.Option(help="CSV: neutralise cells that a spreadsheet would run.")
    ] = True,
    as_user: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="Member who asks (admin or auditor). Default: the operator of this machine.",
        ),
    ] = None,
    organization: setup.OrganizationOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Export every record that matches the filters, from one frozen ledger size.

    All filters are combined by AND. CSV and NDJSON get their manifest beside them
    (NAME.manifest.json). The export itself is recorded. A package is checked with `affidavit verify`.

    Example: affidavit export -f csv --date 90d --status fail --time-zone Europe/Berlin -o failed.csv
    """
    setup.ready()
    filter_ = _filter(
        date=date, from_=from_, until=until, repo=repo, type=type, actor=actor, status=status,
        waiver=waiver, runbook=runbook, commit=commit, run=run, q=q, revisions=revisions,
    )  # fmt: skip
    from affidavit.cli.exporting import export_to

    export_to(
        output=output, format=format, filter=filter_, time_zone=time_zone, formula_guard=formula_guard,
        organization=organization, as_user=as_user, quiet=quiet,
    )  # fmt: skip


def _filter(**options: Any) -> Any:
    from affidavit.audit.filters import AuditFilter

    pairs = [
        ("from" if name == "from_" else name, str(item))
        for name, value in options.items()
        for item in (value if isinstance(value, list) else [value])
        if item not in (None, "")
    ]
    return AuditFilter.from_params(pairs)
