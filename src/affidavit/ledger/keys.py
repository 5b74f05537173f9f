"""The ledger's signing keys: one Ed25519 key per organization, a PKCS#8 file that only we can read."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from affidavit.identity.models import Organization
from affidavit.kit.errors import Conflict, NotSetUp
from affidavit.proof.note import Signer


def key_path(*, organization: Organization) -> Path:
    """Return where the organization's private key lies: `keys/<slug>.pem` in the home folder."""
    home: Path = settings.ENV.home
    return home / "keys" / f"{organization.slug}.pem"


def key_create(*, organization: Organization) -> Signer:
    """Generate the organization's signing key; the file has mode 0600 and is never overwritten.

    Raises:
        Conflict: there is a key already.
    """
    path = key_path(organization=organization)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = Signer.generate(organization.ledger_origin)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(
            f"There is a signing key at {path} already. A second one would make earlier checkpoints"
            " unverifiable; move the file away only if no checkpoint was ever signed with it."
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(new.to_pem())
        file.flush()
        os.fsync(file.fileno())
    return new


def signer(*, organization: Organization) -> Signer:
    """Return the organization's signer.

    Raises:
        NotSetUp: its key file is missing or unreadable; restore it from the backup.
    """
    path = key_path(organization=organization)
    try:
        return _load(organization.ledger_origin, path.read_bytes())
    except OSError as error:
        raise NotSetUp(
            f"The signing key of {organization.slug} can't be read at {path} ({error.strerror})."
            " Restore the file from the backup of the home folder; without it nothing can be signed."
        ) from error


@lru_cache(maxsize=64)
def _load(origin: str, pem: bytes) -> Signer:
    return Signer.from_pem(origin, pem)
