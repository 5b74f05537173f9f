"""`affidavit import`: take exported records back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from affidavit.cli import setup


def import_command(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="JSON, NDJSON or CSV that was exported."),
    ],
    organization: setup.OrganizationOption = None,
    formula_guard: Annotated[
        bool | None,
        typer.Option(
            help="CSV: whether formulas were neutralised. Default: as its manifest says, else yes."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Record the records of a file: all of them, or none with each bad line named.

    Ids, revisions, times, actors and all fields are kept; `via` becomes `import`. Importing the same
    file again changes nothing.
    """
    setup.ready()
    from affidavit.cli.progress import counter
    from affidavit.identity.selectors import organization_get
    from affidavit.imports.services import import_file
    from affidavit.kit.clock import now
    from affidavit.records.accounts import system_actor

    target = organization_get(slug=organization)
    with counter(quiet) as report:
        done = import_file(
            organization=target, path=file, by=system_actor(organization=target), now=now(),
            formula_guard=formula_guard, progress=report,
        )  # fmt: skip
    rows = ", ".join(f"{count} {name}" for name, count in done.row_counts.items()) or "nothing new"
    typer.echo(f"{done.recorded} records recorded ({rows}), {done.known} were known already.")
