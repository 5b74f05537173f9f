"""Identifiers of records: time-ordered and random (UUIDv7), or derived from a parent (UUIDv5)."""

from __future__ import annotations

import os
import re
import time
import uuid

RECORD_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_DERIVED = uuid.UUID("5f0a9c4e-3c62-5b6e-9b1a-7d6f2f3f8a10")


def new_id() -> str:
    """Return a new UUIDv7 as text (RFC 9562, section 5.7): millisecond time, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def derived_id(*parts: str | int) -> str:
    """Return the UUIDv5 that belongs to `parts`: the same parts give the same id, always.

    A thing of which its parent has exactly one (the verdict on criterion 3 of a run) gets its id this
    way, so that a second one collides in the database instead of being recorded twice.
    """
    return str(uuid.uuid5(_DERIVED, "\x1f".join(str(part) for part in parts)))
