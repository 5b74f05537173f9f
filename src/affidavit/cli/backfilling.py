"""`affidavit backfill`: a repository's history, really verified, as records."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from affidavit.cli import setup


def backfill_command(
    path: Annotated[
        Path, typer.Argument(help="A git work tree's top folder, or a bare repository.")
    ],
    branch: Annotated[
        str | None, typer.Option(help="Branch, tag or commit. Default: HEAD.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="Only commits committed since this day (UTC) or RFC 3339 time.")
    ] = "",
    maximum: Annotated[
        int | None, typer.Option("--max", min=1, help="Only the newest so many of these.")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="Rules file. Default: affidavit.yaml at the branch's tip, else the starter set."
        ),
    ] = None,
    repo: Annotated[
        str | None, typer.Option(help="Name in the records. Default: the folder's name.")
    ] = None,
    organization: setup.OrganizationOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Record a repository's history by really verifying each first-parent commit.

    Each commit is a submission: title and intent from its message, criteria from its section
    'Acceptance Criteria' where there is one. The standing rules are evaluated on what it changed, and each
    verdict is recorded with reason, place and evidence. No code of the repository is run. Called again,
    it goes on where it ended.
    """
    setup.ready()
    from affidavit.cli.progress import progress_bar
    from affidavit.identity.selectors import organization_get
    from affidavit.verification.backfill import backfill

    target = organization_get(slug=organization)
    with progress_bar("Verifying", None, quiet) as advance:
        done = backfill(
            organization=target, path=path, branch=branch, since=_moment(since), maximum=maximum,
            rules_file=rules, repo_name=repo, progress=advance,
        )  # fmt: skip
    typer.echo(
        f"{done.repo}, {done.branch}: {done.commits} commits verified and recorded by {done.rules},"
        f" {done.known} were recorded already."
    )
    for what, counts in (("runs", done.runs), ("verdicts", done.verdicts)):
        if counts:
            typer.echo(
                f"  {what}: "
                + ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
            )
    for note in done.notes:
        typer.echo(f"  note: {note}")


def _moment(text: str) -> datetime | None:
    from affidavit.kit.clock import parse_time
    from affidavit.kit.errors import InvalidInput

    if not text:
        return None
    try:
        return parse_time(text if "T" in text.upper() else f"{text}T00:00:00Z")
    except ValueError as error:
        raise InvalidInput(f"--since: {error}") from error
