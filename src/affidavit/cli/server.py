"""`affidavit serve` and `affidavit upgrade`."""

from __future__ import annotations

from typing import Annotated

import typer

from affidavit.cli import setup


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Serve the pages and the API. Put a TLS proxy in front of it for anything but this machine."""
    setup.ready()
    import uvicorn

    from affidavit.exports.jobs import WORKER

    WORKER.wake()  # exports that an earlier process left unfinished go on
    typer.echo(f"Affidavit is at http://{host}:{port}/ (stop with Ctrl+C)")
    uvicorn.run(
        "affidavit.config.asgi:application",
        host=host,
        port=port,
        log_level="warning",
        lifespan="off",
    )


def upgrade() -> None:
    """Bring the database to this version's tables. Back it up first."""
    setup.django()
    from django.core.management import call_command

    call_command("migrate", verbosity=1, interactive=False)
