"""The errors of the proof room."""

from __future__ import annotations

from affidavit.kit.errors import AffidavitError


class ProofError(AffidavitError):
    """Say that something does not hold: an encoding, a proof, a signature or a package."""

    code = "proof_failed"


class CannotCheck(ProofError):
    """Say that there was nothing to judge: no such file, not a package, not a usable key."""

    code = "cannot_check"
