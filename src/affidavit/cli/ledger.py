"""`affidavit keys` and `affidavit checkpoint`: what to publish so that others can verify."""

from __future__ import annotations

import typer

from affidavit.cli import setup


def keys_command(organization: setup.OrganizationOption = None) -> None:
    """Print the ledger's verifier key (vkey). Publish it where auditors find it without asking you."""
    setup.ready()
    from affidavit.identity.selectors import organization_get
    from affidavit.ledger import keys

    typer.echo(keys.signer(organization=organization_get(slug=organization)).vkey)


def checkpoint_command(organization: setup.OrganizationOption = None) -> None:
    """Print the signed checkpoint of the ledger as it is now (C2SP tlog-checkpoint).

    Whoever keeps it can later show that nothing recorded before it was changed or removed.
    """
    setup.ready()
    from affidavit.identity.selectors import organization_get
    from affidavit.kit.clock import now
    from affidavit.ledger.services import checkpoint_sign

    typer.echo(
        checkpoint_sign(organization=organization_get(slug=organization), now=now()).note, nl=False
    )
