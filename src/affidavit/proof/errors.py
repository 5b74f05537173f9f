"""The one error of the proof room."""

from __future__ import annotations

from affidavit.kit.errors import AffidavitError


class ProofError(AffidavitError):
    """Say that something does not hold: an encoding, a proof, a signature or a package."""
