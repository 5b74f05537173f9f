"""Exports of more than one block, on committed data: followed, broken off, and out of disk.

On PostgreSQL rows come by COPY, and while they do their connection takes no other statement: whoever
forgets that waits for ever.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from affidavit.exports import jobs, render
from affidavit.exports.models import Export
from affidavit.identity.types import Role
from affidavit.kit import clock
from tests.support.house import Caller, House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def auditor(monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Return the caller for a house with eight records of 300 kB each, and no worker of its own."""
    monkeypatch.setattr(jobs.WORKER, "wake", lambda: None)
    house = House("acme", [Role.SUBMITTER, Role.AUDITOR])
    for _ in range(8):
        house.runbook(intent="x" * 300_000)
    return house.caller(Role.AUDITOR)


def worked(auditor: Caller) -> Export:
    """Ask for an export, let a worker make it, and return how it ended."""
    auditor.post("/exports", {"format": "json"})
    export = jobs.claim(now=clock.now())
    assert export is not None
    jobs.run(export)
    export.refresh_from_db()
    return export


def test_a_worker_renews_its_lease_while_rows_are_coming(
    auditor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_RENEW_SECONDS", 0.001)
    assert worked(auditor).status == "ready"


def test_an_export_that_runs_out_of_disk_midway_is_recorded_as_failed(
    auditor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[bytes] = []

    def write(file: Any, block: bytes) -> None:
        blocks.append(block)
        if len(blocks) > 1:
            raise OSError("No space left on device")

    monkeypatch.setattr(render, "_write_all", write)
    export = worked(auditor)
    assert (export.status, export.error) == ("failed", "No space left on device")


def test_an_export_that_is_cancelled_midway_stops(
    auditor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_RENEW_SECONDS", 0.01)
    begun: list[bytes] = []

    def write(file: Any, block: bytes) -> None:
        if not begun:
            # A person elsewhere, over a connection of their own.
            with ThreadPoolExecutor(1) as aside:
                aside.submit(cancel).result()
            time.sleep(0.5)  # many renewals
        begun.append(block)

    def cancel() -> None:
        Export.objects.update(status="cancelled")
        connection.close()

    monkeypatch.setattr(render, "_write_all", write)
    export = worked(auditor)
    assert export.status == "cancelled"
    assert len(begun) < 8, "it went on to the end"
    assert not jobs.folder_of(export).exists()


def test_a_stream_that_is_broken_off_midway_is_recorded_as_failed(auditor: Caller) -> None:
    response = auditor.get("/exports/stream?format=json")
    blocks = iter(response)
    next(blocks)  # the beginning of the document
    next(blocks)  # the first rows: more are on their way
    response._resource_closers[0]()  # what the server does when the client has gone
    export = Export.objects.get(export_id=response["Affidavit-Export-Id"])
    assert (export.status, export.error) == ("failed", "the download was broken off")
