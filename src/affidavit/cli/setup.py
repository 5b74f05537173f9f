"""What every command that touches the database does first."""

from __future__ import annotations

import os
from typing import Annotated

import typer

OrganizationOption = Annotated[
    str | None,
    typer.Option(
        "--organization", "-O", help="Slug of the organization; not needed when there is only one."
    ),
]


def django() -> None:
    """Set Django up with this installation's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "affidavit.config.settings")
    import django as framework

    framework.setup()


def ready() -> None:
    """Set Django up and make sure that the database has this version's tables.

    Raises:
        NotSetUp: `affidavit init` or `affidavit upgrade` has not been run.
    """
    django()
    from django.db import DEFAULT_DB_ALIAS, connections
    from django.db.migrations.executor import MigrationExecutor

    from affidavit.kit.errors import NotSetUp

    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing and not executor.loader.applied_migrations:
        raise NotSetUp("Nothing is set up here yet. Begin with: affidavit init")
    if missing:
        raise NotSetUp(
            f"The database is {len(missing)} migration(s) behind this version. Back it up, then: affidavit upgrade"
        )
