"""The errors that a person can act on; each message says what was wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AffidavitError(Exception):
    """Base of every error that is shown to a person.

    `code` is a stable, greppable word; `extra` is JSON-ready context for a machine.
    """

    code = "error"

    def __init__(self, message: str, *, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extra: dict[str, Any] = dict(extra or {})


class InvalidInput(AffidavitError):
    """The input is malformed or breaks a rule of the contract. Nothing was written."""

    code = "invalid_input"


class NotFound(AffidavitError):
    """There is no such thing in this organization."""

    code = "not_found"


class Conflict(AffidavitError):
    """The request contradicts what is already recorded."""

    code = "conflict"


class NotSignedIn(AffidavitError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    code = "not_signed_in"


class Forbidden(AffidavitError):
    """The role or the token's scope does not allow this."""

    code = "forbidden"


class TooLarge(AffidavitError):
    """The input is larger than the stated limit."""

    code = "too_large"


class TooMany(AffidavitError):
    """Too many attempts in too short a time; wait and try again."""

    code = "too_many"


class NotSetUp(AffidavitError):
    """The installation lacks something that an operator must provide first."""

    code = "not_set_up"
