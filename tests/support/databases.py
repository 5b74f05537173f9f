"""What Django's own test machinery can't do with a database that refuses DELETE and TRUNCATE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.test import TransactionTestCase

# The stubs leave the hook out, for it is Django's own.
_flush_as_django_does = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


@contextmanager
def triggers_disabled(alias: str = "default") -> Iterator[None]:
    """Let the block change what the ledger's triggers protect, then have them back.

    For emptying a test database, and for tests that tamper with it on purpose.
    """
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = DEFAULT")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for _, sql in triggers:
                cursor.execute(sql)


def _flush_in_spite_of_triggers(case: Any) -> None:
    with triggers_disabled():
        _flush_as_django_does(case)


def teach_django_to_flush() -> None:
    """Have tests that commit (`transaction=True`) leave an empty database behind."""
    TransactionTestCase._fixture_teardown = _flush_in_spite_of_triggers  # type: ignore[attr-defined]
