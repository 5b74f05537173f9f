"""The settings that an operator may give, by environment variables that begin with AFFIDAVIT_."""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """Every setting of the service. The reference in docs/reference/settings.md is checked by a test."""

    model_config = SettingsConfigDict(env_prefix="AFFIDAVIT_", extra="ignore")

    home: Path = Field(
        default=Path("var/affidavit"),
        description="Folder of the SQLite database, signing keys, evidence and finished exports.",
    )
    database_url: str = Field(
        default="",
        description="`postgresql://user:password@host:port/name`; empty for SQLite inside the home folder.",
    )
    secret_key: str = Field(
        default="",
        description="Secret that protects sessions; empty for one generated in the home folder (mode 0600).",
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="The address that people reach the service at; links in answers begin with it.",
    )
    allowed_hosts: str = Field(
        default="localhost,127.0.0.1,[::1]",
        description="Comma-separated host names that the service answers to.",
    )
    instance: str = Field(
        default="affidavit.local",
        description="Name of this installation in manifests and in new ledgers' origins.",
    )
    max_request_bytes: int = Field(
        default=16 * 1024 * 1024, ge=65536, description="Largest API request body, in bytes."
    )
    max_evidence_bytes: int = Field(
        default=32 * 1024 * 1024, ge=65536, description="Largest single evidence file, in bytes."
    )
    debug: bool = Field(default=False, description="Django's debug pages; never in production.")


@cache
def environment() -> Environment:
    """Return the settings, read once."""
    return Environment()


def secret_key(env: Environment) -> str:
    """Return the configured secret, or the one in the home folder, which is made on first use."""
    if env.secret_key:
        return env.secret_key
    path = env.home / "secret-key"
    env.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()
