"""The command `affidavit`. Imports are lazy: help must answer at once."""

from __future__ import annotations

import sys

import typer

from affidavit import __version__
from affidavit.cli import accounts, backfilling, export, importing, ledger, server, verify

app = typer.Typer(
    name="affidavit",
    help="The audit trail for verified change: record, filter, export, verify offline.\n\n"
    "Begin with `affidavit init`, record a repository's history with `affidavit backfill PATH`, look at it"
    " with `affidavit serve`, hand it over with `affidavit export`, check it with `affidavit verify`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=True,
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"affidavit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Hold the options that every command has."""


app.command("init")(accounts.init)
app.add_typer(accounts.organization_app, name="organization")
app.add_typer(accounts.user_app, name="user")
app.add_typer(accounts.token_app, name="token")
app.command("backfill")(backfilling.backfill_command)
app.command("export")(export.export)
app.command("import")(importing.import_command)
app.command("verify")(verify.verify_command)
app.command("keys")(ledger.keys_command)
app.command("checkpoint")(ledger.checkpoint_command)
app.command("serve")(server.serve)
app.command("upgrade")(server.upgrade)


def main() -> None:
    """Run the command; an error that a person can act on is one clear message and exit code 2."""
    from affidavit.kit.errors import AffidavitError

    try:
        app()
    except AffidavitError as error:
        typer.secho(f"affidavit: {error.message}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)  # whoever read our output has seen enough
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        typer.secho(f"affidavit: {error.strerror or error}{where}", fg=typer.colors.RED, err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
